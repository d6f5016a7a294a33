//! What a single-seller finding shows of its window: money above the allowed price, cost, key rows.

use crate::model::panel::PointsView;
use crate::model::*;
use crate::stats::robust::median;

/// Days a sale lasts at most: a price that had been seen for no longer may be one, and its end no rise.
const SALE_DAYS: i32 = 10;

/// Why what was seen before position `first` is no reference, however often it was seen.
pub fn perhaps_a_sale(points: &PointsView<'_>, first: usize) -> Option<Text> {
    let days = points.day[first.checked_sub(1)?] - points.day[0];
    (days < SALE_DAYS).then(|| {
        Text::new(
            format!("涨价前只观测了 {} 天，可能是促销结束", days + 1),
            format!("seen for {} days only before the rise: it may be the end of a sale", days + 1),
        )
    })
}

/// Σ (price − allowed) × quantity over the window, where quantities are known; `None` where none is.
/// `allowed` gives the price market or cost alone would give at a position, per price unit.
pub fn excess_amount(points: &PointsView<'_>, inside: &[usize], allowed: impl Fn(usize) -> Option<f64>) -> Option<f64> {
    let quantity = |i: usize| points.quantity.get(i).copied().filter(|q| q.is_finite());
    let parts: Vec<f64> =
        inside.iter().filter_map(|&i| Some((points.price[i] - allowed(i)?).max(0.0) * quantity(i)?)).collect();
    (!parts.is_empty()).then(|| parts.iter().sum())
}

/// Purchase cost, before against inside: does its rise in money cover the price's? Own cost where it is
/// recorded, else the general cost of the good where it is money and no index.
pub fn cost_state(cell: &Cell, points: &PointsView<'_>, before: &[usize], inside: &[usize]) -> CostExplained {
    let middle = |part: &[usize], value: &dyn Fn(usize) -> Option<f64>| {
        median(&part.iter().filter_map(|&i| value(i)).collect::<Vec<_>>())
    };
    let own = |i: usize| points.cost.get(i).copied().filter(|c| c.is_finite());
    let general = |i: usize| cell.cost.as_ref().filter(|c| !c.is_index)?.on(Day(points.day[i]));
    let rise = |value: &dyn Fn(usize) -> Option<f64>| Some(middle(inside, value)? - middle(before, value)?);
    match (rise(&own).or_else(|| rise(&general)), rise(&|i| Some(points.price[i]))) {
        (Some(cost), Some(price)) if cost >= price => CostExplained::Explained,
        (Some(_), _) => CostExplained::Unexplained,
        _ => CostExplained::Unknown,
    }
}

/// Last row before, first row after, last row of the window: positions of a rise in a series.
pub fn rise_rows(points: &PointsView<'_>, old: usize, first: usize, last: usize) -> Vec<RowNote> {
    let note = |i: usize, zh: &str, en: &str| RowNote { row: points.row[i], role: Text::new(zh, en) };
    vec![
        note(old, "涨价前最后一笔", "last row before the rise"),
        note(first, "涨价后第一笔", "first row after the rise"),
        note(last, "窗口最后一笔", "last row of the window"),
    ]
}

/// The reason why a rise that cost explains is no finding.
pub fn explained_by_cost(points: &PointsView<'_>) -> Text {
    if points.cost.iter().any(|c| c.is_finite()) {
        return Text::new("涨幅由本店有记录的进价上涨解释", "the rise is explained by its own recorded purchase cost");
    }
    Text::new("涨幅不超过同类商品一般成本的上涨", "the rise is within that of the general cost of the good")
}
