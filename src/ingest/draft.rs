//! A first settings file from sample files: what was recognised, and a best guess for what was not.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::date::parse_date;
use super::header::{fits, match_header, required_missing, score};
use super::layout::{decoded_rows, detect_encoding};
use super::number::parse_number;
use super::sheet;
use super::source::{format_of, open};
use crate::model::TableKind;

/// Bytes and rows of a file that are looked at.
const SAMPLE: u64 = 1 << 20;
const ROWS: usize = 200;
/// The tables a file may hold, the likelier first.
const TABLES: [TableKind; 4] = [TableKind::Prices, TableKind::Transactions, TableKind::Costs, TableKind::Enterprises];

/// Commented TOML with the column mapping guessed from the first rows of each file. A second file of one
/// table adds its section as a comment: a settings file has one mapping per table.
pub fn draft_settings(files: &[PathBuf]) -> Result<String> {
    let mut text = String::from(
        "# pricewatch 设置文件 / settings. 列名：规范名 = \"文件里的表头\" / canonical name = \"header in the file\"\n\
         # hold_days = 28        # 标价最多沿用几天 / days a posted price holds\n\
         # currency = \"元\"       # 价格的货币，只用于显示 / currency of the prices, for display\n",
    );
    let mut seen = BTreeSet::new();
    for path in files {
        let (encoding, rows) = sample(path).with_context(|| path.display().to_string())?;
        let (table, header) = header(&rows).with_context(|| path.display().to_string())?;
        text += &format!("\n# {}{encoding}\n", path.display());
        let section = section(table, &rows[header], &rows[header + 1..]);
        let known = !seen.insert(table);
        for line in section.lines() {
            text += &format!("{}{line}\n", if known { "# " } else { "" });
        }
    }
    Ok(text)
}

/// Encoding as shown, and the first rows.
pub fn sample(path: &Path) -> Result<(String, Vec<Vec<String>>)> {
    if matches!(format_of(path), Some("xlsx" | "parquet")) {
        let rows = sheet::lines(path, TableKind::Prices)?;
        return Ok((String::new(), rows.into_iter().take(ROWS).map(|l| l.1).collect()));
    }
    let mut bytes = Vec::new();
    open(path, None)?.take(SAMPLE).read_to_end(&mut bytes)?;
    let encoding = detect_encoding(&bytes, None)?;
    Ok((format!("：编码 / encoding {}", encoding.name()), decoded_rows(&encoding.decode(&bytes).0, ROWS)))
}

/// The table a file most likely holds, and its header's position: the row that names most columns, else the
/// first with as many filled cells as half of the last row has: a title above stands alone, with commas after it or not.
fn header(rows: &[Vec<String>]) -> Result<(TableKind, usize)> {
    let mut best = (false, 0, TableKind::Prices, 0);
    for (i, row) in rows.iter().take(30).enumerate() {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        for table in TABLES {
            let hits = score(table, &cells);
            let found = match_header(table, &cells, &Default::default()).unwrap_or_default();
            let whole = fits(table, &found);
            if (whole, hits) > (best.0, best.1) {
                best = (whole, hits, table, i);
            }
        }
    }
    let filled = |row: &Vec<String>| row.iter().filter(|cell| !cell.trim().is_empty()).count();
    let width = rows.last().map_or(0, filled);
    match rows.iter().position(|r| filled(r) * 2 > width) {
        _ if best.1 > 1 => Ok((best.2, best.3)),
        Some(first) => Ok((TableKind::Prices, first)),
        None => bail!("文件是空的 / the file is empty"),
    }
}

fn section(table: TableKind, header: &[String], rows: &[Vec<String>]) -> String {
    let fields: Vec<&str> = header.iter().map(|f| f.trim().trim_matches('\u{feff}')).collect();
    let found = match_header(table, &fields, &Default::default()).unwrap_or_default();
    let mut text = format!("[columns.{}]\n", table.name());
    let mut taken: BTreeSet<usize> = found.columns.iter().map(|c| c.1).collect();
    for (canonical, at) in &found.columns {
        let name = if table == TableKind::Transactions && *canonical == "price" { "unit_price" } else { canonical };
        text += &format!("{name} = {:?}\n", fields[*at]);
    }
    for missing in required_missing(table, &found) {
        // Of `seller_id / seller_name` the name, of `unit_price / quantity + amount` the price.
        let name =
            if missing.contains("seller") { "seller_name" } else { missing.split(" / ").next().unwrap_or(missing) };
        match guess(name, rows, fields.len(), &taken) {
            Some(i) => {
                taken.insert(i);
                text += &format!("{name} = {:?} # 猜测，请核对 / a guess: check it\n", fields[i]);
            }
            None => text += &format!("# {name} = \"?\" # 没找到，请填写 / not found: fill in\n"),
        }
    }
    let unused: Vec<&str> = (0..fields.len()).filter(|i| !taken.contains(i)).map(|i| fields[i]).collect();
    text + &format!("# 未用的列 / not used: {}\n", unused.join(", "))
}

/// Dates look like dates, prices like varied numbers, products are the longest texts, sellers repeat.
fn guess(missing: &str, rows: &[Vec<String>], width: usize, taken: &BTreeSet<usize>) -> Option<usize> {
    let n = rows.len().max(1) as f64;
    let cells = |i: usize| rows.iter().filter_map(move |r| r.get(i)).map(String::as_str);
    let date = |i: usize| cells(i).filter(|c| parse_date(c).is_ok()).count() as f64 / n;
    let number = |i: usize| cells(i).filter(|c| parse_number(c).is_ok()).count() as f64 / n;
    let distinct = |i: usize| cells(i).collect::<BTreeSet<_>>().len() as f64 / n;
    let length = |i: usize| cells(i).map(|c| c.chars().count()).sum::<usize>() as f64 / n;
    let is_text = |i: usize| number(i) < 0.5 && date(i) < 0.5;
    let worth = |i: usize| match missing {
        "date" => date(i),
        // Long numbers are codes.
        "price" | "unit_price" | "unit_cost" if date(i) < 0.5 && length(i) < 10.0 => number(i) * distinct(i),
        "product" if is_text(i) => length(i),
        name if name.contains("seller") && is_text(i) => 1.0 / (1.0 + length(i)),
        _ => 0.0,
    };
    (0..width).filter(|i| !taken.contains(i) && worth(*i) > 0.0).max_by(|a, b| worth(*a).total_cmp(&worth(*b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A title is no header, alone on its line or with as many commas as the table below has.
    #[test]
    fn a_title_above_is_no_header() {
        for title in ["本周采价", "本周采价,,,"] {
            let text = format!("{title}\n甲,乙,丙,丁\n2020-02-03,同心药房,口罩,2.5\n2020-02-04,同心药房,口罩,2.5\n");
            let rows: Vec<Vec<String>> = text.lines().map(|l| l.split(',').map(str::to_owned).collect()).collect();
            assert_eq!(header(&rows).unwrap().1, 1, "{title}");
        }
    }
}
