//! Bids, column by column, grouped by tender. A bid has no series of days, so the panel does not fit it.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;

use super::{Day, RowRef};

/// How the winner is found. Where bids near the mean win, close bids are nothing odd (Conley & Decarolis 2016).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// The lowest bid wins.
    Lowest,
    /// A bid near the mean wins.
    AverageBid,
}

/// One row of a tenders file.
#[derive(Clone, PartialEq, Debug)]
pub struct Bid {
    /// Tenders of one market are compared with each other; ids are unique within one.
    pub market: u32,
    /// Tender id.
    pub tender: String,
    /// Lot, may be empty.
    pub lot: String,
    /// Region, may be empty.
    pub region: String,
    /// Good or kind of contract, may be empty.
    pub product: String,
    /// Id and name of the bidder; `None` where the file names none.
    pub bidder: Option<(String, String)>,
    /// Amount, positive.
    pub amount: f64,
    /// Whether it won; `None` = not stated.
    pub won: Option<bool>,
    /// Estimate before the tender, positive.
    pub estimate: Option<f64>,
    /// Calendar day, where one is given.
    pub day: Option<Day>,
    /// Place in time, if only to tell earlier from later: day number, year, or the file's own number.
    pub order: Option<f64>,
    /// Source row.
    pub row: RowRef,
}

/// One tender (lot): its bids are `Tenders::amount[bids]`, lowest first.
#[derive(Clone, PartialEq, Debug)]
pub struct Tender {
    /// See [`Bid::market`].
    pub market: u32,
    /// Tender id.
    pub id: String,
    /// Lot, may be empty.
    pub lot: String,
    /// Region, may be empty.
    pub region: String,
    /// Good or kind of contract, may be empty.
    pub product: String,
    /// Estimate before the tender.
    pub estimate: Option<f64>,
    /// Calendar day, where one is given.
    pub day: Option<Day>,
    /// Place in time.
    pub order: Option<f64>,
    /// Range of its bids.
    pub bids: Range<usize>,
}

/// Every tender read, by market, id and lot.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tenders {
    /// The tenders.
    pub list: Vec<Tender>,
    /// Amounts of all bids, lowest first within a tender.
    pub amount: Vec<f64>,
    /// Index into `bidders`; `None` where the file names none.
    pub bidder: Vec<Option<u32>>,
    /// Whether the bid won; `None` = not stated.
    pub won: Vec<Option<bool>>,
    /// Source rows.
    pub row: Vec<RowRef>,
    /// Id and name, sorted by market and id.
    pub bidders: Vec<(String, String)>,
    /// What a trained model says of each tender, if one was given.
    pub model_score: Option<Vec<f64>>,
    /// How winners are found, where the user says so; else it is told from the winners.
    pub format: Option<Format>,
}

/// A tender in the order in which they are odd, with the numbers behind it.
#[derive(Clone, PartialEq, Debug)]
pub struct Placed {
    /// Index into [`Tenders::list`].
    pub tender: usize,
    /// Share of its market that is less odd by the default that needs no labels.
    pub oddness: f64,
    /// Symbol and value of each screen; `None` where it has no meaning.
    pub values: Vec<(&'static str, Option<f64>)>,
}

impl Tenders {
    /// Groups rows by tender; the order of the rows does not matter.
    pub fn new(mut rows: Vec<Bid>) -> Tenders {
        let id = |b: &Bid| b.bidder.as_ref().map(|p| p.0.clone());
        rows.sort_by(|a, b| {
            let key = |x: &Bid| (x.market, x.tender.clone(), x.lot.clone());
            key(a).cmp(&key(b)).then(a.amount.total_cmp(&b.amount)).then(id(a).cmp(&id(b))).then(a.row.cmp(&b.row))
        });
        let mut known: BTreeMap<(u32, String), String> = BTreeMap::new();
        for row in &rows {
            if let Some((id, name)) = &row.bidder {
                let said = known.entry((row.market, id.clone())).or_default();
                *said = if said.is_empty() { name.clone() } else { said.clone().min(name.clone()) };
            }
        }
        let number: BTreeMap<&(u32, String), u32> = known.keys().zip(0..).collect();
        let mut all = Tenders::default();
        for row in &rows {
            let at = all.amount.len();
            let same = |t: &&mut Tender| t.market == row.market && t.id == row.tender && t.lot == row.lot;
            match all.list.last_mut().filter(same) {
                Some(t) => {
                    t.bids.end = at + 1;
                    t.estimate = t.estimate.or(row.estimate);
                    t.day = t.day.or(row.day);
                    t.order = t.order.or(row.order);
                }
                None => all.list.push(Tender {
                    market: row.market,
                    id: row.tender.clone(),
                    lot: row.lot.clone(),
                    region: row.region.clone(),
                    product: row.product.clone(),
                    estimate: row.estimate,
                    day: row.day,
                    order: row.order,
                    bids: at..at + 1,
                }),
            }
            let bidder = row.bidder.as_ref().and_then(|b| number.get(&(row.market, b.0.clone())).copied());
            all.bidder.push(bidder);
            all.amount.push(row.amount);
            all.won.push(row.won);
            all.row.push(row.row);
        }
        all.bidders = known.into_iter().map(|((_, id), name)| (id, name)).collect();
        all
    }

    /// Bids of a tender, lowest first.
    pub fn amounts(&self, t: &Tender) -> &[f64] {
        &self.amount[t.bids.clone()]
    }

    /// Bidders of a tender that are named, each once, ascending.
    pub fn parties(&self, t: &Tender) -> Vec<u32> {
        let mut all: Vec<u32> = self.bidder[t.bids.clone()].iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Position of the winning bid: the lowest that is said to have won, else the lowest.
    pub fn winner(&self, t: &Tender) -> usize {
        t.bids.clone().find(|b| self.won[*b] == Some(true)).unwrap_or(t.bids.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bid(tender: &str, bidder: &str, amount: f64, line: u64) -> Bid {
        Bid {
            market: 0,
            tender: tender.into(),
            lot: String::new(),
            region: String::new(),
            product: String::new(),
            bidder: Some((bidder.into(), bidder.into())),
            amount,
            won: None,
            estimate: None,
            day: None,
            order: None,
            row: RowRef::new(0, line),
        }
    }

    #[test]
    fn rows_in_any_order_give_the_same_table() {
        let rows = vec![bid("b", "x", 3.0, 1), bid("a", "y", 2.0, 2), bid("b", "y", 1.0, 3), bid("a", "x", 2.0, 4)];
        let mut turned = rows.clone();
        turned.reverse();
        let all = Tenders::new(rows);
        assert_eq!(all, Tenders::new(turned));
        assert_eq!(all.list.len(), 2);
        assert_eq!(all.amounts(&all.list[1]), [1.0, 3.0]);
        assert_eq!(all.parties(&all.list[0]), [0, 1]);
    }
}
