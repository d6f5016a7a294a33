//! What did the file say? Files → observations and rejects; nothing is silently lost.

use std::collections::BTreeMap;

use indicatif::ProgressBar;

use crate::model::{Day, TableKind};

pub mod date;
mod draft;
pub mod header;
pub mod identity;
mod labels;
mod layout;
pub mod number;
pub mod product;
mod raw;
mod read;
mod recognise;
mod rows;
pub mod series;
mod sheet;
mod side;
pub mod source;
mod split;
mod tender;
pub mod unit;

pub use draft::draft_settings;
pub use labels::Labels;
pub use raw::raw_lines;
pub use read::{FileRead, read_observations};
pub use recognise::{Recognised, reader, recognise};
pub use rows::Keep;
pub use side::{
    Costs, Owners, Profiles, read_caps, read_certificates, read_costs, read_notices, read_owners, read_side,
};
pub use tender::{Bids, read_tenders};

/// How files are to be read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Encoding, where detection is overruled.
    pub encoding: Option<String>,
    /// Canonical column → header text, per table.
    pub columns: BTreeMap<TableKind, BTreeMap<String, String>>,
    /// Rows after this day are not used.
    pub as_of: Option<Day>,
    /// Reader threads, at least 1.
    pub threads: usize,
    /// Shows the bytes read.
    pub progress: Option<ProgressBar>,
}

impl Options {
    fn mapping(&self, table: TableKind) -> &BTreeMap<String, String> {
        const NONE: &BTreeMap<String, String> = &BTreeMap::new();
        self.columns.get(&table).unwrap_or(NONE)
    }
}
