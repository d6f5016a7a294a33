//! Ranks, and how well a score orders cases before non-cases.

/// Share of the finite values below each value, ties in the middle: between 0 and 1. `None` stays `None`.
pub fn percentile_ranks(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<usize> = (0..values.len()).filter(|i| values[*i].is_some()).collect();
    order.sort_by(|a, b| values[*a].unwrap_or(0.0).total_cmp(&values[*b].unwrap_or(0.0)).then(a.cmp(b)));
    let (n, mut ranks, mut i) = (order.len() as f64, vec![None; values.len()], 0);
    while i < order.len() {
        let tied = order[i..].iter().take_while(|j| values[**j] == values[order[i]]).count();
        let middle = (i as f64 + tied as f64 / 2.0) / n;
        order[i..i + tied].iter().for_each(|j| ranks[*j] = Some(middle));
        i += tied;
    }
    ranks
}

/// Chance that a case scores above a non-case, ties half (Mann & Whitney 1947). `None` unless both are there.
pub fn auc(scores: &[f64], truth: &[bool]) -> Option<f64> {
    let ranks = percentile_ranks(&scores.iter().map(|s| Some(*s)).collect::<Vec<_>>());
    let (n, p) = (truth.len() as f64, truth.iter().filter(|t| **t).count() as f64);
    // The middle rank counted from 1 is n · rank + ½.
    let sum: f64 = ranks.iter().zip(truth).filter(|(_, t)| **t).filter_map(|(r, _)| r.map(|r| n * r + 0.5)).sum();
    (p > 0.0 && p < n).then(|| (sum - p * (p + 1.0) / 2.0) / (p * (n - p)))
}

/// Mean of the shares of cases at or above and of non-cases below a threshold. `None` unless both are there.
pub fn balanced_accuracy(scores: &[f64], truth: &[bool], threshold: f64) -> Option<f64> {
    let share = |want: bool| {
        let of: Vec<bool> =
            scores.iter().zip(truth).filter(|(_, t)| **t == want).map(|(s, _)| (*s >= threshold) == want).collect();
        (!of.is_empty()).then(|| of.iter().filter(|x| **x).count() as f64 / of.len() as f64)
    };
    Some((share(true)? + share(false)?) / 2.0)
}

/// Chance that `k` independent uniform numbers sum to at most `sum` (Irwin 1927, Hall 1927): 1/k! Σ (−1)ʲ C(k, j) (sum − j)ᵏ.
pub fn irwin_hall(sum: f64, k: usize) -> f64 {
    let (mut total, mut choose) = (0.0, 1.0);
    for j in 0..=k.min(sum.max(0.0).floor() as usize) {
        let sign = if j % 2 == 0 { 1.0 } else { -1.0 };
        total += sign * choose * (sum - j as f64).powi(k as i32);
        choose *= (k - j) as f64 / (j + 1) as f64;
    }
    let factorial: f64 = (1..=k).map(|i| i as f64).product();
    (total / factorial).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sums_of_uniforms() {
        for (sum, k, p) in
            [(0.3, 1, 0.3), (1.0, 2, 0.5), (0.5, 2, 0.125), (1.5, 3, 0.5), (0.2, 3, 0.008 / 6.0), (4.0, 4, 1.0)]
        {
            assert!((irwin_hall(sum, k) - p).abs() < 1e-12, "{sum} {k}");
        }
        assert_eq!(irwin_hall(0.0, 2), 0.0);
    }

    proptest! {
        #[test]
        fn auc_is_the_share_of_pairs(cases in prop::collection::vec((0u8..6, any::<bool>()), 2..40)) {
            let scores: Vec<f64> = cases.iter().map(|c| f64::from(c.0)).collect();
            let truth: Vec<bool> = cases.iter().map(|c| c.1).collect();
            let (mut won, mut pairs) = (0.0, 0.0);
            for (s, _) in scores.iter().zip(&truth).filter(|x| *x.1) {
                for (t, _) in scores.iter().zip(&truth).filter(|x| !*x.1) {
                    pairs += 1.0;
                    won += if s > t { 1.0 } else if s == t { 0.5 } else { 0.0 };
                }
            }
            match auc(&scores, &truth) {
                Some(fast) => prop_assert!((fast - won / pairs).abs() < 1e-12),
                None => prop_assert_eq!(pairs, 0.0),
            }
        }
    }

    #[test]
    fn ranks_and_accuracy() {
        assert_eq!(
            percentile_ranks(&[Some(3.0), None, Some(1.0), Some(3.0), Some(9.0)]),
            [Some(0.5), None, Some(0.125), Some(0.5), Some(0.875)]
        );
        assert_eq!(balanced_accuracy(&[0.9, 0.4, 0.1], &[true, true, false], 0.5), Some(0.75));
        assert_eq!(balanced_accuracy(&[0.9], &[true], 0.5), None);
    }
}
