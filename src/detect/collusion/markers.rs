//! Markers of concerted conduct, measured on some sellers of a market whether or not they have anything in common
//! (Harrington 2008; Abrantes-Metz, Froeb, Geweke & Taylor 2006).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use statrs::statistics::Statistics;

use super::events::Rise;
use super::told::span;
use crate::model::panel::PointsView;
use crate::model::{Cell, Grid, Panel};
use crate::stats::robust::median;

/// Not drawn with fewer sellers beside the group, or fewer for each member: there are few such groups.
const MIN_OTHERS: usize = 8;
const OTHERS_PER_MEMBER: usize = 2;
/// Days looked at before the first joint rise, after the last, and after each rise.
const AROUND_DAYS: usize = 28;
/// A new price has held when it is not more than this lower (log).
const LOWER: f64 = 0.01;
/// Days, weeks or changes, and rises, below which a sign is not told.
const FEWEST: usize = 6;
const FEWEST_RISES: usize = 3;
const WEEK: usize = 7;
/// Log prices closer than this are the same price.
const SAME: f64 = 1e-6;

/// A cell with the group in it, one row (see [`Grid`]) for each economic entity.
pub struct Market<'a> {
    panel: &'a Panel,
    cell: &'a Cell,
    grid: Grid,
    /// Rows of the group …
    pub members: Vec<usize>,
    /// … and of all that may be drawn, with the members, so that a group drawn may be any group.
    pub sellers: Vec<usize>,
    /// Columns of the first joint rise, and the end of what is looked at.
    first: usize,
    end: usize,
    /// Rises by row: the joint ones of members, all of others.
    rises: BTreeMap<usize, Vec<Rise>>,
    /// By row.
    prices: Vec<Prices>,
    /// Weekly changes of log price less the market's index, by row; NaN where unknown, and in the weeks of joint rises.
    changes: Vec<Vec<f64>>,
}

impl<'a> Market<'a> {
    pub fn new(
        panel: &'a Panel,
        cell: &'a Cell,
        of_entity: &BTreeMap<u32, Vec<Rise>>,
        members: &[usize],
        joint: &[Vec<Rise>],
    ) -> Option<Market<'a>> {
        let grid = panel.grid(cell);
        let column = |day: i32| (day - grid.first.0) as usize;
        let (first, last) = span(joint)?;
        let (first, end) = (column(first), (column(last) + AROUND_DAYS).min(grid.days));
        let own: BTreeSet<u32> = members.iter().map(|s| panel.entity(&panel.series[*s])).collect();
        // Of an entity with several shops the one with most prices.
        let mut best: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
        for (row, s) in cell.series.clone().enumerate() {
            let entity = panel.entity(&panel.series[s]);
            let seen = grid.row(row)[first..end].iter().filter(|x| x.is_finite()).count();
            let counts = !own.contains(&entity) || members.contains(&s);
            let marketplace = panel.sellers[panel.series[s].seller as usize].marketplace;
            if counts && !marketplace && 2 * seen >= end - first && best.get(&entity).is_none_or(|b| b.1 < seen) {
                best.insert(entity, (row, seen));
            }
        }
        let sellers: Vec<usize> = best.values().map(|b| b.0).collect();
        let members: Vec<usize> = best.iter().filter(|b| own.contains(b.0)).map(|b| b.1.0).collect();
        if members.len() < 2 || sellers.len() - members.len() < MIN_OTHERS.max(OTHERS_PER_MEMBER * members.len()) {
            return None;
        }
        let mut rises: BTreeMap<usize, Vec<Rise>> = BTreeMap::new();
        for (entity, (row, _)) in &best {
            let of_joint = joint.iter().flatten().filter(|r| panel.entity(&panel.series[r.series]) == *entity);
            let any = of_entity.get(entity).into_iter().flatten().filter(|r| cell.series.contains(&r.series));
            let list = if own.contains(entity) { of_joint.copied().collect() } else { any.copied().collect() };
            rises.insert(*row, list);
        }
        let changes = weekly_changes(cell, &grid, joint);
        let prices = prices(&grid, first..end);
        Some(Market { panel, cell, grid, members, sellers, first, end, rises, prices, changes })
    }
}

fn prices(grid: &Grid, days: Range<usize>) -> Vec<Prices> {
    let rows = || (0..grid.rows()).map(|row| &grid.row(row)[days.clone()]);
    let all: BTreeSet<i64> = rows().flatten().filter(|x| x.is_finite()).map(|x| key(*x)).collect();
    let numbers: BTreeMap<i64, u32> = all.into_iter().zip(1..).collect();
    rows().map(|row| Prices::new(row, &numbers)).collect()
}

fn weekly_changes(cell: &Cell, grid: &Grid, joint: &[Vec<Rise>]) -> Vec<Vec<f64>> {
    let mut index = vec![f64::NAN; grid.days];
    cell.market.iter().for_each(|m| index[(m.day.0 - grid.first.0) as usize] = m.index);
    let weeks = grid.days / WEEK;
    let joint: BTreeSet<usize> = joint.iter().flatten().map(|r| (r.day - grid.first.0) as usize / WEEK).collect();
    let of = |row: usize| {
        let relative = |d: usize| Some(grid.row(row)[d] - index[d]).filter(|x| x.is_finite());
        let level: Vec<f64> =
            (0..weeks).map(|w| (w * WEEK..(w + 1) * WEEK).rev().find_map(relative).unwrap_or(f64::NAN)).collect();
        let quiet = |w: &usize| !joint.contains(w) && !joint.contains(&(w - 1));
        (1..weeks).map(|w| if quiet(&w) { level[w] - level[w - 1] } else { f64::NAN }).collect()
    };
    (0..grid.rows()).map(of).collect()
}

/// Standard deviation of their log prices, median over days: since the first joint rise, in percent of before it.
pub fn spread(m: &Market<'_>, rows: &[usize]) -> Option<f64> {
    let of_day = |day: usize| {
        let x: Vec<f64> = rows.iter().map(|row| m.grid.row(*row)[day]).filter(|x| x.is_finite()).collect();
        (x.len() > 1 && 2 * x.len() > rows.len()).then(|| x.as_slice().std_dev())
    };
    let over = |days: Range<usize>| {
        let each: Vec<f64> = days.filter_map(of_day).collect();
        median(&each).filter(|_| each.len() >= FEWEST)
    };
    let before = over(m.first.saturating_sub(AROUND_DAYS)..m.first).filter(|sd| *sd > SAME)?;
    Some(100.0 * over(m.first..m.end)? / before)
}

/// Share of days on which two of them are at one price, less what their own prices would give in any order; percentage
/// points, mean over pairs.
pub fn same_price(m: &Market<'_>, rows: &[usize]) -> Option<f64> {
    let pair = |a: usize, b: usize| {
        let (mut both, mut same) = (0, 0);
        for (x, y) in m.prices[a].of_days.iter().zip(&m.prices[b].of_days).filter(|(x, y)| **x > 0 && **y > 0) {
            both += 1;
            same += usize::from(x == y);
        }
        let share = same as f64 / both as f64;
        (both >= FEWEST).then(|| 100.0 * (share - by_chance(&m.prices[a].shares, &m.prices[b].shares)))
    };
    mean_over_pairs(rows, pair)
}

/// Prices of one seller since the first joint rise.
struct Prices {
    /// By day: number of the price among all prices of the market, from 1; 0 where unknown.
    of_days: Vec<u32>,
    /// Share of the days with a price that each takes, by number.
    shares: Vec<(u32, f64)>,
}

impl Prices {
    /// Of log prices by day.
    fn new(log_price: &[f64], numbers: &BTreeMap<i64, u32>) -> Prices {
        let of_days: Vec<u32> = log_price.iter().map(|x| if x.is_finite() { numbers[&key(*x)] } else { 0 }).collect();
        let mut known: Vec<u32> = of_days.iter().copied().filter(|number| *number > 0).collect();
        known.sort_unstable();
        let share = |same: &[u32]| (same[0], same.len() as f64 / known.len() as f64);
        Prices { shares: known.chunk_by(|a, b| a == b).map(share).collect(), of_days }
    }
}

/// The same for all prices that are one.
fn key(log_price: f64) -> i64 {
    (log_price / SAME).round() as i64
}

/// Chance that two are at one price, each at its own on days drawn for each.
fn by_chance(a: &[(u32, f64)], b: &[(u32, f64)]) -> f64 {
    let mut from = 0;
    let of = |(number, share): &(u32, f64)| {
        from += b[from..].iter().take_while(|other| other.0 < *number).count();
        b.get(from).filter(|other| other.0 == *number).map_or(0.0, |other| share * other.1)
    };
    a.iter().map(of).sum()
}

/// Days until the price changes again after a rise, `AROUND_DAYS` at most; mean.
pub fn stood(m: &Market<'_>, rows: &[usize]) -> Option<f64> {
    after(m, rows, |p, r| {
        let changed = (r.at + 1..p.day.len()).find(|i| (p.price[*i] / p.price[r.at]).ln().abs() > SAME);
        f64::from(changed.map_or(AROUND_DAYS as i32, |i| p.day[i] - r.day).min(AROUND_DAYS as i32))
    })
}

/// Rises whose price is no lower `AROUND_DAYS` later, %.
pub fn held(m: &Market<'_>, rows: &[usize]) -> Option<f64> {
    after(m, rows, |p, r| {
        let at = p.day.partition_point(|d| *d <= r.day + AROUND_DAYS as i32) - 1;
        if (p.price[at] / p.price[r.at]).ln() >= -LOWER { 100.0 } else { 0.0 }
    })
}

/// Mean over the rises that have been watched for `AROUND_DAYS`: the others would count only where soon undone.
fn after(m: &Market<'_>, rows: &[usize], of: impl Fn(PointsView<'_>, &Rise) -> f64) -> Option<f64> {
    let rises = rows.iter().filter_map(|row| m.rises.get(row)).flatten();
    let watched = |r: &Rise| {
        let p = m.panel.points(&m.panel.series[r.series]);
        (p.day.last()? - r.day >= AROUND_DAYS as i32).then(|| of(p, r))
    };
    mean(rises.filter_map(watched).collect(), FEWEST_RISES)
}

/// Mean correlation of two of them in their weekly changes against the market, apart from the joint rises.
pub fn company(m: &Market<'_>, rows: &[usize]) -> Option<f64> {
    let pair = |a: usize, b: usize| {
        let (x, y): (Vec<f64>, Vec<f64>) = m.changes[a]
            .iter()
            .zip(&m.changes[b])
            .filter(|(x, y)| x.is_finite() && y.is_finite())
            .map(|(x, y)| (*x, *y))
            .unzip();
        let moved = x.len() >= FEWEST && x.as_slice().std_dev() > SAME && y.as_slice().std_dev() > SAME;
        moved.then(|| x.as_slice().covariance(y.as_slice()) / (x.as_slice().std_dev() * y.as_slice().std_dev()))
    };
    mean_over_pairs(rows, pair)
}

/// Weekly change of each one's share in what all of them sold, mean; percentage points. Only weeks in which each sold.
pub fn share_changes(m: &Market<'_>, rows: &[usize]) -> Option<f64> {
    let weeks = (m.first / WEEK)..(m.end / WEEK);
    let sold = |row: usize| {
        let mut weekly = vec![0.0; weeks.len()];
        let p = m.panel.points(&m.panel.series[m.cell.series.start + row]);
        for (day, quantity) in p.day.iter().zip(p.quantity).filter(|x| x.1.is_finite()) {
            let week = (day - m.grid.first.0) as usize / WEEK;
            if weeks.contains(&week) {
                weekly[week - weeks.start] += quantity;
            }
        }
        weekly
    };
    let sold: Vec<Vec<f64>> = rows.iter().map(|row| sold(*row)).collect();
    let shares = |w: usize| {
        let all: f64 = sold.iter().map(|s| s[w]).sum();
        sold.iter().all(|s| s[w] > 0.0).then(|| sold.iter().map(|s| 100.0 * s[w] / all).collect::<Vec<f64>>())
    };
    let weekly: Vec<Option<Vec<f64>>> = (0..weeks.len()).map(shares).collect();
    let change = |pair: &[Option<Vec<f64>>]| {
        let (before, after) = (pair[0].as_ref()?, pair[1].as_ref()?);
        Some(before.iter().zip(after).map(|(b, a)| (a - b).abs()).sum::<f64>() / before.len() as f64)
    };
    mean(weekly.windows(2).filter_map(change).collect(), FEWEST)
}

fn mean_over_pairs(rows: &[usize], of: impl Fn(usize, usize) -> Option<f64>) -> Option<f64> {
    let pairs = rows.iter().enumerate().flat_map(|(k, a)| rows[k + 1..].iter().map(move |b| (*a, *b)));
    let told: Vec<f64> = pairs.filter_map(|(a, b)| of(a, b)).collect();
    let most = rows.len() * (rows.len() - 1) / 2;
    (2 * told.len() > most).then(|| told.as_slice().mean())
}

fn mean(values: Vec<f64>, fewest: usize) -> Option<f64> {
    (values.len() >= fewest).then(|| values.as_slice().mean())
}

#[cfg(test)]
mod tests {
    use super::super::events::{Clock, entity_rises};
    use super::super::toy::panel_of;
    use super::*;

    /// Two sellers at 1 and 1.5; both to 2 on day 30, both to 2.2 on day 45; one back to 1.9 on day 60, of 80. Looked at
    /// from day 30 to 58.
    #[test]
    fn signs_by_hand() {
        let price = |s: usize, day: i32| match day {
            ..30 => 1.0 + s as f64 / 2.0,
            30..45 => 2.0,
            60.. if s == 1 => 1.9,
            _ => 2.2,
        };
        let panel = panel_of(80, 2, price);
        let cell = &panel.cells[0];
        let clock = Clock::new(&panel, cell).unwrap();
        let rises: BTreeMap<usize, Vec<Rise>> = entity_rises(&panel, cell, &clock).into_values().enumerate().collect();
        assert_eq!(rises.values().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
        let changes = vec![vec![0.1, -0.1, 0.2, f64::NAN, 0.0, 0.1, 0.3], vec![0.2, -0.2, 0.4, 5.0, 0.0, 0.2, 0.6]];
        let (members, sellers) = (vec![0, 1], Vec::new());
        let grid = panel.grid(cell);
        let prices = prices(&grid, 30..58);
        let m = Market { panel: &panel, cell, grid, members, sellers, first: 30, end: 58, rises, prices, changes };
        let near = |measure: fn(&Market<'_>, &[usize]) -> Option<f64>, value: f64| {
            let found = measure(&m, &[0, 1]).unwrap();
            assert!((found - value).abs() < 1e-6, "{found} {value}");
        };
        near(spread, 0.0);
        // 15 of 28 days at 2, 13 at 2.2: in any order (15/28)² + (13/28)² of the days.
        near(same_price, 100.0 * (1.0 - (15.0_f64.powi(2) + 13.0_f64.powi(2)) / 28.0_f64.powi(2)));
        near(stood, f64::from(15 + 15 + 28 + 15) / 4.0);
        near(held, 75.0); // the second rise of the second seller was taken back
        near(company, 1.0);
        // 70 and 140 a week in turn beside 140: shares of a third and a half.
        let whole = Market { first: 0, end: 77, ..m };
        assert!((share_changes(&whole, &[0, 1]).unwrap() - 100.0 / 6.0).abs() < 1e-6);
    }
}
