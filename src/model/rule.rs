//! Legal rules as dated rows of data, and what testing one says. A rule is never code.

use serde::{Deserialize, Serialize};

use super::{Day, Kind, Lang, RowNote, RowRef, Text};

/// What a rule measures. Every metric becomes an allowed and an observed amount per sale day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Price per unit.
    #[default]
    Price,
    /// Price less purchase cost, per unit (购销差价额).
    MarginAmount,
    /// (price − cost) / cost: 进销差价率, 顺加.
    MarginOnCost,
    /// (price − cost) / price: 进销差价率, 倒扣.
    MarginOnPrice,
}

/// How the reference is taken from the days up to the base date.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The last actual price on or before the base date.
    #[default]
    Last,
    /// Mean of the days before.
    Average,
    /// Highest of the days before.
    Max,
    /// Lowest of the days before.
    Min,
}

/// Which sellers a rule is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sellers {
    /// All.
    #[default]
    Any,
    /// Those with no sale on or before the base date.
    WithoutHistory,
}

/// Which price type a rule is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceType {
    /// Posted and charged.
    #[default]
    Any,
    /// Charged only.
    Charged,
}

/// What cost may excuse: the price at which the defence holds, from today's cost and the margin of the base sale.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostDefence {
    /// (cost + old margin amount) × (1 + `defence_pct`).
    SameMarginAmount,
    /// cost × (1 + old rate on cost) × (1 + `defence_pct`).
    SameMarginRate,
    /// cost × (1 + old rate on cost × (1 + `defence_pct`)).
    RaisedMarginRate,
}

/// Whether a person has read the text of the rule, or it is only remembered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextStatus {
    /// Read in a public source.
    Verified,
    /// Not yet confirmed: marked wherever it appears.
    Unverified,
}

/// Where the number of a rule comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberFrom {
    /// The text itself ("any excess" included).
    #[default]
    Text,
    /// The text has none: a value to sort by, chosen here and open to change.
    Triage,
}

/// One rule: a dated, cited row of a statute pack.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Kebab-case id.
    pub id: String,
    /// Kind of test (`src/law`).
    pub test: String,
    /// Name.
    pub title: Text,
    /// The test in one sentence.
    pub says: Text,
    /// Clause.
    pub clause: Text,
    /// Whether the text was read.
    pub status: TextStatus,
    /// What an excess is consistent with.
    #[serde(default = "gouging")]
    pub conduct: Kind,
    /// GB/T 2260 codes (`42`, `4205`), or codes of datasets/divisions.csv (`US-CA`); a longer code lies within a shorter.
    pub regions: Vec<String>,
    /// Words in product or family names; none = all goods.
    #[serde(default)]
    pub goods: Vec<String>,
    /// Words that take a good out again.
    #[serde(default)]
    pub except_goods: Vec<String>,
    /// Price type.
    #[serde(default)]
    pub prices: PriceType,
    /// First day on which it binds.
    pub from: Day,
    /// Last day on which it binds.
    #[serde(default)]
    pub until: Option<Day>,
    /// The base date: the reference lies on or before it.
    #[serde(default)]
    pub base: Option<Day>,
    /// Days before the base date (or before the sale) that count; none = all.
    #[serde(default)]
    pub days: Option<i32>,
    /// See [`Statistic`].
    #[serde(default)]
    pub statistic: Statistic,
    /// See [`Metric`].
    #[serde(default)]
    pub metric: Metric,
    /// Percent over the reference that is still allowed (margin rates: percentage points); none = not set by the text.
    #[serde(default)]
    pub allowed_pct: Option<f64>,
    /// Whether the threshold itself is already above ("25 % or more"); otherwise only what passes it is.
    #[serde(default)]
    pub inclusive: bool,
    /// Where that number comes from.
    #[serde(default)]
    pub number: NumberFrom,
    /// Fixed maximum in `currency` per `per`.
    #[serde(default)]
    pub cap: Option<f64>,
    /// Unit of the cap.
    #[serde(default)]
    pub per: Option<String>,
    /// Names of the currency of the cap, any of which the settings may use.
    #[serde(default)]
    pub currency: Vec<String>,
    /// Share by which rounding may pass the allowed value.
    #[serde(default)]
    pub tolerance: f64,
    /// See [`Sellers`].
    #[serde(default)]
    pub sellers: Sellers,
    /// Whether a notice (告诫) must have been given before.
    #[serde(default)]
    pub notice_required: bool,
    /// See [`CostDefence`].
    #[serde(default)]
    pub cost_defence: Option<CostDefence>,
    /// Percent its price (or rate) may be passed, see [`CostDefence`].
    #[serde(default)]
    pub defence_pct: f64,
    /// Words looked for (tests on text).
    #[serde(default)]
    pub words: Vec<String>,
    /// Percent over the allowed value (middle of the rows above it) from which an excess makes a lead of its own; below,
    /// it is listed in rules.csv only. 15 follows the numbers of Hubei and Hainan.
    #[serde(default)]
    pub lead_pct: f64,
    /// What takes a seller out and has to be checked by people.
    #[serde(default)]
    pub exemptions: Vec<Text>,
    /// Anything a reader must know.
    #[serde(default)]
    pub note: Option<Text>,
    /// Version of the pack, filled in on reading.
    #[serde(skip)]
    pub version: String,
    /// File it was read from.
    #[serde(skip)]
    pub source: String,
}

impl Rule {
    /// What stands behind the name of a rule that nobody has read; empty for the others.
    pub fn mark(&self, lang: Lang) -> &'static str {
        match (self.status, lang) {
            (TextStatus::Verified, _) => "",
            (TextStatus::Unverified, Lang::Zh) => "（条文未核对）",
            (TextStatus::Unverified, Lang::En) => " (text unverified)",
        }
    }
}

fn gouging() -> Kind {
    Kind::Gouging
}

/// What is compared with what is allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    /// Price per unit.
    #[default]
    Price,
    /// Fee per order.
    Fee,
    /// Compared (original) price per unit.
    List,
    /// Stock in units.
    Stock,
    /// Purchases in units.
    Purchases,
    /// A text: nothing to count.
    Words,
}

/// One day or row above what is allowed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Over {
    /// When.
    pub day: Day,
    /// Source row.
    pub row: RowRef,
    /// Allowed value.
    pub allowed: f64,
    /// Observed value.
    pub observed: f64,
    /// Quantity in price units; `None` = unknown.
    pub quantity: Option<f64>,
}

/// Whether a notice came first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// The rule needs none.
    NotRequired,
    /// Given on that day; only later days count.
    Given(Day),
    /// Needed and not on record: an excess, but no case yet.
    Missing,
}

/// Whether cost excuses it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DefenceState {
    /// The rule knows no such defence.
    None,
    /// Purchase records show it holds on every day above the allowed value.
    Met,
    /// Purchase records show it does not.
    NotMet,
    /// No purchase record: itself worth asking about.
    Unknown,
}

/// A table of evidence: titles and cells as shown.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Sheet {
    /// Heading.
    pub title: Text,
    /// Column headings.
    pub columns: Vec<Text>,
    /// Row headings in words, under the first column; empty where the rows have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<Text>,
    /// Cells, row by row.
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    /// Its rows, headings first, as many cells as columns.
    pub fn lines<T>(&self, head: impl Fn(&Text) -> T, cell: impl Fn(&str) -> T) -> Vec<Vec<T>> {
        let heads = |k: usize| self.heads.get(k).map(&head);
        let line = |(k, row): (usize, &Vec<String>)| heads(k).into_iter().chain(row.iter().map(|c| cell(c))).collect();
        self.rows.iter().enumerate().map(line).collect()
    }
}

/// What testing one rule on one series gave.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Measure {
    /// What was compared.
    pub observed: Observed,
    /// Reference price (or margin rate in percent, fee, stock), if the test has one.
    pub reference: Option<f64>,
    /// Days (or rows) compared.
    pub tested: usize,
    /// Allowed price by day, where something stands above it (charts draw it).
    pub ceiling: Vec<(Day, f64)>,
    /// Those above the allowed value.
    pub over: Vec<Over>,
    /// Named numbers (`key`, value, unit).
    pub facts: Vec<(&'static str, f64, String)>,
    /// Rows the reference rests on.
    pub rows: Vec<RowNote>,
    /// Table of evidence, if the test has one of its own.
    pub sheet: Option<Sheet>,
    /// Price the cost defence allows by day, where it can be told.
    pub defended: Vec<(Day, f64)>,
}

/// The result of one rule on one series.
#[derive(Clone, PartialEq, Debug)]
pub struct Judged {
    /// Index into the run's rules.
    pub rule: usize,
    /// Index into `Panel::series`.
    pub series: usize,
    /// The measure, or why there is none. A skip is never a pass.
    pub result: Result<Measure, Text>,
    /// Notice.
    pub notice: NoticeState,
    /// Cost defence.
    pub defence: DefenceState,
    /// Day from which an exemption is on record, where it covers every day above the allowed value.
    pub exempt: Option<Day>,
}

impl Judged {
    /// The measure where something is above the allowed value.
    pub fn over(&self) -> Option<&Measure> {
        self.result.as_ref().ok().filter(|m| !m.over.is_empty())
    }

    /// Whether the excess is one the rule reaches: notice given where needed, not exempt, cost defence not met.
    pub fn reached(&self) -> bool {
        let waits = self.notice == NoticeState::Missing;
        self.over().is_some() && !waits && self.exempt.is_none() && self.defence != DefenceState::Met
    }
}

impl Measure {
    /// Largest observed / allowed − 1 in percent.
    pub fn excess_pct(&self) -> Option<f64> {
        self.worst().filter(|w| w.allowed > 0.0).map(|w| (w.observed / w.allowed - 1.0) * 100.0)
    }

    /// The row furthest above.
    pub fn worst(&self) -> Option<&Over> {
        let ratio = |o: &Over| if o.allowed > 0.0 { o.observed / o.allowed } else { f64::INFINITY };
        self.over.iter().max_by(|a, b| ratio(a).total_cmp(&ratio(b)).then(b.row.cmp(&a.row)))
    }

    /// Σ (observed − allowed) × quantity over rows with a known quantity (per order for fees); `None` where none is known.
    pub fn amount(&self) -> Option<f64> {
        let each = |o: &Over| match self.observed {
            Observed::Price => o.quantity.map(|q| (o.observed - o.allowed) * q),
            Observed::Fee => Some(o.observed - o.allowed),
            _ => None,
        };
        self.over.iter().filter_map(each).fold(None, |sum, x| Some(sum.unwrap_or(0.0) + x))
    }
}

/// A notice, interview, complaint, exemption or penalty on record.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Notice {
    /// Seller id in capitals, empty where only the region is named (a public notice).
    pub seller: String,
    /// Region as in the input, may be empty.
    pub region: String,
    /// When.
    pub day: Day,
    /// 告诫, 约谈, 整改, 处罚, 投诉, 豁免 … as in the input.
    pub kind: String,
    /// Source row.
    pub row: RowRef,
}

/// A legal maximum price of one good.
#[derive(Clone, PartialEq, Debug)]
pub struct Cap {
    /// Region as in the input, empty = everywhere.
    pub region: String,
    /// Product as in the input.
    pub product: String,
    /// First day.
    pub from: Day,
    /// Last day, if it ended.
    pub until: Option<Day>,
    /// Maximum per price unit.
    pub price: f64,
    /// Source row.
    pub row: RowRef,
}

/// A row that says more than a price: who bought, in which bundle, with which words.
#[derive(Clone, PartialEq, Debug)]
pub struct Trade {
    /// Index into `Panel::series`.
    pub series: usize,
    /// Index into `Panel::sellers` where the buyer sells too.
    pub buyer: Option<u32>,
    /// Bundle id, may be empty.
    pub bundle: String,
    /// Listing text or remark, may be empty.
    pub text: String,
    /// When.
    pub day: Day,
    /// Price per unit.
    pub price: f64,
    /// Quantity, `None` = unknown.
    pub quantity: Option<f64>,
    /// Source row.
    pub row: RowRef,
}

/// A source row of one series, as read again for evidence.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SourceRow {
    /// Index into `Panel::series`.
    pub series: usize,
    /// When.
    pub day: Day,
    /// Price per unit.
    pub price: f64,
    /// Quantity in units, negative = return; `None` = unknown.
    pub quantity: Option<f64>,
    /// Purchase cost per unit.
    pub cost: Option<f64>,
    /// Compared price per unit.
    pub list: Option<f64>,
    /// Fee of the order.
    pub fee: Option<f64>,
    /// Where.
    pub row: RowRef,
}
