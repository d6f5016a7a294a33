//! Where is it? GB/T 2260 codes and names of regions down to counties (datasets/divisions.csv, as of April 2019).

use std::collections::BTreeMap;

/// Code → name, and the names by length.
pub struct Divisions {
    names: BTreeMap<String, String>,
    /// (name, code), longest name first.
    by_name: Vec<(String, String)>,
}

impl Divisions {
    /// The table that comes with the program.
    pub fn shipped() -> Divisions {
        let rows = include_str!("../../datasets/divisions.csv").lines().skip(1).filter_map(|l| l.split_once(','));
        let mut by_name: Vec<(String, String)> = rows.map(|(code, name)| (name.to_owned(), code.to_owned())).collect();
        let mut names = BTreeMap::new();
        for (name, code) in &by_name {
            names.entry(code.clone()).or_insert_with(|| name.clone());
        }
        by_name.sort_by(|a, b| b.0.chars().count().cmp(&a.0.chars().count()).then(a.cmp(b)));
        Divisions { names, by_name }
    }

    /// The code of a region as written: a code itself, or the division named in it; names of Chinese form that are not in
    /// the table, or that several places bear, are `CN`. `None` = cannot be told.
    pub fn code(&self, region: &str) -> Option<String> {
        let text = region.trim();
        if text.is_empty() {
            return None;
        }
        if text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) {
            return Some(text.to_owned());
        }
        if self.names.contains_key(text) {
            return Some(text.to_owned());
        }
        let lower = text.to_lowercase();
        let named = |name: &str| if name.is_ascii() { lower == name.to_lowercase() } else { text.contains(name) };
        let hits: Vec<&(String, String)> = self.by_name.iter().filter(|n| named(&n.0)).collect();
        if !hits.is_empty() {
            return Some(lowest(&hits));
        }
        let short = |name: &str| name.trim_end_matches(['市', '省']).to_owned();
        if let Some(hit) = self.by_name.iter().find(|n| !n.0.is_ascii() && short(&n.0) == text) {
            return Some(hit.1.clone());
        }
        text.ends_with(['省', '市', '区', '县', '州', '旗', '盟', '镇', '乡']).then(|| "CN".to_owned())
    }

    /// Whether a rule may name this region: a code of the table, or a beginning of 2, 4 or 6 digits of one.
    pub fn knows(&self, region: &str) -> bool {
        let digits = matches!(region.len(), 2 | 4 | 6) && region.bytes().all(|b| b.is_ascii_digit());
        region == "*" || self.names.contains_key(region) || digits
    }

    /// Name of a code, its province in front of a city's; the code itself where unknown.
    pub fn name(&self, code: &str) -> String {
        let find = |c: String| self.names.get(&c).cloned();
        if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return find(code.to_owned()).unwrap_or_else(|| code.to_owned());
        }
        let parts = [find(format!("{}0000", &code[..2])), find(format!("{}00", &code[..4])), find(code.to_owned())];
        let mut parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.dedup();
        if parts.is_empty() { code.to_owned() } else { parts.concat() }
    }
}

/// Of the divisions named in one text: the one with most of its own parents named beside it, then the longest name
/// (东城区, not 城区), then the lowest. Names that several places bear alone tell no more than the country.
fn lowest(hits: &[&(String, String)]) -> String {
    let parents = |code: &str| {
        let own = code.trim_end_matches("00");
        hits.iter().filter(|h| h.1 != code && own.starts_with(h.1.trim_end_matches("00"))).count()
    };
    let rank = |h: &(String, String)| (parents(&h.1), h.0.chars().count(), level(&h.1));
    let Some(best) = hits.iter().max_by_key(|h| rank(h)) else { return "CN".to_owned() };
    let alike = hits.iter().any(|h| h.1 != best.1 && rank(h) == rank(best));
    if alike { "CN".to_owned() } else { best.1.clone() }
}

fn level(code: &str) -> usize {
    if code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()) {
        code.trim_end_matches("00").len()
    } else {
        code.len()
    }
}

/// Whether a place lies within a rule's region: `42` holds 420500; `CN` holds every GB/T 2260 code.
pub fn within(place: &str, region: &str) -> bool {
    let gb = |c: &str| c == "CN" || !c.is_empty() && c.bytes().all(|b| b.is_ascii_digit());
    if region == "CN" {
        return gb(place) && !["71", "81", "82"].iter().any(|p| place.starts_with(p));
    }
    if region == "*" {
        return true;
    }
    if gb(region) {
        gb(place) && place.starts_with(region)
    } else {
        place == region || place.starts_with(&format!("{region}-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let d = Divisions::shipped();
        assert_eq!(d.code("湖北省宜昌市").as_deref(), Some("420500"));
        assert_eq!(d.code("武汉").as_deref(), Some("420100"));
        assert_eq!(d.code("440606").as_deref(), Some("440606"));
        assert_eq!(d.code("湖北省荆州市洪湖市").as_deref(), Some("421083"));
        assert_eq!(d.code("北京市朝阳区").as_deref(), Some("110105"), "and not the one of Changchun");
        assert_eq!(d.code("北京市东城区").as_deref(), Some("110101"), "and not one of the places called 城区");
        assert_eq!(d.code("鼓楼区").as_deref(), Some("CN"), "several places bear the name");
        assert_eq!(d.name("110105"), "北京市朝阳区");
        assert_eq!(d.code("california").as_deref(), Some("US-CA"));
        assert_eq!(d.code("不知县").as_deref(), Some("CN"));
        assert_eq!((d.code("地区7"), d.code("")), (None, None));
        assert_eq!(d.name("420500"), "湖北省宜昌市");
        assert_eq!(d.name("440606"), "广东省佛山市顺德区");
        assert!(within("420500", "42") && within("420500", "CN") && !within("440100", "42") && within("US-CA", "US"));
        assert!(!within("TW", "CN") && !within("ES", "42"));
    }
}
