//! The bids of one tender, lowest first, and below them each of its screens on the strip of its market: ticks at every
//! twentieth of the market's tenders, so that they crowd where most tenders lie.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Chart;
use super::frame::{ACCENT, Area, BAND, BLUE, GREY, INK, SIZE, draw, fault, figure, fitted, ink, pick, write};
use crate::model::{Finding, Lang, Lead, Strip, Tender, Tenders, masked};
use crate::report::Results;

/// Left and right edge of the plots, in pixels: names stand left, numbers right.
const LEFT: i32 = 210;
const RIGHT: i32 = 640;
/// Upper edge of the first row, height of a bid's and of a strip's row, and of what stands between them.
const TOP: i32 = 66;
const BID: i32 = 18;
const STRIP: i32 = 22;
const BETWEEN: i32 = 40;
/// Bids drawn, the lowest.
const MOST_BIDS: usize = 20;

/// The chart of a lead about bids; none where its numbers are not placed in a market.
pub fn of_tender(r: &Results<'_>, lead: &Lead) -> Result<Vec<Chart>> {
    let placed = |i: &&usize| !r.findings[**i].strips.is_empty();
    let found = lead.findings.iter().find(placed).and_then(|i| Bids::of(r, lead, &r.findings[*i]));
    let chart = |x: Bids<'_>| {
        let svg = draw(x.height(), &mut |a| x.draw(a, r))?;
        Ok(Chart { name: format!("charts/{}-bids", lead.id), svg, alt: x.alt(r.lang), readings: None })
    };
    found.map(chart).into_iter().collect()
}

/// What the chart shows.
struct Bids<'a> {
    all: &'a Tenders,
    tender: &'a Tender,
    strips: &'a [Strip],
    /// The strips are those of many tenders, of which this is the oddest.
    many: bool,
    /// Ids of those the lead is about.
    members: Vec<String>,
    title: String,
    id: String,
}

impl<'a> Bids<'a> {
    /// The tender a finding's first row belongs to.
    fn of(r: &Results<'a>, lead: &Lead, f: &'a Finding) -> Option<Bids<'a>> {
        let all = &r.panel.tenders;
        let row = f.rows.first()?.row;
        let tender = all.list.iter().find(|t| all.row[t.bids.clone()].contains(&row))?;
        let id = pick(r.lang, &format!("线索 {}", lead.id), &format!("lead {}", lead.id));
        let many = f.rows.iter().any(|n| !all.row[tender.bids.clone()].contains(&n.row));
        let oddest = if many { pick(r.lang, "其中最异常的", "the oddest of them, ") } else { String::new() };
        let one = format!("{oddest}{} {} {}", pick(r.lang, "招标", "tender"), tender.id, tender.lot);
        let product = if many { &lead.product } else { &tender.product };
        let parts = [product.as_str(), &lead.region, one.trim()];
        let title = parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" · ");
        let members = lead.names.iter().map(|n| n.0.clone()).collect();
        Some(Bids { all, tender, strips: &f.strips, many, members, title, id })
    }

    fn shown(&self) -> usize {
        self.tender.bids.len().min(MOST_BIDS)
    }

    /// Pixels.
    fn height(&self) -> u32 {
        (TOP + BID * self.shown() as i32 + BETWEEN + STRIP * self.strips.len() as i32 + 34) as u32
    }

    /// For those who cannot see it.
    fn alt(&self, lang: Lang) -> String {
        let each = self.strips.iter().map(|s| format!("{} {:.4} ({:.0} %)", s.symbol, s.value, s.rank * 100.0));
        let what = pick(lang, "报价与市场分布图", "bids, and their place in the market");
        format!("{what} · {} · {}", self.title, each.collect::<Vec<_>>().join(" · "))
    }

    /// Draws it.
    fn draw(&self, area: &Area<'_>, r: &Results<'_>) -> Result<()> {
        write(area, &fitted(&self.title, 17, SIZE.0 as i32 - 30), (16, 10), ink(17, INK))?;
        let n = self.tender.bids.len();
        let more = n - self.shown();
        let mut note = pick(
            r.lang,
            &format!("{n} 个报价，由低到高；实心为中标"),
            &format!("{n} bids, lowest first; the filled one won"),
        );
        if self.many && !self.members.is_empty() {
            note += &pick(r.lang, "；灰色不属本组", "; grey: not of the group");
        }
        if more > 0 {
            note += &pick(r.lang, &format!("；最高的 {more} 个未画"), &format!("; the highest {more} not drawn"));
        }
        if self.tender.estimate.is_some() {
            note += &pick(r.lang, "；虚线为标底", "; dashed: the estimate");
        }
        write(area, &note, (16, 33), ink(12, GREY))?;
        self.bids(area)?;
        let below = TOP + BID * self.shown() as i32;
        let point = if self.many {
            pick(r.lang, "圆点为这组招标的中位", "the point is the middle of these tenders")
        } else {
            pick(r.lang, "圆点为本次", "the point is this tender")
        };
        let note = pick(
            r.lang,
            &format!("与本市场其他招标相比：相邻短线之间为二十分之一的招标，{point}"),
            &format!("against the market: a twentieth of its tenders between two ticks; {point}"),
        );
        write(area, &note, (16, below + 14), ink(12, GREY))?;
        for (k, strip) in self.strips.iter().enumerate() {
            draw_strip(area, r.lang, strip, below + BETWEEN + STRIP * k as i32)?;
        }
        self.footer(area, r)
    }

    /// Source, its hash, lead, and what a chart is not.
    fn footer(&self, area: &Area<'_>, r: &Results<'_>) -> Result<()> {
        let input = r.inputs.get(self.all.row[self.tender.bids.start].file() as usize);
        let source = input.map_or(String::new(), |i| {
            let name = fitted(i.path.rsplit(['/', '\\']).next().unwrap_or(&i.path), 11, 170);
            format!("{} {name} SHA-256 {}… · ", pick(r.lang, "来源", "source"), i.sha256.get(..12).unwrap_or(""))
        });
        let caution = pick(r.lang, "筛查结果不能证明违法", "a screen proves nothing");
        write(area, &format!("{source}{} · {caution}", self.id), (16, self.height() as i32 - 20), ink(11, GREY))
    }

    fn bids(&self, area: &Area<'_>) -> Result<()> {
        let drawn = self.tender.bids.start..self.tender.bids.start + self.shown();
        let amounts = &self.all.amount[drawn.clone()];
        let values = amounts.iter().copied().chain(self.tender.estimate);
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        let (winner, bottom) = (self.all.winner(self.tender), TOP + BID * self.shown() as i32);
        if let Some(estimate) = self.tender.estimate {
            let x = place(estimate, low, high);
            for y in (TOP..bottom - 4).step_by(8) {
                area.draw(&PathElement::new([(x, y), (x, y + 4)], BLUE.stroke_width(1))).map_err(fault)?;
            }
        }
        for (k, b) in drawn.enumerate() {
            let (y, amount) = (TOP + BID * k as i32 + BID / 2, self.all.amount[b]);
            let (id, name) = self.all.bidder[b].map_or(("", ""), |x| {
                let (id, name) = &self.all.bidders[x as usize];
                (id.as_str(), name.as_str())
            });
            let member = !self.many || self.members.iter().any(|m| m == id);
            let name = masked(name);
            let colour = match (b == winner, member) {
                (true, _) => ACCENT,
                (_, true) => INK,
                _ => GREY,
            };
            let end = Pos::new(HPos::Right, VPos::Center);
            write(area, &fitted(&name, 12, LEFT - 40), (LEFT - 14, y), ink(12, colour).pos(end))?;
            area.draw(&PathElement::new([(LEFT, y), (RIGHT, y)], BAND.stroke_width(1))).map_err(fault)?;
            let style = if b == winner { colour.filled() } else { colour.stroke_width(2) };
            area.draw(&Circle::new((place(amount, low, high), y), 4, style)).map_err(fault)?;
            let start = Pos::new(HPos::Left, VPos::Center);
            write(area, &amount_text(amount), (RIGHT + 16, y), ink(12, colour).pos(start))?;
        }
        Ok(())
    }
}

/// Pixel of a value between the edges.
fn place(value: f64, low: f64, high: f64) -> i32 {
    let share = if high > low { (value - low) / (high - low) } else { 0.5 };
    LEFT + (share * f64::from(RIGHT - LEFT)).round() as i32
}

/// Amounts below a thousand with the digits they were written with, at most four.
fn amount_text(amount: f64) -> String {
    if amount >= 1000.0 {
        return figure(amount, amount);
    }
    let text = format!("{amount:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// From the market's lowest to its highest twentieth, or as far as this tender.
fn draw_strip(area: &Area<'_>, lang: Lang, s: &Strip, y: i32) -> Result<()> {
    let middle = |h| Pos::new(h, VPos::Center);
    let name = format!("{} {}", s.name.get(lang), s.symbol);
    write(area, &fitted(&name, 12, LEFT - 30), (LEFT - 14, y), ink(12, INK).pos(middle(HPos::Right)))?;
    let last = s.quantiles.len() - 1;
    let (low, high) = (s.quantiles[1].min(s.value), s.quantiles[last - 1].max(s.value));
    area.draw(&PathElement::new([(LEFT, y), (RIGHT, y)], BAND.stroke_width(1))).map_err(fault)?;
    for (k, q) in s.quantiles.iter().enumerate().take(last).skip(1) {
        let (x, half) = (place(*q, low, high), if k == last / 2 { 7 } else { 4 });
        area.draw(&PathElement::new([(x, y - half), (x, y + half)], GREY.stroke_width(1))).map_err(fault)?;
    }
    area.draw(&Circle::new((place(s.value, low, high), y), 4, ACCENT.filled())).map_err(fault)?;
    let below = format!("{:.0}", s.rank * 100.0);
    let text = pick(lang, &format!("{:.3}　高于 {below}%", s.value), &format!("{:.3} · above {below} %", s.value));
    write(area, &text, (RIGHT + 16, y), ink(12, INK).pos(middle(HPos::Left)))
}
