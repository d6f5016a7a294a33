//! What was read: files, rows, rejects, and the sum that must always close.

use serde::{Deserialize, Serialize};

use super::Text;

/// Which table a file holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TableKind {
    /// Posted prices (标价、挂牌价), as collected.
    Prices,
    /// What was charged (成交), line by line.
    Transactions,
    /// Cost per base unit, or a cost index.
    Costs,
    /// Who is who: owners, roles, regions.
    Enterprises,
    /// Certificates and their fees.
    Certificates,
    /// Bids.
    Tenders,
    /// Notices (告诫), interviews, penalties.
    Notices,
    /// Legal maximum prices.
    Caps,
}

impl TableKind {
    /// The word used on the command line and in messages.
    pub fn name(self) -> &'static str {
        match self {
            TableKind::Prices => "prices",
            TableKind::Transactions => "transactions",
            TableKind::Costs => "costs",
            TableKind::Enterprises => "enterprises",
            TableKind::Certificates => "certificates",
            TableKind::Tenders => "tenders",
            TableKind::Notices => "notices",
            TableKind::Caps => "caps",
        }
    }
}

/// A row of an input file: file number (position in the run's sorted list of files) and line
/// (1-based, of the original file; for XLSX the sheet row). Packed so that millions stay cheap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RowRef(pub u64);

impl RowRef {
    const LINE_BITS: u32 = 40;

    /// File number and line.
    pub fn new(file: u32, line: u64) -> RowRef {
        RowRef((u64::from(file) << Self::LINE_BITS) | (line & ((1 << Self::LINE_BITS) - 1)))
    }

    /// Position of the file in the run's list.
    pub fn file(self) -> u32 {
        (self.0 >> Self::LINE_BITS) as u32
    }

    /// Line of the original file, from 1.
    pub fn line(self) -> u64 {
        self.0 & ((1 << Self::LINE_BITS) - 1)
    }
}

/// A row that was not used, and why.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Reject {
    /// Where it stands.
    pub row: RowRef,
    /// The canonical column at fault, empty where the whole line is.
    pub column: String,
    /// The text found there (shortened to 200 characters).
    pub value: String,
    /// What is wrong, in both languages.
    pub reason: Text,
}

/// rows read = used + rejected + duplicates, always.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Accounting {
    /// Data rows found (header, banner and blank lines are not rows).
    pub rows_read: u64,
    /// Rows that entered the analysis.
    pub rows_used: u64,
    /// Rows named in rejects.csv.
    pub rows_rejected: u64,
    /// Rows equal to an earlier row in every column.
    pub duplicates: u64,
    /// Of the used: returns (negative quantity), netted from quantities, never a price.
    pub returns: u64,
    /// Of the used: price per unknown pack, kept out of comparisons per base unit.
    pub unknown_pack: u64,
    /// Of the rejected: lone prices ten or a hundred times off their neighbours.
    pub tenfold_typos: u64,
}

impl Accounting {
    /// Adds another file's counts.
    pub fn add(&mut self, o: &Accounting) {
        self.rows_read += o.rows_read;
        self.rows_used += o.rows_used;
        self.rows_rejected += o.rows_rejected;
        self.duplicates += o.duplicates;
        self.returns += o.returns;
        self.unknown_pack += o.unknown_pack;
        self.tenfold_typos += o.tenfold_typos;
    }

    /// Whether the sum closes.
    pub fn closes(&self) -> bool {
        self.rows_read == self.rows_used + self.rows_rejected + self.duplicates
    }
}

/// How one file was understood.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FileReport {
    /// Path as given by the user.
    pub path: String,
    /// What it holds.
    pub table: TableKind,
    /// `csv`, `csv.gz`, `xlsx`, `parquet` …
    pub format: String,
    /// Encoding as detected or set, e.g. `GB18030`.
    pub encoding: String,
    /// Field delimiter as read, empty where the format has none.
    pub delimiter: String,
    /// Line of the header row, from 1.
    pub header_line: u64,
    /// Canonical column → header text in the file.
    pub columns: Vec<(String, String)>,
    /// Headers that were not needed.
    pub ignored_columns: Vec<String>,
    /// Size in bytes.
    pub bytes: u64,
    /// Things worth a look that stopped nothing.
    pub warnings: Vec<Text>,
    /// The sum for this file.
    pub rows: Accounting,
}
