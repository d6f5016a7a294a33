//! Observations on their way from ingest to the panel: columns, never one object per row.

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
}
