//! One series out of a file: a CSV with a time and value columns, or JSON as in the Turing Change Point Dataset.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::layout::{decoded_rows, detect_encoding};
use super::number::parse_number;
use super::source::open;

/// Words for the column that only says when.
const TIME: [&str; 10] = ["time", "date", "datetime", "week", "month", "year", "日期", "时间", "周", "月份"];
/// Words for a missing value.
const MISSING: [&str; 6] = ["", "-", "na", "nan", "null", "none"];

/// Which columns of a CSV are the series.
#[derive(Clone, Debug, Default)]
pub struct Pick {
    /// Value columns; none = the only numeric one.
    pub values: Vec<String>,
    /// Time column, for labels; by its name where not given.
    pub time: Option<String>,
}

/// One series, in the order of the file.
#[derive(Clone, PartialEq, Debug)]
pub struct SeriesFile {
    /// Name in the file, or the file's own.
    pub name: String,
    /// What the time column says, empty where there is none.
    pub times: Vec<String>,
    /// Name and values of each column; NaN = missing.
    pub columns: Vec<(String, Vec<f64>)>,
}

/// Reads one file.
pub fn read_series(path: &Path, pick: &Pick) -> Result<SeriesFile> {
    let shown = path.display();
    let mut bytes = Vec::new();
    open(path, None)?.read_to_end(&mut bytes).with_context(|| format!("{shown}: 读不下去 / cannot read"))?;
    let text = detect_encoding(&bytes, None).with_context(|| shown.to_string())?.decode(&bytes).0;
    let file = path.file_name().map_or(String::new(), |n| n.to_string_lossy().into_owned());
    let name = file.split('.').next().unwrap_or_default().to_owned();
    let series = if text.trim_start().starts_with('{') { json(&text, name) } else { table(&text, name, pick) };
    let series = series.with_context(|| shown.to_string())?;
    if series.columns.iter().flat_map(|c| &c.1).all(|v| v.is_nan()) {
        bail!("{shown}: 没有一个数值 / not one value");
    }
    Ok(series)
}

fn json(text: &str, stem: String) -> Result<SeriesFile> {
    let all: Value = serde_json::from_str(text).context("不是有效的 JSON / not valid JSON")?;
    let shape = "JSON 里没有 series[].raw / the JSON has no series[].raw";
    let Some(series) = all["series"].as_array().filter(|s| !s.is_empty()) else { bail!(shape) };
    let mut columns: Vec<(String, Vec<f64>)> = Vec::new();
    for one in series {
        let label = one["label"].as_str().unwrap_or_default().to_owned();
        let mut values = Vec::new();
        for (i, v) in one["raw"].as_array().context(shape)?.iter().enumerate() {
            values.push(match v {
                Value::Null => f64::NAN,
                v => v
                    .as_f64()
                    .with_context(|| format!("{label}[{i}] = {v}: 不是数字也不是 null / neither a number nor null"))?,
            });
        }
        if columns.first().is_some_and(|c| c.1.len() != values.len()) {
            bail!("{label}: 长度与第一列不同 / not as long as the first column");
        }
        columns.push((label, values));
    }
    let said = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let times = all["time"]["raw"].as_array().map_or(Vec::new(), |t| t.iter().map(said).collect());
    Ok(SeriesFile { name: all["name"].as_str().map_or(stem, str::to_owned), times, columns })
}

fn table(text: &str, name: String, pick: &Pick) -> Result<SeriesFile> {
    let rows = decoded_rows(text.trim_start_matches('\u{feff}'), usize::MAX);
    let Some((header, rows)) = rows.split_first().filter(|(_, rows)| !rows.is_empty()) else {
        bail!("只有表头或是空的 / empty below the header");
    };
    let fields: Vec<&str> = header.iter().map(|h| h.trim()).collect();
    let position = |name: &str| {
        fields.iter().position(|f| f.eq_ignore_ascii_case(name)).with_context(|| {
            format!("没有列“{name}”；表头是 / no column \"{name}\"; the header is: {}", fields.join(" | "))
        })
    };
    let time = match &pick.time {
        Some(name) => Some(position(name)?),
        None => fields.iter().position(|f| TIME.contains(&f.to_lowercase().as_str())),
    };
    let values = match pick.values.is_empty() {
        false => pick.values.iter().map(|v| position(v)).collect::<Result<Vec<_>>>()?,
        true => vec![only_numeric(&fields, rows, time)?],
    };
    let cell = |row: &'_ Vec<String>, at: usize| row.get(at).map_or(String::new(), |c| c.trim().to_owned());
    let mut columns = Vec::new();
    for at in values {
        let mut column = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            let text = cell(row, at);
            column.push(match parse_number(&text) {
                Ok(v) => v,
                Err(_) if MISSING.contains(&text.to_lowercase().as_str()) => f64::NAN,
                Err(why) => bail!("第 {} 行 {}：“{text}”{} / row {}: {}", i + 2, fields[at], why.zh, i + 2, why.en),
            });
        }
        columns.push((fields[at].to_owned(), column));
    }
    let times = time.map_or(Vec::new(), |at| rows.iter().map(|r| cell(r, at)).collect());
    Ok(SeriesFile { name, times, columns })
}

/// The one column beside the time whose cells are numbers or missing.
fn only_numeric(fields: &[&str], rows: &[Vec<String>], time: Option<usize>) -> Result<usize> {
    let reads = |c: &str| parse_number(c).is_ok() || MISSING.contains(&c.trim().to_lowercase().as_str());
    let numeric = |at: usize| rows.iter().all(|r| r.get(at).is_none_or(|c| reads(c)));
    let found: Vec<usize> = (0..fields.len()).filter(|at| Some(*at) != time && numeric(*at)).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => bail!("没有数值列 / no numeric column: {}", fields.join(" | ")),
        many => {
            let names: Vec<&str> = many.iter().map(|at| fields[*at]).collect();
            bail!(
                "有几个数值列，请用 --value 指明 / several numeric columns; say which with --value: {}",
                names.join(" | ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table_of(text: &str, values: &[&str]) -> Result<SeriesFile> {
        table(text, "t".into(), &Pick { values: values.iter().map(|v| (*v).to_owned()).collect(), time: None })
    }

    #[test]
    fn a_time_and_a_value() {
        let s = table_of("日期,价格,店\n2020-01-01,1.5,甲\n2020-01-02,,甲\n2020-01-03,2元,甲\n", &[]).unwrap();
        assert_eq!(s.times[2], "2020-01-03");
        assert_eq!(s.columns[0].0, "价格");
        assert!(s.columns[0].1[1].is_nan() && s.columns[0].1[2] == 2.0);
    }

    #[test]
    fn faults_say_where_and_what_to_do() {
        let fault = |text: &str, values: &[&str]| format!("{:#}", table_of(text, values).unwrap_err());
        assert!(fault("week,a,b\n1,2,3\n", &[]).contains("--value: a | b"));
        assert!(fault("week,a\n1,2\n2,3-5\n", &["a"]).contains("row 3"));
        assert!(fault("week,a\n1,2\n", &["c"]).contains("week | a"));
        assert!(format!("{:#}", json("{\"a\": 1}", "t".into()).unwrap_err()).contains("series[].raw"));
    }

    #[test]
    fn json_of_the_benchmark() {
        let text = r#"{"name": "x", "time": {"raw": ["a", "b"]}, "series": [{"label": "v", "raw": [1, null]}]}"#;
        let s = json(text, "stem".into()).unwrap();
        assert_eq!((s.name.as_str(), s.times.len(), s.columns[0].1[0]), ("x", 2, 1.0));
        assert!(s.columns[0].1[1].is_nan());
    }
}
