#![doc = include_str!("identical_bids.md")]

use super::features::significant_digits;
use super::shared::{of_one, skip};
use crate::model::*;

const MIN_DIGITS: Param = Param {
    name: "min_digits",
    default: 5.0,
    unit: "digit",
    range: (1.0, 15.0),
    source: "two firms meet on 120,000 by chance, hardly on 123,456",
};

/// The card.
pub const SCREEN: Screen = Screen {
    id: "identical-bids",
    kind: Kind::Tender,
    title: ("相同报价", "Identical bids"),
    page: include_str!("identical_bids.md"),
    params: &[MIN_DIGITS],
    leads_alone: true,
    work: Work::Whole(run),
};

fn run(panel: &Panel, _: &Context, knobs: &Knobs) -> Outcome {
    let all = &panel.tenders;
    let mut outcome = Outcome::default();
    for t in &all.list {
        if t.bids.len() < 2 {
            outcome.skips.push(skip(&SCREEN, "只有一个报价", "one bid only"));
            continue;
        }
        outcome.examined += 1;
        outcome.findings.extend(finding(all, t, knobs));
    }
    outcome.findings.iter_mut().for_each(|f| f.tested = outcome.examined);
    outcome
}

/// The amount said by most bidders, where it has enough digits. One bidder's two bids are not two bidders'.
fn finding(all: &Tenders, t: &Tender, knobs: &Knobs) -> Option<Finding> {
    let equal = |a: &usize, b: &usize| all.amount[*a] == all.amount[*b];
    let bids: Vec<usize> = t.bids.clone().collect();
    let bidders = |run: &&[usize]| {
        let mut of: Vec<Option<u32>> = run.iter().map(|b| all.bidder[*b]).collect();
        of.dedup_by(|a, b| a.is_some() && a == b);
        of.len()
    };
    let said = bids
        .chunk_by(equal)
        .filter(|run| bidders(run) > 1 && significant_digits(all.amount[run[0]]) >= knobs.get(&MIN_DIGITS));
    let run = said.max_by_key(bidders)?;
    let (n, amount, digits) = (bidders(&run), all.amount[run[0]], significant_digits(all.amount[run[0]]));
    let reason = Text::new(
        format!("{n} 家报出同一金额 {amount}（{digits:.0} 位有效数字）。"),
        format!("{n} bidders name the same amount, {amount} ({digits:.0} significant digits)."),
    );
    let mut f = of_one(&SCREEN, all, t, reason);
    (f.measured, f.threshold, f.unit) = (n as f64, 2.0, "bidders".into());
    f.basis = "OECD 2012 guidelines for fighting bid rigging; Mund 1960".into();
    f.facts = vec![("same_amount", amount, String::new()), ("significant_digits", digits, String::new())];
    f.score = n as f64 / t.bids.len() as f64;
    Some(f)
}
