//! Points of one partition as bytes: exact to the last bit, so that what is kept gives what would be computed.

use std::collections::BTreeMap;

use super::aggregate::Part;
use super::assemble::DraftPoints;
use crate::model::{Reject, RowRef, Text};

/// Duplicates per file; typos as row, column, value and reason.
type Small = (BTreeMap<u32, u64>, Vec<(u64, String, String, Text)>);

/// A part as bytes.
pub fn to_bytes(part: &Part) -> Option<Vec<u8>> {
    let typo = |r: &Reject| (r.row.0, r.column.clone(), r.value.clone(), r.reason.clone());
    let small: Small = (part.duplicates.clone(), part.typos.iter().map(typo).collect());
    let mut out = Vec::new();
    let json = serde_json::to_vec(&small).ok()?;
    let p = &part.points;
    column(&mut out, json.iter().map(|b| u64::from(*b)));
    column(&mut out, p.series.iter().map(|v| u64::from(*v)));
    column(&mut out, p.day.iter().map(|v| i64::from(*v) as u64));
    column(&mut out, p.row.iter().map(|r| r.0));
    column(&mut out, p.single.iter().map(|v| u64::from(*v)));
    for floats in [&p.price, &p.last, &p.high, &p.quantity, &p.cost, &p.list, &p.fee, &p.stock] {
        column(&mut out, floats.iter().map(|v| v.to_bits()));
    }
    Some(out)
}

/// The part of these bytes, `None` where they are none.
pub fn from_bytes(bytes: &[u8]) -> Option<Part> {
    let mut rest = bytes;
    let json: Vec<u8> = next(&mut rest)?.into_iter().map(|v| v as u8).collect();
    let (duplicates, typos): Small = serde_json::from_slice(&json).ok()?;
    let series = next(&mut rest)?.into_iter().map(|v| v as u32).collect();
    let day = next(&mut rest)?.into_iter().map(|v| v as i64 as i32).collect();
    let row = next(&mut rest)?.into_iter().map(RowRef).collect();
    let single = next(&mut rest)?.into_iter().map(|v| v != 0).collect();
    let mut floats = || -> Option<Vec<f64>> { Some(next(&mut rest)?.into_iter().map(f64::from_bits).collect()) };
    let (price, last, high) = (floats()?, floats()?, floats()?);
    let (quantity, cost, list, fee, stock) = (floats()?, floats()?, floats()?, floats()?, floats()?);
    let points = DraftPoints { series, day, price, last, quantity, cost, list, fee, stock, high, row, single };
    let typo = |(row, column, value, reason)| Reject { row: RowRef(row), column, value, reason };
    Some(Part { points, duplicates, typos: typos.into_iter().map(typo).collect() })
}

fn column(out: &mut Vec<u8>, values: impl ExactSizeIterator<Item = u64>) {
    out.extend((values.len() as u64).to_le_bytes());
    values.for_each(|v| out.extend(v.to_le_bytes()));
}

fn next(rest: &mut &[u8]) -> Option<Vec<u64>> {
    let word = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).ok();
    let (head, tail) = rest.split_at_checked(8)?;
    let (body, tail) = tail.split_at_checked((word(head)? as usize).checked_mul(8)?)?;
    *rest = tail;
    body.chunks_exact(8).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_comes_back() {
        let points = DraftPoints {
            series: vec![3, 0],
            day: vec![-5, 18297],
            price: vec![0.1 + 0.2, f64::MIN_POSITIVE],
            last: vec![1.0, 2.0],
            high: vec![1.0, 2.0],
            cost: vec![f64::NAN, 1.5],
            row: vec![RowRef::new(7, 9), RowRef(0)],
            single: vec![true, false],
            ..DraftPoints::default()
        };
        let typos = vec![Reject {
            row: RowRef(5),
            column: "price".into(),
            value: "25".into(),
            reason: Text::new("录错", "typo"),
        }];
        let part = Part { points, duplicates: BTreeMap::from([(2, 4)]), typos };
        let bytes = to_bytes(&part).unwrap();
        let back = from_bytes(&bytes).unwrap();
        assert_eq!(to_bytes(&back).unwrap(), bytes);
        assert_eq!((back.points.day, back.duplicates, back.typos), (vec![-5, 18297], part.duplicates, part.typos));
        assert!(back.points.cost[0].is_nan());
        assert!(from_bytes(&bytes[..bytes.len() - 1]).is_none() && from_bytes(b"").is_none());
    }
}
