//! rules.csv: every rule on every series it applies to; rule_rows.csv: every row above an allowed value.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::Results;
use super::tables::safe;
use crate::model::{DefenceState, Judged, Lang, Lead, Measure, NoticeState, Observed, Text, TextStatus, masked};

const COLUMNS: [&str; 24] = [
    "rule_id",
    "test",
    "conduct",
    "text_status",
    "clause",
    "pack_version",
    "region",
    "jurisdiction",
    "product",
    "seller_id",
    "seller_name",
    "result",
    "reason",
    "reference",
    "allowed",
    "observed",
    "excess_pct",
    "excess_amount",
    "rows_tested",
    "rows_above",
    "first_date",
    "last_date",
    "notice",
    "cost_defence",
];

fn number(value: Option<f64>) -> String {
    value.filter(|v| v.is_finite()).map_or(String::new(), |v| format!("{v:.4}"))
}

fn status(s: TextStatus) -> &'static str {
    if s == TextStatus::Verified { "verified" } else { "unverified" }
}

/// The word for a result: an excess that waits for a notice, or that cost excuses, is not a case.
pub fn result(j: &Judged) -> &'static str {
    match &j.result {
        Err(_) => "skipped",
        Ok(_) if j.over().is_none() => "within",
        Ok(_) if j.notice == NoticeState::Missing => "above_notice_missing",
        Ok(_) if j.defence == DefenceState::Met => "above_cost_defence_met",
        Ok(_) => "above",
    }
}

fn notice(n: NoticeState) -> String {
    match n {
        NoticeState::NotRequired => "not_required".into(),
        NoticeState::Given(day) => day.to_string(),
        NoticeState::Missing => "missing".into(),
    }
}

fn defence(d: DefenceState) -> &'static str {
    match d {
        DefenceState::None => "",
        DefenceState::Met => "met",
        DefenceState::NotMet => "not_met",
        DefenceState::Unknown => "unknown",
    }
}

/// rules.csv.
pub fn rules(r: &Results<'_>) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(COLUMNS)?;
    for j in r.judged {
        let rule = &r.rules[j.rule];
        let series = &r.panel.series[j.series];
        let (cell, seller) = (&r.panel.cells[series.cell as usize], &r.panel.sellers[series.seller as usize]);
        let measure = j.result.as_ref().ok();
        let worst = measure.and_then(Measure::worst);
        let day = |d: Option<crate::model::Day>| d.map_or(String::new(), |d| d.to_string());
        let reason = j.result.as_ref().err().map_or("", |t| t.get(r.lang));
        out.write_record([
            safe(&rule.id),
            rule.test.clone(),
            rule.conduct.name().to_owned(),
            status(rule.status).to_owned(),
            safe(rule.clause.get(r.lang)),
            format!("{} {}", rule.source, rule.version),
            safe(&cell.region),
            r.regions.get(&cell.region).map_or(String::new(), |c| c.0.clone()),
            safe(&r.panel.items[series.item as usize].product),
            safe(&masked(&seller.id)),
            safe(&seller.name),
            result(j).to_owned(),
            reason.to_owned(),
            number(measure.and_then(|m| m.reference)),
            number(worst.filter(|_| measure.is_some_and(|m| m.observed != Observed::Words)).map(|w| w.allowed)),
            number(worst.filter(|_| measure.is_some_and(|m| m.observed != Observed::Words)).map(|w| w.observed)),
            number(measure.filter(|m| m.observed != Observed::Words).and_then(Measure::excess_pct)),
            measure.and_then(Measure::amount).map_or(String::new(), |a| format!("{a:.2}")),
            measure.map_or(String::new(), |m| m.tested.to_string()),
            measure.map_or(String::new(), |m| m.over.len().to_string()),
            day(measure.and_then(|m| m.over.iter().map(|o| o.day).min())),
            day(measure.and_then(|m| m.over.iter().map(|o| o.day).max())),
            notice(j.notice),
            defence(j.defence).to_owned(),
        ])?;
    }
    out.into_inner().context("rules.csv")
}

/// rule_rows.csv: (charged − allowed) × quantity, row by row.
pub fn rule_rows(r: &Results<'_>) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "rule_id",
        "file",
        "line",
        "date",
        "seller_id",
        "product",
        "what",
        "allowed",
        "observed",
        "quantity",
        "excess_amount",
    ])?;
    for j in r.judged {
        let Some(m) = j.over() else { continue };
        let series = &r.panel.series[j.series];
        let what =
            serde_json::to_value(m.observed).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        for o in &m.over {
            let one = Measure { observed: m.observed, over: vec![*o], ..Measure::default() };
            out.write_record([
                safe(&r.rules[j.rule].id),
                safe(&r.files[o.row.file() as usize].path),
                o.row.line().to_string(),
                o.day.to_string(),
                safe(&masked(&r.panel.sellers[series.seller as usize].id)),
                safe(&r.panel.items[series.item as usize].product),
                what.clone(),
                if m.observed == Observed::Words { String::new() } else { number(Some(o.allowed)) },
                if m.observed == Observed::Words { String::new() } else { number(Some(o.observed)) },
                number(o.quantity),
                one.amount().map_or(String::new(), |a| format!("{a:.2}")),
            ])?;
        }
    }
    out.into_inner().context("rule_rows.csv")
}

/// Clause, pack version and status of each rule of a lead, in words.
pub fn clauses(r: &Results<'_>, l: &Lead) -> Vec<String> {
    let rule = |id: &String| {
        let rule = r.rules.iter().find(|x| x.id == *id)?;
        let mark = match (rule.status, r.lang) {
            (TextStatus::Verified, _) => "",
            (_, Lang::Zh) => "（条文未核对）",
            (_, Lang::En) => " (text unverified)",
        };
        Some(format!("{} {} [{} {}]{mark}", rule.title.get(r.lang), rule.clause.get(r.lang), rule.id, rule.version))
    };
    l.rules.iter().filter_map(rule).collect()
}

/// How often each result, and each reason of a skip.
type Counts<'a> = (BTreeMap<&'a str, usize>, BTreeMap<&'a Text, usize>);

/// Counts per rule, for findings.json and the page: only rules that apply to something.
pub fn summary(r: &Results<'_>) -> Vec<Value> {
    let mut by_rule: BTreeMap<usize, Counts<'_>> = BTreeMap::new();
    for j in r.judged {
        let entry = by_rule.entry(j.rule).or_default();
        *entry.0.entry(result(j)).or_default() += 1;
        if let Err(reason) = &j.result {
            *entry.1.entry(reason).or_default() += 1;
        }
    }
    let one = |(rule, (counts, reasons)): (usize, Counts<'_>)| {
        let rule = &r.rules[rule];
        let reasons: Vec<Value> =
            reasons.into_iter().map(|(t, n)| json!({"reason": t, "text": t.get(r.lang), "n": n})).collect();
        json!({"id": rule.id, "test": rule.test, "title": rule.title, "name": rule.title.get(r.lang), "says": rule.says.get(r.lang),
            "clause": rule.clause, "clause_text": rule.clause.get(r.lang), "status": status(rule.status), "number": rule.number,
            "from": rule.from, "until": rule.until, "base": rule.base, "version": rule.version, "source": rule.source,
            "results": counts, "skipped": reasons})
    };
    by_rule.into_iter().map(one).collect()
}

/// What is shown of one judgement in a lead.
pub fn shown(r: &Results<'_>, j: &Judged) -> Value {
    let rule = &r.rules[j.rule];
    let m = j.result.as_ref().ok();
    let worst = m.and_then(Measure::worst).filter(|_| m.is_some_and(|m| m.observed != Observed::Words));
    let two = |v: Option<f64>| v.filter(|v| v.is_finite()).map_or("–".to_owned(), |v| format!("{v:.2}"));
    let exemptions: Vec<&str> = rule.exemptions.iter().map(|t| t.get(r.lang)).collect();
    json!({"id": rule.id, "name": rule.title.get(r.lang), "says": rule.says.get(r.lang), "clause": rule.clause.get(r.lang),
        "unverified": rule.status == TextStatus::Unverified, "result": result(j), "allowed": two(worst.map(|w| w.allowed)),
        "observed": two(worst.map(|w| w.observed)), "reference": two(m.and_then(|m| m.reference)),
        "excess": m.filter(|m| m.observed != Observed::Words).and_then(Measure::excess_pct).map_or("–".into(), |p| format!("{p:.1}")),
        "amount": m.and_then(Measure::amount).map_or("–".into(), |a| format!("{a:.2}")), "n": m.map_or(0, |m| m.over.len()),
        "tested": m.map_or(0, |m| m.tested), "notice": notice(j.notice), "defence": defence(j.defence), "exemptions": exemptions,
        "reason": j.result.as_ref().err().map_or("", |t| t.get(r.lang)), "zh": r.lang == Lang::Zh})
}
