//! How near and how alike rises must be to coincide, and what is known of each rise before any is moved.

use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

use super::classes::Classes;
use super::events::same;
use super::rises::{Alike, Rises};
use super::sorted::Sorted;

/// A pair counts only beyond what so many others would reach with each entity by chance.
const PARTNERS_BY_CHANCE: f64 = 1.0;
/// Where two meet less often by chance, or entities are few, meetings are looked up one by one, else many at once:
/// whichever took less time on random markets of 20 to 5,000 sellers.
const SELDOM: f64 = 0.1;
const FEW: usize = 24;
/// Sellers that follow a leader are this close behind each other's rises (Chile 2007–08: day 1, 2, 3; TDLC 119/2012).
const FOLLOW_DAYS: i32 = 3;

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
    pub first_look: FirstLook,
    /// The most periods without a price before any rise.
    pub max_unseen: i32,
    /// What each entity collects with one other by chance, with the spare that keeps chance partners few.
    pub by_chance: Vec<f64>,
    /// Coincidences of two entities by chance, on average.
    mean: f64,
}

/// How pairs that may be linked are found.
pub enum FirstLook {
    /// Many meet by chance: many at once.
    Rows(Classes),
    /// Few do: one by one.
    Sorted(Sorted),
}

/// Of one rise: its band, and half of −ln chance. The ends of bands are ranks among the ends of all, which say as much as
/// their values of who is alike, and fit into single precision however many goods there are.
#[derive(Clone, Copy)]
pub struct Known {
    pub low: f32,
    pub high: f32,
    pub half_weight: f32,
}

impl Scale {
    /// `same`: periods within which rises coincide.
    pub fn new(rises: &Rises, same: i32, alike: Alike) -> Scale {
        Scale::looking(rises, same, alike, |mean| mean < SELDOM || rises.entities() <= FEW)
    }

    /// With the first look that is asked for, by what two entities meet by chance on average.
    pub fn looking(rises: &Rises, same: i32, alike: Alike, one_by_one: impl Fn(f64) -> bool) -> Scale {
        let (n, total) = (rises.entities().max(2) as f64, rises.events.len());
        let bands: Vec<(f64, f64)> = rises.events.iter().map(|e| alike.band(e)).collect();
        let (by_low, by_high) = rayon::join(|| order(&bands, |band| band.0), || order(&bands, |band| band.1));
        let near = neighbours(rises, &bands, &by_low, &by_high);
        let mean_unseen = rises.unseen.iter().map(|unseen| f64::from(*unseen)).sum::<f64>() / total.max(1) as f64;
        let window = f64::from(2 * same + 1) + mean_unseen;
        let chance: Vec<f64> =
            near.iter().map(|near| (near.alike as f64 * window * near.period / n).min(1.0)).collect();
        let expected = near
            .iter()
            .zip(&rises.unseen)
            .map(|(near, unseen)| near.no_smaller as f64 * f64::from(2 * same + 1 + unseen) * near.period);
        let z = Normal::new(0.0, 1.0).map_or(0.0, |z| z.inverse_cdf(1.0 - PARTNERS_BY_CHANCE / n));
        let by_chance = (0..rises.entities()).map(|who| {
            let moment = |k: i32| rises.own(who).map(|id| chance[id] * (-chance[id].ln()).powi(k)).sum::<f64>();
            quantile(z, moment(1), moment(2), moment(3))
        });
        let by_chance: Vec<f64> = by_chance.collect();
        let mut known: Vec<Known> = chance
            .iter()
            .map(|chance| Known { low: 0.0, high: 0.0, half_weight: (-chance.ln() / 2.0) as f32 })
            .collect();
        rank(&bands, &by_low, &by_high, &mut known);
        let mean = chance.iter().sum::<f64>() / n;
        let first_look = if one_by_one(mean) {
            FirstLook::Sorted(Sorted::new(rises, &known, by_low))
        } else {
            let alike_in_all = near.iter().map(|near| near.alike).sum::<usize>() as f64 * rises.intervals() as f64;
            let alike_share = alike_in_all / (total * total).max(1) as f64;
            FirstLook::Rows(Classes::new(rises, &known, &by_low, alike_share, &by_chance))
        };
        Scale {
            same,
            alike,
            expected: expected.collect(),
            by_high,
            first_look,
            known,
            max_unseen: rises.unseen.iter().copied().max().unwrap_or(0),
            by_chance,
            mean,
        }
    }

    /// Coincidences of two entities by chance, were they counted within so many periods instead.
    pub fn mean_within(&self, same: i32) -> f64 {
        self.mean * f64::from(2 * same + 1) / f64::from(2 * self.same + 1)
    }

    /// Of a coincidence: −ln chance, the mean of both rises'.
    pub fn weight(&self, a: usize, b: usize) -> f32 {
        self.known[a].half_weight + self.known[b].half_weight
    }

    /// What two entities would collect by chance, with the spare that keeps chance partners few.
    pub fn by_chance(&self, i: usize, j: usize) -> f64 {
        (self.by_chance[i] + self.by_chance[j]) / 2.0
    }
}

/// Rises alike in size within a day, as a group that agrees on a day; within three days, as one that follows a leader;
/// rises to one price within a day. Periods of several days (`step`) have no followers; nor have markets so busy that
/// any two sellers meet within days.
pub fn scales(market: &Rises, step: i32) -> Vec<Scale> {
    let (scale, same) = (|same: i32, alike: Alike| Scale::new(market, same, alike), same(step));
    let (size, level) = rayon::join(|| scale(same, Alike::Size), || scale(same, Alike::Level));
    let followers = step == 1 && size.mean_within(FOLLOW_DAYS) <= 1.0;
    let followers = followers.then(|| scale(FOLLOW_DAYS, Alike::Size));
    [size, level].into_iter().chain(followers).collect()
}

/// Quantile of a compound Poisson sum from its mean, variance and third moment (Cornish & Fisher 1938, to the
/// skewness).
fn quantile(z: f64, mean: f64, variance: f64, third: f64) -> f64 {
    let skew = if variance > 0.0 { third / variance } else { 0.0 };
    mean + z * variance.sqrt() + (z.powi(2) - 1.0).max(0.0) / 6.0 * skew
}

/// Positions in the order of what `key` gives, then as they are.
fn order(bands: &[(f64, f64)], key: impl Fn(&(f64, f64)) -> f64) -> Vec<u32> {
    let mut order: Vec<(f64, u32)> = bands.iter().map(key).zip(0..).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    order.into_iter().map(|(_, id)| id).collect()
}

/// Gives the ends of bands their ranks; of equal ends the lower ones come first, so that bands that touch meet.
fn rank(bands: &[(f64, f64)], by_low: &[u32], by_high: &[u32], known: &mut [Known]) {
    let mut lows = by_low.iter().peekable();
    let mut rank = 0_u32;
    for high in by_high {
        let end = bands[*high as usize].1;
        while let Some(low) = lows.next_if(|low| bands[**low as usize].0 <= end) {
            known[*low as usize].low = rank as f32;
            rank += 1;
        }
        known[*high as usize].high = rank as f32;
        rank += 1;
    }
}

/// What else rises in the interval of one rise. The interval and what falls in it are the same in every draw.
struct Near {
    /// Rises of others that are alike, and one.
    alike: usize,
    /// Rises of others that are alike or larger, and one.
    no_smaller: usize,
    /// The share of the interval that one period is, of those in which rises are kept.
    period: f64,
}

fn neighbours(rises: &Rises, bands: &[(f64, f64)], by_low: &[u32], by_high: &[u32]) -> Vec<Near> {
    let by_interval = |order: &[u32], key: fn(&(f64, f64)) -> f64| {
        let mut ends = vec![Vec::new(); rises.intervals()];
        order.iter().for_each(|id| ends[rises.within[*id as usize] as usize].push(key(&bands[*id as usize])));
        ends
    };
    let (lows, highs) = (by_interval(by_low, |band| band.0), by_interval(by_high, |band| band.1));
    let open = rises.quiet_periods();
    let one = |id: usize| {
        let (within, (low, high), e) = (rises.within[id], bands[id], &rises.events[id]);
        let (lows, highs) = (&lows[within as usize], &highs[within as usize]);
        let smaller = highs.partition_point(|h| *h < low);
        let not_larger = lows.partition_point(|l| *l <= high);
        let own = rises.own(e.who as usize).filter(|o| rises.within[*o] == within && bands[*o].1 >= low);
        let (mut own_alike, mut own_no_smaller) = (0, 0);
        own.for_each(|o| {
            own_alike += usize::from(bands[o].0 <= high);
            own_no_smaller += 1;
        });
        Near {
            alike: not_larger - smaller - own_alike + 1,
            no_smaller: highs.len() - smaller - own_no_smaller + 1,
            period: 1.0 / f64::from(open[usize::from(e.good)][within as usize]),
        }
    };
    (0..bands.len()).into_par_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::rises::Event;
    use super::*;

    /// 10 % and 10.5 % are alike, 10 % and 13 % are not, nor are two rises of 10 % in two goods: whichever goods.
    #[test]
    fn bands_are_exact_however_many_goods() {
        for good in [0, 60_000] {
            let rise = |(who, good, size): (u32, u16, f64)| Event {
                who,
                day: 1,
                unseen: 0,
                good,
                size,
                doubt: 0.0,
                level: 0.0,
                coin: 0.0,
            };
            let events = [(0, good, 0.1), (1, good, 0.105), (2, good, 0.13), (3, good + 1, 0.1)].map(rise);
            let scale = Scale::new(&Rises::new(events.to_vec(), 4, (0, 27)), 1, Alike::Size);
            let alike = |a: usize, b: usize| {
                let (x, y) = (scale.known[a], scale.known[b]);
                x.low <= y.high && y.low <= x.high
            };
            assert!(alike(0, 1) && !alike(0, 2) && !alike(0, 3), "good {good}");
        }
    }
}
