//! Would it cross a rule? One file and one page per *kind* of test; the rules themselves are rows of
//! `datasets/statutes/*.toml` and of the user's own rule files.

mod area_average;
mod base;
mod bundle;
mod chain_markup;
mod cost_gap;
mod divisions;
mod fee_shift;
mod findings;
mod list_price;
mod marked_charged;
mod over_cost;
mod own_reference;
pub mod packs;
mod page;
mod price_cap;
mod raised_first;
mod scope;
mod stock_build_up;
mod stock_ratio;
mod turnover;
mod weigh;
mod wording;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::model::{Cap, Day, Judged, Measure, Notice, Panel, Rule, Text, Trade};

pub use divisions::Divisions;
pub use findings::findings;
pub use page::page;
pub use scope::{places, unknown_regions};
pub use weigh::settle;

/// Everything a test may look at.
#[derive(Clone, Copy)]
pub struct Docket<'a> {
    /// The panel.
    pub panel: &'a Panel,
    /// Analysis date.
    pub as_of: Day,
    /// Notices, by seller and day.
    pub notices: &'a [Notice],
    /// Legal maximum prices.
    pub caps: &'a Caps,
    /// Rows with buyers, bundles or words; empty on the first pass.
    pub trades: &'a [Trade],
    /// Series of each seller, ascending.
    pub of_seller: &'a BTreeMap<u32, Vec<usize>>,
    /// Trades of each series.
    pub of_series: &'a BTreeMap<usize, Vec<usize>>,
    /// Trades of each buyer.
    pub of_buyer: &'a BTreeMap<u32, Vec<usize>>,
    /// Names and codes of regions.
    pub divisions: &'a Divisions,
    /// Code of each cell's region; that of the settings where the region is empty or unknown.
    pub places: &'a [Option<String>],
    /// Days whose excess counts (after the notice, not excused); `None` = all.
    pub counted: Option<&'a BTreeSet<Day>>,
}

/// Maximum prices by product (as named).
pub type Caps = BTreeMap<String, Vec<Cap>>;

/// The card of a kind of test.
pub struct Test {
    /// Kebab-case id.
    pub id: &'static str,
    /// The page (Markdown): Chinese, a line `---`, English.
    pub page: &'static str,
    /// Whether it needs [`Docket::trades`].
    pub needs_trades: bool,
    /// Keys of a rule it reads beside those that every test does: any other is a mistake in the rule file.
    pub reads: &'static [&'static str],
    /// A worked example with the rule's own numbers.
    pub example: fn(&Rule) -> Text,
    /// The work: one rule on one series.
    pub judge: fn(&Docket<'_>, &Rule, usize) -> Result<Measure, Text>,
}

/// Every kind of test, sorted by id.
pub const TESTS: &[&Test] = &[
    &area_average::TEST,
    &bundle::TEST,
    &chain_markup::TEST,
    &cost_gap::TEST,
    &fee_shift::TEST,
    &list_price::TEST,
    &marked_charged::TEST,
    &over_cost::TEST,
    &own_reference::TEST,
    &price_cap::TEST,
    &raised_first::TEST,
    &stock_build_up::TEST,
    &stock_ratio::TEST,
    &wording::TEST,
];

/// The test of a rule; rules are checked for it when they are read.
pub fn test_of(rule: &Rule) -> Option<&'static Test> {
    TESTS.iter().copied().find(|t| t.id == rule.test)
}

/// Every rule on every series it applies to; `trades` chooses the tests that need them or the others.
pub fn examine(docket: &Docket<'_>, rules: &[Rule], trades: bool) -> Vec<Judged> {
    let jobs: Vec<(usize, usize, &Test)> = rules
        .iter()
        .enumerate()
        .filter_map(|(r, rule)| Some((r, rule, test_of(rule).filter(|t| t.needs_trades == trades)?)))
        .flat_map(|(r, rule, test)| scope::series(docket, rule).into_iter().map(move |s| (r, s, test)))
        .collect();
    jobs.into_par_iter().map(|(r, s, test)| weigh::judged(docket, rules, (r, s), test)).collect()
}

/// Rules that apply to nothing in the panel.
pub fn idle<'a>(rules: &'a [Rule], judged: &[Judged]) -> Vec<&'a str> {
    let used: BTreeSet<usize> = judged.iter().map(|j| j.rule).collect();
    rules.iter().enumerate().filter(|(r, _)| !used.contains(r)).map(|(_, rule)| rule.id.as_str()).collect()
}

/// Whether any rule that needs trades applies to anything.
pub fn wants_trades(docket: &Docket<'_>, rules: &[Rule]) -> bool {
    rules.iter().any(|r| test_of(r).is_some_and(|t| t.needs_trades) && !scope::series(docket, r).is_empty())
}
