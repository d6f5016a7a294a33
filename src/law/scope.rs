//! Which rule is about whom? By region, good, price type and date.

use std::collections::BTreeSet;

use super::Docket;
use super::divisions::within;
use crate::model::{Basis, Cell, PriceType, Rule};

/// The code of a cell's region.
pub fn place(docket: &Docket<'_>, cell: &Cell) -> Option<String> {
    docket.divisions.code(&cell.region).or_else(|| (!docket.home.is_empty()).then(|| docket.home.to_owned()))
}

/// Series a rule applies to, ascending: some day of theirs lies within its dates.
pub fn series(docket: &Docket<'_>, rule: &Rule) -> Vec<usize> {
    let mut all = Vec::new();
    if rule.test == "price-cap" && rule.cap.is_none() && docket.caps.is_empty() {
        return all; // no file of caps was given: nothing to compare with, nothing left out
    }
    for cell in docket.panel.cells.iter().filter(|c| cell_fits(docket, rule, c)) {
        for s in cell.series.clone() {
            let one = &docket.panel.series[s];
            let days = docket.panel.points(one).day;
            let in_force = |d: &i32| *d >= rule.from.0 && rule.until.is_none_or(|u| *d <= u.0);
            let seller = &docket.panel.sellers[one.seller as usize];
            if !seller.marketplace
                && days.iter().any(in_force)
                && good_fits(rule, &docket.panel.items[one.item as usize].product, cell)
            {
                all.push(s);
            }
        }
    }
    all
}

fn cell_fits(docket: &Docket<'_>, rule: &Rule, cell: &Cell) -> bool {
    let charged = rule.prices == PriceType::Any || cell.basis == Basis::Net;
    charged && place(docket, cell).is_some_and(|p| rule.regions.iter().any(|r| within(&p, r)))
}

fn good_fits(rule: &Rule, product: &str, cell: &Cell) -> bool {
    let text = format!("{product} {} {}", cell.product, cell.label.en).to_lowercase();
    let named = |words: &[String]| words.iter().any(|w| text.contains(&w.to_lowercase()));
    (rule.goods.is_empty() || named(&rule.goods)) && !named(&rule.except_goods)
}

/// Regions of the panel that no rule can be chosen for.
pub fn unknown_regions(docket: &Docket<'_>) -> BTreeSet<String> {
    let cells = docket.panel.cells.iter().filter(|c| place(docket, c).is_none());
    cells.map(|c| c.region.clone()).collect()
}
