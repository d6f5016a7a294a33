//! Relative price: a seller against the leave-one-entity-out market of its cell.

use std::collections::BTreeSet;

use crate::model::{Cell, Panel};
use crate::stats::leave_out::median_without;
use crate::stats::pass_through::{PassThrough, lagged, pass_through};
use crate::stats::robust::median_mut;

/// A relative price path: position in the series' points, log market, log price less market.
pub type Path = Vec<(usize, f64, f64)>;

/// One day: sorted log prices with seller levels taken out; and entities, sorted, with the position of each one's
/// prices among them.
struct OneDay {
    values: Vec<f64>,
    entities: Vec<u32>,
    positions: Vec<usize>,
}

impl OneDay {
    fn new(mut column: Vec<(f64, u32)>) -> OneDay {
        column.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut owners: Vec<(u32, usize)> = column.iter().enumerate().map(|(i, v)| (v.1, i)).collect();
        owners.sort_unstable();
        let (entities, positions) = owners.into_iter().unzip();
        OneDay { values: column.into_iter().map(|v| v.0).collect(), entities, positions }
    }
}

/// One cell, or several cells of one good, prepared for comparisons.
pub struct Market<'a> {
    panel: &'a Panel,
    first: i32,
    /// By day from `first`.
    days: Vec<OneDay>,
    /// Economic entities among the sellers.
    pub entities: usize,
}

impl<'a> Market<'a> {
    /// Prepares a cell: seller levels are medians of log price less the cell's index.
    pub fn new(panel: &'a Panel, cell: &'a Cell) -> Market<'a> {
        Market::pooled(panel, &[cell])
    }

    /// Prepares cells of one good together. Levels are taken out within each cell, so regions, packs and
    /// units may differ: only relative movements meet.
    pub fn pooled(panel: &'a Panel, cells: &[&'a Cell]) -> Market<'a> {
        let edge = |pick: fn(&Cell) -> Option<i32>| cells.iter().filter_map(move |c| pick(c));
        let first = edge(|c| c.market.first().map(|d| d.day.0)).min().unwrap_or(0);
        let end = edge(|c| c.market.last().map(|d| d.day.0 + 1)).max().unwrap_or(first);
        let mut columns: Vec<Vec<(f64, u32)>> = vec![Vec::new(); (end - first) as usize];
        let mut entities = BTreeSet::new();
        for cell in cells {
            add_cell(panel, cell, first, &mut columns, &mut entities);
        }
        let days = columns.into_iter().map(OneDay::new).collect();
        Market { panel, first, days, entities: entities.len() }
    }

    /// Log market index on a day without one entity; `None` where nobody else has a price.
    pub fn without(&self, entity: u32, day: i32) -> Option<f64> {
        let of_day = self.days.get(usize::try_from(day - self.first).ok()?)?;
        let from = of_day.entities.partition_point(|e| *e < entity);
        let own = of_day.entities[from..].iter().take_while(|e| **e == entity).count();
        median_without(&of_day.values, &of_day.positions[from..from + own])
    }

    /// ln(price) − market at each observation of the `s`-th series of the panel: (position in the series'
    /// points, market, relative price).
    pub fn relative(&self, s: usize) -> Path {
        let series = &self.panel.series[s];
        let (p, entity) = (self.panel.points(series), self.panel.entity(series));
        let at = |i: usize| self.without(entity, p.day[i]).map(|m| (i, m, p.price[i].ln() - m));
        (0..p.day.len()).filter_map(at).collect()
    }

    /// The seller's own habit of following the market, and its [`relative`](Market::relative) prices against what
    /// that habit makes of the market; `None` where no habit can be told.
    pub fn by_habit(&self, s: usize, relative: &[(usize, f64, f64)]) -> Option<(PassThrough, Path)> {
        let series = &self.panel.series[s];
        let (p, market) = (self.panel.points(series), self.path_without(self.panel.entity(series))?);
        let at: Vec<usize> = relative.iter().map(|o| (p.day[o.0] - self.first) as usize).collect();
        let y: Vec<f64> = relative.iter().map(|o| o.1 + o.2).collect();
        let habit = pass_through(&y, &at, &market)?;
        let one = |((o, i), y): ((&(usize, f64, f64), usize), f64)| {
            let allowed = habit.slope * lagged(&market, i, habit.lag);
            (o.0, allowed, y - allowed)
        };
        Some((habit, relative.iter().zip(at).zip(y).map(one).collect()))
    }

    /// Daily log index without one entity, held over days without prices; `None` where there never is one.
    fn path_without(&self, entity: u32) -> Option<Vec<f64>> {
        let known: Vec<Option<f64>> =
            (0..self.days.len()).map(|d| self.without(entity, self.first + d as i32)).collect();
        let mut last = known.iter().flatten().next().copied()?;
        let mut hold = |m: Option<f64>| {
            last = m.unwrap_or(last);
            last
        };
        Some(known.into_iter().map(&mut hold).collect())
    }
}

/// Adds a cell's log prices, each less its seller's level, to the columns of their days.
fn add_cell(panel: &Panel, cell: &Cell, first: i32, columns: &mut [Vec<(f64, u32)>], entities: &mut BTreeSet<u32>) {
    let grid = panel.grid(cell);
    let mut index = vec![f64::NAN; grid.days];
    for day in &cell.market {
        index[(day.day.0 - grid.first.0) as usize] = day.index;
    }
    let shift = (grid.first.0 - first) as usize;
    for (r, series) in panel.series[cell.series.clone()].iter().enumerate() {
        let entity = panel.entity(series);
        entities.insert(entity);
        let mut gaps: Vec<f64> = grid.row(r).iter().zip(&index).map(|(x, m)| x - m).filter(|g| g.is_finite()).collect();
        let Some(level) = median_mut(&mut gaps) else { continue };
        for (t, x) in grid.row(r).iter().enumerate().filter(|(_, x)| x.is_finite()) {
            columns[t + shift].push((x - level, entity));
        }
    }
}
