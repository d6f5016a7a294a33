//! Exact segmentation: the cheapest way to cut a series into parts, and its use for level stretches.

use super::robust::median_mut;

/// Starts of parts after the first, of the cheapest way to cut `0..n` into parts of at least `min_len`: the sum of
/// `cost(a, b)` over parts `a..b` plus `penalty` per cut (optimal partitioning, Jackson et al. 2005; every position
/// allowed). A start that no later end can need is given up (PELT, Killick et al. 2012), which changes nothing where
/// `cost(a, b) + cost(b, c) ≤ cost(a, c) + slack` for all a < b < c.
pub fn partition(n: usize, min_len: usize, penalty: f64, slack: f64, cost: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    let mut best = vec![f64::INFINITY; n + 1];
    let mut from = vec![0; n + 1];
    best[0] = -penalty;
    let mut open: Vec<(usize, usize)> = Vec::new(); // a start, and the end from which it is not needed any more
    let mut totals = Vec::new();
    for end in min_len..=n {
        if best[end - min_len].is_finite() {
            open.push((end - min_len, usize::MAX));
        }
        totals.clear();
        for &(start, _) in &open {
            let total = best[start] + cost(start, end) + penalty;
            totals.push(total);
            if total < best[end] {
                (best[end], from[end]) = (total, start);
            }
        }
        let bound = best[end] + penalty + slack;
        for ((_, until), total) in open.iter_mut().zip(&totals) {
            if *total > bound {
                *until = (*until).min(end + min_len);
            }
        }
        open.retain(|(_, until)| *until > end + 1);
    }
    let mut starts = Vec::new();
    let mut at = from[n];
    while at > 0 {
        starts.push(at);
        at = from[at];
    }
    starts.reverse();
    starts
}

/// Starts of level stretches after the first, of at least `min_len` points: least squared error plus 2·ln n·σ² per
/// change, σ from the non-zero first differences (sticky prices have a zero MAD), at least `floor`.
pub fn change_points(y: &[f64], min_len: usize, floor: f64) -> Vec<usize> {
    let n = y.len();
    if n < 2 * min_len.max(1) {
        return Vec::new();
    }
    change_points_at(y, min_len, noise(y).max(floor))
}

/// As [`change_points`] with a known noise σ, in the unit of `y`.
pub fn change_points_at(y: &[f64], min_len: usize, sigma: f64) -> Vec<usize> {
    let n = y.len();
    if n < 2 * min_len.max(1) {
        return Vec::new();
    }
    optimal(y, min_len.max(1), 2.0 * (n as f64).ln() * sigma * sigma)
}

/// σ from the median absolute first difference among those that are not zero; 0 where all are.
fn noise(y: &[f64]) -> f64 {
    let mut steps: Vec<f64> = y.windows(2).map(|w| (w[1] - w[0]).abs()).filter(|d| *d > 1e-12).collect();
    median_mut(&mut steps).map_or(0.0, |m| 1.4826 * m / std::f64::consts::SQRT_2)
}

fn optimal(y: &[f64], min_len: usize, penalty: f64) -> Vec<usize> {
    let n = y.len();
    let (mut sum, mut square) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    for (i, v) in y.iter().enumerate() {
        sum[i + 1] = sum[i] + v;
        square[i + 1] = square[i] + v * v;
    }
    let cost = |a: usize, b: usize| square[b] - square[a] - (sum[b] - sum[a]).powi(2) / (b - a) as f64;
    partition(n, min_len, penalty, 0.0, cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squared_error(y: &[f64]) -> f64 {
        let m = y.iter().sum::<f64>() / y.len() as f64;
        y.iter().map(|v| (v - m).powi(2)).sum()
    }

    fn total(y: &[f64], starts: &[usize], penalty: f64) -> f64 {
        let mut cuts = vec![0];
        cuts.extend(starts);
        cuts.push(y.len());
        cuts.windows(2).map(|w| squared_error(&y[w[0]..w[1]])).sum::<f64>() + penalty * starts.len() as f64
    }

    /// Slow twin: every way to cut a short series.
    fn brute(y: &[f64], min_len: usize, penalty: f64) -> f64 {
        let n = y.len();
        let ways = (0u32..1 << (n - 1)).map(|mask| (1..n).filter(|i| mask & 1 << (i - 1) != 0).collect::<Vec<_>>());
        let long_enough = |starts: &Vec<usize>| {
            let mut cuts = vec![0];
            cuts.extend(starts);
            cuts.push(n);
            cuts.windows(2).all(|w| w[1] - w[0] >= min_len)
        };
        ways.filter(long_enough).map(|starts| total(y, &starts, penalty)).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn as_good_as_trying_every_cut() {
        let y = [1.0, 1.1, 0.9, 1.0, 3.0, 3.2, 2.9, 3.1, 3.0, 1.9, 2.0, 2.1];
        for (min_len, penalty) in [(1, 0.05), (2, 0.2), (3, 1.0)] {
            let starts = optimal(&y, min_len, penalty);
            assert!((total(&y, &starts, penalty) - brute(&y, min_len, penalty)).abs() < 1e-9);
        }
        assert_eq!(change_points(&y, 2, 0.01), vec![4, 9]);
    }

    proptest::proptest! {
        /// Giving up starts loses nothing, whatever the shortest part.
        #[test]
        fn pruning_keeps_the_optimum(
            y in proptest::collection::vec(-3.0f64..3.0, 2..11),
            min_len in 1usize..4,
            penalty in 0.01f64..5.0,
        ) {
            if y.len() >= min_len {
                let starts = optimal(&y, min_len, penalty);
                proptest::prop_assert!(total(&y, &starts, penalty) <= brute(&y, min_len, penalty) + 1e-9);
            }
        }
    }

    #[test]
    fn flat_and_short_series_have_no_change() {
        assert_eq!(change_points(&[2.0; 30], 2, 0.01), Vec::<usize>::new());
        assert_eq!(change_points(&[1.0, 9.0], 2, 0.01), Vec::<usize>::new());
        assert_eq!(partition(0, 1, 1.0, 0.0, |_, _| 0.0), Vec::<usize>::new());
    }
}
