#![doc = include_str!("odd_bids.md")]

use super::features::{markets, position};
use super::joined::lines;
use super::shared::{Market, of_one, skip};
use crate::model::*;
use crate::stats::fdr::benjamini_hochberg;
use crate::stats::ranking::irwin_hall;

const MAX_Q: Param = Param {
    name: "max_q",
    default: 0.05,
    unit: "share",
    range: (0.001, 1.0),
    source: "Benjamini & Hochberg 1995; as in the other screens",
};
const MIN_CHANCE: Param = Param {
    name: "min_chance",
    default: 0.5,
    unit: "share",
    range: (0.01, 1.0),
    source: "with a trained model: more likely arranged than not",
};
const MIN_LINES: Param = Param {
    name: "min_lines",
    default: 2.0,
    unit: "line",
    range: (1.0, 4.0),
    source: "one odd number has an innocent reason more often than two",
};
const ODD: Param = Param {
    name: "odd_line",
    default: 0.9,
    unit: "share",
    range: (0.5, 1.0),
    source: "a line counts where the tender is among the oddest tenth of its market",
};
const MIN_TENDERS: Param = Param {
    name: "min_tenders",
    default: 30.0,
    unit: "tender",
    range: (10.0, 100_000.0),
    source: "ranks of fewer are too coarse",
};

/// The card.
pub const SCREEN: Screen = Screen {
    id: "odd-bids",
    kind: Kind::Tender,
    title: ("多项指标同时异常", "Odd in several ways at once"),
    page: include_str!("odd_bids.md"),
    params: &[MAX_Q, MIN_CHANCE, MIN_LINES, ODD, MIN_TENDERS],
    leads_alone: true,
    work: Work::Whole(run),
};

fn run(panel: &Panel, _: &Context, knobs: &Knobs) -> Outcome {
    let market = Market::new(&panel.tenders);
    let mut outcome = Outcome::default();
    let mut tested = Vec::new();
    for tenders in markets(market.all) {
        if (tenders.len() as f64) < knobs.get(&MIN_TENDERS) {
            outcome.skips.push(skip(&SCREEN, "本市场招标太少，无从排序", "too few tenders in the market to rank"));
            continue;
        }
        let lines = lines(market.all, &tenders);
        tested.extend(tenders.into_iter().map(|t| (t, lines, by_chance(&market, t, lines.1))));
    }
    outcome.examined = tested.len();
    let p: Vec<f64> = tested.iter().map(|t| t.2).collect();
    for ((t, lines, p), q) in tested.into_iter().zip(benjamini_hochberg(&p, p.len())) {
        let odd = odd_lines(&market, t, lines.1, knobs.get(&ODD));
        let listed = match &panel.tenders.model_score {
            Some(model) => model[t] >= knobs.get(&MIN_CHANCE),
            None => q <= knobs.get(&MAX_Q) && odd.len() as f64 >= knobs.get(&MIN_LINES),
        };
        if listed {
            let mut f = finding(&market, t, &odd, lines.0);
            (f.p_value, f.q_value, f.tested) = (Some(p), Some(q), outcome.examined);
            (f.measured, f.threshold, f.unit) = (odd.len() as f64, knobs.get(&MIN_LINES), "lines".into());
            f.score = panel.tenders.model_score.as_ref().map_or(-p.max(f64::MIN_POSITIVE).ln(), |m| m[t]);
            outcome.findings.push(f);
        }
    }
    outcome
}

/// Chance of ranks as odd on the whole, were the lines independent: the sum of what is missing to the oddest rank.
fn by_chance(market: &Market<'_>, t: usize, lines: &[(&'static str, bool)]) -> f64 {
    let short = |(name, high): &(&'static str, bool)| {
        market.ranked[t][position(name)].map(|rank| if *high { 1.0 - rank } else { rank })
    };
    let short: Vec<f64> = lines.iter().filter_map(short).collect();
    if short.is_empty() { 1.0 } else { irwin_hall(short.iter().sum(), short.len()) }
}

/// The lines on which a tender is odd: name, its value, and the share of the market that is less odd.
fn odd_lines(
    market: &Market<'_>,
    t: usize,
    lines: &[(&'static str, bool)],
    least: f64,
) -> Vec<(&'static str, f64, f64)> {
    let one = |(name, high): &(&'static str, bool)| {
        let (value, rank) = market.table[t][position(name)].zip(market.ranked[t][position(name)])?;
        let odd = if *high { rank } else { 1.0 - rank };
        (odd >= least).then_some((*name, value, odd))
    };
    lines.iter().filter_map(one).collect()
}

fn finding(market: &Market<'_>, t: usize, odd: &[(&'static str, f64, f64)], format: Format) -> Finding {
    let said = |lang: Lang| {
        let each = odd.iter().map(|(name, value, share)| {
            let share = share * 100.0;
            match (*name, lang) {
                ("cv", Lang::Zh) => format!("报价离散系数 {:.1}%，低于 {share:.0}% 的招标", value * 100.0),
                ("cv", Lang::En) => format!("a spread of {:.1} %, below {share:.0} % of the tenders", value * 100.0),
                ("cv_of_4_min", Lang::Zh) => {
                    format!("最接近的四个报价离散系数 {:.2}%，低于 {share:.0}% 的招标", value * 100.0)
                }
                ("cv_of_4_min", Lang::En) => {
                    format!("four bids within a spread of {:.2} %, below {share:.0} % of the tenders", value * 100.0)
                }
                ("product_cv", Lang::Zh) => format!("同类标的报价通常只差 {:.1}%", value * 100.0),
                ("product_cv", Lang::En) => {
                    format!("bids for this kind of contract usually differ by {:.1} % only", value * 100.0)
                }
                ("closest_pair", Lang::Zh) => format!("其中两家在彼此 {:.0}% 的其他投标中相遇", value * 100.0),
                ("closest_pair", Lang::En) => {
                    format!("two of the bidders meet in {:.0} % of their other tenders", value * 100.0)
                }
                (_, Lang::Zh) => format!("中标价为标底的 {value:.2} 倍，高于 {share:.0}% 的招标"),
                (_, Lang::En) => {
                    format!("the winning bid is {value:.2} times the estimate, above {share:.0} % of the tenders")
                }
            }
        });
        each.collect::<Vec<_>>().join(if lang == Lang::Zh { "；" } else { "; " })
    };
    let (zh_format, en_format) = match format {
        Format::Lowest => ("最低价中标", "the lowest bid wins"),
        Format::AverageBid => ("平均价中标", "a bid near the mean wins"),
    };
    let reason = Text::new(
        format!("在本市场（{zh_format}）同时有 {} 项异常：{}。", odd.len(), said(Lang::Zh)),
        format!("Odd within its market ({en_format}) on {} lines at once: {}.", odd.len(), said(Lang::En)),
    );
    let mut f = of_one(&SCREEN, market.all, &market.all.list[t], reason);
    f.basis = "Abrantes-Metz et al. 2006; Imhof 2017; Tóth et al. 2014; Conley & Decarolis 2016".into();
    f.facts = vec![
        ("odd_lines", odd.len() as f64, String::new()),
        ("bids", market.all.list[t].bids.len() as f64, String::new()),
    ];
    f.facts.extend(market.all.model_score.as_ref().map(|m| ("model_score", m[t], String::new())));
    market.place(&mut f, &[t]);
    f
}
