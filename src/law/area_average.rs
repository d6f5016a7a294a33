#![doc = include_str!("area_average.md")]

use std::collections::{BTreeMap, BTreeSet};

use super::base::{base, counted, defended, price_at};
use super::weigh::{cost_at, no_purchase, price_days, share};
use super::{Docket, Test};
use crate::model::{Measure, Metric, RowNote, RowRef, Rule, Text};

/// The card.
pub const TEST: Test = Test {
    id: "area-average",
    page: include_str!("area_average.md"),
    needs_trades: false,
    reads: &["allowed_pct", "inclusive", "metric", "days", "cost_defence", "defence_pct"],
    example,
    judge,
};

/// Fewest other entities whose prices make an average.
const PEERS: usize = 3;
/// Source rows named behind an average.
const ROWS: usize = 12;

/// What others charged on a day, as the metric counts it: entity, value, row.
type Others = BTreeMap<i32, Vec<(u32, f64, RowRef)>>;

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let (cell, points) = (&panel.cells[series.cell as usize], panel.points(series));
    if rule.allowed_pct.is_none() {
        return Err(Text::new(
            "合理幅度由本地规定，尚未设定",
            "the reasonable band is set locally and has not been set",
        ));
    }
    if !cell.comparable {
        return Err(Text::new("包装不明，不能与同类比较", "unknown pack: not comparable"));
    }
    let of_margin = rule.metric != Metric::Price;
    if of_margin && points.cost.iter().all(|c| !c.is_finite()) {
        return Err(no_purchase());
    }
    let others = others(docket, rule, s);
    let mean = |day: i32| match rule.base {
        Some(b) => average(&others, b.0 - rule.days.unwrap_or(30) + 1, b.0),
        None => average(&others, day - rule.days.unwrap_or(1) + 1, day),
    };
    let allowed = |i: usize| {
        let cost = if of_margin { cost_at(&points, i)?.0 } else { 0.0 };
        Some(price_at(rule.metric, mean(points.day[i])?.0, cost, share(rule)))
    };
    let mut measure = price_days(docket, &points, rule, allowed);
    if measure.tested == 0 {
        return Err(Text::new(
            "同一地区同一期间同种商品的其他经营者不足三家",
            "fewer than three others sell the same good there and then",
        ));
    }
    let told = measure.worst().map(|w| w.day.0).or(points.day.iter().rev().copied().find(|d| mean(*d).is_some()));
    if let Some((average, rows)) = told.and_then(mean) {
        let role = || Text::new("平均价所据的同类行", "row of the average");
        measure.rows = rows.into_iter().take(ROWS).map(|row| RowNote { row, role: role() }).collect();
        measure.reference = (!of_margin).then_some(average);
        measure.facts = facts(rule, &measure, average, panel.price_unit(cell).zh);
    }
    measure.defended = defended(rule, &points, base(rule, &points).as_ref());
    Ok(measure)
}

fn facts(rule: &Rule, measure: &Measure, average: f64, unit: String) -> Vec<(&'static str, f64, String)> {
    let Some(w) = measure.worst() else { return Vec::new() };
    let observed = ("observed_price", w.observed, unit.clone());
    match rule.metric {
        Metric::Price => {
            vec![("area_average", average, unit), observed, ("times_the_average", w.observed / average, String::new())]
        }
        Metric::MarginAmount => vec![("area_margin", average, unit), observed],
        Metric::MarginOnCost | Metric::MarginOnPrice => {
            vec![("area_margin_rate", average * 100.0, "%".into()), observed]
        }
    }
}

/// The days of the other economic entities of the cell.
fn others(docket: &Docket<'_>, rule: &Rule, s: usize) -> Others {
    let panel = docket.panel;
    let series = &panel.series[s];
    let (cell, entity) = (&panel.cells[series.cell as usize], panel.entity(series));
    let mut days = Others::new();
    for other in panel.series[cell.series.clone()].iter().filter(|o| panel.entity(o) != entity) {
        let p = panel.points(other);
        for i in 0..p.day.len() {
            let cost = if rule.metric == Metric::Price { Some(f64::NAN) } else { cost_at(&p, i).map(|c| c.0) };
            let Some(cost) = cost else { continue };
            let value = counted(rule.metric, p.price[i], cost);
            days.entry(p.day[i]).or_default().push((panel.entity(other), value, p.row[i]));
        }
    }
    days
}

/// Mean of the others' values between two days, and their rows; `None` with fewer than `PEERS` entities.
fn average(others: &Others, from: i32, to: i32) -> Option<(f64, Vec<RowRef>)> {
    let all: Vec<_> = others.range(from.min(to)..=to).flat_map(|d| d.1).collect();
    let entities: BTreeSet<u32> = all.iter().map(|p| p.0).collect();
    let mean = all.iter().map(|p| p.1).sum::<f64>() / all.len() as f64;
    (entities.len() >= PEERS).then(|| (mean, all.iter().map(|p| p.2).collect()))
}

fn example(rule: &Rule) -> Text {
    if rule.allowed_pct.is_none() {
        return Text::new("合理幅度未设定：不检验，列为跳过。", "No band is set: not tested, listed as skipped.");
    }
    if rule.metric != Metric::Price {
        let allowed = price_at(rule.metric, counted(rule.metric, 1.0, 0.8), 1.2, share(rule));
        return Text::new(
            format!("同地区其他经营者平均进价 0.80、售价 1.00 元，本店进价 1.20 元：允许价 {allowed:.2} 元。"),
            format!("Others buy at 0.80 and sell at 1.00 on average, own cost 1.20: allowed {allowed:.2}."),
        );
    }
    let allowed = 1.0 + share(rule);
    Text::new(
        format!("同地区同种商品其他经营者平均 1.00 元：允许价 {allowed:.2} 元。"),
        format!("Others in the area sell at 1.00 on average: allowed {allowed:.2}."),
    )
}
