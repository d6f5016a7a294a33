//! Synchronised rises (疑似串通涨价).

mod classes;
mod events;
mod groups;
mod jitter;
mod joint;
mod links;
pub mod mass_rise;
mod order;
mod rises;
mod rows;
mod scale;
mod sorted;
pub mod synchronised_rises;
mod synchrony;
#[cfg(test)]
mod toy;
mod verdict;
