//! What a screen found: never a bare number.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize};

use super::{Day, RowRef, Sheet, Text};

/// What kind of conduct a finding is consistent with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 疑似哄抬价格: one seller.
    Gouging,
    /// 疑似串通涨价: a group.
    Collusion,
    /// 疑似价格欺诈.
    PriceFraud,
    /// Certificates.
    Certification,
    /// Bids.
    Tender,
    /// A rise the whole market shares: reported once, never a lead.
    MarketEvent,
}

impl Kind {
    /// The word in leads.csv.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Gouging => "gouging",
            Kind::Collusion => "collusion",
            Kind::PriceFraud => "price_fraud",
            Kind::Certification => "certification",
            Kind::Tender => "tender",
            Kind::MarketEvent => "market_event",
        }
    }
}

/// Does a known cost explain the rise?
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostExplained {
    /// Known cost covers it.
    Explained,
    /// Known cost does not cover it.
    Unexplained,
    /// No cost is known.
    Unknown,
}

impl CostExplained {
    /// The word in leads.csv.
    pub fn name(self) -> &'static str {
        match self {
            CostExplained::Explained => "explained",
            CostExplained::Unexplained => "unexplained",
            CostExplained::Unknown => "unknown",
        }
    }
}

/// Whom a finding is about: one series (a seller and its product) or several of one cell.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Subject {
    /// Index into `Panel::cells`; `None` where the finding is not about prices of one cell (see [`Finding::party`]).
    pub cell: Option<usize>,
    /// Indices into `Panel::series`, ascending (several goods of one seller: the one told first, then the others);
    /// empty for a market event.
    pub series: Vec<usize>,
}

impl Subject {
    /// Series of one cell.
    pub fn of(cell: usize, series: Vec<usize>) -> Subject {
        Subject { cell: Some(cell), series }
    }
}

/// Whom a finding is about where it does not rest on price series: certificates, bids.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Party {
    /// Id and name of each, sorted by id.
    pub sellers: Vec<(String, String)>,
    /// Region as in the input, may be empty.
    pub region: String,
    /// Good, contract or certificate, may be empty.
    pub product: String,
    /// Innocent explanations to rule out.
    pub innocent: Vec<Text>,
    /// What to check next.
    pub next_steps: Vec<Text>,
}

/// One dated price change of one series.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Index into `Panel::series`.
    pub series: usize,
    /// Last day the old price was seen.
    pub last_old: Day,
    /// First day the new price was seen: the change lies in (last_old, first_new].
    pub first_new: Day,
    /// Price before, per price unit.
    pub old: f64,
    /// Price after, per price unit.
    pub new: f64,
    /// Group findings: which joint episode it belongs to, from 1; 0 = none.
    pub episode: u32,
}

/// A source row with the part it plays.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RowNote {
    /// Where.
    pub row: RowRef,
    /// What it shows, e.g. 基准价 / reference price.
    pub role: Text,
}

/// Where a number lies among those of its market.
#[derive(Clone, PartialEq, Debug)]
pub struct Strip {
    /// Symbol of the literature, the same in every language.
    pub symbol: &'static str,
    /// The same in words.
    pub name: Text,
    /// The number.
    pub value: f64,
    /// Share of the market below it.
    pub rank: f64,
    /// The market's numbers at 0, 5, … 100 %.
    pub quantiles: Vec<f64>,
}

/// One measured departure, with its threshold and its evidence.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// Screen id; not written, since whoever keeps findings knows whose they are.
    #[serde(skip)]
    pub screen: &'static str,
    /// What it is consistent with.
    pub kind: Kind,
    /// About whom.
    pub subject: Subject,
    /// First and last day of the pattern.
    pub window: (Day, Day),
    /// The measured value …
    pub measured: f64,
    /// … reached or passed this (inclusive) …
    pub threshold: f64,
    /// … in this unit, e.g. `%`, `log`, `yuan/只`.
    pub unit: String,
    /// p-value against the screen's null, if it has one.
    pub p_value: Option<f64>,
    /// Smallest p-value the data could have given.
    pub p_floor: Option<f64>,
    /// False-discovery rate over everything the screen tested in this run.
    pub q_value: Option<f64>,
    /// How many hypotheses that were.
    pub tested: usize,
    /// Price the seller is measured from, per price unit.
    pub reference_price: Option<f64>,
    /// Price observed in the window, per price unit.
    pub observed_price: Option<f64>,
    /// Money above the allowed price over the quantities seen; `None` where quantities are unknown.
    pub excess_amount: Option<f64>,
    /// Whether cost explains it.
    pub cost: CostExplained,
    /// Dated price changes (charts mark them).
    pub steps: Vec<Step>,
    /// Level drawn as the price that market movement alone would give, per price unit, by day.
    pub expected: Vec<(Day, f64)>,
    /// Paper or clause.
    pub basis: Cow<'static, str>,
    /// Legal rule it is about, if any.
    pub rule: Option<String>,
    /// Table of evidence of its own, if any.
    pub sheet: Option<Sheet>,
    /// Its numbers against the market's, if that is shown (bids only, which are never kept from an earlier run).
    #[serde(skip)]
    pub strips: Vec<Strip>,
    /// Innocent explanations of its own (a rule's exemptions), beside those of its kind.
    pub innocent: Vec<Text>,
    /// Whom it is about, where there is no price series.
    pub party: Option<Party>,
    /// Named numbers behind `measured`, in the order of the formula (`key`, value, unit).
    #[serde(deserialize_with = "facts")]
    pub facts: Vec<(&'static str, f64, String)>,
    /// One or two sentences a shop owner understands.
    pub reason: Text,
    /// Key source rows.
    pub rows: Vec<RowNote>,
    /// Strength within the screen, for ranking; higher first.
    pub score: f64,
}

/// Facts read back. Their names are the few words of the screens: each is kept once, for as long as the program runs.
fn facts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(&'static str, f64, String)>, D::Error> {
    static WORDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let read: Vec<(String, f64, String)> = Deserialize::deserialize(from)?;
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut word = |name: String| {
        let known = words.get(name.as_str()).copied();
        known.unwrap_or_else(|| {
            let name: &'static str = name.leak();
            words.insert(name);
            name
        })
    };
    Ok(read.into_iter().map(|(name, value, unit)| (word(name), value, unit)).collect())
}

/// A subject the screen could not judge. Never a pass.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Skip {
    /// Screen id; see [`Finding::screen`].
    #[serde(skip)]
    pub screen: &'static str,
    /// About whom.
    pub subject: Subject,
    /// Why.
    pub reason: Text,
}
