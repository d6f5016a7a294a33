#![doc = include_str!("wording.md")]

use super::weigh::binds;
use super::{Docket, Test};
use crate::model::{Measure, Observed, Over, RowNote, Rule, Sheet, Text};

/// The card.
pub const TEST: Test =
    Test { id: "wording", page: include_str!("wording.md"), needs_trades: true, reads: &["words"], example, judge };

/// Rows shown.
const SHOWN: usize = 20;

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let all = docket.of_series.get(&s).into_iter().flatten().map(|t| &docket.trades[*t]);
    let texts: Vec<_> = all.filter(|t| !t.text.is_empty() && binds(rule, t.day.0)).collect();
    if texts.is_empty() {
        return Err(Text::new("没有宣传文字或备注中的涨价用语", "no text with words of this kind"));
    }
    let mut measure = Measure { observed: Observed::Words, tested: texts.len(), ..Measure::default() };
    let mut sheet = Sheet {
        title: Text::new("原文", "the words"),
        columns: vec![Text::new("日期", "date"), Text::new("用语", "word"), Text::new("原文", "text")],
        heads: Vec::new(),
        rows: Vec::new(),
    };
    for t in texts {
        let Some(word) = rule.words.iter().find(|w| t.text.contains(w.as_str())) else { continue };
        if docket.counted.is_some_and(|c| !c.contains(&t.day)) {
            continue;
        }
        measure.over.push(Over { day: t.day, row: t.row, allowed: 0.0, observed: 1.0, quantity: None });
        if sheet.rows.len() < SHOWN {
            sheet.rows.push(vec![t.day.to_string(), word.clone(), t.text.clone()]);
            measure.rows.push(RowNote { row: t.row, role: Text::new("原文所在行", "row of the text") });
        }
    }
    if !measure.over.is_empty() {
        measure.facts = vec![("rows_with_alarm_words", measure.over.len() as f64, String::new())];
        measure.sheet = Some(sheet);
    }
    Ok(measure)
}

fn example(rule: &Rule) -> Text {
    let word = rule.words.first().cloned().unwrap_or_default();
    Text::new(
        format!("商品页面写“口罩{word}，欲购从速”：列出该行原文。"),
        format!("A listing says \"口罩{word}\": the row is listed with its text."),
    )
}
