//! Prices and quantities as people type them.

use unicode_normalization::UnicodeNormalization;

use crate::model::Text;

const CURRENCY: [&str; 14] = ["人民币", "RMB", "CNY", "KRW", "EUR", "USD", "¥", "￥", "$", "€", "₩", "元", "圆", "원"];

/// A number out of a cell, in the unit written (`1.2万` = 12000). The fault says what stands there instead.
pub fn parse_number(text: &str) -> Result<f64, Text> {
    if let Ok(plain) = fast_float2::parse::<f64, _>(text) {
        return finite(plain);
    }
    let mut t: String = text.nfkc().filter(|c| !c.is_whitespace() && *c != '\'').collect();
    if t.is_empty() {
        return Err(Text::new("空白", "empty"));
    }
    for word in CURRENCY {
        t = t.replace(word, "");
    }
    let t = t.split('/').next().unwrap_or("").replace(['−', '–', '—'], "-");
    if let Some(word) = ["面议", "电议", "询价", "缺货", "无货"].into_iter().find(|w| t.contains(w)) {
        return Err(Text::new(format!("无价格（{word}）"), format!("no price ({word})")));
    }
    if t.trim_matches('-').is_empty() {
        return Err(Text::new("无价格（-）", "no price (-)"));
    }
    let (t, negative) = match t.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        Some(inner) => (inner.to_owned(), true),
        None => (t, false),
    };
    if t.char_indices()
        .skip(1)
        .any(|(i, c)| matches!(c, '-' | '~' | '至') && t[..i].ends_with(|c: char| c.is_ascii_digit()))
    {
        return Err(Text::new("价格区间，不取平均", "a range, never averaged"));
    }
    let (digits, factor) = match (t.strip_suffix('万'), t.strip_suffix('亿')) {
        (Some(d), _) => (d, 1e4),
        (_, Some(d)) => (d, 1e8),
        _ => (t.as_str(), 1.0),
    };
    let plain = separators(digits).ok_or_else(|| Text::new("不是数字", "not a number"))?;
    let value: f64 = fast_float2::parse(&plain).map_err(|_| Text::new("不是数字", "not a number"))?;
    finite(if negative { -value } else { value } * factor)
}

fn finite(value: f64) -> Result<f64, Text> {
    if value.is_finite() { Ok(value) } else { Err(Text::new("不是有限的数", "not a finite number")) }
}

/// Thousands and decimal separators: `1,200.00`, `1.200,00`, `12,5`; `None` where groups are not of three.
fn separators(t: &str) -> Option<String> {
    let Some(comma) = t.rfind(',') else { return Some(t.to_owned()) };
    match t.rfind('.') {
        Some(dot) if dot < comma => Some(t.replace('.', "").replace(',', ".")),
        None if t.matches(',').count() == 1 && t.len() - comma - 1 != 3 => Some(t.replace(',', ".")),
        dot => {
            let whole = &t[..dot.unwrap_or(t.len())];
            let ok = whole.split(',').skip(1).all(|g| g.len() == 3);
            ok.then(|| t.replace(',', ""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_typed() {
        for (text, want) in [
            ("2.5", 2.5),
            ("¥ 1,200.00元", 1200.0),
            ("１２．５", 12.5),
            ("1.2万", 12000.0),
            ("3.50元/只", 3.5),
            ("1.234,56", 1234.56),
            ("12,5", 12.5),
            ("1,200", 1200.0),
            ("(3.5)", -3.5),
            ("－5", -5.0),
            ("'4.2", 4.2),
            ("4,300원", 4300.0),
        ] {
            assert_eq!(parse_number(text), Ok(want), "{text}");
        }
    }

    #[test]
    fn faults_say_what_stands_there() {
        for (text, part) in [
            ("3-5元", "区间"),
            ("3~5", "区间"),
            ("面议", "面议"),
            ("-", "-"),
            ("—", "-"),
            ("", "空白"),
            ("abc", "数字"),
            ("inf", "有限"),
            ("1,20,0", "数字"),
        ] {
            let fault = parse_number(text).unwrap_err();
            assert!(fault.zh.contains(part), "{text}: {}", fault.zh);
        }
    }
}
