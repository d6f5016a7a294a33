//! What the list of leads says of a lead's basis: the reference row, margins, quantity, place among its peers.

use super::Results;
use crate::model::panel::PointsView;
use crate::model::{Kind, Lead, RowRef};
use crate::stats::robust::median;

/// The reference of a lead.
#[derive(Default)]
pub struct Basis {
    /// Day of the reference price.
    pub day: Option<crate::model::Day>,
    /// (price − cost) / cost on that day, where the cost is known (顺加).
    pub margin: Option<f64>,
    /// File and line.
    pub row: String,
}

fn points<'a>(r: &Results<'a>, l: &Lead) -> Option<PointsView<'a>> {
    Some(r.panel.points(&r.panel.series[*l.series.first()?]))
}

fn at(p: &PointsView<'_>, row: RowRef) -> Option<usize> {
    p.row.iter().position(|x| *x == row)
}

fn margin(p: &PointsView<'_>, i: usize) -> Option<f64> {
    let cost = p.cost.get(i).copied().filter(|c| c.is_finite() && *c > 0.0)?;
    Some(p.price[i] / cost - 1.0)
}

/// The first row before the pattern that the lead names, with its day and margin.
pub fn of(r: &Results<'_>, l: &Lead) -> Basis {
    let Some(p) = points(r, l) else { return Basis::default() };
    let rows = l.findings.iter().flat_map(|f| &r.findings[*f].rows).map(|n| n.row);
    let found = rows.filter_map(|row| Some((row, at(&p, row)?))).find(|(_, i)| p.day[*i] < l.first_day.0);
    let Some((row, i)) = found else { return Basis::default() };
    let file = &r.files[row.file() as usize].path;
    Basis { day: Some(crate::model::Day(p.day[i])), margin: margin(&p, i), row: format!("{file}:{}", row.line()) }
}

/// The margin rate on the last day of the pattern with a known cost.
pub fn margin_now(r: &Results<'_>, l: &Lead) -> Option<f64> {
    let p = points(r, l)?;
    window(&p, l).rev().find_map(|i| margin(&p, i))
}

fn window(p: &PointsView<'_>, l: &Lead) -> std::ops::Range<usize> {
    let from = p.day.partition_point(|d| *d < l.first_day.0);
    from..p.day.partition_point(|d| *d <= l.last_day.0).max(from)
}

/// What was sold during the pattern, all series together (of a group those of the good it is told by); `None` where no quantity is known.
pub fn quantity(r: &Results<'_>, l: &Lead) -> Option<f64> {
    let of = |s: &usize| {
        let p = r.panel.points(&r.panel.series[*s]);
        let known = window(&p, l).filter_map(|i| p.quantity.get(i).copied().filter(|q| q.is_finite()));
        known.fold(None, |sum, q| Some(sum.unwrap_or(0.0) + q))
    };
    let here = |s: &&usize| l.cell.is_none_or(|c| l.kind != Kind::Collusion || r.panel.series[**s].cell as usize == c);
    l.series.iter().filter(here).filter_map(of).fold(None, |sum, q: f64| Some(sum.unwrap_or(0.0) + q))
}

/// Share of the cell's other series, in percent, whose price on the last day of the pattern lies below.
pub fn percentile(r: &Results<'_>, l: &Lead) -> Option<f64> {
    let cell = &r.panel.cells[l.cell?];
    let price = |s: usize| {
        let p = r.panel.points(&r.panel.series[s]);
        let i = p.day.partition_point(|d| *d <= l.last_day.0).checked_sub(1)?;
        (l.last_day.0 - p.day[i] < r.panel.hold_days).then_some(p.price[i])
    };
    let own = match l.kind {
        Kind::Collusion => median(
            &l.series.iter().copied().filter(|s| cell.series.contains(s)).filter_map(price).collect::<Vec<f64>>(),
        )?,
        _ => l.observed_price?,
    };
    let others: Vec<f64> = cell.series.clone().filter(|s| !l.series.contains(s)).filter_map(price).collect();
    let below = others.iter().filter(|v| **v < own).count();
    (cell.comparable && !others.is_empty()).then(|| below as f64 / others.len() as f64 * 100.0)
}

/// Specification of the good, where all series of the lead share one.
pub fn spec(r: &Results<'_>, l: &Lead) -> String {
    let mut of: Vec<&str> =
        l.series.iter().map(|s| r.panel.items[r.panel.series[*s].item as usize].spec.as_str()).collect();
    of.dedup();
    if of.len() == 1 { of[0].to_owned() } else { String::new() }
}
