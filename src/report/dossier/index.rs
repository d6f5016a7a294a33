//! The index of dossiers: province, city, district, so that each level finds its own.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Entry, Files, render};
use crate::report::Results;
use crate::report::tables::safe;

/// index.html and index.csv.
pub fn index(r: &Results<'_>, entries: &[Entry]) -> Result<Files> {
    let text = |e: &Entry, k: &str| e[k].as_str().unwrap_or("").to_owned();
    let mut places: BTreeMap<(String, String), Vec<&Entry>> = BTreeMap::new();
    for e in entries {
        places.entry((text(e, "code"), text(e, "place"))).or_default().push(e);
    }
    let sum = |of: &[&Entry], k: &str| of.iter().filter_map(|e| e[k].as_u64()).sum::<u64>();
    let places: Vec<Value> = places
        .into_iter()
        .map(|((code, place), of)| {
            let anchor = if code.is_empty() { "none".to_owned() } else { code.clone() };
            json!({"code": code, "place": place, "anchor": anchor, "leads": sum(&of, "leads"), "above": sum(&of, "above"), "of": of})
        })
        .collect();
    let page = render(r, include_str!("index.html.jinja"), json!({"places": places, "n": entries.len()}))?;
    Ok(vec![("index.html".into(), page.into_bytes()), ("index.csv".into(), table(entries)?)])
}

fn table(entries: &[Entry]) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let columns = ["code", "place", "id", "name", "leads", "above", "doubts", "amount", "file"];
    out.write_record(columns)?;
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_key(|e| (e["code"].to_string(), e["id"].to_string()));
    for e in sorted {
        let cell = |k: &str| match &e[k] {
            Value::String(s) => safe(s),
            Value::Null => String::new(),
            other => other.as_f64().filter(|_| k == "amount").map_or(other.to_string(), |v| format!("{v:.2}")),
        };
        out.write_record(columns.map(cell))?;
    }
    out.into_inner().context("index.csv")
}
