//! Names from files are hostile text: harmless in every output, and shown truthfully.

use std::path::{Path, PathBuf};

use calamine::Reader as _;
use proptest::prelude::*;

use crate::cli::pricewatch;

/// What names may be made of.
pub const WORST: [&str; 14] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "</title></style><svg onload=alert(3)>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "../../etc/passwd",
    "a\\b:c*?<>|",
    "\u{202e}gpj.exe\u{200b}\u{feff}",
    "😀👩‍👩‍👧 퍼스트 𠮷",
    "{{ 7*7 }} #eval(\"1\") *b* _i_ `c` $x$",
    "[a](javascript:alert(4)) & &lt; %00 '; DROP",
];

/// Two weeks of calm and two in which every fourth seller is twice as dear; names, goods and regions are hostile.
pub fn market<S: AsRef<str>>(names: &[S]) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["date", "seller_id", "seller_name", "region", "market", "product", "unit", "price"]).unwrap();
    let name = |i: usize| names[i % names.len()].as_ref();
    for day in 1..=28 {
        for s in 0..16 {
            let price = if s % 4 == 3 && day > 14 { 9.0 } else { 4.0 + f64::from(s as u32) / 50.0 };
            let (id, shop) = (format!("{}{s}", name(s + 1)), format!("{} {s}", name(s)));
            let (date, price) = (format!("2020-02-{day:02}"), price.to_string());
            out.write_record([&date, &id, &shop, name(0), name(2), &format!("KN95口罩{}", name(3)), "只", &price])
                .unwrap();
        }
    }
    String::from_utf8(out.into_inner().unwrap()).unwrap()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

/// Whether a page has only the tags our templates write.
fn page_is_inert(name: &str, text: &str) {
    let code = text.split("<script").map(|s| s.split_once("</script>").map_or(s, |s| s.1)).collect::<String>();
    let tags =
        code.split('<').skip(1).filter_map(|t| t.split(|c: char| !c.is_ascii_alphanumeric()).find(|t| !t.is_empty()));
    for tag in tags {
        assert!(
            !["img", "iframe", "object", "embed", "link", "base", "math"].contains(&tag.to_lowercase().as_str()),
            "{name}: <{tag}"
        );
    }
    let scripts = text.matches("<script").count();
    assert!(scripts == if name.ends_with("report.html") { 2 } else { 0 }, "{name}: {scripts} scripts");
    for word in ["<svg onload", "javascript:alert(4)\"", "href=\"javascript"] {
        assert!(!code.contains(word), "{name}: {word}");
    }
    for c in ['\u{202e}', '\u{200b}', '\u{feff}', '\u{200d}'] {
        assert!(!text.contains(c), "{name}: U+{:04X}", c as u32);
    }
}

fn table_is_inert(name: &str, bytes: &[u8]) {
    for record in csv::ReaderBuilder::new().has_headers(false).from_reader(bytes).records() {
        for cell in &record.unwrap_or_else(|e| panic!("{name}: {e}")) {
            let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
            assert!(!formula, "{name}: {cell}");
        }
    }
}

fn check(path: &Path) {
    let name = path.file_name().unwrap().to_str().expect("names of files are UTF-8");
    assert!(name.len() < 200 && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)), "{name}");
    let bytes = std::fs::read(path).unwrap();
    let text = || String::from_utf8(bytes.clone()).unwrap();
    match path.extension().and_then(|e| e.to_str()).unwrap_or("") {
        "html" => page_is_inert(name, &text()),
        "svg" => {
            let text = text();
            let drawing = resvg::usvg::roxmltree::Document::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
            for node in drawing.descendants().filter(|n| n.is_element()) {
                assert!(!["script", "foreignObject", "a"].contains(&node.tag_name().name()), "{name}: {node:?}");
                assert!(node.attributes().all(|a| !a.name().starts_with("on")), "{name}: {node:?}");
            }
            resvg::usvg::Tree::from_str(&text, &resvg::usvg::Options::default())
                .unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        "csv" => table_is_inert(name, &bytes),
        "md" => assert!(
            !text().contains("<script") && !text().contains("](javascript") && !text().contains('\u{202e}'),
            "{name}"
        ),
        "json" => drop(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()),
        "xlsx" => {
            let mut book: calamine::Xlsx<_> = calamine::open_workbook(path).unwrap();
            for sheet in book.sheet_names() {
                assert!(book.worksheet_formula(&sheet).unwrap().is_empty(), "{name}: {sheet}");
            }
        }
        "png" => assert!(bytes.starts_with(b"\x89PNG")),
        "pdf" => assert!(bytes.starts_with(b"%PDF-1.7")),
        "zip" => {
            let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
            for i in 0..zip.len() {
                assert!(
                    zip.by_index(i).unwrap().enclosed_name().is_some_and(|n| n.components().count() == 2),
                    "{name}"
                );
            }
        }
        "" => assert!(name == "SHA256SUMS", "{name}"),
        other => panic!("{name}: no check for {other}"),
    }
}

/// The text of a PDF, where pdftotext is installed.
fn pdf_text(path: &Path) -> Option<String> {
    let out = std::process::Command::new("pdftotext").arg(path).arg("-").output().ok()?;
    Some(String::from_utf8_lossy(&out.stdout).replace(['\n', '\u{200b}', ' '], ""))
}

/// Runs, takes the evidence and a dossier of every lead's sellers, and checks every file.
fn through_every_exporter<S: AsRef<str>>(names: &[S]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let prices = folder.path().join("p.csv");
    std::fs::write(&prices, market(names)).unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let run = |arguments: &[&str]| {
        let (ok, _, err) = pricewatch(arguments);
        assert!(ok, "{err}");
    };
    run(&["run", "--quiet", "--prices", &prices.display().to_string(), "--out", &path("run")]);
    let mut leads = csv::Reader::from_path(folder.path().join("run/leads.csv")).unwrap();
    let ids: Vec<String> = leads.records().map(|r| r.unwrap()[0].to_owned()).collect();
    assert!(!ids.is_empty(), "a market of hostile names has its leads like any other");
    run(&["evidence", "--run", &path("run"), &ids[0], "--out", &path("evidence")]);
    run(&["dossier", "--run", &path("run"), "--out", &path("dossier")]);
    let out = folder.path().to_owned();
    for path in files(&out).iter().filter(|p| **p != prices) {
        check(path);
    }
    (folder, out)
}

#[test]
fn the_worst_names_are_harmless_and_shown() {
    // Every fourth seller has a lead: turned four times, each of the names is that of one.
    let (mut page, mut bulletin) = (String::new(), String::new());
    for turn in 0..4 {
        let mut names = WORST;
        names.rotate_left(turn);
        let (_folder, out) = through_every_exporter(&names);
        page += &std::fs::read_to_string(out.join("run/report.html")).unwrap();
        bulletin += &pdf_text(&out.join("run/report.pdf")).unwrap_or_default();
    }
    let shown = [
        "&lt;script&gt;alert(1)",
        "&lt;img src=x onerror=alert(1)&gt;",
        "=cmd|",
        "../../etc/passwd",
        "gpj.exe", // unseen characters are no part of a name; the source rows keep them
        "😀",
        "{{ 7*7 }}",
    ];
    for text in shown {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("49 #eval"), "a name is not a template");
    let names = ["<script>alert(1)</script>", "gpj.exe", "[U+1F600]", "퍼스트", "{{7*7}}#eval(\"1\")*b*"];
    for name in names {
        assert!(bulletin.is_empty() || bulletin.contains(name), "{name} is not in the PDF: {bulletin}");
    }
}

#[test]
fn a_name_of_ten_thousand_characters_is_cut_and_says_so() {
    let (_folder, out) = through_every_exporter(&["长".repeat(10_000), "a".repeat(10_000), "x y".repeat(3000)]);
    let page = std::fs::read_to_string(out.join("run/report.html")).unwrap();
    assert!(page.len() < 3_000_000 && page.contains("…(1000"), "{}", page.len());
    let leads = std::fs::read_to_string(out.join("run/leads.csv")).unwrap();
    assert!(
        leads.contains(&"a".repeat(10_000)) || leads.contains(&"长".repeat(10_000)),
        "the table has the whole name"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any mixture of hostile parts and any characters but the one that marks bytes nobody could decode: such rows are
    /// rejected.
    #[test]
    fn any_name_is_harmless(parts in prop::collection::vec((0..WORST.len(), any::<String>(), 0..WORST.len()), 4..9)) {
        let names: Vec<String> =
            parts.iter().map(|(a, any, b)| format!("{}{}{}", WORST[*a], any.chars().filter(|c| *c != char::REPLACEMENT_CHARACTER).take(60).collect::<String>(), WORST[*b])).collect();
        through_every_exporter(&names);
    }
}
