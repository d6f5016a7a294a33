//! Which words do we use? The types that travel between the rooms. Imports nothing of ours.

pub mod batch;
pub mod finding;
pub mod lead;
pub mod panel;
pub mod screen;
pub mod table;
pub mod text;
pub mod time;

pub use batch::{Batch, Label};
pub use finding::{CostExplained, Finding, Kind, RowNote, Skip, Step, Subject};
pub use lead::{Check, Grade, Lead, State};
pub use panel::{Basis, Cell, CostPath, CreditCode, Grid, Item, MarketDay, Panel, PriceUnit, Seller, Series};
pub use screen::{Context, Knobs, Outcome, Param, Screen};
pub use table::{Accounting, FileReport, Reject, RowRef, TableKind};
pub use text::{Lang, Text};
pub use time::Day;
