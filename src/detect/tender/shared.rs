//! What the screens of tenders share: whom a finding is about, and its table against the market.

use super::features::{Table, features, position, ranked};
use crate::model::{
    CostExplained, Day, Finding, Kind, Party, RowNote, Screen, Sheet, Skip, Subject, Tender, Tenders, Text,
};
use crate::stats::robust::median;

/// Features of all tenders, raw and ranked, computed once per screen that needs them.
pub struct Market<'a> {
    /// The bids.
    pub all: &'a Tenders,
    /// Raw values.
    pub table: Table,
    /// Shares of the market below.
    pub ranked: Table,
}

impl Market<'_> {
    /// Computes both.
    pub fn new(all: &Tenders) -> Market<'_> {
        let table = features(all);
        let ranked = ranked(all, &table);
        Market { all, table, ranked }
    }

    /// Raw value and rank of a feature.
    pub fn of(&self, t: usize, name: &str) -> Option<(f64, f64)> {
        let f = position(name);
        self.table[t][f].zip(self.ranked[t][f])
    }

    /// Each screen of a tender against the market: value, median, share of tenders below.
    pub fn sheet(&self, t: usize) -> Sheet {
        let column = |f: usize| self.table.iter().filter_map(|r| r[f]).collect::<Vec<_>>();
        let row = |(name, shown): &(&str, &str)| {
            let f = position(name);
            let (value, rank) = self.table[t][f].zip(self.ranked[t][f])?;
            let middle = median(&column(f))?;
            let below = format!("{:.0}", rank * 100.0);
            Some(vec![(*shown).to_owned(), format!("{value:.4}"), format!("{middle:.4}"), below])
        };
        Sheet {
            title: Text::new("各项指标在本市场中的位置", "Each screen against the market"),
            columns: vec![
                Text::new("指标", "screen"),
                Text::new("本次", "this tender"),
                Text::new("市场中位", "market median"),
                Text::new("低于本次的招标 %", "tenders below, %"),
            ],
            rows: SHOWN.iter().filter_map(row).collect(),
        }
    }
}

/// Screens by the symbols of the literature, the same in both languages (Huber & Imhof 2019; Gomes et al. 2024 App. B).
const SHOWN: [(&str, &str); 12] = [
    ("bids", "n"),
    ("cv", "CV"),
    ("spd", "SPD"),
    ("diffp", "DIFFP"),
    ("rd", "RD"),
    ("rdnor", "RDNOR"),
    ("rdalt", "RDALT"),
    ("kurt", "KURT"),
    ("skew", "SKEW"),
    ("ks", "KS"),
    ("winner_to_estimate", "b₁ / PTE"),
    ("closest_pair", "max J(i, j)"),
];

/// A tender as people call it.
pub fn label(t: &Tender) -> String {
    [&t.product, &t.id, &t.lot].into_iter().filter(|p| !p.is_empty()).cloned().collect::<Vec<_>>().join(" ")
}

/// The bidders of a tender. All screens say it alike, so that what they find becomes one lead.
pub fn of_tender(all: &Tenders, t: &Tender) -> Party {
    of_bidders(all, &all.parties(t), t.region.clone(), label(t))
}

/// Some bidders.
pub fn of_bidders(all: &Tenders, bidders: &[u32], region: String, product: String) -> Party {
    let text = |pairs: &[(&str, &str)]| pairs.iter().map(|(zh, en)| Text::new(*zh, *en)).collect();
    Party {
        sellers: bidders.iter().map(|b| all.bidders[*b as usize].clone()).collect(),
        region,
        product,
        innocent: text(&[
            (
                "成本结构相同或同一供应商报价，报价自然接近",
                "like costs or one supplier's quote bring bids close by themselves",
            ),
            ("标底公开或定额计价", "the estimate is public, or prices follow a schedule of rates"),
            ("本地合格企业少，总是同几家相遇", "few firms qualify here, so the same ones meet"),
            ("合法的联合体、分包或同一集团", "a lawful consortium, subcontract, or one group"),
            ("产能已满，报高价以免中标", "a firm at capacity bids high so as not to win"),
        ]),
        next_steps: text(&[
            (
                "调取投标文件，比对编制人、错误、格式和保证金来源",
                "compare bid files: authors, errors, layout, source of deposits",
            ),
            ("核查投标人之间的股权、人员与分包往来", "check ownership, staff and subcontracts between the bidders"),
            ("询问报价依据并核对成本", "ask how each bid was made up and check the costs"),
        ]),
    }
}

/// A finding about a party; facts and threshold are filled in by the screen.
pub fn blank(screen: &Screen, party: Party, days: (Day, Day), reason: Text) -> Finding {
    Finding {
        screen: screen.id,
        kind: Kind::Tender,
        subject: Subject { cell: None, series: Vec::new() },
        window: days,
        measured: 0.0,
        threshold: 0.0,
        unit: String::new(),
        p_value: None,
        p_floor: None,
        q_value: None,
        tested: 0,
        reference_price: None,
        observed_price: None,
        excess_amount: None,
        cost: CostExplained::Unknown,
        steps: Vec::new(),
        expected: Vec::new(),
        basis: "".into(),
        rule: None,
        sheet: None,
        innocent: Vec::new(),
        party: Some(party),
        facts: Vec::new(),
        reason,
        rows: Vec::new(),
        score: 0.0,
    }
}

/// A finding about one tender, with its bids as source rows.
pub fn of_one(screen: &Screen, all: &Tenders, t: &Tender, reason: Text) -> Finding {
    let day = t.day.unwrap_or(Day::UNKNOWN);
    let winner = all.winner(t);
    let mut f = blank(screen, of_tender(all, t), (day, day), reason);
    f.observed_price = Some(all.amount[winner]);
    f.reference_price = t.estimate;
    let role = |b: usize| {
        if b == winner {
            Text::new("中标或最低报价", "winning or lowest bid")
        } else {
            Text::new("报价", "bid")
        }
    };
    f.rows = t.bids.clone().map(|b| RowNote { row: all.row[b], role: role(b) }).collect();
    f
}

/// A skip about a tender or a whole market.
pub fn skip(screen: &Screen, zh: &str, en: &str) -> Skip {
    Skip { screen: screen.id, subject: Subject { cell: None, series: Vec::new() }, reason: Text::new(zh, en) }
}
