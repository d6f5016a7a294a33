//! Records → typed columns. Every record ends as a row of a batch, a reject, or a blank line.

use std::collections::HashMap;

use csv::ByteRecord;
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128};

use super::date::{Moment, parse_date};
use super::header::HeaderMatch;
use super::identity::clean;
use super::labels::{Known, LABEL_COLUMNS, Labels};
use super::number::parse_number;
use crate::model::{Accounting, Basis, Batch, Day, Extra, Reject, RowRef, Text};

/// What a reader needs to know of the file.
pub struct Plan<'a> {
    /// Position in the run's list of files.
    pub file: u32,
    /// Price type.
    pub basis: Basis,
    /// Which column is which.
    pub columns: &'a HeaderMatch,
    /// Fields in the header.
    pub width: usize,
    /// Rows after this day are not used.
    pub as_of: Option<Day>,
    /// Shared labels.
    pub labels: &'a Labels,
    /// Which rows say more than numbers; `None` keeps none.
    pub extras: Option<Keep<'a>>,
}

/// Whether what a row says beside its numbers is worth keeping.
pub type Keep<'a> = &'a (dyn Fn(&Extra) -> bool + Sync);

/// One reader's state.
pub struct RowParser<'a> {
    plan: &'a Plan<'a>,
    label_at: [Option<usize>; 9],
    at: Positions,
    known: HashMap<u128, Known>,
    key: Vec<u8>,
    last_date: (Vec<u8>, Option<Moment>),
    /// Typed rows since the last take.
    pub batch: Batch,
    /// Rejects so far.
    pub rejects: Vec<Reject>,
    /// Counts so far (duplicates are found later).
    pub counts: Accounting,
}

struct Positions {
    date: Option<usize>,
    price: Option<usize>,
    quantity: Option<usize>,
    amount: Option<usize>,
    cost: Option<usize>,
    list: Option<usize>,
    fee: Option<usize>,
    stock: Option<usize>,
    buyer_id: Option<usize>,
    buyer_name: Option<usize>,
    bundle: Option<usize>,
    text: Option<usize>,
}

type Fault = (&'static str, String, Text);

impl<'a> RowParser<'a> {
    /// A fresh reader.
    pub fn new(plan: &'a Plan<'a>) -> RowParser<'a> {
        let p = |c: &str| plan.columns.position(c);
        RowParser {
            plan,
            label_at: LABEL_COLUMNS.map(p),
            at: Positions {
                date: p("date"),
                price: p("price"),
                quantity: p("quantity"),
                amount: p("amount"),
                cost: p("unit_cost"),
                list: p("list_price"),
                fee: p("delivery_fee"),
                stock: p("stock"),
                buyer_id: p("buyer_id"),
                buyer_name: p("buyer_name"),
                bundle: p("bundle_id"),
                text: p("text"),
            },
            known: HashMap::new(),
            key: Vec::new(),
            last_date: (Vec::new(), None),
            batch: Batch::default(),
            rejects: Vec::new(),
            counts: Accounting::default(),
        }
    }

    /// Takes one record of line `line`.
    pub fn record(&mut self, record: &ByteRecord, line: u64) {
        if record.iter().all(|f| f.trim_ascii().is_empty()) {
            return; // Excel saves runs of empty rows
        }
        self.counts.rows_read += 1;
        let row = RowRef::new(self.plan.file, line);
        match self.parse(record, row) {
            Ok(()) => self.counts.rows_used += 1,
            Err((column, value, reason)) => self.reject(row, column, &value, reason),
        }
    }

    /// Names a line that never became a record.
    pub fn broken_line(&mut self, line: u64, bytes: &[u8], reason: Text) {
        self.counts.rows_read += 1;
        self.reject(RowRef::new(self.plan.file, line), "", &String::from_utf8_lossy(bytes), reason);
    }

    fn reject(&mut self, row: RowRef, column: &str, value: &str, reason: Text) {
        self.counts.rows_rejected += 1;
        let value = value.trim_end().chars().take(200).collect();
        self.rejects.push(Reject { row, column: column.to_owned(), value, reason });
    }

    fn parse(&mut self, record: &ByteRecord, row: RowRef) -> Result<(), Fault> {
        self.check_width(record)?;
        let moment = self.date(record)?;
        let known = self.label(record)?;
        let quantity = self.number(record, self.at.quantity, "quantity")?;
        let price = self.price(record, quantity)?;
        if quantity == Some(0.0) {
            return Err(("quantity", "0".into(), Text::new("数量为零", "quantity is zero")));
        }
        // Last: a row's own faults are the same whatever day one looks back from.
        if self.plan.as_of.is_some_and(|limit| moment.day > limit) {
            let text = String::from_utf8_lossy(field(record, self.at.date)).into_owned();
            return Err(("date", text, Text::new("晚于分析日期", "after the analysis date")));
        }
        let (list, cost) = (self.optional(record, self.at.list), self.optional(record, self.at.cost));
        let (fee, stock) = (self.known(record, self.at.fee), self.known(record, self.at.stock));
        if let Some(keep) = self.plan.extras {
            self.extra(record, keep);
        }
        let n = self.batch.len();
        let b = &mut self.batch;
        b.label.push(known.id);
        b.day.push(moment.day.0);
        b.price.push(price / known.per_price);
        b.row.push(row);
        b.hash.push(xxh3_64_with_seed(record.as_slice(), record.len() as u64));
        if moment.second > 0 || !b.second.is_empty() {
            b.second.resize(n, 0);
            b.second.push(moment.second);
        }
        push(&mut b.quantity, n, quantity.map(|q| q * known.per_price));
        push(&mut b.cost, n, cost.map(|c| c / known.per_price));
        push(&mut b.list, n, list.map(|l| l / known.per_price));
        push(&mut b.fee, n, fee);
        push(&mut b.stock, n, stock.map(|s| s * known.per_price));
        self.counts.returns += u64::from(quantity.is_some_and(|q| q < 0.0));
        self.counts.unknown_pack += u64::from(known.unknown_pack);
        Ok(())
    }

    fn check_width(&self, record: &ByteRecord) -> Result<(), Fault> {
        let (got, want) = (record.len(), self.plan.width);
        if got == want || got > want && record.iter().skip(want).all(<[u8]>::is_empty) {
            return Ok(());
        }
        let value = record.iter().map(String::from_utf8_lossy).collect::<Vec<_>>().join(",");
        Err((
            "",
            value,
            Text::new(format!("有 {got} 列，表头有 {want} 列"), format!("{got} fields, the header has {want}")),
        ))
    }

    fn date(&mut self, record: &ByteRecord) -> Result<Moment, Fault> {
        let cell = field(record, self.at.date);
        if self.last_date.0 == cell
            && let Some(moment) = self.last_date.1
        {
            return Ok(moment);
        }
        let text = utf8(cell, "date")?;
        let moment = parse_date(text).map_err(|reason| ("date", text.to_owned(), reason))?;
        self.last_date = (cell.to_vec(), Some(moment));
        Ok(moment)
    }

    fn label(&mut self, record: &ByteRecord) -> Result<Known, Fault> {
        self.key.clear();
        for at in self.label_at.iter().flatten() {
            self.key.extend_from_slice(field(record, Some(*at)));
            self.key.push(0x1e);
        }
        let hash = xxh3_128(&self.key);
        if let Some(known) = self.known.get(&hash) {
            return Ok(*known);
        }
        let mut cells = [""; 9];
        for ((cell, at), name) in cells.iter_mut().zip(self.label_at).zip(LABEL_COLUMNS) {
            *cell = utf8(field(record, at), name)?;
        }
        let known = self.plan.labels.know(self.plan.basis, &cells).map_err(|(c, reason)| (c, String::new(), reason))?;
        self.known.insert(hash, known);
        Ok(known)
    }

    fn price(&self, record: &ByteRecord, quantity: Option<f64>) -> Result<f64, Fault> {
        let column = if self.plan.basis == Basis::Net { "unit_price" } else { "price" };
        let stated = self.at.price.is_some()
            && (self.at.amount.is_none() || !field(record, self.at.price).trim_ascii().is_empty());
        let price = if stated {
            number_in(field(record, self.at.price), column)?
        } else {
            match (self.number(record, self.at.amount, "amount")?, quantity) {
                (Some(amount), Some(q)) if q != 0.0 => amount / q,
                _ => {
                    return Err((
                        column,
                        String::new(),
                        Text::new("没有单价，也没有数量和金额", "neither a unit price nor quantity and amount"),
                    ));
                }
            }
        };
        if price > 0.0 {
            return Ok(price);
        }
        Err((column, price.to_string(), Text::new("价格不是正数", "the price is not positive")))
    }

    /// An optional number that must be right where it stands.
    fn number(&self, record: &ByteRecord, at: Option<usize>, column: &'static str) -> Result<Option<f64>, Fault> {
        let cell = field(record, at);
        if cell.trim_ascii().is_empty() {
            return Ok(None);
        }
        number_in(cell, column).map(Some)
    }

    /// What the row says beside its numbers, where it is worth keeping.
    fn extra(&mut self, record: &ByteRecord, keep: Keep<'_>) {
        let cell = |at: Option<usize>| clean(std::str::from_utf8(field(record, at)).unwrap_or(""));
        let extra = Extra {
            buyer_id: cell(self.at.buyer_id).to_uppercase(),
            buyer_name: cell(self.at.buyer_name),
            bundle: cell(self.at.bundle),
            text: cell(self.at.text),
        };
        if keep(&extra) {
            self.batch.extra.push((self.batch.label.len() as u32, extra));
        }
    }

    /// A supporting number that may be zero: no fee, nothing in stock.
    fn known(&self, record: &ByteRecord, at: Option<usize>) -> Option<f64> {
        self.number(record, at, "").ok().flatten().filter(|v| *v >= 0.0)
    }

    /// A number that only supports: unreadable is unknown.
    fn optional(&self, record: &ByteRecord, at: Option<usize>) -> Option<f64> {
        self.number(record, at, "").ok().flatten().filter(|v| *v > 0.0)
    }
}

fn push(column: &mut Vec<f64>, before: usize, value: Option<f64>) {
    if value.is_some() || !column.is_empty() {
        column.resize(before, f64::NAN);
        column.push(value.unwrap_or(f64::NAN));
    }
}

fn field(record: &ByteRecord, at: Option<usize>) -> &[u8] {
    at.and_then(|i| record.get(i)).unwrap_or_default()
}

/// The number in a cell; a plain one needs no look at its characters.
fn number_in(cell: &[u8], column: &'static str) -> Result<f64, Fault> {
    if let Some(plain) = fast_float2::parse::<f64, _>(cell).ok().filter(|v| v.is_finite()) {
        return Ok(plain);
    }
    let text = utf8(cell, column)?;
    parse_number(text).map_err(|reason| (column, text.to_owned(), reason))
}

fn utf8<'r>(cell: &'r [u8], column: &'static str) -> Result<&'r str, Fault> {
    let lossy = || String::from_utf8_lossy(cell).into_owned();
    let fault = || (column, lossy(), Text::new("含有无法解码的字节", "bytes that cannot be decoded"));
    let text = std::str::from_utf8(cell).map_err(|_| fault())?;
    if cell.is_ascii() {
        return Ok(text);
    }
    if text.contains('\u{fffd}') { Err(fault()) } else { Ok(text) }
}
