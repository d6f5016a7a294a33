//! What did we already have? The accumulating store: originals, rows by month and region, a ledger, leads over the weeks.
//!
//! ```text
//! DIR/schema.json                                            format and reader version
//! DIR/ledger.jsonl                                           one line per import or disposition, appended only
//! DIR/files/000012-ab12cd34ef56/NAME                         every original, by number and hash, as it came
//! DIR/rows/TABLE/month=2020-02/region_code=440100/part-0.parquet  what counts; DIR/repeats/… the same rows seen again
//! DIR/history/2020-03-02.json                                leads as of a day; DIR/cache/ may be deleted
//! DIR/CURRENT                                                the commit point (see `commit`)
//! ```

mod cache;
mod commit;
pub mod history;
mod ledger;
mod lock;
mod matching;
mod partition;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::model::{Batch, Label};

pub use cache::Cached;
pub use commit::{Change, Content, is_full, write_whole};
pub use ledger::{Disposition, Entry, Import, Profile, Snapshot, Standing};
pub use matching::{ended, judge, pair};
pub use partition::{PartitionInfo, key, months_of, settle};

/// Layout of the store. 1 had no region folders; a store of an older version is read again from its originals.
pub const VERSION: u32 = 2;

/// `schema.json`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Schema {
    /// Layout of the store.
    pub version: u32,
    /// What read the rows: when units, products or headers are understood differently, they are read again.
    #[serde(default)]
    pub reader: String,
}

/// An open store: held by one process, whole from the start.
pub struct Casebook {
    /// Its folder.
    pub dir: PathBuf,
    /// The ledger's lines.
    pub entries: Vec<Entry>,
    current: commit::Current,
    _lock: std::fs::File,
}

/// Which rows of a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// Those that count.
    Rows,
    /// Equal in every column to an earlier one.
    Repeats,
}

impl Which {
    fn folder(self) -> &'static str {
        if self == Which::Rows { "rows" } else { "repeats" }
    }
}

/// Where a partition's rows are, inside the folder.
pub fn place(which: Which, key: &str) -> String {
    format!("{}/{key}/part-0.parquet", which.folder())
}

impl Casebook {
    /// Opens and, where a process was killed, completes or undoes what it began. `who` is told to others that wait.
    pub fn open(dir: &Path, create: bool, who: &str) -> Result<Casebook> {
        let shown = dir.display();
        if !dir.join(commit::CURRENT).exists() {
            if !create {
                bail!("{shown}: 不是案册，请先 pricewatch import / not a casebook; pricewatch import makes one");
            }
            if !commit::only_ours(dir)? {
                bail!(
                    "{shown}: 目录不是空的，也不是案册；换一个 / the folder is not empty and no casebook; choose another"
                );
            }
        }
        std::fs::create_dir_all(dir).with_context(|| shown.to_string())?;
        let lock = lock::take(dir, who)?;
        let current = commit::recover(dir)?;
        let entries = ledger::read(dir)?;
        Ok(Casebook { dir: dir.to_owned(), entries, current, _lock: lock })
    }

    /// What `schema.json` says; `None` in a new store.
    pub fn schema(&self) -> Result<Option<Schema>> {
        let path = self.dir.join("schema.json");
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let schema: Schema = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        if schema.version > VERSION {
            bail!(
                "{}: 由更新的版本写成（格式 {}），请升级 pricewatch / written by a newer version (format {}); upgrade pricewatch",
                path.display(),
                schema.version,
                schema.version
            );
        }
        Ok(Some(schema))
    }

    /// Imports in order.
    pub fn imports(&self) -> impl Iterator<Item = &Import> {
        self.entries.iter().filter_map(|e| if let Entry::Import(i) = e { Some(&**i) } else { None })
    }

    /// Numbers of files another one took the place of.
    pub fn superseded(&self) -> BTreeMap<u32, u32> {
        self.imports().filter_map(|i| Some((i.supersedes?, i.number))).collect()
    }

    /// Imports that count, in order.
    pub fn active(&self) -> Vec<&Import> {
        let gone = self.superseded();
        self.imports().filter(|i| !gone.contains_key(&i.number)).collect()
    }

    /// Where an original is kept.
    pub fn original(&self, import: &Import) -> PathBuf {
        self.dir.join(&import.stored)
    }

    /// Partitions with what is known of them.
    pub fn partitions(&self) -> &BTreeMap<String, PartitionInfo> {
        &self.current.partitions
    }

    /// The rows of one partition; their file is the import's number.
    pub fn load(&self, which: Which, key: &str, intern: &dyn Fn(Label) -> u32) -> Result<Batch> {
        let path = self.dir.join(place(which, key));
        if !path.exists() {
            return Ok(Batch::default());
        }
        let numbers: HashMap<String, u32> = self.imports().map(|i| (i.sha256.clone(), i.number)).collect();
        partition::read(&path, intern, &numbers).with_context(|| {
            format!("{}: 读不出，案册可能损坏 / cannot be read; the casebook may be damaged", path.display())
        })
    }

    /// Copies a file in, not yet committed; `name` keeps its ending. Gives the path inside the folder.
    pub fn stage(&self, source: &Path, name: &str) -> Result<String> {
        commit::stage(&self.dir, source, name)
    }

    /// Makes a change whole, or leaves everything as it was.
    pub fn commit(&mut self, change: Change) -> Result<()> {
        let entries = change.entries.clone();
        self.current = commit::commit(&self.dir, &self.current, change)?;
        self.entries.extend(entries);
        Ok(())
    }

    /// Throws away copies of files that were not taken.
    pub fn sweep(&self) -> Result<()> {
        commit::sweep(&self.dir)
    }

    /// Originals and partitions whose bytes are not those the ledger and the commit point name.
    pub fn damaged(&self) -> Vec<String> {
        let originals = self.imports().map(|i| (i.stored.clone(), &i.sha256));
        let parts = self.partitions().iter().map(|(k, i)| (place(Which::Rows, k), &i.sha256));
        let mut bad = Vec::new();
        for (inside, want) in originals.chain(parts) {
            let same = std::fs::read(self.dir.join(&inside)).is_ok_and(|bytes| partition::sha256(&bytes) == *want);
            if !same {
                bad.push(inside);
            }
        }
        bad
    }

    /// The rows of partitions anew: loaded, without `gone` files, with `new` rows, each repeat told from its first.
    pub fn merged(
        &self,
        keys: &BTreeSet<String>,
        gone: &BTreeSet<u32>,
        mut new: BTreeMap<String, Vec<Batch>>,
        labels: (&dyn Fn(Label) -> u32, &dyn Fn() -> Vec<Label>),
        names: &BTreeMap<u32, (String, String)>,
    ) -> Result<Change> {
        let mut change = Change::default();
        for key in keys {
            let mut batches = Vec::new();
            for which in [Which::Rows, Which::Repeats] {
                let old = self.load(which, key, labels.0)?;
                let keep: Vec<u32> =
                    (0..old.len() as u32).filter(|&i| !gone.contains(&old.row[i as usize].file())).collect();
                batches.push(if keep.len() == old.len() { old } else { old.select(&keep) });
            }
            batches.extend(new.remove(key).unwrap_or_default());
            change.partition(key, settle(Batch::concat(batches), &(labels.1)()), &(labels.1)(), names, self)?;
        }
        Ok(change)
    }
}
