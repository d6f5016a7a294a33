//! What does one price buy? Prices become prices per base unit; a pack that cannot be known is never guessed.

use unicode_normalization::UnicodeNormalization;

use crate::model::PriceUnit;

/// How a price becomes a price per base unit.
#[derive(Clone, PartialEq, Debug)]
pub struct UnitReading {
    /// What the divided price buys.
    pub unit: PriceUnit,
    /// Base units bought by one price, > 0; 1 where already per base unit or unknown.
    pub per_price: f64,
}

/// Word → (base label, base units per word): datasets/units.csv, kind `base`.
fn base_unit(word: &str) -> Option<(&'static str, f64)> {
    rows("base").find(|r| r[0] == word).and_then(|r| Some((r[2], r[3].parse().ok()?)))
}

fn rows(kind: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    include_str!("../../datasets/units.csv")
        .lines()
        .skip(1)
        .map(|l| l.split(',').collect::<Vec<_>>())
        .filter(move |r| r.len() >= 4 && r[1] == kind)
}

fn normal(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase().replace(['×', '✕', '＊'], "*").trim().to_owned()
}

/// Reads the unit of a row from its unit, pack-size, specification and product cells, in that order.
pub fn read_unit(unit: &str, pack_size: &str, spec: &str, product: &str) -> UnitReading {
    let [unit, pack, spec, product] = [unit, pack_size, spec, product].map(normal);
    let known = |base: &str, n: f64| UnitReading { unit: PriceUnit::Base(base.to_owned()), per_price: n };
    let word = unit.trim_start_matches("元/").trim_start_matches('/').trim();
    if let Some((base, factor)) = base_unit(word) {
        return known(base, factor);
    }
    let outer = word.split('(').next().unwrap_or("").rsplit('/').next().unwrap_or("").trim().to_owned();
    let stated = pack.parse::<f64>().ok().filter(|n| *n >= 1.0);
    let found = stated
        .map(|n| (piece_of(&product), n))
        .or_else(|| [&pack, &unit, &spec, &product].into_iter().find_map(|text| content(text, &outer)));
    match found {
        Some((base, n)) => known(base, n),
        None if unit.is_empty() => UnitReading { unit: PriceUnit::Unstated, per_price: 1.0 },
        None => UnitReading { unit: PriceUnit::Pack(word.to_owned()), per_price: 1.0 },
    }
}

/// What a bare pack size counts: clothing comes by the 件 (kind `piece`), all else by the 只.
fn piece_of(product: &str) -> &'static str {
    rows("piece").find(|r| product.contains(r[0])).map_or("只", |r| r[2])
}

/// One `50只/盒` in a text: count, unit word, container (may be empty).
struct Count {
    n: f64,
    word: String,
    container: String,
    at: usize,
}

/// Base units in the pack called `outer` (empty = as listed). Two counts that disagree, bundles (`+`)
/// and gifts are unknown: a wrong pack is worse than none.
fn content(text: &str, outer: &str) -> Option<(&'static str, f64)> {
    if ["증정", "사은품", "赠", "세트"].iter().any(|w| text.contains(w)) {
        return None;
    }
    let counts = counts(text);
    if counts.iter().any(|c| text[c.at..].trim_start().starts_with('+')) || counts.is_empty() && text.contains('+') {
        return None;
    }
    if counts.is_empty() {
        return if matches!(outer, "箱" | "件" | "carton") { plain_product(text) } else { None };
    }
    let (base, _) = base_unit(&counts[0].word)?;
    if counts.iter().any(|c| !c.container.is_empty()) {
        let upto =
            counts.iter().position(|c| !outer.is_empty() && c.container == outer).map_or(counts.len(), |i| i + 1);
        let nested = counts[1..upto].iter().zip(&counts).all(|(c, before)| c.word == before.container);
        return nested.then(|| (base, counts[..upto].iter().map(|c| c.n).product()));
    }
    let mut sizes: Vec<f64> = counts.iter().filter(|c| base_unit(&c.word).is_some()).map(|c| c.n).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    if sizes.len() > 1 {
        sizes.retain(|n| *n != 1.0); // "5매입 1개": one pack of five
    }
    let packs = counts.iter().any(|c| base_unit(&c.word).is_none() && c.n > 1.0);
    (sizes.len() == 1 && !packs).then(|| (base, sizes[0]))
}

/// `100*20`: boxes of a hundred, twenty to the carton.
fn plain_product(text: &str) -> Option<(&'static str, f64)> {
    let factors: Option<Vec<f64>> = text.split('*').map(|f| f.trim().parse().ok().filter(|n| *n >= 1.0)).collect();
    factors.filter(|f| f.len() >= 2).map(|f| ("只", f.iter().product()))
}

fn counts(text: &str) -> Vec<Count> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(|c: char| c.is_ascii_digit()).map(|i| i + at) {
        let end = text[start..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |i| i + start);
        at = end;
        let glued = text[..start].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | ','));
        let n = text[start..end].parse::<f64>().ok().filter(|n| *n >= 1.0 && *n <= 20_000.0);
        let rest = text[end..].trim_start();
        let (Some(n), Some(word), false) = (n, unit_word(rest), glued) else { continue };
        let mut next = end + (text[end..].len() - rest.len()) + word.len();
        let mut container = String::new();
        if let Some(c) = text[next..].strip_prefix('/').and_then(unit_word) {
            next += 1 + c.len();
            container = c.to_owned();
        }
        out.push(Count { n, word: word.to_owned(), container, at: next });
        at = next;
    }
    out
}

/// The longest unit word at the start of a text; not followed by a letter that would make it another word.
fn unit_word(rest: &str) -> Option<&'static str> {
    let words = rows("base").filter(|r| r[2] != "千克" && r[2] != "毫升").chain(rows("pack")).map(|r| r[0]);
    let word = words.filter(|w| rest.starts_with(w)).max_by_key(|w| w.len())?;
    let after = rest[word.len()..].chars().next();
    let other_word = word.is_ascii() && after.is_some_and(|c| c.is_ascii_alphanumeric())
        || matches!(after, Some('월' | '국' | '층' | '중'));
    (!other_word).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_packs() {
        let base = |b: &str, n: f64| UnitReading { unit: PriceUnit::Base(b.into()), per_price: n };
        for (unit, pack, spec, product, want) in [
            ("只", "50", "", "", base("只", 1.0)),
            ("元/片", "", "", "", base("只", 1.0)),
            ("盒", "50", "", "", base("只", 50.0)),
            ("盒", "", "50只/盒", "", base("只", 50.0)),
            ("盒(50只)", "", "", "", base("只", 50.0)),
            ("箱", "", "10只/袋×20袋/箱", "", base("只", 200.0)),
            ("袋", "", "10只/袋×20袋/箱", "", base("只", 10.0)),
            ("箱", "", "100*20", "", base("只", 2000.0)),
            ("", "50", "", "", base("只", 50.0)),
            ("", "", "", "一次性口罩 50片装", base("只", 50.0)),
            ("", "", "", "KF94 대형 10매입 1개", base("只", 10.0)),
            ("吨", "", "", "", base("千克", 1000.0)),
            ("斤", "", "", "", base("千克", 0.5)),
            ("件", "", "", "医用防护服", base("件", 1.0)),
            (
                "盒",
                "",
                "GB 2626",
                "KN95口罩 3M 9501",
                UnitReading { unit: PriceUnit::Pack("盒".into()), per_price: 1.0 },
            ),
            ("盒", "", "100*20", "", UnitReading { unit: PriceUnit::Pack("盒".into()), per_price: 1.0 }),
        ] {
            assert_eq!(read_unit(unit, pack, spec, product), want, "{unit}|{pack}|{spec}|{product}");
        }
    }

    /// Real listing titles in which a number is not the pack, or not the only one.
    #[test]
    fn titles_that_must_stay_unknown() {
        for title in [
            "파아란마스크 KF94 (성인용)투명가드1개+필터 6매",
            "KF94 국산마스크2매+미니가습기1개 1+2행사",
            "프로폴리스+ (60캡슐 60일분) 2통 마스크(성인용/KF94) 1개 증정 (한정 50개)",
            "랜덤발송 10매입 [5개]",
            "황사마스크/kf80/식약처인증",
            "도부마스크 KF94 대형 201 보건용",
            "3M 9501 GB 2626-2006 17.5*9.5cm 3层 2020年",
        ] {
            assert_eq!(read_unit("", "", "", title).unit, PriceUnit::Unstated, "{title}");
        }
    }
}
