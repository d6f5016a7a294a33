//! Tenders (疑似串标、围标): how bids lie, who meets whom, and what joins them.

pub mod bid_ring;
pub mod cover_bids;
pub mod dear_winner;
pub mod features;
mod habits;
pub mod identical_bids;
pub mod joined;
pub mod low_spread;
pub mod missing_bids;
mod network;
pub mod odd_bids;
mod shared;
pub mod validate;

pub use shared::placed;
