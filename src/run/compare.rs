//! Two runs side by side: what is new, goes on, got worse, eased, is gone.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::stage::Stage;
use crate::casebook::{judge, pair};
use crate::model::{Day, Kind, Lang, Past, Status, Text};
use crate::report::{self, Compared};

/// Compares two output folders; writes `compare.csv` and `compare.html` into `out` and gives the table as text.
pub fn compare(old: &Path, new: &Path, out: &Path, lang: Lang, force: bool) -> Result<String> {
    let stage = Stage::new(out, force)?;
    let (was, now) = (leads(old)?, leads(new)?);
    let rows = side_by_side(&was.leads, &now.leads);
    let days = (was.as_of, now.as_of);
    for (name, bytes) in report::compare(&rows, days, lang)? {
        stage.write(name, &bytes)?;
    }
    stage.publish()?;
    Ok(report::compared_text(&rows, days, lang))
}

/// Rows in the order in which they are worth a look: worsened, new, continuing, eased, closed.
fn side_by_side(old: &[Past], new: &[Past]) -> Vec<Compared> {
    let of = pair(old, new);
    let mut rows: Vec<Compared> = Vec::new();
    for (now, was) in new.iter().zip(&of) {
        let was = was.map(|o| &old[o]);
        let (status, change) = match was {
            Some(_) if now.quiet => (Status::Continuing, Text::new("已排除，没有新情况", "excluded, nothing new")),
            Some(was) => judge(was, now),
            None => (Status::New, Text::default()),
        };
        rows.push(Compared { status, change, old: was.cloned(), new: Some(now.clone()) });
    }
    let gone = old.iter().enumerate().filter(|(o, _)| !of.contains(&Some(*o)));
    rows.extend(gone.map(|(_, was)| Compared {
        status: Status::Closed,
        change: Text::default(),
        old: Some(was.clone()),
        new: None,
    }));
    let order = [Status::Worsened, Status::New, Status::Continuing, Status::Eased, Status::Closed];
    rows.sort_by_key(|r| order.iter().position(|s| *s == r.status)); // stable: ranked within
    rows
}

struct Run {
    leads: Vec<Past>,
    as_of: Day,
}

/// The leads of a run's folder, from its leads.csv.
fn leads(dir: &Path) -> Result<Run> {
    let shown =
        |name: &str| format!("{}: 不是 pricewatch run 的输出 / not the output of a run", dir.join(name).display());
    let manifest = std::fs::read(dir.join("manifest.json")).with_context(|| shown("manifest.json"))?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).with_context(|| shown("manifest.json"))?;
    let as_of: Day = serde_json::from_value(manifest["as_of"].clone()).with_context(|| shown("manifest.json"))?;
    let mut reader = csv::Reader::from_path(dir.join("leads.csv")).with_context(|| shown("leads.csv"))?;
    let mut leads = Vec::new();
    for row in reader.deserialize() {
        let row: BTreeMap<String, String> = row.with_context(|| shown("leads.csv"))?;
        leads.push(lead(&row, as_of).with_context(|| shown("leads.csv"))?);
    }
    // Leads excluded and quiet are still there.
    if let Ok(mut reader) = csv::Reader::from_path(dir.join("closed.csv")) {
        for row in reader.deserialize() {
            let row: BTreeMap<String, String> = row.with_context(|| shown("closed.csv"))?;
            if row.get("status").is_some_and(|s| s == "quiet") {
                leads.push(Past { quiet: true, ..lead(&row, as_of).with_context(|| shown("closed.csv"))? });
            }
        }
    }
    Ok(Run { leads, as_of })
}

fn lead(row: &BTreeMap<String, String>, as_of: Day) -> Result<Past> {
    let get = |name: &str| row.get(name).map_or("", String::as_str);
    let list = |name: &str| get(name).split(';').filter(|s| !s.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let number = |name: &str| get(name).parse::<f64>().ok();
    let day = |name: &str| -> Result<Day> { Ok(serde_json::from_value(get(name).into())?) };
    let kinds = [Kind::Gouging, Kind::Collusion, Kind::PriceFraud, Kind::Certification, Kind::Tender];
    let kind = kinds.into_iter().find(|k| k.name() == get("kind")).context("kind")?;
    let (last_day, sellers) = (day("last_date")?, list("sellers"));
    Ok(Past {
        id: get("lead_id").to_owned(),
        kind,
        cell: format!("{}|{}", get("region"), get("product")),
        region: get("region").to_owned(),
        product: get("product").to_owned(),
        names: Some(list("seller_names")).filter(|n| n.len() == sellers.len()).unwrap_or_else(|| sellers.clone()),
        sellers,
        first_day: day("first_date")?,
        last_day,
        observed_price: number("observed_price"),
        increase_pct: number("increase_pct"),
        excess_amount: number("excess_amount"),
        rules: list("rules"),
        status: Status::New,
        since: as_of,
        first_seen: as_of,
        last_seen: as_of,
        ended: crate::casebook::ended(kind, last_day, as_of),
        quiet: false,
        discovered: false,
    })
}
