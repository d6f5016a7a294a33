//! Which table is a file, and which of its columns is which? Told by a mapping given, by one remembered for the same
//! header row, or by the aliases.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::draft::sample;
use super::header::{fits, match_header, required_missing, score};
use crate::model::TableKind;

/// Rows searched for the header.
const HEADER_ROWS: usize = 30;
/// Tables a file may hold; where two fit as well, the first counts.
const TABLES: [TableKind; 8] = [
    TableKind::Prices,
    TableKind::Transactions,
    TableKind::Costs,
    TableKind::Certificates,
    TableKind::Notices,
    TableKind::Enterprises,
    TableKind::Caps,
    TableKind::Tenders,
];

/// Canonical column → header text.
type Mapping = BTreeMap<String, String>;

/// How a file is to be read.
#[derive(Clone, PartialEq, Debug)]
pub struct Recognised {
    /// What it holds.
    pub table: TableKind,
    /// Fingerprint of its header row.
    pub layout: String,
    /// Mapping, empty where the aliases do.
    pub columns: Mapping,
    /// Whether the mapping was remembered.
    pub remembered: bool,
}

/// What decides how rows are understood beside the file: program version, headers, units, products.
pub fn reader() -> String {
    let data = [
        include_str!("../../datasets/headers.csv"),
        include_str!("../../datasets/units.csv"),
        include_str!("../../datasets/products.csv"),
    ];
    format!("{} {:016x}", env!("CARGO_PKG_VERSION"), xxh3_64(data.concat().as_bytes()))
}

/// The same for every file with this header row.
fn fingerprint(cells: &[String]) -> String {
    let trimmed: Vec<&str> = cells.iter().map(|c| c.trim().trim_matches('\u{feff}')).collect();
    let end = trimmed.iter().rposition(|c| !c.is_empty()).map_or(0, |i| i + 1);
    format!("{:032x}", xxh3_128(trimmed[..end].join("\u{1f}").as_bytes()))
}

/// Tells table and mapping of a file. `given` are mappings of the settings, `known` those remembered by fingerprint;
/// `forced` says the table.
pub fn recognise(
    path: &Path,
    forced: Option<TableKind>,
    given: &BTreeMap<TableKind, Mapping>,
    known: &BTreeMap<String, (TableKind, Mapping)>,
) -> Result<Recognised> {
    let (_, rows) = sample(path).with_context(|| path.display().to_string())?;
    let rows: Vec<&Vec<String>> = rows.iter().take(HEADER_ROWS).collect();
    let allowed = |t: TableKind| forced.is_none_or(|f| f == t);
    for (&table, columns) in given.iter().filter(|(t, c)| allowed(**t) && !c.is_empty()) {
        let has = |row: &&&Vec<String>| match table {
            // A mapping of bids fits many files; what one of them does not have is left out.
            TableKind::Tenders => whole(table, row, columns, true),
            _ => columns.values().all(|h| row.iter().any(|c| c.trim() == h.trim())),
        };
        if let Some(row) = rows.iter().find(has) {
            return Ok(Recognised { table, layout: fingerprint(row), columns: columns.clone(), remembered: false });
        }
    }
    for row in &rows {
        let layout = fingerprint(row);
        if let Some((table, columns)) = known.get(&layout).filter(|k| allowed(k.0)) {
            return Ok(Recognised { table: *table, layout, columns: columns.clone(), remembered: true });
        }
    }
    by_alias(path, &rows, forced)
}

/// Whether a row names all columns a table must have; one that is asked for need not be told from others.
fn whole(table: TableKind, row: &[String], mapping: &Mapping, asked: bool) -> bool {
    let cells: Vec<&str> = row.iter().map(String::as_str).collect();
    let all = |m| if asked { required_missing(table, &m).is_empty() } else { fits(table, &m) };
    match_header(table, &cells, mapping).is_ok_and(all)
}

/// The table most of whose columns a row names, of those whose required columns are all there.
fn by_alias(path: &Path, rows: &[&Vec<String>], forced: Option<TableKind>) -> Result<Recognised> {
    let tables: Vec<TableKind> = forced.map_or(TABLES.to_vec(), |t| vec![t]);
    let mut best: Option<((bool, usize), TableKind, &Vec<String>)> = None;
    for row in rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        for &table in &tables {
            let rank = (whole(table, row, &Mapping::new(), forced.is_some()), score(table, &cells));
            if rank.1 > 0 && best.as_ref().is_none_or(|b| rank > b.0) {
                best = Some((rank, table, row));
            }
        }
    }
    match best {
        Some(((true, _), table, row)) => {
            Ok(Recognised { table, layout: fingerprint(row), columns: Mapping::new(), remembered: false })
        }
        Some((_, table, row)) => {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            let said = match match_header(table, &cells, &Mapping::new()) {
                Err(fault) => format!("{} / {}", fault.zh, fault.en),
                Ok(found) => format!("缺少 / lacks {}", required_missing(table, &found).join(", ")),
            };
            bail!(
                "{}: 认不出列（{said}）；表头是 {}；pricewatch init 可起草设置，或用 --config 给出 [columns.{t}]，以后同样表头会记住 / columns not recognised; pricewatch init drafts settings, or give [columns.{t}] with --config: the same header is remembered from then on",
                path.display(),
                cells.join(" | "),
                t = table.name()
            )
        }
        None => bail!(
            "{}: 前 {HEADER_ROWS} 行里找不到表头；请用 --config 给出列名（pricewatch init 可起草） / no header in the first {HEADER_ROWS} rows; name the columns with --config (pricewatch init drafts one)",
            path.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_told_by_their_columns_and_layouts_are_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let none = (BTreeMap::new(), BTreeMap::new());
        let table = |path: &Path| recognise(path, None, &none.0, &none.1).unwrap().table;
        assert_eq!(table(&file("a.csv", "日期,商户,品名,价格\n2020-02-05,甲,口罩,2\n")), TableKind::Prices);
        let sales = "date,seller_id,product,quantity,unit_price,transaction_id\n2020-02-05,a,口罩,1,2,t\n";
        assert_eq!(table(&file("b.csv", sales)), TableKind::Transactions);
        assert_eq!(table(&file("c.csv", "date,product,unit_cost\n2020-02-05,口罩,2\n")), TableKind::Costs);
        assert_eq!(table(&file("d.csv", "date,seller_id,region,kind\n2020-02-05,a,440100,告诫\n")), TableKind::Notices);
        assert_eq!(table(&file("e.csv", "seller_id,owner_id\na,o\n")), TableKind::Enterprises);
        let bids = "日期,项目编号,地区,品名,供应商,报价,是否中标\n2020-02-05,T1,440100,口罩,甲,2,是\n";
        assert_eq!(table(&file("g.csv", bids)), TableKind::Tenders);
        let quotes = "日期,供应商,品名,报价\n2020-02-05,甲,口罩,2\n";
        assert_ne!(
            recognise(&file("h.csv", quotes), None, &none.0, &none.1).map(|r| r.table).ok(),
            Some(TableKind::Tenders)
        );
        let listings = file("i.csv", "query,name,shop,curPrice\nmask,N95,甲,2\n");
        assert!(
            recognise(&listings, None, &none.0, &none.1).is_err(),
            "a column of shops is no register of enterprises"
        );
        let events = file("j.csv", "datetime,station_id,fuel,price_cents\n2020-02-05 10:00,1,E10,130\n");
        assert!(recognise(&events, None, &none.0, &none.1).is_err(), "a column of dates says nothing about them");
        let odd = file("f.csv", "report\nwhen,who,what,how much\n2020-02-05,a,mask,2\n");
        assert!(recognise(&odd, None, &none.0, &none.1).is_err());
        let pairs = [("date", "when"), ("seller_name", "who"), ("product", "what"), ("price", "how much")];
        let mapping: Mapping = pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        let given = BTreeMap::from([(TableKind::Prices, mapping.clone())]);
        let first = recognise(&odd, None, &given, &none.1).unwrap();
        let known = BTreeMap::from([(first.layout.clone(), (first.table, first.columns))]);
        let again = recognise(&odd, None, &none.0, &known).unwrap();
        assert!(again.remembered && again.columns == mapping && again.table == TableKind::Prices);
    }
}
