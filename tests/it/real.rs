//! Real records, where they are at hand (../shared/data); never part of the project.

use std::process::Command;

use crate::root;

#[test]
fn korean_mask_prices_as_published() {
    let data = root().join("../shared/data/kostat_masks_2020-02_04.csv");
    if !data.exists() {
        eprintln!("skipped: no shared data");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("pricewatch.toml");
    let run = |arguments: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_pricewatch")).args(arguments).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    let (data, config) = (data.display().to_string(), settings.display().to_string());
    run(&["init", &data, "--out", &config]);
    let out = folder.path().join("out");
    run(&["run", "--quiet", "--prices", &data, "--config", &config, "--out", &out.display().to_string()]);
    let findings: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("findings.json")).unwrap()).unwrap();
    let rows = &findings["rows"];
    let n = |key: &str| rows[key].as_u64().unwrap();
    assert_eq!(n("rows_read"), 13_960);
    assert_eq!(n("rows_read"), n("rows_used") + n("rows_rejected") + n("duplicates"));
    let kf94 = findings["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["kind"] == "market_event" && f["subject"]["cell"] == "KF94口罩");
    let kf94 = kf94.expect("the rise of KF94 is dated");
    assert!(
        kf94["first_date"].as_str().unwrap() >= "2020-02-07" && kf94["last_date"].as_str().unwrap() <= "2020-03-31"
    );
    let leads = std::fs::read_to_string(out.join("leads.csv")).unwrap();
    for market in ["G마켓", "11번가", "쿠팡", "옥션"] {
        assert!(!leads.lines().any(|l| l.split(',').nth(8) == Some(market)), "{market} is not one shop");
    }
}
