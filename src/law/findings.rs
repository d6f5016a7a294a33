//! What is reached by a rule and large enough becomes a finding like any screen's.

use std::collections::{BTreeMap, BTreeSet};

use super::{Docket, test_of};
use crate::model::{
    Basis, CostExplained, DefenceState, Finding, Judged, Lang, Measure, Metric, NoticeState, Observed, Panel, RowNote,
    Rule, Sheet, Subject, Text,
};
use crate::stats::robust::median;

/// Days above the allowed value that make a lead, where as many were compared.
const LEAST_DAYS: usize = 2;
/// Source rows a finding names; all of them are in rule_rows.csv.
const ROWS: usize = 12;

/// Goods of one seller above the same rule from which they are one finding: a shop is visited once.
const MANY_GOODS: usize = 4;
/// Goods its table names.
const SHOWN_GOODS: usize = 20;

/// Findings of the judgements that reach far enough to look at, in order.
pub fn findings(docket: &Docket<'_>, rules: &[Rule], judged: &[Judged]) -> Vec<Finding> {
    let mut shops: BTreeMap<(usize, u32, &str), Vec<&Judged>> = BTreeMap::new();
    for j in judged.iter().filter(|j| leads(rules, j)) {
        let series = &docket.panel.series[j.series];
        let region = docket.panel.cells[series.cell as usize].region.as_str();
        shops.entry((j.rule, series.seller, region)).or_default().push(j);
    }
    let one = |j: &Judged| finding(docket, &rules[j.rule], j);
    shops
        .into_values()
        .flat_map(|of| {
            if of.len() < MANY_GOODS && !of.iter().all(|j| of.len() > 1 && is_fee(j)) {
                of.into_iter().map(one).collect()
            } else {
                vec![together(docket, of.iter().map(|j| one(j)).collect())]
            }
        })
        .collect()
}

/// A fee is the shop's, whatever goods it goes with.
fn is_fee(j: &Judged) -> bool {
    j.over().is_some_and(|m| m.observed == Observed::Fee)
}

/// Many goods of one seller as one finding, told by the worst, with a table of them.
fn together(docket: &Docket<'_>, mut of: Vec<Finding>) -> Finding {
    of.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.subject.cmp(&b.subject)));
    let sheet = goods_sheet(docket.panel, &of);
    let amounts: Vec<f64> = of.iter().filter_map(|f| f.excess_amount).collect();
    let window = (of.iter().map(|f| f.window.0).min(), of.iter().map(|f| f.window.1).max());
    let n = of.len();
    let mut others: Vec<usize> = of[1..].iter().flat_map(|f| f.subject.series.clone()).collect();
    others.sort_unstable();
    let mut told = of.swap_remove(0);
    told.subject.series.extend(others);
    told.window = (window.0.unwrap_or(told.window.0), window.1.unwrap_or(told.window.1));
    // The lines of one order repeat its fee: what goods share is counted once, by the good with most of it.
    let shared = told.screen == super::fee_shift::TEST.id;
    told.excess_amount = amounts.iter().copied().reduce(|a, b| if shared { a.max(b) } else { a + b });
    told.reason.zh = format!("同一规则下共 {n} 种商品超出。最多的一种：{}", told.reason.zh);
    told.reason.en = format!("{n} goods are above the same rule. Furthest: {}", told.reason.en);
    told.sheet = Some(sheet);
    told
}

/// The goods of one shop above one rule, furthest first.
fn goods_sheet(panel: &Panel, of: &[Finding]) -> Sheet {
    let number = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v:.2}"));
    let row = |f: &Finding| {
        let product = panel.items[panel.series[f.subject.series[0]].item as usize].product.clone();
        let (reference, observed) = (number(f.reference_price), number(f.observed_price));
        let (above, amount) = (format!("{:.1}", f.measured), number(f.excess_amount));
        vec![product, f.window.0.to_string(), reference, observed, above, amount]
    };
    let columns = [
        ("商品", "good"),
        ("首日", "first day"),
        ("基准", "reference"),
        ("观测", "observed"),
        ("超出 %", "above by %"),
        ("超出金额", "excess amount"),
    ];
    Sheet {
        title: Text::new(
            format!("{} 种商品（列出超出最多的）", of.len()),
            format!("{} goods (those furthest above)", of.len()),
        ),
        columns: columns.map(|(zh, en)| Text::new(zh, en)).to_vec(),
        heads: Vec::new(),
        rows: of.iter().take(SHOWN_GOODS).map(row).collect(),
    }
}

fn leads(rules: &[Rule], j: &Judged) -> bool {
    let Some(m) = j.over().filter(|_| j.reached()) else { return false };
    let days: BTreeSet<_> = m.over.iter().map(|o| o.day).collect();
    let lasting = days.len() >= LEAST_DAYS || m.tested < 2 * LEAST_DAYS || m.observed == Observed::List;
    // The middle of what stands above, not its peak: a single dear sale is listed, and is no lead.
    let excess: Vec<f64> =
        m.over.iter().filter(|o| o.allowed > 0.0).map(|o| (o.observed / o.allowed - 1.0) * 100.0).collect();
    let far = m.observed == Observed::Words || median(&excess).is_none_or(|p| p >= rules[j.rule].lead_pct);
    far && (lasting || m.observed == Observed::Words)
}

fn finding(docket: &Docket<'_>, rule: &Rule, j: &Judged) -> Finding {
    let m = j.result.clone().unwrap_or_default();
    let series = &docket.panel.series[j.series];
    let cell = &docket.panel.cells[series.cell as usize];
    let (first, last) = (m.over.iter().map(|o| o.day).min(), m.over.iter().map(|o| o.day).max());
    let window = (first.unwrap_or_default(), last.unwrap_or_default());
    let excess = m.excess_pct().filter(|_| m.observed != Observed::Words);
    let role = || Text::new("超出允许值的行", "row above the allowed value");
    let over = m.over.iter().take(ROWS).map(|o| RowNote { row: o.row, role: role() });
    let priced = matches!(m.observed, Observed::Price | Observed::List);
    let increase = m.reference.zip(m.worst().map(|w| w.observed)).filter(|_| priced);
    let product = &docket.panel.items[series.item as usize].product;
    let reason = |lang| reason(rule, j.notice, &m, product, docket.panel.currency.get(lang), lang);
    Finding {
        screen: test_of(rule).map_or("", |t| t.id),
        kind: rule.conduct,
        subject: Subject::of(series.cell as usize, vec![j.series]),
        window,
        measured: excess.unwrap_or(m.over.len() as f64),
        threshold: rule.lead_pct,
        unit: if excess.is_some() { "%".into() } else { "rows".into() },
        p_value: None,
        p_floor: None,
        q_value: None,
        tested: m.tested,
        reference_price: increase.map(|i| i.0),
        observed_price: increase.map(|i| i.1),
        excess_amount: m.amount(),
        cost: cost(rule, j.defence),
        steps: Vec::new(),
        expected: if m.observed == Observed::Price { m.ceiling.clone() } else { Vec::new() },
        basis: format!("{}{}", rule.clause.zh, rule.mark(Lang::Zh)).into(),
        rule: Some(rule.id.clone()),
        sheet: m.sheet.clone(),
        strips: Vec::new(),
        innocent: rule.exemptions.clone(),
        party: None,
        facts: m.facts.clone(),
        reason: Text::new(reason(Lang::Zh), reason(Lang::En)),
        rows: m.rows.iter().cloned().chain(over).collect(),
        score: excess.map_or(1.0, |p| p / 5.0).min(200.0) * if cell.basis == Basis::Net { 1.0 } else { 0.9 },
    }
}

/// What a rule says of cost: by its defence, or because cost is what it compares with.
fn cost(rule: &Rule, defence: DefenceState) -> CostExplained {
    let compares =
        rule.metric != Metric::Price || matches!(rule.test.as_str(), "over-cost" | "cost-gap" | "chain-markup");
    match defence {
        DefenceState::Met => CostExplained::Explained,
        DefenceState::NotMet => CostExplained::Unexplained,
        DefenceState::None if compares => CostExplained::Unexplained,
        DefenceState::None | DefenceState::Unknown => CostExplained::Unknown,
    }
}

/// One sentence: when, what, against which rule, how far, how much money, after which notice.
fn reason(rule: &Rule, notice: NoticeState, m: &Measure, product: &str, currency: &str, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    let (first, last) = (m.over.iter().map(|o| o.day).min(), m.over.iter().map(|o| o.day).max());
    let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
    let size = match m.excess_pct().filter(|_| m.observed != Observed::Words) {
        None => String::new(),
        Some(p) if zh => format!("，最多超出允许值 {p:.1}%"),
        Some(p) => format!(", by {p:.1} % at most"),
    };
    let money = match m.amount() {
        None => String::new(),
        Some(a) if zh => format!("，超出金额估算 {a:.2} {currency}"),
        Some(a) => format!(", excess about {a:.2} {currency}"),
    };
    let notice = match notice {
        NoticeState::Given(d) if zh => format!("（{d} 已告诫）"),
        NoticeState::Given(d) => format!(" (notice on {d})"),
        _ => String::new(),
    };
    let (title, mark, n) = (rule.title.get(lang), rule.mark(lang), m.over.len());
    if zh {
        format!("{first} 至 {last}，{product} 与规则“{title}”{mark}不一致：{n} 处超出{size}{money}{notice}。")
    } else {
        let rows = if n == 1 { "row" } else { "rows" };
        format!(
            "{first} to {last}: {product} is not in line with \"{title}\"{mark}: {n} {rows} above{size}{money}{notice}."
        )
    }
}
