//! The ledger: what came from where, and what staff decided. Lines are appended, never changed.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::model::{Day, FileReport, TableKind};

/// One line.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Entry {
    /// A file was taken.
    Import(Box<Import>),
    /// A lead was dealt with.
    Disposition(Box<Disposition>),
    /// All rows were read again from the originals.
    Reread {
        /// Format before.
        from: u32,
        /// Format now.
        to: u32,
        /// Reader now.
        reader: String,
    },
}

/// How a layout is read: remembered by the fingerprint of its header row.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Profile {
    /// Canonical column → header text, where aliases do not do.
    pub columns: BTreeMap<String, String>,
    /// Encoding, where detection is overruled.
    pub encoding: Option<String>,
}

/// One file taken.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Import {
    /// Number in the order of taking, from 1.
    pub number: u32,
    /// Its name when it came.
    pub file: String,
    /// Where the original is kept, inside the casebook.
    pub stored: String,
    /// SHA-256, hex.
    pub sha256: String,
    /// SM3 (GB/T 32905), hex.
    pub sm3: String,
    /// What it holds.
    pub table: TableKind,
    /// Fingerprint of its header row.
    pub layout: String,
    /// The mapping used.
    pub profile: Profile,
    /// How it was understood; counts as of the import.
    pub report: FileReport,
    /// Number of the file it takes the place of.
    pub supersedes: Option<u32>,
    /// Who brought it, as given.
    pub by: Option<String>,
    /// When, as given.
    pub when: Option<Day>,
}

/// 处置状态.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Standing {
    /// 已核查: checked, stays listed.
    #[serde(rename = "已核查")]
    Checked,
    /// 立案: a case was opened.
    #[serde(rename = "立案")]
    CaseOpened,
    /// 排除: quiet until something new happens.
    #[serde(rename = "排除")]
    Excluded,
}

impl Standing {
    /// Chinese and English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Standing::Checked => ("已核查", "checked"),
            Standing::CaseOpened => ("立案", "case opened"),
            Standing::Excluded => ("排除", "excluded"),
        }
    }
}

/// What a lead showed when it was dealt with: what is new is measured from here.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// Analysis date of the run.
    pub as_of: Day,
    /// Seller ids.
    pub sellers: Vec<String>,
    /// Last day of the pattern.
    pub last_day: Day,
    /// Rise over the reference in percent.
    pub increase_pct: Option<f64>,
    /// Money above the allowed price.
    pub excess_amount: Option<f64>,
    /// Rules reached.
    pub rules: Vec<String>,
}

/// A decision on a lead.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Disposition {
    /// Lead id.
    pub lead: String,
    /// What was decided.
    pub status: Standing,
    /// Remark.
    pub note: String,
    /// Day of a notice (告诫), if one was served.
    pub notice_date: Option<Day>,
    /// Who decided, as given.
    pub by: Option<String>,
    /// When, as given.
    pub when: Option<Day>,
    /// What the lead showed.
    pub seen: Snapshot,
}

/// All lines of the ledger.
pub fn read(dir: &Path) -> Result<Vec<Entry>> {
    let path = dir.join("ledger.jsonl");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let parse = |(i, line): (usize, &str)| match serde_json::from_str(line) {
        Ok(entry) => Ok(entry),
        Err(e) => bail!("{}:{}: 账目损坏 / the ledger is damaged: {e}", path.display(), i + 1),
    };
    text.lines().enumerate().map(parse).collect()
}
