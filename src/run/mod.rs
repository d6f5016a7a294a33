//! How does it all flow? Bytes → observations → panel → findings → leads → files.

mod again;
mod book;
mod compare;
mod disposition;
mod dossier;
mod evidence;
mod fees;
pub mod grid;
mod import;
mod inbox;
mod kept;
mod law;
mod reopen;
mod segment;
mod stage;
pub mod tenders;
mod weekly;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::casebook::{self, Profile};
use crate::certification;
use crate::detect::SCREENS;
use crate::ingest::{self, Bids, Costs, FileRead, Labels, Owners, identity};
use crate::lead;
use crate::model::{
    Accounting, Basis, Certificate, Context, Day, FileReport, Finding, Kind, Lang, Lead, Notice, Panel, Placed, Reject,
    Skip, TableKind, Tenders, Weekly,
};
use crate::panel::{self, Naming, Store};
use crate::report::{self, Chart, InputFile, Results};
use crate::settings::Settings;
use book::Book;
use stage::Stage;

pub use compare::compare;
pub use disposition::{DispositionJob, disposition};
pub use dossier::dossier;
pub use evidence::evidence;
pub use import::{ImportJob, Outcome as ImportOutcome, damaged, import};
pub use inbox::summary;
pub use reopen::Command;
pub use segment::{SegmentJob, segment};

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// Input files, globs or directories by table.
    pub inputs: BTreeMap<TableKind, Vec<String>>,
    /// Nothing later is used.
    pub as_of: Option<Day>,
    /// Language of what people read.
    pub lang: Lang,
    /// Seed of every draw.
    pub seed: u64,
    /// Says what happens, on stderr.
    pub talk: bool,
    /// Shows progress bars, on stderr where that is a terminal.
    pub progress: bool,
    /// Ids of rules (or their beginnings) that are to run, instead of those of the settings; none = all.
    pub rules: Vec<String>,
    /// Rule files beside those of the settings.
    pub rule_files: Vec<PathBuf>,
    /// A casebook instead of input files.
    pub casebook: Option<PathBuf>,
    /// How single files are to be read, where the settings do not say (a run on a casebook opened again).
    pub profiles: BTreeMap<PathBuf, Profile>,
    /// Ids of leads as found → as kept over the weeks; empty = kept quiet (a run on a casebook opened again).
    pub lead_ids: BTreeMap<String, String>,
}

/// The files of a job, in reading order; standard input is kept in a folder that goes away with this.
struct Inputs {
    files: Vec<(TableKind, PathBuf)>,
    spool: Option<tempfile::TempDir>,
    profiles: BTreeMap<PathBuf, Profile>,
    book: Option<Book>,
}

/// How one file is to be read: as it was remembered, else as the settings say.
fn options_of(
    profiles: &BTreeMap<PathBuf, Profile>,
    base: &ingest::Options,
    table: TableKind,
    path: &Path,
) -> ingest::Options {
    let Some(profile) = profiles.get(path) else { return base.clone() };
    let columns = BTreeMap::from([(table, profile.columns.clone())]);
    ingest::Options { encoding: profile.encoding.clone(), columns, ..base.clone() }
}

impl Inputs {
    /// The name people gave the file.
    fn shown(&self, path: &Path) -> String {
        let spooled = self.spool.as_ref().is_some_and(|s| path.starts_with(s.path()));
        if spooled { "-".to_owned() } else { path.display().to_string() }
    }
}

/// Everything read, before any screen.
pub struct Read {
    /// One report per file, in reading order.
    pub files: Vec<FileReport>,
    /// The files themselves.
    pub paths: Vec<PathBuf>,
    /// All rejects, by file and line.
    pub rejects: Vec<Reject>,
    /// The panel.
    pub panel: Panel,
    /// Notices on record, by seller and day.
    pub notices: Vec<Notice>,
    /// Legal maximum prices by product.
    pub caps: crate::law::Caps,
    /// Certificates, by row.
    pub certificates: Vec<Certificate>,
    /// What the enterprises file says, by seller id in capitals or name key.
    pub profiles: ingest::Profiles,
    labels: Labels,
    series_of_label: Vec<u32>,
    read_as: BTreeMap<PathBuf, Profile>,
}

impl Read {
    /// The sum over all files.
    pub fn total(&self) -> Accounting {
        let mut total = Accounting::default();
        self.files.iter().for_each(|f| total.add(&f.rows));
        total
    }
}

/// Everything a run knows before anything is written.
pub struct Analysed {
    /// What was read.
    pub read: Read,
    law: law::Law,
    findings: Vec<Finding>,
    skips: Vec<Skip>,
    examined: Vec<(&'static str, usize)>,
    leads: Vec<Lead>,
    certificates: Vec<(&'static str, usize, usize, usize)>,
    placed: Vec<Placed>,
    inputs: Vec<InputFile>,
    rereadable: Inputs,
    context: Context,
    weekly: Option<Weekly>,
    lead_ids: BTreeMap<String, String>,
}

impl Analysed {
    /// What a report shows.
    pub fn results<'a>(&'a self, job: &'a Job, settings: &'a Settings) -> Results<'a> {
        Results {
            panel: &self.read.panel,
            files: &self.read.files,
            inputs: &self.inputs,
            total: self.read.total(),
            rejects: &self.read.rejects,
            findings: &self.findings,
            skips: &self.skips,
            leads: &self.leads,
            rules: &self.law.rules,
            judged: &self.law.judged,
            regions: &self.law.regions,
            unknown_regions: &self.law.unknown_regions,
            certificates: &self.certificates,
            placed: &self.placed,
            screens: SCREENS,
            examined: &self.examined,
            knobs: &settings.knobs,
            rule_page: crate::law::page,
            command: reopen::Command::of(job, settings, self),
            weekly: self.weekly.as_ref(),
            context: self.context,
            lang: job.lang,
        }
    }
}

/// Reads, screens, tests the rules, ranks.
fn analyse(job: &Job, settings: &Settings, scratch: &Path) -> Result<Analysed> {
    let rereadable = inputs(job, scratch)?;
    let (read, hashes) = join(|| read_inputs(&rereadable, job, settings, scratch), || hash_inputs(&rereadable));
    let (read, hashes) = (read?, hashes?);
    if read.panel.series.is_empty() && read.panel.tenders.list.is_empty() {
        bail!("没有一行可用；原因见 pricewatch check / not one usable row; pricewatch check says why");
    }
    let bid_days = read.panel.tenders.list.iter().filter_map(|t| t.day).map(|d| d.0);
    let last = read.panel.points.day.iter().copied().chain(bid_days).max().unwrap_or(Day::UNKNOWN.0);
    let context = Context { as_of: job.as_of.unwrap_or(Day(last)), seed: job.seed };
    let outcomes = kept::screens(&read.panel, &context, &settings.knobs, rereadable.book.as_ref());
    let examined: Vec<(&'static str, usize)> = SCREENS.iter().zip(&outcomes).map(|(s, o)| (s.id, o.examined)).collect();
    let (mut findings, mut skips) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        findings.extend(outcome.findings);
        skips.extend(outcome.skips);
    }
    let groups = findings.iter().any(|f| f.kind == Kind::Collusion);
    let law = law::law(&read, &rereadable, job, settings, context, groups)?;
    findings.extend(law.findings.iter().cloned());
    let checked = certification::examine(&read.certificates, &flagged(&read.panel, &findings), &context);
    findings.extend(checked.findings);
    let mut certificates = checked.counts;
    if !read.certificates.is_empty() {
        let (found, [judged, n, skipped]) = fees::screen(&read, settings, context, scratch)?;
        findings.extend(found);
        certificates.push(("certificate-prices", judged, n, skipped));
    }
    let placed = crate::detect::tender::placed(&read.panel.tenders);
    let mut leads = lead::rank(&read.panel, SCREENS, &findings, &law.trades);
    weekly::rename(&mut leads, &job.lead_ids);
    let input = |(f, (sha256, sm3)): (&FileReport, (String, String))| InputFile {
        path: f.path.clone(),
        bytes: f.bytes,
        rows: f.rows.rows_read,
        sha256,
        sm3,
    };
    let inputs = read.files.iter().zip(hashes).map(input).collect();
    let (weekly, lead_ids) = (None, job.lead_ids.clone());
    Ok(Analysed {
        read,
        law,
        findings,
        skips,
        examined,
        leads,
        certificates,
        placed,
        inputs,
        rereadable,
        context,
        weekly,
        lead_ids,
    })
}

/// The main job: `out` is written whole or not at all.
pub fn run(job: &Job, settings: &Settings, out: &Path, force: bool) -> Result<()> {
    let stage = Stage::new(out, force)?;
    let mut analysed = analyse(job, settings, stage.path())?;
    let week = weekly::follow(&mut analysed)?;
    let results = analysed.results(job, settings);
    let export = |chart: &Chart| kept::export(chart, analysed.rereadable.book.as_ref());
    report::render(&results, &export, &mut |name, bytes| stage.write(name, bytes))?;
    drop(results);
    if let (Some(week), Some(dir)) = (week, &job.casebook) {
        casebook::history::keep(dir, &week)?;
    }
    let Analysed { read, law, leads, rereadable, weekly, .. } = analysed;
    // Most rules fit no one input; only who asks for some by name wants to hear of those.
    let idle = if job.rules.is_empty() { Vec::new() } else { crate::law::idle(&law.rules, &law.judged) };
    drop(rereadable); // what standard input was kept in
    stage.publish()?;
    if job.talk {
        let t = read.total();
        let count = |kind: Kind| leads.iter().filter(|l| l.kind == kind).count();
        let (g, c) = (count(Kind::Gouging), count(Kind::Collusion));
        let others = leads.len() - g - c;
        let (read, used, lost, twice, out) = (t.rows_read, t.rows_used, t.rows_rejected, t.duplicates, out.display());
        match job.lang {
            Lang::Zh => eprintln!(
                "读入 {read} 行 = 使用 {used} + 拒绝 {lost} + 重复 {twice}；线索：疑似哄抬 {g}，疑似串通 {c}，其他 {others} → {out}"
            ),
            Lang::En => eprintln!(
                "{read} rows read = {used} used + {lost} rejected + {twice} duplicates; leads: {g} single, {c} group, {others} other → {out}"
            ),
        }
        if let Some(weekly) = &weekly {
            eprintln!("{}", report::weekly_line(weekly, &leads, job.lang));
        }
        if !idle.is_empty() {
            eprintln!("{}", idle_rules(&idle.join(", "), job.lang));
        }
    }
    Ok(())
}

fn idle_rules(ids: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!(
            "没有可检验的数据：{ids}。规则只适用于其地区、商品、期间和价格种类（成交价需 --transactions）；见 pricewatch explain 规则编号"
        ),
        Lang::En => format!(
            "nothing to test: {ids}. A rule applies to its regions, goods, dates and kind of price (prices charged need --transactions); see pricewatch explain RULE"
        ),
    }
}

/// Ids of sellers with a finding that makes a lead of one seller.
fn flagged(panel: &Panel, findings: &[Finding]) -> BTreeSet<String> {
    let of = findings.iter().filter(|f| matches!(f.kind, Kind::Gouging | Kind::PriceFraud));
    of.flat_map(|f| &f.subject.series).map(|s| panel.sellers[panel.series[*s].seller as usize].id.clone()).collect()
}

fn join<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    std::thread::scope(|scope| {
        let b = scope.spawn(b);
        let a = a();
        (a, b.join().unwrap_or_else(|e| std::panic::resume_unwind(e)))
    })
}

const TABLES: [TableKind; 8] = [
    TableKind::Costs,
    TableKind::Enterprises,
    TableKind::Notices,
    TableKind::Caps,
    TableKind::Certificates,
    TableKind::Prices,
    TableKind::Transactions,
    TableKind::Tenders,
];

fn inputs(job: &Job, scratch: &Path) -> Result<Inputs> {
    if let Some(dir) = &job.casebook {
        return from_casebook(dir, job);
    }
    let (mut all, mut spool) = (Vec::new(), None);
    for table in TABLES {
        let (stdin, named): (Vec<String>, Vec<String>) =
            job.inputs.get(&table).cloned().unwrap_or_default().into_iter().partition(|i| i == "-");
        for _ in stdin {
            if spool.is_some() {
                bail!("“-”（标准输入）只能用一次 / \"-\" (standard input) can be given once");
            }
            let folder = tempfile::tempdir_in(scratch)?;
            all.push((table, ingest::source::spool_stdin(folder.path())?));
            spool = Some(folder);
        }
        all.extend(ingest::source::expand(&named)?.into_iter().map(|p| (table, p)));
    }
    if !all.iter().any(|(t, _)| matches!(t, TableKind::Prices | TableKind::Transactions | TableKind::Tenders)) {
        bail!(
            "至少要有一个 --prices、--transactions 或 --tenders 文件 / give at least one --prices, --transactions or --tenders file"
        );
    }
    Ok(Inputs { files: all, spool, profiles: job.profiles.clone(), book: None })
}

/// The files that count in a casebook.
fn from_casebook(dir: &Path, job: &Job) -> Result<Inputs> {
    if job.inputs.values().any(|files| !files.is_empty()) {
        bail!(
            "--casebook 不能与输入文件同用；先 pricewatch import / give files to pricewatch import, not beside --casebook"
        );
    }
    let mut book = Book::open(dir, job.as_of)?;
    let files = book.files(&TABLES);
    if !files.iter().any(|(t, _)| import::observed(*t) || *t == TableKind::Tenders) {
        bail!("{}: 还没有价格、交易或投标 / no prices, transactions or bids yet; pricewatch import", dir.display());
    }
    let profiles = (0u32..).zip(&files).map(|(n, (_, path))| (path.clone(), book.profile(n))).collect();
    Ok(Inputs { files, spool: None, profiles, book: Some(book) })
}

fn hash_inputs(inputs: &Inputs) -> Result<Vec<(String, String)>> {
    if let Some(book) = &inputs.book {
        return Ok((0..inputs.files.len() as u32).map(|n| book.hashes(n)).collect());
    }
    inputs.files.iter().map(|(_, path)| report::hash_file(path).with_context(|| inputs.shown(path))).collect()
}

/// A bar over the bytes of all files; hidden where stderr is no terminal.
fn progress(inputs: &Inputs) -> Result<ProgressBar> {
    let bytes = inputs.files.iter().map(|(_, p)| p.metadata().map_or(0, |m| m.len())).sum();
    let style = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    Ok(ProgressBar::new(bytes).with_style(ProgressStyle::with_template(style)?).with_message("读入 / reading"))
}

/// Reads every file into a panel; `scratch` may hold spilled rows for a while.
pub fn read(job: &Job, settings: &Settings, scratch: &Path) -> Result<Read> {
    read_inputs(&inputs(job, scratch)?, job, settings, scratch)
}

fn read_inputs(inputs: &Inputs, job: &Job, settings: &Settings, scratch: &Path) -> Result<Read> {
    let mut options = settings.options.clone();
    options.as_of = job.as_of;
    options.threads = rayon::current_num_threads();
    options.progress = if job.progress { Some(progress(inputs)?) } else { None };
    let (labels, store) = (Labels::default(), Store::new(scratch));
    let (mut costs, mut owners, mut profiles) = (Costs::default(), Owners::new(), BTreeMap::new());
    let (mut notices, mut caps, mut certificates, mut bids) =
        (Vec::new(), BTreeMap::new(), Vec::new(), Bids::default());
    let (mut reports, mut paths, mut rejects): (Vec<FileReport>, Vec<PathBuf>, Vec<Reject>) = Default::default();
    if let Some(book) = &inputs.book {
        book.count_late(&labels)?;
    }
    for (file, (table, path)) in (0u32..).zip(inputs.files.clone()) {
        let options = options_of(&inputs.profiles, &options, table, &path);
        let FileRead { mut report, rejects: mine } = match table {
            TableKind::Costs => ingest::read_costs(&path, file, &options, &mut costs)?,
            TableKind::Enterprises => ingest::read_owners(&path, file, &options, &mut owners, &mut profiles)?,
            TableKind::Notices => ingest::read_notices(&path, file, &options, &mut notices)?,
            TableKind::Certificates => ingest::read_certificates(&path, file, &options, &mut certificates)?,
            TableKind::Caps => ingest::read_caps(&path, file, &options, &mut caps)?,
            TableKind::Tenders => ingest::read_tenders(&path, file, 0, &options, &mut bids)?,
            _ => match &inputs.book {
                Some(book) => book.file(file)?,
                None => {
                    ingest::read_observations(&path, file, table, &options, &labels, None, &|batch| store.push(batch))?
                }
            },
        };
        report.path = inputs.shown(&path);
        reports.push(report);
        paths.push(path);
        rejects.extend(mine);
    }
    if let Some(bar) = &options.progress {
        bar.finish_and_clear();
    }
    let naming = Naming {
        key: identity::name_key,
        marketplace: identity::is_marketplace,
        credit_code: identity::credit_code,
        owners: &owners,
        hold_days: settings.hold_days,
        currency: &settings.currency,
    };
    let cost = |cell: &crate::model::Cell| costs.of(&cell.region, &cell.product);
    let built = match &inputs.book {
        Some(book) => book.parts(&labels, |all, parts| panel::build_from(all, &naming, cost, parts))?,
        None => panel::build(store, &labels.list(), &naming, cost)?,
    };
    settle(&mut reports, &built);
    rejects.extend(built.typos);
    rejects.sort();
    notices.sort();
    name_makers(&mut certificates, &built.panel, &profiles);
    let (mut panel, series_of_label) = (built.panel, built.series_of_label);
    panel.tenders = Tenders::new(bids.all.into_iter().map(|b| b.0).collect());
    panel.tenders.format = settings.tender_format;
    panel.tenders.model_score = match &settings.tender_model {
        Some(path) => Some(tenders::scores(path, &panel.tenders)?),
        None => None,
    };
    let read_as = inputs.profiles.clone();
    Ok(Read {
        files: reports,
        paths,
        rejects,
        panel,
        notices,
        caps,
        certificates,
        profiles,
        labels,
        series_of_label,
        read_as,
    })
}

/// A certificates file often has no names: those of the prices and of the enterprises file stand in, and their regions.
fn name_makers(certificates: &mut [Certificate], panel: &Panel, profiles: &ingest::Profiles) {
    let mut known: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for series in &panel.series {
        let seller = &panel.sellers[series.seller as usize];
        known.entry(&seller.id).or_insert((&seller.name, &panel.cells[series.cell as usize].region));
    }
    for c in certificates {
        let profile = |column| profiles.get(&c.seller).and_then(|p| p.get(column)).cloned();
        let said = known.get(c.seller.as_str());
        let name = said.map(|s| s.0.to_owned()).or_else(|| profile("seller_name"));
        let region = said.map(|s| s.1.to_owned()).or_else(|| profile("region"));
        if c.name.is_empty() {
            c.name = name.unwrap_or_default();
        }
        if c.region.is_empty() {
            c.region = region.unwrap_or_default();
        }
    }
}

/// Moves duplicates and typos, found only once all rows are in, out of the used.
fn settle(reports: &mut [FileReport], built: &panel::Built) {
    for (file, n) in &built.duplicates {
        let rows = &mut reports[*file as usize].rows;
        rows.duplicates += n;
        rows.rows_used -= n;
    }
    for typo in &built.typos {
        let rows = &mut reports[typo.row.file() as usize].rows;
        rows.tenfold_typos += 1;
        rows.rows_rejected += 1;
        rows.rows_used -= 1;
    }
}

/// What `check` prints: per file what was recognised, and the sum; and whether any row can be used.
pub fn check(job: &Job, settings: &Settings) -> Result<(String, bool)> {
    let scratch = tempfile::tempdir()?;
    let read = read(job, settings, scratch.path())?;
    let mut text = String::new();
    for f in &read.files {
        let columns = f.columns.iter().map(|(c, h)| format!("{c} ← {h}")).collect::<Vec<_>>().join(", ");
        text += &format!(
            "{}\n  {} {} {} 表头第 {} 行 / header line {}\n  {columns}\n  读入 {} = 使用 {} + 拒绝 {} + 重复 {} / read = used + rejected + duplicates\n",
            f.path,
            f.table.name(),
            f.format,
            f.encoding,
            f.header_line,
            f.header_line,
            f.rows.rows_read,
            f.rows.rows_used,
            f.rows.rows_rejected,
            f.rows.duplicates
        );
    }
    let mut units: BTreeMap<String, usize> = BTreeMap::new();
    for cell in &read.panel.cells {
        let basis = if cell.basis == Basis::Net { "transactions" } else { "prices" };
        *units.entry(format!("{basis}: {:?}", cell.unit)).or_default() += cell.series.len();
    }
    for (unit, n) in units {
        text += &format!("{unit}: {n} 个序列 / series\n");
    }
    for r in read.rejects.iter().take(10) {
        text += &format!(
            "  {}:{} {} {:?} {} / {}\n",
            read.files[r.row.file() as usize].path,
            r.row.line(),
            r.column,
            r.value,
            r.reason.zh,
            r.reason.en
        );
    }
    Ok((text, read.total().rows_used > 0))
}
