//! The charts of a lead: one file per chart, one drawing style (`frame`), compact SVG (`pen`).

mod bids;
mod chain;
mod curves;
mod export;
mod frame;
mod measure;
mod overlay;
mod pen;
mod price;
mod raster;
mod spark;

use std::collections::BTreeSet;

use anyhow::Result;

use super::{Results, font};
use crate::model::{Cell, Day, Finding, Kind, Lead, RowRef, SourceRow, Step, masked};
use frame::{SIZE, draw, pick, short};

pub use export::export;
pub use spark::spark;

/// A longer history is not drawn whole: three weeks in two years would be a sliver.
const MOST_DAYS: i32 = 400;
const BESIDE_DAYS: i32 = 182;

/// A chart: SVG whose text is still text, what it says in words, and the numbers behind it.
pub struct Chart {
    /// Path without ending, e.g. `charts/G0123-price`.
    pub name: String,
    /// The picture.
    pub svg: String,
    /// What it shows, for those who cannot see it.
    pub alt: String,
    /// The values of its curves.
    pub readings: Option<Readings>,
}

impl Chart {
    /// SVG for a page: in the font the page embeds, and told to those who cannot see it.
    pub fn in_page(&self) -> String {
        let alt = pen::escaped(&font::plain(&super::pdf::name(&self.alt)));
        let svg = self.svg.replacen(r#" xmlns="http://www.w3.org/2000/svg""#, "", 1);
        svg.replacen(r#" font-family="sans-serif""#, &format!(r#" role="img" aria-label="{alt}""#), 1)
    }
}

/// Where the curves of a chart lie, so that a value can be read at a day.
pub struct Readings {
    /// Left, right, upper and lower edge in pixels.
    pub frame: [i32; 4],
    /// Day at the left and right edge.
    pub days: (i32, i32),
    /// The curves, the seller's own first.
    pub columns: Vec<Column>,
}

/// One curve.
pub struct Column {
    /// Its name.
    pub label: String,
    /// Days and values.
    pub points: Vec<(i32, f64)>,
}

/// What a chart shows: plain numbers and labels.
#[derive(Clone)]
struct Picture<'a> {
    /// What it belongs to, as shown in the footer.
    id: String,
    title: String,
    /// Rule and version, as shown in the footer.
    rule: String,
    rules: &'a [String],
    series: &'a [usize],
    cell: &'a Cell,
    /// First and last day drawn.
    days: (i32, i32),
    steps: &'a [Step],
    expected: &'a [(Day, f64)],
    /// `expected` is what a rule allows, not what the market gives.
    by_rule: bool,
    source: Option<RowRef>,
    rows: &'a [(i32, f64)],
}

/// The charts of a lead; one without prices has none. `rows` are its source rows where they were read again.
pub fn of_lead(r: &Results<'_>, lead: &Lead, rows: &[SourceRow]) -> Result<Vec<Chart>> {
    let f = &r.findings[lead.findings[0]];
    let Some(cell) = lead.cell else { return bids::of_tender(r, lead) };
    let single: Vec<(i32, f64)> =
        rows.iter().filter(|o| o.series == lead.series[0]).map(|o| (o.day.0, o.price)).collect();
    let x = &Picture {
        id: pick(r.lang, &format!("线索 {}", lead.id), &format!("lead {}", lead.id)),
        title: title(r, lead),
        rule: lead.rules.first().and_then(|id| rule(r, id)).unwrap_or_default(),
        rules: &lead.rules,
        series: &lead.series,
        cell: &r.panel.cells[cell],
        days: around(&r.panel.cells[cell], lead),
        steps: &f.steps,
        expected: &f.expected,
        by_rule: f.rule.is_some(),
        source: f.rows.first().map(|n| n.row),
        rows: &single,
    };
    let name = |what: &str| format!("charts/{}-{what}", lead.id);
    let two = |v: Option<f64>| super::view::number(v, 2);
    let told = format!("{} → {}", two(lead.reference_price), two(lead.observed_price));
    let alt =
        |x: &Picture<'_>, what: &str| format!("{what} · {} · {} – {} · {told}", x.title, lead.first_day, lead.last_day);
    if lead.kind == Kind::Collusion {
        return of_group(r, lead, x, &alt);
    }
    let mut charts = Vec::new();
    if let Some((what, m)) = measure::other(r, x) {
        let (svg, readings) = curves(&|a| measure::draw(a, r, x, what, m))?;
        charts.push(Chart {
            name: name("rule"),
            svg,
            alt: alt(x, &pick(r.lang, "规则图", "chart of the rule")),
            readings,
        });
    }
    let (svg, readings) = curves(&|a| price::draw(a, r, x))?;
    charts.push(Chart { name: name("price"), svg, alt: alt(x, &pick(r.lang, "价格图", "price chart")), readings });
    let sheet = lead.findings.iter().map(|i| &r.findings[*i]).find_map(chain);
    if let Some(sheet) = sheet {
        let svg = draw(chain::height(sheet.rows.len()), &mut |a| chain::draw(a, r, x, sheet))?;
        let alt = alt(x, &pick(r.lang, "流通链条图", "chain of sales"));
        charts.push(Chart { name: name("chain"), svg, alt, readings: None });
    }
    Ok(charts)
}

/// Says in words what a picture shows.
type Alt<'a> = dyn Fn(&Picture<'_>, &str) -> String + 'a;

/// Who rose when, over all goods; then the prices of each good.
fn of_group(r: &Results<'_>, lead: &Lead, x: &Picture<'_>, alt: &Alt<'_>) -> Result<Vec<Chart>> {
    let cell_of = |s: usize| r.panel.series[s].cell as usize;
    let goods: Vec<&[usize]> = lead.series.chunk_by(|a, b| cell_of(*a) == cell_of(*b)).collect();
    let title = |sellers: usize, product: &str| {
        joined([&pick(r.lang, &format!("{sellers} 家经营者"), &format!("{sellers} sellers")), product, &lead.region])
    };
    let sellers = |of: &[usize]| of.iter().map(|s| r.panel.series[*s].seller).collect::<BTreeSet<u32>>().len();
    let source = |of: &[usize]| r.panel.points(&r.panel.series[of[0]]).row.first().copied();
    let several = pick(r.lang, &format!("{} 种商品", goods.len()), &format!("{} goods", goods.len()));
    let product = if goods.len() > 1 { &several } else { &lead.product };
    let whole = &Picture { title: title(lead.sellers.len(), product), ..x.clone() };
    let svg = draw(raster::height(x.series.len()), &mut |a| raster::draw(a, r, lead, whole))?;
    let name = |what: &str| format!("charts/{}-{what}", lead.id);
    let what = pick(r.lang, "涨价时序图", "raster of rises");
    let mut charts = vec![Chart { name: name("raster"), svg, alt: alt(whole, &what), readings: None }];
    for (series, number) in goods.into_iter().zip(1..) {
        let cell = &r.panel.cells[cell_of(series[0])];
        let product = if number == 1 { &lead.product } else { &cell.product };
        let steps: Vec<Step> = x.steps.iter().filter(|s| series.contains(&s.series)).copied().collect();
        let x = &Picture {
            series,
            cell,
            title: title(sellers(series), product),
            steps: &steps,
            source: source(series),
            ..x.clone()
        };
        let (svg, readings) = curves(&|a| overlay::draw(a, r, x))?;
        let what = pick(r.lang, "群体价格图", "prices of the group");
        let name = if number == 1 { name("overlay") } else { name(&format!("overlay-{number}")) };
        charts.push(Chart { name, svg, alt: alt(x, &what), readings });
    }
    Ok(charts)
}

/// Days to draw: all of them, or of a longer history the pattern with half a year on either side. What is over stays the
/// same picture then, however many weeks follow.
/// A rule may look back further than that.
fn around(cell: &Cell, lead: &Lead) -> (i32, i32) {
    let all = cell.market.last().zip(cell.market.first()).map_or(0, |(last, first)| last.day.0 - first.day.0);
    if all <= MOST_DAYS || !lead.rules.is_empty() {
        return (i32::MIN, i32::MAX);
    }
    (lead.first_day.0 - BESIDE_DAYS, lead.last_day.0 + BESIDE_DAYS)
}

fn chain(f: &Finding) -> Option<&crate::model::Sheet> {
    f.sheet.as_ref().filter(|_| f.screen == "chain-markup")
}

/// The price history of one series, whether or not anything was found.
pub fn of_series(r: &Results<'_>, s: usize) -> Result<Chart> {
    let series = &r.panel.series[s];
    let cell = &r.panel.cells[series.cell as usize];
    let seller = &r.panel.sellers[series.seller as usize];
    let product = &r.panel.items[series.item as usize].product;
    let x = &Picture {
        id: short(&masked(&seller.id)),
        title: joined([&seller.name, product, &cell.region]),
        rule: String::new(),
        rules: &[],
        series: &[s],
        cell,
        days: (i32::MIN, i32::MAX),
        steps: &[],
        expected: &[],
        by_rule: false,
        source: r.panel.points(series).row.first().copied(),
        rows: &[],
    };
    let (svg, readings) = curves(&|a| price::draw(a, r, x))?;
    Ok(Chart { name: format!("series-{s}"), svg, alt: x.title.clone(), readings })
}

fn curves(paint: &dyn Fn(&frame::Area<'_>) -> Result<Readings>) -> Result<(String, Option<Readings>)> {
    let mut readings = None;
    let svg = draw(SIZE.1, &mut |a| {
        readings = Some(paint(a)?);
        Ok(())
    })?;
    Ok((svg, readings))
}

fn title(r: &Results<'_>, lead: &Lead) -> String {
    let seller = lead.series.first().map(|s| &r.panel.sellers[r.panel.series[*s].seller as usize].name);
    joined([seller.map_or("", String::as_str), &lead.product, &lead.region])
}

fn joined(parts: [&str; 3]) -> String {
    parts.into_iter().filter(|p| !p.is_empty()).map(short).collect::<Vec<_>>().join(" · ")
}

fn rule(r: &Results<'_>, id: &str) -> Option<String> {
    let rule = r.rules.iter().find(|x| x.id == id)?;
    Some(format!("{} {} {}", pick(r.lang, "规则", "rule"), rule.id, rule.version))
}
