//! What a single-seller finding shows of its window: money above the allowed price, cost, key rows.

use crate::model::panel::PointsView;
use crate::model::*;
use crate::stats::robust::median;

/// Days a sale lasts at most: a price that had been seen for no longer may be one, and its end no rise.
const SALE_DAYS: i32 = 10;
/// Sellers with so many sales after a rise may have had some before it: what was seen for less than four weeks may be.
const SALES: usize = 2;
const SALES_DAYS: i32 = 28;
/// A price is back after a sale when it is within this of the one before, log.
const BACK: f64 = 0.02;

/// Why what was seen before position `first` is no reference, however often it was seen. `rise`: from it, log.
pub fn perhaps_a_sale(points: &PointsView<'_>, first: usize, rise: f64) -> Option<Text> {
    let days = points.day[first.checked_sub(1)?] - points.day[0];
    if days < SALE_DAYS {
        return Some(Text::new(
            format!("涨价前只观测了 {} 天，可能是促销结束", days + 1),
            format!("seen for {} days only before the rise: it may be the end of a sale", days + 1),
        ));
    }
    let sales = if days < SALES_DAYS { sales_after(points, first, rise / 2.0) } else { 0 };
    (sales >= SALES).then(|| {
        Text::new(
            format!("涨价前只观测了 {} 天，其后又有 {sales} 次同样的短期降价：可能是促销结束", days + 1),
            format!(
                "seen for {} days only before the rise, and {sales} like sales after it: it may be the end of a sale",
                days + 1
            ),
        )
    })
}

/// How often after `first` the price fell by at least `depth`, log, and was back within days.
fn sales_after(points: &PointsView<'_>, first: usize, depth: f64) -> usize {
    let (day, price) = (points.day, points.price);
    let (mut sales, mut i) = (0, first + 1);
    while i < price.len() {
        let back = |j: &usize| (price[i - 1] / price[*j]).ln() <= BACK;
        let fell = depth > BACK && (price[i - 1] / price[i]).ln() >= depth;
        let until = day.partition_point(|d| *d <= day[i] + SALE_DAYS);
        i = match (i + 1..until).find(back).filter(|_| fell) {
            Some(j) => {
                sales += 1;
                j + 1
            }
            None => i + 1,
        };
    }
    sales
}

/// Σ (price − allowed) × quantity over the window, where quantities are known; `None` where none is.
/// `allowed` gives the price market or cost alone would give at a position, per price unit.
pub fn excess_amount(points: &PointsView<'_>, inside: &[usize], allowed: impl Fn(usize) -> Option<f64>) -> Option<f64> {
    let quantity = |i: usize| points.quantity.get(i).copied().filter(|q| q.is_finite());
    let parts: Vec<f64> =
        inside.iter().filter_map(|&i| Some((points.price[i] - allowed(i)?).max(0.0) * quantity(i)?)).collect();
    (!parts.is_empty()).then(|| parts.iter().sum())
}

/// What cost and price did, medians before against inside, in price units.
pub struct CostCheck {
    cost: f64,
    price: f64,
    /// Recorded by the seller; else the general cost of the good, where that is money and no index.
    own: bool,
}

/// `None` where no cost is known.
pub fn cost_check(cell: &Cell, points: &PointsView<'_>, before: &[usize], inside: &[usize]) -> Option<CostCheck> {
    let middle = |part: &[usize], value: &dyn Fn(usize) -> Option<f64>| {
        median(&part.iter().filter_map(|&i| value(i)).collect::<Vec<_>>())
    };
    let own = |i: usize| points.cost.get(i).copied().filter(|c| c.is_finite());
    let general = |i: usize| cell.cost.as_ref().filter(|c| !c.is_index)?.on(Day(points.day[i]));
    let rise = |value: &dyn Fn(usize) -> Option<f64>| Some(middle(inside, value)? - middle(before, value)?);
    let price = rise(&|i| Some(points.price[i]))?;
    let own = rise(&own);
    Some(CostCheck { cost: own.or_else(|| rise(&general))?, price, own: own.is_some() })
}

impl CostCheck {
    /// Does the rise of cost cover that of the price?
    pub fn state(check: Option<&CostCheck>) -> CostExplained {
        match check {
            Some(c) if c.cost >= c.price => CostExplained::Explained,
            Some(_) => CostExplained::Unexplained,
            None => CostExplained::Unknown,
        }
    }

    /// The two as facts.
    pub fn facts(&self, unit: &str) -> [(&'static str, f64, String); 2] {
        [("cost_up", self.cost, unit.to_owned()), ("price_up", self.price, unit.to_owned())]
    }

    /// In words, in both languages.
    pub fn words(check: Option<&CostCheck>, unit: &Text) -> (String, String) {
        let Some(CostCheck { cost, price, own }) = check else {
            return ("进价不明，请核对进货票据".into(), "purchase cost unknown: ask for the invoices".into());
        };
        let (zh, en) = if *own {
            ("本店进价", "its own purchase cost")
        } else {
            ("同类商品一般成本", "the general cost of the good")
        };
        if *cost <= 0.0 {
            return (format!("同期{zh}没有上涨"), format!("{en} did not rise meanwhile"));
        }
        (
            format!("同期{zh}上涨约 {cost:.2} {}，价格上涨约 {price:.2} {}，成本不能全部解释", unit.zh, unit.zh),
            format!(
                "meanwhile {en} rose by about {cost:.2} and the price by {price:.2} {}, more than cost explains",
                unit.en
            ),
        )
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::{Quote, from_quotes};

    /// Two weeks at 7, then 10: with two short sales at 7 later, the first two weeks may have been one too; with one,
    /// or with a lasting cut, not.
    #[test]
    fn a_seller_of_many_sales() {
        let reason = |low: &[(i32, i32)]| {
            let price = |day: i32| {
                if day < 14 || low.iter().any(|(from, to)| (*from..*to).contains(&day)) { 7.0 } else { 10.0 }
            };
            let quotes: Vec<Quote> = (0..60).map(|d| Quote::posted("r", "p", "a", Day(18_000 + d), price(d))).collect();
            let panel = from_quotes(&quotes, &[]);
            perhaps_a_sale(&panel.points(&panel.series[0]), 14, (10.0_f64 / 7.0).ln())
        };
        assert!(reason(&[(25, 29), (40, 44)]).is_some());
        assert!(reason(&[(25, 29)]).is_none());
        assert!(reason(&[(25, 29), (40, 60)]).is_none());
    }
}
