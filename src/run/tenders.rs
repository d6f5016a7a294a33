//! `train-tenders`: reads labelled tenders, says how well scores find them, writes a model.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::detect::tender::features::{Table, features, markets, ranked};
use crate::detect::tender::joined::{Model, Scope, format, row, unsupervised};
use crate::detect::tender::validate::{FOLDS, bidder_blocks, held_back, held_back_logistic, stratified, time_blocks};
use crate::ingest::{self, Bids, source};
use crate::model::{Format, TableKind, Tenders};
use crate::settings::Settings;
use crate::stats::ranking::{auc, balanced_accuracy};

/// What `train-tenders` was asked.
#[derive(Clone, Debug)]
pub struct Training {
    /// Files; each is a market.
    pub files: Vec<String>,
    /// Header of the column that says whether a tender was arranged.
    pub labels: String,
    /// Header of the column that says it of a bidder.
    pub bidder_labels: Option<String>,
    /// What the model may use.
    pub scope: Scope,
    /// Where the model goes; `None` = only scores are shown.
    pub out: Option<PathBuf>,
    /// Plain validation is done this many times.
    pub repeats: u64,
    /// Seed.
    pub seed: u64,
}

/// Labelled tenders.
struct Labelled {
    all: Tenders,
    table: Table,
    /// Of each tender.
    truth: Vec<Option<bool>>,
    /// Of each bid's bidder.
    bidder_truth: Vec<Option<bool>>,
    /// Name of each market.
    names: Vec<String>,
}

/// Scores and, where asked, a model; what it returns is for people (Markdown).
pub fn train(asked: &Training, settings: &Settings) -> Result<String> {
    let data = read(asked, settings)?;
    let given = settings.tender_model.as_deref().map(|path| scores(path, &data.all)).transpose()?;
    let mut text = String::new();
    for (m, tenders) in markets(&data.all).into_iter().enumerate() {
        text += &market(&data, asked, &data.names[m], &tenders, given.as_deref())?;
    }
    text += &across(&data, asked);
    if let Some(out) = &asked.out {
        let (x, y) = cases(&data, &(0..data.all.list.len()).collect::<Vec<_>>(), asked.scope);
        let Some(model) = Model::fit(&x, &y, asked.scope, asked.seed) else {
            bail!("标签只有一类，无法训练 / the labels are of one class only: nothing to train on");
        };
        write(out, &serde_json::to_vec(&model)?)?;
    }
    Ok(text)
}

/// Whole or not at all.
fn write(out: &Path, bytes: &[u8]) -> Result<()> {
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temp = tempfile::NamedTempFile::new_in(folder).with_context(|| folder.display().to_string())?;
    std::fs::write(temp.path(), bytes).with_context(|| out.display().to_string())?;
    temp.persist(out).with_context(|| out.display().to_string())?;
    Ok(())
}

/// A model from its file.
fn load(path: &Path) -> Result<Model> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: 打不开 / cannot open", path.display()))?;
    let model: Model = serde_json::from_str(&text)
        .with_context(|| format!("{}: 不是 train-tenders 写的模型 / not a model of train-tenders", path.display()))?;
    if model.version != crate::detect::tender::joined::VERSION {
        bail!("{}: 模型版本不同，请重新训练 / the model is of another version: train it again", path.display());
    }
    Ok(model)
}

/// What a model says of each tender.
pub fn scores(path: &Path, all: &Tenders) -> Result<Vec<f64>> {
    Ok(load(path)?.scores(&ranked(all, &features(all))))
}

fn read(asked: &Training, settings: &Settings) -> Result<Labelled> {
    let mut options = settings.options.clone();
    let mapping = options.columns.entry(TableKind::Tenders).or_default();
    mapping.insert("label".into(), asked.labels.clone());
    mapping.extend(asked.bidder_labels.iter().map(|l| ("bidder_label".to_owned(), l.clone())));
    let (mut rows, mut names) = (Vec::new(), Vec::new());
    for (market, path) in (0u32..).zip(source::expand(&asked.files)?) {
        let mut bids = Bids::default(); // each file is a market by itself
        let read = ingest::read_tenders(&path, market, market, &options, &mut bids)?;
        if bids.all.iter().all(|r| r.1.0.is_none()) {
            bail!("{}: 没有标签列“{1}” / no labels in column \"{1}\"", path.display(), asked.labels);
        }
        rows.extend(bids.all);
        let r = read.report.rows;
        let (read, used, lost, twice) = (r.rows_read, r.rows_used, r.rows_rejected, r.duplicates);
        eprintln!(
            "{}: {read} = {used} + {lost} + {twice}（使用、拒绝、重复 / used, rejected, duplicates）",
            path.display()
        );
        names.push(path.file_stem().map_or(String::new(), |n| n.to_string_lossy().into_owned()));
    }
    let truth_of: std::collections::BTreeMap<_, _> = rows.iter().map(|(bid, truth)| (bid.row, *truth)).collect();
    let mut all = Tenders::new(rows.into_iter().map(|r| r.0).collect());
    all.format = settings.tender_format;
    let of_bid = |b: usize| truth_of.get(&all.row[b]).copied().unwrap_or((None, None));
    // A tender is positive where any of its rows says so.
    let truth = all.list.iter().map(|t| t.bids.clone().filter_map(|b| of_bid(b).0).reduce(|a, b| a || b)).collect();
    let bidder_truth = (0..all.amount.len()).map(|b| of_bid(b).1).collect();
    let table = ranked(&all, &features(&all));
    Ok(Labelled { all, table, truth, bidder_truth, names })
}

/// Features and labels of those tenders that have a label.
fn cases(data: &Labelled, tenders: &[usize], scope: Scope) -> (Vec<Vec<f32>>, Vec<bool>) {
    let labelled = tenders.iter().filter_map(|t| Some((row(&data.table[*t], scope), data.truth[*t]?)));
    labelled.unzip()
}

fn market(data: &Labelled, asked: &Training, name: &str, tenders: &[usize], given: Option<&[f64]>) -> Result<String> {
    let tenders: Vec<usize> = tenders.iter().copied().filter(|t| data.truth[*t].is_some()).collect();
    let (_, y) = cases(data, &tenders, Scope::Bids);
    let positive = y.iter().filter(|y| **y).count();
    let bids: usize = tenders.iter().map(|t| data.all.list[*t].bids.len()).sum();
    let kind = match format(&data.all, &tenders) {
        Format::Lowest => "lowest bid wins",
        Format::AverageBid => "average-bid format",
    };
    let mut text = format!(
        "## {name}: {} tenders, {bids} bids, {positive} labelled positive; {kind}\n\n| score | folds | AUC | balanced accuracy | tenders scored |\n|---|---|---|---|---|\n",
        tenders.len()
    );
    let default = unsupervised(&data.all, &data.table);
    let free: Vec<Option<f64>> = tenders.iter().map(|t| Some(default[*t])).collect();
    text += &line("default, no labels", "–", &y, std::slice::from_ref(&free));
    if let Some(given) = given {
        let found: Vec<Option<f64>> = tenders.iter().map(|t| Some(given[*t])).collect();
        text += &line("the tender_model of the settings", "–", &y, &[found]);
    }
    let mut best = None;
    for scope in Scope::ALL {
        let (x, _) = cases(data, &tenders, scope);
        if scope != Scope::Bids && tenders.iter().all(|t| only_bids(data, *t, scope)) {
            continue;
        }
        let title = format!("forest, {}", scope_name(scope));
        let plain: Vec<_> = (0..asked.repeats)
            .map(|r| held_back(&x, &y, &stratified(&y, FOLDS, asked.seed + r), scope, asked.seed + r))
            .collect();
        text += &line(&title, &format!("{FOLDS}-fold × {}", asked.repeats), &y, &plain);
        let linear: Vec<_> =
            (0..asked.repeats).map(|r| held_back_logistic(&x, &y, &stratified(&y, FOLDS, asked.seed + r))).collect();
        text += &line(
            &format!("logistic, {}", scope_name(scope)),
            &format!("{FOLDS}-fold × {}", asked.repeats),
            &y,
            &linear,
        );
        for (what, without, folds) in [
            ("bidder-disjoint", "no bidders named", bidder_blocks(&data.all, &tenders)),
            (
                "time-disjoint",
                "no times told",
                time_blocks(&tenders.iter().map(|t| data.all.list[*t].order).collect::<Vec<_>>()),
            ),
        ] {
            text += &match folds {
                Some(folds) => line(&title, what, &y, &[held_back(&x, &y, &folds, scope, asked.seed)]),
                None => format!("| {title} | {what} | {without} | | |\n"),
            };
        }
        best = plain.into_iter().next().or(best);
    }
    text += &bidders(data, &tenders, &free, "default, no labels");
    if let Some(best) = best {
        text += &bidders(data, &tenders, &best, "forest, widest features, 10-fold");
    }
    Ok(text + "\n")
}

/// Whether a wider scope says nothing new of a tender.
fn only_bids(data: &Labelled, t: usize, scope: Scope) -> bool {
    let narrower = if scope == Scope::Product { Scope::Bids } else { Scope::Product };
    let (a, b) = (row(&data.table[t], narrower).len(), row(&data.table[t], scope));
    b[a..].iter().all(|v| *v < 0.0)
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Bids => "bids",
        Scope::Product => "bids + product",
        Scope::Bidders => "bids + product + bidders",
    }
}

/// One line of the table: mean over repeats, and the spread where there are several.
fn line(score: &str, folds: &str, y: &[bool], repeats: &[Vec<Option<f64>>]) -> String {
    let pick = |scores: &Vec<Option<f64>>| -> (Vec<f64>, Vec<bool>) {
        scores.iter().zip(y).filter_map(|(s, y)| Some(((*s)?, *y))).unzip()
    };
    let picked: Vec<_> = repeats.iter().map(pick).collect();
    let areas: Vec<f64> = picked.iter().filter_map(|(s, y)| auc(s, y)).collect();
    let Some(mean) = mean(&areas) else {
        return format!("| {score} | {folds} | one class only, in training or test | | |\n");
    };
    let spread = areas.iter().copied().fold(f64::MIN, f64::max) - areas.iter().copied().fold(f64::MAX, f64::min);
    let shown = if areas.len() > 1 { format!("{mean:.3} (range {spread:.3})") } else { format!("{mean:.3}") };
    let accurate: Vec<f64> = picked.iter().filter_map(|(s, y)| balanced_accuracy(s, y, threshold(y))).collect();
    let accurate = self::mean(&accurate).filter(|_| folds != "–").map_or("–".into(), |a| format!("{a:.3}"));
    format!("| {score} | {folds} | {shown} | {accurate} | {} |\n", picked[0].0.len())
}

/// Calibrated chances are cut at the share of positive tenders, where both classes weigh the same.
fn threshold(y: &[bool]) -> f64 {
    y.iter().filter(|y| **y).count() as f64 / y.len().max(1) as f64
}

fn mean(v: &[f64]) -> Option<f64> {
    (!v.is_empty()).then(|| v.iter().sum::<f64>() / v.len() as f64)
}

/// The bidder of each bid, by the score of its tender and, where bidders are named, the mean over its tenders.
fn bidders(data: &Labelled, tenders: &[usize], scores: &[Option<f64>], what: &str) -> String {
    let mut of: std::collections::BTreeMap<u32, (f64, f64)> = Default::default();
    for (t, s) in tenders.iter().zip(scores) {
        for b in data.all.parties(&data.all.list[*t]) {
            let sum = of.entry(b).or_default();
            *sum = (sum.0 + s.unwrap_or(0.0), sum.1 + f64::from(u8::from(s.is_some())));
        }
    }
    let (mut found, mut truth) = (Vec::new(), Vec::new());
    for (t, s) in tenders.iter().zip(scores) {
        for b in data.all.list[*t].bids.clone() {
            let habit = data.all.bidder[b].and_then(|x| of.get(&x)).filter(|x| x.1 > 0.0).map(|x| x.0 / x.1);
            if let (Some(s), Some(y)) = (s, data.bidder_truth[b]) {
                found.push((s + habit.unwrap_or(*s)) / 2.0);
                truth.push(y);
            }
        }
    }
    auc(&found, &truth)
        .map_or(String::new(), |a| format!("| bids by bidder: {what} | – | {a:.3} | – | {} bids |\n", found.len()))
}

/// Trained on all markets but one, tried on that one.
fn across(data: &Labelled, asked: &Training) -> String {
    let markets = markets(&data.all);
    if markets.len() < 2 {
        return String::new();
    }
    let mut text = String::from("## Leave one market out\n\n| tried on | features | AUC |\n|---|---|---|\n");
    for (m, test) in markets.iter().enumerate() {
        let rest: Vec<usize> = (0..markets.len()).filter(|o| *o != m).flat_map(|o| markets[o].clone()).collect();
        for scope in [Scope::Bids, Scope::Bidders] {
            let ((x, y), (new, truth)) = (cases(data, &rest, scope), cases(data, test, scope));
            let area = Model::fit(&x, &y, scope, asked.seed)
                .and_then(|model| auc(&new.iter().map(|r| model.score(r)).collect::<Vec<_>>(), &truth));
            let area = area.map_or("–".into(), |a| format!("{a:.3}"));
            text += &format!("| {} | {} | {area} |\n", data.names[m], scope_name(scope));
        }
    }
    text + "\n"
}
