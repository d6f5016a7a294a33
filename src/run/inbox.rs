//! What lies in the inbox, and what is said of it file by file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::import::Outcome;
use crate::casebook::Import;
use crate::ingest;

/// The files meant, in the order given; folders with all that lies in them, by path.
pub fn named(inputs: &[String]) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for input in inputs {
        match Path::new(input) {
            folder if folder.is_dir() => {
                let mut all = walk(folder)?;
                all.sort();
                paths.extend(all);
            }
            _ => paths.extend(ingest::source::expand(std::slice::from_ref(input))?),
        }
    }
    if paths.is_empty() {
        bail!("{}: 目录是空的 / the folder is empty", inputs.join(", "));
    }
    Ok(paths)
}

/// Files below a folder; links to folders are not followed.
pub fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() { all.extend(walk(&entry.path())?) } else { all.push(entry.path()) }
    }
    Ok(all)
}

/// The summary, file by file.
pub fn summary(said: &[(String, Outcome)]) -> String {
    let mut text = String::new();
    for (path, outcome) in said {
        text += path;
        text += "\n  ";
        text += &match outcome {
            Outcome::Known(n) => format!("已在案册，第 {n} 号，没有变化 / known as number {n}, nothing changed\n"),
            Outcome::KnownOtherwise(n) => format!(
                "已在案册，第 {n} 号，但当时认的表或列不同；要按现在的重读请加 --supersedes {n} / known as number {n}, but its table or columns were told otherwise; to read it anew add --supersedes {n}\n"
            ),
            Outcome::PassedOver => "不是表格，略过 / no table, passed over\n".to_owned(),
            Outcome::Refused(why) => format!("没有取 / not taken: {why}\n"),
            Outcome::Taken(i, months) => taken(i, months),
        };
    }
    let count = |f: fn(&Outcome) -> bool| said.iter().filter(|s| f(&s.1)).count();
    let taken = count(|o| matches!(o, Outcome::Taken(..)));
    let (known, refused) = (
        count(|o| matches!(o, Outcome::Known(_) | Outcome::KnownOtherwise(_))),
        count(|o| matches!(o, Outcome::Refused(_))),
    );
    text + &format!("取 {taken}，已有 {known}，没有取 {refused} / taken {taken}, known {known}, not taken {refused}\n")
}

fn taken(i: &Import, months: &[String]) -> String {
    let r = &i.report.rows;
    let supersedes = i.supersedes.map_or(String::new(), |n| format!("，取代第 {n} 号 / supersedes {n}"));
    let months = if months.is_empty() { String::new() } else { format!("\n  月份 / months {}", months.join(" ")) };
    let mapped: Vec<String> = i.report.columns.iter().map(|(c, h)| format!("{c} ← {h}")).collect();
    format!(
        "第 {n} 号 {table} {encoding}{supersedes}\n  {mapped}\n  读入 {} = 使用 {} + 拒绝 {} + 重复 {} / read = used + rejected + duplicates{months}\n",
        r.rows_read,
        r.rows_used,
        r.rows_rejected,
        r.duplicates,
        n = i.number,
        table = i.table.name(),
        encoding = i.report.encoding,
        mapped = mapped.join(", "),
    )
}
