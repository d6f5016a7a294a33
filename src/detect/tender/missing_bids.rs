#![doc = include_str!("missing_bids.md")]

use std::collections::BTreeMap;

use statrs::distribution::{Binomial, DiscreteCDF};

use super::features::markets;
use super::joined::format;
use super::shared::{Market, blank, oddest, of_bidders, skip, unit};
use crate::model::*;
use crate::stats::fdr::benjamini_hochberg;
use crate::stats::robust::median;

const MAX_Q: Param = Param {
    name: "max_q",
    default: 0.05,
    unit: "share",
    range: (0.001, 1.0),
    source: "Benjamini & Hochberg 1995; over all bidders and kinds of contract tested",
};
const MAX_SHARE: Param = Param {
    name: "max_share",
    default: 0.4,
    unit: "share",
    range: (0.0, 0.5),
    source: "half is what falling margins give at the least; with thousands of tenders a trifle below is significant",
};
const MIN_TENDERS: Param = Param {
    name: "min_tenders",
    default: 100.0,
    unit: "tender",
    range: (30.0, 100_000.0),
    source: "a quarter of them or so lie near the winner: fewer tell nothing",
};
const BAND: Param = Param {
    name: "band",
    default: 0.25,
    unit: "share",
    range: (0.05, 0.5),
    source: "of the median margin: near the winner, on the scale of this market",
};

/// The card.
pub const SCREEN: Screen = Screen {
    id: "missing-bids",
    kind: Kind::Tender,
    title: ("险胜缺失", "Narrow wins missing"),
    page: include_str!("missing_bids.md"),
    params: &[MAX_Q, MAX_SHARE, MIN_TENDERS, BAND],
    leads_alone: true,
    work: Work::Whole(run),
};

/// Groups stand before single tenders, below rings of bidders.
const GROUPS_FIRST: f64 = 500.0;
/// Amounts are rounded to at most this share of the band, or margins could not lie within it.
const FINE: f64 = 0.25;
/// Tenders whose rows are shown, the oddest.
const SHOWN: usize = 20;

/// Tenders and their margins.
type Margins = Vec<(usize, f64)>;

/// Whose wins are looked at: those of one bidder, or all for one kind of contract.
struct Set {
    bidder: Option<u32>,
    product: String,
    /// The least first.
    margins: Margins,
}

/// Wins narrower than the band, and those of the next band.
struct Count {
    band: f64,
    near: u64,
    next: u64,
    p: f64,
}

fn run(panel: &Panel, _: &Context, knobs: &Knobs) -> Outcome {
    let market = Market::new(&panel.tenders);
    let all = market.all;
    let mut outcome = Outcome::default();
    let mut tested = Vec::new();
    for tenders in markets(all) {
        if format(all, &tenders) == Format::AverageBid {
            let (zh, en) = ("平均价中标，最低价不是中标价", "average-bid format: the lowest bid does not win");
            outcome.skips.push(skip(&SCREEN, zh, en));
            continue;
        }
        for set in sets(all, &tenders) {
            if (set.margins.len() as f64) < knobs.get(&MIN_TENDERS) {
                outcome.skips.push(skip(&SCREEN, "招标太少", "too few tenders"));
            } else if let Some(count) = count(all, &set, knobs.get(&BAND)) {
                tested.push((set, count));
            } else {
                outcome.skips.push(skip(&SCREEN, "报价取整太粗", "bids are rounded too coarsely"));
            }
        }
    }
    outcome.examined = tested.len();
    let q = benjamini_hochberg(&tested.iter().map(|t| t.1.p).collect::<Vec<_>>(), tested.len());
    for ((set, count), q) in tested.iter().zip(q) {
        let share = count.near as f64 / (count.near + count.next) as f64;
        if q <= knobs.get(&MAX_Q) && share <= knobs.get(&MAX_SHARE) {
            let mut f = finding(&market, set, count, share, knobs);
            (f.p_value, f.q_value, f.tested) = (Some(count.p), Some(q), tested.len());
            outcome.findings.push(f);
        }
    }
    outcome
}

/// Each kind of contract, and each bidder that won at all; one tender of two bids or more is one margin.
fn sets(all: &Tenders, tenders: &[usize]) -> Vec<Set> {
    let mut of: BTreeMap<(Option<u32>, &str), Margins> = BTreeMap::new();
    for t in tenders {
        let (tender, b) = (&all.list[*t], all.amounts(&all.list[*t]));
        if b.len() > 1 {
            let margin = (*t, (b[1] - b[0]) / b[0]);
            of.entry((None, &tender.product)).or_default().push(margin);
            if let Some(winner) = all.bidder[tender.bids.start] {
                of.entry((Some(winner), "")).or_default().push(margin);
            }
        }
    }
    let set = |((bidder, product), mut margins): ((Option<u32>, &str), Margins)| {
        margins.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        Set { bidder, product: product.to_owned(), margins }
    };
    of.into_iter().map(set).collect()
}

/// Where margins become rarer the wider they are, at least half of those in two equal bands lie in the nearer one.
fn count(all: &Tenders, set: &Set, share: f64) -> Option<Count> {
    let margins: Vec<f64> = set.margins.iter().map(|m| m.1).collect();
    let band = share * median(&margins)?;
    let rounding: Vec<f64> = set.margins.iter().map(|m| unit(all, &all.list[m.0])).collect();
    if band <= 0.0 || median(&rounding)? > FINE * band {
        return None;
    }
    let within = |edge: f64| margins.partition_point(|m| *m < edge) as u64;
    let near = within(band);
    let next = within(2.0 * band) - near;
    let p = Binomial::new(0.5, near + next).ok()?.cdf(near);
    Some(Count { band, near, next, p })
}

fn finding(market: &Market<'_>, set: &Set, count: &Count, share: f64, knobs: &Knobs) -> Finding {
    let all = market.all;
    let (n, pct) = (set.margins.len(), count.band * 100.0);
    let (near, next) = (count.near, count.next);
    let who = set.bidder.map(|b| all.bidders[b as usize].1.clone());
    let (zh, en) = match &who {
        Some(name) => (format!("{name} 中标的 {n} 次招标"), format!("In the {n} tenders {name} won")),
        None => (format!("{n} 次招标"), format!("In {n} tenders")),
    };
    let reason = Text::new(
        format!(
            "{zh}中，最低价与次低价相差不到 {pct:.2}% 的只有 {near} 次，相差 {pct:.2}% 至 {:.2}% 的却有 {next} 次：险胜险负本应最多，这里缺失。",
            2.0 * pct
        ),
        format!(
            "{en} the lowest bid lies less than {pct:.2} % below the next only {near} times, but {pct:.2} to {:.2} % below it {next} times: narrow wins should be the most frequent, and are missing.",
            2.0 * pct
        ),
    );
    let days = set.margins.iter().filter_map(|m| all.list[m.0].day);
    let days = (days.clone().min().unwrap_or(Day::UNKNOWN), days.max().unwrap_or(Day::UNKNOWN));
    let party = of_bidders(all, &Vec::from_iter(set.bidder), String::new(), set.product.clone());
    let mut f = blank(&SCREEN, party, days, reason);
    (f.measured, f.threshold, f.unit) = (share * 100.0, knobs.get(&MAX_SHARE) * 100.0, "%".into());
    f.basis = "Chassang, Kawai, Nakabayashi & Ortner 2022; Imhof, Karagök & Rutz 2018".into();
    f.facts = vec![
        ("tenders", n as f64, String::new()),
        ("margin_band", pct, "%".into()),
        ("narrow_wins", near as f64, String::new()),
        ("next_wins", next as f64, String::new()),
    ];
    let tenders: Vec<usize> = set.margins.iter().map(|m| m.0).collect();
    let bids = oddest(market, &tenders, SHOWN).into_iter().flat_map(|t| all.list[t].bids.clone().take(2));
    let role = Text::new("最低与次低报价（最异常的几次）", "the two lowest bids of the oddest tenders");
    f.rows = bids.map(|b| RowNote { row: all.row[b], role: role.clone() }).collect();
    market.place(&mut f, &tenders);
    f.score = GROUPS_FIRST - count.p.max(f64::MIN_POSITIVE).log10();
    f
}
