#![doc = include_str!("dated_step.md")]

use std::collections::{BTreeMap, BTreeSet};

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::window::{CostCheck, cost_check, excess_amount, explained_by_cost, perhaps_a_sale, rise_rows};
use crate::detect::relative::Market;
use crate::model::*;
use crate::stats::robust::{mad_sigma, median};
use crate::stats::segment::change_points_at;

const MIN_STEP: Param = Param {
    name: "min_step",
    default: 0.15,
    unit: "log",
    range: (0.02, 2.0),
    source: "as sustained-excess: 15 % was the local bar of 2020 (鄂市监竞争〔2020〕3号)",
};
const MIN_AFTER: Param = Param {
    name: "min_after",
    default: 5.0,
    unit: "observation",
    range: (3.0, 60.0),
    source: "own choice: a working week of observations",
};
const MIN_BEFORE: Param = Param {
    name: "min_before",
    default: 5.0,
    unit: "observation",
    range: (3.0, 60.0),
    source: "fewest observations whose level bears two outliers",
};
const MAX_GAP: Param =
    Param { name: "max_gap", default: 31.0, unit: "day", range: (1.0, 366.0), source: "as sustained-excess" };
const MIN_ENTITIES: Param = Param {
    name: "min_entities",
    default: 5.0,
    unit: "entity",
    range: (3.0, 100.0),
    source: "as sustained-excess: with fewer, its own history (and cost) is all there is to compare with",
};
const MAX_Q: Param =
    Param { name: "max_q", default: 0.05, unit: "share", range: (0.0001, 0.5), source: "Benjamini & Hochberg 1995" };
/// Shortest segment, and the noise floor of a price that stands still (menu costs and rounding).
const MIN_SEGMENT: usize = 3;
const NOISE_FLOOR: f64 = 0.01;
/// Spread of peers' steps below which differences are menu costs; tail as in sustained-excess.
const SCALE_FLOOR: f64 = 0.03;
const TAIL_DF: f64 = 8.0;

/// The card.
pub const SCREEN: Screen = Screen {
    id: "dated-step",
    kind: Kind::Gouging,
    title: ("可定日期的台阶式涨价", "Dated step"),
    page: include_str!("dated_step.md"),
    params: &[MIN_STEP, MIN_AFTER, MIN_BEFORE, MAX_GAP, MIN_ENTITIES, MAX_Q],
    leads_alone: true,
    work: Work::ByParts(Parts { groups, examine }),
};

/// The largest lasting step of one series.
struct Rise {
    series: usize,
    /// (position in the series' points, market, price relative to it); market is 0 where nobody else sells.
    path: Vec<(usize, f64, f64)>,
    /// First observation at the new level, and one past its last, in `path`.
    from: usize,
    to: usize,
    /// Level before, relative log price.
    reference: f64,
    /// Log size of the dated step; 0 where the series has none up.
    size: f64,
    /// The statistic: how far the whole run stands above what came before it.
    most: f64,
}

/// What the steps of a cell are measured against.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Against {
    /// Enough peers in the cell.
    Peers,
    /// Too few there: all sellers of the good, in other regions, packs and units too.
    Elsewhere,
    /// Too few anywhere: own history alone.
    OwnHistory,
}

/// Each cell by itself where all cells of the good have peers enough, else the cells of the good together.
fn groups(panel: &Panel, knobs: &Knobs) -> Vec<Vec<usize>> {
    let mut goods: BTreeMap<(Basis, &str), Vec<usize>> = BTreeMap::new();
    for (c, cell) in panel.cells.iter().enumerate() {
        goods.entry((cell.basis, &cell.product)).or_default().push(c);
    }
    let alone = |c: &usize| rich(panel, &panel.cells[*c], knobs);
    let split = |cells: Vec<usize>| match cells.iter().all(alone) {
        true => cells.into_iter().map(|c| vec![c]).collect(),
        false => vec![cells],
    };
    goods.into_values().flat_map(split).collect()
}

/// Whether a cell has peers enough of its own.
fn rich(panel: &Panel, cell: &Cell, knobs: &Knobs) -> bool {
    let entities: BTreeSet<u32> = panel.series[cell.series.clone()].iter().map(|s| panel.entity(s)).collect();
    cell.comparable && entities.len() >= knobs.get(&MIN_ENTITIES) as usize
}

/// Cells of one good and price type.
fn examine(panel: &Panel, knobs: &Knobs) -> Part {
    let cells: Vec<usize> = (0..panel.cells.len()).collect();
    let (judged, skips) = compare(panel, &cells, knobs);
    let test = |Judged { against, rise, z }: &Judged| {
        let p = z.map(tail);
        let stands_out = rise.size >= knobs.get(&MIN_STEP) && p.is_none_or(|p| p <= knobs.get(&MAX_Q));
        Tested { p, told: stands_out.then(|| finding(panel, rise, *against, knobs, *z)) }
    };
    Part { tested: judged.iter().map(test).collect(), skips }
}

/// A rise, what it was measured against, and its robust z among the steps of peers, if there are enough.
struct Judged {
    against: Against,
    rise: Rise,
    z: Option<f64>,
}

fn compare(panel: &Panel, cells: &[usize], knobs: &Knobs) -> (Vec<Judged>, Vec<Skip>) {
    let least = knobs.get(&MIN_ENTITIES) as usize;
    let own: Vec<Market<'_>> = cells.iter().map(|&c| Market::new(panel, &panel.cells[c])).collect();
    let rich = |i: usize| rich(panel, &panel.cells[cells[i]], knobs);
    let all: Vec<&Cell> = cells.iter().map(|&c| &panel.cells[c]).collect();
    let pooled = (0..cells.len()).any(|i| !rich(i)).then(|| Market::pooled(panel, &all));
    let pooled = pooled.filter(|m| m.entities >= least);
    let (mut rises, mut skips) = (Vec::new(), Vec::new());
    for (i, &c) in cells.iter().enumerate() {
        let (against, market) = match &pooled {
            _ if rich(i) => (Against::Peers, Some(&own[i])),
            Some(market) => (Against::Elsewhere, Some(market)),
            None => (Against::OwnHistory, None),
        };
        for s in panel.cells[c].series.clone() {
            match rise(panel, s, market, knobs) {
                Ok(rise) => rises.push((i, against, rise)),
                Err(reason) => {
                    skips.push(Skip { screen: SCREEN.id, subject: Subject::of(c, vec![s]), reason });
                }
            }
        }
    }
    let z_in_cell: Vec<_> =
        (0..cells.len()).map(|i| scale(rises.iter().filter(|r| r.0 == i).map(|r| r.2.most))).collect();
    let z_of_good = scale(rises.iter().map(|r| r.2.most));
    let judged = rises.into_iter().map(|(i, against, rise)| {
        let z = match against {
            Against::Peers => Some(z_in_cell[i]),
            Against::Elsewhere => Some(z_of_good),
            Against::OwnHistory => None,
        };
        Judged { z: z.map(|(centre, spread)| (rise.most - centre) / spread), against, rise }
    });
    (judged.collect(), skips)
}

/// Median and robust spread of the steps of peers.
fn scale(sizes: impl Iterator<Item = f64>) -> (f64, f64) {
    let sizes: Vec<f64> = sizes.collect();
    let spread = mad_sigma(&sizes).unwrap_or(SCALE_FLOOR).max(SCALE_FLOOR);
    (median(&sizes).unwrap_or(0.0), spread)
}

fn rise(panel: &Panel, s: usize, market: Option<&Market<'_>>, knobs: &Knobs) -> Result<Rise, Text> {
    if panel.sellers[panel.series[s].seller as usize].marketplace {
        return Err(Text::new(
            "平台名下有许多店铺，不是一个经营者",
            "a marketplace hosts many shops and is not one seller",
        ));
    }
    let alone = || panel.points(&panel.series[s]).price.iter().enumerate().map(|(i, p)| (i, 0.0, p.ln())).collect();
    let path: Vec<(usize, f64, f64)> = market.map_or_else(alone, |m| m.relative(s));
    if (path.len() as f64) < knobs.get(&MIN_BEFORE) + knobs.get(&MIN_AFTER) {
        return Err(Text::new("观测太少，分不出台阶", "too few observations for a step"));
    }
    Ok(largest(s, path, knobs))
}

fn tail(z: f64) -> f64 {
    StudentsT::new(0.0, 1.0, TAIL_DF).map_or(1.0, |t| t.sf(z))
}

/// The run of segments that stands highest above the median of all that came before it, dated by its largest jump.
fn largest(series: usize, path: Vec<(usize, f64, f64)>, knobs: &Knobs) -> Rise {
    let x: Vec<f64> = path.iter().map(|o| o.2).collect();
    let (before, after) = (knobs.get(&MIN_BEFORE) as usize, knobs.get(&MIN_AFTER) as usize);
    let middle = |from: usize, to: usize| median(&x[from..to]).unwrap_or(0.0);
    let mut bounds = change_points_at(&x, MIN_SEGMENT, noise(&x));
    bounds.push(x.len());
    let mut best = Rise { series, path, from: 0, to: 0, reference: 0.0, size: 0.0, most: 0.0 };
    for k in 0..bounds.len() - 1 {
        let from = bounds[k];
        let reference = middle(0, from);
        // Later segments belong to the rise while they stay above half of it.
        let mut end = k + 1;
        while end + 1 < bounds.len()
            && middle(bounds[end], bounds[end + 1]) - reference >= (middle(from, bounds[end]) - reference) / 2.0
        {
            end += 1;
        }
        let most = middle(from, bounds[end]) - reference;
        if from < before || bounds[end] - from < after || most <= best.most {
            continue;
        }
        let start = |j: usize| if j == 0 { 0 } else { bounds[j - 1] };
        let jump = |j: &usize| middle(bounds[*j], bounds[j + 1]) - middle(start(*j), bounds[*j]);
        let dated = (k..end).filter(|j| bounds[end] - bounds[*j] >= after);
        let at = dated.max_by(|a, b| jump(a).total_cmp(&jump(b)).then(b.cmp(a))).map_or(from, |j| bounds[j]);
        let reference = middle(0, at);
        (best.from, best.to, best.reference, best.most) = (at, bounds[end], reference, most);
        best.size = middle(at, bounds[end]) - reference;
    }
    best
}

/// σ from the median absolute first difference, zeros included: in a sticky price every change that lasts is a
/// step, and only a price that moves most days has noise.
fn noise(x: &[f64]) -> f64 {
    let steps: Vec<f64> = x.windows(2).map(|w| (w[1] - w[0]).abs()).collect();
    (1.4826 * median(&steps).unwrap_or(0.0) / std::f64::consts::SQRT_2).max(NOISE_FLOOR)
}

fn finding(panel: &Panel, rise: &Rise, against: Against, knobs: &Knobs, z: Option<f64>) -> Result<Finding, Skip> {
    let series = &panel.series[rise.series];
    let (cell, points) = (&panel.cells[series.cell as usize], panel.points(series));
    let subject = Subject::of(series.cell as usize, vec![rise.series]);
    let at = |part: &[(usize, f64, f64)]| part.iter().map(|o| o.0).collect::<Vec<_>>();
    let (before, inside) = (at(&rise.path[..rise.from]), at(&rise.path[rise.from..rise.to]));
    let (old, first, last) = (before[before.len() - 1], inside[0], inside[inside.len() - 1]);
    let fail = |reason| Err(Skip { screen: SCREEN.id, subject: subject.clone(), reason });
    if f64::from(points.day[first] - points.day[old]) > knobs.get(&MAX_GAP) {
        return fail(Text::new(
            "涨价前后隔得太久，日期不明",
            "too long between the old price and the new to date a rise",
        ));
    }
    if points.price[first] <= points.price[old] {
        return fail(Text::new(
            "同类跌价而本店未跌，本店没有涨价",
            "its peers fell and it did not: its own price did not rise",
        ));
    }
    // As sustained-excess has it: coming back to the level it opened at is no rise.
    let opening: Vec<f64> = rise.path[..knobs.get(&MIN_BEFORE) as usize].iter().map(|o| o.2).collect();
    if median(&opening).is_some_and(|level| rise.reference + rise.size - level < knobs.get(&MIN_STEP)) {
        return fail(Text::new("回到最初的价格水平，不是涨价", "back to the level it opened at: no rise"));
    }
    if let Some(reason) = perhaps_a_sale(&points, first, rise.size) {
        return fail(reason);
    }
    let check = cost_check(cell, &points, &before, &inside);
    let cost = CostCheck::state(check.as_ref());
    if cost == CostExplained::Explained {
        return fail(explained_by_cost(&points));
    }
    let allowed = |o: &(usize, f64, f64)| (rise.reference + o.1).exp();
    let expected: Vec<(Day, f64)> = rise.path.iter().map(|o| (Day(points.day[o.0]), allowed(o))).collect();
    let by_position: BTreeMap<usize, f64> = rise.path.iter().map(|o| (o.0, allowed(o))).collect();
    let price = |part: &[usize]| median(&part.iter().map(|&i| points.price[i]).collect::<Vec<_>>());
    let (old_price, new_price) = (price(&before), price(&inside));
    let measured = (rise.size.exp() - 1.0) * 100.0;
    let unit = panel.price_unit(cell).zh;
    let step = Step {
        series: rise.series,
        last_old: Day(points.day[old]),
        first_new: Day(points.day[first]),
        old: points.price[old],
        new: points.price[first],
        episode: 0,
    };
    Ok(Finding {
        screen: SCREEN.id,
        kind: Kind::Gouging,
        window: (step.first_new, Day(points.day[last])),
        measured,
        threshold: (knobs.get(&MIN_STEP).exp() - 1.0) * 100.0,
        unit: "%".into(),
        p_value: None,
        p_floor: None,
        q_value: None,
        tested: 0,
        reference_price: old_price,
        observed_price: new_price,
        excess_amount: excess_amount(&points, &inside, |i| by_position.get(&i).copied()),
        cost,
        steps: vec![step],
        expected,
        basis: "exact segmentation (Jackson et al. 2005); dated between the last old price and the first new one"
            .into(),
        rule: None,
        sheet: None,
        strips: Vec::new(),
        innocent: Vec::new(),
        party: None,
        facts: vec![
            ("reference_price", old_price.unwrap_or(f64::NAN), unit.clone()),
            ("observed_price", new_price.unwrap_or(f64::NAN), unit.clone()),
            ("step", measured, "%".into()),
            ("days_between_old_and_new", f64::from(step.first_new.0 - step.last_old.0), "day".into()),
            ("observations_before", before.len() as f64, String::new()),
            ("observations_in_window", inside.len() as f64, String::new()),
        ]
        .into_iter()
        .chain(check.iter().flat_map(|c| c.facts(&unit)))
        .collect(),
        reason: reason(panel, rise.series, &step, [old_price, new_price], measured, against, check.as_ref()),
        rows: rise_rows(&points, old, first, last),
        score: z.unwrap_or(rise.size / knobs.get(&MIN_STEP)),
        subject,
    })
}

/// Two prices about ten times apart are as likely another pack or a slip of the pen.
fn tenfold_note(step: &Step) -> (&'static str, &'static str) {
    if (8.0..=12.5).contains(&(step.new / step.old)) {
        return (
            "相邻两价相差约十倍，请先核对包装数量和录入。",
            " The two prices are about ten times apart: check the pack and the entry first.",
        );
    }
    ("", "")
}

fn reason(
    panel: &Panel,
    s: usize,
    step: &Step,
    middles: [Option<f64>; 2],
    measured: f64,
    against: Against,
    cost: Option<&CostCheck>,
) -> Text {
    let series = &panel.series[s];
    let product = &panel.items[series.item as usize].product;
    let unit = panel.price_unit(&panel.cells[series.cell as usize]);
    let (zh_against, en_against) = match against {
        Against::Peers => ("扣除同类市场涨跌后", "net of the market of its peers"),
        Against::Elsewhere => {
            ("当地同类太少，扣除各地同类商品的涨跌后", "net of the good's movement elsewhere, as too few sell it there")
        }
        Against::OwnHistory => {
            ("没有足够的同类可比，只与自身以往相比，", "against its own past only, as too few others sell the good")
        }
    };
    let (zh_cost, en_cost) = CostCheck::words(cost, &unit);
    let (zh_note, en_note) = tenfold_note(step);
    let (from, to, [old, new]) = (step.last_old, step.first_new, middles.map(|m| m.unwrap_or(f64::NAN)));
    Text::new(
        format!(
            "{product} 在 {from} 之后、不迟于 {to} 涨价，由约 {old:.2} {}涨到约 {new:.2} {}（前后的中位价）；{zh_against}比以往水平高约 {measured:.0}% 并持续。{zh_cost}。{zh_note}",
            unit.zh, unit.zh
        ),
        format!(
            "{product} rose after {from} and not later than {to}, from about {old:.2} to {new:.2} {} (medians before and after); {en_against}, it stays about {measured:.0} % above its former level; {en_cost}.{en_note}",
            unit.en
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::{Quote, from_quotes};

    fn outcome(sellers: usize, price: impl Fn(usize, i32) -> f64, cost: impl Fn(i32) -> Option<f64>) -> Outcome {
        let mut quotes = Vec::new();
        for s in 0..sellers {
            for d in 0..60 {
                let own = price(s, d) * (2.0 + 0.05 * s as f64);
                let q = Quote::posted("广州市", "口罩", &format!("s{s:02}"), Day(18262 + d), own);
                quotes.push(Quote { cost: cost(d), ..q });
            }
        }
        crate::detect::run(
            &SCREEN,
            &from_quotes(&quotes, &[]),
            &Context { as_of: Day(20000), seed: 1 },
            &Knobs::default(),
        )
    }

    /// The worked example of the page: 2.00 until 30 January, 3.00 from the 31st, nobody else sells.
    #[test]
    fn the_only_seller_is_measured_against_its_own_past() {
        let found = outcome(1, |_, d| if d >= 30 { 1.5 } else { 1.0 }, |_| None);
        let f = &found.findings[0];
        assert!((f.measured - 50.0).abs() < 1e-9, "{}", f.measured);
        assert_eq!((f.steps[0].last_old, f.steps[0].first_new), (Day(18291), Day(18292)));
        assert_eq!((f.p_value, f.cost), (None, CostExplained::Unknown));
        assert!(f.reason.zh.contains("只与自身以往相比"));
    }

    #[test]
    fn peers_take_out_what_the_market_did() {
        let market = |d: i32| if d >= 20 { 1.3 } else { 1.0 };
        let rise = |s: usize, d: i32| market(d) * if s == 2 && d >= 40 { 1.4 } else { 1.0 };
        for sellers in [6, 12] {
            let found = outcome(sellers, rise, |_| None);
            assert_eq!(found.findings.len(), 1, "{sellers}");
            assert_eq!(found.findings[0].subject.series, vec![2]);
            assert!(found.findings[0].q_value.is_some());
        }
    }

    /// Three shops here, nine in another region: a rise in both is the good's, a rise in one is the shop's.
    #[test]
    fn other_regions_stand_in_for_missing_peers() {
        let panel = |own: f64| {
            let mut quotes = Vec::new();
            for s in 0..12 {
                for d in 0..60 {
                    let region = if s < 3 { "甲县" } else { "乙市" };
                    let rise = if d >= 30 { 1.4 } else { 1.0 } * if s == 1 && d >= 40 { own } else { 1.0 };
                    quotes.push(Quote::posted(region, "口罩", &format!("s{s:02}"), Day(18262 + d), 2.0 * rise));
                }
            }
            from_quotes(&quotes, &[])
        };
        let found = |own| {
            crate::detect::run(&SCREEN, &panel(own), &Context { as_of: Day(20000), seed: 1 }, &Knobs::default())
                .findings
        };
        assert!(found(1.0).is_empty());
        let one = found(1.5);
        assert_eq!(one.len(), 1);
        assert!(one[0].reason.en.contains("elsewhere") && (one[0].measured - 50.0).abs() < 1.0);
    }

    #[test]
    fn near_misses() {
        let none = |price: &dyn Fn(usize, i32) -> f64, why: &str| {
            for sellers in [1, 12] {
                assert_eq!(outcome(sellers, price, |_| None).findings.len(), 0, "{why}, {sellers} sellers");
            }
        };
        none(&|_, _| 1.0, "flat");
        none(&|s, d| if s == 0 && d >= 30 { 1.1 } else { 1.0 }, "a tenth");
        none(&|s, d| if s == 0 && (30..34).contains(&d) { 1.6 } else { 1.0 }, "four days");
        none(&|s, d| if s == 0 && (20..28).contains(&d) { 0.6 } else { 1.0 }, "back from a sale");
        none(&|s, d| if s == 0 && d >= 56 { 1.6 } else { 1.0 }, "too recent: four observations");
    }

    #[test]
    fn a_rise_of_cost_is_a_skip_with_its_reason() {
        let found = outcome(1, |_, d| if d >= 30 { 1.5 } else { 1.0 }, |d| Some(if d >= 30 { 2.1 } else { 1.0 }));
        assert_eq!(found.findings.len(), 0);
        assert!(found.skips[0].reason.en.contains("purchase cost"));
    }
}
