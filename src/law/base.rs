//! What a seller charged and paid up to the base date, and from which price on its cost no longer defends it.

use super::weigh::cost_at;
use crate::model::panel::PointsView;
use crate::model::{CostDefence, Day, Metric, Rule, Statistic};

/// The base: price, purchase cost if known, and the point it stands on.
pub struct Base {
    /// Price per unit.
    pub price: f64,
    /// Purchase cost per unit.
    pub cost: Option<f64>,
    /// Point.
    pub at: usize,
}

/// The reference a rule takes from the days up to its base date; `None` without a price then.
pub fn base(rule: &Rule, points: &PointsView<'_>) -> Option<Base> {
    let on = rule.base.unwrap_or(rule.from).0;
    let until = points.day.partition_point(|d| *d <= on);
    let from = rule.days.map_or(0, |n| points.day.partition_point(|d| *d <= on - n));
    let days = from.min(until)..until;
    let value = |i: &usize| points.price[*i];
    let at = match rule.statistic {
        Statistic::Last | Statistic::Average => days.clone().next_back()?,
        Statistic::Max => days.clone().max_by(|a, b| value(a).total_cmp(&value(b)))?,
        Statistic::Min => days.clone().min_by(|a, b| value(a).total_cmp(&value(b)))?,
    };
    let price = match rule.statistic {
        Statistic::Average => points.price[days.clone()].iter().sum::<f64>() / days.len() as f64,
        // The last actual price: of the day's last sale where times are known.
        Statistic::Last => points.last[at],
        Statistic::Max | Statistic::Min => points.price[at],
    };
    Some(Base { price, cost: cost_at(points, at).map(|c| c.0), at })
}

/// By day, the price up to which the rule's cost defence holds; empty where it has none or cost is not on record.
pub fn defended(rule: &Rule, points: &PointsView<'_>, base: Option<&Base>) -> Vec<(Day, f64)> {
    let Some((kind, base)) = rule.cost_defence.zip(base) else { return Vec::new() };
    let Some(then) = base.cost else { return Vec::new() };
    let grown = 1.0 + rule.defence_pct / 100.0;
    let price = |now: f64| match kind {
        CostDefence::SameMarginAmount => (now + (base.price - then)) * grown,
        CostDefence::SameMarginRate => now * base.price / then * grown,
        CostDefence::RaisedMarginRate => now * (1.0 + (base.price / then - 1.0) * grown),
    };
    (0..points.day.len()).filter_map(|i| Some((Day(points.day[i]), price(cost_at(points, i)?.0)))).collect()
}

/// A price as the metric counts it: itself, the margin amount, or the margin rate on cost (顺加) or on price (倒扣).
pub fn counted(metric: Metric, price: f64, cost: f64) -> f64 {
    match metric {
        Metric::Price => price,
        Metric::MarginAmount => price - cost,
        Metric::MarginOnCost => (price - cost) / cost,
        Metric::MarginOnPrice => (price - cost) / price,
    }
}

/// The price at which the metric stands `share` above a reference value, given today's cost: percent of a price or an
/// amount, points of a rate.
pub fn price_at(metric: Metric, reference: f64, cost: f64, share: f64) -> f64 {
    match metric {
        Metric::Price => reference * (1.0 + share),
        Metric::MarginAmount => cost + reference * (1.0 + share),
        Metric::MarginOnCost => cost * (1.0 + reference + share),
        Metric::MarginOnPrice => cost / (1.0 - (reference + share).min(0.999)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 顺加 and 倒扣 differ: 8 → 10 is 25 % of the cost and 20 % of the price.
    #[test]
    fn a_margin_gives_back_its_price() {
        for (metric, value) in [
            (Metric::Price, 10.0),
            (Metric::MarginAmount, 2.0),
            (Metric::MarginOnCost, 0.25),
            (Metric::MarginOnPrice, 0.2),
        ] {
            assert!((counted(metric, 10.0, 8.0) - value).abs() < 1e-12);
            assert!((price_at(metric, value, 8.0, 0.0) - 10.0).abs() < 1e-12);
        }
        assert!((price_at(Metric::MarginOnCost, 0.25, 12.0, 0.1) - 16.2).abs() < 1e-12);
        assert!((price_at(Metric::MarginOnPrice, 0.2, 12.0, 0.05) - 16.0).abs() < 1e-12);
    }

    /// Of prices 3, 1, 2 on days 1, 5, 10 up to day 10: the last is 2; of the last six days the mean is 1.5.
    #[test]
    fn the_reference_is_what_the_rule_asks_for() {
        let (day, price) = ([1, 5, 10, 12], [3.0, 1.0, 2.0, 9.0]);
        let row = [crate::model::RowRef::new(0, 2); 4];
        let none: &[f64] = &[];
        let points = PointsView {
            day: &day,
            price: &price,
            last: &price,
            quantity: none,
            cost: none,
            list: none,
            fee: none,
            stock: none,
            high: &price,
            row: &row,
        };
        let rule = |more: &str| {
            let text = format!(
                "version = \"1\"\n[[rule]]\nid = \"x\"\ntest = \"own-reference\"\ntitle = {{zh=\"甲\",en=\"a\"}}\nsays = {{zh=\"甲\",en=\"a\"}}\nclause = {{zh=\"甲\",en=\"a\"}}\nstatus = \"unverified\"\nregions = [\"CN\"]\nfrom = \"1970-01-12\"\nbase = \"1970-01-11\"\n{more}"
            );
            crate::law::packs::parse("x.toml", &text).unwrap().remove(0)
        };
        let price = |more: &str| base(&rule(more), &points).map(|b| (b.price, b.at));
        assert_eq!(price(""), Some((2.0, 2)));
        assert_eq!(price("statistic = \"max\""), Some((3.0, 0)));
        assert_eq!(price("statistic = \"min\""), Some((1.0, 1)));
        assert_eq!(price("statistic = \"average\"\ndays = 6"), Some((1.5, 2)));
        assert_eq!(price("statistic = \"max\"\ndays = 6"), Some((2.0, 2)));
        assert_eq!(
            base(&rule(""), &PointsView { day: &[12], price: &[9.0], last: &[9.0], ..points }).map(|b| b.at),
            None
        );
    }
}
