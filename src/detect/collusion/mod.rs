//! Synchronised rises (疑似串通涨价).

mod bits;
mod candidate;
mod classes;
mod events;
mod groups;
mod jitter;
mod joint;
mod links;
mod markers;
pub mod mass_rise;
mod order;
mod rises;
pub mod rises_across_goods;
mod rows;
mod scale;
mod signs;
mod sorted;
pub mod synchronised_rises;
mod synchrony;
mod told;
#[cfg(test)]
mod toy;
mod verdict;
