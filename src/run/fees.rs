//! A certification fee is a price: the screens run on what bodies charge per standard and region, as on any other good.

use std::path::Path;

use anyhow::Result;

use super::Read;
use crate::detect::{self, SCREENS};
use crate::ingest::{Labels, Owners, identity};
use crate::model::{Basis, Batch, Certificate, Context, Finding, Kind, Panel, Party, Subject, Text};
use crate::panel::{self, Naming, Store};
use crate::settings::Settings;

/// Findings on fees, told as findings about bodies; how many series were judged, found, not judged.
pub fn screen(
    read: &Read,
    settings: &Settings,
    context: Context,
    scratch: &Path,
) -> Result<(Vec<Finding>, [usize; 3])> {
    let (labels, store) = (Labels::default(), Store::new(scratch));
    let known = |c: &&Certificate| c.issued.is_some_and(|d| d <= context.as_of) && !c.body.is_empty();
    store.push(batch(read.certificates.iter().filter(known), &labels));
    let owners = Owners::new();
    let naming = Naming {
        key: identity::name_key,
        marketplace: |_| false,
        credit_code: identity::credit_code,
        owners: &owners,
        hold_days: settings.hold_days,
        currency: &settings.currency,
    };
    let panel = panel::build(store, &labels.list(), &naming, |_| None)?.panel;
    let (mut findings, mut counts) = (Vec::new(), [0; 3]);
    if panel.series.is_empty() {
        return Ok((findings, counts)); // no fee with a date and a body
    }
    for s in SCREENS {
        let outcome = detect::run(s, &panel, &context, &settings.knobs[s.id]);
        counts[0] += outcome.examined;
        counts[2] += outcome.skips.len();
        let leads = outcome.findings.into_iter().filter(|f| s.leads_alone && f.kind != Kind::MarketEvent);
        findings.extend(leads.map(|f| about_bodies(&panel, f)));
    }
    counts[1] = findings.len();
    Ok((findings, counts))
}

/// Fees as charged prices: the body sells, the standard is the good, the day of issue the day.
fn batch<'a>(certificates: impl Iterator<Item = &'a Certificate>, labels: &Labels) -> Batch {
    let mut b = Batch::default();
    for c in certificates {
        let good = format!("认证费 {}", c.standard);
        let label = labels.know(Basis::Net, &["", &c.body, &c.region, "", &good, "", "", "", ""]);
        let (Ok(label), Some(day), Some(fee)) = (label, c.issued, c.fee.filter(|f| *f > 0.0)) else { continue };
        b.label.push(label.id);
        b.day.push(day.0);
        b.price.push(fee);
        b.hash.push(b.row.len() as u64); // no two certificates are one
        b.row.push(c.row);
    }
    b
}

/// The panel of fees goes away: what was found in it names bodies instead of series.
fn about_bodies(panel: &Panel, f: Finding) -> Finding {
    let cell = f.subject.cell.map(|c| &panel.cells[c]);
    let of = || f.subject.series.iter().map(|s| &panel.series[*s]);
    let body = |s: &crate::model::Series| panel.sellers[s.seller as usize].name.clone();
    let mut names: Vec<(String, String)> = of().map(|s| (body(s), body(s))).collect();
    names.sort();
    names.dedup();
    let party = Party {
        sellers: names,
        region: cell.map_or(String::new(), |c| c.region.clone()),
        product: of().map(|s| panel.items[s.item as usize].product.clone()).next().unwrap_or_default(),
        innocent: vec![Text::new("认证范围、检测项目或加急不同", "another scope, other tests, or an express service")],
        next_steps: vec![Text::new(
            "调取该机构的收费标准、合同和付款凭证",
            "obtain the body's price list, contracts and payments",
        )],
    };
    Finding {
        kind: Kind::Certification,
        subject: Subject { cell: None, series: Vec::new() },
        steps: Vec::new(),
        expected: Vec::new(),
        party: Some(party),
        ..f
    }
}
