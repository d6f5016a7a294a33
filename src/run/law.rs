//! The law's part of a run: rules chosen, tested on the panel, settled on the rows.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::{Inputs, Job, Read, again};
use crate::law::{self, Divisions, Docket};
use crate::model::{Context, Finding, Judged, Observed, Rule, Trade};
use crate::settings::Settings;

/// What the law's part gives.
pub struct Law {
    /// The rules that were to run, by id.
    pub rules: Vec<Rule>,
    /// Every rule on every series it applies to, by rule and series.
    pub judged: Vec<Judged>,
    /// What is reached and large enough to look at.
    pub findings: Vec<Finding>,
    /// Region as in the input → code and name.
    pub regions: BTreeMap<String, (String, String)>,
    /// Sales between sellers of the files, where they were asked for.
    pub trades: Vec<Trade>,
    /// Regions no rule can be chosen for.
    pub unknown_regions: BTreeSet<String>,
}

/// Tests the rules; reads rows again only where something stands above an allowed value or rows say more than numbers.
/// `trades_wanted`: whether somebody else asks for sales between sellers.
pub fn law(
    read: &Read,
    inputs: &Inputs,
    job: &Job,
    settings: &Settings,
    context: Context,
    trades_wanted: bool,
) -> Result<Law> {
    let files: Vec<_> = settings.law.files.iter().chain(&job.rule_files).collect();
    let only = if job.rules.is_empty() { &settings.law.rules } else { &job.rules };
    let rules = law::packs::load(&files, only)?;
    let divisions = Divisions::shipped();
    let mut of_seller: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (s, series) in read.panel.series.iter().enumerate() {
        of_seller.entry(series.seller).or_default().push(s);
    }
    let (nothing, nobody) = (BTreeMap::new(), BTreeMap::new());
    let places = law::places(&read.panel, &divisions, &settings.law.region);
    let docket = Docket {
        panel: &read.panel,
        as_of: context.as_of,
        notices: &read.notices,
        caps: &read.caps,
        trades: &[],
        of_seller: &of_seller,
        of_series: &nothing,
        of_buyer: &nobody,
        divisions: &divisions,
        places: &places,
        counted: None,
    };
    let mut judged = law::examine(&docket, &rules, false);
    let on_rows =
        |j: &&Judged| j.over().is_some_and(|m| matches!(m.observed, Observed::Price | Observed::Fee | Observed::List));
    let wanted: BTreeSet<usize> = judged.iter().filter(on_rows).map(|j| j.series).collect();
    let say =
        again::says_more(read) && law::wants_trades(&docket, &rules) || trades_wanted && again::names_buyers(read);
    let mut trades = Vec::new();
    if say || !wanted.is_empty() {
        let words: Vec<String> = rules.iter().flat_map(|r| r.words.iter().cloned()).collect();
        let again = again::again(read, inputs, job, settings, &wanted, &words, say)?;
        law::settle(&mut judged, &rules, &again.rows);
        let mut of_series: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut of_buyer: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (t, trade) in again.trades.iter().enumerate() {
            of_series.entry(trade.series).or_default().push(t);
            if let Some(buyer) = trade.buyer {
                of_buyer.entry(buyer).or_default().push(t);
            }
        }
        judged.extend(law::examine(
            &Docket { trades: &again.trades, of_series: &of_series, of_buyer: &of_buyer, ..docket },
            &rules,
            true,
        ));
        trades = again.trades;
    } else {
        judged.extend(law::examine(&docket, &rules, true));
    }
    judged.sort_by_key(|j| (j.rule, j.series));
    let findings = law::findings(&docket, &rules, &judged);
    let regions = named(read, &divisions, &places, &settings.law.region);
    Ok(Law { regions, unknown_regions: law::unknown_regions(&docket), rules, judged, findings, trades })
}

/// Region as written in any file → code and name; those of cells as they were chosen.
fn named(
    read: &Read,
    divisions: &Divisions,
    places: &[Option<String>],
    home: &str,
) -> BTreeMap<String, (String, String)> {
    let mut codes: BTreeMap<String, String> = BTreeMap::new();
    let profiles = read.profiles.values().filter_map(|p| p.get("region"));
    let papers = read.certificates.iter().map(|c| &c.region);
    for region in read.notices.iter().map(|n| &n.region).chain(papers).chain(profiles) {
        let code = divisions.code(region).or_else(|| (!home.is_empty()).then(|| home.to_owned()));
        codes.extend(code.map(|c| (region.clone(), c)));
    }
    codes.extend(read.panel.cells.iter().zip(places).filter_map(|(c, p)| Some((c.region.clone(), p.clone()?))));
    let with_name = |(region, code): (String, String)| {
        let name = divisions.name(&code);
        (region, (code, name))
    };
    codes.into_iter().map(with_name).collect()
}
