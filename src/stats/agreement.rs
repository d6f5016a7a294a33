//! How well change points agree with those that people marked: the two scores of the Turing Change Point benchmark
//! (van den Burg & Williams 2020, arXiv 2003.06222, §4.2). Positions count from 0; position 0 starts the first part
//! and counts as marked and found by everybody.

use std::collections::BTreeSet;

/// Marks that have a found point of their own within `margin`, the nearest first.
fn matched(marks: &BTreeSet<usize>, found: &BTreeSet<usize>, margin: usize) -> usize {
    let mut left = found.clone();
    marks
        .iter()
        .filter(|&&m| {
            let near = left.range(m.saturating_sub(margin)..=m + margin).min_by_key(|f| (f.abs_diff(m), **f)).copied();
            near.is_some_and(|f| left.remove(&f))
        })
        .count()
}

/// F1: precision against the marks of all annotators together, recall averaged over annotators. `None` without an
/// annotator.
pub fn f1(annotators: &[Vec<usize>], found: &[usize], margin: usize) -> Option<f64> {
    let with_start = |points: &[usize]| -> BTreeSet<usize> { points.iter().copied().chain([0]).collect() };
    let found = with_start(found);
    let marks: Vec<BTreeSet<usize>> = annotators.iter().map(|a| with_start(a)).collect();
    if marks.is_empty() {
        return None;
    }
    let all: BTreeSet<usize> = marks.iter().flatten().copied().collect();
    let precision = matched(&all, &found, margin) as f64 / found.len() as f64;
    let recalls = marks.iter().map(|m| matched(m, &found, margin) as f64 / m.len() as f64);
    let recall = recalls.sum::<f64>() / marks.len() as f64;
    Some(2.0 * precision * recall / (precision + recall))
}

/// Covering (Arbeláez et al. 2010): each marked part is covered by the found part with the largest Jaccard index,
/// weighted by length; averaged over annotators. `None` without an annotator or points.
pub fn covering(annotators: &[Vec<usize>], found: &[usize], n: usize) -> Option<f64> {
    let parts = |points: &[usize]| -> Vec<(usize, usize)> {
        let mut cuts: Vec<usize> = points.iter().copied().filter(|p| (1..n).contains(p)).chain([0, n]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        cuts.windows(2).map(|w| (w[0], w[1])).collect()
    };
    let found = parts(found);
    let jaccard = |a: (usize, usize), b: (usize, usize)| {
        let both = a.1.min(b.1).saturating_sub(a.0.max(b.0));
        both as f64 / (a.1 - a.0 + b.1 - b.0 - both) as f64
    };
    let one = |marks: &Vec<usize>| -> f64 {
        let cover = |p: (usize, usize)| found.iter().map(|f| jaccard(p, *f)).fold(0.0, f64::max);
        parts(marks).into_iter().map(|p| (p.1 - p.0) as f64 * cover(p)).sum::<f64>() / n as f64
    };
    (n > 0 && !annotators.is_empty()).then(|| annotators.iter().map(one).sum::<f64>() / annotators.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: Option<f64>, expected: f64) {
        assert!((value.unwrap() - expected).abs() < 1e-12, "{value:?} is not {expected}");
    }

    /// By hand, and the values the benchmark's own functions give for the same inputs. Marks {0}, {0, 10}, {0, 50};
    /// found {0, 10}: precision 2/2, recall (1 + 1 + 1/2) / 3 = 5/6, F1 = 2·(5/6) / (11/6) = 10/11.
    #[test]
    fn worked_numbers_of_f1() {
        close(f1(&[vec![], vec![10], vec![50]], &[10], 5), 10.0 / 11.0);
        close(f1(&[vec![], vec![10], vec![50]], &[], 5), 0.8);
        close(f1(&[vec![10, 20], vec![11, 20], vec![10], vec![0, 5]], &[10, 20], 5), 1.0);
        assert_eq!(f1(&[], &[10], 5), None);
    }

    /// A found point serves one mark only.
    #[test]
    fn no_point_is_counted_twice() {
        let set = |points: &[usize]| points.iter().copied().collect::<BTreeSet<_>>();
        assert_eq!(matched(&set(&[1, 10, 20, 23]), &set(&[3, 8, 20]), 5), 3);
        assert_eq!(matched(&set(&[1, 2, 3]), &set(&[]), 5), 0);
    }

    /// Parts 0..10, 10..45 against 0..45: the first is covered 10/45, the second 35/45; weighted
    /// (10·10 + 35·35) / 45² = 0.654; one annotator marks nothing (1) and one marks 40 (0.8025): mean 0.8189.
    #[test]
    fn worked_numbers_of_covering() {
        close(covering(&[vec![], vec![10], vec![40]], &[], 45), 0.818_930_041_152_263_4);
        close(covering(&[vec![], vec![10], vec![40]], &[10], 45), 0.795_414_462_081_128_6);
        close(covering(&[vec![10, 20], vec![10], vec![0, 5]], &[10, 20], 45), 0.796_296_296_296_296_3);
        assert_eq!(covering(&[vec![]], &[], 0), None);
    }
}
