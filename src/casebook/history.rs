//! Leads over the weeks: one file per analysis date. A run looks back to the latest date before its own, so that running a
//! date again gives the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::ledger::{Disposition, Snapshot, Standing};
use super::matching::{changes, ended, joined, judge, pair};
use super::write_whole;
use crate::model::{Course, Day, Decision, Kind, Level, Past, Status, Text, Weekly};
use crate::stats::online_fdr::{Batch, discoveries, next_level};

/// Overall false-discovery level over all weeks, the level of each run's own control.
pub const TOTAL: f64 = 0.05;

/// What one analysis date left.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Week {
    /// Analysis date.
    pub as_of: Day,
    /// Leads, those gone included.
    pub leads: Vec<Past>,
    /// Tests of all weeks up to this, by kind of lead.
    pub batches: BTreeMap<String, Vec<Batch>>,
}

/// A lead as found, before the weeks say what it is.
pub struct Found {
    /// As of now; id, status, since … are settled by [`follow`].
    pub past: Past,
    /// Its p-value, if it has one.
    pub p_value: Option<f64>,
}

/// Reads the latest week before a day (of all, where none is given).
pub fn before(casebook: &Path, day: Option<Day>) -> Result<Option<Week>> {
    let folder = casebook.join("history");
    if !folder.exists() {
        return Ok(None);
    }
    let mut best: Option<(Day, std::path::PathBuf)> = None;
    for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(date) = name.parse().ok().and_then(Day::from_date) else { continue };
        let json = path.extension().is_some_and(|e| e == "json");
        if json && day.is_none_or(|d| date < d) && best.as_ref().is_none_or(|b| date > b.0) {
            best = Some((date, path));
        }
    }
    let Some((_, path)) = best else { return Ok(None) };
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(Some(serde_json::from_str(&text).with_context(|| path.display().to_string())?))
}

/// Keeps a week.
pub fn keep(casebook: &Path, week: &Week) -> Result<()> {
    let path = casebook.join("history").join(format!("{}.json", week.as_of));
    write_whole(&path, &serde_json::to_vec_pretty(week)?)
}

/// Matches what was found with the week before, and settles ids, statuses, decisions and weekly levels. `tested` says how
/// many hypotheses each kind of lead tested. Gives a course for each lead found (`None` = keep quiet) and its id.
pub fn follow(
    previous: Option<&Week>,
    found: Vec<Found>,
    as_of: Day,
    decided: &[&Disposition],
    tested: &BTreeMap<Kind, usize>,
) -> (Week, Vec<(String, Option<Course>)>, Weekly) {
    let old = previous.map_or(&[][..], |w| &w.leads);
    let (mut leads, p): (Vec<Past>, Vec<Option<f64>>) = found.into_iter().map(|f| (f.past, f.p_value)).unzip();
    for lead in &mut leads {
        lead.ended = ended(lead.kind, lead.last_day, as_of);
    }
    let of = pair(old, &leads);
    let mut notes = Vec::new();
    for (lead, was) in leads.iter_mut().zip(&of) {
        notes.push(settle(lead, was.map(|o| &old[o]), as_of));
    }
    rename_twins(&mut leads, &of, old);
    let (batches, levels) = levels(previous, &mut leads, &p, tested);
    let mut weekly = Weekly { previous: previous.map(|w| w.as_of), levels, ..Weekly::default() };
    let mut courses = Vec::new();
    for ((lead, note), p) in leads.iter_mut().zip(notes).zip(&p) {
        let last = decided.iter().rev().find(|d| d.lead == lead.id && d.seen.as_of <= as_of);
        let (quiet, note) = respect(lead, last.copied(), note);
        lead.quiet = quiet;
        let course = Course {
            status: lead.status,
            since: lead.since,
            note,
            discovered: p.map(|_| lead.discovered),
            decision: last.map(|d| decision(d)),
        };
        courses.push((lead.id.clone(), (!quiet).then_some(course)));
    }
    weekly.quiet = leads.iter().filter(|l| l.quiet).cloned().collect();
    let matched: BTreeSet<usize> = of.into_iter().flatten().collect();
    for (_, was) in old.iter().enumerate().filter(|(o, _)| !matched.contains(o)) {
        let mut gone = was.clone();
        if gone.status != Status::Closed {
            (gone.status, gone.since) = (Status::Closed, as_of);
            if !gone.quiet {
                weekly.closed.push(gone.clone());
            }
        }
        leads.push(gone);
    }
    leads.sort_by(|a, b| a.id.cmp(&b.id));
    (Week { as_of, leads, batches }, courses, weekly)
}

/// Id, status and dates of one lead found; what changed, in words.
fn settle(lead: &mut Past, was: Option<&Past>, as_of: Day) -> Text {
    lead.last_seen = as_of;
    let Some(was) = was else {
        (lead.status, lead.since, lead.first_seen) = (Status::New, as_of, as_of);
        return Text::default();
    };
    let (status, note) = judge(was, lead);
    lead.id.clone_from(&was.id);
    lead.first_seen = was.first_seen;
    lead.discovered = was.discovered;
    lead.status = status;
    lead.since = match status {
        Status::Continuing => was.first_seen,
        Status::Eased if lead.ended && was.ended && was.status == Status::Eased => was.since,
        _ => as_of,
    };
    note
}

/// A new lead whose id an older one already bears (two patterns of one seller beginning on one day) gets a number.
fn rename_twins(leads: &mut [Past], of: &[Option<usize>], old: &[Past]) {
    let mut taken: BTreeSet<String> = old.iter().map(|l| l.id.clone()).collect();
    for (lead, _) in leads.iter_mut().zip(of).filter(|(_, of)| of.is_none()) {
        let first = lead.id.clone();
        let mut n = 2;
        while !taken.insert(lead.id.clone()) {
            lead.id = format!("{first}-{n}");
            n += 1;
        }
    }
}

/// The weekly level of each kind, and which of the leads not yet discovered pass it.
fn levels(
    previous: Option<&Week>,
    leads: &mut [Past],
    p: &[Option<f64>],
    tested: &BTreeMap<Kind, usize>,
) -> (BTreeMap<String, Vec<Batch>>, Vec<Level>) {
    let mut batches = previous.map(|w| w.batches.clone()).unwrap_or_default();
    let mut out = Vec::new();
    for (&kind, &all) in tested {
        let past = batches.entry(kind.name().to_owned()).or_default();
        let known = leads.iter().filter(|l| l.kind == kind && l.discovered).count();
        let open: Vec<usize> =
            (0..leads.len()).filter(|&i| leads[i].kind == kind && !leads[i].discovered && p[i].is_some()).collect();
        let tested = all.saturating_sub(known).max(open.len());
        let Some((alpha, wealth)) = next_level(past, tested, TOTAL) else { continue };
        let alpha = rounded(alpha);
        let mut values: Vec<(f64, usize)> = open.into_iter().map(|i| (p[i].unwrap_or(1.0), i)).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| leads[a.1].id.cmp(&leads[b.1].id)));
        let list: Vec<f64> = values.iter().map(|v| v.0).collect();
        let (found, most) = discoveries(&list, tested, alpha);
        values[..found].iter().for_each(|v| leads[v.1].discovered = true);
        let found_before = past.iter().map(|b| b.found).sum();
        past.push(Batch { alpha, tested, found, most });
        out.push(Level { kind, week: past.len(), total: TOTAL, alpha, wealth, tested, found, found_before });
    }
    (batches, out)
}

/// Ten digits: what is read back is what was written.
fn rounded(value: f64) -> f64 {
    format!("{value:.10e}").parse().unwrap_or(value)
}

fn decision(d: &Disposition) -> Decision {
    let (zh, en) = d.status.words();
    let by = d.by.clone().unwrap_or_default();
    Decision { status: Text::new(zh, en), note: d.note.clone(), notice_date: d.notice_date, by }
}

/// An excluded lead stays quiet unless it shows more than when it was excluded; then it says what.
fn respect(lead: &mut Past, last: Option<&Disposition>, note: Text) -> (bool, Text) {
    let Some(d) = last.filter(|d| d.status == Standing::Excluded) else { return (false, note) };
    let was = excluded(lead, &d.seen);
    let (worse, _) = changes(&was, lead);
    if worse.is_empty() {
        return (true, note);
    }
    let news = joined(worse.into_iter());
    if lead.status != Status::New {
        lead.status = Status::Worsened;
        lead.since = lead.last_seen;
    }
    (false, Text::new(format!("排除之后有新情况：{}", news.zh), format!("new since it was excluded: {}", news.en)))
}

/// The lead as it was when it was excluded.
fn excluded(lead: &Past, seen: &Snapshot) -> Past {
    Past {
        sellers: seen.sellers.clone(),
        names: seen.sellers.clone(),
        last_day: seen.last_day,
        increase_pct: seen.increase_pct,
        excess_amount: seen.excess_amount,
        rules: seen.rules.clone(),
        ended: ended(lead.kind, seen.last_day, seen.as_of),
        ..lead.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(id: &str, sellers: &[&str], first: i32, last: i32, rise: f64) -> Past {
        let sellers: Vec<String> = sellers.iter().map(|s| (*s).to_owned()).collect();
        Past {
            id: id.into(),
            kind: if sellers.len() > 1 { Kind::Collusion } else { Kind::Gouging },
            cell: "Posted|r|口罩|只".into(),
            region: "r".into(),
            product: "口罩".into(),
            names: sellers.clone(),
            sellers,
            first_day: Day(first),
            last_day: Day(last),
            observed_price: None,
            increase_pct: Some(rise),
            excess_amount: None,
            rules: Vec::new(),
            status: Status::New,
            since: Day(0),
            first_seen: Day(0),
            last_seen: Day(0),
            ended: false,
            quiet: false,
            discovered: false,
        }
    }

    fn week(
        previous: Option<&Week>,
        leads: Vec<Past>,
        day: i32,
        decided: &[&Disposition],
    ) -> (Week, Vec<(String, Option<Course>)>, Weekly) {
        let found = leads.into_iter().map(|past| Found { past, p_value: Some(1e-6) }).collect();
        follow(previous, found, Day(day), decided, &BTreeMap::from([(Kind::Gouging, 10), (Kind::Collusion, 2)]))
    }

    fn status(all: &[(String, Option<Course>)], id: &str) -> Option<(Status, Day)> {
        all.iter().find(|c| c.0 == id)?.1.as_ref().map(|c| (c.status, c.since))
    }

    /// First days shift, a group gains a member, a rise grows, eases, goes and comes back: one id throughout.
    #[test]
    fn one_id_over_the_weeks() {
        let (w1, c1, _) =
            week(None, vec![lead("G1", &["a"], 100, 110, 40.0), lead("C1", &["b", "c", "d"], 90, 110, 20.0)], 112, &[]);
        assert_eq!(status(&c1, "G1"), Some((Status::New, Day(112))));
        let (w2, c2, _) = week(
            Some(&w1),
            vec![lead("G9", &["a"], 99, 117, 41.0), lead("C9", &["b", "c", "d", "e"], 90, 117, 20.0)],
            119,
            &[],
        );
        assert_eq!(status(&c2, "G1"), Some((Status::Continuing, Day(112))));
        assert_eq!(status(&c2, "C1"), Some((Status::Worsened, Day(119))));
        let (w3, c3, weekly) = week(Some(&w2), vec![lead("G8", &["a"], 99, 124, 55.0)], 126, &[]);
        assert_eq!(status(&c3, "G1"), Some((Status::Worsened, Day(126))));
        assert_eq!(weekly.closed.iter().map(|l| l.id.as_str()).collect::<Vec<_>>(), ["C1"]);
        let (w4, c4, weekly) = week(
            Some(&w3),
            vec![lead("G7", &["a"], 99, 124, 55.0), lead("C7", &["b", "c", "d"], 92, 131, 20.0)],
            140,
            &[],
        );
        assert_eq!(status(&c4, "G1"), Some((Status::Eased, Day(140))), "ended");
        assert_eq!(status(&c4, "C1"), Some((Status::Worsened, Day(140))), "back");
        assert!(weekly.closed.is_empty());
        assert_eq!(w4.leads.len(), 2);
        let (_, c5, _) = week(Some(&w4), vec![lead("G7", &["a"], 99, 124, 55.0)], 147, &[]);
        assert_eq!(status(&c5, "G1"), Some((Status::Eased, Day(140))), "and stays so");
    }

    #[test]
    fn excluded_is_quiet_until_something_is_new() {
        let (w1, ..) = week(None, vec![lead("G1", &["a"], 100, 110, 40.0)], 112, &[]);
        let seen = Snapshot {
            as_of: Day(112),
            sellers: vec!["a".into()],
            last_day: Day(110),
            increase_pct: Some(40.0),
            ..Snapshot::default()
        };
        let d = Disposition {
            lead: "G1".into(),
            status: Standing::Excluded,
            note: "长期促销结束".into(),
            notice_date: None,
            by: None,
            when: None,
            seen,
        };
        let (w2, c2, weekly) = week(Some(&w1), vec![lead("G2", &["a"], 100, 117, 42.0)], 119, &[&d]);
        assert_eq!((status(&c2, "G1"), weekly.quiet.len()), (None, 1));
        let (w3, c3, _) = week(Some(&w2), vec![lead("G2", &["a"], 100, 124, 44.9)], 126, &[&d]);
        assert_eq!(status(&c3, "G1"), None, "small weekly steps do not add up unseen: measured from the decision");
        let (_, c4, _) = week(Some(&w3), vec![lead("G2", &["a"], 100, 131, 46.0)], 133, &[&d]);
        let course = c4[0].1.as_ref().unwrap();
        assert_eq!(course.status, Status::Worsened);
        assert!(course.note.zh.contains("排除之后有新情况：涨幅 40.0 % → 46.0 %"), "{}", course.note.zh);
        let checked = Disposition { status: Standing::Checked, ..d };
        let (_, c, _) = week(Some(&w1), vec![lead("G2", &["a"], 100, 117, 42.0)], 119, &[&checked]);
        assert_eq!(c[0].1.as_ref().unwrap().decision.as_ref().unwrap().status.zh, "已核查");
    }

    /// Running a date again gives the same, and a lead is discovered once.
    #[test]
    fn a_week_again_is_the_same_week() {
        let leads = || vec![lead("G1", &["a"], 100, 110, 40.0)];
        let (w1, ..) = week(None, leads(), 112, &[]);
        let (w2, ..) = week(Some(&w1), leads(), 119, &[]);
        let (again, ..) = week(Some(&w1), leads(), 119, &[]);
        assert_eq!(w2, again);
        let found: Vec<usize> = w2.batches["gouging"].iter().map(|b| b.found).collect();
        assert_eq!(found, [1, 0]);
        let folder = tempfile::tempdir().unwrap();
        keep(folder.path(), &w1).unwrap();
        keep(folder.path(), &w2).unwrap();
        assert_eq!(before(folder.path(), Some(Day(119))).unwrap(), Some(w1));
        assert_eq!(before(folder.path(), None).unwrap(), Some(w2));
    }
}
