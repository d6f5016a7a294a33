#![doc = include_str!("dear_winner.md")]

use super::features::markets;
use super::shared::{Market, of_one, skip};
use crate::model::*;

const MIN_RATIO: Param = Param {
    name: "min_ratio",
    default: 1.0,
    unit: "times",
    range: (0.1, 10.0),
    source: "at or above the estimate; competition usually ends below it",
};
const MIN_RANK: Param = Param {
    name: "min_rank",
    default: 0.9,
    unit: "share",
    range: (0.0, 1.0),
    source: "and among the dearest tenth of its market: estimates are low in some",
};

/// The card.
pub const SCREEN: Screen = Screen {
    id: "dear-winner",
    kind: Kind::Tender,
    title: ("中标价高于标底", "Winner dear against the estimate"),
    page: include_str!("dear_winner.md"),
    params: &[MIN_RATIO, MIN_RANK],
    leads_alone: false,
    work: Work::Whole(run),
};

fn run(panel: &Panel, _: &Context, knobs: &Knobs) -> Outcome {
    let market = Market::new(&panel.tenders);
    let mut outcome = Outcome::default();
    for t in markets(market.all).concat() {
        let Some((ratio, rank)) = market.of(t, "winner_to_estimate") else {
            outcome.skips.push(skip(&SCREEN, "没有标底或预算", "no estimate"));
            continue;
        };
        outcome.examined += 1;
        if ratio >= knobs.get(&MIN_RATIO) && rank >= knobs.get(&MIN_RANK) {
            outcome.findings.push(finding(&market, t, ratio, rank, knobs));
        }
    }
    outcome.findings.iter_mut().for_each(|f| f.tested = outcome.examined);
    outcome
}

fn finding(market: &Market<'_>, t: usize, ratio: f64, rank: f64, knobs: &Knobs) -> Finding {
    let (over, below) = ((ratio - 1.0) * 100.0, rank * 100.0);
    let reason = Text::new(
        format!("中标价为标底的 {ratio:.2} 倍，高于本市场 {below:.0}% 的招标。"),
        format!("The winning bid is {ratio:.2} times the estimate, above {below:.0} % of the market's tenders."),
    );
    let mut f = of_one(&SCREEN, market.all, &market.all.list[t], reason);
    (f.measured, f.threshold, f.unit) = (ratio, knobs.get(&MIN_RATIO), "times".into());
    f.basis = "Bajari & Ye 2003; OECD 2012".into();
    f.facts = vec![("above_estimate", over, "%".into()), ("share_below", below, "%".into())];
    f.score = rank;
    f
}
