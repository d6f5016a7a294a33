//! What an investigator puts into the case file: the rows, every number from row to result, the method, the hashes.

mod calculation;
mod cover;
mod rows;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::chart;
use super::{Results, manifest, page, paper, view};
use crate::model::{Kind, Lang, Lead, RowRef, SourceRow, Text};

/// Relative path and bytes of each file.
type Files = Vec<(String, Vec<u8>)>;

/// The files of a lead's folder; `rows` are the source rows of its series, `text` the text of each row as it stands in
/// its file.
pub fn evidence(r: &Results<'_>, lead: &Lead, rows: &[SourceRow], text: &BTreeMap<RowRef, String>) -> Result<Files> {
    let mut files = Files::new();
    for mut chart in chart::of_lead(r, lead, rows)? {
        chart.name = chart.name.rsplit('/').next().unwrap_or(&chart.name).to_owned();
        files.extend(chart::export(&chart, Some(r.context.as_of))?);
    }
    files.push(("rows.csv".into(), rows::csv(r, rows, lead, text)?));
    let cell = |s: &usize| r.panel.series[*s].cell as usize;
    let goods = lead.series.chunk_by(|a, b| cell(a) == cell(b)).map(|of| cell(&of[0]));
    let several = if lead.kind == Kind::Collusion { usize::MAX } else { 1 };
    for (c, number) in goods.take(several).zip(1..) {
        let name = if number == 1 { "market.csv".to_owned() } else { format!("market-{number}.csv") };
        files.extend(market(r, c)?.map(|bytes| (name, bytes)));
    }
    both(r, "calculation", &calculation::parts(r, lead, rows)?, &mut files)?;
    files.push(("method.md".into(), method(r, lead)?.into_bytes()));
    let cover = cover::parts(r, lead, &files);
    both(r, "cover", &cover, &mut files)?;
    files.sort();
    let sums: String = files.iter().map(|(name, bytes)| format!("{}  {name}\n", manifest::sha256(bytes))).collect();
    files.push(("SHA256SUMS".into(), sums.into_bytes()));
    Ok(files)
}

/// The market of a cell, day by day: how many series, quartiles, and the index with each seller's level
/// taken out (1 on the first day).
fn market(r: &Results<'_>, cell: usize) -> Result<Option<Vec<u8>>> {
    let days = &r.panel.cells[cell].market;
    if days.is_empty() {
        return Ok(None);
    }
    let mut out = ::csv::Writer::from_writer(Vec::new());
    out.write_record(["date", "series", "quartile_1", "median", "quartile_3", "index"])?;
    for d in days {
        let index = (d.index - days[0].index).exp();
        let number = |v: f64, digits: usize| if v.is_finite() { format!("{v:.digits$}") } else { String::new() };
        let prices = [d.q1, d.median, d.q3].map(|v| number(v, 4));
        let [q1, median, q3] = prices;
        out.write_record([d.day.to_string(), d.n.to_string(), q1, median, q3, number(index, 6)])?;
    }
    Ok(Some(out.into_inner().context("market.csv")?))
}

fn both(r: &Results<'_>, name: &str, parts: &[paper::Part], files: &mut Files) -> Result<()> {
    files.push((format!("{name}.md"), paper::markdown(parts).into_bytes()));
    files.push((format!("{name}.html"), paper::page(parts, r.lang)?.into_bytes()));
    Ok(())
}

fn say(r: &Results<'_>, zh: &str, en: &str) -> String {
    if r.lang == Lang::Zh { zh.to_owned() } else { en.to_owned() }
}

fn file(r: &Results<'_>, row: RowRef) -> String {
    r.files[row.file() as usize].path.clone()
}

/// The pages of the screens and rules as used, with their parameters.
fn method(r: &Results<'_>, lead: &Lead) -> Result<String> {
    let (mut text, words) = (String::new(), view::words(r.lang)?);
    for screen in r.screens.iter().filter(|s| lead.screens.contains(&s.id)) {
        text += page(screen.page, r.lang);
        text += "\n\n";
        for p in screen.params {
            let (name, value) = view::param(r, &words, screen.id, p);
            text += &format!("- {name} = {value}\n");
        }
        text += "\n";
    }
    for f in lead.findings.iter().map(|i| &r.findings[*i]) {
        let rule = f.rule.as_ref().and_then(|id| r.rules.iter().find(|x| x.id == *id));
        if let Some(rule) = rule {
            let none = Text::default();
            let page = (r.rule_page)(rule);
            text += if page == none { "" } else { page.get(r.lang) };
            text += "\n\n";
        }
    }
    let limits = say(
        r,
        "筛查结果不能证明违法；平行定价可能合法；未被标记不等于合规。\n",
        "A screen proves nothing; parallel prices may be lawful; no flag is no clearance.\n",
    );
    Ok(text + &limits)
}
