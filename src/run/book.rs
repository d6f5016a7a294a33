//! What a run reads from a casebook: rows by partition instead of files, and points kept from partitions that have not
//! changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};

use super::import::{self, region_folder};
use crate::casebook::{Cached, Casebook, Disposition, Entry, PartitionInfo, Which};
use crate::ingest::{FileRead, Labels};
use crate::law::Divisions;
use crate::model::{Basis, Batch, Day, FileReport, Label, Panel, PriceUnit, Reject, RowRef, TableKind, Text};
use crate::panel::{self, Part};

/// Bumped when the points of a partition come to be computed otherwise.
const POINTS: u32 = 1;
/// Rows of changed partitions held while labels are gathered; beyond, they are read twice.
const HELD_ROWS: usize = 4_000_000;

/// An open casebook as of a day.
pub struct Book {
    /// The store.
    pub casebook: Casebook,
    as_of: Option<Day>,
    /// File number in the run → import number.
    numbers: Vec<u32>,
    /// Rows later than `as_of` by import: used, repeats, returns, unknown packs.
    late: Mutex<BTreeMap<u32, Late>>,
}

#[derive(Default, Clone)]
struct Late {
    rows: Vec<(u64, Day)>,
    used: u64,
    repeats: u64,
    returns: u64,
    unknown_pack: u64,
}

/// A partition between the first look (labels) and the second (points).
enum Piece {
    /// Kept: labels, how they fell into series, and points by position in the labels.
    Kept(Vec<u32>, Vec<u32>, Part),
    /// Rows at hand.
    Rows(Batch),
    /// To be read when its turn comes.
    Later,
}

/// The lock, whatever became of who held it.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Book {
    /// Opens a casebook for a run.
    pub fn open(dir: &std::path::Path, as_of: Option<Day>) -> Result<Book> {
        let casebook = import::open(dir, false, "pricewatch run")?;
        Ok(Book { casebook, as_of, numbers: Vec::new(), late: Mutex::default() })
    }

    /// Files that count, in the order of tables and of their coming; file numbers of the run are fixed by it.
    pub fn files(&mut self, tables: &[TableKind]) -> Vec<(TableKind, PathBuf)> {
        let active = self.casebook.active();
        let ordered = tables.iter().flat_map(|t| active.iter().filter(move |i| i.table == *t));
        let (files, numbers) = ordered.map(|i| ((i.table, self.casebook.original(i)), i.number)).unzip();
        self.numbers = numbers;
        files
    }

    fn import(&self, file: u32) -> Option<&crate::casebook::Import> {
        let number = *self.numbers.get(file as usize)?;
        self.casebook.imports().find(|i| i.number == number)
    }

    /// How a file is to be read.
    pub fn profile(&self, file: u32) -> crate::casebook::Profile {
        self.import(file).map(|i| i.profile.clone()).unwrap_or_default()
    }

    /// SHA-256 and SM3 of a file, from the ledger.
    pub fn hashes(&self, file: u32) -> (String, String) {
        self.import(file).map(|i| (i.sha256.clone(), i.sm3.clone())).unwrap_or_default()
    }

    /// Decisions in order.
    pub fn dispositions(&self) -> Vec<&Disposition> {
        let entries = self.casebook.entries.iter();
        entries.filter_map(|e| if let Entry::Disposition(d) = e { Some(&**d) } else { None }).collect()
    }

    /// Counts and rejects of a prices or transactions file, as of the day; after [`Book::count_late`].
    pub fn file(&self, file: u32) -> Result<FileRead> {
        let import = self.import(file).context("ledger")?;
        let mut report =
            FileReport { path: self.casebook.original(import).display().to_string(), ..import.report.clone() };
        let sum = |of: fn(&PartitionInfo) -> &BTreeMap<u32, u64>| -> u64 {
            self.casebook.partitions().values().filter_map(|i| of(i).get(&import.number)).sum()
        };
        let late = lock(&self.late).get(&import.number).cloned().unwrap_or_default();
        let rows = &mut report.rows;
        rows.rows_used = sum(|i| &i.rows) - late.used;
        rows.duplicates = sum(|i| &i.repeats) - late.repeats;
        rows.rows_rejected = rows.rows_read - rows.rows_used - rows.duplicates;
        rows.returns -= late.returns;
        rows.unknown_pack -= late.unknown_pack;
        let mut rejects = self.rejects(import, file)?;
        rejects.extend(late.rows.iter().map(|(line, day)| Reject {
            row: RowRef::new(file, *line),
            column: "date".into(),
            value: day.to_string(),
            reason: Text::new("晚于分析日期", "after the analysis date"),
        }));
        Ok(FileRead { report, rejects })
    }

    fn rejects(&self, import: &crate::casebook::Import, file: u32) -> Result<Vec<Reject>> {
        let path = self.casebook.dir.join(import::rejects_place(import.number, &import.sha256));
        if !path.exists() {
            return Ok(Vec::new());
        }
        let mut reader = csv::Reader::from_path(&path).with_context(|| path.display().to_string())?;
        let mut all = Vec::new();
        for record in reader.deserialize() {
            let (line, column, value, zh, en): (u64, String, String, String, String) =
                record.with_context(|| path.display().to_string())?;
            all.push(Reject { row: RowRef::new(file, line), column, value, reason: Text::new(zh, en) });
        }
        Ok(all)
    }

    /// Partitions not wholly after the day.
    fn keys(&self) -> Vec<(&String, &PartitionInfo)> {
        let all = self.casebook.partitions().iter();
        all.filter(|(_, i)| self.as_of.is_none_or(|d| i.first <= d)).collect()
    }

    fn whole(&self, info: &PartitionInfo) -> bool {
        self.as_of.is_none_or(|d| info.last <= d)
    }

    /// Rows of a partition up to the day, by import number.
    fn rows(&self, key: &str, labels: &Labels) -> Result<Batch> {
        let batch = self.casebook.load(Which::Rows, key, &|label| labels.intern(label))?;
        let Some(limit) = self.as_of else { return Ok(batch) };
        let keep: Vec<u32> = (0..batch.len() as u32).filter(|&i| batch.day[i as usize] <= limit.0).collect();
        Ok(if keep.len() == batch.len() { batch } else { batch.select(&keep) })
    }

    /// Counts what is later than the day: before anything else is asked.
    pub fn count_late(&self, labels: &Labels) -> Result<()> {
        let Some(limit) = self.as_of else { return Ok(()) };
        for (key, _) in self.casebook.partitions().iter().filter(|(_, i)| i.last > limit) {
            for which in [Which::Rows, Which::Repeats] {
                let batch = self.casebook.load(which, key, &|label| labels.intern(label))?;
                let known = labels.list();
                let mut all = lock(&self.late);
                for i in (0..batch.len()).filter(|&i| batch.day[i] > limit.0) {
                    let late = all.entry(batch.row[i].file()).or_default();
                    late.rows.push((batch.row[i].line(), Day(batch.day[i])));
                    late.used += u64::from(which == Which::Rows);
                    late.repeats += u64::from(which == Which::Repeats);
                    late.returns += u64::from(batch.quantity.get(i).is_some_and(|q| *q < 0.0));
                    let pack = matches!(known[batch.label[i] as usize].unit, PriceUnit::Pack(_));
                    late.unknown_pack += u64::from(pack);
                }
            }
        }
        Ok(())
    }

    /// The points of every partition. `build` gets all labels and a function that, told the series of each, gives the parts.
    pub fn parts<T>(
        &self,
        labels: &Labels,
        build: impl FnOnce(&[Label], &dyn Fn(&[u32]) -> Result<Vec<Part>>) -> Result<T>,
    ) -> Result<T> {
        let cache = Cached::new(&self.casebook.dir, "points");
        let held = std::sync::atomic::AtomicUsize::new(0);
        let keys = self.keys();
        let look = |(key, info): (&String, &PartitionInfo)| -> Result<Piece> {
            if self.whole(info)
                && let Some(kept) = cache.get(key, &stamp(info)).and_then(|bytes| unpack(&bytes, labels))
            {
                return Ok(kept);
            }
            let rows = self.rows(key, labels)?;
            let n = rows.len();
            let before = held.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
            Ok(if before + n > HELD_ROWS { Piece::Later } else { Piece::Rows(rows) })
        };
        let pieces = each(keys.clone(), look)?;
        let all = labels.list();
        build(&all, &|series_of| {
            let point = |((key, info), piece): ((&String, &PartitionInfo), &Piece)| -> Result<Part> {
                let rows = match piece {
                    Piece::Kept(mine, groups, part) if *groups == grouped(mine, series_of) => {
                        return Ok(self.renumbered(part.clone(), |s| series_of[mine[s as usize] as usize]));
                    }
                    Piece::Rows(rows) => std::borrow::Cow::Borrowed(rows),
                    _ => std::borrow::Cow::Owned(self.rows(key, labels)?),
                };
                let mine: Vec<u32> = rows.label.iter().copied().collect::<BTreeSet<u32>>().into_iter().collect();
                let groups = grouped(&mine, series_of);
                // By position of the first label of each series: what a partition gives whatever else there is.
                let mut local = vec![u32::MAX; series_of.len()];
                mine.iter().zip(&groups).for_each(|(l, g)| local[*l as usize] = *g);
                let part = panel::aggregate(&rows, &local);
                if self.whole(info)
                    && let Some(bytes) = pack(&mine, &groups, &part, &all)
                {
                    cache.put(key, &stamp(info), &bytes);
                }
                Ok(self.renumbered(part, |s| series_of[mine[s as usize] as usize]))
            };
            each(keys.iter().copied().zip(&pieces).collect(), point)
        })
    }

    /// A row under the number of its import, which lasts.
    pub fn lasting(&self, row: RowRef) -> RowRef {
        RowRef::new(self.numbers.get(row.file() as usize).copied().unwrap_or(0), row.line())
    }

    /// Rows of imports under the file numbers of this run.
    pub fn rows_here(&self) -> impl Fn(RowRef) -> RowRef + use<> {
        let file: BTreeMap<u32, u32> = self.numbers.iter().copied().zip(0..).collect();
        move |r| RowRef::new(file.get(&r.file()).copied().unwrap_or(0), r.line())
    }

    /// A part with the run's series and file numbers.
    fn renumbered(&self, mut part: Part, series: impl Fn(u32) -> u32) -> Part {
        let file: BTreeMap<u32, u32> = self.numbers.iter().copied().zip(0..).collect();
        let row = self.rows_here();
        part.points.series.iter_mut().for_each(|s| *s = series(*s));
        part.points.row.iter_mut().for_each(|r| *r = row(*r));
        part.typos.iter_mut().for_each(|t| t.row = row(t.row));
        part.duplicates = part.duplicates.into_iter().map(|(n, c)| (file.get(&n).copied().unwrap_or(0), c)).collect();
        part
    }

    /// Rows again, with what they say: of the regions and price types of some series, or of all.
    pub fn again(
        &self,
        panel: &Panel,
        labels: &Labels,
        wanted: Option<&BTreeSet<usize>>,
        take: &dyn Fn(Batch),
    ) -> Result<()> {
        let divisions = Divisions::shipped();
        let place = |s: &usize| {
            let cell = &panel.cells[panel.series[*s].cell as usize];
            let table = if cell.basis == Basis::Net { TableKind::Transactions } else { TableKind::Prices };
            (table.name(), format!("region_code={}", region_folder(&divisions, &cell.region)))
        };
        let places: Option<BTreeSet<(&str, String)>> = wanted.map(|w| w.iter().map(place).collect());
        let row = self.rows_here();
        for (key, _) in self.keys() {
            let among = |(table, region): &(&str, String)| key.starts_with(table) && key.ends_with(region.as_str());
            if places.as_ref().is_some_and(|p| !p.iter().any(among)) {
                continue;
            }
            let mut batch = self.rows(key, labels)?;
            batch.row.iter_mut().for_each(|r| *r = row(*r));
            take(batch);
        }
        Ok(())
    }
}

fn stamp(info: &PartitionInfo) -> String {
    format!("{POINTS} {} {}", env!("CARGO_PKG_VERSION"), info.sha256)
}

/// Position of the first label of the same series, for each label of a partition.
fn grouped(labels: &[u32], series_of: &[u32]) -> Vec<u32> {
    let mut first: BTreeMap<u32, u32> = BTreeMap::new();
    (0u32..).zip(labels).map(|(i, l)| *first.entry(series_of[*l as usize]).or_insert(i)).collect()
}

fn pack(mine: &[u32], groups: &[u32], part: &Part, all: &[Label]) -> Option<Vec<u8>> {
    let labels: Vec<&Label> = mine.iter().map(|l| &all[*l as usize]).collect();
    let mut bytes = serde_json::to_vec(&(labels, groups)).ok()?;
    bytes.push(b'\n');
    bytes.extend(panel::to_bytes(part)?);
    Some(bytes)
}

fn unpack(bytes: &[u8], labels: &Labels) -> Option<Piece> {
    let end = memchr::memchr(b'\n', bytes)?;
    let (mine, groups): (Vec<Label>, Vec<u32>) = serde_json::from_slice(&bytes[..end]).ok()?;
    let part = panel::from_bytes(&bytes[end + 1..])?;
    Some(Piece::Kept(mine.into_iter().map(|l| labels.intern(l)).collect(), groups, part))
}

/// Work on each in plain threads (a rayon worker that waits for polars would begin others meanwhile), results in order.
fn each<I: Send, T: Send>(items: Vec<I>, work: impl Fn(I) -> Result<T> + Sync) -> Result<Vec<T>> {
    let mut done: Vec<Option<Result<T>>> = items.iter().map(|_| None).collect();
    let queue = Mutex::new(items.into_iter().zip(&mut done));
    std::thread::scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            scope.spawn(|| {
                loop {
                    let next = lock(&queue).next();
                    let Some((item, slot)) = next else { break };
                    *slot = Some(work(item));
                }
            });
        }
    });
    drop(queue);
    done.into_iter().flatten().collect()
}
