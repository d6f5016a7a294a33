#![doc = include_str!("mass_rise.md")]

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::order::{Move, concordance, order_of_moves};
use crate::model::panel::PointsView;
use crate::model::*;
use crate::stats::robust::median;

const MIN_RISE: Param = Param {
    name: "min_rise",
    default: 0.05,
    unit: "log",
    range: (0.01, 1.0),
    source: "a move that nobody makes for a change of a coin or a week's drift",
};
const MIN_SHARE: Param = Param {
    name: "min_share",
    default: 0.15,
    unit: "share",
    range: (0.03, 1.0),
    source: "set on petrol stations in Sydney, 2019: 0.15 finds 22 of 24 listed restoration days and 2 others, 0.14 all 24 and 8 others (benches/README.md)",
};
const OVER_HABIT: Param = Param {
    name: "over_habit",
    default: 3.0,
    unit: "times",
    range: (1.0, 100.0),
    source: "far more than on the middle day of the same market",
};
const MIN_SELLERS: Param = Param {
    name: "min_sellers",
    default: 30.0,
    unit: "series",
    range: (10.0, 10000.0),
    source: "the smallest market where the share is more than a handful",
};
const JOIN_DAYS: Param = Param {
    name: "join_days",
    default: 7.0,
    unit: "day",
    range: (1.0, 30.0),
    source: "days of mass rises within a week are one wave; who moves within a week before or after belongs to it",
};
const MIN_SERIES: Param = Param {
    name: "min_series_of_owner",
    default: 5.0,
    unit: "series",
    range: (1.0, 1000.0),
    source: "a mean day of fewer follows single shops",
};
/// Where prices are sighted rather than recorded on change, a rise is dated no better than the gap before it.
const MAX_GAP_DAYS: i32 = 3;
/// Owners named in the sentence.
const NAMED: usize = 5;

/// The card.
pub const SCREEN: Screen = Screen {
    id: "mass-rise",
    kind: Kind::MarketEvent,
    title: ("集中提价", "Mass rises"),
    page: include_str!("mass_rise.md"),
    params: &[MIN_RISE, MIN_SHARE, OVER_HABIT, MIN_SELLERS, JOIN_DAYS, MIN_SERIES],
    leads_alone: false,
    work: Work::Whole(run),
};

/// One rise of one series.
struct Rise {
    day: i32,
    size: f64,
    at: usize,
}

/// Days of mass rises close together: positions in the cell's market.
type Wave = Vec<usize>;

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
    let most = cell.market.iter().map(|d| d.n).max().unwrap_or(0);
    if f64::from(most) < knobs.get(&MIN_SELLERS) || !cell.comparable {
        let reason = Text::new("同类价格序列太少", "too few comparable price series");
        return Err(Skip { screen: SCREEN.id, subject: Subject::of(c, Vec::new()), reason });
    }
    let rises = rises(panel, cell, knobs.get(&MIN_RISE));
    let mut rising: BTreeMap<i32, usize> = BTreeMap::new();
    rises.iter().flatten().for_each(|r| *rising.entry(r.day).or_default() += 1);
    let rising = |d: &MarketDay| rising.get(&d.day.0).copied().unwrap_or(0);
    let waves = waves(cell, &|d| rising(d) as f64 / f64::from(d.n.max(1)), knobs);
    let spans = spans(cell, &waves, knobs.get(&JOIN_DAYS) as i32);
    let within = |r: &&Rise, span: &(i32, i32)| (span.0..=span.1).contains(&r.day);
    let first = |span: &(i32, i32)| -> Vec<Option<&Rise>> {
        rises.iter().map(|of_series| of_series.iter().find(|r| within(r, span))).collect()
    };
    let firsts: Vec<Vec<Option<&Rise>>> = spans.iter().map(first).collect();
    let orders: Vec<Vec<Move>> = firsts
        .iter()
        .map(|f| {
            let days: Vec<Option<i32>> = f.iter().map(|r| r.map(|r| r.day)).collect();
            order_of_moves(panel, cell, &days, knobs.get(&MIN_SERIES) as usize)
        })
        .collect();
    let market = Market { panel, c, cell, orders: &orders, agreement: concordance(&orders) };
    Ok((0..waves.len()).map(|k| market.finding(k, &waves[k], &firsts[k], &rising, knobs)).collect())
}

/// The rises of each series, by day. A list of changes dates each exactly; a list of sightings, in which most prices
/// repeat the one before, only where they are close.
fn rises(panel: &Panel, cell: &Cell, min_rise: f64) -> Vec<Vec<Rise>> {
    let series = || panel.series[cell.series.clone()].iter().map(|s| panel.points(s));
    let repeats = |p: &PointsView<'_>| p.last.windows(2).filter(|w| w[0] == w[1]).count();
    let (repeated, pairs) = series().fold((0, 0), |(r, n), p| (r + repeats(&p), n + p.last.len().saturating_sub(1)));
    let sighted = cell.basis == Basis::Net || 2 * repeated > pairs;
    let gap = if sighted { MAX_GAP_DAYS } else { panel.hold_days };
    let of_series = |p: PointsView<'_>| {
        let price = if cell.basis == Basis::Net { p.price } else { p.last };
        let rise = |at: usize| {
            let size = (price[at] / price[at - 1]).ln();
            (size >= min_rise - 1e-9 && p.day[at] - p.day[at - 1] <= gap).then_some(Rise { day: p.day[at], size, at })
        };
        (1..p.day.len()).filter_map(rise).collect()
    };
    series().map(of_series).collect()
}

fn waves(cell: &Cell, share: &dyn Fn(&MarketDay) -> f64, knobs: &Knobs) -> Vec<Wave> {
    let shares: Vec<f64> = cell.market.iter().map(share).collect();
    let habit = median(&shares).unwrap_or(0.0);
    let least = knobs.get(&MIN_SHARE).max(knobs.get(&OVER_HABIT) * habit);
    let mass = |i: &usize| shares[*i] >= least && f64::from(cell.market[*i].n) >= knobs.get(&MIN_SELLERS);
    let mut waves: Vec<Wave> = Vec::new();
    for i in (0..shares.len()).filter(mass) {
        let near = |w: &&mut Wave| {
            w.last().is_some_and(|l| f64::from(cell.market[i].day.0 - cell.market[*l].day.0) <= knobs.get(&JOIN_DAYS))
        };
        match waves.last_mut().filter(near) {
            Some(wave) => wave.push(i),
            None => waves.push(vec![i]),
        }
    }
    waves
}

/// First and last day on which a rise belongs to each wave: `join` days around it, at most half-way to its neighbours.
fn spans(cell: &Cell, waves: &[Wave], join: i32) -> Vec<(i32, i32)> {
    let edge = |w: &Wave| (cell.market[w[0]].day.0, cell.market[w[w.len() - 1]].day.0);
    let all: Vec<(i32, i32)> = waves.iter().map(edge).collect();
    let half = |a: i32, b: i32| a + (b - a) / 2;
    (0..all.len())
        .map(|k| {
            let from = if k > 0 { half(all[k - 1].1, all[k].0) + 1 } else { i32::MIN };
            let to = all.get(k + 1).map_or(i32::MAX, |next| half(all[k].1, next.0));
            ((all[k].0 - join).max(from), (all[k].1 + join).min(to))
        })
        .collect()
}

/// What the findings of one cell share.
struct Market<'a> {
    panel: &'a Panel,
    c: usize,
    cell: &'a Cell,
    orders: &'a [Vec<Move>],
    agreement: Option<(f64, f64, usize)>,
}

impl Market<'_> {
    fn finding(
        &self,
        k: usize,
        wave: &Wave,
        firsts: &[Option<&Rise>],
        rising: &dyn Fn(&MarketDay) -> usize,
        knobs: &Knobs,
    ) -> Finding {
        let days: Vec<&MarketDay> = wave.iter().map(|i| &self.cell.market[*i]).collect();
        let peak = days.iter().map(|d| 100.0 * rising(d) as f64 / f64::from(d.n)).fold(0.0, f64::max);
        let moved: Vec<&Rise> = firsts.iter().flatten().copied().collect();
        let size = median(&moved.iter().map(|r| r.size).collect::<Vec<_>>()).map_or(0.0, |s| 100.0 * s.exp_m1());
        let mut facts = vec![
            ("mass_rise_days", days.len() as f64, "day".into()),
            ("series_rising", moved.len() as f64, String::new()),
            ("series_compared", firsts.len() as f64, String::new()),
            ("rise", size, "%".into()),
        ];
        facts.extend(self.agreement.iter().flat_map(|(w, p, owners)| {
            let waves = self.orders.len() as f64;
            let values = [("waves", waves), ("owners_ordered", *owners as f64), ("kendall_w", *w), ("kendall_p", *p)];
            values.map(|(name, v)| (name, v, String::new()))
        }));
        let before = wave[0].checked_sub(1).map(|i| self.cell.market[i].median);
        Finding {
            screen: SCREEN.id,
            kind: Kind::MarketEvent,
            subject: Subject::of(self.c, Vec::new()),
            window: (days[0].day, days[days.len() - 1].day),
            measured: peak,
            threshold: 100.0 * knobs.get(&MIN_SHARE),
            unit: "%".into(),
            p_value: None,
            p_floor: None,
            q_value: None,
            tested: 0,
            reference_price: before,
            observed_price: days.last().map(|d| d.median),
            excess_amount: None,
            cost: CostExplained::Unknown,
            steps: Vec::new(),
            expected: Vec::new(),
            basis: "dated joint rises and the order of moves (TDLC 119/2012); Kendall & Babington Smith 1939".into(),
            rule: None,
            sheet: Some(self.sheet(k)),
            strips: Vec::new(),
            innocent: Vec::new(),
            party: None,
            facts,
            reason: self.reason(k, &days, rising, size),
            rows: self.first_rows(firsts),
            score: peak,
        }
    }

    fn reason(&self, k: usize, days: &[&MarketDay], rising: &dyn Fn(&MarketDay) -> usize, size: f64) -> Text {
        let told: Vec<String> = days.iter().map(|d| format!("{} ({}/{})", d.day, rising(d), d.n)).collect();
        let (told, label, region) = (told.join(", "), &self.cell.label, &self.cell.region);
        let gap = if region.is_empty() { "" } else { " " };
        let mut text = Text::new(
            format!("{region}{}：集中提价日（提价序列/在售序列）{told}；涨幅中位数约 {size:.0}%。", label.zh),
            format!(
                "{region}{gap}{}: days of mass rises (series rising / on offer) {told}; median rise about {size:.0} %.",
                label.en
            ),
        );
        let order = &self.orders[k];
        if let Some(leader) = order.first() {
            let after = |(i, m): (usize, &Move)| format!("{} {} (+{:.1})", i + 1, m.name, m.mean_day - leader.mean_day);
            let next: Vec<String> = order.iter().enumerate().skip(1).take(NAMED - 1).map(after).collect();
            let (name, rest, waves) = (&leader.name, next.join(", "), self.orders.len());
            let led = self.orders.iter().filter(|o| o.first().is_some_and(|m| m.entity == leader.entity)).count();
            text.zh += &format!("先动：{name}（{waves} 次中领先 {led} 次）；其后（平均晚几天）：{rest}。");
            text.en += &format!(" First to move: {name} (first in {led} of {waves}); then (mean days later): {rest}.");
        }
        if let Some((w, _, owners)) = self.agreement {
            text.zh += &format!("{owners} 家所有人各次先后次序的一致程度 Kendall W = {w:.2}。");
            text.en += &format!(" Agreement of the order of {owners} owners over all waves: Kendall W = {w:.2}.");
        }
        text.zh += "价格周期在许多市场是合法的；这是市场事件，不是对任何经营者的线索。";
        text.en += " Price cycles are lawful in many markets; this is a market event, not a lead against anyone.";
        text
    }

    fn sheet(&self, k: usize) -> Sheet {
        let order = &self.orders[k];
        let (mean, middle) = order.first().map_or((0.0, 0.0), |m| (m.mean_day, m.median_day));
        let row = |(i, m): (usize, &Move)| {
            let delay = |d: f64| format!("{d:.1}");
            let rose = format!("{}/{}", m.risen, m.of);
            vec![(i + 1).to_string(), m.name.clone(), rose, delay(m.mean_day - mean), delay(m.median_day - middle)]
        };
        Sheet {
            title: Text::new("先后次序", "Order of moves"),
            columns: vec![
                Text::new("次序", "place"),
                Text::new("所有人", "owner"),
                Text::new("提价/全部序列", "series rising / all"),
                Text::new("平均晚几天", "mean days later"),
                Text::new("中位晚几天", "median days later"),
            ],
            heads: Vec::new(),
            rows: order.iter().enumerate().map(row).collect(),
        }
    }

    /// Source rows of the first rises of the wave.
    fn first_rows(&self, firsts: &[Option<&Rise>]) -> Vec<RowNote> {
        let mut all: Vec<(i32, RowRef)> = Vec::new();
        for (s, rise) in self.cell.series.clone().zip(firsts) {
            all.extend(rise.map(|r| (r.day, self.panel.points(&self.panel.series[s]).row[r.at])));
        }
        all.sort_unstable();
        let role = || Text::new("本次最早的提价", "one of the first rises of the wave");
        all.into_iter().take(3).map(|(_, row)| RowNote { row, role: role() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::{Quote, from_quotes};

    const START: i32 = 18262;

    /// 40 shops of four owners that cut a little every day; on each of `waves`, owner k raises k days later.
    fn market(waves: &[i32], share: f64, rise: f64) -> Panel {
        let mut quotes = Vec::new();
        for shop in 0..40 {
            let (owner, joins) = (shop / 10, f64::from(shop % 10) < 10.0 * share);
            let mut price = 1.5 + 0.001 * f64::from(shop);
            for day in 0..100 {
                let moves = joins && waves.iter().any(|w| w + owner == day);
                price *= if moves { rise } else { 0.998 };
                let shop = format!("{owner}-{shop:02}");
                let quote = Quote::posted("悉尼", "汽油", &shop, Day(START + day), price);
                quotes.push(Quote { owner: format!("owner {owner}"), ..quote });
            }
        }
        from_quotes(&quotes, &[])
    }

    fn found(panel: &Panel) -> Vec<Finding> {
        run(panel, &Context { as_of: Day(20000), seed: 1 }, &Knobs::default()).findings
    }

    #[test]
    fn waves_are_dated_and_ordered() {
        let findings = found(&market(&[20, 50, 80], 1.0, 1.1));
        assert_eq!(findings.len(), 3);
        assert_eq!(findings[0].window, (Day(START + 20), Day(START + 23)));
        assert!((findings[0].measured - 25.0).abs() < 1e-9, "a quarter of the shops a day");
        let sheet = findings[1].sheet.as_ref().unwrap();
        let order: Vec<(&str, &str)> = sheet.rows.iter().map(|r| (r[1].as_str(), r[3].as_str())).collect();
        assert_eq!(order, [("owner 0", "0.0"), ("owner 1", "1.0"), ("owner 2", "2.0"), ("owner 3", "3.0")]);
        let w = findings[2].facts.iter().find(|f| f.0 == "kendall_w").unwrap().1;
        assert!((w - 1.0).abs() < 1e-9);
    }

    #[test]
    fn near_misses() {
        assert!(found(&market(&[], 1.0, 1.1)).is_empty(), "no wave");
        assert!(found(&market(&[20, 50], 0.5, 1.1)).is_empty(), "an eighth of the shops a day");
        assert!(found(&market(&[20, 50], 1.0, 1.04)).is_empty(), "four percent");
    }
}
