//! A group's prices over the market's median.

use anyhow::Result;

use super::curves::{Curve, Curves, curves};
use super::frame::{ACCENT, Area, footer, pick, title};
use super::pen::Stroke;
use super::price::{market, peers};
use super::{Column, Picture, Readings};
use crate::report::Results;
use crate::report::view::shown;

/// Members whose lines are labelled one by one; more have one label.
const NAMED: usize = 8;

/// Draws it.
pub fn draw(area: &Area<'_>, r: &Results<'_>, x: &Picture<'_>) -> Result<Readings> {
    title(area, r, x)?;
    let market = market(x);
    let drawn = |d: &(i32, f64)| (x.days.0..=x.days.1).contains(&d.0);
    let mut all: Vec<Curve> = peers(r, market).into_iter().collect();
    let (many, mut columns) = (x.series.len(), Vec::new());
    let named = |k: usize| many <= NAMED || k + 1 == many;
    for (k, &s) in x.series.iter().enumerate() {
        let p = r.panel.points(&r.panel.series[s]);
        let points: Vec<_> = p.day.iter().copied().zip(p.price.iter().copied()).filter(drawn).collect();
        let name = shown(&r.panel.sellers[r.panel.series[s].seller as usize].name);
        let members = pick(r.lang, &format!("群体成员 {many} 家"), &format!("{many} members"));
        let label = if many <= NAMED { name.clone() } else { members };
        columns.push(Column { label: name, points: points.clone() });
        all.push(Curve {
            label: if named(k) { label } else { String::new() },
            points,
            stroke: Stroke { colour: ACCENT, width: 1, dash: ["", "5 2", "2 2"][k % 3] },
            dotted: false,
        });
    }
    let (steps, marks) = (Vec::new(), episodes(r, x));
    let mut readings = curves(area, &Curves { curves: all, market, rows: &[], steps, marks, hold: r.panel.hold_days })?;
    // What is read off is each member's own, though one label may stand for all.
    let (first, last) = readings.days;
    columns.iter_mut().for_each(|c| c.points.retain(|p| (first..=last).contains(&p.0)));
    readings.columns.splice(..(0..many).filter(|k| named(*k)).count(), columns);
    footer(area, r, x)?;
    Ok(readings)
}

/// The first day of each joint episode.
fn episodes(r: &Results<'_>, x: &Picture<'_>) -> Vec<(crate::model::Day, String)> {
    let mut first = std::collections::BTreeMap::new();
    for s in x.steps.iter().filter(|s| s.episode > 0) {
        let day = first.entry(s.episode).or_insert(s.first_new);
        *day = s.first_new.min(*day);
    }
    first.into_iter().map(|(e, day)| (day, format!("{}{e}", pick(r.lang, "同涨", "joint ")))).collect()
}
