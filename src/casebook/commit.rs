//! Changes appear whole or not at all. New files are written under `pending/` and synced, the ledger is appended, and
//! `CURRENT` is renamed into place: that is the commit. Only then do the files move to their places; `CURRENT` lists the
//! moves, so that a start after a kill completes them, or sweeps away what was never committed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::partition::{self, PartitionInfo};
use super::{Casebook, Entry, Which, place};
use crate::model::{Batch, Label};

/// The commit point.
pub const CURRENT: &str = "CURRENT";
const PENDING: &str = "pending";
const LEDGER: &str = "ledger.jsonl";
/// What a first import that was killed may leave.
const OURS: [&str; 5] = [PENDING, LEDGER, "lock", "CURRENT.tmp", "files"];

/// The state that counts.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Current {
    /// Bytes of the ledger that are committed.
    pub ledger_bytes: u64,
    /// What is known of each partition.
    pub partitions: BTreeMap<String, PartitionInfo>,
    moves: Vec<(String, String)>,
    remove: Vec<String>,
}

/// What a new file holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file already under `pending/`.
    Staged(String),
}

/// Everything one commit changes.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Path inside the folder → content.
    pub files: BTreeMap<String, Content>,
    /// Files that go.
    pub remove: Vec<String>,
    /// Lines of the ledger.
    pub entries: Vec<Entry>,
    /// Partitions that change; `None` = nothing is left of it.
    pub partitions: BTreeMap<String, Option<PartitionInfo>>,
}

impl Change {
    /// One partition anew: rows that count, and repeats. `names` gives name and hash of each file number.
    pub fn partition(
        &mut self,
        key: &str,
        (rows, repeats): (Batch, Batch),
        labels: &[Label],
        names: &BTreeMap<u32, (String, String)>,
        book: &Casebook,
    ) -> Result<()> {
        for (which, batch) in [(Which::Rows, &rows), (Which::Repeats, &repeats)] {
            let path = place(which, key);
            if !batch.is_empty() {
                self.files.insert(path, Content::Bytes(partition::write(batch, labels, names)?));
            } else if book.dir.join(&path).exists() {
                self.remove.push(path);
            }
        }
        let content = self.files.get(&place(Which::Rows, key));
        let bytes: &[u8] = if let Some(Content::Bytes(b)) = content { b } else { &[] };
        self.partitions.insert(key.to_owned(), PartitionInfo::of(&rows, &repeats, bytes));
        Ok(())
    }
}

/// Whether a folder that is no casebook yet holds nothing of anybody else's.
pub fn only_ours(dir: &Path) -> Result<bool> {
    if !dir.exists() {
        return Ok(true);
    }
    let mut entries = std::fs::read_dir(dir).with_context(|| dir.display().to_string())?;
    Ok(entries.all(|e| e.is_ok_and(|e| OURS.iter().any(|o| e.file_name() == *o))))
}

/// A failed write, told so that somebody can act on it.
fn cannot_write(error: std::io::Error, path: &Path, need: u64) -> anyhow::Error {
    let (shown, mib) = (path.display(), need.div_ceil(1 << 20));
    let text = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => format!(
            "{shown}: 磁盘已满，这一步约需 {mib} MiB；案册没有变化，腾出空间后重来 / disk full: this step needs about {mib} MiB; the casebook is unchanged, free space and try again"
        ),
        _ => format!("{shown}: 写不了；案册没有变化 / cannot write; the casebook is unchanged"),
    };
    anyhow::Error::new(error).context(text)
}

/// Whether an error is a full disk.
pub fn is_full(error: &anyhow::Error) -> bool {
    let full = |e: &std::io::Error| matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    error.chain().any(|c| c.downcast_ref::<std::io::Error>().is_some_and(full))
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// One file, whole or as before: history and caches, which are no part of a commit.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let temp = path.with_extension("tmp");
    let done = std::fs::create_dir_all(folder)
        .and_then(|()| write_synced(&temp, bytes))
        .and_then(|()| std::fs::rename(&temp, path))
        .and_then(|()| sync_folder(folder));
    done.map_err(|e| {
        let _ = std::fs::remove_file(&temp);
        cannot_write(e, path, bytes.len() as u64)
    })
}

/// Copies a file under `pending/` and syncs it.
pub fn stage(dir: &Path, source: &Path, name: &str) -> Result<String> {
    let size = source.metadata().with_context(|| source.display().to_string())?.len();
    let inside = format!("{PENDING}/{name}");
    let to = dir.join(&inside);
    let copy = || -> std::io::Result<()> {
        std::fs::create_dir_all(dir.join(PENDING))?;
        let mut file = File::create(&to)?;
        std::io::copy(&mut File::open(source)?, &mut file)?;
        file.sync_all()
    };
    copy().map_err(|e| {
        let _ = std::fs::remove_file(&to);
        cannot_write(e, &to, size)
    })?;
    Ok(inside)
}

/// Commits a change on top of `old`.
pub fn commit(dir: &Path, old: &Current, change: Change) -> Result<Current> {
    prepare(dir, old, change)
        .and_then(|new| {
            let bytes = serde_json::to_vec_pretty(&new)?;
            let temp = dir.join("CURRENT.tmp");
            write_synced(&temp, &bytes).map_err(|e| cannot_write(e, &temp, bytes.len() as u64))?;
            std::fs::rename(&temp, dir.join(CURRENT)).map_err(|e| cannot_write(e, &temp, 0))?;
            Ok(new)
        })
        .inspect_err(|_| {
            let _ = recover(dir); // what was begun goes; the error is the one above
        })
        .and_then(|new| {
            sync_folder(dir).with_context(|| dir.display().to_string())?;
            finish(dir, &new)?;
            Ok(new)
        })
}

/// Everything on disk but not yet in place.
fn prepare(dir: &Path, old: &Current, change: Change) -> Result<Current> {
    let mut lines = String::new();
    for entry in &change.entries {
        lines += &serde_json::to_string(entry)?;
        lines.push('\n');
    }
    let mut new = Current { ledger_bytes: old.ledger_bytes + lines.len() as u64, ..old.clone() };
    (new.moves, new.remove) = (Vec::new(), change.remove);
    let size = |c: &Content| if let Content::Bytes(b) = c { b.len() as u64 } else { 0 };
    let need = lines.len() as u64 + change.files.values().map(size).sum::<u64>();
    let pending = dir.join(PENDING);
    std::fs::create_dir_all(&pending).map_err(|e| cannot_write(e, &pending, need))?;
    for (i, (place, content)) in change.files.into_iter().enumerate() {
        let to = dir.join(&place);
        let folder = to.parent().unwrap_or(dir);
        std::fs::create_dir_all(folder).map_err(|e| cannot_write(e, folder, need))?;
        let from = match content {
            Content::Staged(inside) => inside,
            Content::Bytes(bytes) => {
                // Unlike those of any other commit: the ledger grows with each.
                let inside = format!("{PENDING}/{}-{i}.new", new.ledger_bytes);
                let path = dir.join(&inside);
                write_synced(&path, &bytes).map_err(|e| cannot_write(e, &to, need))?;
                inside
            }
        };
        new.moves.push((from, place));
    }
    sync_folder(&pending).map_err(|e| cannot_write(e, &pending, need))?;
    let ledger = dir.join(LEDGER);
    let append = || -> std::io::Result<()> {
        let mut file = File::options().create(true).append(true).open(&ledger)?;
        file.write_all(lines.as_bytes())?;
        file.sync_all()
    };
    append().map_err(|e| cannot_write(e, &ledger, need))?;
    for (key, info) in change.partitions {
        match info {
            Some(info) => new.partitions.insert(key, info),
            None => new.partitions.remove(&key),
        };
    }
    Ok(new)
}

/// Moves what is committed to its place. Doing it twice is doing it once.
fn finish(dir: &Path, current: &Current) -> Result<()> {
    let shown = |path: &Path| {
        format!("{}: 移不到位；下次启动会续完 / cannot be moved; the next start completes it", path.display())
    };
    let mut folders = std::collections::BTreeSet::new();
    for (from, to) in &current.moves {
        let (from, to) = (dir.join(from), dir.join(to));
        if from.exists() {
            let folder = to.parent().unwrap_or(dir);
            std::fs::create_dir_all(folder).with_context(|| shown(&to))?;
            std::fs::rename(&from, &to).with_context(|| shown(&to))?;
            folders.insert(folder.to_owned());
        }
    }
    for path in current.remove.iter().map(|p| dir.join(p)).filter(|p| p.exists()) {
        std::fs::remove_file(&path).with_context(|| shown(&path))?;
        folders.extend(path.parent().map(Path::to_owned));
    }
    for folder in folders {
        sync_folder(&folder).with_context(|| shown(&folder))?;
    }
    Ok(())
}

/// Completes a commit that was cut short, and sweeps away what was never committed.
pub fn recover(dir: &Path) -> Result<Current> {
    let path = dir.join(CURRENT);
    let current: Current = if path.exists() {
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        serde_json::from_str(&text).with_context(|| path.display().to_string())?
    } else {
        Current::default()
    };
    finish(dir, &current)?;
    let ledger = dir.join(LEDGER);
    if let Ok(meta) = ledger.metadata() {
        if meta.len() < current.ledger_bytes {
            bail!("{}: 账目短了，案册已损坏 / shorter than committed; the casebook is damaged", ledger.display());
        }
        if meta.len() > current.ledger_bytes {
            let file = File::options().write(true).open(&ledger).with_context(|| ledger.display().to_string())?;
            file.set_len(current.ledger_bytes).with_context(|| ledger.display().to_string())?;
            file.sync_all()?;
        }
    } else if current.ledger_bytes > 0 {
        bail!("{}: 账目不见了，案册已损坏 / the ledger is missing; the casebook is damaged", ledger.display());
    }
    sweep(dir)?;
    let temp = dir.join("CURRENT.tmp");
    if temp.exists() {
        std::fs::remove_file(&temp).with_context(|| temp.display().to_string())?;
    }
    Ok(current)
}

/// Throws away what is staged and not committed.
pub fn sweep(dir: &Path) -> Result<()> {
    let pending = dir.join(PENDING);
    if pending.exists() {
        std::fs::remove_dir_all(&pending).with_context(|| pending.display().to_string())?;
    }
    Ok(())
}
