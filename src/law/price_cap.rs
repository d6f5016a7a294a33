#![doc = include_str!("price_cap.md")]

use super::weigh::{price_days, share};
use super::{Docket, Test, divisions};
use crate::model::{Cap, Day, Measure, PriceUnit, RowNote, Rule, Text};

/// The card.
pub const TEST: Test = Test {
    id: "price-cap",
    page: include_str!("price_cap.md"),
    needs_trades: false,
    reads: &["allowed_pct", "inclusive", "cap", "per", "currency"],
    example,
    judge,
};

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let cell = &panel.cells[series.cell as usize];
    let points = panel.points(series);
    let extra = 1.0 + share(rule);
    let currency = &panel.currency;
    if !rule.currency.is_empty() && !rule.currency.iter().any(|c| *c == currency.zh || *c == currency.en) {
        return Err(Text::new(
            format!("限价以 {} 计，价格以 {} 计", rule.currency[0], currency.zh),
            format!("the cap is in {}, prices are in {}", rule.currency[0], currency.en),
        ));
    }
    let mut measure = match rule.cap {
        Some(cap) => {
            let fits =
                matches!((&cell.unit, &rule.per), (PriceUnit::Base(u), Some(per)) if u == per) || rule.per.is_none();
            if !fits {
                return Err(Text::new("计量单位与限价不同或不明", "the unit differs from the cap's, or is unknown"));
            }
            Measure { reference: Some(cap), ..price_days(docket, &points, rule, |_| Some(cap * extra)) }
        }
        None => {
            let caps = of_series(docket, s)?;
            let on = |i: usize| {
                caps.iter()
                    .rev()
                    .find(|c| c.from <= Day(points.day[i]) && c.until.is_none_or(|u| Day(points.day[i]) <= u))
            };
            let compared = price_days(docket, &points, rule, |i| Some(on(i)?.price * extra));
            let rows = caps
                .iter()
                .map(|c| RowNote { row: c.row, role: Text::new("限价所在行", "row of the maximum price") });
            Measure { reference: caps.last().map(|c| c.price), rows: rows.collect(), ..compared }
        }
    };
    if measure.tested == 0 {
        return Err(Text::new("限价期内没有价格", "no price while a cap was in force"));
    }
    if let Some(w) = measure.worst().copied() {
        let unit = panel.price_unit(cell).zh;
        measure.facts = vec![("maximum_price", w.allowed, unit.clone()), ("observed_price", w.observed, unit)];
    }
    Ok(measure)
}

/// The caps of the good, its own region's before those of a larger one, by first day.
fn of_series<'a>(docket: &Docket<'a>, s: usize) -> Result<Vec<&'a Cap>, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let cell = &panel.cells[series.cell as usize];
    let product = &panel.items[series.item as usize].product;
    let listed = docket.caps.get(product).or_else(|| docket.caps.get(&cell.product));
    let Some(all) = listed else {
        return Err(Text::new("限价文件里没有这种商品", "the good is not in the file of maximum prices"));
    };
    let place = docket.places[series.cell as usize].clone();
    let same = |c: &&Cap| c.region == cell.region;
    let inside = |c: &&Cap| {
        c.region.is_empty()
            || place
                .as_ref()
                .zip(docket.divisions.code(&c.region))
                .is_some_and(|(p, r)| divisions::within(p, r.trim_end_matches("00")))
    };
    let own: Vec<&Cap> = all.iter().filter(same).collect();
    let mut caps: Vec<&Cap> = if own.is_empty() { all.iter().filter(inside).collect() } else { own };
    caps.sort_by(|a, b| a.from.cmp(&b.from).then(a.row.cmp(&b.row)));
    if caps.is_empty() {
        Err(Text::new("本地区没有这种商品的限价", "no maximum price of the good in this region"))
    } else {
        Ok(caps)
    }
}

fn example(rule: &Rule) -> Text {
    let cap = rule.cap.unwrap_or(1.0);
    Text::new(
        format!("限价 {cap:.2}：售 {:.2}、1000 只，超出 {:.2}。", cap + 0.5, 500.0),
        format!("Cap {cap:.2}: sold at {:.2}, 1,000 pieces, excess {:.2}.", cap + 0.5, 500.0),
    )
}
