//! report.html: one self-contained page that opens offline and prints.

use anyhow::{Context as _, Result};
use minijinja::{AutoEscape, Environment};
use serde_json::{Value, json};

use super::{Results, chart, font, page as one_language, rules, weekly};
use crate::model::{Kind, Lang, Lead, Sheet, State, Text, masked};

/// The page. `charts` holds (name, SVG) per lead.
pub fn page(r: &Results<'_>, charts: &[Vec<(String, String)>]) -> Result<String> {
    let words: Value = toml::from_str(include_str!("words.toml")).context("words.toml")?;
    let key = if r.lang == Lang::Zh { "zh" } else { "en" };
    let leads: Result<Vec<Value>> = r.leads.iter().zip(charts).map(|(l, c)| lead(r, l, c)).collect();
    let events: Vec<Value> = r
        .findings
        .iter()
        .filter(|f| f.kind == Kind::MarketEvent)
        .map(|f| json!({"from": f.window.0, "to": f.window.1, "rise": format!("{:.0} %", f.measured), "text": f.reason.get(r.lang)}))
        .collect();
    let screens: Vec<Value> = r
        .screens
        .iter()
        .map(|s| {
            let count = r.findings.iter().filter(|f| f.screen == s.id).count();
            let skips = r.skips.iter().filter(|k| k.screen == s.id);
            let mut reasons: std::collections::BTreeMap<&str, usize> = Default::default();
            for k in skips {
                *reasons.entry(k.reason.get(r.lang)).or_default() += 1;
            }
            let title = if r.lang == Lang::Zh { s.title.0 } else { s.title.1 };
            let examined = r.examined.iter().find(|e| e.0 == s.id).map_or(0, |e| e.1);
            let params: Vec<String> =
                s.params.iter().map(|p| format!("{} = {} {}", p.name, r.knobs[s.id].get(p), p.unit)).collect();
            json!({"id": s.id, "title": title, "examined": examined, "findings": count, "reasons": reasons,
                "page": one_language(s.page, r.lang), "params": params.join("; ")})
        })
        .collect();
    let files: Vec<Value> = r.files.iter().map(|f| json!({"f": f, "name": f.path})).collect();
    let (first, last) = span(r);
    let mut env = Environment::new();
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.add_template("weekly", include_str!("weekly.html.jinja"))?;
    env.add_template("course", include_str!("course.html.jinja"))?;
    env.add_template("report", include_str!("report.html.jinja"))?;
    let template = env.get_template("report")?;
    let leads = leads?;
    let body = template.render(minijinja::Value::from(minijinja::value::Serde(json!({
        "style": include_str!("page.css"), "w": words[key], "lang": key, "total": r.total, "files": files, "leads": leads, "events": events,
        "weekly": weekly::section(r),
        "rules": rules::summary(r), "certificates": certificates(r), "unknown_regions": r.unknown_regions, "screens": screens, "first": first, "last": last, "as_of": r.context.as_of,
        "series": r.panel.series.len(), "sellers": r.panel.sellers.len(), "cells": r.panel.cells.len(),
        "version": env!("CARGO_PKG_VERSION"),
        "gouging": r.leads.iter().filter(|l| l.kind == Kind::Gouging).count(),
        "collusion": r.leads.iter().filter(|l| l.kind == Kind::Collusion).count(),
        "fraud": r.leads.iter().filter(|l| l.kind == Kind::PriceFraud).count(),
    }))))?;
    Ok(body.replacen("@@FONT@@", &font::subset_base64(&body)?, 1))
}

fn span(r: &Results<'_>) -> (String, String) {
    let days = || r.panel.points.day.iter().copied();
    let show = |d: Option<i32>| d.map_or(String::new(), |d| crate::model::Day(d).to_string());
    (show(days().min()), show(days().max()))
}

fn lead(r: &Results<'_>, l: &Lead, charts: &[(String, String)]) -> Result<Value> {
    let f = &r.findings[l.findings[0]];
    let number = |v: Option<f64>, digits: usize| {
        v.filter(|v| v.is_finite()).map_or("–".to_owned(), |v| format!("{v:.digits$}"))
    };
    let svgs: Vec<String> = charts.iter().map(|c| chart::in_page(&c.1)).collect();
    let names: Vec<Value> = l.names.iter().map(|(id, name)| json!({"id": masked(id), "name": name})).collect();
    let rows: Vec<Value> = f
        .rows
        .iter()
        .map(|n| json!({"file": r.files[n.row.file() as usize].path, "line": n.row.line(), "role": n.role.get(r.lang)}))
        .collect();
    let steps: Vec<Value> = f
        .steps
        .iter()
        .map(|s| {
            let seller = &r.panel.sellers[r.panel.series[s.series].seller as usize].name;
            json!({"seller": seller, "last_old": s.last_old, "first_new": s.first_new, "old": format!("{:.2}", s.old), "new": format!("{:.2}", s.new), "episode": s.episode})
        })
        .collect();
    let price_unit = f.subject.cell.map_or(Text::default(), |c| r.panel.price_unit(&r.panel.cells[c]));
    let unit = |u: &str| if u == price_unit.zh { price_unit.get(r.lang).to_owned() } else { u.to_owned() };
    let facts: Vec<Value> =
        f.facts.iter().map(|(k, v, u)| json!({"name": k, "value": number(Some(*v), if counts(*v, u) { 0 } else { 3 }), "unit": unit(u)})).collect();
    let state = |s: State| match s {
        State::Yes => "yes",
        State::No => "no",
        State::Unknown => "unknown",
    };
    let innocent: Vec<Value> =
        l.innocent.iter().map(|c| json!({"text": c.text.get(r.lang), "state": state(c.state)})).collect();
    let sheets: Vec<Value> =
        l.findings.iter().filter_map(|i| r.findings[*i].sheet.as_ref()).map(|s| sheet(r, s)).collect();
    let told = if l.kind == Kind::Collusion { &[][..] } else { &l.series[..l.series.len().min(1)] };
    let judged = r.judged.iter().filter(|j| told.contains(&j.series) && j.over().is_some());
    let judged: Vec<Value> = judged.map(|j| rules::shown(r, j)).collect();
    let place = r.regions.get(&l.region).map_or(l.region.clone(), |c| c.1.clone());
    let steps_next: Vec<&str> = l.next_steps.iter().map(|t| t.get(r.lang)).collect();
    let notes: Vec<&str> = l.quality_notes.iter().map(|t| t.get(r.lang)).collect();
    Ok(json!({
        "id": l.id, "course": weekly::course(r, l), "kind": l.kind.name(), "sellers": names, "region": l.region, "product": l.product, "market": l.market,
        "first": l.first_day, "last": l.last_day, "reference": number(l.reference_price, 2), "observed": number(l.observed_price, 2),
        "increase": number(l.increase_pct, 0), "excess": l.excess_amount.map_or("–".to_owned(), |v| format!("{v:.2} {}", r.panel.currency.get(r.lang))), "cost": l.cost.name(),
        "quality": format!("{:?}", l.quality), "notes": notes, "summary": l.summary.get(r.lang), "charts": svgs,
        "p": chance(f.p_value), "q": chance(f.q_value), "floor": chance(f.p_floor), "tested": f.tested,
        "measured": number(Some(f.measured), 1), "threshold": number(Some(f.threshold), 1), "unit": f.unit, "screen": f.screen,
        "basis": rules::basis(r, f), "sheets": sheets, "judged": judged, "place": place, "facts": facts, "rows": rows, "steps": steps, "innocent": innocent, "next": steps_next, "score": format!("{:.1}", l.score),
    }))
}

/// Checks of certificates: id, judged, found, not judged.
fn certificates(r: &Results<'_>) -> Vec<Value> {
    r.certificates.iter().map(|c| json!({"id": c.0, "examined": c.1, "found": c.2, "skipped": c.3})).collect()
}

fn sheet(r: &Results<'_>, s: &Sheet) -> Value {
    let columns: Vec<&str> = s.columns.iter().map(|c| c.get(r.lang)).collect();
    json!({"title": s.title.get(r.lang), "columns": columns, "rows": s.rows})
}

/// A whole number without a unit is a count.
fn counts(value: f64, unit: &str) -> bool {
    value.fract() == 0.0 && matches!(unit, "" | "day")
}

/// A probability: never a bare zero.
fn chance(p: Option<f64>) -> String {
    p.map_or("–".to_owned(), |p| if p < 0.0001 { format!("{p:.0e}") } else { format!("{p:.4}") })
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_languages_have_every_word() {
        let words: toml::Table = toml::from_str(include_str!("words.toml")).unwrap();
        let keys = |lang: &str| words[lang].as_table().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys("zh"), keys("en"));
        for key in keys("zh") {
            assert!(
                include_str!("report.html.jinja").contains(&format!("w.{key}"))
                    || key.starts_with("r_")
                    || key.starts_with("n_")
                    || key.starts_with("d_")
                    || key.starts_with("k_")
                    || ["s_", "f_", "u_", "do_", "c_", "b_", "l_", "p_"].iter().any(|list| key.starts_with(list)),
                "{key} is not used"
            );
        }
    }
}
