//! The evidence folder of a lead: charts, the exact source rows, the calculation, the method, hashes; and a zip of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::stage::Stage;
use super::{Job, Read, again, analyse, reopen};
use crate::ingest;
use crate::model::{Lead, RowRef};
use crate::report;
use crate::settings::Settings;

/// Writes a folder and a zip of each lead into `out`.
pub fn evidence(dir: &Path, leads: &[String], out: &Path, force: bool) -> Result<usize> {
    let (job, settings) = reopen::reopen(dir)?;
    let stage = Stage::new(out, force)?;
    let analysed = analyse(&Job { talk: false, ..job.clone() }, &settings, stage.path())?;
    let results = analysed.results(&job, &settings);
    let chosen: Vec<&Lead> = leads
        .iter()
        .map(|id| match results.leads.iter().find(|l| l.id == *id) {
            Some(lead) => Ok(lead),
            None => {
                bail!("{id}: 本次运行没有这条线索，编号见 leads.csv / no such lead in this run; leads.csv has the ids")
            }
        })
        .collect::<Result<_>>()?;
    let wanted: BTreeSet<usize> = chosen.iter().flat_map(|l| l.series.iter().copied()).collect();
    let again = again::again(&analysed.read, &analysed.rereadable, &job, &settings, &wanted, &[], false)?;
    for lead in &chosen {
        let rows: Vec<_> = lead.series.iter().filter_map(|s| again.rows.get(s)).flatten().copied().collect();
        let mut refs: BTreeSet<RowRef> = rows.iter().map(|r| r.row).collect();
        refs.extend(lead.findings.iter().flat_map(|f| results.findings[*f].rows.iter().map(|n| n.row)));
        let text = texts(&analysed.read, &job, &settings, &refs)?;
        let files = report::evidence(&results, lead, &rows, &text)?;
        for (name, bytes) in &files {
            stage.write(&format!("{}/{name}", lead.id), bytes)?;
        }
        stage.write(&format!("{}.zip", lead.id), &packed(&lead.id, &files)?)?;
    }
    drop(results);
    drop(analysed);
    stage.publish()?;
    Ok(leads.len())
}

/// The text of each row as it stands in its file.
fn texts(read: &Read, job: &Job, settings: &Settings, rows: &BTreeSet<RowRef>) -> Result<BTreeMap<RowRef, String>> {
    let mut options = settings.options.clone();
    options.as_of = job.as_of;
    let mut by_file: BTreeMap<u32, BTreeSet<u64>> = BTreeMap::new();
    for row in rows {
        by_file.entry(row.file()).or_default().insert(row.line());
    }
    let mut out = BTreeMap::new();
    for (file, lines) in by_file {
        let (path, table) = (&read.paths[file as usize], read.files[file as usize].table);
        let options = super::options_of(&read.read_as, &options, table, path);
        let found = ingest::raw_lines(path, table, &options, &lines)?;
        out.extend(found.into_iter().map(|(line, text)| (RowRef::new(file, line), text)));
    }
    Ok(out)
}

/// The files in one archive; its entries carry no clock.
fn packed(folder: &str, files: &[(String, Vec<u8>)]) -> Result<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    for (name, bytes) in files {
        zip.start_file(format!("{folder}/{name}"), options).context("zip")?;
        zip.write_all(bytes).context("zip")?;
    }
    Ok(zip.finish().context("zip")?.into_inner())
}
