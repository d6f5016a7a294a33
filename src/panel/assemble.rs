//! Puts cell-day points in order: cells, series, points, each sorted, so that nothing depends on the
//! order in which rows were read.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::market::market_days;
use super::order::counting_sort;
use crate::model::panel::Points;
use crate::model::{Basis, Cell, CostPath, Item, Panel, PriceUnit, RowRef, Seller, Series, Tenders, Text};

/// What makes a series: everything but the day.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DraftKey {
    /// Price type.
    pub basis: Basis,
    /// Region as in the input.
    pub region: String,
    /// Family label where known, else the product name.
    pub product: String,
    /// What a price buys.
    pub unit: PriceUnit,
    /// Index into [`Draft::sellers`].
    pub seller: u32,
    /// Index into [`Draft::items`].
    pub item: u32,
    /// Market or platform.
    pub market: String,
}

/// Points in any order; each (series, day) at most once. Optional columns are empty or full length.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DraftPoints {
    /// Index into [`Draft::keys`].
    pub series: Vec<u32>,
    /// As in [`Points`].
    pub day: Vec<i32>,
    /// As in [`Points`].
    pub price: Vec<f64>,
    /// As in [`Points`].
    pub last: Vec<f64>,
    /// As in [`Points`].
    pub quantity: Vec<f64>,
    /// As in [`Points`].
    pub cost: Vec<f64>,
    /// As in [`Points`].
    pub list: Vec<f64>,
    /// As in [`Points`].
    pub fee: Vec<f64>,
    /// As in [`Points`].
    pub stock: Vec<f64>,
    /// As in [`Points`].
    pub high: Vec<f64>,
    /// As in [`Points`].
    pub row: Vec<RowRef>,
    /// Whether the point stands on one row only.
    pub single: Vec<bool>,
}

/// A panel before sorting.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Draft {
    /// Sorted by id.
    pub sellers: Vec<Seller>,
    /// Sorted.
    pub items: Vec<Item>,
    /// Distinct.
    pub keys: Vec<DraftKey>,
    /// Family labels in both languages by cell product; a product without one is its own label.
    pub labels: BTreeMap<String, Text>,
    /// The points.
    pub points: DraftPoints,
    /// See [`Panel::hold_days`].
    pub hold_days: i32,
    /// See [`Panel::currency`].
    pub currency: Text,
}

/// Sorts a draft into a panel and adds each cell's market. `cost` finds the cost series of a cell
/// (region, product).
///
/// Also the series of each draft key, `u32::MAX` where nothing was left of it.
pub fn assemble(draft: Draft, cost: impl Fn(&Cell) -> Option<CostPath>) -> (Panel, Vec<u32>) {
    let Draft { sellers, items, keys, labels, points, hold_days, currency } = draft;
    let mut order: Vec<u32> = (0..keys.len() as u32).collect();
    order.sort_by(|a, b| keys[*a as usize].cmp(&keys[*b as usize]));
    let mut rank = vec![0u32; keys.len()];
    for (new, &old) in order.iter().enumerate() {
        rank[old as usize] = new as u32;
    }
    let (points, starts) = sort_points(points, &rank, keys.len());
    let (cells, series, series_of) = group(&keys, &order, &starts, &labels);
    let mut panel = Panel { sellers, items, cells, series, points, hold_days, currency, tenders: Tenders::default() };
    let markets: Vec<_> = panel.cells.par_iter().map(|cell| market_days(&panel, cell)).collect();
    for (cell, market) in panel.cells.iter_mut().zip(markets) {
        cell.market = market;
        cell.cost = cost(cell);
    }
    (panel, series_of)
}

/// Two stable counting sorts, by day and then by series: linear in the number of points.
fn sort_points(points: DraftPoints, rank: &[u32], series: usize) -> (Points, Vec<usize>) {
    let low = points.day.iter().copied().min().unwrap_or(0);
    let span = points.day.iter().copied().max().map_or(0, |high| (high - low + 1) as usize);
    let all: Vec<u32> = (0..points.day.len() as u32).collect();
    let (by_day, _) = counting_sort(&all, span, |i| (points.day[i as usize] - low) as usize);
    let (order, starts) = counting_sort(&by_day, series, |i| rank[points.series[i as usize] as usize] as usize);
    let pick = |column: &[f64]| -> Vec<f64> {
        if column.is_empty() { Vec::new() } else { order.iter().map(|&i| column[i as usize]).collect() }
    };
    let sorted = Points {
        day: order.iter().map(|&i| points.day[i as usize]).collect(),
        price: pick(&points.price),
        last: pick(&points.last),
        quantity: pick(&points.quantity),
        cost: pick(&points.cost),
        list: pick(&points.list),
        fee: pick(&points.fee),
        stock: pick(&points.stock),
        high: pick(&points.high),
        row: order.iter().map(|&i| points.row[i as usize]).collect(),
    };
    (sorted, starts)
}

fn group(
    keys: &[DraftKey],
    order: &[u32],
    starts: &[usize],
    labels: &BTreeMap<String, Text>,
) -> (Vec<Cell>, Vec<Series>, Vec<u32>) {
    let mut cells: Vec<Cell> = Vec::new();
    let mut series = Vec::new();
    let mut series_of = vec![u32::MAX; keys.len()];
    for (new, &old) in order.iter().enumerate() {
        if starts[new] == starts[new + 1] {
            continue; // every row of it was a reject, a duplicate or a return
        }
        let key = &keys[old as usize];
        let same = cells.last().is_some_and(|c| {
            c.basis == key.basis && c.region == key.region && c.product == key.product && c.unit == key.unit
        });
        if !same {
            let label = labels.get(&key.product).cloned();
            cells.push(Cell {
                region: key.region.clone(),
                product: key.product.clone(),
                label: label.unwrap_or_else(|| Text::new(key.product.as_str(), key.product.as_str())),
                basis: key.basis,
                unit: key.unit.clone(),
                comparable: !matches!(key.unit, PriceUnit::Pack(_)),
                series: series.len()..series.len(),
                market: Vec::new(),
                cost: None,
            });
        }
        let cell = cells.len() - 1;
        let points = starts[new]..starts[new + 1];
        series_of[old as usize] = series.len() as u32;
        series.push(Series {
            seller: key.seller,
            item: key.item,
            cell: cell as u32,
            market: key.market.clone(),
            points,
        });
        cells[cell].series.end = series.len();
    }
    distrust_unstated(&mut cells);
    (cells, series, series_of)
}

/// Where some prices of a good are known per base unit, those without a unit may be boxes: they are
/// kept, but not compared.
fn distrust_unstated(cells: &mut [Cell]) {
    let known: Vec<(Basis, String, String)> = cells
        .iter()
        .filter(|c| matches!(c.unit, PriceUnit::Base(_)))
        .map(|c| (c.basis, c.region.clone(), c.product.clone()))
        .collect();
    for cell in cells.iter_mut().filter(|c| c.unit == PriceUnit::Unstated) {
        cell.comparable &= !known.contains(&(cell.basis, cell.region.clone(), cell.product.clone()));
    }
}
