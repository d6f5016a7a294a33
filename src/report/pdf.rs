//! report.pdf: the bulletin to sign and file, set by typst from the embedded fonts; and a chart as a page of its own.
//! Data go in as JSON and pictures as files, so that no name can be markup; nothing is read from the disk.

use std::collections::HashMap;

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Value, json};
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use super::chart::Chart;
use super::{Results, font, manifest, view};
use crate::model::{Day, Kind, Lead};

/// Leads of each kind told in full; the appendix lists all.
const IN_FULL: usize = 6;
/// Characters of a name on paper, and of a run without a place to break a line.
const NAME: usize = 300;
const RUN: usize = 18;

/// What typst may see.
struct Press {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    main: Source,
    files: HashMap<FileId, Bytes>,
}

impl World for Press {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        font::fonts().get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None // no clock in outputs
    }
}

fn id(path: &str) -> Result<FileId> {
    let path = VirtualPath::new(path).map_err(|e| anyhow!("{path}: {e:?}"))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

/// Sets a template with its files; `name` identifies the document.
fn set(template: &str, files: Vec<(String, Vec<u8>)>, name: String) -> Result<Vec<u8>> {
    let files = files.into_iter().map(|(path, bytes)| Ok((id(&path)?, Bytes::new(bytes)))).collect::<Result<_>>()?;
    let press = Press {
        library: LazyHash::new(Library::default()),
        book: LazyHash::new(FontBook::from_fonts(font::fonts())),
        main: Source::new(id("main.typ")?, template.to_owned()),
        files,
    };
    let said = |e: &[SourceDiagnostic]| {
        let all: Vec<String> = e.iter().map(|d| format!("{} {:?}", d.message, d.hints)).collect();
        anyhow!("PDF: {}", all.join("; "))
    };
    let document = typst::compile::<PagedDocument>(&press).output.map_err(|e| said(&e))?;
    let options = PdfOptions {
        ident: Smart::Custom(name),
        creator: Smart::Custom(Some(format!("pricewatch {}", env!("CARGO_PKG_VERSION")))),
        // For the archive: every font inside, every letter with its code.
        standards: PdfStandards::new(&[PdfStandard::A_2u]).map_err(|e| anyhow!("PDF: {}", e.message()))?,
        ..PdfOptions::default()
    };
    let bytes = typst_pdf::pdf(&document, &options).map_err(|e| said(&e))?;
    typst::comemo::evict(0);
    Ok(bytes)
}

/// A chart on a page of its size, dated as the run is: a file for the archive has a date.
pub fn picture(chart: &Chart, date: Day) -> Result<Vec<u8>> {
    let template = r#"#let d = json("data.json")
#set document(title: d.title, date: datetime(year: d.date.at(0), month: d.date.at(1), day: d.date.at(2)))
#set page(width: 162mm, height: auto, margin: 0mm)
#set text(font: ("Noto Sans CJK SC", "Noto Sans CJK SC Supplement"))
#image("chart.svg", width: 100%, alt: d.title)"#;
    let data = json!({"title": font::drawable(&chart.alt), "date": view::parts(date)});
    let files = vec![("data.json".to_owned(), serde_json::to_vec(&data)?), svg("chart.svg", chart)];
    let name = manifest::sha256(chart.svg.as_bytes());
    set(template, files, name).with_context(|| chart.name.clone())
}

fn svg(path: &str, chart: &Chart) -> (String, Vec<u8>) {
    (path.to_owned(), chart.svg.replace("sans-serif", "Noto Sans CJK SC").into_bytes())
}

/// The bulletin.
pub fn bulletin(r: &Results<'_>, charts: &[Vec<Chart>]) -> Result<Vec<u8>> {
    let mut files = Vec::new();
    let (mut full, mut told) = (Vec::new(), HashMap::<Kind, usize>::new());
    let words = view::words(r.lang)?;
    for (lead, charts) in r.leads.iter().zip(charts) {
        let n = told.entry(lead.kind).or_default();
        *n += 1;
        if *n <= IN_FULL {
            full.push(in_full(r, lead, charts, &mut files)?);
        }
    }
    let list: Vec<Value> = r.leads.iter().map(|l| view::listed(r, l)).collect();
    let mut data = view::head(r);
    data["w"] = words;
    data["full"] = json!(full);
    data["in_full"] = json!(IN_FULL);
    data["list"] = json!(list);
    data["summary"] = json!(view::by_kind(r));
    data["places"] = json!(view::by_place(r));
    data["events"] = json!(view::events(r));
    data["screens"] = json!(view::screens(r)?);
    data["rules"] = json!(super::rules::summary(r));
    let data = serde_json::to_vec(&printable(data))?;
    let name = manifest::sha256(&data);
    files.push(("data.json".to_owned(), data));
    set(include_str!("bulletin.typ"), files, name)
}

fn in_full(r: &Results<'_>, lead: &Lead, charts: &[Chart], files: &mut Vec<(String, Vec<u8>)>) -> Result<Value> {
    let mut value = view::lead(r, lead)?;
    let mut pictures = Vec::new();
    // What a rule looks at says more than the price beside it, and paper is short.
    let rule = charts.iter().find(|c| c.name.ends_with("-rule"));
    for chart in rule.map_or(charts, std::slice::from_ref) {
        let path = format!("{}.svg", files.len());
        files.push(svg(&path, chart));
        pictures.push(json!({"path": path, "alt": chart.alt}));
    }
    value["charts"] = json!(pictures);
    Ok(value)
}

/// Every text as paper can hold it: no character the fonts lack, not endlessly long, with places to break a line.
fn printable(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(breakable(&font::drawable_lines(&text))),
        Value::Array(all) => all.into_iter().map(printable).collect(),
        Value::Object(map) => map.into_iter().map(|(k, v)| (k, printable(v))).collect(),
        other => other,
    }
}

fn breakable(text: &str) -> String {
    let (mut out, mut run) = (String::with_capacity(text.len()), 0);
    for c in text.chars() {
        run = if c.is_ascii_graphic() || c == '\u{a0}' { run + 1 } else { 0 };
        if run > RUN {
            out.push('\u{200b}');
            run = 1;
        }
        out.push(c);
    }
    out
}

/// A name as paper can hold it: cut, and saying so.
pub fn name(text: &str) -> String {
    let long = text.chars().count();
    if long <= NAME { text.to_owned() } else { text.chars().take(NAME).collect::<String>() + &format!("…({long})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runs_can_break() {
        assert_eq!(breakable("91440101MA5CJQ4N59"), "91440101MA5CJQ4N59");
        assert_eq!(breakable(&"a".repeat(20)), format!("{}\u{200b}aa", "a".repeat(18)));
    }
}
