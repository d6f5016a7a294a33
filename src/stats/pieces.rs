//! When did a series change? Exact segmentation into pieces that are level or sloped, as many as the data bear.

use super::segment::partition;

/// Penalty of a change in units of ln n. Schwarz's 2 or 3 holds for independent noise; records of prices and counts are
/// autocorrelated. At 8, noise with a lag-1 correlation of 0.5 never gave a change in 600 series of 50 to 300 points, of
/// 0.7 in 4.5 %, of 0.8 in 23 % (benches/README.md).
const CHANGE: f64 = 8.0;
/// Penalty of a slope, in units of a change.
const SLOPE: f64 = 0.5;
/// Noise variance is taken as at least this share of the whole variance: a change that cannot be seen on a plot of the
/// whole series is not worth dating.
const FLOOR: f64 = 0.03;
/// Shortest piece; a lone value is an outlier.
const MIN_LEN: usize = 2;
/// A posted price stands still: at least this share of its first differences is exactly zero. It has no noise, and every
/// step that lasts is a change.
const STILL: f64 = 0.75;
/// Noise of a posted price, in standard deviations of the series: below its smallest steps.
const STEP_NOISE: f64 = 0.01;

/// How a series was cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// Pieces level or sloped; the number of changes by the criterion.
    Pieces,
    /// A posted price: every step that lasts.
    Steps,
    /// Level pieces; squared error of the standardised series plus a given penalty per change.
    Levels,
}

/// A segmentation.
#[derive(Clone, PartialEq, Debug)]
pub struct Cut {
    /// How it was found.
    pub method: Method,
    /// First position of each piece after the first.
    pub starts: Vec<usize>,
    /// What it minimises, the smaller the better.
    pub objective: f64,
    /// The same without a change.
    pub unbroken: f64,
}

/// Columns of one series, standardised, as prefix sums. NaN = missing.
pub struct Pieces {
    n: usize,
    /// Values seen, over all columns.
    seen: f64,
    columns: Vec<Vec<Sums>>,
    still: bool,
}

/// Sums up to a position: count, z, z², t·z, t, t².
#[derive(Clone, Copy, Default)]
struct Sums([f64; 6]);

/// Segmentation that is best at one price of a change.
struct Solution {
    starts: Vec<usize>,
    /// Changes, and slopes at their share of one.
    count: f64,
    error: f64,
}

impl Pieces {
    /// Columns of equal length; those that never move are left out. `None` where nothing is left or lengths differ.
    pub fn new(columns: &[Vec<f64>]) -> Option<Pieces> {
        let n = columns.first()?.len();
        if columns.iter().any(|c| c.len() != n) {
            return None;
        }
        let mut standard: Vec<Vec<f64>> = columns.iter().filter_map(|c| standardised(c)).collect();
        let moves: Vec<f64> = standard.iter().flat_map(|c| c.windows(2).map(|w| w[1] - w[0])).collect();
        let known = moves.iter().filter(|d| d.is_finite()).count();
        let still = known > 0 && moves.iter().filter(|d| **d == 0.0).count() as f64 >= STILL * known as f64;
        if still {
            standard.iter_mut().for_each(|c| *c = without_lone_values(c));
        }
        let seen = standard.iter().flatten().filter(|z| z.is_finite()).count() as f64;
        let columns: Vec<Vec<Sums>> = standard.iter().map(|c| prefix_sums(c)).collect();
        (!columns.is_empty()).then_some(Pieces { n, seen, columns, still })
    }

    /// The segmentation: pieces by the criterion, or the steps of a posted price.
    pub fn cut(&self) -> Cut {
        if self.still {
            let penalty = 2.0 * (self.n as f64).ln() * STEP_NOISE * STEP_NOISE;
            return Cut { method: Method::Steps, ..self.levels(penalty) };
        }
        let best = self.path().into_iter().min_by(|a, b| self.criterion(a).total_cmp(&self.criterion(b)));
        let starts = best.map_or(Vec::new(), |s| s.starts);
        let objective = self.objective(&starts);
        Cut { method: Method::Pieces, starts, objective, unbroken: self.objective(&[]) }
    }

    /// Level pieces at a given penalty per change: what PELT with the cost `l2` minimises.
    pub fn levels(&self, penalty: f64) -> Cut {
        let level = |a: usize, b: usize| self.columns.iter().map(|c| errors(c, a, b).0).sum::<f64>();
        let starts = partition(self.n, MIN_LEN, penalty, 0.0, level);
        let objective = self.each_piece(&starts).map(|(a, b)| level(a, b)).sum::<f64>() + penalty * starts.len() as f64;
        Cut { method: Method::Levels, starts, objective, unbroken: level(0, self.n) }
    }

    /// The criterion of any segmentation: N·ln(error/N + floor) + penalty·(changes + slopes/2), each piece of each
    /// column level or sloped as it serves best.
    pub fn objective(&self, starts: &[usize]) -> f64 {
        let fits = self.each_piece(starts).flat_map(|(a, b)| self.columns.iter().map(move |c| errors(c, a, b)));
        let (mut error, mut gains) = (0.0, Vec::new());
        for (level, sloped) in fits {
            error += level;
            gains.push(level - sloped);
        }
        gains.sort_by(|a, b| b.total_cmp(a));
        let (mut best, mut count) = (f64::INFINITY, starts.len() as f64);
        for gain in std::iter::once(0.0).chain(gains) {
            error -= gain;
            best = best.min(self.criterion(&Solution { starts: Vec::new(), count, error }));
            count += SLOPE;
        }
        best
    }

    fn each_piece(&self, starts: &[usize]) -> impl Iterator<Item = (usize, usize)> + use<> {
        let mut cuts = vec![0];
        cuts.extend(starts);
        cuts.push(self.n);
        (1..cuts.len()).map(move |k| (cuts[k - 1], cuts[k]))
    }

    fn criterion(&self, s: &Solution) -> f64 {
        self.seen * (s.error.max(0.0) / self.seen + FLOOR).ln() + self.penalty() * s.count
    }

    fn penalty(&self) -> f64 {
        CHANGE * (self.n as f64).ln()
    }

    /// Every segmentation that is best at some price of a change within the bounds that matter (CROPS, Haynes et al.
    /// 2017). The criterion is concave in error and count, so its least value over *all* segmentations lies on this
    /// path, at the price penalty·(error/N + floor): between penalty·floor and that of the unbroken series.
    fn path(&self) -> Vec<Solution> {
        let whole: f64 = self.columns.iter().map(|c| errors(c, 0, self.n).0).sum();
        let price = |error: f64| self.penalty() * (error / self.seen + FLOOR);
        let mut found = vec![self.best_at(price(0.0)), self.best_at(price(whole))];
        let mut between = vec![(0, 1)];
        while let Some((fine, coarse)) = between.pop() {
            let (f, c): (&Solution, &Solution) = (&found[fine], &found[coarse]);
            if f.count - c.count < SLOPE / 2.0 || c.error - f.error <= 0.0 {
                continue;
            }
            let price = (c.error - f.error) / (f.count - c.count);
            let least = f.error + price * f.count;
            let middle = self.best_at(price);
            if middle.error + price * middle.count < least - 1e-9 * (1.0 + least) {
                found.push(middle);
                between.extend([(fine, found.len() - 1), (found.len() - 1, coarse)]);
            }
        }
        found
    }

    fn best_at(&self, price: f64) -> Solution {
        let fit = |a: usize, b: usize| {
            let of_column = |c: &Vec<Sums>| {
                let (level, sloped) = errors(c, a, b);
                if sloped + SLOPE * price < level { (sloped, SLOPE) } else { (level, 0.0) }
            };
            self.columns.iter().map(of_column).fold((0.0, 0.0), |sum, x| (sum.0 + x.0, sum.1 + x.1))
        };
        let cost = |a: usize, b: usize| {
            let (error, slopes) = fit(a, b);
            error + price * slopes
        };
        // A sloped piece cut in two pays for one more slope in each column.
        let slack = SLOPE * price * self.columns.len() as f64;
        let starts = partition(self.n, MIN_LEN, price, slack, cost);
        let (mut error, mut count) = (0.0, starts.len() as f64);
        for (a, b) in self.each_piece(&starts) {
            let (e, slopes) = fit(a, b);
            error += e;
            count += slopes;
        }
        Solution { starts, count, error }
    }
}

/// Mean of the known values and their least-squares slope per step; `None` where none is known.
pub fn level_and_slope(values: &[f64]) -> Option<(f64, f64)> {
    let sums = prefix_sums(values);
    let [count, z, _, tz, t, tt] = sums.last()?.0;
    let (across, along) = (tz - t * z / count, tt - t * t / count);
    (count > 0.0).then(|| (z / count, if along > 0.25 { across / along } else { 0.0 }))
}

/// Mean 0 and standard deviation 1 over what is known; `None` where nothing moves.
fn standardised(column: &[f64]) -> Option<Vec<f64>> {
    let known = || column.iter().filter(|v| v.is_finite());
    let n = known().count() as f64;
    let mean = known().sum::<f64>() / n;
    let sd = (known().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    (n > 0.0 && sd > 1e-12 * mean.abs().max(f64::MIN_POSITIVE))
        .then(|| column.iter().map(|v| if v.is_finite() { (v - mean) / sd } else { f64::NAN }).collect())
}

/// Medians of three: lone values go, steps stay where they are.
fn without_lone_values(z: &[f64]) -> Vec<f64> {
    let middle = |i: usize| match (i.checked_sub(1).map(|k| z[k]), z[i], z.get(i + 1).copied()) {
        (Some(a), b, Some(c)) if (a + b + c).is_finite() => a.max(b).min(a.min(b).max(c)),
        (_, b, _) => b,
    };
    (0..z.len()).map(middle).collect()
}

fn prefix_sums(z: &[f64]) -> Vec<Sums> {
    let middle = z.len() as f64 / 2.0; // small t keep the sums exact
    let mut all = vec![Sums::default()];
    let mut sum = Sums::default();
    for (i, &z) in z.iter().enumerate() {
        if z.is_finite() {
            let t = i as f64 - middle;
            sum.0.iter_mut().zip([1.0, z, z * z, t * z, t, t * t]).for_each(|(s, x)| *s += x);
        }
        all.push(sum);
    }
    all
}

/// Squared error of `a..b` around its mean, and around its least-squares line.
fn errors(sums: &[Sums], a: usize, b: usize) -> (f64, f64) {
    let [count, z, zz, tz, t, tt] = std::array::from_fn(|k| sums[b].0[k] - sums[a].0[k]);
    if count == 0.0 {
        return (0.0, 0.0);
    }
    let level = (zz - z * z / count).max(0.0);
    let (across, along) = (tz - t * z / count, tt - t * t / count);
    let sloped = if along > 0.25 { (level - across * across / along).max(0.0) } else { level };
    (level, sloped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Slow twin: the squared errors of one piece, by the textbook.
    fn slow_errors(z: &[f64]) -> (f64, f64) {
        let known: Vec<(f64, f64)> =
            z.iter().enumerate().filter(|(_, z)| z.is_finite()).map(|(i, z)| (i as f64, *z)).collect();
        let n = known.len() as f64;
        if known.is_empty() {
            return (0.0, 0.0);
        }
        let (t, m) = (known.iter().map(|k| k.0).sum::<f64>() / n, known.iter().map(|k| k.1).sum::<f64>() / n);
        let along: f64 = known.iter().map(|k| (k.0 - t).powi(2)).sum();
        let slope = if along > 0.25 { known.iter().map(|k| (k.0 - t) * (k.1 - m)).sum::<f64>() / along } else { 0.0 };
        let error = |slope: f64| known.iter().map(|k| (k.1 - m - slope * (k.0 - t)).powi(2)).sum::<f64>();
        (error(0.0), error(slope))
    }

    /// Slow twin: the least criterion over every way to cut, and every choice of slopes, of one column.
    fn brute(y: &[f64]) -> f64 {
        let z = standardised(y).unwrap();
        let n = z.len();
        let seen = z.iter().filter(|v| v.is_finite()).count() as f64;
        let mut best = f64::INFINITY;
        for mask in 0u32..1 << (n - 1) {
            let mut cuts: Vec<usize> = (1..n).filter(|i| mask & 1 << (i - 1) != 0).collect();
            cuts.insert(0, 0);
            cuts.push(n);
            if cuts.windows(2).any(|w| w[1] - w[0] < MIN_LEN) {
                continue;
            }
            let fits: Vec<(f64, f64)> = cuts.windows(2).map(|w| slow_errors(&z[w[0]..w[1]])).collect();
            for slopes in 0u32..1 << fits.len() {
                let sloped = |k: usize| slopes & 1 << k != 0;
                let error: f64 = fits.iter().enumerate().map(|(k, f)| if sloped(k) { f.1 } else { f.0 }).sum();
                let count = (fits.len() - 1) as f64 + SLOPE * f64::from(slopes.count_ones());
                best = best.min(seen * (error / seen + FLOOR).ln() + CHANGE * (n as f64).ln() * count);
            }
        }
        best
    }

    /// Level, then a climb, then a higher level.
    fn ramp() -> Vec<f64> {
        let wiggle = |i: usize| 0.1 * ((i * 7 % 5) as f64 - 2.0);
        (0..120).map(|i| (i.clamp(40, 80) - 40) as f64 / 4.0 + wiggle(i)).collect()
    }

    #[test]
    fn levels_and_slopes_are_told_apart() {
        let cut = Pieces::new(&[ramp()]).unwrap().cut();
        assert_eq!(cut.starts.len(), 2, "{cut:?}");
        assert!(cut.starts[0].abs_diff(40) <= 3 && cut.starts[1].abs_diff(80) <= 3, "{cut:?}");
        assert!(cut.objective < cut.unbroken);
        let line: Vec<f64> = (0..80).map(|i| f64::from(i) + f64::from(i % 3)).collect();
        assert_eq!(Pieces::new(&[line]).unwrap().cut().starts, Vec::<usize>::new(), "a trend is no change");
    }

    /// Autocorrelated noise (lag 1: 0.5) is no reason for a change.
    #[test]
    fn noise_has_no_change() {
        use rand::{Rng, SeedableRng};
        let mut draw = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let found = (0..40).filter(|_| {
            let mut x = 0.0;
            let y: Vec<f64> = (0..150)
                .map(|_| {
                    let shock: f64 = (0..12).map(|_| draw.r#gen::<f64>()).sum::<f64>() - 6.0;
                    x = 0.5 * x + shock;
                    x
                })
                .collect();
            !Pieces::new(&[y]).unwrap().cut().starts.is_empty()
        });
        assert_eq!(found.count(), 0);
    }

    #[test]
    fn a_posted_price_changes_where_it_steps() {
        let price = |i: usize| if i == 70 { 9.0 } else { [0.4, 0.3, 0.35, 0.35][i / 30] };
        let cut = Pieces::new(&[(0..120).map(price).collect()]).unwrap().cut();
        assert_eq!((cut.method, cut.starts), (Method::Steps, vec![30, 60]), "the lone value at 70 is an outlier");
    }

    #[test]
    fn level_and_slope_of_a_line() {
        let (level, slope) = level_and_slope(&[1.0, f64::NAN, 5.0, 7.0]).unwrap();
        assert!((level - 13.0 / 3.0).abs() < 1e-12 && (slope - 2.0).abs() < 1e-12);
        assert_eq!(level_and_slope(&[3.0]), Some((3.0, 0.0)));
        assert_eq!(level_and_slope(&[f64::NAN]), None);
    }

    #[test]
    fn missing_values_constant_columns_and_nothing_at_all() {
        let mut holes = ramp();
        (0..120).step_by(4).for_each(|i| holes[i] = f64::NAN);
        let cut = Pieces::new(&[vec![7.0; 120], holes]).unwrap().cut();
        assert!(cut.starts.len() == 2 && cut.starts[0].abs_diff(40) <= 4, "{cut:?}");
        assert!(Pieces::new(&[vec![7.0; 9]]).is_none());
        assert!(Pieces::new(&[vec![f64::NAN; 9]]).is_none());
        assert!(Pieces::new(&[]).is_none());
        assert!(Pieces::new(&[vec![1.0, 2.0], vec![1.0]]).is_none());
        assert_eq!(Pieces::new(&[vec![1.0, 5.0]]).unwrap().cut().starts, Vec::<usize>::new());
    }

    proptest! {
        /// The path holds the least criterion over all segmentations.
        #[test]
        fn as_good_as_trying_everything(
            steps in proptest::collection::vec((-9.0f64..9.0, 0u8..4), 4..11),
        ) {
            // Runs of nearly equal values, so that changes pay.
            let mut level = 0.0;
            let y: Vec<f64> = steps.iter().map(|(s, k)| { if *k == 0 { level = *s; } level + 0.001 * s }).collect();
            let pieces = Pieces::new(std::slice::from_ref(&y)).unwrap();
            let cut = pieces.cut();
            prop_assume!(cut.method == Method::Pieces);
            prop_assert!((cut.objective - brute(&y)).abs() < 1e-6 * (1.0 + cut.objective.abs()));
        }

        /// Units, signs and the direction of time do not matter.
        #[test]
        fn scaling_and_reversal(
            noise in proptest::collection::vec(-1.0f64..1.0, 60),
            jump in 3.0f64..20.0,
            at in 10usize..50,
            scale in 0.001f64..1e6,
        ) {
            let y: Vec<f64> = noise.iter().enumerate().map(|(i, e)| e + if i >= at { jump } else { 0.0 }).collect();
            let objective = |y: &[f64]| Pieces::new(&[y.to_vec()]).unwrap().cut().objective;
            let cut = Pieces::new(std::slice::from_ref(&y)).unwrap().cut();
            let scaled: Vec<f64> = y.iter().map(|v| 5.0 - scale * v).collect();
            prop_assert_eq!(&Pieces::new(&[scaled]).unwrap().cut().starts, &cut.starts);
            let reversed: Vec<f64> = y.iter().rev().copied().collect();
            prop_assert!((objective(&reversed) - cut.objective).abs() < 1e-6 * (1.0 + cut.objective.abs()));
        }

        /// No segmentation has a lower objective than the one returned.
        #[test]
        fn no_cut_is_better(
            noise in proptest::collection::vec(-1.0f64..1.0, 80),
            cuts in proptest::collection::btree_set(1usize..39, 0..6),
        ) {
            let y: Vec<f64> = noise.iter().enumerate().map(|(i, e)| e + f64::from(u8::from(i >= 33)) * 4.0).collect();
            let pieces = Pieces::new(&[y]).unwrap();
            let other: Vec<usize> = cuts.into_iter().map(|c| 2 * c).collect();
            prop_assert!(pieces.cut().objective <= pieces.objective(&other) + 1e-9);
        }
    }
}
