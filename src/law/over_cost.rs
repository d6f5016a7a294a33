#![doc = include_str!("over_cost.md")]

use super::weigh::{cost_at, no_purchase, price_days};
use super::{Docket, Test};
use crate::model::{Measure, RowNote, Rule, Sellers, Text};

/// The card.
pub const TEST: Test = Test {
    id: "over-cost",
    page: include_str!("over_cost.md"),
    needs_trades: false,
    reads: &["allowed_pct", "inclusive", "sellers"],
    example,
    judge,
};

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let series = &docket.panel.series[s];
    let points = docket.panel.points(series);
    let on = rule.base.unwrap_or(rule.from).0;
    if rule.sellers == Sellers::WithoutHistory && points.day.first().is_some_and(|d| *d <= on) {
        return Err(Text::new("基准日前有交易，适用另一条", "it sold before the base date: another rule applies"));
    }
    let Some(pct) = rule.allowed_pct else {
        return Err(Text::new("条文没有数字，本地也没有设定", "the text has no number and none is set locally"));
    };
    let allowed = |i: usize| Some(cost_at(&points, i)?.0 * (1.0 + pct / 100.0));
    let mut measure = price_days(docket, &points, rule, allowed);
    if measure.tested == 0 {
        return Err(no_purchase());
    }
    if let Some((cost, from)) = cost_at(&points, points.day.len() - 1) {
        measure.reference = Some(cost);
        measure.rows =
            vec![RowNote { row: points.row[from], role: Text::new("进价所在行", "row with the purchase cost") }];
    }
    let unit = docket.panel.price_unit(&docket.panel.cells[series.cell as usize]).zh;
    if let Some(w) = measure.worst().copied() {
        let at = points.day.partition_point(|d| *d < w.day.0);
        if let Some((cost, from)) = cost_at(&points, at) {
            measure.reference = Some(cost);
            measure.facts = vec![
                ("cost_now", cost, unit.clone()),
                ("observed_price", w.observed, unit),
                ("margin_rate_now", (w.observed / cost - 1.0) * 100.0, "%".into()),
            ];
            measure.rows[0].row = points.row[from];
        }
    }
    Ok(measure)
}

fn example(rule: &Rule) -> Text {
    let allowed = 0.6 * (1.0 + rule.allowed_pct.unwrap_or(0.0) / 100.0);
    Text::new(
        format!(
            "进价 0.60 元：允许价 {allowed:.2} 元。售 1.00 元（加价 66.7%）、1000 只：超出 {:.2} 元。",
            (1.0 - allowed) * 1000.0
        ),
        format!(
            "Bought at 0.60: allowed {allowed:.2}. Sold at 1.00 (66.7 % over cost), 1,000 pieces: excess {:.2}.",
            (1.0 - allowed) * 1000.0
        ),
    )
}
