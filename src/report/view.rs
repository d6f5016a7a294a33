//! What is shown of a run, as text in one language: the same for the page and for the bulletin.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Results, page as one_language, rules, weekly};
use crate::model::{
    CostExplained, Day, FileReport, Finding, Grade, Kind, Lang, Lead, Param, RowNote, Screen, Sheet, State, Text,
    masked,
};

/// Kinds a lead may have, in the order of the list.
pub const KINDS: [Kind; 5] = [Kind::Gouging, Kind::Collusion, Kind::PriceFraud, Kind::Certification, Kind::Tender];

/// Our own words in one language.
pub fn words(lang: Lang) -> Result<Value> {
    let words: Value = toml::from_str(include_str!("words.toml")).context("words.toml")?;
    Ok(words[if lang == Lang::Zh { "zh" } else { "en" }].clone())
}

/// Year, month, day.
pub fn parts(day: Day) -> Value {
    let date = day.or_first().date();
    json!([date.year(), date.month(), date.day()])
}

/// Period, coverage, sums, versions.
pub fn head(r: &Results<'_>) -> Value {
    let days = || r.panel.points.day.iter().copied();
    let show = |d: Option<i32>| d.map_or(String::new(), |d| crate::model::Day(d).to_string());
    let files: Vec<Value> = r
        .files
        .iter()
        .zip(r.inputs)
        .map(|(f, i)| json!({"f": f, "name": f.path, "encoding": encoding(f), "sha256": i.sha256, "sm3": i.sm3}))
        .collect();
    json!({
        "lang": if r.lang == Lang::Zh { "zh" } else { "en" }, "first": show(days().min()), "last": show(days().max()),
        "as_of": r.context.as_of, "date": parts(r.context.as_of), "version": env!("CARGO_PKG_VERSION"),
        "seed": r.context.seed, "total": r.total, "files": files, "sellers": r.panel.sellers.len(),
        "series": r.panel.series.len(), "cells": r.panel.cells.len(), "leads": r.leads.len(),
        "regions": r.panel.cells.iter().map(|c| &c.region).collect::<std::collections::BTreeSet<_>>().len(),
        "unknown_regions": r.unknown_regions, "certificates": certificates(r),
    })
}

/// A number with so many digits, or a dash where it is not known.
pub fn number(value: Option<f64>, digits: usize) -> String {
    value.filter(|v| v.is_finite()).map_or("–".to_owned(), |v| format!("{v:.digits$}"))
}

/// Money with its currency, or a dash where it is not known.
fn money(r: &Results<'_>, value: Option<f64>) -> String {
    let plain = number(value, 2);
    if plain == "–" { plain } else { format!("{plain} {}", r.panel.currency.get(r.lang)) }
}

/// A probability: never a bare zero; `findings.json` has it in full.
fn chance(p: Option<f64>) -> String {
    p.map_or("–".to_owned(), |p| if p < 0.0001 { "<0.0001".to_owned() } else { format!("{p:.4}") })
}

/// A price: two decimals, four where it is below a tenth, none where it is a round sum of thousands.
fn price(value: Option<f64>) -> String {
    let digits = match value {
        Some(v) if v.abs() < 0.1 && v != 0.0 => 4,
        Some(v) if v.abs() >= 1000.0 && v.fract() == 0.0 => 0,
        _ => 2,
    };
    number(value, digits)
}

/// A figure with as many digits as its size bears; prices (a unit with a slash) as prices.
fn figure(v: f64, unit: &str) -> String {
    let digits = match v.abs() {
        _ if unit.contains('/') => return price(Some(v)),
        _ if v.fract() == 0.0 => 0,
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        0.01.. => 3,
        _ => 5,
    };
    number(Some(v), digits)
}

/// Kinds that have leads.
fn kinds(r: &Results<'_>) -> Vec<Kind> {
    KINDS.into_iter().filter(|k| r.leads.iter().any(|l| l.kind == *k)).collect()
}

/// Counts of leads by kind: quality, cost, money; kinds without a lead are left out.
pub fn by_kind(r: &Results<'_>) -> Vec<Value> {
    let one = |kind: Kind| {
        let of: Vec<&Lead> = r.leads.iter().filter(|l| l.kind == kind).collect();
        let grade = |g: Grade| of.iter().filter(|l| l.quality == g).count();
        let cost = |c: CostExplained| of.iter().filter(|l| l.cost == c).count();
        let sum = of.iter().filter_map(|l| l.excess_amount).fold(None, |s: Option<f64>, x| Some(s.unwrap_or(0.0) + x));
        json!({"kind": kind.name(), "n": of.len(), "a": grade(Grade::A), "b": grade(Grade::B), "c": grade(Grade::C),
            "unexplained": cost(CostExplained::Unexplained), "explained": cost(CostExplained::Explained),
            "unknown": cost(CostExplained::Unknown), "excess": money(r, sum)})
    };
    kinds(r).into_iter().map(one).collect()
}

/// Counts by place: leads of each kind, series watched. Most leads first.
pub fn by_place(r: &Results<'_>) -> Vec<Value> {
    let place = |region: &str| place(r, region);
    let kinds = kinds(r);
    let mut of: BTreeMap<String, (usize, Vec<usize>)> = BTreeMap::new();
    let none = || (0, vec![0; kinds.len()]);
    for cell in &r.panel.cells {
        of.entry(place(&cell.region)).or_insert_with(none).0 += cell.series.len();
    }
    for lead in r.leads {
        if let Some(k) = kinds.iter().position(|k| *k == lead.kind) {
            of.entry(place(&lead.region)).or_insert_with(none).1[k] += 1;
        }
    }
    let mut of: Vec<(String, (usize, Vec<usize>))> = of.into_iter().collect();
    of.sort_by_key(|(name, (_, n))| (std::cmp::Reverse(n.iter().sum::<usize>()), name.clone()));
    of.into_iter()
        .map(
            |(name, (series, n))| json!({"name": name, "series": series, "leads": n.iter().sum::<usize>(), "kinds": n}),
        )
        .collect()
}

/// A place by the name of its division, else as in the input.
pub fn place(r: &Results<'_>, region: &str) -> String {
    r.regions.get(region).map_or_else(|| shown(region), |c| c.1.clone())
}

fn fact(f: &Finding, name: &str) -> Option<f64> {
    f.facts.iter().find(|x| x.0 == name).map(|x| x.1)
}

/// Series below which how many of them rose says little: the median of what was on offer did.
const FEW: f64 = 5.0;

/// Rises the whole market shares, by place and good: when, how far, how many; who moved first where that is known.
pub fn events(r: &Results<'_>) -> Vec<Value> {
    let mut of: Vec<&Finding> = r.findings.iter().filter(|f| f.kind == Kind::MarketEvent).collect();
    of.sort_by_key(|f| (f.subject.cell, f.window, f.screen));
    let one = |f: &&Finding| {
        let cell = f.subject.cell.map(|c| &r.panel.cells[c]);
        let first = f.sheet.as_ref().and_then(|s| s.rows.first()?.get(1)).map(|owner| shown(owner));
        let whole = |name: &str| fact(f, name).map(|v| format!("{v:.0}"));
        json!({"place": cell.map(|c| place(r, &c.region)), "good": cell.map(|c| shown(c.label.get(r.lang))),
            "what": screen_title(r, f), "from": f.window.0, "to": f.window.1, "rise": whole("rise"),
            "days": whole("mass_rise_days"), "rising": whole("series_rising"), "all": whole("series_compared"),
            "few": fact(f, "series_compared").is_none_or(|n| n < FEW),
            "first": first, "text": f.reason.get(r.lang)})
    };
    of.iter().map(one).collect()
}

fn title(s: &Screen, lang: Lang) -> &'static str {
    if lang == Lang::Zh { s.title.0 } else { s.title.1 }
}

/// Title of the screen of a finding.
pub fn screen_title(r: &Results<'_>, f: &Finding) -> String {
    r.screens.iter().find(|s| s.id == f.screen).map_or(f.screen, |s| title(s, r.lang)).to_owned()
}

/// What found it: title of the rule or the screen, with its id; whether anyone has read the rule's text.
pub fn told_by(r: &Results<'_>, f: &Finding) -> String {
    match r.rules.iter().find(|x| f.rule.as_ref() == Some(&x.id)) {
        Some(rule) => format!("{} [{}]{}", rule.title.get(r.lang), rule.id, rule.mark(r.lang)),
        None => format!("{} [{}]", screen_title(r, f), f.screen),
    }
}

/// How an input was read: its encoding, or its format where that has none.
fn encoding(f: &FileReport) -> &str {
    if f.encoding.is_empty() { &f.format } else { &f.encoding }
}

/// A parameter in words: what it is (with its key), and value with unit.
pub fn param(r: &Results<'_>, words: &Value, screen: &str, p: &Param) -> (String, String) {
    let word = |key: String| words[&key].as_str().unwrap_or_default().to_owned();
    let value = r.knobs.get(screen).map_or(p.default, |k| k.get(p));
    let (open, close) = if r.lang == Lang::Zh { ("（", "）") } else { (" (", ")") };
    let name = format!("{}{open}{}{close}", word(format!("pn_{}", p.name)), p.name);
    (name, format!("{value}{}", word(format!("pu_{}", p.unit))))
}

/// A parameter's default and range in words.
pub fn default_of(p: &Param, lang: Lang) -> Result<String> {
    let words = words(lang)?;
    let word = |key: String| words[&key].as_str().unwrap_or_default().to_owned();
    let (name, unit, (low, high)) = (word(format!("pn_{}", p.name)), word(format!("pu_{}", p.unit)), p.range);
    Ok(match lang {
        Lang::Zh => format!("{name}（{}）= {}{unit}，可设 {low} 至 {high}", p.name, p.default),
        Lang::En => format!("{name} ({}) = {}{unit}, from {low} to {high}: {}", p.name, p.default, p.source),
    })
}

/// What each screen examined, found and could not judge; its page and parameters.
pub fn screens(r: &Results<'_>) -> Result<Vec<Value>> {
    let words = words(r.lang)?;
    let one = |s: &&'static crate::model::Screen| {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for k in r.skips.iter().filter(|k| k.screen == s.id) {
            *reasons.entry(k.reason.get(r.lang)).or_default() += 1;
        }
        let told = |p: &Param| param(r, &words, s.id, p);
        let params: Vec<Value> =
            s.params.iter().map(told).map(|(name, value)| json!({"name": name, "value": value})).collect();
        let page = one_language(s.page, r.lang);
        json!({"id": s.id, "title": title(s, r.lang), "page": page, "flags": flags(page),
            "params": params, "reasons": reasons,
            "examined": r.examined.iter().find(|e| e.0 == s.id).map_or(0, |e| e.1),
            "findings": r.findings.iter().filter(|f| f.screen == s.id).count()})
    };
    Ok(r.screens.iter().map(one).collect())
}

/// What a screen flags: the first section of its page.
fn flags(page: &str) -> &str {
    page.split("\n## ").nth(1).and_then(|s| s.split_once('\n')).map_or("", |s| s.1.trim())
}

/// Checks of certificates: id, judged, found, not judged.
fn certificates(r: &Results<'_>) -> Vec<Value> {
    r.certificates.iter().map(|c| json!({"id": c.0, "examined": c.1, "found": c.2, "skipped": c.3})).collect()
}

/// A lead in one line of the list.
pub fn listed(r: &Results<'_>, l: &Lead) -> Value {
    let names: Vec<Value> =
        l.names.iter().map(|(id, name)| json!({"id": shown(&masked(id)), "name": shown(name)})).collect();
    let unit = l.cell.map_or(String::new(), |c| r.panel.price_unit(&r.panel.cells[c]).get(r.lang).to_owned());
    json!({
        "id": l.id, "kind": l.kind.name(), "sellers": names, "product": shown(&product(r, l)), "market": shown(&l.market),
        "place": place(r, &l.region),
        "unit": unit, "first": l.first_day, "last": l.last_day, "reference": price(l.reference_price),
        "observed": price(l.observed_price), "increase": number(l.increase_pct, 0),
        "excess": number(l.excess_amount, 2), "cost": l.cost.name(), "quality": grade(l.quality), "q": chance(l.q_value),
        "hits": l.screens.iter().copied().chain(l.rules.iter().map(String::as_str)).collect::<Vec<_>>(),
        "course": weekly::course(r, l), "status": l.course.as_ref().map(|c| c.status.words().get(r.lang).to_owned()),
    })
}

/// The good, and how many where a group is told of several.
fn product(r: &Results<'_>, l: &Lead) -> String {
    let cell = |s: &usize| r.panel.series[*s].cell;
    let goods: BTreeSet<&str> = l.series.iter().map(|s| r.panel.cells[cell(s) as usize].product.as_str()).collect();
    match goods.len() {
        n if n > 1 && l.kind == Kind::Collusion && r.lang == Lang::Zh => format!("{}等 {n} 种商品", l.product),
        n if n > 1 && l.kind == Kind::Collusion => format!("{} and {} more", l.product, n - 1),
        _ => l.product.clone(),
    }
}

fn grade(g: Grade) -> &'static str {
    match g {
        Grade::A => "A",
        Grade::B => "B",
        Grade::C => "C",
    }
}

/// A name from a file: what is unseen by its code, and not endlessly long.
pub fn shown(text: &str) -> String {
    super::pdf::name(&super::font::plain(text))
}

/// A sentence of ours that names from files stand in: longer than a name may be, and not endless.
fn prose(text: &str) -> String {
    const LONGEST: usize = 2_000;
    let plain = super::font::plain(text);
    if plain.chars().count() > LONGEST { plain.chars().take(LONGEST).collect::<String>() + "…" } else { plain }
}

/// Facts that are the measured value, which is told first.
const MEASURED: [&str; 5] =
    ["step", "lowest_excess_in_window", "lowest_widening_in_window", "joint_rises", "exclusivity"];

/// All that is shown of a lead.
pub fn lead(r: &Results<'_>, l: &Lead) -> Result<Value> {
    let f = &r.findings[l.findings[0]];
    let file = |row: crate::model::RowRef| shown(&r.files[row.file() as usize].path);
    // A file is named once, until another follows.
    let named = |i: usize| i == 0 || f.rows[i].row.file() != f.rows[i - 1].row.file();
    let row = |(i, n): (usize, &RowNote)| {
        let file = if named(i) { file(n.row) } else { String::new() };
        json!({"file": file, "line": n.row.line(), "role": n.role.get(r.lang)})
    };
    let rows: Vec<Value> = f.rows.iter().enumerate().map(row).collect();
    let steps: Vec<Value> = f
        .steps
        .iter()
        .map(|s| {
            let p = r.panel.points(&r.panel.series[s.series]);
            let line = |day: Day| p.day.iter().position(|d| *d == day.0).map_or(0, |i| p.row[i].line());
            let lines = format!("{} → {}", line(s.last_old), line(s.first_new));
            json!({"lines": lines, "seller": shown(&seller_and_good(r, l, s.series)), "last_old": s.last_old, "first_new": s.first_new, "old": number(Some(s.old), 2), "new": number(Some(s.new), 2), "episode": s.episode})
        })
        .collect();
    let price_unit = f.subject.cell.map_or(Text::default(), |c| r.panel.price_unit(&r.panel.cells[c]));
    let unit = |u: &str| if u == price_unit.zh { price_unit.get(r.lang).to_owned() } else { u.to_owned() };
    let facts: Vec<Value> = f
        .facts
        .iter()
        .filter(|x| !MEASURED.contains(&x.0))
        .map(|(k, v, u)| json!({"name": k, "value": figure(*v, u), "unit": unit(u)}))
        .collect();
    let innocent: Vec<Value> =
        l.innocent.iter().map(|c| json!({"text": c.text.get(r.lang), "state": state(c.state)})).collect();
    let sheets: Vec<Value> =
        l.findings.iter().filter_map(|i| r.findings[*i].sheet.as_ref()).map(|s| sheet(s, r.lang)).collect();
    let told = if l.kind == Kind::Collusion { &[][..] } else { &l.series[..l.series.len().min(1)] };
    let judged = r.judged.iter().filter(|j| told.contains(&j.series) && j.over().is_some());
    let mut value = listed(r, l);
    let more = json!({
        "excess": money(r, l.excess_amount), "summary": prose(l.summary.get(r.lang)), "against": prose(&against(r, f)),
        "sure": sure(r, l, f),
        "notes": l.quality_notes.iter().map(|t| t.get(r.lang)).collect::<Vec<_>>(),
        "p": chance(f.p_value), "floor": chance(f.p_floor), "tested": f.tested,
        "measured": figure(f.measured, ""), "threshold": figure(f.threshold, ""), "measure": unit(&f.unit),
        "screen": f.screen, "told_by": told_by(r, f), "sheets": sheets, "judged": judged.map(|j| rules::shown(r, j)).collect::<Vec<_>>(),
        "facts": facts, "rows": rows, "steps": steps, "innocent": innocent,
        "next": l.next_steps.iter().map(|t| t.get(r.lang).to_owned()).chain(company(r, l)).collect::<Vec<_>>(),
    });
    if let (Value::Object(into), Value::Object(more)) = (&mut value, more) {
        into.extend(more);
    }
    Ok(value)
}

/// Leads so many days apart may come from one price list.
const NEAR_DAYS: i32 = 14;
/// Leads named in one sentence.
const NAMED: usize = 5;

/// Leads to be looked at together with this one: of a single seller the groups it is in with this good, and others whose
/// prices are the same about these days; of a group what its members are led for by themselves, and other groups of its market.
fn company(r: &Results<'_>, l: &Lead) -> Vec<String> {
    let ids = |like: &dyn Fn(&Lead) -> bool| {
        let all: Vec<&str> = r.leads.iter().filter(|x| x.id != l.id && like(x)).map(|x| x.id.as_str()).collect();
        let zh = r.lang == Lang::Zh;
        let some = all[..all.len().min(NAMED)].join(if zh { "、" } else { ", " });
        match all.len() {
            n if n > NAMED && zh => format!("{some} 等 {n} 条"),
            n if n > NAMED => format!("{some} and {} more", n - NAMED),
            _ => some,
        }
    };
    let shares = |x: &Lead| x.series.iter().any(|s| l.series.contains(s));
    let alike = |x: &Lead| {
        let about = |a: &Lead, b: &Lead| a.first_day.0 <= b.last_day.0 + NEAR_DAYS;
        let told = |l: &Lead| (l.cell, l.reference_price, l.observed_price);
        let by_price = l.rules.is_empty() && x.rules.is_empty() && l.reference_price.is_some();
        by_price && x.kind == l.kind && told(x) == told(l) && about(x, l) && about(l, x)
    };
    let none = String::new;
    let [groups, alike, members, others] = match l.kind {
        Kind::Gouging => {
            let group = |x: &Lead| x.kind == Kind::Collusion && shares(x);
            [ids(&group), ids(&alike), none(), none()]
        }
        Kind::Collusion => {
            let other = |x: &Lead| x.kind == l.kind && (&x.region, &x.product) == (&l.region, &l.product);
            [none(), none(), ids(&|x| x.kind == Kind::Gouging && shares(x)), ids(&other)]
        }
        _ => Default::default(),
    };
    let say = |ids: String, zh: &str, en: &str| {
        let (before, after) = if r.lang == Lang::Zh { zh } else { en }.split_once("{}")?;
        (!ids.is_empty()).then(|| format!("{before}{ids}{after}"))
    };
    let all = [
        say(
            groups,
            "本店此商品也在群体线索 {} 中，宜一并核查",
            "the same good of this seller is in the group of lead {}: check them together",
        ),
        say(
            alike,
            "线索 {} 在相近日期由同一价格涨到同一价格：先核查是否出自同一份厂家价目表，或由同一人经营",
            "lead {} rose from the same price to the same price about these days: first check for one maker's price list, or one owner",
        ),
        say(members, "成员另有单独的线索 {}，宜一并核查", "members have leads of their own, {}: check them together"),
        say(
            others,
            "同一市场另有群体各自同步（线索 {}）：几家供应商各自调价时正是如此，先核查各群体的上家",
            "other groups of this market move together by themselves (lead {}), as customers of several suppliers do: check each group's suppliers first",
        ),
    ];
    all.into_iter().flatten().collect()
}

/// The name of a series' seller, and of its good where a lead is about several.
pub fn seller_and_good(r: &Results<'_>, l: &Lead, series: usize) -> String {
    let good = |s: usize| &r.panel.cells[r.panel.series[s].cell as usize].label;
    let name = &r.panel.sellers[r.panel.series[series].seller as usize].name;
    let several = l.kind == Kind::Collusion && l.series.iter().any(|s| good(*s) != good(series));
    if several { format!("{name} · {}", good(series).get(r.lang)) } else { name.clone() }
}

/// What it was compared with, in one line; empty where the summary says it all.
fn against(r: &Results<'_>, f: &Finding) -> String {
    let say = |zh: String, en: String| if r.lang == Lang::Zh { zh } else { en };
    if let Some(rule) = r.rules.iter().find(|x| f.rule.as_ref() == Some(&x.id)) {
        return format!("{}{}{}", rule.says.get(r.lang), say("　".into(), " ".into()), rules::basis(r, f));
    }
    let Some(cell) = f.subject.cell.map(|c| &r.panel.cells[c]) else { return String::new() };
    let (place, good) = (place(r, &cell.region), shown(cell.label.get(r.lang)));
    let at = if place.is_empty() { String::new() } else { format!(" ({place})") };
    let n = |name: &str| fact(f, name).map(|v| format!("{v:.0}"));
    if let Some(n) = n("peers_compared") {
        return say(
            format!("{place}{good}的另外 {n} 个同类价格序列，全市场共同的涨跌已扣除"),
            format!("{n} other series of {good}{at}, the movement of the whole market taken out"),
        );
    }
    if let Some(n) = n("independent_sellers_in_market") {
        let several = || say("各种商品".into(), "all goods".into());
        let good = if fact(f, "goods").is_some() { several() } else { good };
        return say(
            format!("{place}{good}的 {n} 个独立经营者：各自平时多久涨价一次，同日涨价本可有多少出于偶然"),
            format!(
                "{n} independent sellers of {good}{at}: how often each usually rises, and how many joint days chance would give"
            ),
        );
    }
    match f.tested {
        0 => say(
            "本店以往的价格（同类太少，无从比较）".into(),
            "its own past prices (too few others to compare with)".into(),
        ),
        n => say(
            format!("同种商品其他经营者的价格（共检验 {n} 个序列），共同的涨跌已扣除"),
            format!("other sellers of the good ({n} series tested), their common movement taken out"),
        ),
    }
}

/// How sure that is: chance, agreement of screens, cost, data.
fn sure(r: &Results<'_>, l: &Lead, f: &Finding) -> String {
    let zh = r.lang == Lang::Zh;
    let mut parts = Vec::new();
    let is = |p: Option<f64>| chance(p).replace('<', "< ");
    match (l.p_value, l.q_value) {
        (Some(_), Some(_)) if zh => parts.push(format!(
            "若纯属偶然，出现这样程度的概率 p {}；同类检验共 {} 次，计入后 q {}",
            is(l.p_value),
            f.tested,
            is(l.q_value)
        )),
        (Some(_), Some(_)) => parts.push(format!(
            "by chance alone as much as this with p {}; with all {} tests of this kind counted q {}",
            is(l.p_value),
            f.tested,
            is(l.q_value)
        )),
        _ if f.rule.is_some() && zh => {
            parts.push(format!("按规则逐行比较，不是统计推断；可比的 {} 天（笔）", f.tested))
        }
        _ if f.rule.is_some() => {
            parts.push(format!("compared row by row, no statistics; {} days or rows compared", f.tested))
        }
        _ => {}
    }
    let hits = l.screens.iter().filter(|s| !s.is_empty()).count().max(l.rules.len());
    if hits > 1 {
        parts.push(if zh {
            format!("{hits} 项筛查或规则一致")
        } else {
            format!("{hits} screens or rules agree")
        });
    }
    let notes: Vec<&str> = l.quality_notes.iter().map(|t| t.get(r.lang)).collect();
    let (open, close, comma) = if zh { ("（", "）", "，") } else { (" (", ")", ", ") };
    let notes = if notes.is_empty() { String::new() } else { format!("{open}{}{close}", notes.join(comma)) };
    parts.push(format!("{} {}{notes}", if zh { "数据等级" } else { "data grade" }, grade(l.quality)));
    parts.join(if zh { "；" } else { "; " })
}

fn state(s: State) -> &'static str {
    match s {
        State::Yes => "yes",
        State::No => "no",
        State::Unknown => "unknown",
    }
}

/// A table of evidence in one language.
pub fn sheet(s: &Sheet, lang: Lang) -> Value {
    let columns: Vec<&str> = s.columns.iter().map(|c| c.get(lang)).collect();
    json!({"title": s.title.get(lang), "columns": columns, "rows": lines(s, lang)})
}

/// Its rows as they may be shown.
pub fn lines(s: &Sheet, lang: Lang) -> Vec<Vec<String>> {
    s.lines(|head| shown(head.get(lang)), shown)
}
