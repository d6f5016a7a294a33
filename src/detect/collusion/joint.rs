//! Which rises of a group are joint, and who else was in them?

use std::collections::{BTreeMap, BTreeSet};

use linfa::traits::Transformer;
use linfa_clustering::Dbscan;
use ndarray::Array2;

use super::events::Rise;
use super::jitter::RUN_GAP_DAYS;
use super::rises::{Alike, coincide};
use crate::stats::robust::median;

/// The number of each of these joint rises, from 1: those of several goods within the span of a run are one decision.
pub fn numbers(episodes: &[Vec<Rise>]) -> Vec<u32> {
    let (mut number, mut since, mut goods) = (0, 0, BTreeSet::new());
    let one = |e: &Vec<Rise>| {
        if number == 0 || e[0].day - since > RUN_GAP_DAYS || goods.contains(&e[0].good) {
            (number, since) = (number + 1, e[0].day);
            goods.clear();
        }
        goods.insert(e[0].good);
        number
    };
    episodes.iter().map(one).collect()
}

/// The joint rises of a group, with who joined it; `rises`: of each entity of the market.
pub fn joint_rises(
    rises: &BTreeMap<u32, Vec<Rise>>,
    group: &[u32],
    scale: (i32, Alike),
    min_joint: usize,
) -> Vec<Vec<Rise>> {
    let inside: Vec<&[Rise]> = group.iter().map(|e| rises[e].as_slice()).collect();
    let outside = rises.iter().filter(|(e, _)| !group.contains(e)).map(|(_, list)| list.as_slice());
    with_joiners(episodes(&inside, scale.0), outside, scale, min_joint)
}

/// Rises of different goods are no joint rise, whatever their days.
const GOODS_APART_DAYS: f64 = 1e6;

/// Joint rises of a group: density clusters (DBSCAN) of its rises on the axis of days, a day and half
/// the group (and two) dense. Rises that belong to none are its members' own.
fn episodes(group: &[&[Rise]], same: i32) -> Vec<Vec<Rise>> {
    let mut all: Vec<(usize, Rise)> =
        group.iter().enumerate().flat_map(|(g, list)| list.iter().map(move |r| (g, *r))).collect();
    all.sort_by_key(|(g, r)| (r.period, *g));
    let need = group.len().div_ceil(2).max(2);
    let axis = |r: &Rise| f64::from(r.period) + f64::from(r.good) * GOODS_APART_DAYS;
    let days = Array2::from_shape_fn((all.len(), 1), |(i, _)| axis(&all[i].1));
    let dense = Dbscan::params(need).tolerance(f64::from(same) + 0.5);
    let Ok(clusters) = dense.transform(&days) else { return Vec::new() };
    let mut found: BTreeMap<usize, Vec<(usize, Rise)>> = BTreeMap::new();
    for (rise, cluster) in all.into_iter().zip(clusters) {
        if let Some(cluster) = cluster {
            found.entry(cluster).or_default().push(rise);
        }
    }
    let mut out: Vec<Vec<(usize, Rise)>> = Vec::new();
    for mut together in found.into_values() {
        // A member counts once, with its rise nearest to the middle of all.
        let middle = median(&together.iter().map(|(_, r)| f64::from(r.period)).collect::<Vec<_>>()).unwrap_or(0.0);
        let off = |r: &Rise| (f64::from(r.period) - middle).abs();
        together.sort_by(|(g, r), (h, s)| g.cmp(h).then(off(r).total_cmp(&off(s))).then(r.day.cmp(&s.day)));
        together.dedup_by_key(|(g, _)| *g);
        together.sort_by_key(|(g, r)| (r.day, *g));
        if together.len() >= need {
            out.push(together);
        }
    }
    out.sort_by_key(|e| e[0].1.day);
    apart(out)
}

/// Joint rises of one good that follow each other within the span of a run are one, since the null moves them together
/// too: of these the one that more joined.
fn apart(joint: Vec<Vec<(usize, Rise)>>) -> Vec<Vec<Rise>> {
    let mut out: Vec<Vec<(usize, Rise)>> = Vec::new();
    for next in joint {
        let first = &next[0].1;
        let one = |e: &&mut Vec<(usize, Rise)>| e[0].1.good == first.good && first.day - e[0].1.day <= RUN_GAP_DAYS;
        match out.iter_mut().rev().find(one) {
            Some(before) if next.len() > before.len() => *before = next,
            Some(_) => {}
            None => out.push(next),
        }
    }
    out.into_iter().map(|e| e.into_iter().map(|(_, r)| r).collect()).collect()
}

/// Adds who rose with at least half of the others in half of the joint rises, and in `min_joint`: the densest group is
/// the core of a group, and members who missed a rise or joined late lower its density. `outside`: the rises of each
/// entity that is no member; `scale`: periods within which rises coincide, and in what they are alike.
fn with_joiners<'a>(
    core: Vec<Vec<Rise>>,
    outside: impl Iterator<Item = &'a [Rise]>,
    (same, alike): (i32, Alike),
    min_joint: usize,
) -> Vec<Vec<Rise>> {
    let meet = |a: &Rise, b: &Rise| coincide(&a.event(0), &b.event(0), same, alike);
    let need = core.len().div_ceil(2).max(min_joint);
    let mut joint = core.clone();
    for list in outside {
        let with =
            |e: &Vec<Rise>| list.iter().find(|r| e.iter().filter(|m| meet(r, m)).count() * 2 >= e.len()).copied();
        let met: Vec<Option<Rise>> = core.iter().map(with).collect();
        if met.iter().flatten().count() >= need {
            joint.iter_mut().zip(met).for_each(|(e, r)| e.extend(r));
        }
    }
    joint.iter_mut().for_each(|e| e.sort_by_key(|r| (r.day, r.series)));
    joint
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rise(series: usize, day: i32, size: f64) -> Rise {
        Rise {
            series,
            at: 1,
            day,
            period: day,
            unseen: 0,
            good: 0,
            size,
            level: 0.0,
            unexplained: size,
            at_most: size,
            coin: 0.0,
            after_sale: false,
        }
    }

    /// Three rise on days 20, 24 and 60: days 20 and 24 are one joint rise, dated by its first. One who came in on day
    /// 21 and 60 by like sizes belongs; one who did so once, or by another size, does not.
    #[test]
    fn joint_rises_by_hand() {
        let of = |s: usize| vec![rise(s, 20, 0.1), rise(s, 24, 0.05), rise(s, 60, 0.1)];
        let lists = [of(0), of(1), of(2)];
        let core = episodes(&lists.iter().map(Vec::as_slice).collect::<Vec<_>>(), 1);
        assert_eq!(core.iter().map(|e| (e[0].day, e.len())).collect::<Vec<_>>(), vec![(20, 3), (60, 3)]);
        let others = [
            vec![rise(3, 21, 0.1), rise(3, 60, 0.11)],
            vec![rise(4, 21, 0.1), rise(4, 40, 0.1)],
            vec![rise(5, 20, 0.2), rise(5, 60, 0.2)],
        ];
        let joint = with_joiners(core, others.iter().map(Vec::as_slice), (1, Alike::Size), 2);
        assert_eq!(
            joint.iter().map(|e| e.iter().map(|r| r.series).collect()).collect::<Vec<Vec<_>>>(),
            vec![vec![0, 1, 2, 3]; 2]
        );
    }
}
