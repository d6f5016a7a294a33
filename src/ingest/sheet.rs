//! Workbooks and Parquet files, as records of text like any other.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use calamine::{Data, Reader};
use csv::ByteRecord;
use polars::prelude::{AnyValue, ParquetReader, SerReader};

use super::header::{HeaderMatch, score};
use super::layout::match_columns;
use super::source::format_of;
use crate::model::{Day, TableKind};

/// A table held in memory: workbooks have at most a million rows.
pub struct Rows {
    /// Encoding, empty where the format has none.
    pub encoding: String,
    /// Header cells.
    pub header: Vec<String>,
    /// Its line.
    pub header_line: u64,
    /// Which column is which.
    pub columns: HeaderMatch,
    /// Line and cells of each row below the header.
    pub records: Vec<(u64, ByteRecord)>,
}

/// Loads a workbook (the sheet whose header names most columns) or a Parquet file.
pub fn load(path: &Path, table: TableKind, mapping: &BTreeMap<String, String>) -> Result<Rows> {
    let lines = lines(path, table)?;
    let header = lines.iter().take(30).max_by_key(|(line, cells)| {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let mapped = mapping.values().filter(|h| cells.contains(&h.as_str())).count();
        (score(table, &cells) + 2 * mapped, std::cmp::Reverse(*line))
    });
    let Some((header_line, header)) = header.cloned() else {
        bail!("文件是空的 / the file is empty");
    };
    let columns = match_columns(table, &header, header_line, mapping)?;
    let below = lines.into_iter().filter(|l| l.0 > header_line);
    let records = below.map(|(line, cells)| (line, ByteRecord::from(cells))).collect();
    Ok(Rows { encoding: String::new(), header, header_line, columns, records })
}

/// All rows of a Parquet file, or of the sheet of a workbook that looks most like the table: line and cells.
pub fn lines(path: &Path, table: TableKind) -> Result<Vec<(u64, Vec<String>)>> {
    if format_of(path) == Some("parquet") { parquet(path) } else { workbook(path, table) }
}

fn workbook(path: &Path, table: TableKind) -> Result<Vec<(u64, Vec<String>)>> {
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(path).context(
        "不是可读的 XLSX 工作簿，请另存为 .xlsx 或 .csv / not a readable XLSX workbook; save it as .xlsx or .csv",
    )?;
    let mut best: (usize, Vec<(u64, Vec<String>)>) = (0, Vec::new());
    for name in book.sheet_names() {
        let range = book
            .worksheet_range(&name)
            .with_context(|| format!("工作表“{name}”读不出 / sheet \"{name}\" cannot be read"))?;
        let top = range.start().map_or(0, |s| u64::from(s.0));
        let lines: Vec<(u64, Vec<String>)> =
            range.rows().enumerate().map(|(i, row)| (top + i as u64 + 1, row.iter().map(cell).collect())).collect();
        let hits = |cells: &[String]| score(table, &cells.iter().map(String::as_str).collect::<Vec<_>>());
        let score = 1 + lines.iter().take(30).map(|l| hits(&l.1)).max().unwrap_or(0);
        if score > best.0 {
            best = (score, lines);
        }
    }
    Ok(best.1)
}

fn cell(data: &Data) -> String {
    match data {
        Data::Float(v) => format!("{v}"),
        Data::DateTime(serial) => format!("{}", serial.as_f64()),
        other => other.to_string(),
    }
}

fn parquet(path: &Path) -> Result<Vec<(u64, Vec<String>)>> {
    let file = std::fs::File::open(path).context("打不开 / cannot open")?;
    let frame = ParquetReader::new(file).finish().context("不是可读的 Parquet 文件 / not a readable Parquet file")?;
    let header: Vec<String> = frame.get_column_names().iter().map(|n| n.to_string()).collect();
    let mut lines = vec![(1, header)];
    for row in 0..frame.height() {
        let values: Option<Vec<String>> = frame.columns().iter().map(|c| c.get(row).ok().map(|v| text(&v))).collect();
        lines.push((row as u64 + 2, values.context("行读不出 / a row cannot be read")?));
    }
    Ok(lines)
}

fn text(value: &AnyValue<'_>) -> String {
    match value {
        AnyValue::Null => String::new(),
        AnyValue::String(s) => (*s).to_owned(),
        AnyValue::StringOwned(s) => s.to_string(),
        AnyValue::Date(days) => Day(*days).to_string(),
        AnyValue::Float64(v) => format!("{v}"),
        AnyValue::Float32(v) => format!("{v}"),
        other => other.to_string(),
    }
}
