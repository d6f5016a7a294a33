//! Shape of the bids of one tender. Slices are sorted, lowest first; `None` where too few bids or no spread give a number
//! no meaning. Formulas: Imhof 2017; Huber & Imhof 2019; Wallimann, Imhof & Huber 2022; Gomes et al. 2024, appendix B.

/// Names of the screens, in the order of [`shape`].
pub const SHAPE: [&str; 9] = ["cv", "spd", "diffp", "rd", "rdnor", "rdalt", "kurt", "skew", "ks"];

/// All nine at once.
pub fn shape(b: &[f64]) -> [Option<f64>; 9] {
    [cv(b), spd(b), diffp(b), rd(b), rdnor(b), rdalt(b), kurtosis(b), skewness(b), ks_uniform(b)]
}

fn mean(b: &[f64]) -> f64 {
    b.iter().sum::<f64>() / b.len() as f64
}

/// Standard deviation with n − 1; `None` below two values or where all are equal.
fn sd(b: &[f64]) -> Option<f64> {
    let spread = b.last()? - b.first()?;
    let m = mean(b);
    let square = b.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / (b.len() as f64 - 1.0);
    (b.len() > 1 && spread > 0.0).then(|| square.sqrt())
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// Standard deviation over mean; 0 where all bids are equal.
pub fn cv(b: &[f64]) -> Option<f64> {
    (b.len() > 1).then(|| sd(b).unwrap_or(0.0) / mean(b)).and_then(finite)
}

/// (highest − lowest) / lowest.
pub fn spd(b: &[f64]) -> Option<f64> {
    (b.len() > 1).then(|| (b[b.len() - 1] - b[0]) / b[0]).and_then(finite)
}

/// (second − lowest) / lowest.
pub fn diffp(b: &[f64]) -> Option<f64> {
    (b.len() > 1).then(|| (b[1] - b[0]) / b[0]).and_then(finite)
}

/// (second − lowest) / standard deviation of the losing bids.
pub fn rd(b: &[f64]) -> Option<f64> {
    (b.len() > 2).then(|| sd(&b[1..])).flatten().and_then(|s| finite((b[1] - b[0]) / s))
}

/// (second − lowest) / mean gap between neighbours.
pub fn rdnor(b: &[f64]) -> Option<f64> {
    let gap = (b.last()? - b.first()?) / (b.len() as f64 - 1.0);
    (b.len() > 2 && gap > 0.0).then(|| (b[1] - b[0]) / gap)
}

/// (second − lowest) / mean gap between neighbours among the losing bids.
pub fn rdalt(b: &[f64]) -> Option<f64> {
    let gap = (b.last()? - b.get(1)?) / (b.len() as f64 - 2.0);
    (b.len() > 2 && gap > 0.0).then(|| (b[1] - b[0]) / gap)
}

/// n(n+1)/((n−1)(n−2)(n−3)) Σz⁴ − 3(n−1)²/((n−2)(n−3)).
pub fn kurtosis(b: &[f64]) -> Option<f64> {
    let n = b.len() as f64;
    let z4 = |s: f64| b.iter().map(|x| ((x - mean(b)) / s).powi(4)).sum::<f64>();
    let less = 3.0 * (n - 1.0).powi(2) / ((n - 2.0) * (n - 3.0));
    (b.len() > 3).then(|| sd(b)).flatten().map(|s| n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0)) * z4(s) - less)
}

/// n/((n−1)(n−2)) Σz³.
pub fn skewness(b: &[f64]) -> Option<f64> {
    let n = b.len() as f64;
    let z3 = |s: f64| b.iter().map(|x| ((x - mean(b)) / s).powi(3)).sum::<f64>();
    (b.len() > 2).then(|| sd(b)).flatten().map(|s| n / ((n - 1.0) * (n - 2.0)) * z3(s))
}

/// Greatest distance between the distribution of the bids, scaled to [0, 1] by lowest and highest, and the uniform one.
pub fn ks_uniform(b: &[f64]) -> Option<f64> {
    let (low, n) = (*b.first()?, b.len() as f64);
    let range = b[b.len() - 1] - low;
    let step = |(i, x): (usize, &f64)| {
        let (u, i) = ((x - low) / range, i as f64);
        ((i + 1.0) / n - u).max(u - i / n)
    };
    (range > 0.0).then(|| b.iter().enumerate().map(step).fold(0.0, f64::max))
}

/// Subsets looked at, at most: all of a tender of up to 23 bids (8,855 of four); more bids give evenly spaced subsets.
const MOST_SUBSETS: u64 = 9_000;

/// Mean, median, least and greatest of each screen over the subsets of `k` bids (Wallimann et al. 2022).
pub fn subsets(b: &[f64], k: usize) -> [Option<[f64; 4]>; 9] {
    let mut values: [Vec<f64>; 9] = Default::default();
    each_subset(b, k, &mut |part| {
        for (v, s) in values.iter_mut().zip(shape(part)) {
            v.extend(s);
        }
    });
    values.map(|mut v| {
        v.sort_by(f64::total_cmp);
        let (n, sum) = (v.len(), v.iter().sum::<f64>());
        (n > 0).then(|| [sum / n as f64, (v[(n - 1) / 2] + v[n / 2]) / 2.0, v[0], v[n - 1]])
    })
}

fn each_subset(b: &[f64], k: usize, take: &mut dyn FnMut(&[f64])) {
    let n = b.len();
    if k == 0 || n < k {
        return;
    }
    let all = (0..k as u64).fold(1u64, |c, i| c * (n as u64 - i) / (i + 1));
    let stride = all.div_ceil(MOST_SUBSETS);
    let mut at: Vec<usize> = (0..k).collect();
    let mut part = vec![0.0; k];
    for count in 0u64.. {
        if count % stride == 0 {
            part.iter_mut().zip(&at).for_each(|(p, i)| *p = b[*i]);
            take(&part);
        }
        let Some(i) = (0..k).rev().find(|i| at[*i] < n - k + i) else { return };
        at[i] += 1;
        for j in i + 1..k {
            at[j] = at[j - 1] + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The formulas as written, with loops over z-scores and the empirical distribution.
    fn slow(b: &[f64]) -> [Option<f64>; 9] {
        let n = b.len();
        let sd = |v: &[f64]| {
            let m = v.iter().sum::<f64>() / v.len() as f64;
            (v.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (v.len() - 1) as f64).sqrt()
        };
        let m = b.iter().sum::<f64>() / n as f64;
        let z: Vec<f64> = b.iter().map(|x| (x - m) / sd(b)).collect();
        let nf = n as f64;
        let gaps: Vec<f64> = b.windows(2).map(|w| w[1] - w[0]).collect();
        let u: Vec<f64> = b.iter().map(|x| (x - b[0]) / (b[n - 1] - b[0])).collect();
        let below = |t: f64| u.iter().filter(|x| **x < t).count() as f64 / nf;
        let upto = |t: f64| u.iter().filter(|x| **x <= t).count() as f64 / nf;
        let ks = u.iter().flat_map(|t| [(upto(*t) - t).abs(), (below(*t) - t).abs()]).fold(0.0, f64::max);
        let k4 = nf * (nf + 1.0) / ((nf - 1.0) * (nf - 2.0) * (nf - 3.0))
            * z.iter().map(|z| z * z * z * z).sum::<f64>()
            - 3.0 * (nf - 1.0) * (nf - 1.0) / ((nf - 2.0) * (nf - 3.0));
        [
            Some(sd(b) / m),
            Some((b[n - 1] - b[0]) / b[0]),
            Some(gaps[0] / b[0]),
            Some(gaps[0] / sd(&b[1..])),
            Some(gaps[0] / (gaps.iter().sum::<f64>() / gaps.len() as f64)),
            Some(gaps[0] / (gaps[1..].iter().sum::<f64>() / (gaps.len() - 1) as f64)),
            Some(k4),
            Some(nf / ((nf - 1.0) * (nf - 2.0)) * z.iter().map(|z| z * z * z).sum::<f64>()),
            Some(ks),
        ]
    }

    proptest! {
        #[test]
        fn fast_and_slow_agree(mut b in prop::collection::vec(1.0f64..1000.0, 4..12)) {
            b.sort_by(f64::total_cmp);
            prop_assume!(b.windows(2).all(|w| w[1] - w[0] > 1e-3));
            for (fast, slow) in shape(&b).into_iter().zip(slow(&b)) {
                let (fast, slow) = (fast.unwrap(), slow.unwrap());
                prop_assert!((fast - slow).abs() <= 1e-7 * slow.abs().max(1.0), "{fast} {slow}");
            }
        }

        #[test]
        fn scale_changes_nothing(mut b in prop::collection::vec(1.0f64..1000.0, 2..9)) {
            b.sort_by(f64::total_cmp);
            let scaled: Vec<f64> = b.iter().map(|x| x * 8.0).collect();
            for (x, y) in shape(&b).into_iter().zip(shape(&scaled)) {
                prop_assert!(x == y || (x.unwrap() - y.unwrap()).abs() < 1e-9);
            }
        }
    }

    /// Worked by hand in the page of `low-spread`.
    #[test]
    fn worked_example_and_degenerate_tenders() {
        let b = [100.0, 110.0, 112.0, 118.0];
        let close = |x: Option<f64>, want: f64| assert!((x.unwrap() - want).abs() < 1e-4, "{x:?} {want}");
        close(cv(&b), 0.0680);
        close(spd(&b), 0.18);
        close(diffp(&b), 0.10);
        close(rd(&b), 2.4019);
        close(rdnor(&b), 1.6667);
        close(rdalt(&b), 2.5);
        close(ks_uniform(&b), 0.3056);
        assert_eq!(shape(&[5.0]), [None; 9]);
        let two = shape(&[100.0, 104.0]);
        assert_eq!(two.map(|x| x.is_some()), [true, true, true, false, false, false, false, false, true]);
        let equal = shape(&[7.0, 7.0, 7.0, 7.0]);
        assert_eq!(equal.map(|x| x.is_some()), [true, true, true, false, false, false, false, false, false]);
    }

    #[test]
    fn subsets_are_all_of_them() {
        let b: Vec<f64> = (0..7).map(|i| 100.0 + f64::from(i * i)).collect();
        let mut slow = Vec::new();
        for i in 0..7 {
            for j in i + 1..7 {
                for k in j + 1..7 {
                    slow.push(cv(&[b[i], b[j], b[k]]).unwrap());
                }
            }
        }
        let got = subsets(&b, 3)[0].unwrap();
        assert_eq!(slow.len(), 35);
        assert!((got[0] - slow.iter().sum::<f64>() / 35.0).abs() < 1e-12);
        assert_eq!(got[2], slow.iter().copied().fold(f64::INFINITY, f64::min));
        assert_eq!(got[3], slow.iter().copied().fold(0.0, f64::max));
        let mut n = 0u64;
        each_subset(&(0..40).map(f64::from).collect::<Vec<_>>(), 4, &mut |_| n += 1);
        assert!(n <= MOST_SUBSETS && n > MOST_SUBSETS / 2, "{n}");
        assert_eq!(subsets(&[1.0, 2.0], 3), [None; 9]);
    }
}
