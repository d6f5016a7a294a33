//! Dated rises of one economic entity that cost does not explain in full.

use std::collections::BTreeMap;

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
    /// Log size.
    pub size: f64,
}

/// Smallest relative rise, and the coin it must move: METHODS 2.0.
const MIN_RISE: f64 = 0.02;
const COIN: f64 = 0.01;
/// A change across a longer gap has no date.
const MAX_GAP_DAYS: i32 = 7;
/// A rise must top what was asked in the days before: the end of a sale is no rise.
const SALE_DAYS: i32 = 10;
/// A rise may be followed by a sale of this share of the price, but the new price must be asked again within this many
/// observations: a spike is no rise.
const SALE: f64 = 0.88;
const SAME: f64 = 0.98;
const HOLD_PRICES: usize = 8;
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

fn rises(series: usize, p: &PointsView<'_>, cell: &Cell) -> Vec<Rise> {
    let mut out: Vec<Rise> = Vec::new();
    let mut allowance_spent_until = i32::MIN;
    let mut spent = 0.0;
    for i in 1..p.day.len() {
        let (old, new) = (p.price[i - 1], p.price[i]);
        let r = (new / old).ln();
        if r < MIN_RISE.max(COIN / new) || p.day[i] - p.day[i - 1] > MAX_GAP_DAYS {
            continue;
        }
        let after = &p.price[i + 1..p.price.len().min(i + 1 + HOLD_PRICES)];
        let holds = after.iter().take(2).all(|next| *next >= SALE * new)
            && (after.is_empty() || after.iter().any(|next| *next >= SAME * new));
        let from = p.day[..i].partition_point(|d| *d < p.day[i] - SALE_DAYS);
        let tops = p.price[from..i].iter().all(|before| new > 1.01 * before);
        if !holds || !tops {
            continue;
        }
        if p.day[i] > allowance_spent_until {
            spent = 0.0;
        }
        let free = (allowance(cell, p.day[i], old) - spent).max(0.0).min(r);
        spent += free;
        allowance_spent_until = p.day[i] + COST_DAYS;
        if r - free >= MIN_RISE {
            out.push(Rise { series, at: i, day: p.day[i], size: r });
        }
    }
    out
}

/// Log rise that cost allows a price `old`: κ·Δcost in yuan where the cost is one per base unit, κ·Δln where it
/// is an index; Δ is the largest rise that ends now and began within the window. 0 without a cost series.
fn allowance(cell: &Cell, day: i32, old: f64) -> f64 {
    let Some(cost) = &cell.cost else { return 0.0 };
    let Some(now) = cost.on(Day(day)) else { return 0.0 };
    let lowest = (day - COST_DAYS..day).filter_map(|d| cost.on(Day(d))).fold(now, f64::min);
    if cost.is_index { KAPPA * (now / lowest).ln() } else { (1.0 + KAPPA * (now - lowest) / old).ln() }
}
