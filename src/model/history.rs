//! Leads over the weeks.

use serde::{Deserialize, Serialize};

use super::{Day, Kind, Text};

/// Where a lead stands against the run before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Seen for the first time.
    New,
    /// Known, without much change.
    Continuing,
    /// Higher, wider, or back after it had gone.
    Worsened,
    /// Lower, narrower, or ended: an ended pattern stays eased.
    Eased,
    /// No longer found.
    Closed,
}

impl Status {
    /// The word in leads.csv.
    pub fn name(self) -> &'static str {
        match self {
            Status::New => "new",
            Status::Continuing => "continuing",
            Status::Worsened => "worsened",
            Status::Eased => "eased",
            Status::Closed => "closed",
        }
    }

    /// Chinese and English, as shown.
    pub fn words(self) -> Text {
        let (zh, en) = match self {
            Status::New => ("新增", "new"),
            Status::Continuing => ("持续", "continuing"),
            Status::Worsened => ("加重", "worsened"),
            Status::Eased => ("缓和", "eased"),
            Status::Closed => ("消失", "closed"),
        };
        Text::new(zh, en)
    }
}

/// A lead as a week recorded it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Past {
    /// Its id, kept over the weeks.
    pub id: String,
    /// Kind.
    pub kind: Kind,
    /// Region, good, unit and price type it is about.
    pub cell: String,
    /// Region as in the input.
    pub region: String,
    /// Product as in the input.
    pub product: String,
    /// Seller ids.
    pub sellers: Vec<String>,
    /// Seller names, in the same order.
    pub names: Vec<String>,
    /// First day of the pattern.
    pub first_day: Day,
    /// Last day of the pattern.
    pub last_day: Day,
    /// Price observed.
    pub observed_price: Option<f64>,
    /// Rise over the reference in percent.
    pub increase_pct: Option<f64>,
    /// Money above the allowed price.
    pub excess_amount: Option<f64>,
    /// Legal rules reached.
    pub rules: Vec<String>,
    /// Status as of that week.
    pub status: Status,
    /// Day since which the status holds: for `continuing` the day the lead was first seen.
    pub since: Day,
    /// Analysis date on which it was first seen.
    pub first_seen: Day,
    /// Analysis date on which it was last found.
    pub last_seen: Day,
    /// Whether its pattern had ended.
    pub ended: bool,
    /// Kept off the list: excluded by staff, nothing new.
    pub quiet: bool,
    /// Whether it passed the level of some week (see `stats::online_fdr`).
    pub discovered: bool,
}

/// A staff decision as shown beside a lead.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// 已核查, 立案, 排除.
    pub status: Text,
    /// Remark.
    pub note: String,
    /// Day of a notice.
    pub notice_date: Option<Day>,
    /// Who decided.
    pub by: String,
}

/// What the weeks add to a lead.
#[derive(Clone, PartialEq, Debug)]
pub struct Course {
    /// Against the run before.
    pub status: Status,
    /// See [`Past::since`].
    pub since: Day,
    /// What changed, may be empty.
    pub note: Text,
    /// Whether it passes the weekly level; `None` where it has no p-value.
    pub discovered: Option<bool>,
    /// The last decision on it.
    pub decision: Option<Decision>,
}

/// The level of one kind of lead this week.
#[derive(Clone, PartialEq, Debug)]
pub struct Level {
    /// Kind.
    pub kind: Kind,
    /// Weeks so far, this one included.
    pub week: usize,
    /// Overall level over all weeks.
    pub total: f64,
    /// Level of this week.
    pub alpha: f64,
    /// Wealth it is drawn from.
    pub wealth: f64,
    /// Hypotheses tested this week.
    pub tested: usize,
    /// Discoveries among them.
    pub found: usize,
    /// Discoveries of all weeks.
    pub found_before: usize,
}

/// What a run on a casebook adds to a report.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Weekly {
    /// Analysis date of the run before.
    pub previous: Option<Day>,
    /// Leads that are gone since.
    pub closed: Vec<Past>,
    /// Excluded leads without news.
    pub quiet: Vec<Past>,
    /// Weekly levels by kind.
    pub levels: Vec<Level>,
}
