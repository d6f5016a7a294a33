//! Some cells of a panel as a panel of their own, and a number that tells whether anything in a cell has changed.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use xxhash_rust::xxh3::Xxh3;

use super::panel::Points;
use super::{Cell, Panel, RowRef, Seller, Series};

impl Panel {
    /// The cells as a panel that knows nothing else, series in the same order. Sellers, items and entities are numbered
    /// anew, so that the same cells give the same panel whatever else there is.
    pub fn excerpt(&self, cells: &[usize]) -> Panel {
        let of = |pick: fn(&Series) -> u32| -> Vec<u32> {
            let series = cells.iter().flat_map(|c| &self.series[self.cells[*c].series.clone()]);
            let all: BTreeSet<u32> = series.map(pick).collect();
            all.into_iter().collect()
        };
        let (sellers, items) = (of(|s| s.seller), of(|s| s.item));
        let place = |all: &[u32], one: u32| all.binary_search(&one).unwrap_or(0) as u32;
        let mut entities: Vec<u32> = Vec::new();
        let mut seller = |number: &u32| {
            let seller = &self.sellers[*number as usize];
            let known = entities.iter().position(|e| *e == seller.entity);
            let entity = known.unwrap_or_else(|| {
                entities.push(seller.entity);
                entities.len() - 1
            });
            Seller { entity: entity as u32, ..seller.clone() }
        };
        let mut part = Panel {
            sellers: sellers.iter().map(&mut seller).collect(),
            items: items.iter().map(|i| self.items[*i as usize].clone()).collect(),
            hold_days: self.hold_days,
            currency: self.currency.clone(),
            ..Panel::default()
        };
        for (c, cell) in (0u32..).zip(cells.iter().map(|c| &self.cells[*c])) {
            let first = part.series.len();
            for s in &self.series[cell.series.clone()] {
                let points = part.points.add(&self.points, &s.points);
                let (seller, item) = (place(&sellers, s.seller), place(&items, s.item));
                part.series.push(Series { seller, item, cell: c, market: s.market.clone(), points });
            }
            part.cells.push(Cell { series: first..part.series.len(), ..cell.clone() });
        }
        part.points.forget_unknown();
        part
    }

    /// Changes whenever anything changes that a screen can see of a cell; `row` names a source row for good.
    pub fn fingerprint(&self, cell: &Cell, row: &dyn Fn(RowRef) -> RowRef) -> u128 {
        let mut hash = Xxh3::new();
        let Cell { region, product, label, basis, unit, comparable, series, market: _, cost } = cell;
        (self.hold_days, &self.currency.zh, &self.currency.en).hash(&mut hash);
        (region, product, &label.zh, &label.en, basis, unit, comparable).hash(&mut hash);
        if let Some(cost) = cost {
            (&cost.days, cost.is_index, &cost.label).hash(&mut hash);
            cost.cost.iter().for_each(|v| hash.write_u64(v.to_bits()));
            cost.rows.iter().for_each(|r| row(*r).hash(&mut hash));
        }
        for s in &self.series[series.clone()] {
            let (seller, item) = (&self.sellers[s.seller as usize], &self.items[s.item as usize]);
            (&seller.id, &seller.name, &seller.owner, seller.marketplace, item, &s.market).hash(&mut hash);
            let p = self.points(s);
            (p.day, p.day.len()).hash(&mut hash);
            p.row.iter().for_each(|r| hash.write_u64(row(*r).0));
            for (name, column) in (0u8..).zip([p.price, p.last, p.high, p.quantity, p.cost, p.list, p.fee, p.stock]) {
                if column.iter().any(|v| !v.is_nan()) {
                    hash.write_u8(name);
                    column.iter().for_each(|v| hash.write_u64(v.to_bits()));
                }
            }
        }
        hash.digest128()
    }
}

impl Points {
    /// Appends some rows of another; gives where they are now.
    fn add(&mut self, from: &Points, rows: &Range<usize>) -> Range<usize> {
        fn column<T: Copy>(to: &mut Vec<T>, from: &[T], rows: &Range<usize>) {
            if !from.is_empty() {
                to.extend(&from[rows.clone()]);
            }
        }
        let first = self.day.len();
        column(&mut self.day, &from.day, rows);
        column(&mut self.row, &from.row, rows);
        let to = [&mut self.price, &mut self.last, &mut self.high];
        to.into_iter().zip([&from.price, &from.last, &from.high]).for_each(|(to, from)| column(to, from, rows));
        let of = [&from.quantity, &from.cost, &from.list, &from.fee, &from.stock];
        self.optional().into_iter().zip(of).for_each(|(to, from)| column(to, from, rows));
        first..self.day.len()
    }

    fn optional(&mut self) -> [&mut Vec<f64>; 5] {
        [&mut self.quantity, &mut self.cost, &mut self.list, &mut self.fee, &mut self.stock]
    }

    /// A column without one known value is no column: another cell may have brought it.
    fn forget_unknown(&mut self) {
        for column in self.optional() {
            if column.iter().all(|v| v.is_nan()) {
                *column = Vec::new();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Day;
    use crate::panel::{Quote, from_quotes};

    fn panel(regions: &[&str], dearer: f64) -> Panel {
        let mut quotes = Vec::new();
        for (r, region) in regions.iter().enumerate() {
            for s in 0..4 {
                for d in 0..10 {
                    let own = if *region == "b" && s == 1 { dearer } else { 1.0 };
                    let mut q = Quote::posted(region, "mask", &format!("{region}{s}"), Day(d), own * (2.0 + s as f64));
                    q.owner = if s < 2 { format!("o{region}") } else { String::new() };
                    q.cost = (r == 0).then_some(1.0);
                    quotes.push(q);
                }
            }
        }
        from_quotes(&quotes, &[])
    }

    /// A cell is the same panel, and has the same fingerprint, with and without its neighbours; and changes show.
    #[test]
    fn a_cell_does_not_know_its_neighbours() {
        let (all, some) = (panel(&["a", "b", "c"], 1.0), panel(&["b"], 1.0));
        let strip = |mut p: Panel| {
            p.points.row.clear(); // rows are numbered by the whole file here
            p.points.cost.clear(); // unknown, which equals nothing
            p.points.quantity.clear();
            p
        };
        let from_all = all.excerpt(&[1]);
        assert!(from_all.points.cost.is_empty(), "only a has costs");
        assert_eq!(strip(from_all), strip(some.excerpt(&[0])));
        let row = |_| RowRef(0);
        let b = |p: &Panel| p.fingerprint(p.cells.iter().find(|c| c.region == "b").unwrap(), &row);
        assert_eq!(b(&all), b(&panel(&["a", "b"], 1.0)));
        assert_ne!(b(&all), b(&panel(&["a", "b", "c"], 1.01)));
        assert_eq!(strip(all.excerpt(&[0, 1, 2])), strip(all));
    }
}
