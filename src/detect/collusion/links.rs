//! Who rises together beyond chance? Counted over one market, observed or drawn.

use std::ops::Range;

use super::rises::Rises;
use super::scale::{Scale, order};

/// Sizes (or prices) are put into classes of as many rises each, so fine that what is alike to a rise fills about so
/// many of them.
const CLASSES_ALIKE: f64 = 3.0;
const CLASSES: Range<usize> = 8..256;
/// Entities are taken in so many blocks, and each is compared with those of its own block and of later ones only.
const BLOCKS: usize = 4;
const LEAST_BLOCK: usize = 64;
/// A first look counts in whole numbers: coincidences in the low bits, and above them their weight in this part of a
/// nat, never too small. Entities of so many rises that coincidences may outnumber the low bits are not counted there.
const COUNT_BITS: u32 = 10;
const QUANTUM: f64 = 1.0 / 16.0;
/// An entity that met fewer than one in so many looks up those it met, else all in turn, so many at once.
const WALK: usize = 4;
const LANES: usize = 64;
/// What single precision may take from a difference.
const ROUNDING: f64 = 4e-6;

/// Pairs that rise together beyond chance: entities (low, high) and weight.
pub type Links = Vec<(u32, u32, f64)>;

/// Where the rises lie by what is compared: classes of as many rises each.
pub struct Places {
    of: Vec<Place>,
    classes: usize,
}

/// Of one rise: its class, the first and last class with any that is alike to it, and what it adds to a first look.
#[derive(Clone, Copy, Default)]
struct Place {
    class: u16,
    first: u16,
    last: u16,
    adds: u32,
}

impl Places {
    /// `bands`, `half_weights`: by position; `alike`: share of all rises that are alike to one, on average.
    pub fn new(bands: &[(f64, f64)], half_weights: &[f64], alike: f64) -> Places {
        let classes = ((CLASSES_ALIKE / alike) as usize).clamp(CLASSES.start, CLASSES.end);
        let order = order(bands, |band| band.0 + band.1);
        let class = |rank: usize| (rank * classes / order.len()) as u16;
        // By rank: the upper end of any up to it, and the lower end of any from it.
        let mut up: Vec<f64> = order.iter().map(|id| bands[*id as usize].1).collect();
        let mut down: Vec<f64> = order.iter().map(|id| bands[*id as usize].0).collect();
        (1..up.len()).for_each(|rank| up[rank] = up[rank].max(up[rank - 1]));
        (1..down.len()).rev().for_each(|rank| down[rank - 1] = down[rank - 1].min(down[rank]));
        let mut of = vec![Place::default(); order.len()];
        for (rank, &id) in order.iter().enumerate() {
            let (low, high) = bands[id as usize];
            let first = up.partition_point(|up| *up < low - ROUNDING);
            let last = down.partition_point(|down| *down <= high + ROUNDING) - 1; // it is alike to itself
            let adds = ((half_weights[id as usize] / QUANTUM).ceil() as u32) << COUNT_BITS;
            of[id as usize] = Place { class: class(rank), first: class(first), last: class(last), adds };
        }
        Places { of, classes }
    }
}

/// Buffers of one thread.
#[derive(Default)]
pub struct Scratch {
    /// Where the rises of each class and period begin, and the rises in that order.
    start: Vec<u32>,
    slots: Vec<Slot>,
    /// First look at one entity: what it collects with each other, where in `slots` that came from, and whom it may be
    /// linked with.
    met: Vec<u32>,
    ranges: Vec<Range<u32>>,
    partners: Vec<u32>,
    /// Second look: its rises by period, and for each period one more than the number of the first of them about it.
    rising: Vec<u32>,
    about: Vec<u32>,
    /// Its rises and those of one partner that coincide.
    hits: Vec<(usize, usize)>,
}

struct Noted<'a> {
    rising: &'a [u32],
    about: &'a [u32],
}

#[derive(Clone, Copy, Default)]
struct Slot {
    who: u32,
    adds: u32,
}

/// One market with its rises at these periods, by position.
#[derive(Clone, Copy)]
pub struct Drawn<'a> {
    pub rises: &'a Rises,
    pub day: &'a [i32],
}

impl Drawn<'_> {
    /// Pairs beyond chance, from at least `min_joint` coincidences. A first look, by classes and in whole numbers, finds
    /// all that may be linked and few others; a second is exact. Work grows with the rises and how many meet, memory
    /// with the rises, the pairs found, and periods times classes.
    pub fn links(self, scale: &Scale, min_joint: usize, scratch: &mut Scratch) -> Links {
        let n = self.rises.entities();
        let block = n.div_ceil(BLOCKS).max(LEAST_BLOCK);
        let rising = |who: &usize| !self.rises.own(*who).is_empty();
        let least = (0..n).filter(rising).map(|who| scale.by_chance[who]).fold(f64::MAX, f64::min);
        let mut links = Links::new();
        scratch.met.clear();
        scratch.met.resize(n, 0);
        scratch.about.resize(self.rises.periods(), 0);
        for from in (0..n).step_by(block) {
            self.arrange(scale, from, scratch);
            for i in (from..n.min(from + block)).filter(rising) {
                self.first_look(scale, i, (least, min_joint), scratch);
                self.second_look(scale, i, min_joint, scratch, &mut links);
            }
        }
        links.sort_unstable_by_key(|l| (l.0, l.1));
        links
    }

    /// Sorts the rises of entities from one on by class and period; those of a cell begin at its number in `start`.
    fn arrange(self, scale: &Scale, from: usize, scratch: &mut Scratch) {
        let Scratch { start, slots, .. } = scratch;
        let (of, events) = (&scale.places.of, &self.rises.events);
        start.clear();
        start.resize(self.rises.periods() * scale.places.classes + 2, 0);
        slots.resize(events.len(), Slot::default());
        let cell =
            |id: usize| of[id].class as usize * self.rises.periods() + (self.day[id] - self.rises.span.0) as usize;
        let ids = self.rises.own(from).start..events.len();
        ids.clone().for_each(|id| start[cell(id) + 2] += 1);
        (1..start.len()).for_each(|k| start[k] += start[k - 1]);
        for id in ids {
            let at = &mut start[cell(id) + 1]; // where its cell has room; in the end where the next begins
            slots[*at as usize] = Slot { who: events[id].who, adds: of[id].adds };
            *at += 1;
        }
    }

    /// With which later entities may one be linked? Counts all in the classes and periods of those its rises meet.
    fn first_look(self, scale: &Scale, i: usize, (least, min_joint): (f64, usize), scratch: &mut Scratch) {
        let Scratch { start, slots, met, ranges, partners, .. } = scratch;
        ranges.clear();
        partners.clear();
        for id in self.rises.own(i) {
            let Place { first, last, adds, .. } = scale.places.of[id];
            let near = self.near(scale, id, self.rises.events[id].unseen);
            for class in first..=last {
                let cells = &start[class as usize * self.rises.periods()..];
                let range = cells[near.start]..cells[near.end];
                let slots = &slots[range.start as usize..range.end as usize];
                slots.iter().for_each(|s| met[s.who as usize] += adds + s.adds + 1);
                ranges.push(range);
            }
        }
        let own = self.rises.own(i).len();
        let enough = |j: usize, met: u32| {
            let (joint, weight) = (met & ((1 << COUNT_BITS) - 1), f64::from(met >> COUNT_BITS) * QUANTUM);
            let counted = joint as usize >= min_joint || own * self.rises.own(j).len() >= 1 << COUNT_BITS;
            j > i && counted && weight >= scale.by_chance(i, j)
        };
        if ranges.iter().map(Range::len).sum::<usize>() * WALK < met.len() {
            for slot in ranges.iter().flat_map(|r| &slots[r.start as usize..r.end as usize]) {
                let met = std::mem::take(&mut met[slot.who as usize]);
                partners.extend(enough(slot.who as usize, met).then_some(slot.who));
            }
            return;
        }
        let least = ((scale.by_chance[i] + least) / 2.0 / QUANTUM) as u32;
        for (k, some) in met[i + 1..].chunks(LANES).enumerate() {
            if some.iter().fold(0, |most, met| most.max(*met)) >> COUNT_BITS >= least {
                let numbered = (i + 1 + k * LANES..).zip(some);
                partners.extend(numbered.filter(|(j, met)| enough(*j, **met)).map(|(j, _)| j as u32));
            }
        }
        met.fill(0);
    }

    /// Links an entity with those of its partners that it meets often and heavily enough.
    fn second_look(self, scale: &Scale, i: usize, min_joint: usize, scratch: &mut Scratch, links: &mut Links) {
        let Scratch { partners, rising, about, hits, .. } = scratch;
        if partners.is_empty() {
            return;
        }
        rising.clear();
        rising.extend(self.rises.own(i).map(|id| id as u32));
        rising.sort_by_key(|id| self.day[*id as usize]);
        let near = |id: u32| self.near(scale, id as usize, scale.max_unseen);
        for (k, &id) in rising.iter().enumerate().rev() {
            about[near(id)].fill(k as u32 + 1); // the first of them remains
        }
        for &j in &*partners {
            let (joint, weight) = self.meet(scale, j as usize, &Noted { rising, about }, hits);
            let left = weight - scale.by_chance(i, j as usize);
            if joint >= min_joint && left > 0.0 {
                links.push((i as u32, j, left));
            }
        }
        rising.iter().for_each(|id| about[near(*id)].fill(0));
    }

    /// How often an entity coincides with the noted one, and the weight. A rise counts once, with the heaviest it meets;
    /// of the two counts, from one entity's rises and from the other's, the smaller.
    fn meet(self, scale: &Scale, j: usize, noted: &Noted<'_>, hits: &mut Vec<(usize, usize)>) -> (usize, f64) {
        hits.clear();
        for b in self.rises.own(j) {
            let Some(first) = (noted.about[(self.day[b] - self.rises.span.0) as usize] as usize).checked_sub(1) else {
                continue;
            };
            let until = self.day[b] + scale.same + scale.max_unseen;
            let about = noted.rising[first..].iter().map(|a| *a as usize).take_while(|a| self.day[*a] <= until);
            hits.extend(about.filter(|a| self.coincide(scale, *a, b)).map(|a| (a, b)));
        }
        let half = |id: usize| scale.known[id].half_weight;
        let count = |hits: &[(usize, usize)]| {
            let each = hits.chunk_by(|x, y| x.0 == y.0);
            each.fold((0, 0.0), |(joint, weight), met| {
                let heaviest = met.iter().map(|h| half(h.1)).fold(0.0, f32::max);
                (joint + 1, weight + f64::from(half(met[0].0) + heaviest))
            })
        };
        hits.sort_unstable();
        let one = count(hits);
        hits.iter_mut().for_each(|h| *h = (h.1, h.0));
        hits.sort_unstable();
        let other = count(hits);
        (one.0.min(other.0), one.1.min(other.1))
    }

    fn coincide(self, scale: &Scale, a: usize, b: usize) -> bool {
        let (x, y, day, events) = (&scale.known[a], &scale.known[b], self.day, &self.rises.events);
        day[a] - events[a].unseen - day[b] <= scale.same
            && day[b] - events[b].unseen - day[a] <= scale.same
            && x.low <= y.high
            && y.low <= x.high
    }

    /// Periods, from the first, in which others may be drawn that coincide with a rise, or with one so much earlier.
    fn near(self, scale: &Scale, id: usize, unseen: i32) -> Range<usize> {
        let ((first, last), day) = (self.rises.span, self.day[id]);
        let (low, high) = (day - unseen - scale.same, day + scale.same + scale.max_unseen);
        (low.max(first) - first) as usize..(high.min(last) - first) as usize + 1
    }
}

#[cfg(test)]
mod tests {
    use super::super::groups::{Group, densest};
    use super::super::jitter::Jitter;
    use super::super::rises::{Alike, Event, coincide};
    use super::*;

    fn event(who: u32, day: i32, size: f64) -> Event {
        Event { who, day, unseen: 0, size, doubt: 0.0, level: 1.0 + f64::from(who), coin: 0.0 }
    }

    fn group(events: Vec<Event>, n: usize, same: i32, alike: Alike) -> Group {
        let rises = Rises::new(events, n, (0, 83));
        let drawn = Drawn { rises: &rises, day: &rises.days() };
        densest(&drawn.links(&Scale::new(&rises, same, alike), 2, &mut Scratch::default()), n, 3)
    }

    /// Worked: 4 of 10 rise on days 20 and 50 of 84. Three like rises of others in four weeks: chance (3 + 1)·3/28/10 =
    /// 3/70, weight ln(70/3) = 3.150; each collects 2·(3/70)·3.150 by chance, with variance 2·(3/70)·3.150² and third
    /// moment over variance 3.150. One partner in ten by chance: 1.2816 standard deviations. 6 pairs over 4 members.
    #[test]
    fn density_by_hand() {
        let mut events: Vec<Event> = (0..4).flat_map(|w| [event(w, 20, 0.1), event(w, 50, 0.12)]).collect();
        events.extend([event(5, 33, 0.3), event(6, 40, 0.2)]);
        let found = group(events.clone(), 10, 1, Alike::Size);
        assert_eq!(found.members, vec![0, 1, 2, 3]);
        let (chance, weight, z) = (3.0_f64 / 70.0, (70.0_f64 / 3.0).ln(), 1.281_551_57_f64);
        let by_chance = 2.0 * chance + z * (2.0 * chance).sqrt() + (z * z - 1.0) / 6.0;
        let pair = (2.0 - by_chance) * weight;
        assert!((found.score - 6.0 * pair / 4.0).abs() < 1e-3, "{} {}", found.score, 6.0 * pair / 4.0);
        let differ: Vec<Event> = events.iter().map(|e| Event { size: 0.05 * (1.0 + f64::from(e.who)), ..*e }).collect();
        assert_eq!(group(differ.clone(), 10, 1, Alike::Size), Group::default(), "unlike sizes do not coincide");
        let one_price = differ.iter().map(|e| Event { level: 0.7, ..*e }).collect();
        assert_eq!(group(one_price, 10, 1, Alike::Level).members, vec![0, 1, 2, 3], "one price does");
        let doubtful = differ.iter().map(|e| Event { doubt: 0.2, ..*e }).collect();
        assert_eq!(group(doubtful, 10, 1, Alike::Size).members, vec![0, 1, 2, 3], "nor do sizes that cost may explain");
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

    /// What is found does not hang on the numbers of the sellers: one rise between two of another is one coincidence.
    #[test]
    fn numbers_do_not_matter() {
        let market = |names: [u32; 3]| {
            let rises = [(0, 17), (0, 23), (1, 20), (2, 20), (0, 60), (1, 61), (2, 60)];
            let events = rises.map(|(who, day)| event(names[who], day, 0.1)).to_vec();
            let rises = Rises::new(events, 12, (0, 83));
            let links = Drawn { rises: &rises, day: &rises.days() }.links(
                &Scale::new(&rises, 3, Alike::Size),
                2,
                &mut Scratch::default(),
            );
            let mut weights: Vec<f64> = links.iter().map(|l| l.2).collect();
            weights.sort_by(f64::total_cmp);
            weights
        };
        assert_eq!(market([0, 1, 2]).len(), 3);
        assert_eq!(market([0, 1, 2]), market([2, 1, 0]));
        assert_eq!(market([0, 1, 2]), market([1, 0, 2]));
    }

    /// Slow twin: every two rises of every two entities, in a drawn market of more entities than a block holds.
    #[test]
    fn equals_counting_pairs() {
        use rand::{Rng, SeedableRng};
        const N: usize = 90;
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let random = |_| Event {
            who: rng.gen_range(0..N as u32),
            day: rng.gen_range(0..84),
            unseen: rng.gen_range(0..3),
            size: rng.gen_range(0.02..0.2),
            doubt: rng.gen_range(0.0..0.02),
            level: rng.gen_range(0.0..0.05),
            coin: rng.gen_range(0.0..0.01),
        };
        let rises = Rises::new((0..900).map(random).collect(), N, (0, 83));
        let mut day = rises.days();
        Jitter::new(&rises, 1, &vec![(0, 0); 84]).draw(1, 1, &mut day);
        let drawn = Drawn { rises: &rises, day: &day };
        let mut linked = 0;
        for (same, alike) in [(1, Alike::Size), (3, Alike::Size), (1, Alike::Level)] {
            let scale = Scale::new(&rises, same, alike);
            let moved = |id: usize| Event { day: day[id], ..rises.events[id] };
            let half = |id: usize| scale.known[id].half_weight;
            let mut slow = Links::new();
            for (i, j) in (0..N).flat_map(|i| (i + 1..N).map(move |j| (i, j))) {
                // The rises of one entity that meet any of another, each with the heaviest.
                let count = |of: usize, with: usize| {
                    let heaviest = |a: usize| {
                        let met = rises.own(with).filter(|b| coincide(&moved(a), &moved(*b), same, alike));
                        met.map(|b| half(a) + half(b)).reduce(f32::max)
                    };
                    let met: Vec<f32> = rises.own(of).filter_map(heaviest).collect();
                    (met.len(), met.iter().map(|w| f64::from(*w)).sum::<f64>())
                };
                let (one, other) = (count(i, j), count(j, i));
                let (joint, left) = (one.0.min(other.0), one.1.min(other.1) - scale.by_chance(i, j));
                if joint >= 2 && left > 0.0 {
                    slow.push((i as u32, j as u32, left));
                }
            }
            let fast = drawn.links(&scale, 2, &mut Scratch::default());
            assert!(fast.len() == slow.len(), "{} {}", fast.len(), slow.len());
            linked += slow.len();
            let near =
                |(a, b): (&(u32, u32, f64), &(u32, u32, f64))| (a.0, a.1) == (b.0, b.1) && (a.2 - b.2).abs() < 1e-9;
            assert!(fast.iter().zip(&slow).all(near));
        }
        assert!(linked > 20, "{linked}");
    }
}
