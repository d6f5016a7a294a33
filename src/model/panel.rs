//! The panel: seller × product × day prices, grouped into the legal cells in which prices may be compared.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Day, RowRef, Tenders, Text};

/// Price types are never mixed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Posted price (标价); holds until the next observation, at most [`Panel::hold_days`].
    Posted,
    /// Transaction price (成交价); never carried across a day without a sale.
    Net,
}

/// Result of the GB 32100 check digit. A failed check warns and never rejects: issued pilot codes fail it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditCode {
    /// 18 characters, check digit right.
    Valid,
    /// 18 characters of the alphabet, check digit wrong.
    CheckFailed,
    /// Not of the form of a credit code (an internal number, or a name).
    NotACode,
}

/// One seller as recorded.
#[derive(Clone, PartialEq, Debug)]
pub struct Seller {
    /// Id as in the input, or the name where no id is given. Sorted and unique.
    pub id: String,
    /// Name, may equal the id.
    pub name: String,
    /// Sellers of one owner share an entity number: they cannot collude with themselves.
    pub entity: u32,
    /// Owner id from the enterprises file, empty when not known.
    pub owner: String,
    /// A marketplace (many shops behind one name) is never treated as one seller.
    pub marketplace: bool,
    /// Credit-code check of the id.
    pub credit_code: CreditCode,
}

/// What one price buys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceUnit {
    /// Per base unit: 只, 千克, 毫升 …
    Base(String),
    /// Per pack of unknown content (盒 …): never compared with prices per base unit.
    Pack(String),
    /// The file states no unit anywhere; compared only with its like.
    Unstated,
}

impl PriceUnit {
    /// The unit as shown behind a price, e.g. `只`; empty when unstated.
    pub fn label(&self) -> &str {
        match self {
            PriceUnit::Base(u) | PriceUnit::Pack(u) => u,
            PriceUnit::Unstated => "",
        }
    }
}

/// One product as sold (after normalisation of spelling only).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Item {
    /// Product name as in the input.
    pub product: String,
    /// Specification, standard, model.
    pub spec: String,
    /// Brand.
    pub brand: String,
}

/// One seller's price path for one item.
#[derive(Clone, PartialEq, Debug)]
pub struct Series {
    /// Index into [`Panel::sellers`].
    pub seller: u32,
    /// Index into [`Panel::items`].
    pub item: u32,
    /// Index into [`Panel::cells`].
    pub cell: u32,
    /// Market or platform as in the input, may be empty.
    pub market: String,
    /// Rows of the point columns, ascending by day.
    pub points: Range<usize>,
}

/// The market of one cell on one day, per price unit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MarketDay {
    /// The day.
    pub day: Day,
    /// Series with a price that day (carried posted prices included).
    pub n: u32,
    /// Median price over series.
    pub median: f64,
    /// First quartile.
    pub q1: f64,
    /// Third quartile.
    pub q3: f64,
    /// Log market index with seller levels taken out (median polish), 0 at the cell's first day.
    pub index: f64,
}

/// A cost series that applies to a cell.
#[derive(Clone, PartialEq, Debug)]
pub struct CostPath {
    /// Ascending days; a cost holds until the next.
    pub days: Vec<Day>,
    /// Cost per base unit, or an index.
    pub cost: Vec<f64>,
    /// True when only relative changes mean something (an index, or another good such as 熔喷布).
    pub is_index: bool,
    /// What it is the cost of, as named in the file.
    pub label: String,
    /// Source row of each value.
    pub rows: Vec<RowRef>,
}

impl CostPath {
    /// The cost in force on a day; `None` before the first.
    pub fn on(&self, day: Day) -> Option<f64> {
        let i = self.days.partition_point(|d| *d <= day);
        i.checked_sub(1).map(|i| self.cost[i])
    }
}

/// The legal cell of comparison: same region, same period, same grade, same good, one price type, one unit.
#[derive(Clone, PartialEq, Debug)]
pub struct Cell {
    /// Region as in the input, may be empty.
    pub region: String,
    /// Family label where the catalogue knows the good, else the product name.
    pub product: String,
    /// Family label in both languages.
    pub label: Text,
    /// Price type.
    pub basis: Basis,
    /// What a price buys.
    pub unit: PriceUnit,
    /// False where prices of different sellers may not be compared (unknown packs).
    pub comparable: bool,
    /// Series of this cell, contiguous in [`Panel::series`].
    pub series: Range<usize>,
    /// Ascending days with at least one price.
    pub market: Vec<MarketDay>,
    /// Cost series that applies, if any.
    pub cost: Option<CostPath>,
}

/// The point columns, one entry per series and day with an observation. NaN = unknown, never zero.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Points {
    /// Day number ([`Day`]).
    pub day: Vec<i32>,
    /// Quantity-weighted median price (plain median for posted prices), per price unit.
    pub price: Vec<f64>,
    /// Last price of the day, per price unit.
    pub last: Vec<f64>,
    /// Sum of quantities in price units, NaN where unknown. Empty when no file has quantities.
    pub quantity: Vec<f64>,
    /// Purchase cost per price unit, NaN where unknown. Empty when no file has it.
    pub cost: Vec<f64>,
    /// List price (原价、划线价) per price unit, NaN where unknown. Empty when no file has it.
    pub list: Vec<f64>,
    /// Delivery or other fee per order (median of the day), NaN where unknown. Empty when no file has it.
    pub fee: Vec<f64>,
    /// Stock at the end of the day in price units, NaN where unknown. Empty when no file has it.
    pub stock: Vec<f64>,
    /// Highest price of the day, per price unit.
    pub high: Vec<f64>,
    /// Source row of the median price.
    pub row: Vec<RowRef>,
}

/// Borrowed columns of one series.
#[derive(Clone, Copy, Debug)]
pub struct PointsView<'a> {
    /// See [`Points`].
    pub day: &'a [i32],
    /// See [`Points`].
    pub price: &'a [f64],
    /// See [`Points`].
    pub last: &'a [f64],
    /// Empty or one per day.
    pub quantity: &'a [f64],
    /// Empty or one per day.
    pub cost: &'a [f64],
    /// Empty or one per day.
    pub list: &'a [f64],
    /// Empty or one per day.
    pub fee: &'a [f64],
    /// Empty or one per day.
    pub stock: &'a [f64],
    /// See [`Points`].
    pub high: &'a [f64],
    /// See [`Points`].
    pub row: &'a [RowRef],
}

/// Everything the screens see.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Panel {
    /// Sorted by id.
    pub sellers: Vec<Seller>,
    /// Sorted.
    pub items: Vec<Item>,
    /// Sorted by basis, region, product, unit.
    pub cells: Vec<Cell>,
    /// Sorted by cell, seller, item, market.
    pub series: Vec<Series>,
    /// Point columns, series after series.
    pub points: Points,
    /// A posted price holds at most this many days (4 weeks unless set).
    pub hold_days: i32,
    /// Currency of every price, as shown.
    pub currency: Text,
    /// Bids, which have no series.
    pub tenders: Tenders,
}

fn part<'a, T>(column: &'a [T], range: &Range<usize>) -> &'a [T] {
    if column.is_empty() { &[] } else { &column[range.clone()] }
}

impl Panel {
    /// The points of one series.
    pub fn points(&self, series: &Series) -> PointsView<'_> {
        let r = &series.points;
        let p = &self.points;
        PointsView {
            day: part(&p.day, r),
            price: part(&p.price, r),
            last: part(&p.last, r),
            quantity: part(&p.quantity, r),
            cost: part(&p.cost, r),
            list: part(&p.list, r),
            fee: part(&p.fee, r),
            stock: part(&p.stock, r),
            high: part(&p.high, r),
            row: part(&p.row, r),
        }
    }

    /// The economic entity behind a series.
    pub fn entity(&self, series: &Series) -> u32 {
        self.sellers[series.seller as usize].entity
    }

    /// What a price of this cell is counted in, e.g. 元/只.
    pub fn price_unit(&self, cell: &Cell) -> Text {
        let per = |currency: &str, unit: &str| match unit {
            "" => currency.to_owned(),
            unit => format!("{currency}/{unit}"),
        };
        let unit = cell.unit.label();
        // The base units of datasets/units.csv; a pack is called what the file calls it.
        let english = match unit {
            "只" => "piece",
            "件" => "item",
            "千克" => "kg",
            "毫升" => "ml",
            other => other,
        };
        Text::new(per(&self.currency.zh, unit), per(&self.currency.en, english))
    }

    /// The daily grid of one cell: log prices, NaN where nothing is known. Posted prices are held for
    /// at most `hold_days`; transaction prices are not held.
    pub fn grid(&self, cell: &Cell) -> Grid {
        let (Some(first), Some(last)) = (cell.market.first(), cell.market.last()) else {
            return Grid::default();
        };
        let days = (last.day.0 - first.day.0 + 1) as usize;
        let hold = if cell.basis == Basis::Posted { self.hold_days.max(1) } else { 1 };
        let mut log_price = vec![f64::NAN; days * cell.series.len()];
        for (row, series) in self.series[cell.series.clone()].iter().enumerate() {
            let p = self.points(series);
            for (i, (&day, &price)) in p.day.iter().zip(p.price).enumerate() {
                let from = (day - first.day.0) as usize;
                let until = p.day.get(i + 1).map_or(i32::MAX, |d| *d).min(day.saturating_add(hold));
                let until = ((until - first.day.0).max(0) as usize).min(days);
                log_price[row * days..][from..until].fill(price.ln());
            }
        }
        Grid { first: first.day, days, log_price }
    }
}

/// Series × day matrix of one cell, row-major.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Grid {
    /// Day of column 0.
    pub first: Day,
    /// Number of columns.
    pub days: usize,
    /// ln(price per price unit), NaN where unknown; row r = r-th series of the cell.
    pub log_price: Vec<f64>,
}

impl Grid {
    /// One series.
    pub fn row(&self, r: usize) -> &[f64] {
        &self.log_price[r * self.days..(r + 1) * self.days]
    }

    /// Number of series.
    pub fn rows(&self) -> usize {
        self.log_price.len().checked_div(self.days).unwrap_or(0)
    }
}
