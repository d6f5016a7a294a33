//! Did one supplier's price carry a group's joint rises? Told by sales between sellers of the files.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Check, Panel, State, Step, Text, Trade};

/// A purchase price counts for a joint rise when it rose within so many days before, by at least this share.
const DAYS_BEFORE: i32 = 28;
const LEAST_RISE: f64 = 0.02;

/// What the sales on record say of one supplier behind a group: yes where one serves two thirds of the members and its
/// price to half of its customers rose before each joint rise; no where every member's suppliers are known and none
/// serves half of them, or where it serves them and rose before none; open else.
pub fn check(panel: &Panel, trades: &[Trade], series: &[usize], steps: &[Step]) -> Check {
    let entity = |s: usize| panel.entity(&panel.series[s]);
    let goods: BTreeSet<&str> =
        series.iter().map(|s| panel.cells[panel.series[*s].cell as usize].product.as_str()).collect();
    let members: BTreeSet<u32> = series.iter().map(|s| entity(*s)).collect();
    // Purchases of members, by supplier and member, in order of days.
    let mut bought: BTreeMap<u32, BTreeMap<u32, Vec<&Trade>>> = BTreeMap::new();
    for trade in trades {
        let from = &panel.series[trade.series];
        let buyer = trade.buyer.map(|b| panel.sellers[b as usize].entity).filter(|b| members.contains(b));
        let product = panel.cells[from.cell as usize].product.as_str();
        if let Some(buyer) = buyer.filter(|b| *b != panel.entity(from) && goods.contains(product)) {
            bought.entry(panel.entity(from)).or_default().entry(buyer).or_default().push(trade);
        }
    }
    bought.values_mut().flat_map(BTreeMap::values_mut).for_each(|of| of.sort_by_key(|t| (t.day, t.row)));
    let known: BTreeSet<u32> = bought.values().flat_map(|of| of.keys().copied()).collect();
    let Some((_, customers)) = bought.iter().max_by_key(|(from, of)| (of.len(), std::cmp::Reverse(**from))) else {
        return told(String::new(), String::new(), State::Unknown);
    };
    let (n, served) = (members.len(), customers.len());
    let name = customers.values().flatten().next().map_or("", |t| {
        let seller = &panel.sellers[panel.series[t.series].seller as usize];
        if seller.name.is_empty() { &seller.id } else { &seller.name }
    });
    if served * 2 < n {
        let state = if known == members { State::No } else { State::Unknown };
        let zh = format!("：已知 {} 家的上家，最多 {served} 家共用一个上家", known.len());
        return told(zh, format!(": suppliers of {} known, at most {served} share one", known.len()), state);
    }
    let rises: BTreeSet<u32> = steps.iter().map(|s| s.episode).collect();
    let led = rises.iter().filter(|e| led(steps.iter().filter(|s| s.episode == **e), customers, &entity)).count();
    let state = match led {
        0 => State::No,
        _ if led == rises.len() && served * 3 >= n * 2 => State::Yes,
        _ => State::Unknown,
    };
    let k = rises.len();
    let zh = format!("：{name} 向 {n} 家中的 {served} 家供货，{k} 次同步涨价中 {led} 次之前四周内其售价上涨");
    told(
        zh,
        format!(": {name} supplies {served} of {n}; its price rose within four weeks before {led} of {k} joint rises"),
        state,
    )
}

/// Rose the supplier's price to half of those of its customers who took part?
fn led<'a>(
    steps: impl Iterator<Item = &'a Step>,
    customers: &BTreeMap<u32, Vec<&Trade>>,
    entity: &impl Fn(usize) -> u32,
) -> bool {
    let (mut rose, mut all) = (0, 0);
    for step in steps {
        let Some(of) = customers.get(&entity(step.series)) else { continue };
        let until = of.partition_point(|t| t.day <= step.first_new);
        let from = of.partition_point(|t| t.day.0 < step.first_new.0 - DAYS_BEFORE).saturating_sub(1);
        all += 1;
        let up = |pair: &[&Trade]| pair[0].price > 0.0 && pair[1].price / pair[0].price - 1.0 >= LEAST_RISE;
        rose += usize::from(of[from..until.max(from)].windows(2).any(up));
    }
    all > 0 && rose * 2 >= all
}

fn told(zh: String, en: String, state: State) -> Check {
    Check {
        text: Text::new(format!("同一供应商调价{zh}"), format!("one supplier's change of price{en}")), state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Day, RowRef};
    use crate::panel::{Quote, from_quotes};

    /// Four shops rise on days 40 and 80. `supplier` gives the shop's supplier and its price by day.
    fn state(supplier: impl Fn(usize) -> Option<usize>, price: impl Fn(i32) -> f64) -> (State, String) {
        let mut quotes = Vec::new();
        for s in 0..8 {
            for day in [0, 39, 40, 79, 80] {
                quotes.push(Quote::posted("r", "口罩", &format!("s{s}"), Day(18_000 + day), 5.0 + f64::from(day)));
            }
        }
        let panel = from_quotes(&quotes, &[]);
        let series = |s: usize| {
            panel.series.iter().position(|x| panel.sellers[x.seller as usize].id.eq_ignore_ascii_case(&format!("s{s}")))
        };
        let mut trades = Vec::new();
        for (shop, from) in (0..4).filter_map(|shop| Some((shop, supplier(shop)?))) {
            for day in [10, 30, 50, 70] {
                trades.push(Trade {
                    series: series(from).unwrap(),
                    buyer: Some(panel.series[series(shop).unwrap()].seller),
                    bundle: String::new(),
                    text: String::new(),
                    day: Day(18_000 + day),
                    price: price(day),
                    quantity: None,
                    row: RowRef::new(0, day as u64),
                });
            }
        }
        let members: Vec<usize> = (0..4).filter_map(series).collect();
        let step = |(episode, day): (u32, i32), s: &usize| Step {
            series: *s,
            last_old: Day(18_000 + day - 1),
            first_new: Day(18_000 + day),
            old: 1.0,
            new: 1.1,
            episode,
        };
        let steps: Vec<Step> = [(1, 40), (2, 80)].iter().flat_map(|e| members.iter().map(|s| step(*e, s))).collect();
        let check = check(&panel, &trades, &members, &steps);
        (check.state, check.text.en)
    }

    #[test]
    fn one_supplier_by_hand() {
        let rising = |day: i32| f64::from(day);
        let (yes, text) = state(|_| Some(7), rising);
        assert_eq!(yes, State::Yes, "{text}");
        assert!(text.contains("supplies 4 of 4") && text.contains("before 2 of 2"), "{text}");
        assert_eq!(state(|_| Some(7), |_| 3.0).0, State::No, "its price stood still");
        assert_eq!(state(|_| Some(7), |day| if day < 60 { 3.0 } else { 4.0 }).0, State::Unknown, "one of two");
        assert_eq!(state(|shop| Some(4 + shop), rising).0, State::No, "each has its own");
        assert_eq!(state(|shop| (shop == 0).then_some(7), rising).0, State::Unknown, "three are not known");
        assert_eq!(state(|_| None, rising).0, State::Unknown);
    }
}
