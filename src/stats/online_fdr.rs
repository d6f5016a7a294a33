//! False-discovery control over the weeks: BatchBH (Zrnic, Jiang, Ramdas & Jordan 2020, "The Power of Batching in Multiple
//! Hypothesis Testing", Algorithm 1). Each week is a batch tested by Benjamini–Hochberg at a level paid for out of a wealth
//! that all weeks to come share and that discoveries replenish. The guarantee is for
//! batches independent of each other; weeks that look back on the same prices are not, which a report must say.

use serde::{Deserialize, Serialize};

/// What one batch spent and found.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Batch {
    /// Level the batch was tested at.
    pub alpha: f64,
    /// Hypotheses tested.
    pub tested: usize,
    /// Discoveries.
    pub found: usize,
    /// Most discoveries the batch could have had with one of its p-values set to 0.
    pub most: usize,
}

/// Share of the wealth set aside for batch `t` (from 1): t^−1.6 / ζ(1.6), which sums to 1 (Robertson et al. 2019, onlineFDR).
pub fn share(t: usize) -> f64 {
    0.437_490_165_8 / (t as f64).powf(1.6)
}

/// The level for the next batch of `tested` hypotheses, and the wealth it is drawn from; `total` is the overall level.
/// α_t = (Σ_{s≤t} γ_s α − Σ_{s<t} α_s R⁺_s / (R⁺_s + Σ_{r≠s} R_r)) · (n_t + Σ_{s<t} R_s) / n_t, never above `total`.
pub fn next_level(past: &[Batch], tested: usize, total: f64) -> Option<(f64, f64)> {
    if tested == 0 {
        return None;
    }
    let found: usize = past.iter().map(|b| b.found).sum();
    let spent = |b: &Batch| {
        let others = found - b.found;
        if b.most == 0 { 0.0 } else { b.alpha * b.most as f64 / (b.most + others) as f64 }
    };
    let granted: f64 = (1..=past.len() + 1).map(|t| share(t) * total).sum();
    let wealth = (granted - past.iter().map(spent).sum::<f64>()).max(0.0);
    Some(((wealth * (tested + found) as f64 / tested as f64).min(total), wealth))
}

/// Discoveries of Benjamini–Hochberg at `level` among `tested` hypotheses (those not listed count as 1), and the most there
/// could have been with one p-value set to 0.
pub fn discoveries(p: &[f64], tested: usize, level: f64) -> (usize, usize) {
    let mut sorted = p.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = |sorted: &[f64], ahead: usize| {
        let passes = |i: &usize| sorted[*i] <= level * (i + 1 + ahead) as f64 / tested.max(sorted.len() + ahead) as f64;
        (0..sorted.len()).filter(passes).max().map_or(ahead, |i| i + 1 + ahead)
    };
    let found = count(&sorted, 0);
    // The p-value set to 0 is one of those not yet discovered: the largest, or one not listed.
    let rest = if tested > sorted.len() { &sorted[..] } else { &sorted[..sorted.len().saturating_sub(1)] };
    (found, if tested == 0 { 0 } else { count(rest, 1).max(found) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    #[test]
    fn worked_by_hand() {
        // First week: α₁ = γ₁ α = 0.43749 · 0.05; p = 0.001 of 10 tests is found (0.001 ≤ 0.02187/10).
        let (first, wealth) = next_level(&[], 10, 0.05).unwrap();
        assert!((first - 0.021_874_5).abs() < 1e-7 && first == wealth);
        let (found, most) = discoveries(&[0.001], 10, first);
        assert_eq!((found, most), (1, 2), "a second at 0 would make two");
        // Second week: granted (γ₁ + γ₂) α = 0.029090, spent α₁ · 2/(2 + 0) = 0.021875; times (10 + 1)/10.
        let past = [Batch { alpha: first, tested: 10, found, most }];
        let (second, wealth) = next_level(&past, 10, 0.05).unwrap();
        assert!((wealth - 0.007_216).abs() < 1e-5 && (second - 0.007_938).abs() < 1e-5, "{wealth} {second}");
        assert_eq!(next_level(&past, 0, 0.05), None);
    }

    /// 300 runs of 30 weeks of 20 independent tests, one in ten not null: the mean share of false discoveries stays below.
    #[test]
    fn the_false_share_stays_below_the_level() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let (mut share, mut power, runs) = (0.0, 0.0, 300);
        for _ in 0..runs {
            let (mut past, mut wrong, mut all, mut planted) = (Vec::new(), 0usize, 0usize, 0usize);
            for _ in 0..30 {
                let tests: Vec<(bool, f64)> = (0..20)
                    .map(|_| {
                        let real = rng.r#gen::<f64>() < 0.1;
                        let u: f64 = rng.r#gen();
                        (real, if real { u.powi(12) } else { u })
                    })
                    .collect();
                planted += tests.iter().filter(|t| t.0).count();
                let p: Vec<f64> = tests.iter().map(|t| t.1).collect();
                let (alpha, _) = next_level(&past, p.len(), 0.1).unwrap();
                let (found, most) = discoveries(&p, p.len(), alpha);
                let mut order: Vec<usize> = (0..p.len()).collect();
                order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
                wrong += order[..found].iter().filter(|i| !tests[**i].0).count();
                all += found;
                past.push(Batch { alpha, tested: p.len(), found, most });
            }
            share += wrong as f64 / all.max(1) as f64 / f64::from(runs);
            power += (all - wrong) as f64 / planted as f64 / f64::from(runs);
        }
        assert!(share <= 0.1, "{share}");
        assert!(power > 0.2, "{power}");
    }

    /// The definition word for word: every p-value in turn set to 0, and the step-up read off.
    #[test]
    fn most_is_the_slow_twin() {
        let slow = |p: &[f64], level: f64| {
            let mut sorted = p.to_vec();
            sorted.sort_by(f64::total_cmp);
            let n = sorted.len();
            (1..=n).filter(|k| sorted[k - 1] <= level * *k as f64 / n as f64).max().unwrap_or(0)
        };
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(9);
        for _ in 0..200 {
            let p: Vec<f64> = (0..12).map(|_| rng.r#gen::<f64>().powi(3)).collect();
            let zeroed =
                |j: usize| p.iter().enumerate().map(|(i, p)| if i == j { 0.0 } else { *p }).collect::<Vec<_>>();
            let most = (0..p.len()).map(|j| slow(&zeroed(j), 0.1)).max().unwrap();
            assert_eq!(discoveries(&p, p.len(), 0.1), (slow(&p, 0.1), most));
        }
    }

    #[test]
    fn shares_sum_to_one() {
        let sum: f64 = (1..200_000).map(share).sum();
        assert!((sum - 1.0).abs() < 1e-3);
    }
}
