#![doc = include_str!("margin_widening.md")]

use std::collections::BTreeMap;

use crate::detect::parts::by_cell;
use crate::model::panel::PointsView;
use crate::model::*;
use crate::stats::robust::median;

const MIN_WIDENING: Param = Param {
    name: "min_widening",
    default: 0.15,
    unit: "margin rate",
    range: (0.01, 5.0),
    source: "15 %: 鄂市监竞争〔2020〕3号, Hainan 2020-01-28",
};
const MIN_PRICE_RISE: Param = Param {
    name: "min_price_rise",
    default: 0.05,
    unit: "share",
    range: (0.0, 2.0),
    source: "a margin that widens because cost fell is another matter",
};
const MIN_OVER_ALLOWED: Param = Param {
    name: "min_over_allowed",
    default: 0.12,
    unit: "share",
    range: (0.0, 2.0),
    source: "15 points on a margin of 25 %; on wide margins 15 points are a price change of menu size",
};
const MIN_OBSERVATIONS: Param = Param {
    name: "min_observations",
    default: 5.0,
    unit: "observation",
    range: (2.0, 60.0),
    source: "as sustained-excess",
};
const MIN_REFERENCE: Param = Param {
    name: "min_reference",
    default: 4.0,
    unit: "observation",
    range: (2.0, 60.0),
    source: "as sustained-excess",
};
const STOCK_DAYS: Param = Param {
    name: "stock_days",
    default: 21.0,
    unit: "day",
    range: (0.0, 120.0),
    source: "own choice: goods sold today were bought up to three weeks ago; the dearest of those days counts",
};

/// Fewest others whose margins say what the market did that day.
const PEERS: usize = 4;

/// The card.
pub const SCREEN: Screen = Screen {
    id: "margin-widening",
    kind: Kind::Gouging,
    title: ("进销差价扩大", "Margin widening"),
    page: include_str!("margin_widening.md"),
    params: &[MIN_WIDENING, MIN_PRICE_RISE, MIN_OVER_ALLOWED, MIN_OBSERVATIONS, MIN_REFERENCE, STOCK_DAYS],
    leads_alone: true,
    work: Work::ByParts(Parts { groups: by_cell, examine }),
};

/// One sale day: position, price, purchase cost that could lie behind it, margin rate on cost (顺加).
#[derive(Clone, Copy)]
struct Sale {
    at: usize,
    price: f64,
    cost: f64,
    rate: f64,
}

/// One cell.
fn examine(panel: &Panel, knobs: &Knobs) -> Part {
    let cell = &panel.cells[0];
    let peers = Peers::new(panel, cell, knobs.get(&STOCK_DAYS) as i32);
    let mut part = Part::default();
    for judged in cell.series.clone().map(|s| judge(panel, s, &peers, knobs)) {
        match judged {
            Ok(finding) => part.tested.push(Tested { p: None, told: finding.map(Ok) }),
            Err(skip) => part.skips.push(skip),
        }
    }
    part
}

/// Margin rates of a cell by day, sorted, with the entity of each.
struct Peers(BTreeMap<i32, Vec<(f64, u32)>>);

impl Peers {
    fn new(panel: &Panel, cell: &Cell, stock_days: i32) -> Peers {
        let mut days: BTreeMap<i32, Vec<(f64, u32)>> = BTreeMap::new();
        for series in panel.series[cell.series.clone()].iter().filter(|_| cell.comparable) {
            let (points, entity) = (panel.points(series), panel.entity(series));
            for sale in sales(&points, stock_days) {
                days.entry(points.day[sale.at]).or_default().push((sale.rate, entity));
            }
        }
        Peers(days)
    }

    /// Median rate of the others on a day; `None` with fewer than `PEERS` of them.
    fn others(&self, day: i32, entity: u32) -> Option<f64> {
        let rates: Vec<f64> = self.0.get(&day)?.iter().filter(|r| r.1 != entity).map(|r| r.0).collect();
        if rates.len() < PEERS { None } else { median(&rates) }
    }

    /// How much further the seller's rate moved than its peers' on the same days; `None` where too few are known.
    fn beyond(&self, days: &[i32], entity: u32, before: &[Sale], inside: &[Sale]) -> Option<f64> {
        let gap = |part: &[Sale]| {
            let gaps: Vec<f64> = part.iter().filter_map(|x| Some(x.rate - self.others(days[x.at], entity)?)).collect();
            if 2 * gaps.len() < part.len() { None } else { median(&gaps) }
        };
        Some(gap(inside)? - gap(before)?)
    }
}

fn judge(panel: &Panel, s: usize, peers: &Peers, knobs: &Knobs) -> Result<Option<Finding>, Skip> {
    let series = &panel.series[s];
    let subject = Subject::of(series.cell as usize, vec![s]);
    let skip = |zh: &str, en: &str| Skip { screen: SCREEN.id, subject: subject.clone(), reason: Text::new(zh, en) };
    let points = panel.points(series);
    let sales = sales(&points, knobs.get(&STOCK_DAYS) as i32);
    if sales.is_empty() {
        return Err(skip("没有本店进价记录", "no purchase cost of its own on record"));
    }
    let (len, least) = (knobs.get(&MIN_OBSERVATIONS) as usize, knobs.get(&MIN_REFERENCE) as usize);
    if sales.len() < len + least {
        return Err(skip("有进价的观测太少", "too few observations with a purchase cost"));
    }
    let windows = (least..=sales.len() - len).filter_map(|from| {
        let before = reference_rate(&sales[..from], len)?;
        let low = sales[from..from + len].iter().map(|x| x.rate).fold(f64::INFINITY, f64::min);
        Some((low - before, from))
    });
    let Some((widening, from)) = windows.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))) else {
        return Ok(None);
    };
    let (before, inside) = (&sales[..from], &sales[from..from + len]);
    let middle = |part: &[Sale], value: fn(&Sale) -> f64| {
        median(&part.iter().map(value).collect::<Vec<_>>()).unwrap_or(f64::NAN)
    };
    let (old, new) = (middle(before, |x| x.price), middle(inside, |x| x.price));
    let amounts = (middle(before, |x| x.price - x.cost), middle(inside, |x| x.price - x.cost));
    let rate = reference_rate(before, len).unwrap_or(0.0);
    let over_allowed = widening / (1.0 + rate);
    if widening < knobs.get(&MIN_WIDENING) || over_allowed < knobs.get(&MIN_OVER_ALLOWED) || amounts.1 <= amounts.0 {
        return Ok(None);
    }
    if new < old * (1.0 + knobs.get(&MIN_PRICE_RISE)) {
        return Err(skip(
            "差价率扩大来自进价下降，售价未涨",
            "the margin widened because cost fell; the price did not rise",
        ));
    }
    let beyond = peers.beyond(points.day, panel.entity(series), before, inside);
    if beyond.is_some_and(|b| b < knobs.get(&MIN_WIDENING)) {
        return Err(skip("同类的差价率也在扩大，本店未超出", "its peers' margins widened alike"));
    }
    Ok(Some(finding(panel, subject, &sales, from, widening, knobs)))
}

/// The margin rate a widening is measured from: the median of what came before, or the highest that already held for
/// `len` sales in a row, if that is more. A margin that only recovers what a cost shock took is no widening.
fn reference_rate(before: &[Sale], len: usize) -> Option<f64> {
    let rates: Vec<f64> = before.iter().map(|x| x.rate).collect();
    let held = rates.windows(len).map(|w| w.iter().copied().fold(f64::INFINITY, f64::min));
    Some(held.fold(median(&rates)?, f64::max))
}

fn sales(points: &PointsView<'_>, stock_days: i32) -> Vec<Sale> {
    let known = |i: usize| points.cost.get(i).copied().filter(|c| c.is_finite());
    (0..points.day.len())
        .filter_map(|at| {
            known(at)?;
            let from = points.day[..at].partition_point(|d| *d < points.day[at] - stock_days);
            let cost = (from..=at).filter_map(known).fold(0.0, f64::max);
            let price = points.price[at];
            Some(Sale { at, price, cost, rate: (price - cost) / cost })
        })
        .collect()
}

fn finding(panel: &Panel, subject: Subject, sales: &[Sale], from: usize, widening: f64, knobs: &Knobs) -> Finding {
    let s = subject.series[0];
    let (series, points) = (&panel.series[s], panel.points(&panel.series[s]));
    let unit = panel.price_unit(&panel.cells[series.cell as usize]).zh;
    let before = &sales[..from];
    let rate = reference_rate(before, knobs.get(&MIN_OBSERVATIONS) as usize).unwrap_or(f64::NAN);
    let end = sales[from..].iter().position(|x| x.rate < rate + widening / 2.0).map_or(sales.len(), |i| from + i);
    let inside = &sales[from..end];
    let middle = |part: &[Sale], value: fn(&Sale) -> f64| median(&part.iter().map(value).collect::<Vec<_>>());
    let (old, new) = (middle(before, |x| x.price), middle(inside, |x| x.price));
    let (new_rate, last) = (middle(inside, |x| x.rate).unwrap_or(f64::NAN), inside[inside.len() - 1].at);
    let (previous, first) = (before[before.len() - 1].at, inside[0].at);
    let quantity = |x: &Sale| points.quantity.get(x.at).copied().filter(|q| q.is_finite());
    let amounts: Vec<f64> =
        inside.iter().filter_map(|x| Some((x.price - x.cost * (1.0 + rate)).max(0.0) * quantity(x)?)).collect();
    let excess = (!amounts.is_empty()).then(|| amounts.iter().sum());
    let window = (Day(points.day[first]), Day(points.day[last]));
    let product = &panel.items[series.item as usize].product;
    let note = |at: usize, zh: &str, en: &str| RowNote { row: points.row[at], role: Text::new(zh, en) };
    Finding {
        screen: SCREEN.id,
        kind: Kind::Gouging,
        subject,
        window,
        measured: widening * 100.0,
        threshold: knobs.get(&MIN_WIDENING) * 100.0,
        unit: "%".into(),
        p_value: None,
        p_floor: None,
        q_value: None,
        tested: 0,
        reference_price: old,
        observed_price: new,
        excess_amount: excess,
        cost: CostExplained::Unexplained,
        steps: vec![Step {
            series: s,
            last_old: Day(points.day[previous]),
            first_new: window.0,
            old: points.price[previous],
            new: points.price[first],
            episode: 0,
        }],
        expected: sales.iter().map(|x| (Day(points.day[x.at]), x.cost * (1.0 + rate))).collect(),
        basis: "国市监竞争〔2020〕21号 五(三): 进销差价率 against the last before; 鄂市监竞争〔2020〕3号: 15 %".into(),
        rule: None,
        sheet: None,
        strips: Vec::new(),
        innocent: Vec::new(),
        party: None,
        facts: vec![
            ("margin_rate_before", rate * 100.0, "%".into()),
            ("margin_rate_in_window", new_rate * 100.0, "%".into()),
            ("lowest_widening_in_window", widening * 100.0, "%".into()),
            ("reference_price", old.unwrap_or(f64::NAN), unit.clone()),
            ("observed_price", new.unwrap_or(f64::NAN), unit),
            ("observations_in_window", inside.len() as f64, String::new()),
        ],
        reason: Text::new(
            format!(
                "{} 至 {}，{product} 的进销差价率（按进价计）由约 {:.0}% 扩大到约 {:.0}%，售价涨幅超过进价涨幅；进价取售出前三周内最高者。",
                window.0,
                window.1,
                rate * 100.0,
                new_rate * 100.0
            ),
            format!(
                "{} to {}: the margin rate on cost of {product} widened from about {:.0} % to {:.0} %: the price rose by more than the purchase cost (the dearest purchase of the three weeks before counts).",
                window.0,
                window.1,
                rate * 100.0,
                new_rate * 100.0
            ),
        ),
        rows: vec![
            note(previous, "扩大前最后一笔", "last row before the widening"),
            note(first, "扩大后第一笔", "first row after the widening"),
            note(last, "窗口最后一笔", "last row of the window"),
        ],
        score: widening / 0.05,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::{Quote, from_quotes};

    fn outcome(price: impl Fn(i32) -> f64, cost: impl Fn(i32) -> Option<f64>) -> Outcome {
        let quotes: Vec<Quote> = (0..40)
            .map(|d| Quote {
                quantity: Some(10.0),
                cost: cost(d),
                ..Quote::posted("武汉市", "口罩", "a", Day(18262 + d), price(d))
            })
            .collect();
        crate::detect::run(
            &SCREEN,
            &from_quotes(&quotes, &[]),
            &Context { as_of: Day(20000), seed: 1 },
            &Knobs::default(),
        )
    }

    /// The worked example of the page: cost 1.00 → 1.20, price 1.20 → 1.80, rate 20 % → 50 %.
    #[test]
    fn margin_from_twenty_to_fifty_percent() {
        let found = outcome(|d| if d < 20 { 1.2 } else { 1.8 }, |d| Some(if d < 20 { 1.0 } else { 1.2 }));
        let f = &found.findings[0];
        assert!((f.measured - 30.0).abs() < 1e-9);
        assert_eq!(f.window, (Day(18282), Day(18301)));
        assert!((f.excess_amount.unwrap() - 20.0 * 10.0 * (1.8 - 1.2 * 1.2)).abs() < 1e-9, "72 yuan");
    }

    /// Cost doubles, the price lags, cost falls back: the old margin returns and is no widening.
    #[test]
    fn a_margin_that_recovers_is_no_widening() {
        let price = |d: i32| if d < 12 { 2.0 } else { 2.6 };
        let cost = |d: i32| Some(if (8..30).contains(&d) { 2.0 } else { 1.3 });
        let slight = outcome(price, |d| Some(cost(d)? * if d < 30 { 1.0 } else { 1.2 }));
        assert!(slight.findings.is_empty(), "67 % again after 54 % and 30 %");
    }

    #[test]
    fn near_misses_and_skips() {
        assert!(
            outcome(|d| if d < 20 { 1.2 } else { 1.8 }, |d| Some(if d < 20 { 1.0 } else { 1.5 })).findings.is_empty(),
            "cost rose alike"
        );
        assert!(outcome(|d| if d < 20 { 1.2 } else { 1.3 }, |_| Some(1.0)).findings.is_empty(), "ten points");
        assert!(
            outcome(|d| if (20..23).contains(&d) { 1.8 } else { 1.2 }, |_| Some(1.0)).findings.is_empty(),
            "three days"
        );
        let fell = outcome(|_| 1.2, |d| Some(if d < 10 { 1.0 } else { 0.6 }));
        assert!(fell.findings.is_empty() && fell.skips[0].reason.en.contains("cost fell"));
        let unknown = outcome(|_| 1.2, |_| None);
        assert!(unknown.examined == 0 && unknown.skips[0].reason.en.contains("no purchase cost"));
    }
}
