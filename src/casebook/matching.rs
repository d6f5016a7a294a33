//! Which lead of this week is which of the last? Ids hash the first day and the members, which may shift; so leads are matched
//! by kind, sellers, cell and overlapping windows, and keep the older id.

use std::collections::BTreeSet;

use crate::model::{Day, Kind, Past, Status, Text};

/// Windows this far apart (the hold of a posted price) may still be one pattern.
const GAP_DAYS: i32 = 28;
/// A rise that moves by this many percentage points is news.
const NEWS_POINTS: f64 = 5.0;
/// A pattern whose last day lies this far back has ended.
const ENDED_DAYS: i32 = 14;

/// For each new lead, the position of the old one it continues. Best pairs first; each old lead is used once.
pub fn pair(old: &[Past], new: &[Past]) -> Vec<Option<usize>> {
    let mut pairs: Vec<(Likeness, usize, usize)> = Vec::new();
    for (n, now) in new.iter().enumerate() {
        pairs.extend(old.iter().enumerate().filter_map(|(o, was)| Some((likeness(was, now)?, o, n))));
    }
    let key = |p: &(Likeness, usize, usize)| (old[p.1].id.clone(), new[p.2].id.clone());
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| key(a).cmp(&key(b))));
    let (mut of, mut used) = (vec![None; new.len()], BTreeSet::new());
    for (_, o, n) in pairs {
        if of[n].is_none() && used.insert(o) {
            of[n] = Some(o);
        }
    }
    of
}

/// Same id, shared sellers in thousandths of all, same cell, days the windows share.
type Likeness = (bool, u32, bool, i32);

fn likeness(was: &Past, now: &Past) -> Option<Likeness> {
    if was.kind != now.kind || was.region != now.region {
        return None;
    }
    let a: BTreeSet<&String> = was.sellers.iter().collect();
    let b: BTreeSet<&String> = now.sellers.iter().collect();
    let (shared, all) = (a.intersection(&b).count(), a.union(&b).count());
    let same_rule = a == b && was.rules.iter().any(|r| now.rules.contains(r));
    // Groups that move together in several goods are told by the good of most joint rises, which may change.
    let same_group = now.kind == Kind::Collusion && 3 * shared >= 2 * all;
    let apart = now.first_day.0.max(was.first_day.0) - now.last_day.0.min(was.last_day.0);
    let same_case = was.cell == now.cell || same_rule || same_group;
    let fits = 2 * shared >= a.len().min(b.len()).max(1) && same_case && apart <= GAP_DAYS;
    (was.id == now.id || fits).then(|| {
        let thousandths = (1000 * shared / all.max(1)) as u32;
        (was.id == now.id, thousandths, was.cell == now.cell, -apart)
    })
}

/// Whether a pattern had ended by a day. A joint rise is dated by its rises, and never ends in this sense.
pub fn ended(kind: Kind, last_day: Day, as_of: Day) -> bool {
    matches!(kind, Kind::Gouging | Kind::PriceFraud) && last_day.0 + ENDED_DAYS < as_of.0
}

/// What has become larger and what smaller between two states of one lead, in words.
pub fn changes(was: &Past, now: &Past) -> (Vec<Text>, Vec<Text>) {
    let (mut worse, mut better) = (Vec::new(), Vec::new());
    let names = |of: &Past, without: &Past| -> Vec<String> {
        let all = of.sellers.iter().zip(&of.names);
        all.filter(|(id, _)| !without.sellers.contains(id)).map(|(_, name)| name.clone()).collect()
    };
    let (joined, left) = (names(now, was), names(was, now));
    if !joined.is_empty() {
        worse.push(Text::new(format!("新增经营者 {}", joined.join("、")), format!("joined by {}", joined.join(", "))));
    }
    if !left.is_empty() {
        better.push(Text::new(format!("不再包括 {}", left.join("、")), format!("no longer with {}", left.join(", "))));
    }
    if let (Some(a), Some(b)) = (was.increase_pct, now.increase_pct)
        && (a - b).abs() >= NEWS_POINTS
    {
        let text = Text::new(format!("涨幅 {a:.1} % → {b:.1} %"), format!("rise {a:.1} % → {b:.1} %"));
        if b > a { worse.push(text) } else { better.push(text) }
    }
    let rules: Vec<&str> = now.rules.iter().filter(|r| !was.rules.contains(r)).map(String::as_str).collect();
    if !rules.is_empty() {
        worse.push(Text::new(
            format!("新触及规则 {}", rules.join("、")),
            format!("rules newly reached: {}", rules.join(", ")),
        ));
    }
    if was.ended && !now.ended {
        worse.push(Text::new("停止后又出现", "back after it had ended"));
    }
    if now.ended && !was.ended {
        better.push(no_longer(now.last_day));
    }
    (worse, better)
}

/// A pattern has ended.
fn no_longer(day: Day) -> Text {
    Text::new(format!("{day} 之后不再高出"), format!("no longer above after {day}"))
}

/// Status and words of a lead that was there before.
pub fn judge(was: &Past, now: &Past) -> (Status, Text) {
    let (mut worse, better) = changes(was, now);
    if was.status == Status::Closed {
        worse.push(Text::new("消失后又出现", "back after it had gone"));
    }
    if worse.is_empty() && better.is_empty() && now.ended {
        // A pattern that has ended goes on in nothing: it stays eased.
        return (Status::Eased, no_longer(now.last_day));
    }
    let status = match (worse.is_empty(), better.is_empty()) {
        (false, _) => Status::Worsened,
        (true, false) => Status::Eased,
        (true, true) => Status::Continuing,
    };
    (status, joined(worse.into_iter().chain(better)))
}

/// Statements one after the other.
pub fn joined(texts: impl Iterator<Item = Text>) -> Text {
    let all: Vec<Text> = texts.collect();
    let list = |of: fn(&Text) -> &String, by: &str| all.iter().map(|t| of(t).as_str()).collect::<Vec<_>>().join(by);
    Text::new(list(|t| &t.zh, "；"), list(|t| &t.en, "; "))
}
