//! pricewatch: a batch pipeline for price supervision. It names leads (疑似线索), never culprits.
//!
//! ```text
//! bytes ─ingest→ observations + rejects ─panel→ Panel ─detect→ findings + skips ─lead→ ranked leads ─report→ files
//! ```
//! Start at [`run`]: it wires the rooms; each of them imports only [`model`] and [`stats`].

pub mod casebook;
pub mod certification;
pub mod cli;
pub mod detect;
pub mod evaluate;
pub mod ingest;
pub mod law;
pub mod lead;
pub mod model;
pub mod panel;
pub mod report;
pub mod run;
pub mod settings;
pub mod simulate;
pub mod stats;
