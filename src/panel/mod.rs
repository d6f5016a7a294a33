//! What compares with what? Rows → [`crate::model::Panel`], market index, coverage.

mod aggregate;
mod assemble;
mod build;
mod market;
mod order;
mod quotes;
mod store;

pub use assemble::{Draft, DraftKey, DraftPoints, assemble};
pub use build::{Built, Naming, build};
pub use quotes::{Quote, from_quotes};
pub use store::Store;
