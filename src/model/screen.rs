//! A screen is a card plus a function: no state, no files, no clock, seeded randomness only.

use std::collections::BTreeMap;

use super::{Day, Finding, Kind, Panel, Parts, Skip};

/// One threshold: the only place its number is written.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Param {
    /// Key in the settings file, e.g. `min_days`.
    pub name: &'static str,
    /// Value unless set.
    pub default: f64,
    /// Unit, e.g. `day`, `log`, `share`.
    pub unit: &'static str,
    /// Inclusive range that makes sense.
    pub range: (f64, f64),
    /// Why this value: paper, clause or measurement.
    pub source: &'static str,
}

/// Checked values of one screen's parameters.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Knobs(pub BTreeMap<&'static str, f64>);

impl Knobs {
    /// The value in force.
    pub fn get(&self, param: &Param) -> f64 {
        self.0.get(param.name).copied().unwrap_or(param.default)
    }
}

/// What a screen may know beside the panel.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Context {
    /// Analysis date: nothing later is used.
    pub as_of: Day,
    /// Seed of every random draw.
    pub seed: u64,
}

/// What a screen returns.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Outcome {
    /// How many subjects were judged.
    pub examined: usize,
    /// What stood out.
    pub findings: Vec<Finding>,
    /// What could not be judged, and why.
    pub skips: Vec<Skip>,
}

/// The card of a screen.
#[derive(Clone, Copy)]
pub struct Screen {
    /// Kebab-case id naming the pattern seen.
    pub id: &'static str,
    /// What a finding is consistent with.
    pub kind: Kind,
    /// Title in Chinese and English.
    pub title: (&'static str, &'static str),
    /// The page (Markdown): Chinese, a line `---`, English.
    pub page: &'static str,
    /// Its thresholds.
    pub params: &'static [Param],
    /// Whether a finding of this screen alone makes a lead; others only support one.
    pub leads_alone: bool,
    /// The work.
    pub work: Work,
}

/// How a screen sees a panel.
#[derive(Clone, Copy)]
pub enum Work {
    /// All of it at once.
    Whole(fn(&Panel, &Context, &Knobs) -> Outcome),
    /// Group of cells by group of cells: what has not changed since an earlier run is read back.
    ByParts(Parts),
}
