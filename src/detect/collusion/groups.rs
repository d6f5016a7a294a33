//! The densest group of a network of pairs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::links::Links;

/// Members, and the sum of pair weights over their number.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Group {
    /// Entity numbers, ascending.
    pub members: Vec<usize>,
    /// Density.
    pub score: f64,
}

/// Densest subgraph by greedy peeling (Charikar 2000: at least half the best density): remove the member with
/// the least weight, keep the best group met that has `min_group` of the `n` entities.
pub fn densest(links: &Links, n: usize, min_group: usize) -> Group {
    if links.is_empty() {
        return Group::default();
    }
    let (mut degree, mut first) = (vec![0.0; n], vec![0u32; n + 1]);
    for &(i, j, w) in links {
        for who in [i as usize, j as usize] {
            degree[who] += w;
            first[who + 1] += 1;
        }
    }
    (0..n).for_each(|i| first[i + 1] += first[i]);
    let (mut next, mut near) = (first.clone(), vec![(0u32, 0.0); 2 * links.len()]);
    for &(i, j, w) in links {
        for (a, b) in [(i, j), (j, i)] {
            near[next[a as usize] as usize] = (b, w);
            next[a as usize] += 1;
        }
    }
    peel(degree, &first, &near, min_group)
}

fn peel(mut degree: Vec<f64>, first: &[u32], near: &[(u32, f64)], min_group: usize) -> Group {
    let mut inside: Vec<bool> = degree.iter().map(|d| *d > 0.0).collect();
    let mut left = inside.iter().filter(|x| **x).count();
    let mut total: f64 = degree.iter().sum::<f64>() / 2.0;
    let order = |d: f64, i: usize| Reverse((d.max(0.0).to_bits(), i));
    let mut heap: BinaryHeap<_> = (0..degree.len()).filter(|&i| inside[i]).map(|i| order(degree[i], i)).collect();
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
        for &(j, w) in near[first[i] as usize..first[i + 1] as usize].iter().filter(|l| inside[l.0 as usize]) {
            let j = j as usize;
            degree[j] -= w;
            heap.push(order(degree[j], j));
        }
    }
    let Some(kept) = best_gone else { return Group::default() };
    gone[kept..].iter().for_each(|&i| inside[i] = true);
    Group { members: (0..inside.len()).filter(|&i| inside[i]).collect(), score: best }
}
