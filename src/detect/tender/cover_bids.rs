#![doc = include_str!("cover_bids.md")]

use super::features::markets;
use super::joined::format;
use super::shared::{Market, of_one, skip};
use crate::model::*;

const MIN_RATIO: Param = Param {
    name: "min_ratio",
    default: 3.0,
    unit: "times",
    range: (1.0, 100.0),
    source: "RDALT: 1 where gaps are even; three times and more is rare among independent bids",
};
const MAX_LOSER_CV: Param = Param {
    name: "max_loser_cv",
    default: 0.03,
    unit: "share",
    range: (0.0, 0.5),
    source: "Imhof 2017: cover bids lie close to each other",
};
const MIN_GAP: Param = Param {
    name: "min_gap",
    default: 0.03,
    unit: "share",
    range: (0.0, 1.0),
    source: "Imhof 2017: cartels kept 3 to 5 % between the winner and the next bid",
};
const MIN_BIDS: Param = Param {
    name: "min_bids",
    default: 4.0,
    unit: "bid",
    range: (3.0, 50.0),
    source: "two losing bids are close by chance too often",
};

/// The card.
pub const SCREEN: Screen = Screen {
    id: "cover-bids",
    kind: Kind::Tender,
    title: ("陪标形态", "Cover bids"),
    page: include_str!("cover_bids.md"),
    params: &[MIN_RATIO, MAX_LOSER_CV, MIN_GAP, MIN_BIDS],
    leads_alone: false,
    work: Work::Whole(run),
};

fn run(panel: &Panel, _: &Context, knobs: &Knobs) -> Outcome {
    let market = Market::new(&panel.tenders);
    let mut outcome = Outcome::default();
    for tenders in markets(market.all) {
        let average = format(market.all, &tenders) == Format::AverageBid;
        for t in tenders {
            let value = |name| market.of(t, name).map(|v| v.0);
            let parts = (value("rdalt"), value("loser_cv"), value("diffp"));
            if average {
                outcome.skips.push(skip(
                    &SCREEN,
                    "平均价中标，最低价不是中标价",
                    "average-bid format: the lowest bid does not win",
                ));
            } else if (market.all.list[t].bids.len() as f64) < knobs.get(&MIN_BIDS) {
                outcome.skips.push(skip(&SCREEN, "报价太少", "too few bids"));
            } else if let (Some(ratio), Some(cv), Some(gap)) = parts {
                outcome.examined += 1;
                let apart = ratio >= knobs.get(&MIN_RATIO) && gap >= knobs.get(&MIN_GAP);
                if apart && cv <= knobs.get(&MAX_LOSER_CV) {
                    outcome.findings.push(finding(&market, t, (ratio, cv, gap), knobs));
                }
            } else {
                outcome.skips.push(skip(&SCREEN, "落标报价全部相同", "the losing bids are all equal"));
            }
        }
    }
    outcome.findings.iter_mut().for_each(|f| f.tested = outcome.examined);
    outcome
}

fn finding(market: &Market<'_>, t: usize, (ratio, cv, gap): (f64, f64, f64), knobs: &Knobs) -> Finding {
    let (pct, spread) = (gap * 100.0, cv * 100.0);
    let reason = Text::new(
        format!(
            "最低报价比次低低 {pct:.1}%，是落标报价之间平均差距的 {ratio:.1} 倍；落标报价彼此接近（变异系数 {spread:.1}%）。"
        ),
        format!(
            "The lowest bid lies {pct:.1} % below the next, {ratio:.1} times the mean gap among the losing bids, which are close to each other (CV {spread:.1} %)."
        ),
    );
    let mut f = of_one(&SCREEN, market.all, &market.all.list[t], reason);
    (f.measured, f.threshold, f.unit) = (ratio, knobs.get(&MIN_RATIO), "times".into());
    f.basis = "Huber & Imhof 2019; Imhof 2017".into();
    f.facts = vec![("gap_to_next", pct, "%".into()), ("loser_spread", spread, "%".into())];
    f.score = 1.0 - 1.0 / ratio;
    f
}
