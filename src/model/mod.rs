//! Which words do we use? The types that travel between the rooms. Imports nothing of ours.

pub mod batch;
pub mod certificate;
mod excerpt;
pub mod finding;
pub mod history;
pub mod lead;
pub mod panel;
pub mod part;
pub mod rule;
pub mod screen;
pub mod table;
pub mod tender;
pub mod text;
pub mod time;

pub use batch::{Batch, Extra, Label};
pub use certificate::Certificate;
pub use finding::{CostExplained, Finding, Kind, Party, RowNote, Skip, Step, Strip, Subject};
pub use history::{Course, Decision, Level, Past, Status, Weekly};
pub use lead::{Check, Grade, Lead, State};
pub use panel::{Basis, Cell, CostPath, CreditCode, Grid, Item, MarketDay, Panel, PriceUnit, Seller, Series};
pub use part::{Part, Parts, Tested};
pub use rule::{
    Cap, CostDefence, DefenceState, Judged, Measure, Metric, Notice, NoticeState, NumberFrom, Observed, Over,
    PriceType, Rule, Sellers, Sheet, SourceRow, Statistic, TextStatus, Trade,
};
pub use screen::{Context, Knobs, Outcome, Param, Screen, Work};
pub use table::{Accounting, FileReport, Reject, RowRef, TableKind};
pub use tender::{Bid, Format, Placed, Tender, Tenders};
pub use text::{Lang, Text, masked};
pub use time::Day;
