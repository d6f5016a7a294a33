//! A market and its verdict; the groups told of it, one after the other.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::events::{Clock, Rise};
use super::joint::joint_rises;
use super::rises::Rises;
use super::scale::scales;
use super::synchronised_rises::{MAX_DRAWS, MAX_Q, MIN_ENTITIES, MIN_GROUP, MIN_JOINT};
use super::verdict::{DEAR, Question, Suspect, Verdict, verdict};
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
    /// See [`Rises::quiet`].
    quiet: Vec<Vec<bool>>,
    pub verdict: Verdict,
    once: bool,
}

/// A group that passed the test.
pub struct Case<'a> {
    pub panel: &'a Panel,
    pub candidate: &'a Candidate,
    pub suspect: &'a Suspect,
    pub knobs: &'a Knobs,
    /// q-value of the market, and how many were tested.
    pub q: f64,
    pub tested: usize,
    pub seed: u64,
}

impl Case<'_> {
    /// Its joint rises.
    pub fn joint_rises(&self) -> Vec<Vec<Rise>> {
        let entities: Vec<u32> = self.candidate.rises.keys().copied().collect();
        let group: Vec<u32> = self.suspect.group.members.iter().map(|m| entities[*m]).collect();
        joint_rises(&self.candidate.rises, &group, self.suspect.scale, self.knobs.get(&MIN_JOINT) as usize)
    }
}

/// Makes a finding of a group, if it stands.
pub type Telling = fn(&Case<'_>) -> Option<Finding>;

impl Candidate {
    /// Tests a market; `Err` where too few entities are left. `once`: see [`Question`].
    pub fn new(
        cells: Vec<usize>,
        clock: Clock,
        rises: BTreeMap<u32, Vec<Rise>>,
        quiet: Vec<Vec<bool>>,
        once: bool,
        context: &Context,
        knobs: &Knobs,
    ) -> Result<Candidate, Text> {
        if (rises.len() as f64) < knobs.get(&MIN_ENTITIES) {
            return Err(Text::new("独立经营者太少", "too few independent sellers"));
        }
        let market = Rises::of(&rises, clock.span, &quiet);
        let question = Question {
            min_joint: knobs.get(&MIN_JOINT) as usize,
            min_group: knobs.get(&MIN_GROUP) as usize,
            once,
            max_draws: knobs.get(&MAX_DRAWS) as u64,
            dear: DEAR,
            step: clock.step,
            calendar: clock.calendar(),
            seed: (context.seed, cells.first().map_or(0, |c| *c as u64)),
        };
        let verdict = verdict(&market, &scales(&market, clock.step), &question);
        Ok(Candidate { cells, clock, independent: rises.len(), rises, quiet, verdict, once })
    }

    /// The same market without the sellers of a finding.
    fn without(mut self, panel: &Panel, told: &Finding, context: &Context, knobs: &Knobs) -> Option<Candidate> {
        for s in &told.subject.series {
            self.rises.remove(&panel.entity(&panel.series[*s]));
        }
        let left = Candidate::new(self.cells, self.clock, self.rises, self.quiet, self.once, context, knobs).ok()?;
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
        let round: Vec<(Candidate, f64)> =
            candidates.into_iter().zip(benjamini_yekutieli(&p, outcome.examined)).collect();
        let strongest = |(candidate, q): (Candidate, f64)| {
            let groups = candidate.verdict.groups.iter().filter(|s| q.max(s.p) <= knobs.get(&MAX_Q));
            let case = |suspect| Case {
                panel,
                candidate: &candidate,
                suspect,
                knobs,
                q,
                tested: outcome.examined,
                seed: context.seed,
            };
            let finding = groups.map(case).find_map(|case| telling(&case))?;
            Some((candidate, finding))
        };
        let told: Vec<(Candidate, Finding)> = round.into_par_iter().filter_map(strongest).collect();
        outcome.findings.extend(told.iter().map(|(_, finding)| finding.clone()));
        candidates = told.into_par_iter().filter_map(|(c, f)| c.without(panel, &f, context, knobs)).collect();
    }
    outcome
}
