//! Is it odd? One file and one page per screen; this list is the only place a screen is named.

use crate::model::Screen;

pub mod collusion;
pub mod gouging;
mod parts;
mod relative;
pub mod tender;

pub use parts::{Kept, run, run_kept};

/// Every screen, by kind and id.
pub const SCREENS: &[&Screen] = &[
    &gouging::dated_step::SCREEN,
    &gouging::margin_widening::SCREEN,
    &gouging::market_rise::SCREEN,
    &collusion::mass_rise::SCREEN,
    &collusion::rises_across_goods::SCREEN,
    &gouging::sustained_excess::SCREEN,
    &collusion::synchronised_rises::SCREEN,
    &tender::bid_ring::SCREEN,
    &tender::cover_bids::SCREEN,
    &tender::dear_winner::SCREEN,
    &tender::identical_bids::SCREEN,
    &tender::low_spread::SCREEN,
    &tender::missing_bids::SCREEN,
    &tender::odd_bids::SCREEN,
];
