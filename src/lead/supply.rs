//! Did one supplier's price carry a group's joint rises? Told by sales between sellers of the files.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Check, Day, Panel, State, Step, Text, Trade};

/// A purchase price counts for a joint rise when it rose within so many days before, by at least this share.
const DAYS_BEFORE: i32 = 28;
const LEAST_RISE: f64 = 0.02;

/// What the sales on record say of one supplier behind a group: yes where one serves two thirds of the members and its
/// price to half of its customers rose before each joint rise; no where every member's suppliers are known and none
/// serves half of them, or where one serves them all and rose before none; open else.
pub fn check(panel: &Panel, trades: &[Trade], series: &[usize], steps: &[Step]) -> Check {
    let members: BTreeSet<u32> = series.iter().map(|s| panel.entity(&panel.series[*s])).collect();
    let product = |s: usize| panel.cells[panel.series[s].cell as usize].product.as_str();
    let goods: BTreeSet<&str> = series.iter().map(|s| product(*s)).collect();
    let mut suppliers: BTreeMap<u32, Supplier<'_>> = BTreeMap::new();
    for trade in trades.iter().filter(|t| goods.contains(product(t.series))) {
        let from = panel.entity(&panel.series[trade.series]);
        let buyer = trade.buyer.map(|b| panel.sellers[b as usize].entity).filter(|b| members.contains(b));
        if let Some(buyer) = buyer.filter(|b| *b != from) {
            suppliers.entry(from).or_default().entry(buyer).or_default().entry(trade.series).or_default().push(trade);
        }
    }
    let known: BTreeSet<u32> = suppliers.values().flat_map(|of| of.keys().copied()).collect();
    let n = members.len();
    let common = suppliers.values_mut().filter(|of| of.len() * 2 >= n).map(|of| {
        of.values_mut().flat_map(BTreeMap::values_mut).for_each(|t| t.sort_by_key(|t| (t.day, t.row)));
        let (led, judged) = led(panel, steps, of);
        (led, of.len(), judged, &*of)
    });
    let Some((led, served, judged, of)) = common.max_by_key(|c| (c.0, c.1, c.2)) else {
        let most = suppliers.values().map(BTreeMap::len).max().unwrap_or(0);
        let state = if known == members { State::No } else { State::Unknown };
        return match known.len() {
            0 => told(String::new(), String::new(), State::Unknown),
            k => told(
                format!("：已知 {k} 家的上家，最多 {most} 家共用一个上家"),
                format!(": suppliers of {k} known, at most {most} share one"),
                state,
            ),
        };
    };
    let k = steps.iter().map(|s| s.episode).collect::<BTreeSet<u32>>().len();
    let state = match led {
        0 if judged == k && served == n => State::No,
        _ if led == k && served * 3 >= n * 2 => State::Yes,
        _ => State::Unknown,
    };
    let seller = of.values().flat_map(BTreeMap::keys).next().map(|s| &panel.sellers[panel.series[*s].seller as usize]);
    let name = seller.map_or("", |s| if s.name.is_empty() { &s.id } else { &s.name });
    told(
        format!(
            "：{name} 向 {n} 家中的 {served} 家供货；{k} 次同步涨价中 {judged} 次可比前后供货价，{led} 次之前四周内上涨"
        ),
        format!(
            ": {name} supplies {served} of {n}; of {k} joint rises {judged} have its prices before and after, {led} follow a rise within four weeks"
        ),
        state,
    )
}

/// Purchases from one supplier: by member, by the supplier's series, in order of days.
type Supplier<'a> = BTreeMap<u32, BTreeMap<usize, Vec<&'a Trade>>>;

/// Joint rises before which the price rose to half of the customers whose prices are known, and those where some are.
fn led(panel: &Panel, steps: &[Step], customers: &Supplier<'_>) -> (usize, usize) {
    let mut of: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    for step in steps {
        let series = &panel.series[step.series];
        let Some(bought) = customers.get(&panel.entity(series)) else { continue };
        let same_good = bought.iter().filter(|(s, _)| {
            panel.cells[panel.series[**s].cell as usize].product == panel.cells[series.cell as usize].product
        });
        let changes: Vec<f64> = same_good.filter_map(|(_, trades)| change(trades, step.first_new)).collect();
        if !changes.is_empty() {
            let (rose, all) = of.entry(step.episode).or_default();
            *all += 1;
            *rose += usize::from(changes.iter().any(|c| *c >= LEAST_RISE));
        }
    }
    (of.values().filter(|(rose, all)| rose * 2 >= *all).count(), of.len())
}

/// Share by which the last price up to a day lies above the last before the days before it; `None` without both.
fn change(trades: &[&Trade], day: Day) -> Option<f64> {
    let until = trades.partition_point(|t| t.day <= day);
    let before = trades.partition_point(|t| t.day.0 < day.0 - DAYS_BEFORE).min(until);
    let old = trades[..before].last().or_else(|| trades.first())?;
    let new = trades[..until].last().filter(|new| new.row != old.row)?;
    (old.price > 0.0).then(|| new.price / old.price - 1.0)
}

fn told(zh: String, en: String, state: State) -> Check {
    Check {
        text: Text::new(format!("同一供应商调价{zh}"), format!("one supplier's change of price{en}")), state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RowRef;
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
            for day in (2..84).step_by(7) {
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
        assert!(text.contains("supplies 4 of 4") && text.contains("of 2 joint rises 2 have"), "{text}");
        assert_eq!(state(|_| Some(7), |_| 3.0).0, State::No, "its price stood still");
        assert_eq!(state(|_| Some(7), |day| if day < 60 { 3.0 } else { 4.0 }).0, State::Unknown, "one of two");
        assert_eq!(state(|shop| Some(4 + shop), rising).0, State::No, "each has its own");
        assert_eq!(state(|shop| (shop == 0).then_some(7), rising).0, State::Unknown, "three are not known");
        assert_eq!(state(|_| None, rising).0, State::Unknown);
        let up_and_down = |day: i32| if day / 7 % 2 == 0 { 3.0 } else { 3.1 };
        assert_eq!(state(|_| Some(7), up_and_down).0, State::No, "what goes up and down has not risen");
        assert_eq!(state(|shop| Some(6 + usize::from(shop < 2)), rising).0, State::Unknown, "two serve two each");
    }
}
