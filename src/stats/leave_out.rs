//! Medians that leave a few members out, without sorting again.

/// Median of `sorted` without the positions `out` (ascending); `None` where nothing is left.
pub fn median_without(sorted: &[f64], out: &[usize]) -> Option<f64> {
    let left = sorted.len().checked_sub(out.len()).filter(|n| *n > 0)?;
    let at = |rank: usize| {
        let mut i = rank;
        for &o in out {
            i += usize::from(o <= i);
        }
        sorted[i]
    };
    Some(if left % 2 == 1 { at(left / 2) } else { (at(left / 2 - 1) + at(left / 2)) / 2.0 })
}

/// Quantile (Hyndman & Fan 1996, type 7) of `sorted` without the positions `out` (ascending); `None` where nothing
/// is left.
pub fn quantile_without(sorted: &[f64], out: &[usize], q: f64) -> Option<f64> {
    let left = sorted.len().checked_sub(out.len()).filter(|n| *n > 0)?;
    let at = |rank: usize| {
        let mut i = rank;
        for &o in out {
            i += usize::from(o <= i);
        }
        sorted[i]
    };
    let h = q.clamp(0.0, 1.0) * (left - 1) as f64;
    let below = h.floor() as usize;
    let low = at(below);
    let fraction = h - below as f64;
    Some(if fraction > 0.0 { low + fraction * (at(below + 1) - low) } else { low })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::robust::{median, quantile_mut};

    #[test]
    fn equals_the_median_of_what_is_left() {
        let sorted: Vec<f64> = (0..9).map(|i| f64::from(i * i)).collect();
        for mask in 0u32..512 {
            let out: Vec<usize> = (0..9).filter(|i| mask & 1 << i != 0).collect();
            let left: Vec<f64> = (0..9).filter(|i| mask & 1 << i == 0).map(|i| sorted[i]).collect();
            assert_eq!(median_without(&sorted, &out), median(&left));
            assert_eq!(quantile_without(&sorted, &out, 0.84), quantile_mut(&mut left.clone(), 0.84));
        }
    }
}
