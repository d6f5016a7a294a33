//! What `explain` prints for a rule: the test in one sentence, clause, dates, what it is compared by, a worked example.

use super::{Divisions, test_of};
use crate::model::{CostDefence, Lang, NumberFrom, Rule, Text, TextStatus};

/// The page of a rule in both languages.
pub fn page(rule: &Rule) -> Text {
    Text::new(told(rule, Lang::Zh), told(rule, Lang::En))
}

fn told(rule: &Rule, lang: Lang) -> String {
    let Some(test) = test_of(rule) else { return String::new() };
    let word = |zh: &'static str, en: &'static str| if lang == Lang::Zh { zh } else { en };
    let facts: Vec<String> = [
        (word("条款", "clause"), rule.clause.get(lang).to_owned()),
        (word("条文状态", "text"), status(rule, lang).to_owned()),
        (word("地区", "regions"), places(rule)),
        (word("商品", "goods"), goods(rule, lang)),
        (word("适用", "in force"), dates(rule, lang)),
        (word("门槛", "threshold"), threshold(rule, lang)),
        (word("须先告诫", "notice must precede"), yes_no(rule.notice_required, lang).to_owned()),
        (word("成本抗辩", "cost defence"), defence(rule, lang)),
        (word("待核豁免", "exemptions to check"), list(&rule.exemptions, lang)),
        (word("说明", "note"), rule.note.as_ref().map_or("–", |n| n.get(lang)).to_owned()),
        (word("检验方法", "kind of test"), format!("{0} (pricewatch explain {0})", test.id)),
        (word("规则包", "pack"), format!("{} {}", rule.source, rule.version)),
    ]
    .into_iter()
    .filter(|(_, v)| v != "–")
    .map(|(k, v)| format!("- {k}{}{v}\n", word("：", ": ")))
    .collect();
    format!(
        "# {} ({})\n\n{}\n\n{}\n## {}\n{}",
        rule.title.get(lang),
        rule.id,
        rule.says.get(lang),
        facts.concat(),
        word("算例", "Worked example"),
        (test.example)(rule).get(lang)
    )
}

fn yes_no(yes: bool, lang: Lang) -> &'static str {
    match (yes, lang) {
        (true, Lang::Zh) => "是",
        (false, Lang::Zh) => "否",
        (true, Lang::En) => "yes",
        (false, Lang::En) => "no",
    }
}

fn status(rule: &Rule, lang: Lang) -> &'static str {
    match (rule.status, lang) {
        (TextStatus::Verified, Lang::Zh) => "已核对",
        (TextStatus::Verified, Lang::En) => "verified",
        (TextStatus::Unverified, Lang::Zh) => "未核对条文（unverified）：用前须由人查对原文",
        (TextStatus::Unverified, Lang::En) => "UNVERIFIED: a person must read the text before use",
    }
}

fn places(rule: &Rule) -> String {
    let divisions = Divisions::shipped();
    let one = |code: &String| {
        let full = if code.bytes().all(|b| b.is_ascii_digit()) { format!("{code:0<6}") } else { code.clone() };
        let name = divisions.name(&full);
        if name == *code { name } else { format!("{name} {code}") }
    };
    rule.regions.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn goods(rule: &Rule, lang: Lang) -> String {
    let (all, but) = if lang == Lang::Zh { ("全部", "，除") } else { ("all", ", except ") };
    let named = if rule.goods.is_empty() { all.to_owned() } else { rule.goods.join(", ") };
    if rule.except_goods.is_empty() { named } else { format!("{named}{but}{}", rule.except_goods.join(", ")) }
}

fn dates(rule: &Rule, lang: Lang) -> String {
    let (to, base) = if lang == Lang::Zh { ("至", "，基准日 ") } else { ("to", ", base date ") };
    let until = rule.until.map_or("…".to_owned(), |d| d.to_string());
    let base = rule.base.map_or(String::new(), |d| format!("{base}{d}"));
    format!("{} {to} {until}{base}", rule.from)
}

fn threshold(rule: &Rule, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    let from = match (rule.number, zh) {
        (NumberFrom::Text, _) => "",
        (NumberFrom::Triage, true) => "（条文没有数字：本程序的筛选值，可改）",
        (NumberFrom::Triage, false) => " (the text has no number: a value to sort by, open to change)",
    };
    let number = match (rule.cap, rule.allowed_pct) {
        (Some(cap), _) => format!(
            "{cap} {}{}",
            rule.currency.first().map_or("", String::as_str),
            rule.per.as_ref().map_or(String::new(), |p| format!("/{p}"))
        ),
        (None, Some(pct)) if rule.inclusive && zh => format!("{pct}%，达到即算"),
        (None, Some(pct)) if rule.inclusive => format!("{pct} %, reaching it counts"),
        (None, Some(pct)) if zh => format!("{pct}%，超过才算"),
        (None, Some(pct)) => format!("{pct} %, only what passes it counts"),
        (None, None) if zh => "无（任何超出）".to_owned(),
        (None, None) => "none (any excess)".to_owned(),
    };
    number + from
}

fn defence(rule: &Rule, lang: Lang) -> String {
    let text = match (rule.cost_defence, lang) {
        (None, _) => return "–".to_owned(),
        (Some(CostDefence::SameMarginAmount), Lang::Zh) => "现进价加基准差价额",
        (Some(CostDefence::SameMarginAmount), Lang::En) => "cost now plus the old margin amount",
        (Some(CostDefence::SameMarginRate), Lang::Zh) => "现进价加基准差价率",
        (Some(CostDefence::SameMarginRate), Lang::En) => "cost now plus the old margin rate",
        (Some(CostDefence::RaisedMarginRate), Lang::Zh) => "现进价加基准差价率，差价率",
        (Some(CostDefence::RaisedMarginRate), Lang::En) => "cost now plus the old margin rate, the rate itself",
    };
    match (rule.defence_pct > 0.0, lang) {
        (false, _) => text.to_owned(),
        (true, Lang::Zh) => format!("{text}再高 {}%", rule.defence_pct),
        (true, Lang::En) => format!("{text} up by {} %", rule.defence_pct),
    }
}

fn list(texts: &[Text], lang: Lang) -> String {
    if texts.is_empty() { "–".to_owned() } else { texts.iter().map(|t| t.get(lang)).collect::<Vec<_>>().join("; ") }
}
