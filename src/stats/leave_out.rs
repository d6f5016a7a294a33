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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::robust::median;

    #[test]
    fn equals_the_median_of_what_is_left() {
        let sorted: Vec<f64> = (0..9).map(|i| f64::from(i * i)).collect();
        for mask in 0u32..512 {
            let out: Vec<usize> = (0..9).filter(|i| mask & 1 << i != 0).collect();
            let left: Vec<f64> = (0..9).filter(|i| mask & 1 << i == 0).map(|i| sorted[i]).collect();
            assert_eq!(median_without(&sorted, &out), median(&left));
        }
    }
}
