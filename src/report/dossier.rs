//! 一企一档: everything known of one enterprise on one page, printable, with the same as JSON.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use minijinja::{AutoEscape, Environment};
use serde_json::{Value, json};

use super::{Results, chart, font, rules};
use crate::model::{Basis, Certificate, CreditCode, Day, Lang, Notice, Trade, masked};

/// What is known beside the results of the run.
pub struct Background<'a> {
    /// Notices on record.
    pub notices: &'a [Notice],
    /// Certificates.
    pub certificates: &'a [Certificate],
    /// What the enterprises file says, by seller id or name key.
    pub profiles: &'a BTreeMap<String, BTreeMap<&'static str, String>>,
    /// Trades between sellers of the files.
    pub trades: &'a [Trade],
    /// Key under which spellings of one name meet.
    pub name_key: fn(&str) -> String,
    /// leads.csv of an earlier run.
    pub previous: Option<&'a str>,
}

/// Series with a chart; the others have their figures.
const CHARTS: usize = 12;

/// Relative path and bytes of each file.
pub type Files = Vec<(String, Vec<u8>)>;

/// Days, quantity, lowest and highest price of what two sellers traded in.
type Traded = (BTreeSet<Day>, f64, f64, f64);

/// A line of the index: region code and name, file, id, name, leads, rules above.
pub type Entry = Value;

/// The index entry of one seller, and its files (relative path, bytes).
pub fn dossier(r: &Results<'_>, b: &Background<'_>, id: &str) -> Result<(Entry, Files)> {
    let seller = r.panel.sellers.iter().position(|s| s.id == id);
    let mine: Vec<usize> =
        (0..r.panel.series.len()).filter(|s| seller == Some(r.panel.series[*s].seller as usize)).collect();
    let name = seller.map_or_else(|| id.to_owned(), |s| r.panel.sellers[s].name.clone());
    let profile = b.profiles.get(id).or_else(|| b.profiles.get(&(b.name_key)(&name)));
    let region = mine.first().map(|s| r.panel.cells[r.panel.series[*s].cell as usize].region.clone());
    let region = region.or_else(|| profile.and_then(|p| p.get("region").cloned())).unwrap_or_default();
    let (code, place) = r.regions.get(&region).cloned().unwrap_or_else(|| (String::new(), region.clone()));
    let leads: Vec<Value> = r.leads.iter().filter(|l| l.sellers.iter().any(|s| s == id)).map(|l| lead(r, l)).collect();
    let judged: Vec<Value> = r.judged.iter().filter(|j| mine.contains(&j.series)).map(|j| judged(r, j)).collect();
    let above = judged.iter().filter(|j| j["result"].as_str().is_some_and(|x| x.starts_with("above"))).count();
    let json = json!({
        "id": masked(id), "name": name, "region": region, "code": code, "place": place,
        "credit_code": seller.map(|s| r.panel.sellers[s].credit_code), "credit_note": seller.map(|s| credit(r.panel.sellers[s].credit_code, r.lang)), "profile": profile, "as_of": r.context.as_of,
        "leads": leads, "rules": judged, "goods": mine.iter().map(|s| good(r, *s)).collect::<Vec<_>>(),
        "certificates": b.certificates.iter().filter(|c| c.seller == id).map(|c| certificate(r, c)).collect::<Vec<_>>(),
        "notices": notices(r, b, id, &name, &code), "linked": linked(r, id, seller), "trades": partners(r, b, seller),
        "changes": b.previous.map(|p| changes(r, p, id)).transpose()?,
        "files": r.inputs.iter().map(|i| json!({"path": i.path, "sha256": i.sha256, "sm3": i.sm3})).collect::<Vec<_>>(),
    });
    let charts: Result<Vec<String>> =
        mine.iter().take(CHARTS).map(|s| Ok(chart::in_page(&chart::of_series(r, *s)?))).collect();
    let mut charts = charts?;
    for l in r.leads.iter().filter(|l| l.sellers.iter().any(|s| s == id)) {
        let more = chart::of_lead(r, l)?.into_iter().filter(|c| c.0.ends_with("-chain") || c.0.ends_with("-raster"));
        charts.extend(more.map(|c| chart::in_page(&c.1)));
    }
    let stem = file_stem(id);
    let page = render(r, include_str!("dossier.html.jinja"), json!({"d": json, "charts": charts}))?;
    let entry = json!({"code": code, "place": place, "file": format!("{stem}.html"), "id": masked(id), "name": name, "leads": leads.len(), "above": above});
    Ok((
        entry,
        vec![(format!("{stem}.html"), page.into_bytes()), (format!("{stem}.json"), serde_json::to_vec_pretty(&json)?)],
    ))
}

/// The index by province and city.
pub fn index(r: &Results<'_>, entries: &[Entry]) -> Result<String> {
    let mut places: BTreeMap<(String, String), Vec<&Entry>> = BTreeMap::new();
    for e in entries {
        let text = |k: &str| e[k].as_str().unwrap_or("").to_owned();
        places.entry((text("code"), text("place"))).or_default().push(e);
    }
    let places: Vec<Value> =
        places.into_iter().map(|((code, place), of)| json!({"code": code, "place": place, "of": of})).collect();
    render(r, include_str!("dossier_index.html.jinja"), json!({"places": places, "n": entries.len()}))
}

fn render(r: &Results<'_>, template: &str, mut data: Value) -> Result<String> {
    let words: Value = toml::from_str(include_str!("words.toml")).context("words.toml")?;
    let key = if r.lang == Lang::Zh { "zh" } else { "en" };
    data["w"] = words[key].clone();
    data["lang"] = json!(key);
    data["version"] = json!(env!("CARGO_PKG_VERSION"));
    data["as_of"] = json!(r.context.as_of);
    data["style"] = json!(include_str!("page.css"));
    let mut env = Environment::new();
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.add_template("page", template)?;
    let body = env.get_template("page")?.render(minijinja::Value::from(minijinja::value::Serde(data)))?;
    Ok(body.replacen("@@FONT@@", &font::subset_base64(&body)?, 1))
}

/// Safe as a file name anywhere: letters, digits, `-`, `_`; anything else, or a long name, gets a hash behind it.
fn file_stem(id: &str) -> String {
    let shown = masked(id);
    let plain: String = shown.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).take(40).collect();
    let hash = xxhash_rust::xxh3::xxh3_64(id.as_bytes()) >> 32;
    if plain == id { plain } else { format!("{plain}-{hash:08x}") }
}

fn lead(r: &Results<'_>, l: &crate::model::Lead) -> Value {
    json!({"id": l.id, "kind": l.kind.name(), "product": l.product, "first": l.first_day, "last": l.last_day,
        "increase_pct": l.increase_pct.map(|v| (v * 10.0).round() / 10.0), "excess_amount": l.excess_amount,
        "screens": l.screens, "rules": l.rules, "cost": l.cost.name(), "summary": l.summary.get(r.lang)})
}

fn judged(r: &Results<'_>, j: &crate::model::Judged) -> Value {
    let mut v = rules::shown(r, j);
    v["product"] = json!(r.panel.items[r.panel.series[j.series].item as usize].product);
    v
}

/// Figures of one series: prices, margin, stock and sales.
fn good(r: &Results<'_>, s: usize) -> Value {
    let series = &r.panel.series[s];
    let (cell, item, p) =
        (&r.panel.cells[series.cell as usize], &r.panel.items[series.item as usize], r.panel.points(series));
    let (first, last) = (0, p.day.len() - 1);
    let known = |c: &[f64], i: usize| c.get(i).copied().filter(|v| v.is_finite());
    let margin = |i: usize| known(p.cost, i).map(|c| ((p.price[i] / c - 1.0) * 1000.0).round() / 10.0);
    let ends = |of: &dyn Fn(usize) -> Option<f64>| {
        let all: Vec<f64> = (first..=last).filter_map(of).collect();
        json!([all.first(), all.last()])
    };
    let sold: f64 = p.quantity.iter().filter(|q| q.is_finite()).sum();
    json!({"product": item.product, "spec": item.spec, "brand": item.brand, "market": series.market,
        "basis": if cell.basis == Basis::Net { "net" } else { "posted" }, "unit": r.panel.price_unit(cell).get(r.lang),
        "days": p.day.len(), "from": Day(p.day[first]), "to": Day(p.day[last]), "first_price": p.price[first], "last_price": p.price[last],
        "lowest": p.price.iter().copied().fold(f64::INFINITY, f64::min), "highest": p.high.iter().copied().fold(0.0, f64::max),
        "margin_rate": ends(&|i| margin(i)), "stock": ends(&|i| known(p.stock, i)), "quantity": if p.quantity.iter().any(|q| q.is_finite()) { json!(sold) } else { Value::Null }})
}

fn certificate(r: &Results<'_>, c: &Certificate) -> Value {
    let odd: Vec<&str> = r
        .findings
        .iter()
        .filter(|f| f.party.is_some())
        .flat_map(|f| &f.rows)
        .filter(|n| n.row == c.row)
        .map(|n| n.role.get(r.lang))
        .collect();
    json!({"number": c.number, "product": c.product, "standard": c.standard, "body": c.body, "authorised": c.authorised,
        "intermediary": c.intermediary, "issued": c.issued, "expires": c.expires, "fee": c.fee, "remarks": odd})
}

fn notices(r: &Results<'_>, b: &Background<'_>, id: &str, name: &str, code: &str) -> Vec<Value> {
    let place = |n: &Notice| r.regions.get(&n.region).is_some_and(|x| !code.is_empty() && x.0 == code);
    let mine = b.notices.iter().filter(|n| n.seller == id || n.seller == name || n.seller.is_empty() && place(n));
    mine.map(|n| json!({"date": n.day, "kind": n.kind, "public": n.seller.is_empty(), "file": r.files[n.row.file() as usize].path, "line": n.row.line()})).collect()
}

/// Sellers of the same owner, and those it shares a group lead with.
fn linked(r: &Results<'_>, id: &str, seller: Option<usize>) -> Vec<Value> {
    let owner = seller.map(|s| &r.panel.sellers[s]).filter(|s| !s.owner.is_empty());
    let same = |s: &&crate::model::Seller| owner.is_some_and(|o| o.owner == s.owner && s.id != id);
    let mut out: Vec<Value> = r
        .panel
        .sellers
        .iter()
        .filter(same)
        .map(|s| json!({"id": masked(&s.id), "name": s.name, "why": "owner", "lead": ""}))
        .collect();
    for l in r.leads.iter().filter(|l| l.sellers.len() > 1 && l.sellers.iter().any(|s| s == id)) {
        out.extend(
            l.names
                .iter()
                .filter(|n| n.0 != id)
                .map(|n| json!({"id": masked(&n.0), "name": n.1, "why": "group", "lead": l.id})),
        );
    }
    out
}

/// Upstream and downstream among the sellers of the files: days, quantity, lowest and highest price.
fn partners(r: &Results<'_>, b: &Background<'_>, seller: Option<usize>) -> Vec<Value> {
    let mut sums: BTreeMap<(bool, u32, &str), Traded> = BTreeMap::new();
    for t in b.trades {
        let from = r.panel.series[t.series].seller;
        let product = r.panel.items[r.panel.series[t.series].item as usize].product.as_str();
        let up = t.buyer.is_some_and(|x| Some(x as usize) == seller);
        let other = if up { Some(from) } else { t.buyer.filter(|_| Some(from as usize) == seller) };
        let Some(other) = other else { continue };
        let e = sums.entry((up, other, product)).or_insert((BTreeSet::new(), 0.0, f64::INFINITY, 0.0));
        e.0.insert(t.day);
        e.1 += t.quantity.unwrap_or(0.0);
        e.2 = e.2.min(t.price);
        e.3 = e.3.max(t.price);
    }
    let row = |((up, who, product), (days, quantity, low, high)): (_, Traded)| {
        let s = &r.panel.sellers[who as usize];
        json!({"up": up, "id": masked(&s.id), "name": s.name, "product": product, "days": days.len(), "quantity": quantity, "low": low, "high": high})
    };
    sums.into_iter().map(|((up, who, product), v)| row(((up, who, product), v))).collect()
}

/// Leads of the seller that are new, gone or still there against an earlier leads.csv.
fn changes(r: &Results<'_>, previous: &str, id: &str) -> Result<Value> {
    let mut reader = csv::Reader::from_reader(previous.as_bytes());
    let header = reader.headers()?.clone();
    let at = |name: &str| header.iter().position(|h| h == name).with_context(|| format!("leads.csv: {name}"));
    let (lead, sellers) = (at("lead_id")?, at("sellers")?);
    let mut old = BTreeSet::new();
    for record in reader.records() {
        let record = record?;
        if record.get(sellers).unwrap_or("").split(';').any(|s| s == id) {
            old.insert(record.get(lead).unwrap_or("").to_owned());
        }
    }
    let now: BTreeSet<String> =
        r.leads.iter().filter(|l| l.sellers.iter().any(|s| s == id)).map(|l| l.id.clone()).collect();
    let list = |of: Vec<&String>| json!(of);
    Ok(
        json!({"new": list(now.difference(&old).collect()), "gone": list(old.difference(&now).collect()), "still": list(now.intersection(&old).collect())}),
    )
}

/// The words for a credit-code check.
fn credit(c: CreditCode, lang: Lang) -> &'static str {
    match (c, lang) {
        (CreditCode::Valid, Lang::Zh) => "校验位正确",
        (CreditCode::Valid, Lang::En) => "check digit right",
        (CreditCode::CheckFailed, Lang::Zh) => "校验位不符（试点码也会如此，请核对）",
        (CreditCode::CheckFailed, Lang::En) => "check digit wrong (true of some issued pilot codes; check)",
        (CreditCode::NotACode, Lang::Zh) => "不是统一社会信用代码",
        (CreditCode::NotACode, Lang::En) => "not a credit code",
    }
}
