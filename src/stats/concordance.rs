//! Do several rankings agree? Kendall's coefficient of concordance.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Kendall's W (1939), corrected for ties, of `rankings` of the same items by their values (lower ranks first), and its
/// p-value from χ² = m(n−1)W with n−1 degrees of freedom. `None` with fewer than two rankings or three items, with
/// rankings of unequal length, or where all is tied.
pub fn kendall_w(rankings: &[Vec<f64>]) -> Option<(f64, f64)> {
    let (m, n) = (rankings.len(), rankings.first()?.len());
    if m < 2 || n < 3 || rankings.iter().any(|r| r.len() != n) {
        return None;
    }
    let (mut sums, mut ties) = (vec![0.0; n], 0.0);
    for ranking in rankings {
        let (ranks, tied) = mid_ranks(ranking);
        ties += tied;
        sums.iter_mut().zip(ranks).for_each(|(s, r)| *s += r);
    }
    let (m, n) = (m as f64, n as f64);
    let spread: f64 = sums.iter().map(|s| (s - m * (n + 1.0) / 2.0).powi(2)).sum();
    let most = m * m * (n * n * n - n) - m * ties;
    if most <= 0.0 {
        return None;
    }
    let w = 12.0 * spread / most;
    let chi = ChiSquared::new(n - 1.0).ok()?;
    Some((w, 1.0 - chi.cdf(m * (n - 1.0) * w)))
}

/// Ranks from 1, equal values at the mean of theirs; and Σ (t³ − t) over the ties.
fn mid_ranks(values: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let (mut ranks, mut ties, mut i) = (vec![0.0; values.len()], 0.0, 0);
    while i < order.len() {
        let same = order[i..].iter().take_while(|k| values[**k] == values[order[i]]).count();
        order[i..i + same].iter().for_each(|k| ranks[*k] = (2 * i + same + 1) as f64 / 2.0);
        ties += (same * same * same - same) as f64;
        i += same;
    }
    (ranks, ties)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Siegel & Castellan 1988, table 9.7 (three executives rank six applicants): rank sums 8, 14, 11, 11, 11, 8;
    /// spread 25.5; W = 12·25.5 / (9·210) = 0.162.
    #[test]
    fn published_example() {
        let rankings = [
            vec![1.0, 6.0, 3.0, 2.0, 5.0, 4.0],
            vec![1.0, 5.0, 6.0, 4.0, 2.0, 3.0],
            vec![6.0, 3.0, 2.0, 5.0, 4.0, 1.0],
        ];
        let (w, p) = kendall_w(&rankings).unwrap();
        assert!((w - 12.0 * 25.5 / 1890.0).abs() < 1e-12);
        assert!(p > 0.5);
    }

    #[test]
    fn full_agreement_ties_and_degenerate_cases() {
        let (w, p) = kendall_w(&vec![vec![1.0, 2.0, 2.0, 9.0]; 5]).unwrap();
        assert!((w - 1.0).abs() < 1e-12 && p < 0.01);
        assert_eq!(kendall_w(&vec![vec![3.0; 4]; 5]), None, "all tied");
        assert_eq!(kendall_w(&[vec![1.0, 2.0, 3.0]]), None, "one ranking");
        assert_eq!(kendall_w(&[vec![1.0, 2.0, 3.0], vec![1.0, 2.0]]), None);
    }
}
