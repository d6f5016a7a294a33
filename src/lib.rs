//! pricewatch: a batch pipeline for price supervision.
//!
//! ```text
//! bytes ─ingest→ observations + rejects ─panel→ Panel ─detect→ findings + skips ─lead→ ranked leads ─report→ files
//! ```
pub mod detect;
pub mod evaluate;
pub mod ingest;
pub mod lead;
pub mod model;
pub mod panel;
pub mod report;
pub mod simulate;
pub mod stats;
