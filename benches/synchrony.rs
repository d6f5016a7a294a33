//! Speed of the group test beside NumPy: `cargo bench --bench synchrony -- SELLERS…` (500 and 5,000 without any).
//! One market of 730 days, 25 rises a seller; the whole screen (rises, scales, draws of the null, groups) against
//! ../shared/peers/numpy_synchrony.py, which counts coincident days once a draw, with 99 draws in the same run. At random,
//! as most markets are: there the screen stops as soon as enough draws score as high. With a planted group that agrees on
//! sizes, so that all draws are taken (and the market without the group is tested once more): a statistic that five draws
//! have reached is left off after 19 or 99. With one that also agrees on prices: all statistics are drawn to the end. What
//! a draw costs is what 100 more of them add: the middle of the differences, turn by turn.
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
const MORE_DRAWS: u32 = 199;
/// Runs of each, of which the fastest counts.
const RUNS: usize = 9;
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
        // By turns, so that a slow minute of the machine falls on all.
        let time = |what: Planted, draws: &[u32]| {
            let panel = market(sellers, what);
            let mut runs = vec![(Vec::new(), Vec::new()); draws.len()];
            for _ in 0..if sellers > MOST_FOR_PEER || smoke { 1 } else { RUNS } {
                for ((took, found), draws) in runs.iter_mut().zip(draws) {
                    let knobs = Knobs(BTreeMap::from([("max_draws", f64::from(*draws))]));
                    let start = Instant::now();
                    let outcome = run(screen, &panel, &Context { as_of: Day(20_000), seed: 1 }, &knobs);
                    took.push(start.elapsed().as_secs_f64());
                    *found = outcome.findings.iter().map(|f| f.subject.series.len()).collect::<Vec<_>>();
                }
            }
            for ((took, found), draws) in runs.iter().zip(draws) {
                let took = fastest(took);
                println!(
                    "{sellers} sellers, {what:?}, {draws} draws at most: found {found:?} in {took:.3} s, {}",
                    peak()
                );
            }
            runs.into_iter().map(|(took, _)| took).collect::<Vec<Vec<f64>>>()
        };
        let theirs = (sellers <= MOST_FOR_PEER && !smoke).then(|| peer(sellers)).flatten();
        if let Some(theirs) = theirs {
            println!("  NumPy {theirs:.2} s");
        }
        let compare = |what: &str, ours: f64| {
            let ratio = theirs.map(|theirs| format!(", NumPy {:.1} times as long", theirs / ours));
            println!("  {what} {ours:.3} s{}", ratio.unwrap_or_default());
        };
        compare("a verdict", fastest(&time(Planted::Nothing, &[DRAWS])[0]));
        for what in [Planted::Sizes, Planted::Prices] {
            let took = time(what, &[DRAWS, MORE_DRAWS]);
            compare("99 draws, and once more", fastest(&took[0]));
            let mut more: Vec<f64> = took[1].iter().zip(&took[0]).map(|(more, some)| more - some).collect();
            more.sort_by(f64::total_cmp);
            compare("100 more draws", more[more.len() / 2]);
        }
    }
}

fn fastest(runs: &[f64]) -> f64 {
    runs.iter().copied().fold(f64::INFINITY, f64::min)
}

/// What a dozen sellers agree on: to rise by a tenth on six days, from prices of their own or from one price.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Planted {
    Nothing,
    Sizes,
    Prices,
}

/// Prices about each rise only: the day before, the day, three days after.
fn market(sellers: usize, what: Planted) -> Panel {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut quotes = Vec::new();
    for s in 0..sellers {
        let planted = s < GROUP && what != Planted::Nothing;
        let one_price = planted && what == Planted::Prices;
        let joint: Vec<i32> = (0..6).filter(|_| planted).map(|k| 50 + 110 * k).collect();
        let own = if one_price { 0 } else { RISES - joint.len() };
        let mut days: Vec<i32> = (0..own).map(|_| rng.gen_range(1..DAYS - 4)).collect();
        days.extend(&joint);
        days.sort_unstable();
        days.dedup();
        let mut price = 2.0 + if one_price { 0.0 } else { rng.gen_range(0.0..0.5) };
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
