//! Rows on their way to cell-day points: partitioned by day, spilled to Parquet beyond a memory budget,
//! so that memory follows the panel and not the rows.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use polars::prelude::{
    Column, DataFrame, NamedFrom, ParquetCompression, ParquetReader, ParquetWriter, SerReader, Series,
};

use crate::model::{Batch, RowRef};

/// All rows of a day share a partition, so duplicates and medians are settled within one.
const PARTITIONS: usize = 64;
/// Bytes of rows kept in memory before partitions go to disk.
const BUDGET_BYTES: usize = 640 << 20;

/// The rows of a run.
pub struct Store {
    folder: PathBuf,
    parts: Vec<Mutex<Part>>,
    held: AtomicUsize,
    failure: Mutex<Option<anyhow::Error>>,
}

#[derive(Default)]
struct Part {
    batches: Vec<Batch>,
    spilled: Vec<PathBuf>,
}

fn bytes(batch: &Batch) -> usize {
    let optional = batch.quantity.len() + batch.cost.len() + batch.list.len() + batch.fee.len() + batch.stock.len();
    batch.len() * 32 + optional * 8 + batch.second.len() * 4
}

impl Store {
    /// An empty store that may spill into `folder`.
    pub fn new(folder: &Path) -> Store {
        let parts = (0..PARTITIONS).map(|_| Mutex::default()).collect();
        Store { folder: folder.to_owned(), parts, held: AtomicUsize::new(0), failure: Mutex::new(None) }
    }

    /// Takes rows, from any thread.
    pub fn push(&self, batch: Batch) {
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); PARTITIONS];
        for (i, day) in batch.day.iter().enumerate() {
            rows[day.rem_euclid(PARTITIONS as i32) as usize].push(i as u32);
        }
        let held = self.held.fetch_add(bytes(&batch), Ordering::Relaxed) + bytes(&batch);
        for (part, rows) in self.parts.iter().zip(&rows).filter(|(_, rows)| !rows.is_empty()) {
            let mut part = part.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            part.batches.push(batch.select(rows));
        }
        if held > BUDGET_BYTES && self.held.swap(0, Ordering::Relaxed) > 0 {
            self.spill();
        }
    }

    fn spill(&self) {
        for (p, part) in self.parts.iter().enumerate() {
            let mut part = part.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if part.batches.is_empty() {
                continue;
            }
            let path = self.folder.join(format!("rows-{p:02}-{:04}.parquet", part.spilled.len()));
            let batch = Batch::concat(std::mem::take(&mut part.batches));
            match write(&path, &batch) {
                Ok(()) => part.spilled.push(path),
                Err(e) => *self.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(e),
            }
        }
    }

    /// The rows of each partition in turn, as readers that can run in parallel.
    pub fn into_parts(self) -> Result<Vec<impl FnOnce() -> Result<Batch> + Send>> {
        if let Some(e) = self.failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            return Err(e);
        }
        let parts = self.parts.into_iter().map(|p| p.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
        Ok(parts
            .map(|part| {
                move || {
                    let mut batches = part.batches;
                    for path in &part.spilled {
                        batches.push(read(path)?);
                    }
                    Ok(Batch::concat(batches))
                }
            })
            .collect())
    }
}

fn write(path: &Path, b: &Batch) -> Result<()> {
    let rows: Vec<u64> = b.row.iter().map(|r| r.0).collect();
    let mut columns: Vec<Column> = vec![
        Series::new("label".into(), b.label.as_slice()).into(),
        Series::new("day".into(), b.day.as_slice()).into(),
        Series::new("price".into(), b.price.as_slice()).into(),
        Series::new("hash".into(), b.hash.as_slice()).into(),
        Series::new("row".into(), rows.as_slice()).into(),
    ];
    for (name, column) in
        [("quantity", &b.quantity), ("cost", &b.cost), ("list", &b.list), ("fee", &b.fee), ("stock", &b.stock)]
    {
        if !column.is_empty() {
            columns.push(Series::new(name.into(), column.as_slice()).into());
        }
    }
    if !b.second.is_empty() {
        columns.push(Series::new("second".into(), b.second.as_slice()).into());
    }
    let shown = path.display();
    let full = || format!("{shown}: 临时文件写不下，请腾出磁盘空间 / cannot write the temporary file; free disk space");
    let mut frame = DataFrame::new(b.len(), columns)?;
    let file = File::create(path).with_context(full)?;
    ParquetWriter::new(file)
        .with_compression(ParquetCompression::Uncompressed)
        .finish(&mut frame)
        .with_context(full)?;
    Ok(())
}

fn read(path: &Path) -> Result<Batch> {
    let frame = ParquetReader::new(File::open(path)?).finish()?;
    std::fs::remove_file(path)?;
    let floats = |name: &str| -> Result<Vec<f64>> {
        match frame.column(name) {
            Ok(column) => Ok(column.f64()?.into_no_null_iter().collect()),
            Err(_) => Ok(Vec::new()),
        }
    };
    Ok(Batch {
        label: frame.column("label")?.u32()?.into_no_null_iter().collect(),
        day: frame.column("day")?.i32()?.into_no_null_iter().collect(),
        second: match frame.column("second") {
            Ok(column) => column.u32()?.into_no_null_iter().collect(),
            Err(_) => Vec::new(),
        },
        price: floats("price")?,
        quantity: floats("quantity")?,
        cost: floats("cost")?,
        list: floats("list")?,
        fee: floats("fee")?,
        stock: floats("stock")?,
        extra: Vec::new(),
        hash: frame.column("hash")?.u64()?.into_no_null_iter().collect(),
        row: frame.column("row")?.u64()?.into_no_null_iter().map(RowRef).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spilled_batch_comes_back_whole() {
        let folder = tempfile::tempdir().unwrap();
        let batch = Batch {
            label: vec![3, 4],
            day: vec![18297, 18298],
            second: vec![0, 60],
            price: vec![2.5, 3.5],
            quantity: vec![10.0, f64::INFINITY],
            cost: vec![],
            list: vec![],
            fee: vec![],
            stock: vec![3.0, f64::INFINITY],
            extra: vec![],
            hash: vec![u64::MAX, 7],
            row: vec![RowRef::new(1, 2), RowRef::new(1, 3)],
        };
        let store = Store::new(folder.path());
        store.push(batch.clone());
        store.spill();
        store.push(batch.clone());
        let parts: Vec<Batch> =
            store.into_parts().unwrap().into_iter().map(|p| p().unwrap()).filter(|b| !b.is_empty()).collect();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].row, vec![RowRef::new(1, 2); 2], "one from disk, one from memory");
        assert_eq!(parts[1].price, vec![3.5, 3.5]);
        assert_eq!(parts[1].second, vec![60, 60]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "spill files are gone");
    }
}
