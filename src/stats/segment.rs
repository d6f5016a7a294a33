//! Exact segmentation: the piecewise-constant fit with the least squared error plus a penalty per change.

use super::robust::median_mut;

/// Starts of segments after the first, by optimal partitioning (Jackson et al. 2005; the exact O(n²)
/// recursion, no pruning, every position allowed), segments of at least `min_len` points. The penalty is
/// 2·ln n·σ² with σ from the non-zero first differences (sticky prices have a zero MAD), at least `floor`.
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
    let mut best = vec![f64::INFINITY; n + 1];
    let mut from = vec![0; n + 1];
    best[0] = -penalty;
    for end in min_len..=n {
        for start in 0..=end - min_len {
            let total = best[start] + cost(start, end) + penalty;
            if total < best[end] {
                (best[end], from[end]) = (total, start);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Slow twin: every way to cut a short series.
    fn brute(y: &[f64], min_len: usize, penalty: f64) -> f64 {
        let n = y.len();
        let sse = |s: &[f64]| {
            let m = s.iter().sum::<f64>() / s.len() as f64;
            s.iter().map(|v| (v - m).powi(2)).sum::<f64>()
        };
        let mut best = f64::INFINITY;
        for mask in 0u32..1 << (n - 1) {
            let mut cuts: Vec<usize> = (1..n).filter(|i| mask & 1 << (i - 1) != 0).collect();
            cuts.insert(0, 0);
            cuts.push(n);
            if cuts.windows(2).all(|w| w[1] - w[0] >= min_len) {
                let total: f64 = cuts.windows(2).map(|w| sse(&y[w[0]..w[1]])).sum();
                best = best.min(total + penalty * (cuts.len() - 2) as f64);
            }
        }
        best
    }

    #[test]
    fn as_good_as_trying_every_cut() {
        let y = [1.0, 1.1, 0.9, 1.0, 3.0, 3.2, 2.9, 3.1, 3.0, 1.9, 2.0, 2.1];
        for (min_len, penalty) in [(1, 0.05), (2, 0.2), (3, 1.0)] {
            let mut cuts = optimal(&y, min_len, penalty);
            let changes = cuts.len();
            cuts.insert(0, 0);
            cuts.push(y.len());
            let fit: f64 = cuts
                .windows(2)
                .map(|w| {
                    let s = &y[w[0]..w[1]];
                    let m = s.iter().sum::<f64>() / s.len() as f64;
                    s.iter().map(|v| (v - m).powi(2)).sum::<f64>()
                })
                .sum();
            assert!((fit + penalty * changes as f64 - brute(&y, min_len, penalty)).abs() < 1e-9);
        }
        assert_eq!(change_points(&y, 2, 0.01), vec![4, 9]);
    }

    #[test]
    fn flat_and_short_series_have_no_change() {
        assert_eq!(change_points(&[2.0; 30], 2, 0.01), Vec::<usize>::new());
        assert_eq!(change_points(&[1.0, 9.0], 2, 0.01), Vec::<usize>::new());
    }
}
