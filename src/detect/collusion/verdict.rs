//! Does a market rise together more than its null allows? Several statistics, one set of draws, one p-value.

use rayon::prelude::*;

use super::groups::{Group, densest};
use super::jitter::{Calendar, Jitter};
use super::links::{Drawn, Scratch};
use super::rises::{Alike, Rises};
use super::scale::Scale;
use super::synchrony::synchrony;
use crate::stats::min_p::{MinP, min_p};

/// Null draws are taken in steps, as many as small p-values need; once this many score as high, p is large enough to
/// stop (Besag & Clifford 1991, sequential Monte Carlo).
const FIRST_DRAWS: [u64; 2] = [19, 99];
const ENOUGH_HITS: usize = 5;
/// Rises redrawn in all: a market of very many rises gets fewer draws, but these, and the floor of p says so.
const REDRAWN: u64 = 25_000_000;
const LEAST_DRAWS: u64 = 199;
/// In a market of so many rises draws are dear, and where no more than two scales are looked at a statistic in which
/// enough score as high is no longer drawn. What p loses by that is what statistics have in common, ties above all: next
/// to nothing where rises are many, much where they are few (the toy market: 0.85 of single joint rises found instead of
/// 0.96) and between like sizes within a day and within three (2,000 sellers of three rises: 25 groups at 0.05 instead of
/// 31).
pub const DEAR: usize = 5_000;

/// What is asked of a market.
pub struct Question {
    /// Coincidences that make a pair.
    pub min_joint: usize,
    /// Entities that make a group.
    pub min_group: usize,
    /// Whether rises that coincide once count (synchrony): only where a cost series has excused what it can.
    pub once: bool,
    /// Null draws at most.
    pub max_draws: u64,
    /// Rises from which on statistics are left off, see [`DEAR`].
    pub dear: usize,
    /// Days of a period.
    pub step: i32,
    /// Classes of the periods.
    pub calendar: Calendar,
    /// Seed, and the number of the market.
    pub seed: (u64, u64),
}

/// The answer.
pub struct Verdict {
    /// The densest group of each scale, the strongest evidence first.
    pub groups: Vec<Suspect>,
    /// p-value of the market: the smallest over all statistics against the same of the draws.
    pub p: f64,
    /// Smallest p that so many draws could have given.
    pub floor: f64,
}

/// A group, and how it was found.
pub struct Suspect {
    /// Who.
    pub group: Group,
    /// Periods within which its rises coincide, and in what they are alike.
    pub scale: (i32, Alike),
    /// p-value of this group: its density against the densest groups of the draws, corrected for the choice of scale.
    pub p: f64,
}

/// What is measured of a market, the higher the more its rises come together.
enum Statistic<'a> {
    /// The density of its densest group.
    Densest(&'a Scale),
    /// Of all its rises.
    Synchrony(&'a Scale),
}

/// Tests one market; p is 1 where nothing coincides.
pub fn verdict(rises: &Rises, scales: &[Scale], ask: &Question) -> Verdict {
    let most = (REDRAWN / rises.events.len().max(1) as u64).max(LEAST_DRAWS).min(ask.max_draws);
    let floor = 1.0 / (most + 1) as f64;
    let statistics = statistics(scales, ask);
    let seen: Vec<Group> =
        statistics.iter().map(|s| s.of(rises, ask, &rises.days(), &mut Scratch::default())).collect();
    if seen.iter().all(|group| group.score <= 0.0) {
        return Verdict { p: 1.0, floor, groups: Vec::new() };
    }
    let scores: Vec<f64> = seen.iter().map(|group| group.score).collect();
    let found = against_draws(rises, &statistics, &scores, most, ask);
    let suspect =
        |((group, scale), p): ((Group, &Scale), &f64)| Suspect { group, scale: (scale.same, scale.alike), p: *p };
    let mut groups: Vec<Suspect> = seen.into_iter().zip(scales).zip(&found.corrected).map(suspect).collect();
    groups.retain(|s| !s.group.members.is_empty());
    groups.sort_by(|a, b| a.p.total_cmp(&b.p)); // stable: the narrower scale where equal
    Verdict { groups, p: found.combined, floor }
}

/// What was seen of each statistic against draws of the null, at most so many, step by step until p is large enough.
fn against_draws(rises: &Rises, statistics: &[Statistic<'_>], seen: &[f64], most: u64, ask: &Question) -> MinP {
    let scales = statistics.iter().filter(|s| matches!(s, Statistic::Densest(_))).count();
    let jitter = Jitter::new(rises, ask.step, &ask.calendar);
    let mut values: Vec<Vec<f64>> = seen.iter().map(|score| vec![*score]).collect();
    let mut open: Vec<usize> = (0..statistics.len()).collect();
    let mut found = MinP::default();
    let mut drawn = 0;
    for upto in FIRST_DRAWS.into_iter().chain([LEAST_DRAWS.max(most / 5), most]).map(|upto| upto.min(most)) {
        let ask_for: Vec<&Statistic<'_>> = open.iter().map(|k| &statistics[*k]).collect();
        for draw in draws(rises, &ask_for, &jitter, ask, drawn + 1..=upto) {
            open.iter().zip(draw).for_each(|(k, value)| values[*k].push(value));
        }
        drawn = upto;
        found = min_p(&values);
        if found.hits >= ENOUGH_HITS {
            break;
        }
        if rises.events.len() >= ask.dear && scales <= 2 {
            let as_high = |values: &[f64]| values[1..].iter().filter(|value| **value >= values[0]).count();
            open.retain(|k| as_high(&values[*k]) < ENOUGH_HITS);
        }
    }
    found
}

/// The densest group of each scale; then the synchrony of the first scale, where that counts.
fn statistics<'a>(scales: &'a [Scale], ask: &Question) -> Vec<Statistic<'a>> {
    let once = scales.first().filter(|_| ask.once).map(Statistic::Synchrony);
    scales.iter().map(Statistic::Densest).chain(once).collect()
}

impl Statistic<'_> {
    /// With the rises at these periods: the value, and the group it is of.
    fn of(&self, rises: &Rises, ask: &Question, day: &[i32], scratch: &mut Scratch) -> Group {
        match self {
            Statistic::Densest(scale) => {
                densest(&Drawn { rises, day }.links(scale, ask.min_joint, scratch), rises.entities(), ask.min_group)
            }
            Statistic::Synchrony(scale) => {
                Group { members: Vec::new(), score: synchrony(scale, rises, day, ask.min_group) }
            }
        }
    }
}

/// The statistics in draws of the null, in order.
fn draws(
    rises: &Rises,
    statistics: &[&Statistic<'_>],
    jitter: &Jitter,
    ask: &Question,
    which: std::ops::RangeInclusive<u64>,
) -> Vec<Vec<f64>> {
    let one = |(scratch, day): &mut (Scratch, Vec<i32>), draw: u64| {
        jitter.draw(ask.seed.0 ^ (ask.seed.1 << 32), draw, day);
        statistics.iter().map(|s| s.of(rises, ask, day, scratch).score).collect()
    };
    which.into_par_iter().map_init(|| (Scratch::default(), rises.days()), one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::rises::Event;
    use super::*;
    use crate::stats::min_p::min_p_random_ties;
    use rand::{Rng, SeedableRng};

    /// 15 sellers whose rises fall independently, in a market with a busy month and busy Tuesdays.
    fn lawful(rng: &mut rand_chacha::ChaCha8Rng) -> Rises {
        let mut events = Vec::new();
        for who in 0..15 {
            for day in 0..140 {
                let busy = if (40..70).contains(&day) { 3.0 } else { 1.0 } * if day % 7 == 2 { 3.0 } else { 1.0 };
                if rng.gen_bool(0.02 * busy) {
                    events.push(Event {
                        who,
                        day,
                        unseen: 0,
                        good: 0,
                        size: rng.gen_range(0.03..0.2),
                        level: rng.r#gen(),
                        coin: 0.0,
                        doubt: 0.0,
                    });
                }
            }
        }
        Rises::new(events, 15, (0, 139))
    }

    /// How far the distribution of p lies above that of a uniform (p too small), and below (too large).
    fn furthest(mut p: Vec<f64>) -> (f64, f64) {
        p.sort_by(f64::total_cmp);
        let n = p.len() as f64;
        let above = p.iter().zip(1..).map(|(p, i)| f64::from(i) / n - p).fold(0.0, f64::max);
        (above, p.iter().zip(0..).map(|(p, i)| p - f64::from(i) / n).fold(0.0, f64::max))
    }

    /// Kolmogorov–Smirnov over 1,000 markets at the 1 % level. Markets that the null draws: p, with ties broken at random,
    /// is uniform; all that is known of a rise before any is moved is computed anew from the drawn market. Markets whose
    /// sellers move independently at rates the null must estimate: p as reported is never too small (over 400, the 1 %
    /// level), and the less so at the levels at which anything is decided.
    #[test]
    fn p_is_uniform_under_the_null() {
        const MARKETS: u64 = 1000;
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(11);
        let (mut of_null, mut independent, mut left_off) = (Vec::new(), Vec::new(), Vec::new());
        for market in 0..MARKETS {
            let calendar = (0..140).map(|d| (d % 7, 1)).collect();
            let ask = Question {
                min_joint: 2,
                min_group: 3,
                once: true,
                max_draws: 99,
                dear: DEAR,
                step: 1,
                calendar,
                seed: (5, market),
            };
            let known = |rises: &Rises| [Scale::new(rises, 1, Alike::Size), Scale::new(rises, 3, Alike::Size)];
            let observed = |rises: &Rises, scales: &[Scale]| -> Vec<f64> {
                let of = |s: Statistic<'_>| s.of(rises, &ask, &rises.days(), &mut Scratch::default()).score;
                statistics(scales, &ask).into_iter().map(of).collect()
            };
            let rises = lawful(&mut rng);
            let scales = known(&rises);
            independent.push(verdict(&rises, &scales, &ask).p);
            if market < 400 {
                left_off.push(verdict(&rises, &scales, &Question { dear: 0, calendar: ask.calendar.clone(), ..ask }).p);
            }

            let jitter = Jitter::new(&rises, 1, &ask.calendar);
            let mut days = rises.days();
            jitter.draw(77, market, &mut days);
            let moved = rises.events.iter().zip(days).map(|(e, day)| Event { day, ..*e }).collect();
            let drawn = Rises::new(moved, rises.entities(), rises.span);
            let mut samples = vec![observed(&drawn, &known(&drawn))];
            let statistics = statistics(&scales, &ask);
            samples.extend(draws(&rises, &statistics.iter().collect::<Vec<_>>(), &jitter, &ask, 1..=99));
            let of_each = |k: usize| samples.iter().map(|s| s[k]).collect();
            let values: Vec<Vec<f64>> = (0..statistics.len()).map(of_each).collect();
            of_null.push(min_p_random_ties(&values, &mut rng).combined - rng.gen_range(0.0..0.01));
        }
        let bound = 1.63 / (MARKETS as f64).sqrt();
        let (above, below) = furthest(of_null);
        println!("of the null {above:.3} {below:.3}, bound {bound:.3}");
        assert!(above < bound && below < bound, "{above:.3} above, {below:.3} below");
        // As reported, over the first 400: never too small, whether statistics are left off or not.
        for (what, p) in [("independent", &independent), ("left off", &left_off)] {
            let (too_small, _) = furthest(p[..400].to_vec());
            println!("{what}: {too_small:.3} too small, bound {:.3}", 1.63 / 400.0_f64.sqrt());
            assert!(too_small < 1.63 / 400.0_f64.sqrt(), "{what}: {too_small:.3}");
            let n = p.len() as f64;
            for level in [0.01, 0.02, 0.05, 0.1_f64] {
                let share = p.iter().filter(|p| **p <= level + 1e-9).count() as f64 / n;
                println!("{what}: {share:.3} at {level}");
                assert!(share <= level + 2.33 * (level * (1.0 - level) / n).sqrt(), "{what}: {share} at {level}");
            }
        }
    }

    /// Markets of 250 sellers with 21 rises each, five of which rise by a tenth on three or four days more: with
    /// statistics left off p is hardly larger; nor smaller, but where more hits stop the draws earlier, as in none of these.
    #[test]
    fn what_is_left_off_says_little() {
        let mut differ = 0;
        for seed in 0..8 {
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
            let mut events = Vec::new();
            for who in 0..250 {
                let (mut level, joint) = (rng.gen_range(0.7..0.9), [50, 160, 270, 380]);
                let mut days: Vec<(i32, f64)> =
                    (0..21).map(|_| (rng.gen_range(1..726), rng.gen_range(0.03..0.14))).collect();
                days.extend(joint.iter().filter(|_| who < 5).map(|day| (*day, 0.095)));
                days.sort_by_key(|(day, _)| *day);
                days.dedup_by_key(|(day, _)| *day);
                for (day, size) in days {
                    level += size;
                    events.push(Event { who, day, unseen: 0, good: 0, size, level, coin: 0.0, doubt: 0.0 });
                }
            }
            let rises = Rises::new(events, 250, (0, 729));
            assert!(rises.events.len() >= DEAR);
            let scales = super::super::scale::scales(&rises, 1);
            assert_eq!(scales.len(), 2);
            let p = |dear: usize| {
                let ask = Question {
                    min_joint: 2,
                    min_group: 3,
                    once: true,
                    max_draws: 999,
                    dear,
                    step: 1,
                    calendar: vec![(0, 0); 730],
                    seed: (7, seed),
                };
                verdict(&rises, &scales, &ask).p
            };
            let (some, all) = (p(DEAR), p(usize::MAX));
            println!("{some:.4} with statistics left off, {all:.4} with all");
            assert!(all <= some && some <= 1.25 * all, "{some} {all}");
            differ += usize::from(some != all);
        }
        assert!(differ > 0, "nothing was left off");
    }
}
