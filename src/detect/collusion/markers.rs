//! Markers of concerted conduct, measured on some sellers of a market whether or not they have anything in common
//! (Harrington 2008; Abrantes-Metz, Froeb, Geweke & Taylor 2006).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use statrs::statistics::Statistics;

use super::events::Rise;
use super::jitter::RUN_GAP_DAYS;
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

/// A cell with the group in it: of each economic entity the row (see [`Grid`]) with most prices, if it has one in half of
/// the weeks looked at.
pub struct Market<'a> {
    panel: &'a Panel,
    grid: Grid,
    /// Rows of the group …
    pub members: Vec<usize>,
    /// … and of all that may be drawn, with the members, so that a group drawn may be any group.
    pub sellers: Vec<usize>,
    /// Columns of the first joint rise, and the end of what is looked at.
    first: usize,
    end: usize,
    /// By row.
    of: BTreeMap<usize, Seller>,
}

/// What is known of one entity.
struct Seller {
    /// The joint ones of a member; of another as many as some member has, at random: a mean of more would vary less.
    rises: Vec<Rise>,
    prices: Prices,
    /// Weekly changes of log price less the market's index; NaN where unknown, and about joint rises.
    changes: Vec<f64>,
    /// Sold by week since the first joint rise, in all shops.
    sold: Vec<f64>,
}

impl<'a> Market<'a> {
    /// `rises`: of each entity of the market; `members`: series of the group; `joint`: its joint rises in this cell.
    pub fn new(
        panel: &'a Panel,
        cell: &Cell,
        rises: &BTreeMap<u32, Vec<Rise>>,
        members: &[usize],
        joint: &[Vec<Rise>],
        rng: &mut ChaCha8Rng,
    ) -> Option<Market<'a>> {
        let grid = panel.grid(cell);
        let column = |day: i32| (day - grid.first.0) as usize;
        let (first, last) = span(joint)?;
        let (first, end) = (column(first), (column(last) + AROUND_DAYS).min(grid.days));
        let entity = |s: usize| panel.entity(&panel.series[s]);
        let own: BTreeSet<u32> = members.iter().map(|s| entity(*s)).collect();
        let seen = |row: usize| grid.row(row)[first..end].iter().filter(|x| x.is_finite()).count();
        let often = |row: usize| {
            let weeks = || grid.row(row)[first..end].chunks(WEEK);
            2 * weeks().filter(|week| week.iter().any(|x| x.is_finite())).count() >= weeks().count()
        };
        let counts =
            |s: usize| !panel.sellers[panel.series[s].seller as usize].marketplace && rises.contains_key(&entity(s));
        let mut shops: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (row, s) in cell.series.clone().enumerate().filter(|(_, s)| counts(*s)) {
            shops.entry(entity(s)).or_default().push(row);
        }
        let row_of = |(who, rows): (&u32, &Vec<usize>)| {
            let taking_part = |row: &&usize| !own.contains(who) || members.contains(&(cell.series.start + **row));
            let most = rows.iter().rev().filter(taking_part).max_by_key(|row| seen(**row))?;
            often(*most).then_some((*who, *most))
        };
        let rows: Vec<(u32, usize)> = shops.iter().filter_map(row_of).collect();
        let sellers: Vec<usize> = rows.iter().map(|(_, row)| *row).collect();
        let members: Vec<usize> = rows.iter().filter(|(who, _)| own.contains(who)).map(|(_, row)| *row).collect();
        if members.len() < 2 || sellers.len() - members.len() < MIN_OTHERS.max(OTHERS_PER_MEMBER * members.len()) {
            return None;
        }
        let index = index(cell, &grid);
        let prices = prices(&grid, &sellers, first..end);
        let joint_of =
            |who: u32| -> Vec<Rise> { joint.iter().flatten().filter(|r| entity(r.series) == who).copied().collect() };
        let each: Vec<usize> = own.iter().map(|who| joint_of(*who).len()).collect();
        let mut drawn = |who: &u32| -> Vec<Rise> {
            let any: Vec<&Rise> = rises[who].iter().filter(|r| cell.series.contains(&r.series)).collect();
            let number = each.choose(rng).copied().unwrap_or(0);
            any.choose_multiple(rng, number).map(|r| **r).collect()
        };
        let of = rows.iter().zip(prices).map(|((who, row), prices)| {
            let seller = Seller {
                rises: if own.contains(who) { joint_of(*who) } else { drawn(who) },
                prices,
                changes: weekly_changes(grid.row(*row), &index, grid.first.0, joint),
                sold: sold(panel, shops[who].iter().map(|row| cell.series.start + row), &grid, first..end),
            };
            (*row, seller)
        });
        let of = of.collect();
        Some(Market { panel, grid, members, sellers, first, end, of })
    }
}

/// Of each row, on these days.
fn prices(grid: &Grid, sellers: &[usize], days: Range<usize>) -> Vec<Prices> {
    let rows = || sellers.iter().map(|row| &grid.row(*row)[days.clone()]);
    let mut all: Vec<i64> = rows().flatten().filter(|x| x.is_finite()).map(|x| key(*x)).collect();
    all.sort_unstable();
    all.dedup();
    rows().map(|row| Prices::new(row, &all)).collect()
}

/// Log index of the market by column; NaN where unknown.
fn index(cell: &Cell, grid: &Grid) -> Vec<f64> {
    let mut index = vec![f64::NAN; grid.days];
    cell.market.iter().for_each(|m| index[(m.day.0 - grid.first.0) as usize] = m.index);
    index
}

/// Of one row, by week from the second; `first`: day of the first column. Joint rises that follow another within the
/// span of a run are none of their own, so that much is left out about each.
fn weekly_changes(log_price: &[f64], index: &[f64], first: i32, joint: &[Vec<Rise>]) -> Vec<f64> {
    let relative: Vec<f64> = log_price.iter().zip(index).map(|(x, index)| x - index).collect();
    let last = |week: &[f64]| week.iter().rev().copied().find(|x| x.is_finite()).unwrap_or(f64::NAN);
    let level: Vec<f64> = relative.chunks_exact(WEEK).map(last).collect();
    let apart = |week: usize| {
        let (from, until) = (first + (week * WEEK) as i32, first + (week * WEEK + WEEK - 1) as i32);
        let about = |e: &Vec<Rise>| e.iter().any(|r| from <= r.day + RUN_GAP_DAYS && r.day - RUN_GAP_DAYS <= until);
        !joint.iter().any(about)
    };
    level.windows(2).zip(1..).map(|(pair, week)| if apart(week) { pair[1] - pair[0] } else { f64::NAN }).collect()
}

/// Sold by week in these columns, over these series.
fn sold(panel: &Panel, series: impl Iterator<Item = usize>, grid: &Grid, columns: Range<usize>) -> Vec<f64> {
    let mut weekly = vec![0.0; columns.len() / WEEK];
    for p in series.map(|s| panel.points(&panel.series[s])) {
        for (day, quantity) in p.day.iter().zip(p.quantity).filter(|x| x.1.is_finite()) {
            let week = (day - grid.first.0 - columns.start as i32).div_euclid(WEEK as i32);
            if let Some(sum) = usize::try_from(week).ok().and_then(|week| weekly.get_mut(week)) {
                *sum += quantity;
            }
        }
    }
    weekly
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
        let (a, b) = (&m.of[&a].prices, &m.of[&b].prices);
        let (mut both, mut same) = (0, 0);
        for (x, y) in a.of_days.iter().zip(&b.of_days).filter(|(x, y)| **x > 0 && **y > 0) {
            both += 1;
            same += usize::from(x == y);
        }
        let share = same as f64 / both as f64;
        (both >= FEWEST).then(|| 100.0 * (share - by_chance(&a.shares, &b.shares)))
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
    /// Of log prices by day; `all`: the prices of the market, ascending.
    fn new(log_price: &[f64], all: &[i64]) -> Prices {
        let number = |x: &f64| if x.is_finite() { all.partition_point(|other| *other <= key(*x)) as u32 } else { 0 };
        let of_days: Vec<u32> = log_price.iter().map(number).collect();
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
    let rises = rows.iter().flat_map(|row| &m.of[row].rises);
    let watched = |r: &Rise| {
        let p = m.panel.points(&m.panel.series[r.series]);
        (p.day.last()? - r.day >= AROUND_DAYS as i32).then(|| of(p, r))
    };
    mean(rises.filter_map(watched).collect(), FEWEST_RISES)
}

/// Mean correlation of two of them in their weekly changes against the market, apart from the joint rises.
pub fn company(m: &Market<'_>, rows: &[usize]) -> Option<f64> {
    let pair = |a: usize, b: usize| {
        let (x, y): (Vec<f64>, Vec<f64>) = m.of[&a]
            .changes
            .iter()
            .zip(&m.of[&b].changes)
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
    let sold: Vec<&Vec<f64>> = rows.iter().map(|row| &m.of[row].sold).collect();
    let shares = |week: usize| {
        let all: f64 = sold.iter().map(|s| s[week]).sum();
        sold.iter().all(|s| s[week] > 0.0).then(|| sold.iter().map(|s| 100.0 * s[week] / all).collect::<Vec<f64>>())
    };
    let weeks = sold.first().map_or(0, |s| s.len());
    let weekly: Vec<Option<Vec<f64>>> = (0..weeks).map(shares).collect();
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
    use crate::model::Day;
    use crate::panel::{Quote, from_quotes};
    use rand::SeedableRng;

    /// Two sellers at 1 and 1.5; both to 2 on day 30, both to 2.2 on day 45; one back to 1.9 on day 60, of 80. Looked at
    /// from day 30 to 58. The first sells ten a day in one week and twenty in the next, the other twenty.
    #[test]
    fn signs_by_hand() {
        let price = |s: usize, day: i32| match day {
            ..30 => 1.0 + s as f64 / 2.0,
            30..45 => 2.0,
            60.. if s == 1 => 1.9,
            _ => 2.2,
        };
        let sold_by = |s: usize, day: i32| if s == 0 { 10.0 + f64::from(day / 7 % 2) * 10.0 } else { 20.0 };
        let panel = panel_of(80, 2, |s, day| (price(s, day), sold_by(s, day)));
        let cell = &panel.cells[0];
        let clock = Clock::new(&panel, cell).unwrap();
        let rises: Vec<Vec<Rise>> = entity_rises(&panel, cell, &clock).into_values().collect();
        assert_eq!(rises.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
        let changes = [vec![0.1, -0.1, 0.2, f64::NAN, 0.0, 0.1, 0.3], vec![0.2, -0.2, 0.4, 5.0, 0.0, 0.2, 0.6]];
        let grid = panel.grid(cell);
        let prices = prices(&grid, &[0, 1], 30..58);
        let seller = |(s, prices): (usize, Prices)| {
            let sold = sold(&panel, [s].into_iter(), &grid, 0..77);
            (s, Seller { rises: rises[s].clone(), prices, changes: changes[s].clone(), sold })
        };
        let of = prices.into_iter().enumerate().map(seller).collect();
        let m = Market { panel: &panel, grid, members: vec![0, 1], sellers: Vec::new(), first: 30, end: 58, of };
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
        near(share_changes, 100.0 / 6.0); // 70 and 140 a week in turn beside 140: shares of a third and a half
    }

    /// What follows a joint rise within the span of a run is left out of the weekly changes, as the rise itself is.
    #[test]
    fn changes_about_a_joint_rise_are_left_out() {
        let index = [0.0; 84];
        let path: Vec<f64> =
            (0..84).map(|day| if day < 42 { 0.0 } else { 0.1 } + if day < 51 { 0.0 } else { 0.2 }).collect();
        let panel = panel_of(84, 1, |_, day| (path[day as usize].exp(), 1.0));
        let joint = |day: i32| {
            let clock = Clock::new(&panel, &panel.cells[0]).unwrap();
            let rises = entity_rises(&panel, &panel.cells[0], &clock).into_values().flatten();
            vec![rises.filter(|r| r.period == day).collect::<Vec<Rise>>()]
        };
        let first = panel.grid(&panel.cells[0]).first.0;
        let none = weekly_changes(&path, &index, first, &[]);
        assert_eq!(none.iter().filter(|change| change.abs() > 0.0).count(), 2);
        let apart = weekly_changes(&path, &index, first, &joint(42));
        assert!(apart.iter().all(|change| change.is_nan() || *change == 0.0), "{apart:?}");
        assert_eq!(apart.iter().filter(|change| change.is_nan()).count(), 4, "weeks with a day from 32 to 52");
    }

    /// Sellers with a price on one day of each week are measured like any, and what all shops of an owner sell is its share.
    #[test]
    fn weekly_prices_and_several_shops_count() {
        let mut quotes = Vec::new();
        for (s, week) in (0..24).flat_map(|s| (0..20).map(move |week| (s, week))) {
            let price = if week >= 5 + s % 7 { 2.4 } else { 2.0 };
            let mut quote = Quote::posted("广州市", "口罩", &format!("s{s:02}"), Day(18262 + 7 * week), price);
            quote.owner = if s >= 22 { "连锁".to_owned() } else { String::new() };
            quotes.push(Quote { quantity: Some(10.0), ..quote });
        }
        let panel = from_quotes(&quotes, &[]);
        let cell = &panel.cells[0];
        let clock = Clock::new(&panel, cell).unwrap();
        let rises = entity_rises(&panel, cell, &clock);
        let joint: Vec<Rise> =
            [0, 7, 14].iter().flat_map(|s| rises[&panel.entity(&panel.series[*s])].clone()).collect();
        let market =
            Market::new(&panel, cell, &rises, &[0, 7, 14], &[joint], &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        assert_eq!((market.members.len(), market.sellers.len()), (3, 23));
        let chain = market.sellers.iter().find(|row| **row >= 22).unwrap();
        assert_eq!(market.of[chain].sold[0], 20.0);
    }
}
