//! The text of single source rows, as it stands in the file: evidence shows it beside the parsed values.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};

use super::read::sniff;
use super::source::format_of;
use super::{Options, sheet};
use crate::model::TableKind;

/// Line → text of the wanted lines. A record over several lines gives its first; cells of workbooks and Parquet files
/// are joined by `,`.
pub fn raw_lines(
    path: &Path,
    table: TableKind,
    options: &Options,
    wanted: &BTreeSet<u64>,
) -> Result<BTreeMap<u64, String>> {
    if matches!(format_of(path), Some("xlsx" | "parquet")) {
        let all = sheet::lines(path, table).with_context(|| path.display().to_string())?;
        return Ok(all.into_iter().filter(|l| wanted.contains(&l.0)).map(|(n, cells)| (n, cells.join(","))).collect());
    }
    let (layout, sample, stream) = sniff(path, table, options).with_context(|| path.display().to_string())?;
    let mut bytes = std::io::Cursor::new(sample).chain(stream);
    let utf16 = layout.encoding == encoding_rs::UTF_16LE || layout.encoding == encoding_rs::UTF_16BE;
    if utf16 {
        let mut all = Vec::new();
        bytes.read_to_end(&mut all).with_context(|| path.display().to_string())?;
        let text = layout.encoding.decode(&all).0;
        return Ok((1..).zip(text.lines()).filter(|l| wanted.contains(&l.0)).map(|(n, l)| (n, l.to_owned())).collect());
    }
    // A line feed is no part of any character of the other encodings (GB 18030 trail bytes start at 0x30).
    let (mut found, mut reader, mut line) = (BTreeMap::new(), BufReader::new(bytes), Vec::new());
    for n in 1u64.. {
        line.clear();
        if reader.read_until(b'\n', &mut line).with_context(|| path.display().to_string())? == 0 {
            break;
        }
        if wanted.contains(&n) {
            let text = layout.encoding.decode(&line).0;
            found.insert(n, text.trim_end_matches(['\r', '\n']).to_owned());
        }
    }
    Ok(found)
}
