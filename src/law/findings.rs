//! What is reached by a rule and large enough becomes a finding like any screen's.

use super::{Docket, test_of};
use crate::model::{
    Basis, CostExplained, DefenceState, Finding, Judged, Metric, NoticeState, Observed, RowNote, Rule, Subject, Text, TextStatus,
};

/// Days above the allowed value that make a lead, where as many were compared.
const LEAST_DAYS: usize = 2;
/// Source rows a finding names; all of them are in rule_rows.csv.
const ROWS: usize = 12;

/// Findings of the judgements that reach far enough to look at, in order.
pub fn findings(docket: &Docket<'_>, rules: &[Rule], judged: &[Judged]) -> Vec<Finding> {
    judged.iter().filter(|j| leads(rules, j)).map(|j| finding(docket, &rules[j.rule], j)).collect()
}

fn leads(rules: &[Rule], j: &Judged) -> bool {
    let Some(m) = j.over().filter(|_| j.reached()) else { return false };
    let mut days: Vec<_> = m.over.iter().map(|o| o.day).collect();
    days.dedup();
    let lasting = days.len() >= LEAST_DAYS || m.tested < 2 * LEAST_DAYS || m.observed == Observed::List;
    let far = m.observed == Observed::Words || m.excess_pct().is_none_or(|p| p >= rules[j.rule].lead_pct);
    far && (lasting || m.observed == Observed::Words)
}

fn finding(docket: &Docket<'_>, rule: &Rule, j: &Judged) -> Finding {
    let m = j.result.clone().unwrap_or_default();
    let panel = docket.panel;
    let series = &panel.series[j.series];
    let cell = &panel.cells[series.cell as usize];
    let worst = m.worst().copied();
    let (first, last) = (m.over.iter().map(|o| o.day).min(), m.over.iter().map(|o| o.day).max());
    let window = (first.unwrap_or_default(), last.unwrap_or_default());
    let priced = matches!(m.observed, Observed::Price | Observed::List);
    let product = &panel.items[series.item as usize].product;
    let excess = m.excess_pct().filter(|_| m.observed != Observed::Words);
    let mark = |zh: bool| match (rule.status, zh) {
        (TextStatus::Verified, _) => "",
        (_, true) => "（条文未核对）",
        (_, false) => " (text unverified)",
    };
    let amount = m.amount();
    let mut rows: Vec<RowNote> = m.rows.clone();
    rows.extend(m.over.iter().take(ROWS).map(|o| RowNote { row: o.row, role: Text::new("超出允许值的行", "row above the allowed value") }));
    let cost = match (j.defence, rule.metric) {
        (DefenceState::Met, _) => CostExplained::Explained,
        (DefenceState::NotMet, _) => CostExplained::Unexplained,
        (DefenceState::None, Metric::MarginAmount | Metric::MarginOnCost | Metric::MarginOnPrice) => CostExplained::Unexplained,
        (DefenceState::None, _) if matches!(rule.test.as_str(), "over-cost" | "cost-gap" | "chain-markup") => CostExplained::Unexplained,
        _ => CostExplained::Unknown,
    };
    let said = |zh: bool| -> String {
        let size = excess.map_or(String::new(), |p| if zh { format!("，最多超出允许值 {p:.1}%") } else { format!(", by {p:.1} % at most") });
        let money = amount.map_or(String::new(), |a| {
            let currency = if zh { &panel.currency.zh } else { &panel.currency.en };
            if zh { format!("，超出金额估算 {a:.2} {currency}") } else { format!(", excess about {a:.2} {currency}") }
        });
        let notice = match (j.notice, zh) {
            (NoticeState::Given(d), true) => format!("（{d} 已告诫）"),
            (NoticeState::Given(d), false) => format!(" (notice on {d})"),
            _ => String::new(),
        };
        if zh {
            format!("{} 至 {}，{product} 与规则“{}”{}不一致：{} 处超出{size}{money}{notice}。", window.0, window.1, rule.title.zh, mark(true), m.over.len())
        } else {
            format!("{} to {}: {product} is not in line with \"{}\"{}: {} rows above{size}{money}{notice}.", window.0, window.1, rule.title.en, mark(false), m.over.len())
        }
    };
    let increase = m.reference.zip(worst).filter(|_| priced);
    Finding {
        screen: test_of(rule).map_or("", |t| t.id),
        kind: rule.conduct,
        subject: Subject { cell: series.cell as usize, series: vec![j.series] },
        window,
        measured: excess.unwrap_or(m.over.len() as f64),
        threshold: rule.lead_pct,
        unit: if excess.is_some() { "%".into() } else { "rows".into() },
        p_value: None,
        p_floor: None,
        q_value: None,
        tested: m.tested,
        reference_price: increase.map(|i| i.0),
        observed_price: increase.map(|i| i.1.observed),
        excess_amount: amount,
        cost,
        steps: Vec::new(),
        expected: if m.observed == Observed::Price { m.over.iter().map(|o| (o.day, o.allowed)).collect() } else { Vec::new() },
        basis: format!("{}{}", rule.clause.zh, mark(true)).into(),
        rule: Some(rule.id.clone()),
        sheet: m.sheet.clone(),
        facts: m.facts.clone(),
        reason: Text::new(said(true), said(false)),
        rows,
        score: excess.map_or(1.0, |p| p / 5.0).min(200.0) * if cell.basis == Basis::Net { 1.0 } else { 0.9 },
    }
}
