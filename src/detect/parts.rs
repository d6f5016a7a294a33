//! A screen over a whole panel: at once, or part by part with q-values when all parts are together.

use rayon::prelude::*;

use crate::model::*;
use crate::stats::fdr::benjamini_hochberg;

/// Gives the part of some cells: kept from an earlier run, or from what it is told to compute.
pub type Kept<'a> = dyn Fn(&[usize], &dyn Fn() -> Part) -> Part + Sync + 'a;

/// What a screen says of a panel.
pub fn run(screen: &Screen, panel: &Panel, context: &Context, knobs: &Knobs) -> Outcome {
    run_kept(screen, panel, context, knobs, &|_, judge| judge())
}

/// The same, asking first for parts that are kept.
pub fn run_kept(screen: &Screen, panel: &Panel, context: &Context, knobs: &Knobs, kept: &Kept<'_>) -> Outcome {
    let by_parts = match screen.work {
        Work::Whole(run) => return run(panel, context, knobs),
        Work::ByParts(parts) => parts,
    };
    let groups = (by_parts.groups)(panel, knobs);
    let part = |cells: &Vec<usize>| {
        let judged = kept(cells, &|| (by_parts.examine)(&panel.excerpt(cells), knobs));
        let series: Vec<usize> = cells.iter().flat_map(|c| panel.cells[*c].series.clone()).collect();
        judged.placed(screen.id, cells, &series)
    };
    let max_q = screen.params.iter().find(|p| p.name == "max_q").map_or(1.0, |p| knobs.get(p));
    join(groups.par_iter().map(part).collect(), max_q)
}

/// Each cell by itself.
pub fn by_cell(panel: &Panel, _: &Knobs) -> Vec<Vec<usize>> {
    (0..panel.cells.len()).map(|c| vec![c]).collect()
}

/// Parts put together: Benjamini–Hochberg over every p of the run; what passes `max_q`, or has no p, is told.
fn join(parts: Vec<Part>, max_q: f64) -> Outcome {
    let mut outcome = Outcome::default();
    let mut all = Vec::new();
    for part in parts {
        outcome.skips.extend(part.skips);
        all.extend(part.tested);
    }
    outcome.examined = all.len();
    let p: Vec<f64> = all.iter().filter_map(|t| t.p).collect();
    let mut q = benjamini_hochberg(&p, p.len()).into_iter();
    for Tested { p: own, told } in all {
        let q = own.and_then(|_| q.next());
        match told.filter(|_| q.is_none_or(|q| q <= max_q)) {
            Some(Ok(finding)) => {
                let tested = if own.is_some() { p.len() } else { 0 };
                outcome.findings.push(Finding { p_value: own, q_value: q, tested, ..finding });
            }
            Some(Err(skip)) => outcome.skips.push(skip),
            None => {}
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(p: Option<f64>) -> Part {
        let told = Err(Skip { screen: "x", subject: Subject::of(0, vec![0]), reason: Text::default() });
        Part { skips: Vec::new(), tested: vec![Tested { p, told: Some(told) }] }
    }

    /// 0.03 alone passes at 0.05; among three with two others at 1 its q is 0.09. What has no p is always told.
    #[test]
    fn q_belongs_to_the_whole_run() {
        assert_eq!(join(vec![part(Some(0.03))], 0.05).skips.len(), 1);
        let of_three = join(vec![part(Some(0.03)), part(Some(1.0)), part(Some(1.0))], 0.05);
        assert_eq!((of_three.examined, of_three.skips.len()), (3, 0));
        let without = join(vec![part(None), part(Some(0.9))], 0.05);
        assert_eq!((without.examined, without.skips.len()), (2, 1));
    }
}
