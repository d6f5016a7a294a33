#![doc = include_str!("synchronised_rises.md")]

use rayon::prelude::*;

use super::candidate::{Candidate, Case, outcome};
use super::events::{Clock, entity_rises, keep_quiet};
use super::told::{self, Told};
use crate::model::*;

pub(super) const MIN_GROUP: Param = Param {
    name: "min_group",
    default: 3.0,
    unit: "entity",
    range: (2.0, 50.0),
    source: "two sellers that react to each other are lawful more often than not",
};
pub(super) const MIN_JOINT: Param = Param {
    name: "min_joint_rises",
    default: 2.0,
    unit: "rise",
    range: (1.0, 20.0),
    source: "one joint rise may be chance or news; power comes from repetition (TDLC 119/2012: 206 medicines)",
};
pub(super) const MIN_ENTITIES: Param = Param {
    name: "min_entities",
    default: 6.0,
    unit: "entity",
    range: (4.0, 100.0),
    source: "a group of three needs as many others to stand out from",
};
pub(super) const MAX_RISING: Param = Param {
    name: "max_rising_share",
    default: 0.5,
    unit: "share",
    range: (0.1, 1.0),
    source: "when most sellers rise within ten days the market answers to a common cause; tuned on simulated seeds 1-8",
};
pub(super) const MIN_DEARER: Param = Param {
    name: "min_dearer",
    default: 0.03,
    unit: "log",
    range: (0.0, 1.0),
    source: "own choice: who gains nothing has agreed on nothing",
};
pub(super) const MAX_Q: Param = Param {
    name: "max_q",
    default: 0.05,
    unit: "share",
    range: (0.0001, 0.5),
    source: "Benjamini & Yekutieli 2001, one hypothesis per cell",
};
pub(super) const MAX_DRAWS: Param = Param {
    name: "max_draws",
    default: 4999.0,
    unit: "draw",
    range: (19.0, 99_999.0),
    source: "Besag & Clifford 1991: fewer where so many score as high anyway; the smallest p is 1 / (draws + 1)",
};
/// The card.
pub const SCREEN: Screen = Screen {
    id: "synchronised-rises",
    kind: Kind::Collusion,
    title: ("同步涨价", "Synchronised rises"),
    page: include_str!("synchronised_rises.md"),
    params: &[MIN_GROUP, MIN_JOINT, MIN_ENTITIES, MAX_RISING, MIN_DEARER, MAX_Q, MAX_DRAWS],
    leads_alone: true,
    work: Work::Whole(run),
};

fn run(panel: &Panel, context: &Context, knobs: &Knobs) -> Outcome {
    let found = (0..panel.cells.len()).into_par_iter().map(|c| examine(panel, c, context, knobs)).collect();
    outcome(panel, found, finding, context, knobs)
}

fn examine(panel: &Panel, c: usize, context: &Context, knobs: &Knobs) -> Result<Candidate, Skip> {
    let cell = &panel.cells[c];
    let skip = |reason: Text| Skip { screen: SCREEN.id, subject: Subject::of(c, Vec::new()), reason };
    if !cell.comparable {
        return Err(skip(Text::new(
            "包装数量不明，不能与同类比较",
            "the pack is unknown, so prices cannot be compared",
        )));
    }
    let Some(clock) = Clock::new(panel, cell) else {
        return Err(skip(Text::new("每家只有一个价格", "no seller has two prices")));
    };
    let mut rises = entity_rises(panel, cell, &clock);
    let quiet = keep_quiet(&mut rises, &clock, knobs.get(&MAX_RISING));
    Candidate::new(vec![c], clock, rises, vec![quiet], cell.cost.is_some(), context, knobs).map_err(skip)
}

fn finding(case: &Case<'_>) -> Option<Finding> {
    let (panel, cell) = (case.panel, case.candidate.cells[0]);
    let episodes = case.joint_rises();
    let members = told::members(&episodes);
    let dearer = told::dearer(panel, &panel.cells[cell], &members, told::span(&episodes)?)?;
    Told { case, screen: SCREEN.id, cell, members, episodes: &episodes, dearer }.finding()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::{Quote, from_quotes};
    use rand::{Rng, SeedableRng};

    /// 20 sellers, 120 days, three own rises at random days; `joint` sellers rise 10 % together on three days.
    fn market(seed: u64, joint: usize, owner: &str) -> Panel {
        busy(seed, 3, joint, owner)
    }

    fn busy(seed: u64, rises: usize, joint: usize, owner: &str) -> Panel {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut quotes = Vec::new();
        for s in 0..20 {
            let mut price: f64 = 2.0 + rng.gen_range(0.0..0.5);
            let own: Vec<(i32, f64)> = (0..rises).map(|_| (rng.gen_range(3..117), rng.gen_range(0.03..0.15))).collect();
            for day in 0..120 {
                for (_, size) in own.iter().filter(|o| o.0 == day) {
                    price *= 1.0 + size;
                }
                if s < joint && [30, 62, 91].contains(&(day - (s as i32 % 2))) {
                    price *= 1.1;
                }
                let mut q = Quote::posted("广州市", "口罩", &format!("s{s:02}"), Day(18262 + day), price);
                q.owner = if s < joint { owner.to_owned() } else { String::new() };
                quotes.push(q);
            }
        }
        from_quotes(&quotes, &[])
    }

    fn groups(panel: &Panel) -> Vec<Vec<usize>> {
        let context = Context { as_of: Day(20000), seed: 7 };
        run(panel, &context, &Knobs::default()).findings.into_iter().map(|f| f.subject.series).collect()
    }

    #[test]
    fn a_group_that_rises_together_is_found() {
        assert_eq!(groups(&market(1, 5, "")), vec![vec![0, 1, 2, 3, 4]]);
    }

    /// Two groups of one market, each with days of its own.
    #[test]
    fn a_second_group_is_found_without_the_first() {
        let mut quotes = Vec::new();
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
        for s in 0..24 {
            let mut price: f64 = 2.0 + rng.gen_range(0.0..0.5);
            let own = [rng.gen_range(3..117), rng.gen_range(3..117)];
            for day in 0..120 {
                let joint = match s {
                    0..5 => [20, 55, 90].contains(&day),
                    5..10 => [38, 72, 106].contains(&day),
                    _ => false,
                };
                price *= if joint || own.contains(&day) { 1.1 } else { 1.0 };
                quotes.push(Quote::posted("广州市", "口罩", &format!("s{s:02}"), Day(18262 + day), price));
            }
        }
        let found = groups(&from_quotes(&quotes, &[]));
        let of = |from: usize| found.iter().filter(|g| g.iter().all(|s| (from..from + 5).contains(s))).count();
        assert_eq!((found.len(), of(0), of(5)), (2, 1, 1), "{found:?}");
    }

    #[test]
    fn a_chain_cannot_collude_with_itself() {
        assert_eq!(groups(&market(1, 5, "one owner")), Vec::<Vec<usize>>::new());
    }

    /// p-values on markets with nothing planted, quiet ones and ones so busy that half of the rises fall in times when most
    /// sellers rise: no more than the nominal share below 1 % and 5 % (one-sided 99 % bounds).
    #[test]
    fn lawful_markets_pass() {
        const MARKETS: u64 = 200;
        let context = Context { as_of: Day(20000), seed: 7 };
        let p = |rises: usize, seed: u64| {
            let candidate = examine(&busy(100 + seed, rises, 0, ""), 0, &context, &Knobs::default());
            candidate.map(|c| c.verdict.p).ok()
        };
        for rises in [3, 9] {
            let p: Vec<f64> = (0..MARKETS).into_par_iter().filter_map(|seed| p(rises, seed)).collect();
            assert_eq!(p.len() as u64, MARKETS);
            for (level, most) in [(0.01, 5), (0.05, 17)] {
                let low = p.iter().filter(|p| **p <= level).count();
                println!("{rises} rises a seller: {low} of {MARKETS} at {level}");
                assert!(low <= most, "{rises} rises a seller: {low} at {level}");
            }
        }
    }

    /// The toy market, 200 markets a line: at most 1.5 % of lawful markets at α = 1 %, nearly all of those
    /// with one joint rise of 4 of 12, and more with two. `--no-capture` prints it.
    #[test]
    fn size_and_power_of_the_toy_market() {
        let share = |joint: usize, cost: bool| {
            let p = |seed: u64| {
                let panel = super::super::toy::market(seed, joint, cost);
                examine(&panel, 0, &Context { as_of: Day(20000), seed: 1 }, &Knobs::default())
                    .map_or(1.0, |c| c.verdict.p)
            };
            let rejected = (9000..9200).into_par_iter().filter(|seed| p(*seed) <= 0.01).count();
            println!("{joint} joint rises, cost series {cost}: {:.3} rejected", rejected as f64 / 200.0);
            rejected as f64 / 200.0
        };
        assert!(share(0, true) <= 0.015);
        assert!(share(1, true) >= 0.95);
        assert!(share(2, true) >= 0.99);
        assert!(share(3, true) >= 0.99);
        share(0, false);
        share(3, false);
    }
}
