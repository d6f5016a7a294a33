//! The commands as users type them.

use std::path::Path;
use std::process::Command;

use crate::root;

pub fn pricewatch(arguments: &[&str]) -> (bool, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_pricewatch")).args(arguments).current_dir(root()).output().unwrap();
    (out.status.success(), String::from_utf8_lossy(&out.stdout).into(), String::from_utf8_lossy(&out.stderr).into())
}

pub fn demo(out: &Path, more: &[&str]) {
    let out = out.display().to_string();
    let mut arguments = vec![
        "run",
        "--prices",
        "datasets/demo/prices.csv",
        "--costs",
        "datasets/demo/costs.csv",
        "--enterprises",
        "datasets/demo/enterprises.csv",
        "--quiet",
        "--out",
        &out,
    ];
    arguments.extend(more);
    let (ok, _, err) = pricewatch(&arguments);
    assert!(ok, "{err}");
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((path.file_name().unwrap().to_string_lossy().into(), std::fs::read(&path).unwrap()));
        }
    }
    all.sort();
    all
}

/// Both READMEs show the demo command, and it is the one run here.
#[test]
fn the_readme_demo_command_runs() {
    let command = "cargo run -- run --prices datasets/demo/prices.csv --costs datasets/demo/costs.csv --enterprises datasets/demo/enterprises.csv --out reports/demo --force";
    for readme in ["README.md", "README.zh-CN.md"] {
        let text = std::fs::read_to_string(root().join(readme)).unwrap();
        assert!(text.contains(command) && text.contains("cargo test"), "{readme}");
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    demo(&out, &[]);
    for file in
        ["leads.csv", "findings.json", "rejects.csv", "report.html", "manifest.json", "schema/findings.schema.json"]
    {
        assert!(out.join(file).is_file(), "{file}");
    }
    let (ok, scores, _) =
        pricewatch(&["evaluate", "--truth", "datasets/demo/truth.json", "--run", &out.display().to_string()]);
    assert!(ok && scores.contains("gouging") && scores.contains("collusion"), "{scores}");
    let (ok, _, _) = pricewatch(&["verify", &out.display().to_string()]);
    assert!(ok);
    std::fs::write(out.join("leads.csv"), "changed").unwrap();
    let (ok, _, err) = pricewatch(&["verify", &out.display().to_string()]);
    assert!(!ok && err.contains("leads.csv"));
}

#[test]
fn same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("1"), folder.path().join("2"));
    demo(&one, &["--threads", "1"]);
    demo(&two, &["--threads", "4"]);
    for (a, b) in files(&one).iter().zip(files(&two).iter()) {
        assert_eq!(a.0, b.0);
        assert!(a.1 == b.1, "{} differs", a.0);
    }
}

#[test]
fn shuffled_rows_give_the_same_leads() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(root().join("datasets/demo/prices.csv")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let header = lines.remove(0);
    lines.sort_by_key(|l| xxhash_rust::xxh3::xxh3_64(l.as_bytes()));
    let shuffled = folder.path().join("prices.csv");
    std::fs::write(&shuffled, format!("{header}\n{}\n", lines.join("\n"))).unwrap();
    let run = |prices: &str, out: &str| {
        let out = folder.path().join(out);
        let (ok, _, err) = pricewatch(&["run", "--quiet", "--prices", prices, "--out", &out.display().to_string()]);
        assert!(ok, "{err}");
        std::fs::read_to_string(out.join("leads.csv")).unwrap()
    };
    assert_eq!(run("datasets/demo/prices.csv", "a"), run(&shuffled.display().to_string(), "b"));
}

#[test]
fn findings_follow_their_schema() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    demo(&out, &[]);
    let json =
        |name: &str| -> serde_json::Value { serde_json::from_slice(&std::fs::read(out.join(name)).unwrap()).unwrap() };
    let (schema, findings) = (json("schema/findings.schema.json"), json("findings.json"));
    assert!(jsonschema::validate(&schema, &findings).is_ok());
    let tables: Vec<&serde_json::Value> =
        findings["findings"].as_array().unwrap().iter().map(|f| &f["table"]).filter(|t| t.is_object()).collect();
    let cells = |of: &serde_json::Value| of.as_array().unwrap().len();
    let whole =
        |t: &&serde_json::Value| t["rows"].as_array().unwrap().iter().all(|row| cells(row) == cells(&t["columns"]));
    assert!(!tables.is_empty() && tables.iter().all(whole), "as many cells as columns");
    assert!(tables.iter().any(|t| t["rows"][0][0]["en"].is_string()), "rows headed by words in both languages");
}

/// The demo market is what `simulate` writes.
#[test]
fn the_demo_market_can_be_made_again() {
    for (name, bytes) in
        pricewatch::simulate::files(&pricewatch::simulate::Plan { seed: 5, ..Default::default() }).unwrap()
    {
        assert!(std::fs::read(root().join("datasets/demo").join(&name)).unwrap() == bytes, "{name}");
    }
}

/// GB18030, Chinese headers, two banner rows: no settings file, the same leads.
#[test]
fn gb18030_with_a_banner_needs_no_settings() {
    let folder = tempfile::tempdir().unwrap();
    let market = folder.path().join("market");
    let (ok, _, err) = pricewatch(&["simulate", "--seed", "5", "--gb18030", "--out", &market.display().to_string()]);
    assert!(ok, "{err}");
    let run = |prices: &str, out: &str| {
        let out = folder.path().join(out);
        let (ok, _, err) = pricewatch(&["run", "--quiet", "--prices", prices, "--out", &out.display().to_string()]);
        assert!(ok, "{err}");
        std::fs::read_to_string(out.join("leads.csv")).unwrap()
    };
    assert_eq!(run(&market.join("prices.csv").display().to_string(), "gb"), run("datasets/demo/prices.csv", "utf8"));
}

/// A group that rises in two goods is one lead, with what one of them shows by itself, and a chart for each.
#[test]
fn a_group_in_two_goods_is_one_lead() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let market = "simulate --scenario across-goods --seed 9201 --cities 1 --goods 3 --days 140 --gougers 2 --cartels 2";
    let (ok, _, err) = pricewatch(&market.split(' ').chain(["--out", &path("m")]).collect::<Vec<_>>());
    assert!(ok, "{err}");
    let inputs = ["prices", "costs", "enterprises"].map(|t| (format!("--{t}"), path(&format!("m/{t}.csv"))));
    let arguments = inputs.iter().flat_map(|(table, file)| [table.as_str(), file.as_str()]);
    let (ok, _, err) =
        pricewatch(&["run"].into_iter().chain(arguments).chain(["--out", &path("out")]).collect::<Vec<_>>());
    assert!(ok, "{err}");
    let mut leads = csv::Reader::from_path(path("out/leads.csv")).unwrap();
    let leads: Vec<csv::StringRecord> = leads.records().map(|r| r.unwrap()).collect();
    let both: Vec<&csv::StringRecord> =
        leads.iter().filter(|l| &l[15] == "rises-across-goods;synchronised-rises").collect();
    let alone = leads.iter().filter(|l| &l[15] == "synchronised-rises").count();
    assert_eq!((both.len(), alone), (1, 0), "{leads:?}");
    let sellers: std::collections::BTreeSet<&str> = both[0][8].split(';').collect();
    assert_eq!((sellers.len(), both[0][8].split(';').count()), (5, 5), "each seller once");
    for chart in ["raster", "overlay", "overlay-2"] {
        assert!(folder.path().join(format!("out/charts/{}-{chart}.svg", &both[0][0])).exists(), "{chart}");
    }
}

#[test]
fn a_failed_run_leaves_nothing_and_a_full_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let shown = out.display().to_string();
    let (ok, _, err) = pricewatch(&["run", "--prices", "datasets/demo/nothing.csv", "--out", &shown]);
    assert!(!ok && err.contains("nothing.csv"), "{err}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("mine.txt"), "keep").unwrap();
    let (ok, _, err) = pricewatch(&["run", "--prices", "datasets/demo/prices.csv", "--out", &shown]);
    assert!(!ok && err.contains("--force"), "{err}");
    let (ok, _, err) =
        pricewatch(&["run", "--quiet", "--force", "--prices", "datasets/demo/prices.csv", "--out", &shown]);
    assert!(ok, "{err}");
    assert!(out.join("manifest.json").exists());
    assert_eq!(std::fs::read_to_string(out.join("mine.txt")).unwrap(), "keep", "what no run wrote stays");
    let (ok, _, err) = pricewatch(&["run", "--force", "--prices", "datasets/demo/prices.csv", "--out", "."]);
    assert!(!ok && err.contains("current folder"), "{err}");
}

#[test]
fn check_shows_why_no_row_was_usable() {
    let folder = tempfile::tempdir().unwrap();
    let prices = folder.path().join("p.csv");
    std::fs::write(&prices, "date,seller_id,product,price\n2020-02-05,a,口罩,面议\n").unwrap();
    let prices = prices.display().to_string();
    let (ok, text, err) = pricewatch(&["check", "--prices", &prices]);
    assert!(!ok && text.contains("面议") && text.contains("拒绝 1"), "{text}{err}");
    let out = folder.path().join("out");
    let (ok, _, err) = pricewatch(&["run", "--prices", &prices, "--out", &out.display().to_string()]);
    assert!(!ok && err.contains("not one usable row") && !out.exists(), "{err}");
}

/// Hostile names reach no output as code.
#[test]
fn hostile_names_are_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let evil = "=cmd|x <script>alert(1)</script>\u{202e} 😀";
    let mut text = "date,seller_id,seller_name,product,price\n".to_owned();
    for day in 1..=28 {
        for s in 0..12 {
            let price = if s == 3 && day > 14 { 9.0 } else { 4.0 + f64::from(s) / 50.0 };
            let name = if s == 3 { evil.to_owned() } else { format!("店{s}") };
            text += &format!("2020-02-{day:02},\"../{s}\",\"{name}\",KN95口罩,{price}\n");
        }
    }
    let prices = folder.path().join("p.csv");
    std::fs::write(&prices, text).unwrap();
    let out = folder.path().join("out");
    let (ok, _, err) =
        pricewatch(&["run", "--prices", &prices.display().to_string(), "--out", &out.display().to_string()]);
    assert!(ok, "{err}");
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert(1)"));
    let leads = std::fs::read_to_string(out.join("leads.csv")).unwrap();
    assert_eq!(leads.lines().count(), 2, "{leads}");
}

#[test]
fn explain_and_completions() {
    let (ok, list, _) = pricewatch(&["explain"]);
    assert!(ok && pricewatch::detect::SCREENS.iter().all(|s| list.lines().any(|l| l.starts_with(s.id))));
    for screen in pricewatch::detect::SCREENS {
        let (_, zh, _) = pricewatch(&["explain", screen.id]);
        let (_, en, _) = pricewatch(&["explain", screen.id, "--lang", "en"]);
        assert!(zh.contains("## 公式") && en.contains("## Formula") && !en.contains("## 公式"));
    }
    assert!(!pricewatch(&["explain", "nope"]).0);
    assert!(pricewatch(&["completions", "bash"]).1.contains("pricewatch"));
}

/// `-` is standard input, plain or packed, and gives the same leads as the file.
#[test]
fn standard_input_is_a_file_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let prices = std::fs::read(root().join("datasets/demo/prices.csv")).unwrap();
    let packed = zstd::encode_all(prices.as_slice(), 1).unwrap();
    let mut leads = Vec::new();
    for (name, bytes) in [("plain", prices), ("zst", packed)] {
        let out = folder.path().join(name);
        let mut child = Command::new(env!("CARGO_BIN_EXE_pricewatch"))
            .args(["run", "--quiet", "--prices", "-", "--out", &out.display().to_string()])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &bytes).unwrap();
        assert!(child.wait().unwrap().success());
        leads.push(std::fs::read_to_string(out.join("leads.csv")).unwrap());
        let manifest = std::fs::read_to_string(out.join("manifest.json")).unwrap();
        assert!(manifest.contains("\"path\":\"-\"") || manifest.contains("\"path\": \"-\""), "{manifest}");
    }
    assert_eq!(leads[0], leads[1]);
    assert!(leads[0].lines().count() > 1);
    let (ok, _, err) = pricewatch(&["check", "--prices", "-", "--costs", "-"]);
    assert!(!ok && err.contains("given once"), "{err}");
}

/// `init` tells tables apart, finds delimiters, drafts one section per table, and what it drafts can be used.
#[test]
fn init_drafts_every_table() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let sales = file(
        "sales.csv",
        "ventas 2020\nFecha;Tienda;Articulo;Importe\n2020-02-05;Sol;Mascarilla quirurgica tipo II;2,55\n2020-02-06;Luna;Mascarilla quirurgica tipo IIR;3,10\n",
    );
    let trade = file("trade.csv", "date,seller_id,product,quantity,unit_price\n2020-02-05,a,口罩,10,2.5\n");
    let trade2 = file("trade2.csv", "date,seller_id,product,quantity,unit_price\n2020-02-06,a,口罩,10,2.5\n");
    let costs = file("costs.csv", "date,product,unit_cost\n2020-02-05,口罩,1.5\n");
    let config = folder.path().join("p.toml").display().to_string();
    let (ok, _, err) = pricewatch(&["init", &sales, &trade, &trade2, &costs, "--out", &config]);
    assert!(ok, "{err}");
    let text = std::fs::read_to_string(&config).unwrap();
    for line in ["[columns.prices]", "[columns.transactions]", "[columns.costs]", "# [columns.transactions]"] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    for line in ["date = \"Fecha\"", "price = \"Importe\"", "product = \"Articulo\"", "seller_name = \"Tienda\""] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let (ok, said, err) =
        pricewatch(&["check", "--config", &config, "--prices", &sales, "--transactions", &trade, "--costs", &costs]);
    assert!(ok && said.contains("读入 2 = 使用 2"), "{said}{err}");
}
