#![doc = include_str!("list_price.md")]

use super::weigh::{above, binds, over};
use super::{Docket, Test};
use crate::model::panel::PointsView;
use crate::model::{Measure, Observed, Over, RowNote, Rule, Text};

/// The card.
pub const TEST: Test = Test {
    id: "list-price",
    page: include_str!("list_price.md"),
    needs_trades: false,
    reads: &["days", "inclusive"],
    example,
    judge,
};

/// Days before the offer in which the compared price must have been charged, unless the rule says otherwise.
pub const DAYS: i32 = 7;

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let points = panel.points(series);
    let (mut measure, mut offers) = (Measure { observed: Observed::List, ..Measure::default() }, 0);
    for i in 0..points.day.len() {
        let Some(list) = offer(&points, i).filter(|_| binds(rule, points.day[i])) else { continue };
        offers += 1;
        let Some(at) = charged_before(&points, i, rule.days.unwrap_or(DAYS)) else { continue };
        measure.tested += 1;
        let role = || Text::new("此前最低成交价所在行", "row of the lowest price charged before");
        if measure.over.is_empty() {
            measure.rows = vec![RowNote { row: points.row[at], role: role() }];
            measure.reference = Some(points.price[at]);
        }
        if above(docket, rule, points.day[i], list, points.price[at]) {
            measure.over.push(Over { quantity: None, ..over(&points, i, points.price[at], list) });
        }
    }
    if measure.tested == 0 {
        return Err(if offers == 0 {
            Text::new("没有划线价（原价）高于售价的记录", "no compared price above the selling price")
        } else {
            Text::new("此前没有价格可比", "no price before to compare with")
        });
    }
    if let Some(w) = measure.worst().copied() {
        let unit = panel.price_unit(&panel.cells[series.cell as usize]).zh;
        measure.reference = Some(w.allowed);
        measure.facts =
            vec![("compared_price", w.observed, unit.clone()), ("lowest_price_charged_before", w.allowed, unit)];
    }
    Ok(measure)
}

/// The compared price of a point where it claims a discount.
pub fn offer(points: &PointsView<'_>, i: usize) -> Option<f64> {
    points.list.get(i).copied().filter(|l| l.is_finite() && *l > points.price[i] * (1.0 + 1e-9))
}

/// The lowest price charged in the `days` before the offer began; without one, the last before.
fn charged_before(points: &PointsView<'_>, i: usize, days: i32) -> Option<usize> {
    let mut start = i;
    while start > 0 && offer(points, start - 1).is_some() {
        start -= 1; // the same offer goes on
    }
    let from = points.day[..start].partition_point(|d| *d < points.day[start] - days);
    (from..start).min_by(|a, b| points.price[*a].total_cmp(&points.price[*b])).or_else(|| start.checked_sub(1))
}

fn example(_: &Rule) -> Text {
    Text::new(
        "标“原价 10 元，现价 6 元”，活动前七日内最低成交价 7 元：原价高出 3 元（42.9%）。",
        "\"Was 10, now 6\", lowest price charged in the seven days before: 7. The compared price is 3 too high (42.9 %).",
    )
}
