//! Rules through the real command: the published cases, every rule at and around its threshold and dates, and a legal
//! maximum on every row of a real file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pricewatch::law::packs;
use pricewatch::model::{Day, Metric, Rule, Sellers};

use crate::cli::pricewatch;
use crate::root;

type Row = BTreeMap<String, String>;

fn table(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).unwrap().deserialize().map(|r| r.unwrap()).collect()
}

fn run(arguments: &[&str], out: &Path) {
    let out = out.display().to_string();
    let mut all = vec!["run", "--quiet", "--out", &out, "--force"];
    all.extend(arguments);
    let (ok, _, err) = pricewatch(&all);
    assert!(ok, "{arguments:?}: {err}");
}

fn golden(case: &str, folder: &Path) -> (Vec<Row>, serde_json::Value, Vec<Row>) {
    let file = |kind: &str| root().join(format!("tests/fixtures/golden/{case}.{kind}.csv"));
    let (sales, notices) = (file("transactions").display().to_string(), file("notices").display().to_string());
    let local = root().join("tests/fixtures/golden/local.toml").display().to_string();
    let mut arguments = vec!["--transactions", &sales, "--rule-file", &local];
    if file("notices").exists() {
        arguments.extend(["--notices", &notices]);
    }
    let out = folder.join(case);
    run(&arguments, &out);
    let findings = serde_json::from_slice(&std::fs::read(out.join("findings.json")).unwrap()).unwrap();
    (table(&out.join("rules.csv")), findings, table(&out.join("rule_rows.csv")))
}

/// The value of a fact of the finding on a seller, good and rule.
fn fact(findings: &serde_json::Value, rule: &str, seller: &str, product: &str, name: &str) -> f64 {
    let found = findings["findings"].as_array().unwrap().iter().find(|f| {
        f["rule"] == rule
            && f["subject"]["sellers"][0] == seller
            && f["subject"]["product"].as_str().unwrap().contains(product)
    });
    let found = found.unwrap_or_else(|| panic!("{rule} {seller} {product}: no finding"));
    let facts = found["facts"].as_array().unwrap();
    facts.iter().find(|x| x["name"] == name).unwrap_or_else(|| panic!("{rule} {seller}: no {name}"))["value"]
        .as_f64()
        .unwrap()
}

fn near(got: f64, want: f64, tolerance: f64, what: &str) {
    assert!((got - want).abs() <= tolerance, "{what}: {got}, not {want}");
}

#[test]
fn published_cases_come_out_to_a_tenth_of_a_point() {
    let folder = tempfile::tempdir().unwrap();
    let (_, f, _) = golden("beijing", folder.path());
    near(fact(&f, "cn-2020-21-new-seller", "BJ01", "8511CN", "margin_rate_now"), 325.0, 0.1, "济民康泰 200 → 850");
    near(fact(&f, "cn-1995-average", "BJ01", "8511CN", "times_the_average"), 5.94, 0.01, "济民康泰 against 143");
    near(fact(&f, "cn-2020-price-rise", "BJ02", "N95", "rise"), 220.0, 0.1, "百好堂 15 → 48");
    near(fact(&f, "cn-2020-price-rise", "BJ03", "口罩", "rise"), 79.8, 0.1, "太和保兴 17.8 → 32");
    let (_, f, rows) = golden("tianjin-guangzhou", folder.path());
    near(fact(&f, "cn-2020-price-rise", "TJ01", "KN95", "rise"), 966.7, 0.1, "旭润惠民 12 → 128");
    near(fact(&f, "cn-2020-price-rise", "GZ01", "口罩", "rise"), 1233.3, 0.1, "祺和 2.1 → 28");
    let first = rows.iter().find(|r| r["seller_id"] == "GZ01" && r["line"] == "5").unwrap();
    near((first["observed"].parse::<f64>().unwrap() / 2.1 - 1.0) * 100.0, 995.2, 0.1, "祺和 2.1 → 23, its own row");
    let (_, f, _) = golden("hubei", folder.path());
    for (good, want) in [("西红柿", 158.8), ("黄瓜", 103.6), ("白菜", 103.3)] {
        near(fact(&f, "cn-42-2020-3-price", "EZ01", good, "rise"), want, 0.1, good);
    }
}

/// 38,000 × (1.00 − 0.69) = 11,780 yuan; the official 11,140 rests on quantities that were not published.
#[test]
fn honghu_is_recomputed_and_its_difference_known() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, f, rows) = golden("hubei", folder.path());
    near(fact(&f, "cn-42-2020-3-new-seller", "HH01", "口罩", "margin_rate_now"), 66.7, 0.1, "0.60 → 1.00");
    let row = rows.iter().find(|r| r["rule_id"] == "cn-42-2020-3-new-seller").unwrap();
    assert_eq!((row["allowed"].as_str(), row["excess_amount"].as_str()), ("0.6900", "11780.00"));
    let rule = rules.iter().find(|r| r["rule_id"] == "cn-42-2020-3-new-seller" && r["seller_id"] == "HH01").unwrap();
    assert_eq!(rule["excess_amount"], "11780.00");
    assert_eq!(11_780 - 11_140, 640);
    assert_eq!((11_140 + 2_520 + 550, 3 * 14_210), (14_210, 42_630));
}

/// 2 → 18 → 30/35 → 45 (× 10,000 yuan a tonne): every hop and the whole chain.
#[test]
fn the_melt_blown_chain_is_followed_hop_by_hop() {
    let folder = tempfile::tempdir().unwrap();
    let (_, f, rows) = golden("melt-blown", folder.path());
    let chain = "cn-2020-24-chain";
    near(fact(&f, chain, "DG01", "熔喷布", "markup_of_this_hop"), 800.0, 0.1, "大成 2 → 18");
    near(fact(&f, chain, "RAO", "熔喷布", "markup_of_this_hop"), 94.4, 0.1, "饶某 18 → 35");
    near(fact(&f, chain, "SZ01", "熔喷布", "markup_of_this_hop"), 50.0, 0.1, "缤纷 30 → 45");
    near(fact(&f, chain, "SZ01", "熔喷布", "whole_chain_times"), 22.5, 1e-9, "2 → 45");
    near(fact(&f, chain, "SZ01", "熔喷布", "hops"), 3.0, 0.0, "three hands");
    let thirty = rows.iter().find(|r| r["rule_id"] == chain && r["line"] == "3").unwrap();
    near((thirty["observed"].parse::<f64>().unwrap() / 180.0 - 1.0) * 100.0, 66.7, 0.1, "饶某 18 → 30, per kilogram");
    let finding = f["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|x| x["rule"] == chain && x["subject"]["sellers"][0] == "SZ01")
        .unwrap();
    let hops: Vec<&str> = finding["table"]["rows"].as_array().unwrap().iter().map(|r| r[3].as_str().unwrap()).collect();
    assert_eq!(hops, ["800.0", "66.7", "50.0"]);
    let drawn = std::fs::read_dir(folder.path().join("melt-blown/charts")).unwrap();
    let drawn = drawn.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().ends_with("-chain.svg")).count();
    assert_eq!(drawn, 3, "the chain of each of its three hands is drawn");
    near(fact(&f, "cn-2020-price-rise", "ZJG1", "熔喷布", "rise"), 1900.0, 0.1, "骏马 2 → 40");
    near(fact(&f, "local-melt-blown", "LY01", "熔喷布", "rise"), 1144.4, 0.1, "丽洋 4.5 → 56");
}

#[test]
fn a_legal_maximum_is_reproduced_row_for_row() {
    let data = root().join("../shared/data/argentina_regulated_prices_2020-04.csv.gz");
    if !data.exists() {
        eprintln!("skipped: no shared data");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(std::fs::File::open(&data).unwrap()), &mut text)
        .unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|h| h == name).unwrap();
    let (province, good, cap, label) = (at("provincia"), at("ean"), at("max_legal"), at("over_max"));
    let (mut caps, mut over, mut n) = (BTreeSet::new(), BTreeSet::new(), 0);
    for record in reader.records() {
        let r = record.unwrap();
        n += 1;
        caps.insert(format!("2020-04-01,{},{},{}\n", &r[province], &r[good], &r[cap]));
        if &r[label] == "1" {
            over.insert(r.position().unwrap().line().to_string());
        }
    }
    let (file, config) = (folder.path().join("caps.csv"), folder.path().join("p.toml"));
    std::fs::write(&file, format!("date,region,product,price\n{}", caps.into_iter().collect::<String>())).unwrap();
    std::fs::write(&config, "currency = \"ARS\"\n[law]\nregion = \"AR\"\n[columns.prices]\nseller_id = \"id_sucursal\"\nregion = \"provincia\"\nproduct = \"ean\"\nprice = \"precio\"\n").unwrap();
    let shown = |p: &PathBuf| p.display().to_string();
    let out = folder.path().join("out");
    run(&["--prices", &shown(&data), "--caps", &shown(&file), "--config", &shown(&config), "--rules", "ar-"], &out);
    let found: BTreeSet<String> = table(&out.join("rule_rows.csv")).into_iter().map(|r| r["line"].clone()).collect();
    assert_eq!(n, 178_947);
    assert_eq!(over.len(), 14_931);
    assert!(found == over, "{} found, {} labelled", found.len(), over.len());
    let leads = table(&out.join("leads.csv"));
    assert!(leads.len() < 1000, "one lead per shop and rule, not per good: {}", leads.len());
}

/// A small market that a rule looks at, with the observed value `factor` times the allowed one.
struct Market {
    files: Vec<(&'static str, String)>,
    currency: String,
}

fn place(rule: &Rule) -> String {
    let region = rule.regions[0].as_str();
    match region {
        "CN" => "440100".into(),
        r if r.bytes().all(|b| b.is_ascii_digit()) => format!("{r:0<6}"),
        r => r.into(),
    }
}

/// `key` leaves out what the test needs, so that it must skip.
fn market(rule: &Rule, day: Day, factor: f64, key: bool) -> Market {
    let base = rule.base.unwrap_or(Day(day.0 - 20));
    let good = rule.goods.first().cloned().unwrap_or_else(|| "口罩".into());
    let region = place(rule);
    let unit = rule.per.clone().unwrap_or_else(|| "只".into());
    let extra = rule.allowed_pct.unwrap_or(0.0) / 100.0;
    let sale = |d: i32, seller: &str, price: f64, cost: &str, more: &str| {
        format!("{},{seller},{region},{good},{unit},10,{price:.6},{cost},{more}\n", Day(d))
    };
    let head = "date,seller_id,region,product,unit,quantity,unit_price,unit_cost,";
    let mut files: Vec<(&'static str, String)> = Vec::new();
    let text = match rule.test.as_str() {
        "own-reference" => {
            let allowed = match rule.metric {
                Metric::Price => 10.0 * (1.0 + extra),
                Metric::MarginAmount => 8.0 + 2.0 * (1.0 + extra),
                Metric::MarginOnCost => 8.0 * (1.25 + extra),
                Metric::MarginOnPrice => 8.0 / (0.8 - extra),
            };
            let first = if key { sale(base.0, "A", 10.0, "8", "") } else { String::new() };
            format!("{head}\n{first}{}", sale(day.0, "A", allowed * factor, "8", ""))
        }
        "over-cost" => {
            format!("{head}\n{}", sale(day.0, "A", 8.0 * (1.0 + extra) * factor, if key { "8" } else { "" }, ""))
        }
        "area-average" => {
            let on = rule.base.unwrap_or(day).0;
            let others: String =
                ["B", "C", if key { "D" } else { "C" }].iter().map(|s| sale(on, s, 10.0, "", "")).collect();
            format!("{head}\n{others}{}", sale(day.0, "A", 10.0 * (1.0 + extra) * factor, "", ""))
        }
        "price-cap" => {
            if rule.cap.is_none() {
                let listed = if key { good.as_str() } else { "别的商品" };
                files.push(("caps", format!("region,product,price\n{region},{listed},5\n")));
            }
            let cap = rule.cap.unwrap_or(5.0);
            let row = sale(day.0, "A", cap * (1.0 + extra) * (1.0 + rule.tolerance) * factor, "", "");
            format!(
                "{head}\n{}",
                if key || rule.cap.is_none() { row } else { row.replace(&format!(",{unit},"), ",盒,") }
            )
        }
        "cost-gap" => {
            let cost = if key { "8" } else { "" };
            format!(
                "{head}\n{}{}",
                sale(day.0 - 20, "A", 10.0, cost, ""),
                sale(day.0, "A", 10.0 * (1.0 + extra) * factor, cost, "")
            )
        }
        "fee-shift" => {
            let fee = |f: f64| if key { format!("{f:.6}") } else { String::new() };
            let before: String = (1..=4).map(|d| sale(day.0 - d, "A", 10.0, "", &fee(5.0))).collect();
            format!("{head}delivery_fee\n{before}{}", sale(day.0, "A", 10.0, "", &fee(5.0 * (1.0 + extra) * factor)))
        }
        "list-price" => {
            let list = if key { format!("{:.6}", 7.0 * factor) } else { String::new() };
            format!("{head}list_price\n{}{}", sale(day.0 - 3, "A", 7.0, "", ""), sale(day.0, "A", 6.0, "", &list))
        }
        "raised-first" => {
            let usual: String = (30..40).map(|d| sale(day.0 - d, "A", 5.0, "", "")).collect();
            let list = if key { "8" } else { "" };
            format!(
                "{head}list_price\n{usual}{}{}",
                sale(day.0 - 10, "A", 8.0, "", ""),
                sale(day.0, "A", if factor > 1.0 { 6.4 } else { 4.9 }, "", list)
            )
        }
        "marked-charged" => {
            let marked = if key { good.clone() } else { "别的商品".into() };
            files.push((
                "prices",
                format!("date,seller_id,region,product,unit,price\n{day},A,{region},{marked},{unit},3\n"),
            ));
            format!("{head}\n{}", sale(day.0, "A", 3.0 * (1.0 + rule.tolerance) * factor, "", ""))
        }
        "stock-ratio" => {
            let held = rule.days.unwrap_or(0);
            let stock = |s: f64| if key { format!("{s:.4}") } else { String::new() };
            let monthly = 10.0 * 365.25 / 12.0;
            let sold: String = (0..40).map(|d| sale(base.0 - d, "A", 10.0, "", "")).collect();
            let kept: String = (0..=held + 1)
                .map(|d| sale(day.0 + d, "A", 10.0, "", &stock(monthly * (1.0 + extra) * factor)))
                .collect();
            format!("{head}stock\n{sold}{kept}")
        }
        "stock-build-up" => {
            // 140 bought and sold at 10.00; then 98 sold at 11.00, and as much bought as the stock says.
            let stock = |s: f64| if key { format!("{s:.4}") } else { String::new() };
            let bought = 140.0 * (1.0 + extra) * factor;
            let row = |d: i32, quantity: u32, price: f64, stock: &str| {
                sale(d, "A", price, "", stock).replace(",10,", &format!(",{quantity},"))
            };
            let then: String = (14..28)
                .map(|d| row(day.0 - d, 10, 10.0, &if d == 14 { stock(100.0) } else { String::new() }))
                .collect();
            let now: String = (1..14).map(|d| row(day.0 - d, 7, 11.0, "")).collect();
            let first = row(day.0 - 28, 10, 10.0, &stock(100.0));
            format!("{head}stock\n{first}{then}{now}{}", row(day.0, 7, 11.0, &stock(100.0 - 98.0 + bought)))
        }
        "wording" => {
            let words = if factor > 1.0 { rule.words[0].as_str() } else { "欢迎选购" };
            format!("{head}text\n{}", sale(day.0, "A", 10.0, "", &format!("本店{}", if key { words } else { "" })))
        }
        "bundle" => {
            let alone: String = (10..14).map(|d| sale(day.0 - d, "A", 2.0, "", "")).collect();
            let other = |d: i32, price: f64, bundle: &str| sale(d, "A", price, "", bundle).replace(&good, "维生素");
            let vitamins: String = (10..14).map(|d| other(day.0 - d, 3.0, "")).collect();
            let days = (0..4).map(|d| {
                let b = if key { format!("S{d}") } else { String::new() };
                sale(day.0 + d, "A", 2.0, "", &b) + &other(day.0 + d, 3.0 + 2.0 * ((1.0 + extra) * factor - 1.0), &b)
            });
            format!("{head}bundle_id\n{alone}{vitamins}{}", days.collect::<String>())
        }
        "chain-markup" => {
            let buyer = if key { "A" } else { "" };
            format!(
                "{head}buyer_id\n{}{}",
                sale(day.0, "M", 4.0, "4", buyer),
                sale(day.0, "A", 4.0 * (1.0 + extra) * factor, "", "")
            )
        }
        other => panic!("{other}: no market for this kind of test"),
    };
    files.push(("transactions", text));
    Market { files, currency: rule.currency.first().cloned().unwrap_or_else(|| "元".into()) }
}

/// The result of a rule on seller A in a market; `None` where the rule was not applied.
fn verdict(rule: &Rule, market: &Market, notices: &[(Day, &str)], folder: &Path) -> Option<String> {
    let mut arguments = files(market, notices, folder);
    arguments.extend(["--rules".into(), rule.id.clone()]);
    let given: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let out = folder.join("out");
    run(&given, &out);
    let good = rule.goods.first().cloned().unwrap_or_else(|| "口罩".into());
    let all = table(&out.join("rules.csv")).into_iter();
    let mine = all
        .filter(|r| r["rule_id"] == rule.id && r["seller_id"] == "A" && r["product"] == good)
        .map(|r| r["result"].clone());
    mine.min_by_key(|r| r == "skipped")
}

/// Writes a market into a folder: the arguments that name its files and settings.
fn files(market: &Market, notices: &[(Day, &str)], folder: &Path) -> Vec<String> {
    std::fs::create_dir_all(folder).unwrap();
    let mut arguments: Vec<String> = Vec::new();
    let mut write = |table: &str, text: &str| {
        let path = folder.join(format!("{table}.csv"));
        std::fs::write(&path, text).unwrap();
        arguments.extend([format!("--{table}"), path.display().to_string()]);
    };
    for (table, text) in &market.files {
        write(table, text);
    }
    if !notices.is_empty() {
        let rows: String = notices.iter().map(|(day, kind)| format!("{day},A,{kind}\n")).collect();
        write("notices", &format!("date,seller_id,kind\n{rows}"));
    }
    let config = folder.join("p.toml");
    std::fs::write(&config, format!("currency = \"{}\"\n", market.currency)).unwrap();
    arguments.extend(["--config".into(), config.display().to_string()]);
    arguments
}

/// Repeal closes a row and deletes nothing: of every shipped rule, the row closed the day before its case no longer
/// finds it, and no other rule's result moves.
#[test]
fn closing_a_row_changes_that_rule_alone() {
    let folder = tempfile::tempdir().unwrap();
    let rules = packs::load(&[] as &[&Path], &[]).unwrap();
    for rule in rules.iter().filter(|r| r.test != "area-average" || r.allowed_pct.is_some()) {
        let first = rule.base.map_or(rule.from, |b| Day(b.0 + 1)).max(rule.from);
        let day = Day(first.0 + 2);
        let given = [(rule.from.max(Day(day.0 - 1)), "告诫")];
        let at = folder.path().join(&rule.id);
        let arguments = files(&market(rule, day, 1.02, true), &given, &at);
        let pack = std::fs::read_to_string(root().join("datasets/statutes").join(&rule.source)).unwrap();
        let (before, mine) = pack.split_once(&format!("id = \"{}\"\n", rule.id)).unwrap();
        let (mine, after) =
            mine.split_once("\n[[rule]]").map_or((mine, String::new()), |(m, a)| (m, format!("\n[[rule]]{a}")));
        let open: String = mine.lines().filter(|l| !l.starts_with("until")).map(|l| format!("{l}\n")).collect();
        let closed = format!("{before}id = \"{}\"\nuntil = \"{}\"\n{open}{after}", rule.id, Day(day.0 - 1));
        let own = at.join("closed.toml");
        std::fs::write(&own, closed).unwrap();
        let given: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (a, b) = (at.join("a"), at.join("b"));
        run(&given, &a);
        run(&[&given[..], &["--rule-file", &own.display().to_string()]].concat(), &b);
        let both = [a, b].map(|out| table(&out.join("rules.csv")));
        let others = |rows: &[Row]| -> Vec<Row> {
            let drop = |mut r: Row| {
                r.remove("pack_version"); // the same text, read from the user's file
                r
            };
            rows.iter().filter(|r| r["rule_id"] != rule.id).cloned().map(drop).collect()
        };
        assert_eq!(others(&both[0]), others(&both[1]), "{}", rule.id);
        let found = |rows: &[Row]| {
            rows.iter().any(|r| r["rule_id"] == rule.id && r["seller_id"] == "A" && r["result"] == "above")
        };
        assert!(found(&both[0]) && !found(&both[1]), "{}: {:?}", rule.id, both.map(|b| found(&b)));
    }
}

#[test]
fn every_rule_flags_spares_and_skips() {
    let rules = packs::load(&[] as &[&Path], &[]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for rule in &rules {
        if rule.test == "area-average" && rule.allowed_pct.is_none() {
            let m = market(rule, Day(rule.from.0 + 30), 2.0, true);
            assert_eq!(
                verdict(rule, &m, &[], &folder.path().join(&rule.id)).as_deref(),
                Some("skipped"),
                "{}",
                rule.id
            );
            continue;
        }
        let first = rule.base.map_or(rule.from, |b| Day(b.0 + 1)).max(rule.from);
        let day = Day(first.0 + 1);
        let given = rule.notice_required.then(|| (rule.from.max(Day(day.0 - 1)), "告诫"));
        let say = |name: &str, day: Day, factor: f64, key: bool, notices: &[(Day, &str)]| {
            verdict(rule, &market(rule, day, factor, key), notices, &folder.path().join(format!("{}-{name}", rule.id)))
        };
        let given: Vec<(Day, &str)> = given.into_iter().collect();
        let above = |v: &Option<String>| v.as_deref() == Some("above");
        assert!(above(&say("flag", day, 1.02, true, &given)), "{}: above the threshold", rule.id);
        let at = say("at", day, 1.0, true, &given);
        let reaching = rule.inclusive && rule.test != "raised-first"; // its market has no sale at the usual price
        assert_eq!(above(&at), reaching, "{}: at the threshold {at:?}", rule.id);
        let below = say("below", day, 0.998, true, &given);
        assert!(matches!(below.as_deref(), Some("within" | "skipped")), "{}: below the threshold {below:?}", rule.id);
        let skip = say("skip", day, 1.02, false, &given);
        assert!(matches!(skip.as_deref(), Some("skipped")), "{}: skip {skip:?}", rule.id);
        if !matches!(rule.test.as_str(), "stock-ratio" | "bundle") {
            let early = say("early", Day(first.0 - 1), 1.02, true, &given);
            assert!(!above(&early), "{}: the day before it binds {early:?}", rule.id);
        }
        if let Some(until) = rule.until {
            assert!(!above(&say("late", Day(until.0 + 1), 1.02, true, &given)), "{}: the day after it ends", rule.id);
        }
        if rule.notice_required {
            assert_eq!(say("notice", day, 1.02, true, &[]).as_deref(), Some("above_notice_missing"), "{}", rule.id);
            let after = say("noticed", day, 1.02, true, &[(Day(day.0 + 60), "告诫")]);
            assert!(!above(&after), "{}: sold before the notice", rule.id);
        }
        let exempt: Vec<(Day, &str)> = given.iter().copied().chain([(rule.from, "豁免（政府储备指令）")]).collect();
        let exempt = say("exempt", day, 1.02, true, &exempt);
        let want = if rule.exemptions.is_empty() { "above" } else { "above_exempt" };
        assert_eq!(exempt.as_deref(), Some(want), "{}: an exemption on record", rule.id);
        if rule.sellers == Sellers::WithoutHistory {
            let mut m = market(rule, day, 1.02, true);
            let old = m
                .files
                .last()
                .unwrap()
                .1
                .lines()
                .nth(1)
                .unwrap()
                .replace(&day.to_string(), &rule.base.unwrap().to_string());
            m.files.last_mut().unwrap().1 += &(old + "\n");
            let v = verdict(rule, &m, &given, &folder.path().join(format!("{}-history", rule.id)));
            assert_eq!(v.as_deref(), Some("skipped"), "{}: it sold on the base date", rule.id);
        }
    }
}

/// Moving one base date changes the results of that rule alone.
#[test]
fn one_dated_row_changes_only_what_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let sales = root().join("tests/fixtures/golden/hubei.transactions.csv").display().to_string();
    let text = std::fs::read_to_string(root().join("datasets/statutes/cn-42.toml")).unwrap();
    let start = text.find("id = \"cn-42-2020-3-price\"").unwrap();
    let moved =
        format!("{}{}", &text[..start], text[start..].replacen("base = \"2020-01-21\"", "base = \"2020-01-19\"", 1));
    assert_ne!(text, moved);
    let own = folder.path().join("cn-42.toml");
    std::fs::write(&own, moved).unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    run(&["--transactions", &sales], &a);
    run(&["--transactions", &sales, "--rule-file", &own.display().to_string()], &b);
    let (a, b) = (table(&a.join("rules.csv")), table(&b.join("rules.csv")));
    let others =
        |rows: &[Row]| rows.iter().filter(|r| r["rule_id"] != "cn-42-2020-3-price").cloned().collect::<Vec<_>>();
    assert_eq!(others(&a), others(&b));
    let mine = |rows: &[Row]| {
        rows.iter()
            .filter(|r| r["rule_id"] == "cn-42-2020-3-price")
            .map(|r| r["result"].clone())
            .collect::<BTreeSet<_>>()
    };
    assert!(
        mine(&a).contains("above") && mine(&b) == BTreeSet::from(["skipped".to_owned()]),
        "{:?} {:?}",
        mine(&a),
        mine(&b)
    );
}

/// Every rule and every kind of test has its page: sentence, clause, dates, worked example; unverified ones are marked.
#[test]
fn explain_shows_every_rule() {
    let (ok, list, _) = pricewatch(&["explain"]);
    assert!(ok);
    for rule in packs::load(&[] as &[&Path], &[]).unwrap() {
        let line = list.lines().find(|l| l.split_whitespace().next() == Some(&rule.id)).unwrap();
        let unverified = rule.status == pricewatch::model::TextStatus::Unverified;
        assert_eq!(line.contains("unverified"), unverified, "{line}");
        let (ok, zh, _) = pricewatch(&["explain", &rule.id]);
        assert!(ok && zh.contains(&rule.says.zh) && zh.contains(&rule.clause.zh) && zh.contains("算例"), "{zh}");
        assert!(zh.contains(&rule.from.to_string()) && zh.contains("未核对") == unverified, "{zh}");
        let (_, en, _) = pricewatch(&["explain", &rule.id, "--lang", "en"]);
        assert!(en.contains("Worked example") && en.contains("UNVERIFIED") == unverified, "{en}");
    }
    for test in pricewatch::law::TESTS {
        let (zh, en) = test.page.split_once("\n---\n").unwrap();
        assert!(
            zh.contains("## 检验") && zh.contains("## 跳过") && en.contains("## Test") && en.contains("## Skips when"),
            "{}",
            test.id
        );
    }
}

/// Precision and recall of each planted conduct on markets not tuned on; notices missing and lawful lookalikes are no
/// leads.
#[test]
fn planted_conducts_are_found() {
    let folder = tempfile::tempdir().unwrap();
    for seed in ["31", "32"] {
        let world = folder.path().join(seed);
        let (ok, _, err) =
            pricewatch(&["simulate", "--conducts", "--seed", seed, "--out", &world.display().to_string()]);
        assert!(ok, "{err}");
        let file = |name: &str| world.join(name).display().to_string();
        let out = world.join("out");
        let (sales, prices, papers, notices) =
            (file("transactions.csv"), file("prices.csv"), file("certificates.csv"), file("notices.csv"));
        run(&["--transactions", &sales, "--prices", &prices, "--certificates", &papers, "--notices", &notices], &out);
        let read = |p: PathBuf| std::fs::read_to_string(p).unwrap();
        let scores =
            pricewatch::evaluate::evaluate(&read(world.join("truth.json")), &read(out.join("leads.csv"))).unwrap();
        assert_eq!(scores.conducts.len(), 7);
        for (name, score) in &scores.conducts {
            assert!(score.planted > 0, "{name}");
            let (precision, recall) = (score.precision().unwrap_or(0.0), score.recall().unwrap_or(0.0));
            assert!(precision >= 0.95 && recall >= 0.95, "seed {seed} {name}: {score:?}");
        }
        let waiting = table(&out.join("rules.csv"))
            .iter()
            .filter(|r| r["result"] == "above_notice_missing" && r["rule_id"] == "cn-2020-21-hoarding")
            .count();
        assert_eq!(waiting, 8, "those who hoard without a notice are listed, and no leads");
    }
}

/// Each check on certificates: a fault, a near miss, a skip.
#[test]
fn certificates_flag_spare_and_skip() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let sales = file("t.csv", "date,seller_id,product,unit_price\n2020-03-01,A,口罩,1\n2020-03-30,A,口罩,1\n");
    let mut papers = "seller_id,certificate_id,product,standard,body,body_authorised,issued,expires,fee\n".to_owned();
    papers += "EXPIRED,粤械注准20192140001,医用外科口罩,YY 0469,甲,是,2019-01-01,2020-03-29,\n";
    papers += "LASTDAY,粤械注准20192140002,医用外科口罩,YY 0469,甲,是,2019-01-01,2020-03-30,\n";
    papers += "NODATE,粤械注准20192140003,医用外科口罩,YY 0469,甲,,,,\n";
    papers += "MISMATCH,粤械注准20192140004,医用防护服,EN 149,甲,是,2019-01-01,2021-01-01,\n";
    papers += "MATCH,粤械注准20192140005,KN95口罩,EN 149,甲,是,2019-01-01,2021-01-01,\n";
    papers += "NOSTANDARD,粤械注准20192140006,KN95口罩,,甲,是,2019-01-01,2021-01-01,\n";
    papers += "NUMBER,粤械注准2019214,医用外科口罩,YY 0469,甲,是,2019-01-01,2021-01-01,\n";
    papers += "ODDKIND,XYZ-77,医用外科口罩,YY 0469,甲,是,2019-01-01,2021-01-01,\n";
    papers += "TWIN1,粤械注准20192140009,医用外科口罩,YY 0469,甲,是,2019-01-01,2021-01-01,\n";
    papers += "TWIN2,粤械注准2019 2140009,医用外科口罩,YY 0469,甲,是,2019-01-01,2021-01-01,\n";
    papers += "BODY,粤械注准20192140010,医用外科口罩,YY 0469,乙,否,2019-01-01,2021-01-01,\n";
    for i in 0..9 {
        let fee = [20_000, 21_000, 19_500, 20_500, 22_000, 18_000, 20_000, 39_000, 60_000][i];
        papers += &format!("FEE{i},粤械注准2019214002{i},一次性医用口罩,YY/T 0969,甲,是,2019-01-01,2021-01-01,{fee}\n");
    }
    let papers = file("c.csv", &papers);
    let out = folder.path().join("out");
    run(&["--transactions", &sales, "--certificates", &papers], &out);
    let leads = table(&out.join("leads.csv"));
    let found: BTreeMap<&str, &str> = leads.iter().map(|l| (l["sellers"].as_str(), l["screens"].as_str())).collect();
    let want = BTreeMap::from([
        ("EXPIRED", "certificate-validity"),
        ("MISMATCH", "certificate-standard"),
        ("NUMBER", "certificate-number"),
        ("TWIN1", "certificate-shared"),
        ("TWIN2", "certificate-shared"),
        ("BODY", "certificate-body"),
        ("FEE8", "certificate-fee"),
    ]);
    assert_eq!(found, want, "39,000 is less than twice the median of the others");
    assert!(leads.iter().all(|l| l["kind"] == "certification"));
    let findings: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("findings.json")).unwrap()).unwrap();
    let skipped = |id: &str| {
        findings["certificates"].as_array().unwrap().iter().find(|c| c["id"] == id).unwrap()["skipped"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(
        (skipped("certificate-validity"), skipped("certificate-standard"), skipped("certificate-number")),
        (1, 1, 1)
    );
}

/// One file per enterprise and an index by division, from the run's own inputs; a changed input is refused.
#[test]
fn a_dossier_says_everything_of_one_enterprise() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(root().join("tests/fixtures/golden/melt-blown.transactions.csv")).unwrap();
    let id = "110105199001011234"; // a person's id, as a small trader might be recorded
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let sales = file("t.csv", &text.replace(",RAO,", &format!(",{id},")));
    let owners = file(
        "e.csv",
        &format!(
            "seller_id,owner_id,legal_person,address\nSZ01,,张三,深圳某路1号\n{id},,张三,别处\nDG01,,李四,深圳某路1号\n"
        ),
    );
    let notices = file(
        "n.csv",
        "date,seller_id,region,kind\n2020-03-06,SZ01,,约谈\n2020-02-01,,广东省,告诫\n2020-02-02,,湖北省,告诫\n",
    );
    let papers = file(
        "c.csv",
        "seller_id,certificate_id,product,standard,issued,expires\nSZ01,XYZ-1,熔喷布,FZ/T 64078,2019-01-01,2020-03-09\n",
    );
    let given = ["--transactions", &sales, "--enterprises", &owners, "--notices", &notices, "--certificates", &papers];
    let (before, now) = (folder.path().join("before"), folder.path().join("now"));
    run(&[&given[..], &["--as-of", "2020-03-04"]].concat(), &before);
    run(&given, &now);
    let (dir, out) = (now.display().to_string(), folder.path().join("files"));
    let arguments = [
        "dossier",
        "--run",
        &dir,
        "饶某",
        "SZ01",
        "--out",
        &out.display().to_string(),
        "--previous",
        &before.display().to_string(),
    ];
    let (ok, _, err) = pricewatch(&arguments);
    assert!(ok, "{err}");
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    let all: Vec<String> = std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().path().display().to_string()).collect();
    assert_eq!(all.len(), 8, "page, JSON and ledger of each, and the index twice: {all:?}");
    for path in &all {
        assert!(
            !path.contains(id) && !std::fs::read_to_string(path).unwrap().contains(id),
            "personal ids are masked: {path}"
        );
    }
    assert!(read("index.html").contains("广东省深圳市") && read("index.csv").contains("440300,广东省深圳市,SZ01"));
    let page = read("SZ01.html");
    for words in
        ["深圳缤纷", "饶某", "上家", "流通环节层层加价", "SHA-256", "SM3", "不等于合规", "张三", "约谈", "没有进货记录"]
    {
        assert!(page.contains(words), "{words}");
    }
    let json: serde_json::Value = serde_json::from_str(&read("SZ01.json")).unwrap();
    assert_eq!(json["trades"][0]["up"], true);
    let linked: BTreeSet<(&str, &str)> = json["linked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| (l["name"].as_str().unwrap(), l["why"].as_str().unwrap()))
        .collect();
    assert_eq!(linked, BTreeSet::from([("东莞大成", "address"), ("饶某", "person")]));
    let kinds = |list: &serde_json::Value, key: &str| {
        list.as_array().unwrap().iter().map(|n| n[key].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(&json["notices"], "kind"),
        ["告诫", "约谈"],
        "the province's public notice, not another province's"
    );
    assert_eq!(kinds(&json["timeline"], "what"), ["issued", "notice", "above", "notice", "expires"]);
    assert_eq!(json["certificates"][0]["remarks"].as_array().unwrap().len(), 1, "expired");
    let ledger = table(&out.join("SZ01.ledger.csv"));
    assert_eq!(
        (ledger.len(), ledger[0]["price"].as_str(), ledger[0]["quantity"].as_str()),
        (1, "450", "5000"),
        "per kilogram"
    );
    let changes = &json["changes"];
    assert_eq!((changes["as_of"].as_str(), changes["gone"].as_array().unwrap().len()), (Some("2020-03-04"), 0));
    assert!(
        !changes["new"].as_array().unwrap().is_empty() && changes["files"].as_array().unwrap().is_empty(),
        "{changes}"
    );
    std::fs::write(&sales, text).unwrap();
    let (ok, _, err) = pricewatch(&["dossier", "--run", &dir, "--out", &folder.path().join("x").display().to_string()]);
    assert!(!ok && err.contains("t.csv") && err.contains("changed"), "{err}");
}

/// An English dossier of English data has no Chinese in it, and a Chinese one no English label.
#[test]
fn a_dossier_keeps_to_one_language() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let head = "date,seller_id,seller_name,region,product,unit,quantity,unit_price,unit_cost,stock\n";
    let sales: String = (0..20)
        .map(|d| {
            format!(
                "{},S1,Acme,California,surgical mask,piece,10,{},0.8,500\n",
                Day(18_315 + d),
                if d < 8 { 1.0 } else { 2.5 }
            )
        })
        .collect();
    let sales = file("t.csv", &format!("{head}{sales}"));
    let notices = file("n.csv", "date,seller_id,kind\n2020-03-10,S1,interview\n");
    let papers = file(
        "c.csv",
        "seller_id,certificate_id,product,standard,body,issued,expires,fee\nS1,XY-1,surgical mask,EN 14683,Body,2019-01-01,2020-01-01,900\n",
    );
    let out = folder.path().join("run");
    run(&["--transactions", &sales, "--notices", &notices, "--certificates", &papers, "--lang", "en"], &out);
    let files = folder.path().join("files");
    let (ok, _, err) =
        pricewatch(&["dossier", "--run", &out.display().to_string(), "S1", "--out", &files.display().to_string()]);
    assert!(ok, "{err}");
    let han = |text: &str| {
        text.chars()
            .filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c) || "（）：；，。、".contains(*c))
            .collect::<String>()
    };
    for name in ["S1.html", "index.html", "S1.json", "S1.ledger.csv", "index.csv"] {
        let text = std::fs::read_to_string(files.join(name)).unwrap();
        // Documents keep their names.
        let names = ["国市监竞争〔2020〕21号 五(三): 进销差价率", "鄂市监竞争〔2020〕3号", "认证专项整治"];
        let text = names.iter().fold(text, |t, n| t.replace(n, ""));
        // The family's label names a good in both languages in the JSON; everything else is the report's own.
        let shown: Vec<&str> = text.lines().filter(|l| !han(l).is_empty() && !l.contains("\"zh\"")).collect();
        assert!(shown.is_empty(), "{name}: {shown:?}");
    }
    let page = std::fs::read_to_string(files.join("S1.html")).unwrap();
    assert!(page.contains("California: more than 10 %") && page.contains("yuan/piece") && page.contains("interview"));
}

/// From the folder alone: the sum of (P − A) × Q over the listed rows is the amount of the lead, and every row is quoted
/// as it stands in its file, GB18030 and banner rows or not.
#[test]
fn an_evidence_folder_can_be_recomputed() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(root().join("tests/fixtures/golden/hubei.transactions.csv")).unwrap();
    let text = text.replace("洪湖华康大药房", "洪湖“华康”=cmd|大药房");
    let sales = folder.path().join("t.csv");
    let banner = format!("销售明细\n单位：元\n{text}");
    std::fs::write(&sales, encoding_rs::GB18030.encode(&banner).0).unwrap();
    let (run_dir, out) = (folder.path().join("run"), folder.path().join("evidence"));
    run(&["--transactions", &sales.display().to_string()], &run_dir);
    let leads = table(&run_dir.join("leads.csv"));
    let lead = leads.iter().find(|l| l["sellers"] == "HH01").unwrap();
    let write = |to: &Path| {
        let arguments =
            ["evidence", "--run", &run_dir.display().to_string(), &lead["lead_id"], "--out", &to.display().to_string()];
        let (ok, _, err) = pricewatch(&arguments);
        assert!(ok, "{err}");
    };
    write(&out);
    let dir = out.join(&lead["lead_id"]);
    let rows = table(&dir.join("rows.csv"));
    for row in &rows {
        let line = banner.lines().nth(row["line"].parse::<usize>().unwrap() - 1).unwrap();
        assert_eq!(row["original_text"], line);
    }
    let calculation = std::fs::read_to_string(dir.join("calculation.md")).unwrap();
    let after = calculation.split("cn-42-2020-3-new-seller").nth(1).unwrap();
    let line = after.lines().find(|l| l.contains("t.csv |")).unwrap();
    let cell = |i: usize| line.split('|').nth(i).unwrap().trim().parse::<f64>().unwrap();
    let (allowed, price, quantity, amount) = (cell(4), cell(5), cell(6), cell(7));
    assert!(((price - allowed) * quantity - amount).abs() < 1e-6);
    assert!((amount - 11_780.0).abs() < 1e-6 && after.contains("11780.00"), "{after}");
    let row = rows.iter().find(|r| r["price"] == "1").unwrap();
    assert_eq!((row["quantity"].as_str(), row["unit_cost"].as_str()), ("38000", "0.6"));
    let method = std::fs::read_to_string(dir.join("method.md")).unwrap();
    assert!(method.contains("鄂市监竞争〔2020〕3号") && method.contains("不等于合规"), "{method}");
    let cover = std::fs::read_to_string(dir.join("cover.md")).unwrap();
    assert!(cover.contains("SM3") && cover.contains("rows.csv") && cover.contains("t.csv"), "{cover}");
    let again = folder.path().join("again");
    write(&again);
    let name = format!("{}.zip", lead["lead_id"]);
    assert_eq!(
        std::fs::read(out.join(&name)).unwrap(),
        std::fs::read(again.join(&name)).unwrap(),
        "the same bytes twice"
    );
    // A second folder in the same place is the new one, not the old.
    std::fs::write(again.join(&name), "old").unwrap();
    let (dir, to) = (run_dir.display().to_string(), again.display().to_string());
    let (ok, _, err) = pricewatch(&["evidence", "--run", &dir, &lead["lead_id"], "--out", &to, "--force"]);
    assert!(ok, "{err}");
    assert_eq!(std::fs::read(out.join(&name)).unwrap(), std::fs::read(again.join(&name)).unwrap());
    let (ok, _, err) = pricewatch(&[
        "evidence",
        "--run",
        &run_dir.display().to_string(),
        "G0",
        "--out",
        &again.display().to_string(),
        "--force",
    ]);
    assert!(!ok && err.contains("G0"), "{err}");
}

/// What a cost defence allows: California 10 % over cost plus the old rate, New Jersey the old rate raised by 10 %,
/// Alabama cost plus the old rate. Bought at 8 and sold at 10 before, bought at 12 now.
#[test]
fn cost_defends_up_to_its_own_price() {
    let folder = tempfile::tempdir().unwrap();
    let rules = packs::load(&[] as &[&Path], &[]).unwrap();
    for (id, met, above) in
        [("us-ca-396", 16.49, 16.52), ("us-nj-56-8-107", 15.29, 15.32), ("us-al-8-31", 14.99, 15.02)]
    {
        let rule = rules.iter().find(|r| r.id == id).unwrap();
        let (base, region) = (rule.base.unwrap(), place(rule));
        let others: String = ["B", "C", "D"].map(|s| format!("{base},{s},{region},mask,只,10,10,8\n")).concat();
        for (price, want) in [(met, "above_cost_defence_met"), (above, "above")] {
            let sales =
                format!("{base},A,{region},mask,只,10,10,8\n{},A,{region},mask,只,10,{price},12\n", Day(base.0 + 3));
            let head = "date,seller_id,region,product,unit,quantity,unit_price,unit_cost\n";
            let m = Market { files: vec![("transactions", format!("{head}{others}{sales}"))], currency: "USD".into() };
            assert_eq!(
                verdict(rule, &m, &[], &folder.path().join(format!("{id}-{price}"))).as_deref(),
                Some(want),
                "{id} {price}"
            );
        }
    }
}

/// After a notice only later days count, and the numbers told are those of a day that counts.
#[test]
fn days_that_do_not_count_are_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let head = "date,seller_id,region,product,unit,quantity,unit_price,unit_cost\n";
    let sales: String = [("2020-02-01", 9.0), ("2020-02-05", 2.0), ("2020-02-06", 2.2)]
        .map(|(d, p)| format!("{d},NEW,440100,口罩,只,10,{p},1\n"))
        .concat();
    let sales = file("t.csv", &format!("{head}{sales}"));
    let notices = file("n.csv", "date,seller_id,kind\n2020-02-03,NEW,告诫\n");
    let out = folder.path().join("out");
    run(&["--transactions", &sales, "--notices", &notices, "--rules", "cn-2020-21-new-seller"], &out);
    let rule = &table(&out.join("rules.csv"))[0];
    assert_eq!((rule["result"].as_str(), rule["notice"].as_str()), ("above", "2020-02-03"));
    assert_eq!(
        (rule["observed"].as_str(), rule["rows_above"].as_str()),
        ("2.2000", "2"),
        "9.00 came before the notice"
    );
    assert!(rule["reference_rows"].ends_with("t.csv:4"), "{}", rule["reference_rows"]);
    let f: serde_json::Value = serde_json::from_slice(&std::fs::read(out.join("findings.json")).unwrap()).unwrap();
    near(fact(&f, "cn-2020-21-new-seller", "NEW", "口罩", "margin_rate_now"), 120.0, 0.1, "1.00 → 2.20");
}

/// A text nobody has read is marked wherever its rule is named.
#[test]
fn an_unverified_text_is_marked_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, _, rows) = golden("tianjin-guangzhou", folder.path());
    let out = folder.path().join("tianjin-guangzhou");
    let id = "cn-2020-price-rise";
    assert!(rules.iter().chain(&rows).filter(|r| r["rule_id"] == id).all(|r| r["text_status"] == "unverified"));
    for lead in table(&out.join("leads.csv")) {
        assert!(
            lead["rules"].contains(&format!("{id}(unverified)")) && lead["summary"].contains("条文未核对"),
            "{lead:?}"
        );
    }
    let read = |p: PathBuf| std::fs::read_to_string(p).unwrap();
    let title = "售价较疫情前大幅上涨";
    let marked = |text: &str| {
        let after: Vec<&str> = text.split(title).skip(1).collect();
        !after.is_empty() && after.iter().all(|a| a.chars().take(40).collect::<String>().contains("条文未核对"))
    };
    assert!(marked(&read(out.join("report.html"))), "report.html");
    let dir = out.display().to_string();
    let files = folder.path().join("files");
    let (ok, _, err) = pricewatch(&["dossier", "--run", &dir, "--out", &files.display().to_string()]);
    assert!(ok, "{err}");
    assert!(marked(&read(files.join("TJ01.html"))), "dossier");
    let findings = read(out.join("findings.json"));
    let findings: serde_json::Value = serde_json::from_str(&findings).unwrap();
    let of_rule = |f: &&serde_json::Value| f["rule"] == id;
    assert!(
        findings["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(of_rule)
            .all(|f| f["basis"].as_str().unwrap().contains("条文未核对"))
    );
}

/// A certification fee is a price: a body that raises its fees by itself is found by the price screens, one that moves
/// with the others is not.
#[test]
fn certification_fees_go_through_the_price_screens() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let start = Day::from_ymd(2020, 1, 1).unwrap();
    let (mut papers, mut n) =
        ("seller_id,region,certificate_id,product,standard,body,issued,expires,fee\n".to_owned(), 0);
    for d in 0..80 {
        for (b, body) in ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛"].iter().enumerate() {
            n += 1;
            let usual = 20_000.0 + 500.0 * b as f64 + f64::from((d * 7 + b as i32 * 3) % 5) * 20.0;
            let fee = if *body == "甲" && d >= 45 { usual * 2.4 } else { usual };
            papers += &format!(
                "M{n},440100,粤械注准2019214{n:04},医用外科口罩,YY 0469-2011,{body},{},2022-01-01,{fee:.0}\n",
                Day(start.0 + d)
            );
        }
    }
    let sales = file(
        "t.csv",
        "date,seller_id,region,product,unit_price\n2020-01-01,S,440100,手套,1\n2020-03-30,S,440100,手套,1\n".into(),
    );
    let papers = file("c.csv", papers);
    let out = folder.path().join("out");
    run(&["--transactions", &sales, "--certificates", &papers], &out);
    let leads = table(&out.join("leads.csv"));
    let bodies: BTreeSet<&str> =
        leads.iter().filter(|l| l["product"].starts_with("认证费")).map(|l| l["sellers"].as_str()).collect();
    assert_eq!(bodies, BTreeSet::from(["甲"]), "{leads:?}");
    assert!(leads.iter().all(|l| l["kind"] == "certification"));
}
