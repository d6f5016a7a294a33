//! Speed of the group test beside NumPy: `cargo bench --bench synchrony -- SELLERS…` (500 and 5,000 without any).
//! One market of 730 days, 25 rises a seller; the whole screen (rises, scales, draws of the null, groups) against
//! ../shared/peers/numpy_synchrony.py, which only counts coincident days, with 99 draws in the same run. Once with a
//! planted group, so that all 99 draws are taken (and the market without the group is tested once more), and once at
//! random, as most markets are: there the screen stops as soon as enough draws score as high. What a draw costs is what
//! the last 40 of them add.
#![allow(missing_docs, clippy::expect_used)]

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use pricewatch::detect::{SCREENS, run};
use pricewatch::model::{Context, Day, Knobs, Panel};
use pricewatch::panel::{Quote, from_quotes};
use rand::{Rng, SeedableRng};

const DAYS: i32 = 730;
const DRAWS: u32 = 99;
/// As many as find the planted group too.
const FEWER_DRAWS: u32 = 59;
const RISES: usize = 25;
/// Sellers of the planted group.
const GROUP: usize = 12;
/// The peer keeps several matrices of sellers by sellers: 30 GB at 50,000.
const MOST_FOR_PEER: usize = 10_000;

fn main() {
    let smoke = std::env::args().any(|a| a == "--test");
    let mut sizes: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = if smoke { vec![60] } else { vec![500, 5_000] };
    }
    let screen = SCREENS.iter().find(|s| s.id == "synchronised-rises").expect("listed");
    for sellers in sizes {
        let time = |planted: usize, draws: u32| {
            let panel = market(sellers, planted);
            let knobs = Knobs(BTreeMap::from([("max_draws", f64::from(draws))]));
            let start = Instant::now();
            let outcome = run(screen, &panel, &Context { as_of: Day(20_000), seed: 1 }, &knobs);
            let took = start.elapsed().as_secs_f64();
            let found: Vec<usize> = outcome.findings.iter().map(|f| f.subject.series.len()).collect();
            println!(
                "{sellers} sellers, {planted} planted, {draws} draws at most: found {found:?} in {took:.3} s, {}",
                peak()
            );
            took
        };
        let (few_draws, all_draws, to_a_verdict) = (time(GROUP, FEWER_DRAWS), time(GROUP, DRAWS), time(0, DRAWS));
        let a_draw = (all_draws - few_draws) / f64::from(DRAWS - FEWER_DRAWS);
        println!("  a draw {:.2} ms", 1e3 * a_draw);
        if let Some(theirs) = (sellers <= MOST_FOR_PEER && !smoke).then(|| peer(sellers)).flatten() {
            let times = |ours: f64| theirs / ours;
            println!(
                "  NumPy {theirs:.2} s: {:.1} times as long as 99 draws, {:.1} times as long as a verdict, {:.1} times as long a draw",
                times(all_draws),
                times(to_a_verdict),
                times(a_draw * f64::from(DRAWS + 1)),
            );
        }
    }
}

/// Prices about each rise only: the day before, the day, three days after. The planted sellers also rise together, by
/// a tenth, on six days.
fn market(sellers: usize, planted: usize) -> Panel {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut quotes = Vec::new();
    for s in 0..sellers {
        let joint: Vec<i32> = (0..6).filter(|_| s < planted).map(|k| 50 + 110 * k).collect();
        let mut days: Vec<i32> = (0..RISES - joint.len()).map(|_| rng.gen_range(1..DAYS - 4)).collect();
        days.extend(&joint);
        days.sort_unstable();
        days.dedup();
        let mut price = 2.0 + rng.gen_range(0.0..0.5);
        let name = format!("s{s:05}");
        let mut next = days.iter().peekable();
        for day in 0..DAYS {
            if next.next_if_eq(&&day).is_some() {
                let size = rng.gen_range(0.03..0.15);
                price *= 1.0 + if joint.contains(&day) { 0.1 } else { size };
            }
            if days.iter().any(|d| (-1..=3).contains(&(day - d))) {
                quotes.push(Quote::posted("r", "p", &name, Day(18_000 + day), price));
            }
        }
    }
    from_quotes(&quotes, &[])
}

/// Seconds of the NumPy peer, where it is there and NumPy is.
fn peer(sellers: usize) -> Option<f64> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/peers/numpy_synchrony.py");
    let arguments = [script.to_owned(), sellers.to_string(), DAYS.to_string(), RISES.to_string(), DRAWS.to_string()];
    let out = Command::new("python3").args(arguments).output().ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    text.split(": ").nth(1)?.split(" s").next()?.trim().parse().ok()
}

/// Peak memory of this process, panel included.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or("peak memory unknown").to_owned()
}
