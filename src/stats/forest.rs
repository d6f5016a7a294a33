//! Extremely randomised trees on bootstraps (Geurts, Ernst & Wehenkel 2006) with the share of cases in each leaf.
//!
//! linfa's trees answer with the class of a leaf only, are pruned by it, and settle ties by the order of a hash map, so
//! that two runs differ; here the same seed gives the same model. Cases weigh so that both classes weigh the same.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Trees of a forest.
pub const TREES: usize = 300;
/// Cases in a leaf, at least.
const LEAF: usize = 3;

/// Votes of many trees.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Forest {
    trees: Vec<Tree>,
}

/// Nodes in the order of their making; the right child of a split follows at `right`, the left one at once.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Tree {
    /// Feature of a split; −1 = leaf.
    feature: Vec<i32>,
    /// A value up to the cut goes left; of a leaf, the share of positive cases.
    value: Vec<f32>,
    /// Right child, 0 for a leaf.
    right: Vec<u32>,
}

impl Tree {
    fn score(&self, x: &[f32]) -> f64 {
        let mut at = 0;
        while self.feature[at] >= 0 {
            at = if x[self.feature[at] as usize] <= self.value[at] { at + 1 } else { self.right[at] as usize };
        }
        f64::from(self.value[at])
    }
}

impl Forest {
    /// Fits the forest; also the score of each case by the trees that did not see it (NaN where all did).
    /// `None` unless both classes are there. Features must be finite.
    pub fn fit(x: &[Vec<f32>], y: &[bool], seed: u64) -> Option<(Forest, Vec<f64>)> {
        let (n, positive) = (y.len(), y.iter().filter(|y| **y).count());
        if positive == 0 || positive == n {
            return None;
        }
        let weight = [n as f64 / (n - positive) as f64, n as f64 / positive as f64];
        let grown: Vec<(Tree, Vec<usize>)> = (0..TREES as u64)
            .into_par_iter()
            .map(|t| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(t);
                let mut cases: Vec<usize> = (0..n).map(|_| rng.gen_range(0..n)).collect();
                let mut tree = Tree::default();
                let mut seen = cases.clone();
                seen.sort_unstable();
                seen.dedup();
                grow(&mut tree, x, y, weight, &mut cases, &mut rng);
                (tree, seen)
            })
            .collect();
        let (mut sum, mut votes) = (vec![0.0; n], vec![0u32; n]);
        for (tree, seen) in &grown {
            for i in (0..n).filter(|i| seen.binary_search(i).is_err()) {
                sum[i] += tree.score(&x[i]);
                votes[i] += 1;
            }
        }
        let unseen = sum.iter().zip(&votes).map(|(s, v)| s / f64::from(*v)).collect();
        Some((Forest { trees: grown.into_iter().map(|g| g.0).collect() }, unseen))
    }

    /// Mean share of positive cases in the leaves a case falls into.
    pub fn score(&self, x: &[f32]) -> f64 {
        self.trees.iter().map(|t| t.score(x)).sum::<f64>() / self.trees.len().max(1) as f64
    }
}

fn grow(tree: &mut Tree, x: &[Vec<f32>], y: &[bool], weight: [f64; 2], cases: &mut [usize], rng: &mut ChaCha8Rng) {
    let (at, positive) = (tree.feature.len(), cases.iter().filter(|c| y[**c]).count());
    let (a, b) = (weight[0] * (cases.len() - positive) as f64, weight[1] * positive as f64);
    tree.feature.push(-1);
    tree.value.push((b / (a + b)) as f32);
    tree.right.push(0);
    if positive == 0 || positive == cases.len() || cases.len() < 2 * LEAF {
        return;
    }
    let Some((feature, cut)) = split(x, y, weight, cases, rng) else { return };
    let middle = partition(cases, |c| x[c][feature] <= cut);
    tree.feature[at] = feature as i32;
    tree.value[at] = cut;
    let (left, right) = cases.split_at_mut(middle);
    grow(tree, x, y, weight, left, rng);
    tree.right[at] = tree.feature.len() as u32;
    grow(tree, x, y, weight, right, rng);
}

/// The best of √p random cuts, by Gini impurity.
fn split(x: &[Vec<f32>], y: &[bool], weight: [f64; 2], cases: &[usize], rng: &mut ChaCha8Rng) -> Option<(usize, f32)> {
    let p = x[cases[0]].len();
    let mut features: Vec<usize> = (0..p).collect();
    features.shuffle(rng);
    let want = (p as f64).sqrt().ceil() as usize;
    let mut best: Option<(f64, usize, f32)> = None;
    let mut tried = 0;
    for feature in features {
        let values = cases.iter().map(|c| x[*c][feature]);
        let (low, high) = values.fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
        if low >= high {
            continue;
        }
        let cut = rng.gen_range(low..high);
        let mut n = [[0usize; 2]; 2];
        for c in cases {
            n[usize::from(x[*c][feature] > cut)][usize::from(y[*c])] += 1;
        }
        tried += 1;
        if n.iter().all(|side| side[0] + side[1] >= LEAF) {
            let gini = |side: [usize; 2]| {
                let (a, b) = (weight[0] * side[0] as f64, weight[1] * side[1] as f64);
                a * b / (a + b)
            };
            let score = gini(n[0]) + gini(n[1]);
            if best.is_none_or(|b| score < b.0) {
                best = Some((score, feature, cut));
            }
        }
        if tried == want {
            break;
        }
    }
    best.map(|b| (b.1, b.2))
}

/// Moves what passes to the front; how many there are.
fn partition(cases: &mut [usize], pass: impl Fn(usize) -> bool) -> usize {
    let mut front = 0;
    for i in 0..cases.len() {
        if pass(cases[i]) {
            cases.swap(front, i);
            front += 1;
        }
    }
    front
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::ranking::auc;

    fn rings(n: usize, seed: u64) -> (Vec<Vec<f32>>, Vec<bool>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let x: Vec<Vec<f32>> = (0..n).map(|_| (0..4).map(|_| rng.gen_range(-1.0..1.0)).collect()).collect();
        let y = x.iter().map(|v| v[0] * v[0] + v[1] * v[1] < 0.4).collect();
        (x, y)
    }

    #[test]
    fn learns_what_no_line_separates_and_repeats_itself() {
        let (x, y) = rings(400, 1);
        let (forest, unseen) = Forest::fit(&x, &y, 7).unwrap();
        let (new, truth) = rings(400, 2);
        let scores: Vec<f64> = new.iter().map(|v| forest.score(v)).collect();
        assert!(auc(&scores, &truth).unwrap() > 0.95);
        assert!((auc(&unseen, &y).unwrap() - auc(&scores, &truth).unwrap()).abs() < 0.04, "unseen scores are honest");
        assert_eq!(Forest::fit(&x, &y, 7).unwrap().0, forest);
        let text = serde_json::to_string(&forest).unwrap();
        assert_eq!(serde_json::from_str::<Forest>(&text).unwrap(), forest);
    }

    #[test]
    fn noise_is_not_learnt() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let (x, _) = rings(400, 4);
        let y: Vec<bool> = (0..400).map(|_| rng.gen_bool(0.3)).collect();
        let unseen = Forest::fit(&x, &y, 1).unwrap().1;
        assert!((auc(&unseen, &y).unwrap() - 0.5).abs() < 0.1);
        assert!(Forest::fit(&x, &vec![true; 400], 1).is_none());
    }
}
