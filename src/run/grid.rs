//! How right are the leads, market by market? Named scenarios, simulated, run with the default settings, scored.

use std::fmt;
use std::ops::RangeInclusive;

use anyhow::{Context as _, Result};

use super::{Job, analyse};
use crate::evaluate::{self, Score, Scores};
use crate::model::TableKind;
use crate::settings;
use crate::simulate::scenario::Scenario;
use crate::simulate::{self, Plan};

/// Cases planted in each world of a scenario that has some.
const GOUGERS: usize = 8;
const CARTELS: usize = 4;

/// The scores of one scenario, over its worlds.
#[derive(Clone, Debug, Default)]
pub struct Line {
    name: &'static str,
    worlds: usize,
    series: usize,
    gouging: Score,
    collusion: Score,
    pairs: Score,
    repeated: (usize, usize),
}

/// The head of the table of [`Line`]s, Markdown.
pub const HEAD: &str = "| scenario | worlds | series | single: planted | precision | recall | F1 | AP | false per 1,000 series | groups: planted | precision | recall | F1 | with 3 rises or more: found | pair F1 | false per world |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|";

/// Worlds of 3 cities × 2 goods × 40 sellers × 140 days, one per seed, with enterprises and, if asked, the cost series.
pub fn grid(scenario: &'static Scenario, seeds: RangeInclusive<u64>, costs: bool) -> Result<Line> {
    let mut line = Line { name: scenario.name, ..Line::default() };
    for seed in seeds {
        let (scores, series) = world(*scenario, seed, costs).with_context(|| format!("{} {seed}", scenario.name))?;
        line.worlds += 1;
        line.series += series;
        line.gouging.add(&scores.gouging);
        line.collusion.add(&scores.collusion);
        line.pairs.add(&scores.pairs);
        line.repeated = (line.repeated.0 + scores.repeated.0, line.repeated.1 + scores.repeated.1);
    }
    Ok(line)
}

fn world(scenario: Scenario, seed: u64, costs: bool) -> Result<(Scores, usize)> {
    let folder = tempfile::tempdir()?;
    let (gougers, cartels) = if scenario.planted { (GOUGERS, CARTELS) } else { (0, 0) };
    let size = Plan { cities: 3, goods: 2, sellers: 40, days: 140, ..Plan::default() };
    let files = simulate::files(&Plan { seed, scenario, gougers, cartels, ..size })?;
    for (name, bytes) in &files {
        std::fs::write(folder.path().join(name), bytes)?;
    }
    let path = |name: &str| vec![folder.path().join(name).display().to_string()];
    let mut job = Job { seed: 1, ..Job::default() };
    job.inputs.insert(TableKind::Prices, path("prices.csv"));
    job.inputs.insert(TableKind::Enterprises, path("enterprises.csv"));
    if costs {
        job.inputs.insert(TableKind::Costs, path("costs.csv"));
    }
    let analysed = analyse(&job, &settings::load(None)?, folder.path())?;
    let truth = files.iter().find(|f| f.0 == "truth.json").context("truth.json")?;
    Ok((evaluate::leads(std::str::from_utf8(&truth.1)?, &analysed.leads)?, analysed.read.panel.series.len()))
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v:.3}"));
        let (g, c) = (&self.gouging, &self.collusion);
        let wrong = |s: &Score| (s.leads - s.right) as f64;
        write!(f, "| {} | {} | {} | {} | {} ", self.name, self.worlds, self.series, g.planted, show(g.precision()))?;
        write!(f, "| {} | {} | {} ", show(g.recall()), show(g.f1()), show(g.average_precision))?;
        write!(f, "| {:.2} | {} ", 1000.0 * wrong(g) / self.series.max(1) as f64, c.planted)?;
        write!(f, "| {} | {} | {} ", show(c.precision()), show(c.recall()), show(c.f1()))?;
        write!(f, "| {} of {} | {} ", self.repeated.1, self.repeated.0, show(self.pairs.f1()))?;
        write!(f, "| {:.2} |", wrong(c) / self.worlds.max(1) as f64)
    }
}
