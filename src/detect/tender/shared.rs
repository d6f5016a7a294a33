//! What the screens of tenders share: whom a finding is about, and its table against the market.

use super::features::{Table, features, position, ranked, significant_digits};
use super::joined::unsupervised;
use crate::model::{
    CostExplained, Day, Finding, Kind, Party, Placed, RowNote, Screen, Sheet, Skip, Strip, Subject, Tender, Tenders,
    Text,
};
use crate::stats::robust::{median, quantile_mut};

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

    /// Shows a finding's tenders, the middle of them where there are several, against their market: to be drawn, and
    /// unless the finding has a table of its own as one.
    pub fn place(&self, f: &mut Finding, tenders: &[usize]) {
        let market = tenders.first().map(|t| self.all.list[*t].market);
        let peers = || self.all.list.iter().zip(&self.table).filter(|(other, _)| Some(other.market) == market);
        let strip = |(name, symbol, zh, en): &(&str, &'static str, &str, &str)| {
            let (values, ranks): (Vec<f64>, Vec<f64>) = tenders.iter().filter_map(|t| self.of(*t, name)).unzip();
            let (value, rank) = (median(&values)?, median(&ranks)?);
            let mut column: Vec<f64> = peers().filter_map(|(_, row)| row[position(name)]).collect();
            let quantiles = (0..=20).filter_map(|q| quantile_mut(&mut column, f64::from(q) / 20.0)).collect();
            Some(Strip { symbol, name: Text::new(*zh, *en), value, rank, quantiles })
        };
        f.strips = SHOWN.iter().filter_map(strip).collect();
        f.sheet = f.sheet.take().or_else(|| Some(sheet(&f.strips)));
    }
}

/// Those of some tenders that the default finds oddest, the oddest first.
pub fn oddest(market: &Market<'_>, tenders: &[usize], most: usize) -> Vec<usize> {
    let odd = unsupervised(market.all, &market.ranked);
    let mut of = tenders.to_vec();
    of.sort_by(|a, b| odd[*b].total_cmp(&odd[*a]).then(a.cmp(b)));
    of.truncate(most);
    of
}

/// Every tender with its screens, the oddest of each market first.
pub fn placed(all: &Tenders) -> Vec<Placed> {
    let market = Market::new(all);
    let odd = unsupervised(all, &market.ranked);
    let values = |t: usize| SHOWN.iter().map(|s| (s.1, market.table[t][position(s.0)])).collect();
    let mut of: Vec<Placed> =
        (0..all.list.len()).map(|t| Placed { tender: t, oddness: odd[t], values: values(t) }).collect();
    of.sort_by(|a, b| {
        let market = |p: &Placed| all.list[p.tender].market;
        market(a).cmp(&market(b)).then(b.oddness.total_cmp(&a.oddness)).then(a.tender.cmp(&b.tender))
    });
    of
}

/// Unit the finest bid of a tender is written in, as a share of its lowest.
pub fn unit(all: &Tenders, t: &Tender) -> f64 {
    let unit = |x: &f64| 10f64.powf(x.log10().floor() + 1.0 - significant_digits(*x));
    all.amounts(t).iter().map(unit).fold(f64::MAX, f64::min) / all.amount[t.bids.start]
}

/// Value, median of the market, share of tenders below.
fn sheet(strips: &[Strip]) -> Sheet {
    let row = |s: &Strip| {
        let below = format!("{:.0}", s.rank * 100.0);
        vec![s.symbol.to_owned(), format!("{:.4}", s.value), format!("{:.4}", s.quantiles[10]), below]
    };
    Sheet {
        title: Text::new("各项指标在本市场中的位置", "Each screen against the market"),
        columns: vec![
            Text::new("指标", "screen"),
            Text::new("本次", "this tender"),
            Text::new("市场中位", "market median"),
            Text::new("低于本次的招标 %", "tenders below, %"),
        ],
        heads: Vec::new(),
        rows: strips.iter().map(row).collect(),
    }
}

/// Screens shown (Huber & Imhof 2019; Gomes et al. 2024 App. B): feature, symbol, and what it is in words.
const SHOWN: [(&str, &str, &str, &str); 12] = [
    ("bids", "n", "报价个数", "number of bids"),
    ("cv", "CV", "离散系数", "spread"),
    ("spd", "SPD", "最高与最低之差", "highest to lowest"),
    ("diffp", "DIFFP", "最低与次低之差", "lowest to second"),
    ("rd", "RD", "该差 / 落标离散", "gap / losers' spread"),
    ("rdnor", "RDNOR", "该差 / 平均间距", "gap / mean gap"),
    ("rdalt", "RDALT", "该差 / 落标间距", "gap / losers' gaps"),
    ("kurt", "KURT", "峰度", "kurtosis"),
    ("skew", "SKEW", "偏度", "skewness"),
    ("ks", "KS", "偏离均匀", "unlike uniform"),
    ("winner_to_estimate", "W / PTE", "中标价对标底", "winner to estimate"),
    ("closest_pair", "max J", "最常相遇的两家", "pair that meets most"),
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
        strips: Vec::new(),
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
