//! The small tables beside the prices: costs, owners, notices, maximum prices.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use csv::ByteRecord;

use super::date::parse_date;
use super::header::HeaderMatch;
use super::identity::{clean, name_key};
use super::number::parse_number;
use super::product::Catalogue;
use super::read::sniff;
use super::sheet::{self, Rows};
use super::source::format_of;
use super::split::start_line;
use super::tender::{Bids, read_tenders};
use super::unit::read_unit;
use super::{FileRead, Options};
use crate::model::{Accounting, Cap, Certificate, CostPath, Day, FileReport, Notice, Reject, RowRef, TableKind, Text};

/// Cost paths by region and product (as named, and by family).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Costs {
    paths: BTreeMap<(String, String), BTreeMap<Day, (f64, RowRef)>>,
}

impl Costs {
    /// The path that applies to a cell: own region before all regions; a cost of the same good before the
    /// only other good in the file (then only its relative changes count).
    pub fn of(&self, region: &str, product: &str) -> Option<CostPath> {
        let find =
            |product: &str| [region, ""].iter().find_map(|r| self.paths.get(&((*r).to_owned(), product.to_owned())));
        let (path, label, is_index) = match find(product) {
            Some(path) => (path, product.to_owned(), false),
            None => {
                let mut goods: Vec<&String> = self.paths.keys().map(|k| &k.1).collect();
                goods.dedup();
                let [only] = goods.as_slice() else { return None };
                (find(only)?, (*only).clone(), true)
            }
        };
        Some(CostPath {
            days: path.keys().copied().collect(),
            cost: path.values().map(|v| v.0).collect(),
            is_index,
            label,
            rows: path.values().map(|v| v.1).collect(),
        })
    }
}

/// Seller (id in capitals, or name key) → owner.
pub type Owners = BTreeMap<String, String>;

/// Reads a costs file into `costs`.
pub fn read_costs(path: &Path, file: u32, options: &Options, costs: &mut Costs) -> Result<FileRead> {
    let catalogue = Catalogue::shipped();
    each_row(path, file, TableKind::Costs, options, |get, row| {
        let day = parse_date(get("date")).map_err(|r| ("date", get("date").to_owned(), r))?.day;
        let value = parse_number(get("unit_cost")).map_err(|r| ("unit_cost", get("unit_cost").to_owned(), r))?;
        if value <= 0.0 {
            return Err(("unit_cost", value.to_string(), Text::new("成本不是正数", "the cost is not positive")));
        }
        let product = clean(get("product"));
        let family = catalogue.family(&product, get("spec")).map_or(product, |f| f.zh.clone());
        costs.paths.entry((clean(get("region")), family)).or_default().insert(day, (value, row));
        Ok(())
    })
}

/// Seller (id in capitals, or name key) → what the enterprises file says of it, by column.
pub type Profiles = BTreeMap<String, BTreeMap<&'static str, String>>;

const PROFILE: [&str; 6] = ["seller_name", "region", "owner_id", "role", "address", "legal_person"];

/// Reads an enterprises file into `owners` and `profiles`.
pub fn read_owners(
    path: &Path,
    file: u32,
    options: &Options,
    owners: &mut Owners,
    profiles: &mut Profiles,
) -> Result<FileRead> {
    each_row(path, file, TableKind::Enterprises, options, |get, _| {
        let (id, name, owner) =
            (clean(get("seller_id")).to_uppercase(), name_key(get("seller_name")), clean(get("owner_id")));
        if id.is_empty() && name.is_empty() {
            return Err(("seller_id", String::new(), Text::new("没有经营者", "no seller")));
        }
        let said = PROFILE.map(|c| (c, clean(get(c)))).into_iter().filter(|x| !x.1.is_empty());
        let said: BTreeMap<&'static str, String> = said.collect();
        for key in [id, name].into_iter().filter(|k| !k.is_empty()) {
            if !owner.is_empty() {
                owners.insert(key.clone(), owner.clone());
            }
            profiles.entry(key).or_default().extend(said.clone());
        }
        Ok(())
    })
}

/// Reads a certificates file into `all`. An unreadable date or fee is a reject: a certificate is judged by them.
pub fn read_certificates(path: &Path, file: u32, options: &Options, all: &mut Vec<Certificate>) -> Result<FileRead> {
    each_row(path, file, TableKind::Certificates, options, |get, row| {
        let day = |column: &'static str| match get(column).trim() {
            "" | "-" | "长期" => Ok(None),
            text => parse_date(text).map(|m| Some(m.day)).map_err(|r| (column, text.to_owned(), r)),
        };
        let fee = match get("fee").trim() {
            "" => None,
            text => Some(parse_number(text).map_err(|r| ("fee", text.to_owned(), r))?),
        };
        let authorised = match clean(get("body_authorised")).to_lowercase().as_str() {
            "是" | "有" | "yes" | "true" | "1" | "y" => Some(true),
            "否" | "无" | "no" | "false" | "0" | "n" => Some(false),
            _ => None,
        };
        let (id, name) = (clean(get("seller_id")).to_uppercase(), clean(get("seller_name")));
        let seller = if id.is_empty() { name.clone() } else { id };
        if seller.is_empty() {
            return Err(("seller_id", String::new(), Text::new("没有经营者", "no seller")));
        }
        let text = |column: &str| clean(get(column));
        all.push(Certificate {
            seller,
            name,
            region: text("region"),
            number: text("certificate_id"),
            product: text("product"),
            standard: text("standard"),
            body: text("body"),
            authorised,
            issued: day("issued")?,
            expires: day("expires")?,
            intermediary: text("intermediary"),
            fee,
            row,
        });
        Ok(())
    })
}

/// Reads a notices file into `notices`.
pub fn read_notices(path: &Path, file: u32, options: &Options, notices: &mut Vec<Notice>) -> Result<FileRead> {
    each_row(path, file, TableKind::Notices, options, |get, row| {
        let day = parse_date(get("date")).map_err(|r| ("date", get("date").to_owned(), r))?.day;
        let (id, name, region) =
            (clean(get("seller_id")).to_uppercase(), clean(get("seller_name")), clean(get("region")));
        let seller = if id.is_empty() { name } else { id };
        if seller.is_empty() && region.is_empty() {
            return Err((
                "seller_id",
                String::new(),
                Text::new("没有经营者也没有地区", "neither a seller nor a region"),
            ));
        }
        notices.push(Notice { seller, region, day, kind: clean(get("kind")), row });
        Ok(())
    })
}

/// Reads a file of maximum prices into `caps`, by product as named. Units are those of the price rows.
pub fn read_caps(path: &Path, file: u32, options: &Options, caps: &mut BTreeMap<String, Vec<Cap>>) -> Result<FileRead> {
    each_row(path, file, TableKind::Caps, options, |get, row| {
        let day = |column: &'static str| match get(column).trim() {
            "" => Ok(None),
            text => parse_date(text).map(|m| Some(m.day)).map_err(|r| (column, text.to_owned(), r)),
        };
        let (from, until) = (day("date")?.unwrap_or(Day(i32::MIN)), day("until")?);
        let price = parse_number(get("price")).map_err(|r| ("price", get("price").to_owned(), r))?;
        let (product, region) = (clean(get("product")), clean(get("region")));
        if product.is_empty() {
            return Err(("product", String::new(), Text::new("没有商品名称", "no product")));
        }
        if price <= 0.0 {
            return Err(("price", price.to_string(), Text::new("价格不是正数", "the price is not positive")));
        }
        let per = read_unit(get("unit"), get("pack_size"), "", &product).per_price;
        caps.entry(product.clone()).or_default().push(Cap { region, product, from, until, price: price / per, row });
        Ok(())
    })
}

/// Reads any side table for its counts and rejects alone.
pub fn read_side(path: &Path, file: u32, table: TableKind, options: &Options) -> Result<FileRead> {
    match table {
        TableKind::Costs => read_costs(path, file, options, &mut Costs::default()),
        TableKind::Enterprises => read_owners(path, file, options, &mut Owners::new(), &mut Profiles::new()),
        TableKind::Notices => read_notices(path, file, options, &mut Vec::new()),
        TableKind::Certificates => read_certificates(path, file, options, &mut Vec::new()),
        TableKind::Caps => read_caps(path, file, options, &mut BTreeMap::new()),
        TableKind::Tenders => read_tenders(path, file, 0, options, &mut Bids::default()),
        _ => anyhow::bail!("{}: {} 不是附表 / is no side table", path.display(), table.name()),
    }
}

pub(super) type Fault = (&'static str, String, Text);

fn each_row(
    path: &Path,
    file: u32,
    table: TableKind,
    options: &Options,
    mut take: impl for<'r> FnMut(&dyn Fn(&str) -> &'r str, RowRef) -> Result<(), Fault>,
) -> Result<FileRead> {
    each_record(path, file, table, options, |get, row, _| take(get, row).map(|()| true))
}

/// As `each_row`, with the whole record; `false` counts a duplicate.
pub(super) fn each_record(
    path: &Path,
    file: u32,
    table: TableKind,
    options: &Options,
    mut take: impl for<'r> FnMut(&dyn Fn(&str) -> &'r str, RowRef, &ByteRecord) -> Result<bool, Fault>,
) -> Result<FileRead> {
    let rows = load(path, table, options).with_context(|| path.display().to_string())?;
    let mut counts = Accounting::default();
    let mut rejects = Vec::new();
    let columns: &HeaderMatch = &rows.columns;
    for (line, record) in &rows.records {
        if record.iter().all(|f| f.trim_ascii().is_empty()) {
            continue;
        }
        let row = RowRef::new(file, *line);
        let get = |c: &str| -> &str {
            columns.position(c).and_then(|i| record.get(i)).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or("")
        };
        counts.rows_read += 1;
        match take(&get, row, record) {
            Ok(true) => counts.rows_used += 1,
            Ok(false) => counts.duplicates += 1,
            Err((column, value, reason)) => {
                counts.rows_rejected += 1;
                rejects.push(Reject { row, column: column.to_owned(), value, reason });
            }
        }
    }
    let report = FileReport {
        path: path.display().to_string(),
        table,
        format: format_of(path).unwrap_or("csv").to_owned(),
        encoding: rows.encoding,
        delimiter: String::new(),
        header_line: rows.header_line,
        columns: columns.columns.iter().map(|(c, i)| ((*c).to_owned(), rows.header[*i].clone())).collect(),
        ignored_columns: columns.ignored.iter().map(|i| rows.header[*i].clone()).collect(),
        bytes: path.metadata().map_or(0, |m| m.len()),
        warnings: Vec::new(),
        rows: counts,
    };
    Ok(FileRead { report, rejects })
}

fn load(path: &Path, table: TableKind, options: &Options) -> Result<Rows> {
    if matches!(format_of(path), Some("xlsx" | "parquet")) {
        return sheet::load(path, table, options.mapping(table));
    }
    let (layout, mut bytes, mut stream) = sniff(path, table, options)?;
    std::io::Read::read_to_end(&mut stream, &mut bytes).context("文件中断 / the file breaks off")?;
    let text = layout.encoding.decode(&bytes).0;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(layout.delimiter)
        .from_reader(text.as_bytes());
    let mut records = Vec::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let line = start_line(text.as_bytes(), record.position());
        if line > layout.header_line {
            records.push((line, record.clone()));
        }
    }
    let encoding = layout.encoding.name().to_uppercase();
    Ok(Rows { encoding, header: layout.header, header_line: layout.header_line, columns: layout.columns, records })
}
