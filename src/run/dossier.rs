//! 一企一档: one file per enterprise, from a run's own inputs.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::stage::Stage;
use super::{Job, again, analyse, reopen};
use crate::ingest::identity::name_key;
use crate::report::{self, Background, Previous};

/// Writes HTML and JSON of each seller (all with a lead, where none is named) and an index by province and city into
/// `out`; `previous` is the folder of an earlier run to compare with.
pub fn dossier(dir: &Path, sellers: &[String], out: &Path, previous: Option<&Path>, force: bool) -> Result<usize> {
    let (job, settings) = reopen::reopen(dir)?;
    let stage = Stage::new(out, force)?;
    let analysed = analyse(&Job { talk: false, ..job.clone() }, &settings, stage.path())?;
    let results = analysed.results(&job, &settings);
    let ids = chosen(&analysed.read, &results, sellers)?;
    let wanted = BTreeSet::new();
    let again = again::again(
        &analysed.read,
        &analysed.rereadable,
        &job,
        &settings,
        &wanted,
        &[],
        again::says_more(&analysed.read),
    )?;
    let old = previous.map(earlier).transpose()?;
    let background = Background {
        notices: &analysed.read.notices,
        certificates: &analysed.read.certificates,
        profiles: &analysed.read.profiles,
        trades: &again.trades,
        name_key,
        previous: old.as_ref(),
    };
    let mut listed = Vec::new();
    for id in &ids {
        let (entry, files) = report::dossier(&results, &background, id)?;
        for (name, bytes) in files {
            stage.write(&name, &bytes)?;
        }
        listed.push(entry);
    }
    for (name, bytes) in report::index(&results, &listed)? {
        stage.write(&name, &bytes)?;
    }
    drop(results);
    drop(analysed);
    stage.publish()?;
    Ok(ids.len())
}

/// What an earlier run wrote.
fn earlier(dir: &Path) -> Result<Previous> {
    let read = |name: &str| {
        let path = dir.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("{}: 打不开 / cannot open", path.display()))
    };
    let manifest = serde_json::from_str(&read("manifest.json")?).with_context(|| dir.display().to_string())?;
    Ok(Previous { leads: read("leads.csv")?, rules: read("rules.csv")?, manifest })
}

/// The sellers asked for, by id or name; all with a lead where none is asked for.
fn chosen(read: &super::Read, results: &report::Results<'_>, sellers: &[String]) -> Result<Vec<String>> {
    if sellers.is_empty() {
        let all: BTreeSet<String> = results.leads.iter().flat_map(|l| l.sellers.iter().cloned()).collect();
        return Ok(all.into_iter().collect());
    }
    let find = |s: &String| {
        let by_id =
            read.panel.sellers.iter().find(|x| x.id.eq_ignore_ascii_case(s) || x.name == *s).map(|x| x.id.clone());
        by_id.or_else(|| read.certificates.iter().find(|c| c.seller.eq_ignore_ascii_case(s)).map(|c| c.seller.clone()))
    };
    sellers
        .iter()
        .map(|s| match find(s) {
            Some(id) => Ok(id),
            None => bail!("{s}: 数据里没有这个经营者 / no such seller in the data"),
        })
        .collect()
}
