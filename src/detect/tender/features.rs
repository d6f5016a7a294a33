//! Numbers of a tender that say how its bids lie, without a label, a date or an id among them.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::model::{Tender, Tenders};
use crate::stats::bids::{SHAPE, shape, subsets};
use crate::stats::ranking::percentile_ranks;
use crate::stats::robust::median;

/// What the bids themselves say.
pub const BIDS: [&str; 28] = [
    "bids",
    "log_amount",
    "cv",
    "spd",
    "diffp",
    "rd",
    "rdnor",
    "rdalt",
    "kurt",
    "skew",
    "ks",
    "loser_cv",
    "least_gap",
    "largest_gap",
    "last_gap",
    "median_gap",
    "winner_to_median",
    "winner_to_mean",
    "highest_to_median",
    "cv_of_3_min",
    "rd_of_3_median",
    "cv_of_4_min",
    "rd_of_4_median",
    "winner_digits",
    "mean_digits",
    "loser_digits",
    "winner_to_estimate",
    "median_to_estimate",
];
/// What is usual for tenders of the same product in this market.
pub const PRODUCT: [&str; 3] = ["product_cv", "product_bids", "product_log_amount"];
/// How often its bidders meet and win, over all tenders of the market but this one.
pub const BIDDERS: [&str; 6] = ["closest_pair", "mean_pair", "meetings", "same_set", "winner_excess", "mean_activity"];
/// Tenders of a product that make something usual.
const PRODUCT_TENDERS: usize = 20;

/// Number of all features.
pub const ALL: usize = BIDS.len() + PRODUCT.len() + BIDDERS.len();

/// Every name, in the order of the values.
pub fn names() -> Vec<&'static str> {
    [&BIDS[..], &PRODUCT, &BIDDERS].concat()
}

/// The position of a name.
pub fn position(name: &str) -> usize {
    names().iter().position(|n| *n == name).unwrap_or(0)
}

/// One value per feature and tender; `None` where it has no meaning (too few bids, no estimate, no product, no names).
pub type Table = Vec<[Option<f64>; ALL]>;

/// All features of all tenders.
pub fn features(all: &Tenders) -> Table {
    let mut table: Table = all.list.par_iter().map(|t| of_bids(all, t)).collect();
    let meetings = Meetings::new(all);
    for (t, row) in all.list.iter().zip(&mut table) {
        row[BIDS.len() + PRODUCT.len()..].copy_from_slice(&meetings.of(all, t));
    }
    of_products(all, &mut table);
    table
}

/// The same as shares of the market's tenders that lie below: what transfers between markets.
pub fn ranked(all: &Tenders, table: &Table) -> Table {
    let mut ranked = vec![[None; ALL]; table.len()];
    for market in markets(all) {
        for f in 0..ALL {
            let values: Vec<Option<f64>> = market.iter().map(|t| table[*t][f]).collect();
            for (t, rank) in market.iter().zip(percentile_ranks(&values)) {
                ranked[*t][f] = rank;
            }
        }
    }
    ranked
}

/// Tenders by market.
pub fn markets(all: &Tenders) -> Vec<Vec<usize>> {
    let mut by: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    all.list.iter().enumerate().for_each(|(i, t)| by.entry(t.market).or_default().push(i));
    by.into_values().collect()
}

fn of_bids(all: &Tenders, t: &Tender) -> [Option<f64>; ALL] {
    let b = all.amounts(t);
    let (n, winner) = (b.len(), all.amount[all.winner(t)]);
    let mean = b.iter().sum::<f64>() / n as f64;
    let middle = median(b).unwrap_or(mean);
    let gaps: Vec<f64> = b.windows(2).map(|w| (w[1] - w[0]) / w[0]).collect();
    let several = |v: f64| (n > 1).then_some(v);
    let (three, four) = (subsets(b, 3), subsets(b, 4));
    let (cv_at, rd_at) = (0, 3);
    let digits: Vec<f64> = b.iter().map(|x| significant_digits(*x)).collect();
    let mean_of = |v: &[f64]| (!v.is_empty()).then(|| v.iter().sum::<f64>() / v.len() as f64);
    let s = shape(b);
    let mut row = [None; ALL];
    row[0] = Some(n as f64);
    row[1] = Some(mean.ln());
    row[2..2 + SHAPE.len()].copy_from_slice(&s);
    let rest = [
        shape(&b[1..])[0],
        gaps.iter().copied().reduce(f64::min),
        gaps.iter().copied().reduce(f64::max),
        gaps.last().copied(),
        median(&gaps),
        several(winner / middle),
        several(winner / mean),
        several(b[n - 1] / middle),
        three[cv_at].map(|v| v[2]),
        three[rd_at].map(|v| v[1]),
        four[cv_at].map(|v| v[2]),
        four[rd_at].map(|v| v[1]),
        Some(significant_digits(winner)),
        mean_of(&digits),
        mean_of(&digits[1..]),
        t.estimate.map(|e| winner / e),
        t.estimate.map(|e| middle / e),
    ];
    row[2 + SHAPE.len()..BIDS.len()].copy_from_slice(&rest);
    row
}

/// Digits of an amount up to its last one that is not zero, at a ten-thousandth at the finest.
pub fn significant_digits(amount: f64) -> f64 {
    let text = format!("{amount:.4}");
    text.trim_end_matches('0')
        .trim_end_matches('.')
        .trim_end_matches('0')
        .replace('.', "")
        .trim_start_matches('0')
        .len() as f64
}

fn of_products(all: &Tenders, table: &mut Table) {
    for market in markets(all) {
        let mut by: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        market.iter().for_each(|t| by.entry(&all.list[*t].product).or_default().push(*t));
        by.retain(|name, of| !name.is_empty() && of.len() >= PRODUCT_TENDERS);
        if by.len() < 2 {
            continue;
        }
        for of in by.values() {
            let usual = |f: &str| {
                let at = position(f);
                median(&of.iter().filter_map(|t| table[*t][at]).collect::<Vec<_>>())
            };
            let values = [usual("cv"), usual("bids"), usual("log_amount")];
            of.iter().for_each(|t| table[*t][BIDS.len()..BIDS.len() + PRODUCT.len()].copy_from_slice(&values));
        }
    }
}

/// Who met whom how often, and who won how often.
pub struct Meetings {
    /// Tenders a bidder took part in.
    pub tenders: Vec<u32>,
    /// Tenders two bidders met in, the smaller number first.
    pub pairs: BTreeMap<(u32, u32), u32>,
    sets: BTreeMap<Vec<u32>, u32>,
    /// Tenders won less those a draw among its bidders would give.
    excess: Vec<f64>,
}

impl Meetings {
    /// Counts all tenders.
    pub fn new(all: &Tenders) -> Meetings {
        let n = all.bidders.len();
        let (mut tenders, mut excess) = (vec![0; n], vec![0.0; n]);
        let (mut pairs, mut sets) = (BTreeMap::new(), BTreeMap::new());
        for t in &all.list {
            let parties = all.parties(t);
            for (k, a) in parties.iter().enumerate() {
                tenders[*a as usize] += 1;
                excess[*a as usize] -= 1.0 / parties.len() as f64;
                parties[k + 1..].iter().for_each(|b| *pairs.entry((*a, *b)).or_insert(0) += 1);
            }
            if let Some(w) = all.bidder[all.winner(t)] {
                excess[w as usize] += 1.0;
            }
            *sets.entry(parties).or_insert(0) += 1;
        }
        Meetings { tenders, pairs, sets, excess }
    }

    /// The features of one tender; its own bids are taken out.
    fn of(&self, all: &Tenders, t: &Tender) -> [Option<f64>; BIDDERS.len()] {
        let parties = all.parties(t);
        if parties.is_empty() {
            return [None; BIDDERS.len()];
        }
        let others = |a: u32| f64::from(self.tenders[a as usize] - 1);
        let (mut shares, mut most) = (Vec::new(), 0.0f64);
        for (k, a) in parties.iter().enumerate() {
            for b in &parties[k + 1..] {
                let met = f64::from(self.pairs.get(&(*a, *b)).copied().unwrap_or(1) - 1);
                shares.push(met / (others(*a) + others(*b) - met).max(1.0));
                most = most.max(met);
            }
        }
        let winner = all.bidder[all.winner(t)];
        let own = 1.0 - 1.0 / parties.len() as f64;
        let pairs = !shares.is_empty();
        [
            shares.iter().copied().reduce(f64::max),
            pairs.then(|| shares.iter().sum::<f64>() / shares.len() as f64),
            pairs.then_some(most),
            self.sets.get(&parties).map(|n| f64::from(n - 1)),
            winner.map(|w| (self.excess[w as usize] - own) / others(w).max(1.0)),
            Some(parties.iter().map(|a| others(*a)).sum::<f64>() / parties.len() as f64),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_are_said() {
        for (amount, digits) in [(1000.0, 1.0), (235_254.7, 7.0), (0.125, 3.0), (117_491_879.01, 11.0), (120.0, 2.0)] {
            assert_eq!(significant_digits(amount), digits, "{amount}");
        }
        assert_eq!(names().len(), ALL);
    }
}
