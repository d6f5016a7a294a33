#![doc = include_str!("own_reference.md")]

use super::weigh::{cost_at, defended, price_days};
use super::{Docket, Test};
use crate::model::panel::PointsView;
use crate::model::{Measure, Metric, RowNote, Rule, Sellers, Statistic, Text};

/// The card.
pub const TEST: Test =
    Test { id: "own-reference", page: include_str!("own_reference.md"), needs_trades: false, example, judge };

/// The base: price, purchase cost if known, and the point it stands on.
struct Base {
    price: f64,
    cost: Option<f64>,
    at: usize,
}

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let series = &docket.panel.series[s];
    let points = docket.panel.points(series);
    let base = base(rule, &points).ok_or_else(no_history)?;
    if rule.sellers == Sellers::WithoutHistory {
        return Err(Text::new("基准日前有交易，适用另一条", "it sold before the base date: another rule applies"));
    }
    let extra = rule.allowed_pct.unwrap_or(0.0) / 100.0;
    let of_margin = rule.metric != Metric::Price;
    let cost = match (of_margin, base.cost) {
        (true, None) => return Err(no_purchase()),
        (_, cost) => cost,
    };
    let rate = |price: f64, cost: f64| {
        if rule.metric == Metric::MarginOnPrice { (price - cost) / price } else { (price - cost) / cost }
    };
    let allowed = |i: usize| {
        if !of_margin {
            return Some(base.price * (1.0 + extra));
        }
        let (now, then) = (cost_at(&points, i)?.0, cost?);
        Some(match rule.metric {
            Metric::MarginAmount => now + (base.price - then) * (1.0 + extra),
            Metric::MarginOnCost => now * (1.0 + rate(base.price, then) + extra),
            _ => now / (1.0 - (rate(base.price, then) + extra).min(0.999)),
        })
    };
    let Measure { tested, over, ceiling, .. } = price_days(&points, rule, allowed);
    if tested == 0 {
        return Err(if of_margin {
            no_purchase()
        } else {
            Text::new("基准日后没有价格", "no price after the base date")
        });
    }
    let unit = docket.panel.price_unit(&docket.panel.cells[series.cell as usize]).zh;
    let mut facts = vec![("reference_price", base.price, unit.clone())];
    let worst = Measure { over: over.clone(), ..Measure::default() }.worst().copied();
    if let Some(then) = cost {
        facts.push(("reference_cost", then, unit.clone()));
        facts.push(("margin_rate_before", rate(base.price, then) * 100.0, "%".into()));
    }
    if let Some(w) = worst {
        facts.push(("observed_price", w.observed, unit.clone()));
        facts.push(("rise", (w.observed / base.price - 1.0) * 100.0, "%".into()));
        let at = points.day.partition_point(|d| *d < w.day.0);
        if let Some((now, _)) = cost_at(&points, at.min(points.day.len() - 1)) {
            facts.push(("cost_now", now, unit));
            facts.push(("margin_rate_now", rate(w.observed, now) * 100.0, "%".into()));
        }
    }
    let pair = base.cost.map(|c| (base.price, c));
    let days = 0..points.day.len();
    Ok(Measure {
        reference: Some(base.price),
        tested,
        ceiling,
        over,
        facts,
        rows: vec![RowNote { row: points.row[base.at], role: Text::new("基准行", "reference row") }],
        defended: days
            .filter_map(|i| Some((crate::model::Day(points.day[i]), defended(rule, &points, i, pair)?)))
            .collect(),
        ..Measure::default()
    })
}

fn base(rule: &Rule, points: &PointsView<'_>) -> Option<Base> {
    let on = rule.base.unwrap_or(rule.from).0;
    let until = points.day.partition_point(|d| *d <= on);
    let from = rule.days.map_or(0, |n| points.day.partition_point(|d| *d <= on - n));
    let days = from.min(until)..until;
    let value = |i: &usize| points.price[*i];
    let at = match rule.statistic {
        Statistic::Last | Statistic::Average => days.clone().next_back()?,
        Statistic::Max => days.clone().max_by(|a, b| value(a).total_cmp(&value(b)))?,
        Statistic::Min => days.clone().min_by(|a, b| value(a).total_cmp(&value(b)))?,
    };
    let n = days.len() as f64;
    let price = if rule.statistic == Statistic::Average {
        days.map(|i| points.price[i]).sum::<f64>() / n
    } else {
        // The last actual price: of the day's last sale where times are known.
        if rule.statistic == Statistic::Last { points.last[at] } else { points.price[at] }
    };
    Some(Base { price, cost: cost_at(points, at).map(|c| c.0), at })
}

fn no_history() -> Text {
    Text::new("基准日前没有价格", "no price on or before the base date")
}

fn no_purchase() -> Text {
    Text::new(
        "没有进货记录，差价率无从计算（无法出示进货票据本身应予核查）",
        "no purchase record, so no margin (a missing invoice is itself worth asking about)",
    )
}

fn example(rule: &Rule) -> Text {
    let extra = rule.allowed_pct.unwrap_or(0.0) / 100.0;
    let (zh, en, allowed) = match rule.metric {
        Metric::Price => ("基准价 1.00 元".to_owned(), "reference price 1.00".to_owned(), 1.0 + extra),
        Metric::MarginAmount => (
            "基准价 1.00、当时进价 0.80（差价 0.20），现进价 1.20".to_owned(),
            "reference 1.00 bought at 0.80 (margin 0.20), cost now 1.20".to_owned(),
            1.2 + 0.2 * (1.0 + extra),
        ),
        Metric::MarginOnCost => (
            "基准价 1.00、当时进价 0.80（差价率 25%），现进价 1.20".to_owned(),
            "reference 1.00 bought at 0.80 (25 % on cost), cost now 1.20".to_owned(),
            1.2 * (1.25 + extra),
        ),
        Metric::MarginOnPrice => (
            "基准价 1.00、当时进价 0.80（差价率 20%），现进价 1.20".to_owned(),
            "reference 1.00 bought at 0.80 (20 % of the price), cost now 1.20".to_owned(),
            1.2 / (0.8 - extra),
        ),
    };
    Text::new(
        format!(
            "{zh}：允许价 {allowed:.2} 元。售 2.00 元、100 只：超出 (2.00 − {allowed:.2}) × 100 = {:.2} 元。",
            (2.0 - allowed) * 100.0
        ),
        format!(
            "{en}: allowed {allowed:.2}. Sold at 2.00, 100 pieces: excess (2.00 − {allowed:.2}) × 100 = {:.2}.",
            (2.0 - allowed) * 100.0
        ),
    )
}
