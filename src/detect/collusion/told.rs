//! What is told of a group: its joint rises, its prices, and how sure that is.

use std::collections::BTreeSet;
use std::ops::Range;

use super::candidate::Case;
use super::events::{MIN_RISE, Rise};
use super::joint::numbers;
use super::rises::Alike;
use super::signs::{Group, Signs, signs};
use super::synchronised_rises::{MIN_DEARER, MIN_GROUP, MIN_JOINT};
use crate::detect::relative::Market;
use crate::model::*;
use crate::stats::robust::median;

/// Source rows listed, at most.
const ROWS: usize = 80;
/// Days before the first and after the last joint rise within which prices are compared.
const AROUND_DAYS: i32 = 14;

/// A group as its screen hands it over.
pub struct Told<'a> {
    pub case: &'a Case<'a>,
    pub screen: &'static str,
    /// The cell it is told by.
    pub cell: usize,
    /// Its series, those of that cell first.
    pub members: Vec<usize>,
    pub episodes: &'a [Vec<Rise>],
    /// Log rise of the members over the market.
    pub dearer: f64,
}

impl Told<'_> {
    /// The finding; `None` where joint rises, members or gain are too few, or cost explains every joint rise.
    pub fn finding(&self) -> Option<Finding> {
        let Case { panel, candidate, suspect, knobs, q, tested, seed } = *self.case;
        let (cell, joint) = (&panel.cells[self.cell], f64::from(self.joint()));
        let owners = self.owners();
        let stands = joint >= knobs.get(&MIN_JOINT)
            && owners as f64 >= knobs.get(&MIN_GROUP)
            && self.dearer >= knobs.get(&MIN_DEARER);
        let unexplained = self.episodes.iter().filter(|e| unexplained(e) >= MIN_RISE).count();
        let (first, last) = span(self.episodes).filter(|_| stands && unexplained > 0)?;
        let (old, new) = levels(panel, self.episodes, &cell.series);
        let after_sale = self.episodes.iter().flatten().filter(|r| r.after_sale).count();
        let unit = panel.price_unit(cell).zh;
        let signs = signs(&Group {
            panel,
            cell,
            rises: &candidate.rises,
            members: &self.members,
            joint: self.episodes,
            alike: suspect.scale.1,
            seed,
        });
        let reason = self.reason(signs.as_ref());
        Some(Finding {
            screen: self.screen,
            kind: Kind::Collusion,
            subject: Subject::of(self.cell, self.members.clone()),
            window: (Day(first), Day(last)),
            measured: joint,
            threshold: knobs.get(&MIN_JOINT),
            unit: "joint rises".into(),
            p_value: Some(candidate.verdict.p),
            p_floor: Some(candidate.verdict.floor),
            q_value: Some(q),
            tested,
            reference_price: old,
            observed_price: new,
            excess_amount: None,
            cost: if self.cost_known() { CostExplained::Unexplained } else { CostExplained::Unknown },
            expected: Vec::new(),
            basis: "event synchronisation (Quian Quiroga et al. 2002) net of cost against interval jitter; densest group (Charikar 2000)".into(),
            rule: None,
            sheet: signs.map(|s| s.sheet),
            strips: Vec::new(),
            innocent: Vec::new(),
            party: None,
            facts: vec![
                ("joint_rises", joint, String::new()),
                ("joint_rises_cost_leaves_unexplained", unexplained as f64, String::new()),
                ("rises_after_a_sale", after_sale as f64, String::new()),
                ("members", owners as f64, String::new()),
                ("independent_sellers_in_market", candidate.independent as f64, String::new()),
                ("p_of_group", suspect.p, String::new()),
                ("group_density", suspect.group.score, String::new()),
                ("dearer_than_rest", self.percent(), "%".into()),
                ("price_before_a_joint_rise", old.unwrap_or(f64::NAN), unit.clone()),
                ("price_after_a_joint_rise", new.unwrap_or(f64::NAN), unit),
            ],
            reason,
            rows: rows(panel, self.episodes),
            score: -candidate.verdict.p.ln() + suspect.group.score,
            steps: steps(panel, self.episodes),
        })
    }

    /// Joint rises.
    fn joint(&self) -> u32 {
        numbers(self.episodes).last().copied().unwrap_or(0)
    }

    /// Independent sellers among its members.
    fn owners(&self) -> usize {
        let entity = |s: &usize| self.case.panel.entity(&self.case.panel.series[*s]);
        self.members.iter().map(entity).collect::<BTreeSet<u32>>().len()
    }

    /// Rise over the market, %.
    fn percent(&self) -> f64 {
        (self.dearer.exp() - 1.0) * 100.0
    }

    fn cost_known(&self) -> bool {
        let panel = self.case.panel;
        self.members.iter().all(|s| panel.cells[panel.series[*s].cell as usize].cost.is_some())
    }

    fn reason(&self, signs: Option<&Signs>) -> Text {
        let (panel, owners, percent) = (self.case.panel, self.owners(), self.percent());
        let good = |e: &[Rise]| &panel.cells[panel.series[e[0].series].cell as usize].label;
        let goods: BTreeSet<&str> = self.episodes.iter().map(|e| good(e).zh.as_str()).collect();
        let several = goods.len() > 1;
        let one = |e: &Vec<Rise>, lang: Lang, sellers: &str| {
            let good = if several { format!("{} ", good(e).get(lang)) } else { String::new() };
            format!("{} {good}{}{sellers}", Day(e[0].day), e.len())
        };
        let each = |lang: Lang, sellers: &str, between: &str| {
            self.episodes.iter().map(|e| one(e, lang, sellers)).collect::<Vec<_>>().join(between)
        };
        let sizes = self.episodes.iter().filter_map(|e| median_size(e)).map(|s| format!("{s:.0}%")).collect::<Vec<_>>();
        let (zh_cost, en_cost) = match self.cost_known() {
            true => (
                "各次涨价在成本上涨可解释的部分之外都有剩余，幅度按成本升降可能造成的范围比较",
                "each rise leaves a part that cost does not explain, and sizes are compared within what cost may have added or taken",
            ),
            false => ("没有成本数据，未扣除成本", "no cost series was given, so cost is not taken out"),
        };
        let (zh_when, en_when) = match self.case.suspect.scale.0 {
            0 => ("同一期内".to_owned(), "in the same period".to_owned()),
            1 => ("多在前后一天内".to_owned(), "mostly within a day".to_owned()),
            days => (format!("多在相隔 {days} 天之内"), format!("mostly within {days} days of each other")),
        };
        let (zh_alike, en_alike) = match self.case.suspect.scale.1 {
            Alike::Size => ("多数幅度相近", "mostly by like sizes"),
            Alike::Level => ("多数涨到同一价格", "mostly to one price"),
        };
        let (zh_goods, en_goods) = match goods.len() {
            1 => (String::new(), String::new()),
            n => (format!("在 {n} 种商品上"), format!(" in {n} goods")),
        };
        let signs = signs.map_or(Text::default(), Signs::standing_out);
        let (k, all) = (self.joint(), self.case.candidate.independent);
        Text::new(
            format!(
                "同一市场 {all} 个独立经营者中，{owners} 家{zh_goods}{zh_when}先后 {k} 次同步涨价（{}），{zh_alike}（中位涨幅 {}，未扣成本），其后相对市场其余经营者的价位比之前高约 {percent:.0}%；{}{zh_cost}。平行定价可能合法，建议核查有无联络。",
                each(Lang::Zh, " 家", "、"),
                sizes.join("、"),
                signs.zh
            ),
            format!(
                "Of {all} independent sellers in the market, {owners} rose together {k} times{en_goods} {en_when} ({}), {en_alike} (medians {}, cost included), and stood about {percent:.0} % higher against the rest afterwards than before; {}{en_cost}. Parallel prices may be lawful: check for contact.",
                each(Lang::En, " sellers", ", "),
                sizes.join(", "),
                signs.en
            ),
        )
    }
}

/// First day of the first and last day of the last episode.
pub fn span(episodes: &[Vec<Rise>]) -> Option<(i32, i32)> {
    Some((episodes.first()?.first()?.day, episodes.iter().flatten().map(|r| r.day).max()?))
}

/// The series that take part, ascending.
pub fn members(episodes: &[Vec<Rise>]) -> Vec<usize> {
    let all: BTreeSet<usize> = episodes.iter().flatten().map(|r| r.series).collect();
    all.into_iter().collect()
}

/// Median rise of one episode, %.
fn median_size(episode: &[Rise]) -> Option<f64> {
    median(&episode.iter().map(|r| (r.size.exp() - 1.0) * 100.0).collect::<Vec<_>>())
}

/// Median of what cost leaves of one episode.
fn unexplained(episode: &[Rise]) -> f64 {
    median(&episode.iter().map(|r| r.unexplained).collect::<Vec<_>>()).unwrap_or(0.0)
}

/// Median over members of the rise, first to last joint rise, in price relative to the market; each
/// is compared without its own entity, so fellow members still count in the market and the figure errs low.
pub fn dearer(panel: &Panel, cell: &Cell, members: &[usize], (first, last): (i32, i32)) -> Option<f64> {
    let market = Market::new(panel, cell);
    let gain = |&s: &usize| {
        let days = panel.points(&panel.series[s]).day;
        let path = market.relative(s);
        let part = |keep: &dyn Fn(i32) -> bool| {
            median(&path.iter().filter(|o| keep(days[o.0])).map(|o| o.2).collect::<Vec<_>>())
        };
        let after = part(&|d| d >= last && d <= last + AROUND_DAYS)?;
        Some(after - part(&|d| d < first && d >= first - AROUND_DAYS)?)
    };
    median(&members.iter().filter_map(gain).collect::<Vec<f64>>())
}

/// Median price before and after a joint rise, over the rises in these series: what the market did meanwhile is left out.
fn levels(panel: &Panel, episodes: &[Vec<Rise>], series: &Range<usize>) -> (Option<f64>, Option<f64>) {
    let rises: Vec<&Rise> = episodes.iter().flatten().filter(|r| series.contains(&r.series)).collect();
    let price = |back: usize| {
        median(&rises.iter().map(|r| panel.points(&panel.series[r.series]).price[r.at - back]).collect::<Vec<f64>>())
    };
    (price(1), price(0))
}

/// Each rise with the number of its episode, from 1.
fn numbered(episodes: &[Vec<Rise>]) -> impl Iterator<Item = (u32, &Rise)> {
    numbers(episodes).into_iter().zip(episodes).flat_map(|(number, e)| e.iter().map(move |r| (number, r)))
}

fn steps(panel: &Panel, episodes: &[Vec<Rise>]) -> Vec<Step> {
    let step = |(episode, r): (u32, &Rise)| {
        let p = panel.points(&panel.series[r.series]);
        let (last_old, first_new) = (Day(p.day[r.at - 1]), Day(r.day));
        Step { series: r.series, last_old, first_new, old: p.price[r.at - 1], new: p.price[r.at], episode }
    };
    numbered(episodes).map(step).collect()
}

/// The row before each rise and the row after it.
fn rows(panel: &Panel, episodes: &[Vec<Rise>]) -> Vec<RowNote> {
    let both = |(episode, r): (u32, &Rise)| {
        let row = panel.points(&panel.series[r.series]).row;
        let seller = &panel.sellers[panel.series[r.series].seller as usize];
        let name = if seller.name.is_empty() { &seller.id } else { &seller.name };
        let role = |zh: &str, en: &str| {
            Text::new(
                format!("{name} 第 {episode} 次同步涨价{zh}的价格"),
                format!("price of {name} {en} joint rise {episode}"),
            )
        };
        [
            RowNote { row: row[r.at - 1], role: role("前", "before") },
            RowNote { row: row[r.at], role: role("后", "after") },
        ]
    };
    numbered(episodes).flat_map(both).take(ROWS).collect()
}
