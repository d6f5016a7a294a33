//! 一企一档: everything known of one enterprise on one page, printable, with the same as JSON and its ledger as CSV.

mod changes;
mod goods;
mod index;
mod people;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde_json::{Value, json};

use super::{Results, chart, html, rules, view};
use crate::model::{Certificate, CostExplained, Lang, Lead, Notice, Panel, Trade, masked};

pub use changes::Previous;
pub use index::index;

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
    /// An earlier run to compare with.
    pub previous: Option<&'a Previous>,
}

/// Goods with a chart; the others have their figures.
const CHARTS: usize = 4;
/// Goods told week by week.
const WEEKLY: usize = 3;
/// Rows of one table; the rest is in the JSON and the ledger.
const ROWS: usize = 60;

/// Relative path and bytes of each file.
pub type Files = Vec<(String, Vec<u8>)>;

/// A line of the index.
pub type Entry = Value;

/// Whom a dossier is about.
struct One<'a> {
    /// Id as in the data.
    id: &'a str,
    /// Name, may equal the id.
    name: String,
    /// Index into the panel's sellers, where it has prices.
    seller: Option<usize>,
    /// Series with a lead or something above a rule first.
    series: Vec<usize>,
    /// How many those are.
    noted: usize,
    /// Division: code and name.
    place: (String, String),
}

impl<'a> One<'a> {
    fn new(r: &Results<'_>, b: &Background<'_>, id: &'a str) -> One<'a> {
        let panel: &Panel = r.panel;
        let seller = panel.sellers.iter().position(|s| s.id == id);
        let mut series: Vec<usize> =
            (0..panel.series.len()).filter(|s| seller == Some(panel.series[*s].seller as usize)).collect();
        let noted: BTreeSet<usize> = r
            .leads
            .iter()
            .flat_map(|l| l.series.iter().copied())
            .chain(r.judged.iter().filter(|j| j.over().is_some()).map(|j| j.series))
            .collect();
        series.sort_by_key(|s| (!noted.contains(s), *s));
        let papers = || b.certificates.iter().find(|c| c.seller == id);
        let known = seller.map(|s| panel.sellers[s].name.clone()).or_else(|| papers().map(|c| c.name.clone()));
        let name = known.filter(|n| !n.is_empty()).unwrap_or_else(|| masked(id));
        let profile = people::profile(b, id, &name);
        let region = series.iter().map(|s| panel.cells[panel.series[*s].cell as usize].region.clone()).next();
        let region = region.or_else(|| profile.and_then(|p| p.get("region").cloned()));
        let region = region.or_else(|| papers().map(|c| c.region.clone())).unwrap_or_default();
        let noted = series.iter().filter(|s| noted.contains(s)).count();
        let place = r.regions.get(&region).cloned().unwrap_or_else(|| (String::new(), region));
        One { id, name, seller, series, noted, place }
    }

    fn leads<'r>(&self, r: &Results<'r>) -> Vec<&'r Lead> {
        r.leads.iter().filter(|l| l.sellers.iter().any(|s| s == self.id)).collect()
    }
}

/// The index entry of one seller, and its files.
pub fn dossier(r: &Results<'_>, b: &Background<'_>, id: &str) -> Result<(Entry, Files)> {
    let one = One::new(r, b, id);
    let leads = one.leads(r);
    let judged: Vec<Value> = r.judged.iter().filter(|j| one.series.contains(&j.series)).map(|j| judged(r, j)).collect();
    let state = |j: &Value| j["result"].as_str().unwrap_or("").to_owned();
    let above = judged.iter().filter(|j| state(j).starts_with("above")).count();
    let certificates = people::certificates(r, b, &one);
    let used = r.judged.iter().filter(|j| one.series.contains(&j.series)).map(|j| &r.rules[j.rule]);
    let packs: BTreeSet<String> = used.map(|x| format!("{} {}", x.source, x.version)).collect();
    let json = json!({
        "id": masked(id), "name": one.name, "code": one.place.0, "place": one.place.1, "as_of": r.context.as_of,
        "identity": people::identity(r, b, &one),
        "leads": leads.iter().map(|l| lead(r, l)).collect::<Vec<_>>(),
        "rules": judged,
        "goods": one.series.iter().map(|s| goods::good(r, *s)).collect::<Vec<_>>(),
        "weeks": one.series.iter().take(one.noted.clamp(1, WEEKLY)).map(|s| goods::weeks(r, *s)).collect::<Vec<_>>(),
        "timeline": goods::timeline(r, b, &one),
        "certificates": certificates,
        "notices": people::notices(r, b, &one), "linked": people::linked(r, b, &one),
        "trades": people::partners(r, b, one.seller), "checklist": checklist(r, &one, &leads),
        "changes": b.previous.map(|p| p.against(r, &one)).transpose()?,
        "files": r.inputs.iter().map(|i| json!({"path": i.path, "sha256": i.sha256, "sm3": i.sm3})).collect::<Vec<_>>(),
        "packs": packs,
    });
    let mut charts = Vec::new();
    for s in one.series.iter().take(one.noted.clamp(1, CHARTS)) {
        charts.push(chart::of_series(r, *s)?.in_page());
    }
    for l in &leads {
        let more = chart::of_lead(r, l, &[])?;
        let more = more.iter().filter(|c| c.name.ends_with("-chain") || c.name.ends_with("-raster"));
        charts.extend(more.map(chart::Chart::in_page));
    }
    let stem = file_stem(id);
    let page = render(r, include_str!("page.html.jinja"), json!({"d": json, "charts": charts, "rows": ROWS}))?;
    let amount =
        leads.iter().filter_map(|l| l.excess_amount).fold(None, |a: Option<f64>, x| Some(a.unwrap_or(0.0).max(x)));
    let doubts = certificates.iter().filter(|c| c["remarks"].as_array().is_some_and(|a| !a.is_empty())).count();
    let entry = json!({"code": one.place.0, "place": one.place.1, "file": format!("{stem}.html"), "id": masked(id), "name": one.name,
        "leads": leads.len(), "above": above, "doubts": doubts, "amount": amount});
    let ledger = goods::ledger(r, &one)?;
    let files = [("html", page.into_bytes()), ("json", serde_json::to_vec_pretty(&json)?), ("ledger.csv", ledger)];
    Ok((entry, files.map(|(end, bytes)| (format!("{stem}.{end}"), bytes)).into()))
}

fn render(r: &Results<'_>, template: &str, mut data: Value) -> Result<String> {
    let key = if r.lang == Lang::Zh { "zh" } else { "en" };
    data["w"] = view::words(r.lang)?;
    data["lang"] = json!(key);
    data["version"] = json!(env!("CARGO_PKG_VERSION"));
    data["as_of"] = json!(r.context.as_of);
    data["currency"] = json!(r.panel.currency.get(r.lang));
    data["style"] = json!(concat!(include_str!("../page.css"), include_str!("dossier.css")));
    html::render(template, data)
}

/// Safe as a file name anywhere: letters, digits, `-`, `_`; anything else, or a long name, gets a hash behind it.
fn file_stem(id: &str) -> String {
    let shown = masked(id);
    let plain: String = shown.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).take(40).collect();
    let hash = xxhash_rust::xxh3::xxh3_64(id.as_bytes()) >> 32;
    if plain == id { plain } else { format!("{plain}-{hash:08x}") }
}

fn lead(r: &Results<'_>, l: &Lead) -> Value {
    let of = l.findings.iter().map(|i| &r.findings[*i]);
    let findings: Vec<Value> = of
        .map(|f| json!({"screen": f.screen, "rule": f.rule, "reason": f.reason.get(r.lang), "basis": if f.rule.is_some() { rules::basis(r, f) } else { view::screen_title(r, f) }, "table": f.sheet.as_ref().map(|s| view::sheet(s, r.lang))}))
        .collect();
    json!({"id": l.id, "kind": l.kind.name(), "product": l.product, "first": l.first_day, "last": l.last_day,
        "reference": l.reference_price, "observed": l.observed_price,
        "increase_pct": l.increase_pct.map(|v| (v * 10.0).round() / 10.0), "excess_amount": l.excess_amount,
        "screens": l.screens, "rules": l.rules, "cost": l.cost.name(), "quality": l.quality, "findings": findings})
}

fn judged(r: &Results<'_>, j: &crate::model::Judged) -> Value {
    let mut v = rules::shown(r, j);
    v["product"] = json!(r.panel.items[r.panel.series[j.series].item as usize].product);
    v
}

/// What is left to do: steps and open explanations of the leads, purchases nobody recorded, texts nobody read.
fn checklist(r: &Results<'_>, one: &One<'_>, leads: &[&Lead]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut add = |text: String| {
        if !all.contains(&text) {
            all.push(text);
        }
    };
    let zh = r.lang == Lang::Zh;
    for l in leads {
        l.next_steps.iter().for_each(|t| add(t.get(r.lang).to_owned()));
    }
    for s in one.series.iter().filter(|s| goods::sold_without_cost(r, **s)) {
        let product = &r.panel.items[r.panel.series[*s].item as usize].product;
        add(if zh {
            format!("{product}：没有进货记录，调取进货票据（无法出示本身应予核查）")
        } else {
            format!(
                "{product}: no purchase record; ask for the invoices (that there are none is itself worth asking about)"
            )
        });
    }
    for l in leads.iter().filter(|l| l.cost == CostExplained::Unknown || !l.innocent.is_empty()) {
        for c in l.innocent.iter().filter(|c| c.state == crate::model::State::Unknown) {
            let text = c.text.get(r.lang);
            add(if zh { format!("排除：{text}") } else { format!("rule out: {text}") });
        }
    }
    let named: BTreeSet<&String> = leads.iter().flat_map(|l| &l.rules).collect();
    for rule in r.rules.iter().filter(|x| named.contains(&x.id) && !x.mark(r.lang).is_empty()) {
        let (clause, id) = (rule.clause.get(r.lang), &rule.id);
        add(if zh {
            format!("核对条文原文：{clause}（{id}）")
        } else {
            format!("read the text itself: {clause} ({id})")
        });
    }
    all
}
