//! Bids: one row per bid. The label columns are read apart and never reach a screen.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Result;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::date::parse_date;
use super::identity::clean;
use super::number::parse_number;
use super::side::{Fault, each_record};
use super::{FileRead, Options};
use crate::model::{Bid, Day, TableKind, Text};

/// What a file says was found out about a bid's tender and about its bidder; only training and scoring look at it.
pub type Truth = (Option<bool>, Option<bool>);

/// Bids of several files, and the rows they came from.
#[derive(Default)]
pub struct Bids {
    /// Each with the truth beside it.
    pub all: Vec<(Bid, Truth)>,
    seen: HashSet<u64>,
}

/// Reads a tenders file into `into`. Rows equal in every column, there or in a file before, are duplicates, unless the
/// file names no bidder: then they are equal bids.
pub fn read_tenders(path: &Path, file: u32, market: u32, options: &Options, into: &mut Bids) -> Result<FileRead> {
    let Bids { all, seen } = into;
    let mut undated = 0u64;
    let mut read = each_record(path, file, TableKind::Tenders, options, |get, row, record| {
        let tender = clean(get("tender_id"));
        if tender.is_empty() {
            return Err(("tender_id", String::new(), Text::new("没有招标编号", "no tender id")));
        }
        let amount = positive(get, "bid")?.ok_or_else(|| ("bid", String::new(), Text::new("空白", "empty")))?;
        let (id, name) = (clean(get("bidder_id")).to_uppercase(), clean(get("bidder_name")));
        let bidder = match (id.is_empty(), name.is_empty()) {
            (true, true) => None,
            (true, false) => Some((name.clone(), name)),
            (false, true) => Some((id.clone(), id)),
            (false, false) => Some((id, name)),
        };
        if !seen.insert(xxh3_64_with_seed(record.as_slice(), record.len() as u64)) && bidder.is_some() {
            return Ok(false);
        }
        let (day, order) = when(get("date"));
        if day.is_some_and(|d| options.as_of.is_some_and(|limit| d > limit)) {
            return Err(("date", get("date").to_owned(), Text::new("晚于分析日期", "after the analysis date")));
        }
        undated += u64::from(order.is_none());
        let truth = (yes_no(get("label")), yes_no(get("bidder_label")));
        let estimate = positive(get, "estimate").ok().flatten();
        let bid = Bid {
            market,
            tender,
            lot: clean(get("lot")),
            region: clean(get("region")),
            product: clean(get("product")),
            bidder,
            amount,
            won: yes_no(get("won")),
            estimate,
            day,
            order,
            row,
        };
        all.push((bid, truth));
        Ok(true)
    })?;
    if undated > 0 {
        read.report.warnings.push(Text::new(
            format!("{undated} 行没有可读的日期，照常使用，但不分先后"),
            format!("{undated} rows have no readable date; they are used, but not placed in time"),
        ));
    }
    Ok(read)
}

fn positive<'r>(get: &dyn Fn(&str) -> &'r str, column: &'static str) -> Result<Option<f64>, Fault> {
    let text = get(column).trim();
    if text.is_empty() {
        return Ok(None);
    }
    let value = parse_number(text).map_err(|r| (column, text.to_owned(), r))?;
    if value <= 0.0 {
        return Err((column, text.to_owned(), Text::new("不是正数", "not a positive number")));
    }
    Ok(Some(value))
}

/// A calendar date is a day. Any other number that is not negative (a year, seconds since 1970, a number of the file's
/// own) only says earlier or later. Anything else is no date: nothing is guessed.
fn when(text: &str) -> (Option<Day>, Option<f64>) {
    let text = text.trim();
    let calendar = text.contains(['-', '/', '.', '年']) && !text.starts_with('-') || text.len() == 8;
    if let Some(day) = calendar.then(|| parse_date(text).ok()).flatten().map(|m| m.day) {
        return (Some(day), Some(f64::from(day.0)));
    }
    (None, text.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0))
}

fn yes_no(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "1" | "1.0" | "是" | "中标" | "成交" | "yes" | "true" | "y" => Some(true),
        "0" | "0.0" | "否" | "未中标" | "no" | "false" | "n" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_bids_are_never_guessed() {
        assert_eq!(when("2020-02-05").0, Day::from_ymd(2020, 2, 5));
        assert_eq!(when("20200205").0, Day::from_ymd(2020, 2, 5));
        for number in ["1980", "1274918400", "366", "43866", "2196.0"] {
            assert_eq!(when(number), (None, number.parse().ok()), "{number} only orders");
        }
        for nothing in ["", "-9223372037", "spring", "05/02/2020"] {
            assert_eq!(when(nothing), (None, None), "{nothing}");
        }
    }
}
