//! How near and how alike rises must be to coincide, and what is known of each rise before any is moved.

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF, Normal};

use super::jitter::interval;
use super::links::Places;
use super::rises::{Alike, Rises};

/// A pair counts only beyond what so many others would reach with each entity by chance.
const PARTNERS_BY_CHANCE: f64 = 1.0;

/// One scale of one market.
pub struct Scale {
    /// Rises within this many periods coincide …
    pub same: i32,
    /// … when alike in this.
    pub alike: Alike,
    /// By position.
    pub known: Vec<Known>,
    /// By position: rises of others no smaller that its interval gives at the time of it.
    pub expected: Vec<f64>,
    /// Positions by the upper end of their bands.
    pub by_high: Vec<u32>,
    /// Where to look for those that are alike.
    pub places: Places,
    /// The most periods without a price before any rise.
    pub max_unseen: i32,
    /// What each entity collects with one other by chance, with the spare that keeps chance partners few.
    pub by_chance: Vec<f64>,
    /// Coincidences of two entities by chance, on average.
    mean: f64,
}

/// Of one rise: its band, and half of −ln chance.
#[derive(Clone, Copy)]
pub struct Known {
    pub low: f32,
    pub high: f32,
    pub half_weight: f32,
}

impl Scale {
    /// `same`: periods within which rises coincide.
    pub fn new(rises: &Rises, same: i32, alike: Alike) -> Scale {
        let (n, total) = (rises.entities().max(2) as f64, rises.events.len());
        let bands: Vec<(f64, f64)> = rises.events.iter().map(|e| alike.band(e)).collect();
        let near = neighbours(rises, &bands);
        let mean_unseen = rises.events.iter().map(|e| f64::from(e.unseen)).sum::<f64>() / total.max(1) as f64;
        let window = f64::from(2 * same + 1) + mean_unseen;
        let chance: Vec<f64> =
            near.iter().map(|near| (near.alike as f64 * window * near.period / n).min(1.0)).collect();
        let expected = near
            .iter()
            .zip(&rises.events)
            .map(|(near, e)| near.no_smaller as f64 * f64::from(2 * same + 1 + e.unseen) * near.period);
        let z = Normal::new(0.0, 1.0).map_or(0.0, |z| z.inverse_cdf(1.0 - PARTNERS_BY_CHANCE / n));
        let by_chance = (0..rises.entities()).map(|who| {
            let moment = |k: i32| rises.own(who).map(|id| chance[id] * (-chance[id].ln()).powi(k)).sum::<f64>();
            quantile(z, moment(1), moment(2), moment(3))
        });
        let half_weights: Vec<f64> = chance.iter().map(|c| -c.ln() / 2.0).collect();
        let alike_in_all = near.iter().map(|near| near.alike).sum::<usize>() as f64 * rises.intervals() as f64;
        let known = bands.iter().zip(&half_weights).map(|(band, half_weight)| Known {
            low: band.0 as f32,
            high: band.1 as f32,
            half_weight: *half_weight as f32,
        });
        Scale {
            same,
            alike,
            known: known.collect(),
            expected: expected.collect(),
            by_high: order(&bands, |band| band.1),
            places: Places::new(&bands, &half_weights, alike_in_all / (total * total).max(1) as f64),
            max_unseen: rises.events.iter().map(|e| e.unseen).max().unwrap_or(0),
            by_chance: by_chance.collect(),
            mean: chance.iter().sum::<f64>() / n,
        }
    }

    /// Coincidences of two entities by chance, were they counted within so many periods instead.
    pub fn mean_within(&self, same: i32) -> f64 {
        self.mean * f64::from(2 * same + 1) / f64::from(2 * self.same + 1)
    }

    /// What two entities would collect by chance, with the spare that keeps chance partners few.
    pub fn by_chance(&self, i: usize, j: usize) -> f64 {
        (self.by_chance[i] + self.by_chance[j]) / 2.0
    }
}

/// Quantile of a compound Poisson sum from its mean, variance and third moment (Cornish & Fisher 1938, to the
/// skewness).
fn quantile(z: f64, mean: f64, variance: f64, third: f64) -> f64 {
    let skew = if variance > 0.0 { third / variance } else { 0.0 };
    mean + z * variance.sqrt() + (z.powi(2) - 1.0).max(0.0) / 6.0 * skew
}

/// Positions in the order of what `key` gives; equal ones as they are.
pub fn order(bands: &[(f64, f64)], key: impl Fn(&(f64, f64)) -> f64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..bands.len() as u32).collect();
    order.sort_by(|a, b| key(&bands[*a as usize]).total_cmp(&key(&bands[*b as usize])));
    order
}

/// What else rises in the interval of one rise. The interval and what falls in it are the same in every draw.
struct Near {
    /// Rises of others that are alike, and one.
    alike: usize,
    /// Rises of others that are alike or larger, and one.
    no_smaller: usize,
    /// The share of the interval that one period is.
    period: f64,
}

fn neighbours(rises: &Rises, bands: &[(f64, f64)]) -> Vec<Near> {
    let sorted = |key: fn(&(f64, f64)) -> f64| {
        let mut by_interval: BTreeMap<u16, Vec<f64>> = BTreeMap::new();
        for id in order(bands, key) {
            by_interval.entry(rises.within[id as usize]).or_default().push(key(&bands[id as usize]));
        }
        by_interval
    };
    let (lows, highs) = (sorted(|band| band.0), sorted(|band| band.1));
    let one = |id: usize| {
        let (within, (low, high), e) = (rises.within[id], bands[id], &rises.events[id]);
        let smaller = highs[&within].partition_point(|h| *h < low);
        let not_larger = lows[&within].partition_point(|l| *l <= high);
        let own = rises.own(e.who as usize).filter(|o| rises.within[*o] == within && bands[*o].1 >= low);
        let (mut own_alike, mut own_no_smaller) = (0, 0);
        own.for_each(|o| {
            own_alike += usize::from(bands[o].0 <= high);
            own_no_smaller += 1;
        });
        Near {
            alike: not_larger - smaller - own_alike + 1,
            no_smaller: highs[&within].len() - smaller - own_no_smaller + 1,
            period: 1.0 / f64::from(interval(e.day, rises.span).periods()),
        }
    };
    (0..bands.len()).map(one).collect()
}
