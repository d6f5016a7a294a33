//! Chinese pages hold no English sentence of ours, English pages no Chinese one: only what the data say themselves.

use std::collections::BTreeSet;
use std::path::Path;

use crate::cli::{demo, pricewatch};
use crate::root;

/// Every sentence we wrote in both languages: the words, and the texts of findings, skips and rules of a run.
fn sentences(run: &Path) -> Vec<(String, String)> {
    let words: toml::Table =
        toml::from_str(&std::fs::read_to_string(root().join("src/report/words.toml")).unwrap()).unwrap();
    let table = |lang: &str| words[lang].as_table().unwrap().clone();
    let mut all: Vec<(String, String)> =
        table("zh").into_iter().flat_map(|(k, zh)| texts(&zh).into_iter().zip(texts(&table("en")[&k]))).collect();
    let findings: serde_json::Value =
        serde_json::from_slice(&std::fs::read(run.join("findings.json")).unwrap()).unwrap();
    collect(&findings, &mut all);
    all
}

/// A word, or all of a list of lists.
fn texts(word: &toml::Value) -> Vec<String> {
    match word {
        toml::Value::Array(all) => all.iter().flat_map(texts).collect(),
        word => vec![word.as_str().unwrap().to_owned()],
    }
}

fn collect(value: &serde_json::Value, into: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(map) => {
            if let (Some(zh), Some(en)) =
                (map.get("zh").and_then(|v| v.as_str()), map.get("en").and_then(|v| v.as_str()))
            {
                into.push((zh.to_owned(), en.to_owned()));
            }
            map.values().for_each(|v| collect(v, into));
        }
        serde_json::Value::Array(all) => all.iter().for_each(|v| collect(v, into)),
        _ => {}
    }
}

/// What a reader sees of a page: without styles, scripts, tags.
fn visible(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page;
    while let Some((text, after)) = rest.split_once('<') {
        out += text;
        let end = if after.starts_with("style") {
            "</style>"
        } else if after.starts_with("script>") {
            "</script>"
        } else {
            ">"
        };
        rest = after.split_once(end).map_or("", |s| s.1);
        out.push(' ');
    }
    (out + rest)
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#x2f;", "/")
        .replace("&amp;", "&")
}

fn han(c: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&c)
}

fn runs(text: &str) -> BTreeSet<String> {
    text.split(|c| !han(c)).filter(|r| !r.is_empty()).map(str::to_owned).collect()
}

/// A province, a city and a district written one behind the other.
fn place(run: &str, places: &[&str]) -> bool {
    run.is_empty() || places.iter().any(|p| run.strip_prefix(p).is_some_and(|rest| place(rest, places)))
}

fn examine(zh: &Path, en: &Path, data: &str) {
    let page = |dir: &Path| visible(&std::fs::read_to_string(dir.join("report.html")).unwrap());
    let (chinese, english) = (page(zh), page(en));
    for (a, b) in sentences(zh) {
        let sentence = b.matches(' ').count() >= 2 && b != a;
        assert!(!sentence || !chinese.contains(&b), "in the Chinese page: {b}");
        assert!(
            a == b || a.chars().filter(|c| han(*c)).count() < 3 || data.contains(&a) || !english.contains(&a),
            "in the English page: {a}"
        );
    }
    // Names of places and numbers of documents stay as they are.
    let mut known = format!("{data}{}", std::fs::read_to_string(root().join("datasets/divisions.csv")).unwrap());
    for pack in std::fs::read_dir(root().join("datasets/statutes")).unwrap() {
        let text = std::fs::read_to_string(pack.unwrap().path()).unwrap();
        let clauses = text.lines().filter_map(|l| Some(l.strip_prefix("clause = ")?.split_once("en = ")?.1));
        known.extend(clauses);
    }
    let places = std::fs::read_to_string(root().join("datasets/divisions.csv")).unwrap();
    let places: Vec<&str> = places.lines().filter_map(|l| l.split(',').nth(1)).collect();
    let told = |run: &str| known.contains(run) || place(run, &places);
    for run in runs(&english) {
        assert!(told(&run), "in the English page: {run}");
    }
    if let Ok(out) = std::process::Command::new("pdftotext").arg(en.join("report.pdf")).arg("-").output() {
        for run in runs(&String::from_utf8_lossy(&out.stdout)) {
            assert!(told(&run), "in the English bulletin: {run}");
        }
    }
}

#[test]
fn no_page_mixes_languages() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    demo(&out("zh"), &[]);
    demo(&out("en"), &["--lang", "en"]);
    let read = |dir: &Path, names: &[&str]| {
        names.iter().map(|n| std::fs::read_to_string(dir.join(n)).unwrap()).collect::<String>()
    };
    examine(
        &out("zh"),
        &out("en"),
        &read(&root().join("datasets/demo"), &["prices.csv", "costs.csv", "enterprises.csv"]),
    );

    let market = out("market");
    let shown = |p: &Path| p.display().to_string();
    assert!(pricewatch(&["simulate", "--conducts", "--out", &shown(&market)]).0);
    let tables = ["transactions.csv", "certificates.csv", "notices.csv"];
    for lang in ["zh", "en"] {
        let paths: Vec<String> = tables.iter().map(|t| shown(&market.join(t))).collect();
        let to = shown(&out(&format!("conducts-{lang}")));
        let mut arguments = vec!["run", "--quiet", "--lang", lang, "--out", &to];
        for (flag, path) in ["--transactions", "--certificates", "--notices"].iter().zip(&paths) {
            arguments.extend([*flag, path]);
        }
        let (ok, _, err) = pricewatch(&arguments);
        assert!(ok, "{err}");
    }
    examine(&out("conducts-zh"), &out("conducts-en"), &read(&market, &tables));
}
