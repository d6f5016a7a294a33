#![doc = include_str!("fee_shift.md")]

use super::weigh::{above, binds, over, share};
use super::{Docket, Test};
use crate::model::{Measure, Observed, Over, RowNote, Rule, Text};
use crate::stats::robust::median;

/// The card.
pub const TEST: Test = Test {
    id: "fee-shift",
    page: include_str!("fee_shift.md"),
    needs_trades: false,
    reads: &["allowed_pct", "inclusive"],
    example,
    judge,
};

/// The goods' price stands still within this share.
const STILL: f64 = 0.05;
/// Days with a fee before the rise that make a reference.
const LEAST: usize = 3;

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let points = docket.panel.points(&docket.panel.series[s]);
    let known: Vec<usize> =
        (0..points.day.len()).filter(|i| points.fee.get(*i).is_some_and(|f| f.is_finite())).collect();
    if known.is_empty() {
        return Err(Text::new("没有运费等收费记录", "no fee on record"));
    }
    let mut measure = Measure { observed: Observed::Fee, ..Measure::default() };
    for (k, &i) in known.iter().enumerate().filter(|(k, i)| *k >= LEAST && binds(rule, points.day[**i])) {
        let middle = |of: &[f64]| median(&known[..k].iter().map(|b| of[*b]).collect::<Vec<_>>());
        let (Some(fee), Some(price)) = (middle(points.fee), middle(points.price)) else { continue };
        measure.tested += 1;
        measure.reference.get_or_insert(fee);
        let role = || Text::new("收费上涨前最后一行", "last row before the fee rose");
        let last = RowNote { row: points.row[known[k - 1]], role: role() };
        let allowed = fee * (1.0 + share(rule));
        let still = points.price[i] <= price * (1.0 + STILL);
        if still && points.fee[i] > 0.0 && above(docket, rule, points.day[i], points.fee[i], allowed) {
            if measure.over.is_empty() {
                (measure.reference, measure.rows) = (Some(fee), vec![last]);
            }
            measure.over.push(Over { quantity: None, ..over(&points, i, allowed, points.fee[i]) });
        } else if measure.over.is_empty() {
            measure.rows = vec![last];
        }
    }
    if measure.tested == 0 {
        return Err(Text::new("收费记录太少", "too few fees on record"));
    }
    if let Some(w) = measure.worst().copied() {
        let currency = docket.panel.currency.zh.clone();
        measure.facts = vec![
            ("fee_before", measure.reference.unwrap_or(f64::NAN), currency.clone()),
            ("fee_now", w.observed, currency),
        ];
    }
    Ok(measure)
}

fn example(rule: &Rule) -> Text {
    let allowed = 5.0 * (1.0 + share(rule));
    Text::new(
        format!("商品价不变，运费由 5 元涨到 25 元：允许 {allowed:.2} 元，每单超出 {:.2} 元。", 25.0 - allowed),
        format!(
            "The goods' price stands, delivery goes from 5 to 25: allowed {allowed:.2}, excess {:.2} an order.",
            25.0 - allowed
        ),
    )
}
