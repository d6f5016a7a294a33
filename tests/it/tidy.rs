//! The house rules of ARCHITECTURE.md, enforced.

use std::path::{Path, PathBuf};

use crate::root;

/// Room → rooms it may import beside model and stats.
const ROOMS: [(&str, &[&str]); 10] = [
    ("model", &[]),
    ("stats", &[]),
    ("ingest", &[]),
    ("panel", &[]),
    ("detect", &["panel"]), // tests only: panels from quotes
    ("law", &[]),
    ("certification", &[]),
    ("lead", &[]),
    ("casebook", &[]),
    ("report", &[]),
];

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            all.push(path);
        }
    }
    all.sort();
    all
}

#[test]
fn stages_do_not_import_each_other() {
    let rooms: Vec<&str> = [
        "ingest",
        "panel",
        "detect",
        "law",
        "certification",
        "lead",
        "casebook",
        "report",
        "run",
        "cli",
        "settings",
        "simulate",
        "evaluate",
    ]
    .into();
    for (room, may) in ROOMS {
        for path in sources(&root().join("src").join(room)) {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for other in rooms.iter().filter(|o| **o != room) {
                let allowed = may.contains(other) && !code.contains(&format!("crate::{other}::"));
                assert!(allowed || !code.contains(&format!("crate::{other}::")), "{} imports {other}", path.display());
            }
        }
    }
}

#[test]
fn every_screen_has_a_page_with_all_headings_in_both_languages() {
    for screen in pricewatch::detect::SCREENS {
        let (zh, en) = screen.page.split_once("\n---\n").expect(screen.id);
        for heading in ["触发", "公式", "算例", "意义", "来源", "所需数据", "跳过", "无辜解释"] {
            assert!(zh.contains(&format!("## {heading}")), "{}: {heading}", screen.id);
        }
        for heading in [
            "Flags",
            "Formula",
            "Worked example",
            "Why it matters",
            "Source",
            "Needs",
            "Skips when",
            "Innocent explanations",
        ] {
            assert!(en.contains(&format!("## {heading}")), "{}: {heading}", screen.id);
        }
        for param in screen.params {
            assert!(
                screen.page.contains(&format!("`{}`", param.name)),
                "{}: {} is not on the page",
                screen.id,
                param.name
            );
            assert!((param.range.0..=param.range.1).contains(&param.default));
        }
    }
}

/// A page without its line in the list is a screen that never runs.
#[test]
fn every_page_is_a_listed_screen() {
    let listed: Vec<&str> = pricewatch::detect::SCREENS.iter().map(|s| s.id).collect();
    for kind in ["gouging", "collusion", "tender"] {
        for entry in std::fs::read_dir(root().join("src/detect").join(kind)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "md") {
                let id = path.file_stem().unwrap().to_string_lossy().replace('_', "-");
                assert!(listed.contains(&id.as_str()), "{id} is not in SCREENS");
            }
        }
    }
}

#[test]
fn words_that_no_report_may_use() {
    for path in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for word in ["违法成立", "哄抬成立", "guilty of", "cartel proven"] {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}
