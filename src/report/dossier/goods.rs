//! What it sold, at what price and margin: figures, weeks, the ledger day by day, and what happened when.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Background, One, people};
use crate::model::panel::PointsView;
use crate::model::{Basis, Day, masked};
use crate::report::Results;
use crate::report::tables::safe;
use crate::stats::robust::median;

/// Days of sales that tell how long a stock lasts.
const TURNOVER: i32 = 28;
/// A weekly median that moves by this much is an event.
const EVENT_PCT: f64 = 2.0;

fn known(column: &[f64], i: usize) -> Option<f64> {
    column.get(i).copied().filter(|v| v.is_finite())
}

fn one_digit(v: f64) -> f64 {
    (v * 10.0).round() / 10.0
}

/// Margin rate on cost in percent on point `i`.
fn margin(p: &PointsView<'_>, i: usize) -> Option<f64> {
    known(p.cost, i).filter(|c| *c > 0.0).map(|c| one_digit((p.price[i] / c - 1.0) * 100.0))
}

fn basis(b: Basis) -> &'static str {
    if b == Basis::Net { "net" } else { "posted" }
}

/// A charged series none of whose sales has a purchase cost.
pub fn sold_without_cost(r: &Results<'_>, s: usize) -> bool {
    let series = &r.panel.series[s];
    let p = r.panel.points(series);
    r.panel.cells[series.cell as usize].basis == Basis::Net && (0..p.day.len()).all(|i| known(p.cost, i).is_none())
}

/// Figures of one series: prices, margin, stock and how long it lasts, sales.
pub fn good(r: &Results<'_>, s: usize) -> Value {
    let series = &r.panel.series[s];
    let (cell, item, p) =
        (&r.panel.cells[series.cell as usize], &r.panel.items[series.item as usize], r.panel.points(series));
    let last = p.day.len() - 1;
    let ends = |of: &dyn Fn(usize) -> Option<f64>| {
        let all: Vec<f64> = (0..=last).filter_map(of).collect();
        json!([all.first(), all.last()])
    };
    let sold: f64 = p.quantity.iter().filter(|q| q.is_finite()).sum();
    let quantity = p.quantity.iter().any(|q| q.is_finite()).then_some(sold);
    let stock = (0..=last).rev().find_map(|i| Some((p.day[i], known(p.stock, i)?)));
    json!({"product": item.product, "spec": item.spec, "brand": item.brand, "market": series.market,
        "basis": basis(cell.basis), "unit": r.panel.price_unit(cell).get(r.lang),
        "days": p.day.len(), "from": Day(p.day[0]), "to": Day(p.day[last]), "first_price": p.price[0], "last_price": p.price[last],
        "lowest": p.price.iter().copied().fold(f64::INFINITY, f64::min), "highest": p.high.iter().copied().fold(0.0, f64::max),
        "margin_rate": ends(&|i| margin(&p, i)), "stock": ends(&|i| known(p.stock, i)),
        "stock_lasts_days": stock.and_then(|(day, q)| Some((q / per_day(r, s, day)?).round())), "quantity": quantity})
}

/// Units of the good sold a day by the seller in the four weeks up to a day.
fn per_day(r: &Results<'_>, s: usize, to: i32) -> Option<f64> {
    let (panel, series) = (r.panel, &r.panel.series[s]);
    let cell = &panel.cells[series.cell as usize];
    let same = |o: &&crate::model::Series| {
        let c = &panel.cells[o.cell as usize];
        o.seller == series.seller && c.basis == Basis::Net && c.product == cell.product && c.unit == cell.unit
    };
    let sold = |o: &crate::model::Series| -> f64 {
        let p = panel.points(o);
        (0..p.day.len())
            .filter(|i| (to - TURNOVER + 1..=to).contains(&p.day[*i]))
            .filter_map(|i| known(p.quantity, i))
            .sum()
    };
    let all: f64 = panel.series.iter().filter(same).map(sold).sum();
    (all > 0.0).then(|| all / f64::from(TURNOVER))
}

/// Week by week: median price and its change, range, cost, margin, sales, stock at the end.
pub fn weeks(r: &Results<'_>, s: usize) -> Value {
    let series = &r.panel.series[s];
    let p = r.panel.points(series);
    let mut weeks: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for i in 0..p.day.len() {
        weeks.entry((p.day[i] + 3).div_euclid(7)).or_default().push(i); // day 0 was a Thursday
    }
    let mut before: Option<f64> = None;
    let mut rows = Vec::new();
    for (week, of) in &weeks {
        let prices: Vec<f64> = of.iter().map(|i| p.price[*i]).collect();
        let middle = median(&prices).unwrap_or(f64::NAN);
        let change = before.map(|b| one_digit((middle / b - 1.0) * 100.0));
        before = Some(middle);
        let last = |column: &[f64]| of.iter().rev().find_map(|i| known(column, *i));
        let sold: Vec<f64> = of.iter().filter_map(|i| known(p.quantity, *i)).collect();
        let low = prices.iter().copied().fold(f64::INFINITY, f64::min);
        let high = of.iter().map(|i| p.high[*i]).fold(0.0, f64::max);
        rows.push(json!({"week": Day(week * 7 - 3), "price": middle, "low": low, "high": high, "change_pct": change,
            "event": change.is_some_and(|c| c.abs() >= EVENT_PCT), "cost": last(p.cost),
            "margin_rate": of.iter().rev().find_map(|i| margin(&p, *i)),
            "quantity": (!sold.is_empty()).then(|| sold.iter().sum::<f64>()), "stock": last(p.stock)}));
    }
    let cell = &r.panel.cells[series.cell as usize];
    json!({"product": r.panel.items[series.item as usize].product, "basis": basis(cell.basis),
        "unit": r.panel.price_unit(cell).get(r.lang), "rows": rows})
}

/// What happened when: price steps found, the first day above each rule, notices, certificates.
pub fn timeline(r: &Results<'_>, b: &Background<'_>, one: &One<'_>) -> Vec<Value> {
    let mut all: Vec<(Day, &str, String, String)> = Vec::new();
    for f in r.findings {
        for step in f.steps.iter().filter(|s| one.series.contains(&s.series)) {
            let product = &r.panel.items[r.panel.series[step.series].item as usize].product;
            all.push((step.first_new, "step", format!("{product} {:.2} → {:.2}", step.old, step.new), String::new()));
        }
    }
    for j in r.judged.iter().filter(|j| one.series.contains(&j.series)) {
        let (Some(m), rule) = (j.over(), &r.rules[j.rule]) else { continue };
        let Some(first) = m.over.iter().min_by_key(|o| (o.day, o.row)) else { continue };
        let product = &r.panel.items[r.panel.series[j.series].item as usize].product;
        let text = format!("{}{} · {product}", rule.title.get(r.lang), rule.mark(r.lang));
        all.push((first.day, "above", text, r.place(first.row)));
    }
    for n in b.notices.iter().filter(|n| people::concerns(r, one, n)) {
        all.push((n.day, "notice", n.kind.clone(), r.place(n.row)));
    }
    for c in b.certificates.iter().filter(|c| c.seller == one.id) {
        for (what, day) in [("issued", c.issued), ("expires", c.expires)] {
            all.extend(day.map(|d| (d, what, c.number.clone(), r.place(c.row))));
        }
    }
    all.sort();
    all.dedup();
    all.into_iter()
        .map(|(day, what, text, source)| json!({"day": day, "what": what, "text": text, "source": source}))
        .collect()
}

/// The ledger: every good on every day on record, with its source row.
pub fn ledger(r: &Results<'_>, one: &One<'_>) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "seller_id",
        "date",
        "product",
        "spec",
        "brand",
        "basis",
        "unit",
        "price",
        "highest",
        "unit_cost",
        "margin_rate_pct",
        "quantity",
        "stock",
        "list_price",
        "fee",
        "source",
    ])?;
    let number = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v}"));
    for s in &one.series {
        let series = &r.panel.series[*s];
        let (cell, item) = (&r.panel.cells[series.cell as usize], &r.panel.items[series.item as usize]);
        let p = r.panel.points(series);
        for i in 0..p.day.len() {
            out.write_record([
                safe(&masked(one.id)),
                Day(p.day[i]).to_string(),
                safe(&item.product),
                safe(&item.spec),
                safe(&item.brand),
                basis(cell.basis).to_owned(),
                safe(r.panel.price_unit(cell).get(r.lang)),
                number(Some(p.price[i])),
                number(Some(p.high[i])),
                number(known(p.cost, i)),
                number(margin(&p, i)),
                number(known(p.quantity, i)),
                number(known(p.stock, i)),
                number(known(p.list, i)),
                number(known(p.fee, i)),
                safe(&r.place(p.row[i])),
            ])?;
        }
    }
    out.into_inner().context("ledger.csv")
}
