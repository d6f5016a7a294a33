//! The chain diagram: who bought at what and sold at what, the mark-up of each hop, the whole chain's factor.

use anyhow::Result;
use plotters::prelude::*;

use super::Picture;
use super::frame::{ACCENT, Area, GREY, INK, fault, fitted, footer, ink, pick, title, write};
use crate::model::Sheet;
use crate::report::Results;

/// Hops in a row; longer chains go on in the next.
const PER_ROW: usize = 4;
/// Boxes and the arrows between them, in pixels.
const BOX: (i32, i32) = (158, 76);
const GAP: i32 = 36;

/// Height of the picture of so many hops.
pub fn height(hops: usize) -> u32 {
    110 + hops.div_ceil(PER_ROW).max(1) as u32 * (BOX.1 as u32 + GAP as u32)
}

/// Draws the hops of a chain's table: seller, bought at, sold at, mark-up in percent, times the first price.
pub fn draw(area: &Area<'_>, r: &Results<'_>, x: &Picture<'_>, sheet: &Sheet) -> Result<()> {
    title(area, r, x)?;
    for (k, row) in sheet.rows.iter().enumerate() {
        let [who, bought, sold, markup, times] = row.as_slice() else { continue };
        let (left, top) = (16 + (k % PER_ROW) as i32 * (BOX.0 + GAP), 72 + (k / PER_ROW) as i32 * (BOX.1 + GAP));
        let edges = [(left, top), (left + BOX.0, top + BOX.1)];
        area.draw(&Rectangle::new(edges, INK.stroke_width(1))).map_err(fault)?;
        write(area, &fitted(who, 13, BOX.0 - 20), (left + 10, top + 8), ink(13, INK))?;
        let prices = fitted(&format!("{bought} → {sold}"), 15, BOX.0 - 20);
        write(area, &prices, (left + 10, top + 28), ink(15, ACCENT))?;
        let note = pick(r.lang, &format!("+{markup}%　累计 {times} 倍"), &format!("+{markup}% · ×{times} in all"));
        write(area, &fitted(&note, 12, BOX.0 - 20), (left + 10, top + 52), ink(12, GREY))?;
        if (k + 1) % PER_ROW != 0 && k + 1 < sheet.rows.len() {
            let (from, to, mid) = (left + BOX.0 + 5, left + BOX.0 + GAP - 5, top + BOX.1 / 2);
            area.draw(&PathElement::new([(from, mid), (to, mid)], INK.stroke_width(2))).map_err(fault)?;
            let head = [(to + 2, mid), (to - 8, mid - 5), (to - 8, mid + 5)];
            area.draw(&Polygon::new(head, INK.filled())).map_err(fault)?;
        }
    }
    footer(area, r, x)
}
