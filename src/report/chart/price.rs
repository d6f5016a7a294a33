//! One seller's price: step line and points, base date, ceiling, cost, peers' median and quartiles, notices.

use anyhow::Result;

use super::curves::{Curve, Curves, curves};
use super::frame::{ACCENT, Area, BLUE, BROWN, GREY, footer, pick, title};
use super::pen::Stroke;
use super::{Picture, Readings};
use crate::model::{Day, MarketDay, NoticeState, Observed};
use crate::report::Results;

/// Fewest series that make a market worth drawing.
const MARKET: u32 = 3;

/// Draws it.
pub fn draw(area: &Area<'_>, r: &Results<'_>, x: &Picture<'_>) -> Result<Readings> {
    title(area, r, x)?;
    let p = r.panel.points(&r.panel.series[x.series[0]]);
    let drawn = |d: &(i32, f64)| (x.days.0..=x.days.1).contains(&d.0);
    let points: Vec<(i32, f64)> = p.day.iter().copied().zip(p.price.iter().copied()).filter(drawn).collect();
    let market = market(x);
    let mut all: Vec<Curve> = peers(r, market).into_iter().chain(cost(r, x)).chain(allowed(r, x)).collect();
    let stroke = Stroke { colour: ACCENT, width: 2, dash: "" };
    all.push(Curve { label: pick(r.lang, "本店价格", "this seller"), points, stroke, dotted: true });
    let mine = |s: &&crate::model::Step| s.series == x.series[0];
    let readings = curves(
        area,
        &Curves {
            curves: all,
            market,
            rows: x.rows,
            steps: x.steps.iter().filter(mine).copied().collect(),
            marks: marks(r, x),
            hold: r.panel.hold_days,
        },
    )?;
    footer(area, r, x)?;
    Ok(readings)
}

/// The market's days that are drawn, where enough sell there.
pub fn market<'a>(x: &Picture<'a>) -> &'a [MarketDay] {
    let at = |day: i32| x.cell.market.partition_point(|d| d.day.0 < day);
    let days = &x.cell.market[at(x.days.0)..at(x.days.1.saturating_add(1))];
    if days.iter().any(|d| d.n >= MARKET) { days } else { &[] }
}

/// The peers' median, with how many they are.
pub fn peers(r: &Results<'_>, market: &[MarketDay]) -> Option<Curve> {
    let (low, high) = (market.iter().map(|d| d.n).min()?, market.iter().map(|d| d.n).max()?);
    let n = if low == high { format!("n={high}") } else { format!("n={low}–{high}") };
    Some(Curve {
        label: pick(r.lang, &format!("同类中位价、\n四分位 {n}"), &format!("peers' median,\nquartiles {n}")),
        points: market.iter().map(|d| (d.day.0, d.median)).collect(),
        stroke: Stroke { colour: GREY, width: 1, dash: "" },
        dotted: false,
    })
}

/// The seller's own purchase cost, else the cost series of its good, on the same unit.
fn cost(r: &Results<'_>, x: &Picture<'_>) -> Option<Curve> {
    let p = r.panel.points(&r.panel.series[x.series[0]]);
    let own: Vec<(i32, f64)> = p.day.iter().copied().zip(p.cost.iter().copied()).filter(|c| c.1.is_finite()).collect();
    let (label, points) = if own.is_empty() {
        let cost = x.cell.cost.as_ref().filter(|c| !c.is_index)?;
        let points = cost.days.iter().map(|d| d.0).zip(cost.cost.iter().copied()).collect();
        (pick(r.lang, "成本", "cost"), points)
    } else {
        (pick(r.lang, "进价", "purchase cost"), own)
    };
    Some(Curve { label, points, stroke: Stroke { colour: BROWN, width: 1, dash: "1 2" }, dotted: false })
}

/// What the market alone would give, and what a rule allows; of a compared price, itself and the lowest charged before.
fn allowed(r: &Results<'_>, x: &Picture<'_>) -> Vec<Curve> {
    let stroke = Stroke { colour: BLUE, width: 1, dash: "6 3" };
    let curve = |label: String, points: Vec<(i32, f64)>, dash| Curve {
        label,
        points,
        stroke: Stroke { dash, ..stroke },
        dotted: false,
    };
    let expected: Vec<(i32, f64)> = x.expected.iter().map(|e| (e.0.0, e.1)).collect();
    let ceiling = |points| curve(pick(r.lang, "规则允许价", "allowed by the rule"), points, "8 2 2 2");
    if let Some(m) = super::measure::told(r, x, Observed::List) {
        let p = r.panel.points(&r.panel.series[x.series[0]]);
        let shown = p.day.iter().copied().zip(p.list.iter().copied()).filter(|l| l.1.is_finite()).collect();
        let before = m.over.iter().map(|o| (o.day.0, o.allowed)).collect();
        return vec![
            curve(pick(r.lang, "标示原价", "compared price"), shown, "6 3"),
            curve(pick(r.lang, "此前最低成交价", "lowest before"), before, "8 2 2 2"),
        ];
    }
    if x.by_rule {
        return vec![ceiling(expected)];
    }
    let mut out = Vec::new();
    if !expected.is_empty() {
        out.push(curve(pick(r.lang, "随市场应为", "by the market"), expected, "6 3"));
    }
    let mine = r.judged.iter().filter(|j| j.series == x.series[0] && x.rules.contains(&r.rules[j.rule].id));
    let of_price = mine.filter_map(|j| j.over()).find(|m| m.observed == Observed::Price && !m.ceiling.is_empty());
    out.extend(of_price.map(|m| ceiling(m.ceiling.iter().map(|c| (c.0.0, c.1)).collect())));
    out
}

/// Base dates of the rules, and notices given.
fn marks(r: &Results<'_>, x: &Picture<'_>) -> Vec<(Day, String)> {
    let mut out = Vec::new();
    for j in r.judged.iter().filter(|j| j.series == x.series[0] && x.rules.contains(&r.rules[j.rule].id)) {
        let date = |d: Day| d.to_string().split_off(5);
        out.extend(r.rules[j.rule].base.map(|d| (d, format!("{} {}", pick(r.lang, "基准日", "base"), date(d)))));
        if let NoticeState::Given(d) = j.notice {
            out.push((d, format!("{} {}", pick(r.lang, "告诫", "notice"), date(d))));
        }
    }
    let step = x.steps.iter().find(|s| s.series == x.series[0]);
    out.extend(
        step.map(|s| {
            (s.first_new, format!("{} {}", pick(r.lang, "涨价", "rise"), s.first_new.to_string().split_off(5)))
        }),
    );
    out.sort();
    out.dedup();
    out
}
