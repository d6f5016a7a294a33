#![doc = include_str!("bundle.md")]

use std::collections::BTreeMap;

use super::weigh::{binds, exceeds};
use super::{Docket, Test};
use crate::model::{Day, Measure, Over, RowNote, Rule, Sheet, Text, Trade};
use crate::stats::robust::median;

/// The card.
pub const TEST: Test = Test { id: "bundle", page: include_str!("bundle.md"), needs_trades: true, example, judge };

/// Days in a row on which the good is sold in bundles alone.
const LEAST_DAYS: usize = 3;

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let points = panel.points(series);
    let mine: Vec<&Trade> = trades(docket, s).filter(|t| !t.bundle.is_empty() && binds(rule, t.day.0)).collect();
    if mine.is_empty() {
        return Err(Text::new("没有套餐编号的交易", "no sale with a bundle id"));
    }
    let bundled: BTreeMap<Day, Vec<&Trade>> = mine.iter().fold(BTreeMap::new(), |mut days, t| {
        days.entry(t.day).or_insert_with(Vec::new).push(*t);
        days
    });
    // A day counts when everything of the good sold that day went in bundles.
    let whole = |day: &Day, trades: &Vec<&Trade>| {
        let at = points.day.partition_point(|d| *d < day.0);
        let sold = points.quantity.get(at).copied().unwrap_or(f64::NAN);
        let inside: f64 = trades.iter().filter_map(|t| t.quantity).sum();
        points.day.get(at) == Some(&day.0) && inside >= sold - 1e-9
    };
    let only: Vec<(&Day, &Vec<&Trade>)> = bundled.iter().filter(|(d, t)| whole(d, t)).collect();
    if only.len() < LEAST_DAYS {
        return Ok(Measure { tested: bundled.len(), ..Measure::default() });
    }
    let first = *only[0].0;
    let before: Vec<f64> =
        (0..points.day.len()).filter(|i| points.day[*i] < first.0).map(|i| points.price[i]).collect();
    let usual = median(&before).or_else(|| market(docket, s, first));
    let Some(usual) = usual else {
        return Err(Text::new("没有单独出售的价格可比", "no price of the good sold by itself to compare with"));
    };
    let mut measure = Measure { tested: bundled.len(), reference: Some(usual), ..Measure::default() };
    let allowed = usual * (1.0 + rule.allowed_pct.unwrap_or(0.0) / 100.0);
    let mut sheet = Sheet {
        title: Text::new("套餐中该商品的实际价格", "what the good costs inside the bundle"),
        columns: vec![
            Text::new("日期", "date"),
            Text::new("套餐", "bundle"),
            Text::new("套餐金额", "bundle amount"),
            Text::new("其他商品按平时价", "other goods at their usual price"),
            Text::new("数量", "quantity"),
            Text::new("实际单价", "effective price"),
        ],
        rows: Vec::new(),
    };
    for (day, t) in only.iter().flat_map(|(d, ts)| ts.iter().map(move |t| (**d, *t))) {
        let Some((amount, others, quantity)) = inside(docket, t) else { continue };
        let effective = (amount - others) / quantity;
        sheet.rows.push(vec![
            day.to_string(),
            t.bundle.clone(),
            format!("{amount:.2}"),
            format!("{others:.2}"),
            format!("{quantity}"),
            format!("{effective:.2}"),
        ]);
        if exceeds(effective, allowed, rule.tolerance) {
            measure.over.push(Over { day, row: t.row, allowed, observed: effective, quantity: Some(quantity) });
        }
    }
    if let Some(w) = measure.worst().copied() {
        let unit = panel.price_unit(&panel.cells[series.cell as usize]).zh;
        measure.facts = vec![
            ("usual_price", usual, unit.clone()),
            ("effective_price", w.observed, unit),
            ("days_sold_only_in_bundles", only.len() as f64, String::new()),
        ];
        measure.rows = vec![RowNote { row: w.row, role: Text::new("套餐所在行", "row of the bundle") }];
        measure.sheet = Some(sheet);
    }
    Ok(measure)
}

fn trades<'a>(docket: &'a Docket<'_>, s: usize) -> impl Iterator<Item = &'a Trade> {
    docket.of_series.get(&s).into_iter().flatten().map(|t| &docket.trades[*t])
}

/// Amount of the bundle, the other goods in it at what they are usually sold for, and the quantity of this good.
fn inside(docket: &Docket<'_>, one: &Trade) -> Option<(f64, f64, f64)> {
    let seller = docket.panel.series[one.series].seller;
    let all = docket.of_seller.get(&seller)?.iter().flat_map(|s| trades(docket, *s));
    let of_bundle: Vec<&Trade> = all.filter(|t| t.bundle == one.bundle && t.day == one.day).collect();
    let mut others = 0.0;
    let mut amount = 0.0;
    for t in &of_bundle {
        amount += t.price * t.quantity?;
        if t.series != one.series {
            others += usual_other(docket, t)?.min(t.price.max(0.0)) * t.quantity?;
        }
    }
    let quantity: f64 = of_bundle.iter().filter(|t| t.series == one.series).filter_map(|t| t.quantity).sum();
    (quantity > 0.0 && of_bundle.len() > 1).then_some((amount, others, quantity))
}

/// What another good of the bundle is worth: the market median of its cell, which bundles may inflate only together.
fn usual_other(docket: &Docket<'_>, t: &Trade) -> Option<f64> {
    let panel = docket.panel;
    let series = &panel.series[t.series];
    let own: Vec<f64> = {
        let p = panel.points(series);
        (0..p.day.len()).filter(|i| p.day[*i] < t.day.0).map(|i| p.price[i]).collect()
    };
    median(&own).or_else(|| market(docket, t.series, t.day)).or(Some(t.price))
}

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
