//! What compares with what? Rows → [`crate::model::Panel`], market index, coverage.

mod aggregate;
mod assemble;
mod build;
mod keep;
mod market;
mod order;
mod quotes;
mod store;

pub use aggregate::{Part, aggregate};
pub use assemble::{Draft, DraftKey, DraftPoints, assemble};
pub use build::{Built, Naming, build, build_from};
pub use keep::{from_bytes, to_bytes};
pub use quotes::{Quote, from_quotes};
pub use store::Store;
