//! The screens of tenders beside those published with the labelled files (../shared/data/tenders).

use std::collections::BTreeMap;
use std::path::Path;

use pricewatch::detect::SCREENS as ALL_SCREENS;
use pricewatch::detect::tender::features::{features, position};
use pricewatch::model::{Context, Day, Format, Outcome, Panel, TableKind, Tenders};
use pricewatch::run::Job;
use pricewatch::settings::{self, Settings};

use crate::root;

/// Published columns, and ours.
const SCREENS: [(&str, &str); 7] = [
    ("CV", "cv"),
    ("SPD", "spd"),
    ("DIFFP", "diffp"),
    ("RD", "rd"),
    ("KURT", "kurt"),
    ("SKEW", "skew"),
    ("KSTEST", "ks"),
];
/// Published numbers have four digits behind the point; beyond that they must be equal to a millionth.
const ROUNDED: f64 = 0.5e-4 + 1e-6;

/// One tender: its bids and the published screens, read without any of our code, and our screens.
struct Tender {
    bids: Vec<f64>,
    published: [f64; 7],
    ours: [Option<f64>; 7],
}

fn tenders_of(name: &str) -> Option<Vec<Tender>> {
    let path = root().join(format!("../shared/data/tenders/{name}.csv"));
    if !path.exists() {
        eprintln!("skipped: no shared data");
        return None;
    }
    let mut file = csv::Reader::from_path(&path).unwrap();
    let header = file.headers().unwrap().clone();
    let at = |column: &str| header.iter().position(|h| h == column).unwrap();
    let (tender, bid, columns) = (at("Tender"), at("Bid_value"), SCREENS.map(|s| at(s.0)));
    let mut of: BTreeMap<String, Tender> = BTreeMap::new();
    for row in file.records().map(Result::unwrap) {
        let published = columns.map(|c| row[c].parse::<f64>().unwrap());
        let new = || Tender { bids: Vec::new(), published, ours: [None; 7] };
        of.entry(row[tender].to_owned()).or_insert_with(new).bids.push(row[bid].parse().unwrap());
    }
    let all = read(&path, &settings::load(Some(&root().join("datasets/tenders.toml"))).unwrap());
    for (t, row) in all.list.iter().zip(features(&all)) {
        of.get_mut(&t.id).unwrap().ours = SCREENS.map(|s| row[position(s.1)]);
    }
    of.values_mut().for_each(|t| t.bids.sort_by(f64::total_cmp));
    Some(of.into_values().collect())
}

fn read(path: &Path, settings: &Settings) -> Tenders {
    let inputs = [(TableKind::Tenders, vec![path.display().to_string()])].into();
    let job = Job { inputs, seed: 1, ..Job::default() };
    let scratch = tempfile::tempdir().unwrap();
    pricewatch::run::read(&job, settings, scratch.path()).unwrap().panel.tenders
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= ROUNDED
}

/// Five of the seven columns follow our definitions in every tender of every file. Where a number has no meaning
/// (one bid; fewer than three or four for the moments; all equal) we say nothing and the files say 0.
#[test]
fn screens_equal_the_published_ones() {
    for name in ["brazil", "america", "swiss_gr_see_gaster"] {
        for t in tenders_of(name).into_iter().flatten() {
            for (k, column) in SCREENS.iter().enumerate().filter(|(_, s)| s.0 != "DIFFP" && s.0 != "RD") {
                match t.ours[k] {
                    Some(ours) => assert!(near(ours, t.published[k]), "{name} {column:?} {ours} {:?}", t.published),
                    None => assert_eq!(t.published[k], 0.0, "{name} {column:?} {:?}", t.bids),
                }
            }
        }
    }
}

/// DIFFP is (second − lowest) / lowest. Brazil agrees throughout; in the other two files some published numbers take
/// another bid than the second lowest, often the lowest itself (0).
#[test]
fn gaps_to_the_next_bid_and_where_the_files_differ() {
    for (name, same) in [("brazil", 101), ("america", 504), ("swiss_gr_see_gaster", 4_030)] {
        let Some(tenders) = tenders_of(name) else { return };
        let several: Vec<&Tender> = tenders.iter().filter(|t| t.bids.len() > 1).collect();
        let agree = several.iter().filter(|t| near(t.ours[2].unwrap(), t.published[2])).count();
        assert_eq!(agree, same, "{name} of {}", several.len());
        for t in several {
            let low = t.bids[0];
            assert!((t.ours[2].unwrap() - (t.bids[1] - low) / low).abs() < 1e-12);
            assert!(t.bids.iter().any(|b| near((b - low) / low, t.published[2])), "{name} {:?}", t.bids);
        }
    }
}

/// RD is (second − lowest) / spread of the losing bids. Brazil's column divides by the spread of all but the *highest*
/// bid (twice by that of the lowest two). In the other two files it is no function of the tender's bids: it is negative,
/// and is given where one or two bids leave no spread of losers.
#[test]
fn relative_distances_and_where_the_files_differ() {
    let sd = |b: &[f64]| {
        let mean = b.iter().sum::<f64>() / b.len() as f64;
        (b.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (b.len() as f64 - 1.0)).sqrt()
    };
    for (name, no_function) in
        [("brazil", [0, 1, 0]), ("america", [273, 391, 651]), ("swiss_gr_see_gaster", [94, 331, 1_733])]
    {
        let Some(tenders) = tenders_of(name) else { return };
        for t in &tenders {
            let n = t.bids.len();
            let spread = if n > 2 { sd(&t.bids[1..]) } else { 0.0 };
            match t.ours[3] {
                Some(ours) => assert!((ours - (t.bids[1] - t.bids[0]) / spread).abs() < 1e-6 * ours.max(1.0)),
                None => assert!(n < 3 || t.bids[1] == t.bids[n - 1], "{:?}", t.bids),
            }
        }
        let without = |k: usize| tenders.iter().filter(|t| t.bids.len() == k && t.published[3] != 0.0).count();
        let negative = tenders.iter().filter(|t| t.published[3] < 0.0).count();
        assert_eq!([without(1), without(2), negative], no_function, "{name}");
        let by = |b: &[f64], part: &[f64]| (b[1] - b[0]) / sd(part);
        let but_highest =
            |t: &&Tender| t.bids.len() > 2 && near(by(&t.bids, &t.bids[..t.bids.len() - 1]), t.published[3]);
        let lowest_two = |t: &&Tender| t.bids.len() > 1 && near(by(&t.bids, &t.bids[..2]), t.published[3]);
        if name == "brazil" {
            assert_eq!(tenders.iter().filter(but_highest).count(), 99);
            assert_eq!(tenders.iter().filter(|t| !but_highest(t)).filter(lowest_two).count(), 2);
        }
    }
}

/// Simulated bids of one market, read as a user would.
fn simulated(seed: u64, market: &str) -> Tenders {
    let files = pricewatch::simulate::tenders::files(seed).unwrap();
    let bytes = &files.iter().find(|f| f.0 == format!("tenders_{market}.csv")).unwrap().1;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bids.csv");
    std::fs::write(&path, bytes).unwrap();
    read(&path, &settings::load(None).unwrap())
}

fn outcome(id: &str, tenders: Tenders) -> Outcome {
    let screen = ALL_SCREENS.iter().find(|s| s.id == id).unwrap();
    let panel = Panel { tenders, ..Panel::default() };
    pricewatch::detect::run(
        screen,
        &panel,
        &Context { as_of: Day(20_000), seed: 1 },
        &settings::load(None).unwrap().knobs[id],
    )
}

/// Rings are named by region and number: the first firms of their region (see the simulator).
#[test]
fn rings_are_found_and_lawful_bidders_are_not() {
    let mut found = 0;
    for seed in 1..=5 {
        for (market, rings) in [("works", &["N", "S", "E"][..]), ("supplies", &["N", "W"]), ("average", &["S"])] {
            let outcome = outcome("bid-ring", simulated(seed, market));
            for f in &outcome.findings {
                let ids: Vec<&str> = f.party.iter().flat_map(|p| &p.sellers).map(|s| s.0.as_str()).collect();
                let of =
                    |ring: &&&str| ids.iter().all(|id| id.starts_with(**ring) && id[1..].parse::<u8>().unwrap() <= 5);
                assert!(rings.iter().any(|r| of(&r)), "{seed} {market} {ids:?}");
            }
            found += outcome.findings.len();
        }
        let lawful = outcome("bid-ring", simulated(seed, "lawful"));
        assert!(lawful.examined > 100 && lawful.findings.is_empty(), "{seed} {:?}", lawful.findings);
        for screen in ["missing-bids", "odd-bids"] {
            let lawful = outcome(screen, simulated(seed, "lawful"));
            assert!(lawful.findings.is_empty(), "{seed} {screen}");
        }
    }
    println!("{found} of 30");
    assert!(found >= 18, "{found} of 30");
}

/// Where bids near the mean win, close bids are nothing odd: told from the winners, or said.
#[test]
fn average_bid_auctions_are_judged_by_their_own_lines() {
    let told = simulated(1, "average");
    for screen in ["low-spread", "cover-bids", "missing-bids"] {
        let o = outcome(screen, told.clone());
        assert!(o.findings.is_empty() && o.examined == 0, "{screen}");
        assert!(o.skips.iter().all(|s| s.reason.en.starts_with("average-bid format")), "{screen}");
    }
    let said = Tenders { format: Some(Format::Lowest), ..told };
    assert!(outcome("low-spread", said).examined > 0);
    let lawful = Tenders { format: Some(Format::AverageBid), ..simulated(1, "lawful") };
    assert_eq!(outcome("low-spread", lawful).examined, 0);
}
