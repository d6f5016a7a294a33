//! The embedded fonts: what they can show, how wide it is, and the few characters a page needs of them.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use allsorts::binary::read::ReadScope;
use allsorts::font::MatchingPresentation;
use allsorts::font_data::FontData;
use allsorts::subset::{CmapTarget, SubsetProfile, subset};
use anyhow::{Result, anyhow};
use base64::Engine;
use resvg::usvg::fontdb::Database;
use typst::foundations::Bytes;
use typst::layout::Abs;
use typst::text::{Font, FontInstance, FontVariant, FontVariations};

/// Noto Sans CJK SC (OFL-1.1, see fonts/COPYRIGHT): regular with GBK, bold with GB 2312, and a supplement: the other
/// Han characters of GB 18030 (extension A), the rest of 通用规范汉字表, the 2,350 Hangul of KS X 1001, Latin letters.
const FILES: [&[u8]; 3] = [
    include_bytes!("fonts/NotoSansCJKsc-Regular-GBK-subset.otf"),
    include_bytes!("fonts/NotoSansCJKsc-Regular-supplement-subset.otf"),
    include_bytes!("fonts/NotoSansCJKsc-Bold-GB2312-subset.otf"),
];

/// Regular and supplement: together they say what can be shown; bold falls back to them.
const PLAIN: usize = 2;

/// The fonts as typst reads them.
pub fn fonts() -> &'static [Font] {
    static FONTS: OnceLock<Vec<Font>> = OnceLock::new();
    FONTS.get_or_init(|| FILES.iter().filter_map(|f| Font::new(Bytes::new(*f), 0)).collect())
}

/// The file that holds a character, and its width there in units of the size.
fn glyph(c: char) -> Option<(usize, f64)> {
    static FACES: OnceLock<Vec<FontInstance>> = OnceLock::new();
    let plain = |f: &Font| f.clone().instantiate(FontVariant::default(), Abs::pt(12.0), &FontVariations::default());
    let faces = FACES.get_or_init(|| fonts().iter().take(PLAIN).map(plain).collect());
    faces.iter().enumerate().find_map(|(i, f)| Some((i, f.x_advance(f.ttf().glyph_index(c)?.0)?.get())))
}

/// The font database of SVG conversion: these fonts and no other.
pub fn database() -> Arc<Database> {
    static DB: OnceLock<Arc<Database>> = OnceLock::new();
    DB.get_or_init(|| {
        let mut db = Database::new();
        FILES[..PLAIN].iter().for_each(|f| db.load_font_data(f.to_vec()));
        let family = db.faces().next().and_then(|f| f.families.first().map(|n| n.0.clone()));
        db.set_sans_serif_family(family.unwrap_or_default());
        Arc::new(db)
    })
    .clone()
}

/// Width of a text in units of its size.
pub fn width(text: &str) -> f64 {
    text.chars().map(|c| glyph(c).map_or(1.0, |g| g.1)).sum()
}

/// Characters that turn, join, hide or stretch others, or are not seen at all.
fn unseen(c: char) -> bool {
    let ranges = [
        ('\u{0}', '\u{1f}'),
        ('\u{7f}', '\u{a0}'),
        ('\u{ad}', '\u{ad}'),
        ('\u{300}', '\u{36f}'),
        ('\u{61c}', '\u{61c}'),
        ('\u{115f}', '\u{1160}'),
        ('\u{180b}', '\u{180e}'),
        ('\u{2000}', '\u{200f}'),
        ('\u{2028}', '\u{202f}'),
        ('\u{205f}', '\u{206f}'),
        ('\u{3164}', '\u{3164}'),
        ('\u{fe00}', '\u{fe0f}'),
        ('\u{feff}', '\u{feff}'),
        ('\u{ffa0}', '\u{ffa0}'),
        ('\u{fff0}', '\u{fffb}'),
        ('\u{e000}', '\u{f8ff}'),
        ('\u{e0000}', '\u{10ffff}'),
    ];
    ranges.iter().any(|r| (r.0..=r.1).contains(&c))
}

/// The text with every unseen character as its code, [U+202E]: on a page it can then do nothing and is not missed.
pub fn plain(text: &str) -> String {
    told(text, unseen)
}

/// The same, and with the code of every character the fonts lack: for paper and pictures, where no other font helps.
pub fn drawable(text: &str) -> String {
    told(text, |c| unseen(c) || glyph(c).is_none())
}

/// The same of a text of several lines.
pub fn drawable_lines(text: &str) -> String {
    text.split('\n').map(drawable).collect::<Vec<_>>().join("\n")
}

fn told(text: &str, code: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if code(c) { out += &format!("[U+{:04X}]", c as u32) } else { out.push(c) }
    }
    out
}

/// The characters of `text` as OpenType fonts, base64, one for each file that has any: a page needs no installed font.
pub fn subsets_base64(text: &str) -> Result<Vec<String>> {
    let characters: BTreeSet<char> = text.chars().filter(|c| !c.is_control()).collect();
    let mut out = Vec::new();
    for (i, file) in FILES[..PLAIN].iter().enumerate() {
        let mine: BTreeSet<char> = characters.iter().copied().filter(|c| glyph(*c).is_some_and(|g| g.0 == i)).collect();
        if !mine.is_empty() {
            out.push(subset_base64(file, &mine)?);
        }
    }
    Ok(out)
}

fn subset_base64(file: &[u8], characters: &BTreeSet<char>) -> Result<String> {
    let fault = |e: &dyn std::fmt::Display| anyhow!("字体子集失败 / font subset failed: {e}");
    let data = ReadScope::new(file).read::<FontData<'_>>().map_err(|e| fault(&e))?;
    let provider = data.table_provider(0).map_err(|e| fault(&e))?;
    let mut font = allsorts::Font::new(data.table_provider(0).map_err(|e| fault(&e))?).map_err(|e| fault(&e))?;
    let mut glyphs: BTreeSet<u16> = [0].into();
    glyphs.extend(characters.iter().map(|&c| font.lookup_glyph_index(c, MatchingPresentation::NotRequired, None).0));
    let glyphs: Vec<u16> = glyphs.into_iter().collect();
    let bytes = subset(&provider, &glyphs, &SubsetProfile::Minimal, CmapTarget::Unicode).map_err(|e| fault(&e))?;
    Ok(base64::engine::general_purpose::STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_shown_is_told_by_its_code() {
        assert_eq!(drawable("广州KN95·퍼 㐀"), "广州KN95·퍼 㐀");
        assert_eq!(drawable("a\u{202e}b\u{200b}😀"), "a[U+202E]b[U+200B][U+1F600]");
        assert_eq!(plain("a\u{202e}b😀"), "a[U+202E]b😀");
    }

    /// All Han characters of GB 18030-2000 (unified 4E00–9FA5, extension A 3400–4DB5), Hangul of KS X 1001, and of
    /// GBK all but what no name holds.
    #[test]
    fn the_common_characters_are_there() {
        let missing: String =
            ('\u{4e00}'..='\u{9fa5}').chain('\u{3400}'..='\u{4db5}').filter(|c| glyph(*c).is_none()).collect();
        assert_eq!(missing, "");
        let pairs = |encoding: &'static encoding_rs::Encoding, first: std::ops::RangeInclusive<u8>, low: u8| {
            let pairs = first.flat_map(move |a| (low..=0xfe).map(move |b| [a, b]));
            let text = move |p: [u8; 2]| {
                encoding.decode_without_bom_handling_and_without_replacement(&p).map(|t| t.into_owned())
            };
            pairs.filter_map(text).filter(|t| t.chars().count() == 1).flat_map(|t| t.chars().collect::<Vec<_>>())
        };
        let lacking = |c: &char| !unseen(*c) && glyph(*c).is_none();
        let symbols: String = pairs(encoding_rs::GBK, 0x81..=0xfe, 0x40).filter(lacking).collect();
        // Vertical punctuation, one sign, characters that describe characters, and radicals: told by their codes.
        assert_eq!(symbols, "︐︒︑︓︔︕︖︗︘︙≒⿰⿱⿲⿳⿴⿵⿶⿷⿸⿹⿺⿻⺁⺄⺈⺋⺌⺗⺧⺪⺮⺳⺶⺷⺻⻊");
        let hangul: Vec<char> = pairs(encoding_rs::EUC_KR, 0xb0..=0xc8, 0xa1).collect();
        assert_eq!(hangul.len(), 2350);
        assert_eq!(hangul.iter().filter(|c| lacking(c)).collect::<String>(), "");
    }

    /// What we write ourselves can be set, in PDF and PNG too.
    #[test]
    fn our_own_words_have_glyphs() {
        let pages = crate::detect::SCREENS.iter().map(|s| s.page).chain(crate::law::TESTS.iter().map(|t| t.page));
        let text: String = pages.chain([include_str!("words.toml"), include_str!("evidence/calculation.rs")]).collect();
        let lacking: BTreeSet<char> = text.chars().filter(|c| !c.is_control() && glyph(*c).is_none()).collect();
        assert_eq!(lacking.into_iter().collect::<String>(), "");
    }

    #[test]
    fn the_subset_is_much_smaller_than_the_font() {
        let subsets = subsets_base64("疑似线索 abc 123 퍼").unwrap();
        assert_eq!(subsets.len(), 2);
        assert!(subsets[0].len() > 1000 && subsets[0].len() < 60_000, "{}", subsets[0].len());
    }
}
