//! Bidders that meet more often than their habits alone would have it, and the groups they form.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, DiscreteCDF, Normal, Poisson};

use crate::model::Tenders;
use crate::stats::curveball::{expected_meetings, meetings};
use crate::stats::fdr::benjamini_hochberg;

/// A pair of bidders is looked at where both took part in this many tenders: fewer cannot meet often.
pub const ACTIVE_TENDERS: usize = 5;
/// Bidders compared at most, the most active: pairs grow with the square.
const MOST_BIDDERS: usize = 2_000;
/// Draws of the null; its mean is then known to a few hundredths of a meeting.
const DRAWS: usize = 100;
/// A region, a kind of contract or a time is a stratum of its own from this many tenders on.
const STRATUM: usize = 20;
/// Times told apart at most.
const TIMES: usize = 10;
/// Meetings from which a normal distribution fits.
const MANY: f64 = 10.0;
/// Least p told: a tail is not known any finer.
const LEAST_P: f64 = 1e-15;

/// Two bidders that meet more often than chance.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Link {
    /// Bidders, the smaller number first.
    pub pair: (u32, u32),
    /// Tenders both took part in.
    pub met: u32,
    /// What fixed margins give.
    pub expected: f64,
    /// Chance of meeting so often.
    pub p: f64,
    /// Its false-discovery rate over all pairs of active bidders.
    pub q: f64,
    /// Meetings over the geometric mean of both bidders' tenders (Ochiai).
    pub closeness: f64,
}

/// Who takes part in what, in one market.
pub struct Network {
    /// Bidders of each tender of the market.
    pub parties: Vec<Vec<u32>>,
    /// Tenders of each bidder.
    pub activity: BTreeMap<u32, usize>,
    /// Pairs of active bidders.
    pub tested: usize,
    /// Whether the file tells regions apart: else neighbours cannot be told from a group.
    pub regions_known: bool,
    links: BTreeMap<(u32, u32), Link>,
}

impl Network {
    /// Tests every pair of active bidders. `tenders` are those of one market.
    pub fn new(all: &Tenders, tenders: &[usize], seed: u64) -> Network {
        let parties: Vec<Vec<u32>> = tenders.iter().map(|t| all.parties(&all.list[*t])).collect();
        let mut activity: BTreeMap<u32, usize> = BTreeMap::new();
        parties.iter().flatten().for_each(|b| *activity.entry(*b).or_default() += 1);
        // The most active first: their numbers are those the meetings are counted under.
        let mut ranked: Vec<u32> = activity.keys().copied().collect();
        ranked.sort_by_key(|b| (std::cmp::Reverse(activity[b]), *b));
        let n = ranked.iter().take(MOST_BIDDERS).filter(|b| activity[*b] >= ACTIVE_TENDERS).count();
        let number: BTreeMap<u32, u32> = ranked.iter().copied().zip(0..).collect();
        let groups: Vec<Vec<u32>> = parties.iter().map(|p| p.iter().map(|b| number[b]).collect()).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let strata = strata(all, tenders);
        let expected = expected_meetings(&groups, &strata, n, DRAWS, &mut rng);
        let met = meetings(&groups, n);
        let tested = n * n.saturating_sub(1) / 2;
        let mut links: Vec<Link> = Vec::new();
        for (a, b) in (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).filter(|(a, b)| met[a * n + b] > 0) {
            let (met, (mean, variance), one, other) = (met[a * n + b], expected[a * n + b], ranked[a], ranked[b]);
            let closeness = f64::from(met) / (activity[&one] as f64 * activity[&other] as f64).sqrt();
            let pair = (one.min(other), one.max(other));
            links.push(Link { pair, met, expected: mean, p: too_often(met, mean, variance), q: 1.0, closeness });
        }
        let p: Vec<f64> = links.iter().map(|l| l.p).collect();
        links.iter_mut().zip(benjamini_hochberg(&p, tested)).for_each(|(l, q)| l.q = q);
        let regions_known = strata.iter().map(|s| &all.list[tenders[s[0]]].region).collect::<BTreeSet<_>>().len() > 1;
        Network { parties, activity, tested, regions_known, links: links.into_iter().map(|l| (l.pair, l)).collect() }
    }

    /// The link of two bidders, if they met at all and both are active.
    pub fn link(&self, a: u32, b: u32) -> Option<&Link> {
        self.links.get(&(a.min(b), a.max(b)))
    }

    /// Groups all of whose pairs meet more often than chance (`strong`), the closest first: the closest free pair takes in
    /// whoever is closest to its farthest member, as long as that is at least half as close as the first two.
    pub fn groups(&self, strong: impl Fn(&Link) -> bool) -> Vec<Vec<u32>> {
        let mut seeds: Vec<&Link> = self.links.values().filter(|l| strong(l)).collect();
        seeds.sort_by(|a, b| b.closeness.total_cmp(&a.closeness).then(a.pair.cmp(&b.pair)));
        let close = |a: u32, b: u32| self.link(a, b).filter(|l| strong(l)).map_or(0.0, |l| l.closeness);
        let mut free: Vec<u32> = seeds.iter().flat_map(|l| [l.pair.0, l.pair.1]).collect();
        free.sort_unstable();
        free.dedup();
        let mut groups = Vec::new();
        for seed in seeds {
            if !free.contains(&seed.pair.0) || !free.contains(&seed.pair.1) {
                continue;
            }
            let mut group = vec![seed.pair.0, seed.pair.1];
            let farthest = |group: &[u32], c: u32| group.iter().map(|m| close(*m, c)).fold(f64::MAX, f64::min);
            while let Some(next) = free
                .iter()
                .copied()
                .filter(|c| !group.contains(c) && 2.0 * farthest(&group, *c) >= seed.closeness)
                .max_by(|a, b| farthest(&group, *a).total_cmp(&farthest(&group, *b)).then(b.cmp(a)))
            {
                group.push(next);
            }
            free.retain(|b| !group.contains(b));
            group.sort_unstable();
            groups.push(group);
        }
        groups
    }

    /// Share of the members' meetings with anybody that are meetings with each other (Wachs & Kertész 2019).
    pub fn exclusivity(&self, group: &[u32]) -> f64 {
        let (mut inside, mut all) = (0, 0);
        for p in &self.parties {
            let members = p.iter().filter(|b| group.contains(b)).count();
            inside += members * members.saturating_sub(1);
            all += members * (p.len() - 1);
        }
        inside as f64 / all.max(1) as f64
    }

    /// Geometric over arithmetic mean of the meetings of its pairs: 1 where all pairs meet alike.
    pub fn coherence(&self, group: &[u32]) -> f64 {
        let met: Vec<f64> = pairs(group).filter_map(|(a, b)| self.link(a, b)).map(|l| f64::from(l.met)).collect();
        let n = met.len().max(1) as f64;
        (met.iter().map(|m| m.ln()).sum::<f64>() / n).exp() / (met.iter().sum::<f64>() / n)
    }
}

/// Pairs of a group.
pub fn pairs(group: &[u32]) -> impl Iterator<Item = (u32, u32)> + '_ {
    group.iter().enumerate().flat_map(|(k, a)| group[k + 1..].iter().map(|b| (*a, *b)))
}

/// Upper tail of the null. Few meetings are Poisson; where margins leave little room many meetings vary far less than that,
/// and the draws' own variance counts (normal, half a meeting nearer to the mean).
fn too_often(met: u32, mean: f64, variance: f64) -> f64 {
    let p = if mean < MANY || variance >= mean {
        let Ok(poisson) = Poisson::new(mean.max(0.5 / DRAWS as f64)) else { return 1.0 };
        if met == 0 { 1.0 } else { poisson.sf(u64::from(met) - 1) }
    } else {
        let sd = variance.max(1.0).sqrt();
        Normal::new(mean, sd).map_or(1.0, |n| n.sf(f64::from(met) - 0.5))
    };
    p.max(LEAST_P)
}

/// Tenders that could have had each other's bidders: of one region, one kind of contract, one time, as far as the file
/// tells and each is common enough. Without them neighbours and contemporaries would pass for a group.
fn strata(all: &Tenders, tenders: &[usize]) -> Vec<Vec<usize>> {
    let common = |of: &dyn Fn(usize) -> String| -> Vec<String> {
        let mut n: BTreeMap<String, usize> = BTreeMap::new();
        let values: Vec<String> = tenders.iter().map(|t| of(*t)).collect();
        values.iter().for_each(|v| *n.entry(v.clone()).or_default() += 1);
        values.into_iter().map(|v| if n[&v] >= STRATUM { v } else { String::new() }).collect()
    };
    let regions = common(&|t| all.list[t].region.clone());
    let products = common(&|t| all.list[t].product.clone());
    let mut of: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (k, time) in times(all, tenders).into_iter().enumerate() {
        of.entry((&regions[k], &products[k], time)).or_default().push(k);
    }
    of.into_values().collect()
}

/// Number of the time block of each tender: equal parts of the market's tenders, those of one time together.
pub fn times(all: &Tenders, tenders: &[usize]) -> Vec<usize> {
    let order: Vec<Option<f64>> = tenders.iter().map(|t| all.list[*t].order).collect();
    let mut known: Vec<f64> = order.iter().flatten().copied().collect();
    known.sort_by(f64::total_cmp);
    let blocks = (known.len() / (5 * STRATUM)).clamp(1, TIMES);
    let block = |o: Option<f64>| o.map_or(blocks, |o| known.partition_point(|x| *x < o) * blocks / known.len());
    order.into_iter().map(block).collect()
}
