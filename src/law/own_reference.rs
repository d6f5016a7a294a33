#![doc = include_str!("own_reference.md")]

use super::base::{Base, base, counted, defended, price_at};
use super::weigh::{cost_at, no_purchase, price_days, share};
use super::{Docket, Test};
use crate::model::panel::PointsView;
use crate::model::{Measure, Metric, RowNote, Rule, Sellers, Text};

/// The card.
pub const TEST: Test = Test {
    id: "own-reference",
    page: include_str!("own_reference.md"),
    needs_trades: false,
    reads: &["allowed_pct", "inclusive", "metric", "statistic", "days", "sellers", "cost_defence", "defence_pct"],
    example,
    judge,
};

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let series = &docket.panel.series[s];
    let points = docket.panel.points(series);
    let base = base(rule, &points).ok_or_else(no_history)?;
    if rule.sellers == Sellers::WithoutHistory {
        return Err(Text::new("基准日前有交易，适用另一条", "it sold before the base date: another rule applies"));
    }
    let of_margin = rule.metric != Metric::Price;
    if of_margin && base.cost.is_none() {
        return Err(no_purchase());
    }
    let mut measure = price_days(docket, &points, rule, |i| allowed(rule, &points, &base, i));
    if measure.tested == 0 {
        let nothing = || Text::new("基准日后没有价格", "no price after the base date");
        return Err(if of_margin { no_purchase() } else { nothing() });
    }
    let unit = docket.panel.price_unit(&docket.panel.cells[series.cell as usize]).zh;
    measure.reference = Some(base.price);
    measure.facts = facts(rule, &points, &base, &measure, &unit);
    measure.rows = vec![RowNote { row: points.row[base.at], role: Text::new("基准行", "reference row") }];
    measure.defended = defended(rule, &points, Some(&base));
    Ok(measure)
}

/// The price that keeps price, margin amount or margin rate of the base, and what the rule allows on top.
fn allowed(rule: &Rule, points: &PointsView<'_>, base: &Base, i: usize) -> Option<f64> {
    if rule.metric == Metric::Price {
        return Some(price_at(rule.metric, base.price, 0.0, share(rule)));
    }
    let before = counted(rule.metric, base.price, base.cost?);
    Some(price_at(rule.metric, before, cost_at(points, i)?.0, share(rule)))
}

/// Margin rate in percent as the rule counts it: on the price where it says so, else on cost.
fn rate(rule: &Rule, price: f64, cost: f64) -> f64 {
    let on_price = rule.metric == Metric::MarginOnPrice;
    counted(if on_price { Metric::MarginOnPrice } else { Metric::MarginOnCost }, price, cost) * 100.0
}

fn facts(
    rule: &Rule,
    points: &PointsView<'_>,
    base: &Base,
    measure: &Measure,
    unit: &str,
) -> Vec<(&'static str, f64, String)> {
    let mut facts = vec![("reference_price", base.price, unit.to_owned())];
    if let Some(then) = base.cost {
        facts.push(("reference_cost", then, unit.to_owned()));
        facts.push(("margin_rate_before", rate(rule, base.price, then), "%".into()));
    }
    let Some(w) = measure.worst() else { return facts };
    facts.push(("observed_price", w.observed, unit.to_owned()));
    facts.push(("rise", (w.observed / base.price - 1.0) * 100.0, "%".into()));
    let at = points.day.partition_point(|d| *d < w.day.0);
    if let Some((now, _)) = cost_at(points, at) {
        facts.push(("cost_now", now, unit.to_owned()));
        facts.push(("margin_rate_now", rate(rule, w.observed, now), "%".into()));
    }
    facts
}

fn no_history() -> Text {
    Text::new("基准日前没有价格", "no price on or before the base date")
}

fn example(rule: &Rule) -> Text {
    let allowed = price_at(rule.metric, counted(rule.metric, 1.0, 0.8), 1.2, share(rule));
    let (zh, en) = match rule.metric {
        Metric::Price => ("基准价 1.00 元", "reference price 1.00"),
        Metric::MarginAmount => (
            "基准价 1.00、当时进价 0.80（差价 0.20），现进价 1.20",
            "reference 1.00 bought at 0.80 (margin 0.20), cost now 1.20",
        ),
        Metric::MarginOnCost => (
            "基准价 1.00、当时进价 0.80（差价率 25%），现进价 1.20",
            "reference 1.00 bought at 0.80 (25 % on cost), cost now 1.20",
        ),
        Metric::MarginOnPrice => (
            "基准价 1.00、当时进价 0.80（差价率 20%），现进价 1.20",
            "reference 1.00 bought at 0.80 (20 % of the price), cost now 1.20",
        ),
    };
    Text::new(
        format!(
            "{zh}：允许价 {allowed:.2} 元。售 2.00 元、100 只：超出 (2.00 − {allowed:.2}) × 100 = {:.2} 元。",
            (2.0 - allowed) * 100.0
        ),
        format!(
            "{en}: allowed {allowed:.2}. Sold at 2.00, 100 pieces: excess (2.00 − {allowed:.2}) × 100 = {:.2}.",
            (2.0 - allowed) * 100.0
        ),
    )
}
