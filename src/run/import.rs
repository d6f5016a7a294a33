//! Files into a casebook: recognised, kept, read once, merged by month and region, entered in the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use xxhash_rust::xxh3::xxh3_64;

use super::inbox::{named, walk};
use crate::casebook::{self, Casebook, Change, Content, Entry, Import, Profile, Schema, VERSION};
use crate::ingest::{self, FileRead, Labels, Options, Recognised};
use crate::law::Divisions;
use crate::model::{Batch, Day, Extra, Label, TableKind};
use crate::report;
use crate::settings::Settings;

/// Rows gathered before they are committed; a directory of more becomes several commits, each of whole files.
const COMMIT_ROWS: usize = 4_000_000;

/// What the user asked to import.
#[derive(Clone, Debug, Default)]
pub struct ImportJob {
    /// Files, globs or directories, taken in this order.
    pub files: Vec<String>,
    /// The casebook's folder.
    pub casebook: PathBuf,
    /// The table of every file, where it is not to be recognised.
    pub table: Option<TableKind>,
    /// Name, number or hash of the file the one given takes the place of.
    pub supersedes: Option<String>,
    /// Files take the place of earlier ones of the same name.
    pub corrected: bool,
    /// Who brings them.
    pub by: Option<String>,
    /// When.
    pub when: Option<Day>,
}

/// What became of one file.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// Taken under this number.
    Taken(Box<Import>, Vec<String>),
    /// There already, under this number.
    Known(u32),
    /// There already, but read otherwise than it would be read now.
    KnownOtherwise(u32),
    /// Not taken, and why.
    Refused(String),
    /// Lies in a folder given, and is no table.
    PassedOver,
}

/// The folder name of a region: its GB/T 2260 code, else a hash of its name.
pub fn region_folder(divisions: &Divisions, region: &str) -> String {
    match divisions.code(region) {
        Some(code) => code,
        None if region.is_empty() => "none".to_owned(),
        None => format!("x{:08x}", xxh3_64(region.as_bytes()) >> 32),
    }
}

/// Opens a casebook; one of an older format, or read by an older reader, is first read again from its originals.
pub fn open(dir: &Path, create: bool, who: &str) -> Result<Casebook> {
    let mut book = Casebook::open(dir, create, who)?;
    if let Some(schema) = book.schema()?
        && (schema.version != VERSION || schema.reader != ingest::reader())
    {
        reread(&mut book, schema.version)?;
    }
    Ok(book)
}

/// Files of a casebook whose bytes are not those it recorded.
pub fn damaged(dir: &Path) -> Result<Vec<String>> {
    Ok(Casebook::open(dir, false, "pricewatch verify")?.damaged())
}

fn schema_bytes() -> Result<Content> {
    Ok(Content::Bytes(serde_json::to_vec_pretty(&Schema { version: VERSION, reader: ingest::reader() })?))
}

/// Every row anew from the originals, in one commit.
fn reread(book: &mut Casebook, from: u32) -> Result<()> {
    let mut gathered = Gathered::default();
    for import in book.active().into_iter().filter(|i| observed(i.table)) {
        gathered.read(&book.original(import), import.number, import.table, &import.profile)?;
    }
    let all: BTreeSet<u32> = book.imports().map(|i| i.number).collect();
    let mut change = gathered.merge(book, &all, false)?;
    for key in book.partitions().keys() {
        change.partitions.entry(key.clone()).or_insert(None);
    }
    for folder in ["rows", "repeats"] {
        let folder = book.dir.join(folder);
        for path in if folder.exists() { walk(&folder)? } else { Vec::new() } {
            let inside = path.strip_prefix(&book.dir).unwrap_or(&path).to_string_lossy().into_owned();
            if !change.files.contains_key(&inside) {
                change.remove.push(inside);
            }
        }
    }
    change.files.insert("schema.json".into(), schema_bytes()?);
    change.entries.push(Entry::Reread { from, to: VERSION, reader: ingest::reader() });
    book.commit(change)
}

/// Whether rows of a table go into partitions; the small tables are read from their originals each time.
pub fn observed(table: TableKind) -> bool {
    matches!(table, TableKind::Prices | TableKind::Transactions)
}

/// Rows read but not yet committed.
#[derive(Default)]
struct Gathered {
    labels: Labels,
    batches: Mutex<Vec<Batch>>,
    imports: Vec<Import>,
    files: BTreeMap<String, Content>,
    gone: BTreeSet<u32>,
    rows: usize,
}

impl Gathered {
    /// Reads one file; rows of prices and transactions are kept.
    fn read(&mut self, path: &Path, number: u32, table: TableKind, profile: &Profile) -> Result<FileRead> {
        let columns = BTreeMap::from([(table, profile.columns.clone())]);
        let threads = rayon::current_num_threads();
        let options = Options { encoding: profile.encoding.clone(), columns, threads, ..Options::default() };
        if !observed(table) {
            return ingest::read_side(path, number, table, &options);
        }
        let mine: Mutex<Vec<Batch>> = Mutex::default();
        let keep = |e: &Extra| *e != Extra::default();
        let take = |batch| mine.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
        let read = ingest::read_observations(path, number, table, &options, &self.labels, Some(&keep), &take)?;
        let mine = mine.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.rows += mine.iter().map(Batch::len).sum::<usize>();
        self.batches.get_mut().unwrap_or_else(PoisonError::into_inner).extend(mine);
        Ok(read)
    }

    /// The partitions these rows change, without rows of files that are gone.
    fn merge(&mut self, book: &Casebook, gone: &BTreeSet<u32>, touch_gone: bool) -> Result<Change> {
        let divisions = Divisions::shipped();
        let labels = self.labels.list();
        let regions: Vec<String> = labels.iter().map(|l: &Label| region_folder(&divisions, &l.region)).collect();
        let mut new: BTreeMap<String, Vec<Batch>> = BTreeMap::new();
        for batch in std::mem::take(self.batches.get_mut().unwrap_or_else(PoisonError::into_inner)) {
            for (key, rows) in casebook::months_of(&batch, &labels, &regions) {
                new.entry(key).or_default().push(batch.select(&rows));
            }
        }
        let mut keys: BTreeSet<String> = new.keys().cloned().collect();
        let holds = |info: &casebook::PartitionInfo| {
            gone.iter().any(|n| info.rows.contains_key(n) || info.repeats.contains_key(n))
        };
        if touch_gone {
            keys.extend(book.partitions().iter().filter(|(_, i)| holds(i)).map(|(k, _)| k.clone()));
        }
        let name = |i: &Import| (i.number, (i.file.clone(), i.sha256.clone()));
        let names = book.imports().chain(&self.imports).map(name).collect();
        let (intern, list) = (|label| self.labels.intern(label), || self.labels.list());
        book.merged(&keys, gone, new, (&intern, &list), &names)
    }

    /// Commits what was gathered and starts anew.
    fn commit(&mut self, book: &mut Casebook) -> Result<Vec<Outcome>> {
        if self.imports.is_empty() {
            return Ok(Vec::new());
        }
        let gone = std::mem::take(&mut self.gone);
        let mut change = self.merge(book, &gone, true)?;
        let mut done = Vec::new();
        for mut import in std::mem::take(&mut self.imports) {
            let mine = || change.partitions.iter().filter_map(|(k, i)| Some((k, i.as_ref()?)));
            let sum = |of: fn(&casebook::PartitionInfo) -> &BTreeMap<u32, u64>| -> u64 {
                mine().filter_map(|(_, i)| of(i).get(&import.number)).sum()
            };
            if observed(import.table) {
                let (used, repeats) = (sum(|i| &i.rows), sum(|i| &i.repeats));
                (import.report.rows.rows_used, import.report.rows.duplicates) = (used, repeats);
            }
            let touched: BTreeSet<String> = mine()
                .filter(|(_, i)| i.rows.contains_key(&import.number))
                .filter_map(|(k, _)| Some(k.split("month=").nth(1)?.split('/').next()?.to_owned()))
                .collect();
            change.entries.push(Entry::Import(Box::new(import.clone())));
            done.push(Outcome::Taken(Box::new(import), touched.into_iter().collect()));
        }
        change.files.append(&mut self.files);
        if book.schema()?.is_none() {
            change.files.insert("schema.json".into(), schema_bytes()?);
        }
        book.commit(change)?;
        *self = Gathered::default();
        Ok(done)
    }
}

/// Imports files in order; what could not be taken is said, file by file, and the rest is taken.
pub fn import(job: &ImportJob, settings: &Settings) -> Result<Vec<(String, Outcome)>> {
    let mut book = open(&job.casebook, true, "pricewatch import")?;
    let paths = named(&job.files)?;
    if job.supersedes.is_some() && paths.len() != 1 {
        bail!("--supersedes 一次只能给一个文件 / --supersedes goes with exactly one file");
    }
    let mut gathered = Gathered::default();
    let mut said: Vec<(String, Option<Outcome>)> = Vec::new();
    for path in &paths {
        let in_folder = !job.files.iter().any(|f| Path::new(f) == path);
        if in_folder && ingest::source::format_of(path).is_none() {
            said.push((path.display().to_string(), Some(Outcome::PassedOver)));
            continue;
        }
        let name = file_name(path);
        if replaced(job, &book, path)?.is_some() || job.corrected && gathered.imports.iter().any(|i| i.file == name) {
            fill(&mut said, gathered.commit(&mut book)?);
        }
        let outcome = match take(job, settings, &book, &mut gathered, path) {
            Ok(known) => known,
            // A full disk is no fault of the file: stop, with what is committed whole.
            Err(e) if casebook::is_full(&e) => return Err(e),
            Err(e) => Some(Outcome::Refused(format!("{e:#}"))),
        };
        said.push((path.display().to_string(), outcome));
        if gathered.rows > COMMIT_ROWS {
            fill(&mut said, gathered.commit(&mut book)?);
        }
    }
    fill(&mut said, gathered.commit(&mut book)?);
    book.sweep()?;
    Ok(said.into_iter().filter_map(|(path, outcome)| Some((path, outcome?))).collect())
}

/// What was committed belongs to the files that wait for it, in order.
fn fill(said: &mut [(String, Option<Outcome>)], done: Vec<Outcome>) {
    for (slot, outcome) in said.iter_mut().filter(|s| s.1.is_none()).zip(done) {
        slot.1 = Some(outcome);
    }
}

/// Number of the file that `path` takes the place of.
fn replaced(job: &ImportJob, book: &Casebook, path: &Path) -> Result<Option<u32>> {
    if let Some(asked) = &job.supersedes {
        let hits: Vec<u32> = book
            .active()
            .iter()
            .filter(|i| {
                i.file == *asked
                    || i.number.to_string() == *asked
                    || asked.len() >= 8 && i.sha256.starts_with(asked.as_str())
            })
            .map(|i| i.number)
            .collect();
        return match hits[..] {
            [one] => Ok(Some(one)),
            [] => bail!("--supersedes {asked}: 案册里没有这个文件 / no such file in the casebook"),
            _ => bail!(
                "--supersedes {asked}: 有 {n} 个同名文件，请给编号或哈希 / {n} files of that name; give its number or hash: {hits:?}",
                n = hits.len()
            ),
        };
    }
    let name = file_name(path);
    Ok(book.active().iter().rev().find(|i| job.corrected && i.file == name).map(|i| i.number))
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "file".to_owned(), |n| n.to_string_lossy().into_owned())
}

/// How a file is to be read: as the settings say, as it was remembered, or by its header.
fn recognised(
    job: &ImportJob,
    settings: &Settings,
    book: &Casebook,
    gathered: &Gathered,
    path: &Path,
) -> Result<Recognised> {
    let known =
        book.imports().chain(&gathered.imports).map(|i| (i.layout.clone(), (i.table, i.profile.columns.clone())));
    ingest::recognise(path, job.table, &settings.options.columns, &known.collect())
}

/// Takes one file into `gathered` (what became of it is said when it is committed), or says that its bytes are known.
fn take(
    job: &ImportJob,
    settings: &Settings,
    book: &Casebook,
    gathered: &mut Gathered,
    path: &Path,
) -> Result<Option<Outcome>> {
    let hashes = report::hash_file(path).with_context(|| path.display().to_string())?;
    let gone = book.superseded();
    let found = recognised(job, settings, book, gathered, path);
    let same: Vec<&Import> = book.imports().chain(&gathered.imports).filter(|i| i.sha256 == hashes.0).collect();
    if let Some(known) = same.iter().find(|i| !gone.contains_key(&i.number)) {
        let otherwise = found.as_ref().is_ok_and(|f| (f.table, &f.columns) != (known.table, &known.profile.columns));
        match otherwise {
            false => return Ok(Some(Outcome::Known(known.number))),
            true if replaced(job, book, path)? != Some(known.number) => {
                return Ok(Some(Outcome::KnownOtherwise(known.number)));
            }
            true => {} // asked for: read anew, in the place of what it was read as
        }
    } else if let Some((n, by)) =
        same.last().and_then(|i| Some((i.number, gone.get(&i.number)?))).filter(|_| job.supersedes.is_none())
    {
        bail!(
            "与第 {n} 号相同，而它已被第 {by} 号取代；要换回来请用 --supersedes {by} / the same as number {n}, which number {by} superseded; to go back give --supersedes {by}"
        );
    }
    let found = found?;
    let remembered =
        book.imports().filter(|i| i.layout == found.layout).last().and_then(|i| i.profile.encoding.clone());
    let encoding = settings.options.encoding.clone().or(remembered);
    let profile = Profile { columns: found.columns, encoding };
    let number = book.imports().count() as u32 + gathered.imports.len() as u32 + 1;
    let name = file_name(path);
    let staged = book.stage(path, &format!("{number:06}-{name}"))?;
    let copy = book.dir.join(&staged);
    if report::hash_file(&copy)? != hashes {
        bail!("{}: 读的时候被改动了，请重来 / changed while it was read; try again", path.display());
    }
    let read = gathered.read(&copy, number, found.table, &profile).map_err(|e| {
        // The reader names the copy; people know the file.
        anyhow::anyhow!("{}", format!("{e:#}").replace(&copy.display().to_string(), &path.display().to_string()))
    })?;
    let stored = format!("files/{number:06}-{}/{name}", &hashes.0[..12]);
    gathered.files.insert(stored.clone(), Content::Staged(staged));
    if !read.rejects.is_empty() {
        gathered.files.insert(rejects_place(number, &hashes.0), Content::Bytes(rejects_csv(&read)?));
    }
    let supersedes = replaced(job, book, path)?;
    gathered.gone.extend(supersedes);
    let report = crate::model::FileReport { path: stored.clone(), ..read.report };
    gathered.imports.push(Import {
        number,
        file: name,
        stored,
        sha256: hashes.0,
        sm3: hashes.1,
        table: found.table,
        layout: found.layout,
        profile,
        report,
        supersedes,
        by: job.by.clone(),
        when: job.when,
    });
    Ok(None)
}

/// Where the rejects of an import are kept.
pub fn rejects_place(number: u32, sha256: &str) -> String {
    format!("rejects/{number:06}-{}.csv", &sha256[..12])
}

fn rejects_csv(read: &FileRead) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["line", "column", "value", "reason_zh", "reason_en"])?;
    for r in &read.rejects {
        out.write_record([&r.row.line().to_string(), &r.column, &r.value, &r.reason.zh, &r.reason.en])?;
    }
    out.into_inner().context("rejects")
}
