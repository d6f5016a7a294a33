//! Tenders (疑似串标、围标): how bids lie, who meets whom, and what joins them.

pub mod features;
pub mod joined;
pub mod validate;
