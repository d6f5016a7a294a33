//! Who moves first? Owners by the mean day on which their sellers first rise.

use std::collections::BTreeMap;

use crate::model::{Cell, Panel};
use crate::stats::concordance::kendall_w;
use crate::stats::robust::median;

/// Sellers of one owner, in one wave of rises.
#[derive(Clone, PartialEq, Debug)]
pub struct Move {
    /// Economic entity.
    pub entity: u32,
    /// Owner as in the enterprises file, else the seller's name.
    pub name: String,
    /// Price series that rose …
    pub risen: usize,
    /// … of so many.
    pub of: usize,
    /// Mean first day, counted from day 0.
    pub mean_day: f64,
    /// Median first day.
    pub median_day: f64,
}

/// Owners with at least `min_series` series of the cell, at least half of which rose, the earliest first.
/// `first` is the day of each series' first rise in the wave, in the order of the cell.
pub fn order_of_moves(panel: &Panel, cell: &Cell, first: &[Option<i32>], min_series: usize) -> Vec<Move> {
    let mut owners: BTreeMap<u32, (usize, Vec<f64>, usize)> = BTreeMap::new();
    for (s, day) in cell.series.clone().zip(first) {
        let owner = owners.entry(panel.entity(&panel.series[s])).or_insert((s, Vec::new(), 0));
        owner.1.extend(day.map(f64::from));
        owner.2 += 1;
    }
    let mut moves: Vec<Move> = owners
        .into_iter()
        .filter(|(_, (_, days, of))| *of >= min_series && 2 * days.len() >= *of)
        .filter_map(|(entity, (s, days, of))| {
            let seller = &panel.sellers[panel.series[s].seller as usize];
            let name = if seller.owner.is_empty() { &seller.name } else { &seller.owner }.clone();
            let mean_day = days.iter().sum::<f64>() / days.len() as f64;
            Some(Move { entity, name, risen: days.len(), of, mean_day, median_day: median(&days)? })
        })
        .collect();
    moves.sort_by(|a, b| a.mean_day.total_cmp(&b.mean_day).then_with(|| a.name.cmp(&b.name)));
    moves
}

/// Kendall's W over waves of the owners that are ordered in all of them, its p-value, and how many owners those are.
pub fn concordance(waves: &[Vec<Move>]) -> Option<(f64, f64, usize)> {
    let mut in_all: Vec<u32> = waves.first()?.iter().map(|m| m.entity).collect();
    in_all.retain(|e| waves.iter().all(|w| w.iter().any(|m| m.entity == *e)));
    let rankings: Vec<Vec<f64>> = waves
        .iter()
        .map(|w| in_all.iter().filter_map(|e| w.iter().find(|m| m.entity == *e)).map(|m| m.mean_day).collect())
        .collect();
    kendall_w(&rankings).map(|(w, p)| (w, p, in_all.len()))
}
