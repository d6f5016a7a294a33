//! What the members of a group do where they meet: each line says one thing, with the chance of it.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, Normal};

use super::network::times;
use crate::model::{Tenders, Text};
use crate::stats::ranking::auc;
use crate::stats::robust::{median, quantile_mut};

/// Tenders a line needs on each side of its comparison.
const LEAST: usize = 10;
/// Draws of the permutation lines.
const DRAWS: usize = 999;
/// Amounts of a market compare with each other, as prices of one unit do, where nine of ten lie within this factor.
const UNIT_PRICE_FACTOR: f64 = 2.0;

/// One line of evidence.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// What was seen.
    pub text: Text,
    /// Chance of it were the members independent.
    pub p: f64,
}

/// A tender as the lines see it.
struct Seen {
    /// Members that took part.
    members: Vec<u32>,
    /// All who took part.
    bidders: usize,
    winner: Option<u32>,
    /// Log level of the winning bid, where levels compare.
    level: Option<f64>,
    order: Option<f64>,
    region: String,
}

/// Every line that has enough tenders to be tested.
pub fn lines(all: &Tenders, tenders: &[usize], group: &[u32], seed: u64) -> Vec<Line> {
    let levels = levels(all, tenders);
    let mut seen: Vec<Seen> = Vec::new();
    for (t, level) in tenders.iter().map(|t| &all.list[*t]).zip(levels) {
        let parties = all.parties(t);
        let members: Vec<u32> = parties.iter().copied().filter(|b| group.contains(b)).collect();
        if parties.len() > 1 && !members.is_empty() {
            let winner = all.bidder[all.winner(t)];
            let (order, region) = (t.order, t.region.clone());
            seen.push(Seen { members, bidders: parties.len(), winner, level, order, region });
        }
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    [dear(&seen), yields(&seen, group, all), turns(&seen, &mut rng), regions(&seen, &mut rng)]
        .into_iter()
        .flatten()
        .collect()
}

/// Winning bid over the estimate; without estimates the amount itself, over the median of its time, where the amounts are
/// prices of one unit.
fn levels(all: &Tenders, tenders: &[usize]) -> Vec<Option<f64>> {
    let won = |t: usize| all.amount[all.winner(&all.list[t])];
    if tenders.iter().any(|t| all.list[*t].estimate.is_some()) {
        return tenders.iter().map(|t| all.list[*t].estimate.map(|e| (won(*t) / e).ln())).collect();
    }
    let mut amounts: Vec<f64> = tenders.iter().map(|t| won(*t)).collect();
    let edge = |of: &mut Vec<f64>, q: f64| quantile_mut(of, q).unwrap_or(0.0);
    if edge(&mut amounts, 0.95) > UNIT_PRICE_FACTOR * edge(&mut amounts, 0.05) {
        return vec![None; tenders.len()];
    }
    let times = times(all, tenders);
    let mut of: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    tenders.iter().zip(&times).for_each(|(t, time)| of.entry(*time).or_default().push(won(*t)));
    let middle: BTreeMap<usize, f64> = of.into_iter().filter_map(|(k, v)| Some((k, median(&v)?))).collect();
    tenders.iter().zip(times).map(|(t, time)| middle.get(&time).map(|m| (won(*t) / m).ln())).collect()
}

/// Dearer where several members bid than where one does (Mann & Whitney 1947): more bidders should make it cheaper.
fn dear(seen: &[Seen]) -> Option<Line> {
    let with = seen.iter().filter_map(|s| Some((s.level?, s.members.len() > 1)));
    let (level, together): (Vec<f64>, Vec<bool>) = with.unzip();
    let of = |want: bool| -> Vec<f64> {
        level.iter().zip(&together).filter(|(_, t)| **t == want).map(|(l, _)| *l).collect()
    };
    let (two, one) = (of(true), of(false));
    if two.len() < LEAST || one.len() < LEAST {
        return None;
    }
    let (a, b) = (two.len() as f64, one.len() as f64);
    let z = (auc(&level, &together)? - 0.5) / ((a + b + 1.0) / (12.0 * a * b)).sqrt();
    let pct = ((median(&two)? - median(&one)?).exp() - 1.0) * 100.0;
    let text = Text::new(
        format!("几家同场时中标价比只有一家在场时高 {pct:.1}%（{} 次对 {} 次）", two.len(), one.len()),
        format!(
            "where several of them bid, the winning bid is {pct:.1} % higher than where one does ({} tenders against {})",
            two.len(),
            one.len()
        ),
    );
    Some(Line { text, p: above(z) })
}

/// One wins less often where a certain other bids than where it does not, like with like by number of bidders (Mantel &
/// Haenszel 1959); the clearest pair, its chance times the number of pairs.
fn yields(seen: &[Seen], group: &[u32], all: &Tenders) -> Option<Line> {
    let ordered = group.iter().flat_map(|a| group.iter().map(move |b| (*a, *b))).filter(|(a, b)| a != b);
    let best =
        ordered.filter_map(|(a, b)| Some((yielding(seen, a, b)?, a, b))).min_by(|x, y| x.0.0.total_cmp(&y.0.0))?;
    let ((p, with, without), a, b) = best;
    let tried = (group.len() * (group.len() - 1)) as f64;
    let name = |b: u32| &all.bidders[b as usize].1;
    let (with, without) = (100.0 * with, 100.0 * without);
    let text = Text::new(
        format!("{} 在 {} 参加时只中 {with:.0}%，不参加时中 {without:.0}%", name(a), name(b)),
        format!("{} wins {with:.0} % of its tenders where {} bids, {without:.0} % of the others", name(a), name(b)),
    );
    Some(Line { text, p: (p * tried).min(1.0) })
}

/// Chance of so few wins of `a` beside `b`, its share of wins beside `b`, and its share elsewhere.
fn yielding(seen: &[Seen], a: u32, b: u32) -> Option<(f64, f64, f64)> {
    // By number of bidders: tenders beside b and elsewhere, wins beside b and elsewhere.
    let mut by: BTreeMap<usize, [f64; 4]> = BTreeMap::new();
    for s in seen.iter().filter(|s| s.members.contains(&a)) {
        let beside = s.members.contains(&b);
        let of = by.entry(s.bidders).or_default();
        of[usize::from(!beside)] += 1.0;
        of[2 + usize::from(!beside)] += f64::from(u8::from(s.winner == Some(a)));
    }
    let sum = |k: usize| by.values().map(|x| x[k]).sum::<f64>();
    let (mut less, mut variance) = (0.0, 0.0);
    for [m, n, wins, others] in by.values().copied() {
        let (all, won) = (m + n, wins + others);
        less += m * won / all - wins;
        variance += if all > 1.0 { m * n * won * (all - won) / (all * all * (all - 1.0)) } else { 0.0 };
    }
    let enough = sum(0) >= LEAST as f64 && sum(1) >= LEAST as f64 && variance > 0.0;
    // Half a tender nearer to nothing: counts are whole (Mantel & Haenszel 1959).
    enough.then(|| (above((less - 0.5) / variance.sqrt()), sum(2) / sum(0), sum(3) / sum(1)))
}

/// Members' wins where several of them bid, in the order of time.
fn wins(seen: &[Seen]) -> Vec<(&Seen, u32)> {
    let mut of: Vec<(&Seen, u32)> = seen
        .iter()
        .filter(|s| s.members.len() > 1)
        .filter_map(|s| Some((s, s.winner.filter(|w| s.members.contains(w))?)))
        .collect();
    of.sort_by(|a, b| a.0.order.unwrap_or(f64::MAX).total_cmp(&b.0.order.unwrap_or(f64::MAX)));
    of
}

/// They win in turn: the same member follows itself more rarely than in a shuffled order (Ishii 2009).
fn turns(seen: &[Seen], rng: &mut ChaCha8Rng) -> Option<Line> {
    let of: Vec<u32> = wins(seen).into_iter().filter(|w| w.0.order.is_some()).map(|w| w.1).collect();
    let repeats = |w: &[u32]| w.windows(2).filter(|x| x[0] == x[1]).count();
    let usual = |w: &[u32]| -(repeats(w) as f64);
    let p = shuffled(&of, &usual, rng)?;
    let text = Text::new(
        format!("轮流中标：{} 次中只有 {} 次由上次的中标人接着中标", of.len(), repeats(&of)),
        format!("they win in turn: in {} tenders the last winner wins again only {} times", of.len(), repeats(&of)),
    );
    Some(Line { text, p })
}

/// They bid against each other everywhere and each wins in regions of its own.
fn regions(seen: &[Seen], rng: &mut ChaCha8Rng) -> Option<Line> {
    let of: Vec<(&Seen, u32)> = wins(seen).into_iter().filter(|w| !w.0.region.is_empty()).collect();
    let places: Vec<&str> = of.iter().map(|w| w.0.region.as_str()).collect();
    if places.iter().all(|p| *p == places[0]) {
        return None;
    }
    let winners: Vec<u32> = of.iter().map(|w| w.1).collect();
    let apart = |w: &[u32]| {
        let mut n: BTreeMap<(&str, u32), f64> = BTreeMap::new();
        places.iter().zip(w).for_each(|(p, w)| *n.entry((p, *w)).or_default() += 1.0);
        n.values().map(|x| x * x).sum::<f64>()
    };
    let p = shuffled(&winners, &apart, rng)?;
    let text = Text::new(
        format!("同场的 {} 次招标中，各在自己的地区中标", winners.len()),
        format!("in the {} tenders they share, each wins in regions of its own", winners.len()),
    );
    Some(Line { text, p })
}

/// Share of shuffles, the order as it is among them, in which a number comes out at least as high.
fn shuffled(winners: &[u32], number: &dyn Fn(&[u32]) -> f64, rng: &mut ChaCha8Rng) -> Option<f64> {
    if winners.len() < LEAST || winners.iter().all(|w| *w == winners[0]) {
        return None;
    }
    let (seen, mut turned) = (number(winners), winners.to_vec());
    let as_high = (0..DRAWS).filter(|_| {
        turned.shuffle(rng);
        number(&turned) >= seen
    });
    Some((as_high.count() + 1) as f64 / (DRAWS + 1) as f64)
}

/// Upper tail of the normal distribution.
fn above(z: f64) -> f64 {
    Normal::new(0.0, 1.0).map_or(1.0, |n| n.sf(z)).max(1e-15)
}
