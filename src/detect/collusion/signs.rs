//! Signs beside the test: what else sellers that agree would show, each against groups of as many sellers of the
//! market drawn at random (collusion markers: Harrington 2008; Abrantes-Metz, Froeb, Geweke & Taylor 2006).
//! They describe a group that the test has found and decide nothing.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::events::Rise;
use super::markers::{Market, company, held, same_price, share_changes, spread, stood};
use super::order::in_all_waves;
use super::rises::Alike;
use crate::model::{Cell, Lang, Panel, Sheet, Text};
use crate::stats::concordance::kendall_w;
use crate::stats::robust::median;

/// Groups drawn.
const GROUPS: usize = 499;

/// What a sign is, and what it says where it stands out.
struct Sign {
    name: (&'static str, &'static str),
    so: (&'static str, &'static str),
    /// Whether concerted conduct makes it high, or low.
    high: bool,
    /// Groups alike in these are found by what makes the sign, too: it is shown of them, and says nothing more.
    comes_with: &'static [Alike],
}

/// Measured on rows of the cell.
type Measured = fn(&Market<'_>, &[usize]) -> Option<f64>;

const SIGNS: [(Sign, Measured); 6] = [
    (
        Sign {
            name: ("同步涨价以来彼此价差，为此前的 %", "spread of their prices since, % of before"),
            so: ("彼此价差收窄", "their prices drew together"),
            high: false,
            comes_with: &[Alike::Level],
        },
        spread,
    ),
    (
        Sign {
            name: (
                "两两同价的天数 %，减去各自价位习惯所致",
                "days at one price, two by two, %, less what their own price points give",
            ),
            so: ("同价天数超出各自习惯", "at one price beyond their own price points"),
            high: true,
            comes_with: &[Alike::Level],
        },
        same_price,
    ),
    (
        Sign {
            name: ("涨后价格保持不变的天数（至多 28）", "days a raised price stood unchanged (28 at most)"),
            so: ("涨后价格久不变动", "raised prices stood unchanged for long"),
            high: true,
            comes_with: &[],
        },
        stood,
    ),
    (
        Sign {
            name: ("涨后 28 天价格未回落的，%", "rises not taken back after 28 days, %"),
            so: ("涨价不回落", "rises were not taken back"),
            high: true,
            comes_with: &[Alike::Size, Alike::Level], // a group must stay dearer than before to be told
        },
        held,
    ),
    (
        Sign {
            name: (
                "同步涨价前后十天之外，每周变动的相关系数",
                "correlation of weekly changes, ten days about the joint rises apart",
            ),
            so: ("其余涨跌也同步（同一供货商亦会如此）", "their other changes go together too (as with one supplier)"),
            high: true,
            comes_with: &[],
        },
        company,
    ),
    (
        Sign {
            name: ("各家占组内销量的份额每周变动，百分点", "weekly change of shares in the group's sales, points"),
            so: ("销量份额稳定", "shares of sales are stable"),
            high: false,
            comes_with: &[],
        },
        share_changes,
    ),
];
const ORDER: Sign = Sign {
    name: (
        "先后次序一致程度 Kendall W（与随机次序相比）",
        "agreement of the order of moves, Kendall W (against random orders)",
    ),
    so: ("先后次序固定（与随机次序相比）", "the order of moves is fixed (against random orders)"),
    high: true,
    comes_with: &[],
};
/// A sign stands out beyond this share of what is drawn.
const STANDS_OUT: f64 = 0.975;

/// The signs of a group: the table, and what stands out.
pub struct Signs {
    pub sheet: Sheet,
    out: Vec<Text>,
}

impl Signs {
    /// A clause on those that stand out; empty where none does.
    pub fn standing_out(&self) -> Text {
        if self.out.is_empty() {
            return Text::default();
        }
        let list = |lang: Lang, between: &str| self.out.iter().map(|t| t.get(lang)).collect::<Vec<_>>().join(between);
        let signs = self.sheet.rows.len();
        Text::new(
            format!(
                "检验之外另看 {signs} 项迹象，其中比随机抽取的同样多的经营者突出（最外 2.5%）的有：{}；",
                list(Lang::Zh, "、")
            ),
            format!(
                "of {signs} signs looked at beside the test these stand out from as many sellers drawn at random (the outermost 2.5 %): {}; ",
                list(Lang::En, ", ")
            ),
        )
    }
}

/// A group in one cell.
pub struct Group<'a> {
    pub panel: &'a Panel,
    pub cell: &'a Cell,
    /// Of each entity of the market.
    pub rises: &'a BTreeMap<u32, Vec<Rise>>,
    /// Its series.
    pub members: &'a [usize],
    /// Its joint rises.
    pub joint: &'a [Vec<Rise>],
    /// In what it was found alike.
    pub alike: Alike,
    pub seed: u64,
}

/// The signs of a group; `None` where it has too few other sellers, or nothing can be measured.
pub fn signs(group: &Group<'_>) -> Option<Signs> {
    let Group { panel, cell, rises, members, joint, alike, seed } = *group;
    let in_cell =
        |e: &Vec<Rise>| -> Vec<Rise> { e.iter().filter(|r| cell.series.contains(&r.series)).copied().collect() };
    let here: Vec<Vec<Rise>> = joint.iter().map(in_cell).filter(|e| !e.is_empty()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(members[0] as u64);
    let market = Market::new(panel, cell, rises, members, &here, &mut rng)?;
    let size = market.members.len();
    let groups: Vec<Vec<usize>> =
        (0..GROUPS).map(|_| market.sellers.choose_multiple(&mut rng, size).copied().collect()).collect();
    let mut told: Vec<Told<'_>> = Vec::new();
    for (sign, measure) in &SIGNS {
        let drawn: Vec<f64> = groups.par_iter().filter_map(|group| measure(&market, group)).collect();
        if let Some(value) = measure(&market, &market.members).filter(|_| drawn.len() * 2 >= GROUPS) {
            told.push(Told::new(sign, value, drawn, alike));
        }
    }
    told.extend(order(panel, &here, &mut rng).map(|(w, drawn)| Told::new(&ORDER, w, drawn, alike)));
    let out = told.iter().filter(|t| t.stands_out()).map(|t| Text::new(t.sign.so.0, t.sign.so.1)).collect();
    let all = members.iter().filter(|s| cell.series.contains(s)).map(|s| panel.entity(&panel.series[*s]));
    let all = all.collect::<BTreeSet<u32>>().len();
    (!told.is_empty()).then(|| Signs { sheet: sheet(&told, (size, all)), out })
}

/// One sign measured.
struct Told<'a> {
    sign: &'a Sign,
    value: f64,
    /// Median of what was drawn.
    usual: f64,
    /// Share of it that lies below, and half of what is equal.
    below: f64,
    comes_with: bool,
}

impl Told<'_> {
    fn new(sign: &Sign, value: f64, drawn: Vec<f64>, alike: Alike) -> Told<'_> {
        let (less, equal) = drawn.iter().fold((0.0, 0.0), |(less, equal), x| {
            (less + f64::from(u8::from(*x < value)), equal + f64::from(u8::from(*x == value)))
        });
        let below = (less + equal / 2.0) / drawn.len() as f64;
        let usual = median(&drawn).unwrap_or(f64::NAN);
        Told { sign, value, usual, below, comes_with: sign.comes_with.contains(&alike) }
    }

    fn stands_out(&self) -> bool {
        let far = if self.sign.high { self.below >= STANDS_OUT } else { self.below <= 1.0 - STANDS_OUT };
        far && !self.comes_with
    }

    /// Its name, and how to read it.
    fn head(&self) -> Text {
        let (zh, en) = match (self.comes_with, self.sign.high) {
            (true, _) => ("群体即据此选出，不另作迹象", "the group was found by it: no sign of its own"),
            (_, true) => ("若有协同，此值偏高", "high where conduct is concerted"),
            (_, false) => ("若有协同，此值偏低", "low where conduct is concerted"),
        };
        Text::new(format!("{}；{zh}", self.sign.name.0), format!("{}; {en}", self.sign.name.1))
    }
}

/// `size`: members measured, and all.
fn sheet(told: &[Told<'_>], (size, all): (usize, usize)) -> Sheet {
    let row =
        |t: &Told<'_>| vec![format!("{:.2}", t.value), format!("{:.2}", t.usual), format!("{:.0}", 100.0 * t.below)];
    Sheet {
        title: Text::new(
            format!(
                "其他迹象（不计入检验；{all} 家中 {size} 家价格足够）：与同一市场随机抽取的 {GROUPS} 组同样多的经营者相比"
            ),
            format!(
                "Other signs (no part of the test; {size} of {all} members with enough prices), against {GROUPS} groups of as many sellers of the market drawn at random"
            ),
        ),
        columns: vec![
            Text::new("迹象", "sign"),
            Text::new("本群体", "this group"),
            Text::new("随机组中位", "random groups, median"),
            Text::new("低于本群体的随机组 %", "random groups below, %"),
        ],
        heads: told.iter().map(Told::head).collect(),
        rows: told.iter().map(row).collect(),
    }
}

/// Kendall's W of the days on which those who took part in every joint rise moved, and the same of random orders.
fn order(panel: &Panel, joint: &[Vec<Rise>], rng: &mut ChaCha8Rng) -> Option<(f64, Vec<f64>)> {
    let of = |e: &Vec<Rise>| e.iter().map(|r| (panel.entity(&panel.series[r.series]), f64::from(r.day))).collect();
    let mut days = in_all_waves(&joint.iter().map(of).collect::<Vec<BTreeMap<u32, f64>>>());
    let (w, _) = kendall_w(&days)?;
    let mut drawn = || {
        days.iter_mut().for_each(|days| days.shuffle(rng));
        kendall_w(&days).map(|(w, _)| w)
    };
    Some((w, (0..GROUPS).filter_map(|_| drawn()).collect()))
}

#[cfg(test)]
mod tests {
    use super::super::events::{Clock, entity_rises};
    use super::super::toy::panel_of;
    use super::*;
    use rand::Rng;

    /// 40 sellers who change prices and sales now and then; every five of them, with days of their own as joint rises: each
    /// sign of such groups is that of any, in all quarters, and as far out as often as chance has it.
    #[test]
    fn groups_at_random_do_not_stand_out() {
        let mut below: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for seed in 0..12 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut paths = vec![vec![(0.0, 0.0); 200]; 40];
            for path in &mut paths {
                let mut price: f64 = rng.gen_range(2.0..2.5);
                let usual = rng.gen_range(5.0..50.0);
                path.iter_mut().for_each(|p| {
                    price *= if rng.gen_bool(0.06) { rng.gen_range(0.93..1.09) } else { 1.0 };
                    *p = ((price * 10.0).round() / 10.0, usual * rng.gen_range(0.5..1.5));
                });
            }
            let panel = panel_of(200, 40, |s, day| paths[s][day as usize]);
            let cell = &panel.cells[0];
            let rises = entity_rises(&panel, cell, &Clock::new(&panel, cell).unwrap());
            for members in (0..8).map(|k| (5 * k..5 * k + 5).collect::<Vec<usize>>()) {
                let of = |from: i32, until: i32| -> Vec<Rise> {
                    let in_time = |s: &usize| rises[&(*s as u32)].iter().find(|r| (from..until).contains(&r.period));
                    members.iter().filter_map(in_time).copied().collect()
                };
                let joint: Vec<Vec<Rise>> = [of(20, 45), of(45, 70)].into_iter().filter(|e| !e.is_empty()).collect();
                let group = Group {
                    panel: &panel,
                    cell,
                    rises: &rises,
                    members: &members,
                    joint: &joint,
                    alike: Alike::Size,
                    seed: 1,
                };
                let Some(Signs { sheet, .. }) = signs(&group) else { continue };
                for (head, row) in sheet.heads.into_iter().zip(&sheet.rows) {
                    below.entry(head.en).or_default().push(row[2].parse().unwrap());
                }
            }
        }
        assert_eq!(below.len(), SIGNS.len() + 1, "{:?}", below.keys());
        let tally = |below: &[f64]| {
            let far = below.iter().filter(|b| **b < 2.5 || **b > 97.5).count();
            let quarter = |k: usize| below.iter().filter(|b| (**b / 25.0) as usize == k).count() as f64;
            (far, std::array::from_fn::<f64, 4, _>(|k| quarter(k) / below.len() as f64))
        };
        for (sign, below) in &below {
            let (far, quarters) = tally(below);
            println!("{far} of {} far out, by quarters {quarters:.2?}: {sign}", below.len());
            // Beyond 99.9 % of what 5 %, and a quarter, of 74 give; orders are few, and drawn by themselves.
            let as_any = far <= 12 && quarters.iter().all(|q| (0.09..0.41).contains(q));
            assert!(as_any || *sign == heading(&ORDER), "{sign}");
        }
        let all = below.into_values().flatten().collect::<Vec<f64>>();
        let (far, quarters) = tally(&all);
        println!("{far} of {} far out, by quarters {quarters:.2?}", all.len());
        assert!(all.len() > 300 && (far as f64) < 0.08 * all.len() as f64, "{far} of {}", all.len());
        assert!(quarters.iter().all(|q| (0.15..0.35).contains(q)), "{quarters:?}");
    }

    /// As the table has it.
    fn heading(sign: &Sign) -> String {
        Told::new(sign, 0.0, vec![0.0], Alike::Size).head().en
    }

    /// 25 sellers and a group of five of them that rises in one order to one price each time: these signs stand out, those
    /// of one price only where it was not found by that.
    #[test]
    fn a_group_with_a_leader_and_one_price_stands_out() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let own: Vec<(f64, Vec<i32>)> =
            (0..25).map(|_| (rng.gen_range(2.0..2.5), (0..4).map(|_| rng.gen_range(3..117)).collect())).collect();
        let joint = [(30, 2.8), (60, 3.2), (90, 3.6)];
        let price = |s: usize, day: i32| {
            let (base, days) = &own[s];
            let to = joint.iter().rev().find(|(from, _)| s < 5 && day >= from + s as i32);
            to.map_or(base * 1.06_f64.powi(days.iter().filter(|d| **d <= day).count() as i32), |to| to.1)
        };
        let panel = panel_of(120, 25, |s, day| (price(s, day), 1.0));
        let cell = &panel.cells[0];
        let rises = entity_rises(&panel, cell, &Clock::new(&panel, cell).unwrap());
        let of = |from: i32| -> Vec<Rise> {
            let near = |r: &&Rise| (from..from + 5).contains(&r.period);
            (0..5).filter_map(|s| rises[&s].iter().find(near)).copied().collect()
        };
        let episodes: Vec<Vec<Rise>> = joint.iter().map(|j| of(j.0)).collect();
        let out = |alike: Alike| {
            let (members, joint) = (&[0, 1, 2, 3, 4], &episodes);
            let signs = signs(&Group { panel: &panel, cell, rises: &rises, members, joint, alike, seed: 1 }).unwrap();
            signs.out.into_iter().map(|t| t.en).collect::<Vec<String>>()
        };
        let (by_size, by_level) = (out(Alike::Size), out(Alike::Level));
        for sign in [SIGNS[0].0.so.1, SIGNS[1].0.so.1, ORDER.so.1].map(str::to_owned) {
            assert!(by_size.contains(&sign), "{sign} in {by_size:?}");
            assert_eq!(by_level.contains(&sign), sign == ORDER.so.1, "{sign} in {by_level:?}");
        }
    }
}
