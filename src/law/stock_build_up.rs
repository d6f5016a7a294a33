#![doc = include_str!("stock_build_up.md")]

use super::turnover::{Sales, purchases};
use super::weigh::{above, binds, over, share};
use super::{Docket, Test};
use crate::model::panel::PointsView;
use crate::model::{Measure, Observed, Over, RowNote, Rule, Text};
use crate::stats::robust::median;

/// The card.
pub const TEST: Test = Test {
    id: "stock-build-up",
    page: include_str!("stock_build_up.md"),
    needs_trades: true,
    reads: &["allowed_pct", "inclusive", "days"],
    example,
    judge,
};

/// Days of each of the two periods, unless the rule says otherwise.
const DAYS: i32 = 14;
/// Sales are down below this share of those before: a fifth, beyond the noise of a fortnight.
const SALES: f64 = 0.8;
/// The price is up beyond this factor (a raise in `raised-first` is one from the same share on).
const PRICE: f64 = 1.05;

/// Purchases, sales and price of one period.
struct Period {
    bought: f64,
    sold: f64,
    price: f64,
}

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let points = panel.points(series);
    let (sales, bought) = (Sales::of(docket, s), purchases(docket, s));
    if bought.is_empty() && points.stock.iter().all(|v| !v.is_finite()) {
        return Err(Text::new("没有库存记录，也没有买入交易", "neither stock nor purchases on record"));
    }
    let n = rule.days.unwrap_or(DAYS);
    let period = |to: i32| {
        let recorded = || bought.iter().filter(|b| (to - n + 1..=to).contains(&b.0)).map(|b| b.1).sum();
        let sold = sales.sold(to - n + 1, to)?;
        let by_stock = || Some(stock_on(&points, to, n)? - stock_on(&points, to - n, n)? + sold);
        let bought = if bought.is_empty() { by_stock()? } else { recorded() };
        let days = points.day.partition_point(|d| *d <= to - n)..points.day.partition_point(|d| *d <= to);
        Some(Period { bought, sold, price: median(&points.price[days])? })
    };
    let mut measure = Measure { observed: Observed::Purchases, ..Measure::default() };
    for i in (0..points.day.len()).filter(|i| binds(rule, points.day[*i])) {
        let day = points.day[i];
        let Some((now, then)) = period(day).zip(period(day - n)).filter(|p| p.1.bought > 0.0) else { continue };
        measure.tested += 1;
        measure.reference.get_or_insert(then.bought);
        let allowed = then.bought * (1.0 + share(rule));
        let withheld = now.sold < then.sold * SALES && now.price > then.price * PRICE;
        if withheld && above(docket, rule, day, now.bought, allowed) {
            if measure.worst().is_none_or(|w| now.bought / allowed > w.observed / w.allowed) {
                tell(docket, s, &mut measure, i, &now, &then);
            }
            measure.over.push(Over { quantity: None, ..over(&points, i, allowed, now.bought) });
        }
    }
    if measure.tested == 0 {
        return Err(Text::new(
            "两段时间的销量、价格或库存不全",
            "sales, price or stock of the two periods are not all on record",
        ));
    }
    Ok(measure)
}

/// The numbers and the row of the day furthest above.
fn tell(docket: &Docket<'_>, s: usize, measure: &mut Measure, i: usize, now: &Period, then: &Period) {
    let panel = docket.panel;
    let series = &panel.series[s];
    let cell = &panel.cells[series.cell as usize];
    let (unit, price) = (cell.unit.label().to_owned(), panel.price_unit(cell).zh);
    measure.reference = Some(then.bought);
    measure.facts = vec![
        ("purchases_before", then.bought, unit.clone()),
        ("purchases_now", now.bought, unit.clone()),
        ("sold_before", then.sold, unit.clone()),
        ("sold_now", now.sold, unit),
        ("price_before", then.price, price.clone()),
        ("price_now", now.price, price),
    ];
    let role = Text::new("该段最后一天所在行", "row of the last day of the period");
    measure.rows = vec![RowNote { row: panel.points(series).row[i], role }];
}

/// The last stock on record up to a day, at most `n` days old.
fn stock_on(points: &PointsView<'_>, day: i32, n: i32) -> Option<f64> {
    let until = points.day.partition_point(|d| *d <= day);
    let known = (0..until).rev().find(|i| points.stock.get(*i).is_some_and(|v| v.is_finite()))?;
    (points.day[known] > day - n).then(|| points.stock[known])
}

fn example(rule: &Rule) -> Text {
    let (n, allowed) = (rule.days.unwrap_or(DAYS), 1000.0 * (1.0 + share(rule)));
    Text::new(
        format!(
            "前 {n} 天进 1000、销 1000、价 2.00 元；后 {n} 天进 1800、销 600、价 2.60 元：进货超过 {allowed:.0}，销售减、价格涨。"
        ),
        format!(
            "{n} days: 1,000 bought, 1,000 sold at 2.00; the next {n}: 1,800 bought, 600 sold at 2.60. More than {allowed:.0} bought, less sold, dearer."
        ),
    )
}
