//! `pricewatch segment` as people and scripts use it.

use std::process::Command;

use crate::file;

fn run(arguments: &[&str]) -> (bool, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_pricewatch")).arg("segment").args(arguments).output().unwrap();
    let bytes = if out.status.success() { out.stdout } else { out.stderr };
    (out.status.success(), String::from_utf8(bytes).unwrap())
}

/// 60 weeks at 2 yuan, then 60 at 3, with a little noise and a hole.
fn prices() -> String {
    let price = |w: usize| if w < 60 { 2.0 } else { 3.0 } + 0.05 * ((w * 7 % 11) as f64 - 5.0) / 5.0;
    let row = |w: usize| if w == 30 { format!("W{w:03},,1\n") } else { format!("W{w:03},{:.3},1\n", price(w)) };
    "week,price,shop\n".to_owned() + &(0..120).map(row).collect::<String>()
}

#[test]
fn a_break_is_dated_and_scored() {
    let (folder, path) = file("mask.csv", prices().as_bytes());
    let marks = folder.path().join("marks.json");
    std::fs::write(&marks, r#"{"mask": {"one": [61], "two": [60]}}"#).unwrap();
    let (path, marks) = (path.display().to_string(), marks.display().to_string());
    let (ok, text) = run(&[&path, "--value", "price", "--json", "--annotations", &marks]);
    assert!(ok, "{text}");
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    let one = &all[0];
    assert_eq!(one["change_points"], serde_json::json!([60]));
    assert_eq!((one["missing"].as_u64(), one["method"].as_str()), (Some(1), Some("pieces")));
    assert_eq!(one["pieces"][1]["first_time"], "W060");
    assert!((one["pieces"][1]["columns"][0]["level"].as_f64().unwrap() - 3.0).abs() < 0.02);
    // Marks 60 and 61 together: found {0, 60} are both marked (1), each annotator's marks are found (1).
    assert_eq!(one["f1"].as_f64(), Some(1.0));
    assert!(
        (one["covering"].as_f64().unwrap() - 0.5 * (1.0 + (61.0 * 60.0 / 61.0 + 59.0 * 59.0 / 60.0) / 120.0)).abs()
            < 1e-9
    );
    let (ok, text) = run(&[&path, "--value", "price", "--lang", "en"]);
    assert!(ok && text.starts_with("mask: 120 values, 1 changes\n  60 (W060)  price: mean 2.0"), "{text}");
}

#[test]
fn faults_name_file_and_remedy() {
    let (_folder, path) = file("mask.csv", prices().as_bytes());
    let path = path.display().to_string();
    let (ok, text) = run(&[&path]);
    assert!(!ok && text.contains("mask.csv") && text.contains("--value: price | shop"), "{text}");
    let (ok, text) = run(&["nowhere.csv"]);
    assert!(!ok && text.contains("nowhere.csv"), "{text}");
}
