#![doc = include_str!("marked_charged.md")]

use super::weigh::{above, binds, over};
use super::{Docket, Test};
use crate::model::{Basis, Measure, RowNote, Rule, Text};

/// The card.
pub const TEST: Test = Test {
    id: "marked-charged",
    page: include_str!("marked_charged.md"),
    needs_trades: false,
    reads: &["inclusive"],
    example,
    judge,
};

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let cell = &panel.cells[series.cell as usize];
    if cell.basis != Basis::Net {
        return Err(Text::new("需要成交价", "needs charged prices"));
    }
    let twin = docket.of_seller.get(&series.seller).into_iter().flatten().copied().find(|t| {
        let other = &panel.series[*t];
        let theirs = &panel.cells[other.cell as usize];
        theirs.basis == Basis::Posted
            && theirs.unit == cell.unit
            && theirs.product == cell.product
            && panel.items[other.item as usize].product == panel.items[series.item as usize].product
    });
    let Some(twin) = twin else {
        return Err(Text::new("没有同一经营者同一商品的标价记录", "no posted price of the same seller and good"));
    };
    let (charged, marked) = (panel.points(series), panel.points(&panel.series[twin]));
    // The mark of a day: seen that day, or the same before and after.
    let mark = |day: i32| {
        let next = marked.day.partition_point(|d| *d < day);
        let seen = (next < marked.day.len() && marked.day[next] == day).then_some(next);
        let between = || {
            let before = next.checked_sub(1)?;
            (next < marked.day.len() && marked.price[before] == marked.price[next]).then_some(before)
        };
        seen.or_else(between)
    };
    let mut measure = Measure::default();
    for i in (0..charged.day.len()).filter(|i| binds(rule, charged.day[*i])) {
        let Some(m) = mark(charged.day[i]) else { continue };
        measure.tested += 1;
        if measure.over.is_empty() {
            let role = Text::new("标价所在行", "row of the marked price");
            (measure.rows, measure.reference) = (vec![RowNote { row: marked.row[m], role }], Some(marked.high[m]));
        }
        if above(docket, rule, charged.day[i], charged.high[i], marked.high[m]) {
            measure.over.push(over(&charged, i, marked.high[m], charged.high[i]));
        }
    }
    if measure.tested == 0 {
        return Err(Text::new("没有同一天的标价和成交价", "no day with both a marked and a charged price"));
    }
    if let Some(w) = measure.worst().copied() {
        let unit = panel.price_unit(cell).zh;
        measure.reference = Some(w.allowed);
        measure.facts = vec![("marked_price", w.allowed, unit.clone()), ("charged_price", w.observed, unit)];
    }
    Ok(measure)
}

fn example(_: &Rule) -> Text {
    Text::new(
        "标价 3.00 元，同日收 3.50 元、40 只：多收 20.00 元。",
        "Marked 3.00, charged 3.50 the same day, 40 pieces: 20.00 too much.",
    )
}
