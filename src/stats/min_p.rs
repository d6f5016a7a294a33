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
    /// As `combined` says: draws whose smallest is as small, and what is added for statistics with fewer draws.
    pub hits: usize,
}

/// Single-step min-p (Westfall & Young 1993, §2.3). Of each statistic its value as observed, then in each draw of the
/// null; high values are extreme. Exact where observed and draws are exchangeable; ties count against the observed. A
/// statistic that was no longer drawn has fewer values than others: at most so large a share of all samples is as extreme
/// in it as p says, and these count as if they were extreme in no other (Bonferroni), so that p errs high; where it has the
/// smallest p itself, that p must hold by itself.
pub fn min_p(statistics: &[Vec<f64>]) -> MinP {
    ranked(statistics, |values| vec![0.0; values.len()])
}

/// As [`min_p`] with ties broken at random (Dufour 2006): uniform under the null even for lumpy statistics. For
/// calibration, never for a report.
pub fn min_p_random_ties(statistics: &[Vec<f64>], rng: &mut impl Rng) -> MinP {
    ranked(statistics, |values| values.iter().map(|_| rng.r#gen()).collect())
}

fn ranked(statistics: &[Vec<f64>], mut breaker: impl FnMut(&[f64]) -> Vec<f64>) -> MinP {
    let n = statistics.iter().map(Vec::len).max().unwrap_or(0);
    let mut smallest = vec![1.0_f64; n];
    let (mut each, mut fewer) = (Vec::new(), 0.0);
    for values in statistics {
        let p = upper(values, &breaker(values));
        each.push(p[0]);
        if values.len() == n {
            smallest.iter_mut().zip(&p).for_each(|(s, p)| *s = s.min(*p));
        } else {
            fewer += 1.0;
        }
    }
    let best = each.iter().copied().fold(1.0, f64::min);
    smallest.iter_mut().take(1).for_each(|observed| *observed = best);
    let turned: Vec<f64> = smallest.iter().map(|p| -p).collect();
    let combined = upper(&turned, &breaker(&turned)).first().map_or(1.0, |share| (share + fewer * best).min(1.0));
    let as_small = |p: &f64| smallest.iter().filter(|s| *s <= p).count() as f64 / n as f64;
    let corrected = each.iter().map(|p| (as_small(p) + fewer * p).min(1.0)).collect();
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
        let found = min_p(&[vec![5.0, 3.0, 1.0, 0.0], vec![1.0, 1.0, 4.0, 0.0]]);
        assert_eq!(found.each, vec![0.25, 0.75], "5 is the highest of four; three of four reach 1");
        assert_eq!(found.corrected, vec![0.5, 0.75], "the smallest is 0.25 in two samples, 0.75 or less in three");
        assert_eq!((found.combined, found.hits), (0.5, 1), "one draw's smallest p is 0.25 too");
    }

    /// The second was drawn once: in one of four samples at most it is as small as the first.
    #[test]
    fn fewer_draws_by_hand() {
        let found = min_p(&[vec![5.0, 3.0, 1.0, 0.0], vec![1.0, 1.0]]);
        assert_eq!(found.each, vec![0.25, 1.0]);
        assert_eq!(found.corrected, vec![0.5, 1.0]);
        assert_eq!((found.combined, found.hits), (0.5, 1));
    }

    fn at_random(rng: &mut impl Rng) -> Vec<Vec<f64>> {
        (0..3).map(|_| (0..60).map(|_| f64::from(rng.gen_range(0u8..9))).collect()).collect()
    }

    /// Slow twin: counting for every sample anew.
    #[test]
    fn equals_counting() {
        let statistics = at_random(&mut rand_chacha::ChaCha8Rng::seed_from_u64(5));
        let p = |i: usize, values: &Vec<f64>| values.iter().filter(|v| **v >= values[i]).count() as f64 / 60.0;
        let smallest: Vec<f64> = (0..60).map(|i| statistics.iter().map(|s| p(i, s)).fold(1.0, f64::min)).collect();
        let combined = smallest.iter().filter(|s| **s <= smallest[0]).count() as f64 / 60.0;
        assert_eq!(min_p(&statistics).combined, combined);
        assert_eq!(min_p(&statistics).each, statistics.iter().map(|s| p(0, s)).collect::<Vec<_>>());
    }

    /// With a statistic left off after some draws p is never smaller than had all been taken.
    #[test]
    fn fewer_draws_err_high() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        for _ in 0..300 {
            let all = at_random(&mut rng);
            let worse = |k: usize| min_p(&all).each[k] > min_p(&all).each[0];
            let some: Vec<Vec<f64>> =
                all.iter().enumerate().map(|(k, s)| if worse(k) { s[..20].to_vec() } else { s.clone() }).collect();
            if (1..3).all(|k| some[k].len() == 60 || min_p(&some).each[k] >= min_p(&some).each[0]) {
                assert!(min_p(&some).combined >= min_p(&all).combined - 1e-12);
            }
        }
    }

    /// All tied: the strict p is 1, the one with random ties any of the ranks.
    #[test]
    fn ties_are_broken_evenly() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(6);
        let tied = vec![vec![0.0; 10]];
        assert_eq!(min_p(&tied).combined, 1.0);
        let mean = (0..2000).map(|_| min_p_random_ties(&tied, &mut rng).combined).sum::<f64>() / 2000.0;
        assert!((mean - 0.55).abs() < 0.02, "{mean}");
    }
}
