//! A panel straight from quotes in memory: for tests, simulations and library users without files.

use std::collections::{BTreeMap, BTreeSet};

use super::assemble::{Draft, DraftKey, DraftPoints, assemble};
use crate::model::{Basis, CostPath, CreditCode, Day, Item, Panel, PriceUnit, RowRef, Seller, Text};

/// One price of one seller on one day, per base unit. At most one per seller, product and day.
#[derive(Clone, PartialEq, Debug)]
pub struct Quote {
    /// Region.
    pub region: String,
    /// Product; also the cell of comparison.
    pub product: String,
    /// Seller id.
    pub seller: String,
    /// Owner id, empty for none.
    pub owner: String,
    /// Day.
    pub day: Day,
    /// Price per 只.
    pub price: f64,
    /// Quantity; any quantity makes the panel one of transaction prices.
    pub quantity: Option<f64>,
    /// Purchase cost per 只.
    pub cost: Option<f64>,
}

impl Quote {
    /// A posted price of an independent seller.
    pub fn posted(region: &str, product: &str, seller: &str, day: Day, price: f64) -> Quote {
        let [region, product, seller] = [region, product, seller].map(str::to_owned);
        Quote { region, product, seller, owner: String::new(), day, price, quantity: None, cost: None }
    }
}

/// The panel of these quotes; `costs` are cost paths per base unit by product. Row references count
/// the quotes from 1 in file 0.
pub fn from_quotes(quotes: &[Quote], costs: &[(String, Vec<(Day, f64)>)]) -> Panel {
    let owners: BTreeMap<&str, &str> = quotes.iter().map(|q| (q.seller.as_str(), q.owner.as_str())).collect();
    let mut entities: BTreeMap<String, u32> = BTreeMap::new();
    let sellers: Vec<Seller> = owners
        .iter()
        .map(|(&id, &owner)| {
            let key = if owner.is_empty() { format!("seller {id}") } else { format!("owner {owner}") };
            let next = entities.len() as u32;
            let entity = *entities.entry(key).or_insert(next);
            let (id, owner) = (id.to_owned(), owner.to_owned());
            Seller { name: id.clone(), id, entity, owner, marketplace: false, credit_code: CreditCode::NotACode }
        })
        .collect();
    let products: BTreeSet<&str> = quotes.iter().map(|q| q.product.as_str()).collect();
    let items: Vec<Item> =
        products.iter().map(|p| Item { product: (*p).to_owned(), spec: String::new(), brand: String::new() }).collect();
    let seller_index: BTreeMap<&str, u32> = owners.keys().zip(0..).map(|(s, i)| (*s, i)).collect();
    let item_index: BTreeMap<&str, u32> = products.iter().zip(0..).map(|(p, i)| (*p, i)).collect();
    let basis = if quotes.iter().any(|q| q.quantity.is_some()) { Basis::Net } else { Basis::Posted };
    let mut ids: BTreeMap<DraftKey, u32> = BTreeMap::new();
    let mut points = DraftPoints::default();
    for (i, q) in quotes.iter().enumerate() {
        let key = DraftKey {
            basis,
            region: q.region.clone(),
            product: q.product.clone(),
            unit: PriceUnit::Base("只".into()),
            seller: seller_index[q.seller.as_str()],
            item: item_index[q.product.as_str()],
            market: String::new(),
        };
        let next = ids.len() as u32;
        points.series.push(*ids.entry(key).or_insert(next));
        points.day.push(q.day.0);
        points.price.push(q.price);
        points.last.push(q.price);
        points.high.push(q.price);
        points.quantity.push(q.quantity.unwrap_or(f64::NAN));
        points.cost.push(q.cost.unwrap_or(f64::NAN));
        points.single.push(true);
        points.row.push(RowRef::new(0, i as u64 + 1));
    }
    let mut keys: Vec<(DraftKey, u32)> = ids.into_iter().collect();
    keys.sort_by_key(|k| k.1);
    let keys = keys.into_iter().map(|k| k.0).collect();
    let currency = Text::new("元", "yuan");
    let draft = Draft { sellers, items, keys, labels: BTreeMap::new(), points, hold_days: 28, currency };
    let (panel, _) = assemble(draft, |cell| {
        let (label, path) = costs.iter().find(|(product, _)| *product == cell.product)?;
        Some(CostPath {
            days: path.iter().map(|c| c.0).collect(),
            cost: path.iter().map(|c| c.1).collect(),
            is_index: false,
            label: label.clone(),
            rows: vec![RowRef::new(1, 1); path.len()],
        })
    });
    panel
}
