//! Rows of one table, month and region: typed columns in open Parquet, sorted, so that the same rows give the same bytes.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, Result, bail};
use polars::prelude::{
    Column, DataFrame, DataType, NamedFrom, ParquetCompression, ParquetReader, ParquetWriter, SerReader, Series,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::{Basis, Batch, Day, Extra, Label, PriceUnit, RowRef, TableKind};

/// Rows of a Parquet row group.
const GROUP_ROWS: usize = 1 << 18;

/// What is known of a partition without opening it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PartitionInfo {
    /// SHA-256 of the Parquet file of rows that count.
    pub sha256: String,
    /// First day.
    pub first: Day,
    /// Last day.
    pub last: Day,
    /// Rows that count, by file number.
    pub rows: BTreeMap<u32, u64>,
    /// Repeats of earlier rows, by file number.
    pub repeats: BTreeMap<u32, u64>,
}

impl PartitionInfo {
    /// Of these rows, whose file has these bytes; `None` of none.
    pub fn of(rows: &Batch, repeats: &Batch, bytes: &[u8]) -> Option<PartitionInfo> {
        let count = |batch: &Batch| {
            let mut counts = BTreeMap::new();
            batch.row.iter().for_each(|r| *counts.entry(r.file()).or_default() += 1);
            counts
        };
        let days = || rows.day.iter().copied();
        let sha256 = sha256(bytes);
        let (first, last) = (Day(days().min()?), Day(days().max()?));
        Some(PartitionInfo { sha256, first, last, rows: count(rows), repeats: count(repeats) })
    }
}

/// SHA-256, hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The partition of a row, e.g. `prices/month=2020-02/region_code=440100`.
pub fn key(basis: Basis, day: Day, region: &str) -> String {
    let table = if basis == Basis::Net { TableKind::Transactions } else { TableKind::Prices };
    let date = day.date();
    format!("{}/month={:04}-{:02}/region_code={region}", table.name(), date.year(), date.month())
}

/// Positions of a batch by partition; `region` gives the folder name of a label's region.
pub fn months_of(batch: &Batch, labels: &[Label], region: &[String]) -> BTreeMap<String, Vec<u32>> {
    let mut of: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let mut last: Option<(u32, i32, String)> = None;
    for (i, (&label, &day)) in (0u32..).zip(batch.label.iter().zip(&batch.day)) {
        let known = last.take().filter(|k| (k.0, k.1) == (label, day));
        let known =
            known.unwrap_or_else(|| (label, day, key(labels[label as usize].basis, Day(day), &region[label as usize])));
        match of.get_mut(&known.2) {
            Some(rows) => rows.push(i),
            None => {
                of.insert(known.2.clone(), vec![i]);
            }
        }
        last = Some(known);
    }
    of
}

/// Sorts rows by label, day, price and content, and tells repeats (equal in every column) from their first, by file number
/// and line.
pub fn settle(batch: Batch, labels: &[Label]) -> (Batch, Batch) {
    let mut by_label: Vec<u32> = batch.label.clone();
    by_label.sort_unstable();
    by_label.dedup();
    by_label.sort_by(|a, b| labels[*a as usize].cmp(&labels[*b as usize]));
    let rank: HashMap<u32, u32> = by_label.into_iter().zip(0..).collect();
    let content = |i: u32| {
        let i = i as usize;
        let second = batch.second.get(i).copied().unwrap_or(0);
        (rank[&batch.label[i]], batch.day[i], second, batch.price[i].to_bits(), batch.hash[i])
    };
    let mut order: Vec<u32> = (0..batch.len() as u32).collect();
    order.sort_by_cached_key(|&i| (content(i), batch.row[i as usize]));
    let (mut rows, mut repeats) = (Vec::new(), Vec::new());
    for (n, &i) in order.iter().enumerate() {
        let repeat = n > 0 && content(order[n - 1]) == content(i);
        if repeat { repeats.push(i) } else { rows.push(i) }
    }
    (batch.select(&rows), batch.select(&repeats))
}

/// The Parquet bytes of rows; `names` gives name and SHA-256 of each file number.
pub fn write(batch: &Batch, labels: &[Label], names: &BTreeMap<u32, (String, String)>) -> Result<Vec<u8>> {
    fn text<'a>(name: &str, batch: &Batch, of: impl Fn(usize) -> &'a str) -> Column {
        Series::new(name.into(), (0..batch.len()).map(of).collect::<Vec<&str>>()).into()
    }
    let label = |i: usize| &labels[batch.label[i] as usize];
    let number = |name: &str, values: &[f64]| -> Column {
        let known = |i: usize| values.get(i).copied().filter(|v| v.is_finite());
        Series::new(name.into(), (0..batch.len()).map(known).collect::<Vec<Option<f64>>>()).into()
    };
    let mut extras: Vec<Option<&Extra>> = vec![None; batch.len()];
    batch.extra.iter().for_each(|(i, e)| extras[*i as usize] = Some(e));
    let said = |i: usize, of: fn(&Extra) -> &String| extras[i].map_or("", |e| of(e).as_str());
    let source = |i: usize| names.get(&batch.row[i].file());
    let seconds: Vec<u32> = (0..batch.len()).map(|i| batch.second.get(i).copied().unwrap_or(0)).collect();
    let lines: Vec<u64> = batch.row.iter().map(|r| r.line()).collect();
    let columns = vec![
        Series::new("date".into(), batch.day.as_slice()).cast(&DataType::Date)?.into(),
        Series::new("second".into(), seconds).into(),
        text("seller_id", batch, |i| &label(i).seller_id),
        text("seller_name", batch, |i| &label(i).seller_name),
        text("region", batch, |i| &label(i).region),
        text("market", batch, |i| &label(i).market),
        text("product", batch, |i| &label(i).product),
        text("spec", batch, |i| &label(i).spec),
        text("brand", batch, |i| &label(i).brand),
        text("family", batch, |i| label(i).family.as_ref().map_or("", |f| f.0.as_str())),
        text("family_en", batch, |i| label(i).family.as_ref().map_or("", |f| f.1.as_str())),
        text("unit_kind", batch, |i| unit_kind(&label(i).unit)),
        text("unit", batch, |i| label(i).unit.label()),
        Series::new("price".into(), batch.price.as_slice()).into(),
        number("quantity", &batch.quantity),
        number("unit_cost", &batch.cost),
        number("list_price", &batch.list),
        number("delivery_fee", &batch.fee),
        number("stock", &batch.stock),
        text("buyer_id", batch, |i| said(i, |e| &e.buyer_id)),
        text("buyer_name", batch, |i| said(i, |e| &e.buyer_name)),
        text("bundle_id", batch, |i| said(i, |e| &e.bundle)),
        text("text", batch, |i| said(i, |e| &e.text)),
        Series::new("row_hash".into(), batch.hash.as_slice()).into(),
        text("file", batch, |i| source(i).map_or("", |s| s.0.as_str())),
        text("file_sha256", batch, |i| source(i).map_or("", |s| s.1.as_str())),
        Series::new("line".into(), lines).into(),
    ];
    let mut frame = DataFrame::new(batch.len(), columns)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(None))
        .with_row_group_size(Some(GROUP_ROWS))
        .finish(&mut frame)?;
    Ok(bytes)
}

fn unit_kind(unit: &PriceUnit) -> &'static str {
    match unit {
        PriceUnit::Base(_) => "base",
        PriceUnit::Pack(_) => "pack",
        PriceUnit::Unstated => "unstated",
    }
}

/// The rows of a Parquet file; `numbers` gives the number of each original by its SHA-256.
pub fn read(path: &Path, intern: &dyn Fn(Label) -> u32, numbers: &HashMap<String, u32>) -> Result<Batch> {
    let frame = ParquetReader::new(std::fs::File::open(path)?).finish()?;
    let table = path.components().any(|c| c.as_os_str() == TableKind::Transactions.name());
    let basis = if table { Basis::Net } else { Basis::Posted };
    let number = |name: &str| -> Result<Vec<f64>> {
        let column = frame.column(name)?.f64()?;
        let unknown = column.null_count() == column.len();
        Ok(if unknown { Vec::new() } else { column.iter().map(|v| v.unwrap_or(f64::NAN)).collect() })
    };
    let second: Vec<u32> = frame.column("second")?.u32()?.into_no_null_iter().collect();
    let files = frame.column("file_sha256")?.str()?;
    let lines = frame.column("line")?.u64()?;
    let mut row = Vec::with_capacity(frame.height());
    let mut last: (&str, u32) = ("", 0);
    for (sha, line) in files.iter().zip(lines.into_no_null_iter()) {
        let sha = sha.unwrap_or("");
        if sha != last.0 {
            let Some(number) = numbers.get(sha) else {
                bail!("账目里没有来源 {sha} / source {sha} is not in the ledger")
            };
            last = (sha, *number);
        }
        row.push(RowRef::new(last.1, line));
    }
    Ok(Batch {
        label: labels_of(&frame, basis, intern)?,
        day: frame.column("date")?.cast(&DataType::Int32)?.i32()?.into_no_null_iter().collect(),
        second: if second.iter().all(|s| *s == 0) { Vec::new() } else { second },
        price: frame.column("price")?.f64()?.into_no_null_iter().collect(),
        quantity: number("quantity")?,
        cost: number("unit_cost")?,
        list: number("list_price")?,
        fee: number("delivery_fee")?,
        stock: number("stock")?,
        extra: extras_of(&frame)?,
        hash: frame.column("row_hash")?.u64()?.into_no_null_iter().collect(),
        row,
    })
}

/// Rows of one label stand together: each is looked up once.
fn labels_of(frame: &DataFrame, basis: Basis, intern: &dyn Fn(Label) -> u32) -> Result<Vec<u32>> {
    let names = [
        "seller_id",
        "seller_name",
        "region",
        "market",
        "product",
        "spec",
        "brand",
        "family",
        "family_en",
        "unit_kind",
        "unit",
    ];
    let columns: Vec<_> = names.iter().map(|n| Ok(frame.column(n)?.str()?)).collect::<Result<_>>()?;
    let mut out = Vec::with_capacity(frame.height());
    let mut last: ([&str; 11], u32) = ([""; 11], u32::MAX);
    for i in 0..frame.height() {
        let mut cells = [""; 11];
        for (cell, column) in cells.iter_mut().zip(&columns) {
            *cell = column.get(i).unwrap_or("");
        }
        if last.1 == u32::MAX || cells != last.0 {
            last = (cells, intern(label(basis, cells).context("unit_kind")?));
        }
        out.push(last.1);
    }
    Ok(out)
}

fn label(basis: Basis, cells: [&str; 11]) -> Option<Label> {
    let [seller_id, seller_name, region, market, product, spec, brand, zh, en, kind, unit] = cells.map(str::to_owned);
    let unit = match kind.as_str() {
        "base" => PriceUnit::Base(unit),
        "pack" => PriceUnit::Pack(unit),
        "unstated" => PriceUnit::Unstated,
        _ => return None,
    };
    let family = (!zh.is_empty()).then_some((zh, en));
    Some(Label { basis, seller_id, seller_name, region, market, product, spec, brand, unit, family })
}

fn extras_of(frame: &DataFrame) -> Result<Vec<(u32, Extra)>> {
    let column = |name: &str| Ok::<_, anyhow::Error>(frame.column(name)?.str()?);
    let (id, name, bundle, text) = (column("buyer_id")?, column("buyer_name")?, column("bundle_id")?, column("text")?);
    let mut out = Vec::new();
    for i in 0..frame.height() {
        let cell = |c: &polars::prelude::StringChunked| c.get(i).unwrap_or("").to_owned();
        let extra = Extra { buyer_id: cell(id), buyer_name: cell(name), bundle: cell(bundle), text: cell(text) };
        if extra != Extra::default() {
            out.push((i as u32, extra));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(name: &str) -> Label {
        Label {
            basis: Basis::Posted,
            seller_id: String::new(),
            seller_name: name.into(),
            region: "440100".into(),
            market: String::new(),
            product: "口罩".into(),
            spec: String::new(),
            brand: String::new(),
            unit: PriceUnit::Base("只".into()),
            family: Some(("一次性口罩".into(), "disposable".into())),
        }
    }

    fn batch(rows: &[(u32, i32, f64, u64, RowRef)]) -> Batch {
        Batch {
            label: rows.iter().map(|r| r.0).collect(),
            day: rows.iter().map(|r| r.1).collect(),
            price: rows.iter().map(|r| r.2).collect(),
            hash: rows.iter().map(|r| r.3).collect(),
            row: rows.iter().map(|r| r.4).collect(),
            stock: rows.iter().map(|r| if r.0 == 0 { 3.0 } else { f64::NAN }).collect(),
            ..Batch::default()
        }
    }

    #[test]
    fn rows_come_back_and_their_order_does_not_matter() {
        let labels = [shop("b"), shop("a")];
        let rows = [
            (0, 18297, 2.5, 7, RowRef::new(1, 2)),
            (1, 18297, 2.5, 8, RowRef::new(1, 3)),
            (0, 18297, 2.5, 7, RowRef::new(2, 9)),
            (0, 18296, 3.0, 9, RowRef::new(2, 2)),
        ];
        let names = BTreeMap::from([(1, ("f1".to_owned(), "s1".to_owned())), (2, ("f2".to_owned(), "s2".to_owned()))]);
        let (kept, repeats) = settle(batch(&rows), &labels);
        assert_eq!((kept.len(), repeats.row.clone()), (3, vec![RowRef::new(2, 9)]));
        let bytes = write(&kept, &labels, &names).unwrap();
        let mut backwards = rows;
        backwards.reverse();
        assert_eq!(bytes, write(&settle(batch(&backwards), &labels).0, &labels, &names).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part-0.parquet");
        std::fs::write(&path, &bytes).unwrap();
        let numbers = HashMap::from([("s1".to_owned(), 1), ("s2".to_owned(), 2)]);
        let at = |l: Label| labels.iter().position(|x| *x == l).unwrap() as u32;
        let back = read(&path, &at, &numbers).unwrap();
        assert_eq!((back.label, back.day, back.row), (kept.label, kept.day, kept.row));
        assert!(back.stock[0].is_nan() && back.stock[1] == 3.0, "a first: unknown stays unknown");
    }

    #[test]
    fn a_month_and_a_region_are_one_folder() {
        let day = Day::from_ymd(2020, 2, 29).unwrap();
        assert_eq!(key(Basis::Net, day, "440100"), "transactions/month=2020-02/region_code=440100");
    }
}
