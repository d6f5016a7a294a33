//! Order statistics that bear outliers.

/// Median of the finite values; `None` where there are none. Reorders the slice.
pub fn median_mut(values: &mut [f64]) -> Option<f64> {
    quantile_mut(values, 0.5)
}

/// Median of the finite values of a slice that is left alone.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut v: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    median_mut(&mut v)
}

/// Median of each prefix of finite values: `out[i]` is that of `values[..=i]`. O(n) comparisons and moves per
/// value, far less than sorting each prefix again.
pub fn running_medians(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = Vec::with_capacity(values.len());
    values
        .iter()
        .map(|&v| {
            let at = sorted.partition_point(|s| s.total_cmp(&v).is_lt());
            sorted.insert(at, v);
            let half = sorted.len() / 2;
            if sorted.len() % 2 == 1 {
                sorted[half]
            } else {
                sorted[half - 1] + 0.5 * (sorted[half] - sorted[half - 1])
            }
        })
        .collect()
}

/// Quantile with linear interpolation (Hyndman & Fan 1996, type 7); all values must be finite.
/// Reorders the slice; `None` where it is empty.
pub fn quantile_mut(values: &mut [f64], q: f64) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let h = q.clamp(0.0, 1.0) * (values.len() - 1) as f64;
    let below = h.floor() as usize;
    let (_, low, rest) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let above = rest.iter().copied().fold(f64::INFINITY, f64::min);
    let fraction = h - below as f64;
    Some(if fraction > 0.0 { low + fraction * (above - low) } else { low })
}

/// Median absolute deviation × 1.4826 (consistent with σ for a normal sample); `None` where it is
/// zero or there are fewer than three values: callers must say what that means.
pub fn mad_sigma(values: &[f64]) -> Option<f64> {
    let centre = median(values)?;
    let mut gaps: Vec<f64> = values.iter().filter(|x| x.is_finite()).map(|x| (x - centre).abs()).collect();
    if gaps.len() < 3 {
        return None;
    }
    median_mut(&mut gaps).map(|m| 1.4826 * m).filter(|m| *m > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile_mut(&mut [4.0, 1.0, 3.0, 2.0], 0.5), Some(2.5));
        assert_eq!(quantile_mut(&mut [4.0, 1.0, 3.0, 2.0], 0.25), Some(1.75));
        assert_eq!(median(&[f64::NAN, 7.0]), Some(7.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn running_medians_equal_medians_of_prefixes() {
        let values: Vec<f64> = (0..40).map(|i| f64::from((i * 37) % 17)).collect();
        for (i, m) in running_medians(&values).into_iter().enumerate() {
            assert_eq!(Some(m), median(&values[..=i]));
        }
    }

    #[test]
    fn zero_spread_is_not_a_scale() {
        assert_eq!(mad_sigma(&[5.0, 5.0, 5.0, 9.0]), None);
        assert!((mad_sigma(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap() - 1.4826).abs() < 1e-12);
    }
}
