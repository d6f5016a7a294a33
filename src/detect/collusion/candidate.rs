//! A market and its verdict; the groups told of it, one after the other.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::events::{Clock, Rise};
use super::rises::Rises;
use super::scale::scales;
use super::synchronised_rises::{MAX_DRAWS, MAX_Q, MIN_ENTITIES, MIN_GROUP, MIN_JOINT};
use super::verdict::{Question, Suspect, Verdict, verdict};
use crate::model::*;
use crate::stats::fdr::benjamini_yekutieli;

/// A market tested.
pub struct Candidate {
    /// Its cells.
    pub cells: Vec<usize>,
    pub clock: Clock,
    /// Independent sellers, with those told before.
    pub independent: usize,
    /// By entity.
    pub rises: BTreeMap<u32, Vec<Rise>>,
    pub verdict: Verdict,
}

/// Makes a finding of a group, if it stands; with the q-value and the number of tests.
pub type Telling = fn(&Panel, &Candidate, &Suspect, &Knobs, f64, usize) -> Option<Finding>;

impl Candidate {
    /// Tests a market; `Err` where too few entities are left. `once`: see [`Question`].
    pub fn new(
        cells: Vec<usize>,
        clock: Clock,
        rises: BTreeMap<u32, Vec<Rise>>,
        once: bool,
        context: &Context,
        knobs: &Knobs,
    ) -> Result<Candidate, Text> {
        if (rises.len() as f64) < knobs.get(&MIN_ENTITIES) {
            return Err(Text::new("独立经营者太少", "too few independent sellers"));
        }
        let market = Rises::of(&rises, clock.span);
        let question = Question {
            min_joint: knobs.get(&MIN_JOINT) as usize,
            min_group: knobs.get(&MIN_GROUP) as usize,
            once,
            max_draws: knobs.get(&MAX_DRAWS) as u64,
            step: clock.step,
            calendar: clock.calendar(),
            seed: (context.seed, cells.first().map_or(0, |c| *c as u64)),
        };
        let verdict = verdict(&market, &scales(&market, clock.step), &question);
        Ok(Candidate { cells, clock, independent: rises.len(), rises, verdict })
    }

    /// Numbers of its entities, in order.
    pub fn entities(&self) -> Vec<u32> {
        self.rises.keys().copied().collect()
    }

    /// The same market without the sellers of a finding.
    fn without(mut self, panel: &Panel, told: &Finding, context: &Context, knobs: &Knobs) -> Option<Candidate> {
        for s in &told.subject.series {
            self.rises.remove(&panel.entity(&panel.series[*s]));
        }
        let left = Candidate::new(self.cells, self.clock, self.rises, false, context, knobs).ok()?;
        Some(Candidate { independent: self.independent, ..left })
    }
}

/// The groups of these markets: of each the strongest that stands, then of what is left without it, as long as there is
/// one. A later group is tested only where the one before was found, at the same level (a fixed sequence: Maurer,
/// Hothorn & Lehmacher 1995); over markets Benjamini & Yekutieli 2001, with all of them counted in every round.
pub fn outcome(
    panel: &Panel,
    found: Vec<Result<Candidate, Skip>>,
    telling: Telling,
    context: &Context,
    knobs: &Knobs,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut candidates = Vec::new();
    for result in found {
        match result {
            Ok(candidate) => candidates.push(candidate),
            Err(skip) => outcome.skips.push(skip),
        }
    }
    outcome.examined = candidates.len();
    while !candidates.is_empty() {
        let p: Vec<f64> = candidates.iter().map(|c| c.verdict.p).collect();
        let round = candidates.into_iter().zip(benjamini_yekutieli(&p, outcome.examined));
        let told: Vec<(Candidate, Finding)> = round
            .filter_map(|(candidate, q)| {
                let groups = candidate.verdict.groups.iter().filter(|s| q.max(s.p) <= knobs.get(&MAX_Q));
                let mut standing = groups.filter_map(|s| telling(panel, &candidate, s, knobs, q, outcome.examined));
                let finding = standing.next()?;
                drop(standing);
                Some((candidate, finding))
            })
            .collect();
        outcome.findings.extend(told.iter().map(|(_, finding)| finding.clone()));
        candidates = told.into_par_iter().filter_map(|(c, f)| c.without(panel, &f, context, knobs)).collect();
    }
    outcome
}
