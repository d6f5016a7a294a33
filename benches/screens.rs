//! Screens and ingest on fixed simulated markets (fixed sizes, fixed seeds).
#![allow(missing_docs, clippy::expect_used)]

use pricewatch::detect::{SCREENS, run};
use pricewatch::model::{Context, Day, Knobs, Panel, TableKind};
use pricewatch::run::{Job, read};
use pricewatch::settings;
use pricewatch::simulate::{Plan, files};

fn main() {
    divan::main();
}

fn market(cities: usize) -> (tempfile::TempDir, Job) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plan = Plan { seed: 5, cities, sellers: 40, days: 140, goods: 2, gougers: 6, cartels: 2, ..Plan::default() };
    for (name, bytes) in files(&plan).expect("a market") {
        std::fs::write(folder.path().join(name), bytes).expect("disk space");
    }
    let path = |name: &str| vec![folder.path().join(name).display().to_string()];
    let inputs = [
        (TableKind::Prices, path("prices.csv")),
        (TableKind::Costs, path("costs.csv")),
        (TableKind::Enterprises, path("enterprises.csv")),
    ];
    (folder, Job { inputs: inputs.into(), seed: 1, ..Job::default() })
}

fn panel(job: &Job, folder: &std::path::Path) -> Panel {
    read(job, &settings::load(None).expect("defaults"), folder).expect("a panel").panel
}

#[divan::bench(args = [1, 3])]
fn read_into_panel_cities(bencher: divan::Bencher<'_, '_>, cities: usize) {
    let (folder, job) = market(cities);
    bencher.bench(|| panel(&job, folder.path()));
}

#[divan::bench(args = SCREENS.iter().map(|s| s.id))]
fn screen_on_three_cities(bencher: divan::Bencher<'_, '_>, id: &str) {
    let (folder, job) = market(3);
    let panel = panel(&job, folder.path());
    let screen = SCREENS.iter().find(|s| s.id == id).expect("listed");
    bencher.bench(|| run(screen, &panel, &Context { as_of: Day(20_000), seed: 1 }, &Knobs::default()));
}
