//! What if we knew the truth? Markets of masks in Guangdong cities with planted cases: sticky prices, a
//! melt-blown cost shock passed through with own rates and lags, weekly repricers, a chain per market,
//! promotions, entrants, gaps, typos, duplicates, boxes beside pieces; as posted prices and, if asked, as sales.

pub mod conducts;
mod path;
mod plant;
mod rows;
mod sales;
pub mod scenario;
pub mod tenders;

use anyhow::Result;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::model::Day;
use path::{Habit, Setting, cost_index, daily_prices};
use plant::{Cases, Group, Planted, lawful_moves, plant};
use rows::{Row, costs_file, prices_file, quote_rows, spoil};
use scenario::{STANDARD, Scenario};

/// What to simulate.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// Seed: the same plan gives the same bytes.
    pub seed: u64,
    /// What kind of market.
    pub scenario: Scenario,
    /// Cities, 1 to 8.
    pub cities: usize,
    /// Sellers per city; each sells every good.
    pub sellers: usize,
    /// Goods, 1 to 4: respirators, surgical masks, protective clothing, disposable masks.
    pub goods: usize,
    /// Days from 2019-12-20.
    pub days: usize,
    /// Planted single rises in the whole world.
    pub gougers: usize,
    /// Planted groups in the whole world.
    pub cartels: usize,
    /// Chinese headers, GB18030 bytes, two banner rows.
    pub gb18030: bool,
    /// Also the sales behind the prices, with purchase costs.
    pub transactions: bool,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            seed: 1,
            scenario: STANDARD,
            cities: 2,
            sellers: 30,
            goods: 3,
            days: 100,
            gougers: 5,
            cartels: 2,
            gb18030: false,
            transactions: false,
        }
    }
}

/// City, its GB/T 2260 code.
const CITIES: [(&str, &str); 8] = [
    ("广州市", "440100"),
    ("深圳市", "440300"),
    ("佛山市", "440600"),
    ("东莞市", "441900"),
    ("中山市", "442000"),
    ("珠海市", "440400"),
    ("惠州市", "441300"),
    ("江门市", "440700"),
];
/// A good: name, standard, base unit, unit of a box and pieces in it, price and cost per piece before the shock (yuan).
struct Good {
    name: &'static str,
    standard: &'static str,
    unit: &'static str,
    pack: (&'static str, u32),
    price: f64,
    cost: f64,
}
const GOODS: [Good; 4] = [
    Good { name: "KN95口罩", standard: "GB 2626", unit: "只", pack: ("盒", 50), price: 4.0, cost: 2.2 },
    Good { name: "医用外科口罩", standard: "YY 0469", unit: "只", pack: ("盒", 50), price: 1.2, cost: 0.6 },
    Good { name: "医用防护服", standard: "GB 19082", unit: "件", pack: ("箱", 20), price: 46.0, cost: 27.0 },
    Good {
        name: "一次性医用口罩", standard: "YY/T 0969", unit: "只", pack: ("盒", 50), price: 0.8, cost: 0.4
    },
];
/// First day: 2019-12-20.
const START: Day = Day(18250);
/// Shops of the chain in each city.
const CHAIN: usize = 4;

/// Relative path and bytes of each file of the world: prices, costs, enterprises, truth, and sales if asked for.
pub fn files(plan: &Plan) -> Result<Vec<(String, Vec<u8>)>> {
    let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
    let cities = &CITIES[..plan.cities.clamp(1, CITIES.len())];
    let (planted, groups) = plant(plan, cities.len(), &mut rng);
    let general = cost_index(&plan.scenario, 0, plan.days);
    let goods = &GOODS[..plan.goods.clamp(1, GOODS.len())];
    let (mut rows, mut sold): (Vec<Row>, Vec<[String; 12]>) = Default::default();
    let mut enterprises = vec!["seller_id,seller_name,region,owner_id".to_owned()];
    for (c, (city, code)) in cities.iter().enumerate() {
        let cost = cost_index(&plan.scenario, c, plan.days);
        let mut next_door: Vec<Vec<Option<f64>>> = vec![Vec::new(); goods.len()];
        for s in 0..plan.sellers {
            let (id, name) = (credit_code(code, plan.seed, s), format!("{}{}药房", &city[..6], surname(s)));
            let owner = if s < CHAIN { format!("OWNER-{code}") } else { String::new() };
            enterprises.push(format!("{id},{name},{city},{owner}"));
            let habit = match s < CHAIN {
                true => Habit::new(&plan.scenario, &mut side_rng(plan.seed, c)),
                false => Habit::new(&plan.scenario, &mut rng),
            };
            for (p, good) in goods.iter().enumerate() {
                let mut own = match s < CHAIN {
                    true => side_rng(plan.seed, c + 100 * (p + 1)),
                    false => ChaCha8Rng::seed_from_u64(rng.r#gen()),
                };
                let setting = Setting {
                    scenario: &plan.scenario,
                    base: good.price,
                    cost: &cost,
                    moves: &lawful_moves(plan, (c, p), s, habit.supplier),
                    planted: planted.get(&(c, p, s)),
                    next_door: (s >= CHAIN).then_some(next_door[p].as_slice()),
                };
                let prices = daily_prices(&habit, &setting, &mut own);
                quote_rows(&prices, city, &id, &name, good, &mut rng, &mut rows);
                if plan.transactions {
                    let costs: Vec<f64> = cost.iter().map(|c| c * good.cost).collect();
                    sold.extend(sales::sales(&prices, &costs, (city, &id, &name), good, &mut own));
                }
                next_door[p] = prices;
            }
        }
    }
    spoil(&mut rows, &mut rng);
    rows.sort_by(|a, b| a.cells.cmp(&b.cells));
    let mut files = vec![
        ("prices.csv".into(), prices_file(&rows, plan.gb18030)),
        ("costs.csv".into(), costs_file(&general, goods)),
        ("enterprises.csv".into(), (enterprises.join("\n") + "\n").into_bytes()),
        ("truth.json".into(), truth(plan, cities, &planted, &groups, &rows)?),
    ];
    if plan.transactions {
        files.push(("transactions.csv".into(), sales::file(sold, plan.gb18030)));
    }
    Ok(files)
}

impl Good {
    /// Unit, pack size and price as written: per box for one seller in ten, else per piece.
    fn offer(&self, boxed: bool, price: f64) -> (&'static str, String, f64) {
        let (name, size) = self.pack;
        if boxed { (name, size.to_string(), price * f64::from(size)) } else { (self.unit, String::new(), price) }
    }
}

/// Draws beside the main ones: the shops of a chain share theirs.
fn side_rng(seed: u64, c: usize) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed.wrapping_mul(7919).wrapping_add(c as u64))
}

fn surname(s: usize) -> String {
    const A: [&str; 10] = ["康", "福", "仁", "济", "同", "德", "益", "恒", "安", "民"];
    const B: [&str; 10] = ["民", "安", "和", "生", "心", "源", "泰", "寿", "堂", "健"];
    format!(
        "{}{}{}",
        A[s % 10],
        B[(s / 10 + s) % 10],
        if s >= 10 { format!("{}店", s / 10 + 1) } else { String::new() }
    )
}

/// A well-formed GB 32100 code of the city's division.
fn credit_code(division: &str, seed: u64, s: usize) -> String {
    let body = format!("91{division}MA{:07}", (seed % 900) * 10_000 + s as u64 * 13 + 1);
    "0123456789ABCDEFGHJKLMNPQRTUWXY"
        .chars()
        .map(|c| format!("{body}{c}"))
        .find(|id| crate::ingest::identity::credit_code(id) == crate::model::CreditCode::Valid)
        .unwrap_or(body)
}

fn truth(plan: &Plan, cities: &[(&str, &str)], cases: &Cases, groups: &[Group], rows: &[Row]) -> Result<Vec<u8>> {
    let id = |c: usize, s: usize| credit_code(cities[c].1, plan.seed, s);
    let day = |d: usize| Day(START.0 + d as i32).to_string();
    let single = |((c, p, s), case): (&(usize, usize, usize), &Planted)| match case {
        Planted::Single { from, days, factor, .. } => Some(json!({
            "region": cities[*c].0, "product": GOODS[*p].name, "seller_id": id(*c, *s), "first_date": day(*from),
            "last_date": day(from + days - 1), "increase_pct": ((factor - 1.0) * 100.0).round(),
        })),
        Planted::Joint(_) => None,
    };
    let joint = |g: &Group| {
        let c = g.city;
        let products: Vec<&str> = g.goods.iter().map(|p| GOODS[*p].name).collect();
        let sellers: Vec<String> = g.members.iter().map(|s| id(c, *s)).collect();
        let dates: Vec<String> = g.rises.iter().map(|r| day(r.0)).collect();
        let sizes: Vec<f64> = g.rises.iter().map(|r| (r.1.exp() * 100.0 - 100.0).round()).collect();
        json!({
            "region": cities[c].0, "product": products[0], "products": products, "sellers": sellers, "members": g.members.len(),
            "rises": g.rises.len(), "dates": dates, "increase_pct": sizes,
        })
    };
    let gouging: Vec<_> = cases.iter().filter_map(single).collect();
    let collusion: Vec<_> = groups.iter().map(joint).collect();
    let chains: Vec<Vec<String>> =
        (0..cities.len()).map(|c| (0..CHAIN.min(plan.sellers)).map(|s| id(c, s)).collect()).collect();
    let above = if plan.gb18030 { 4 } else { 2 };
    let typos: Vec<usize> = rows.iter().enumerate().filter(|r| r.1.typo).map(|r| r.0 + above).collect();
    Ok(serde_json::to_vec_pretty(&json!({
        "seed": plan.seed, "scenario": plan.scenario.name, "gouging": gouging, "collusion": collusion,
        "chains": chains, "typo_lines": typos,
    }))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_bytes_and_every_row_is_whole() {
        let plan = Plan { cities: 1, sellers: 12, days: 60, ..Plan::default() };
        let (a, b) = (files(&plan).unwrap(), files(&plan).unwrap());
        assert_eq!(a, b);
        assert_ne!(a, files(&Plan { seed: 2, ..plan }).unwrap());
        let mut reader = csv::Reader::from_reader(a[0].1.as_slice());
        assert!(reader.records().all(|r| r.unwrap().len() == 10));
        let truth: serde_json::Value = serde_json::from_slice(&a[3].1).unwrap();
        let text = String::from_utf8(a[0].1.clone()).unwrap();
        for case in truth["gouging"].as_array().unwrap() {
            assert!(text.contains(case["seller_id"].as_str().unwrap()));
        }
        assert_eq!(truth["gouging"].as_array().unwrap().len(), 5);
        assert_eq!(truth["collusion"].as_array().unwrap().len(), 2);
    }
}
