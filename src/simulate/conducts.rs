//! A market of conducts that are not about the height of a price: hoarding, tie-ins, fees, invented discounts, marked
//! low and charged high, papers out of order; each beside lawful lookalikes.

use std::collections::BTreeMap;

use anyhow::Result;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::credit_code;
use crate::model::Day;

/// First day: 2019-11-01; the base date of 2020-01-19 is day 79.
const START: i32 = 18_201;
const DAYS: usize = 150;
/// Day of the notices.
const NOTICE: usize = 90;
const SELLERS: usize = 120;
/// Sellers per planted conduct.
const EACH: usize = 8;
const GOOD: &str = "医用外科口罩";

/// What a seller does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Conduct {
    Hoarding,
    TieIn,
    FeeShift,
    FalseDiscount,
    MarkedLow,
    Papers,
    /// Holds as much as a hoarder, and was given no notice.
    Unwarned,
    /// Sells bundles at the sum of their prices, and masks alone.
    LawfulBundle,
    /// Discounts from a price it charged.
    LawfulDiscount,
    Plain,
}

impl Conduct {
    /// Name in truth.json, `None` for lawful ones.
    fn planted(self) -> Option<&'static str> {
        match self {
            Conduct::Hoarding => Some("hoarding"),
            Conduct::TieIn => Some("tie_in"),
            Conduct::FeeShift => Some("fee_shift"),
            Conduct::FalseDiscount => Some("false_discount"),
            Conduct::MarkedLow => Some("marked_low"),
            Conduct::Papers => Some("certification"),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Files {
    prices: Vec<String>,
    sales: Vec<String>,
    certificates: Vec<String>,
    notices: Vec<String>,
}

/// Relative path and bytes of each file of the world.
pub fn files(seed: u64) -> Result<Vec<(String, Vec<u8>)>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..SELLERS).collect();
    order.shuffle(&mut rng);
    let kinds = [
        Conduct::Hoarding,
        Conduct::TieIn,
        Conduct::FeeShift,
        Conduct::FalseDiscount,
        Conduct::MarkedLow,
        Conduct::Papers,
        Conduct::Unwarned,
        Conduct::LawfulBundle,
        Conduct::LawfulDiscount,
    ];
    let conduct: BTreeMap<usize, Conduct> =
        order.iter().enumerate().map(|(k, s)| (*s, *kinds.get(k / EACH).unwrap_or(&Conduct::Plain))).collect();
    let (mut files, mut truth, mut papers) = (Files::default(), Vec::new(), 0);
    for (s, &what) in &conduct {
        let id = credit_code("440100", seed % 90, *s);
        let mut own = ChaCha8Rng::seed_from_u64(rng.r#gen());
        shop(&id, what, &mut own, &mut files);
        certificates(&id, what, papers, &mut own, &mut files.certificates);
        papers += usize::from(what == Conduct::Papers);
        truth.extend(what.planted().map(|name| json!({"conduct": name, "seller_id": id})));
        if what == Conduct::Hoarding {
            files.notices.push(format!("{},{id},广州市,告诫", Day(START + NOTICE as i32)));
        }
    }
    truth.extend(["华东快证", "快办代理"].map(|name| json!({"conduct": "certification_body", "product": name})));
    let table = |header: &str, mut rows: Vec<String>| {
        rows.sort();
        (header.to_owned() + "\n" + &rows.join("\n") + "\n").into_bytes()
    };
    Ok(vec![
        ("prices.csv".into(), table("date,seller_id,seller_name,region,product,unit,price,stock", files.prices)),
        (
            "transactions.csv".into(),
            table(
                "date,transaction_id,seller_id,seller_name,region,product,unit,quantity,unit_price,list_price,delivery_fee,bundle_id",
                files.sales,
            ),
        ),
        (
            "certificates.csv".into(),
            table(
                "seller_id,certificate_id,product,standard,body,body_authorised,issued,expires,intermediary,fee",
                files.certificates,
            ),
        ),
        ("notices.csv".into(), table("date,seller_id,region,kind", files.notices)),
        (
            "truth.json".into(),
            serde_json::to_vec_pretty(&json!({"seed": seed, "gouging": [], "collusion": [], "conducts": truth}))?,
        ),
    ])
}

/// Two decimals, as written.
fn cents(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

fn shop(id: &str, what: Conduct, rng: &mut ChaCha8Rng, files: &mut Files) {
    let name = format!("广州{}药房", &id[10..17]);
    let mut price = cents(1.2 * rng.gen_range(0.85..1.2));
    // A discount from a price just raised is no lawful one.
    let step = (what != Conduct::LawfulDiscount && rng.gen_bool(0.3))
        .then(|| (rng.gen_range(40..130), rng.gen_range(1.03..1.10)));
    let from = rng.gen_range(92..110);
    let days = rng.gen_range(20..35);
    let mut fee = [4.0, 5.0, 6.0, 8.0][rng.gen_range(0..4)];
    let drift = rng.gen_bool(0.2).then(|| rng.gen_range(30..130));
    let fee_times = rng.gen_range(2.0..4.0);
    let vitamins = cents(30.0 * rng.gen_range(0.9..1.1));
    let (list_times, over) = (rng.gen_range(1.25..1.8), rng.gen_range(1.08..1.2));
    let daily: f64 = rng.gen_range(25.0..45.0);
    for d in 0..DAYS {
        let day = Day(START + d as i32);
        let on = (from..from + days).contains(&d);
        if let Some((_, times)) = step.filter(|s| s.0 == d) {
            price = cents(price * times);
        }
        if drift == Some(d) {
            fee = cents(fee * 1.2);
        }
        let hoards = matches!(what, Conduct::Hoarding | Conduct::Unwarned) && on;
        let stock =
            if hoards { daily * 30.0 * rng.gen_range(2.0..3.0) } else { daily * 30.0 * rng.gen_range(0.3..1.1) };
        if d % 3 == 0 || rng.gen_bool(0.2) {
            files.prices.push(format!("{day},{id},{name},广州市,{GOOD},只,{price:.2},{stock:.0}"));
        }
        let tied = what == Conduct::TieIn && on;
        for n in 0..rng.gen_range(1..4) {
            let number = format!("{}{d:03}{n}", &id[10..17]);
            let quantity = (daily * rng.gen_range(0.25..0.75)).round().max(1.0);
            let coupon = if rng.gen_bool(0.15) { 0.97 } else { 1.0 };
            let (mut charged, mut list) = (cents(price * coupon), String::new());
            if what == Conduct::MarkedLow && on {
                charged = cents(price * over);
            }
            if matches!(what, Conduct::FalseDiscount | Conduct::LawfulDiscount) && on {
                charged = cents(price * 0.85);
                list = format!(
                    "{:.2}",
                    if what == Conduct::FalseDiscount { price * list_times } else { price * 0.97 - 0.005 }
                );
            }
            let paid = if what == Conduct::FeeShift && on { cents(fee * fee_times) } else { fee };
            let bundled = tied || what == Conduct::LawfulBundle && on && n == 0;
            let bundle = if bundled { format!("B{number}") } else { String::new() };
            let mut sell = |good: &str, unit: &str, quantity: f64, price: f64, bundle: &str, fee: f64, list: &str| {
                files.sales.push(format!(
                    "{day},{number},{id},{name},广州市,{good},{unit},{quantity},{price:.2},{list},{fee:.2},{bundle}"
                ));
            };
            sell(GOOD, "只", quantity, charged, &bundle, paid, &list);
            if bundled {
                // The mask keeps its price on paper; what ties it costs more than anywhere else.
                let dear = if tied { vitamins + price * quantity * 1.2 } else { vitamins };
                sell("维生素C片", "瓶", 1.0, cents(dear), &bundle, paid, "");
            } else if rng.gen_bool(0.15) {
                sell("维生素C片", "瓶", 1.0, vitamins, "", paid, "");
            }
        }
    }
}

fn certificates(id: &str, what: Conduct, nth: usize, rng: &mut ChaCha8Rng, out: &mut Vec<String>) {
    const BODIES: [&str; 7] = ["华南检测认证", "广测认证", "中检集团", "赛宝认证", "莱茵检测", "北方认证", "东方质检"];
    const BETWEEN: [&str; 5] = ["", "安捷代理", "信达咨询", "通标服务", "迅捷代办"];
    let fraud = what == Conduct::Papers;
    let mut number = format!("粤械注准2019214{}", &id[13..17]); // the running number of the maker: no two share one by chance
    let (mut product, mut standard) = (GOOD, "YY 0469-2011");
    let (issued, mut expires) = (Day(START - rng.gen_range(50..300)), Day(START + 1000 + rng.gen_range(0..500)));
    let fee = cents(20_000.0 * rng.gen_range(0.8..1.25));
    let mut authorised = "是";
    let (mut body, mut between) = (BODIES[rng.gen_range(0..BODIES.len())], BETWEEN[rng.gen_range(0..BETWEEN.len())]);
    if fraud {
        (body, between) = ("华东快证", "快办代理");
        match nth % 4 {
            0 => expires = Day(START + rng.gen_range(10..100)),
            1 => (product, standard) = ("医用防护服", "EN 149"),
            2 => number = "粤械注准20192149999".into(), // two makers hold it
            _ => number = format!("粤械注准2019{}", rng.gen_range(10..99)),
        }
        if nth % 4 == 3 {
            authorised = "否";
        }
    }
    out.push(format!("{id},{number},{product},{standard},{body},{authorised},{issued},{expires},{between},{fee:.0}"));
}

#[cfg(test)]
mod tests {
    #[test]
    fn same_seed_same_bytes() {
        let (a, b) = (super::files(3).unwrap(), super::files(3).unwrap());
        assert_eq!(a, b);
        assert_ne!(a, super::files(4).unwrap());
        let truth: serde_json::Value = serde_json::from_slice(&a[4].1).unwrap();
        assert_eq!(truth["conducts"].as_array().unwrap().len(), 6 * super::EACH + 2);
    }
}
