//! Who rises together beyond chance? Counted over one market, observed or drawn.

use super::rises::Rises;
use super::rows::{self, Look};
use super::scale::{FirstLook, Scale};
use super::sorted;

/// Pairs that rise together beyond chance: entities (low, high) and weight.
pub type Links = Vec<(u32, u32, f64)>;

/// Buffers of one thread.
#[derive(Default)]
pub struct Scratch {
    rows: rows::Scratch,
    sorted: sorted::Scratch,
    /// Rises of two entities that coincide.
    hits: Vec<(u32, u32)>,
}

/// One market with its rises at these periods, by position.
#[derive(Clone, Copy)]
pub struct Drawn<'a> {
    pub rises: &'a Rises,
    pub day: &'a [i32],
}

impl Drawn<'_> {
    /// Pairs beyond chance, from at least `min_joint` coincidences: a first look finds all that may be linked and few
    /// others, a second is exact.
    pub fn links(self, scale: &Scale, min_joint: usize, scratch: &mut Scratch) -> Links {
        let Scratch { rows, sorted, hits } = scratch;
        let mut links = Links::new();
        let mut second_look = |i: usize, j: usize, own: &[u32]| {
            let by_chance = scale.by_chance(i, j);
            if self.meet(scale, own, j, hits) > by_chance {
                let (joint, weight) = self.days(scale, hits);
                if joint >= min_joint && weight > by_chance {
                    links.push((i.min(j) as u32, i.max(j) as u32, weight - by_chance));
                }
            }
        };
        let by_chance = |i, j| scale.by_chance(i, j);
        match &scale.first_look {
            FirstLook::Sorted(look) => {
                let mut own = Vec::new();
                let within = (scale.same + scale.max_unseen) as usize;
                look.pairs(self, within, min_joint, by_chance, sorted, |i, j| {
                    own.clear();
                    own.extend(self.rises.own(i).map(|id| id as u32));
                    second_look(i, j, &own);
                });
            }
            FirstLook::Rows(classes) => {
                Look { drawn: self, classes, same: scale.same, min_joint, by_chance }.pairs(rows, second_look);
            }
        }
        links.sort_unstable_by_key(|l| (l.0, l.1));
        links
    }

    /// Finds which of these rises of one entity coincide with which of another; the most that they weigh.
    fn meet(self, scale: &Scale, own: &[u32], j: usize, hits: &mut Vec<(u32, u32)>) -> f64 {
        let mut most = 0.0;
        hits.clear();
        for &a in own {
            let (day, unseen) = (self.day[a as usize], self.rises.unseen[a as usize]);
            let about = self.rises.about(j, day - unseen - scale.same, day + scale.max_unseen + scale.same);
            let mut heaviest = 0.0_f32;
            for b in about.filter(|b| self.coincide(scale, a as usize, *b)) {
                hits.push((a, b as u32));
                heaviest = heaviest.max(scale.weight(a as usize, b));
            }
            most += f64::from(heaviest);
        }
        most
    }

    /// On how many days rises coincide, and the weight. A day counts once, by the heaviest coincidence; of the two counts,
    /// by the days of one entity and of the other, the smaller.
    fn days(self, scale: &Scale, hits: &mut [(u32, u32)]) -> (usize, f64) {
        let (one, other) = (self.days_of(scale, hits, |hit| hit.0), self.days_of(scale, hits, |hit| hit.1));
        (one.0.min(other.0), one.1.min(other.1))
    }

    /// Days of one side's rises among these coincidences, and the weight.
    fn days_of(self, scale: &Scale, hits: &mut [(u32, u32)], side: impl Fn(&(u32, u32)) -> u32) -> (usize, f64) {
        let day = |hit: &(u32, u32)| self.day[side(hit) as usize];
        hits.sort_unstable_by_key(|hit| (day(hit), *hit));
        let each = hits.chunk_by(|x, y| day(x) == day(y));
        each.fold((0, 0.0), |(days, weight), met| {
            let heaviest = met.iter().map(|(a, b)| scale.weight(*a as usize, *b as usize)).fold(0.0, f32::max);
            (days + 1, weight + f64::from(heaviest))
        })
    }

    fn coincide(self, scale: &Scale, a: usize, b: usize) -> bool {
        let (x, y, unseen) = (&scale.known[a], &scale.known[b], &self.rises.unseen);
        let later = self.day[a] - self.day[b];
        later - unseen[a] <= scale.same && -later - unseen[b] <= scale.same && x.low <= y.high && y.low <= x.high
    }
}

#[cfg(test)]
mod tests {
    use super::super::groups::{Group, densest};
    use super::super::jitter::Jitter;
    use super::super::rises::{Alike, Event, coincide};
    use super::*;

    fn event(who: u32, day: i32, size: f64) -> Event {
        Event { who, day, unseen: 0, good: 0, size, doubt: 0.0, level: 1.0 + f64::from(who), coin: 0.0 }
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

    /// A drawn market: so many entities with so many rises each; much alike and meeting often those of the first 40.
    fn market(n: usize, rises_each: usize) -> (Rises, Vec<i32>) {
        use rand::{Rng, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let random = |_| Event {
            who: rng.gen_range(0..n as u32),
            day: rng.gen_range(0..84),
            unseen: rng.gen_range(0..3),
            good: rng.gen_range(0..2),
            size: rng.gen_range(0.02..0.2),
            doubt: rng.gen_range(0.0..0.02),
            level: rng.gen_range(0.0..0.05),
            coin: rng.gen_range(0.0..0.01),
        };
        let much = |e: Event| Event { good: 0, size: 0.1 + e.size / 20.0, level: e.level / 5.0, ..e };
        let events = (0..rises_each * n).map(random).map(|e| if e.who < 40 { much(e) } else { e });
        let rises = Rises::new(events.collect(), n, (0, 83));
        let mut day = rises.days();
        Jitter::new(&rises, 1, &vec![(0, 0); 84]).draw(1, 1, &mut day);
        // Each with its first rise of an interval on one day, with its second on another.
        for id in (0..n.min(40)).flat_map(|who| rises.own(who)) {
            let own = rises.own(rises.events[id].who as usize);
            let nth = own.take_while(|other| *other < id).filter(|o| rises.within[*o] == rises.within[id]).count();
            day[id] = 28 * i32::from(rises.within[id]) + 9 * nth.min(2) as i32 + 3;
        }
        (rises, day)
    }

    /// Slow twin: every two rises of every two entities.
    fn counted(rises: &Rises, day: &[i32], known: &Scale, alike: Alike) -> Links {
        let moved: Vec<Event> = rises.events.iter().zip(day).map(|(e, day)| Event { day: *day, ..*e }).collect();
        let half = |id: usize| known.known[id].half_weight;
        // The days on which one entity meets another, each with the heaviest.
        let count = |of: usize, with: usize| {
            let mut days = std::collections::BTreeMap::new();
            for (a, b) in rises.own(of).flat_map(|a| rises.own(with).map(move |b| (a, b))) {
                if coincide(&moved[a], &moved[b], known.same, alike) {
                    let heaviest = days.entry(day[a]).or_insert(0.0_f32);
                    *heaviest = heaviest.max(half(a) + half(b));
                }
            }
            (days.len(), days.values().map(|w| f64::from(*w)).sum::<f64>())
        };
        let n = rises.entities();
        let mut slow = Links::new();
        for (i, j) in (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))) {
            let (one, other) = (count(i, j), count(j, i));
            let (joint, left) = (one.0.min(other.0), one.1.min(other.1) - known.by_chance(i, j));
            if joint >= 2 && left > 0.0 {
                slow.push((i as u32, j as u32, left));
            }
        }
        slow
    }

    /// Both looks against the slow twin: more entities than a row and a block hold; more rises of one entity than a
    /// word has bits; few entities.
    #[test]
    fn equals_counting_pairs() {
        for (n, rises_each, least) in [(530, 10, 20), (60, 90, 20), (3, 8, 1)] {
            let (rises, day) = market(n, rises_each);
            let drawn = Drawn { rises: &rises, day: &day };
            for (same, alike) in
                [(0, Alike::Size), (1, Alike::Size), (3, Alike::Size), (0, Alike::Level), (1, Alike::Level)]
            {
                let scale = |sorted: bool| Scale::looking(&rises, same, alike, |_| sorted);
                let known = scale(true);
                let slow = counted(&rises, &day, &known, alike);
                println!("{n} of {rises_each}, within {same} by {alike:?}: {} links", slow.len());
                assert!(slow.len() >= least, "{} by {alike:?}", slow.len());
                for scale in [known, scale(false)] {
                    let fast = drawn.links(&scale, 2, &mut Scratch::default());
                    assert_eq!(fast.len(), slow.len());
                    let near = |(a, b): (&(u32, u32, f64), &(u32, u32, f64))| {
                        (a.0, a.1) == (b.0, b.1) && (a.2 - b.2).abs() < 1e-9
                    };
                    assert!(fast.iter().zip(&slow).all(near));
                }
            }
        }
    }
}
