//! rows.csv: the source rows of a lead, as they stand in their files and as they were read.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};

use crate::model::{Lead, RowRef, SourceRow, masked};
use crate::report::Results;
use crate::report::tables::safe;

/// File, line, text, and what was read from it.
pub fn csv(r: &Results<'_>, rows: &[SourceRow], lead: &Lead, text: &BTreeMap<RowRef, String>) -> Result<Vec<u8>> {
    let mut out = ::csv::Writer::from_writer(Vec::new());
    out.write_record([
        "file",
        "line",
        "original_text",
        "seller_id",
        "product",
        "unit",
        "date",
        "price",
        "quantity",
        "unit_cost",
        "list_price",
        "delivery_fee",
    ])?;
    let number = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v}"));
    let place = |row: RowRef| (safe(&r.files[row.file() as usize].path), row.line().to_string());
    let original = |row: RowRef| safe(text.get(&row).map_or("", String::as_str));
    for row in rows {
        let series = &r.panel.series[row.series];
        let (file, line) = place(row.row);
        out.write_record([
            file,
            line,
            original(row.row),
            safe(&masked(&r.panel.sellers[series.seller as usize].id)),
            safe(&r.panel.items[series.item as usize].product),
            safe(r.panel.cells[series.cell as usize].unit.label()),
            row.day.to_string(),
            number(Some(row.price)),
            number(row.quantity),
            number(row.cost),
            number(row.list),
            number(row.fee),
        ])?;
    }
    // Rows a finding rests on that are no price rows: certificates, caps, notices.
    let others = lead.findings.iter().flat_map(|f| &r.findings[*f].rows).map(|n| n.row);
    let others: BTreeSet<RowRef> = others.filter(|o| rows.iter().all(|x| x.row != *o)).collect();
    for row in others {
        let (file, line) = place(row);
        let mut cells = vec![file, line, original(row)];
        cells.resize(12, String::new());
        out.write_record(cells)?;
    }
    out.into_inner().context("rows.csv")
}
