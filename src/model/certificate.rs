//! Certificates as recorded: one row each.

use super::{Day, RowRef};

/// One certificate of one holder.
#[derive(Clone, PartialEq, Debug)]
pub struct Certificate {
    /// Holder's id in capitals, or its name.
    pub seller: String,
    /// Holder's name, may be empty.
    pub name: String,
    /// Region as in the input, may be empty.
    pub region: String,
    /// Number, may be empty.
    pub number: String,
    /// Product it is for, may be empty.
    pub product: String,
    /// Standard it names, may be empty.
    pub standard: String,
    /// Certification body, may be empty.
    pub body: String,
    /// Whether the body may certify this; `None` = not stated.
    pub authorised: Option<bool>,
    /// First day.
    pub issued: Option<Day>,
    /// Last day.
    pub expires: Option<Day>,
    /// Go-between, may be empty.
    pub intermediary: String,
    /// Fee paid, `None` = unknown.
    pub fee: Option<f64>,
    /// Source row.
    pub row: RowRef,
}
