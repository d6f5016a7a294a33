//! How well do the scores do on tenders they were not trained on? Several ways to hold tenders back, side by side.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::joined::{Model, Scope, logistic_scores};
use crate::model::Tenders;

/// Folds of plain validation.
pub const FOLDS: usize = 10;
/// Folds where bidders or times are held back: groups are lumpy.
pub const BLOCKS: usize = 5;

/// Training and test tenders of one fold (positions among the labelled).
pub type Fold = (Vec<usize>, Vec<usize>);

/// Stratified folds: classes are dealt out in turn after a shuffle.
pub fn stratified(y: &[bool], folds: usize, seed: u64) -> Vec<Fold> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut fold = vec![0; y.len()];
    let mut dealt = rng.gen_range(0..folds);
    for class in [true, false] {
        let mut of: Vec<usize> = (0..y.len()).filter(|i| y[*i] == class).collect();
        of.shuffle(&mut rng);
        for i in of {
            fold[i] = dealt % folds;
            dealt += 1;
        }
    }
    by_fold(&fold.into_iter().map(Some).collect::<Vec<_>>(), folds)
}

fn by_fold(fold: &[Option<usize>], folds: usize) -> Vec<Fold> {
    let part = |f: usize, is: bool| (0..fold.len()).filter(|i| fold[*i].is_some_and(|x| (x == f) == is)).collect();
    (0..folds).map(|f| (part(f, false), part(f, true))).filter(|f: &Fold| !f.1.is_empty()).collect()
}

/// Blocks of time of about the same size; tenders of one time stay together. `None` without times.
pub fn time_blocks(order: &[Option<f64>]) -> Option<Vec<Fold>> {
    let mut times: Vec<f64> = order.iter().flatten().copied().collect();
    times.sort_by(f64::total_cmp);
    let n = times.len();
    (n >= BLOCKS && times[0] < times[n - 1]).then(|| {
        let block = |t: f64| times.partition_point(|x| *x < t) * BLOCKS / n;
        by_fold(&order.iter().map(|t| t.map(block)).collect::<Vec<_>>(), BLOCKS)
    })
}

/// Folds of which no bidder of a test tender has a bid in training. Bidders that meet are kept together (clusters by
/// label propagation, merged into `BLOCKS` groups); a tender is tested with its bidders' group where they share one, and
/// left out of the training of every group it touches. `None` where bidders are not named.
pub fn bidder_blocks(all: &Tenders, tenders: &[usize]) -> Option<Vec<Fold>> {
    let parties: Vec<Vec<u32>> = tenders.iter().map(|t| all.parties(&all.list[*t])).collect();
    if parties.iter().all(Vec::is_empty) {
        return None;
    }
    let group = groups(all.bidders.len(), &parties);
    let touched = |p: &Vec<u32>| {
        let mut g: Vec<usize> = p.iter().map(|b| group[*b as usize]).collect();
        g.sort_unstable();
        g.dedup();
        g
    };
    let touched: Vec<Vec<usize>> = parties.iter().map(touched).collect();
    let fold = |f: usize| -> Fold {
        let at = |keep: &dyn Fn(&Vec<usize>) -> bool| (0..touched.len()).filter(|i| keep(&touched[*i])).collect();
        (at(&|g| !g.is_empty() && !g.contains(&f)), at(&|g| g == &[f]))
    };
    Some((0..BLOCKS).map(fold).filter(|f| !f.1.is_empty() && !f.0.is_empty()).collect())
}

/// A group number per bidder: label propagation on common tenders, then the largest clusters first into the smallest group.
fn groups(bidders: usize, parties: &[Vec<u32>]) -> Vec<usize> {
    let mut met: Vec<BTreeMap<u32, f64>> = vec![BTreeMap::new(); bidders];
    for p in parties {
        for a in p {
            p.iter().filter(|b| *b != a).for_each(|b| *met[*a as usize].entry(*b).or_insert(0.0) += 1.0);
        }
    }
    let mut label: Vec<usize> = (0..bidders).collect();
    for _ in 0..20 {
        let before = label.clone();
        for (a, near) in met.iter().enumerate() {
            let mut votes: BTreeMap<usize, f64> = BTreeMap::new();
            near.iter().for_each(|(b, w)| *votes.entry(label[*b as usize]).or_insert(0.0) += w);
            let best = votes.into_iter().max_by(|x, y| x.1.total_cmp(&y.1).then(y.0.cmp(&x.0)));
            label[a] = best.map_or(label[a], |b| b.0);
        }
        if label == before {
            break;
        }
    }
    let mut clusters: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    label.iter().enumerate().for_each(|(b, l)| clusters.entry(*l).or_default().push(b));
    let bids = |b: &usize| parties.iter().filter(|p| p.contains(&(*b as u32))).count();
    let mut sized: Vec<(usize, Vec<usize>)> =
        clusters.into_values().map(|of| (of.iter().map(bids).sum(), of)).collect();
    sized.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let (mut size, mut group) = ([0usize; BLOCKS], vec![0; bidders]);
    for (n, of) in sized {
        let least = (0..BLOCKS).min_by_key(|g| size[*g]).unwrap_or(0);
        size[least] += n;
        of.into_iter().for_each(|b| group[b] = least);
    }
    group
}

/// Scores of held-back tenders by models that did not see them; `None` where a tender was never held back.
pub fn held_back(x: &[Vec<f32>], y: &[bool], folds: &[Fold], scope: Scope, seed: u64) -> Vec<Option<f64>> {
    by_models(x, y, folds, &|train, truth, test| {
        let model = Model::fit(train, truth, scope, seed)?;
        Some(test.iter().map(|r| model.score(r)).collect())
    })
}

/// The same with logistic regression.
pub fn held_back_logistic(x: &[Vec<f32>], y: &[bool], folds: &[Fold]) -> Vec<Option<f64>> {
    by_models(x, y, folds, &logistic_scores)
}

type Learner<'a> = &'a dyn Fn(&[Vec<f32>], &[bool], &[Vec<f32>]) -> Option<Vec<f64>>;

fn by_models(x: &[Vec<f32>], y: &[bool], folds: &[Fold], learn: Learner<'_>) -> Vec<Option<f64>> {
    let mut scores = vec![None; y.len()];
    for (train, test) in folds {
        let rows = |of: &[usize]| of.iter().map(|i| x[*i].clone()).collect::<Vec<_>>();
        let truth: Vec<bool> = train.iter().map(|i| y[*i]).collect();
        if let Some(found) = learn(&rows(train), &truth, &rows(test)) {
            test.iter().zip(found).for_each(|(i, s)| scores[*i] = Some(s));
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Bid, RowRef};

    #[test]
    fn stratified_folds_part_the_tenders() {
        let y: Vec<bool> = (0..57).map(|i| i % 5 == 0).collect();
        let folds = stratified(&y, FOLDS, 1);
        let mut tested: Vec<usize> = folds.iter().flat_map(|f| f.1.clone()).collect();
        tested.sort_unstable();
        assert_eq!(tested, (0..57).collect::<Vec<_>>());
        for (train, test) in &folds {
            assert!(train.len() + test.len() == 57 && test.iter().all(|t| !train.contains(t)));
            assert!((1..=2).contains(&test.iter().filter(|t| y[**t]).count()));
        }
        assert_ne!(stratified(&y, FOLDS, 2), folds);
    }

    #[test]
    fn times_do_not_straddle_blocks() {
        let order: Vec<Option<f64>> = (0..50).map(|i| (i != 7).then_some(f64::from(1980 + i / 5))).collect();
        for (train, test) in time_blocks(&order).unwrap() {
            assert!(!test.contains(&7) && !train.contains(&7), "no time, no block");
            assert!(test.iter().all(|t| train.iter().all(|s| order[*s] != order[*t])));
        }
        assert!(time_blocks(&[None, None]).is_none());
        assert!(time_blocks(&[Some(1.0); 9]).is_none());
    }

    #[test]
    fn no_bidder_is_on_both_sides() {
        let mut rows = Vec::new();
        for t in 0..120u64 {
            for k in 0..3 {
                let bidder = format!("{}", (t % 6) * 4 + (t / 6 + k) % 4 + if t == 17 { 4 } else { 0 });
                rows.push(Bid {
                    market: 0,
                    tender: format!("t{t}"),
                    lot: String::new(),
                    region: String::new(),
                    product: String::new(),
                    bidder: Some((bidder.clone(), bidder)),
                    amount: 100.0 + k as f64,
                    won: None,
                    estimate: None,
                    day: None,
                    order: None,
                    row: RowRef::new(0, t * 3 + k),
                });
            }
        }
        let all = Tenders::new(rows);
        let tenders: Vec<usize> = (0..all.list.len()).collect();
        let folds = bidder_blocks(&all, &tenders).unwrap();
        assert!(folds.len() > 2 && folds.iter().map(|f| f.1.len()).sum::<usize>() > 100);
        for (train, test) in folds {
            let of = |t: &[usize]| -> Vec<u32> { t.iter().flat_map(|t| all.parties(&all.list[*t])).collect() };
            let (seen, new) = (of(&train), of(&test));
            assert!(new.iter().all(|b| !seen.contains(b)));
        }
    }
}
