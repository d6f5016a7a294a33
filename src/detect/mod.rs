//! Is it odd? One file and one page per screen; this list is the only place a screen is named.

use crate::model::Screen;

pub mod collusion;
pub mod gouging;

/// Every screen, sorted by id within its kind.
pub const SCREENS: &[&Screen] = &[];
