#![doc = include_str!("chain_markup.md")]

use std::collections::BTreeSet;

use super::weigh::{binds, cost_at, exceeds};
use super::{Docket, Test};
use crate::model::{Day, Measure, Over, RowNote, RowRef, Rule, Sheet, Text, Trade};

/// The card.
pub const TEST: Test =
    Test { id: "chain-markup", page: include_str!("chain_markup.md"), needs_trades: true, example, judge };

/// Longest chain followed.
const DEEPEST: usize = 12;

/// What one seller paid for a good: from whom, lowest price on record, first row.
#[derive(Clone, Copy)]
struct Bought {
    from: u32,
    price: f64,
    day: Day,
    row: RowRef,
}

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let (cell, points) = (&panel.cells[series.cell as usize], panel.points(series));
    let bought = bought(docket, &cell.product, series.seller);
    let sells_on = docket.of_series.get(&s).into_iter().flatten().any(|t| docket.trades[*t].buyer.is_some());
    if bought.is_empty() && !sells_on {
        return Err(Text::new("没有买卖双方都在文件中的交易", "no trade between two sellers of the files"));
    }
    let unit = panel.price_unit(cell).zh;
    let mut measure = Measure::default();
    let mut worst: Option<(f64, Bought, f64)> = None;
    for i in (0..points.day.len()).filter(|i| binds(rule, points.day[*i])) {
        // The last purchase from another seller on record before the sale; else the recorded purchase cost.
        let from = bought
            .iter()
            .filter(|b| b.day.0 <= points.day[i])
            .max_by(|a, b| a.day.cmp(&b.day).then(b.row.cmp(&a.row)))
            .copied();
        let from = from.or_else(|| {
            cost_at(&points, i).map(|(price, k)| Bought {
                from: u32::MAX,
                price,
                day: Day(points.day[k]),
                row: points.row[k],
            })
        });
        let Some(from) = from else { continue };
        measure.tested += 1;
        let allowed = from.price * (1.0 + rule.allowed_pct.unwrap_or(0.0) / 100.0);
        if exceeds(points.high[i], allowed, rule.tolerance) {
            let quantity = points.quantity.get(i).copied().filter(|q| q.is_finite());
            measure.over.push(Over {
                day: Day(points.day[i]),
                row: points.row[i],
                allowed,
                observed: points.high[i],
                quantity,
            });
            if worst.is_none_or(|w| points.high[i] / from.price > w.2 / w.0) {
                worst = Some((from.price, from, points.high[i]));
            }
        }
    }
    if measure.tested == 0 {
        return Err(Text::new(
            "没有买入价：没有上家交易，也没有进价",
            "no purchase on record, neither from a seller in the files nor as a cost",
        ));
    }
    let Some((paid, from, sold)) = worst else { return Ok(measure) };
    let mut path = upstream(docket, &cell.product, series.seller, from);
    path.push((series.seller, paid, sold));
    let root = path[0].1;
    measure.reference = Some(paid);
    measure.facts = vec![
        ("bought_at", paid, unit.clone()),
        ("sold_at", sold, unit),
        ("markup_of_this_hop", (sold / paid - 1.0) * 100.0, "%".into()),
        ("hops", path.len() as f64, String::new()),
        ("whole_chain_times", sold / root, String::new()),
    ];
    measure.rows = vec![RowNote { row: from.row, role: Text::new("买入所在行", "row of the purchase") }];
    let name = |seller: u32| panel.sellers[seller as usize].name.clone();
    measure.sheet = Some(Sheet {
        title: Text::new("逐环加价", "mark-up per hop"),
        columns: vec![
            Text::new("经营者", "seller"),
            Text::new("买入价", "bought at"),
            Text::new("卖出价", "sold at"),
            Text::new("加价 %", "mark-up %"),
            Text::new("累计倍数", "times the first price"),
        ],
        rows: path
            .iter()
            .map(|(who, paid, sold)| {
                vec![
                    name(*who),
                    format!("{paid:.2}"),
                    format!("{sold:.2}"),
                    format!("{:.1}", (sold / paid - 1.0) * 100.0),
                    format!("{:.2}", sold / root),
                ]
            })
            .collect(),
    });
    Ok(measure)
}

/// Purchases of a good by one seller from other sellers of the files.
fn bought(docket: &Docket<'_>, product: &str, buyer: u32) -> Vec<Bought> {
    let panel = docket.panel;
    let mine = docket.of_buyer.get(&buyer).into_iter().flatten().map(|t| &docket.trades[*t]);
    let of = |t: &&Trade| panel.cells[panel.series[t.series].cell as usize].product == product;
    let mut all: Vec<Bought> = mine
        .filter(of)
        .map(|t| Bought { from: panel.series[t.series].seller, price: t.price, day: t.day, row: t.row })
        .collect();
    all.retain(|b| b.from != buyer);
    all.sort_by(|a, b| a.day.cmp(&b.day).then(a.row.cmp(&b.row)));
    all
}

/// The hops above a purchase, the first seller first: (seller, bought at, sold at).
fn upstream(docket: &Docket<'_>, product: &str, who: u32, from: Bought) -> Vec<(u32, f64, f64)> {
    let panel = docket.panel;
    let mut path = Vec::new();
    let (mut step, mut seen) = (from, BTreeSet::from([who]));
    while step.from != u32::MAX && path.len() < DEEPEST && seen.insert(step.from) {
        let seller = step.from;
        let earlier = bought(docket, product, seller).into_iter().rfind(|b| b.day <= step.day);
        let own_cost = || {
            docket
                .of_seller
                .get(&seller)?
                .iter()
                .filter(|s| panel.cells[panel.series[**s].cell as usize].product == product)
                .find_map(|s| {
                    let p = panel.points(&panel.series[*s]);
                    let at = p.day.partition_point(|d| *d <= step.day.0).checked_sub(1)?;
                    cost_at(&p, at).map(|(price, k)| Bought {
                        from: u32::MAX,
                        price,
                        day: Day(p.day[k]),
                        row: p.row[k],
                    })
                })
        };
        let Some(next) = earlier.or_else(own_cost) else { break };
        path.push((seller, next.price, step.price));
        step = next;
    }
    path.reverse();
    path
}

fn example(rule: &Rule) -> Text {
    let p = rule.allowed_pct.unwrap_or(0.0);
    Text::new(
        format!(
            "2 万元/吨的熔喷布经三手卖到 18、30、45 万元：各环加价 800%、66.7%、50%，全链 22.5 倍；门槛每环 {p:.0}%。"
        ),
        format!(
            "Cloth at 20,000 a tonne goes through three hands at 180,000, 300,000 and 450,000: mark-ups 800, 66.7 and 50 %, 22.5 times in all; threshold {p:.0} % a hop."
        ),
    )
}
