//! Which rule is about whom? By region, good, price type and date.

use std::collections::{BTreeMap, BTreeSet};

use super::Docket;
use super::divisions::{Divisions, within};
use crate::model::{Basis, Cell, Panel, PriceType, Rule};

/// The code of each cell's region; `home` where it is empty or unknown.
pub fn places(panel: &Panel, divisions: &Divisions, home: &str) -> Vec<Option<String>> {
    let mut known: BTreeMap<&str, Option<String>> = BTreeMap::new();
    let mut place = |region| {
        let code = || divisions.code(region).or_else(|| (!home.is_empty()).then(|| home.to_owned()));
        known.entry(region).or_insert_with(code).clone()
    };
    panel.cells.iter().map(|c| place(c.region.as_str())).collect()
}

/// Series a rule applies to, ascending: some day of theirs lies within its dates.
pub fn series(docket: &Docket<'_>, rule: &Rule) -> Vec<usize> {
    let mut all = Vec::new();
    if rule.test == "price-cap" && rule.cap.is_none() && docket.caps.is_empty() {
        return all; // no file of caps was given: nothing to compare with, nothing left out
    }
    for (c, cell) in docket.panel.cells.iter().enumerate() {
        if !cell_fits(rule, cell, docket.places[c].as_deref()) {
            continue;
        }
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

fn cell_fits(rule: &Rule, cell: &Cell, place: Option<&str>) -> bool {
    let charged = rule.prices == PriceType::Any || cell.basis == Basis::Net;
    charged && place.is_some_and(|p| rule.regions.iter().any(|r| within(p, r)))
}

fn good_fits(rule: &Rule, product: &str, cell: &Cell) -> bool {
    let text = format!("{product} {} {}", cell.product, cell.label.en).to_lowercase();
    let named = |words: &[String]| words.iter().any(|w| text.contains(&w.to_lowercase()));
    (rule.goods.is_empty() || named(&rule.goods)) && !named(&rule.except_goods)
}

/// Regions of the panel that no rule can be chosen for.
pub fn unknown_regions(docket: &Docket<'_>) -> BTreeSet<String> {
    let cells = docket.panel.cells.iter().zip(docket.places).filter(|c| c.1.is_none());
    cells.map(|c| c.0.region.clone()).collect()
}
