//! leads.xlsx: the list staff work from (线索清单), with the rejects and the parameters behind it.

use anyhow::{Context as _, Result};
use rust_xlsxwriter::{
    Color, ConditionalFormatCell, ConditionalFormatCellRule, DataValidation, DocProperties, ExcelDateTime, Format,
    FormatAlign, FormatBorder, Url, Workbook, Worksheet,
};

use super::{Results, basis, rules, view};
use crate::model::{CostExplained, Course, Day, Grade, Kind, Lang, Lead, Param, State, masked};

/// Excel's own bounds: characters of a cell, and rows of a sheet below the header.
const CELL_CHARACTERS: usize = 32_000;
const SHEET_ROWS: usize = 1_048_000;
/// A4 as Excel numbers paper.
const A4: u8 = 9;

/// What a column of the list holds.
enum Cell {
    Text(String),
    Number(Option<f64>, &'static str),
    Date(Option<Day>),
    Chart(String),
    /// To be filled in, from a list where there is one.
    Open(&'static [(&'static str, &'static str)]),
}

/// A probability is never shown as a bare zero.
const CHANCE: &str = "[<0.0001]0E+00;0.0000";
const STATUS: &[(&str, &str)] = &[
    ("待核查", "to check"),
    ("核查中", "checking"),
    ("已核查", "checked"),
    ("立案", "case opened"),
    ("排除", "excluded"),
];
const NOTICE: &[(&str, &str)] = &[("未告诫", "no notice"), ("已告诫", "notice given"), ("不适用", "not applicable")];

/// The workbook's bytes; `charts` names the first chart of each lead, where there is a file of it.
pub fn workbook(r: &Results<'_>, charts: &[Option<String>]) -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    // No clock in outputs: the document is dated by its data.
    let made = excel_date(r.context.as_of.or_first())?;
    book.set_properties(
        &DocProperties::new().set_title(word(r, "线索清单", "List of leads")).set_creation_datetime(&made),
    );
    leads(r, charts, book.add_worksheet())?;
    rejects(r, book.add_worksheet())?;
    parameters(r, book.add_worksheet())?;
    Ok(book.save_to_buffer()?)
}

fn word(r: &Results<'_>, zh: &'static str, en: &'static str) -> &'static str {
    if r.lang == Lang::Zh { zh } else { en }
}

fn excel_date(day: Day) -> Result<ExcelDateTime> {
    ExcelDateTime::parse_from_str(&day.to_string())
        .with_context(|| format!("{day}: 超出 Excel 的日期范围 / beyond Excel's dates"))
}

/// Text as it is, with what a sheet cannot hold or nobody can see by its code, and cut to what a cell holds.
fn plain(text: &str) -> String {
    let told = text.split('\n').map(super::font::plain).collect::<Vec<_>>().join("\n");
    let long = told.chars().count();
    if long <= CELL_CHARACTERS {
        told
    } else {
        told.chars().take(CELL_CHARACTERS).collect::<String>() + &format!("…({long})")
    }
}

fn header(sheet: &mut Worksheet, names: &[&str], widths: &[f64], frozen: u16) -> Result<()> {
    let style = Format::new().set_bold().set_background_color(Color::RGB(0x00DD_E3EA)).set_border(FormatBorder::Thin);
    let style = style.set_text_wrap().set_align(FormatAlign::VerticalCenter);
    for (c, (name, width)) in names.iter().zip(widths).enumerate() {
        sheet.write_string_with_format(0, c as u16, *name, &style)?;
        sheet.set_column_width(c as u16, *width)?;
    }
    sheet.set_freeze_panes(1, frozen)?;
    sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    Ok(())
}

fn leads(r: &Results<'_>, charts: &[Option<String>], sheet: &mut Worksheet) -> Result<()> {
    sheet.set_name(word(r, "线索清单", "Leads"))?;
    let columns = row(r, None, "");
    let names: Vec<&str> = columns.iter().map(|c| c.0).collect();
    let widths: Vec<f64> = columns.iter().map(|c| c.1).collect();
    header(sheet, &names, &widths, 1)?;
    // Three sheets of A4 beside each other, each with the lead's id: one would be too small to read.
    sheet.set_print_fit_to_pages(3, 0).set_repeat_columns(0, 0)?;
    for (n, (lead, chart)) in (1u32..).zip(r.leads.iter().zip(charts)) {
        for (c, (_, _, cell)) in (0u16..).zip(row(r, Some(lead), chart.as_deref().unwrap_or(""))) {
            write(r, sheet, n, c, &cell)?;
        }
    }
    let (last, wide) = (r.leads.len().max(1) as u32, names.len() as u16 - 1);
    sheet.autofilter(0, 0, last, wide)?;
    for (c, (_, _, cell)) in (0u16..).zip(row(r, None, "")) {
        if let Cell::Open(choices) = cell
            && !choices.is_empty()
        {
            let list: Vec<&str> = choices.iter().map(|w| word(r, w.0, w.1)).collect();
            sheet.add_data_validation(1, c, last, c, &DataValidation::new().allow_list_strings(&list)?)?;
        }
    }
    colour(r, sheet, &names, last)
}

/// Where to begin: grades A and C, costs that do not explain, and what people filled in.
fn colour(r: &Results<'_>, sheet: &mut Worksheet, names: &[&str], last: u32) -> Result<()> {
    let (green, amber, red, grey) = (0x00D5_EBD8, 0x00FB_E5C8, 0x00F6_D5D5, 0x00E4_E7EA);
    let rules = [
        (("数据质量", "Data quality"), ("A", "A"), green),
        (("数据质量", "Data quality"), ("C", "C"), amber),
        (("成本解释", "Cost explains it"), ("无", "no"), red),
        (("成本解释", "Cost explains it"), ("有", "yes"), green),
        (("状态", "Status"), STATUS[1], amber),
        (("状态", "Status"), STATUS[3], red),
        (("状态", "Status"), STATUS[4], grey),
    ];
    for ((zh, en), value, colour) in rules {
        let Some(at) = names.iter().position(|n| *n == word(r, zh, en)) else { continue };
        let rule = ConditionalFormatCell::new()
            .set_rule(ConditionalFormatCellRule::EqualTo(word(r, value.0, value.1)))
            .set_format(Format::new().set_background_color(Color::RGB(colour)));
        sheet.add_conditional_format(1, at as u16, last, at as u16, &rule)?;
    }
    Ok(())
}

/// Name, width and content of every column; without a lead only names and widths mean something.
fn row(r: &Results<'_>, lead: Option<&Lead>, chart: &str) -> Vec<(&'static str, f64, Cell)> {
    let text = |pick: &dyn Fn(&Lead) -> String| Cell::Text(lead.map(pick).unwrap_or_default());
    let number = |pick: &dyn Fn(&Lead) -> Option<f64>, style| Cell::Number(lead.and_then(pick), style);
    let date = |pick: fn(&Lead) -> Day| Cell::Date(lead.map(pick));
    let names = |l: &Lead| l.names.iter().map(|n| n.1.as_str()).collect::<Vec<_>>().join("\n");
    let ids = |l: &Lead| l.sellers.iter().map(|id| masked(id)).collect::<Vec<_>>().join("\n");
    let unit =
        |l: &Lead| l.cell.map_or(String::new(), |c| r.panel.price_unit(&r.panel.cells[c]).get(r.lang).to_owned());
    let lines = |list: Vec<&str>| list.join("\n");
    let open =
        |l: &Lead| lines(l.innocent.iter().filter(|c| c.state != State::No).map(|c| c.text.get(r.lang)).collect());
    let next = |l: &Lead| lines(l.next_steps.iter().map(|t| t.get(r.lang)).collect());
    let peers = |l: &Lead| r.panel.cells[l.cell?].market.iter().map(|d| f64::from(d.n)).reduce(f64::max);
    let base = |l: &Lead| basis::of(r, l);
    let percent = |v: f64| v * 100.0;
    let rise = |l: &Lead| Some(l.observed_price? - l.reference_price?);
    let w = |zh, en| word(r, zh, en);
    let course = |pick: &dyn Fn(&Course) -> String| text(&|l| l.course.as_ref().map_or(String::new(), pick));
    let decided = lead.and_then(|l| l.course.as_ref()?.decision.as_ref());
    let fill = |said: Option<String>, open: &'static [(&'static str, &'static str)]| {
        said.filter(|s| !s.is_empty()).map_or(Cell::Open(open), Cell::Text)
    };
    let notice = decided.and_then(|d| d.notice_date);
    let mut columns = vec![
        (w("线索编号", "Lead"), 14.0, text(&|l| l.id.clone())),
        (w("生成日期", "As of"), 12.0, Cell::Date(Some(r.context.as_of))),
        (w("类型", "Kind"), 12.0, text(&|l| kind(r, l.kind).to_owned())),
        (w("区划", "Region"), 16.0, text(&|l| r.regions.get(&l.region).map_or(l.region.clone(), |c| c.1.clone()))),
        (w("经营者", "Seller"), 26.0, text(&names)),
        (w("信用代码", "Seller id"), 22.0, text(&ids)),
        (w("商品", "Product"), 20.0, text(&|l| l.product.clone())),
        (w("规格与标准", "Spec and standard"), 16.0, text(&|l| basis::spec(r, l))),
        (w("单位", "Unit"), 9.0, text(&unit)),
        (w("起始日期", "First day"), 12.0, date(|l| l.first_day)),
        (w("截止日期", "Last day"), 12.0, date(|l| l.last_day)),
        (w("基准日", "Reference day"), 12.0, Cell::Date(lead.and_then(|l| base(l).day))),
        (w("基准价", "Reference price"), 11.0, number(&|l| l.reference_price, "#,##0.00")),
        (w("基准差价率", "Reference margin"), 11.0, number(&|l| base(l).margin.map(percent), "0.0")),
        (w("凭证行号", "Reference row"), 20.0, text(&|l| base(l).row)),
        (w("现价", "Observed price"), 11.0, number(&|l| l.observed_price, "#,##0.00")),
        (w("现差价率", "Margin now"), 11.0, number(&|l| basis::margin_now(r, l).map(percent), "0.0")),
        (w("涨幅%", "Rise %"), 9.0, number(&|l| l.increase_pct, "0.0")),
        (w("涨额", "Rise"), 10.0, number(&rise, "#,##0.00")),
        (w("数量", "Quantity"), 11.0, number(&|l| basis::quantity(r, l), "#,##0.##")),
        (w("涉及金额", "Excess amount"), 12.0, number(&|l| l.excess_amount, "#,##0.00")),
        (w("成本解释", "Cost explains it"), 11.0, text(&|l| cost(r, l.cost).to_owned())),
        (w("同类序列数", "Comparable series"), 10.0, number(&peers, "0")),
        (w("同类分位%", "Percentile among peers"), 10.0, number(&|l| basis::percentile(r, l), "0")),
        (
            w("命中筛查与规则", "Screens and rules"),
            44.0,
            text(&|l| {
                l.screens.iter().map(|s| (*s).to_owned()).chain(rules::clauses(r, l)).collect::<Vec<_>>().join("\n")
            }),
        ),
        ("p", 10.0, number(&|l| l.p_value, CHANCE)),
        ("q", 10.0, number(&|l| l.q_value, CHANCE)),
        (w("数据质量", "Data quality"), 9.0, text(&|l| grade(l.quality).to_owned())),
        (w("待排除情形", "Still to rule out"), 34.0, text(&open)),
        (w("建议核查事项", "What to check"), 38.0, text(&next)),
        (w("摘要", "Summary"), 60.0, text(&|l| l.summary.get(r.lang).to_owned())),
        (w("图表", "Chart"), 14.0, Cell::Chart(chart.to_owned())),
        (w("状态", "Status"), 10.0, fill(decided.map(|d| d.status.get(r.lang).to_owned()), STATUS)),
        (w("是否已告诫", "Notice"), 11.0, fill(notice.map(|_| w("已告诫", "notice given").to_owned()), NOTICE)),
        (w("告诫日期", "Notice date"), 12.0, notice.map_or(Cell::Open(&[]), |d| Cell::Date(Some(d)))),
        (w("承办人", "Handler"), 10.0, fill(decided.map(|d| d.by.clone()), &[])),
        (w("处置", "Disposition"), 20.0, fill(decided.map(|d| d.note.clone()), &[])),
    ];
    if r.weekly.is_some() {
        let weekly = [
            (w("本次", "This week"), 9.0, course(&|c| c.status.words().get(r.lang).to_owned())),
            (w("自", "Since"), 12.0, course(&|c| c.since.to_string())),
            (w("变化", "Change"), 26.0, course(&|c| c.note.get(r.lang).to_owned())),
        ];
        columns.splice(1..1, weekly);
    }
    columns
}

fn kind(r: &Results<'_>, kind: Kind) -> &'static str {
    match kind {
        Kind::Gouging => word(r, "疑似哄抬价格", "price gouging, suspected"),
        Kind::Collusion => word(r, "疑似串通涨价", "collusion, suspected"),
        Kind::PriceFraud => word(r, "疑似价格欺诈", "deceptive price, suspected"),
        Kind::Certification => word(r, "认证疑点", "certificate in doubt"),
        Kind::Tender => word(r, "疑似串通投标", "bid rigging, suspected"),
        Kind::MarketEvent => word(r, "市场事件", "market event"),
    }
}

fn cost(r: &Results<'_>, cost: CostExplained) -> &'static str {
    match cost {
        CostExplained::Explained => word(r, "有", "yes"),
        CostExplained::Unexplained => word(r, "无", "no"),
        CostExplained::Unknown => word(r, "不明", "unknown"),
    }
}

fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::A => "A",
        Grade::B => "B",
        Grade::C => "C",
    }
}

fn write(r: &Results<'_>, sheet: &mut Worksheet, row: u32, column: u16, cell: &Cell) -> Result<()> {
    let top = Format::new().set_align(FormatAlign::Top).set_border(FormatBorder::Hair).set_text_wrap();
    match cell {
        Cell::Text(text) => sheet.write_string_with_format(row, column, plain(text), &top)?,
        Cell::Number(Some(v), style) if v.is_finite() => {
            sheet.write_number_with_format(row, column, *v, &top.set_num_format(*style))?
        }
        Cell::Date(Some(day)) if *day != Day::UNKNOWN => {
            sheet.write_datetime_with_format(row, column, excel_date(*day)?, &top.set_num_format("yyyy-mm-dd"))?
        }
        Cell::Chart(path) if !path.is_empty() => {
            let link = Url::new(format!("file:///{path}.svg")).set_text(word(r, "打开图表", "open chart"));
            sheet.write_url(row, column, link)?
        }
        _ => sheet.write_blank(row, column, &top)?,
    };
    Ok(())
}

fn rejects(r: &Results<'_>, sheet: &mut Worksheet) -> Result<()> {
    sheet.set_name(word(r, "未用的行", "Rejected rows"))?;
    let names = [("文件", "File"), ("行", "Line"), ("列", "Column"), ("内容", "Value"), ("原因", "Reason")];
    header(sheet, &names.map(|w| word(r, w.0, w.1)), &[40.0, 10.0, 16.0, 40.0, 50.0], 0)?;
    for (n, reject) in (1u32..).zip(r.rejects.iter().take(SHEET_ROWS)) {
        sheet.write_string(n, 0, plain(&r.files[reject.row.file() as usize].path))?;
        sheet.write_number(n, 1, reject.row.line() as f64)?;
        sheet.write_string(n, 2, plain(&reject.column))?;
        sheet.write_string(n, 3, plain(&reject.value))?;
        sheet.write_string(n, 4, plain(reject.reason.get(r.lang)))?;
    }
    if r.rejects.len() > SHEET_ROWS {
        sheet.write_string(SHEET_ROWS as u32 + 1, 0, word(r, "其余见 rejects.csv", "the rest is in rejects.csv"))?;
    }
    Ok(())
}

fn parameters(r: &Results<'_>, sheet: &mut Worksheet) -> Result<()> {
    sheet.set_name(word(r, "参数", "Parameters"))?;
    let words = view::words(r.lang)?;
    let unit = |p: &Param| {
        words[format!("pu_{}", p.unit)]
            .as_str()
            .unwrap_or_default()
            .trim_matches([' ', '（', '）', '(', ')'])
            .to_owned()
    };
    let names = [("筛查", "Screen"), ("参数", "Parameter"), ("取值", "Value"), ("单位", "Unit"), ("来源", "Source")];
    header(sheet, &names.map(|w| word(r, w.0, w.1)), &[26.0, 44.0, 10.0, 14.0, 80.0], 0)?;
    let all = r.screens.iter().flat_map(|s| s.params.iter().map(move |p| (s, p)));
    for (n, (screen, param)) in (1u32..).zip(all) {
        sheet.write_string(n, 0, screen.id)?;
        sheet.write_string(n, 1, view::param(r, &words, screen.id, param).0)?;
        sheet.write_number(n, 2, r.knobs.get(screen.id).map_or(param.default, |k| k.get(param)))?;
        sheet.write_string(n, 3, unit(param))?;
        sheet.write_string(n, 4, param.source)?;
    }
    Ok(())
}
