//! What if we knew the truth? Markets of masks in Guangdong cities with planted cases: sticky prices, a
//! melt-blown cost shock passed through with own rates and lags, weekly repricers, a chain per market,
//! promotions, entrants, gaps, typos, duplicates, boxes beside pieces; as posted prices and, if asked, as sales.

pub mod conducts;
mod path;
mod sales;

use std::collections::BTreeMap;

use anyhow::Result;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::model::Day;
use path::{Habit, Planted, cost_index, daily_prices};

/// What to simulate.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// Seed: the same plan gives the same bytes.
    pub seed: u64,
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
    let planted = plant(plan, cities.len(), &mut rng);
    let cost = cost_index(plan.days);
    let goods = &GOODS[..plan.goods.clamp(1, GOODS.len())];
    let (mut rows, mut sold): (Vec<Row>, Vec<[String; 12]>) = Default::default();
    let mut enterprises = vec!["seller_id,seller_name,region,owner_id".to_owned()];
    for (c, (city, code)) in cities.iter().enumerate() {
        for s in 0..plan.sellers {
            let (id, name) = (credit_code(code, plan.seed, s), format!("{}{}药房", &city[..6], surname(s)));
            let owner = if s < CHAIN { format!("OWNER-{code}") } else { String::new() };
            enterprises.push(format!("{id},{name},{city},{owner}"));
            let habit = if s < CHAIN { Habit::new(&mut chain_rng(plan.seed, c)) } else { Habit::new(&mut rng) };
            for (p, good) in goods.iter().enumerate() {
                let case = planted.get(&(c, p, s));
                let mut own = if s < CHAIN {
                    chain_rng(plan.seed, c + 100 * (p + 1))
                } else {
                    ChaCha8Rng::seed_from_u64(rng.r#gen())
                };
                let prices = daily_prices(&habit, good.price, &cost, case, &mut own);
                quote_rows(&prices, city, &id, &name, good, &mut rng, &mut rows);
                if plan.transactions {
                    let costs: Vec<f64> = cost.iter().map(|c| c * good.cost).collect();
                    sold.extend(sales::sales(&prices, &costs, (city, &id, &name), good, &mut own));
                }
            }
        }
    }
    spoil(&mut rows, &mut rng);
    rows.sort_by(|a, b| a.cells.cmp(&b.cells));
    let mut files = vec![
        ("prices.csv".into(), prices_file(&rows, plan.gb18030)),
        ("costs.csv".into(), costs_file(&cost, goods)),
        ("enterprises.csv".into(), (enterprises.join("\n") + "\n").into_bytes()),
        ("truth.json".into(), truth(plan, cities, &planted, &rows)?),
    ];
    if plan.transactions {
        files.push(("transactions.csv".into(), sales::file(sold, plan.gb18030)));
    }
    Ok(files)
}

/// One line of the prices file.
#[derive(Clone)]
struct Row {
    cells: [String; 10],
    /// Its price is written ten times too high.
    typo: bool,
}

impl Good {
    /// Unit, pack size and price as written: per box for one seller in ten, else per piece.
    fn offer(&self, boxed: bool, price: f64) -> (&'static str, String, f64) {
        let (name, size) = self.pack;
        if boxed { (name, size.to_string(), price * f64::from(size)) } else { (self.unit, String::new(), price) }
    }
}

fn chain_rng(seed: u64, c: usize) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed.wrapping_mul(7919).wrapping_add(c as u64))
}

/// (city, product, seller) → what was planted there.
type Cases = BTreeMap<(usize, usize, usize), Planted>;

fn plant(plan: &Plan, cities: usize, rng: &mut ChaCha8Rng) -> Cases {
    let mut cases = Cases::new();
    let free: Vec<usize> = (CHAIN..plan.sellers).collect();
    for k in 0..plan.cartels {
        let (c, p) = (k % cities, (k / cities) % plan.goods.clamp(1, GOODS.len()));
        let size = rng.gen_range(4..=6).min(free.len());
        let members: Vec<usize> = free.choose_multiple(rng, size).copied().collect();
        let n = rng.gen_range(3..=4);
        let days: Vec<usize> =
            (0..n).map(|i| 15 + i * (plan.days.saturating_sub(25)) / n + rng.gen_range(0..6)).collect();
        let sizes: Vec<f64> = (0..n).map(|_| rng.gen_range(0.07..0.16)).collect();
        for s in members {
            let rises = days.iter().zip(&sizes).map(|(d, z)| (d + rng.gen_range(0..2), z * rng.gen_range(0.95..1.05)));
            cases.insert((c, p, s), Planted::Joint { group: k, rises: rises.collect() });
        }
    }
    let mut placed = 0;
    for _ in 0..1000 {
        if placed == plan.gougers || free.is_empty() {
            break;
        }
        let key = (
            rng.gen_range(0..cities),
            rng.gen_range(0..plan.goods.clamp(1, GOODS.len())),
            free[rng.gen_range(0..free.len())],
        );
        if let std::collections::btree_map::Entry::Vacant(slot) = cases.entry(key) {
            let from = rng.gen_range(plan.days * 2 / 5..plan.days * 3 / 4);
            slot.insert(Planted::Single { from, days: rng.gen_range(14..30), factor: rng.gen_range(1.3..2.2) });
            placed += 1;
        }
    }
    cases
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

fn quote_rows(
    prices: &[Option<f64>],
    city: &str,
    id: &str,
    name: &str,
    good: &Good,
    rng: &mut ChaCha8Rng,
    rows: &mut Vec<Row>,
) {
    for (d, price) in prices.iter().enumerate() {
        let Some(price) = price else { continue };
        let boxed = rng.gen_bool(0.1);
        let (unit, pack, shown) = good.offer(boxed, *price);
        let name = if rng.gen_bool(0.03) { format!("{name} ") } else { name.to_owned() };
        let day = Day(START.0 + d as i32).to_string();
        let cells = [&day, id, &name, city, good.name, good.standard, unit, &pack, &format!("{shown:.2}"), "采集"];
        rows.push(Row { cells: cells.map(str::to_owned), typo: false });
    }
}

/// A few lone tenfold typos, exact duplicates and prices that are no numbers.
fn spoil(rows: &mut Vec<Row>, rng: &mut ChaCha8Rng) {
    for _ in 0..rows.len() / 2000 {
        let i = rng.gen_range(0..rows.len());
        if let Ok(price) = rows[i].cells[8].parse::<f64>()
            && !rows[i].typo
        {
            rows[i] = Row { typo: true, ..rows[i].clone() };
            rows[i].cells[8] = format!("{:.2}", price * 10.0);
        }
        let copy = rows[rng.gen_range(0..rows.len())].clone();
        rows.push(copy);
        let i = rng.gen_range(0..rows.len());
        rows[i].typo = false;
        rows[i].cells[8] = ["面议", "-", "3-5元"][i % 3].to_owned();
    }
}

fn prices_file(rows: &[Row], gb18030: bool) -> Vec<u8> {
    let english = "date,seller_id,seller_name,region,product,spec,unit,pack_size,price,source";
    let chinese = "采价日期,统一社会信用代码,经营者名称,地区,商品名称,执行标准,计量单位,包装数量,单价(元),来源";
    let header = if gb18030 { chinese } else { english };
    table("口罩价格监测汇总表", header, rows.iter().map(|r| r.cells.join(",")), gb18030)
}

/// UTF-8 with a header, or GB18030 below two banner rows as offices send it.
fn table(title: &str, header: &str, lines: impl Iterator<Item = String>, gb18030: bool) -> Vec<u8> {
    if !gb18030 {
        return (std::iter::once(header.to_owned()).chain(lines).collect::<Vec<_>>().join("\n") + "\n").into_bytes();
    }
    let banner = [title.to_owned(), "填报单位：市场监测点，单位：元".to_owned(), header.to_owned()];
    let text = banner.into_iter().chain(lines).collect::<Vec<_>>().join("\r\n") + "\r\n";
    encoding_rs::GB18030.encode(&text).0.into_owned()
}

fn costs_file(cost: &[f64], goods: &[Good]) -> Vec<u8> {
    let mut text = "date,region,product,unit_cost\n".to_owned();
    for (d, c) in cost.iter().enumerate() {
        for good in goods {
            text += &format!("{},,{},{:.4}\n", Day(START.0 + d as i32), good.name, good.cost * c);
        }
    }
    text.into_bytes()
}

fn truth(plan: &Plan, cities: &[(&str, &str)], cases: &Cases, rows: &[Row]) -> Result<Vec<u8>> {
    let id = |c: usize, s: usize| credit_code(cities[c].1, plan.seed, s);
    let day = |d: usize| Day(START.0 + d as i32).to_string();
    let (mut gouging, mut groups) = (Vec::new(), BTreeMap::new());
    for ((c, p, s), case) in cases {
        match case {
            Planted::Single { from, days, factor } => gouging.push(json!({
                "region": cities[*c].0, "product": GOODS[*p].name, "seller_id": id(*c, *s), "first_date": day(*from),
                "last_date": day(from + days - 1), "increase_pct": ((factor - 1.0) * 100.0).round(),
            })),
            Planted::Joint { group, rises } => {
                let entry = groups.entry(group).or_insert_with(|| {
                    let dates: Vec<String> = rises.iter().map(|r| day(r.0)).collect();
                    let sizes: Vec<f64> = rises.iter().map(|r| (r.1.exp() * 100.0 - 100.0).round()).collect();
                    (cities[*c].0, GOODS[*p].name, Vec::new(), dates, sizes)
                });
                entry.2.push(id(*c, *s));
            }
        }
    }
    let collusion: Vec<_> = groups
        .into_values()
        .map(|g| json!({"region": g.0, "product": g.1, "sellers": g.2, "dates": g.3, "increase_pct": g.4}))
        .collect();
    let chains: Vec<Vec<String>> =
        (0..cities.len()).map(|c| (0..CHAIN.min(plan.sellers)).map(|s| id(c, s)).collect()).collect();
    let above = if plan.gb18030 { 4 } else { 2 };
    let typos: Vec<usize> = rows.iter().enumerate().filter(|r| r.1.typo).map(|r| r.0 + above).collect();
    Ok(serde_json::to_vec_pretty(&json!({
        "seed": plan.seed, "gouging": gouging, "collusion": collusion, "chains": chains, "typo_lines": typos,
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
