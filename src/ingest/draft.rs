//! A first settings file from sample files: what was recognised, and a best guess for what was not.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::date::parse_date;
use super::header::{match_header, required_missing};
use super::layout::detect_encoding;
use super::number::parse_number;
use super::source::open;
use crate::model::TableKind;

/// Commented TOML with the column mapping guessed from the first rows of each file (delimited text).
pub fn draft_settings(files: &[PathBuf]) -> Result<String> {
    let mut text = String::from(
        "# pricewatch 设置文件 / settings. 列名：规范名 = \"文件里的表头\" / canonical name = \"header in the file\"\n",
    );
    for path in files {
        let mut sample = Vec::new();
        open(path)?.take(1 << 20).read_to_end(&mut sample).with_context(|| path.display().to_string())?;
        let encoding = detect_encoding(&sample, None).with_context(|| path.display().to_string())?;
        let decoded = encoding.decode(&sample).0;
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(decoded.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().flatten().take(200).collect();
        let Some(header) = rows.iter().find(|r| r.len() == rows.last().map_or(0, csv::StringRecord::len)) else {
            continue;
        };
        text += &format!("\n# {}：编码 / encoding {}\n[columns.prices]\n", path.display(), encoding.name());
        let fields: Vec<&str> = header.iter().collect();
        let found = match_header(TableKind::Prices, &fields, &Default::default()).unwrap_or_default();
        for (canonical, at) in &found.columns {
            text += &format!("{canonical} = {:?}\n", fields[*at]);
        }
        for missing in required_missing(TableKind::Prices, &found) {
            let taken = |i: usize| found.columns.iter().any(|c| c.1 == i);
            let guess = guess(missing, &rows[1..], fields.len(), &taken).map_or("?", |i| fields[i]);
            let name = missing.split(" / ").last().unwrap_or(missing);
            text += &format!("{name} = {guess:?} # 猜测，请核对 / a guess: check it\n");
        }
        text += &format!(
            "# 未用的列 / not used: {}\n",
            found.ignored.iter().map(|i| fields[*i]).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(text)
}

/// Dates look like dates, prices like varied numbers, products are the longest texts, sellers repeat.
fn guess(missing: &str, rows: &[csv::StringRecord], width: usize, taken: &dyn Fn(usize) -> bool) -> Option<usize> {
    let share = |i: usize, is: &dyn Fn(&str) -> bool| {
        rows.iter().filter(|r| r.get(i).is_some_and(is)).count() as f64 / rows.len().max(1) as f64
    };
    let distinct = |i: usize| {
        let mut v: Vec<&str> = rows.iter().filter_map(|r| r.get(i)).collect();
        v.sort_unstable();
        v.dedup();
        v.len() as f64 / rows.len().max(1) as f64
    };
    let length = |i: usize| {
        rows.iter().filter_map(|r| r.get(i)).map(|c| c.chars().count()).sum::<usize>() as f64 / rows.len().max(1) as f64
    };
    let is_date = |i: usize| share(i, &|c| parse_date(c).is_ok());
    let is_number = |i: usize| share(i, &|c| parse_number(c).is_ok());
    let worth = |i: usize| match missing {
        "date" => is_date(i),
        "price" => {
            if is_date(i) < 0.5 {
                is_number(i) * distinct(i)
            } else {
                0.0
            }
        }
        "product" => {
            if is_number(i) < 0.5 && is_date(i) < 0.5 {
                length(i)
            } else {
                0.0
            }
        }
        _ => {
            if is_number(i) < 0.5 && is_date(i) < 0.5 {
                1.0 / (1.0 + length(i))
            } else {
                0.0
            }
        }
    };
    (0..width).filter(|i| !taken(*i) && worth(*i) > 0.0).max_by(|a, b| worth(*a).total_cmp(&worth(*b)))
}
