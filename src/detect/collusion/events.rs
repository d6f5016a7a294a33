//! Dated rises of one economic entity, and what cost leaves unexplained of each.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::jitter::Calendar;
use super::rises::Event;
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
    /// The same, counted in the market's periods.
    pub period: i32,
    /// Periods without a price just before: the rise may be that much older.
    pub unseen: i32,
    /// Number of the good, where several are looked at together.
    pub good: u16,
    /// Log size.
    pub size: f64,
    /// Log of the new price.
    pub level: f64,
    /// What is left of it without the end of a sale and the cost allowance.
    pub unexplained: f64,
    /// What it may have been had cost not fallen meanwhile.
    pub at_most: f64,
    /// What rounding to the seller's coin may add to the size.
    pub coin: f64,
    /// The price had been lowered within days before: part of the rise may be the end of a sale.
    pub after_sale: bool,
}

impl Rise {
    /// As the test sees it: of a size between what is left of it and what it may have been.
    pub fn event(&self, who: u32) -> Event {
        let (low, high) = (self.unexplained, self.at_most);
        let Rise { period: day, unseen, good, level, coin, .. } = *self;
        Event { who, day, unseen, good, size: (low + high) / 2.0, doubt: high - low, level, coin }
    }
}

/// Smallest relative rise, and the coin it must move.
pub const MIN_RISE: f64 = 0.02;
const COIN: f64 = 0.01;
/// A change across a longer gap, or more than a period without a price, has no date.
const MAX_GAP_DAYS: i32 = 7;
/// A rise is dated to at most this many periods, or the null and the data would coincide at will.
const MAX_UNSEEN: i32 = 2;
/// A price put back within so many days of being lowered ends a sale: only what goes beyond the price before is a rise.
const SALE_DAYS: i32 = 10;
/// A price that comes down to within this of the old one has not held.
const BACK: f64 = 0.01;
/// An owner rises when at least one in so many of its shops does.
const SHOPS: usize = 5;
/// Days each side in which the share of rising entities is taken.
const RHYTHM_DAYS: i32 = 5;
/// Typical gaps from this many days on are no daily prices.
const SPARSE_DAYS: i32 = 4;
/// Cost allowance: κ and the days within which it is spent.
const KAPPA: f64 = 1.2;
const COST_DAYS: i32 = 28;

/// A month turns in its first and its last two days.
const TURN_DAYS: i8 = 2;

/// How a market's time is counted.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Clock {
    /// First day.
    pub first: i32,
    /// First and last period.
    pub span: (i32, i32),
    /// Days of a period: the typical gap between a seller's prices.
    pub step: i32,
}

impl Clock {
    /// Of a cell; `None` where no seller has two prices.
    pub fn new(panel: &Panel, cell: &Cell) -> Option<Clock> {
        let (first, last) = (cell.market.first()?.day.0, cell.market.last()?.day.0);
        let days = |s: &crate::model::Series| panel.points(s).day;
        let mut gaps: Vec<i32> =
            panel.series[cell.series.clone()].iter().flat_map(|s| days(s).windows(2).map(|w| w[1] - w[0])).collect();
        let middle = gaps.len() / 2;
        let typical = *gaps.get_mut(..).filter(|g| !g.is_empty())?.select_nth_unstable(middle).1;
        let step = if typical < SPARSE_DAYS { 1 } else { typical };
        Some(Clock { first, span: (0, (last - first) / step), step })
    }

    /// Of a day.
    pub fn period(&self, day: i32) -> i32 {
        (day - self.first).div_euclid(self.step)
    }

    /// Weekday and part of the month of each period.
    pub fn calendar(&self) -> Calendar {
        let class = |period: i32| {
            let day = Day(self.first + period);
            let (date, length) = (day.date(), day.date().days_in_month());
            let part = if date.day() <= TURN_DAYS {
                0
            } else if date.day() > length - TURN_DAYS {
                1
            } else {
                2
            };
            (day.0.rem_euclid(7) as usize, part)
        };
        (self.span.0..=self.span.1).map(|period| if self.step == 1 { class(period) } else { (0, 0) }).collect()
    }

    /// Periods within which rises coincide.
    pub fn same(&self) -> i32 {
        same(self.step)
    }
}

/// Periods of so many days within which rises coincide: a day, or the same period where they are longer.
pub fn same(step: i32) -> i32 {
    i32::from(step == 1)
}

/// The rises of each entity of a cell that cost leaves at least `MIN_RISE` of, by entity; several shops of one owner
/// that move together count once, and what few of many shops do is not the owner's rise.
pub fn entity_rises(panel: &Panel, cell: &Cell, clock: &Clock) -> BTreeMap<u32, Vec<Rise>> {
    let mut all: BTreeMap<u32, Vec<Rise>> = BTreeMap::new();
    let mut shops: BTreeMap<u32, usize> = BTreeMap::new();
    let of_series = |s: usize| {
        let series = &panel.series[s];
        let found = rises(s, &panel.points(series), cell, clock).into_iter().filter(|r| r.unexplained >= MIN_RISE);
        (panel.entity(series), found.collect::<Vec<Rise>>())
    };
    let no_marketplace = |s: &usize| !panel.sellers[panel.series[*s].seller as usize].marketplace;
    let found: Vec<(u32, Vec<Rise>)> =
        cell.series.clone().into_par_iter().filter(no_marketplace).map(of_series).collect();
    for (entity, found) in found {
        all.entry(entity).or_default().extend(found);
        *shops.entry(entity).or_default() += 1;
    }
    for (entity, list) in &mut all {
        list.sort_by_key(|r| (r.day, r.series));
        let need = shops[entity].div_ceil(SHOPS);
        if need > 1 {
            *list = list.iter().filter(|r| shops_rising(list, r.period, clock.same()) >= need).copied().collect();
        }
        list.dedup_by(|b, a| b.period - a.period <= clock.same());
    }
    all
}

fn shops_rising(by_day: &[Rise], period: i32, same: i32) -> usize {
    let from = by_day.partition_point(|r| r.period < period - same);
    let until = by_day.partition_point(|r| r.period <= period + same);
    by_day[from..until].iter().map(|r| r.series).collect::<BTreeSet<_>>().len()
}

/// Leaves only rises in quiet times, and says which periods those are: where more than `share` of the entities rise within ±`RHYTHM_DAYS` (a period where
/// those are longer), the whole market answers to something, and like sellers answer alike.
pub fn keep_quiet(all: &mut BTreeMap<u32, Vec<Rise>>, clock: &Clock, share: f64) -> Vec<bool> {
    let side = (RHYTHM_DAYS / clock.step).max(1);
    let first = clock.span.0 - side;
    let mut rising = vec![0usize; (clock.span.1 + side - first + 1) as usize];
    for list in all.values() {
        let mut until = first;
        for r in list {
            let from = until.max(r.period - side);
            until = r.period + side + 1;
            (from..until).for_each(|d| rising[(d - first) as usize] += 1);
        }
    }
    let most = share * all.len() as f64;
    for list in all.values_mut() {
        list.retain(|r| rising[(r.period - first) as usize] as f64 <= most);
    }
    (clock.span.0..=clock.span.1).map(|period| rising[(period - first) as usize] as f64 <= most).collect()
}

fn rises(series: usize, p: &PointsView<'_>, cell: &Cell, clock: &Clock) -> Vec<Rise> {
    let mut out: Vec<Rise> = Vec::new();
    let (mut allowance_until, mut spent) = (i32::MIN, 0.0);
    let coin = coin(p.price);
    for i in 1..p.day.len() {
        if p.price[i] <= p.price[i - 1] {
            continue;
        }
        let (old, new) = (before_sale(p, i, cell), p.price[i]);
        let r = (new / old).ln();
        let gap = p.day[i] - p.day[i - 1];
        if r < MIN_RISE.max(COIN / new) || gap > MAX_GAP_DAYS.max(2 * clock.step) || !holds(p, i, old) {
            continue;
        }
        if p.day[i] > allowance_until {
            spent = 0.0;
        }
        let (up, down) = allowance(cell, p.day[i], old);
        let free = (up - spent).max(0.0).min(r);
        spent += free;
        allowance_until = p.day[i] + COST_DAYS;
        let period = clock.period(p.day[i]);
        let unseen = (period - clock.period(p.day[i - 1]) - 1).clamp(0, MAX_UNSEEN);
        out.push(Rise {
            series,
            at: i,
            day: p.day[i],
            period,
            unseen,
            good: 0,
            size: (new / p.price[i - 1]).ln(),
            level: new.ln(),
            unexplained: r - free,
            at_most: (new / p.price[i - 1]).ln() + down,
            coin: coin / old,
            after_sale: old > p.price[i - 1],
        });
    }
    out
}

/// Not a lone high price: half of the next three observations stay above the old price, or half of those until a sale
/// that began just after would be over.
fn holds(p: &PointsView<'_>, i: usize, old: f64) -> bool {
    let stays = |until: usize| {
        let next = &p.price[i + 1..until];
        next.iter().filter(|x| **x > (1.0 + BACK) * old).count() * 2 >= next.len()
    };
    stays(p.price.len().min(i + 4)) || stays(p.day.partition_point(|d| *d <= p.day[i] + SALE_DAYS))
}

/// What a rise starts from: the last price, or what two observations of the days before it reached, where that was
/// more. Not where the market fell meanwhile: a price that comes back against the market has risen.
fn before_sale(p: &PointsView<'_>, i: usize, cell: &Cell) -> f64 {
    let from = p.day[..i].partition_point(|d| *d < p.day[i] - SALE_DAYS);
    let index = |day: i32| {
        let at = cell.market.partition_point(|m| m.day.0 <= day);
        at.checked_sub(1).map_or(0.0, |at| cell.market[at].index)
    };
    let now = index(p.day[i]);
    let standing = (from..i).filter(|k| index(p.day[*k]) - now < MIN_RISE).map(|k| p.price[k]);
    let (_, second) = standing.fold(
        (0.0, 0.0_f64),
        |(most, second): (f64, f64), x| {
            if x > most { (x, most) } else { (most, second.max(x)) }
        },
    );
    second.max(p.price[i - 1])
}

/// The coin a seller rounds to: the largest of the usual ones that nine prices in ten are multiples of.
fn coin(prices: &[f64]) -> f64 {
    let fits = |c: f64| {
        let whole = prices.iter().filter(|p| (*p / c - (*p / c).round()).abs() < 1e-6).count();
        whole * 10 >= prices.len() * 9
    };
    [10.0, 5.0, 1.0, 0.5, 0.1, 0.05].into_iter().find(|c| fits(*c)).unwrap_or(COIN)
}

/// Log rise, and log fall, that cost gives a price `old` reason for: κ·Δcost in yuan where the cost is one per base unit,
/// κ·Δln where it is an index; Δ is the largest change that ends now and began within the window. 0 without a cost series.
fn allowance(cell: &Cell, day: i32, old: f64) -> (f64, f64) {
    let Some(cost) = &cell.cost else { return (0.0, 0.0) };
    let Some(now) = cost.on(Day(day)) else { return (0.0, 0.0) };
    let window = (day - COST_DAYS..day).filter_map(|d| cost.on(Day(d)));
    let (lowest, highest) = window.fold((now, now), |(low, high), c| (low.min(c), high.max(c)));
    let log = |low: f64, high: f64| {
        if cost.is_index { KAPPA * (high / low).ln() } else { (1.0 + KAPPA * (high - low) / old).ln() }
    };
    (log(lowest, now), log(now, highest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::{Quote, from_quotes};

    fn rises_of(price: impl Fn(usize, i32) -> f64, shops: usize) -> Vec<Rise> {
        let mut quotes = Vec::new();
        for (s, day) in (0..shops).flat_map(|s| (0..60).map(move |day| (s, day))) {
            let q = Quote::posted("r", "p", &format!("s{s:02}"), Day(18_000 + day), price(s, day));
            quotes.push(Quote { owner: "one".into(), ..q });
        }
        let panel = from_quotes(&quotes, &[]);
        let cell = &panel.cells[0];
        let clock = Clock::new(&panel, cell).unwrap();
        entity_rises(&panel, cell, &clock).into_values().next().unwrap()
    }

    /// Ten shops of one owner: what one of them does on day 20 is not the owner's rise, what three do on day 30 is.
    #[test]
    fn an_owner_rises_with_its_shops() {
        let price = |s: usize, day: i32| {
            10.0 + if s == 0 && day >= 20 { 1.0 } else { 0.0 } + if s < 3 && day >= 30 { 2.0 } else { 0.0 }
        };
        assert_eq!(rises_of(price, 10).iter().map(|r| r.day - 18_000).collect::<Vec<_>>(), vec![30]);
        assert_eq!(rises_of(price, 4).iter().map(|r| r.day - 18_000).collect::<Vec<_>>(), vec![20, 30]);
    }

    /// 10, a week's sale at 8, then 12: a rise of a fifth, at most of a half; back at 10 none.
    #[test]
    fn a_sale_ends_before_a_rise() {
        let price = |after: f64| {
            move |_: usize, day: i32| {
                if day < 20 {
                    10.0
                } else if day < 26 {
                    8.0
                } else {
                    after
                }
            }
        };
        let found = rises_of(price(12.0), 1);
        assert_eq!(found.len(), 1);
        assert!((found[0].unexplained - 1.2_f64.ln()).abs() < 1e-9 && (found[0].at_most - 1.5_f64.ln()).abs() < 1e-9);
        assert!(rises_of(price(10.0), 1).is_empty());
    }
}
