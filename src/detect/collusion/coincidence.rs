//! Who rises together, alike? Counted over one market, observed or drawn.

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF, Normal};

use super::jitter::interval;

/// A rise as the test sees it. Time is counted in the market's periods: days, or weeks where prices are weekly.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Event {
    /// Entity number within the cell, from 0.
    pub who: u32,
    /// First period at the new price.
    pub day: i32,
    /// Periods without a price just before: the rise may be that much older.
    pub unseen: i32,
    /// Log size.
    pub size: f64,
    /// Log price it rises to.
    pub level: f64,
    /// What rounding to a coin may add to the size.
    pub coin: f64,
}

/// The rises of one market.
pub struct Rises {
    /// By size, then as given; a rise is known by its position here.
    pub events: Vec<Event>,
    /// Ids of each entity's rises, by period.
    pub own: Vec<Vec<u32>>,
    /// First and last period with a price.
    pub span: (i32, i32),
}

impl Rises {
    /// Of `n` entities.
    pub fn new(mut events: Vec<Event>, n: usize, span: (i32, i32)) -> Rises {
        events.sort_by(|a, b| a.size.total_cmp(&b.size).then((a.day, a.who).cmp(&(b.day, b.who))));
        let mut own = vec![Vec::new(); n];
        for (id, e) in events.iter().enumerate() {
            own[e.who as usize].push(id as u32);
        }
        own.iter_mut().for_each(|ids| ids.sort_by_key(|id| events[*id as usize].day));
        Rises { events, own, span }
    }

    /// The periods as observed, by event id.
    pub fn days(&self) -> Vec<i32> {
        self.events.iter().map(|e| e.day).collect()
    }
}

/// In what rises are alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Alike {
    /// In size.
    #[default]
    Size,
    /// In the price they rise to.
    Level,
}

impl Alike {
    /// Half the width of what is alike to a rise.
    pub fn reach(self, size: f64, coin: f64) -> f64 {
        match self {
            Alike::Size => (SAME_SIZE * size + SIZE_SLACK + coin) / 2.0,
            Alike::Level => (LEVEL_SLACK + coin) / 2.0,
        }
    }
}

/// Sizes are alike when they differ by at most this share of their mean, plus half a percent and the coins.
const SAME_SIZE: f64 = 0.15;
const SIZE_SLACK: f64 = 0.005;
/// Prices are the same when they differ by no more than this and the coins.
const LEVEL_SLACK: f64 = 0.002;
/// A pair counts only beyond what so many others would reach with each entity by chance (normal approximation).
const PARTNERS_BY_CHANCE: f64 = 1.0;
/// Fixed point of weights.
const SCALE: f64 = 65536.0;

/// Pairs that rise together beyond chance: entities (low, high) and weight.
pub type Links = Vec<(u32, u32, f64)>;

/// What one market shows at one scale.
#[derive(Default)]
pub struct Seen {
    /// Log likelihood ratio of the rises around each rise against what its interval gives, summed over all.
    pub synchrony: f64,
    /// Pairs.
    pub links: Links,
}

/// Buffers of one thread, so that a draw allocates nothing.
#[derive(Default)]
pub struct Scratch {
    start: Vec<u32>,
    next: Vec<u32>,
    slots: Vec<Slot>,
    collected: Vec<u64>,
    ranges: Vec<(u32, u32)>,
}

/// One rise in the order of periods, then of what is compared.
#[derive(Clone, Copy, Default)]
struct Slot {
    value: f32,
    reach: f32,
    who: u32,
    half_weight: u32,
    unseen: i32,
}

/// How near and how alike rises must be to coincide, and what is known of each rise before any is moved.
pub struct Scale {
    /// Rises within this many periods coincide …
    pub same: i32,
    /// … when alike in this.
    pub alike: Alike,
    /// Half the width of what is alike to each rise, and what is compared, by event id.
    half: Vec<(f32, f32)>,
    /// Ids in the order of what is compared.
    order: Vec<u32>,
    max_unseen: i32,
    max_reach: f32,
    /// Rises of others no smaller than each that its interval gives at the time of it.
    expected: Vec<f64>,
    /// Half of −ln chance, fixed point.
    half_weight: Vec<u32>,
    /// Mean and spread of what an entity collects with one other by chance.
    moments: Vec<(f64, f64)>,
    spare: f64,
}

impl Scale {
    /// `same`: periods within which rises coincide.
    pub fn new(rises: &Rises, same: i32, alike: Alike) -> Scale {
        let n = rises.own.len();
        let value = |e: &Event| if alike == Alike::Size { e.size } else { e.level };
        let of = |e: &Event| (value(e), alike.reach(e.size, e.coin));
        let values: Vec<(f64, f64)> = rises.events.iter().map(of).collect();
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_by(|a, b| values[*a as usize].0.total_cmp(&values[*b as usize].0)); // stable: ties as events are
        let near = neighbours(rises, &values, &order);
        let mean_unseen =
            rises.events.iter().map(|e| f64::from(e.unseen)).sum::<f64>() / rises.events.len().max(1) as f64;
        let window = f64::from(2 * same + 1) + mean_unseen;
        let chance =
            near.iter().map(|(like, _, share)| ((like + 1) as f64 * window * share / n.max(2) as f64).min(1.0));
        let chance: Vec<f64> = chance.collect();
        let expected = near
            .iter()
            .zip(&rises.events)
            .map(|((_, above, share), e)| (above + 1) as f64 * f64::from(2 * same + 1 + e.unseen) * share);
        let weight = |c: f64| -c.ln();
        let moments = rises.own.iter().map(|ids| {
            let each = || ids.iter().map(|id| chance[*id as usize]);
            (each().map(|c| c * weight(c)).sum(), each().map(|c| c * weight(c).powi(2)).sum())
        });
        let tail = 1.0 - PARTNERS_BY_CHANCE / n.max(2) as f64;
        Scale {
            same,
            alike,
            max_unseen: rises.events.iter().map(|e| e.unseen).max().unwrap_or(0),
            max_reach: values.iter().map(|v| v.1).fold(0.0, f64::max) as f32,
            expected: expected.collect(),
            half_weight: chance.iter().map(|c| (weight(*c) / 2.0 * SCALE).round() as u32).collect(),
            moments: moments.collect(),
            spare: Normal::new(0.0, 1.0).map_or(0.0, |z| z.inverse_cdf(tail)),
            half: values.iter().map(|(value, reach)| (*value as f32, *reach as f32)).collect(),
            order,
        }
    }

    /// What two entities would collect by chance, with the spare that keeps chance partners few.
    fn by_chance(&self, i: usize, j: usize) -> f64 {
        let (a, b) = (self.moments[i], self.moments[j]);
        (a.0 + b.0) / 2.0 + self.spare * ((a.1 + b.1) / 2.0).sqrt()
    }

    /// Counts one market with the rises at `day` (by event id). Pairs need `min_joint` coincidences; synchrony counts
    /// where `min_group` entities rise. Work and memory grow with rises and coincidences, not with pairs of entities.
    pub fn count(&self, rises: &Rises, day: &[i32], min_joint: u64, min_group: usize, scratch: &mut Scratch) -> Seen {
        self.arrange(rises, day, scratch);
        let mut seen = Seen::default();
        for (i, ids) in rises.own.iter().enumerate() {
            scratch.ranges.clear();
            for &id in ids {
                let others = self.meet(rises, id, day[id as usize], scratch);
                seen.synchrony += if others + 1 >= min_group { self.excess(id, others) } else { 0.0 };
            }
            let Scratch { slots, collected, ranges, .. } = &mut *scratch;
            collected[i] = 0;
            for slot in ranges.iter().flat_map(|&(from, to)| &slots[from as usize..to as usize]) {
                let found = std::mem::take(&mut collected[slot.who as usize]);
                if found >> 32 >= min_joint && slot.who as usize > i {
                    let left = (found & 0xffff_ffff) as f64 / SCALE - self.by_chance(i, slot.who as usize);
                    if left > 0.0 {
                        seen.links.push((i as u32, slot.who, left));
                    }
                }
            }
        }
        seen.links.sort_unstable_by_key(|l| (l.0, l.1));
        seen
    }

    /// Log likelihood ratio of so many others around a rise against what its interval gives (Poisson scan, Kulldorff
    /// 1997).
    fn excess(&self, id: u32, others: usize) -> f64 {
        let (k, expected) = (others as f64, self.expected[id as usize]);
        if k > expected { k * (k / expected).ln() - k + expected } else { 0.0 }
    }

    /// Sorts rises by period; within a period they stay in order of what is compared.
    fn arrange(&self, rises: &Rises, day: &[i32], scratch: &mut Scratch) {
        let (first, last) = rises.span;
        let days = (last - first + 2) as usize;
        let Scratch { start, next, slots, collected, .. } = scratch;
        start.clear();
        start.resize(days + 1, 0);
        day.iter().for_each(|d| start[(d - first) as usize + 1] += 1);
        (1..=days).for_each(|d| start[d] += start[d - 1]);
        next.clone_from(start);
        slots.resize(day.len(), Slot::default());
        for &id in &self.order {
            let (e, (value, reach)) = (&rises.events[id as usize], self.half[id as usize]);
            let at = &mut next[(day[id as usize] - first) as usize];
            let half_weight = self.half_weight[id as usize];
            slots[*at as usize] = Slot { value, reach, who: e.who, half_weight, unseen: e.unseen };
            *at += 1;
        }
        collected.resize(rises.own.len(), 0);
    }

    /// Adds what each other entity collects with one rise; returns how many others rise about its time and no less.
    /// By period, those that may be alike are a range, and what follows is larger.
    fn meet(&self, rises: &Rises, id: u32, day: i32, scratch: &mut Scratch) -> usize {
        let e = &rises.events[id as usize];
        let ((value, reach), half) = (self.half[id as usize], u64::from(self.half_weight[id as usize]));
        let low = (day - e.unseen - self.same).max(rises.span.0);
        let high = (day + self.same + self.max_unseen).min(rises.span.1);
        let Scratch { start, slots, collected, ranges, .. } = scratch;
        let mut no_smaller = 0;
        for d in low..=high {
            let at = (d - rises.span.0) as usize;
            let of_day = &slots[start[at] as usize..start[at + 1] as usize];
            let first = of_day.partition_point(|s| s.value < value - reach - self.max_reach);
            let last = first + of_day[first..].partition_point(|s| s.value <= value + reach + self.max_reach);
            let late = d - day - self.same;
            for s in &of_day[first..last] {
                let meets = (s.value - value).abs() <= reach + s.reach && s.unseen >= late;
                let adds = (1 << 32) + half + u64::from(s.half_weight);
                collected[s.who as usize] += if meets { adds } else { 0 };
            }
            no_smaller += if late <= 0 { of_day.len() - first } else { 0 };
            ranges.push((start[at] + first as u32, start[at] + last as u32));
        }
        no_smaller.saturating_sub(1) // its own
    }
}

/// Of each rise: others' rises in its interval that are alike, those that are no smaller (within what is alike), and the
/// share of the interval that one period is. The interval and what falls in it are the same in every draw.
fn neighbours(rises: &Rises, values: &[(f64, f64)], order: &[u32]) -> Vec<(usize, usize, f64)> {
    let when = |id: u32| interval(rises.events[id as usize].day, rises.span);
    let mut by_interval: BTreeMap<i32, Vec<f64>> = BTreeMap::new();
    for &id in order {
        by_interval.entry(when(id).0).or_default().push(values[id as usize].0); // ascending, as the order is
    }
    let one = |id: u32| {
        let within = when(id);
        let (value, reach) = values[id as usize];
        let (least, most) = (value - 2.0 * reach, value + 2.0 * reach);
        let all = &by_interval[&within.0];
        let low = all.partition_point(|v| *v < least);
        let like = all[low..].partition_point(|v| *v <= most);
        let who = rises.events[id as usize].who;
        let mine = rises.own[who as usize].iter().filter(|o| when(**o) == within).map(|o| values[*o as usize].0);
        let (mut my_like, mut my_above) = (0, 0);
        mine.filter(|v| *v >= least).for_each(|v| {
            my_like += usize::from(v <= most);
            my_above += 1;
        });
        (like - my_like, all.len() - low - my_above, 1.0 / f64::from(within.1 - within.0 + 1))
    };
    (0..values.len() as u32).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::groups::{Group, densest};
    use super::*;

    fn event(who: u32, day: i32, size: f64) -> Event {
        Event { who, day, unseen: 0, size, level: 1.0 + f64::from(who), coin: 0.0 }
    }

    fn group(events: Vec<Event>, n: usize, same: i32, alike: Alike) -> Group {
        let rises = Rises::new(events, n, (0, 83));
        let seen = Scale::new(&rises, same, alike).count(&rises, &rises.days(), 2, 3, &mut Scratch::default());
        densest(&seen.links, n, 3)
    }

    /// Worked: 4 of 10 rise on days 20 and 50 of 84. Three like rises of others in four weeks: chance (3 + 1)·3/28/10 =
    /// 3/70, weight ln(70/3) = 3.150; each collects 2·(3/70)·3.150 by chance, with variance 2·(3/70)·3.150². One partner
    /// in ten by chance: 1.2816 standard deviations. 6 pairs over 4 members.
    #[test]
    fn density_by_hand() {
        let mut events: Vec<Event> = (0..4).flat_map(|w| [event(w, 20, 0.1), event(w, 50, 0.12)]).collect();
        events.extend([event(5, 33, 0.3), event(6, 40, 0.2)]);
        let found = group(events.clone(), 10, 1, Alike::Size);
        assert_eq!(found.members, vec![0, 1, 2, 3]);
        let (chance, weight) = (3.0 / 70.0, (70.0_f64 / 3.0).ln());
        let pair = 2.0 * weight - 2.0 * chance * weight - 1.281_551_57 * (2.0 * chance).sqrt() * weight;
        assert!((found.score - 6.0 * pair / 4.0).abs() < 1e-3, "{} {}", found.score, 6.0 * pair / 4.0);
        let differ: Vec<Event> = events.iter().map(|e| Event { size: 0.05 * (1.0 + f64::from(e.who)), ..*e }).collect();
        assert_eq!(group(differ.clone(), 10, 1, Alike::Size), Group::default(), "unlike sizes do not coincide");
        let one_price = differ.iter().map(|e| Event { level: 0.7, ..*e }).collect();
        assert_eq!(group(one_price, 10, 1, Alike::Level).members, vec![0, 1, 2, 3], "one price does");
    }

    /// A day nobody saw a price on may hide the rise: it still coincides; two such days apart from it do not, unless
    /// a wider scale is asked for.
    #[test]
    fn a_rise_seen_late_coincides() {
        let at = |late: i32, unseen: i32, same: i32| {
            let mut events: Vec<Event> = (0..3).flat_map(|w| [event(w, 20, 0.1), event(w, 50, 0.1)]).collect();
            events[1] = Event { day: 50 + late, unseen, ..events[1] };
            group(events, 12, same, Alike::Size).members
        };
        assert_eq!(at(2, 1, 1), vec![0, 1, 2]);
        assert_eq!(at(2, 0, 1), Vec::<usize>::new());
        assert_eq!(at(2, 0, 3), vec![0, 1, 2]);
    }

    /// Slow twin: every two rises of every two entities.
    #[test]
    fn equals_counting_pairs() {
        use rand::{Rng, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let random = |_| Event {
            who: rng.gen_range(0..12),
            day: rng.gen_range(0..84),
            unseen: rng.gen_range(0..3),
            size: rng.gen_range(0.02..0.2),
            level: rng.gen_range(0.0..0.05),
            coin: rng.gen_range(0.0..0.01),
        };
        let rises = Rises::new((0..240).map(random).collect(), 12, (0, 83));
        for (same, alike) in [(1, Alike::Size), (3, Alike::Size), (1, Alike::Level)] {
            let scale = Scale::new(&rises, same, alike);
            let fast = scale.count(&rises, &rises.days(), 2, 3, &mut Scratch::default());
            let meet = |a: usize, b: usize| {
                let ((x, y), (p, q)) = ((&rises.events[a], &rises.events[b]), (scale.half[a], scale.half[b]));
                x.day - x.unseen - y.day <= same && y.day - y.unseen - x.day <= same && (p.0 - q.0).abs() <= p.1 + q.1
            };
            let mut slow = Links::new();
            for i in 0..12 {
                for j in i + 1..12 {
                    let both =
                        rises.own[i].iter().flat_map(|a| rises.own[j].iter().map(move |b| (*a as usize, *b as usize)));
                    let met: Vec<(usize, usize)> = both.filter(|(a, b)| meet(*a, *b)).collect();
                    let half = |id: usize| f64::from(scale.half_weight[id]) / SCALE;
                    let weight: f64 = met.iter().map(|(a, b)| half(*a) + half(*b)).sum();
                    if met.len() >= 2 && weight > scale.by_chance(i, j) {
                        slow.push((i as u32, j as u32, weight - scale.by_chance(i, j)));
                    }
                }
            }
            assert!(!slow.is_empty() && fast.links.len() == slow.len(), "{} {}", fast.links.len(), slow.len());
            let near =
                |(a, b): (&(u32, u32, f64), &(u32, u32, f64))| (a.0, a.1) == (b.0, b.1) && (a.2 - b.2).abs() < 1e-9;
            assert!(fast.links.iter().zip(&slow).all(near));
        }
    }
}
