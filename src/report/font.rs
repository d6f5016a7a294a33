//! The embedded font: measured by plotters, drawn by resvg, and cut down to the characters a page uses.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use allsorts::binary::read::ReadScope;
use allsorts::font::MatchingPresentation;
use allsorts::font_data::FontData;
use allsorts::subset::{CmapTarget, SubsetProfile, subset};
use anyhow::{Result, anyhow};
use base64::Engine;
use resvg::usvg::fontdb::Database;

/// Noto Sans CJK SC with the characters of GBK (OFL-1.1, see fonts/COPYRIGHT).
pub const REGULAR: &[u8] = include_bytes!("fonts/NotoSansCJKsc-Regular-GBK-subset.otf");

/// The font database of SVG conversion: this font and no other.
pub fn database() -> Arc<Database> {
    static DB: OnceLock<Arc<Database>> = OnceLock::new();
    DB.get_or_init(|| {
        let mut db = Database::new();
        db.load_font_data(REGULAR.to_vec());
        let family = db.faces().next().and_then(|f| f.families.first().map(|n| n.0.clone()));
        db.set_sans_serif_family(family.unwrap_or_default());
        Arc::new(db)
    })
    .clone()
}

/// Registers the font with plotters, once.
pub fn register() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        let _ = plotters::style::register_font("sans-serif", plotters::style::FontStyle::Normal, REGULAR);
    });
}

/// The characters of `text` as an OpenType font, base64; so that a page needs no installed font.
pub fn subset_base64(text: &str) -> Result<String> {
    let fault = |e: &dyn std::fmt::Display| anyhow!("字体子集失败 / font subset failed: {e}");
    let data = ReadScope::new(REGULAR).read::<FontData<'_>>().map_err(|e| fault(&e))?;
    let provider = data.table_provider(0).map_err(|e| fault(&e))?;
    let mut font = allsorts::Font::new(data.table_provider(0).map_err(|e| fault(&e))?).map_err(|e| fault(&e))?;
    let characters: BTreeSet<char> = text.chars().filter(|c| !c.is_control()).collect();
    let mut glyphs: BTreeSet<u16> = [0].into();
    glyphs.extend(characters.iter().map(|&c| font.lookup_glyph_index(c, MatchingPresentation::NotRequired, None).0));
    let glyphs: Vec<u16> = glyphs.into_iter().collect();
    let bytes = subset(&provider, &glyphs, &SubsetProfile::Minimal, CmapTarget::Unicode).map_err(|e| fault(&e))?;
    Ok(base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// The text with every character the font lacks replaced by □, so that none vanishes from a chart.
pub fn drawable(text: &str) -> String {
    let face = ReadScope::new(REGULAR).read::<FontData<'_>>().ok().and_then(|d| d.table_provider(0).ok());
    let Some(mut font) = face.and_then(|p| allsorts::Font::new(p).ok()) else { return text.to_owned() };
    let has = |c: char, font: &mut allsorts::Font<_>| {
        font.lookup_glyph_index(c, MatchingPresentation::NotRequired, None).0 != 0
    };
    text.chars().map(|c| if has(c, &mut font) { c } else { '□' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_glyph_is_shown_as_missing() {
        assert_eq!(drawable("广州KN95·퍼"), "广州KN95·□");
    }

    #[test]
    fn the_subset_is_much_smaller_than_the_font() {
        let subset = subset_base64("疑似线索 abc 123").unwrap();
        assert!(subset.len() > 1000 && subset.len() < 60_000, "{}", subset.len());
    }
}
