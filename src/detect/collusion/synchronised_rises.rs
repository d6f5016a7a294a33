#![doc = include_str!("synchronised_rises.md")]

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::events::{Clock, MIN_RISE, Rise, entity_rises, keep_quiet};
use super::joint::{episodes, with_joiners};
use super::rises::{Alike, Rises};
use super::scale::Scale;
use super::verdict::{Question, Suspect, Verdict, verdict};
use crate::detect::relative::Market;
use crate::model::*;
use crate::stats::fdr::benjamini_yekutieli;
use crate::stats::robust::median;

const MIN_GROUP: Param = Param {
    name: "min_group",
    default: 3.0,
    unit: "entity",
    range: (2.0, 50.0),
    source: "two sellers that react to each other are lawful more often than not",
};
const MIN_JOINT: Param = Param {
    name: "min_joint_rises",
    default: 2.0,
    unit: "rise",
    range: (1.0, 20.0),
    source: "one joint rise may be chance or news; power comes from repetition (TDLC 119/2012: 206 medicines)",
};
const MIN_ENTITIES: Param = Param {
    name: "min_entities",
    default: 6.0,
    unit: "entity",
    range: (4.0, 100.0),
    source: "a group of three needs as many others to stand out from",
};
const MAX_RISING: Param = Param {
    name: "max_rising_share",
    default: 0.5,
    unit: "share",
    range: (0.1, 1.0),
    source: "when most sellers rise within ten days the market answers to a common cause; tuned on simulated seeds 1-8",
};
const MIN_DEARER: Param = Param {
    name: "min_dearer",
    default: 0.03,
    unit: "log",
    range: (0.0, 1.0),
    source: "own choice: who gains nothing has agreed on nothing",
};
const MAX_Q: Param = Param {
    name: "max_q",
    default: 0.05,
    unit: "share",
    range: (0.0001, 0.5),
    source: "Benjamini & Yekutieli 2001, one hypothesis per cell",
};
const MAX_DRAWS: Param = Param {
    name: "max_draws",
    default: 4999.0,
    unit: "draw",
    range: (19.0, 99_999.0),
    source: "Besag & Clifford 1991: fewer where so many score as high anyway; the smallest p is 1 / (draws + 1)",
};
/// Sellers that follow a leader are this close behind each other's rises (Chile 2007–08: day 1, 2, 3; TDLC 119/2012).
const FOLLOW_DAYS: i32 = 3;

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

/// One cell, tested.
struct Candidate {
    cell: usize,
    entities: Vec<u32>,
    rises: BTreeMap<u32, Vec<Rise>>,
    verdict: Verdict,
}

fn run(panel: &Panel, context: &Context, knobs: &Knobs) -> Outcome {
    let found: Vec<Result<Candidate, Skip>> =
        (0..panel.cells.len()).into_par_iter().map(|c| examine(panel, c, context, knobs)).collect();
    let mut outcome = Outcome::default();
    let mut candidates = Vec::new();
    for result in found {
        match result {
            Ok(candidate) => candidates.push(candidate),
            Err(skip) => outcome.skips.push(skip),
        }
    }
    outcome.examined = candidates.len();
    let q = benjamini_yekutieli(&candidates.iter().map(|c| c.verdict.p).collect::<Vec<_>>(), candidates.len());
    for (candidate, q) in candidates.iter().zip(q) {
        // First the market, then its groups (Benjamini & Yekutieli 2001 over markets): one lead, of the strongest that stands.
        let groups = candidate.verdict.groups.iter().filter(|s| q.max(s.p) <= knobs.get(&MAX_Q));
        let mut standing = groups.filter_map(|s| finding(panel, candidate, s, knobs, q, outcome.examined));
        outcome.findings.extend(standing.next());
    }
    outcome
}

fn examine(panel: &Panel, c: usize, context: &Context, knobs: &Knobs) -> Result<Candidate, Skip> {
    let cell = &panel.cells[c];
    let skip =
        |zh: &str, en: &str| Skip { screen: SCREEN.id, subject: Subject::of(c, Vec::new()), reason: Text::new(zh, en) };
    if !cell.comparable {
        return Err(skip("包装数量不明，不能与同类比较", "the pack is unknown, so prices cannot be compared"));
    }
    let Some(clock) = Clock::new(panel, cell) else {
        return Err(skip("每家只有一个价格", "no seller has two prices"));
    };
    let mut rises = entity_rises(panel, cell, &clock);
    if (rises.len() as f64) < knobs.get(&MIN_ENTITIES) {
        return Err(skip("独立经营者太少", "too few independent sellers"));
    }
    keep_quiet(&mut rises, &clock, knobs.get(&MAX_RISING));
    let entities: Vec<u32> = rises.keys().copied().collect();
    let market = market(&rises, &clock);
    let verdict = verdict(
        &market,
        &scales(&market, &clock),
        &Question {
            min_joint: knobs.get(&MIN_JOINT) as usize,
            min_group: knobs.get(&MIN_GROUP) as usize,
            once: cell.cost.is_some(),
            max_draws: knobs.get(&MAX_DRAWS) as u64,
            step: clock.step,
            calendar: clock.calendar(),
            seed: (context.seed, c as u64),
        },
    );
    Ok(Candidate { cell: c, entities, rises, verdict })
}

/// Rises alike in size within a day, as a group that agrees on a day; within three days, as one that follows a leader;
/// rises to one price within a day. Longer periods have no followers; nor have markets so busy that any two sellers
/// meet within days.
fn scales(market: &Rises, clock: &Clock) -> Vec<Scale> {
    let scale = |same: i32, alike: Alike| Scale::new(market, same, alike);
    let (size, level) = rayon::join(|| scale(clock.same(), Alike::Size), || scale(clock.same(), Alike::Level));
    let followers = clock.step == 1 && size.mean_within(FOLLOW_DAYS) <= 1.0;
    let followers = followers.then(|| scale(FOLLOW_DAYS, Alike::Size));
    [size, level].into_iter().chain(followers).collect()
}

/// The rises as the test sees them.
fn market(rises: &BTreeMap<u32, Vec<Rise>>, clock: &Clock) -> Rises {
    let events = rises.values().zip(0..).flat_map(|(list, who)| list.iter().map(move |r| r.event(who))).collect();
    Rises::new(events, rises.len(), clock.span)
}

fn finding(
    panel: &Panel,
    candidate: &Candidate,
    suspect: &Suspect,
    knobs: &Knobs,
    q: f64,
    tested: usize,
) -> Option<Finding> {
    let cell = &panel.cells[candidate.cell];
    let group: Vec<u32> = suspect.group.members.iter().map(|m| candidate.entities[*m]).collect();
    let lists: Vec<&[Rise]> = group.iter().map(|e| candidate.rises[e].as_slice()).collect();
    let core = episodes(&lists, suspect.scale.0);
    let outside = candidate.rises.iter().filter(|(e, _)| !group.contains(e)).map(|(_, list)| list.as_slice());
    let episodes = with_joiners(core, outside, suspect.scale, knobs.get(&MIN_JOINT) as usize);
    let (first, last) = (episodes.first()?.first()?.day, episodes.last()?.last()?.day);
    let members: Vec<usize> = {
        let mut s: Vec<usize> = episodes.iter().flatten().map(|r| r.series).collect();
        s.sort_unstable();
        s.dedup();
        s
    };
    let dearer = dearer(panel, cell, &members, first, last)?;
    if (episodes.len() as f64) < knobs.get(&MIN_JOINT) {
        return None;
    }
    let owners: BTreeSet<u32> = members.iter().map(|s| panel.entity(&panel.series[*s])).collect();
    if owners.len() < knobs.get(&MIN_GROUP) as usize || dearer < knobs.get(&MIN_DEARER) {
        return None;
    }
    let unexplained = episodes.iter().filter(|e| unexplained(e) >= MIN_RISE).count();
    if unexplained == 0 {
        return None;
    }
    let steps = steps(panel, &episodes);
    let (old, new) = levels(panel, &members, first, last);
    let unit = panel.price_unit(cell).zh;
    let rows = steps.iter().take(40).map(|(_, row)| row.clone()).collect();
    let steps: Vec<Step> = steps.into_iter().map(|s| s.0).collect();
    let cost = if cell.cost.is_some() { CostExplained::Unexplained } else { CostExplained::Unknown };
    Some(Finding {
        screen: SCREEN.id,
        kind: Kind::Collusion,
        subject: Subject::of(candidate.cell, members.clone()),
        window: (Day(first), Day(last)),
        measured: episodes.len() as f64,
        threshold: knobs.get(&MIN_JOINT),
        unit: "joint rises".into(),
        p_value: Some(candidate.verdict.p),
        p_floor: Some(candidate.verdict.floor),
        q_value: Some(q),
        tested,
        reference_price: old,
        observed_price: new,
        excess_amount: None,
        cost,
        expected: Vec::new(),
        basis: "event synchronisation (Quian Quiroga et al. 2002) net of cost against interval jitter; densest group (Charikar 2000)".into(),
        rule: None,
        sheet: None,
        strips: Vec::new(),
        innocent: Vec::new(),
        party: None,
        facts: vec![
            ("joint_rises", episodes.len() as f64, String::new()),
            ("joint_rises_cost_leaves_unexplained", unexplained as f64, String::new()),
            ("members", owners.len() as f64, String::new()),
            ("independent_sellers_in_market", candidate.entities.len() as f64, String::new()),
            ("p_of_group", suspect.p, String::new()),
            ("group_density", suspect.group.score, String::new()),
            ("dearer_than_rest", (dearer.exp() - 1.0) * 100.0, "%".into()),
            ("reference_price", old.unwrap_or(f64::NAN), unit.clone()),
            ("observed_price", new.unwrap_or(f64::NAN), unit),
        ],
        reason: reason(cell, &episodes, (owners.len(), candidate.entities.len()), dearer, suspect.scale),
        rows,
        score: -candidate.verdict.p.ln() + suspect.group.score,
        steps,
    })
}

/// Median of what cost leaves of one joint rise.
fn unexplained(episode: &[Rise]) -> f64 {
    median(&episode.iter().map(|r| r.unexplained).collect::<Vec<_>>()).unwrap_or(0.0)
}

/// Median over members of the rise, first to last joint rise, in price relative to the market; each
/// is compared without its own entity, so fellow members still count in the market and the figure errs low.
fn dearer(panel: &Panel, cell: &Cell, members: &[usize], first: i32, last: i32) -> Option<f64> {
    let market = Market::new(panel, cell);
    let gains: Vec<f64> = members
        .iter()
        .filter_map(|&s| {
            let days = panel.points(&panel.series[s]).day;
            let path = market.relative(s);
            let part = |keep: &dyn Fn(i32) -> bool| {
                median(&path.iter().filter(|o| keep(days[o.0])).map(|o| o.2).collect::<Vec<_>>())
            };
            Some(part(&|d| d >= last && d <= last + 14)? - part(&|d| d < first && d >= first - 14)?)
        })
        .collect();
    median(&gains)
}

fn levels(panel: &Panel, members: &[usize], first: i32, last: i32) -> (Option<f64>, Option<f64>) {
    let at = |keep: &dyn Fn(i32) -> bool, back: bool| {
        let prices: Vec<f64> = members
            .iter()
            .filter_map(|&s| {
                let p = panel.points(&panel.series[s]);
                let mut seen = (0..p.day.len()).filter(|&i| keep(p.day[i]));
                let i = if back { seen.next_back() } else { seen.next() };
                i.map(|i| p.price[i])
            })
            .collect();
        median(&prices)
    };
    (at(&|d| d < first, true), at(&|d| d >= last, false))
}

fn steps(panel: &Panel, episodes: &[Vec<Rise>]) -> Vec<(Step, RowNote)> {
    let each = episodes.iter().zip(1u32..).flat_map(|(e, number)| e.iter().map(move |r| (number, r)));
    each.map(|(episode, r)| {
        let p = panel.points(&panel.series[r.series]);
        let step = Step {
            series: r.series,
            last_old: Day(p.day[r.at - 1]),
            first_new: Day(r.day),
            old: p.price[r.at - 1],
            new: p.price[r.at],
            episode,
        };
        let seller = &panel.sellers[panel.series[r.series].seller as usize];
        let name = if seller.name.is_empty() { &seller.id } else { &seller.name };
        let role = Text::new(
            format!("{name} 第 {episode} 次同步涨价后的价格"),
            format!("price of {name} after joint rise {episode}"),
        );
        (step, RowNote { row: p.row[r.at], role })
    })
    .collect()
}

fn reason(cell: &Cell, episodes: &[Vec<Rise>], (n, all): (usize, usize), dearer: f64, scale: (i32, Alike)) -> Text {
    let each = |unit: &str| {
        let one = |e: &Vec<Rise>| Some(format!("{} {}{unit}", Day(e.first()?.day), e.len()));
        episodes.iter().filter_map(one).collect::<Vec<_>>()
    };
    let sizes: Vec<f64> = episodes
        .iter()
        .filter_map(|e| median(&e.iter().map(|r| (r.size.exp() - 1.0) * 100.0).collect::<Vec<_>>()))
        .collect();
    let sizes = sizes.iter().map(|s| format!("{s:.0}%")).collect::<Vec<_>>();
    let k = episodes.len();
    let dearer = (dearer.exp() - 1.0) * 100.0;
    let (zh_cost, en_cost) = match &cell.cost {
        Some(_) => (
            "各次涨价在成本上涨可解释的部分之外都有剩余，幅度按成本升降可能造成的范围比较",
            "each rise leaves a part that cost does not explain, and sizes are compared within what cost may have added or taken",
        ),
        None => ("没有成本数据，未扣除成本", "no cost series was given, so cost is not taken out"),
    };
    let (zh_when, en_when) = match scale.0 {
        0 => ("同一期内".to_owned(), "in the same period".to_owned()),
        1 => ("前后一天内".to_owned(), "within a day".to_owned()),
        days => (format!("相隔 {days} 天之内"), format!("within {days} days of each other")),
    };
    let (zh_alike, en_alike) = match scale.1 {
        Alike::Size => ("幅度相近", "by like sizes"),
        Alike::Level => ("涨到同一价格", "to one price"),
    };
    let dates = (each(" 家").join("、"), each(" sellers").join(", "));
    let sizes = (sizes.join("、"), sizes.join(", "));
    Text::new(
        format!(
            "同一市场 {all} 个独立经营者中，{n} 家{zh_when}先后 {k} 次同步涨价（{}），{zh_alike}（中位涨幅 {}，未扣成本），其后比市场其余经营者贵约 {dearer:.0}%；{zh_cost}。平行定价可能合法，建议核查有无联络。",
            dates.0, sizes.0
        ),
        format!(
            "Of {all} independent sellers in the market, {n} rose together {k} times {en_when} ({}), {en_alike} (medians {}, cost included), and ended about {dearer:.0} % dearer than the rest; {en_cost}. Parallel prices may be lawful: check for contact.",
            dates.1, sizes.1
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::{Quote, from_quotes};
    use rand::{Rng, SeedableRng};

    /// 20 sellers, 120 days, own rises at random days; `joint` sellers rise 10 % together on three days.
    fn market(seed: u64, joint: usize, owner: &str) -> Panel {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut quotes = Vec::new();
        for s in 0..20 {
            let mut price: f64 = 2.0 + rng.gen_range(0.0..0.5);
            let own: Vec<(i32, f64)> = (0..3).map(|_| (rng.gen_range(3..117), rng.gen_range(0.03..0.15))).collect();
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

    #[test]
    fn a_chain_cannot_collude_with_itself() {
        assert_eq!(groups(&market(1, 5, "one owner")), Vec::<Vec<usize>>::new());
    }

    /// p-values on markets with nothing planted: no more than the nominal share below 5 % (one-sided 99 % bound).
    #[test]
    fn lawful_markets_pass() {
        let p: Vec<f64> = (0..60)
            .filter_map(|seed| {
                examine(&market(100 + seed, 0, ""), 0, &Context { as_of: Day(20000), seed: 7 }, &Knobs::default())
                    .ok()
                    .map(|c| c.verdict.p)
            })
            .collect();
        assert_eq!(p.len(), 60);
        assert!(p.iter().filter(|p| **p <= 0.05).count() <= 8, "{p:?}");
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
