//! What compares with what? Rows → [`Panel`], market index, coverage.

mod assemble;
mod market;
mod quotes;

pub use assemble::{Draft, DraftKey, DraftPoints, assemble};
pub use quotes::{Quote, from_quotes};
