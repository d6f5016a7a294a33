//! The chain diagram: who bought at what and sold at what, the mark-up of each hop, the whole chain's factor.

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use super::chart::{ACCENT, Area, GREY, INK, short};
use crate::model::{Lang, Sheet};

/// Characters of a name that fit into a box.
const NAME: usize = 11;
/// Hops in a row; longer chains go on in the next.
const PER_ROW: usize = 4;

/// Draws the hops of a chain's table: seller, bought at, sold at, mark-up in percent, times the first price.
pub fn draw(area: &Area<'_>, sheet: &Sheet, title: &str, unit: &str, lang: Lang) -> Result<()> {
    let e = |e: DrawingAreaErrorKind<_>| anyhow!("{e}");
    let text = |size: i32, colour: RGBColor| ("sans-serif", size).into_font().color(&colour);
    let word = |zh: &'static str, en: &'static str| if lang == Lang::Zh { zh } else { en };
    area.draw(&Text::new(title.to_owned(), (60, 16), text(18, INK))).map_err(e)?;
    area.draw(&Text::new(format!("{}{unit}", word("单位：", "unit: ")), (60, 42), text(12, GREY))).map_err(e)?;
    let (width, height, gap) = (170, 74, 46);
    let top = if sheet.rows.len() > PER_ROW { 76 } else { 140 };
    for (k, row) in sheet.rows.iter().enumerate() {
        let [who, bought, sold, markup, times] = row.as_slice() else { continue };
        let (x, y) = (60 + (k % PER_ROW) as i32 * (width + gap), top + (k / PER_ROW) as i32 * (height + 60));
        area.draw(&Rectangle::new([(x, y), (x + width, y + height)], INK.stroke_width(1))).map_err(e)?;
        area.draw(&Text::new(fitting(who), (x + 10, y + 8), text(14, INK))).map_err(e)?;
        area.draw(&Text::new(format!("{bought} → {sold}"), (x + 10, y + 30), text(15, ACCENT))).map_err(e)?;
        let note = format!("+{markup}%　{} {times} {}", word("累计", "in all"), word("倍", "×"));
        area.draw(&Text::new(note, (x + 10, y + 52), text(12, GREY))).map_err(e)?;
        let last_of_row = (k + 1) % PER_ROW == 0 || k + 1 == sheet.rows.len();
        if !last_of_row {
            let (from, to, mid) = (x + width + 6, x + width + gap - 6, y + height / 2);
            area.draw(&PathElement::new([(from, mid), (to, mid)], INK.stroke_width(2))).map_err(e)?;
            area.draw(&Polygon::new([(to + 4, mid), (to - 6, mid - 5), (to - 6, mid + 5)], INK.filled())).map_err(e)?;
        }
    }
    Ok(())
}

fn fitting(name: &str) -> String {
    let name = short(name);
    if name.chars().count() <= NAME { name } else { name.chars().take(NAME - 1).chain(['…']).collect() }
}
