//! `pricewatch segment`: when did one series change?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::ingest::series::{Pick, SeriesFile, read_series};
use crate::model::Lang;
use crate::stats::agreement::{covering, f1};
use crate::stats::pieces::{Cut, Method, Pieces, level_and_slope};

/// Steps within which a found change counts as the marked one (van den Burg & Williams 2020).
const MARGIN: usize = 5;

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct SegmentJob {
    /// Files.
    pub files: Vec<PathBuf>,
    /// Which columns.
    pub pick: Pick,
    /// Logarithms of the values.
    pub log: bool,
    /// Level pieces at this penalty per change, instead of the criterion.
    pub penalty: Option<f64>,
    /// Marks of people, to be scored against.
    pub annotations: Option<PathBuf>,
    /// JSON instead of text.
    pub json: bool,
    /// Language of the text.
    pub lang: Lang,
}

/// Series → annotator → positions.
type Marks = BTreeMap<String, BTreeMap<String, Vec<usize>>>;

/// What the command prints.
pub fn segment(job: &SegmentJob) -> Result<String> {
    let marks: Marks = job.annotations.as_deref().map(read_marks).transpose()?.unwrap_or_default();
    let mut all = Vec::new();
    for path in &job.files {
        let series = read_series(path, &job.pick)?;
        all.push(one(&series, job, &marks).with_context(|| path.display().to_string())?);
    }
    if job.json {
        return Ok(serde_json::to_string_pretty(&all)? + "\n");
    }
    let mut text: String = all.iter().map(|v| told(v, job.lang)).collect();
    let mean = |key: &str| {
        let scores: Vec<f64> = all.iter().filter_map(|v| v[key].as_f64()).collect();
        (!scores.is_empty()).then(|| (scores.len(), scores.iter().sum::<f64>() / scores.len() as f64))
    };
    if let (Some((n, f1)), Some((_, covering))) = (mean("f1"), mean("covering")) {
        text += &format!("{n} 个序列平均 / mean of {n} series: F1 {f1:.3}, covering {covering:.3}\n");
    }
    Ok(text)
}

fn read_marks(path: &Path) -> Result<Marks> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: 打不开 / cannot open", path.display()))?;
    serde_json::from_str(&text).with_context(|| {
        format!(
            "{}: 应为 {{序列: {{标注者: [位置]}}}} / expected {{series: {{annotator: [positions]}}}}",
            path.display()
        )
    })
}

fn one(series: &SeriesFile, job: &SegmentJob, marks: &Marks) -> Result<Value> {
    let mut values: Vec<Vec<f64>> = series.columns.iter().map(|c| c.1.clone()).collect();
    if job.log {
        if values.iter().flatten().any(|v| *v <= 0.0) {
            bail!("有不大于零的值，不能取对数 / values that are not positive have no logarithm; leave out --log");
        }
        values.iter_mut().flatten().for_each(|v| *v = v.ln());
    }
    let n = values.first().map_or(0, Vec::len);
    let pieces = Pieces::new(&values);
    // A series that never moves has no change.
    let still = Cut { method: Method::Steps, starts: Vec::new(), objective: 0.0, unbroken: 0.0 };
    let cut = pieces.map_or(still, |p| job.penalty.map_or_else(|| p.cut(), |penalty| p.levels(penalty)));
    let method = match cut.method {
        Method::Pieces => "pieces",
        Method::Steps => "steps",
        Method::Levels => "levels",
    };
    let mut bounds = vec![0];
    bounds.extend(&cut.starts);
    bounds.push(n);
    let time = |i: usize| series.times.get(i).map_or(Value::Null, |t| json!(t));
    let columns = |a: usize, b: usize| -> Vec<Value> {
        let said = series.columns.iter().map(|(name, v)| (name, level_and_slope(&v[a..b])));
        said.map(|(name, fit)| json!({"column": name, "level": fit.map(|f| f.0), "slope": fit.map(|f| f.1)})).collect()
    };
    let told = bounds.windows(2).map(|w| {
        json!({"first": w[0], "last": w[1] - 1, "first_time": time(w[0]), "last_time": time(w[1] - 1),
            "columns": columns(w[0], w[1])})
    });
    let missing = values.iter().flatten().filter(|v| v.is_nan()).count();
    let mut out = json!({"name": series.name, "n": n, "missing": missing, "method": method,
        "change_points": cut.starts, "objective": cut.objective, "objective_unbroken": cut.unbroken,
        "pieces": told.collect::<Vec<_>>()});
    if let Some(marked) = marks.get(&series.name) {
        let marked: Vec<Vec<usize>> = marked.values().cloned().collect();
        out["f1"] = json!(f1(&marked, &cut.starts, MARGIN));
        out["covering"] = json!(covering(&marked, &cut.starts, n));
    }
    Ok(out)
}

/// A few lines per series for people.
fn told(v: &Value, lang: Lang) -> String {
    let (name, n) = (v["name"].as_str().unwrap_or_default(), &v["n"]);
    let pieces = v["pieces"].as_array().cloned().unwrap_or_default();
    let changes = pieces.len().saturating_sub(1);
    let mut text = match (lang, v["method"].as_str()) {
        (Lang::Zh, Some("steps")) => format!("{name}：{n} 个值，标价不动或跳动，{changes} 处变化\n"),
        (Lang::Zh, _) => format!("{name}：{n} 个值，{changes} 处变化\n"),
        (Lang::En, Some("steps")) => format!("{name}: {n} values, a posted price, {changes} changes\n"),
        (Lang::En, _) => format!("{name}: {n} values, {changes} changes\n"),
    };
    let number = |v: &Value| v.as_f64().map_or("–".to_owned(), |v| format!("{v:.4}"));
    for w in pieces.windows(2) {
        let when = w[1]["first_time"].as_str().map_or(String::new(), |t| format!(" ({t})"));
        text += &format!("  {}{when}", w[1]["first"]);
        let columns = |p: &Value| p["columns"].as_array().cloned().unwrap_or_default();
        for (old, new) in columns(&w[0]).iter().zip(columns(&w[1])) {
            let (mean, slope) = if lang == Lang::Zh { ("均值", "斜率") } else { ("mean", "slope") };
            text += &format!(
                "  {}: {mean} {} → {}, {slope} {} → {}",
                new["column"].as_str().unwrap_or_default(),
                number(&old["level"]),
                number(&new["level"]),
                number(&old["slope"]),
                number(&new["slope"])
            );
        }
        text += "\n";
    }
    if let (Some(f1), Some(covering)) = (v["f1"].as_f64(), v["covering"].as_f64()) {
        text += &format!("  F1 {f1:.3}, covering {covering:.3}\n");
    }
    text
}
