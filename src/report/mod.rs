//! How do we show it? Every output file, as bytes; the caller writes them.

mod basis;
mod chart;
mod compare;
mod dossier;
mod evidence;
mod findings;
mod font;
mod html;
mod manifest;
mod paper;
mod pdf;
mod rules;
mod tables;
mod view;
mod weekly;
mod workbook;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::model::{
    Accounting, Context, Day, FileReport, Finding, Judged, Knobs, Lang, Lead, Panel, Placed, Reject, RowRef, Rule,
    Screen, Skip, TableKind, Text, Weekly,
};

pub use chart::{Chart, export};
pub use compare::{Compared, compare, compared_text};
pub use dossier::{Background, Previous, dossier, index};

pub use evidence::evidence;
pub use manifest::{changed_inputs, hash_file, verify};
pub use view::default_of;
pub use weekly::line as weekly_line;

/// Names a run writes at the top of its folder.
pub const TOP_LEVEL: [&str; 14] = [
    "leads.csv",
    "closed.csv",
    "rules.csv",
    "rule_rows.csv",
    "tenders.csv",
    "regions",
    "leads.xlsx",
    "findings.json",
    "schema",
    "rejects.csv",
    "charts",
    "report.html",
    "report.pdf",
    "manifest.json",
];

/// Leads whose charts are also files of their own; those of the others are in the report, and `evidence` writes them.
const CHARTED: usize = 300;

/// An input as the manifest names it.
#[derive(Clone, PartialEq, Debug)]
pub struct InputFile {
    /// As typed by the user.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// Data rows.
    pub rows: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// SM3 (GB/T 32905), hex.
    pub sm3: String,
}

/// How a run was asked for.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Command {
    /// Files by table, in reading order.
    pub inputs: Vec<(TableKind, String)>,
    /// Settings file.
    pub config: Option<String>,
    /// Analysis date, if given.
    pub as_of: Option<Day>,
    /// `zh` or `en`.
    pub lang: String,
    /// Seed.
    pub seed: u64,
    /// Rules asked for.
    pub rules: Vec<String>,
    /// Rule files beside those of the settings.
    pub rule_files: Vec<String>,
    /// Settings and rule files with their SHA-256 and SM3.
    pub hashes: Vec<(String, String, String)>,
    /// The casebook, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub casebook: Option<String>,
    /// Remembered mapping and encoding of single files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<(String, BTreeMap<String, String>, Option<String>)>,
    /// Ids of leads as found → as kept over the weeks; empty = kept quiet.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lead_ids: BTreeMap<String, String>,
}

impl Command {
    /// The command that makes this run again.
    pub fn line(&self) -> String {
        let quoted = |t: &str| {
            let plain = !t.is_empty() && t.chars().all(|c| c.is_alphanumeric() || "-_./:=+@".contains(c));
            if plain { t.to_owned() } else { format!("'{}'", t.replace('\'', r"'\''")) }
        };
        let mut words = vec!["pricewatch run".to_owned()];
        match &self.casebook {
            Some(book) => words.push(format!("--casebook {}", quoted(book))),
            None => words.extend(self.inputs.iter().map(|(t, file)| format!("--{} {}", t.name(), quoted(file)))),
        }
        words.extend(self.config.iter().map(|c| format!("--config {}", quoted(c))));
        words.extend(self.as_of.map(|d| format!("--as-of {d}")));
        words.extend(self.rules.iter().map(|x| format!("--rules {}", quoted(x))));
        words.extend(self.rule_files.iter().map(|x| format!("--rule-file {}", quoted(x))));
        words.push(format!("--lang {} --seed {} --out", self.lang, self.seed));
        words.join(" ") + " DIR"
    }
}

/// Everything a report shows.
pub struct Results<'a> {
    /// The panel.
    pub panel: &'a Panel,
    /// One per input file.
    pub files: &'a [FileReport],
    /// One per input file.
    pub inputs: &'a [InputFile],
    /// The sum over all files.
    pub total: Accounting,
    /// By file and line.
    pub rejects: &'a [Reject],
    /// All findings.
    pub findings: &'a [Finding],
    /// All skips.
    pub skips: &'a [Skip],
    /// Best first.
    pub leads: &'a [Lead],
    /// The legal rules that were to run.
    pub rules: &'a [Rule],
    /// Every rule on every series it applies to.
    pub judged: &'a [Judged],
    /// Region as in the input → code and name.
    pub regions: &'a BTreeMap<String, (String, String)>,
    /// Regions no rule could be chosen for.
    pub unknown_regions: &'a BTreeSet<String>,
    /// Checks of certificates: id, certificates or makers judged, findings, not judged.
    pub certificates: &'a [(&'static str, usize, usize, usize)],
    /// Every tender, the oddest first.
    pub placed: &'a [Placed],
    /// The screens that ran.
    pub screens: &'a [&'static Screen],
    /// Subjects judged, per screen.
    pub examined: &'a [(&'static str, usize)],
    /// Parameter values per screen.
    pub knobs: &'a BTreeMap<&'static str, Knobs>,
    /// The page of a rule.
    pub rule_page: fn(&Rule) -> Text,
    /// How the run was asked for, so that it can be opened again.
    pub command: Command,
    /// Analysis date and seed.
    pub context: Context,
    /// Language of what people read.
    pub lang: Lang,
    /// What earlier weeks add, in a run on a casebook.
    pub weekly: Option<&'a Weekly>,
}

impl Results<'_> {
    /// A source row as people look it up: file and line.
    pub fn place(&self, row: RowRef) -> String {
        format!("{}:{}", self.files[row.file() as usize].path, row.line())
    }
}

/// Relative path and bytes of the files of a chart.
pub type Exporter<'a> = dyn Fn(&Chart) -> Result<Vec<(String, Vec<u8>)>> + Sync + 'a;

/// Emits each output file (relative path, bytes) in a fixed order, the manifest last; `export` turns a chart into files.
pub fn render(
    results: &Results<'_>,
    export: &Exporter<'_>,
    emit: &mut dyn FnMut(&str, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut listed: Vec<(String, String)> = Vec::new();
    let mut out = |name: &str, bytes: &[u8]| -> Result<()> {
        listed.push((name.to_owned(), manifest::sha256(bytes)));
        emit(name, bytes)
    };
    out("leads.csv", &tables::leads(results)?)?;
    for (code, bytes) in tables::leads_by_jurisdiction(results)? {
        out(&format!("regions/{code}.leads.csv"), &bytes)?;
    }
    if let Some(weekly) = results.weekly {
        out("closed.csv", &weekly::closed(weekly)?)?;
    }
    out("rules.csv", &rules::rules(results)?)?;
    out("rule_rows.csv", &rules::rule_rows(results)?)?;
    if !results.placed.is_empty() {
        out("tenders.csv", &tables::tenders(results)?)?;
    }
    out("findings.json", &findings::findings(results)?)?;
    out("schema/findings.schema.json", findings::SCHEMA.as_bytes())?;
    out("rejects.csv", &tables::rejects(results)?)?;
    let charts: Vec<Result<Vec<Chart>>> = results.leads.par_iter().map(|l| chart::of_lead(results, l, &[])).collect();
    let charts: Vec<Vec<Chart>> = charts.into_iter().collect::<Result<_>>()?;
    let named = |(i, of): (usize, &Vec<Chart>)| of.first().filter(|_| i < CHARTED).map(|c| c.name.clone());
    let links: Vec<Option<String>> = charts.iter().enumerate().map(named).collect();
    let exported = || charts.par_iter().take(CHARTED).flatten().map(export).collect();
    let (pdf, (files, page)): (_, (Vec<Result<_>>, _)) =
        rayon::join(|| pdf::bulletin(results, &charts), || rayon::join(exported, || html::page(results, &charts)));
    out("leads.xlsx", &workbook::workbook(results, &links)?)?;
    for chart in files {
        for (name, bytes) in chart? {
            out(&name, &bytes)?;
        }
    }
    out("report.html", page?.as_bytes())?;
    out("report.pdf", &pdf?)?;
    emit("manifest.json", &manifest::manifest(results, &listed)?)
}

/// One language of a screen's page.
pub fn page(page: &str, lang: Lang) -> &str {
    let (zh, en) = page.split_once("\n---\n").unwrap_or((page, page));
    match lang {
        Lang::Zh => zh.trim(),
        Lang::En => en.trim(),
    }
}
