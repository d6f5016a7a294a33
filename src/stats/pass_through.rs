//! How much of the market's movement does a seller pass on, and how late?

use super::robust::median_mut;

/// y(t) ≈ level + slope · market(t − lag).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PassThrough {
    /// Share of a log movement of the market that is passed on.
    pub slope: f64,
    /// Days after the market; negative = before it.
    pub lag: i32,
}

/// Observations below which two habits cannot be told from chance.
const LEAST: usize = 16;
/// Log range of the market below which there is nothing to pass on.
const LEAST_RANGE: f64 = 0.05;
/// Slopes and lags looked at: the spread of pass-through in retail and the lag window of three weeks
/// less the market's own lag.
const SLOPES: (f64, f64) = (0.5, 1.5);
const LAGS: i32 = 14;
/// Mean absolute error that a habit must save per unit of slope away from 1, and per day of lag.
const COST_OF_SLOPE: f64 = 0.01;
const COST_OF_LAG: f64 = 0.0007;

/// The habit with the least mean absolute error around its median, which a rise of a few weeks does not bend; found on
/// a coarse grid and then a fine one around its best. `at` are positions of `y` in the daily `market`, all finite.
/// `None` where there are too few observations or the market hardly moved.
pub fn pass_through(y: &[f64], at: &[usize], market: &[f64]) -> Option<PassThrough> {
    let seen = at.iter().map(|&i| market[i]);
    let (low, high) = seen.fold((f64::INFINITY, f64::NEG_INFINITY), |r, m| (r.0.min(m), r.1.max(m)));
    if y.len() < LEAST || high - low < LEAST_RANGE {
        return None;
    }
    let mut left = Vec::with_capacity(y.len());
    let mut error = |habit: PassThrough| {
        left.clear();
        left.extend(y.iter().zip(at).map(|(y, &i)| y - habit.slope * lagged(market, i, habit.lag)));
        let level = median_mut(&mut left).unwrap_or(0.0);
        let mean = left.iter().map(|r| (r - level).abs()).sum::<f64>() / left.len() as f64;
        mean + COST_OF_SLOPE * (habit.slope - 1.0).abs() + COST_OF_LAG * f64::from(habit.lag.abs())
    };
    let mut best = (f64::INFINITY, PassThrough { slope: 1.0, lag: 0 });
    let mut look = |slope: f64, lag: i32| {
        let habit = PassThrough { slope: slope.clamp(SLOPES.0, SLOPES.1), lag: lag.clamp(-LAGS, LAGS) };
        let e = error(habit);
        if e < best.0 {
            best = (e, habit);
        }
        best.1
    };
    for lag in [0, -4, 4, -8, 8, -12, 12] {
        for slope in [1.0, 0.75, 1.25, 0.5, 1.5] {
            look(slope, lag);
        }
    }
    let coarse = look(1.0, 0);
    for lag in -2..=2 {
        for slope in [0.0, -0.125, 0.125] {
            look(coarse.slope + slope, coarse.lag + lag);
        }
    }
    Some(look(coarse.slope, coarse.lag))
}

/// The market `lag` days earlier, held at both ends.
pub fn lagged(market: &[f64], at: usize, lag: i32) -> f64 {
    let i = at as i64 - i64::from(lag);
    market[(i.max(0) as usize).min(market.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Up by 0.5 around day 40, partly back around day 80.
    fn market() -> Vec<f64> {
        let wave = |d: f64, middle: f64| 1.0 / (1.0 + (-(d - middle) / 4.0).exp());
        (0..120).map(|d| 0.5 * wave(f64::from(d), 40.0) - 0.2 * wave(f64::from(d), 80.0)).collect()
    }

    #[test]
    fn finds_the_habit_it_was_made_from_and_a_rise_does_not_bend_it() {
        let (m, at): (Vec<f64>, Vec<usize>) = (market(), (0..120).collect());
        for (slope, lag) in [(0.75, 8), (1.25, -4), (1.0, 0), (0.6, 12)] {
            let y: Vec<f64> = at.iter().map(|&i| 1.0 + slope * lagged(&m, i, lag)).collect();
            let raised: Vec<f64> =
                y.iter().enumerate().map(|(i, y)| y + f64::from(u8::from((60..85).contains(&i))) * 0.3).collect();
            for y in [y, raised] {
                let found = pass_through(&y, &at, &m).unwrap();
                assert!((found.slope - slope).abs() <= 0.13 && (found.lag - lag).abs() <= 2, "{found:?} {slope} {lag}");
            }
        }
    }

    /// Slow twin: no habit on the whole grid is much better than the one found.
    #[test]
    fn nearly_as_good_as_the_whole_grid() {
        let (m, at): (Vec<f64>, Vec<usize>) = (market(), (0..120).step_by(2).collect());
        let y: Vec<f64> = at.iter().map(|&i| 0.8 * lagged(&m, i, 6) + 0.02 * ((i * 7 % 5) as f64 - 2.0)).collect();
        let error = |slope: f64, lag: i32| {
            let mut left: Vec<f64> = y.iter().zip(&at).map(|(y, &i)| y - slope * lagged(&m, i, lag)).collect();
            let level = median_mut(&mut left).unwrap();
            left.iter().map(|r| (r - level).abs()).sum::<f64>() / left.len() as f64
                + COST_OF_SLOPE * (slope - 1.0).abs()
                + COST_OF_LAG * f64::from(lag.abs())
        };
        let found = pass_through(&y, &at, &m).unwrap();
        let all = (-14..=14).flat_map(|lag| (0..=40).map(move |k| (0.5 + 0.025 * f64::from(k), lag)));
        let best = all.map(|(slope, lag)| error(slope, lag)).fold(f64::INFINITY, f64::min);
        assert!(error(found.slope, found.lag) <= best + 0.002);
    }

    #[test]
    fn a_market_that_stands_still_has_no_habit() {
        let at: Vec<usize> = (0..50).collect();
        assert_eq!(pass_through(&[1.0; 50], &at, &[0.01; 50]), None);
        assert_eq!(pass_through(&[1.0; 9], &at[..9], &market()), None);
    }
}
