//! Dated rises of one economic entity, and what cost leaves unexplained of each.

use std::collections::BTreeMap;

use super::groups::MAX_UNSEEN;
use crate::model::panel::PointsView;
use crate::model::{Cell, Day, Panel};

/// One rise.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rise {
    /// Index into `Panel::series`.
    pub series: usize,
    /// Position of the first point at the new price.
    pub at: usize,
    /// Day of that point.
    pub day: i32,
    /// Days without a price just before: the rise may be that much older.
    pub unseen: i32,
    /// Log size.
    pub size: f64,
    /// What the cost allowance leaves of it.
    pub unexplained: f64,
    /// What rounding to the seller's coin may add to the size.
    pub coin: f64,
}

/// Smallest relative rise, and the coin it must move: METHODS 2.0.
pub const MIN_RISE: f64 = 0.02;
const COIN: f64 = 0.01;
/// A change across a longer gap has no date.
const MAX_GAP_DAYS: i32 = 7;
/// A price that comes back, within one percent, to what was asked in the days before it was lowered ends a
/// sale and is no rise.
const SALE_DAYS: i32 = 10;
const BACK: f64 = 0.01;
/// Days each side in which the share of rising entities is taken.
const RHYTHM_DAYS: i32 = 5;
/// Cost allowance: κ and the days within which it is spent (METHODS 2.3).
const KAPPA: f64 = 1.2;
const COST_DAYS: i32 = 21;

/// The rises of each entity of a cell, by entity; several shops of one owner that move within a day count once.
pub fn entity_rises(panel: &Panel, cell: &Cell) -> BTreeMap<u32, Vec<Rise>> {
    let mut all: BTreeMap<u32, Vec<Rise>> = BTreeMap::new();
    for s in cell.series.clone() {
        let series = &panel.series[s];
        if !panel.sellers[series.seller as usize].marketplace {
            all.entry(panel.entity(series)).or_default().extend(rises(s, &panel.points(series), cell));
        }
    }
    for list in all.values_mut() {
        list.sort_by_key(|r| (r.day, r.series));
        list.dedup_by(|b, a| b.day - a.day <= 1);
    }
    all
}

/// Leaves only rises in quiet times: where more than `share` of the entities rise within ±`RHYTHM_DAYS`, the whole
/// market answers to something, and like sellers answer alike.
pub fn keep_quiet(all: &mut BTreeMap<u32, Vec<Rise>>, share: f64) {
    let first = all.values().flatten().map(|r| r.day).min().unwrap_or(0) - RHYTHM_DAYS;
    let last = all.values().flatten().map(|r| r.day).max().unwrap_or(0) + RHYTHM_DAYS;
    let mut rising = vec![0usize; (last - first + 1) as usize];
    for list in all.values() {
        let mut until = first;
        for r in list {
            let from = until.max(r.day - RHYTHM_DAYS);
            until = r.day + RHYTHM_DAYS + 1;
            (from..until).for_each(|d| rising[(d - first) as usize] += 1);
        }
    }
    let most = share * all.len() as f64;
    for list in all.values_mut() {
        list.retain(|r| rising[(r.day - first) as usize] as f64 <= most);
    }
}

fn rises(series: usize, p: &PointsView<'_>, cell: &Cell) -> Vec<Rise> {
    let mut out: Vec<Rise> = Vec::new();
    let (mut allowance_until, mut spent) = (i32::MIN, 0.0);
    let coin = coin(p.price);
    for i in 1..p.day.len() {
        let (old, new) = (p.price[i - 1], p.price[i]);
        let r = (new / old).ln();
        let gap = p.day[i] - p.day[i - 1];
        if r < MIN_RISE.max(COIN / new) || gap > MAX_GAP_DAYS || !holds(p, i) || ends_sale(p, i, cell) {
            continue;
        }
        if p.day[i] > allowance_until {
            spent = 0.0;
        }
        let free = (allowance(cell, p.day[i], old) - spent).max(0.0).min(r);
        spent += free;
        allowance_until = p.day[i] + COST_DAYS;
        let unseen = (gap - 1).min(MAX_UNSEEN);
        out.push(Rise { series, at: i, day: p.day[i], unseen, size: r, unexplained: r - free, coin: coin / old });
    }
    out
}

/// Not a lone high price: most of the next three observations stay above the old one.
fn holds(p: &PointsView<'_>, i: usize) -> bool {
    let next = &p.price[i + 1..p.price.len().min(i + 4)];
    let stay = next.iter().filter(|x| **x > (1.0 + BACK) * p.price[i - 1]).count();
    stay * 2 >= next.len()
}

/// Was the price as high as now before it was lowered a few days ago? Not where the market fell meanwhile: a
/// price that comes back against the market has risen.
fn ends_sale(p: &PointsView<'_>, i: usize, cell: &Cell) -> bool {
    let from = p.day[..i].partition_point(|d| *d < p.day[i] - SALE_DAYS);
    let index = |day: i32| {
        let at = cell.market.partition_point(|m| m.day.0 <= day);
        at.checked_sub(1).map_or(0.0, |at| cell.market[at].index)
    };
    let now = index(p.day[i]);
    (from..i).any(|k| {
        let (before, lowered) = (p.price[k], (1.0 + BACK) * p.price[i - 1]);
        before > lowered && (before / p.price[i]).ln().abs() <= BACK && index(p.day[k]) - now < MIN_RISE
    })
}

/// The coin a seller rounds to: the largest of the usual ones that nine prices in ten are multiples of.
fn coin(prices: &[f64]) -> f64 {
    let fits = |c: f64| {
        let whole = prices.iter().filter(|p| (*p / c - (*p / c).round()).abs() < 1e-6).count();
        whole * 10 >= prices.len() * 9
    };
    [10.0, 5.0, 1.0, 0.5, 0.1, 0.05].into_iter().find(|c| fits(*c)).unwrap_or(COIN)
}

/// Log rise that cost allows a price `old`: κ·Δcost in yuan where the cost is one per base unit, κ·Δln where it
/// is an index; Δ is the largest rise that ends now and began within the window. 0 without a cost series.
fn allowance(cell: &Cell, day: i32, old: f64) -> f64 {
    let Some(cost) = &cell.cost else { return 0.0 };
    let Some(now) = cost.on(Day(day)) else { return 0.0 };
    let lowest = (day - COST_DAYS..day).filter_map(|d| cost.on(Day(d))).fold(now, f64::min);
    if cost.is_index { KAPPA * (now / lowest).ln() } else { (1.0 + KAPPA * (now - lowest) / old).ln() }
}
