//! What every test has in common: days above the allowed value, notices, the cost defence, and the rows behind them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Docket, Test};
use crate::model::panel::PointsView;
use crate::model::{Day, DefenceState, Judged, Measure, NoticeState, Observed, Over, Rule, SourceRow, Text};

/// Prices in files have at most four decimals; what differs by less is equal.
const ROUNDING: f64 = 1e-9;

/// Whether an observed value passes the allowed one.
pub fn exceeds(observed: f64, allowed: f64) -> bool {
    observed > allowed + ROUNDING
}

/// Whether an observed value passes what a rule allows: at the threshold only where the rule says so.
pub fn passes(rule: &Rule, observed: f64, allowed: f64) -> bool {
    let limit = allowed * (1.0 + rule.tolerance);
    if rule.inclusive { observed >= limit - ROUNDING } else { exceeds(observed, limit) }
}

/// The same for a day, where the day counts.
pub fn above(docket: &Docket<'_>, rule: &Rule, day: i32, observed: f64, allowed: f64) -> bool {
    docket.counted.is_none_or(|c| c.contains(&Day(day))) && passes(rule, observed, allowed)
}

/// Share over the reference that a rule still allows.
pub fn share(rule: &Rule) -> f64 {
    rule.allowed_pct.unwrap_or(0.0) / 100.0
}

/// Whether a rule binds on a day (and the day lies after its base date).
pub fn binds(rule: &Rule, day: i32) -> bool {
    day >= rule.from.0 && rule.until.is_none_or(|u| day <= u.0) && rule.base.is_none_or(|b| day > b.0)
}

/// Purchase cost per unit behind point `i`: of that day, else the last one before it.
pub fn cost_at(points: &PointsView<'_>, i: usize) -> Option<(f64, usize)> {
    (0..=i).rev().find_map(|k| points.cost.get(k).copied().filter(|c| c.is_finite() && *c > 0.0).map(|c| (c, k)))
}

/// Why a margin cannot be tested: itself a finding of the dossier, never a pass.
pub fn no_purchase() -> Text {
    Text::new(
        "没有进货记录，差价率无从计算（无法出示进货票据本身应予核查）",
        "no purchase record, so no margin (a missing invoice is itself worth asking about)",
    )
}

/// Point `i` as a row above what is allowed.
pub fn over(points: &PointsView<'_>, i: usize, allowed: f64, observed: f64) -> Over {
    let quantity = points.quantity.get(i).copied().filter(|q| q.is_finite());
    Over { day: Day(points.day[i]), row: points.row[i], allowed, observed, quantity }
}

/// Compares the day's highest price with what `allowed` says for each point on which the rule binds: a measure with
/// its days and its ceiling.
pub fn price_days(
    docket: &Docket<'_>,
    points: &PointsView<'_>,
    rule: &Rule,
    allowed: impl Fn(usize) -> Option<f64>,
) -> Measure {
    let mut measure = Measure::default();
    for i in (0..points.day.len()).filter(|i| binds(rule, points.day[*i])) {
        let Some(allowed) = allowed(i) else { continue };
        measure.tested += 1;
        measure.ceiling.push((Day(points.day[i]), allowed));
        if above(docket, rule, points.day[i], points.high[i], allowed) {
            measure.over.push(over(points, i, allowed, points.high[i]));
        }
    }
    if measure.over.is_empty() {
        measure.ceiling = Vec::new(); // only drawn where something stands above it
    }
    measure
}

/// One rule on one series, with notice, exemption and cost defence. Where a notice is needed, only days after it count;
/// days from an exemption on, and days that cost explains, do not.
pub fn judged(docket: &Docket<'_>, rules: &[Rule], (r, s): (usize, usize), test: &Test) -> Judged {
    let rule = &rules[r];
    let mut result = (test.judge)(docket, rule, s);
    let (mut notice, mut exempt, mut defence) = (NoticeState::NotRequired, None, DefenceState::None);
    if rule.notice_required {
        let given = on_record(docket, s, &["告诫", "caution"], rule.from);
        notice = given.map_or(NoticeState::Missing, NoticeState::Given);
    }
    if let Ok(m) = &mut result {
        let all = m.over.len();
        if let NoticeState::Given(day) = notice {
            m.over.retain(|o| o.day > day);
        }
        if !rule.exemptions.is_empty() {
            exempt = excuse(m, on_record(docket, s, &["豁免", "exempt"], Day(i32::MIN)));
        }
        if rule.cost_defence.is_some() && !m.over.is_empty() {
            defence = defend(m);
        }
        if m.over.len() < all && !m.over.is_empty() {
            retell(docket, rule, s, test, m);
        }
    }
    Judged { rule: r, series: s, result, notice, defence, exempt }
}

/// The numbers and rows of a measure are those of its worst day: once days are out, they are told again.
fn retell(docket: &Docket<'_>, rule: &Rule, s: usize, test: &Test, m: &mut Measure) {
    let days: BTreeSet<Day> = m.over.iter().map(|o| o.day).collect();
    if let Ok(left) = (test.judge)(&Docket { counted: Some(&days), ..*docket }, rule, s) {
        *m = Measure { over: std::mem::take(&mut m.over), tested: m.tested, ..left };
    }
}

/// First row of these kinds on or after a day that names the seller, or nobody but its region.
fn on_record(docket: &Docket<'_>, s: usize, kinds: &[&str], from: Day) -> Option<Day> {
    let series = &docket.panel.series[s];
    let seller = &docket.panel.sellers[series.seller as usize];
    let place = docket.places[series.cell as usize].as_ref();
    let public = |region: &str| {
        let code = docket.divisions.code(region);
        place.zip(code).is_some_and(|(p, r)| super::divisions::within(p, r.trim_end_matches("00")))
    };
    let about = |n: &&crate::model::Notice| match n.seller.as_str() {
        "" => public(&n.region),
        name => name.eq_ignore_ascii_case(&seller.id) || name == seller.name,
    };
    let of_kind = |n: &&crate::model::Notice| {
        let kind = n.kind.to_lowercase();
        kinds.iter().any(|k| kind.contains(k))
    };
    docket.notices.iter().filter(of_kind).filter(about).map(|n| n.day).filter(|d| *d >= from).min()
}

/// Takes out days from an exemption on; where it covers all of them they stay, for the record, and its day is given.
fn excuse(m: &mut Measure, from: Option<Day>) -> Option<Day> {
    let from = from?;
    if m.over.iter().all(|o| o.day >= from) {
        return (!m.over.is_empty()).then_some(from);
    }
    m.over.retain(|o| o.day < from);
    None
}

/// Days that cost explains are taken out; where it explains part, the higher of both prices is the allowed one. All
/// days stay, for the record, where cost explains every one.
fn defend(m: &mut Measure) -> DefenceState {
    let defended: BTreeMap<Day, f64> = m.defended.iter().copied().collect();
    let unexplained = |o: &Over| match defended.get(&o.day) {
        None => Some(*o),
        Some(d) => exceeds(o.observed, *d).then(|| Over { allowed: d.max(o.allowed), ..*o }),
    };
    let left: Vec<Over> = m.over.iter().filter_map(unexplained).collect();
    if left.is_empty() {
        return DefenceState::Met;
    }
    m.over = left;
    let known = m.over.iter().any(|o| defended.contains_key(&o.day));
    if known { DefenceState::NotMet } else { DefenceState::Unknown }
}

/// Puts source rows in the place of day values: of each day above the allowed value, the rows that are; returns of
/// those days are taken off at their own price.
pub fn settle(judged: &mut [Judged], rules: &[Rule], rows: &BTreeMap<usize, Vec<SourceRow>>) {
    for j in judged.iter_mut() {
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
                passes(&rules[j.rule], observed, allowed).then_some(over)
            })
            .collect();
        if !over.is_empty() {
            m.over = over;
        }
    }
}
