#![doc = include_str!("low_spread.md")]

use super::features::markets;
use super::joined::format;
use super::shared::{Market, of_one, skip};
use crate::model::*;

const MAX_CV: Param = Param {
    name: "max_cv",
    default: 0.03,
    unit: "share",
    range: (0.0, 0.5),
    source: "Imhof 2017: Ticino bids had a CV near 0.03 during the cartel and near 0.09 after it",
};
const MAX_RANK: Param = Param {
    name: "max_rank",
    default: 0.1,
    unit: "share",
    range: (0.0, 1.0),
    source: "and among the lowest tenth of its market: what is low differs by trade",
};
const MIN_BIDS: Param = Param {
    name: "min_bids",
    default: 3.0,
    unit: "bid",
    range: (2.0, 50.0),
    source: "two bids have a distance, not a spread",
};

/// The card.
pub const SCREEN: Screen = Screen {
    id: "low-spread",
    kind: Kind::Tender,
    title: ("报价离散过低", "Bids held close"),
    page: include_str!("low_spread.md"),
    params: &[MAX_CV, MAX_RANK, MIN_BIDS],
    leads_alone: false,
    work: Work::Whole(run),
};

fn run(panel: &Panel, _: &Context, knobs: &Knobs) -> Outcome {
    let market = Market::new(&panel.tenders);
    let mut outcome = Outcome::default();
    for tenders in markets(market.all) {
        let average = format(market.all, &tenders) == Format::AverageBid;
        for t in tenders {
            let tender = &market.all.list[t];
            if average {
                outcome.skips.push(skip(
                    &SCREEN,
                    "平均价中标，报价接近不足为奇",
                    "average-bid format: close bids are nothing odd",
                ));
            } else if (tender.bids.len() as f64) < knobs.get(&MIN_BIDS) {
                outcome.skips.push(skip(&SCREEN, "报价太少", "too few bids"));
            } else if let Some((cv, rank)) = market.of(t, "cv") {
                outcome.examined += 1;
                if cv <= knobs.get(&MAX_CV) && rank <= knobs.get(&MAX_RANK) {
                    outcome.findings.push(finding(&market, t, cv, rank, knobs));
                }
            }
        }
    }
    outcome.findings.iter_mut().for_each(|f| f.tested = outcome.examined);
    outcome
}

fn finding(market: &Market<'_>, t: usize, cv: f64, rank: f64, knobs: &Knobs) -> Finding {
    let n = market.all.list[t].bids.len();
    let (pct, below) = (cv * 100.0, rank * 100.0);
    let reason = Text::new(
        format!("{n} 个报价的变异系数为 {pct:.1}%，本市场只有 {below:.0}% 的招标更低。"),
        format!(
            "The {n} bids have a coefficient of variation of {pct:.1} %; only {below:.0} % of the market's tenders are lower."
        ),
    );
    let mut f = of_one(&SCREEN, market.all, &market.all.list[t], reason);
    (f.measured, f.threshold, f.unit) = (pct, knobs.get(&MAX_CV) * 100.0, "%".into());
    f.basis = "Abrantes-Metz et al. 2006; Imhof 2017".into();
    f.facts = vec![("bids", n as f64, String::new()), ("share_below", below, "%".into())];
    f.score = 1.0 - rank;
    f
}
