#![doc = include_str!("market_rise.md")]

use rayon::prelude::*;

use crate::model::*;
use crate::stats::robust::quantile_mut;
use crate::stats::segment::change_points;

const MIN_RISE: Param = Param {
    name: "min_rise",
    default: 0.10,
    unit: "log",
    range: (0.02, 2.0),
    source: "a tenth: the bar of most dated price rules (datasets/statutes)",
};
const JOIN_DAYS: Param = Param {
    name: "join_days",
    default: 21.0,
    unit: "day",
    range: (1.0, 90.0),
    source: "own choice: a rise of cost reaches prices within three weeks",
};
const MIN_FOR_LEVEL: Param = Param {
    name: "min_for_level",
    default: 20.0,
    unit: "series",
    range: (10.0, 1000.0),
    source: "fewest prices a day whose plain median does not follow single entries",
};
const MIN_SELLERS: Param =
    Param { name: "min_sellers", default: 5.0, unit: "series", range: (3.0, 100.0), source: "as sustained-excess" };
/// Days of a segment, and the noise floor of an index that stands still most days.
const MIN_SEGMENT_DAYS: usize = 3;
const NOISE_FLOOR: f64 = 0.01;

/// The card.
pub const SCREEN: Screen = Screen {
    id: "market-rise",
    kind: Kind::MarketEvent,
    title: ("全市场上涨", "Market-wide rise"),
    page: include_str!("market_rise.md"),
    params: &[MIN_RISE, JOIN_DAYS, MIN_SELLERS, MIN_FOR_LEVEL],
    leads_alone: false,
    work: Work::Whole(run),
};

fn run(panel: &Panel, _context: &Context, knobs: &Knobs) -> Outcome {
    let found: Vec<Result<Vec<Finding>, Skip>> =
        panel.cells.par_iter().enumerate().map(|(c, cell)| examine(panel, c, cell, knobs)).collect();
    let mut outcome = Outcome::default();
    for result in found {
        match result {
            Ok(findings) => {
                outcome.examined += 1;
                outcome.findings.extend(findings);
            }
            Err(skip) => outcome.skips.push(skip),
        }
    }
    outcome
}

fn examine(panel: &Panel, c: usize, cell: &Cell, knobs: &Knobs) -> Result<Vec<Finding>, Skip> {
    let subject = Subject::of(c, Vec::new());
    let series = &panel.series[cell.series.clone()];
    if (series.len() as f64) < knobs.get(&MIN_SELLERS) || !cell.comparable {
        let reason = Text::new("同类价格序列太少", "too few comparable price series");
        return Err(Skip { screen: SCREEN.id, subject, reason });
    }
    // Days on which few sellers were seen say little about the market.
    let most = cell.market.iter().map(|d| d.n).max().unwrap_or(0);
    let days: Vec<&MarketDay> = cell.market.iter().filter(|d| 4 * d.n >= most.min(20)).collect();
    let index: Vec<f64> = days.iter().map(|d| d.index).collect();
    let found = events(panel, cell, &subject, &days, &index, false, knobs);
    if !found.is_empty() || f64::from(most) < knobs.get(&MIN_FOR_LEVEL) {
        return Ok(found);
    }
    // Where listings come and go, each at its own price, the rise is in the mix and not in any one listing.
    let days: Vec<&MarketDay> = days.into_iter().filter(|d| f64::from(d.n) >= knobs.get(&MIN_FOR_LEVEL)).collect();
    let level: Vec<f64> = days.iter().map(|d| d.median.ln()).collect();
    Ok(events(panel, cell, &subject, &days, &level, true, knobs))
}

fn events(
    panel: &Panel,
    cell: &Cell,
    subject: &Subject,
    days: &[&MarketDay],
    index: &[f64],
    of_level: bool,
    knobs: &Knobs,
) -> Vec<Finding> {
    let mut bounds = vec![0];
    bounds.extend(change_points(index, MIN_SEGMENT_DAYS, NOISE_FLOOR));
    bounds.push(index.len());
    let level = |k: usize| index[bounds[k]..bounds[k + 1]].iter().sum::<f64>() / (bounds[k + 1] - bounds[k]) as f64;
    let mut findings = Vec::new();
    let mut k = 1;
    while k + 1 < bounds.len() {
        let start = k;
        let near = |k: usize| f64::from(days[bounds[k]].day.0 - days[bounds[k - 1]].day.0) <= knobs.get(&JOIN_DAYS);
        while k + 1 < bounds.len() && level(k) > level(k - 1) && (k == start || near(k)) {
            k += 1;
        }
        if k > start {
            let rise = level(k - 1) - level(start - 1);
            if rise >= knobs.get(&MIN_RISE) {
                let (before, after) = (days[bounds[start] - 1].day, days[bounds[k - 1]].day);
                findings.push(event(
                    panel,
                    cell,
                    subject.clone(),
                    (rise, of_level),
                    (before, after),
                    days[bounds[k] - 1].day,
                    knobs,
                ));
            }
        } else {
            k += 1;
        }
    }
    findings
}

fn event(
    panel: &Panel,
    cell: &Cell,
    subject: Subject,
    (rise, of_level): (f64, bool),
    window: (Day, Day),
    until: Day,
    knobs: &Knobs,
) -> Finding {
    let price_near = |s: &Series, day: Day, back: bool| {
        let p = panel.points(s);
        let at = p.day.partition_point(|d| *d <= day.0);
        let i = if back { at.checked_sub(1)? } else { at.min(p.day.len() - 1) };
        ((p.day[i] - day.0).abs() <= 14).then(|| p.price[i])
    };
    let pairs: Vec<(f64, f64)> = panel.series[cell.series.clone()]
        .iter()
        .filter_map(|s| Some((price_near(s, window.0, true)?, price_near(s, window.1, false)?)))
        .collect();
    let rising = pairs.iter().filter(|(old, new)| new > old).count();
    let mut changes: Vec<f64> = pairs.iter().map(|(old, new)| (new / old - 1.0) * 100.0).collect();
    let quarter = |changes: &mut [f64], q: f64| quantile_mut(changes, q).unwrap_or(f64::NAN);
    let (low, high) = (quarter(&mut changes, 0.25), quarter(&mut changes, 0.75));
    let percent = (rise.exp() - 1.0) * 100.0;
    let (region, label) = (if cell.region.is_empty() { "" } else { &cell.region }, &cell.label);
    let (from, to) = window;
    let (zh_how, en_how) = if of_level {
        ("（当日在售价格的中位数，含新上架）", " (the median of prices on offer, new listings included)")
    } else {
        ("", "")
    };
    let reason = Text::new(
        format!(
            "{region}{} 全市场行情在 {from} 至 {to} 间上涨约 {percent:.0}%{zh_how}，可比的 {} 个序列中 {rising} 个上涨（中间一半的涨幅在 {low:.0}% 至 {high:.0}% 之间），水平维持到 {until}。全市场共同上涨不作为单个经营者的线索。",
            label.zh,
            pairs.len()
        ),
        format!(
            "{region} {}: the whole market rose by about {percent:.0} %{en_how} between {from} and {to}; {rising} of {} comparable series rose, the middle half of them by {low:.0} to {high:.0} %; the level held until {until}. A rise everyone shares is not a lead against any one seller.",
            label.en,
            pairs.len()
        ),
    );
    let on = |day: Day| cell.market.iter().find(|d| d.day == day).map(|d| d.median);
    Finding {
        screen: SCREEN.id,
        kind: Kind::MarketEvent,
        subject,
        window,
        measured: percent,
        threshold: (knobs.get(&MIN_RISE).exp() - 1.0) * 100.0,
        unit: "%".into(),
        p_value: None,
        p_floor: None,
        q_value: None,
        tested: 0,
        reference_price: on(from),
        observed_price: on(to),
        excess_amount: None,
        cost: CostExplained::Unknown,
        steps: Vec::new(),
        expected: Vec::new(),
        basis: "exact segmentation (Jackson et al. 2005) of the market's index".into(),
        rule: None,
        sheet: None,
        strips: Vec::new(),
        innocent: Vec::new(),
        party: None,
        facts: vec![
            ("rise", percent, "%".into()),
            ("series_compared", pairs.len() as f64, String::new()),
            ("series_rising", rising as f64, String::new()),
        ],
        reason,
        rows: Vec::new(),
        score: rise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::{Quote, from_quotes};

    fn events(change: impl Fn(i32) -> f64) -> Vec<Finding> {
        let mut quotes = Vec::new();
        for seller in 0..8 {
            for day in 0..60 {
                let price = (2.0 + 0.1 * f64::from(seller)) * change(day + seller / 4);
                quotes.push(Quote::posted("广州市", "口罩", &format!("s{seller}"), Day(18262 + day), price));
            }
        }
        let panel = from_quotes(&quotes, &[]);
        run(&panel, &Context { as_of: Day(20000), seed: 1 }, &Knobs::default()).findings
    }

    #[test]
    fn a_shared_rise_is_dated_once() {
        let found = events(|d| if d >= 30 { 1.4 } else { 1.0 });
        assert_eq!(found.len(), 1);
        assert!((found[0].measured - 40.0).abs() < 3.0, "{}", found[0].measured);
        assert!(found[0].window.0 >= Day(18262 + 28) && found[0].window.1 <= Day(18262 + 31), "{:?}", found[0].window);
    }

    #[test]
    fn near_misses() {
        assert!(events(|_| 1.0).is_empty());
        assert!(events(|d| if d >= 30 { 1.05 } else { 1.0 }).is_empty(), "five percent");
        assert!(events(|d| if d >= 30 { 0.7 } else { 1.0 }).is_empty(), "a fall");
    }
}
