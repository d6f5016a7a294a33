#![doc = include_str!("bundle.md")]

use std::collections::BTreeMap;

use super::weigh::{above, binds, share};
use super::{Docket, Test};
use crate::model::{Day, Measure, Over, RowNote, Rule, Sheet, Text, Trade};
use crate::stats::robust::median;

/// The card.
pub const TEST: Test = Test {
    id: "bundle",
    page: include_str!("bundle.md"),
    needs_trades: true,
    reads: &["allowed_pct", "inclusive"],
    example,
    judge,
};

/// Days in a row on which the good is sold in bundles alone.
const LEAST_DAYS: usize = 3;

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let mut days: BTreeMap<Day, Vec<&Trade>> = BTreeMap::new();
    for t in trades(docket, s).filter(|t| !t.bundle.is_empty() && binds(rule, t.day.0)) {
        days.entry(t.day).or_default().push(t);
    }
    if days.is_empty() {
        return Err(Text::new("没有套餐编号的交易", "no sale with a bundle id"));
    }
    let mut measure = Measure { tested: days.len(), ..Measure::default() };
    let only: Vec<&Trade> = days.into_iter().filter(|d| all_bundled(docket, s, d)).flat_map(|d| d.1).collect();
    let mut dates: Vec<Day> = only.iter().map(|t| t.day).collect();
    dates.dedup();
    if dates.len() < LEAST_DAYS {
        return Ok(measure);
    }
    let usual = own_usual(docket, s, dates[0]).or_else(|| market(docket, s, dates[0]));
    let usual = usual
        .ok_or_else(|| Text::new("没有单独出售的价格可比", "no price of the good sold by itself to compare with"))?;
    measure.reference = Some(usual);
    let allowed = usual * (1.0 + share(rule));
    let mut rows = Vec::new();
    for t in only {
        let Some(b) = inside(docket, t) else { continue };
        let effective = (b.amount - b.others) / b.quantity;
        rows.push(b.cells(t, effective));
        if above(docket, rule, t.day.0, effective, allowed) {
            measure.over.push(Over {
                day: t.day,
                row: t.row,
                allowed,
                observed: effective,
                quantity: Some(b.quantity),
            });
        }
    }
    if let Some(w) = measure.worst().copied() {
        let unit = panel.price_unit(&panel.cells[series.cell as usize]).zh;
        measure.facts = vec![
            ("usual_price", usual, unit.clone()),
            ("effective_price", w.observed, unit),
            ("days_sold_only_in_bundles", dates.len() as f64, String::new()),
        ];
        measure.rows = vec![RowNote { row: w.row, role: Text::new("套餐所在行", "row of the bundle") }];
        measure.sheet = Some(sheet(rows));
    }
    Ok(measure)
}

/// Whether everything of the good sold that day went in bundles.
fn all_bundled(docket: &Docket<'_>, s: usize, (day, trades): &(Day, Vec<&Trade>)) -> bool {
    let points = docket.panel.points(&docket.panel.series[s]);
    let at = points.day.partition_point(|d| *d < day.0);
    let sold = points.quantity.get(at).copied().unwrap_or(f64::NAN);
    let inside: f64 = trades.iter().filter_map(|t| t.quantity).sum();
    points.day.get(at) == Some(&day.0) && inside >= sold - 1e-9
}

fn sheet(rows: Vec<Vec<String>>) -> Sheet {
    let columns = [
        ("日期", "date"),
        ("套餐", "bundle"),
        ("套餐金额", "bundle amount"),
        ("其他商品按平时价", "other goods at their usual price"),
        ("数量", "quantity"),
        ("实际单价", "effective price"),
    ];
    Sheet {
        title: Text::new("套餐中该商品的实际价格", "what the good costs inside the bundle"),
        columns: columns.map(|(zh, en)| Text::new(zh, en)).to_vec(),
        heads: Vec::new(),
        rows,
    }
}

/// One bundle as sold: its amount, the other goods in it at what they are usually sold for, the quantity of this good.
struct Bundle {
    amount: f64,
    others: f64,
    quantity: f64,
}

impl Bundle {
    fn cells(&self, t: &Trade, effective: f64) -> Vec<String> {
        let two = |v: f64| format!("{v:.2}");
        let (amount, others) = (two(self.amount), two(self.others));
        vec![t.day.to_string(), t.bundle.clone(), amount, others, self.quantity.to_string(), two(effective)]
    }
}

fn trades<'a>(docket: &'a Docket<'_>, s: usize) -> impl Iterator<Item = &'a Trade> {
    docket.of_series.get(&s).into_iter().flatten().map(|t| &docket.trades[*t])
}

fn inside(docket: &Docket<'_>, one: &Trade) -> Option<Bundle> {
    let seller = docket.panel.series[one.series].seller;
    let all = docket.of_seller.get(&seller)?.iter().flat_map(|s| trades(docket, *s));
    let of_bundle: Vec<&Trade> = all.filter(|t| t.bundle == one.bundle && t.day == one.day).collect();
    let (mut amount, mut others) = (0.0, 0.0);
    for t in &of_bundle {
        amount += t.price * t.quantity?;
        if t.series != one.series {
            let usual = own_usual(docket, t.series, t.day).or_else(|| market(docket, t.series, t.day));
            others += usual.unwrap_or(t.price).min(t.price.max(0.0)) * t.quantity?;
        }
    }
    let quantity: f64 = of_bundle.iter().filter(|t| t.series == one.series).filter_map(|t| t.quantity).sum();
    (quantity > 0.0 && of_bundle.len() > 1).then_some(Bundle { amount, others, quantity })
}

/// What the seller asked for the good before a day, in the middle.
fn own_usual(docket: &Docket<'_>, s: usize, day: Day) -> Option<f64> {
    let p = docket.panel.points(&docket.panel.series[s]);
    median(&p.price[..p.day.partition_point(|d| *d < day.0)])
}

/// The market median of its cell, which bundles may inflate only together.
fn market(docket: &Docket<'_>, s: usize, day: Day) -> Option<f64> {
    let cell = &docket.panel.cells[docket.panel.series[s].cell as usize];
    let others = cell.market.iter().filter(|d| d.day <= day && d.n >= 3);
    others.max_by_key(|d| d.day).map(|d| d.median)
}

fn example(_: &Rule) -> Text {
    Text::new(
        "口罩平时 2 元，只能买“10 只口罩 + 一瓶维生素”套餐 100 元，维生素平时 30 元：口罩实际 (100 − 30) / 10 = 7 元。",
        "A mask usually costs 2 and is sold only as \"10 masks and a bottle of vitamins\" for 100; the vitamins usually cost 30: (100 − 30) / 10 = 7 a mask.",
    )
}
