//! The weekly routine: a store that is never half-changed, and leads that are known again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use polars::prelude::{DataType, ParquetReader, SerReader};
use pricewatch::casebook::Casebook;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::cli::pricewatch;
use crate::root;

const WEEKS: usize = 52;
const KILLS: usize = 100;

/// A number in 0..1 that depends on nothing but its name.
fn chance(name: &str, seed: u64) -> f64 {
    (xxh3_64_with_seed(name.as_bytes(), seed) >> 11) as f64 / (1u64 << 53) as f64
}

fn day(n: usize) -> String {
    pricewatch::model::Day(17_897 + n as i32).to_string() // 2019-01-01 on
}

/// A week of one city: every shop each day, the last two days of the week before once more, a broken line now and then.
fn week(week: usize, city: &str, version: usize) -> String {
    let mut text = "date,seller_id,seller_name,region,product,unit,price,stock\n".to_owned();
    for d in (7 * week).saturating_sub(2)..7 * week + 7 {
        for shop in 0..8 {
            for good in ["KN95口罩", "医用外科口罩"] {
                let name = format!("{city} {shop} {good} {d}");
                let fixed = if version > 0 && d >= 7 * week { 0.5 } else { 0.0 };
                let price = 3.0 + f64::from(shop) / 10.0 + (10.0 * chance(&name, 1)).round() / 100.0 + fixed;
                if chance(&name, 2) < 0.01 {
                    text += &format!("{},{city}-{shop},店{shop},{city},{good},只,面议,\n", day(d));
                } else {
                    text += &format!("{},{city}-{shop},店{shop},{city},{good},只,{price},{}\n", day(d), d % 9);
                }
            }
        }
    }
    text
}

/// The files of 52 weeks in the order in which they come: late ones three weeks on, corrected ones two weeks on, one given
/// twice.
fn arrivals(folder: &Path) -> Vec<Vec<PathBuf>> {
    let mut of_week: Vec<Vec<PathBuf>> = vec![Vec::new(); WEEKS];
    let file = |path: String, text: String| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    };
    for w in 0..WEEKS {
        let at = |late: usize| (w + late).min(WEEKS - 1);
        let late = if w % 7 == 3 { 3 } else { 0 };
        of_week[at(late)].push(file(format!("came/guangzhou-{w:02}.csv"), week(w, "440100", 0)));
        let shenzhen = file(format!("came/shenzhen-{w:02}.csv"), week(w, "深圳市", 0));
        of_week[w].push(shenzhen.clone());
        if w % 9 == 4 {
            of_week[at(2)].push(file(format!("fixed/shenzhen-{w:02}.csv"), week(w, "深圳市", 1)));
        }
        if w % 10 == 5 {
            of_week[at(1)].push(shenzhen); // once more
        }
    }
    of_week
}

fn import(book: &Path, files: &[PathBuf], more: &[&str]) -> (bool, String, String) {
    let files: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
    let book = book.display().to_string();
    let mut arguments = vec!["import"];
    arguments.extend(files.iter().map(String::as_str));
    arguments.extend(["--casebook", &book]);
    arguments.extend(more);
    pricewatch(&arguments)
}

/// Everything a store holds but its lock, commit point and caches: path → bytes.
fn contents(book: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(dir: &Path, root: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, all);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                all.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(book, book, &mut all);
    all.retain(|name, _| name != "lock" && name != "CURRENT" && !name.starts_with("cache/"));
    all
}

fn same(a: &Path, b: &Path, only: &str) {
    let pick = |dir| -> BTreeMap<String, Vec<u8>> {
        contents(dir).into_iter().filter(|(name, _)| name.starts_with(only)).collect()
    };
    let (a, b) = (pick(a), pick(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in &a {
        assert!(*bytes == b[name], "{name} differs");
    }
    assert!(!a.is_empty());
}

/// 52 weeks with repeats, corrections, late files and a kill -9 at 100 random moments: the store equals, byte for byte, the one
/// built in one go, and its rows those of a store that never saw what was corrected.
#[test]
fn a_year_of_weeks_survives_a_hundred_kills() {
    let folder = tempfile::tempdir().unwrap();
    let weeks = arrivals(folder.path());
    let (weekly, at_once, clean) =
        (folder.path().join("weekly"), folder.path().join("at-once"), folder.path().join("clean"));
    let (mut killed, mut tries, mut usual) = (0, 0u64, Duration::from_millis(150));
    for (w, files) in weeks.iter().enumerate() {
        while killed < KILLS * (w + 1) / WEEKS {
            tries += 1;
            assert!(tries < 2000, "only {killed} kills hit");
            let mut child = Command::new(env!("CARGO_BIN_EXE_pricewatch"))
                .arg("import")
                .args(files)
                .arg("--casebook")
                .arg(&weekly)
                .arg("--corrected")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(usual.mul_f64(1.1 * chance("kill", tries)));
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap(); // SIGKILL
                killed += 1;
            }
            child.wait().unwrap();
            if weekly.join("CURRENT").exists() {
                let book = Casebook::open(&weekly, false, "test").unwrap();
                assert_eq!(book.damaged(), Vec::<String>::new(), "after kill {killed}");
                assert_eq!(totals(&book), counted(&book), "after kill {killed}");
            }
        }
        let start = Instant::now();
        let (ok, _, err) = import(&weekly, files, &["--corrected"]);
        assert!(ok, "{err}");
        usual = start.elapsed();
    }
    assert!(killed >= KILLS);
    let all: Vec<PathBuf> = weeks.concat();
    let (ok, said, err) = import(&at_once, &all, &["--corrected"]);
    assert!(ok && said.contains("supersedes") && said.contains("known as number"), "{said}{err}");
    same(&weekly, &at_once, "");
    let last: Vec<PathBuf> = {
        let fixed = |p: &PathBuf| folder.path().join("fixed").join(p.file_name().unwrap());
        all.iter().filter(|p| p.starts_with(folder.path().join("fixed")) || !fixed(p).exists()).cloned().collect()
    };
    let (ok, _, err) = import(&clean, &last, &[]);
    assert!(ok, "{err}");
    same(&weekly, &clean, "rows/");
    same(&weekly, &clean, "repeats/");
    let before = contents(&weekly);
    let (ok, said, _) = import(&weekly, &[folder.path().join("came")], &[]);
    assert!(!ok && said.contains("superseded") && contents(&weekly) == before, "what is known changes nothing: {said}");
    eprintln!("{killed} kills in {tries} tries");
}

/// Rows that count and repeats by file, from the commit point.
fn totals(book: &Casebook) -> (u64, u64) {
    let sum = |of: fn(&pricewatch::casebook::PartitionInfo) -> &BTreeMap<u32, u64>| -> u64 {
        book.partitions().values().flat_map(|i| of(i).values()).sum()
    };
    (sum(|i| &i.rows), sum(|i| &i.repeats))
}

/// The same from the ledger: every row read is used, rejected or a repeat.
fn counted(book: &Casebook) -> (u64, u64) {
    let of =
        |f: fn(&pricewatch::model::Accounting) -> u64| -> u64 { book.active().iter().map(|i| f(&i.report.rows)).sum() };
    let kept = of(|r| r.rows_read - r.rows_rejected);
    let repeats = totals(book).1;
    (kept - repeats, repeats)
}

/// Half a gigabyte of nothing is not needed: a tmpfs of two MiB fills up with the second file.
#[test]
fn a_full_disk_is_told_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = |options: &str| {
        let run = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&disk).output();
        run.is_ok_and(|o| o.status.success())
    };
    if !mount("size=2m") {
        eprintln!("skipped: no tmpfs can be mounted here");
        return;
    }
    let (small, large) = (folder.path().join("small.csv"), folder.path().join("large.csv"));
    std::fs::write(&small, week(0, "440100", 0)).unwrap();
    std::fs::write(&large, (1..200).map(|w| week(w, "440100", 0)).collect::<Vec<_>>().concat()).unwrap();
    let book = disk.join("book");
    let result = std::panic::catch_unwind(|| {
        let (ok, _, err) = import(&book, std::slice::from_ref(&small), &[]);
        assert!(ok, "{err}");
        let before = contents(&book);
        let (ok, _, err) = import(&book, std::slice::from_ref(&large), &[]);
        assert!(!ok && err.contains("disk full") && err.contains("MiB") && err.contains("book"), "{err}");
        assert!(contents(&book).keys().all(|k| before.contains_key(k) || k.starts_with("pending/")));
        let open = Casebook::open(&book, false, "test").unwrap();
        assert_eq!(open.damaged(), Vec::<String>::new());
        assert!(contents(&book) == before, "intact, and nothing left behind");
        drop(open);
        assert!(mount("remount,size=200m"));
        let (ok, _, err) = import(&book, std::slice::from_ref(&large), &[]);
        assert!(ok, "{err}");
    });
    Command::new("umount").arg(&disk).status().unwrap();
    result.unwrap();
}

#[test]
fn two_at_once_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (book, file) = (folder.path().join("book"), folder.path().join("a.csv"));
    std::fs::write(&file, week(0, "440100", 0)).unwrap();
    assert!(import(&book, std::slice::from_ref(&file), &[]).0);
    let held = Casebook::open(&book, false, "somebody").unwrap();
    let (ok, _, err) = import(&book, std::slice::from_ref(&file), &[]);
    assert!(!ok && err.contains("in use by another process (somebody, pid "), "{err}");
    drop(held);
    assert!(import(&book, std::slice::from_ref(&file), &[]).0);
}

/// Any Parquet reader finds typed columns; unknown is null, the source is beside each row.
#[test]
fn the_format_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let (book, file) = (folder.path().join("book"), folder.path().join("a.csv"));
    std::fs::write(&file, week(3, "440100", 0)).unwrap();
    assert!(import(&book, std::slice::from_ref(&file), &[]).0);
    let part = book.join("rows/prices/month=2019-01/region_code=440100/part-0.parquet");
    let frame = ParquetReader::new(std::fs::File::open(&part).unwrap()).finish().unwrap();
    let dtype = |name: &str| frame.column(name).unwrap().dtype().clone();
    assert_eq!((dtype("date"), dtype("price"), dtype("line")), (DataType::Date, DataType::Float64, DataType::UInt64));
    assert_eq!(frame.column("quantity").unwrap().null_count(), frame.height());
    let lines = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let shop = frame.column("seller_id").unwrap().str().unwrap().get(0).unwrap().to_owned();
    let line = frame.column("line").unwrap().u64().unwrap().get(0).unwrap();
    assert!(lines[line as usize - 1].contains(&shop));
    let original = std::fs::read_dir(book.join("files")).unwrap().next().unwrap().unwrap().path().join("a.csv");
    assert_eq!(std::fs::read(original).unwrap(), std::fs::read(&file).unwrap());
}

/// Version 1 had months only. Such a store is read again from its originals and is then as if it had always been new.
#[test]
fn an_older_store_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    let files: Vec<PathBuf> = (0..3)
        .flat_map(|w| ["440100", "深圳市"].map(|city| (w, city)))
        .map(|(w, city)| {
            let path = folder.path().join(format!("{w}-{}.csv", city.len()));
            std::fs::write(&path, week(w, city, 0)).unwrap();
            path
        })
        .collect();
    for book in [&old, &new] {
        assert!(import(book, &files, &[]).0);
    }
    let mut current: serde_json::Value = serde_json::from_slice(&std::fs::read(old.join("CURRENT")).unwrap()).unwrap();
    let mut flat = serde_json::Map::new();
    for (key, info) in current["partitions"].as_object().unwrap() {
        let (month, region) = key.split_once("/region_code=").unwrap();
        std::fs::rename(
            old.join("rows").join(key).join("part-0.parquet"),
            old.join(format!("rows/{month}/part-{region}.parquet")),
        )
        .unwrap();
        flat.insert(month.to_owned(), info.clone());
    }
    current["partitions"] = flat.into();
    std::fs::write(old.join("CURRENT"), current.to_string()).unwrap();
    std::fs::write(old.join("schema.json"), "{\"version\": 1}").unwrap();
    let (ok, said, err) = import(&old, &files[..1], &[]);
    assert!(ok && said.contains("nothing changed"), "{said}{err}");
    for part in ["rows/", "repeats/", "schema.json", "files/"] {
        same(&old, &new, part);
    }
    let ledger = std::fs::read_to_string(old.join("ledger.jsonl")).unwrap();
    assert!(ledger.lines().last().unwrap().contains("\"what\":\"reread\",\"from\":1,\"to\":2"), "{ledger}");
    std::fs::write(old.join("schema.json"), "{\"version\": 99}").unwrap();
    let (ok, _, err) = import(&old, &files[..1], &[]);
    assert!(!ok && err.contains("newer version"), "{err}");
}

/// A folder of files of different layouts: each is recognised or remembered, and what is not is said.
#[test]
fn a_folder_of_many_layouts() {
    let folder = tempfile::tempdir().unwrap();
    let (book, inbox) = (folder.path().join("book"), folder.path().join("inbox"));
    std::fs::create_dir(&inbox).unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(inbox.join(name), bytes).unwrap();
    let chinese = "价格监测表\n采价日期,经营者名称,地区,品名,计量单位,单价(元)\n2020-02-05,康民药房,广州市,KN95口罩,只,12\n2020-02-06,康民药房,广州市,KN95口罩,只,12.5\n";
    put("a-gb18030.csv", &encoding_rs::GB18030.encode(chinese).0);
    put(
        "b-sales.tsv",
        "date\tseller_id\tproduct\tunit\tquantity\tunit_price\n2020-02-05\tS1\tKN95口罩\t只\t10\t12\n".as_bytes(),
    );
    put("c-costs.csv", "date,product,unit_cost\n2020-02-01,KN95口罩,3\n".as_bytes());
    put("d-odd.csv", "when;who;what;how much\n2020-02-05;Sol;KN95 mask;2,5\n".as_bytes());
    put("e-owners.csv", "seller_id,seller_name,owner_id\nS1,甲,O1\n".as_bytes());
    std::fs::create_dir_all(inbox.join("g/h")).unwrap();
    put("g/h/bids.csv", "date,tender_id,bidder_id,bid\n2020-02-05,T1,S1,10\n".as_bytes());
    put("g/read me.md", b"from the county");
    let (ok, said, err) = import(&book, std::slice::from_ref(&inbox), &[]);
    assert!(!ok && said.contains("taken 5, known 0, not taken 1") && said.contains("with --config"), "{said}{err}");
    for line in [
        "GB18030",
        "transactions",
        "costs",
        "enterprises",
        "月份 / months 2020-02",
        "单价(元)",
        "tenders",
        "no table, passed over",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    let config = folder.path().join("p.toml");
    std::fs::write(
        &config,
        "[columns.prices]\ndate = \"when\"\nseller_name = \"who\"\nproduct = \"what\"\nprice = \"how much\"\n",
    )
    .unwrap();
    let (ok, said, err) = import(&book, std::slice::from_ref(&inbox), &["--config", &config.display().to_string()]);
    assert!(ok && said.contains("taken 1, known 5, not taken 0"), "{said}{err}");
    put("f-odd-next-week.csv", "when;who;what;how much\n2020-02-12;Sol;KN95 mask;2,6\n".as_bytes());
    let (ok, said, err) = import(&book, std::slice::from_ref(&inbox), &[]);
    assert!(ok && said.contains("taken 1, known 6"), "the layout is remembered: {said}{err}");
    let ledger = std::fs::read_to_string(book.join("ledger.jsonl")).unwrap();
    assert_eq!(ledger.lines().filter(|l| l.contains("how much") && l.contains("\"price\"")).count(), 2);
}

/// A file that was understood wrongly is read anew when asked, and stands where it stood.
#[test]
fn a_mapping_can_be_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let (book, file, config) = (folder.path().join("book"), folder.path().join("a.csv"), folder.path().join("p.toml"));
    std::fs::write(
        &file,
        "date,seller_id,product,price,paid\n2020-02-05,S1,KN95口罩,12,11\n2020-02-06,S1,KN95口罩,12,11\n",
    )
    .unwrap();
    assert!(import(&book, std::slice::from_ref(&file), &[]).0);
    std::fs::write(&config, "[columns.prices]\nprice = \"paid\"\n").unwrap();
    let config = config.display().to_string();
    let (ok, said, err) = import(&book, std::slice::from_ref(&file), &["--config", &config]);
    assert!(ok && said.contains("--supersedes 1"), "{said}{err}");
    let (ok, said, err) = import(&book, std::slice::from_ref(&file), &["--config", &config, "--supersedes", "1"]);
    assert!(ok && said.contains("supersedes 1") && said.contains("price ← paid"), "{said}{err}");
    let part = book.join("rows/prices/month=2020-02/region_code=none/part-0.parquet");
    let frame = ParquetReader::new(std::fs::File::open(&part).unwrap()).finish().unwrap();
    let prices: Vec<f64> = frame.column("price").unwrap().f64().unwrap().into_no_null_iter().collect();
    assert_eq!(prices, [11.0, 11.0]);
    let (ok, said, _) = import(&book, std::slice::from_ref(&file), &[]);
    assert!(ok && said.contains("nothing changed"), "{said}");
}

/// The demo market as one file a week, and its side tables.
fn demo_weeks(folder: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(root().join("datasets/demo/prices.csv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let mut weeks: BTreeMap<i32, String> = BTreeMap::new();
    for row in rows.lines() {
        let date: jiff::civil::Date = row[..10].parse().unwrap();
        let week = pricewatch::model::Day::from_date(date).unwrap().0.div_euclid(7);
        *weeks.entry(week).or_insert_with(|| format!("{header}\n")) += &format!("{row}\n");
    }
    let mut files = Vec::new();
    for (n, text) in weeks.values().enumerate() {
        let path = folder.join(format!("week-{n:02}.csv"));
        std::fs::write(&path, text).unwrap();
        files.push(path);
    }
    files
}

fn ran(arguments: &[&str]) -> String {
    let (ok, said, err) = pricewatch(arguments);
    assert!(ok, "{arguments:?}\n{said}{err}");
    said
}

fn run(book: &Path, as_of: &str, out: &Path) {
    let (book, out) = (book.display().to_string(), out.display().to_string());
    ran(&["run", "--quiet", "--casebook", &book, "--as-of", as_of, "--out", &out]);
}

/// leads.csv as column → value, by row.
fn leads(out: &Path) -> Vec<BTreeMap<String, String>> {
    table(&out.join("leads.csv"))
}

fn table(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(|r| r.unwrap()).collect()
}

/// A run on a casebook says what a run on the files says, with and without what is kept; and does so as of an earlier day.
#[test]
fn a_casebook_run_is_a_full_run() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let weeks = demo_weeks(folder.path());
    let side = ["costs", "enterprises"].map(|n| root().join(format!("datasets/demo/{n}.csv")));
    assert!(import(&at("book"), &side, &[]).0);
    for chunk in weeks.chunks(5) {
        assert!(import(&at("book"), chunk, &[]).0);
    }
    for (n, as_of) in ["2020-03-28", "2020-02-29"].into_iter().enumerate() {
        let plain = at(&format!("plain{n}"));
        let mut arguments: Vec<String> =
            vec!["run".into(), "--quiet".into(), "--as-of".into(), as_of.into(), "--prices".into()];
        arguments.extend(weeks.iter().map(|w| w.display().to_string()));
        for (flag, path) in ["--costs", "--enterprises"].iter().zip(&side) {
            arguments.extend([(*flag).to_owned(), path.display().to_string()]);
        }
        arguments.extend(["--out".to_owned(), plain.display().to_string()]);
        ran(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        std::fs::remove_dir_all(at("book").join("cache")).ok();
        let (fresh, kept) = (at(&format!("fresh{n}")), at(&format!("kept{n}")));
        run(&at("book"), as_of, &fresh);
        assert!(at("book").join("cache/points").exists());
        run(&at("book"), as_of, &kept);
        same(&fresh, &kept, "");
        if n == 0 {
            for path in files_below(&at("book").join("cache")) {
                let mut bytes = std::fs::read(&path).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
            }
            run(&at("book"), as_of, &at("damaged"));
            same(&fresh, &at("damaged"), "");
        }
        let strip = |out: &Path| -> Vec<BTreeMap<String, String>> {
            let mut all = leads(out);
            all.iter_mut()
                .for_each(|l| l.retain(|k, _| !["status", "since", "change", "disposition"].contains(&k.as_str())));
            all
        };
        assert!(!strip(&plain).is_empty());
        assert_eq!(strip(&plain), strip(&fresh));
        // Findings, skips, counts and rejects too, once files are named alike.
        for name in ["findings.json", "rejects.csv", "rules.csv"] {
            let mut text = std::fs::read_to_string(fresh.join(name)).unwrap();
            for import in Casebook::open(&at("book"), false, "test").unwrap().imports() {
                let source = weeks.iter().chain(&side).find(|p| p.ends_with(&import.file)).unwrap();
                text =
                    text.replace(&at("book").join(&import.stored).display().to_string(), &source.display().to_string());
            }
            assert!(text == std::fs::read_to_string(plain.join(name)).unwrap(), "{name} as of {as_of}");
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files_below(&path)) } else { all.push(path) }
    }
    assert!(!all.is_empty(), "{}", folder.display());
    all
}

/// Late prices of one city: the other cities are read back, and all comes out as if nothing had been kept.
#[test]
fn only_what_changed_is_judged_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let weeks = demo_weeks(folder.path());
    let last = std::fs::read_to_string(weeks.last().unwrap()).unwrap();
    let (header, rows) = last.split_once('\n').unwrap();
    let (late, now): (Vec<&str>, Vec<&str>) = rows.lines().partition(|r| r.contains("深圳市"));
    assert!(!late.is_empty() && !now.is_empty());
    for (name, rows) in [("now.csv", now), ("late.csv", late)] {
        std::fs::write(at(name), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    }
    assert!(import(&at("book"), &weeks[..weeks.len() - 1], &[]).0);
    assert!(import(&at("book"), &[at("now.csv")], &[]).0);
    run(&at("book"), "2020-05-31", &at("before"));
    let kept = || -> BTreeMap<PathBuf, Vec<u8>> {
        files_below(&at("book/cache/charts")).into_iter().map(|p| (p.clone(), std::fs::read(p).unwrap())).collect()
    };
    let charts = kept();
    assert!(import(&at("book"), &[at("late.csv")], &[]).0);
    run(&at("book"), "2020-05-31", &at("kept"));
    let again = kept().into_iter().filter(|(path, bytes)| charts.get(path) == Some(bytes)).count();
    assert!(again > 0, "charts of the other cities are as they were");
    assert!(at("book/cache/parts").exists());
    std::fs::remove_dir_all(at("book/cache")).unwrap();
    run(&at("book"), "2020-05-31", &at("fresh"));
    same(&at("fresh"), &at("kept"), "");
}

/// Bids go into a casebook like other tables; the same bid in the file of the week after counts once.
#[test]
fn tenders_are_kept_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = std::fs::read_to_string(root().join("tests/fixtures/odd-bids/flag.tenders.csv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let half = rows.len() / 2;
    // The second file repeats the end of the first.
    for (name, part) in [("one.csv", &rows[..half]), ("two.csv", &rows[half - 10..])] {
        std::fs::write(at(name), format!("{header}\n{}\n", part.join("\n"))).unwrap();
    }
    std::fs::write(at("whole.csv"), &text).unwrap();
    let (ok, said, err) = import(&at("book"), &[at("one.csv"), at("two.csv")], &[]);
    assert!(ok && said.contains("tenders"), "{said}{err}");
    run(&at("book"), "2021-12-31", &at("kept"));
    let (whole, plain) = (at("whole.csv").display().to_string(), at("plain").display().to_string());
    ran(&["run", "--quiet", "--as-of", "2021-12-31", "--tenders", &whole, "--out", &plain]);
    let told = |out: &Path| -> Vec<(String, String, String)> {
        leads(out).iter().map(|l| (l["lead_id"].clone(), l["sellers"].clone(), l["summary"].clone())).collect()
    };
    assert!(!told(&at("plain")).is_empty());
    assert_eq!(told(&at("plain")), told(&at("kept")));
    let findings: serde_json::Value =
        serde_json::from_slice(&std::fs::read(at("kept/findings.json")).unwrap()).unwrap();
    assert_eq!((&findings["rows"]["duplicates"], &findings["rows"]["rows_used"]), (&10.into(), &rows.len().into()));
}

/// Ids stay, statuses follow, decisions hold, and an old run can still be opened after more has come in.
#[test]
fn leads_over_the_weeks() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let shown = |name: &str| at(name).display().to_string();
    let weeks = demo_weeks(folder.path());
    let (first, second, third) = ("2020-03-04", "2020-03-11", "2020-03-25");
    let until = |day: &str| {
        weeks
            .iter()
            .filter(|w| std::fs::read_to_string(w).unwrap().lines().nth(1).unwrap()[..10] <= *day)
            .cloned()
            .collect::<Vec<_>>()
    };
    assert!(import(&at("book"), &until(first), &[]).0);
    run(&at("book"), first, &at("one"));
    let one = leads(&at("one"));
    assert!(one.len() >= 3 && one.iter().all(|l| l["status"] == "new" && l["since"] == first), "{one:?}");
    assert!(import(&at("book"), &until(second), &["--by", "王", "--when", "2020-03-12"]).0);
    run(&at("book"), second, &at("two"));
    let two = leads(&at("two"));
    let known: Vec<&BTreeMap<String, String>> =
        two.iter().filter(|l| one.iter().any(|o| o["lead_id"] == l["lead_id"])).collect();
    assert!(known.len() >= 3 && known.iter().all(|l| l["status"] != "new"), "{two:?}");
    assert!(known.iter().any(|l| l["status"] == "continuing" && l["since"] == first));
    for lead in &known {
        let was = one.iter().find(|o| o["lead_id"] == lead["lead_id"]).unwrap();
        assert_eq!((&was["kind"], &was["region"]), (&lead["kind"], &lead["region"]));
    }
    // One is excluded, one gets a notice.
    let (out, notice) = (known[0]["lead_id"].clone(), known[1]["lead_id"].clone());
    let decide = |id: &str, more: &[&str]| {
        let book = shown("book");
        let mut arguments = vec!["disposition", id, "--casebook", &book];
        arguments.extend(more);
        pricewatch(&arguments)
    };
    let (ok, said, _) = decide(&out, &["--status", "排除", "--note", "长期促销结束", "--by", "李"]);
    assert!(ok && said.contains("until something is new"), "{said}");
    assert!(decide(&out, &["--status", "排除", "--note", "长期促销结束", "--by", "李"]).0, "twice is once");
    assert!(decide(&notice, &["--status", "checked", "--notice-date", "2020-03-12"]).0);
    let (ok, _, err) = decide("G0000000000", &["--status", "立案"]);
    assert!(!ok && err.contains("no run has this lead"), "{err}");
    let ledger = std::fs::read_to_string(at("book").join("ledger.jsonl")).unwrap();
    assert_eq!(ledger.lines().filter(|l| l.contains("\"what\":\"disposition\"")).count(), 2);
    assert!(ledger.contains("\"by\":\"王\",\"when\":\"2020-03-12\""));
    assert!(import(&at("book"), &until(third), &[]).0);
    run(&at("book"), third, &at("three"));
    let three = leads(&at("three"));
    let quiet = table(&at("three").join("closed.csv"));
    let back = three.iter().find(|l| l["lead_id"] == out);
    match back {
        Some(lead) => assert!(lead["change"].contains("排除之后有新情况"), "{lead:?}"),
        None => assert!(quiet.iter().any(|l| l["lead_id"] == out), "{quiet:?}"),
    }
    if let Some(lead) = three.iter().find(|l| l["lead_id"] == notice) {
        assert_eq!(lead["disposition"], "已核查");
    }
    let findings = std::fs::read_to_string(at("three").join("findings.json")).unwrap();
    assert!(findings.contains(&format!("notice-{notice}-2020-03-12.csv")), "the notice is an input like any other");
    let page = std::fs::read_to_string(at("three").join("report.html")).unwrap();
    assert!(page.contains("BatchBH") && page.contains("本周水平") && page.contains(second));
    // The run of the second week opens again, with the ids it gave, though the casebook has moved on.
    ran(&["evidence", "--run", &shown("two"), &known[0]["lead_id"], "--out", &shown("evidence")]);
    assert!(at("evidence").join(&known[0]["lead_id"]).is_dir());
    ran(&["verify", &shown("two")]);
    ran(&["verify", &shown("book")]);
    let said = ran(&["compare", &shown("one"), &shown("two")]);
    let rows = table(&at("two-compare").join("compare.csv"));
    assert_eq!(rows.iter().filter(|r| r["status"] != "closed").count(), two.len());
    assert_eq!(rows.iter().filter(|r| !r["old_lead_id"].is_empty()).count(), one.len());
    assert!(said.contains("2020-03-04 → 2020-03-11") && at("two-compare/compare.html").is_file());
}
