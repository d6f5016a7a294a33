//! findings.json: every finding with its evidence, every skip with its reason.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use super::Results;
use crate::model::{Finding, Party, RowRef, Sheet, Subject};

/// Describes findings.json.
pub const SCHEMA: &str = include_str!("findings.schema.json");

/// findings.json. NaN never appears: unknown is null.
pub fn findings(r: &Results<'_>) -> Result<Vec<u8>> {
    let screens: Vec<Value> = r
        .screens
        .iter()
        .map(|s| {
            let examined = r.examined.iter().find(|e| e.0 == s.id).map_or(0, |e| e.1);
            let params: serde_json::Map<String, Value> = s
                .params
                .iter()
                .map(|p| {
                    (p.name.to_owned(), json!({"value": r.knobs[s.id].get(p), "unit": p.unit, "source": p.source}))
                })
                .collect();
            let count = r.findings.iter().filter(|f| f.screen == s.id).count();
            let skipped = r.skips.iter().filter(|k| k.screen == s.id).count();
            json!({"id": s.id, "kind": s.kind.name(), "title": {"zh": s.title.0, "en": s.title.1}, "params": params,
                "examined": examined, "findings": count, "skipped": skipped})
        })
        .collect();
    let mut skips: BTreeMap<(&str, &str, &str), Vec<Value>> = BTreeMap::new();
    for k in r.skips {
        skips.entry((k.screen, &k.reason.zh, &k.reason.en)).or_default().push(subject(r, &k.subject));
    }
    let skips: Vec<Value> = skips
        .into_iter()
        .map(|((screen, zh, en), subjects)| json!({"screen": screen, "reason": {"zh": zh, "en": en}, "subjects": subjects}))
        .collect();
    let all = json!({
        "schema_version": 1,
        "program": format!("pricewatch {}", env!("CARGO_PKG_VERSION")),
        "as_of": r.context.as_of,
        "rows": r.total,
        "files": r.files,
        "screens": screens,
        "findings": r.findings.iter().map(|f| finding(r, f)).collect::<Vec<_>>(),
        "skips": skips,
        "rules": super::rules::summary(r),
        "certificates": r.certificates.iter().map(|c| json!({"id": c.0, "examined": c.1, "findings": c.2, "skipped": c.3})).collect::<Vec<_>>(),
        "regions_without_rules": r.unknown_regions,
    });
    Ok(serde_json::to_vec(&all)?)
}

fn subject(r: &Results<'_>, s: &Subject) -> Value {
    let Some(cell) = s.cell.map(|c| &r.panel.cells[c]) else { return Value::Null };
    let mut sellers: Vec<&str> = Vec::new();
    for &i in &s.series {
        let id = r.panel.sellers[r.panel.series[i].seller as usize].id.as_str();
        if !sellers.contains(&id) {
            sellers.push(id);
        }
    }
    let product =
        s.series.first().map_or(cell.product.as_str(), |&i| &r.panel.items[r.panel.series[i].item as usize].product);
    json!({"region": cell.region, "product": product, "cell": cell.product, "unit": cell.unit.label(), "basis": cell.basis, "sellers": sellers})
}

fn party(p: &Party) -> Value {
    let sellers: Vec<&str> = p.sellers.iter().map(|s| s.0.as_str()).collect();
    json!({"region": p.region, "product": p.product, "cell": p.product, "unit": "", "basis": "", "sellers": sellers})
}

fn row(r: &Results<'_>, row: RowRef) -> Value {
    json!({"file": r.files[row.file() as usize].path, "line": row.line()})
}

/// A table in both languages.
fn table(sheet: &Sheet) -> Value {
    let rows = sheet.lines(|head| json!(head), |cell| json!(cell));
    json!({"title": sheet.title, "columns": sheet.columns, "rows": rows})
}

fn finding(r: &Results<'_>, f: &Finding) -> Value {
    let finite = |v: f64| if v.is_finite() { json!(v) } else { Value::Null };
    let facts: Vec<Value> =
        f.facts.iter().map(|(k, v, u)| json!({"name": k, "value": finite(*v), "unit": u})).collect();
    let steps: Vec<Value> = f
        .steps
        .iter()
        .map(|s| {
            let seller = &r.panel.sellers[r.panel.series[s.series].seller as usize].id;
            json!({"seller": seller, "last_old": s.last_old, "first_new": s.first_new, "old": s.old, "new": s.new, "episode": s.episode})
        })
        .collect();
    let rows: Vec<Value> = f
        .rows
        .iter()
        .map(|n| {
            let mut v = row(r, n.row);
            v["role"] = json!(n.role);
            v
        })
        .collect();
    json!({
        "screen": f.screen, "kind": f.kind.name(), "subject": f.party.as_ref().map_or_else(|| subject(r, &f.subject), party),
        "first_date": f.window.0, "last_date": f.window.1,
        "measured": finite(f.measured), "threshold": finite(f.threshold), "unit": f.unit,
        "p_value": f.p_value, "p_floor": f.p_floor, "q_value": f.q_value, "tested": f.tested,
        "reference_price": f.reference_price, "observed_price": f.observed_price, "excess_amount": f.excess_amount,
        "cost_explained": f.cost, "basis": super::rules::basis(r, f), "rule": f.rule, "table": f.sheet.as_ref().map(table), "facts": facts, "steps": steps, "reason": f.reason, "rows": rows,
    })
}
