//! What the weeks add to a run on a casebook: leads keep their ids, say whether they are new, and staff decisions hold.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Analysed;
use crate::casebook::history::{self, Found, Week};
use crate::detect::SCREENS;
use crate::lead;
use crate::model::{Day, Kind, Lead, Panel, Past, Status};

/// Compares the leads with the week before; leads to keep quiet leave the list. Gives the week to be kept, if the run is one
/// on a casebook.
pub fn follow(analysed: &mut Analysed) -> Result<Option<Week>> {
    let Some(book) = &analysed.rereadable.book else { return Ok(None) };
    let as_of = analysed.context.as_of;
    let previous = history::before(&book.casebook.dir, Some(as_of))?;
    let panel = &analysed.read.panel;
    let found = analysed.leads.iter().map(|l| Found { past: past(l, panel), p_value: l.p_value }).collect();
    let decided = book.dispositions();
    let (week, courses, weekly) = history::follow(previous.as_ref(), found, as_of, &decided, &tested(analysed));
    let mut leads = Vec::new();
    for (mut lead, (id, course)) in std::mem::take(&mut analysed.leads).into_iter().zip(courses) {
        let kept = if course.is_some() { id.clone() } else { String::new() };
        if kept != lead.id {
            analysed.lead_ids.insert(lead.id.clone(), kept);
        }
        lead.id = id;
        if course.is_some() {
            lead.course = course;
            leads.push(lead);
        }
    }
    lead::sort(&mut leads);
    analysed.leads = leads;
    analysed.weekly = Some(weekly);
    Ok(Some(week))
}

/// Gives leads the ids a run on a casebook gave them, and leaves out those it kept quiet.
pub fn rename(leads: &mut Vec<Lead>, ids: &BTreeMap<String, String>) {
    if ids.is_empty() {
        return;
    }
    for lead in leads.iter_mut() {
        if let Some(id) = ids.get(&lead.id) {
            lead.id.clone_from(id);
        }
    }
    leads.retain(|l| !l.id.is_empty());
    lead::sort(leads);
}

/// How many hypotheses each kind of lead tested this week.
fn tested(analysed: &Analysed) -> BTreeMap<Kind, usize> {
    let mut all = BTreeMap::new();
    for screen in SCREENS.iter().filter(|s| s.leads_alone) {
        let n = analysed.examined.iter().find(|e| e.0 == screen.id).map_or(0, |e| e.1);
        *all.entry(screen.kind).or_default() += n;
    }
    all
}

/// A lead as a week records it.
fn past(lead: &Lead, panel: &Panel) -> Past {
    let cell = lead.cell.map(|c| &panel.cells[c]).map_or_else(
        || format!("{}|{}", lead.region, lead.product),
        |cell| format!("{:?}|{}|{}|{:?}", cell.basis, cell.region, cell.product, cell.unit),
    );
    let hundredths = |v: Option<f64>| v.filter(|v| v.is_finite()).map(|v| (v * 100.0).round() / 100.0);
    Past {
        id: lead.id.clone(),
        kind: lead.kind,
        cell,
        region: lead.region.clone(),
        product: lead.product.clone(),
        sellers: lead.names.iter().map(|n| n.0.clone()).collect(),
        names: lead.names.iter().map(|n| n.1.clone()).collect(),
        first_day: lead.first_day,
        last_day: lead.last_day,
        observed_price: hundredths(lead.observed_price),
        increase_pct: hundredths(lead.increase_pct),
        excess_amount: hundredths(lead.excess_amount),
        rules: lead.rules.clone(),
        status: Status::New,
        since: Day::default(),
        first_seen: Day::default(),
        last_seen: Day::default(),
        ended: false,
        quiet: false,
        discovered: false,
    }
}
