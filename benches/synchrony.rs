//! Speed of the group test beside NumPy: `cargo bench --bench synchrony -- SELLERS…` (500 and 5,000 without any).
//! One market of 730 days, 25 rises a seller at random; the whole screen (rises, three scales, 99 draws of the null)
//! against ../shared/peers/numpy_synchrony.py, which only counts coincident days, at the same draws in the same run.
#![allow(missing_docs, clippy::expect_used)]

use std::process::Command;
use std::time::Instant;

use pricewatch::detect::{SCREENS, run};
use pricewatch::model::{Context, Day, Knobs, Panel};
use pricewatch::panel::{Quote, from_quotes};
use rand::{Rng, SeedableRng};

const DAYS: i32 = 730;
const RISES: usize = 25;

fn main() {
    let smoke = std::env::args().any(|a| a == "--test");
    let mut sizes: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = if smoke { vec![60] } else { vec![500, 5_000] };
    }
    let screen = SCREENS.iter().find(|s| s.id == "synchronised-rises").expect("listed");
    for sellers in sizes {
        let panel = market(sellers);
        let start = Instant::now();
        let outcome = run(screen, &panel, &Context { as_of: Day(20_000), seed: 1 }, &Knobs::default());
        let ours = start.elapsed().as_secs_f64();
        println!(
            "{sellers} sellers, {} rises: {ours:.2} s ({} cell examined), {}",
            sellers * RISES,
            outcome.examined,
            peak()
        );
        if let Some(theirs) = peer(sellers).filter(|_| !smoke) {
            println!("  NumPy: {theirs:.2} s, {:.1} times as long", theirs / ours);
        }
    }
}

/// Prices about each rise only: the day before, the day, three days after.
fn market(sellers: usize) -> Panel {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut quotes = Vec::new();
    for s in 0..sellers {
        let mut days: Vec<i32> = (0..RISES).map(|_| rng.gen_range(1..DAYS - 4)).collect();
        days.sort_unstable();
        days.dedup();
        let mut price = 2.0 + rng.gen_range(0.0..0.5);
        let name = format!("s{s:05}");
        let mut next = days.iter().peekable();
        for day in 0..DAYS {
            if next.next_if_eq(&&day).is_some() {
                price *= 1.0 + rng.gen_range(0.03..0.15);
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
    let arguments = [script.to_owned(), sellers.to_string(), DAYS.to_string(), RISES.to_string(), "99".to_owned()];
    let out = Command::new("python3").args(arguments).output().ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    text.split(": ").nth(1)?.split(" s").next()?.trim().parse().ok()
}

/// Peak memory of this process, panel included.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or("peak memory unknown").to_owned()
}
