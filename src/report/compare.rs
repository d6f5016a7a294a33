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
    let all = [Status::Worsened, Status::New, Status::Continuing, Status::Eased, Status::Closed];
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

fn page(rows: &[Compared], days: (Day, Day), lang: Lang) -> Result<Vec<u8>> {
    let side = |p: &Option<Past>| -> Value {
        p.as_ref().map_or(Value::Null, |p| {
            json!({"id": p.id, "first": p.first_day, "last": p.last_day, "price": number(p.observed_price, 2),
                "rise": number(p.increase_pct, 1), "excess": number(p.excess_amount, 2)})
        })
    };
    let shown: Vec<Value> = rows
        .iter()
        .filter_map(|r| Some((r, r.told()?)))
        .map(|(r, told)| {
            let sellers: Vec<String> = told.sellers.iter().map(|s| masked(s)).collect();
            json!({"status": r.status.name(), "word": r.status.words().get(lang), "change": r.change.get(lang),
                "kind": kind(told.kind, lang), "region": told.region, "product": told.product, "sellers": sellers,
                "old": side(&r.old), "new": side(&r.new)})
        })
        .collect();
    let counts: Vec<Value> = counts(rows).iter().map(|(s, n)| json!({"word": s.words().get(lang), "n": n})).collect();
    let data = json!({
        "style": include_str!("page.css"), "zh": lang == Lang::Zh, "rows": shown, "counts": counts,
        "old": days.0, "new": days.1,
    });
    Ok(html::render(include_str!("compare.html.jinja"), data)?.into_bytes())
}

/// What the command prints.
pub fn compared_text(rows: &[Compared], days: (Day, Day), lang: Lang) -> String {
    let mut text = format!("{} → {}\n", days.0, days.1);
    let side = |p: &Option<Past>| {
        p.as_ref().map_or("–".to_owned(), |p| {
            let rise = p.increase_pct.map_or(String::new(), |v| format!(" {v:+.1} %"));
            format!("{} {}…{}{rise}", p.id, p.first_day, p.last_day)
        })
    };
    for row in rows {
        let Some(told) = row.told() else { continue };
        let who: Vec<String> = told.sellers.iter().map(|s| masked(s)).collect();
        let word = row.status.words();
        text += &format!(
            "{}  {} {} {}\n    {}  |  {}\n",
            word.get(lang),
            told.region,
            told.product,
            who.join(" "),
            side(&row.old),
            side(&row.new)
        );
        if !row.change.get(lang).is_empty() {
            text += &format!("    {}\n", row.change.get(lang));
        }
    }
    let sum: Vec<String> = counts(rows).iter().map(|(s, n)| format!("{} {n}", s.words().get(lang))).collect();
    text + &sum.join(" · ") + "\n"
}
