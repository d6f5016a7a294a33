//! Synchronised rises (疑似串通涨价).

mod coincidence;
mod events;
mod groups;
mod jitter;
mod joint;
pub mod mass_rise;
mod order;
pub mod synchronised_rises;
#[cfg(test)]
mod toy;
mod verdict;
