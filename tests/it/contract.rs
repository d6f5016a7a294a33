//! The files of the contract, word for word, and what may not change them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::cli::{demo, pricewatch};
use crate::{root, snapshot};

const DIRTY: &str = "\
date,transaction_id,seller_id,seller_name,region,product,unit,quantity,unit_price,unit_cost
2020-02-01,T1,a,甲店,武汉市,一次性口罩,只,10,1.20,1.00
2020-02-01,T1,a,甲店,武汉市,一次性口罩,只,10,1.20,1.00
2020-02-30,T2,a,甲店,武汉市,一次性口罩,只,10,1.20,1.00
2020-02-02,T3,a,甲店,武汉市,一次性口罩,只,10,面议,1.00
2020-02-02,T4,a
2020-02-03,T5,a,甲店,武汉市,一次性口罩,盒(50只),1,60.00,50.00
2020-02-03,T6,a,\"甲店,武汉市,一次性口罩,只,10,1.20,1.00
2020-02-04,T7,a,甲店,武汉市,一次性口罩,只,-2,1.20,1.00
2020-02-04,T8,=cmd|x,乙店,武汉市,一次性口罩,只,10,,1.00
";

fn run_dirty(folder: &Path) -> PathBuf {
    let input = folder.join("dirty.csv");
    std::fs::write(&input, DIRTY).unwrap();
    let out = folder.join("out");
    let (ok, _, err) = pricewatch(&[
        "run",
        "--quiet",
        "--transactions",
        &input.display().to_string(),
        "--out",
        &out.display().to_string(),
    ]);
    assert!(ok, "{err}");
    out
}

fn text(path: PathBuf, folder: &Path) -> String {
    let folder = folder.display().to_string();
    std::fs::read_to_string(path)
        .unwrap()
        .replace(&format!("{folder}/"), "")
        .replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn the_demo_leads_are_as_read() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    demo(&out, &[]);
    snapshot::matches("snapshots/demo.leads.csv", &text(out.join("leads.csv"), folder.path()));
    snapshot::matches("snapshots/demo.rejects.csv", &text(out.join("rejects.csv"), folder.path()));
}

/// A group and the leads of its members in the same good name each other, and none names itself.
#[test]
fn leads_to_be_looked_at_together_name_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    demo(&out, &[]);
    let leads: Vec<BTreeMap<String, String>> =
        csv::Reader::from_path(out.join("leads.csv")).unwrap().deserialize().map(Result::unwrap).collect();
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    let told = |id: &str| {
        let (_, from) = page.split_once(&format!("class=\"lead\" id=\"{id}\"")).unwrap();
        from.split("class=\"lead\"").next().unwrap().split_once("</summary>").unwrap().1
    };
    let reading = |id: &str| told(id).split_once("</dl>").unwrap().0.to_owned();
    let groups: Vec<_> = leads.iter().filter(|l| l["kind"] == "collusion").collect();
    assert!(groups.len() > 1);
    for group in groups {
        let here = |l: &&BTreeMap<String, String>| {
            l["kind"] == "gouging" && ["region", "product"].iter().all(|column| l[*column] == group[*column])
        };
        let (members, others): (Vec<_>, Vec<_>) =
            leads.iter().filter(here).partition(|l| group["sellers"].split(';').any(|s| s == l["sellers"]));
        let (group, page) = (&group["lead_id"], reading(&group["lead_id"]));
        assert!(!members.is_empty() && members.iter().any(|l| page.contains(&l["lead_id"])), "{group}"); // the first few
        assert!(members.iter().all(|l| reading(&l["lead_id"]).contains(group)), "{group}");
        assert!(
            others.iter().all(|l| !page.contains(&l["lead_id"]) && !reading(&l["lead_id"]).contains(group)),
            "{group}"
        );
        assert!(!page.contains(group), "{group}");
    }
}

/// An explanation that the data leave open comes with the step that settles it; one they settle does not.
#[test]
fn open_explanations_come_with_a_step() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    demo(&out, &[]);
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    let (mut open, mut settled) = (0, 0);
    for lead in page.split("class=\"lead\"").skip(1) {
        let reading = lead.split("</dl>").next().unwrap();
        let (explanations, steps) = reading.split_once("<dt>建议核查").unwrap();
        for (what, step) in [
            ("换了规格、包装或版本", "对照条码"),
            ("从长期促销恢复原价", "标价签和促销公告"),
            ("促销结束恢复原价", "各家降价期间"),
            ("属于同一所有人（连锁）", "股东和实际控制人"),
            ("加盟价目表或厂家建议零售价", "调取加盟价目表"),
            ("公开价格的独立跟随", "决定过程与信息来源"),
        ] {
            let Some((_, state)) = explanations.split_once(what) else { continue };
            let is_open = state.split("；").next().unwrap().contains("（待核）");
            assert_eq!(steps.contains(step), is_open, "{what}: {steps}");
            (open, settled) = (open + usize::from(is_open), settled + usize::from(!is_open));
        }
    }
    assert!(open > 20 && settled > 0, "{open} open, {settled} settled");
}

#[test]
fn a_small_dirty_file_is_told_word_for_word() {
    let folder = tempfile::tempdir().unwrap();
    let out = run_dirty(folder.path());
    for name in ["leads.csv", "rejects.csv"] {
        snapshot::matches(&format!("snapshots/dirty.{name}"), &text(out.join(name), folder.path()));
    }
    let findings: serde_json::Value = serde_json::from_str(&text(out.join("findings.json"), folder.path())).unwrap();
    snapshot::matches("snapshots/dirty.findings.json", &(serde_json::to_string_pretty(&findings).unwrap() + "\n"));
    // Hashes of outputs follow every wording; what belongs to the contract is what the manifest holds.
    let mut manifest: serde_json::Value =
        serde_json::from_str(&text(out.join("manifest.json"), folder.path())).unwrap();
    for output in manifest["outputs"].as_array_mut().unwrap() {
        for key in ["sha256", "bytes"] {
            if let Some(value) = output.get_mut(key) {
                *value = serde_json::json!("…");
            }
        }
    }
    manifest["sha256_of_this"] = serde_json::json!("…");
    snapshot::matches("snapshots/dirty.manifest.json", &(serde_json::to_string_pretty(&manifest).unwrap() + "\n"));
}

/// A row of leads.csv by column name.
fn leads(out: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(out.join("leads.csv")).unwrap();
    reader.deserialize().map(|r| r.unwrap()).collect()
}

fn changed_demo(folder: &Path, name: &str, change: impl Fn(usize, &str) -> String) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(root().join("datasets/demo/prices.csv")).unwrap();
    let prices = folder.join(format!("{name}.csv"));
    let mut writer = csv::Writer::from_path(&prices).unwrap();
    let header = reader.headers().unwrap().clone();
    writer.write_record(&header).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        writer.write_record(record.iter().enumerate().map(|(i, cell)| change(i, cell))).unwrap();
    }
    writer.flush().unwrap();
    drop(writer);
    let out = folder.join(name);
    let (ok, _, err) =
        pricewatch(&["run", "--quiet", "--prices", &prices.display().to_string(), "--out", &out.display().to_string()]);
    assert!(ok, "{err}");
    leads(&out)
}

/// Everything of a lead but its id, with sellers as a set under their new names.
fn told(lead: &BTreeMap<String, String>, name: impl Fn(&str) -> String) -> (BTreeSet<String>, Vec<String>) {
    let sellers = lead["sellers"].split(';').map(name).collect();
    let columns = ["kind", "region", "product", "first_date", "last_date", "screens", "cost_explained", "data_quality"];
    (sellers, columns.iter().map(|c| lead[*c].clone()).collect())
}

#[test]
fn renaming_sellers_only_renames_leads() {
    let folder = tempfile::tempdir().unwrap();
    let header = std::fs::read_to_string(root().join("datasets/demo/prices.csv")).unwrap();
    let header: Vec<&str> = header.lines().next().unwrap().split(',').collect();
    let at = |column: &str| header.iter().position(|h| *h == column).unwrap();
    let (id, name) = (at("seller_id"), at("seller_name"));
    let renamed = |text: &str| format!("K{:016X}", xxhash_rust::xxh3::xxh3_64(text.trim().as_bytes()));
    let plain = changed_demo(folder.path(), "plain", |_, cell| cell.to_owned());
    let other = changed_demo(folder.path(), "renamed", |i, cell| match i {
        i if i == id => renamed(cell),
        i if i == name => format!("店{}", renamed(cell)),
        _ => cell.to_owned(),
    });
    let a: BTreeSet<_> = plain.iter().map(|l| told(l, renamed)).collect();
    let b: BTreeSet<_> = other.iter().map(|l| told(l, str::to_owned)).collect();
    assert!(!a.is_empty());
    assert_eq!(a, b);
}

/// In tens, as coins come: what rounding to a coin may add is part of a rise.
#[test]
fn scaling_every_price_leaves_the_leads() {
    let folder = tempfile::tempdir().unwrap();
    let price = |i: usize, cell: &str, by: f64| match (i, cell.parse::<f64>()) {
        (8, Ok(value)) => format!("{:.4}", value * by),
        _ => cell.to_owned(),
    };
    let plain = changed_demo(folder.path(), "plain", |i, cell| price(i, cell, 1.0));
    let scaled = changed_demo(folder.path(), "scaled", |i, cell| price(i, cell, 10.0));
    assert_eq!(plain.len(), scaled.len());
    for (a, b) in plain.iter().zip(&scaled) {
        for column in ["lead_id", "kind", "sellers", "first_date", "last_date", "increase_pct", "screens"] {
            assert_eq!(a[column], b[column], "{column}");
        }
        let price = |l: &BTreeMap<String, String>| l["observed_price"].parse::<f64>().unwrap();
        assert!((price(b) / price(a) - 10.0).abs() < 1e-3);
    }
}

/// Every `pricewatch …` line of the READMEs' blocks, in order, in a folder of its own with the demo market and the
/// market of conducts as this week's files. The rule file they show is sound.
#[test]
fn readme_commands_run() {
    let names = [
        (
            "README.md",
            ["week.csv", "costs.csv", "owners.csv"],
            ["sales.csv", "certificates.csv", "notices.csv"],
            "inbox",
        ),
        ("README.zh-CN.md", ["本周.csv", "成本.csv", "企业.csv"], ["销售.csv", "证书.csv", "告诫.csv"], "收件"),
    ];
    let conducts = pricewatch::simulate::conducts::files(1).unwrap();
    for (readme, names, others, inbox) in names {
        let folder = tempfile::tempdir().unwrap();
        for (from, to) in ["prices.csv", "costs.csv", "enterprises.csv"].into_iter().zip(names) {
            std::fs::create_dir_all(folder.path().join(inbox)).unwrap();
            for to in [folder.path().join(to), folder.path().join(inbox).join(to)] {
                std::fs::copy(root().join("datasets/demo").join(from), to).unwrap();
            }
        }
        for (from, to) in ["transactions.csv", "certificates.csv", "notices.csv"].into_iter().zip(others) {
            let bytes = &conducts.iter().find(|f| f.0 == from).unwrap().1;
            std::fs::write(folder.path().join(to), bytes).unwrap();
        }
        let text = std::fs::read_to_string(root().join(readme)).unwrap();
        for rule in text.split("```toml").skip(1).filter_map(|part| part.split("```").next()) {
            assert_eq!(pricewatch::law::packs::parse(readme, rule).unwrap().len(), 1);
        }
        let block = text.split("```sh").flat_map(|part| part.split("```").next()).flat_map(str::lines);
        let commands: Vec<&str> = block.filter_map(|l| l.strip_prefix("pricewatch ")).collect();
        assert!(commands.len() >= 5, "{readme}");
        for command in commands {
            let mut words: Vec<String> =
                command.split(" #").next().unwrap().split_whitespace().map(str::to_owned).collect();
            if words[0] == "evidence" {
                let run = folder.path().join(&words[2]);
                words[3] = leads(&run)[0]["lead_id"].clone(); // LEAD_ID stands for one of the run's
            }
            if words[0] == "disposition" {
                words[1] = leads(&folder.path().join("reports/2020-03-30"))[0]["lead_id"].clone();
            }
            if words[0] == "compare" {
                words[1] = format!("reports/{}", names[0].trim_end_matches(".csv")); // stands for last week's run
            }
            let out = std::process::Command::new(env!("CARGO_BIN_EXE_pricewatch"))
                .args(&words)
                .current_dir(folder.path())
                .output()
                .unwrap();
            assert!(out.status.success(), "{readme}: {command}: {}", String::from_utf8_lossy(&out.stderr));
        }
    }
}

/// The workbook holds the list with typed dates and numbers, and no cell is a formula.
#[test]
fn the_workbook_can_be_read_back() {
    use calamine::{Data, Reader};
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    demo(&out, &[]);
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(out.join("leads.xlsx")).unwrap();
    assert_eq!(book.sheet_names(), ["线索清单", "未用的行", "参数"]);
    let list = book.worksheet_range("线索清单").unwrap();
    let leads = leads(&out);
    assert_eq!(list.height(), leads.len() + 1);
    let header: Vec<String> = list.rows().next().unwrap().iter().map(ToString::to_string).collect();
    let at = |name: &str| header.iter().position(|h| h == name).unwrap();
    for (row, lead) in list.rows().skip(1).zip(&leads) {
        assert_eq!(row[at("线索编号")], Data::String(lead["lead_id"].clone()));
        assert!(matches!(row[at("起始日期")], Data::DateTime(_)));
        let price: f64 = lead["observed_price"].parse().unwrap();
        assert!(matches!(row[at("现价")], Data::Float(v) if (v - price).abs() < 1e-4));
        assert_eq!(row[at("状态")], Data::Empty, "left to people");
    }
    let rejects = csv::Reader::from_path(out.join("rejects.csv")).unwrap().into_records().count();
    assert_eq!(book.worksheet_range("未用的行").unwrap().height(), rejects + 1);
    for sheet in book.sheet_names() {
        assert!(book.worksheet_formula(&sheet).unwrap().is_empty(), "{sheet}");
    }
}
