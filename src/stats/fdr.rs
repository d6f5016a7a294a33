//! False-discovery control over everything tested.

/// Benjamini–Hochberg q-values (1995), in the order given. `tested` may exceed `p.len()` where only
/// small p-values were kept: the missing ones count as 1.
pub fn benjamini_hochberg(p: &[f64], tested: usize) -> Vec<f64> {
    step_up(p, tested, 1.0)
}

/// Benjamini–Yekutieli q-values (2001), valid under any dependence: BH times Σ 1/i.
pub fn benjamini_yekutieli(p: &[f64], tested: usize) -> Vec<f64> {
    let m = tested.max(p.len());
    step_up(p, tested, (1..=m).map(|i| 1.0 / i as f64).sum())
}

fn step_up(p: &[f64], tested: usize, factor: f64) -> Vec<f64> {
    let m = tested.max(p.len()) as f64;
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut q = vec![1.0; p.len()];
    let mut best = 1.0_f64;
    for (rank, &i) in order.iter().enumerate().rev() {
        best = best.min(p[i] * m * factor / (rank + 1) as f64);
        q[i] = best;
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The 15 p-values of Benjamini & Hochberg 1995, §4.1: four rejections at q = 0.05.
    #[test]
    fn published_example() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let q = benjamini_hochberg(&p, p.len());
        assert_eq!(q.iter().filter(|q| **q <= 0.05).count(), 4);
        assert!((q[3] - 0.0095 * 15.0 / 4.0).abs() < 1e-12);
        let by = benjamini_yekutieli(&p, p.len());
        assert_eq!(by.iter().filter(|q| **q <= 0.05).count(), 3);
    }
}
