//! Would it cross a rule? One file and one page per *kind* of test; the rules themselves are rows of
//! `datasets/statutes/*.toml` and of the user's own rule files.

mod area_average;
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
mod price_cap;
mod raised_first;
mod scope;
mod stock_ratio;
mod weigh;
mod wording;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::model::{Cap, Day, Judged, Measure, Notice, Panel, Rule, Text, Trade};

pub use divisions::Divisions;
pub use findings::findings;
pub use scope::{places, unknown_regions};
pub use weigh::settle;

/// Everything a test may look at.
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
    jobs.into_par_iter()
        .map(|(r, s, test)| weigh::judged(docket, rules, r, s, (test.judge)(docket, &rules[r], s)))
        .collect()
}

/// Whether any rule that needs trades applies to anything.
pub fn wants_trades(docket: &Docket<'_>, rules: &[Rule]) -> bool {
    rules.iter().any(|r| test_of(r).is_some_and(|t| t.needs_trades) && !scope::series(docket, r).is_empty())
}

/// What `explain` prints for a rule.
pub fn page(rule: &Rule) -> Text {
    let Some(test) = test_of(rule) else { return Text::default() };
    let mark = |zh: bool| match (rule.status, zh) {
        (crate::model::TextStatus::Verified, true) => "已核对",
        (crate::model::TextStatus::Verified, false) => "verified",
        (_, true) => "未核对条文（unverified）：用前须由人查对原文",
        (_, false) => "UNVERIFIED: a person must read the text before use",
    };
    let number = |zh: bool| match (rule.number, zh) {
        (crate::model::NumberFrom::Text, _) => String::new(),
        (_, true) => "\n- 条文没有数字：门槛是本程序的筛选值，可改".to_owned(),
        (_, false) => "\n- the text has no number: the threshold is a value to sort by, open to change".to_owned(),
    };
    let until = rule.until.map_or("…".to_owned(), |d| d.to_string());
    let base = rule.base.map_or("–".to_owned(), |d| d.to_string());
    let list = |t: &[Text], zh: bool| -> String {
        let all: Vec<&str> = t.iter().map(|x| if zh { x.zh.as_str() } else { x.en.as_str() }).collect();
        if all.is_empty() { "–".to_owned() } else { all.join("; ") }
    };
    let note =
        |zh: bool| rule.note.as_ref().map_or(String::new(), |n| format!("\n- {}", if zh { &n.zh } else { &n.en }));
    let goods = |all: &str| if rule.goods.is_empty() { all.to_owned() } else { rule.goods.join("、") };
    let example = (test.example)(rule);
    Text::new(
        format!(
            "# {}（{}）\n\n{}\n\n- 条款：{}\n- 条文状态：{}\n- 地区：{}　商品：{}\n- 适用：{} 至 {until}　基准日：{base}\n- 须先告诫：{}{}{}\n- 待核豁免：{}\n- 检验方法：{}（pricewatch explain {}）\n- 规则包：{} {}\n\n## 算例\n{}",
            rule.title.zh,
            rule.id,
            rule.says.zh,
            rule.clause.zh,
            mark(true),
            rule.regions.join("、"),
            goods("全部"),
            rule.from,
            if rule.notice_required { "是" } else { "否" },
            number(true),
            note(true),
            list(&rule.exemptions, true),
            test.id,
            test.id,
            rule.source,
            rule.version,
            example.zh
        ),
        format!(
            "# {} ({})\n\n{}\n\n- clause: {}\n- text: {}\n- regions: {}; goods: {}\n- in force: {} to {until}; base date: {base}\n- notice must precede: {}{}{}\n- exemptions to check: {}\n- kind of test: {} (pricewatch explain {})\n- pack: {} {}\n\n## Worked example\n{}",
            rule.title.en,
            rule.id,
            rule.says.en,
            rule.clause.en,
            mark(false),
            rule.regions.join(", "),
            goods("all"),
            rule.from,
            if rule.notice_required { "yes" } else { "no" },
            number(false),
            note(false),
            list(&rule.exemptions, false),
            test.id,
            test.id,
            rule.source,
            rule.version,
            example.en
        ),
    )
}
