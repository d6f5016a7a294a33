//! One copy of each distinct label (seller, region, product, unit …), shared by all readers.

use std::collections::HashMap;
use std::sync::Mutex;

use super::identity::clean;
use super::product::Catalogue;
use super::unit::read_unit;
use crate::model::{Basis, Label, PriceUnit, Text};

/// The label columns in the order in which readers pass them.
pub const LABEL_COLUMNS: [&str; 9] =
    ["seller_id", "seller_name", "region", "market", "product", "spec", "brand", "unit", "pack_size"];

/// What a reader needs to know of a label.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Index into the labels.
    pub id: u32,
    /// Base units bought by one price.
    pub per_price: f64,
    /// Kept, but out of comparisons.
    pub unknown_pack: bool,
}

/// The labels of a run.
pub struct Labels {
    catalogue: Catalogue,
    store: Mutex<Store>,
}

#[derive(Default)]
struct Store {
    ids: HashMap<Label, u32>,
    list: Vec<Label>,
}

impl Default for Labels {
    fn default() -> Labels {
        Labels { catalogue: Catalogue::shipped(), store: Mutex::default() }
    }
}

impl Labels {
    /// The label of these cells (in the order of `LABEL_COLUMNS`), or what is missing: column and reason.
    pub fn know(&self, basis: Basis, cells: &[&str; 9]) -> Result<Known, (&'static str, Text)> {
        let [seller_id, seller_name, region, market, product, spec, brand, ..] = cells.map(clean);
        if seller_id.is_empty() && seller_name.is_empty() {
            return Err(("seller_id", Text::new("没有经营者", "no seller")));
        }
        if product.is_empty() {
            return Err(("product", Text::new("没有商品名称", "no product")));
        }
        let reading = read_unit(cells[7], cells[8], &spec, &product);
        let family = self.catalogue.family(&product, &spec).map(|f| (f.zh.clone(), f.en.clone()));
        let unknown_pack = matches!(reading.unit, PriceUnit::Pack(_));
        let seller_id = seller_id.to_uppercase();
        let label =
            Label { basis, seller_id, seller_name, region, market, product, spec, brand, unit: reading.unit, family };
        let id = self.intern(label);
        Ok(Known { id, per_price: reading.per_price, unknown_pack })
    }

    /// The number of a label, a new one where it is not known yet.
    pub fn intern(&self, label: Label) -> u32 {
        let mut store = self.store.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let next = store.list.len() as u32;
        let id = *store.ids.entry(label.clone()).or_insert(next);
        if id == next {
            store.list.push(label);
        }
        id
    }

    /// All labels, in the order in which they were first met (which varies: sort before use).
    pub fn list(&self) -> Vec<Label> {
        self.store.lock().unwrap_or_else(std::sync::PoisonError::into_inner).list.clone()
    }
}
