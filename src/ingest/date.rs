//! Dates as people type them. A date that could be two days is rejected, never guessed.

use unicode_normalization::UnicodeNormalization;

use crate::model::{Day, Text};

/// A day and, where given, the second within it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The day.
    pub day: Day,
    /// Seconds since midnight, 0 where no time is given.
    pub second: u32,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// Excel's day 0 is 1899-12-30 (serial 43866 = 2020-02-05).
const EXCEL_EPOCH: i32 = -25569;

/// A date with an optional time of day.
pub fn parse_date(text: &str) -> Result<Moment, Text> {
    if let Some(day) = iso(text.as_bytes()) {
        return Ok(Moment { day, second: 0 });
    }
    let t: String = text.nfkc().collect::<String>().trim().trim_start_matches('\'').to_lowercase();
    if t.is_empty() {
        return Err(Text::new("空白", "empty"));
    }
    if let Some(serial) = t.parse::<f64>().ok().filter(|s| (20000.0..80000.0).contains(s)) {
        let second = (serial.fract() * 86400.0).round() as u32;
        return Ok(Moment { day: Day(serial as i32 + EXCEL_EPOCH), second: second.min(86399) });
    }
    let (date, second) = split_time(&t);
    let words: Vec<&str> =
        date.split(|c: char| !c.is_alphanumeric() || "年月日号".contains(c)).filter(|w| !w.is_empty()).collect();
    let day = day_of(&words)?;
    Ok(Moment { day, second })
}

/// `2020-02-05`, `2020/2/5`, `20200205`: the forms that come by the million.
fn iso(b: &[u8]) -> Option<Day> {
    let number = |b: &[u8]| -> Option<i16> {
        (!b.is_empty() && b.len() <= 4).then_some(())?;
        b.iter().try_fold(0i16, |n, c| c.is_ascii_digit().then(|| n * 10 + i16::from(c - b'0')))
    };
    let (y, m, d) = if b.len() == 8 && b.iter().all(u8::is_ascii_digit) {
        (number(&b[..4])?, number(&b[4..6])?, number(&b[6..])?)
    } else {
        (8..=10).contains(&b.len()).then_some(())?;
        let sep = *b.get(4)?;
        matches!(sep, b'-' | b'/' | b'.').then_some(())?;
        let second = 5 + b[5..].iter().position(|c| *c == sep)?;
        (number(&b[..4])?, number(&b[5..second])?, number(&b[second + 1..])?)
    };
    in_range(y, m, d)
}

fn in_range(y: i16, m: i16, d: i16) -> Option<Day> {
    (1980..=2100).contains(&y).then_some(())?;
    Day::from_ymd(y, i8::try_from(m).ok()?, i8::try_from(d).ok()?)
}

/// Cuts `2020-02-05 14:03:59`, `2020-02-05t14:03z`, `… 下午2:03` into date and second.
fn split_time(t: &str) -> (&str, u32) {
    let Some(colon) = t.find(':') else { return (t, 0) };
    let start = t[..colon]
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |i| i + t[i..].chars().next().map_or(1, char::len_utf8));
    let afternoon = t.contains("下午") || t.contains("pm");
    let mut parts = t[start..].split(|c: char| !c.is_ascii_digit()).map(|p| p.parse::<u32>().unwrap_or(0));
    let (h, m, s) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    let hour = if afternoon && h < 12 { h + 12 } else { h };
    let date = t[..start].trim_end_matches(|c: char| "上下午t ".contains(c));
    (date, (hour.min(23)) * 3600 + m.min(59) * 60 + s.min(59))
}

fn day_of(words: &[&str]) -> Result<Day, Text> {
    let month_name = |w: &str| MONTHS.iter().position(|m| w.starts_with(m)).map(|i| i as i16 + 1);
    let number = |w: &str| w.parse::<i16>().ok();
    let impossible = || Text::new("没有这一天", "no such day");
    match words {
        [one] if one.len() == 8 => iso(one.as_bytes()).ok_or_else(impossible),
        [y, m, d] if y.len() == 4 => match (number(y), number(m).or_else(|| month_name(m)), number(d)) {
            (Some(y), Some(m), Some(d)) => in_range(y, m, d).ok_or_else(impossible),
            _ => Err(Text::new("不是日期", "not a date")),
        },
        [a, b, y] if y.len() == 4 => {
            let y = number(y).ok_or_else(|| Text::new("不是日期", "not a date"))?;
            match (month_name(a), month_name(b), number(a), number(b)) {
                (Some(m), _, _, Some(d)) | (_, Some(m), Some(d), _) => in_range(y, m, d).ok_or_else(impossible),
                (_, _, Some(a), Some(b)) if a > 12 => in_range(y, b, a).ok_or_else(impossible),
                (_, _, Some(a), Some(b)) if b > 12 => in_range(y, a, b).ok_or_else(impossible),
                (_, _, Some(a), Some(b)) if a == b => in_range(y, a, b).ok_or_else(impossible),
                (_, _, Some(_), Some(_)) => Err(Text::new("日与月分不清", "day and month cannot be told apart")),
                _ => Err(Text::new("不是日期", "not a date")),
            }
        }
        [a, b] if number(a).or_else(|| month_name(a)).is_some() && number(b).is_some() => {
            Err(Text::new("日期没有年份", "a date without a year"))
        }
        _ => Err(Text::new("不是日期", "not a date")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_typed() {
        for text in [
            "2020-02-05",
            "2020/2/5",
            "20200205",
            "2020年2月5日",
            "2020年02月05日",
            "05-Feb-2020",
            "Feb 5, 2020",
            "43866",
            "２０２０－０２－０５",
            "2020.2.5",
            "2020-02-05 14:03",
            "2020-02-05T14:03:59Z",
            "2020年2月5日 下午2:03",
            "25/02/2020",
        ] {
            let want = if text.starts_with("25") { (2020, 2, 25) } else { (2020, 2, 5) };
            let got = parse_date(text).unwrap_or_else(|e| panic!("{text}: {}", e.zh));
            assert_eq!(Some(got.day), Day::from_ymd(want.0, want.1, want.2), "{text}");
        }
        assert_eq!(parse_date("2020-02-05 14:03").unwrap().second, 14 * 3600 + 180);
        assert_eq!(parse_date("2020年2月5日 下午2:03").unwrap().second, 14 * 3600 + 180);
        assert_eq!(parse_date("43866.5").unwrap().second, 43200);
    }

    #[test]
    fn dates_that_are_not_guessed() {
        for (text, part) in [
            ("2月5日", "年份"),
            ("2/5", "年份"),
            ("05/02/2020", "分不清"),
            ("2020-02-30", "这一天"),
            ("合计", "不是日期"),
            ("", "空白"),
            ("1820-01-01", "这一天"),
        ] {
            let fault = parse_date(text).unwrap_err();
            assert!(fault.zh.contains(part), "{text}: {}", fault.zh);
        }
    }
}
