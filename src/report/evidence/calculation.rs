//! calculation: every number from row to result, so that a pocket calculator comes to the same.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{file, say};
use crate::model::{Day, Finding, Lead, Measure, Observed, SourceRow};
use crate::report::paper::Part;
use crate::report::{Results, view};

/// Source lines named for a day; the others are in rows.csv.
const LINES: usize = 8;

/// The document.
pub fn parts(r: &Results<'_>, lead: &Lead, rows: &[SourceRow]) -> Result<Vec<Part>> {
    let words = view::words(r.lang)?;
    let word = |prefix: &str, name: &str| words[format!("{prefix}_{name}")].as_str().unwrap_or(name).to_owned();
    let mut parts = vec![
        Part::Title(format!("{} {}", say(r, "计算", "Calculation"), lead.id)),
        Part::Text(lead.summary.get(r.lang).to_owned()),
    ];
    for f in lead.findings.iter().map(|i| &r.findings[*i]) {
        parts.push(Part::Section(f.rule.clone().unwrap_or_else(|| f.screen.to_owned())));
        let unit = word("u", &f.unit);
        let (measured, threshold) = (say(r, "测得", "measured"), say(r, "门槛", "threshold"));
        parts.push(Part::Text(format!(
            "{measured} {} {unit}; {threshold} {} {unit}",
            plain(f.measured),
            plain(f.threshold)
        )));
        let facts = f.facts.iter().map(|(name, v, u)| format!("{} = {} {}", word("f", name), plain(*v), word("u", u)));
        let line = say(r, "行", "line");
        let noted =
            f.rows.iter().map(|n| format!("{}: {} {line} {}", n.role.get(r.lang), file(r, n.row), n.row.line()));
        parts.push(Part::List(facts.chain(noted).collect()));
        match &f.rule {
            Some(id) => of_rule(r, lead, id, &mut parts),
            None => of_screen(r, lead, f, rows, &mut parts),
        }
    }
    Ok(parts)
}

/// Four decimals at most.
fn plain(v: f64) -> String {
    format!("{v:.4}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn known(v: Option<f64>) -> String {
    v.map_or("–".into(), plain)
}

/// What a rule says, and row by row (observed − allowed) × quantity, and the sum.
fn of_rule(r: &Results<'_>, lead: &Lead, id: &str, parts: &mut Vec<Part>) {
    let Some(rule) = r.rules.iter().find(|x| x.id == id) else { return };
    parts.push(Part::Text(format!("{} ({} {})", rule.says.get(r.lang), rule.clause.get(r.lang), rule.version)));
    for j in r.judged.iter().filter(|j| r.rules[j.rule].id == id && lead.series.contains(&j.series)) {
        let Some(m) = j.over().filter(|m| m.observed != Observed::Words) else { continue };
        let product = &r.panel.items[r.panel.series[j.series].item as usize].product;
        parts.push(Part::Text(format!("{product}: {} {}", say(r, "基准 R =", "reference R ="), known(m.reference))));
        let amount = |o| Measure { observed: m.observed, over: vec![o], ..Measure::default() }.amount();
        let row = |o: &crate::model::Over| {
            vec![
                file(r, o.row),
                o.row.line().to_string(),
                o.day.to_string(),
                plain(o.allowed),
                plain(o.observed),
                known(o.quantity),
                known(amount(*o)),
            ]
        };
        let head = [
            say(r, "文件", "file"),
            say(r, "行", "line"),
            say(r, "日期", "date"),
            say(r, "允许值 A", "allowed A"),
            say(r, "观测值 P", "observed P"),
            say(r, "数量 Q", "quantity Q"),
            "(P − A) × Q".to_owned(),
        ];
        let sum = m.amount().map(|sum| format!("Σ (P − A) × Q = {sum:.2}"));
        parts.push(Part::Table(head.to_vec(), m.over.iter().map(row).collect(), sum));
    }
}

/// Day by day: the price against what the screen expects, with the lines it rests on. The amount is summed only where
/// the sum is the reported one.
fn of_screen(r: &Results<'_>, lead: &Lead, f: &Finding, rows: &[SourceRow], parts: &mut Vec<Part>) {
    let Some(&s) = lead.series.first().filter(|_| !f.expected.is_empty()) else { return };
    let p = r.panel.points(&r.panel.series[s]);
    let expected: BTreeMap<i32, f64> = f.expected.iter().map(|e| (e.0.0, e.1)).collect();
    let mut lines: BTreeMap<Day, Vec<u64>> = BTreeMap::new();
    rows.iter().filter(|o| o.series == s).for_each(|o| lines.entry(o.day).or_default().push(o.row.line()));
    let (mut table, mut sum) = (Vec::new(), 0.0);
    for i in (0..p.day.len()).filter(|i| (f.window.0.0..=f.window.1.0).contains(&p.day[*i])) {
        let Some(a) = expected.get(&p.day[i]) else { continue };
        let q = p.quantity.get(i).copied().filter(|q| q.is_finite());
        let amount = q.map(|q| (p.price[i] - a).max(0.0) * q);
        sum += amount.unwrap_or(0.0);
        let day = Day(p.day[i]);
        table.push(vec![day.to_string(), told(lines.get(&day)), plain(*a), plain(p.price[i]), known(q), known(amount)]);
    }
    let head = [
        say(r, "日期", "date"),
        say(r, "来源行", "source lines"),
        say(r, "应为 A", "expected A"),
        say(r, "价格 P", "price P"),
        say(r, "数量 Q", "quantity Q"),
        say(r, "(P − A) × Q，负数作 0", "(P − A) × Q, 0 where negative"),
    ];
    let same = f.excess_amount.is_some_and(|e| (e - sum).abs() < 0.005);
    let reported = f.excess_amount.map(|e| {
        let text = say(r, "报告的超出金额（公式见 method.md）", "excess amount as reported (formula in method.md)");
        format!("{text}: {e:.2}")
    });
    let below = if same { Some(format!("Σ (P − A) × Q = {sum:.2}")) } else { reported };
    parts.push(Part::Table(head.to_vec(), table, below));
}

fn told(lines: Option<&Vec<u64>>) -> String {
    let Some(lines) = lines else { return "–".into() };
    let shown: Vec<String> = lines.iter().take(LINES).map(u64::to_string).collect();
    shown.join(", ") + if lines.len() > LINES { " …" } else { "" }
}
