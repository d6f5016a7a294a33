#![doc = include_str!("rises_across_goods.md")]

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::candidate::{Candidate, Case, outcome};
use super::events::{Clock, Rise, entity_rises, keep_quiet};
use super::joint::numbers;
use super::synchronised_rises::{MAX_DRAWS, MAX_Q, MAX_RISING, MIN_DEARER, MIN_ENTITIES, MIN_GROUP, MIN_JOINT};
use super::told::{self, Told};
use crate::model::*;
use crate::stats::robust::median;

const MIN_GOODS: Param = Param {
    name: "min_goods",
    default: 2.0,
    unit: "good",
    range: (2.0, 50.0),
    source: "one good is what synchronised-rises looks at; the same sellers in many is the strongest sign (TDLC 119/2012: 206 medicines)",
};

/// The card.
pub const SCREEN: Screen = Screen {
    id: "rises-across-goods",
    kind: Kind::Collusion,
    title: ("多品种同步涨价", "Joint rises across goods"),
    page: include_str!("rises_across_goods.md"),
    params: &[MIN_GOODS, MIN_GROUP, MIN_JOINT, MIN_ENTITIES, MAX_RISING, MIN_DEARER, MAX_Q, MAX_DRAWS],
    leads_alone: true,
    work: Work::Whole(run),
};

fn run(panel: &Panel, context: &Context, knobs: &Knobs) -> Outcome {
    let one = |(cells, clock)| examine(panel, cells, clock, context, knobs);
    outcome(panel, markets(panel).into_par_iter().map(one).collect(), finding, context, knobs)
}

/// Region, price type, and days of a period.
type Rhythm<'a> = (&'a str, Basis, i32);
/// Cells and their clocks.
type Goods = Vec<(usize, Clock)>;

/// Cells of one region, price type and rhythm, with the time they share.
fn markets(panel: &Panel) -> Vec<(Vec<usize>, Clock)> {
    let mut markets: BTreeMap<Rhythm<'_>, Goods> = BTreeMap::new();
    for (c, cell) in panel.cells.iter().enumerate().filter(|(_, cell)| cell.comparable) {
        if let Some(clock) = Clock::new(panel, cell) {
            markets.entry((&cell.region, cell.basis, clock.step)).or_default().push((c, clock));
        }
    }
    let joined = |((_, _, step), of): (Rhythm<'_>, Goods)| {
        let first = of.iter().map(|(_, clock)| clock.first).min()?;
        let last = of.iter().filter_map(|(c, _)| panel.cells[*c].market.last()).map(|day| day.day.0).max()?;
        let clock = Clock { first, span: (0, (last - first).div_euclid(step)), step };
        Some((of.into_iter().map(|(c, _)| c).collect(), clock))
    };
    markets.into_iter().filter_map(joined).collect()
}

fn examine(
    panel: &Panel,
    cells: Vec<usize>,
    clock: Clock,
    context: &Context,
    knobs: &Knobs,
) -> Result<Candidate, Skip> {
    let subject = Subject::of(cells[0], Vec::new());
    let skip = |reason: Text| Skip { screen: SCREEN.id, subject, reason };
    let goods: BTreeSet<&str> = cells.iter().map(|c| panel.cells[*c].product.as_str()).collect();
    if (goods.len() as f64) < knobs.get(&MIN_GOODS) {
        return Err(skip(Text::new(
            "本地区采价节奏相同、可比的商品太少",
            "too few comparable goods of one rhythm in the region",
        )));
    }
    let mut by_good: BTreeMap<&str, BTreeMap<u32, Vec<Rise>>> = BTreeMap::new();
    for cell in cells.iter().map(|c| &panel.cells[*c]) {
        let good = by_good.entry(&cell.product).or_default(); // sold by several units it is one good
        entity_rises(panel, cell, &clock).into_iter().for_each(|(who, list)| good.entry(who).or_default().extend(list));
    }
    let mut all: BTreeMap<u32, Vec<Rise>> = BTreeMap::new();
    let mut quiet: Vec<Vec<bool>> = Vec::new();
    for (good, mut rises) in (0..).zip(by_good.into_values()) {
        rises.values_mut().for_each(|list| list.sort_by_key(|r| (r.day, r.series)));
        quiet.push(keep_quiet(&mut rises, &clock, knobs.get(&MAX_RISING)));
        for (entity, list) in rises {
            all.entry(entity).or_default().extend(list.into_iter().map(|r| Rise { good, ..r }));
        }
    }
    all.values_mut().for_each(|list| list.sort_by_key(|r| (r.day, r.series)));
    Candidate::new(cells, clock, all, quiet, false, context, knobs).map_err(skip)
}

fn finding(case: &Case<'_>) -> Option<Finding> {
    let (panel, cells) = (case.panel, &case.candidate.cells);
    let episodes = of_whole_group(panel, case.joint_rises(), case.knobs);
    let cell_of = |s: usize| panel.series[s].cell as usize;
    let in_cell = |c: usize| episodes.iter().filter(|e| cell_of(e[0].series) == c).cloned().collect::<Vec<_>>();
    // Told by the good of most joint rises.
    let cell = *cells.iter().rev().max_by_key(|c| in_cell(**c).len())?;
    let gain = |&c: &usize| {
        let here = in_cell(c);
        told::dearer(panel, &panel.cells[c], &told::members(&here), told::span(&here)?)
    };
    let dearer = median(&cells.iter().filter_map(gain).collect::<Vec<f64>>())?;
    let (mut members, others): (Vec<usize>, Vec<usize>) =
        told::members(&episodes).into_iter().partition(|s| cell_of(*s) == cell);
    members.extend(others);
    let goods = episodes.iter().map(|e| e[0].good).collect::<BTreeSet<u16>>().len() as f64;
    if goods < case.knobs.get(&MIN_GOODS) {
        return None;
    }
    let mut finding = Told { case, screen: SCREEN.id, cell, members, episodes: &episodes, dearer }.finding()?;
    finding.facts.insert(1, ("goods", goods, String::new()));
    Some(finding)
}

/// The joint rises in goods where two thirds of the group take part, of enough sellers each: else chance company in
/// another good would count, and two groups that share a member, each with a good of its own, would be one.
fn of_whole_group(panel: &Panel, mut episodes: Vec<Vec<Rise>>, knobs: &Knobs) -> Vec<Vec<Rise>> {
    episodes.retain(|e| e.len() as f64 >= knobs.get(&MIN_GROUP));
    let entity = |r: &Rise| panel.entity(&panel.series[r.series]);
    let sellers = |of: &mut dyn Iterator<Item = &Rise>| of.map(entity).collect::<BTreeSet<u32>>().len();
    let all = sellers(&mut episodes.iter().flatten());
    let taking_part = |good: u16| sellers(&mut episodes.iter().flatten().filter(|r| r.good == good));
    let whole: BTreeSet<u16> =
        episodes.iter().map(|e| e[0].good).filter(|good| taking_part(*good) * 3 >= all * 2).collect();
    episodes.retain(|e| whole.contains(&e[0].good));
    let own = with_days_of_their_own(&episodes, knobs.get(&MIN_JOINT) as usize);
    episodes.retain(|e| own.contains(&e[0].good));
    episodes
}

/// Goods with so many joint rises, or with one on days when no other good has one: one more good on the days of another
/// is company by chance more often than a whole list.
fn with_days_of_their_own(episodes: &[Vec<Rise>], enough: usize) -> BTreeSet<u16> {
    let mut days: BTreeMap<u16, BTreeSet<u32>> = BTreeMap::new();
    for (e, number) in episodes.iter().zip(numbers(episodes)) {
        days.entry(e[0].good).or_default().insert(number);
    }
    let mut goods: Vec<(&u16, &BTreeSet<u32>)> = days.iter().collect();
    goods.sort_by_key(|(good, days)| (std::cmp::Reverse(days.len()), **good));
    let mut taken: BTreeSet<u32> = BTreeSet::new();
    let mut counts = |days: &BTreeSet<u32>| {
        let counts = days.len() >= enough || !days.is_subset(&taken);
        taken.extend(days);
        counts
    };
    goods.into_iter().filter(|(_, days)| counts(days)).map(|(good, _)| *good).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::{Quote, from_quotes};
    use rand::{Rng, SeedableRng};

    /// Own rises of a seller in each good.
    const OWN: usize = 3;
    const GOODS: [&str; 12] =
        ["口罩", "防护服", "护目镜", "手套", "熔喷布", "耳带", "鼻梁条", "无纺布", "消毒液", "面屏", "鞋套", "帽"];

    /// 20 sellers of three goods, 120 days, own rises at random days; `joint` sellers rise 10 % together once in each
    /// good, on days 20, 55 and 90. Where sellers reprice their whole list, own rises are of all goods at once.
    fn market(seed: u64, joint: usize, whole_list: bool) -> Panel {
        dealt(seed, joint, 3, whole_list, |g| [[20, 55, 90][g]].to_vec())
    }

    /// With the days of the joint rises of each good.
    fn dealt(seed: u64, joint: usize, goods: usize, whole_list: bool, days: impl Fn(usize) -> Vec<i32>) -> Panel {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut quotes = Vec::new();
        for s in 0..20 {
            let mut own = || -> Vec<(i32, f64)> {
                (0..OWN).map(|_| (rng.gen_range(3..117), rng.gen_range(0.03..0.15))).collect()
            };
            let list = own();
            for (g, good) in GOODS[..goods].iter().enumerate() {
                let own = if whole_list { list.clone() } else { own() };
                let mut price = 20.0;
                for day in 0..120 {
                    for (_, size) in own.iter().filter(|o| o.0 == day) {
                        price *= 1.0 + size;
                    }
                    if s < joint && days(g).contains(&(day - (s as i32 % 2))) {
                        price *= 1.1;
                    }
                    quotes.push(Quote::posted("广州市", good, &format!("s{s:02}"), Day(18262 + day), price));
                }
            }
        }
        from_quotes(&quotes, &[])
    }

    fn verdicts(panel: &Panel) -> Vec<f64> {
        let context = Context { as_of: Day(20000), seed: 7 };
        let one = |(cells, clock): (Vec<usize>, Clock)| examine(panel, cells, clock, &context, &Knobs::default());
        markets(panel).into_iter().filter_map(|m| one(m).ok()).map(|c| c.verdict.p).collect()
    }

    /// One joint rise in each of three goods: hardly any good shows it by itself, all three together do.
    #[test]
    fn one_rise_in_each_good_is_found_over_the_goods() {
        let context = Context { as_of: Day(20000), seed: 7 };
        let findings =
            |screen: &Screen, panel: &Panel| crate::detect::run(screen, panel, &context, &Knobs::default()).findings;
        let (mut found, mut alone) = (0, 0);
        for seed in 0..10 {
            let panel = market(seed, 5, false);
            alone += findings(&super::super::synchronised_rises::SCREEN, &panel).len();
            for f in findings(&SCREEN, &panel) {
                let sellers: BTreeSet<u32> = f.subject.series.iter().map(|s| panel.series[*s].seller).collect();
                let members = sellers.iter().filter(|s| **s < 5).count();
                found += usize::from(members >= 4 && sellers.len() == members);
                assert!(f.facts[1].1 >= 2.0 && f.measured >= 2.0, "{:?}", f.facts);
            }
        }
        println!("{found} of 10, one good alone {alone}");
        assert!(found >= 8 && alone <= 2, "{found} of 10, one good alone {alone}");
    }

    /// Sellers of a dozen goods who reprice one or another every few days: a group that raises each of six of them once,
    /// on days of its own, stands out; without one nothing does.
    #[test]
    fn a_group_among_sellers_of_many_goods_stands_out() {
        let days = |g: usize| if g < 6 { vec![12 + 18 * g as i32] } else { Vec::new() };
        let low = |joint: usize| {
            let p: Vec<f64> = (0..20).flat_map(|seed| verdicts(&dealt(200 + seed, joint, 12, false, days))).collect();
            p.iter().filter(|p| **p <= 0.05).count()
        };
        let (planted, none) = (low(5), low(0));
        println!("{planted} of 20 with a group at 0.05, {none} without");
        assert!(planted >= 18 && none <= 4, "{planted} with a group, {none} without");
    }

    /// A group that raises three goods at once on three days: three decisions, told with all goods and source rows.
    #[test]
    fn a_whole_list_is_one_joint_rise_of_all_its_goods() {
        let panel = dealt(3, 5, 3, false, |_| vec![20, 55, 90]);
        let found = run(&panel, &Context { as_of: Day(20000), seed: 7 }, &Knobs::default()).findings;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].measured, found[0].facts[1].1), (3.0, 3.0), "three joint rises, three goods");
        assert!(found[0].subject.series.len() >= 12 && found[0].steps.len() >= 36);
    }

    /// Sellers who reprice their whole list move in all goods at once: that is one coincidence, not three.
    #[test]
    fn whole_lists_are_one_coincidence() {
        for whole_list in [false, true] {
            let p: Vec<f64> = (0..60).flat_map(|seed| verdicts(&market(100 + seed, 0, whole_list))).collect();
            let low = p.iter().filter(|p| **p <= 0.05).count();
            println!("whole list {whole_list}: {low} of 60 at 0.05");
            assert!(low <= 8, "{p:?}"); // one-sided 99 % bound
        }
    }
}
