//! Rows of one partition → cell-day points: duplicates out, returns netted, same-day typos out,
//! quantity-weighted median and last price.

use std::collections::BTreeMap;

use super::assemble::DraftPoints;
use super::order::by_series_and_day;
use crate::model::{Batch, Reject, RowRef, Text};

/// What one partition gives.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Part {
    /// The points.
    pub points: DraftPoints,
    /// Exact duplicates per file.
    pub duplicates: BTreeMap<u32, u64>,
    /// Lone tenfold typos among several rows of a day.
    pub typos: Vec<Reject>,
}

/// A price this many times off (or less than its inverse) …
pub const TENFOLD: [(f64, f64); 2] = [(8.0, 12.5), (80.0, 125.0)];

/// Whether two prices stand ten or a hundred times apart.
pub fn tenfold(a: f64, b: f64) -> bool {
    let ratio = (a / b).max(b / a);
    TENFOLD.iter().any(|(low, high)| (*low..=*high).contains(&ratio))
}

/// The reject of a lone typo.
pub fn typo_reject(row: RowRef, price: f64, others: f64) -> Reject {
    let reason = Text::new(
        format!("疑似录错十倍或百倍（前后及同日价格约 {others:.4}）"),
        format!("probably mistyped ten or a hundred times (prices around it are about {others:.4})"),
    );
    Reject { row, column: "price".into(), value: format!("{price}"), reason }
}

/// Aggregates one partition; `series_of` maps labels to series.
pub fn aggregate(rows: &Batch, series_of: &[u32]) -> Part {
    let mut part = Part::default();
    let mut group: Vec<usize> = Vec::new();
    let of_row: Vec<u32> = rows.label.iter().map(|&label| series_of[label as usize]).collect();
    let series = |i: u32| of_row[i as usize];
    let order = by_series_and_day(rows.len(), series, |i| rows.day[i as usize]);
    let key = |i: &u32| (series(*i), rows.day[*i as usize]);
    for chunk in order.chunk_by(|a, b| key(a) == key(b)) {
        group.clear();
        group.extend(chunk.iter().map(|&i| i as usize));
        let content = |i: usize| (rows.hash[i], rows.row[i]);
        group.sort_unstable_by(|&a, &b| rows.price[a].total_cmp(&rows.price[b]).then(content(a).cmp(&content(b))));
        drop_duplicates(rows, &mut group, &mut part);
        drop_typos(rows, &mut group, &mut part);
        point(rows, &group, series(chunk[0]), &mut part.points);
    }
    part
}

/// Equal in every column to an earlier row (file, then line): the earliest stays. `group` is sorted so that
/// twins stand together.
fn drop_duplicates(rows: &Batch, group: &mut Vec<usize>, part: &mut Part) {
    group.dedup_by(|i, kept| {
        let twin = rows.price[*i] == rows.price[*kept] && rows.hash[*i] == rows.hash[*kept];
        if twin {
            *part.duplicates.entry(rows.row[*i].file()).or_default() += 1;
        }
        twin
    });
}

/// One price of three or more on a day that stands tenfold off the median of the others.
fn drop_typos(rows: &Batch, group: &mut Vec<usize>, part: &mut Part) {
    if group.len() < 3 {
        return;
    }
    let middle = rows.price[group[group.len() / 2]];
    let odd = |&&i: &&usize| tenfold(rows.price[i], middle);
    let count = group.iter().filter(odd).count();
    if count == 1 {
        let i = group.iter().copied().find(|i| tenfold(rows.price[*i], middle)).unwrap_or(0);
        part.typos.push(typo_reject(rows.row[i], rows.price[i], middle));
        group.retain(|k| *k != i);
    }
}

fn point(rows: &Batch, group: &[usize], series: u32, out: &mut DraftPoints) {
    let get = |column: &[f64], i: usize| column.get(i).copied().unwrap_or(f64::NAN);
    let sold: Vec<usize> = // returns are no prices
        group.iter().copied().filter(|&i| get(&rows.quantity, i).is_nan() || get(&rows.quantity, i) > 0.0).collect();
    let Some(&first) = sold.first() else { return };
    let all_weighed = sold.iter().all(|&i| get(&rows.quantity, i) > 0.0);
    let weight = |i: usize| if all_weighed { get(&rows.quantity, i) } else { 1.0 };
    let half = sold.iter().map(|&i| weight(i)).sum::<f64>() / 2.0;
    let mut below = 0.0;
    let median = sold.iter().copied().find(|&i| {
        below += weight(i);
        below >= half
    });
    let median = median.unwrap_or(first);
    // Without a time of day the order of rows means nothing: the median of the latest stands for the last.
    let second = |i: usize| rows.second.get(i).copied().unwrap_or(0);
    let latest = sold.iter().map(|&i| second(i)).max().unwrap_or(0);
    let last = if latest == 0 {
        median
    } else {
        let late: Vec<usize> = sold.iter().copied().filter(|&i| second(i) == latest).collect();
        late[late.len() / 2]
    };
    out.series.push(series);
    out.day.push(rows.day[median]);
    out.price.push(rows.price[median]);
    out.last.push(rows.price[last]);
    out.row.push(rows.row[median]);
    out.single.push(sold.len() == 1);
    if !rows.quantity.is_empty() {
        let known = group.iter().map(|&i| rows.quantity[i]).filter(|q| q.is_finite());
        out.quantity.push(known.fold(None, |s: Option<f64>, q| Some(s.unwrap_or(0.0) + q)).unwrap_or(f64::NAN));
    }
    out.high.push(rows.price[sold[sold.len() - 1]]);
    let optional = [
        (&mut out.cost, &rows.cost),
        (&mut out.list, &rows.list),
        (&mut out.fee, &rows.fee),
        (&mut out.stock, &rows.stock),
    ];
    for (column, values) in optional {
        if !values.is_empty() {
            column.push(middle_of(sold.iter().map(|&i| values[i])));
        }
    }
}

fn middle_of(values: impl Iterator<Item = f64>) -> f64 {
    let mut known: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    known.get(known.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(list: &[(f64, f64, u64)]) -> Batch {
        Batch {
            label: vec![0; list.len()],
            day: vec![100; list.len()],
            price: list.iter().map(|r| r.0).collect(),
            quantity: list.iter().map(|r| r.1).collect(),
            hash: list.iter().map(|r| r.2).collect(),
            row: (0..list.len()).map(|i| RowRef::new(0, i as u64 + 2)).collect(),
            ..Batch::default()
        }
    }

    #[test]
    fn weighted_median_returns_and_duplicates() {
        let part = aggregate(&rows(&[(2.0, 10.0, 1), (3.0, 30.0, 2), (2.0, 10.0, 1), (3.0, -5.0, 4)]), &[0]);
        assert_eq!(part.duplicates, BTreeMap::from([(0, 1)]));
        assert_eq!(part.points.price, vec![3.0]);
        assert_eq!(part.points.quantity, vec![35.0], "10 + 30 − 5 returned");
        assert_eq!(part.points.row, vec![RowRef::new(0, 3)]);
    }

    #[test]
    fn a_lone_tenfold_price_is_named_and_a_second_one_is_a_price() {
        let lone = aggregate(&rows(&[(2.5, 1.0, 1), (2.6, 1.0, 2), (25.0, 1.0, 3)]), &[0]);
        assert_eq!((lone.typos.len(), lone.points.price.clone()), (1, vec![2.5]));
        let two =
            aggregate(&rows(&[(2.5, 1.0, 1), (2.6, 1.0, 2), (2.4, 1.0, 5), (25.0, 1.0, 3), (25.0, 1.0, 4)]), &[0]);
        assert_eq!(two.typos, vec![]);
    }

    #[test]
    fn a_day_of_returns_has_no_price() {
        assert_eq!(aggregate(&rows(&[(2.0, -1.0, 1)]), &[0]).points.price, Vec::<f64>::new());
    }
}
