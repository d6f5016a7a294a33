#![doc = include_str!("cost_gap.md")]

use super::weigh::{cost_at, price_days, share};
use super::{Docket, Test};
use crate::model::{Day, Measure, RowNote, Rule, Text};

/// The card.
pub const TEST: Test = Test {
    id: "cost-gap",
    page: include_str!("cost_gap.md"),
    needs_trades: false,
    reads: &["allowed_pct", "inclusive", "days"],
    example,
    judge,
};

/// Days before a sale in which its reference lies, unless the rule says otherwise.
const DAYS: i32 = 30;

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let cell = &panel.cells[series.cell as usize];
    let points = panel.points(series);
    // The first price of the days before: what the rise is measured from.
    let before = |i: usize| {
        let from = points.day.partition_point(|d| *d < points.day[i] - rule.days.unwrap_or(DAYS));
        (from < i).then_some(from)
    };
    let market = |day: i32| cell.cost.as_ref().and_then(|c| c.on(Day(day)));
    let cost_rise = |a: usize, b: usize| {
        let own = cost_at(&points, a).zip(cost_at(&points, b)).map(|(x, y)| y.0 / x.0 - 1.0);
        own.or_else(|| Some(market(points.day[b])? / market(points.day[a])? - 1.0))
    };
    let allowed = |i: usize| {
        let from = before(i)?;
        Some(points.price[from] * (1.0 + cost_rise(from, i)?.max(0.0) + share(rule)))
    };
    let mut measure = price_days(docket, &points, rule, allowed);
    if measure.tested == 0 {
        return Err(Text::new(
            "没有进价或成本序列，或此前没有价格",
            "no purchase cost or cost series, or no price before",
        ));
    }
    // The worst day tells; where there is none, the last that could be compared.
    let worst = measure.worst().copied();
    let last = || (0..points.day.len()).rev().find(|i| allowed(*i).is_some());
    let at = worst.map(|w| points.day.partition_point(|d| *d < w.day.0)).or_else(last);
    let Some((at, from)) = at.and_then(|i| Some((i, before(i)?))) else { return Ok(measure) };
    measure.reference = Some(points.price[from]);
    measure.rows = vec![RowNote { row: points.row[from], role: Text::new("基准行", "reference row") }];
    if let Some(w) = worst {
        let unit = panel.price_unit(cell).zh;
        measure.facts = vec![
            ("reference_price", points.price[from], unit.clone()),
            ("observed_price", w.observed, unit),
            ("rise", (w.observed / points.price[from] - 1.0) * 100.0, "%".into()),
            ("cost_rise", cost_rise(from, at).unwrap_or(f64::NAN) * 100.0, "%".into()),
        ];
    }
    Ok(measure)
}

fn example(rule: &Rule) -> Text {
    let p = rule.allowed_pct.unwrap_or(0.0);
    Text::new(
        format!("三十天内进价涨 20%，售价可涨 {:.0}%（20 + {p:.0} 个百分点）；涨 60% 即超过。", 20.0 + p),
        format!(
            "Cost up 20 % in thirty days: the price may rise {:.0} % (20 + {p:.0} points); 60 % is above.",
            20.0 + p
        ),
    )
}
