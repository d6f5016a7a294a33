//! What a seller sold and stocked of a good, over all its series of that good.

use super::Docket;
use crate::model::panel::PointsView;
use crate::model::{Basis, Day, RowRef};

/// Sales of one seller's good: the charged series of the same product and unit.
pub struct Sales<'a>(Vec<PointsView<'a>>);

impl<'a> Sales<'a> {
    /// Of the good of series `s`.
    pub fn of(docket: &Docket<'a>, s: usize) -> Sales<'a> {
        let panel = docket.panel;
        let series = &panel.series[s];
        let cell = &panel.cells[series.cell as usize];
        let same = |t: &&usize| {
            let other = &panel.cells[panel.series[**t].cell as usize];
            other.basis == Basis::Net && other.product == cell.product && other.unit == cell.unit
        };
        let mine = docket.of_seller.get(&series.seller).into_iter().flatten().filter(same);
        Sales(mine.map(|t| panel.points(&panel.series[*t])).collect())
    }

    /// Quantity sold between two days; `None` where no quantity is on record then.
    pub fn sold(&self, from: i32, to: i32) -> Option<f64> {
        let of = |p: &PointsView<'_>| -> Vec<f64> {
            let inside = (0..p.day.len()).filter(|i| (from..=to).contains(&p.day[*i]));
            inside.filter_map(|i| p.quantity.get(i).copied()).filter(|q| q.is_finite()).collect()
        };
        let all: Vec<f64> = self.0.iter().flat_map(of).collect();
        (!all.is_empty()).then(|| all.iter().sum())
    }

    /// Rows of the first and the last sale between two days.
    pub fn ends(&self, from: i32, to: i32) -> Vec<RowRef> {
        let inside = |p: &PointsView<'_>| -> Vec<(i32, RowRef)> {
            let days = (0..p.day.len()).filter(|i| (from..=to).contains(&p.day[*i]));
            days.map(|i| (p.day[i], p.row[i])).collect()
        };
        let all: Vec<(i32, RowRef)> = self.0.iter().flat_map(inside).collect();
        let mut ends: Vec<RowRef> = all.iter().min().into_iter().chain(all.iter().max()).map(|x| x.1).collect();
        ends.dedup();
        ends
    }

    /// First day on record.
    pub fn first(&self) -> Option<Day> {
        self.0.iter().filter_map(|p| p.day.first()).min().map(|d| Day(*d))
    }
}

/// Purchases of the good of series `s` by its seller from other sellers of the files: day and quantity.
pub fn purchases(docket: &Docket<'_>, s: usize) -> Vec<(i32, f64)> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let product = &panel.cells[series.cell as usize].product;
    let same = |t: &&crate::model::Trade| {
        let from = &panel.series[t.series];
        from.seller != series.seller && panel.cells[from.cell as usize].product == *product
    };
    let mine = docket.of_buyer.get(&series.seller).into_iter().flatten().map(|t| &docket.trades[*t]);
    mine.filter(same).filter_map(|t| Some((t.day.0, t.quantity?))).collect()
}
