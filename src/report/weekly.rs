//! What the weeks add to a report: status and decision of each lead, leads gone or kept quiet, weekly levels.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::Results;
use super::tables::safe;
use crate::model::{Lang, Lead, Past, Status, Text, Weekly};

fn number(v: Option<f64>, digits: usize) -> String {
    v.filter(|v| v.is_finite()).map_or(String::new(), |v| format!("{v:.digits$}"))
}

fn small(v: f64) -> String {
    if v < 0.001 { format!("{v:.1e}") } else { format!("{v:.4}") }
}

/// For the page; `None` outside a casebook.
pub fn section(r: &Results<'_>) -> Option<Value> {
    let w = r.weekly?;
    let list = |all: &[Past]| -> Vec<Value> {
        let one = |p: &Past| {
            json!({"id": p.id, "kind": p.kind.name(), "names": p.names, "region": p.region, "product": p.product,
                "first": p.first_day, "last": p.last_day, "first_seen": p.first_seen, "rise": number(p.increase_pct, 1)})
        };
        all.iter().map(one).collect()
    };
    let level = |l: &crate::model::Level| {
        json!({"kind": l.kind.name(), "week": l.week, "total": l.total, "alpha": small(l.alpha),
            "wealth": small(l.wealth), "tested": l.tested, "found": l.found, "all": l.found_before + l.found})
    };
    let count = |s: Status| r.leads.iter().filter(|l| l.course.as_ref().is_some_and(|c| c.status == s)).count();
    let open = [Status::New, Status::Worsened, Status::Continuing, Status::Eased];
    let counts: Vec<Value> = open.iter().map(|s| json!({"word": s.words().get(r.lang), "n": count(*s)})).collect();
    Some(json!({"previous": w.previous, "closed": list(&w.closed), "quiet": list(&w.quiet),
        "levels": w.levels.iter().map(level).collect::<Vec<_>>(), "counts": counts}))
}

/// Status of one lead, since when, what changed, and the last decision; null outside a casebook.
pub fn course(r: &Results<'_>, l: &Lead) -> Option<Value> {
    let c = l.course.as_ref()?;
    let decision = c
        .decision
        .as_ref()
        .map(|d| json!({"status": d.status.get(r.lang), "note": d.note, "notice": d.notice_date, "by": d.by}));
    Some(json!({"status": c.status.name(), "word": c.status.words().get(r.lang), "since": c.since,
        "note": c.note.get(r.lang), "discovered": c.discovered, "decision": decision}))
}

/// The last four cells of a row of leads.csv: status, since, change, disposition.
pub fn cells(r: &Results<'_>, l: &Lead) -> [String; 4] {
    let Some(c) = &l.course else { return Default::default() };
    let decision = c.decision.as_ref().map_or(String::new(), |d| d.status.get(r.lang).to_owned());
    [c.status.name().to_owned(), c.since.to_string(), safe(c.note.get(r.lang)), decision]
}

/// Names as one cell.
pub fn joined_names<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|n| n.replace(';', "；")).collect::<Vec<_>>().join(";")
}

/// What became of the leads, in a word each, for the terminal.
pub fn line(w: &Weekly, leads: &[Lead], lang: Lang) -> String {
    let count = |s: Status| leads.iter().filter(|l| l.course.as_ref().is_some_and(|c| c.status == s)).count();
    let open = [Status::New, Status::Worsened, Status::Continuing, Status::Eased].map(|s| (s.words(), count(s)));
    let gone = (Status::Closed.words(), w.closed.len());
    let quiet = (Text::new("已排除、没有新情况", "excluded, nothing new"), w.quiet.len());
    let all = open.iter().chain([&gone, &quiet]);
    all.map(|(word, n)| format!("{} {n}", word.get(lang))).collect::<Vec<_>>().join(" · ")
}

/// closed.csv: leads that are gone since the run before, and excluded ones kept quiet.
pub fn closed(weekly: &Weekly) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let header = "lead_id kind status since first_seen last_seen region product sellers first_date last_date \
        observed_price increase_pct excess_amount rules seller_names";
    out.write_record(header.split_whitespace())?;
    let closed = weekly.closed.iter().map(|p| ("closed", p));
    for (status, p) in closed.chain(weekly.quiet.iter().map(|p| ("quiet", p))) {
        out.write_record([
            p.id.clone(),
            p.kind.name().to_owned(),
            status.to_owned(),
            p.since.to_string(),
            p.first_seen.to_string(),
            p.last_seen.to_string(),
            safe(&p.region),
            safe(&p.product),
            safe(&p.sellers.join(";")),
            p.first_day.to_string(),
            p.last_day.to_string(),
            number(p.observed_price, 4),
            number(p.increase_pct, 1),
            number(p.excess_amount, 2),
            p.rules.join(";"),
            safe(&joined_names(p.names.iter())),
        ])?;
    }
    out.into_inner().context("closed.csv")
}
