//! What every test has in common: days above the allowed value, notices, the cost defence, and the rows behind them.

use std::collections::BTreeMap;

use super::Docket;
use crate::model::panel::PointsView;
use crate::model::{
    CostDefence, Day, DefenceState, Judged, Measure, NoticeState, Observed, Over, Rule, SourceRow, Text,
};

/// Prices in files have at most four decimals; what differs by less is equal.
const ROUNDING: f64 = 1e-9;

/// Whether an observed value passes the allowed one.
pub fn exceeds(observed: f64, allowed: f64, tolerance: f64) -> bool {
    observed > allowed * (1.0 + tolerance) + ROUNDING
}

/// Whether a rule binds on a day (and the day lies after its base date).
pub fn binds(rule: &Rule, day: i32) -> bool {
    day >= rule.from.0 && rule.until.is_none_or(|u| day <= u.0) && rule.base.is_none_or(|b| day > b.0)
}

/// Purchase cost per unit behind point `i`: of that day, else the last one before it.
pub fn cost_at(points: &PointsView<'_>, i: usize) -> Option<(f64, usize)> {
    (0..=i).rev().find_map(|k| points.cost.get(k).copied().filter(|c| c.is_finite() && *c > 0.0).map(|c| (c, k)))
}

/// Compares the day's highest price with what `allowed` says for each point on which the rule binds: a measure with
/// its days and its ceiling.
pub fn price_days(points: &PointsView<'_>, rule: &Rule, allowed: impl Fn(usize) -> Option<f64>) -> Measure {
    let (mut tested, mut over, mut ceiling) = (0, Vec::new(), Vec::new());
    for i in (0..points.day.len()).filter(|i| binds(rule, points.day[*i])) {
        let Some(allowed) = allowed(i) else { continue };
        tested += 1;
        ceiling.push((Day(points.day[i]), allowed));
        if exceeds(points.high[i], allowed, rule.tolerance) {
            let quantity = points.quantity.get(i).copied().filter(|q| q.is_finite());
            over.push(Over {
                day: Day(points.day[i]),
                row: points.row[i],
                allowed,
                observed: points.high[i],
                quantity,
            });
        }
    }
    if over.is_empty() {
        ceiling = Vec::new(); // only drawn where something stands above it
    }
    Measure { tested, over, ceiling, ..Measure::default() }
}

/// Adds notice and cost defence to a measure. Where a notice is needed, only days after it count.
pub fn judged(docket: &Docket<'_>, rules: &[Rule], r: usize, s: usize, result: Result<Measure, Text>) -> Judged {
    let rule = &rules[r];
    let mut notice = NoticeState::NotRequired;
    let mut result = result;
    if rule.notice_required {
        notice = notice_of(docket, rule, s).map_or(NoticeState::Missing, NoticeState::Given);
        if let (NoticeState::Given(day), Ok(m)) = (notice, &mut result) {
            m.over.retain(|o| o.day > day);
        }
    }
    let defence = match (&mut result, rule.cost_defence) {
        (Ok(m), Some(_)) if !m.over.is_empty() => defence(m),
        _ => DefenceState::None,
    };
    Judged { rule: r, series: s, result, notice, defence }
}

/// First 告诫 to the seller (or a public one in its region) on or after the rule's first day.
fn notice_of(docket: &Docket<'_>, rule: &Rule, s: usize) -> Option<Day> {
    let series = &docket.panel.series[s];
    let (seller, cell) = (&docket.panel.sellers[series.seller as usize], &docket.panel.cells[series.cell as usize]);
    let names = |n: &str| n.eq_ignore_ascii_case(&seller.id) || n == seller.name;
    let place = docket.divisions.code(&cell.region);
    let public = |region: &str| {
        place
            .as_ref()
            .zip(docket.divisions.code(region))
            .is_some_and(|(p, r)| super::divisions::within(p, r.trim_end_matches("00")))
    };
    let cautions =
        docket.notices.iter().filter(|n| n.kind.contains("告诫") || n.kind.to_lowercase().contains("caution"));
    let mine = cautions.filter(|n| if n.seller.is_empty() { public(&n.region) } else { names(&n.seller) });
    mine.map(|n| n.day).filter(|d| *d >= rule.from).min()
}

/// Days that cost explains are taken out; where it explains part, the higher of both prices is the allowed one. All
/// days stay, for the record, where cost explains every one.
fn defence(m: &mut Measure) -> DefenceState {
    let defended: BTreeMap<Day, f64> = m.defended.iter().copied().collect();
    let left: Vec<Over> = m
        .over
        .iter()
        .map(|o| Over { allowed: defended.get(&o.day).map_or(o.allowed, |d| d.max(o.allowed)), ..*o })
        .filter(|o| exceeds(o.observed, o.allowed, 0.0))
        .collect();
    if left.is_empty() {
        return DefenceState::Met;
    }
    m.over = left;
    let known = m.over.iter().any(|o| defended.contains_key(&o.day));
    if known { DefenceState::NotMet } else { DefenceState::Unknown }
}

/// The price at which the defence of a rule would hold on point `i`: the base margin kept on the cost of the day.
pub fn defended(rule: &Rule, points: &PointsView<'_>, i: usize, base: Option<(f64, f64)>) -> Option<f64> {
    let ((price, cost), (now, _)) = (base?, cost_at(points, i)?);
    match rule.cost_defence? {
        CostDefence::SameMarginAmount => Some(now + (price - cost)),
        CostDefence::SameMarginRate => Some(now * price / cost),
    }
}

/// Puts source rows in the place of day values: of each day above the allowed value, the rows that are; returns of
/// those days are taken off at their own price.
pub fn settle(judged: &mut [Judged], rules: &[Rule], rows: &BTreeMap<usize, Vec<SourceRow>>) {
    for j in judged.iter_mut() {
        let tolerance = rules[j.rule].tolerance;
        let (Ok(m), Some(rows)) = (&mut j.result, rows.get(&j.series)) else { continue };
        let value = |r: &SourceRow| match m.observed {
            Observed::Price => Some(r.price),
            Observed::Fee => r.fee,
            Observed::List => r.list,
            _ => None,
        };
        if !matches!(m.observed, Observed::Price | Observed::Fee | Observed::List) || m.sheet.is_some() {
            continue;
        }
        let allowed: BTreeMap<Day, f64> = m.over.iter().map(|o| (o.day, o.allowed)).collect();
        let over: Vec<Over> = rows
            .iter()
            .filter_map(|r| {
                let (allowed, observed) = (*allowed.get(&r.day)?, value(r)?);
                let over = Over { day: r.day, row: r.row, allowed, observed, quantity: r.quantity };
                exceeds(observed, allowed, tolerance).then_some(over)
            })
            .collect();
        if !over.is_empty() {
            m.over = over;
        }
    }
}
