//! One seller's daily prices.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// What is planted on a series.
#[derive(Clone, PartialEq, Debug)]
pub enum Planted {
    /// A rise above the market from a day, for some days.
    Single {
        /// First day.
        from: usize,
        /// Days it lasts.
        days: usize,
        /// Price over what it would be.
        factor: f64,
    },
    /// Joint rises of a group: day and log size.
    Joint {
        /// Group number.
        group: usize,
        /// Its rises.
        rises: Vec<(usize, f64)>,
    },
}

/// How a seller prices.
#[derive(Clone, PartialEq, Debug)]
pub struct Habit {
    level: f64,
    pass_through: f64,
    lag: usize,
    menu: f64,
    weekday: Option<usize>,
    from: usize,
}

impl Habit {
    /// Draws a seller: a quarter reprice weekly, one in twelve enters late.
    pub fn new(rng: &mut ChaCha8Rng) -> Habit {
        Habit {
            level: rng.gen_range(0.88..1.15),
            pass_through: rng.gen_range(0.6..1.1),
            lag: rng.gen_range(0..15),
            menu: rng.gen_range(0.03..0.09),
            weekday: rng.gen_bool(0.25).then(|| rng.gen_range(0..7)),
            from: if rng.gen_bool(0.08) { rng.gen_range(20..45) } else { 0 },
        }
    }
}

/// Cost over its first day's: flat, a logistic rise to 2.5 around day 45, then partly back.
pub fn cost_index(days: usize) -> Vec<f64> {
    (0..days)
        .map(|d| {
            let up = 1.5 / (1.0 + (-(d as f64 - 45.0) / 4.0).exp());
            let down = 0.6 / (1.0 + (-(d as f64 - 85.0) / 4.0).exp());
            1.0 + up - down
        })
        .collect()
}

/// Price per piece by day; `None` on the 12 % of days nobody collected, and before the seller enters.
pub fn daily_prices(
    habit: &Habit,
    base: f64,
    cost: &[f64],
    planted: Option<&Planted>,
    rng: &mut ChaCha8Rng,
) -> Vec<Option<f64>> {
    let mut joint = 0.0;
    let mut asked = base * habit.level;
    let mut sale = 0usize;
    let share = 0.45; // of cost in the price
    cost.iter()
        .enumerate()
        .map(|(d, _)| {
            let known = cost[d.saturating_sub(habit.lag)];
            let target = base * habit.level * (1.0 + share * habit.pass_through * (known - 1.0));
            let may = habit.weekday.is_none_or(|w| d % 7 == w);
            let regular = asked / f64::exp(joint);
            if may && ((target / regular).ln().abs() > habit.menu || rng.gen_bool(0.006)) {
                asked = target * f64::exp(joint) * rng.gen_range(0.99..1.01);
            }
            if let Some(Planted::Joint { rises, .. }) = planted {
                for (_, size) in rises.iter().filter(|r| r.0 == d) {
                    joint += size;
                    asked *= size.exp();
                }
            }
            sale = if sale > 0 {
                sale - 1
            } else if rng.gen_bool(0.008) {
                rng.gen_range(2..6)
            } else {
                0
            };
            let mut price = if sale > 0 { asked * 0.9 } else { asked };
            if let Some(Planted::Single { from, days, factor }) = planted
                && (*from..from + days).contains(&d)
            {
                price *= factor;
            }
            let collected = d >= habit.from && rng.gen_bool(0.88);
            collected.then(|| (price * 20.0).round() / 20.0)
        })
        .collect()
}
