//! Bids of lawful tenders and of rings, by the format of the auction: the cheapest wins, or the one nearest the mean.
//! Firms know their cost, which distance and a draw of their own move about the estimate; a ring settles who wins.

use anyhow::Result;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::model::Day;

/// First day: 2019-01-01.
const START: i32 = 17_897;
/// Regions, and firms at home in each.
const REGIONS: [&str; 4] = ["北区", "南区", "东区", "西区"];
const FIRMS: usize = 14;
/// A bidder's cost: base share of the estimate, spread of the draw, what another region adds.
const COST: (f64, f64, f64) = (0.80, 0.06, 0.05);

/// How a ring behaves.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Style {
    /// The others bid a safe distance above the winner and close to each other (Imhof 2017).
    Cover,
    /// All bid close together, dear (Abrantes-Metz et al. 2006).
    Tight,
    /// The others bid anything well above (Porter & Zona 1993).
    Phantom,
    /// Bids side by side to move the mean (Conley & Decarolis 2016).
    MoveMean,
}

/// A market to simulate.
struct Market {
    file: &'static str,
    product: &'static str,
    tenders: usize,
    /// Log-normal size of the estimates: median, spread.
    estimate: (f64, f64),
    /// The bid nearest the mean wins, not the lowest.
    average: bool,
    /// Each ring: its members' home, how many, how it behaves.
    rings: &'static [(usize, usize, Style)],
}

const MARKETS: [Market; 4] = [
    Market {
        file: "works",
        product: "隔离点改造",
        tenders: 600,
        estimate: (800_000.0, 1.1),
        average: false,
        rings: &[(0, 4, Style::Cover), (1, 5, Style::Tight), (2, 3, Style::Phantom)],
    },
    Market {
        file: "supplies",
        product: "防护服",
        tenders: 600,
        estimate: (45.0, 0.08),
        average: false,
        rings: &[(0, 3, Style::Phantom), (3, 4, Style::Cover)],
    },
    Market {
        file: "average",
        product: "方舱工程",
        tenders: 300,
        estimate: (2_000_000.0, 0.9),
        average: true,
        rings: &[(1, 5, Style::MoveMean)],
    },
    Market {
        file: "lawful", product: "检测服务", tenders: 600, estimate: (60_000.0, 0.6), average: false, rings: &[]
    },
];

/// A firm's bid in one tender.
struct Offer {
    firm: usize,
    amount: f64,
}

/// A file of bids per market, and truth.json with its rings. The column `arranged` is the label of a tender, `in_ring` that
/// of a bidder.
pub fn files(seed: u64) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut rings = Vec::new();
    for (k, market) in (0u64..).zip(&MARKETS) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(k);
        let mut text = String::from("date,tender_id,region,product,bidder_id,bid,won,estimate,arranged,in_ring\n");
        (0..market.tenders).for_each(|t| text += &tender(market, t, &mut rng));
        files.push((format!("tenders_{}.csv", market.file), text.into_bytes()));
        for r in 0..market.rings.len() {
            let members: Vec<String> = members(market, r).map(name).collect();
            rings.push(json!({"kind": "tender", "market": market.file, "sellers": members}));
        }
    }
    files.push(("truth.json".into(), serde_json::to_vec_pretty(&json!({ "cases": rings }))?));
    Ok(files)
}

/// Firms of a ring: the first of its region.
fn members(market: &Market, ring: usize) -> impl Iterator<Item = usize> {
    let (home, n, _) = market.rings[ring];
    (0..n).map(move |k| home * FIRMS + k)
}

fn name(firm: usize) -> String {
    format!("{}{:02}", ["N", "S", "E", "W"][firm / FIRMS], firm % FIRMS + 1)
}

/// Rows of one tender.
fn tender(market: &Market, t: usize, rng: &mut ChaCha8Rng) -> String {
    let region = rng.gen_range(0..REGIONS.len());
    let estimate = market.estimate.0 * (market.estimate.1 * normal(rng)).exp();
    let ring = (0..market.rings.len()).find(|r| market.rings[*r].0 == region && rng.gen_bool(0.5));
    let mut firms: Vec<usize> = (0..REGIONS.len() * FIRMS).collect();
    firms.shuffle(rng);
    let near = |f: &usize| f / FIRMS == region;
    let ringed = |f: &usize| (0..market.rings.len()).any(|r| members(market, r).any(|m| m == *f));
    // Most bidders are at home; a ring's members bid for themselves where the ring does not act.
    let wanted = rng.gen_range(2..8) + 4 * usize::from(market.average);
    let mut bidders: Vec<usize> = firms
        .into_iter()
        .filter(|f| !(ring.is_some() && ringed(f)))
        .filter(|f| near(f) || rng.gen_bool(0.08))
        .collect();
    bidders.truncate(if ring.is_some() { rng.gen_range(0..3) + 4 * usize::from(market.average) } else { wanted });
    let mut offers: Vec<Offer> = bidders.into_iter().map(|f| honest(f, region, estimate, wanted, rng)).collect();
    if let Some(r) = ring {
        offers.extend(arranged(market, r, t, estimate, &offers, rng));
    }
    let digits = if estimate < 1000.0 { 100.0 } else { 1.0 };
    offers.iter_mut().for_each(|o| o.amount = (o.amount * digits).round() / digits);
    rows(market, t, region, estimate, &offers, ring)
}

/// Cost and a margin that shrinks with the number of rivals.
fn honest(firm: usize, region: usize, estimate: f64, rivals: usize, rng: &mut ChaCha8Rng) -> Offer {
    let (base, spread, far) = COST;
    let cost = base + spread * normal(rng) + if firm / FIRMS == region { 0.0 } else { far };
    Offer { firm, amount: estimate * cost.max(0.5) * (1.0 + 0.25 / rivals as f64 + 0.02 * normal(rng).abs()) }
}

fn arranged(
    market: &Market,
    ring: usize,
    t: usize,
    estimate: f64,
    outside: &[Offer],
    rng: &mut ChaCha8Rng,
) -> Vec<Offer> {
    let style = market.rings[ring].2;
    let mut members: Vec<usize> = members(market, ring).collect();
    members.rotate_left(t % market.rings[ring].1);
    // Now and then one of the ring does not come.
    if members.len() > 3 && rng.gen_bool(0.3) {
        members.pop();
    }
    let mean = outside.iter().map(|o| o.amount).sum::<f64>() / outside.len().max(1) as f64;
    let lead = match style {
        Style::MoveMean => mean * rng.gen_range(0.97..1.0),
        _ => estimate * rng.gen_range(0.93..1.02),
    };
    let gap = rng.gen_range(0.03..0.06);
    let above = |k: usize, rng: &mut ChaCha8Rng| match (k, style) {
        (0, _) => 0.0,
        (_, Style::Cover) => gap + 0.008 * normal(rng).abs(),
        (_, Style::Tight) => rng.gen_range(0.002..0.02),
        (_, Style::Phantom) => rng.gen_range(0.02..0.15),
        (_, Style::MoveMean) => rng.gen_range(-0.004..0.004),
    };
    members.into_iter().enumerate().map(|(k, firm)| Offer { firm, amount: lead * (1.0 + above(k, rng)) }).collect()
}

fn rows(market: &Market, t: usize, region: usize, estimate: f64, offers: &[Offer], ring: Option<usize>) -> String {
    let mean = offers.iter().map(|o| o.amount).sum::<f64>() / offers.len().max(1) as f64;
    let rank = |o: &Offer| if market.average { (o.amount - mean).abs() } else { o.amount };
    let best = offers.iter().map(rank).fold(f64::MAX, f64::min);
    let winner = offers.iter().position(|o| rank(o) == best);
    let (day, place, product) = (Day(START + t as i32), REGIONS[region], market.product);
    let mut text = String::new();
    for (k, o) in offers.iter().enumerate() {
        let in_ring = ring.is_some_and(|r| members(market, r).any(|m| m == o.firm));
        let (won, label, member) = (u8::from(Some(k) == winner), u8::from(ring.is_some()), u8::from(in_ring));
        let (id, bidder, bid) = (t + 1, name(o.firm), o.amount);
        text += &format!("{day},T{id:04},{place},{product},{bidder},{bid},{won},{estimate:.2},{label},{member}\n");
    }
    text
}

/// A standard normal draw (Box & Muller 1958).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.gen_range(f64::EPSILON..1.0), rng.gen_range(0.0..1.0));
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
