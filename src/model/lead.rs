//! A lead (疑似线索): what to look at first. Never a verdict.

use serde::Serialize;

use super::{CostExplained, Course, Day, Kind, Text};

/// State of an innocent explanation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The data show it holds.
    Yes,
    /// The data show it does not.
    No,
    /// Open: to be checked by people.
    Unknown,
}

/// An innocent explanation to rule out.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Check {
    /// The explanation.
    pub text: Text,
    /// What the data say.
    pub state: State,
}

/// Data-quality grade of a lead.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub enum Grade {
    /// Dense data, known unit, enough peers.
    A,
    /// One of these falls short.
    B,
    /// Two or more fall short.
    C,
}

/// One row of leads.csv.
#[derive(Clone, PartialEq, Debug)]
pub struct Lead {
    /// Stable hash of kind, sellers, region, product and first date.
    pub id: String,
    /// Kind of conduct it is consistent with.
    pub kind: Kind,
    /// Orders leads within a kind, higher first.
    pub score: f64,
    /// Smallest p-value of its findings.
    pub p_value: Option<f64>,
    /// Its false-discovery rate.
    pub q_value: Option<f64>,
    /// Index into `Panel::cells`, where the lead rests on prices.
    pub cell: Option<usize>,
    /// Indices into `Panel::series`.
    pub series: Vec<usize>,
    /// Region as in the input.
    pub region: String,
    /// Market or platform as in the input.
    pub market: String,
    /// Product as in the input.
    pub product: String,
    /// Seller ids.
    pub sellers: Vec<String>,
    /// Id and name of each seller, as shown.
    pub names: Vec<(String, String)>,
    /// First day of the pattern.
    pub first_day: Day,
    /// Last day of the pattern.
    pub last_day: Day,
    /// Price it is measured from, per price unit.
    pub reference_price: Option<f64>,
    /// Price observed, per price unit.
    pub observed_price: Option<f64>,
    /// Rise over the reference in percent.
    pub increase_pct: Option<f64>,
    /// Money above the allowed price; `None` = unknown.
    pub excess_amount: Option<f64>,
    /// Screen ids, sorted.
    pub screens: Vec<&'static str>,
    /// Legal rules hit.
    pub rules: Vec<String>,
    /// Whether cost explains it.
    pub cost: CostExplained,
    /// Data quality, with the reasons.
    pub quality: Grade,
    /// Why not a better grade.
    pub quality_notes: Vec<Text>,
    /// One short paragraph.
    pub summary: Text,
    /// Indices into the run's findings.
    pub findings: Vec<usize>,
    /// Innocent explanations to rule out.
    pub innocent: Vec<Check>,
    /// 建议核查: what to ask for next.
    pub next_steps: Vec<Text>,
    /// What earlier weeks say of it, in a run on a casebook.
    pub course: Option<Course>,
}
