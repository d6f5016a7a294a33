//! From the store's rows to the panel: who is one seller, which rows are one series, what is a typo.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use super::aggregate::{Part, aggregate, tenfold, typo_reject};
use super::assemble::{Draft, DraftKey, DraftPoints, assemble};
use super::order::by_series_and_day;
use super::store::Store;
use crate::model::{Cell, CostPath, CreditCode, Item, Label, Panel, Reject, Seller, Text};

/// What the panel needs to know of names; the spelling rules live in ingest.
pub struct Naming<'a> {
    /// Key under which spellings of one name meet.
    pub key: fn(&str) -> String,
    /// Marketplaces host many sellers.
    pub marketplace: fn(&str) -> bool,
    /// Credit-code check.
    pub credit_code: fn(&str) -> CreditCode,
    /// Seller id (capitals) or name key → owner.
    pub owners: &'a BTreeMap<String, String>,
    /// Days a posted price holds.
    pub hold_days: i32,
    /// See [`Panel::currency`].
    pub currency: &'a Text,
}

/// The panel, and what was found only now.
pub struct Built {
    /// The panel.
    pub panel: Panel,
    /// Exact duplicates per file.
    pub duplicates: BTreeMap<u32, u64>,
    /// Lone tenfold typos, sorted.
    pub typos: Vec<Reject>,
    /// Series of each label, `u32::MAX` where nothing was left of it.
    pub series_of_label: Vec<u32>,
}

/// Neighbours that bracket a lone typo agree within this factor …
const AGREE: f64 = 1.5;
/// … and stand at most this many days away.
const NEAR_DAYS: i32 = 31;

/// Builds the panel from all rows.
pub fn build(
    store: Store,
    labels: &[Label],
    naming: &Naming<'_>,
    cost: impl Fn(&Cell) -> Option<CostPath>,
) -> Result<Built> {
    build_from(labels, naming, cost, |series_of| aggregate_all(store, series_of))
}

/// The same from parts aggregated elsewhere; `parts` learns the series of each label (sellers are told apart by all
/// labels). Rows of one series and day must share a part.
pub fn build_from(
    labels: &[Label],
    naming: &Naming<'_>,
    cost: impl Fn(&Cell) -> Option<CostPath>,
    parts: impl FnOnce(&[u32]) -> Result<Vec<Part>>,
) -> Result<Built> {
    let (mut draft, series_of) = draft(labels, naming);
    let parts = parts(&series_of)?;
    let mut duplicates: BTreeMap<u32, u64> = BTreeMap::new();
    let mut typos = Vec::new();
    for part in parts {
        for (file, n) in &part.duplicates {
            *duplicates.entry(*file).or_default() += n;
        }
        typos.extend(part.typos);
        append(&mut draft.points, part.points);
    }
    typos.extend(drop_lone_typos(&mut draft.points));
    typos.sort();
    let (panel, series_of_key) = assemble(draft, cost);
    let series_of_label = series_of.iter().map(|key| series_of_key[*key as usize]).collect();
    Ok(Built { panel, duplicates, typos, series_of_label })
}

/// Every partition aggregated, in order. Plain threads: a rayon worker that waits for polars (which has a pool of its
/// own) would begin further partitions meanwhile, and hold them all in memory.
fn aggregate_all(store: Store, series_of: &[u32]) -> Result<Vec<Part>> {
    let parts = store.into_parts()?;
    let mut done: Vec<Option<Result<Part>>> = parts.iter().map(|_| None).collect();
    let work = Mutex::new(parts.into_iter().zip(&mut done));
    let next = || work.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            scope.spawn(|| {
                while let Some((read, slot)) = next() {
                    *slot = Some(read().map(|rows| aggregate(&rows, series_of)));
                }
            });
        }
    });
    drop(work);
    done.into_iter().flatten().collect()
}

/// Sellers, items and series keys from the labels; sorted, so that nothing depends on reading order.
fn draft(labels: &[Label], naming: &Naming<'_>) -> (Draft, Vec<u32>) {
    let ids = seller_ids(labels, naming);
    let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (label, id) in labels.iter().zip(&ids) {
        names.entry(id).or_default().insert(&label.seller_name);
    }
    let mut entities: BTreeMap<String, u32> = BTreeMap::new();
    let mut sellers = Vec::new();
    for (id, names) in &names {
        let name = names.iter().find(|n| !n.is_empty()).copied().unwrap_or(id).to_owned();
        let owner =
            naming.owners.get(*id).or_else(|| naming.owners.get(&(naming.key)(&name))).cloned().unwrap_or_default();
        let key = if owner.is_empty() { format!("s {id}") } else { format!("o {owner}") };
        let next = entities.len() as u32;
        let entity = *entities.entry(key).or_insert(next);
        let (marketplace, credit_code) = ((naming.marketplace)(&name), (naming.credit_code)(id));
        sellers.push(Seller { id: (*id).to_owned(), name, entity, owner, marketplace, credit_code });
    }
    let seller_at: BTreeMap<&str, u32> = names.keys().zip(0..).map(|(id, i)| (*id, i)).collect();
    let item = |l: &Label| Item { product: l.product.clone(), spec: l.spec.clone(), brand: l.brand.clone() };
    let items: BTreeSet<Item> = labels.iter().map(item).collect();
    let items: Vec<Item> = items.into_iter().collect();
    let mut family_labels = BTreeMap::new();
    let mut keys: BTreeMap<DraftKey, u32> = BTreeMap::new();
    let series_of = labels
        .iter()
        .zip(&ids)
        .map(|(l, id)| {
            let product = l.family.as_ref().map_or(&l.product, |f| &f.0).clone();
            if let Some((zh, en)) = &l.family {
                family_labels.insert(product.clone(), Text::new(zh.as_str(), en.as_str()));
            }
            let key = DraftKey {
                basis: l.basis,
                region: l.region.clone(),
                product,
                unit: l.unit.clone(),
                seller: seller_at[id.as_str()],
                item: items.binary_search(&item(l)).unwrap_or(0) as u32,
                market: l.market.clone(),
            };
            let next = keys.len() as u32;
            *keys.entry(key).or_insert(next)
        })
        .collect();
    let mut keys: Vec<(DraftKey, u32)> = keys.into_iter().collect();
    keys.sort_by_key(|k| k.1);
    let keys = keys.into_iter().map(|k| k.0).collect();
    let currency = naming.currency.clone();
    let points = DraftPoints::default();
    (Draft { sellers, items, keys, labels: family_labels, points, hold_days: naming.hold_days, currency }, series_of)
}

/// The id of each label's seller: its own id; else the only id seen with the same name; else the name.
fn seller_ids(labels: &[Label], naming: &Naming<'_>) -> Vec<String> {
    let mut by_name: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut spellings: BTreeMap<String, &str> = BTreeMap::new();
    for l in labels {
        let key = (naming.key)(&l.seller_name);
        let first = spellings.entry(key.clone()).or_insert(&l.seller_name);
        *first = (*first).min(&l.seller_name);
        if !l.seller_id.is_empty() {
            by_name.entry(key).or_default().insert(&l.seller_id);
        }
    }
    let id_of = |l: &Label| {
        if !l.seller_id.is_empty() {
            return l.seller_id.clone();
        }
        let key = (naming.key)(&l.seller_name);
        match by_name.get(&key).filter(|ids| ids.len() == 1).and_then(|ids| ids.first()) {
            Some(id) => (*id).to_owned(),
            None => spellings.get(&key).map_or_else(|| l.seller_name.clone(), |s| (*s).to_owned()),
        }
    };
    labels.iter().map(id_of).collect()
}

fn append(all: &mut DraftPoints, part: DraftPoints) {
    fn add(all: &mut Vec<f64>, part: Vec<f64>, before: usize, n: usize) {
        if !part.is_empty() || !all.is_empty() {
            all.resize(before, f64::NAN);
            all.extend(part);
            all.resize(before + n, f64::NAN);
        }
    }
    let (before, n) = (all.day.len(), part.day.len());
    all.series.extend(part.series);
    all.day.extend(part.day);
    all.price.extend(part.price);
    all.last.extend(part.last);
    all.row.extend(part.row);
    all.single.extend(part.single);
    all.high.extend(part.high);
    add(&mut all.quantity, part.quantity, before, n);
    add(&mut all.cost, part.cost, before, n);
    add(&mut all.list, part.list, before, n);
    add(&mut all.fee, part.fee, before, n);
    add(&mut all.stock, part.stock, before, n);
}

/// A day of one row that stands tenfold off both the day before and the day after it, which agree.
fn drop_lone_typos(points: &mut DraftPoints) -> Vec<Reject> {
    let order = by_series_and_day(points.day.len(), |i| points.series[i as usize], |i| points.day[i as usize]);
    let mut typos = Vec::new();
    let mut drop = BTreeSet::new();
    for w in order.windows(3) {
        let [a, b, c] = [w[0] as usize, w[1] as usize, w[2] as usize];
        let one_series = points.series[a] == points.series[c] && points.day[c] - points.day[a] <= NEAR_DAYS;
        let (before, price, after) = (points.price[a], points.price[b], points.price[c]);
        let agree = before.max(after) <= AGREE * before.min(after);
        if one_series && agree && points.single[b] && tenfold(price, before) && tenfold(price, after) {
            typos.push(typo_reject(points.row[b], price, before));
            drop.insert(b);
        }
    }
    if !drop.is_empty() {
        remove(points, &drop);
    }
    typos
}

fn remove(points: &mut DraftPoints, drop: &BTreeSet<usize>) {
    fn keep<T>(column: &mut Vec<T>, drop: &BTreeSet<usize>) {
        let mut i = 0;
        column.retain(|_| {
            i += 1;
            !drop.contains(&(i - 1))
        });
    }
    keep(&mut points.series, drop);
    keep(&mut points.day, drop);
    keep(&mut points.price, drop);
    keep(&mut points.last, drop);
    keep(&mut points.row, drop);
    keep(&mut points.single, drop);
    keep(&mut points.high, drop);
    for column in [&mut points.quantity, &mut points.cost, &mut points.list, &mut points.fee, &mut points.stock] {
        keep(column, drop);
    }
}
