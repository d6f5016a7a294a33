#![doc = include_str!("chain_markup.md")]

use std::collections::BTreeSet;

use super::weigh::{above, binds, cost_at, over, share};
use super::{Docket, Test};
use crate::model::panel::PointsView;
use crate::model::{Day, Measure, RowNote, RowRef, Rule, Sheet, Text, Trade};

/// The card.
pub const TEST: Test = Test {
    id: "chain-markup",
    page: include_str!("chain_markup.md"),
    needs_trades: true,
    reads: &["allowed_pct", "inclusive"],
    example,
    judge,
};

/// Longest chain followed.
const DEEPEST: usize = 12;

/// What one seller paid for a good: from whom (`None`: the cost column says it), price, first row.
#[derive(Clone, Copy)]
struct Bought {
    from: Option<u32>,
    price: f64,
    day: Day,
    row: RowRef,
}

/// One hop: the seller, what it paid, what it charged.
type Hop = (u32, f64, f64);

fn judge(docket: &Docket<'_>, rule: &Rule, s: usize) -> Result<Measure, Text> {
    let panel = docket.panel;
    let series = &panel.series[s];
    let (cell, points) = (&panel.cells[series.cell as usize], panel.points(series));
    let bought = bought(docket, &cell.product, series.seller);
    let sells_on = docket.of_series.get(&s).into_iter().flatten().any(|t| docket.trades[*t].buyer.is_some());
    if bought.is_empty() && !sells_on {
        return Err(Text::new("没有买卖双方都在文件中的交易", "no trade between two sellers of the files"));
    }
    let mut measure = Measure::default();
    let mut worst: Option<(Bought, f64)> = None;
    for i in (0..points.day.len()).filter(|i| binds(rule, points.day[*i])) {
        // The last purchase from another seller on record before the sale; else the recorded purchase cost.
        let last = bought.iter().rfind(|b| b.day.0 <= points.day[i]).copied();
        let Some(from) = last.or_else(|| own_cost(&points, i)) else { continue };
        measure.tested += 1;
        let allowed = from.price * (1.0 + share(rule));
        if above(docket, rule, points.day[i], points.high[i], allowed) {
            measure.over.push(over(&points, i, allowed, points.high[i]));
            if worst.is_none_or(|w| points.high[i] / from.price > w.1 / w.0.price) {
                worst = Some((from, points.high[i]));
            }
        }
    }
    if measure.tested == 0 {
        return Err(Text::new(
            "没有买入价：没有上家交易，也没有进价",
            "no purchase on record, neither from a seller in the files nor as a cost",
        ));
    }
    if let Some((from, sold)) = worst {
        let mut path = upstream(docket, &cell.product, series.seller, from);
        path.push((series.seller, from.price, sold));
        let unit = panel.price_unit(cell).zh;
        tell(docket, &mut measure, &path, &unit);
        measure.rows = vec![RowNote { row: from.row, role: Text::new("买入所在行", "row of the purchase") }];
    }
    Ok(measure)
}

/// The purchase cost recorded for point `i`, as a purchase from nobody in the files.
fn own_cost(points: &PointsView<'_>, i: usize) -> Option<Bought> {
    let (price, k) = cost_at(points, i)?;
    Some(Bought { from: None, price, day: Day(points.day[k]), row: points.row[k] })
}

/// The numbers of the last hop and of the whole chain, and the chain as a table.
fn tell(docket: &Docket<'_>, measure: &mut Measure, path: &[Hop], unit: &str) {
    let (Some((_, root, _)), Some((_, paid, sold))) = (path.first(), path.last()) else { return };
    measure.reference = Some(*paid);
    measure.facts = vec![
        ("bought_at", *paid, unit.to_owned()),
        ("sold_at", *sold, unit.to_owned()),
        ("markup_of_this_hop", (sold / paid - 1.0) * 100.0, "%".into()),
        ("hops", path.len() as f64, String::new()),
        ("whole_chain_times", sold / root, String::new()),
    ];
    let row = |(who, paid, sold): &Hop| {
        let markup = (sold / paid - 1.0) * 100.0;
        let name = docket.panel.sellers[*who as usize].name.clone();
        vec![name, format!("{paid:.2}"), format!("{sold:.2}"), format!("{markup:.1}"), format!("{:.2}", sold / root)]
    };
    let columns = [
        ("经营者", "seller"),
        ("买入价", "bought at"),
        ("卖出价", "sold at"),
        ("加价 %", "mark-up %"),
        ("累计倍数", "times the first price"),
    ];
    measure.sheet = Some(Sheet {
        title: Text::new("逐环加价", "mark-up per hop"),
        columns: columns.map(|(zh, en)| Text::new(zh, en)).to_vec(),
        heads: Vec::new(),
        rows: path.iter().map(row).collect(),
    });
}

/// Purchases of a good by one seller from other sellers of the files, by day, the first row of a day last.
fn bought(docket: &Docket<'_>, product: &str, buyer: u32) -> Vec<Bought> {
    let panel = docket.panel;
    let mine = docket.of_buyer.get(&buyer).into_iter().flatten().map(|t| &docket.trades[*t]);
    let of = |t: &&Trade| {
        let from = &panel.series[t.series];
        from.seller != buyer && t.price > 0.0 && panel.cells[from.cell as usize].product == product
    };
    let one = |t: &Trade| {
        let from = Some(panel.series[t.series].seller);
        Bought { from, price: t.price, day: t.day, row: t.row }
    };
    let mut all: Vec<Bought> = mine.filter(of).map(one).collect();
    all.sort_by(|a, b| a.day.cmp(&b.day).then(b.row.cmp(&a.row)));
    all
}

/// The hops above a purchase, the first seller first.
fn upstream(docket: &Docket<'_>, product: &str, who: u32, from: Bought) -> Vec<Hop> {
    let (mut path, mut step, mut seen) = (Vec::new(), from, BTreeSet::from([who]));
    while let Some(seller) = step.from.filter(|f| path.len() < DEEPEST && seen.insert(*f)) {
        let earlier = bought(docket, product, seller).into_iter().rfind(|b| b.day <= step.day);
        let Some(next) = earlier.or_else(|| cost_of(docket, product, seller, step.day)) else { break };
        path.push((seller, next.price, step.price));
        step = next;
    }
    path.reverse();
    path
}

/// The purchase cost a seller recorded for a good up to a day.
fn cost_of(docket: &Docket<'_>, product: &str, seller: u32, day: Day) -> Option<Bought> {
    let panel = docket.panel;
    let of_good = |s: &&usize| panel.cells[panel.series[**s].cell as usize].product == product;
    docket.of_seller.get(&seller)?.iter().filter(of_good).find_map(|s| {
        let p = panel.points(&panel.series[*s]);
        own_cost(&p, p.day.partition_point(|d| *d <= day.0).checked_sub(1)?)
    })
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
