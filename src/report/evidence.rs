//! What an investigator puts into the case file: the rows, every number from row to result, the method, the hashes.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::tables::safe;
use super::{Results, chart, manifest, page};
use crate::model::{Finding, Lang, Lead, Measure, Observed, RowRef, SourceRow, Text, masked};

/// Relative path and bytes of each file of a lead's folder; `rows` are the source rows of its series, `text` the text
/// of each row as it stands in its file.
pub fn evidence(
    r: &Results<'_>,
    lead: &Lead,
    rows: &[SourceRow],
    text: &BTreeMap<RowRef, String>,
) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, svg) in chart::of_lead(r, lead)? {
        let name = name.rsplit('/').next().unwrap_or(&name).to_owned();
        files.extend(chart::export(&name, &svg)?);
    }
    files.push(("rows.csv".into(), rows_csv(r, rows, lead, text)?));
    files.push(("calculation.md".into(), calculation(r, lead)?.into_bytes()));
    files.push(("method.md".into(), method(r, lead).into_bytes()));
    let cover = cover(r, lead, &files);
    files.insert(0, ("cover.md".into(), cover.into_bytes()));
    Ok(files)
}

fn say(r: &Results<'_>, zh: &str, en: &str) -> String {
    if r.lang == Lang::Zh { zh.to_owned() } else { en.to_owned() }
}

fn rows_csv(r: &Results<'_>, rows: &[SourceRow], lead: &Lead, text: &BTreeMap<RowRef, String>) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "file",
        "line",
        "original_text",
        "seller_id",
        "product",
        "unit",
        "date",
        "price",
        "quantity",
        "unit_cost",
        "list_price",
        "delivery_fee",
    ])?;
    let number = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v}"));
    let place = |row: RowRef| (safe(&r.files[row.file() as usize].path), row.line().to_string());
    let original = |row: RowRef| safe(text.get(&row).map_or("", String::as_str));
    for row in rows {
        let series = &r.panel.series[row.series];
        let (file, line) = place(row.row);
        out.write_record([
            file,
            line,
            original(row.row),
            safe(&masked(&r.panel.sellers[series.seller as usize].id)),
            safe(&r.panel.items[series.item as usize].product),
            safe(r.panel.cells[series.cell as usize].unit.label()),
            row.day.to_string(),
            number(Some(row.price)),
            number(row.quantity),
            number(row.cost),
            number(row.list),
            number(row.fee),
        ])?;
    }
    // Rows a finding rests on that are no price rows: certificates, caps, notices.
    let others = lead.findings.iter().flat_map(|f| &r.findings[*f].rows).map(|n| n.row);
    let others: std::collections::BTreeSet<RowRef> = others.filter(|o| rows.iter().all(|x| x.row != *o)).collect();
    for row in others {
        let (file, line) = place(row);
        let mut cells = vec![file, line, original(row)];
        cells.resize(12, String::new());
        out.write_record(cells)?;
    }
    out.into_inner().context("rows.csv")
}

/// Every number of the lead, recomputable by hand.
fn calculation(r: &Results<'_>, lead: &Lead) -> Result<String> {
    let words: toml::Table = toml::from_str(include_str!("words.toml")).context("words.toml")?;
    let words = words.get(if r.lang == Lang::Zh { "zh" } else { "en" });
    let word = |prefix: &str, name: &str| {
        let found = words.and_then(|w| w.get(format!("{prefix}_{name}"))).and_then(toml::Value::as_str);
        found.unwrap_or(name).to_owned()
    };
    let mut text = format!("# {} {}\n\n{}\n", say(r, "计算", "Calculation"), lead.id, lead.summary.get(r.lang));
    for f in lead.findings.iter().map(|i| &r.findings[*i]) {
        text += &format!("\n## {}\n\n", f.rule.clone().unwrap_or_else(|| f.screen.to_owned()));
        let (unit, one) =
            (word("u", &f.unit), |v: f64| format!("{v:.4}").trim_end_matches('0').trim_end_matches('.').to_owned());
        let (measured, threshold) = (say(r, "测得", "measured"), say(r, "门槛", "threshold"));
        text += &format!("{measured}: {} {unit} ({threshold} {} {unit})\n\n", one(f.measured), one(f.threshold));
        for (name, value, unit) in &f.facts {
            text += &format!("- {} = {} {}\n", word("f", name), one(*value), word("u", unit));
        }
        for n in &f.rows {
            text += &format!(
                "- {}: {} {} {}\n",
                n.role.get(r.lang),
                r.files[n.row.file() as usize].path,
                say(r, "行", "line"),
                n.row.line()
            );
        }
        text += &match &f.rule {
            Some(id) => of_rule(r, lead, id),
            None => of_screen(r, lead, f),
        };
    }
    Ok(text)
}

/// Row by row: (observed − allowed) × quantity, and the sum.
fn of_rule(r: &Results<'_>, lead: &Lead, id: &str) -> String {
    let mine = r.judged.iter().filter(|j| r.rules[j.rule].id == id && lead.series.contains(&j.series));
    let mut text = String::new();
    for m in mine.filter_map(|j| j.over()).filter(|m| m.observed != Observed::Words) {
        text += &format!(
            "\n| {} | {} | {} | {} | {} | {} | {} |\n|---|---|---|---|---|---|---|\n",
            say(r, "文件", "file"),
            say(r, "行", "line"),
            say(r, "日期", "date"),
            say(r, "允许值 A", "allowed A"),
            say(r, "观测值 P", "observed P"),
            say(r, "数量 Q", "quantity Q"),
            "(P − A) × Q"
        );
        for o in &m.over {
            let one = Measure { observed: m.observed, over: vec![*o], ..Measure::default() }.amount();
            text += &format!(
                "| {} | {} | {} | {:.4} | {:.4} | {} | {} |\n",
                r.files[o.row.file() as usize].path,
                o.row.line(),
                o.day,
                o.allowed,
                o.observed,
                o.quantity.map_or("–".into(), |q| q.to_string()),
                one.map_or("–".into(), |a| format!("{a:.4}"))
            );
        }
        if let Some(sum) = m.amount() {
            text += &format!("\nΣ (P − A) × Q = **{sum:.2}**\n");
        }
    }
    text
}

/// Day by day: the price against what the screen expects. The amount is summed only where the sum is the reported one.
fn of_screen(r: &Results<'_>, lead: &Lead, f: &Finding) -> String {
    let Some(&s) = lead.series.first().filter(|_| !f.expected.is_empty()) else { return String::new() };
    let p = r.panel.points(&r.panel.series[s]);
    let expected: BTreeMap<i32, f64> = f.expected.iter().map(|e| (e.0.0, e.1)).collect();
    let (mut text, mut sum) = (String::new(), 0.0);
    text += &format!(
        "\n| {} | {} | {} | {} | {} |\n|---|---|---|---|---|\n",
        say(r, "日期", "date"),
        say(r, "应为 A", "expected A"),
        say(r, "价格 P", "price P"),
        say(r, "数量 Q", "quantity Q"),
        "(P − A) × Q"
    );
    for i in (0..p.day.len()).filter(|i| (f.window.0.0..=f.window.1.0).contains(&p.day[*i])) {
        let Some(a) = expected.get(&p.day[i]) else { continue };
        let q = p.quantity.get(i).copied().filter(|q| q.is_finite());
        let amount = q.map(|q| (p.price[i] - a).max(0.0) * q);
        sum += amount.unwrap_or(0.0);
        text += &format!(
            "| {} | {a:.4} | {:.4} | {} | {} |\n",
            crate::model::Day(p.day[i]),
            p.price[i],
            q.map_or("–".into(), |q| q.to_string()),
            amount.map_or("–".into(), |a| format!("{a:.4}"))
        );
    }
    if f.excess_amount.is_some_and(|e| (e - sum).abs() < 0.005) {
        text += &format!("\nΣ (P − A) × Q = **{sum:.2}**\n");
    } else if let Some(e) = f.excess_amount {
        text += &format!(
            "\n{} {e:.2}\n",
            say(r, "报告的超出金额（公式见方法）：", "excess amount as reported (formula: see the method):")
        );
    }
    text
}

/// The pages of the screens and rules as used, with their parameters.
fn method(r: &Results<'_>, lead: &Lead) -> String {
    let mut text = String::new();
    for screen in r.screens.iter().filter(|s| lead.screens.contains(&s.id)) {
        text += page(screen.page, r.lang);
        text += "\n\n";
        for p in screen.params {
            text += &format!("- {} = {} {}\n", p.name, r.knobs[screen.id].get(p), p.unit);
        }
        text += "\n";
    }
    for f in lead.findings.iter().map(|i| &r.findings[*i]) {
        let rule = f.rule.as_ref().and_then(|id| r.rules.iter().find(|x| x.id == *id));
        if let Some(rule) = rule {
            let none = Text::default();
            let page = (r.rule_page)(rule);
            text += if page == none { "" } else { page.get(r.lang) };
            text += "\n\n";
        }
    }
    text + &say(
        r,
        "筛查结果不能证明违法；平行定价可能合法；未被标记不等于合规。\n",
        "A screen proves nothing; parallel prices may be lawful; no flag is no clearance.\n",
    )
}

/// What the folder is, and the hashes of everything that went into it and that it holds.
fn cover(r: &Results<'_>, lead: &Lead, files: &[(String, Vec<u8>)]) -> String {
    let names: Vec<String> = lead.names.iter().map(|(id, name)| format!("{name}（{}）", masked(id))).collect();
    let mut text = format!(
        "# {} {}\n\n- {}: {}\n- {}: {} {}\n- {}: {} – {}\n- {}: {}\n- {}: pricewatch {}, seed {}\n- {}: {}\n\n{}\n",
        say(r, "证据清单：线索", "Evidence: lead"),
        lead.id,
        say(r, "经营者", "sellers"),
        names.join("、"),
        say(r, "地区与商品", "region and good"),
        lead.region,
        lead.product,
        say(r, "日期", "dates"),
        lead.first_day,
        lead.last_day,
        say(r, "分析日期", "analysis date"),
        r.context.as_of,
        say(r, "程序", "program"),
        env!("CARGO_PKG_VERSION"),
        r.context.seed,
        say(r, "规则", "rules"),
        if lead.rules.is_empty() { "–".to_owned() } else { super::rules::clauses(r, lead).join("; ") },
        say(
            r,
            "本清单列出疑似线索的材料，供核查之用，不是结论。",
            "This folder holds the material of a lead to be checked; it is no conclusion."
        )
    );
    text += &format!("\n## {}\n\n| | SHA-256 | SM3 |\n|---|---|---|\n", say(r, "输入文件", "Input files"));
    for i in r.inputs {
        text += &format!("| {} | {} | {} |\n", i.path, i.sha256, i.sm3);
    }
    for (name, sha) in &r.command.hashes {
        text += &format!("| {name} | {sha} | |\n");
    }
    text += &format!("\n## {}\n\n| | SHA-256 | SM3 |\n|---|---|---|\n", say(r, "本文件夹", "This folder"));
    for (name, bytes) in files {
        text += &format!("| {name} | {} | {} |\n", manifest::sha256(bytes), manifest::sm3(bytes));
    }
    text + &format!(
        "\n{}\n",
        say(
            r,
            "图表 PNG 宽 1920 像素：印成 162 毫米宽即为 300 dpi。",
            "The PNG charts are 1,920 pixels wide: printed 162 mm wide that is 300 dpi."
        )
    )
}
