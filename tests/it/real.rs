//! Real records, where they are at hand (../shared/data); never part of the project.

use std::process::Command;

use pricewatch::detect::{SCREENS, run};
use pricewatch::model::{Context, Day, TableKind};
use pricewatch::run::{Job, SegmentJob, segment};
use pricewatch::settings;

use crate::root;

#[test]
fn korean_mask_prices_as_published() {
    let data = root().join("../shared/data/kostat_masks_2020-02_04.csv");
    if !data.exists() {
        eprintln!("skipped: no shared data");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("pricewatch.toml");
    let run = |arguments: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_pricewatch")).args(arguments).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    let (data, config) = (data.display().to_string(), settings.display().to_string());
    run(&["init", &data, "--out", &config]);
    let out = folder.path().join("out");
    run(&["run", "--quiet", "--prices", &data, "--config", &config, "--out", &out.display().to_string()]);
    let findings: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("findings.json")).unwrap()).unwrap();
    let rows = &findings["rows"];
    let n = |key: &str| rows[key].as_u64().unwrap();
    assert_eq!(n("rows_read"), 13_960);
    assert_eq!(n("rows_read"), n("rows_used") + n("rows_rejected") + n("duplicates"));
    let kf94 = findings["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["kind"] == "market_event" && f["subject"]["cell"] == "KF94口罩");
    let kf94 = kf94.expect("the rise of KF94 is dated");
    assert!(
        kf94["first_date"].as_str().unwrap() >= "2020-02-07" && kf94["last_date"].as_str().unwrap() <= "2020-03-31"
    );
    let leads = std::fs::read_to_string(out.join("leads.csv")).unwrap();
    for market in ["G마켓", "11번가", "쿠팡", "옥션"] {
        assert!(!leads.lines().any(|l| l.split(',').nth(8) == Some(market)), "{market} is not one shop");
    }
}

fn shared(name: &str) -> Option<std::path::PathBuf> {
    let path = root().join("../shared/data").join(name);
    if !path.exists() {
        eprintln!("skipped: no shared data");
        return None;
    }
    Some(path)
}

/// Sixteen series with the marks of five people each: better than no change at all (F1 0.696, covering 0.608) and than
/// the best penalty of ruptures' PELT and BinSeg with its default cost (0.777, 0.742; benches/real/segment.py).
#[test]
fn changes_that_people_marked() {
    let Some(folder) = shared("tcpd") else { return };
    let marks = folder.join("annotations.json");
    let files = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path());
    let files = files.filter(|p| p.extension().is_some_and(|e| e == "json") && *p != marks).collect();
    let job = SegmentJob { files, annotations: Some(marks), json: true, ..SegmentJob::default() };
    let series: Vec<serde_json::Value> = serde_json::from_str(&segment(&job).unwrap()).unwrap();
    let mean = |key: &str| series.iter().map(|s| s[key].as_f64().unwrap()).sum::<f64>() / series.len() as f64;
    assert!(
        series.len() >= 16 && mean("f1") > 0.777 && mean("covering") > 0.742,
        "{} {}",
        mean("f1"),
        mean("covering")
    );
}

/// Every restoration of petrol prices is found, at most one other day a month, and brands move in one order.
#[test]
fn restorations_of_petrol_prices() {
    let (Some(events), Some(stations), Some(jumps)) =
        (shared("nsw_fuel_events_2019.csv.gz"), shared("nsw_fuel_stations.csv"), shared("nsw_fuel_upjumps_2019.csv"))
    else {
        return;
    };
    let settings = settings::load(Some(&root().join("benches/real/fuel.toml"))).unwrap();
    let inputs = [(TableKind::Prices, events), (TableKind::Enterprises, stations)];
    let inputs = inputs.map(|(table, path)| (table, vec![path.display().to_string()]));
    let scratch = tempfile::tempdir().unwrap();
    let read =
        pricewatch::run::read(&Job { inputs: inputs.into(), ..Job::default() }, &settings, scratch.path()).unwrap();
    let screen = SCREENS.iter().find(|s| s.id == "mass-rise").unwrap();
    let found = run(screen, &read.panel, &Context { as_of: Day(20_000), seed: 1 }, &settings.knobs[screen.id]).findings;
    let waves: Vec<_> =
        found.iter().filter(|f| f.subject.cell.is_some_and(|c| read.panel.cells[c].product == "U91")).collect();
    let text = std::fs::read_to_string(jumps).unwrap();
    let listed: Vec<&str> = text
        .lines()
        .skip(1)
        .filter_map(|l| l.split_once(','))
        .filter(|(_, rest)| rest.split(',').next().is_some_and(|n| n.parse::<f64>().is_ok_and(|n| n >= 75.0)))
        .map(|(day, _)| day)
        .collect();
    let told = |day: &str| waves.iter().any(|f| f.reason.en.contains(&format!("{day} (")));
    let hit = listed.iter().filter(|day| told(day)).count();
    let days: f64 = waves.iter().map(|f| f.facts.iter().find(|x| x.0 == "mass_rise_days").unwrap().1).sum();
    assert!(listed.len() == 24 && hit as f64 >= 0.9 * 24.0, "{hit} of {}", listed.len());
    assert!(days - hit as f64 <= 10.0, "ten months: {days} days, {hit} listed");
    assert!(waves.iter().all(|f| f.sheet.as_ref().unwrap().rows.len() >= 3), "the order of brands is told");
    assert!(waves[0].facts.iter().find(|f| f.0 == "kendall_w").unwrap().1 > 0.6);
}

/// Bids as published, without a calendar day in two of the three files: a whole run, its sum closed.
#[test]
fn labelled_tenders_run_as_published() {
    let data = root().join("../shared/data/tenders");
    if !data.exists() {
        eprintln!("skipped: no shared data");
        return;
    }
    let config = root().join("datasets/tenders.toml").display().to_string();
    for (name, rows) in [("brazil", 683), ("america", 7_004), ("swiss_gr_see_gaster", 21_231)] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let file = data.join(format!("{name}.csv")).display().to_string();
        let arguments =
            ["run", "--quiet", "--tenders", &file, "--config", &config, "--out", &out.display().to_string()];
        let ran = Command::new(env!("CARGO_BIN_EXE_pricewatch")).args(arguments).output().unwrap();
        assert!(ran.status.success(), "{name}: {}", String::from_utf8_lossy(&ran.stderr));
        let findings: serde_json::Value =
            serde_json::from_slice(&std::fs::read(out.join("findings.json")).unwrap()).unwrap();
        let n = |key: &str| findings["rows"][key].as_u64().unwrap();
        assert_eq!(n("rows_read"), rows, "{name}");
        assert_eq!(n("rows_read"), n("rows_used") + n("rows_rejected") + n("duplicates"), "{name}");
        for paper in ["report.html", "report.pdf", "leads.xlsx"] {
            assert!(out.join(paper).is_file(), "{name}: {paper}");
        }
    }
}
