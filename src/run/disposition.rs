//! A staff decision on a lead, appended to the ledger; a notice served goes the way of every notices file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::import::{self, ImportJob, import};
use crate::casebook::{Change, Disposition, Entry, Snapshot, Standing, history};
use crate::model::{Day, Past, TableKind, masked};
use crate::settings;

/// What the user decided.
#[derive(Clone, Debug)]
pub struct DispositionJob {
    /// Lead id.
    pub lead: String,
    /// The casebook's folder.
    pub casebook: PathBuf,
    /// What was decided.
    pub status: Standing,
    /// Remark.
    pub note: String,
    /// Day a notice (告诫) was served.
    pub notice_date: Option<Day>,
    /// Who decided.
    pub by: Option<String>,
    /// When.
    pub when: Option<Day>,
}

/// Records a decision and says it. The same decision twice changes nothing.
pub fn disposition(job: &DispositionJob) -> Result<String> {
    let notice_date = job.notice_date;
    let week = history::before(&job.casebook, None)?;
    let lead = week.as_ref().and_then(|w| w.leads.iter().find(|l| l.id == job.lead));
    let (Some(week), Some(lead)) = (&week, lead) else {
        bail!(
            "{}: 历次运行里没有这条线索；先 pricewatch run --casebook，编号见 leads.csv / no run has this lead; pricewatch run --casebook first, leads.csv has the ids",
            job.lead
        );
    };
    let seen = Snapshot {
        as_of: week.as_of,
        sellers: lead.sellers.clone(),
        last_day: lead.last_day,
        increase_pct: lead.increase_pct,
        excess_amount: lead.excess_amount,
        rules: lead.rules.clone(),
    };
    let decided = Disposition {
        lead: job.lead.clone(),
        status: job.status,
        note: job.note.clone(),
        notice_date,
        by: job.by.clone(),
        when: job.when,
        seen,
    };
    let mut book = import::open(&job.casebook, false, "pricewatch disposition")?;
    let last = book.entries.iter().rev().find_map(|e| match e {
        Entry::Disposition(d) if d.lead == job.lead => Some(&**d),
        _ => None,
    });
    if last != Some(&decided) {
        let change = Change { entries: vec![Entry::Disposition(Box::new(decided))], ..Change::default() };
        book.commit(change)?;
    }
    drop(book); // the import below takes the lock itself
    if let Some(day) = notice_date {
        notice(job, lead, day)?;
    }
    Ok(told(job, lead))
}

/// What was recorded, and what it means for the next run.
fn told(job: &DispositionJob, lead: &Past) -> String {
    let (zh, en) = job.status.words();
    let who = lead.names.iter().map(|n| masked(n)).collect::<Vec<_>>().join("、");
    let mut text = format!("{} {} {} {who}：{zh} / {en}\n", lead.id, lead.region, lead.product);
    if job.status == Standing::Excluded {
        text += "下次运行起不再列出，直到出现新情况 / not listed from the next run on, until something is new\n";
    }
    if let Some(day) = job.notice_date {
        text += &format!("告诫 {day} 已记入案册 / the notice of {day} is in the casebook\n");
    }
    text
}

/// A notices file of the lead's sellers, imported like any other: rules that need a notice see it.
fn notice(job: &DispositionJob, lead: &Past, day: Day) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(format!("notice-{}-{day}.csv", job.lead));
    write_notices(&path, lead, day)?;
    let files = vec![path.display().to_string()];
    let by = job.by.clone();
    let job = ImportJob {
        files,
        casebook: job.casebook.clone(),
        table: Some(TableKind::Notices),
        by,
        when: job.when,
        ..ImportJob::default()
    };
    let said = import(&job, &settings::load(None)?)?;
    match said.first() {
        Some((_, super::ImportOutcome::Refused(why))) => bail!("告诫没有记入 / the notice was not taken: {why}"),
        _ => Ok(()),
    }
}

fn write_notices(path: &Path, lead: &Past, day: Day) -> Result<()> {
    let mut out = csv::Writer::from_path(path).with_context(|| path.display().to_string())?;
    out.write_record(["date", "seller_id", "seller_name", "region", "kind"])?;
    for (id, name) in lead.sellers.iter().zip(&lead.names) {
        let id = if id == name { "" } else { id };
        out.write_record([&day.to_string(), id, name, &lead.region, "告诫"])?;
    }
    out.flush().with_context(|| path.display().to_string())
}
