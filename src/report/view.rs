//! What is shown of a run, as text in one language: the same for the page and for the bulletin.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Results, page as one_language, rules, weekly};
use crate::model::{CostExplained, Day, Grade, Kind, Lang, Lead, Sheet, State, Text, masked};

/// Kinds a lead may have, in the order of the list.
pub const KINDS: [Kind; 5] = [Kind::Gouging, Kind::Collusion, Kind::PriceFraud, Kind::Certification, Kind::Tender];

/// Our own words in one language.
pub fn words(lang: Lang) -> Result<Value> {
    let words: Value = toml::from_str(include_str!("words.toml")).context("words.toml")?;
    Ok(words[if lang == Lang::Zh { "zh" } else { "en" }].clone())
}

/// Year, month, day.
pub fn parts(day: Day) -> Value {
    let date = day.or_first().date();
    json!([date.year(), date.month(), date.day()])
}

/// Period, coverage, sums, versions.
pub fn head(r: &Results<'_>) -> Value {
    let days = || r.panel.points.day.iter().copied();
    let show = |d: Option<i32>| d.map_or(String::new(), |d| crate::model::Day(d).to_string());
    let files: Vec<Value> = r
        .files
        .iter()
        .zip(r.inputs)
        .map(|(f, i)| json!({"f": f, "name": f.path, "sha256": i.sha256, "sm3": i.sm3}))
        .collect();
    json!({
        "lang": if r.lang == Lang::Zh { "zh" } else { "en" }, "first": show(days().min()), "last": show(days().max()),
        "as_of": r.context.as_of, "date": parts(r.context.as_of), "version": env!("CARGO_PKG_VERSION"),
        "seed": r.context.seed, "total": r.total, "files": files, "sellers": r.panel.sellers.len(),
        "series": r.panel.series.len(), "cells": r.panel.cells.len(), "leads": r.leads.len(),
        "regions": r.panel.cells.iter().map(|c| &c.region).collect::<std::collections::BTreeSet<_>>().len(),
        "unknown_regions": r.unknown_regions, "certificates": certificates(r),
    })
}

/// A number with so many digits, or a dash where it is not known.
pub fn number(value: Option<f64>, digits: usize) -> String {
    value.filter(|v| v.is_finite()).map_or("–".to_owned(), |v| format!("{v:.digits$}"))
}

/// Money with its currency, or a dash where it is not known.
fn money(r: &Results<'_>, value: Option<f64>) -> String {
    let plain = number(value, 2);
    if plain == "–" { plain } else { format!("{plain} {}", r.panel.currency.get(r.lang)) }
}

/// A probability: never a bare zero.
fn chance(p: Option<f64>) -> String {
    p.map_or("–".to_owned(), |p| if p < 0.0001 { format!("{p:.0e}") } else { format!("{p:.4}") })
}

/// Counts of leads by kind: quality, cost, money.
pub fn by_kind(r: &Results<'_>) -> Vec<Value> {
    let one = |kind: Kind| {
        let of: Vec<&Lead> = r.leads.iter().filter(|l| l.kind == kind).collect();
        let grade = |g: Grade| of.iter().filter(|l| l.quality == g).count();
        let cost = |c: CostExplained| of.iter().filter(|l| l.cost == c).count();
        let sum = of.iter().filter_map(|l| l.excess_amount).fold(None, |s: Option<f64>, x| Some(s.unwrap_or(0.0) + x));
        json!({"kind": kind.name(), "n": of.len(), "a": grade(Grade::A), "b": grade(Grade::B), "c": grade(Grade::C),
            "unexplained": cost(CostExplained::Unexplained), "explained": cost(CostExplained::Explained),
            "unknown": cost(CostExplained::Unknown), "excess": money(r, sum)})
    };
    KINDS.map(one).into_iter().collect()
}

/// Counts by place: leads of each kind, series watched. Most leads first.
pub fn by_place(r: &Results<'_>) -> Vec<Value> {
    let place = |region: &str| r.regions.get(region).map_or_else(|| region.to_owned(), |c| c.1.clone());
    let mut of: BTreeMap<String, (usize, [usize; 5])> = BTreeMap::new();
    for cell in &r.panel.cells {
        of.entry(place(&cell.region)).or_default().0 += cell.series.len();
    }
    for lead in r.leads {
        if let Some(k) = KINDS.iter().position(|k| *k == lead.kind) {
            of.entry(place(&lead.region)).or_default().1[k] += 1;
        }
    }
    let mut of: Vec<(String, (usize, [usize; 5]))> = of.into_iter().collect();
    of.sort_by_key(|(name, (_, n))| (std::cmp::Reverse(n.iter().sum::<usize>()), name.clone()));
    of.into_iter()
        .map(
            |(name, (series, n))| json!({"name": name, "series": series, "leads": n.iter().sum::<usize>(), "kinds": n}),
        )
        .collect()
}

/// Rises the whole market shares.
pub fn events(r: &Results<'_>) -> Vec<Value> {
    let of = r.findings.iter().filter(|f| f.kind == Kind::MarketEvent);
    of.map(|f| json!({"from": f.window.0, "to": f.window.1, "rise": format!("{:.0} %", f.measured), "text": f.reason.get(r.lang)}))
        .collect()
}

/// What each screen examined, found and could not judge; its page and parameters.
pub fn screens(r: &Results<'_>) -> Vec<Value> {
    let one = |s: &&'static crate::model::Screen| {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for k in r.skips.iter().filter(|k| k.screen == s.id) {
            *reasons.entry(k.reason.get(r.lang)).or_default() += 1;
        }
        let params: Vec<String> =
            s.params.iter().map(|p| format!("{} = {} {}", p.name, r.knobs[s.id].get(p), p.unit)).collect();
        let page = one_language(s.page, r.lang);
        json!({"id": s.id, "title": if r.lang == Lang::Zh { s.title.0 } else { s.title.1 }, "page": page,
            "flags": flags(page), "params": params.join("; "), "reasons": reasons,
            "examined": r.examined.iter().find(|e| e.0 == s.id).map_or(0, |e| e.1),
            "findings": r.findings.iter().filter(|f| f.screen == s.id).count()})
    };
    r.screens.iter().map(one).collect()
}

/// What a screen flags: the first section of its page.
fn flags(page: &str) -> &str {
    page.split("\n## ").nth(1).and_then(|s| s.split_once('\n')).map_or("", |s| s.1.trim())
}

/// Checks of certificates: id, judged, found, not judged.
fn certificates(r: &Results<'_>) -> Vec<Value> {
    r.certificates.iter().map(|c| json!({"id": c.0, "examined": c.1, "found": c.2, "skipped": c.3})).collect()
}

/// A lead in one line of the list.
pub fn listed(r: &Results<'_>, l: &Lead) -> Value {
    let names: Vec<Value> =
        l.names.iter().map(|(id, name)| json!({"id": shown(&masked(id)), "name": shown(name)})).collect();
    let unit = l.cell.map_or(String::new(), |c| r.panel.price_unit(&r.panel.cells[c]).get(r.lang).to_owned());
    json!({
        "id": l.id, "kind": l.kind.name(), "sellers": names, "product": shown(&l.product), "market": shown(&l.market),
        "place": r.regions.get(&l.region).map_or_else(|| shown(&l.region), |c| c.1.clone()),
        "unit": unit, "first": l.first_day, "last": l.last_day, "reference": number(l.reference_price, 2),
        "observed": number(l.observed_price, 2), "increase": number(l.increase_pct, 0),
        "excess": number(l.excess_amount, 2), "cost": l.cost.name(), "quality": grade(l.quality), "q": chance(l.q_value),
        "hits": l.screens.iter().copied().chain(l.rules.iter().map(String::as_str)).collect::<Vec<_>>(),
        "course": weekly::course(r, l), "status": l.course.as_ref().map(|c| c.status.words().get(r.lang).to_owned()),
    })
}

fn grade(g: Grade) -> &'static str {
    match g {
        Grade::A => "A",
        Grade::B => "B",
        Grade::C => "C",
    }
}

/// A name from a file: what is unseen by its code, and not endlessly long.
pub fn shown(text: &str) -> String {
    super::pdf::name(&super::font::plain(text))
}

/// All that is shown of a lead.
pub fn lead(r: &Results<'_>, l: &Lead) -> Result<Value> {
    let f = &r.findings[l.findings[0]];
    let file = |row: crate::model::RowRef| shown(&r.files[row.file() as usize].path);
    let rows: Vec<Value> =
        f.rows.iter().map(|n| json!({"file": file(n.row), "line": n.row.line(), "role": n.role.get(r.lang)})).collect();
    let steps: Vec<Value> = f
        .steps
        .iter()
        .map(|s| {
            let seller = &r.panel.sellers[r.panel.series[s.series].seller as usize].name;
            json!({"seller": shown(seller), "last_old": s.last_old, "first_new": s.first_new, "old": number(Some(s.old), 2), "new": number(Some(s.new), 2), "episode": s.episode})
        })
        .collect();
    let price_unit = f.subject.cell.map_or(Text::default(), |c| r.panel.price_unit(&r.panel.cells[c]));
    let unit = |u: &str| if u == price_unit.zh { price_unit.get(r.lang).to_owned() } else { u.to_owned() };
    let digits = |v: f64, u: &str| if v.fract() == 0.0 && matches!(u, "" | "day") { 0 } else { 3 };
    let facts: Vec<Value> = f
        .facts
        .iter()
        .map(|(k, v, u)| json!({"name": k, "value": number(Some(*v), digits(*v, u)), "unit": unit(u)}))
        .collect();
    let innocent: Vec<Value> =
        l.innocent.iter().map(|c| json!({"text": c.text.get(r.lang), "state": state(c.state)})).collect();
    let sheets: Vec<Value> =
        l.findings.iter().filter_map(|i| r.findings[*i].sheet.as_ref()).map(|s| sheet(r, s)).collect();
    let told = if l.kind == Kind::Collusion { &[][..] } else { &l.series[..l.series.len().min(1)] };
    let judged = r.judged.iter().filter(|j| told.contains(&j.series) && j.over().is_some());
    let mut value = listed(r, l);
    let more = json!({
        "excess": money(r, l.excess_amount), "summary": shown(l.summary.get(r.lang)),
        "notes": l.quality_notes.iter().map(|t| t.get(r.lang)).collect::<Vec<_>>(),
        "p": chance(f.p_value), "floor": chance(f.p_floor), "tested": f.tested,
        "measured": number(Some(f.measured), 1), "threshold": number(Some(f.threshold), 1), "measure": unit(&f.unit),
        "screen": f.screen, "sheets": sheets, "judged": judged.map(|j| rules::shown(r, j)).collect::<Vec<_>>(),
        "facts": facts, "rows": rows, "steps": steps, "innocent": innocent,
        "next": l.next_steps.iter().map(|t| t.get(r.lang)).collect::<Vec<_>>(),
    });
    if let (Value::Object(into), Value::Object(more)) = (&mut value, more) {
        into.extend(more);
    }
    Ok(value)
}

fn state(s: State) -> &'static str {
    match s {
        State::Yes => "yes",
        State::No => "no",
        State::Unknown => "unknown",
    }
}

fn sheet(r: &Results<'_>, s: &Sheet) -> Value {
    let columns: Vec<&str> = s.columns.iter().map(|c| c.get(r.lang)).collect();
    let rows: Vec<Vec<String>> = s.rows.iter().map(|row| row.iter().map(|c| shown(c)).collect()).collect();
    json!({"title": s.title.get(r.lang), "columns": columns, "rows": rows})
}
