//! How far, and for how long, does one seller's relative price stand above its own past?

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::model::Panel;
use crate::stats::leave_out::quantile_without;
use crate::stats::robust::{median, median_mut, running_medians};

/// Days pooled when the spread of peers is measured: a week holds every weekday's repricers.
const SPREAD_DAYS: i32 = 7;
/// Share of a normal sample below mean + σ: the upper spread is what rises are judged by.
const ONE_SIGMA: f64 = 0.8413;

/// Sorted excesses of a week, and the positions of each owner's among them.
type OneWeek = (Vec<f64>, BTreeMap<u32, Vec<usize>>);

/// One observation of a seller, in logs.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    /// Position in the series' points.
    pub at: usize,
    /// Leave-one-entity-out market.
    pub market: f64,
    /// Price less market.
    pub relative: f64,
    /// Own reference from the observations before; NaN for the first.
    pub reference: f64,
    /// Spread of the peers' own excesses in the same week.
    pub spread: f64,
}

impl Observation {
    /// Relative price above the own reference.
    pub fn excess(&self) -> f64 {
        self.relative - self.reference
    }
}

/// The observations of one series and the best window in it.
#[derive(Clone, Debug)]
pub struct Peak {
    /// Index into `Panel::series`.
    pub series: usize,
    /// All observations.
    pub path: Vec<Observation>,
    /// First observation of the window.
    pub from: usize,
    /// Own reference in the window.
    pub reference: f64,
    /// Lowest log excess in the window.
    pub excess: f64,
    /// Lowest excess in the window in units of the peers' spread in those weeks.
    pub height: f64,
    /// `height` among the peers' heights.
    pub z: f64,
}

/// Observations with own references: the larger of the median of all before and the median of the opening
/// ones, so that coming back from a long sale to the first level is no rise.
pub fn observations(relative: &[(usize, f64, f64)], opening: usize) -> Vec<Observation> {
    let values: Vec<f64> = relative.iter().map(|o| o.2).collect();
    let start = median(&values[..opening.min(values.len())]).unwrap_or(f64::NAN);
    let before = running_medians(&values);
    let one = |(i, o): (usize, &(usize, f64, f64))| {
        let own = if i == 0 { f64::NAN } else { before[i - 1] };
        let reference = if i >= opening { own.max(start) } else { own };
        Observation { at: o.0, market: o.1, relative: o.2, reference, spread: f64::NAN }
    };
    relative.iter().enumerate().map(one).collect()
}

/// Fills the spreads: the 84th percentile less the median of the other owners' excesses in the same week, at
/// least `floor`.
pub fn add_spreads(panel: &Panel, paths: &mut [(usize, Vec<Observation>)], floor: f64) {
    let mut weeks: BTreeMap<i32, Vec<(f64, u32)>> = BTreeMap::new();
    for (s, path) in paths.iter() {
        let (points, entity) = (panel.points(&panel.series[*s]), panel.entity(&panel.series[*s]));
        let week = |o: &Observation| points.day[o.at].div_euclid(SPREAD_DAYS);
        for part in path.chunk_by(|a, b| week(a) == week(b)) {
            let known = part.iter().map(Observation::excess).filter(|e| e.is_finite());
            weeks.entry(week(&part[0])).or_default().extend(known.map(|e| (e, entity)));
        }
    }
    let weeks: BTreeMap<i32, OneWeek> = weeks
        .into_par_iter()
        .map(|(week, mut values)| {
            values.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let mut owners: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
            values.iter().enumerate().for_each(|(i, v)| owners.entry(v.1).or_default().push(i));
            (week, (values.into_iter().map(|v| v.0).collect(), owners))
        })
        .collect();
    paths.par_iter_mut().for_each(|(s, path)| {
        let (points, entity) = (panel.points(&panel.series[*s]), panel.entity(&panel.series[*s]));
        let mut last = (i32::MIN, floor);
        for o in path {
            let week = points.day[o.at].div_euclid(SPREAD_DAYS);
            if week != last.0 {
                let spread = weeks.get(&week).and_then(|(sorted, owners)| {
                    let own = owners.get(&entity).map_or(&[][..], Vec::as_slice);
                    Some(quantile_without(sorted, own, ONE_SIGMA)? - quantile_without(sorted, own, 0.5)?)
                });
                last = (week, spread.unwrap_or(0.0).max(floor));
            }
            o.spread = last.1;
        }
    });
}

/// The window of `len` consecutive observations that stands highest in units of the peers' spread, after at least
/// `least` observations; the reference stays the one at its start.
/// `path` must hold at least `least + len`.
pub fn best_window(series: usize, path: Vec<Observation>, len: usize, least: usize) -> Peak {
    let mut best = (f64::NEG_INFINITY, 0.0, least.max(1));
    for from in least.max(1)..(path.len() + 1).saturating_sub(len) {
        let reference = path[from].reference;
        let window = &path[from..from + len];
        let low = |f: &dyn Fn(&Observation) -> f64| window.iter().map(f).fold(f64::INFINITY, f64::min);
        let height = low(&|o| (o.relative - reference) / o.spread);
        if height > best.0 {
            best = (height, low(&|o| o.relative - reference), from);
        }
    }
    let (height, excess, from) = best;
    let reference = path[from].reference;
    Peak { series, path, from, reference, excess, height, z: 0.0 }
}

/// Weekly series cannot show five observations in a fortnight: three do.
pub fn scaled_to_spacing(days: &[i32], wanted: usize) -> usize {
    let mut gaps: Vec<f64> = days.windows(2).map(|w| f64::from(w[1] - w[0])).collect();
    if median_mut(&mut gaps).unwrap_or(1.0) > 3.0 { wanted.min(3) } else { wanted }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(values: &[f64]) -> Vec<Observation> {
        let relative: Vec<(usize, f64, f64)> = values.iter().enumerate().map(|(i, v)| (i, 0.0, *v)).collect();
        let mut path = observations(&relative, 3);
        path.iter_mut().for_each(|o| o.spread = 0.1);
        path
    }

    #[test]
    fn the_window_counts_its_lowest_observation() {
        let peak = best_window(0, path(&[0.0, 0.0, 0.0, 0.0, 0.5, 0.4, 0.6, 0.0]), 3, 3);
        assert_eq!((peak.from, peak.reference), (4, 0.0));
        assert!((peak.excess - 0.4).abs() < 1e-12 && (peak.height - 4.0).abs() < 1e-9);
    }

    #[test]
    fn back_from_a_long_sale_is_no_rise() {
        let peak = best_window(0, path(&[0.0, 0.0, 0.0, -0.4, -0.4, -0.4, -0.4, -0.4, -0.4, 0.0, 0.0, 0.0]), 3, 3);
        assert!(peak.excess < 1e-12);
    }

    #[test]
    fn weekly_series_need_three() {
        assert_eq!(scaled_to_spacing(&[0, 7, 14, 21], 5), 3);
        assert_eq!(scaled_to_spacing(&[0, 1, 2, 4], 5), 5);
    }
}
