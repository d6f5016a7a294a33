//! Who is the seller? Spelling is normalised, nothing else.

use unicode_normalization::UnicodeNormalization;

use crate::model::CreditCode;

const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// The GB 32100-2015 check: (31 − Σ value·3^(i−1) mod 31) mod 31.
pub fn credit_code(id: &str) -> CreditCode {
    let values: Option<Vec<u32>> = id.chars().map(|c| ALPHABET.find(c).map(|i| i as u32)).collect();
    match values {
        Some(v) if v.len() == 18 => {
            let sum: u32 = v.iter().zip(WEIGHTS).map(|(v, w)| v * w).sum();
            if (31 - sum % 31) % 31 == v[17] { CreditCode::Valid } else { CreditCode::CheckFailed }
        }
        _ => CreditCode::NotACode,
    }
}

/// NFKC, no control, zero-width or direction characters, single inner spaces, no leading `'`.
pub fn clean(text: &str) -> String {
    let plain: String = text
        .nfkc()
        .map(|c| if c.is_control() || c == '\u{feff}' { ' ' } else { c })
        .filter(|c| !invisible(*c))
        .collect();
    plain.trim_start_matches('\'').split_whitespace().collect::<Vec<_>>().join(" ")
}

fn invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{ad}')
}

/// The same for all spellings of one enterprise's name.
pub fn name_key(name: &str) -> String {
    let plain: String = clean(name).to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    plain
        .replace(['【', '[', '〔', '{'], "(")
        .replace(['】', ']', '〕', '}'], ")")
        .replace("有限责任公司", "有限公司")
        .trim_end_matches(['.', '。', ','])
        .to_owned()
}

/// Marketplaces host many shops under one name: prices there are not one seller's.
pub fn is_marketplace(name: &str) -> bool {
    let key = name_key(name);
    !key.is_empty()
        && include_str!("../../datasets/marketplaces.csv")
            .lines()
            .skip(1)
            .any(|l| l.split(',').next().is_some_and(|m| name_key(m) == key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        assert_eq!(credit_code("91440101MA5CJQ4N59"), CreditCode::Valid);
        assert_eq!(credit_code("91440101MA5CJQ4N58"), CreditCode::CheckFailed);
        assert_eq!(credit_code("91350203M0001QAY9B"), CreditCode::CheckFailed, "an issued pilot code");
        assert_eq!(credit_code("shop 17"), CreditCode::NotACode);
    }

    #[test]
    fn names_are_one_enterprise() {
        assert_eq!(name_key("广州康民（天河）药房有限责任公司"), name_key("广州康民(天河)药房 有限公司"));
        assert_eq!(clean(" a\u{202e}b\u{200b}  c\n"), "ab c");
        assert!(is_marketplace("Ｇ마켓") && is_marketplace("11번가") && is_marketplace("京东"));
        assert!(!is_marketplace("京东大药房旗舰店") && !is_marketplace("퍼니맘"));
    }
}
