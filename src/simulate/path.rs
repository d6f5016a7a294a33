//! One seller's daily prices.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::START;
use super::plant::{Planted, STAIR_DAYS};
use super::scenario::Scenario;
use crate::model::Day;

/// Share of cost in a price.
const COST_SHARE: f64 = 0.45;

/// A dated change of a seller's own price on top of what cost asks for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Move {
    /// First day of the new price.
    pub day: usize,
    /// Log size.
    pub size: f64,
    /// Goes to the price everybody of the group goes to, whatever its own level.
    pub focal: bool,
}

/// When a seller looks at its prices.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Reprices {
    Daily,
    /// Every seven days from this day on.
    Weekly(usize),
    FirstOfMonth,
}

/// How a seller prices.
#[derive(Clone, PartialEq, Debug)]
pub struct Habit {
    level: f64,
    pass_through: f64,
    lag: usize,
    menu: f64,
    reprices: Reprices,
    from: usize,
    matching: bool,
    nines: bool,
    /// Whose list prices it follows.
    pub supplier: usize,
}

/// As `gen_bool`, but a chance of 0 draws nothing: a knob that is off leaves all other draws as they were.
pub fn chance(rng: &mut ChaCha8Rng, p: f64) -> bool {
    p > 0.0 && rng.gen_bool(p)
}

impl Habit {
    /// Draws a seller of the scenario.
    pub fn new(scenario: &Scenario, rng: &mut ChaCha8Rng) -> Habit {
        let mut habit = Habit {
            level: rng.gen_range(0.88..1.15),
            pass_through: rng.gen_range(scenario.pass_through.0..scenario.pass_through.1),
            lag: rng.gen_range(scenario.lag_days.0..scenario.lag_days.1),
            menu: rng.gen_range(scenario.menu.0..scenario.menu.1),
            reprices: Reprices::Daily,
            from: 0,
            matching: false,
            nines: false,
            supplier: 0,
        };
        if chance(rng, scenario.weekly) {
            habit.reprices = Reprices::Weekly(rng.gen_range(0..7));
        }
        if chance(rng, scenario.entrants) {
            habit.from = rng.gen_range(20..45);
        }
        if chance(rng, scenario.mondays) {
            habit.reprices = Reprices::Weekly((7 - START.weekday()) % 7);
        } else if chance(rng, scenario.month_ends) {
            habit.reprices = Reprices::FirstOfMonth;
        }
        habit.matching = chance(rng, scenario.matching);
        habit.nines = chance(rng, scenario.endings);
        habit.supplier = if scenario.suppliers > 0 { rng.gen_range(0..scenario.suppliers) } else { 0 };
        habit
    }

    fn may_reprice(&self, d: usize) -> bool {
        match self.reprices {
            Reprices::Daily => true,
            Reprices::Weekly(w) => d % 7 == w,
            Reprices::FirstOfMonth => Day(START.0 + d as i32).date().day() == 1,
        }
    }
}

/// Cost over its opening by day in the `city`-th city: logistic waves.
pub fn cost_index(scenario: &Scenario, city: usize, days: usize) -> Vec<f64> {
    let wave = |d: usize, (middle, scale, change): (f64, f64, f64)| {
        let after = d as f64 - middle - (city * scenario.wave_delay) as f64;
        if scale > 0.0 { change / (1.0 + (-after / scale).exp()) } else { f64::from(after >= 0.0) * change }
    };
    (0..days).map(|d| scenario.waves.iter().fold(1.0, |cost, w| cost + wave(d, *w))).collect()
}

/// Days in a row of something that begins by chance.
struct Spell(usize);

impl Spell {
    /// Whether it lasts today; `days` is exclusive.
    fn today(&mut self, p: f64, days: (usize, usize), rng: &mut ChaCha8Rng) -> bool {
        self.0 = match self.0 {
            0 if chance(rng, p) => rng.gen_range(days.0..days.1.max(days.0 + 1)),
            left => left.saturating_sub(1),
        };
        self.0 > 0
    }
}

/// What bears on one series beside its seller's habit.
pub struct Setting<'a> {
    /// The market.
    pub scenario: &'a Scenario,
    /// Price per piece before the shock.
    pub base: f64,
    /// [`cost_index`].
    pub cost: &'a [f64],
    /// Lawful dated moves: a supplier's list, an announcement followed.
    pub moves: &'a [Move],
    /// What is planted.
    pub planted: Option<&'a Planted>,
    /// Prices of the shop next door.
    pub next_door: Option<&'a [Option<f64>]>,
}

/// Price per piece by day; `None` on days nobody collected, the seller was sold out, or had not yet come.
pub fn daily_prices(habit: &Habit, of: &Setting<'_>, rng: &mut ChaCha8Rng) -> Vec<Option<f64>> {
    let Scenario { promotions, stock_outs, every, seen, fall_lag_days, .. } = *of.scenario;
    let planted = if let Some(Planted::Joint(moves)) = of.planted { &moves[..] } else { &[] };
    let (mut own, mut agreed, mut asked, mut neighbour) = (0.0, 0.0, of.base * habit.level, f64::INFINITY);
    let (mut sale, mut out) = (Spell(0), Spell(0));
    let one = |d: usize| {
        let upto = d.saturating_sub(habit.lag);
        let known = of.cost[upto.saturating_sub(fall_lag_days)..=upto].iter().copied().fold(0.0, f64::max);
        let target = of.base * habit.level * (1.0 + COST_SHARE * habit.pass_through * (known - 1.0));
        let regular = asked / f64::exp(own);
        if habit.may_reprice(d) && ((target / regular).ln().abs() > habit.menu || rng.gen_bool(0.006)) {
            asked = target * f64::exp(own) * rng.gen_range(0.99..1.01);
        }
        for m in of.moves.iter().chain(planted).filter(|m| m.day == d) {
            agreed += m.size;
            let focal = of.base * (1.0 + COST_SHARE * (of.cost[d] - 1.0)) * f64::exp(agreed);
            let size = if m.focal { (focal / asked).ln() } else { m.size };
            own += size;
            asked *= size.exp();
        }
        let mut price = asked;
        if sale.today(promotions.0, (2, promotions.2 + 1), rng) {
            price *= 1.0 - promotions.1;
        }
        if let Some(Planted::Single { from, days, factor, steps }) = of.planted
            && (*from..from + days).contains(&d)
        {
            let climbed = (1 + (d - from) / STAIR_DAYS).min(*steps) as f64 / *steps as f64;
            price *= 1.0 + (factor - 1.0) * climbed;
        } else if habit.matching {
            price = price.min(neighbour);
        }
        neighbour = of.next_door.and_then(|n| n[d]).unwrap_or(neighbour);
        let sold_out = out.today(stock_outs, (5, 26), rng);
        let collected = d >= habit.from && rng.gen_bool(seen) && d.is_multiple_of(every) && !sold_out;
        let written = if habit.nines { (price * 10.0).round() / 10.0 - 0.01 } else { (price * 20.0).round() / 20.0 };
        collected.then_some(written)
    };
    (0..of.cost.len()).map(one).collect()
}
