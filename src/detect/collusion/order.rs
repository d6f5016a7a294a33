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

/// The days on which each of those who moved in every wave did, by wave: wave after wave in one order of entities.
pub fn in_all_waves(waves: &[BTreeMap<u32, f64>]) -> Vec<Vec<f64>> {
    let first = waves.first().into_iter().flat_map(BTreeMap::keys);
    let always: Vec<&u32> = first.filter(|who| waves.iter().all(|wave| wave.contains_key(who))).collect();
    waves.iter().map(|wave| always.iter().map(|who| wave[who]).collect()).collect()
}

/// Kendall's W over waves of the owners that are ordered in all of them, its p-value, and how many owners those are.
pub fn concordance(waves: &[Vec<Move>]) -> Option<(f64, f64, usize)> {
    let days = |wave: &Vec<Move>| wave.iter().map(|m| (m.entity, m.mean_day)).collect();
    let rankings = in_all_waves(&waves.iter().map(days).collect::<Vec<_>>());
    kendall_w(&rankings).map(|(w, p)| (w, p, rankings[0].len()))
}
