//! The second, filtered reading: the rows behind what was found, and rows that say more than numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use anyhow::Result;

use super::{Inputs, Job, Read};
use crate::ingest::{self, identity};
use crate::model::{Batch, Day, RowRef, SourceRow, TableKind, Trade};
use crate::settings::Settings;

/// Columns that make a second reading worth while for chains, bundles and words.
const SAYING: [&str; 4] = ["buyer_id", "buyer_name", "bundle_id", "text"];

/// Rows by series, and trades in order of rows.
pub struct Again {
    /// Rows of the wanted series, by row.
    pub rows: BTreeMap<usize, Vec<SourceRow>>,
    /// Rows with buyers that sell, bundles or words, by row.
    pub trades: Vec<Trade>,
}

/// Whether any file has columns that say more than numbers.
pub fn says_more(read: &Read) -> bool {
    read.files.iter().any(|f| f.columns.iter().any(|c| SAYING.contains(&c.0.as_str())))
}

/// Whether any file says who bought.
pub fn names_buyers(read: &Read) -> bool {
    read.files.iter().any(|f| f.columns.iter().any(|c| c.0.starts_with("buyer_")))
}

/// A row with its hash, so that exact duplicates go the way they went the first time.
struct Seen {
    row: SourceRow,
    hash: u64,
    extra: Option<crate::model::Extra>,
}

/// Reads prices and transactions again. Duplicates and typos stay out as they did before.
pub fn again(
    read: &Read,
    inputs: &Inputs,
    job: &Job,
    settings: &Settings,
    wanted: &BTreeSet<usize>,
    words: &[String],
    say: bool,
) -> Result<Again> {
    let mut options = settings.options.clone();
    options.as_of = job.as_of;
    options.threads = rayon::current_num_threads();
    let sellers = Sellers::new(read);
    let keep = |e: &crate::model::Extra| {
        !e.bundle.is_empty()
            || words.iter().any(|w| e.text.contains(w.as_str()))
            || sellers.find(&e.buyer_id, &e.buyer_name).is_some()
    };
    let typos: BTreeSet<RowRef> = read.rejects.iter().map(|r| r.row).collect();
    let seen: Mutex<Vec<Seen>> = Mutex::default();
    let take = |batch: Batch| {
        let mine = pick(&batch, &read.series_of_label, wanted, &typos);
        seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(mine);
    };
    if let Some(book) = &inputs.book {
        let sift = |mut batch: Batch| {
            batch.extra.retain(|(_, e)| say && keep(e));
            take(batch);
        };
        book.again(&read.panel, &read.labels, (!say).then_some(wanted), &sift)?;
    }
    for (file, (table, path)) in (0u32..).zip(&inputs.files).filter(|_| inputs.book.is_none()) {
        if matches!(table, TableKind::Prices | TableKind::Transactions) {
            let options = super::options_of(&inputs.profiles, &options, *table, path);
            let keep: Option<ingest::Keep<'_>> = if say { Some(&keep) } else { None };
            ingest::read_observations(path, file, *table, &options, &read.labels, keep, &take)?;
        }
    }
    let mut seen = seen.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let key = |s: &Seen| (s.row.series, s.row.day, s.row.price.to_bits(), s.hash);
    seen.sort_by(|a, b| key(a).cmp(&key(b)).then(a.row.row.cmp(&b.row.row)));
    seen.dedup_by(|a, b| key(a) == key(b));
    seen.sort_by_key(|s| s.row.row);
    Ok(parts(seen, wanted, &sellers))
}

fn parts(seen: Vec<Seen>, wanted: &BTreeSet<usize>, sellers: &Sellers) -> Again {
    let mut again = Again { rows: BTreeMap::new(), trades: Vec::new() };
    for s in seen {
        if let Some(e) = s.extra {
            again.trades.push(Trade {
                series: s.row.series,
                buyer: sellers.find(&e.buyer_id, &e.buyer_name),
                bundle: e.bundle,
                text: e.text,
                day: s.row.day,
                price: s.row.price,
                quantity: s.row.quantity,
                row: s.row.row,
            });
        }
        if wanted.contains(&s.row.series) {
            again.rows.entry(s.row.series).or_default().push(s.row);
        }
    }
    again
}

fn pick(batch: &Batch, series_of: &[u32], wanted: &BTreeSet<usize>, typos: &BTreeSet<RowRef>) -> Vec<Seen> {
    let mut extras: HashMap<u32, crate::model::Extra> = batch.extra.iter().cloned().collect();
    let get = |column: &[f64], i: usize| column.get(i).copied().filter(|v| v.is_finite());
    let mut out = Vec::new();
    for i in 0..batch.len() {
        let Some(series) = series_of.get(batch.label[i] as usize).filter(|s| **s != u32::MAX) else { continue };
        let (series, extra) = (*series as usize, extras.remove(&(i as u32)));
        if (extra.is_none() && !wanted.contains(&series)) || typos.contains(&batch.row[i]) {
            continue;
        }
        let row = SourceRow {
            series,
            day: Day(batch.day[i]),
            price: batch.price[i],
            quantity: get(&batch.quantity, i),
            cost: get(&batch.cost, i),
            list: get(&batch.list, i),
            fee: get(&batch.fee, i),
            row: batch.row[i],
        };
        out.push(Seen { row, hash: batch.hash[i], extra });
    }
    out
}

/// Sellers of the panel by id and by name.
struct Sellers(HashMap<String, u32>);

impl Sellers {
    fn new(read: &Read) -> Sellers {
        let mut map = HashMap::new();
        for (i, s) in (0u32..).zip(&read.panel.sellers) {
            map.insert(identity::name_key(&s.name), i);
            map.insert(s.id.clone(), i);
        }
        Sellers(map)
    }

    fn find(&self, id: &str, name: &str) -> Option<u32> {
        let by_name = || (!name.is_empty()).then(|| self.0.get(&identity::name_key(name)).copied()).flatten();
        self.0.get(id).copied().filter(|_| !id.is_empty()).or_else(by_name)
    }
}
