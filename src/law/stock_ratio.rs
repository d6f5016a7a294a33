#![doc = include_str!("stock_ratio.md")]

use super::turnover::Sales;
use super::weigh::{above, binds, over, passes, share};
use super::{Docket, Test};
use crate::model::{Day, Measure, Observed, Over, RowNote, Rule, Text};

/// The card.
pub const TEST: Test = Test {
    id: "stock-ratio",
    page: include_str!("stock_ratio.md"),
    needs_trades: false,
    reads: &["allowed_pct", "inclusive", "days"],
    example,
    judge,
};

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
    let sales = Sales::of(docket, s);
    let (monthly, from, to) = monthly_sales(&sales, rule)
        .ok_or_else(|| Text::new("基准日前没有足够的销售数量", "too few quantities sold before the base date"))?;
    let allowed = monthly * (1.0 + share(rule));
    let mut measure = Measure { observed: Observed::Stock, reference: Some(monthly), ..Measure::default() };
    let mut since: Option<i32> = None;
    for i in (0..points.day.len()).filter(|i| points.stock[*i].is_finite() && binds(rule, points.day[*i])) {
        measure.tested += 1;
        if !passes(rule, points.stock[i], allowed) {
            since = None;
            continue;
        }
        let held = points.day[i] - *since.get_or_insert(points.day[i]);
        if held > rule.days.unwrap_or(0) && above(docket, rule, points.day[i], points.stock[i], allowed) {
            measure.over.push(Over { quantity: None, ..over(&points, i, allowed, points.stock[i]) });
        }
    }
    if measure.tested == 0 {
        return Err(Text::new("规则生效期内没有库存记录", "no stock on record while the rule was in force"));
    }
    let role = || Text::new("月均销量所据的首末行", "first and last row of the sales");
    measure.rows = sales.ends(from.0, to.0).into_iter().map(|row| RowNote { row, role: role() }).collect();
    if let Some(w) = measure.worst().copied() {
        let unit = panel.cells[series.cell as usize].unit.label().to_owned();
        measure.facts = vec![
            ("monthly_sales", monthly, unit.clone()),
            ("stock", w.observed, unit),
            ("stock_over_monthly_sales", w.observed / monthly * 100.0, "%".into()),
        ];
        measure.rows.push(RowNote { row: w.row, role: Text::new("库存最高的一行", "row of the largest stock") });
    }
    Ok(measure)
}

/// Average monthly sales in the calendar year before the base date, else of the days on record before it; and the days
/// they rest on.
fn monthly_sales(sales: &Sales<'_>, rule: &Rule) -> Option<(f64, Day, Day)> {
    let (base, first) = (rule.base.unwrap_or(rule.from), sales.first()?);
    let year = base.date().year() - 1;
    let (from, to) = (Day::from_ymd(year, 1, 1)?, Day::from_ymd(year, 12, 31)?);
    let last_year = sales.sold(from.0, to.0).filter(|q| first <= from && *q > 0.0);
    let days = base.0 - first.0 + 1;
    let on_record = || {
        let sold = sales.sold(first.0, base.0).filter(|_| days >= LEAST_DAYS)?;
        Some((sold / f64::from(days) * MONTH, first, base))
    };
    last_year.map(|q| (q / 12.0, from, to)).or_else(on_record).filter(|m| m.0 > 0.0)
}

fn example(rule: &Rule) -> Text {
    let allowed = 3000.0 * (1.0 + share(rule));
    Text::new(
        format!(
            "上年月均销量 3000 只：允许库存 {allowed:.0} 只；连续超过 {} 天存 {:.0} 只即超过。",
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
