//! Which entities rise together more than their own habits allow? Coincidences of pairs against what the null
//! expects, the densest group, its null.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::distributions::{Distribution, WeightedIndex};
use rand_chacha::ChaCha8Rng;

/// A rise as the null sees it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Event {
    /// Entity number within the cell, from 0.
    pub who: u32,
    /// Day.
    pub day: i32,
    /// Log size.
    pub size: f64,
    /// What rounding to the market's coin can make of the size.
    pub slack: f64,
}

/// Rises within this many days coincide …
pub const SAME_DAYS: i32 = 1;
/// … when their sizes differ by at most this share of the larger, plus half a percent, plus rounding.
const SAME_SIZE: f64 = 0.15;
const SIZE_SLACK: f64 = 0.005;
/// The null moves each rise by at most this many days (METHODS: interval jitter).
const JITTER_DAYS: i32 = 10;
/// How a rise spreads over the days around it in the market's intensity: a raw count would let the null gather rises
/// on days that were busy by chance, and busier than the market ever was.
const KERNEL: [f64; 7] = [0.0625, 0.125, 0.1875, 0.25, 0.1875, 0.125, 0.0625];
/// Expected coincidences below which a pair is taken to expect this many: data this short cannot show less.
const LEAST_EXPECTED: f64 = 0.02;

/// The densest group of entities: members, and the sum of pair weights over the number of members.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Group {
    /// Entity numbers, ascending.
    pub members: Vec<u32>,
    /// Density.
    pub score: f64,
}

fn alike(a: &Event, b: &Event) -> bool {
    (a.size - b.size).abs() <= SAME_SIZE * a.size.max(b.size) + SIZE_SLACK + a.slack.max(b.slack)
}

/// Pairs (lower, higher entity) of alike rises at most `days` apart, by position; `events` sorted by day.
fn alike_pairs(events: &[Event], days: i32) -> impl Iterator<Item = (usize, usize)> {
    let mut low = 0;
    (0..events.len()).flat_map(move |i| {
        while events[low].day < events[i].day - days {
            low += 1;
        }
        let near = (low..i).filter(move |&j| events[j].who != events[i].who && alike(&events[j], &events[i]));
        near.map(move |j| if events[j].who < events[i].who { (j, i) } else { (i, j) })
    })
}

/// Pair weights: Poisson log likelihood ratio k·ln(k/λ) − (k − λ) of k coincidences where the null expects λ < k.
fn weights(events: &[Event], null: &Null, min_joint: u32) -> Vec<(u32, u32, f64)> {
    let mut joint: BTreeMap<(u32, u32), Vec<(usize, usize)>> = BTreeMap::new();
    for (i, j) in alike_pairs(events, SAME_DAYS) {
        joint.entry((events[i].who, events[j].who)).or_default().push((i, j));
    }
    joint
        .into_iter()
        .map(|(pair, met)| (pair, one_to_one(&met)))
        .filter(|(_, k)| *k >= min_joint)
        .filter_map(|((a, b), k)| {
            let (k, expected) = (f64::from(k), null.expected(a, b));
            (k > expected).then(|| (a, b, k * (k / expected).ln() - (k - expected)))
        })
        .collect()
}

/// Coincidences in which every rise counts once: two rises of one seller around a single one of the other are one.
fn one_to_one(met: &[(usize, usize)]) -> u32 {
    let distinct = |of: fn(&(usize, usize)) -> usize| met.iter().map(of).collect::<BTreeSet<_>>().len();
    distinct(|m| m.0).min(distinct(|m| m.1)) as u32
}

/// Densest subgraph by greedy peeling (Charikar 2000: at least half the best density): remove the member with
/// the least weight, keep the best group met that has `min_group` members.
pub fn densest(events: &[Event], null: &Null, min_joint: u32, min_group: usize) -> Group {
    let mut edges: BTreeMap<u32, Vec<(u32, f64)>> = BTreeMap::new();
    for (a, b, w) in weights(events, null, min_joint) {
        edges.entry(a).or_default().push((b, w));
        edges.entry(b).or_default().push((a, w));
    }
    let mut degree: BTreeMap<u32, f64> = edges.iter().map(|(v, e)| (*v, e.iter().map(|e| e.1).sum())).collect();
    // Weights are positive, and bits of positive numbers sort as the numbers do.
    let mut queue: BTreeSet<(u64, u32)> = degree.iter().map(|(v, d)| (d.to_bits(), *v)).collect();
    let mut total = degree.values().sum::<f64>() / 2.0;
    let (mut removed, mut best, mut kept) = (Vec::new(), (0.0, 0), queue.len());
    while kept >= min_group {
        let score = total / kept as f64;
        if score > best.0 + 1e-12 {
            best = (score, removed.len());
        }
        let Some((_, gone)) = queue.pop_first() else { break };
        removed.push(gone);
        kept -= 1;
        total -= degree.remove(&gone).unwrap_or(0.0);
        for (other, w) in edges.get(&gone).into_iter().flatten() {
            if let Some(d) = degree.get_mut(other) {
                queue.remove(&(d.to_bits(), *other));
                *d = (*d - w).max(0.0);
                queue.insert((d.to_bits(), *other));
            }
        }
    }
    if best.0 == 0.0 {
        return Group::default();
    }
    let out: BTreeSet<u32> = removed[..best.1].iter().copied().collect();
    Group { members: edges.into_keys().filter(|v| !out.contains(v)).collect(), score: best.0 }
}

/// The null: every rise moves within ±10 days, in proportion to how many others rise on a day and to the entity's
/// own weekdays; sizes stay.
pub struct Null {
    choices: Vec<(i32, WeightedIndex<f64>)>,
    expected: BTreeMap<(u32, u32), f64>,
}

impl Null {
    /// Prepares the draws; `None` without events. `events` sorted by day.
    pub fn new(events: &[Event]) -> Option<Null> {
        let first = events.first()?.day - JITTER_DAYS;
        let span = (events.last()?.day + JITTER_DAYS - first + 1) as usize;
        let mut intensity = vec![0.0; span];
        let mut habit: BTreeMap<u32, [f64; 7]> = BTreeMap::new();
        for e in events {
            let at = (e.day - first) as usize;
            for (k, weight) in KERNEL.iter().enumerate() {
                if let Some(day) = (at + k).checked_sub(KERNEL.len() / 2).and_then(|d| intensity.get_mut(d)) {
                    *day += weight;
                }
            }
            habit.entry(e.who).or_insert([0.5; 7])[e.day.rem_euclid(7) as usize] += 1.0;
        }
        let quiet = events.len() as f64 / span as f64;
        let pulls: Vec<Vec<f64>> = events
            .iter()
            .map(|e| {
                let days = e.day - JITTER_DAYS..=e.day + JITTER_DAYS;
                let pull = days.map(|d| {
                    let own = KERNEL.get((d - e.day + KERNEL.len() as i32 / 2) as usize).copied().unwrap_or(0.0);
                    let others = (intensity[(d - first) as usize] - own).max(0.0);
                    (others + quiet) * habit[&e.who][d.rem_euclid(7) as usize]
                });
                let pull: Vec<f64> = pull.collect();
                let all: f64 = pull.iter().sum();
                pull.into_iter().map(|p| p / all).collect()
            })
            .collect();
        let expected = expected(events, &pulls);
        let choices =
            events.iter().zip(&pulls).map(|(e, pull)| Some((e.day - JITTER_DAYS, WeightedIndex::new(pull).ok()?)));
        Some(Null { choices: choices.collect::<Option<Vec<_>>>()?, expected })
    }

    /// Coincidences the null expects of a pair (lower entity first).
    fn expected(&self, a: u32, b: u32) -> f64 {
        self.expected.get(&(a, b)).copied().unwrap_or(0.0).max(LEAST_EXPECTED)
    }

    /// The events of draw number `draw`, sorted by day.
    pub fn draw(&self, events: &[Event], seed: u64, cell: u64, draw: u64) -> Vec<Event> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ (cell << 32) ^ draw);
        let moved = events
            .iter()
            .zip(&self.choices)
            .map(|(e, (from, w))| Event { day: from + w.sample(&mut rng) as i32, ..*e });
        let mut moved: Vec<Event> = moved.collect();
        sort(&mut moved);
        moved
    }
}

/// By day, then entity, then size.
pub fn sort(events: &mut [Event]) {
    events.sort_by(|a, b| a.day.cmp(&b.day).then(a.who.cmp(&b.who)).then(a.size.total_cmp(&b.size)));
}

/// Σ over pairs of alike rises of P(they coincide), each moving by itself.
fn expected(events: &[Event], pulls: &[Vec<f64>]) -> BTreeMap<(u32, u32), f64> {
    let mut sums: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    for (i, j) in alike_pairs(events, 2 * JITTER_DAYS + SAME_DAYS) {
        let shift = events[i].day - events[j].day;
        let meets = |(k, p): (usize, &f64)| {
            let near = (-SAME_DAYS..=SAME_DAYS).filter_map(|d| usize::try_from(k as i32 + shift + d).ok());
            p * near.filter_map(|m| pulls[j].get(m)).sum::<f64>()
        };
        let chance: f64 = pulls[i].iter().enumerate().map(meets).sum();
        *sums.entry((events[i].who, events[j].who)).or_default() += chance;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(who: u32, day: i32, size: f64) -> Event {
        Event { who, day, size, slack: 0.0 }
    }

    /// Worked: 4 rise on day 20 and 50: every pair has k = 2; six pairs over four members.
    #[test]
    fn density_by_hand() {
        let mut events: Vec<Event> = (0..4).flat_map(|w| [event(w, 20, 0.1), event(w, 50, 0.12)]).collect();
        events.extend([event(5, 33, 0.1), event(6, 40, 0.2)]);
        sort(&mut events);
        let null = Null::new(&events).unwrap();
        let group = densest(&events, &null, 2, 3);
        assert_eq!(group.members, vec![0, 1, 2, 3]);
        let weight = |l: f64| 2.0 * (2.0 / l).ln() - (2.0 - l);
        let pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];
        let by_hand: f64 = pairs.iter().map(|(a, b)| weight(null.expected(*a, *b))).sum();
        assert!((group.score - by_hand / 4.0).abs() < 1e-12);
        let sizes_differ: Vec<Event> =
            events.iter().map(|e| Event { size: 0.05 * (1.0 + f64::from(e.who)), ..*e }).collect();
        assert_eq!(densest(&sizes_differ, &null, 2, 3), Group::default(), "unlike sizes do not coincide");
    }

    /// Slow twin: the expected count is the mean over many draws.
    #[test]
    fn expected_counts_are_those_of_the_draws() {
        let mut events: Vec<Event> = (0..24).map(|i| event(i % 4, (i as i32 * 7) % 60, 0.1)).collect();
        sort(&mut events);
        let null = Null::new(&events).unwrap();
        let mut seen: BTreeMap<(u32, u32), f64> = BTreeMap::new();
        let draws = 4000;
        for d in 0..draws {
            let moved = null.draw(&events, 1, 1, d);
            for (i, j) in alike_pairs(&moved, SAME_DAYS) {
                *seen.entry((moved[i].who, moved[j].who)).or_default() += 1.0 / draws as f64;
            }
        }
        for (pair, mean) in seen {
            assert!(
                (null.expected(pair.0, pair.1) - mean).abs() < 0.1,
                "{pair:?} {mean} {}",
                null.expected(pair.0, pair.1)
            );
        }
    }

    #[test]
    fn draws_keep_counts_and_repeat() {
        let events: Vec<Event> = (0..30).map(|i| event(i % 6, i as i32 * 3, 0.1)).collect();
        let null = Null::new(&events).unwrap();
        let (a, b, c) = (null.draw(&events, 1, 2, 3), null.draw(&events, 1, 2, 3), null.draw(&events, 1, 2, 4));
        assert_eq!(a, b);
        assert_ne!(a, c);
        assert_eq!(a.len(), events.len());
        assert!(Null::new(&[]).is_none());
    }
}
