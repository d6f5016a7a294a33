//! A group's prices over the market's median.

use anyhow::Result;

use super::curves::{Curve, Curves, curves};
use super::frame::{ACCENT, Area, footer, pick, title};
use super::pen::Stroke;
use super::price::{market, peers};
use super::{Picture, Readings};
use crate::report::Results;

/// Draws it.
pub fn draw(area: &Area<'_>, r: &Results<'_>, x: &Picture<'_>) -> Result<Readings> {
    title(area, r, x)?;
    let market = market(x);
    let drawn = |d: &(i32, f64)| (x.days.0..=x.days.1).contains(&d.0);
    let mut all: Vec<Curve> = peers(r, market).into_iter().collect();
    let many = x.series.len();
    for (k, &s) in x.series.iter().enumerate() {
        let p = r.panel.points(&r.panel.series[s]);
        let members = pick(r.lang, &format!("群体成员 {many} 家"), &format!("{many} members"));
        all.push(Curve {
            label: if k + 1 == many { members } else { String::new() },
            points: p.day.iter().copied().zip(p.price.iter().copied()).filter(drawn).collect(),
            stroke: Stroke { colour: ACCENT, width: 1, dash: ["", "5 2", "2 2"][k % 3] },
            dotted: false,
        });
    }
    let (steps, marks) = (Vec::new(), episodes(r, x));
    let readings = curves(area, &Curves { curves: all, market, rows: &[], steps, marks, hold: r.panel.hold_days })?;
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
