//! The charts of a lead, in one drawing style. Text becomes paths, so they look the same with no font installed.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use resvg::{tiny_skia, usvg};

use super::{Results, chain, font};
use crate::model::{Basis, Cell, Day, Kind, Lang, Lead, MarketDay, RowRef, Step, masked};

const SIZE: (u32, u32) = (960, 420);
/// Ink of axes and text.
pub const INK: RGBColor = RGBColor(27, 38, 49);
/// What the chart is about.
pub const ACCENT: RGBColor = RGBColor(178, 34, 34);
/// What stands beside it.
pub const GREY: RGBColor = RGBColor(120, 130, 140);
const BAND: RGBColor = RGBColor(214, 222, 230);
const BLUE: RGBColor = RGBColor(31, 97, 141);

/// What a chart shows: plain numbers and labels.
struct Picture<'a> {
    /// What it belongs to, as shown in the footer.
    id: String,
    kind: Kind,
    series: &'a [usize],
    product: &'a str,
    region: &'a str,
    cell: &'a Cell,
    steps: &'a [Step],
    expected: &'a [(Day, f64)],
    /// `expected` is what a rule allows, not what the market gives.
    by_rule: bool,
    source: Option<RowRef>,
}

/// (name, SVG) of each chart of a lead; text is still text. A lead without prices has none.
pub fn of_lead(r: &Results<'_>, lead: &Lead) -> Result<Vec<(String, String)>> {
    let f = &r.findings[lead.findings[0]];
    let Some(cell) = lead.cell else { return Ok(Vec::new()) };
    let x = &Picture {
        id: pick(r.lang, &format!("线索 {}", lead.id), &format!("lead {}", lead.id)),
        kind: lead.kind,
        series: &lead.series,
        product: &lead.product,
        region: &lead.region,
        cell: &r.panel.cells[cell],
        steps: &f.steps,
        expected: &f.expected,
        by_rule: f.rule.is_some(),
        source: f.rows.first().map(|n| n.row),
    };
    let name = |what: &str| format!("charts/{}-{what}", lead.id);
    if lead.kind == Kind::Collusion {
        return Ok(vec![
            (name("raster"), draw(&|a| raster(a, r, x))?),
            (name("overlay"), draw(&|a| overlay(a, r, x))?),
        ]);
    }
    let mut charts = vec![(name("price"), draw(&|a| price_path(a, r, x))?)];
    let chains = lead.findings.iter().map(|i| &r.findings[*i]).filter(|f| f.screen == "chain-markup");
    if let Some(sheet) = chains.filter_map(|f| f.sheet.as_ref()).next() {
        let unit = r.panel.price_unit(x.cell);
        let paint = |a: &Area<'_>| {
            chain::draw(a, sheet, &title(r, x), &short(unit.get(r.lang)), r.lang)?;
            footer(a, r, x)
        };
        charts.push((name("chain"), draw(&paint)?));
    }
    Ok(charts)
}

/// The price history of one series, whether or not anything was found.
pub fn of_series(r: &Results<'_>, s: usize) -> Result<String> {
    let series = &r.panel.series[s];
    let cell = &r.panel.cells[series.cell as usize];
    let x = &Picture {
        id: masked(&r.panel.sellers[series.seller as usize].id),
        kind: Kind::Gouging,
        series: &[s],
        product: &r.panel.items[series.item as usize].product,
        region: &cell.region,
        cell,
        steps: &[],
        expected: &[],
        by_rule: false,
        source: r.panel.points(series).row.first().copied(),
    };
    draw(&|a| price_path(a, r, x))
}

fn draw(paint: &dyn Fn(&Area<'_>) -> Result<()>) -> Result<String> {
    font::register();
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(|e| anyhow!("{e}"))?;
        paint(&area)?;
        area.present().map_err(|e| anyhow!("{e}"))?;
    }
    Ok(svg)
}

/// The stand-alone files of a chart: SVG with text as paths, PNG at twice the size.
pub fn export(name: &str, svg: &str) -> Result<[(String, Vec<u8>); 2]> {
    let tree = tree(svg)?;
    let (w, h) = (SIZE.0 * 2, SIZE.1 * 2);
    let mut pixels = tiny_skia::Pixmap::new(w, h).ok_or_else(|| anyhow!("{name}: no image of this size"))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(2.0, 2.0), &mut pixels.as_mut());
    let png = pixels.encode_png().map_err(|e| anyhow!("{name}: {e}"))?;
    Ok([(format!("{name}.svg"), paths(&tree).into_bytes()), (format!("{name}.png"), png)])
}

/// SVG for the page: text stays text, in the font the page embeds, so that a thousand charts stay light.
pub fn in_page(svg: &str) -> String {
    svg.replace("font-family=\"sans-serif\"", "font-family=\"pw\"")
}

fn tree(svg: &str) -> Result<usvg::Tree> {
    let options = usvg::Options { fontdb: font::database(), ..usvg::Options::default() };
    usvg::Tree::from_str(svg, &options).map_err(|e| anyhow!("chart: {e}"))
}

fn paths(tree: &usvg::Tree) -> String {
    let options = usvg::WriteOptions {
        coordinates_precision: 2,
        transforms_precision: 3,
        indent: usvg::Indent::None,
        ..usvg::WriteOptions::default()
    };
    tree.to_string(&options)
}

/// Where a chart is drawn.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Names from files: no control characters (XML forbids them), at most 40 characters.
pub fn short(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).collect();
    let cut = if plain.chars().count() > 40 { plain.chars().take(39).chain(['…']).collect() } else { plain };
    font::drawable(&cut)
}

fn pick(lang: Lang, zh: &str, en: &str) -> String {
    if lang == Lang::Zh { zh.to_owned() } else { en.to_owned() }
}

fn footer(area: &Area<'_>, r: &Results<'_>, x: &Picture<'_>) -> Result<()> {
    let basis = match x.cell.basis {
        Basis::Posted => pick(r.lang, "标价", "posted price"),
        Basis::Net => pick(r.lang, "成交价", "transaction price"),
    };
    let source = x.source.map_or("", |row| &r.files[row.file() as usize].path);
    let source = source.rsplit('/').next().unwrap_or(source);
    let unit = r.panel.price_unit(x.cell);
    let unit = short(unit.get(r.lang));
    let text = match r.lang {
        Lang::Zh => {
            format!("单位：{unit}　{basis}　来源：{}　{}　筛查结果不能证明违法", short(source), x.id)
        }
        Lang::En => {
            format!("{unit} · {basis} · source {} · {} · a screen proves nothing", short(source), x.id)
        }
    };
    let style = ("sans-serif", 12).into_font().color(&GREY);
    area.draw(&Text::new(text, (60, SIZE.1 as i32 - 18), style)).map_err(|e| anyhow!("{e}"))
}

fn title(r: &Results<'_>, x: &Picture<'_>) -> String {
    let name = match x.series {
        [one, ..] if x.kind != Kind::Collusion => short(&r.panel.sellers[r.panel.series[*one].seller as usize].name),
        many => pick(r.lang, &format!("{} 家经营者", many.len()), &format!("{} sellers", many.len())),
    };
    [name, short(x.product), short(x.region)].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// Fewest series that make a market worth drawing.
const MARKET: u32 = 3;

/// A line of the price chart: label, points, style.
struct Line {
    label: String,
    points: Vec<(i32, f64)>,
    colour: RGBColor,
    width: u32,
    dashed: bool,
}

fn price_path(area: &Area<'_>, r: &Results<'_>, x: &Picture<'_>) -> Result<()> {
    let series = &r.panel.series[x.series[0]];
    let p = r.panel.points(series);
    let own: Vec<(i32, f64)> = p.day.iter().copied().zip(p.price.iter().copied()).collect();
    let mut lines = Vec::new();
    if x.cell.market.iter().any(|d| d.n >= MARKET) {
        lines.push(Line {
            label: pick(r.lang, "市场中位价", "market median"),
            points: median(&x.cell.market),
            colour: GREY,
            width: 2,
            dashed: false,
        });
    }
    lines.push(Line {
        label: if x.by_rule {
            pick(r.lang, "允许价", "allowed")
        } else {
            pick(r.lang, "按市场涨幅应为", "by the market")
        },
        points: x.expected.iter().map(|e| (e.0.0, e.1)).collect(),
        colour: BLUE,
        width: 2,
        dashed: true,
    });
    if let Some(cost) = x.cell.cost.as_ref().filter(|c| !c.is_index) {
        let points = cost.days.iter().map(|d| d.0).zip(cost.cost.iter().copied()).collect();
        lines.push(Line {
            label: pick(r.lang, "成本", "cost"),
            points,
            colour: RGBColor(140, 100, 20),
            width: 1,
            dashed: false,
        });
    }
    lines.push(Line {
        label: pick(r.lang, "本店价格", "this seller"),
        points: own,
        colour: ACCENT,
        width: 3,
        dashed: false,
    });
    draw_lines(area, r, x, lines)
}

fn median(market: &[MarketDay]) -> Vec<(i32, f64)> {
    market.iter().map(|d| (d.day.0, d.median)).collect()
}

fn overlay(area: &Area<'_>, r: &Results<'_>, x: &Picture<'_>) -> Result<()> {
    let mut lines = vec![Line {
        label: pick(r.lang, "市场中位价", "market median"),
        points: median(&x.cell.market),
        colour: GREY,
        width: 3,
        dashed: true,
    }];
    for (k, &s) in x.series.iter().enumerate() {
        let p = r.panel.points(&r.panel.series[s]);
        let label = if k == 0 { pick(r.lang, "群体成员", "members") } else { String::new() };
        lines.push(Line {
            label,
            points: p.day.iter().copied().zip(p.price.iter().copied()).collect(),
            colour: ACCENT,
            width: 1,
            dashed: false,
        });
    }
    draw_lines(area, r, x, lines)
}

fn draw_lines(area: &Area<'_>, r: &Results<'_>, x: &Picture<'_>, lines: Vec<Line>) -> Result<()> {
    let days = || lines.iter().flat_map(|l| l.points.iter().map(|p| p.0));
    let (low, high) = (days().min().unwrap_or(0), days().max().unwrap_or(1));
    let market: Vec<&MarketDay> = x.cell.market.iter().filter(|d| (low..=high).contains(&d.day.0)).collect();
    let top =
        lines.iter().flat_map(|l| l.points.iter().map(|p| p.1)).chain(market.iter().map(|d| d.q3)).fold(0.0, f64::max)
            * 1.08;
    // Labels stand right of the last day; a few days alone still get a field to stand in.
    let right = high + ((high - low) / 6 + 1).max(3);
    let left = if high - low < 6 { low - 1 } else { low };
    let mut chart = ChartBuilder::on(area)
        .margin_top(6)
        .margin_bottom(26)
        .margin_right(10)
        .caption(title(r, x), ("sans-serif", 18).into_font().color(&INK))
        .x_label_area_size(28)
        .y_label_area_size(56)
        .build_cartesian_2d(left..right, 0.0..top.max(0.01))
        .map_err(|e| anyhow!("{e}"))?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BAND.mix(0.6))
        .x_labels(8)
        .y_labels(6)
        .x_label_formatter(&|d| Day(*d).to_string()[5..].to_owned())
        .y_label_formatter(&|v| format!("{v:.2}"))
        .label_style(("sans-serif", 12).into_font().color(&INK))
        .axis_style(GREY)
        .draw()
        .map_err(|e| anyhow!("{e}"))?;
    let band: Vec<(i32, f64)> =
        market.iter().map(|d| (d.day.0, d.q3)).chain(market.iter().rev().map(|d| (d.day.0, d.q1))).collect();
    if band.len() > 2 {
        chart.draw_series([Polygon::new(band, BAND.mix(0.7).filled())]).map_err(|e| anyhow!("{e}"))?;
    }
    for step in x.steps.iter().filter(|s| x.series[0] == s.series) {
        let edges = [(step.last_old.0, 0.0), (step.first_new.0, top)];
        chart.draw_series([Rectangle::new(edges, ACCENT.mix(0.18).filled())]).map_err(|e| anyhow!("{e}"))?;
        let style = ("sans-serif", 12).into_font().color(&ACCENT);
        let label = Text::new(step.first_new.to_string()[5..].to_owned(), (step.first_new.0, top * 0.99), style);
        chart.draw_series([label]).map_err(|e| anyhow!("{e}"))?;
    }
    let mut taken: Vec<f64> = Vec::new();
    for line in lines {
        let style = ShapeStyle { color: line.colour.to_rgba(), filled: false, stroke_width: line.width };
        let stairs: Vec<(i32, f64)> = line
            .points
            .iter()
            .enumerate()
            .flat_map(|(i, &(d, v))| [(d, if i > 0 { line.points[i - 1].1 } else { v }), (d, v)])
            .collect();
        if line.dashed {
            chart.draw_series(DashedLineSeries::new(stairs, 6, 4, style)).map_err(|e| anyhow!("{e}"))?;
        } else {
            chart.draw_series(LineSeries::new(stairs, style)).map_err(|e| anyhow!("{e}"))?;
        }
        if line.width == 3 && !line.dashed {
            let dots = line.points.iter().map(|&p| Circle::new(p, 2, line.colour.filled()));
            chart.draw_series(dots).map_err(|e| anyhow!("{e}"))?;
        }
        let Some(&(_, last)) = line.points.last().filter(|_| !line.label.is_empty()) else { continue };
        let mut at = last;
        while taken.iter().any(|t| (t - at).abs() < top * 0.055) {
            at -= top * 0.055; // labels do not sit on each other
        }
        taken.push(at);
        let style = ("sans-serif", 13).into_font().color(&line.colour);
        chart.draw_series([Text::new(line.label, (high + 1, at + top * 0.02), style)]).map_err(|e| anyhow!("{e}"))?;
    }
    footer(area, r, x)
}

/// Members × days: a bar for each rise, its episode and the order within it.
fn raster(area: &Area<'_>, r: &Results<'_>, x: &Picture<'_>) -> Result<()> {
    let (low, high) = (x.cell.market.first().map_or(0, |d| d.day.0), x.cell.market.last().map_or(1, |d| d.day.0));
    let n = x.series.len() as i32;
    let mut chart = ChartBuilder::on(area)
        .margin_top(6)
        .margin_bottom(26)
        .margin_right(14)
        .caption(title(r, x), ("sans-serif", 18).into_font().color(&INK))
        .x_label_area_size(28)
        .y_label_area_size(230)
        .build_cartesian_2d(low..high + 1, 0.0..f64::from(n))
        .map_err(|e| anyhow!("{e}"))?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(8)
        .y_labels(0)
        .x_label_formatter(&|d| Day(*d).to_string()[5..].to_owned())
        .label_style(("sans-serif", 12).into_font().color(&INK))
        .axis_style(GREY)
        .draw()
        .map_err(|e| anyhow!("{e}"))?;
    let height = (SIZE.1 as i32 - 100) / n.max(1);
    for (k, &s) in x.series.iter().enumerate() {
        let y = f64::from(n) - k as f64;
        let p = r.panel.points(&r.panel.series[s]);
        for i in 1..p.day.len() {
            if p.price[i] > p.price[i - 1] * 1.02 {
                let bar = Rectangle::new([(p.day[i], y - 0.8), (p.day[i] + 1, y - 0.2)], BAND.filled());
                chart.draw_series([bar]).map_err(|e| anyhow!("{e}"))?;
            }
        }
        for step in x.steps.iter().filter(|t| t.series == s) {
            let bar = Rectangle::new([(step.first_new.0, y - 0.85), (step.first_new.0 + 1, y - 0.15)], ACCENT.filled());
            chart.draw_series([bar]).map_err(|e| anyhow!("{e}"))?;
            let before = x.steps.iter().filter(|t| t.episode == step.episode && t.first_new < step.first_new).count();
            let style = ("sans-serif", 13).into_font().color(&ACCENT);
            chart
                .draw_series([Text::new(format!("{}", before + 1), (step.first_new.0 + 2, y - 0.3), style)])
                .map_err(|e| anyhow!("{e}"))?;
        }
        let name = short(&r.panel.sellers[r.panel.series[s].seller as usize].name);
        let at = (12, 40 + k as i32 * height + height / 2 - 8);
        area.draw(&Text::new(name, at, ("sans-serif", 13).into_font().color(&INK))).map_err(|e| anyhow!("{e}"))?;
    }
    footer(area, r, x)
}
