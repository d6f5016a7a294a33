//! Observations on their way from ingest to the panel: columns, never one object per row.

use serde::{Deserialize, Serialize};

use super::{Basis, PriceUnit, RowRef};

/// What a row says beside its numbers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Extra {
    /// Buyer id in capitals, may be empty.
    pub buyer_id: String,
    /// Buyer name, may be empty.
    pub buyer_name: String,
    /// Rows of one bundle share it, may be empty.
    pub bundle: String,
    /// Text of the listing or remark, may be empty.
    pub text: String,
}

/// Everything about a row that is not a date or a number; rows share labels.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Label {
    /// Price type.
    pub basis: Basis,
    /// Seller id, empty where only a name is given.
    pub seller_id: String,
    /// Seller name, may be empty.
    pub seller_name: String,
    /// Region.
    pub region: String,
    /// Market or platform.
    pub market: String,
    /// Product name.
    pub product: String,
    /// Specification.
    pub spec: String,
    /// Brand.
    pub brand: String,
    /// What a price buys after division.
    pub unit: PriceUnit,
    /// Chinese and English label of the family, if the catalogue knows the good.
    pub family: Option<(String, String)>,
}

/// Columns of equal length; `quantity`, `cost`, `list`, `fee`, `stock`, `second` may be empty (= unknown throughout),
/// NaN = unknown. Prices and costs are per price unit, quantities in price units.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Batch {
    /// Index into the run's labels.
    pub label: Vec<u32>,
    /// Day number.
    pub day: Vec<i32>,
    /// Second of the day.
    pub second: Vec<u32>,
    /// Price.
    pub price: Vec<f64>,
    /// Quantity, negative = return.
    pub quantity: Vec<f64>,
    /// Purchase cost.
    pub cost: Vec<f64>,
    /// List price.
    pub list: Vec<f64>,
    /// Delivery or other fee per order.
    pub fee: Vec<f64>,
    /// Stock at the end of the day, in price units.
    pub stock: Vec<f64>,
    /// Rows that say more: (position, what), ascending; gathered only on the second reading.
    pub extra: Vec<(u32, Extra)>,
    /// Hash of the whole row as it stands in the file.
    pub hash: Vec<u64>,
    /// Where it stands.
    pub row: Vec<RowRef>,
}

impl Batch {
    /// Rows held.
    pub fn len(&self) -> usize {
        self.label.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.label.is_empty()
    }

    /// The rows at these positions, in this order.
    pub fn select(&self, rows: &[u32]) -> Batch {
        fn pick<T: Copy>(column: &[T], rows: &[u32]) -> Vec<T> {
            if column.is_empty() { Vec::new() } else { rows.iter().map(|&i| column[i as usize]).collect() }
        }
        let extra = |i: u32| self.extra.binary_search_by_key(&i, |e| e.0).ok().map(|at| self.extra[at].1.clone());
        let mut extras = Vec::new();
        if !self.extra.is_empty() {
            extras.extend((0u32..).zip(rows).filter_map(|(new, &old)| Some((new, extra(old)?))));
        }
        Batch {
            label: pick(&self.label, rows),
            day: pick(&self.day, rows),
            second: pick(&self.second, rows),
            price: pick(&self.price, rows),
            quantity: pick(&self.quantity, rows),
            cost: pick(&self.cost, rows),
            list: pick(&self.list, rows),
            fee: pick(&self.fee, rows),
            stock: pick(&self.stock, rows),
            extra: extras,
            hash: pick(&self.hash, rows),
            row: pick(&self.row, rows),
        }
    }

    /// Batches one after the other; what a batch does not state is unknown.
    pub fn concat(batches: Vec<Batch>) -> Batch {
        fn add<T: Clone>(all: &mut Vec<T>, part: &[T], before: usize, now: usize, unknown: T) {
            if part.is_empty() && all.is_empty() {
                return;
            }
            all.resize(before, unknown.clone());
            all.extend_from_slice(part);
            all.resize(now, unknown);
        }
        let mut all = Batch::default();
        for b in batches {
            let (before, now) = (all.len(), all.len() + b.len());
            all.label.extend_from_slice(&b.label);
            all.day.extend_from_slice(&b.day);
            all.price.extend_from_slice(&b.price);
            all.hash.extend_from_slice(&b.hash);
            all.row.extend_from_slice(&b.row);
            all.extra.extend(b.extra.into_iter().map(|(at, extra)| (at + before as u32, extra)));
            add(&mut all.second, &b.second, before, now, 0);
            add(&mut all.quantity, &b.quantity, before, now, f64::NAN);
            add(&mut all.cost, &b.cost, before, now, f64::NAN);
            add(&mut all.list, &b.list, before, now, f64::NAN);
            add(&mut all.fee, &b.fee, before, now, f64::NAN);
            add(&mut all.stock, &b.stock, before, now, f64::NAN);
        }
        all
    }
}
