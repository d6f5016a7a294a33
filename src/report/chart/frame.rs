//! The one drawing style: sizes, inks, title, footer, axes, labels beside the lines.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::types::{RangedCoordf64, RangedCoordi32};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Picture;
use super::pen::{Line, Pen, Stroke};
use crate::model::{Basis, Day, Lang};
use crate::report::{Results, font};

/// Pixels. Printed 162 mm wide, letters of 12 are 7 points.
pub const SIZE: (u32, u32) = (800, 316);
/// Ink of axes and text.
pub const INK: RGBColor = RGBColor(27, 38, 49);
/// What the chart is about.
pub const ACCENT: RGBColor = RGBColor(168, 32, 32);
/// What stands beside it.
pub const GREY: RGBColor = RGBColor(92, 104, 116);
/// Bands and grids.
pub const BAND: RGBColor = RGBColor(221, 227, 233);
/// What a rule or the market would allow.
pub const BLUE: RGBColor = RGBColor(23, 86, 133);
/// Cost.
pub const BROWN: RGBColor = RGBColor(122, 84, 10);

/// Where a chart is drawn.
pub type Area<'a> = DrawingArea<Pen<'a>, Shift>;
/// Days by prices.
pub type Plot<'a, 'b> = ChartContext<'a, Pen<'b>, Cartesian2d<RangedCoordi32, RangedCoordf64>>;

/// Left of the plot (prices), right of it (labels), above it (title, marked days), below it (dates, footer).
const LEFT: i32 = 62;
const RIGHT: i32 = 158;
pub const ABOVE: i32 = 80;
pub const BELOW: i32 = 50;

/// An SVG of the given height.
pub fn draw(height: u32, paint: &mut dyn FnMut(&Area<'_>) -> Result<()>) -> Result<String> {
    let mut svg = String::new();
    let area = Pen::new(&mut svg, (SIZE.0, height)).into_drawing_area();
    area.fill(&WHITE).map_err(fault)?;
    paint(&area)?;
    area.present().map_err(fault)?;
    drop(area);
    Ok(svg)
}

/// A fault of plotters as ours.
pub fn fault(e: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("chart: {e}")
}

/// Text of a size and ink.
pub fn ink(size: u32, colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&colour)
}

/// Writes at a pixel.
pub fn write(area: &Area<'_>, text: &str, at: (i32, i32), style: TextStyle<'_>) -> Result<()> {
    area.draw_text(text, &style, at).map_err(fault)
}

/// A name from a file as it can be drawn, cut to so many pixels.
pub fn fitted(text: &str, size: u32, pixels: i32) -> String {
    let text = short(text);
    let room = f64::from(pixels) / f64::from(size);
    if font::width(&text) <= room {
        return text;
    }
    let mut out = String::new();
    for c in text.chars() {
        if font::width(&out) + font::width(&c.to_string()) + 1.0 > room {
            break;
        }
        out.push(c);
    }
    out + "…"
}

/// A name from a file as it can be drawn, at most 60 characters of it.
pub fn short(text: &str) -> String {
    let cut: String = text.chars().take(60).collect();
    let more = if text.chars().count() > 60 { "…" } else { "" };
    font::drawable(&cut) + more
}

/// One of two words.
pub fn pick(lang: Lang, zh: &str, en: &str) -> String {
    if lang == Lang::Zh { zh.to_owned() } else { en.to_owned() }
}

/// Who and what, and below it what is counted.
pub fn headed(area: &Area<'_>, x: &Picture<'_>, below: &str) -> Result<()> {
    write(area, &fitted(&x.title, 17, SIZE.0 as i32 - 30), (16, 8), ink(17, INK))?;
    write(area, below, (16, 31), ink(12, GREY))
}

/// Who and what, and below it in what the prices are counted.
pub fn title(area: &Area<'_>, r: &Results<'_>, x: &Picture<'_>) -> Result<()> {
    let basis = match x.cell.basis {
        Basis::Posted => pick(r.lang, "标价", "posted price"),
        Basis::Net => pick(r.lang, "成交价", "transaction price"),
    };
    let unit = r.panel.price_unit(x.cell);
    let tax = pick(r.lang, "含税与否依来源文件", "tax as in the source file");
    headed(area, x, &format!("{} · {basis} · {tax}", short(unit.get(r.lang))))
}

/// Source, its hash, rule, lead, and what a chart is not.
pub fn footer(area: &Area<'_>, r: &Results<'_>, x: &Picture<'_>) -> Result<()> {
    let input = x.source.and_then(|row| r.inputs.get(row.file() as usize));
    let source = input.map_or(String::new(), |i| {
        let name = i.path.rsplit(['/', '\\']).next().unwrap_or(&i.path);
        format!(
            "{} {} SHA-256 {}…",
            pick(r.lang, "来源", "source"),
            fitted(name, 11, 170),
            &i.sha256.get(..12).unwrap_or("")
        )
    });
    let part = if x.days.0 == i32::MIN {
        String::new()
    } else {
        pick(r.lang, "只画前后半年", "half a year on either side")
    };
    let parts =
        [source, x.rule.clone(), x.id.clone(), part, pick(r.lang, "筛查结果不能证明违法", "a screen proves nothing")];
    let text = parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" · ");
    let (_, height) = area.dim_in_pixel();
    write(area, &fitted_line(&text, 11, SIZE.0 as i32 - 32), (16, height as i32 - 20), ink(11, GREY))
}

fn fitted_line(text: &str, size: u32, pixels: i32) -> String {
    let mut out = text.to_owned();
    while font::width(&out) * f64::from(size) > f64::from(pixels) && out.pop().is_some() {}
    out
}

/// Axes from zero, linear, days below.
pub fn axes<'a, 'b>(area: &'a Area<'b>, days: (i32, i32), top: f64) -> Result<Plot<'a, 'b>> {
    let mut plot = ChartBuilder::on(area)
        .margin_top(ABOVE)
        .margin_bottom(BELOW)
        .margin_left(LEFT)
        .margin_right(RIGHT)
        .build_cartesian_2d(days.0..days.1.max(days.0 + 1), 0.0..top)
        .map_err(fault)?;
    for value in levels(top) {
        let (x, y) = plot.backend_coord(&(days.0, value));
        let end = plot.backend_coord(&(days.1.max(days.0 + 1), value)).0;
        let colour = if value == 0.0 { GREY } else { BAND };
        area.draw(&PathElement::new([(x, y), (end, y)], colour.stroke_width(1))).map_err(fault)?;
    }
    for value in levels(top) {
        let (x, y) = plot.backend_coord(&(days.0, value));
        write(area, &figure(value, top), (x - 8, y), ink(12, INK).pos(Pos::new(HPos::Right, VPos::Center)))?;
    }
    dates(area, &mut plot, days)?;
    Ok(plot)
}

/// Ticks and dates under a plot.
pub fn dates(area: &Area<'_>, plot: &mut Plot<'_, '_>, days: (i32, i32)) -> Result<()> {
    for day in ticks(days) {
        let (x, y) = plot.backend_coord(&(day, 0.0));
        area.draw(&PathElement::new([(x, y), (x, y + 5)], GREY.stroke_width(1))).map_err(fault)?;
    }
    for (i, day) in ticks(days).into_iter().enumerate() {
        let (x, y) = plot.backend_coord(&(day, 0.0));
        let date = Day(day).to_string();
        let label = if days.1 - days.0 > MONTHS { &date[..date.len() - 3] } else { &date[date.len() - 5..] };
        let label = if i == 0 && days.1 - days.0 <= MONTHS { date.as_str() } else { label };
        write(area, label, (x, y + 8), ink(12, INK).pos(Pos::new(HPos::Center, VPos::Top)))?;
    }
    Ok(())
}

/// Days above which months are marked instead of days.
const MONTHS: i32 = 200;

/// Mondays, or firsts of months, at most nine.
fn ticks((low, high): (i32, i32)) -> Vec<i32> {
    let span = (high - low).max(1);
    if span > MONTHS {
        let every = (span / 30 / 8 + 1) as i8;
        let first = |d: &i32| {
            let date = Day(*d).date();
            date.day() == 1 && (i32::from(date.month()) - 1) % i32::from(every) == 0
        };
        return (low..=high).filter(first).collect();
    }
    let step = if span <= 8 { 1 } else { 7 * (span / 7 / 8 + 1) };
    let start = if span <= 8 { low } else { low + (7 - Day(low).weekday() as i32) % 7 };
    (start..=high).step_by(step.max(1) as usize).collect()
}

/// Round levels of the price axis, about five.
fn levels(top: f64) -> Vec<f64> {
    let raw = top / 5.0;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= raw).unwrap_or(raw);
    (0..).map(|i| f64::from(i) * step).take_while(|v| *v <= top).take(12).collect()
}

/// A price with as many digits as its axis needs.
pub fn figure(value: f64, top: f64) -> String {
    let digits = if top >= 50.0 {
        0
    } else if top >= 5.0 {
        1
    } else {
        2
    };
    let plain = format!("{value:.digits$}");
    let (whole, rest) = plain.split_once('.').map_or((plain.as_str(), String::new()), |(w, r)| (w, format!(".{r}")));
    let groups: Vec<&str> = whole.as_bytes().rchunks(3).rev().filter_map(|c| std::str::from_utf8(c).ok()).collect();
    groups.join(",") + &rest
}

/// Marked days: a line from top to bottom each, its label above the plot, in a second row where the first is taken.
pub fn marked(area: &Area<'_>, plot: &mut Plot<'_, '_>, top: f64, marks: &[(i32, &str)]) -> Result<()> {
    let stroke = Stroke { colour: INK, width: 1, dash: "1 3" };
    let mut taken = [0, 0];
    for (day, label) in marks {
        plot.draw_series([Line { points: vec![(*day, 0.0), (*day, top)], stroke }]).map_err(fault)?;
        let (x, y) = plot.backend_coord(&(*day, top));
        let wide = (font::width(label) * 11.0).ceil() as i32;
        let left = (x - 3).min(SIZE.0 as i32 - RIGHT - wide + 30);
        let Some(row) = (0..taken.len()).find(|k| taken[*k] <= left) else { continue };
        taken[row] = left + wide + 8;
        write(area, label, (left, y - 3 - 13 * row as i32), ink(11, INK).pos(Pos::new(HPos::Left, VPos::Bottom)))?;
    }
    Ok(())
}

/// Labels right of the plot, each at the end of its line, none on another and none below the plot.
pub fn labels(area: &Area<'_>, mut ends: Vec<(i32, String, Stroke)>) -> Result<()> {
    ends.sort_by_key(|e| e.0);
    let tall = |label: &str| 15 * label.split('\n').count() as i32 + 1;
    let (mut free, mut limit) = (ABOVE - 4, area.dim_in_pixel().1 as i32 - BELOW + 10);
    for (y, label, _) in &mut ends {
        *y = free.max(*y);
        free = *y + tall(label);
    }
    for (y, label, _) in ends.iter_mut().rev() {
        *y = (limit - tall(label)).min(*y);
        limit = *y;
    }
    let x = SIZE.0 as i32 - RIGHT + 10;
    for (y, label, stroke) in ends {
        let points = vec![(x, y), (x + 16, y)];
        area.draw(&super::pen::Sample { points, stroke }).map_err(fault)?;
        for (i, line) in label.split('\n').enumerate() {
            let style = ink(12, stroke.colour).pos(Pos::new(HPos::Left, VPos::Center));
            write(area, &fitted(line, 12, RIGHT - 34), (x + 22, y + 15 * i as i32), style)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_mondays_or_firsts_and_few() {
        for (low, high) in [(18_262, 18_262), (18_262, 18_266), (18_262, 18_300), (18_262, 18_420), (17_000, 18_300)] {
            let marked = ticks((low, high));
            assert!((1..=10).contains(&marked.len()), "{low} {high} {marked:?}");
            assert!(high - low <= 8 || high - low > MONTHS || marked.iter().all(|d| Day(*d).weekday() == 0));
        }
    }

    #[test]
    fn levels_begin_at_zero_and_are_round() {
        assert_eq!(levels(5.4), [0.0, 2.0, 4.0]);
        assert_eq!(levels(9.0), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(figure(180_000.0, 450_000.0), "180,000");
        assert_eq!(figure(2.5, 5.4), "2.5");
    }
}
