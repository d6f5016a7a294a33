//! Two runs side by side, as CSV, HTML and text.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::html;
use super::tables::safe;
use crate::model::{Day, Kind, Lang, Past, Status, Text, masked};

/// One row: a lead in the old run, in the new, or in both.
#[derive(Clone, PartialEq, Debug)]
pub struct Compared {
    /// What became of it.
    pub status: Status,
    /// What changed, may be empty.
    pub change: Text,
    /// As it was.
    pub old: Option<Past>,
    /// As it is.
    pub new: Option<Past>,
}

impl Compared {
    fn told(&self) -> Option<&Past> {
        self.new.as_ref().or(self.old.as_ref())
    }
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or(String::new(), |v| format!("{v:.digits$}"))
}

/// compare.csv and compare.html.
pub fn compare(rows: &[Compared], days: (Day, Day), lang: Lang) -> Result<[(&'static str, Vec<u8>); 2]> {
    Ok([("compare.csv", table(rows, lang)?), ("compare.html", page(rows, days, lang)?)])
}

fn table(rows: &[Compared], lang: Lang) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "status",
        "change",
        "kind",
        "region",
        "product",
        "old_lead_id",
        "new_lead_id",
        "old_sellers",
        "new_sellers",
        "old_first_date",
        "new_first_date",
        "old_last_date",
        "new_last_date",
        "old_observed_price",
        "new_observed_price",
        "old_increase_pct",
        "new_increase_pct",
        "old_excess_amount",
        "new_excess_amount",
        "old_rules",
        "new_rules",
    ])?;
    for row in rows {
        let Some(told) = row.told() else { continue };
        let mut cells = vec![row.status.name().to_owned(), safe(row.change.get(lang)), told.kind.name().to_owned()];
        cells.extend([safe(&told.region), safe(&told.product)]);
        let pick = |of: &dyn Fn(&Past) -> String| [&row.old, &row.new].map(|p| p.as_ref().map_or(String::new(), of));
        cells.extend(pick(&|p| p.id.clone()));
        cells.extend(pick(&|p| safe(&p.sellers.join(";"))));
        cells.extend(pick(&|p| p.first_day.to_string()));
        cells.extend(pick(&|p| p.last_day.to_string()));
        cells.extend(pick(&|p| number(p.observed_price, 4)));
        cells.extend(pick(&|p| number(p.increase_pct, 1)));
        cells.extend(pick(&|p| number(p.excess_amount, 2)));
        cells.extend(pick(&|p| p.rules.join(";")));
        out.write_record(cells)?;
    }
    out.into_inner().context("compare.csv")
}

/// How many rows have each status, in the order shown.
fn counts(rows: &[Compared]) -> Vec<(Status, usize)> {
    let all = [Status::Worsened, Status::New, Status::Closed, Status::Continuing, Status::Eased];
    all.into_iter().map(|s| (s, rows.iter().filter(|r| r.status == s).count())).collect()
}

fn kind(kind: Kind, lang: Lang) -> &'static str {
    let (zh, en) = match kind {
        Kind::Gouging => ("疑似哄抬价格", "price gouging, suspected"),
        Kind::Collusion => ("疑似串通涨价", "collusion, suspected"),
        Kind::PriceFraud => ("疑似价格欺诈", "deceptive price, suspected"),
        Kind::Certification => ("认证疑点", "certificate in doubt"),
        Kind::Tender => ("疑似串通投标", "bid rigging, suspected"),
        Kind::MarketEvent => ("市场事件", "market event"),
    };
    if lang == Lang::Zh { zh } else { en }
}

/// A value before and now.
fn pair(row: &Compared, of: &dyn Fn(&Past) -> String) -> Value {
    let [old, new] = [&row.old, &row.new].map(|p| p.as_ref().map_or(String::new(), of));
    json!({"old": old, "new": new})
}

fn shown(row: &Compared, told: &Past, lang: Lang) -> Value {
    let percent = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v:+.1} %"));
    json!({"id": told.id, "kind": kind(told.kind, lang), "region": told.region, "product": told.product,
        "sellers": who(told, lang), "change": row.change.get(lang),
        "first": pair(row, &|p| p.first_day.to_string()), "last": pair(row, &|p| p.last_day.to_string()),
        "rise": pair(row, &|p| percent(p.increase_pct)), "price": pair(row, &|p| number(p.observed_price, 2)),
        "excess": pair(row, &|p| number(p.excess_amount, 2))})
}

/// Names, or ids where there are none.
fn who(lead: &Past, lang: Lang) -> String {
    let between = if lang == Lang::Zh { "、" } else { ", " };
    lead.names.iter().map(|n| masked(n)).collect::<Vec<_>>().join(between)
}

fn page(rows: &[Compared], days: (Day, Day), lang: Lang) -> Result<Vec<u8>> {
    let part = |(status, n): &(Status, usize)| {
        let of = rows.iter().filter(|r| r.status == *status).filter_map(|r| Some(shown(r, r.told()?, lang)));
        // What goes on as before is there for those who look for it.
        let quiet = matches!(status, Status::Continuing | Status::Eased);
        json!({"word": status.words().get(lang), "n": n, "quiet": quiet, "rows": of.collect::<Vec<_>>()})
    };
    let data = json!({
        "style": include_str!("page.css"), "zh": lang == Lang::Zh,
        "parts": counts(rows).iter().map(part).collect::<Vec<_>>(), "old": days.0, "new": days.1,
    });
    Ok(html::render(include_str!("compare.html.jinja"), data)?.into_bytes())
}

/// What the command prints: what is new, worse or gone, and how many of each.
pub fn compared_text(rows: &[Compared], days: (Day, Day), lang: Lang) -> String {
    let mut text = format!("{} → {}\n", days.0, days.1);
    let side = |p: &Option<Past>| {
        p.as_ref().map_or("–".to_owned(), |p| {
            let rise = p.increase_pct.map_or(String::new(), |v| format!(" {v:+.1} %"));
            format!("{} {}…{}{rise}", p.id, p.first_day, p.last_day)
        })
    };
    for row in rows.iter().filter(|r| !matches!(r.status, Status::Continuing | Status::Eased)) {
        let Some(told) = row.told() else { continue };
        let word = row.status.words();
        let (word, who) = (word.get(lang), who(told, lang));
        text +=
            &format!("{word}  {} {} {who}\n    {}  |  {}\n", told.region, told.product, side(&row.old), side(&row.new));
        if !row.change.get(lang).is_empty() {
            text += &format!("    {}\n", row.change.get(lang));
        }
    }
    let sum: Vec<String> = counts(rows).iter().map(|(s, n)| format!("{} {n}", s.words().get(lang))).collect();
    text + &sum.join(" · ") + "\n"
}
