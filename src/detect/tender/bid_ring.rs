#![doc = include_str!("bid_ring.md")]

use super::features::markets;
use super::habits::{Line, lines};
use super::network::{ACTIVE_TENDERS, Link, Network, pairs};
use super::shared::{Market, blank, oddest, of_bidders, skip};
use crate::model::*;

const MAX_Q: Param = Param {
    name: "max_q",
    default: 0.05,
    unit: "share",
    range: (0.001, 1.0),
    source: "Benjamini & Hochberg 1995; over all pairs of active bidders",
};
const MIN_TIMES: Param = Param {
    name: "min_times_chance",
    default: 1.2,
    unit: "times",
    range: (1.0, 100.0),
    source: "with thousands of tenders a few meetings too many are significant and mean nothing; where the firms of a region meet often anyway even a ring seldom doubles it",
};
const MIN_EXCLUSIVITY: Param = Param {
    name: "min_exclusivity",
    default: 0.5,
    unit: "share",
    range: (0.1, 1.0),
    source: "Wachs & Kertész 2019: cartels are exclusive; half: they meet each other more often than all others together",
};
const MIN_WITH_LINE: Param = Param {
    name: "min_exclusivity_with_line",
    default: 0.33,
    unit: "share",
    range: (0.1, 1.0),
    source: "a third does where regions are told apart, so that neighbours are no explanation, and a line of conduct tells as well",
};
const MIN_TOGETHER: Param = Param {
    name: "min_together",
    default: 10.0,
    unit: "tender",
    range: (3.0, 10_000.0),
    source: "a habit needs repetition",
};
const MAX_LINE_P: Param = Param {
    name: "max_line_p",
    default: 0.05,
    unit: "share",
    range: (0.001, 1.0),
    source: "shared among the lines tested (Bonferroni)",
};

/// The card.
pub const SCREEN: Screen = Screen {
    id: "bid-ring",
    kind: Kind::Tender,
    title: ("总在一起投标的一组", "Bidders that keep meeting"),
    page: include_str!("bid_ring.md"),
    params: &[MAX_Q, MIN_TIMES, MIN_EXCLUSIVITY, MIN_WITH_LINE, MIN_TOGETHER, MAX_LINE_P],
    leads_alone: true,
    work: Work::Whole(run),
};

/// Rank of a group before any single tender, whose scores are logarithms of chances or chances.
const GROUPS_FIRST: f64 = 1000.0;
/// Tenders whose rows are shown, the oddest.
const SHOWN: usize = 20;

fn run(panel: &Panel, context: &Context, knobs: &Knobs) -> Outcome {
    let market = Market::new(&panel.tenders);
    let all = market.all;
    let mut outcome = Outcome::default();
    for tenders in markets(all) {
        let network = Network::new(all, &tenders, context.seed);
        if network.activity.is_empty() {
            outcome.skips.push(skip(&SCREEN, "未写明投标人", "no bidders named"));
        } else if network.tested == 0 {
            let (zh, en) = ("投标人各自参加的招标太少", "the bidders take part in too few tenders each");
            outcome.skips.push(skip(&SCREEN, zh, en));
        }
        outcome.examined += network.tested;
        let strong = |l: &Link| {
            l.q <= knobs.get(&MAX_Q)
                && f64::from(l.met) >= knobs.get(&MIN_TIMES) * l.expected
                && l.met >= ACTIVE_TENDERS as u32
        };
        for group in network.groups(strong) {
            let together = together(&network, &tenders, &group);
            if (together.len() as f64) < knobs.get(&MIN_TOGETHER) {
                continue;
            }
            let lines = lines(all, &tenders, &group, context.seed);
            let told = network.regions_known && !telling(&lines, knobs).is_empty();
            let least = knobs.get(if told { &MIN_WITH_LINE } else { &MIN_EXCLUSIVITY });
            if network.exclusivity(&group) >= least {
                let mut f = finding(&market, &network, &group, &together, &lines, knobs);
                f.threshold = least * 100.0;
                outcome.findings.push(f);
            }
        }
    }
    outcome.findings.iter_mut().for_each(|f| f.tested = outcome.examined);
    outcome
}

/// Tenders in which several of the group take part.
fn together(network: &Network, tenders: &[usize], group: &[u32]) -> Vec<usize> {
    let several = |p: &Vec<u32>| p.iter().filter(|b| group.contains(b)).count() > 1;
    tenders.iter().zip(&network.parties).filter(|(_, p)| several(p)).map(|(t, _)| *t).collect()
}

fn finding(
    market: &Market<'_>,
    network: &Network,
    group: &[u32],
    together: &[usize],
    lines: &[Line],
    knobs: &Knobs,
) -> Finding {
    let all = market.all;
    let links: Vec<&Link> = pairs(group).filter_map(|(a, b)| network.link(a, b)).collect();
    let met: f64 = links.iter().map(|l| f64::from(l.met)).sum();
    let chance: f64 = links.iter().map(|l| l.expected).sum();
    let most = |of: fn(&Link) -> f64| links.iter().map(|l| of(l)).fold(0.0, f64::max);
    let (exclusive, coherence) = (network.exclusivity(group), network.coherence(group));
    let (n, k, excl) = (group.len(), together.len(), exclusive * 100.0);
    let mut reason = Text::new(
        format!(
            "{n} 家在 {k} 次招标中同场，两两相遇 {met:.0} 次；按各家参加次数、同期同地同类招标随机分配只应有 {chance:.0} 次。它们的相遇有 {excl:.0}% 发生在彼此之间"
        ),
        format!(
            "{n} bidders take part together in {k} tenders and meet {met:.0} times in pairs; how often each bids, where and when would give {chance:.0}. Of all their meetings {excl:.0} % are with each other"
        ),
    );
    let telling = telling(lines, knobs);
    for line in &telling {
        reason.zh += &format!("；{}（p = {}）", line.text.zh, chance_text(line.p));
        reason.en += &format!("; {} (p = {})", line.text.en, chance_text(line.p));
    }
    reason.zh += "。";
    reason.en += ".";
    let days = together.iter().filter_map(|t| all.list[*t].day);
    let days = (days.clone().min().unwrap_or(Day::UNKNOWN), days.max().unwrap_or(Day::UNKNOWN));
    let one = |of: fn(&Tender) -> &String| {
        let first = of(&all.list[together[0]]);
        if together.iter().all(|t| of(&all.list[*t]) == first) { first.clone() } else { String::new() }
    };
    let party = of_bidders(all, group, one(|t| &t.region), one(|t| &t.product));
    let mut f = blank(&SCREEN, party, days, reason);
    (f.measured, f.unit) = (excl, "%".into());
    (f.p_value, f.q_value) = (Some(most(|l| l.p)), Some(most(|l| l.q)));
    f.basis = "Strona et al. 2014; Wachs & Kertész 2019; Porter & Zona 1993; Ishii 2009".into();
    f.facts = vec![
        ("tenders_together", k as f64, String::new()),
        ("meetings", met, String::new()),
        ("meetings_by_chance", chance, String::new()),
        ("exclusivity", excl, "%".into()),
        ("coherence", coherence, String::new()),
        ("lines_tested", lines.len() as f64, String::new()),
        ("lines_telling", telling.len() as f64, String::new()),
    ];
    f.sheet = Some(sheet(all, network, group, together));
    f.rows = rows(all, group, &oddest(market, together, SHOWN));
    market.place(&mut f, together);
    f.score = GROUPS_FIRST + telling.len() as f64 + exclusive;
    f
}

/// Lines that pass their share of the level.
fn telling<'a>(lines: &'a [Line], knobs: &Knobs) -> Vec<&'a Line> {
    let level = knobs.get(&MAX_LINE_P) / lines.len().max(1) as f64;
    lines.iter().filter(|l| l.p <= level).collect()
}

fn chance_text(p: f64) -> String {
    if p < 0.001 { format!("{p:.0e}") } else { format!("{p:.3}") }
}

/// Per member: tenders, those beside another member, and what it won of both kinds.
fn sheet(all: &Tenders, network: &Network, group: &[u32], together: &[usize]) -> Sheet {
    let row = |b: &u32| {
        let beside: Vec<&usize> = together.iter().filter(|t| all.parties(&all.list[**t]).contains(b)).collect();
        let won = beside.iter().filter(|t| all.bidder[all.winner(&all.list[***t])] == Some(*b)).count();
        let wins = all.list.iter().filter(|t| all.bidder[all.winner(t)] == Some(*b)).count();
        let (n, k) = (network.activity[b], beside.len());
        let name = &all.bidders[*b as usize].1;
        vec![name.clone(), n.to_string(), k.to_string(), won.to_string(), (n - k).to_string(), (wins - won).to_string()]
    };
    Sheet {
        title: Text::new("各成员的投标与中标", "What each member bid for and won"),
        columns: vec![
            Text::new("投标人", "bidder"),
            Text::new("参加", "tenders"),
            Text::new("同场", "beside others of the group"),
            Text::new("同场中标", "won of these"),
            Text::new("单独参加", "without them"),
            Text::new("单独中标", "won of these"),
        ],
        heads: Vec::new(),
        rows: group.iter().map(row).collect(),
    }
}

/// The members' bids in some tenders.
fn rows(all: &Tenders, group: &[u32], tenders: &[usize]) -> Vec<RowNote> {
    let member = |b: &usize| all.bidder[*b].is_some_and(|x| group.contains(&x));
    let bids = tenders.iter().map(|t| &all.list[*t]).flat_map(|t| t.bids.clone().map(|b| (b, b == all.winner(t))));
    let note = |(b, won): (usize, bool)| {
        let role = if won {
            Text::new("成员中标（最异常的几次之一）", "a member's winning bid in one of the oddest tenders")
        } else {
            Text::new("成员报价", "a member's bid")
        };
        RowNote { row: all.row[b], role }
    };
    bids.filter(|(b, _)| member(b)).map(note).collect()
}
