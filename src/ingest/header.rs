//! Which column is which? Aliases are data (datasets/headers.csv); a mapping in the settings file wins.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use crate::model::{TableKind, Text};

/// Canonical column → position in the record.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct HeaderMatch {
    /// In the order of datasets/headers.csv.
    pub columns: Vec<(&'static str, usize)>,
    /// Positions that are not needed.
    pub ignored: Vec<usize>,
}

impl HeaderMatch {
    /// Position of a canonical column.
    pub fn position(&self, canonical: &str) -> Option<usize> {
        self.columns.iter().find(|c| c.0 == canonical).map(|c| c.1)
    }
}

fn aliases(table: TableKind) -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("../../datasets/headers.csv").lines().skip(1).filter_map(move |line| {
        let mut cells = line.splitn(3, ',');
        let (kind, canonical, list) = (cells.next()?, cells.next()?, cells.next()?);
        (kind == "all" || kind == table.name()).then_some((canonical, list))
    })
}

/// Lower case without spaces, underscores, quotes, or what stands in brackets (`单价(元)`).
fn key(text: &str) -> String {
    let mut depth = 0;
    let plain = text.nfkc().collect::<String>().to_lowercase().replace(['【', '['], "(").replace(['】', ']'], ")");
    plain
        .chars()
        .filter(|&c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth <= 0 && c != ')' && !c.is_whitespace() && !matches!(c, '_' | '"' | '\'' | '\u{feff}')
        })
        .collect()
}

/// How many canonical columns a row of cells names: the header is the row that names most.
pub fn score(table: TableKind, fields: &[&str]) -> usize {
    let keys: Vec<String> = fields.iter().map(|f| key(f)).collect();
    aliases(table).filter(|(_, list)| list.split('|').any(|a| keys.contains(&key(a)))).count()
}

/// Matches a header row. `mapping` is canonical → header text (contract names: `unit_price` for transactions).
pub fn match_header(
    table: TableKind,
    fields: &[&str],
    mapping: &BTreeMap<String, String>,
) -> Result<HeaderMatch, Text> {
    let keys: Vec<String> = fields.iter().map(|f| key(f)).collect();
    let mut columns = Vec::new();
    for (canonical, list) in aliases(table) {
        let name = if canonical == "price" && table == TableKind::Transactions { "unit_price" } else { canonical };
        let position = match mapping.get(name) {
            // Files of bids differ; what only some of them have is left out where it is not there.
            Some(header) if table == TableKind::Tenders => {
                keys.iter().position(|k| header.split('|').any(|h| *k == self::key(h)))
            }
            Some(header) => Some(mapped(name, header, fields, &keys)?),
            None => by_alias(table, name, list, fields, &keys, mapping)?,
        };
        columns.extend(position.map(|p| (canonical, p)));
    }
    let ignored = (0..fields.len()).filter(|p| columns.iter().all(|c| c.1 != *p)).collect();
    Ok(HeaderMatch { columns, ignored })
}

fn mapped(name: &str, header: &str, fields: &[&str], keys: &[String]) -> Result<usize, Text> {
    keys.iter().position(|k| *k == key(header)).ok_or_else(|| {
        let found = fields.join(" | ");
        Text::new(
            format!("设置文件把 {name} 对应到“{header}”，但表头里没有这一列；表头是：{found}"),
            format!("the settings map {name} to \"{header}\", which is not in the header: {found}"),
        )
    })
}

fn by_alias(
    table: TableKind,
    name: &str,
    list: &'static str,
    fields: &[&str],
    keys: &[String],
    mapping: &BTreeMap<String, String>,
) -> Result<Option<usize>, Text> {
    let taken: Vec<String> = mapping.values().map(|h| key(h)).collect();
    let words: Vec<String> = list.split('|').map(key).collect();
    let mut hits: Vec<(usize, usize)> = keys
        .iter()
        .enumerate()
        .filter(|(_, k)| !taken.contains(k))
        .filter_map(|(p, k)| words.iter().position(|w| w == k).map(|rank| (rank, p)))
        .collect();
    hits.sort_unstable();
    // The first alias is the canonical English name and settles it; other aliases are equals.
    if hits.len() > 1 && hits[0].0 != 0 {
        let both = hits.iter().map(|h| fields[h.1]).collect::<Vec<_>>().join("”“");
        let file = table.name();
        return Err(Text::new(
            format!("{name} 有多个候选列：“{both}”；请在设置文件 [columns.{file}] 中写明 {name} = \"…\""),
            format!("{name} could be any of \"{both}\"; say which in the settings: [columns.{file}] {name} = \"…\""),
        ));
    }
    Ok(hits.first().map(|h| h.1))
}

/// Names of required columns that are not there.
pub fn required_missing(table: TableKind, m: &HeaderMatch) -> Vec<&'static str> {
    let has = |c: &str| m.position(c).is_some();
    let seller = ("seller_id / seller_name", has("seller_id") || has("seller_name"));
    let needs: Vec<(&'static str, bool)> = match table {
        TableKind::Prices => vec![("date", has("date")), seller, ("product", has("product")), ("price", has("price"))],
        TableKind::Transactions => vec![
            ("date", has("date")),
            seller,
            ("product", has("product")),
            ("unit_price / quantity + amount", has("price") || has("quantity") && has("amount")),
        ],
        TableKind::Costs => vec![("date", has("date")), ("unit_cost", has("unit_cost"))],
        TableKind::Notices => vec![("date", has("date")), ("kind", has("kind"))],
        TableKind::Certificates => vec![seller, ("certificate_id", has("certificate_id"))],
        TableKind::Tenders => vec![("tender_id", has("tender_id")), ("bid", has("bid"))],
        TableKind::Caps => vec![("product", has("product")), ("price", has("price"))],
        _ => vec![seller],
    };
    needs.into_iter().filter(|n| !n.1).map(|n| n.0).collect()
}

/// Whether a file may hold a table by its header alone: all columns it must have, and of enterprises something beside who.
pub fn fits(table: TableKind, m: &HeaderMatch) -> bool {
    let has = |c: &&str| m.position(c).is_some();
    let told = ["owner_id", "role", "address", "legal_person", "region"].iter().any(has)
        || ["seller_id", "seller_name"].iter().all(has);
    required_missing(table, m).is_empty() && (told || table != TableKind::Enterprises)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_headers_need_no_settings() {
        let m = match_header(
            TableKind::Prices,
            &["采价日期", "统一社会信用代码", "经营者名称", "地区", "品名", "单价（元）", "序号"],
            &BTreeMap::new(),
        )
        .unwrap();
        assert_eq!(m.position("price"), Some(5));
        assert_eq!(m.position("seller_id"), Some(1));
        assert_eq!(m.ignored, vec![6]);
        assert!(required_missing(TableKind::Prices, &m).is_empty());
    }

    /// A prices file given as certificates or notices is refused, not read as papers without numbers.
    #[test]
    fn the_wrong_table_is_refused() {
        let fields = ["date", "seller_id", "region", "product", "price"];
        for table in [TableKind::Certificates, TableKind::Notices] {
            let m = match_header(table, &fields, &BTreeMap::new()).unwrap();
            assert!(!required_missing(table, &m).is_empty(), "{table:?}");
        }
    }

    #[test]
    fn two_candidates_are_named() {
        let fault = match_header(TableKind::Prices, &["日期", "商户", "品名", "零售价", "批发价"], &BTreeMap::new())
            .unwrap_err();
        assert!(fault.zh.contains("零售价") && fault.zh.contains("批发价") && fault.zh.contains("[columns.prices]"));
        let mapping = BTreeMap::from([("price".to_owned(), "零售价".to_owned())]);
        let m = match_header(TableKind::Prices, &["日期", "商户", "品名", "零售价", "批发价"], &mapping).unwrap();
        assert_eq!(m.position("price"), Some(3));
        let mapping = BTreeMap::from([("price".to_owned(), "进价".to_owned())]);
        assert!(
            match_header(TableKind::Prices, &["日期", "零售价"], &mapping)
                .unwrap_err()
                .en
                .contains("not in the header")
        );
    }

    #[test]
    fn transactions_may_give_amounts() {
        let m = match_header(
            TableKind::Transactions,
            &["date", "seller_id", "product", "quantity", "amount"],
            &BTreeMap::new(),
        )
        .unwrap();
        assert!(required_missing(TableKind::Transactions, &m).is_empty());
        assert_eq!(score(TableKind::Transactions, &["2020-02-05", "x", "y", "1", "2"]), 0);
    }
}
