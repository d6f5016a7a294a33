//! rules.csv: every rule on every series it applies to; rule_rows.csv: every row above an allowed value.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::Results;
use super::tables::safe;
use crate::model::{
    Day, DefenceState, Finding, Judged, Lang, Lead, Measure, NoticeState, Observed, Over, Text, TextStatus, masked,
};

/// The columns of rules.csv, in order.
const COLUMNS: [&str; 28] = [
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
    "reference_rows",
    "allowed",
    "observed",
    "excess_per_unit",
    "excess_pct",
    "excess_amount",
    "rows_tested",
    "rows_above",
    "first_date",
    "last_date",
    "notice",
    "cost_defence",
    "exemption_on_record",
    "exemptions_to_check",
];

fn number(value: Option<f64>) -> String {
    value.filter(|v| v.is_finite()).map_or(String::new(), |v| format!("{v:.4}"))
}

fn status(s: TextStatus) -> &'static str {
    if s == TextStatus::Verified { "verified" } else { "unverified" }
}

/// The word for a result: an excess that waits for a notice, or that an exemption or cost excuses, is not a case.
pub fn result(j: &Judged) -> &'static str {
    match &j.result {
        Err(_) => "skipped",
        Ok(_) if j.over().is_none() => "within",
        Ok(_) if j.notice == NoticeState::Missing => "above_notice_missing",
        Ok(_) if j.exempt.is_some() => "above_exempt",
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

/// The row furthest above, where it has numbers (words have none).
fn worst(m: &Measure) -> Option<&Over> {
    m.worst().filter(|_| m.observed != Observed::Words)
}

fn day(d: Option<Day>) -> String {
    d.map_or(String::new(), |d| d.to_string())
}

/// rules.csv.
pub fn rules(r: &Results<'_>) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(COLUMNS)?;
    for j in r.judged {
        out.write_record(subject(r, j).into_iter().chain(outcome(r, j)))?;
    }
    out.into_inner().context("rules.csv")
}

/// Which rule, about whom, with which result: the first thirteen columns.
fn subject(r: &Results<'_>, j: &Judged) -> [String; 13] {
    let rule = &r.rules[j.rule];
    let series = &r.panel.series[j.series];
    let (cell, seller) = (&r.panel.cells[series.cell as usize], &r.panel.sellers[series.seller as usize]);
    [
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
        j.result.as_ref().err().map_or(String::new(), |t| t.get(r.lang).to_owned()),
    ]
}

/// The numbers behind the result: the other columns.
fn outcome(r: &Results<'_>, j: &Judged) -> [String; 15] {
    let m = j.result.as_ref().ok();
    let worst = m.and_then(worst);
    // The rows the reference rests on; those above are all in rule_rows.csv.
    let rows = m.map_or(Vec::new(), |m| m.rows.iter().map(|n| r.place(n.row)).collect());
    let days = || m.into_iter().flat_map(|m| m.over.iter().map(|o| o.day));
    let exemptions: Vec<&str> = r.rules[j.rule].exemptions.iter().map(|t| t.get(r.lang)).collect();
    [
        number(m.and_then(|m| m.reference)),
        safe(&rows.join("; ")),
        number(worst.map(|w| w.allowed)),
        number(worst.map(|w| w.observed)),
        number(worst.map(|w| w.observed - w.allowed)),
        number(m.and_then(Measure::excess_pct)),
        m.and_then(Measure::amount).map_or(String::new(), |a| format!("{a:.2}")),
        m.map_or(String::new(), |m| m.tested.to_string()),
        m.map_or(String::new(), |m| m.over.len().to_string()),
        day(days().min()),
        day(days().max()),
        notice(j.notice),
        defence(j.defence).to_owned(),
        day(j.exempt),
        safe(&exemptions.join("; ")),
    ]
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
        "text_status",
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
                status(r.rules[j.rule].status).to_owned(),
                number(worst(m).map(|_| o.allowed)),
                number(worst(m).map(|_| o.observed)),
                number(o.quantity),
                one.amount().map_or(String::new(), |a| format!("{a:.2}")),
            ])?;
        }
    }
    out.into_inner().context("rule_rows.csv")
}

/// Ids of the rules of a lead, those that nobody has read marked.
pub fn ids(r: &Results<'_>, l: &Lead) -> String {
    let mark = |id: &String| match r.rules.iter().find(|x| x.id == *id).map(|x| x.status) {
        Some(TextStatus::Unverified) => format!("{id}(unverified)"),
        _ => id.clone(),
    };
    l.rules.iter().map(mark).collect::<Vec<_>>().join(";")
}

/// What a finding rests on, in the report's language: the clause of its rule, or the screen's paper.
pub fn basis(r: &Results<'_>, f: &Finding) -> String {
    match r.rules.iter().find(|x| f.rule.as_ref() == Some(&x.id)) {
        Some(rule) => format!("{}{}", rule.clause.get(r.lang), rule.mark(r.lang)),
        None => f.basis.to_string(),
    }
}

/// Clause, pack version and status of each rule of a lead, in words.
pub fn clauses(r: &Results<'_>, l: &Lead) -> Vec<String> {
    let rule = |id: &String| {
        let rule = r.rules.iter().find(|x| x.id == *id)?;
        let (title, clause, mark) = (rule.title.get(r.lang), rule.clause.get(r.lang), rule.mark(r.lang));
        Some(format!("{title} {clause} [{} {}]{mark}", rule.id, rule.version))
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
    let worst = m.and_then(worst);
    let two = |v: Option<f64>| v.filter(|v| v.is_finite()).map_or("–".to_owned(), |v| format!("{v:.2}"));
    let exemptions: Vec<&str> = rule.exemptions.iter().map(|t| t.get(r.lang)).collect();
    json!({"id": rule.id, "name": rule.title.get(r.lang), "says": rule.says.get(r.lang), "clause": rule.clause.get(r.lang),
        "unverified": rule.status == TextStatus::Unverified, "result": result(j), "over": j.over().is_some(), "what": m.map(|m| m.observed), "allowed": two(worst.map(|w| w.allowed)),
        "observed": two(worst.map(|w| w.observed)), "reference": two(m.and_then(|m| m.reference)),
        "excess": m.and_then(Measure::excess_pct).map_or("–".into(), |p| format!("{p:.1}")),
        "amount": m.and_then(Measure::amount).map_or("–".into(), |a| format!("{a:.2}")), "n": m.map_or(0, |m| m.over.len()),
        "tested": m.map_or(0, |m| m.tested), "notice": notice(j.notice), "defence": defence(j.defence), "exempt": j.exempt, "exemptions": exemptions,
        "reason": j.result.as_ref().err().map_or("", |t| t.get(r.lang)), "zh": r.lang == Lang::Zh})
}
