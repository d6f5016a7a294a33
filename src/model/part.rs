//! What a screen says of some cells before it knows the others.

use serde::{Deserialize, Serialize};

use super::{Finding, Knobs, Panel, RowRef, Skip, Subject};

/// How a screen works on parts of a panel: each is judged from a panel that holds its cells and nothing else, so that a
/// part can depend on nothing that its cells and the parameters do not say.
#[derive(Clone, Copy)]
pub struct Parts {
    /// Cells that must be seen together.
    pub groups: fn(&Panel, &Knobs) -> Vec<Vec<usize>>,
    /// Judges one group.
    pub examine: fn(&Panel, &Knobs) -> Part,
}

/// What one part gives.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Part {
    /// What could not be judged.
    pub skips: Vec<Skip>,
    /// What was judged.
    pub tested: Vec<Tested>,
}

/// One subject judged.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Tested {
    /// Against the screen's null, where it has one.
    pub p: Option<f64>,
    /// What to tell if q allows; `None` where nothing stands out whatever the others say.
    pub told: Option<Result<Finding, Skip>>,
}

impl Part {
    /// Under the numbers that cells and series have elsewhere, told by this screen.
    pub fn placed(mut self, screen: &'static str, cells: &[usize], series: &[usize]) -> Part {
        let place = |subject: &mut Subject| {
            subject.cell = subject.cell.map(|c| cells[c]);
            subject.series.iter_mut().for_each(|s| *s = series[*s]);
        };
        let skip = |k: &mut Skip| {
            k.screen = screen;
            place(&mut k.subject);
        };
        self.skips.iter_mut().for_each(skip);
        for told in self.tested.iter_mut().filter_map(|t| t.told.as_mut()) {
            match told {
                Err(k) => skip(k),
                Ok(finding) => {
                    finding.screen = screen;
                    place(&mut finding.subject);
                    finding.steps.iter_mut().for_each(|s| s.series = series[s.series]);
                }
            }
        }
        self
    }

    /// With other numbers for source files.
    pub fn with_rows(mut self, row: &dyn Fn(RowRef) -> RowRef) -> Part {
        for finding in self.tested.iter_mut().filter_map(|t| t.told.as_mut()?.as_mut().ok()) {
            finding.rows.iter_mut().for_each(|r| r.row = row(r.row));
        }
        self
    }
}
