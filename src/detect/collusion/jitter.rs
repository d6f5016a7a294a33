//! The null: interval jitter of runs of rises.

use std::ops::Range;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::rises::{Event, Rises};

/// Periods of an interval: a run stays within its own. Whole weeks, so that every weekday comes as often.
pub const INTERVAL: i32 = 28;
/// Rises of one seller no more days apart are one run and move together: under a cost ramp small rises follow each
/// other in a rhythm of their own, and a second coincidence within it is no second piece of evidence.
pub const RUN_GAP_DAYS: i32 = 10;
/// The market's intensity is smoothed over this many periods each side: a rhythm is common, one day's clump is what
/// is tested.
const SMOOTH: i32 = 3;

/// A seller without other rises has the market's weekday habit, one with some has its own: weight of the first.
const PRIOR_WEEKDAY: f64 = 0.5;
/// A habit of the market is believed as far as it rests on more rises than this.
const PRIOR_RISES: f64 = 1.0;
/// Where rises are kept, no time is without any chance.
const LEAST_PULL: f64 = 1e-9;

/// Time is cut into fixed intervals. Under the null a run falls anywhere in its interval with a chance in proportion
/// to the intensity of the other sellers' rises, to the seller's weekday habit and to the market's habits (weekdays,
/// turns of the month), and nowhere where the market is so busy that no rise is kept; sizes, runs and their number per
/// seller and interval are kept. Given the runs and the intensity, observed and drawn markets are exchangeable, which
/// they are not when each rise moves about the place it was seen at (Amarasingham, Harrison, Hatsopoulos & Geman 2012).
pub struct Jitter {
    runs: Vec<Run>,
    /// Periods since the first of its run, by position of the rise.
    offsets: Vec<i32>,
    /// Cumulative chances in 65,536ths, run after run: draws are as fast as these are read.
    chance: Vec<u16>,
}

struct Run {
    /// First period the run may begin in.
    from: i32,
    rises: Range<usize>,
    chance: Range<usize>,
}

/// A stretch of periods.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interval {
    /// From 0.
    pub number: i32,
    /// First and last period.
    pub first: i32,
    pub last: i32,
}

/// The interval that holds a period; a short rest at the end belongs to the one before.
pub fn interval(period: i32, span: (i32, i32)) -> Interval {
    let whole = ((span.1 - span.0 + 1) / INTERVAL).max(1);
    let number = ((period - span.0) / INTERVAL).clamp(0, whole - 1);
    let first = span.0 + number * INTERVAL;
    Interval { number, first, last: if number == whole - 1 { span.1 } else { first + INTERVAL - 1 } }
}

impl Jitter {
    /// `step`: days of a period.
    pub fn new(rises: &Rises, step: i32, calendar: &Calendar) -> Jitter {
        let (events, span) = (&rises.events, rises.span);
        let open: Vec<f64> = (span.0..=span.1).map(|d| rises.open(d)).collect();
        let intensity = Intensity::new(events, span, &open);
        let habits = Habits::new(events, span, calendar, &open);
        let class = |d: i32| calendar[(d - span.0) as usize];
        let mut jitter = Jitter { runs: Vec::new(), offsets: Vec::new(), chance: Vec::new() };
        for ids in (0..rises.entities()).map(|who| rises.own(who)) {
            let mut own = [0.0; 7];
            events[ids.clone()].iter().for_each(|e| own[class(e.day).0] += 1.0);
            let one_run = |a: &Event, b: &Event| {
                b.day - a.day <= RUN_GAP_DAYS / step && interval(a.day, span) == interval(b.day, span)
            };
            for run in events[ids].chunk_by(one_run) {
                let days: Vec<i32> = run.iter().map(|e| e.day).collect();
                let mut elsewhere = own;
                days.iter().for_each(|d| elsewhere[class(*d).0] -= 1.0);
                let (week, month) = habits.without(&days, span, calendar);
                let pull = |d: i32| {
                    let (weekday, part) = class(d);
                    intensity.without(&days, d) * (PRIOR_WEEKDAY * week[weekday] + elsewhere[weekday]) * month[part]
                };
                let Interval { first, last, .. } = interval(days[0], span);
                let log_pull: Vec<f64> = (first..=last).map(|d| pull(d).max(LEAST_PULL).ln()).collect();
                let of = |e: &Event, d: i32| {
                    if rises.is_quiet(e.good, d) { log_pull[(d - first) as usize] } else { f64::NEG_INFINITY }
                };
                // What is raised on one day, a whole list perhaps, is one decision.
                let lists: Vec<&[Event]> = run.chunk_by(|a, b| a.day == b.day).collect();
                let of_list = |list: &[Event], at: i32| {
                    list.iter().map(|e| of(e, e.day - days[0] + at)).sum::<f64>() / list.len() as f64
                };
                jitter.add(&days, (first, last), |at| lists.iter().map(|list| of_list(list, at)).sum());
            }
        }
        jitter
    }

    /// `log_weight`: of a first period, up to a constant.
    fn add(&mut self, days: &[i32], (from, last): (i32, i32), log_weight: impl Fn(i32) -> f64) {
        let length = days.last().map_or(0, |d| d - days[0]);
        let until = last - length; // the whole run stays in its interval, and so does what is known of each rise
        let logs: Vec<f64> = (from..=until).map(log_weight).collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max); // finite: it was seen where rises are kept
        let mut weights: Vec<f64> = logs.iter().map(|log| (log - most).exp()).collect();
        while weights.last() == Some(&0.0) {
            weights.pop(); // the last draw of all, 65,535, falls to the last start
        }
        let total: f64 = weights.iter().sum();
        let (offsets, chance) = (self.offsets.len(), self.chance.len());
        let mut sum = 0.0;
        self.chance.extend(weights.iter().map(|w| {
            sum += w / total;
            (sum * 65_536.0).round() as u16
        }));
        self.offsets.extend(days.iter().map(|d| d - days[0]));
        self.runs.push(Run { from, rises: offsets..self.offsets.len(), chance: chance..self.chance.len() });
    }

    /// Writes the periods of one draw, by position of the rise.
    pub fn draw(&self, seed: u64, stream: u64, day: &mut [i32]) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        for run in &self.runs {
            let chance = &self.chance[run.chance.clone()];
            let u: u16 = rng.r#gen();
            let passed: u16 = chance.iter().map(|c| u16::from(*c <= u)).sum(); // as fast as any search of so few
            let start = run.from + i32::from(passed).min(chance.len() as i32 - 1);
            for (day, offset) in day[run.rises.clone()].iter_mut().zip(&self.offsets[run.rises.clone()]) {
                *day = start + offset;
            }
        }
    }
}

/// Weekday, and part of the month (its first two days, its last two, the rest), of each period from the first; one
/// class for all where periods are longer than days.
pub type Calendar = Vec<(usize, usize)>;

/// How the market favours weekdays and parts of the month, against chance.
struct Habits {
    rises: ([f64; 7], [f64; 3]),
    periods: ([f64; 7], [f64; 3]),
    rate: f64,
}

impl Habits {
    /// `open`: see [`Rises::open`].
    fn new(events: &[Event], span: (i32, i32), calendar: &Calendar, open: &[f64]) -> Habits {
        let rate = events.len() as f64 / open.iter().sum::<f64>().max(1.0);
        let mut habits = Habits { rises: ([0.0; 7], [0.0; 3]), periods: ([0.0; 7], [0.0; 3]), rate };
        for ((weekday, part), open) in calendar.iter().zip(open) {
            habits.periods.0[*weekday] += open;
            habits.periods.1[*part] += open;
        }
        for e in events {
            let (weekday, part) = calendar[(e.day - span.0) as usize];
            habits.rises.0[weekday] += 1.0;
            habits.rises.1[part] += 1.0;
        }
        habits
    }

    /// By weekday and by part of the month, less what these own rises add; 1 = as by chance.
    fn without(&self, own: &[i32], span: (i32, i32), calendar: &Calendar) -> ([f64; 7], [f64; 3]) {
        let mut rises = self.rises;
        for d in own {
            let (weekday, part) = calendar[(d - span.0) as usize];
            rises.0[weekday] -= 1.0;
            rises.1[part] -= 1.0;
        }
        let over = |rises: f64, periods: f64| (rises + PRIOR_RISES) / (self.rate * periods + PRIOR_RISES);
        let week = std::array::from_fn(|i| over(rises.0[i], self.periods.0[i]));
        (week, std::array::from_fn(|i| over(rises.1[i], self.periods.1[i])))
    }
}

/// Rises per period in the market in which rises are kept, smoothed.
struct Intensity {
    first: i32,
    /// Rises within `SMOOTH` periods, and how much of those is open.
    near: Vec<(f64, f64)>,
    /// The market's mean: no time is without any.
    quiet: f64,
}

impl Intensity {
    fn new(events: &[Event], span: (i32, i32), open: &[f64]) -> Intensity {
        let mut count = vec![0.0; open.len()];
        events.iter().for_each(|e| count[(e.day - span.0) as usize] += 1.0);
        let side = SMOOTH as usize;
        let about = |of: &[f64], i: usize| of[i.saturating_sub(side)..(i + side + 1).min(of.len())].iter().sum::<f64>();
        let near = (0..open.len()).map(|i| (about(&count, i), about(open, i))).collect();
        Intensity { first: span.0, near, quiet: events.len() as f64 / open.iter().sum::<f64>().max(1.0) }
    }

    /// At a period, less what these own rises add to it.
    fn without(&self, own: &[i32], day: i32) -> f64 {
        let (rises, open) = self.near[(day - self.first) as usize];
        let mine = own.iter().filter(|d| (**d - day).abs() <= SMOOTH).count() as f64;
        (rises - mine).max(0.0) / open.max(1.0) + self.quiet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(who: u32, day: i32, good: u16) -> Event {
        Event { who, day, unseen: 0, good, size: 0.1, level: 0.0, coin: 0.0, doubt: 0.0 }
    }

    fn rises() -> Rises {
        Rises::new((0..28).map(|i| event(i % 6, (i * 3) as i32, 0)).collect(), 6, (0, 83))
    }

    /// Days of so many draws, no day with a habit of its own.
    fn drawn(rises: &Rises, draws: u64) -> Vec<Vec<i32>> {
        let calendar: Calendar = (rises.span.0..=rises.span.1).map(|_| (0, 0)).collect();
        let jitter = Jitter::new(rises, 1, &calendar);
        let draw = |number: u64| {
            let mut days = rises.days();
            jitter.draw(1, number, &mut days);
            days
        };
        (0..draws).map(draw).collect()
    }

    /// A whole list of 206 goods repriced at once, or over five days, may fall on any day of its interval, in markets quiet
    /// and busy: a product of so many weights would be beyond any float, or leave one day only.
    #[test]
    fn a_long_run_falls_anywhere() {
        for (others, over) in [(0, 1), (40, 1), (40, 5)] {
            let list = (0..206).map(|good| event(0, 10 + i32::from(good) % over, good));
            let rises =
                Rises::new(list.chain((0..others).map(|i| event(1 + i, i as i32 % 28, 0))).collect(), 41, (0, 27));
            let days: Vec<i32> = drawn(&rises, 200).iter().map(|days| days[0]).collect();
            let different = days.iter().collect::<std::collections::BTreeSet<_>>().len();
            assert!(different >= 15, "{different} days with {others} others over {over} days: {days:?}");
        }
    }

    /// Times too busy for any rise to be kept get none in any draw, at either end of an interval or within; a good that
    /// is kept there is another matter.
    #[test]
    fn no_draw_falls_into_loud_times() {
        let quiet = |day: i32| !(0..3).contains(&day) && !(12..18).contains(&day) && !(25..28).contains(&day);
        let events = (0..40).map(|i| event(i % 10, [3, 9, 20, 24][i as usize / 10], 0)).chain([event(3, 10, 1)]);
        let loud = vec![(0..28).map(quiet).collect(), vec![true; 28]];
        let mut rises = Rises::new(events.collect(), 10, (0, 27));
        rises.quiet = loud;
        let all = drawn(&rises, 5000);
        let of_good = |good: u16| {
            let places: Vec<usize> = (0..rises.events.len()).filter(|id| rises.events[*id].good == good).collect();
            all.iter().flat_map(move |days| places.iter().map(|id| days[*id]).collect::<Vec<_>>()).collect::<Vec<i32>>()
        };
        assert!(of_good(0).into_iter().all(quiet));
        assert!([3, 24].iter().all(|day| of_good(0).contains(day)));
    }

    /// A draw keeps each seller's rises per interval and the distances within a run, and repeats by its number.
    #[test]
    fn draws_keep_counts_and_repeat() {
        let rises = rises();
        let jitter = Jitter::new(&rises, 1, &(0..84).map(|d| (d % 7, 1)).collect());
        let draw = |number: u64| {
            let mut days = rises.days();
            jitter.draw(1, number, &mut days);
            days
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
        for days in (0..50).map(draw) {
            let first = |d: &i32| interval(*d, rises.span).first;
            assert_eq!(days.iter().map(first).collect::<Vec<_>>(), rises.days().iter().map(first).collect::<Vec<_>>());
            assert!(days.iter().all(|d| (0..84).contains(d)));
        }
    }

    /// A market that rises on the first of the month is drawn there: its clump is no surprise.
    #[test]
    fn habits_of_the_market_are_kept() {
        let rises = Rises::new((0..30).map(|i| event(i, 28 * (i % 3) as i32, 0)).collect(), 30, (0, 83));
        let calendar: Calendar = (0..84).map(|d| (0, usize::from(d % 28 > 0))).collect();
        let jitter = Jitter::new(&rises, 1, &calendar);
        let mut days = rises.days();
        jitter.draw(1, 1, &mut days);
        let kept = days.iter().filter(|d| *d % 28 == 0).count();
        assert!(kept >= 12, "{kept} of 30, one by chance");
    }
}
