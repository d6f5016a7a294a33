#![doc = include_str!("raised_first.md")]

use super::list_price::offer;
use super::weigh::{above, binds, exceeds, over};
use super::{Docket, Test};
use crate::model::{Measure, RowNote, Rule, Text};
use crate::stats::robust::median;

/// The card.
pub const TEST: Test = Test {
    id: "raised-first",
    page: include_str!("raised_first.md"),
    needs_trades: false,
    reads: &["days", "inclusive"],
    example,
    judge,
};

/// Days before the offer in which a raise is temporary, unless the rule says otherwise.
const DAYS: i32 = 14;
/// Days before that which tell the usual price.
const USUAL: i32 = 30;
/// Fewest of them with a price.
const LEAST: usize = 3;
/// A raise is a raise from this share on.
const RAISE: f64 = 0.05;

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let points = panel.points(series);
    let (mut measure, mut offers) = (Measure::default(), 0);
    let starts = (1..points.day.len()).filter(|i| offer(&points, *i).is_some() && offer(&points, i - 1).is_none());
    for start in starts.filter(|i| binds(rule, points.day[*i])) {
        offers += 1;
        let day = points.day[start];
        let range =
            |from: i32, to: i32| points.day.partition_point(|d| *d < from)..points.day.partition_point(|d| *d < to);
        let before = day - rule.days.unwrap_or(DAYS);
        let (raised, usual) = (range(before, day), range(before - USUAL, before));
        let Some(normal) = median(&points.price[usual.clone()]).filter(|_| usual.len() >= LEAST) else { continue };
        measure.tested += 1;
        measure.reference.get_or_insert(normal);
        let high = raised.max_by(|a, b| points.price[*a].total_cmp(&points.price[*b]));
        let Some(high) = high.filter(|h| exceeds(points.price[*h], normal * (1.0 + RAISE))) else { continue };
        if !above(docket, rule, day, points.price[start], normal) {
            continue; // a real discount from the usual price
        }
        measure.over.push(over(&points, start, normal, points.price[start]));
        measure
            .rows
            .push(RowNote { row: points.row[high], role: Text::new("打折前临时提价", "the temporary raise") });
        let unit = panel.price_unit(&panel.cells[series.cell as usize]).zh;
        measure.facts = vec![
            ("usual_price", normal, unit.clone()),
            ("raised_to", points.price[high], unit.clone()),
            ("discounted_to", points.price[start], unit),
        ];
        measure.reference = Some(normal);
    }
    if measure.tested == 0 {
        return Err(if offers == 0 {
            Text::new("没有打折活动的记录", "no discount on record")
        } else {
            Text::new("活动之前价格记录太少", "too few prices before the offer")
        });
    }
    Ok(measure)
}

fn example(_: &Rule) -> Text {
    Text::new(
        "平时 5 元，活动前十天提到 8 元，再“八折”卖 6.4 元：折后仍高于平时。",
        "Usually 5, raised to 8 ten days before, then \"20 % off\" at 6.40: still above the usual price.",
    )
}
