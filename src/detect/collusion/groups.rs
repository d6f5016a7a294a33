//! Which entities rise together more than their own habits allow? Pair weights, the densest group, its null.

use ndarray::{Array2, Axis};
use rand::SeedableRng;
use rand::distributions::{Distribution, WeightedIndex};
use rand_chacha::ChaCha8Rng;

/// A rise as the null sees it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Event {
    /// Entity number within the cell, from 0.
    pub who: usize,
    /// Day.
    pub day: i32,
    /// Log size.
    pub size: f64,
}

/// Rises within this many days coincide …
pub const SAME_DAYS: i32 = 1;
/// … when their sizes differ by at most this share of the larger, plus half a percent.
const SAME_SIZE: f64 = 0.15;
const SIZE_SLACK: f64 = 0.005;
/// The null moves each rise by at most this many days (METHODS: interval jitter).
const JITTER_DAYS: i32 = 10;

/// The densest group of entities: members, and the sum of pair weights over the number of members.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Group {
    /// Entity numbers, ascending.
    pub members: Vec<usize>,
    /// Density.
    pub score: f64,
}

fn alike(a: &Event, b: &Event) -> bool {
    (a.size - b.size).abs() <= SAME_SIZE * a.size.max(b.size) + SIZE_SLACK
}

/// Pair weights: each coincidence counts −ln(share of entities that rise within a day of it), so that quiet
/// days weigh and shock days do not; pairs with fewer than `min_joint` coincidences weigh nothing.
/// `events` sorted by day; symmetric, entities × entities.
fn weights(events: &[Event], n: usize, min_joint: u32) -> Array2<f64> {
    let (mut weight, mut joint) = (Array2::zeros((n, n)), Array2::<u32>::zeros((n, n)));
    let mut low = 0;
    for (i, a) in events.iter().enumerate() {
        while events[low].day < a.day - SAME_DAYS {
            low += 1;
        }
        let near = events[low..].iter().take_while(|b| b.day <= a.day + SAME_DAYS);
        let mut rising: Vec<usize> = near.map(|b| b.who).collect();
        rising.sort_unstable();
        rising.dedup();
        let rarity = (n as f64 / rising.len() as f64).ln();
        for b in events[low..i].iter().filter(|b| b.who != a.who && alike(a, b)) {
            for cell in [(a.who, b.who), (b.who, a.who)] {
                weight[cell] += rarity;
                joint[cell] += 1;
            }
        }
    }
    weight.zip_mut_with(&joint, |w, j| {
        if *j < min_joint {
            *w = 0.0;
        }
    });
    weight
}

/// Densest subgraph by greedy peeling (Charikar 2000: at least half the best density): remove the member with
/// the least weight, keep the best group met that has `min_group` members.
pub fn densest(events: &[Event], n: usize, min_joint: u32, min_group: usize) -> Group {
    let weight = weights(events, n, min_joint);
    let mut degree = weight.sum_axis(Axis(1));
    let mut inside: Vec<usize> = (0..n).filter(|&i| degree[i] > 0.0).collect();
    let mut total: f64 = degree.sum() / 2.0;
    let mut best = Group::default();
    while inside.len() >= min_group {
        let score = total / inside.len() as f64;
        if score > best.score + 1e-12 {
            best = Group { members: inside.clone(), score };
        }
        let weakest = (0..inside.len()).min_by(|&a, &b| degree[inside[a]].total_cmp(&degree[inside[b]]));
        let Some(weakest) = weakest else { break };
        let gone = inside.remove(weakest);
        total -= degree[gone];
        for &i in &inside {
            degree[i] -= weight[(i, gone)];
        }
    }
    best
}

/// One draw of the null: every rise moves within ±10 days, in proportion to how many others rise on a day and
/// to the entity's own weekdays; sizes stay.
pub struct Null {
    choices: Vec<(Vec<i32>, WeightedIndex<f64>)>,
}

impl Null {
    /// Prepares the draws; `None` without events.
    pub fn new(events: &[Event], n: usize) -> Option<Null> {
        let first = events.first()?.day - JITTER_DAYS;
        let span = (events.last()?.day + JITTER_DAYS - first + 1) as usize;
        let mut intensity = vec![0.0; span];
        let mut habit = vec![[0.5; 7]; n];
        for e in events {
            intensity[(e.day - first) as usize] += 1.0;
            habit[e.who][e.day.rem_euclid(7) as usize] += 1.0;
        }
        let quiet = events.len() as f64 / span as f64;
        let choices = events.iter().map(|e| {
            let days: Vec<i32> = (e.day - JITTER_DAYS..=e.day + JITTER_DAYS).collect();
            let pull = days.iter().map(|&d| {
                let others = intensity[(d - first) as usize] - f64::from(u8::from(d == e.day));
                (others + quiet) * habit[e.who][d.rem_euclid(7) as usize]
            });
            WeightedIndex::new(pull.collect::<Vec<f64>>()).ok().map(|w| (days, w))
        });
        choices.collect::<Option<Vec<_>>>().map(|choices| Null { choices })
    }

    /// The events of draw number `draw`, sorted by day.
    pub fn draw(&self, events: &[Event], seed: u64, cell: u64, draw: u64) -> Vec<Event> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ (cell << 32) ^ draw);
        let moved =
            events.iter().zip(&self.choices).map(|(e, (days, w))| Event { day: days[w.sample(&mut rng)], ..*e });
        let mut moved: Vec<Event> = moved.collect();
        moved.sort_by(|a, b| a.day.cmp(&b.day).then(a.who.cmp(&b.who)).then(a.size.total_cmp(&b.size)));
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(who: usize, day: i32, size: f64) -> Event {
        Event { who, day, size }
    }

    /// Worked: 4 of 10 rise on day 20 and 50 (rarity ln 2.5 each): pair weight 2·ln 2.5, 6 pairs / 4 members.
    #[test]
    fn density_by_hand() {
        let mut events: Vec<Event> = (0..4).flat_map(|w| [event(w, 20, 0.1), event(w, 50, 0.12)]).collect();
        events.extend([event(5, 33, 0.1), event(6, 40, 0.2)]);
        events.sort_by_key(|e| (e.day, e.who));
        let group = densest(&events, 10, 2, 3);
        assert_eq!(group.members, vec![0, 1, 2, 3]);
        assert!((group.score - 6.0 * 2.0 * 2.5f64.ln() / 4.0).abs() < 1e-12);
        let sizes_differ: Vec<Event> =
            events.iter().map(|e| Event { size: 0.05 * (1.0 + e.who as f64), ..*e }).collect();
        assert_eq!(densest(&sizes_differ, 10, 2, 3), Group::default(), "unlike sizes do not coincide");
    }

    #[test]
    fn draws_keep_counts_and_repeat() {
        let events: Vec<Event> = (0..30).map(|i| event(i % 6, i as i32 * 3, 0.1)).collect();
        let null = Null::new(&events, 6).unwrap();
        let (a, b, c) = (null.draw(&events, 1, 2, 3), null.draw(&events, 1, 2, 3), null.draw(&events, 1, 2, 4));
        assert_eq!(a, b);
        assert_ne!(a, c);
        assert_eq!(a.len(), events.len());
        assert!(Null::new(&[], 6).is_none());
    }
}
