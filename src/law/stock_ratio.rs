#![doc = include_str!("stock_ratio.md")]

use super::weigh::{binds, exceeds};
use super::{Docket, Test};
use crate::model::panel::PointsView;
use crate::model::{Basis, Day, Measure, Observed, Over, RowNote, Rule, Text};

/// The card.
pub const TEST: Test =
    Test { id: "stock-ratio", page: include_str!("stock_ratio.md"), needs_trades: false, example, judge };

/// Days of an average month.
const MONTH: f64 = 365.25 / 12.0;
/// Days of sales before the base date that make a turnover where last year's are not on record.
const LEAST_DAYS: i32 = 14;

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let points = panel.points(series);
    if points.stock.iter().all(|v| !v.is_finite()) {
        return Err(Text::new("没有库存记录", "no stock on record"));
    }
    let monthly = monthly_sales(docket, rule, s)
        .ok_or_else(|| Text::new("基准日前没有足够的销售数量", "too few quantities sold before the base date"))?;
    let allowed = monthly * (1.0 + rule.allowed_pct.unwrap_or(0.0) / 100.0);
    let held = rule.days.unwrap_or(0);
    let mut measure = Measure { observed: Observed::Stock, reference: Some(monthly), ..Measure::default() };
    let mut since: Option<i32> = None;
    for i in (0..points.day.len()).filter(|i| points.stock[*i].is_finite() && binds(rule, points.day[*i])) {
        measure.tested += 1;
        if !exceeds(points.stock[i], allowed, rule.tolerance) {
            since = None;
            continue;
        }
        let first = *since.get_or_insert(points.day[i]);
        if points.day[i] - first >= held {
            measure.over.push(Over {
                day: Day(points.day[i]),
                row: points.row[i],
                allowed,
                observed: points.stock[i],
                quantity: None,
            });
        }
    }
    if measure.tested == 0 {
        return Err(Text::new("规则生效期内没有库存记录", "no stock on record while the rule was in force"));
    }
    if let Some(w) = measure.worst().copied() {
        let unit = panel.cells[series.cell as usize].unit.label().to_owned();
        measure.facts = vec![
            ("monthly_sales", monthly, unit.clone()),
            ("stock", w.observed, unit),
            ("stock_over_monthly_sales", w.observed / monthly * 100.0, "%".into()),
        ];
        measure.rows =
            vec![RowNote { row: w.row, role: Text::new("库存最高的一行", "row of the largest stock") }];
    }
    Ok(measure)
}

/// Average monthly sales of the seller's good in the calendar year before the base date; else of the days on record
/// before it.
fn monthly_sales(docket: &Docket<'_>, rule: &Rule, s: usize) -> Option<f64> {
    let panel = docket.panel;
    let (series, base) = (&panel.series[s], rule.base.unwrap_or(rule.from).0);
    let product = &panel.cells[series.cell as usize].product;
    let sold = docket.of_seller.get(&series.seller)?.iter().filter(|t| {
        let cell = &panel.cells[panel.series[**t].cell as usize];
        cell.basis == Basis::Net && cell.product == *product && cell.unit == panel.cells[series.cell as usize].unit
    });
    let all: Vec<PointsView<'_>> = sold.map(|t| panel.points(&panel.series[*t])).collect();
    let year = Day(base).date().year() - 1;
    let (from, to) = (Day::from_ymd(year, 1, 1)?.0, Day::from_ymd(year, 12, 31)?.0);
    let sum = |from: i32, to: i32| -> f64 {
        let days = |p: &PointsView<'_>| -> f64 {
            let inside = (0..p.day.len()).filter(|i| (from..=to).contains(&p.day[*i]));
            inside.filter_map(|i| p.quantity.get(i)).filter(|q| q.is_finite()).sum()
        };
        all.iter().map(days).sum()
    };
    let first = all.iter().filter_map(|p| p.day.first().copied()).min()?;
    if first <= from && sum(from, to) > 0.0 {
        return Some(sum(from, to) / 12.0);
    }
    let days = base - first + 1;
    (days >= LEAST_DAYS).then(|| sum(first, base) / f64::from(days) * MONTH).filter(|m| *m > 0.0)
}

fn example(rule: &Rule) -> Text {
    let allowed = 3000.0 * (1.0 + rule.allowed_pct.unwrap_or(0.0) / 100.0);
    Text::new(
        format!(
            "上年月均销量 3000 只：允许库存 {allowed:.0} 只；连续 {} 天以上存 {:.0} 只即超过。",
            rule.days.unwrap_or(0),
            allowed + 1500.0
        ),
        format!(
            "Sales of 3,000 a month last year: {allowed:.0} in stock allowed; {:.0} held for more than {} days is above.",
            allowed + 1500.0,
            rule.days.unwrap_or(0)
        ),
    )
}
