//! Do rises fall about the same time more than their intervals give?

use super::rises::Rises;
use super::scale::Scale;

/// Log likelihood ratio of the rises around each rise against what its interval gives, summed over those with at least
/// `min_group` rises (Poisson scan, Kulldorff 1997). Other rises count when they are alike or larger; `day`: periods of
/// the rises, by position.
pub fn synchrony(scale: &Scale, rises: &Rises, day: &[i32], min_group: usize) -> f64 {
    let (first, last) = rises.span;
    let mut highs: Vec<Vec<f32>> = vec![Vec::new(); rises.periods()];
    for &id in &scale.by_high {
        highs[(day[id as usize] - first) as usize].push(scale.known[id as usize].high);
    }
    let excess = |id: usize| {
        let no_smaller = |period: i32| {
            let highs = &highs[(period - first) as usize];
            highs.len() - highs.partition_point(|high| *high < scale.known[id].low)
        };
        let about = (day[id] - rises.events[id].unseen - scale.same).max(first)..=(day[id] + scale.same).min(last);
        // The seller's other rises are not taken out: in a draw two of its runs may fall together, never in the data,
        // so that p errs high.
        let others = about.map(no_smaller).sum::<usize>() - 1;
        let (k, expected) = (others as f64, scale.expected[id]);
        if others + 1 >= min_group && k > expected { k * (k / expected).ln() - k + expected } else { 0.0 }
    };
    (0..day.len()).map(excess).sum()
}

#[cfg(test)]
mod tests {
    use super::super::rises::{Alike, Event};
    use super::*;

    /// Four of five rise by the same size on day 20 of 28, one on day 5 by twice as much. Each of the four has three
    /// others there and one larger in the interval: expected 5·3/28 … of the fifth nothing is about.
    #[test]
    fn by_hand() {
        let rise = |who: u32, day: i32, size: f64| Event {
            who,
            day,
            unseen: 0,
            good: 0,
            size,
            doubt: 0.0,
            level: 0.0,
            coin: 0.0,
        };
        let events = (0..4).map(|who| rise(who, 20, 0.1)).chain([rise(4, 5, 0.2)]).collect();
        let rises = Rises::new(events, 5, (0, 27));
        let scale = Scale::new(&rises, 1, Alike::Size);
        let expected = 5.0 * 3.0 / 28.0_f64;
        let one = 3.0 * (3.0 / expected).ln() - 3.0 + expected;
        let found = synchrony(&scale, &rises, &rises.days(), 3);
        assert!((found - 4.0 * one).abs() < 1e-9, "{found} {}", 4.0 * one);
        assert_eq!(
            synchrony(&scale, &rises, &[20, 20, 5, 5, 5], 4),
            0.0,
            "two and three together are no group of four"
        );
    }
}
