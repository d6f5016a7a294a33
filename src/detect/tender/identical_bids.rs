#![doc = include_str!("identical_bids.md")]

use super::features::significant_digits;
use super::shared::{Market, of_one, skip, unit};
use crate::model::*;
use crate::stats::fdr::benjamini_hochberg;
use crate::stats::robust::median;

const MAX_Q: Param = Param {
    name: "max_q",
    default: 0.05,
    unit: "share",
    range: (0.001, 1.0),
    source: "Benjamini & Hochberg 1995; over all tenders: in a large market amounts of five digits meet by chance",
};

const MIN_DIGITS: Param = Param {
    name: "min_digits",
    default: 5.0,
    unit: "digit",
    range: (1.0, 15.0),
    source: "two firms meet on 120,000 by chance, hardly on 123,456",
};

/// The card.
pub const SCREEN: Screen = Screen {
    id: "identical-bids",
    kind: Kind::Tender,
    title: ("相同报价", "Identical bids"),
    page: include_str!("identical_bids.md"),
    params: &[MAX_Q, MIN_DIGITS],
    leads_alone: true,
    work: Work::Whole(run),
};

fn run(panel: &Panel, _: &Context, knobs: &Knobs) -> Outcome {
    let market = Market::new(&panel.tenders);
    let spreads: Vec<f64> = (0..market.all.list.len()).filter_map(|t| market.of(t, "cv").map(|v| v.0)).collect();
    let spread = median(&spreads).unwrap_or(0.0);
    let mut outcome = Outcome::default();
    let mut found = Vec::new();
    for (k, t) in market.all.list.iter().enumerate() {
        if t.bids.len() < 2 {
            outcome.skips.push(skip(&SCREEN, "只有一个报价", "one bid only"));
        } else if market.all.parties(t).len() < 2 {
            let (zh, en) = ("未写明投标人，相同金额可能是同一报价", "no bidders named: equal amounts may be one bid");
            outcome.skips.push(skip(&SCREEN, zh, en));
        } else {
            outcome.examined += 1;
            found.extend(finding(market.all, t, spread, knobs).map(|f| (k, f)));
        }
    }
    let p: Vec<f64> = found.iter().filter_map(|f| f.1.p_value).collect();
    for ((k, mut f), q) in found.into_iter().zip(benjamini_hochberg(&p, outcome.examined)) {
        if q <= knobs.get(&MAX_Q) {
            (f.q_value, f.tested) = (Some(q), outcome.examined);
            market.place(&mut f, &[k]);
            outcome.findings.push(f);
        }
    }
    outcome
}

/// Chance that two of `n` bids meet on one amount of the tender's coin, were they normal with the market's usual spread.
fn by_chance(n: usize, coin: f64, spread: f64) -> f64 {
    let pairs = (n * (n - 1) / 2) as f64;
    let one = coin / (2.0 * std::f64::consts::PI.sqrt() * spread);
    1.0 - (-pairs * one).exp()
}

/// The amount said by most bidders, where it has enough digits. One bidder's two bids are not two bidders'.
fn finding(all: &Tenders, t: &Tender, spread: f64, knobs: &Knobs) -> Option<Finding> {
    let equal = |a: &usize, b: &usize| all.amount[*a] == all.amount[*b];
    let bids: Vec<usize> = t.bids.clone().collect();
    let bidders = |run: &&[usize]| {
        let mut of: Vec<Option<u32>> = run.iter().map(|b| all.bidder[*b]).collect();
        of.dedup_by(|a, b| a.is_some() && a == b);
        of.len()
    };
    let said = bids
        .chunk_by(equal)
        .filter(|run| bidders(run) > 1 && significant_digits(all.amount[run[0]]) >= knobs.get(&MIN_DIGITS));
    let run = said.max_by_key(bidders)?;
    let (n, amount, digits) = (bidders(&run), all.amount[run[0]], significant_digits(all.amount[run[0]]));
    let reason = Text::new(
        format!("{n} 家报出同一金额 {amount}（{digits:.0} 位有效数字）。"),
        format!("{n} bidders name the same amount, {amount} ({digits:.0} significant digits)."),
    );
    let mut f = of_one(&SCREEN, all, t, reason);
    (f.measured, f.threshold, f.unit) = (n as f64, 2.0, "bidders".into());
    f.basis = "OECD 2012 guidelines for fighting bid rigging; Mund 1960".into();
    f.facts = vec![("same_amount", amount, String::new()), ("significant_digits", digits, String::new())];
    f.p_value = Some(by_chance(t.bids.len(), unit(all, t), spread));
    f.score = n as f64 / t.bids.len() as f64;
    Some(f)
}
