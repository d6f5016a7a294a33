//! What is signed and filed: the bulletin, the workbook in an office program, hashes, sums anyone can do again.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::{demo, pricewatch};
use crate::root;

/// Text of a PDF by pages, where pdftotext is installed.
fn pages(path: &Path) -> Option<Vec<String>> {
    let out = Command::new("pdftotext").args(["-layout"]).arg(path).arg("-").output();
    let Ok(out) = out else {
        eprintln!("skipped: no pdftotext / 未安装 pdftotext，跳过");
        return None;
    };
    Some(String::from_utf8(out.stdout).unwrap().split('\u{c}').map(str::to_owned).filter(|p| !p.is_empty()).collect())
}

#[test]
fn the_bulletin_can_be_searched_and_numbers_its_pages() {
    let folder = tempfile::tempdir().unwrap();
    for (lang, title, foot, sign) in [
        ("zh", "价格监督筛查简报", "第 1 页，共", "签发"),
        ("en", "Price supervision bulletin", "page 1 of", "Approved by"),
    ] {
        let out = folder.path().join(lang);
        demo(&out, &["--lang", lang]);
        let Some(pages) = pages(&out.join("report.pdf")) else { return };
        assert!(pages[0].contains(title) && pages[0].contains(foot), "{}", pages[0]);
        let last = format!("{}", pages.len());
        assert!(pages.iter().all(|p| p.contains(&last)), "every page says how many there are");
        let all = pages.join("\n");
        assert!(all.contains(sign));
        let plain: String = all.split_whitespace().collect();
        for lead in csv::Reader::from_path(out.join("leads.csv")).unwrap().records() {
            assert!(plain.contains(&lead.unwrap()[0]), "every lead is in the list");
        }
    }
}

/// The list as LibreOffice reads it: the same ids, dates as dates, numbers as numbers.
#[test]
fn an_office_program_opens_the_workbook() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    demo(&out, &[]);
    let profile = format!("-env:UserInstallation=file://{}", folder.path().join("profile").display());
    let converted = Command::new("soffice")
        .args([
            &profile,
            "--headless",
            "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false",
            "--outdir",
        ])
        .arg(folder.path())
        .arg(out.join("leads.xlsx"))
        .output();
    let Ok(converted) = converted else {
        eprintln!("skipped: no LibreOffice / 未安装 LibreOffice，跳过");
        return;
    };
    let csv = folder.path().join("leads.csv");
    assert!(csv.is_file(), "{}", String::from_utf8_lossy(&converted.stderr));
    let mut sheet = csv::Reader::from_path(csv).unwrap();
    let header = sheet.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|h| h == name).unwrap_or_else(|| panic!("{name}: {header:?}"));
    let rows: Vec<csv::StringRecord> = sheet.records().map(|r| r.unwrap()).collect();
    let leads: Vec<csv::StringRecord> =
        csv::Reader::from_path(out.join("leads.csv")).unwrap().records().map(|r| r.unwrap()).collect();
    assert_eq!(rows.len(), leads.len());
    for (row, lead) in rows.iter().zip(&leads) {
        assert_eq!(row[at("线索编号")], lead[0]);
        assert_eq!(row[at("起始日期")], lead[9]);
        let (shown, price): (f64, f64) = (row[at("现价")].replace(',', "").parse().unwrap(), lead[12].parse().unwrap());
        assert!((shown - price).abs() < 0.006, "{row:?}");
    }
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

/// One byte flipped in any file a run read or wrote, at a place that differs from file to file.
#[test]
fn a_flipped_byte_is_caught_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = folder.path().join("in");
    std::fs::create_dir(&inputs).unwrap();
    for name in ["prices.csv", "costs.csv", "enterprises.csv"] {
        std::fs::copy(root().join("datasets/demo").join(name), inputs.join(name)).unwrap();
    }
    let (path, out) = (|name: &str| inputs.join(name).display().to_string(), folder.path().join("out"));
    let (ok, _, err) = pricewatch(&[
        "run",
        "--quiet",
        "--prices",
        &path("prices.csv"),
        "--costs",
        &path("costs.csv"),
        "--enterprises",
        &path("enterprises.csv"),
        "--out",
        &out.display().to_string(),
    ]);
    assert!(ok, "{err}");
    assert!(pricewatch::report::verify(&out).unwrap().is_empty());
    let all: Vec<PathBuf> = files(&inputs).into_iter().chain(files(&out)).collect();
    assert!(all.len() > 15);
    for file in all {
        let whole = std::fs::read(&file).unwrap();
        let seed = xxhash_rust::xxh3::xxh3_64(file.file_name().unwrap().as_encoded_bytes());
        for at in [0, whole.len() / 2, whole.len() - 1, (seed % whole.len() as u64) as usize] {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (seed % 7);
            std::fs::write(&file, &flipped).unwrap();
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let said = pricewatch::report::verify(&out);
            assert!(said.is_err() || said.unwrap().iter().any(|c| c.ends_with(&name)), "{name}, byte {at}");
        }
        std::fs::write(&file, &whole).unwrap();
    }
    assert!(pricewatch::report::verify(&out).unwrap().is_empty());
}

/// Σ (P − A) × Q of the table in calculation.md is the amount in leads.csv, by nothing but multiplying and adding.
#[test]
fn a_stranger_comes_to_the_same_amount() {
    let folder = tempfile::tempdir().unwrap();
    let market = folder.path().join("market");
    let shown = |p: &Path| p.display().to_string();
    let (ok, _, err) = pricewatch(&["simulate", "--transactions", "--out", &shown(&market)]);
    assert!(ok, "{err}");
    let out = folder.path().join("run");
    let (ok, _, err) = pricewatch(&[
        "run",
        "--quiet",
        "--transactions",
        &shown(&market.join("transactions.csv")),
        "--out",
        &shown(&out),
    ]);
    assert!(ok, "{err}");
    let leads: Vec<csv::StringRecord> =
        csv::Reader::from_path(out.join("leads.csv")).unwrap().records().map(|r| r.unwrap()).collect();
    let amounts: Vec<(String, f64)> =
        leads.iter().filter_map(|l| Some((l[0].to_owned(), l[14].parse().ok()?))).collect();
    assert!(!amounts.is_empty(), "{leads:?}");
    let evidence = folder.path().join("evidence");
    let mut arguments = vec!["evidence".to_owned(), "--run".into(), shown(&out), "--out".into(), shown(&evidence)];
    arguments.extend(amounts.iter().map(|a| a.0.clone()));
    let (ok, _, err) = pricewatch(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(ok, "{err}");
    let mut recomputed = 0;
    for (id, amount) in &amounts {
        let text = std::fs::read_to_string(evidence.join(id).join("calculation.md")).unwrap();
        let sums: Vec<f64> = text.split("\n\n").filter_map(by_hand).collect();
        recomputed += usize::from(sums.iter().any(|s| (s - amount).abs() < 0.01 * amount.max(1.0)));
    }
    assert_eq!(recomputed, amounts.len(), "{amounts:?}");
}

/// Multiplies and adds the last columns of a Markdown table.
fn by_hand(table: &str) -> Option<f64> {
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|l| l.starts_with("| "))
        .map(|l| l.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let of = |row: &Vec<&str>| {
        let n = row.len();
        let number = |i: usize| row[n - i].parse::<f64>().ok();
        Some((number(3)? - number(4)?).max(0.0) * number(2)?)
    };
    rows.iter().filter_map(of).reduce(|a, b| a + b)
}

/// Every file below a folder, by its path there.
fn all_bytes(dir: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let relative = |p: &PathBuf| p.strip_prefix(dir).unwrap().to_owned();
    files(dir).iter().map(|p| (relative(p), std::fs::read(p).unwrap())).collect()
}

/// Run, evidence of a lead of each kind, and dossiers, twice over on different numbers of threads: page, bulletin,
/// workbook, tables, JSON, charts as SVG, PNG and PDF, and the archives are the same to the byte.
#[test]
fn the_same_bytes_twice_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let market = folder.path().join("market");
    let shown = |p: &Path| p.display().to_string();
    let pricewatch = |arguments: &[&str]| {
        let (ok, _, err) = pricewatch(arguments);
        assert!(ok, "{err}");
    };
    pricewatch(&["simulate", "--conducts", "--sellers", "60", "--days", "120", "--out", &shown(&market)]);
    let tables: Vec<String> = ["transactions", "prices", "certificates", "notices"]
        .iter()
        .flat_map(|t| [format!("--{t}"), shown(&market.join(format!("{t}.csv")))])
        .collect();
    let all = |name: &str, threads: &str| {
        let (out, run) = (folder.path().join(name), shown(&folder.path().join(name).join("run")));
        let mut arguments = vec!["run", "--quiet", "--threads", threads, "--out", &run];
        arguments.extend(tables.iter().map(String::as_str));
        pricewatch(&arguments);
        let leads = csv::Reader::from_path(out.join("run/leads.csv")).unwrap().into_records();
        let mut one_of_a_kind = std::collections::BTreeMap::new();
        for lead in leads.map(|l| l.unwrap()) {
            one_of_a_kind.entry(lead[1].to_owned()).or_insert_with(|| lead[0].to_owned());
        }
        assert!(one_of_a_kind.len() > 1, "{one_of_a_kind:?}");
        let evidence = shown(&out.join("evidence"));
        let mut arguments = vec!["evidence", "--run", &run, "--out", &evidence];
        arguments.extend(one_of_a_kind.values().map(String::as_str));
        pricewatch(&arguments);
        pricewatch(&["dossier", "--run", &run, "--out", &shown(&out.join("dossier"))]);
        all_bytes(&out)
    };
    let (a, b) = (all("a", "1"), all("b", "3"));
    let endings: std::collections::BTreeSet<&str> = a.keys().filter_map(|p| p.extension()?.to_str()).collect();
    for ending in ["csv", "html", "json", "md", "pdf", "png", "svg", "xlsx", "zip"] {
        assert!(endings.contains(ending), "no {ending} among {endings:?}");
    }
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (path, bytes) in &a {
        assert!(*bytes == b[path], "{} differs", path.display());
    }
}

/// What grows with the leads: their list, their sections, the values behind their charts. 1,000 of them and
/// the fonts, methods and rules stay below ten megabytes (measured in benches/README.md).
#[test]
fn a_thousand_leads_fit_into_ten_megabytes() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    demo(&out, &[]);
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    let between = |from: &str, to: &str| {
        let rest = &page[page.find(from).unwrap()..];
        rest.find(to).unwrap()
    };
    let leads = csv::Reader::from_path(out.join("leads.csv")).unwrap().into_records().count();
    let bytes =
        between("<table id=\"list\">", "</section>") + between("<script type=\"application/json\"", "</script>");
    let beside = page.len() - bytes;
    assert!(1_000 * bytes / leads + beside < 10_000_000, "{} bytes a lead, {beside} beside them", bytes / leads);
}
