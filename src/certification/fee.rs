#![doc = include_str!("fee.md")]

use std::collections::BTreeMap;

use super::{Check, Says};
use crate::model::{Certificate, Context, Text};
use crate::stats::robust::{mad_sigma, median};

/// The card.
pub const CHECK: Check = Check {
    id: "certificate-fee",
    title: ("认证费用远高于同类", "Fee out of line with its peers"),
    page: include_str!("fee.md"),
    run,
};

/// Fewest fees of one standard that make a comparison.
const PEERS: usize = 8;
/// A fee is far from this many times the median of the others on …
const TIMES: f64 = 2.0;
/// … and from this many robust standard deviations of the log fees (Iglewicz & Hoaglin 1993: 3.5).
const SPREADS: f64 = 3.5;
/// Smallest spread of log fees counted: a tenth.
const FLOOR: f64 = 0.1;

fn run(all: &[Certificate], _: &Context) -> Vec<Says> {
    let mut fees: BTreeMap<String, Vec<(usize, f64)>> = BTreeMap::new();
    for (i, c) in all.iter().enumerate() {
        if let Some(fee) = c.fee.filter(|f| *f > 0.0) {
            fees.entry(standard(c)).or_default().push((i, fee.ln()));
        }
    }
    let judge = |(i, c): (usize, &Certificate)| {
        let Some(fee) = c.fee.filter(|f| *f > 0.0) else { return Says::Skip(Text::new("没有费用", "no fee")) };
        let standard = standard(c);
        if standard.is_empty() {
            return Says::Skip(Text::new("没有写标准", "no standard"));
        }
        let others: Vec<f64> = fees[&standard].iter().filter(|o| o.0 != i).map(|o| o.1).collect();
        let (Some(middle), true) = (median(&others), others.len() >= PEERS) else {
            return Says::Skip(Text::new("同一标准的费用太少", "too few fees of the same standard"));
        };
        let spread = mad_sigma(&others).unwrap_or(0.0).max(FLOOR);
        let times = (fee.ln() - middle).exp();
        if times < TIMES || (fee.ln() - middle) / spread < SPREADS {
            return Says::Fine;
        }
        Says::Odd(
            Text::new(
                format!("费用 {fee:.0}，为同一标准 {} 笔中位数的 {times:.1} 倍", others.len()),
                format!("fee {fee:.0}, {times:.1} times the median of {} others of the standard", others.len()),
            ),
            Some(("times_the_median_fee", times, String::new())),
        )
    };
    all.iter().enumerate().map(judge).collect()
}

/// The standard without case, spaces and year: YY 0469-2011 is YY0469.
fn standard(c: &Certificate) -> String {
    let tight: String = c.standard.to_lowercase().chars().filter(|x| !x.is_whitespace()).collect();
    let year = |y: &str| y.len() == 4 && y.bytes().all(|b| b.is_ascii_digit());
    match tight.rsplit_once(['-', '—', ':']) {
        Some((name, y)) if year(y) => name.to_owned(),
        _ => tight,
    }
}
