//! One p-value from several statistics and one Monte-Carlo null.

use rand::Rng;

/// p-values by rank: of each statistic, and of the smallest of them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct MinP {
    /// Of each statistic by itself: (1 + # draws as high) / (B + 1).
    pub each: Vec<f64>,
    /// Of each statistic, corrected for the choice among all: against the smallest of each draw.
    pub corrected: Vec<f64>,
    /// Of the smallest over statistics, against the smallest of each draw: holds whatever their dependence.
    pub combined: f64,
    /// Draws whose smallest is as small.
    pub hits: usize,
}

/// Single-step min-p (Westfall & Young 1993, §2.3): sample 0 is observed, the others are draws of the null, each
/// with one value per statistic, high values extreme. Exact where observed and draws are exchangeable; ties count
/// against the observed.
pub fn min_p(samples: &[Vec<f64>]) -> MinP {
    ranked(samples, |values| vec![0.0; values.len()])
}

/// As [`min_p`] with ties broken at random (Dufour 2006): uniform under the null even for lumpy statistics. For
/// calibration, never for a report.
pub fn min_p_random_ties(samples: &[Vec<f64>], rng: &mut impl Rng) -> MinP {
    ranked(samples, |values| values.iter().map(|_| rng.r#gen()).collect())
}

fn ranked(samples: &[Vec<f64>], mut breaker: impl FnMut(&[f64]) -> Vec<f64>) -> MinP {
    let n = samples.len();
    let statistics = samples.first().map_or(0, Vec::len);
    let mut smallest = vec![1.0_f64; n];
    let mut each = Vec::new();
    for k in 0..statistics {
        let values: Vec<f64> = samples.iter().map(|s| s[k]).collect();
        let p = upper(&values, &breaker(&values));
        each.push(p[0]);
        smallest.iter_mut().zip(&p).for_each(|(s, p)| *s = s.min(*p));
    }
    let turned: Vec<f64> = smallest.iter().map(|p| -p).collect();
    let combined = upper(&turned, &breaker(&turned)).first().copied().unwrap_or(1.0);
    let as_small = |p: &f64| smallest.iter().filter(|s| *s <= p).count() as f64 / n as f64;
    let corrected = each.iter().map(as_small).collect();
    MinP { each, corrected, combined, hits: ((combined * n as f64).round() as usize).saturating_sub(1) }
}

/// Share of values at least as high as each (itself included); equal values are ordered by the breaker.
fn upper(values: &[f64], breaker: &[f64]) -> Vec<f64> {
    let key = |i: usize| (values[i], breaker[i]);
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| key(b).0.total_cmp(&key(a).0).then(key(b).1.total_cmp(&key(a).1)));
    let mut share = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let same = order[from..].iter().take_while(|&&i| key(i) == key(order[from])).count();
        for &i in &order[from..from + same] {
            share[i] = (from + same) as f64 / values.len() as f64;
        }
        from += same;
    }
    share
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn by_hand() {
        let samples = vec![vec![5.0, 1.0], vec![3.0, 1.0], vec![1.0, 4.0], vec![0.0, 0.0]];
        let found = min_p(&samples);
        assert_eq!(found.each, vec![0.25, 0.75], "5 is the highest of four; three of four reach 1");
        assert_eq!(found.corrected, vec![0.5, 0.75], "the smallest is 0.25 in two samples, 0.75 or less in three");
        assert_eq!((found.combined, found.hits), (0.5, 1), "one draw's smallest p is 0.25 too");
    }

    /// Slow twin: counting for every sample anew.
    #[test]
    fn equals_counting() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let samples: Vec<Vec<f64>> =
            (0..60).map(|_| (0..3).map(|_| f64::from(rng.gen_range(0u8..9))).collect()).collect();
        let p = |i: usize, k: usize| samples.iter().filter(|s| s[k] >= samples[i][k]).count() as f64 / 60.0;
        let smallest: Vec<f64> = (0..60).map(|i| (0..3).map(|k| p(i, k)).fold(1.0, f64::min)).collect();
        let combined = smallest.iter().filter(|s| **s <= smallest[0]).count() as f64 / 60.0;
        assert_eq!(min_p(&samples).combined, combined);
        assert_eq!(min_p(&samples).each, (0..3).map(|k| p(0, k)).collect::<Vec<_>>());
    }

    /// All tied: the strict p is 1, the one with random ties any of the ranks.
    #[test]
    fn ties_are_broken_evenly() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(6);
        let tied = vec![vec![0.0]; 10];
        assert_eq!(min_p(&tied).combined, 1.0);
        let mean = (0..2000).map(|_| min_p_random_ties(&tied, &mut rng).combined).sum::<f64>() / 2000.0;
        assert!((mean - 0.55).abs() < 0.02, "{mean}");
    }
}
