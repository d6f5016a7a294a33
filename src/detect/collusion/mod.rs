//! Synchronised rises (疑似串通涨价).

mod events;
mod groups;
pub mod mass_rise;
mod order;
pub mod synchronised_rises;
