//! A run opened again from its manifest: the same files, settings and rules, or an error that names what changed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::{Analysed, Job};
use crate::casebook::Profile;
use crate::model::Lang;
use crate::report;
pub use crate::report::Command;
use crate::settings::{self, Settings};

impl Command {
    /// What was asked for, with the files as read.
    pub fn of(job: &Job, settings: &Settings, analysed: &Analysed) -> Command {
        let read = &analysed.read;
        let shown = |p: &PathBuf| p.display().to_string();
        let rule_files: Vec<String> = job.rule_files.iter().map(shown).collect();
        let config = settings.source.as_ref().map(shown);
        let files =
            config.iter().cloned().chain(settings.law.files.iter().map(shown)).chain(rule_files.iter().cloned());
        let hashes =
            files.filter_map(|f| report::hash_file(Path::new(&f)).ok().map(|(sha, sm3)| (f, sha, sm3))).collect();
        Command {
            inputs: read.files.iter().map(|f| (f.table, f.path.clone())).collect(),
            config,
            as_of: job.as_of.or_else(|| job.casebook.as_ref().map(|_| analysed.context.as_of)),
            lang: if job.lang == Lang::Zh { "zh".into() } else { "en".into() },
            seed: job.seed,
            rules: job.rules.clone(),
            rule_files,
            hashes,
            casebook: job.casebook.as_ref().map(shown),
            profiles: read.read_as.iter().map(|(p, of)| (shown(p), of.columns.clone(), of.encoding.clone())).collect(),
            lead_ids: analysed.lead_ids.clone(),
        }
    }
}

/// The job and settings of the run in `dir`; refuses when an input changed since.
pub fn reopen(dir: &Path) -> Result<(Job, Settings)> {
    let path = dir.join("manifest.json");
    let text = std::fs::read_to_string(&path).with_context(|| {
        format!("{}: 不是 pricewatch run 的输出目录 / not the output folder of a run", path.display())
    })?;
    let manifest: serde_json::Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let command: Command =
        serde_json::from_value(manifest["command"].clone()).with_context(|| path.display().to_string())?;
    let changed = report::changed_inputs(&manifest);
    if !changed.is_empty() {
        bail!(
            "运行之后输入有变化或已不在原处，请在原处打开或重新运行 / inputs changed or moved since the run; open it from the same folder or run again: {}",
            changed.join(", ")
        );
    }
    let mut job = Job {
        as_of: command.as_of,
        lang: if command.lang == "en" { Lang::En } else { Lang::Zh },
        seed: command.seed,
        rules: command.rules,
        rule_files: command.rule_files.into_iter().map(PathBuf::from).collect(),
        // A run on a casebook is opened again from the originals it was made of, whatever came in since.
        profiles: command
            .profiles
            .into_iter()
            .map(|(path, columns, encoding)| (PathBuf::from(path), Profile { columns, encoding }))
            .collect(),
        lead_ids: command.lead_ids,
        ..Job::default()
    };
    for (table, file) in command.inputs {
        if file == "-" {
            bail!("标准输入不能再读一次 / standard input cannot be read again");
        }
        job.inputs.entry(table).or_default().push(file);
    }
    Ok((job, settings::load(command.config.as_deref().map(Path::new))?))
}
