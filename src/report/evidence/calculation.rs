//! calculation: every number from row to result, so that a pocket calculator comes to the same.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{file, say};
use crate::model::{Day, Finding, Lead, Measure, Observed, SourceRow};
use crate::report::Results;
use crate::report::paper::Part;
use crate::report::view::{self, seller_and_good};

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
        parts.push(Part::Section(view::told_by(r, f)));
        let said = |key: &str| words[key].as_str().unwrap_or_default();
        let what = words[format!("m_{}", f.screen)].as_str().unwrap_or(said("measured"));
        let (unit, threshold) = (word("u", &f.unit), said("threshold"));
        let (measured, least) = (plain(f.measured), plain(f.threshold));
        parts.push(Part::Text(format!("{what}: {measured} {unit}; {threshold} {least} {unit}")));
        let chances = [("p", f.p_value), ("q", f.q_value), (said("tested"), f.p_value.map(|_| f.tested as f64))];
        let chances = chances.into_iter().filter_map(|(name, v)| Some(format!("{name} = {}", small(v?))));
        let facts = f.facts.iter().map(|(name, v, u)| format!("{} = {} {}", word("f", name), plain(*v), word("u", u)));
        let line = say(r, "行", "line");
        let noted =
            f.rows.iter().map(|n| format!("{}: {} {line} {}", n.role.get(r.lang), file(r, n.row), n.row.line()));
        parts.push(Part::List(facts.chain(chances).chain(noted).collect()));
        of_steps(r, lead, f, &mut parts);
        if let Some(sheet) = &f.sheet {
            let head = sheet.columns.iter().map(|c| c.get(r.lang).to_owned()).collect();
            parts.push(Part::Text(sheet.title.get(r.lang).to_owned()));
            parts.push(Part::Table(head, view::lines(sheet, r.lang), None));
        }
        match &f.rule {
            Some(id) => of_rule(r, lead, f, id, &mut parts),
            None => of_screen(r, lead, f, rows, &mut parts),
        }
    }
    Ok(parts)
}

/// Four decimals at most.
fn plain(v: f64) -> String {
    format!("{v:.4}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Four significant digits where four decimals would say zero.
fn small(v: f64) -> String {
    if v != 0.0 && v.abs() < 0.001 { format!("{v:.3e}") } else { plain(v) }
}

/// The rises of a group one by one: which price became which, between which days, by how much.
fn of_steps(r: &Results<'_>, lead: &Lead, f: &Finding, parts: &mut Vec<Part>) {
    if f.steps.len() < 2 {
        return;
    }
    let row = |s: &crate::model::Step| {
        let percent = (s.new / s.old - 1.0) * 100.0;
        vec![
            s.episode.to_string(),
            seller_and_good(r, lead, s.series),
            s.last_old.to_string(),
            s.first_new.to_string(),
            plain(s.old),
            plain(s.new),
            format!("{percent:.1}"),
        ]
    };
    let head = [
        say(r, "第几次", "episode"),
        say(r, "经营者", "seller"),
        say(r, "最后旧价日", "last day of the old price"),
        say(r, "最先新价日", "first day of the new price"),
        say(r, "旧价 a", "old price a"),
        say(r, "新价 b", "new price b"),
        say(r, "(b / a − 1) × 100", "(b / a − 1) × 100"),
    ];
    parts.push(Part::Table(head.to_vec(), f.steps.iter().map(row).collect(), None));
}

fn known(v: Option<f64>) -> String {
    v.map_or("–".into(), plain)
}

/// What a rule says, and row by row (observed − allowed) × quantity, and the sum.
fn of_rule(r: &Results<'_>, lead: &Lead, f: &Finding, id: &str, parts: &mut Vec<Part>) {
    let Some(rule) = r.rules.iter().find(|x| x.id == id) else { return };
    parts.push(Part::Text(format!("{} ({} {})", rule.says.get(r.lang), rule.clause.get(r.lang), rule.version)));
    let mut sums = Vec::new();
    for j in r.judged.iter().filter(|j| r.rules[j.rule].id == id && lead.series.contains(&j.series)) {
        let Some(m) = j.over().filter(|m| m.observed != Observed::Words) else { continue };
        let product = &r.panel.items[r.panel.series[j.series].item as usize].product;
        parts.push(Part::Text(format!("{product}: {} {}", say(r, "基准 R =", "reference R ="), known(m.reference))));
        let amount = |o| Measure { observed: m.observed, over: vec![o], ..Measure::default() }.amount();
        // A fee is paid once an order, whatever was bought.
        let by_order = m.observed == Observed::Fee;
        let row = |o: &crate::model::Over| {
            let mut cells = vec![
                file(r, o.row),
                o.row.line().to_string(),
                o.day.to_string(),
                plain(o.allowed),
                plain(o.observed),
                known(o.quantity),
                known(amount(*o)),
            ];
            if by_order {
                cells.remove(5);
            }
            cells
        };
        let formula = if by_order { "P − A" } else { "(P − A) × Q" };
        let mut head = vec![
            say(r, "文件", "file"),
            say(r, "行", "line"),
            say(r, "日期", "date"),
            say(r, "允许值 A", "allowed A"),
            say(r, "观测值 P", "observed P"),
            say(r, "数量 Q", "quantity Q"),
            formula.to_owned(),
        ];
        if by_order {
            head.remove(5);
        }
        sums.extend(m.amount());
        let sum = m.amount().map(|sum| format!("Σ {formula} = {sum:.2}"));
        parts.push(Part::Table(head, m.over.iter().map(row).collect(), sum));
    }
    if let (Some(told), true) = (f.excess_amount, sums.len() > 1) {
        let added = (sums.iter().sum::<f64>() - told).abs() < 0.005;
        let how = if added {
            say(r, "以上各表之和", "the tables together")
        } else {
            say(r, "最大的一张表：同一单的收费只计一次", "the largest table: what one order shares counts once")
        };
        let word = say(r, "报告的超出金额", "excess amount as reported");
        parts.push(Part::Text(format!("{word} = {told:.2} ({how})")));
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
    parts.push(Part::Text(say(
        r,
        "P 为当日各行价格按数量加权的中位数，Q 为当日数量之和（退货不计），各行见 rows.csv；A 为按 method.md 的公式推算的价格，其中市场行情由全部输入数据得出，当日同类的中位价和四分位见 market.csv。",
        "P is the day's median price weighted by quantity, Q the day's quantity (returns left out), row by row in rows.csv; A is the price the formula of method.md gives, whose market movement comes from all input data: market.csv has the day's median and quartiles of the peers.",
    )));
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
