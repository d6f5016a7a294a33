//! Members × days: a bar for each rise, dark where it belongs to a joint episode, with the order of the moves.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Picture;
use super::frame::{ACCENT, Area, BAND, GREY, INK, dates, fault, fitted, footer, ink, pick, title, write};
use crate::model::Lead;
use crate::report::Results;
use crate::report::view::seller_and_good;

/// Pixels of a member's row.
const ROW: u32 = 24;
/// Members drawn; the table has them all.
const MEMBERS: usize = 40;
/// Pixels for names.
const NAMES: i32 = 210;
/// A rise worth a bar: 2 %.
const RISE: f64 = 1.02;

/// Height of the picture of so many members.
pub fn height(members: usize) -> u32 {
    62 + 78 + ROW * members.clamp(1, MEMBERS) as u32
}

/// Draws it.
pub fn draw(area: &Area<'_>, r: &Results<'_>, lead: &Lead, x: &Picture<'_>) -> Result<()> {
    title(area, r, x)?;
    let shown = &x.series[..x.series.len().min(MEMBERS)];
    let ends = |s: &usize| r.panel.points(&r.panel.series[*s]).day.to_vec();
    let days: Vec<i32> = x.cell.market.iter().map(|d| d.day.0).chain(shown.iter().flat_map(ends)).collect();
    let days = days.into_iter().filter(|d| (x.days.0..=x.days.1).contains(d));
    let days = days.fold((i32::MAX, i32::MIN), |(low, high), d| (low.min(d), high.max(d + 1)));
    let days = if days.0 < days.1 { days } else { (0, 1) };
    let rows = shown.len().max(1) as f64;
    let mut plot = ChartBuilder::on(area)
        .margin_top(62)
        .margin_bottom(78)
        .margin_left(NAMES + 16)
        .margin_right(30)
        .build_cartesian_2d(days.0..days.1, 0.0..rows)
        .map_err(fault)?;
    dates(area, &mut plot, days)?;
    for (k, &s) in shown.iter().enumerate() {
        let (upper, lower) = (rows - k as f64 - 0.12, rows - k as f64 - 0.88);
        let (left, y) = plot.backend_coord(&(days.0, (upper + lower) / 2.0));
        let right = plot.backend_coord(&(days.1, 0.0)).0;
        area.draw(&PathElement::new([(left, y + 12), (right, y + 12)], BAND.stroke_width(1))).map_err(fault)?;
        let name = fitted(&seller_and_good(r, lead, s), 12, NAMES - 14);
        write(area, &name, (16, y), ink(12, INK).pos(Pos::new(HPos::Left, VPos::Center)))?;
        let p = r.panel.points(&r.panel.series[s]);
        let drawn = |i: &usize| (days.0..days.1).contains(&p.day[*i]) && p.price[*i] > p.price[i - 1] * RISE;
        let others: Vec<i32> = (1..p.day.len()).filter(drawn).map(|i| p.day[i]).collect();
        for day in &others {
            let bar = Rectangle::new([(*day, upper - 0.1), (day + 1, lower + 0.1)], GREY.mix(0.45).filled());
            plot.draw_series([bar]).map_err(fault)?;
        }
        for step in x.steps.iter().filter(|t| t.series == s) {
            let day = step.first_new.0;
            plot.draw_series([Rectangle::new([(day, upper), (day + 1, lower)], ACCENT.filled())]).map_err(fault)?;
            let before = x.steps.iter().filter(|t| t.episode == step.episode && t.first_new < step.first_new).count();
            let at = plot.backend_coord(&(day + 1, (upper + lower) / 2.0));
            // Behind the bars that follow at once.
            let mut left = at.0 + 3;
            for other in others.iter().filter(|d| **d > day) {
                let [from, to] = [*other, other + 1].map(|d| plot.backend_coord(&(d, 0.0)).0);
                left = if from < left + 9 { left.max(to + 3) } else { left };
            }
            let style = ink(12, ACCENT).pos(Pos::new(HPos::Left, VPos::Center));
            write(area, &(before + 1).to_string(), (left, at.1), style)?;
        }
    }
    let note = pick(
        r.lang,
        "深色：同步涨价，数字为先后；浅色：其他涨价（≥2%），与同涨同日的，是成本可解释、促销后恢复、很快降回或全市场同涨",
        "dark: joint rises, in that order; light: others (≥2 %); on a joint day, what cost, a sale's end or the market explains, or soon undone",
    );
    let hidden = x.series.len() - shown.len();
    let more = pick(r.lang, &format!("；另有 {hidden} 行见表"), &format!("; {hidden} more rows in the table"));
    let note = if hidden > 0 { note + &more } else { note };
    write(area, &note, (16, (height(shown.len()) - 38) as i32), ink(11, GREY))?;
    footer(area, r, x)
}
