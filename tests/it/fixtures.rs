//! Every screen has a folder of three small markets: one it must flag, a near miss, one it must skip with a
//! reason. `expected.csv` beside them holds what it says.

use std::collections::BTreeSet;
use std::path::Path;

use pricewatch::detect::{SCREENS, run};
use pricewatch::model::{Context, Day, Outcome, Panel, Screen, TableKind};
use pricewatch::run::Job;
use pricewatch::settings;

use crate::{root, snapshot};

fn market(folder: &Path, case: &str) -> Panel {
    let tables =
        [TableKind::Prices, TableKind::Transactions, TableKind::Costs, TableKind::Enterprises, TableKind::Tenders];
    let inputs = tables.into_iter().filter_map(|table| {
        let path = folder.join(format!("{case}.{}.csv", table.name()));
        path.exists().then(|| (table, vec![path.display().to_string()]))
    });
    let job = Job { inputs: inputs.collect(), seed: 1, ..Job::default() };
    let scratch = tempfile::tempdir().unwrap();
    let read = pricewatch::run::read(&job, &settings::load(None).unwrap(), scratch.path());
    read.unwrap_or_else(|e| panic!("{} {case}: {e:#}", folder.display())).panel
}

fn outcome(screen: &Screen, panel: &Panel) -> Outcome {
    let knobs = &settings::load(None).unwrap().knobs[screen.id];
    run(screen, panel, &Context { as_of: Day(20_000), seed: 1 }, knobs)
}

fn describe(case: &str, panel: &Panel, outcome: &Outcome) -> String {
    let mut text = format!("{case},examined,{}\n", outcome.examined);
    for f in &outcome.findings {
        let sellers = f.subject.series.iter().map(|&s| panel.sellers[panel.series[s].seller as usize].id.as_str());
        let parties = f.party.iter().flat_map(|p| &p.sellers).map(|s| s.0.as_str());
        let sellers = sellers.chain(parties).collect::<Vec<_>>().join(";");
        let lines = f.rows.iter().take(3).map(|r| r.row.line().to_string()).collect::<Vec<_>>().join(";");
        text += &format!("{case},finding,{sellers},{},{},{:.4},{lines}\n", f.window.0, f.window.1, f.measured);
    }
    let reasons: BTreeSet<&str> = outcome.skips.iter().map(|s| s.reason.en.as_str()).collect();
    for reason in reasons {
        text += &format!("{case},skip,{reason}\n");
    }
    text
}

#[test]
fn every_screen_flags_spares_and_skips() {
    let words = std::fs::read_to_string(root().join("src/report/words.toml")).unwrap();
    for screen in SCREENS {
        let folder = root().join("tests/fixtures").join(screen.id);
        let mut text = String::new();
        for case in ["flag", "clean", "skip"] {
            let panel = market(&folder, case);
            let outcome = outcome(screen, &panel);
            let at = format!("{} {case}", screen.id);
            match case {
                "flag" => assert!(!outcome.findings.is_empty(), "{at}: nothing found"),
                "clean" => assert!(outcome.findings.is_empty() && outcome.examined > 0, "{at}: {outcome:?}"),
                _ => assert!(outcome.findings.is_empty() && !outcome.skips.is_empty(), "{at}: {outcome:?}"),
            }
            for (name, ..) in outcome.findings.iter().flat_map(|f| &f.facts) {
                assert_eq!(words.matches(&format!("\nf_{name} = ")).count(), 2, "{name} has no label in words.toml");
            }
            text += &describe(case, &panel, &outcome);
        }
        snapshot::matches(&format!("fixtures/{}/expected.csv", screen.id), &text);
    }
}

#[test]
fn every_fixture_folder_is_a_listed_screen() {
    for entry in std::fs::read_dir(root().join("tests/fixtures")).unwrap() {
        let entry = entry.unwrap();
        if ["prices", "tenders"].iter().any(|t| entry.path().join(format!("flag.{t}.csv")).exists()) {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(SCREENS.iter().any(|s| s.id == name), "{name}");
        }
    }
}
