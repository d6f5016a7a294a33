//! Which entities rise together more than their own habits allow? Pair weights, the densest group, its null.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::SeedableRng;
use rand::distributions::{Distribution, WeightedIndex};
use rand_chacha::ChaCha8Rng;

/// A rise as the null sees it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Event {
    /// Position in the observed list: what [`Rarity`] knows of it.
    pub id: usize,
    /// Entity number within the cell, from 0.
    pub who: usize,
    /// First day at the new price.
    pub day: i32,
    /// Days without a price just before: the rise may be that much older.
    pub unseen: i32,
    /// Log size.
    pub size: f64,
    /// What rounding to a coin may add to the size.
    pub coin: f64,
}

/// Rises within this many days coincide …
pub const SAME_DAYS: i32 = 1;
/// … when their sizes differ by at most this share of the larger, plus half a percent and the coins.
const SAME_SIZE: f64 = 0.15;
const SIZE_SLACK: f64 = 0.005;
/// A pair counts only what it collects beyond chance by this many standard deviations.
const SPARE_SIGMAS: f64 = 1.5;
/// A rise is dated to at most this many days, or the null and the data would coincide at will.
pub const MAX_UNSEEN: i32 = 2;
/// The null moves each rise by at most this many days (METHODS: interval jitter).
const JITTER_DAYS: i32 = 10;
/// The market's intensity is smoothed over this many days each side: a rhythm is common, one day's clump is
/// what is tested.
const SMOOTH_DAYS: usize = 3;

/// The densest group of entities: members, and the sum of pair weights over the number of members.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Group {
    /// Entity numbers, ascending.
    pub members: Vec<usize>,
    /// Density.
    pub score: f64,
}

fn alike(a: &Event, b: &Event) -> bool {
    (a.size - b.size).abs() <= SAME_SIZE * a.size.max(b.size) + SIZE_SLACK + (a.coin + b.coin) / 2.0
}

/// May the two have happened within a day of each other?
fn together(a: &Event, b: &Event) -> bool {
    a.day - a.unseen - b.day <= SAME_DAYS && b.day - b.unseen - a.day <= SAME_DAYS
}

/// Neighbours of each entity with the weight of the pair, both ways.
type Links = Vec<Vec<(u32, f64)>>;

/// For each event the range of events within `reach` days, in a list sorted by day.
fn windows(events: &[Event], reach: i32) -> Vec<(usize, usize)> {
    let (mut low, mut high) = (0, 0);
    let one = |e: &Event| {
        while events[low].day < e.day - reach {
            low += 1;
        }
        while high < events.len() && events[high].day <= e.day + reach {
            high += 1;
        }
        (low, high)
    };
    events.iter().map(one).collect()
}

/// What is known of each event before any is moved: how likely one other entity is to have a like rise within a
/// day of it by the market's rhythm alone (like rises within ±10 days, spread evenly, over the others).
pub struct Rarity {
    /// −ln of that chance, by event, in the order given.
    weight: Vec<f64>,
    /// Per entity, over its events: sum of chance × weight, and of chance × weight².
    moments: Vec<(f64, f64)>,
}

impl Rarity {
    /// From events sorted by day.
    pub fn new(events: &[Event], n: usize) -> Rarity {
        let (window, reach) = (f64::from(2 * SAME_DAYS + 1), f64::from(2 * JITTER_DAYS + 1));
        let mut moments = vec![(0.0, 0.0); n];
        let near = windows(events, JITTER_DAYS);
        let one = |(e, (from, to)): (&Event, (usize, usize))| {
            let like = events[from..to].iter().filter(|b| b.who != e.who && alike(e, b)).count();
            let chance = ((like + 1) as f64 * window / reach / n.max(2) as f64).min(1.0);
            let weight = -chance.ln();
            moments[e.who].0 += chance * weight;
            moments[e.who].1 += chance * weight * weight;
            weight
        };
        let weight = events.iter().zip(near).map(one).collect();
        Rarity { weight, moments }
    }

    /// What two entities would collect by chance: mean plus `SPARE_SIGMAS` standard deviations.
    fn by_chance(&self, i: usize, j: usize) -> f64 {
        let (a, b) = (self.moments[i], self.moments[j]);
        (a.0 + b.0) / 2.0 + SPARE_SIGMAS * ((a.1 + b.1) / 2.0).sqrt()
    }
}

/// Pair weights: what coincidences weigh together, less what chance gives; pairs with fewer than `min_joint`
/// coincidences weigh nothing. One entity at a time over its own events: memory grows with coincidences, not
/// with pairs.
fn links(events: &[Event], n: usize, min_joint: u32, rarity: &Rarity) -> Links {
    let near = windows(events, SAME_DAYS + MAX_UNSEEN);
    let mut own: Vec<Vec<usize>> = vec![Vec::new(); n];
    for (i, e) in events.iter().enumerate() {
        own[e.who].push(i);
    }
    let mut scratch = vec![Met::default(); n];
    let mut links: Links = vec![Vec::new(); n];
    for (i, mine) in own.iter().enumerate() {
        let mut met = Vec::new();
        for &k in mine {
            let e = &events[k];
            for (b, at) in events[near[k].0..near[k].1].iter().zip(near[k].0 + 1..) {
                let other = &mut scratch[b.who];
                if b.who > i && other.last < at && other.by != k + 1 && together(e, b) && alike(e, b) {
                    if other.joint == 0 {
                        met.push(b.who);
                    }
                    let weight = other.weight + (rarity.weight[e.id] + rarity.weight[b.id]) / 2.0;
                    *other = Met { joint: other.joint + 1, last: at, by: k + 1, weight };
                }
            }
        }
        met.sort_unstable();
        for j in met {
            let found = std::mem::take(&mut scratch[j]);
            let left = found.weight - rarity.by_chance(i, j);
            if found.joint >= min_joint && left > 0.0 {
                links[i].push((j as u32, left));
                links[j].push((i as u32, left));
            }
        }
    }
    links
}

/// What one entity has collected with another so far; each rise of either counts once.
#[derive(Clone, Default)]
struct Met {
    joint: u32,
    /// Position after the other's last matched rise, and after the own.
    last: usize,
    by: usize,
    weight: f64,
}

/// Densest subgraph by greedy peeling (Charikar 2000: at least half the best density): remove the member with
/// the least weight, keep the best group met that has `min_group` members.
pub fn densest(events: &[Event], rarity: &Rarity, min_joint: u32, min_group: usize) -> Group {
    let n = rarity.moments.len();
    let links = links(events, n, min_joint, rarity);
    let mut degree: Vec<f64> = links.iter().map(|l| l.iter().map(|e| e.1).sum()).collect();
    let mut inside: Vec<bool> = degree.iter().map(|d| *d > 0.0).collect();
    let mut left = inside.iter().filter(|x| **x).count();
    let mut total: f64 = degree.iter().sum::<f64>() / 2.0;
    let order = |d: f64, i: usize| Reverse((d.max(0.0).to_bits(), i));
    let mut heap: BinaryHeap<_> = (0..n).filter(|&i| inside[i]).map(|i| order(degree[i], i)).collect();
    let (mut gone, mut best, mut best_gone) = (Vec::new(), 0.0, None);
    while left >= min_group {
        let score = total / left as f64;
        if score > best + 1e-12 {
            (best, best_gone) = (score, Some(gone.len()));
        }
        let Some(Reverse((bits, i))) = heap.pop() else { break };
        if !inside[i] || bits != degree[i].max(0.0).to_bits() {
            continue;
        }
        inside[i] = false;
        left -= 1;
        gone.push(i);
        total -= degree[i];
        for &(j, w) in links[i].iter().filter(|l| inside[l.0 as usize]) {
            let j = j as usize;
            degree[j] -= w;
            heap.push(order(degree[j], j));
        }
    }
    let Some(kept) = best_gone else { return Group::default() };
    for &i in &gone[kept..] {
        inside[i] = true;
    }
    Group { members: (0..n).filter(|&i| inside[i]).collect(), score: best }
}

/// One draw of the null: every rise moves within ±10 days, in proportion to how many others rise about a day and
/// to the weekdays of the entity's other rises; sizes stay.
pub struct Null {
    choices: Vec<(i32, WeightedIndex<f64>)>,
}

impl Null {
    /// Prepares the draws; `None` without events.
    pub fn new(events: &[Event], n: usize) -> Option<Null> {
        let first = events.first()?.day - JITTER_DAYS;
        let span = (events.last()?.day + JITTER_DAYS - first + 1) as usize;
        let mut count = vec![0.0; span];
        let mut habit = vec![[0.5; 7]; n];
        for e in events {
            count[(e.day - first) as usize] += 1.0;
            habit[e.who][e.day.rem_euclid(7) as usize] += 1.0;
        }
        let quiet = events.len() as f64 / span as f64;
        let intensity = smooth(&count);
        let choices = events.iter().zip(spans(events, n)).map(|(e, (from, to))| {
            let week = e.day.rem_euclid(7);
            let pull = (from..=to).map(|d| {
                let own =
                    if d.abs_diff(e.day) as usize <= SMOOTH_DAYS { 1.0 / (2 * SMOOTH_DAYS + 1) as f64 } else { 0.0 };
                let others = (intensity[(d - first) as usize] - own).max(0.0);
                let day = d.rem_euclid(7);
                (others + quiet) * (habit[e.who][day as usize] - f64::from(u8::from(day == week)))
            });
            WeightedIndex::new(pull.collect::<Vec<f64>>()).ok().map(|w| (from, w))
        });
        choices.collect::<Option<Vec<_>>>().map(|choices| Null { choices })
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

/// By day, entity, number.
fn sort(events: &mut [Event]) {
    events.sort_by_key(|a| (a.day, a.who, a.id));
}

/// Sorts the observed events and numbers them.
pub fn number(events: &mut [Event]) {
    events.sort_by(|a, b| (a.day, a.who).cmp(&(b.day, b.who)).then(a.size.total_cmp(&b.size)));
    for (id, e) in events.iter_mut().enumerate() {
        e.id = id;
    }
}

/// Days each event may move to: ±`JITTER_DAYS`, and no further than the entity's rises before and after,
/// so that nobody rises more often at a time in a draw than it did.
fn spans(events: &[Event], n: usize) -> Vec<(i32, i32)> {
    let mut last: Vec<Option<usize>> = vec![None; n];
    let mut spans: Vec<(i32, i32)> = events.iter().map(|e| (e.day - JITTER_DAYS, e.day + JITTER_DAYS)).collect();
    for (i, e) in events.iter().enumerate() {
        if let Some(before) = last[e.who].replace(i) {
            spans[before].1 = spans[before].1.min(e.day);
            spans[i].0 = spans[i].0.max(events[before].day);
        }
    }
    spans
}

/// Moving average over ±`SMOOTH_DAYS`.
fn smooth(count: &[f64]) -> Vec<f64> {
    let mean = |i: usize| {
        let part = &count[i.saturating_sub(SMOOTH_DAYS)..(i + SMOOTH_DAYS + 1).min(count.len())];
        part.iter().sum::<f64>() / part.len() as f64
    };
    (0..count.len()).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(who: usize, day: i32, size: f64) -> Event {
        Event { id: 0, who, day, unseen: 0, size, coin: 0.0 }
    }

    fn numbered(mut events: Vec<Event>) -> Vec<Event> {
        number(&mut events);
        events
    }

    /// Worked: 4 of 10 rise on days 20 and 50. Three like rises within ten days: chance (3+1)·3/21/10 = 2/35, weight
    /// ln 17.5 = 2.862; each entity's moments are 2·(2/35)·2.862 and 2·(2/35)·2.862². A pair keeps 2·2.862 less
    /// 0.3271 and 1.5·√0.9363; 6 pairs over 4 members.
    #[test]
    fn density_by_hand() {
        let mut events: Vec<Event> = (0..4).flat_map(|w| [event(w, 20, 0.1), event(w, 50, 0.12)]).collect();
        events.extend([event(5, 33, 0.3), event(6, 40, 0.2)]);
        let events = numbered(events);
        let group = densest(&events, &Rarity::new(&events, 10), 2, 3);
        assert_eq!(group.members, vec![0, 1, 2, 3]);
        let (chance, weight) = (2.0 / 35.0, 17.5f64.ln());
        let pair = 2.0 * weight - 2.0 * chance * weight - 1.5 * (2.0 * chance).sqrt() * weight;
        assert!((group.score - 6.0 * pair / 4.0).abs() < 1e-12, "{}", group.score);
        let differ = numbered(events.iter().map(|e| Event { size: 0.05 * (1.0 + e.who as f64), ..*e }).collect());
        assert_eq!(densest(&differ, &Rarity::new(&differ, 10), 2, 3), Group::default(), "unlike sizes do not coincide");
    }

    /// A day nobody saw a price on may hide the rise: it still coincides; two such days apart from it do not.
    #[test]
    fn a_rise_seen_late_coincides() {
        let at = |late: i32, unseen: i32| {
            let mut events: Vec<Event> = (0..3).flat_map(|w| [event(w, 20, 0.1), event(w, 50, 0.1)]).collect();
            events[1] = Event { day: 50 + late, unseen, ..events[1] };
            let events = numbered(events);
            densest(&events, &Rarity::new(&events, 12), 2, 3).members
        };
        assert_eq!(at(2, 1), vec![0, 1, 2]);
        assert_eq!(at(2, 0), Vec::<usize>::new());
    }

    #[test]
    fn draws_keep_counts_and_repeat() {
        let events = numbered((0..30).map(|i| event(i % 6, i as i32 * 3, 0.1)).collect());
        let null = Null::new(&events, 6).unwrap();
        let (a, b, c) = (null.draw(&events, 1, 2, 3), null.draw(&events, 1, 2, 3), null.draw(&events, 1, 2, 4));
        assert_eq!(a, b);
        assert_ne!(a, c);
        assert_eq!(a.len(), events.len());
        assert!(Null::new(&[], 6).is_none());
    }
}
