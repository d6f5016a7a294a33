//! The change log between two runs: leads, results of rules, rule packs, input files.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::One;
use crate::model::masked;
use crate::report::{Results, manifest, rules};

/// What an earlier run wrote.
pub struct Previous {
    /// leads.csv.
    pub leads: String,
    /// rules.csv.
    pub rules: String,
    /// manifest.json.
    pub manifest: Value,
}

/// A row of one of its tables, by column.
type Row = BTreeMap<String, String>;

fn rows(text: &str, name: &'static str) -> Result<Vec<Row>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(|r| r.context(name)).collect()
}

fn get<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).map_or("", String::as_str)
}

impl Previous {
    /// What changed for one enterprise.
    pub(super) fn against(&self, r: &Results<'_>, one: &One<'_>) -> Result<Value> {
        let leads = rows(&self.leads, "leads.csv")?;
        let mine = leads.iter().filter(|l| get(l, "sellers").split(';').any(|s| s == one.id));
        let old: BTreeSet<&str> = mine.map(|l| get(l, "lead_id")).collect();
        let now = one.leads(r);
        let now: BTreeSet<&str> = now.iter().map(|l| l.id.as_str()).collect();
        let packs: BTreeSet<String> = manifest::packs(r).into_iter().collect();
        let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
        let before: BTreeSet<String> =
            list(&self.manifest["rules"]["packs"]).iter().filter_map(|p| p.as_str().map(str::to_owned)).collect();
        let sum =
            |f: &Value| (f["path"].as_str().unwrap_or("").to_owned(), f["sha256"].as_str().unwrap_or("").to_owned());
        let files: BTreeMap<String, String> = list(&self.manifest["inputs"]).iter().map(sum).collect();
        let changed = r.inputs.iter().filter(|i| files.get(&i.path) != Some(&i.sha256)).map(|i| &i.path);
        Ok(json!({
            "as_of": self.manifest["as_of"],
            "new": now.difference(&old).collect::<Vec<_>>(), "gone": old.difference(&now).collect::<Vec<_>>(),
            "still": now.intersection(&old).collect::<Vec<_>>(), "rules": self.results(r, one)?,
            "packs": packs.symmetric_difference(&before).collect::<Vec<_>>(), "files": changed.collect::<Vec<_>>(),
        }))
    }

    /// Results of rules that are not what they were.
    fn results(&self, r: &Results<'_>, one: &One<'_>) -> Result<Vec<Value>> {
        let shown = masked(one.id);
        let all = rows(&self.rules, "rules.csv")?;
        let mine = all.iter().filter(|x| get(x, "seller_id").trim_start_matches('\'') == shown);
        let mut old: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for x in mine {
            let key = (get(x, "rule_id").to_owned(), get(x, "product").to_owned());
            old.entry(key).or_default().insert(get(x, "result").to_owned());
        }
        let mut now: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for j in r.judged.iter().filter(|j| one.series.contains(&j.series)) {
            let product = &r.panel.items[r.panel.series[j.series].item as usize].product;
            let key = (r.rules[j.rule].id.clone(), product.clone());
            now.entry(key).or_default().insert(rules::result(j).to_owned());
        }
        let keys: BTreeSet<&(String, String)> = old.keys().chain(now.keys()).collect();
        let differ = keys.into_iter().filter(|k| old.get(*k) != now.get(*k));
        Ok(differ.map(|k| json!({"rule": k.0, "product": k.1, "before": old.get(k), "now": now.get(k)})).collect())
    }
}
