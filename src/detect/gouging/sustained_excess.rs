#![doc = include_str!("sustained_excess.md")]

use std::collections::BTreeMap;

use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::excess::{Observation, Peak, add_spreads, best_window, observations, scaled_to_spacing};
use super::window::{CostCheck, cost_check, excess_amount, explained_by_cost, perhaps_a_sale, rise_rows};
use crate::detect::parts::by_cell;
use crate::detect::relative::{Market, Path};
use crate::model::*;
use crate::stats::pass_through::PassThrough;
use crate::stats::robust::{mad_sigma, median};

const MIN_EXCESS: Param = Param {
    name: "min_excess",
    default: 0.15,
    unit: "log",
    range: (0.02, 2.0),
    source: "Honghu 2020: a widening above 15 % was the local bar (鄂市监竞争〔2020〕3号)",
};
const MIN_OBSERVATIONS: Param = Param {
    name: "min_observations",
    default: 5.0,
    unit: "observation",
    range: (3.0, 60.0),
    source: "own choice: a working week of observations; series of weekly spacing need three",
};
const MIN_REFERENCE: Param = Param {
    name: "min_reference",
    default: 4.0,
    unit: "observation",
    range: (2.0, 60.0),
    source: "fewest observations whose median bears one outlier",
};
const MAX_GAP: Param = Param {
    name: "max_gap",
    default: 31.0,
    unit: "day",
    range: (1.0, 366.0),
    source: "a rise that cannot be dated to within a month is a comparison of two periods, not a rise",
};
const MIN_ENTITIES: Param = Param {
    name: "min_entities",
    default: 5.0,
    unit: "entity",
    range: (3.0, 100.0),
    source: "fewest peers whose spread has a scale once one is left out",
};
const MAX_Q: Param =
    Param { name: "max_q", default: 0.05, unit: "share", range: (0.0001, 0.5), source: "Benjamini & Hochberg 1995" };
/// Spread of peers in a week below which differences are menu costs and rounding.
const SCALE_FLOOR: f64 = 0.03;
/// … and this part of a usual change of price: where few move, one such change is no rarity (the part was set on
/// simulated markets of few and large changes, seeds 7201 to 7212).
const USUAL_STEP: f64 = 0.7;
/// Heights are in units of a spread already: half a unit is the least their own spread is taken for.
const HEIGHT_FLOOR: f64 = 0.5;
/// Heights in units of their own weeks' spread have tails little heavier than the normal: 16 degrees of freedom
/// keep simulated markets without a planted case (seeds 1 to 20) below one lead per 1,000 series.
const TAIL_DF: f64 = 16.0;

/// The card.
pub const SCREEN: Screen = Screen {
    id: "sustained-excess",
    kind: Kind::Gouging,
    title: ("持续高于市场的涨价", "Sustained rise above the market"),
    page: include_str!("sustained_excess.md"),
    params: &[MIN_EXCESS, MIN_OBSERVATIONS, MIN_REFERENCE, MAX_GAP, MIN_ENTITIES, MAX_Q],
    leads_alone: true,
    work: Work::ByParts(Parts { groups: by_cell, examine }),
};

/// The better of a series' lines of evidence.
struct Judged {
    peak: Peak,
    /// The seller's own habit, where that is what its prices were compared with.
    habit: Option<PassThrough>,
    p: f64,
    /// Peers with a peak of their own.
    peers: usize,
}

/// One cell.
fn examine(panel: &Panel, knobs: &Knobs) -> Part {
    let (judged, skips) = compare(panel, 0, knobs);
    let told = |j: &Judged| {
        let finding = finding(panel, j, knobs);
        match unfit(&finding, panel, knobs) {
            Some(reason) => Err(Skip { screen: SCREEN.id, subject: finding.subject, reason }),
            None => Ok(finding),
        }
    };
    let tested = judged.iter().map(|j| Tested { p: Some(j.p), told: (j.p <= knobs.get(&MAX_Q)).then(|| told(j)) });
    Part { tested: tested.collect(), skips }
}

/// Why a departure this large is still no finding.
fn unfit(f: &Finding, panel: &Panel, knobs: &Knobs) -> Option<Text> {
    let points = panel.points(&panel.series[f.subject.series[0]]);
    let before = points.day.partition_point(|d| *d < f.window.0.0);
    if (before as f64) < knobs.get(&MIN_REFERENCE) {
        return Some(Text::new(
            "涨价之前观测太少，没有自身参照",
            "too few observations before the rise for a reference of its own",
        ));
    }
    let gap = f64::from(f.window.0.0 - f.steps.first()?.last_old.0);
    if gap > knobs.get(&MAX_GAP) {
        return Some(Text::new(
            "涨价前后隔得太久，日期不明",
            "too long between the old price and the new to date a rise",
        ));
    }
    let rise = f.observed_price.zip(f.reference_price).map_or(0.0, |(new, old)| (new / old).ln());
    if let Some(reason) = perhaps_a_sale(&points, before, rise) {
        return Some(reason);
    }
    // Rockets and feathers: whoever keeps its price while the others fall has not raised it.
    let charged = f.steps.first()?.old;
    if f.observed_price.is_some_and(|now| (now / charged).ln() < OWN_RISE) {
        return Some(Text::new("本店没有涨价，是同类降价", "its own price did not rise; the others fell"));
    }
    (f.cost == CostExplained::Explained).then(|| explained_by_cost(&points))
}

/// Log rise of its own a seller must show: the smallest that counts as one.
const OWN_RISE: f64 = 0.02;

fn tail(z: f64) -> f64 {
    StudentsT::new(0.0, 1.0, TAIL_DF).map_or(1.0, |t| t.sf(z))
}

fn compare(panel: &Panel, c: usize, knobs: &Knobs) -> (Vec<Judged>, Vec<Skip>) {
    let cell = &panel.cells[c];
    let skip = |s: usize, zh: &str, en: &str| Skip {
        screen: SCREEN.id,
        subject: Subject::of(c, vec![s]),
        reason: Text::new(zh, en),
    };
    let all = |zh: &str, en: &str| (Vec::new(), cell.series.clone().map(|s| skip(s, zh, en)).collect());
    if !cell.comparable {
        return all("包装数量不明，不能与同类比较", "the pack is unknown, so prices cannot be compared");
    }
    let market = Market::new(panel, cell);
    if (market.entities as f64) < knobs.get(&MIN_ENTITIES) {
        return all("同类经营者太少，无从比较", "too few comparable sellers");
    }
    let (mut kept, mut skips) = (Vec::new(), Vec::new());
    for s in cell.series.clone() {
        let relative = market.relative(s);
        let [window, before] = wanted(panel, s, knobs);
        if panel.sellers[panel.series[s].seller as usize].marketplace {
            skips.push(skip(
                s,
                "平台名下有许多店铺，不是一个经营者",
                "a marketplace hosts many shops and is not one seller",
            ));
        } else if relative.len() < window + before {
            skips.push(skip(s, "观测太少，没有自身参照", "too few observations for a reference of its own"));
        } else {
            kept.push((s, relative));
        }
    }
    (judge(panel, &market, kept, knobs), skips)
}

/// Observations of a window and before it, by the spacing of the series.
fn wanted(panel: &Panel, s: usize, knobs: &Knobs) -> [usize; 2] {
    [&MIN_OBSERVATIONS, &MIN_REFERENCE]
        .map(|p| scaled_to_spacing(panel.points(&panel.series[s]).day, knobs.get(p) as usize))
}

/// Each series by its better line: against the market as it is, and against what its own habit makes of the market. A
/// lasting rise can pass for a habit, and a habit for a rise; where both were looked at, p counts twice.
fn judge(panel: &Panel, market: &Market<'_>, kept: Vec<(usize, Path)>, knobs: &Knobs) -> Vec<Judged> {
    let own: Vec<_> = kept.par_iter().map(|(s, relative)| market.by_habit(*s, relative)).collect();
    let habits: Vec<Option<PassThrough>> = own.iter().map(|h| h.as_ref().map(|h| h.0)).collect();
    let by_habit: Vec<(usize, Path)> =
        kept.iter().zip(own).map(|((s, relative), own)| (*s, own.map_or(relative.clone(), |o| o.1))).collect();
    let lines = if habits.iter().any(Option::is_some) { 2 } else { 1 };
    let plain = peaks(panel, &kept, knobs);
    let habitual = if lines == 2 { peaks(panel, &by_habit, knobs) } else { plain.clone() };
    let peers = plain.len().saturating_sub(1);
    let better = |((plain, habitual), habit): ((Peak, Peak), Option<PassThrough>)| {
        let p =
            |k: &Peak| if k.excess >= knobs.get(&MIN_EXCESS) { (tail(k.z) * f64::from(lines)).min(1.0) } else { 1.0 };
        let (p_plain, p_habit) = (p(&plain), p(&habitual));
        match habit.is_some() && p_habit <= p_plain {
            true => Judged { peak: habitual, habit, p: p_habit, peers },
            false => Judged { peak: plain, habit: None, p: p_plain, peers },
        }
    };
    plain.into_iter().zip(habitual).zip(habits).map(better).collect()
}

/// The best window of each series, standardised among its peers' own, all in units of the spread of their weeks.
fn peaks(panel: &Panel, relative: &[(usize, Path)], knobs: &Knobs) -> Vec<Peak> {
    let path = |(s, relative): &(usize, Path)| {
        let [window, before] = wanted(panel, *s, knobs);
        (*s, observations(relative, window.max(before)))
    };
    let mut paths: Vec<(usize, Vec<Observation>)> = relative.par_iter().map(path).collect();
    add_spreads(panel, &mut paths, SCALE_FLOOR.max(USUAL_STEP * usual_step(panel, relative)));
    let best = |(s, path): (usize, Vec<Observation>)| {
        let [window, before] = wanted(panel, s, knobs);
        best_window(s, path, window, before)
    };
    let mut peaks: Vec<Peak> = paths.into_par_iter().map(best).collect();
    let heights: Vec<f64> = peaks.iter().map(|p| p.height).collect();
    let centre = median(&heights).unwrap_or(0.0);
    let scale = mad_sigma(&heights).unwrap_or(HEIGHT_FLOOR).max(HEIGHT_FLOOR);
    let few = (heights.len() as f64) < knobs.get(&MIN_ENTITIES);
    for peak in &mut peaks {
        peak.z = if few { 0.0 } else { (peak.height - centre) / scale };
    }
    peaks
}

/// Size of a price change, log: the median over series of their own medians, 0 for a series without any.
fn usual_step(panel: &Panel, of: &[(usize, Path)]) -> f64 {
    let own = |(s, _): &(usize, Path)| {
        let price = panel.points(&panel.series[*s]).price;
        let steps = price.windows(2).map(|w| (w[1] / w[0]).ln().abs()).filter(|step| *step > 0.0);
        median(&steps.collect::<Vec<_>>()).unwrap_or(0.0)
    };
    median(&of.iter().map(own).collect::<Vec<_>>()).unwrap_or(0.0)
}

fn finding(panel: &Panel, judged: &Judged, knobs: &Knobs) -> Finding {
    let peak = &judged.peak;
    let series = &panel.series[peak.series];
    let (cell, points) = (&panel.cells[series.cell as usize], panel.points(series));
    let half = peak.excess / 2.0;
    let above = |o: &Observation| o.relative - peak.reference >= half;
    let from = peak.path[..peak.from].iter().rposition(|o| !above(o)).map_or(peak.from, |i| (i + 1).min(peak.from));
    let to = peak.path[peak.from..].iter().position(|o| !above(o)).map_or(peak.path.len(), |i| peak.from + i);
    let (before, inside) = (&peak.path[..from.max(1)], &peak.path[from..to]);
    // The rise may have begun before the window that showed it best: only what came before it is the reference.
    let reference = median(&before.iter().map(|o| o.relative).collect::<Vec<_>>()).unwrap_or(peak.reference);
    let excess = peak.excess + peak.reference - reference;
    let (first, last) = (inside[0].at, inside[inside.len() - 1].at);
    let expected: Vec<(Day, f64)> =
        peak.path.iter().map(|o| (Day(points.day[o.at]), (reference + o.market).exp())).collect();
    let middle = |part: &[Observation]| median(&part.iter().map(|o| points.price[o.at]).collect::<Vec<_>>());
    let at = |part: &[Observation]| part.iter().map(|o| o.at).collect::<Vec<_>>();
    let by_position: BTreeMap<usize, f64> = peak.path.iter().map(|o| (o.at, (reference + o.market).exp())).collect();
    let reference_price = middle(before);
    let observed_price = middle(inside);
    let allowed = median(&expected[from..to].iter().map(|e| e.1).collect::<Vec<_>>());
    let measured = (excess.exp() - 1.0) * 100.0;
    let old = before[before.len() - 1].at;
    let step = Step {
        series: peak.series,
        last_old: Day(points.day[old]),
        first_new: Day(points.day[first]),
        old: points.price[old],
        new: points.price[first],
        episode: 0,
    };
    let check = cost_check(cell, &points, &at(before), &at(inside));
    let unit = panel.price_unit(cell).zh;
    let mut finding = Finding {
        screen: SCREEN.id,
        kind: Kind::Gouging,
        subject: Subject::of(series.cell as usize, vec![peak.series]),
        window: (Day(points.day[first]), Day(points.day[last])),
        measured,
        threshold: (knobs.get(&MIN_EXCESS).exp() - 1.0) * 100.0,
        unit: "%".into(),
        p_value: Some(judged.p),
        p_floor: None,
        q_value: None,
        tested: 0,
        reference_price,
        observed_price,
        excess_amount: excess_amount(&points, &at(inside), |i| by_position.get(&i).copied()),
        cost: CostCheck::state(check.as_ref()),
        steps: vec![step],
        expected,
        basis: "event study against the market (MacKinlay 1997); 制止牟取暴利暂行规定 art. 5 (同一地区·同一期间·同一档次·同种商品)".into(),
        rule: None,
        sheet: None,
        strips: Vec::new(),
        innocent: Vec::new(),
        party: None,
        facts: Vec::new(),
        reason: Text::default(),
        rows: rise_rows(&points, old, first, last),
        score: peak.z,
    };
    finding.facts = vec![
        ("reference_price", reference_price.unwrap_or(f64::NAN), unit.clone()),
        ("observed_price", observed_price.unwrap_or(f64::NAN), unit.clone()),
        ("price_by_market", allowed.unwrap_or(f64::NAN), unit.clone()),
        ("lowest_excess_in_window", measured, "%".into()),
        ("robust_z_among_peers", peak.z, String::new()),
        ("observations_in_window", inside.len() as f64, String::new()),
        ("observations_before", before.len() as f64, String::new()),
        ("peers_compared", judged.peers as f64, String::new()),
        ("smallest_p_by_rank", 1.0 / (judged.peers + 1) as f64, String::new()),
    ];
    finding.facts.extend(check.iter().flat_map(|c| c.facts(&unit)));
    if let Some(habit) = judged.habit {
        finding.facts.push(("own_pass_through", habit.slope * 100.0, "%".into()));
        finding.facts.push(("own_lag", f64::from(habit.lag), "day".into()));
    }
    finding.reason = reason(panel, judged, &finding, allowed.unwrap_or(f64::NAN), inside.len(), check.as_ref());
    finding
}

fn reason(panel: &Panel, judged: &Judged, f: &Finding, allowed: f64, n: usize, cost: Option<&CostCheck>) -> Text {
    let series = &panel.series[judged.peak.series];
    let product = &panel.items[series.item as usize].product;
    let unit = panel.price_unit(&panel.cells[series.cell as usize]);
    let (old, new) = (f.reference_price.unwrap_or(f64::NAN), f.observed_price.unwrap_or(f64::NAN));
    let over = (new / allowed - 1.0) * 100.0;
    let (from, to) = f.window;
    let (zh_cost, en_cost) = CostCheck::words(cost, &unit);
    let (zh_habit, en_habit) = judged.habit.map_or_else(
        || (String::new(), String::new()),
        |h| {
            let (share, days) = (h.slope * 100.0, h.lag.abs());
            let (zh, en) = match h.lag {
                0 => ("同日".to_owned(), "on the same day".to_owned()),
                1.. => (format!("滞后 {days} 天"), format!("{days} days after it")),
                _ => (format!("提前 {days} 天"), format!("{days} days before it")),
            };
            (
                format!("（已按本店一向随市场涨跌的幅度 {share:.0}%、{zh}折算）"),
                format!(" (as this seller usually passes on {share:.0} % of the market's movement, {en})"),
            )
        },
    );
    let (zh_unit, en_unit) = (&unit.zh, &unit.en);
    Text::new(
        format!(
            "{from} 至 {to}（{n} 次观测），{product} 由此前的中位价约 {old:.2} {zh_unit}涨到中位价约 {new:.2} {zh_unit}；同地区同类商品同期行情下约为 {allowed:.2} {zh_unit}{zh_habit}，高出 {over:.0}%。{zh_cost}。"
        ),
        format!(
            "{from} to {to} ({n} observations): {product} rose from a median of about {old:.2} before to one of {new:.2} {en_unit}; the market's own movement would give about {allowed:.2}{en_habit}, so it stands {over:.0} % above; {en_cost}."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::{Quote, from_quotes};

    fn market(change: impl Fn(usize, i32) -> f64) -> Panel {
        let mut quotes = Vec::new();
        for seller in 0..12 {
            for day in 0..60 {
                let wobble = 1.0 + 0.01 * f64::from((seller as i32 * 7 + day / 9) % 4);
                let market = if day >= 30 { 1.3 } else { 1.0 };
                let price = 2.0 * wobble * market * change(seller, day);
                quotes.push(Quote::posted("广州市", "口罩", &format!("s{seller:02}"), Day(18262 + day), price));
            }
        }
        from_quotes(&quotes, &[])
    }

    fn flagged(panel: &Panel) -> Vec<usize> {
        let outcome = crate::detect::run(&SCREEN, panel, &Context { as_of: Day(20000), seed: 1 }, &Knobs::default());
        outcome.findings.iter().flat_map(|f| f.subject.series.clone()).collect()
    }

    /// The worked example of the page: everyone rises 30 %, one shop 60 % more.
    #[test]
    fn one_shop_above_the_market() {
        let panel = market(|s, d| if s == 3 && d >= 40 { 1.6 } else { 1.0 });
        let outcome = crate::detect::run(&SCREEN, &panel, &Context { as_of: Day(20000), seed: 1 }, &Knobs::default());
        assert_eq!(outcome.findings.len(), 1);
        let f = &outcome.findings[0];
        assert_eq!(f.subject.series, vec![3]);
        assert_eq!((f.steps[0].last_old, f.steps[0].first_new), (Day(18301), Day(18302)));
        assert!((f.measured - 60.0).abs() < 6.0, "{}", f.measured);
        assert_eq!(f.cost, CostExplained::Unknown);
    }

    #[test]
    fn near_misses() {
        assert_eq!(flagged(&market(|_, _| 1.0)), Vec::<usize>::new(), "all rise together");
        assert_eq!(flagged(&market(|s, d| if s == 3 && d >= 40 { 1.1 } else { 1.0 })), Vec::<usize>::new(), "a tenth");
        assert_eq!(
            flagged(&market(|s, d| if s == 3 && (40..43).contains(&d) { 1.6 } else { 1.0 })),
            Vec::<usize>::new(),
            "three days"
        );
        assert_eq!(
            flagged(&market(|s, d| if s == 3 && (20..28).contains(&d) { 0.6 } else { 1.0 })),
            Vec::<usize>::new(),
            "back from a sale"
        );
        assert_eq!(flagged(&market(|s, _| if s == 3 { 3.0 } else { 1.0 })), Vec::<usize>::new(), "always dear");
    }

    /// Two prices in February, the next in April, higher: a comparison of two periods, skipped with the reason.
    #[test]
    fn a_rise_that_cannot_be_dated_is_skipped() {
        let quotes: Vec<Quote> = (0..12)
            .flat_map(|s| (0..90).map(move |d| (s, d)))
            .filter(|(s, d)| *s != 3 || *d < 4 || *d >= 60)
            .map(|(s, d)| {
                let rise = if s == 3 && d >= 60 { 2.0 } else { 1.0 };
                Quote::posted("广州市", "口罩", &format!("s{s:02}"), Day(18262 + d), 2.0 * rise)
            })
            .collect();
        let outcome = crate::detect::run(
            &SCREEN,
            &from_quotes(&quotes, &[]),
            &Context { as_of: Day(20000), seed: 1 },
            &Knobs::default(),
        );
        assert_eq!(outcome.findings.len(), 0);
        assert!(outcome.skips.iter().any(|k| k.reason.en.contains("to date a rise") && k.subject.series == vec![3]));
    }

    /// Two days at the old price are no reference: the price "it rose from" would be one nobody charged.
    #[test]
    fn too_little_before_the_rise_is_skipped() {
        let quotes: Vec<Quote> = (0..12)
            .flat_map(|s| (0..40).map(move |d| (s, d)))
            .filter(|(s, d)| *s != 3 || *d >= 10)
            .map(|(s, d)| {
                Quote::posted(
                    "广州市",
                    "口罩",
                    &format!("s{s:02}"),
                    Day(18262 + d),
                    if s == 3 && d >= 12 { 4.0 } else { 2.0 },
                )
            })
            .collect();
        let outcome = crate::detect::run(
            &SCREEN,
            &from_quotes(&quotes, &[]),
            &Context { as_of: Day(20000), seed: 1 },
            &Knobs::default(),
        );
        assert_eq!(outcome.findings.len(), 0);
        assert!(outcome.skips.iter().any(|k| k.reason.en.contains("before the rise") && k.subject.series == vec![3]));
    }

    #[test]
    fn scaling_every_price_changes_nothing() {
        let base = market(|s, d| if s == 3 && d >= 40 { 1.6 } else { 1.0 });
        let scaled = market(|s, d| 7.3 * if s == 3 && d >= 40 { 1.6 } else { 1.0 });
        assert_eq!(flagged(&base), flagged(&scaled));
    }
}
