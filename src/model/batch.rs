//! Observations on their way from ingest to the panel: columns, never one object per row.

use super::{Basis, PriceUnit, RowRef};

/// Everything about a row that is not a date or a number; rows share labels.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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

/// Columns of equal length; `quantity`, `cost`, `list`, `second` may be empty (= unknown throughout),
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
}
