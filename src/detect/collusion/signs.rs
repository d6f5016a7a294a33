//! Signs beside the test: what else sellers that agree would show, each against groups of as many sellers of the
//! market drawn at random (collusion markers: Harrington 2008; Abrantes-Metz, Froeb, Geweke & Taylor 2006).
//! They describe a group that the test has found and decide nothing.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::events::Rise;
use super::markers::{Market, company, held, same_price, share_changes, spread, stood};
use crate::model::{Cell, Lang, Panel, Sheet, Text};
use crate::stats::concordance::kendall_w;
use crate::stats::robust::median;

/// Groups drawn.
const GROUPS: usize = 499;
/// What a sign is, what it says where it stands out, and whether concerted conduct makes it high (or low).
struct Sign {
    name: (&'static str, &'static str),
    so: (&'static str, &'static str),
    high: bool,
}

/// Measured on rows of the cell.
type Measured = fn(&Market<'_>, &[usize]) -> Option<f64>;

const SIGNS: [(Sign, Measured); 6] = [
    (
        Sign {
            name: ("同步涨价以来彼此价差，为此前的 %", "spread of their prices since, % of before"),
            so: ("彼此价差收窄", "their prices drew together"),
            high: false,
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
        },
        same_price,
    ),
    (
        Sign {
            name: ("涨后价格保持不变的天数（至多 28）", "days a raised price stood unchanged (28 at most)"),
            so: ("涨后价格久不变动", "raised prices stood unchanged for long"),
            high: true,
        },
        stood,
    ),
    (
        Sign {
            name: ("涨后 28 天价格未回落的，%", "rises not taken back after 28 days, %"),
            so: ("涨价不回落", "rises were not taken back"),
            high: true,
        },
        held,
    ),
    (
        Sign {
            name: (
                "同步涨价之外每周变动的相关系数（同一供货商亦会高）",
                "correlation of weekly changes apart from the joint rises (high with one supplier too)",
            ),
            so: ("其余涨跌也同步", "their other changes go together too"),
            high: true,
        },
        company,
    ),
    (
        Sign {
            name: ("各家占组内销量的份额每周变动，百分点", "weekly change of shares in the group's sales, points"),
            so: ("销量份额稳定", "shares of sales are stable"),
            high: false,
        },
        share_changes,
    ),
];
const ORDER: Sign = Sign {
    name: (
        "先后次序一致程度 Kendall W（与随机次序相比）",
        "agreement of the order of moves, Kendall W (against random orders)",
    ),
    so: ("先后次序固定", "the order of moves is fixed"),
    high: true,
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
        Text::new(
            format!("检验之外另见：{}（随机抽取同样多的经营者，各项约四十分之一会如此）；", list(Lang::Zh, "、")),
            format!(
                "beside the test: {} (of as many sellers drawn at random one in forty does, for each); ",
                list(Lang::En, ", ")
            ),
        )
    }
}

/// The signs of a group in one cell; `None` where it has too few other sellers, or nothing can be measured. `rises`: of
/// each entity of the market; `members`: its series; `joint`: its joint rises.
pub fn signs(
    panel: &Panel,
    cell: &Cell,
    rises: &BTreeMap<u32, Vec<Rise>>,
    members: &[usize],
    joint: &[Vec<Rise>],
) -> Option<Signs> {
    let in_cell =
        |e: &Vec<Rise>| -> Vec<Rise> { e.iter().filter(|r| cell.series.contains(&r.series)).copied().collect() };
    let here: Vec<Vec<Rise>> = joint.iter().map(in_cell).filter(|e| !e.is_empty()).collect();
    let market = Market::new(panel, cell, rises, members, &here)?;
    let mut rng = ChaCha8Rng::seed_from_u64(market.members[0] as u64);
    let size = market.members.len();
    let groups: Vec<Vec<usize>> =
        (0..GROUPS).map(|_| market.sellers.choose_multiple(&mut rng, size).copied().collect()).collect();
    let mut told: Vec<Told> = Vec::new();
    for (sign, measure) in &SIGNS {
        let drawn: Vec<f64> = groups.par_iter().filter_map(|group| measure(&market, group)).collect();
        if let Some(value) = measure(&market, &market.members).filter(|_| drawn.len() * 2 >= GROUPS) {
            told.push(Told::new(sign, value, drawn));
        }
    }
    told.extend(order(panel, &here, &mut rng).map(|(w, drawn)| Told::new(&ORDER, w, drawn)));
    let out = told.iter().filter(|t| t.stands_out()).map(|t| Text::new(t.sign.so.0, t.sign.so.1)).collect();
    (!told.is_empty()).then(|| Signs { sheet: sheet(&told), out })
}

/// One sign measured.
struct Told<'a> {
    sign: &'a Sign,
    value: f64,
    /// Median of what was drawn.
    usual: f64,
    /// Share of it that lies below, and half of what is equal.
    below: f64,
}

impl Told<'_> {
    fn new(sign: &Sign, value: f64, drawn: Vec<f64>) -> Told<'_> {
        let (less, equal) = drawn.iter().fold((0.0, 0.0), |(less, equal), x| {
            (less + f64::from(u8::from(*x < value)), equal + f64::from(u8::from(*x == value)))
        });
        let below = (less + equal / 2.0) / drawn.len() as f64;
        Told { sign, value, usual: median(&drawn).unwrap_or(f64::NAN), below }
    }

    fn stands_out(&self) -> bool {
        if self.sign.high { self.below >= STANDS_OUT } else { self.below <= 1.0 - STANDS_OUT }
    }
}

fn sheet(told: &[Told<'_>]) -> Sheet {
    let head = |t: &Told<'_>| {
        let (zh, en) =
            if t.sign.high { ("协调则高", "agreement: high") } else { ("协调则低", "agreement: low") };
        Text::new(format!("{}；{zh}", t.sign.name.0), format!("{}; {en}", t.sign.name.1))
    };
    let row =
        |t: &Told<'_>| vec![format!("{:.2}", t.value), format!("{:.2}", t.usual), format!("{:.0}", 100.0 * t.below)];
    Sheet {
        title: Text::new(
            format!("其他迹象（不计入检验）：以同一市场随机抽取的 {GROUPS} 组同样多的经营者作比"),
            format!(
                "Other signs (no part of the test), against {GROUPS} groups of as many sellers of the market drawn at random"
            ),
        ),
        columns: vec![
            Text::new("迹象", "sign"),
            Text::new("本群体", "this group"),
            Text::new("随机组中位", "random groups, median"),
            Text::new("低于本群体的随机组 %", "random groups below, %"),
        ],
        heads: told.iter().map(head).collect(),
        rows: told.iter().map(row).collect(),
    }
}

/// Kendall's W of the days on which those who took part in every joint rise moved, and the same of random orders.
fn order(panel: &Panel, joint: &[Vec<Rise>], rng: &mut ChaCha8Rng) -> Option<(f64, Vec<f64>)> {
    let of = |e: &Vec<Rise>| -> BTreeMap<u32, f64> {
        e.iter().map(|r| (panel.entity(&panel.series[r.series]), f64::from(r.day))).collect()
    };
    let each: Vec<BTreeMap<u32, f64>> = joint.iter().map(of).collect();
    let always: Vec<u32> =
        each.first()?.keys().filter(|who| each.iter().all(|e| e.contains_key(who))).copied().collect();
    let mut days: Vec<Vec<f64>> = each.iter().map(|e| always.iter().map(|who| e[who]).collect()).collect();
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

    /// 40 sellers who change their prices now and then; every five of them, with days of their own as joint rises: the
    /// signs of such groups are those of any, in all quarters, and stand out as often as chance has it.
    #[test]
    fn groups_at_random_do_not_stand_out() {
        let mut below: Vec<f64> = Vec::new();
        let (mut out, mut all) = (0, 0);
        for seed in 0..12 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut paths = vec![vec![0.0; 100]; 40];
            for path in &mut paths {
                let mut price: f64 = rng.gen_range(2.0..2.5);
                path.iter_mut().for_each(|p| {
                    price *= if rng.gen_bool(0.06) { rng.gen_range(0.93..1.09) } else { 1.0 };
                    *p = (price * 10.0).round() / 10.0;
                });
            }
            let panel = panel_of(100, 40, |s, day| paths[s][day as usize]);
            let cell = &panel.cells[0];
            let rises = entity_rises(&panel, cell, &Clock::new(&panel, cell).unwrap());
            for members in (0..8).map(|k| (5 * k..5 * k + 5).collect::<Vec<usize>>()) {
                let of = |from: i32, until: i32| -> Vec<Rise> {
                    let in_time = |s: &usize| rises[&(*s as u32)].iter().find(|r| (from..until).contains(&r.period));
                    members.iter().filter_map(in_time).copied().collect()
                };
                let joint: Vec<Vec<Rise>> = [of(20, 45), of(45, 70)].into_iter().filter(|e| !e.is_empty()).collect();
                let Some(signs) = signs(&panel, cell, &rises, &members, &joint) else { continue };
                all += signs.sheet.rows.len();
                out += signs.out.len();
                below.extend(signs.sheet.rows.iter().map(|row| row[2].parse::<f64>().unwrap()));
            }
        }
        let quarter = |k: f64| below.iter().filter(|b| (k..k + 25.0).contains(*b)).count() as f64 / all as f64;
        let quarters = [quarter(0.0), quarter(25.0), quarter(50.0), quarter(75.0)];
        println!("{out} of {all} stand out; by quarters {quarters:.2?}");
        assert!(all > 300 && (out as f64) < 0.05 * all as f64, "{out} of {all}");
        assert!(quarters.iter().all(|q| (0.15..0.35).contains(q)), "{quarters:?}");
    }

    /// Ten sellers and a group of five that rises in one order to one price each time: these signs stand out.
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
        let panel = panel_of(120, 25, price);
        let cell = &panel.cells[0];
        let rises = entity_rises(&panel, cell, &Clock::new(&panel, cell).unwrap());
        let of = |from: i32| -> Vec<Rise> {
            let near = |r: &&Rise| (from..from + 5).contains(&r.period);
            (0..5).filter_map(|s| rises[&s].iter().find(near)).copied().collect()
        };
        let episodes: Vec<Vec<Rise>> = joint.iter().map(|j| of(j.0)).collect();
        let signs = signs(&panel, cell, &rises, &[0, 1, 2, 3, 4], &episodes).unwrap();
        let out: Vec<&str> = signs.out.iter().map(|t| t.en.as_str()).collect();
        for sign in [SIGNS[0].0.so.1, SIGNS[1].0.so.1, ORDER.so.1] {
            assert!(out.contains(&sign), "{sign} in {out:?}");
        }
    }
}
