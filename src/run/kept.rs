//! What a run on a casebook need not compute again: judgements of cells, and pictures of charts. Only the same bytes from
//! the same program count; all of it lies in `cache/` and may be deleted.

use std::collections::BTreeMap;
use std::sync::Mutex;

use anyhow::Result;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use super::book::{Book, lock};
use crate::casebook::Cached;
use crate::detect::{self, SCREENS};
use crate::model::{Context, Knobs, Outcome, Panel, Part, Screen, Work};
use crate::report::{self, Chart};

/// Says which build computed something: another one may compute it otherwise.
pub fn build() -> String {
    let file = std::env::current_exe().and_then(|path| path.metadata());
    let stamp = file.and_then(|f| Ok((f.len(), f.modified()?)));
    format!("{} {stamp:?}", env!("CARGO_PKG_VERSION"))
}

/// Every screen over the panel, in order.
pub fn screens(
    panel: &Panel,
    context: &Context,
    knobs: &BTreeMap<&'static str, Knobs>,
    book: Option<&Book>,
) -> Vec<Outcome> {
    let Some(book) = book else {
        return SCREENS.par_iter().map(|s| detect::run(s, panel, context, &knobs[s.id])).collect();
    };
    let (lasting, here) = (|row| book.lasting(row), book.rows_here());
    let cells: Vec<u128> = panel.cells.par_iter().map(|cell| panel.fingerprint(cell, &lasting)).collect();
    let cache = Cached::new(&book.casebook.dir, "parts");
    let one = |s: &&Screen| {
        if matches!(s.work, Work::Whole(_)) {
            return detect::run(s, panel, context, &knobs[s.id]);
        }
        let stamp = format!("{} {:?}", build(), knobs[s.id]);
        let known: BTreeMap<u128, Part> =
            cache.get(s.id, &stamp).and_then(|bytes| ciborium::from_reader(bytes.as_slice()).ok()).unwrap_or_default();
        let (used, fresh) = (Mutex::new(BTreeMap::new()), Mutex::new(false));
        let outcome = detect::run_kept(s, panel, context, &knobs[s.id], &|group, judge| {
            let of: Vec<u8> = group.iter().flat_map(|c| cells[*c].to_le_bytes()).collect();
            let key = xxh3_128(&of);
            let part = known.get(&key).cloned().unwrap_or_else(|| {
                *lock(&fresh) = true;
                judge().with_rows(&lasting)
            });
            lock(&used).insert(key, part.clone());
            part.with_rows(&here)
        });
        let mut bytes = Vec::new();
        if *lock(&fresh) && ciborium::into_writer(&*lock(&used), &mut bytes).is_ok() {
            cache.put(s.id, &stamp, &bytes);
        }
        outcome
    };
    SCREENS.par_iter().map(one).collect()
}

/// A chart as files: as they were, where the drawing is the same.
pub fn export(chart: &Chart, book: Option<&Book>) -> Result<Vec<(String, Vec<u8>)>> {
    let Some(book) = book else { return report::export(chart, None) };
    let cache = Cached::new(&book.casebook.dir, "charts");
    let stamp = format!("{} {} {}", build(), chart.alt, chart.svg);
    if let Some(files) = cache.get(&chart.name, &stamp).and_then(|b| ciborium::from_reader(b.as_slice()).ok()) {
        return Ok(files);
    }
    let files = report::export(chart, None)?;
    let mut bytes = Vec::new();
    if ciborium::into_writer(&files, &mut bytes).is_ok() {
        cache.put(&chart.name, &stamp, &bytes);
    }
    Ok(files)
}
