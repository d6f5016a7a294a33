//! The files of a world: prices with their blemishes, costs.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Good, START};
use crate::model::Day;

/// One line of the prices file.
#[derive(Clone)]
pub struct Row {
    /// As written.
    pub cells: [String; 10],
    /// Its price is written ten times too high.
    pub typo: bool,
}

/// The rows of one seller and good.
pub fn quote_rows(
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
pub fn spoil(rows: &mut Vec<Row>, rng: &mut ChaCha8Rng) {
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

/// prices.csv.
pub fn prices_file(rows: &[Row], gb18030: bool) -> Vec<u8> {
    let english = "date,seller_id,seller_name,region,product,spec,unit,pack_size,price,source";
    let chinese = "采价日期,统一社会信用代码,经营者名称,地区,商品名称,执行标准,计量单位,包装数量,单价(元),来源";
    let header = if gb18030 { chinese } else { english };
    table("口罩价格监测汇总表", header, rows.iter().map(|r| r.cells.join(",")), gb18030)
}

/// UTF-8 with a header, or GB18030 below two banner rows as offices send it.
pub fn table(title: &str, header: &str, lines: impl Iterator<Item = String>, gb18030: bool) -> Vec<u8> {
    if !gb18030 {
        return (std::iter::once(header.to_owned()).chain(lines).collect::<Vec<_>>().join("\n") + "\n").into_bytes();
    }
    let banner = [title.to_owned(), "填报单位：市场监测点，单位：元".to_owned(), header.to_owned()];
    let text = banner.into_iter().chain(lines).collect::<Vec<_>>().join("\r\n") + "\r\n";
    encoding_rs::GB18030.encode(&text).0.into_owned()
}

/// costs.csv: what a piece costs in general.
pub fn costs_file(cost: &[f64], goods: &[Good]) -> Vec<u8> {
    let mut text = "date,region,product,unit_cost\n".to_owned();
    for (d, c) in cost.iter().enumerate() {
        for good in goods {
            text += &format!("{},,{},{:.4}\n", Day(START.0 + d as i32), good.name, good.cost * c);
        }
    }
    text.into_bytes()
}
