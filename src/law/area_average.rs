#![doc = include_str!("area_average.md")]

use std::collections::BTreeMap;

use super::weigh::price_days;
use super::{Docket, Test};
use crate::model::{Measure, Rule, Text};

/// The card.
pub const TEST: Test =
    Test { id: "area-average", page: include_str!("area_average.md"), needs_trades: false, example, judge };

/// Fewest other entities whose prices make an average.
const PEERS: usize = 3;

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let (cell, entity) = (&panel.cells[series.cell as usize], panel.entity(series));
    let Some(pct) = rule.allowed_pct else {
        return Err(Text::new(
            "合理幅度由本地规定，尚未设定",
            "the reasonable band is set locally and has not been set",
        ));
    };
    if !cell.comparable {
        return Err(Text::new("包装不明，不能与同类比较", "unknown pack: not comparable"));
    }
    let mut days: BTreeMap<i32, Vec<(u32, f64)>> = BTreeMap::new();
    for other in panel.series[cell.series.clone()].iter().filter(|o| panel.entity(o) != entity) {
        let p = panel.points(other);
        for (d, price) in p.day.iter().zip(p.price) {
            days.entry(*d).or_default().push((panel.entity(other), *price));
        }
    }
    let points = panel.points(series);
    let fixed = rule.base.map(|b| average(&days, b.0 - rule.days.unwrap_or(30) + 1, b.0));
    let mean = |i: usize| match fixed {
        Some(mean) => mean,
        None => average(&days, points.day[i] - rule.days.unwrap_or(1) + 1, points.day[i]),
    };
    let mut measure = price_days(&points, rule, |i| Some(mean(i)? * (1.0 + pct / 100.0)));
    if measure.tested == 0 {
        return Err(Text::new(
            "同一地区同一期间同种商品的其他经营者不足三家",
            "fewer than three others sell the same good there and then",
        ));
    }
    let unit = panel.price_unit(cell).zh;
    if let Some(w) = measure.worst().copied() {
        let average = w.allowed / (1.0 + pct / 100.0);
        measure.reference = Some(average);
        measure.facts = vec![
            ("area_average", average, unit.clone()),
            ("observed_price", w.observed, unit),
            ("times_the_average", w.observed / average, String::new()),
        ];
    }
    Ok(measure)
}

/// Mean of the others' prices between two days; `None` with fewer than `PEERS` entities.
fn average(days: &BTreeMap<i32, Vec<(u32, f64)>>, from: i32, to: i32) -> Option<f64> {
    let prices: Vec<(u32, f64)> = days.range(from.min(to)..=to).flat_map(|d| d.1.iter().copied()).collect();
    let entities: std::collections::BTreeSet<u32> = prices.iter().map(|p| p.0).collect();
    (entities.len() >= PEERS).then(|| prices.iter().map(|p| p.1).sum::<f64>() / prices.len() as f64)
}

fn example(rule: &Rule) -> Text {
    let Some(pct) = rule.allowed_pct else {
        return Text::new("合理幅度未设定：不检验，列为跳过。", "No band is set: not tested, listed as skipped.");
    };
    let allowed = 1.0 + pct / 100.0;
    Text::new(
        format!("同地区同种商品其他经营者平均 1.00 元：允许价 {allowed:.2} 元。"),
        format!("Others in the area sell at 1.00 on average: allowed {allowed:.2}."),
    )
}
