//! Curves over days on one frame: what the price chart and the group's chart share.

use anyhow::Result;
use plotters::prelude::*;

use super::frame::{ACCENT, Area, BAND, axes, fault, labels, marked};
use super::pen::{Dots, Line, Stroke};
use super::{Column, Readings};
use crate::model::{Day, MarketDay, Step};

/// One line of a chart.
pub struct Curve {
    /// Its name; empty = not labelled, and left out of the table.
    pub label: String,
    /// Days and values, ascending.
    pub points: Vec<(i32, f64)>,
    /// How it is drawn.
    pub stroke: Stroke,
    /// Every value as a point too.
    pub dotted: bool,
}

/// Everything on the frame.
pub struct Curves<'a> {
    /// In drawing order; the last is the one the chart is about.
    pub curves: Vec<Curve>,
    /// Quartiles of the market.
    pub market: &'a [MarketDay],
    /// Single rows where they were read: day, price.
    pub rows: &'a [(i32, f64)],
    /// Dated changes.
    pub steps: Vec<Step>,
    /// Marked days: the base date, notices.
    pub marks: Vec<(Day, String)>,
    /// Days without a price after which a line breaks.
    pub hold: i32,
}

/// Draws them, and tells where what can be read.
pub fn curves(area: &Area<'_>, c: &Curves<'_>) -> Result<Readings> {
    let known = || c.curves.iter().flat_map(|l| l.points.iter()).chain(c.rows);
    let own = c.curves.last().map_or(&[][..], |l| l.points.as_slice());
    let (low, high) = (
        c.market.iter().map(|d| d.day.0).chain(own.iter().map(|p| p.0)).min().unwrap_or(0),
        c.market.iter().map(|d| d.day.0).chain(own.iter().map(|p| p.0)).max().unwrap_or(1),
    );
    let inside = |d: i32| (low..=high).contains(&d);
    let top = known().filter(|p| inside(p.0)).map(|p| p.1).chain(c.market.iter().map(|d| d.q3)).fold(0.0, f64::max);
    let top = if top > 0.0 { top * 1.12 } else { 1.0 };
    let mut plot = axes(area, (low, high), top)?;
    for run in runs(c.market.iter().map(|d| (d.day.0, (d.q1, d.q3))), c.hold) {
        let upper = stairs(run.iter().map(|p| (p.0, p.1.1)));
        let lower = stairs(run.iter().map(|p| (p.0, p.1.0)));
        let band: Vec<(i32, f64)> = upper.into_iter().chain(lower.into_iter().rev()).collect();
        plot.draw_series([Polygon::new(band, BAND.filled())]).map_err(fault)?;
    }
    for step in &c.steps {
        let edges = [(step.last_old.0.max(low), 0.0), (step.first_new.0.min(high), top)];
        plot.draw_series([Rectangle::new(edges, ACCENT.mix(0.14).filled())]).map_err(fault)?;
    }
    let marks: Vec<(i32, &str)> = c.marks.iter().filter(|m| inside(m.0.0)).map(|m| (m.0.0, m.1.as_str())).collect();
    marked(area, &mut plot, top, &marks)?;
    let mut ends = Vec::new();
    for curve in &c.curves {
        for run in runs(curve.points.iter().copied().filter(|p| inside(p.0)), c.hold) {
            plot.draw_series([Line { points: stairs(run), stroke: curve.stroke }]).map_err(fault)?;
        }
        let dot = Stroke { width: curve.stroke.width + 2, ..curve.stroke };
        if curve.dotted {
            let points = curve.points.iter().copied().filter(|p| inside(p.0)).collect();
            plot.draw_series([Dots { points, stroke: dot }]).map_err(fault)?;
        }
        if let (Some(last), false) = (curve.points.iter().rev().find(|p| inside(p.0)), curve.label.is_empty()) {
            ends.push((plot.backend_coord(last).1, curve.label.clone(), curve.stroke));
        }
    }
    if let Some(curve) = c.curves.last().filter(|_| !c.rows.is_empty()) {
        let points = c.rows.iter().copied().filter(|p| inside(p.0)).collect();
        plot.draw_series([Dots { points, stroke: Stroke { width: 3, ..curve.stroke } }]).map_err(fault)?;
    }
    let (left, bottom) = plot.backend_coord(&(low, 0.0));
    let (right, upper) = plot.backend_coord(&(high.max(low + 1), top));
    labels(area, ends)?;
    let named = c.curves.iter().rev().filter(|l| !l.label.is_empty());
    let columns = named.map(|l| Column {
        label: l.label.replace('\n', " "),
        points: l.points.iter().copied().filter(|p| inside(p.0)).collect(),
    });
    Ok(Readings { frame: [left, right, upper, bottom], days: (low, high.max(low + 1)), columns: columns.collect() })
}

/// Each value holds until the next.
fn stairs(points: impl IntoIterator<Item = (i32, f64)>) -> Vec<(i32, f64)> {
    let mut out: Vec<(i32, f64)> = Vec::new();
    for (day, value) in points {
        match out.last() {
            Some(&(_, before)) if before == value => {}
            Some(&(_, before)) => out.extend([(day, before), (day, value)]),
            None => out.push((day, value)),
        }
        if out.last().is_some_and(|p| p.0 != day) {
            out.push((day, value));
        }
    }
    thinned(out)
}

/// Without points in the middle of a level stretch.
fn thinned(points: Vec<(i32, f64)>) -> Vec<(i32, f64)> {
    let mut out: Vec<(i32, f64)> = Vec::with_capacity(points.len());
    for p in points {
        if let [.., a, b] = out[..]
            && a.1 == b.1
            && b.1 == p.1
        {
            out.pop();
        }
        out.push(p);
    }
    out
}

/// Stretches without a gap longer than a price may hold.
fn runs<T: Copy>(points: impl IntoIterator<Item = (i32, T)>, hold: i32) -> Vec<Vec<(i32, T)>> {
    let mut out: Vec<Vec<(i32, T)>> = Vec::new();
    for p in points {
        match out.last_mut() {
            Some(run) if run.last().is_some_and(|l| p.0 - l.0 <= hold) => run.push(p),
            _ => out.push(vec![p]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_holds_until_the_next_and_not_across_a_gap() {
        assert_eq!(stairs([(1, 2.0), (2, 2.0), (3, 2.0), (4, 5.0)]), [(1, 2.0), (4, 2.0), (4, 5.0)]);
        assert_eq!(runs([(1, 0.0), (2, 0.0), (40, 0.0)], 28).len(), 2);
    }
}
