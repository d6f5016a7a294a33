//! The sales behind posted prices: several a day or none, discounts, returns, and what the goods cost the seller.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::rows::table;
use super::{Good, START};
use crate::model::Day;

/// Days a seller sells from one purchase.
const STOCK_DAYS: usize = 10;

/// The sales of one seller and good; `costs` is the cost per piece by day. A seller buys every ten days, each at
/// its own terms, and sells from that stock.
pub fn sales(
    prices: &[Option<f64>],
    costs: &[f64],
    (city, id, name): (&str, &str, &str),
    good: &Good,
    rng: &mut ChaCha8Rng,
) -> Vec<[String; 12]> {
    let (mut rows, mut cost) = (Vec::new(), 0.0);
    let (terms, offset) = (rng.gen_range(0.95..1.05), rng.gen_range(0..STOCK_DAYS));
    for (d, price) in prices.iter().enumerate() {
        if d == 0 || (d + offset) % STOCK_DAYS == 0 {
            cost = costs[d] * terms;
        }
        let Some(price) = price else { continue };
        for n in 0..rng.gen_range(0..4) {
            let discount = if rng.gen_bool(0.2) { rng.gen_range(0.95..0.99) } else { 1.0 };
            let boxed = rng.gen_bool(0.1);
            let (unit, pack, shown) = good.offer(boxed, price * discount);
            let quantity = rng.gen_range(1..30) * if rng.gen_bool(0.005) { -1 } else { 1 };
            let per_price = shown / (price * discount);
            let number = format!("{}-{}-{d:03}{n}", &id[id.len() - 6..], &good.standard[good.standard.len() - 4..]);
            let (day, buyer) = (Day(START.0 + d as i32), format!("B{:05}", rng.gen_range(0..5000)));
            rows.push([
                day.to_string(),
                number,
                id.to_owned(),
                name.to_owned(),
                buyer,
                city.to_owned(),
                good.name.to_owned(),
                unit.to_owned(),
                pack,
                quantity.to_string(),
                format!("{shown:.2}"),
                format!("{:.4}", cost * per_price),
            ]);
        }
    }
    rows
}

/// transactions.csv, by date and number.
pub fn file(mut rows: Vec<[String; 12]>, gb18030: bool) -> Vec<u8> {
    rows.sort();
    let english = "date,transaction_id,seller_id,seller_name,buyer_id,region,product,unit,pack_size,quantity,unit_price,unit_cost";
    let chinese = "交易日期,交易流水号,统一社会信用代码,经营者名称,购买方编号,地区,商品名称,计量单位,包装数量,数量,成交单价(元),进价(元)";
    let header = if gb18030 { chinese } else { english };
    table("口罩销售明细", header, rows.iter().map(|r| r.join(",")), gb18030)
}
