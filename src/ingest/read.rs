//! One file, whole: a producer cuts the stream into chunks, readers parse them in parallel.

use std::io::Read;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Context, Result, bail};
use csv::ByteRecord;
use encoding_rs::{Decoder, UTF_8};

use super::labels::Labels;
use super::layout::{Layout, WIDE_COMMA, detect_encoding, detect_layout};
use super::rows::{Keep, Plan, RowParser};
use super::source::{format_of, open};
use super::split::{Cut, split, start_line};
use super::{Options, sheet};
use crate::model::{Accounting, Basis, Batch, FileReport, Reject, TableKind, Text};

/// Bytes of a chunk: large enough to keep readers busy, small enough to stay in cache-friendly memory.
const CHUNK: usize = 4 << 20;
/// Bytes looked at to tell encoding and layout.
const SAMPLE: usize = 1 << 20;
/// Rows a reader gathers before it hands them on.
const BATCH_ROWS: usize = 65_536;

/// What came out of one file beside the batches.
pub struct FileRead {
    /// How it was understood, with its counts.
    pub report: FileReport,
    /// Its rejects, by line.
    pub rejects: Vec<Reject>,
}

/// Reads a prices or transactions file; batches go to `sink` from several threads in any order. `extras` says which
/// rows keep what they say beside their numbers.
pub fn read_observations(
    path: &Path,
    file: u32,
    table: TableKind,
    options: &Options,
    labels: &Labels,
    extras: Option<Keep<'_>>,
    sink: &(dyn Fn(Batch) + Sync),
) -> Result<FileRead> {
    let shown = path.display();
    let format = format_of(path).unwrap_or("csv");
    let mut found = if matches!(format, "xlsx" | "parquet") {
        let rows = sheet::load(path, table, options.mapping(table)).with_context(|| format!("{shown}"))?;
        let plan = Plan {
            file,
            basis: basis_of(table),
            columns: &rows.columns,
            width: rows.header.len(),
            as_of: options.as_of,
            labels,
            extras,
        };
        let mut parser = RowParser::new(&plan);
        for (line, record) in &rows.records {
            parser.record(record, *line);
            flush(&mut parser, BATCH_ROWS, sink);
        }
        flush(&mut parser, 1, sink);
        let report = describe(path, table, &rows.header, &rows.columns, rows.header_line);
        FileRead { report: FileReport { rows: parser.counts, ..report }, rejects: parser.rejects }
    } else {
        read_text(path, file, table, options, labels, extras, sink).with_context(|| format!("{shown}"))?
    };
    if found.report.rows.rows_read == 0 {
        bail!("{shown}: 表头下面没有数据行 / no data rows below the header");
    }
    found.rejects.sort();
    Ok(found)
}

/// Transactions are what was charged; everything else is posted.
fn basis_of(table: TableKind) -> Basis {
    if table == TableKind::Transactions { Basis::Net } else { Basis::Posted }
}

fn describe(
    path: &Path,
    table: TableKind,
    header: &[String],
    columns: &super::header::HeaderMatch,
    line: u64,
) -> FileReport {
    FileReport {
        path: path.display().to_string(),
        table,
        format: format_of(path).unwrap_or("csv").to_owned(),
        encoding: String::new(),
        delimiter: String::new(),
        header_line: line,
        columns: columns.columns.iter().map(|(c, i)| ((*c).to_owned(), header[*i].trim().to_owned())).collect(),
        ignored_columns: columns.ignored.iter().map(|i| header[*i].trim().to_owned()).collect(),
        bytes: path.metadata().map_or(0, |m| m.len()),
        warnings: Vec::new(),
        rows: Accounting::default(),
    }
}

/// Encoding and layout of a delimited file, and its first bytes.
pub fn sniff(path: &Path, table: TableKind, options: &Options) -> Result<(Layout, Vec<u8>, Box<dyn Read + Send>)> {
    let mut stream = open(path, options.progress.as_ref())?;
    let mut sample = Vec::new();
    (&mut stream).take(SAMPLE as u64).read_to_end(&mut sample).map_err(|e| broken_stream(&e, 0))?;
    let telling = if sample.len() == SAMPLE && sample.is_ascii() { first_foreign(path)? } else { None };
    let encoding = detect_encoding(telling.as_ref().unwrap_or(&sample), options.encoding.as_deref())?;
    let cut =
        if sample.len() < SAMPLE { sample.len() } else { memchr::memrchr(b'\n', &sample).unwrap_or(sample.len()) };
    let (text, _, _) = encoding.decode(&sample[..cut]);
    let layout = detect_layout(&text, encoding, table, options.mapping(table))?;
    Ok((layout, sample, stream))
}

/// The first part of a file that is not ASCII: it tells the encoding where the beginning does not.
fn first_foreign(path: &Path) -> Result<Option<Vec<u8>>> {
    let mut stream = open(path, None)?;
    loop {
        let mut block = Vec::with_capacity(SAMPLE);
        (&mut stream).take(SAMPLE as u64).read_to_end(&mut block).map_err(|e| broken_stream(&e, 0))?;
        if block.is_empty() {
            return Ok(None);
        }
        if let Some(at) = block.iter().position(|b| !b.is_ascii()) {
            let mut telling = block.split_off(at);
            (&mut stream).take(SAMPLE as u64).read_to_end(&mut telling).map_err(|e| broken_stream(&e, 0))?;
            return Ok(Some(telling));
        }
    }
}

fn broken_stream(error: &std::io::Error, line: u64) -> anyhow::Error {
    anyhow::anyhow!(
        "读到第 {line} 行后中断，文件可能被截断或损坏，请重新取得 / the file breaks off after line {line}, it may be truncated; get it again ({error})"
    )
}

fn read_text(
    path: &Path,
    file: u32,
    table: TableKind,
    options: &Options,
    labels: &Labels,
    extras: Option<Keep<'_>>,
    sink: &(dyn Fn(Batch) + Sync),
) -> Result<FileRead> {
    let (layout, sample, stream) = sniff(path, table, options)?;
    let plan = Plan {
        file,
        basis: basis_of(table),
        columns: &layout.columns,
        width: layout.header.len(),
        as_of: options.as_of,
        labels,
        extras,
    };
    let (send, receive) = sync_channel::<Cut>(2 * options.threads);
    let receive = Mutex::new(receive);
    let (produced, parsed) = std::thread::scope(|scope| {
        let readers: Vec<_> =
            (0..options.threads).map(|_| scope.spawn(|| parse_chunks(&plan, &layout, &receive, sink))).collect();
        let produced = produce(&layout, sample, stream, |cut| send.send(cut).is_ok());
        drop(send);
        (produced, readers.into_iter().map(|r| r.join()).collect::<Vec<_>>())
    });
    produced?;
    let mut report = describe(path, table, &layout.header, &layout.columns, layout.header_line);
    report.encoding = layout.encoding.name().to_uppercase();
    report.delimiter = match layout.delimiter {
        b'\t' => "tab".into(),
        WIDE_COMMA => "，".into(),
        d => char::from(d).to_string(),
    };
    let mut rejects = Vec::new();
    for reader in parsed {
        let (counts, mine) = reader.map_err(|_| anyhow::anyhow!("读取线程异常 / a reader failed"))?;
        report.rows.add(&counts);
        rejects.extend(mine);
    }
    Ok(FileRead { report, rejects })
}

/// Decodes, drops what stands above and including the header, cuts into chunks.
fn produce(
    layout: &Layout,
    sample: Vec<u8>,
    mut stream: Box<dyn Read + Send>,
    mut send: impl FnMut(Cut) -> bool,
) -> Result<()> {
    let bom = encoding_rs::Encoding::for_bom(&sample).map_or(0, |b| b.1);
    let mut decoder = (layout.encoding != UTF_8).then(|| layout.encoding.new_decoder_without_bom_handling());
    let (mut line, mut out, mut carry) = (1u64, Vec::new(), Vec::new());
    let mut block = sample[bom..].to_vec();
    let mut header_passed = false;
    loop {
        let last = block.is_empty();
        decode(&mut decoder, &block, last, &mut carry);
        if layout.delimiter == WIDE_COMMA {
            carry = narrow_commas(&carry);
        }
        carry = split(carry, layout.delimiter, layout.header.len(), last, &mut line, &mut out);
        for cut in out.drain(..) {
            let cut = if header_passed { Some(cut) } else { below_header(cut, layout.header_line) };
            header_passed |= cut.is_some();
            if let Some(cut) = cut
                && !send(cut)
            {
                return Ok(());
            }
        }
        if last {
            return Ok(());
        }
        block.resize(CHUNK, 0);
        let mut filled = 0;
        while filled < CHUNK {
            match stream.read(&mut block[filled..]).map_err(|e| broken_stream(&e, line.saturating_sub(1)))? {
                0 => break,
                n => filled += n,
            }
        }
        block.truncate(filled);
    }
}

fn decode(decoder: &mut Option<Decoder>, block: &[u8], last: bool, out: &mut Vec<u8>) {
    match decoder {
        None => out.extend_from_slice(block),
        Some(decoder) => {
            let mut text =
                String::with_capacity(decoder.max_utf8_buffer_length(block.len()).unwrap_or(block.len() * 3));
            let _ = decoder.decode_to_string(block, &mut text, last);
            out.extend_from_slice(text.as_bytes());
        }
    }
}

/// Full-width commas become one-byte delimiters, byte by byte: a character cut by the block's end stays whole.
fn narrow_commas(bytes: &[u8]) -> Vec<u8> {
    let wide = "，".as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for at in memchr::memmem::find_iter(bytes, wide) {
        out.extend_from_slice(&bytes[from..at]);
        out.push(WIDE_COMMA);
        from = at + wide.len();
    }
    out.extend_from_slice(&bytes[from..]);
    out
}

/// The part of a cut below the header line; `None` where nothing is.
fn below_header(cut: Cut, header_line: u64) -> Option<Cut> {
    let Cut::Records { line, bytes } = cut else { return None };
    let skip = (header_line + 1).saturating_sub(line) as usize;
    if skip == 0 {
        return Some(Cut::Records { line, bytes });
    }
    let from = memchr::memchr_iter(b'\n', &bytes).nth(skip - 1)? + 1;
    Some(Cut::Records { line: header_line + 1, bytes: bytes[from..].to_vec() })
}

fn parse_chunks(
    plan: &Plan<'_>,
    layout: &Layout,
    receive: &Mutex<Receiver<Cut>>,
    sink: &(dyn Fn(Batch) + Sync),
) -> (Accounting, Vec<Reject>) {
    let mut parser = RowParser::new(plan);
    let mut record = ByteRecord::new();
    loop {
        let next = receive.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv();
        match next {
            Err(_) => break,
            Ok(Cut::Unclosed { line, bytes }) => {
                parser.broken_line(line, &bytes, Text::new("引号没有闭合", "a quote that never closes"));
            }
            Ok(Cut::Records { line, bytes }) => {
                let mut reader = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .flexible(true)
                    .delimiter(layout.delimiter)
                    .from_reader(bytes.as_slice());
                while reader.read_byte_record(&mut record).unwrap_or(false) {
                    let at = start_line(&bytes, record.position());
                    parser.record(&record, line + at - 1);
                    flush(&mut parser, BATCH_ROWS, sink);
                }
            }
        }
    }
    flush(&mut parser, 1, sink);
    (parser.counts, parser.rejects)
}

fn flush(parser: &mut RowParser<'_>, at_least: usize, sink: &(dyn Fn(Batch) + Sync)) {
    if parser.batch.len() >= at_least {
        let mut batch = std::mem::take(&mut parser.batch);
        let n = batch.len();
        for column in [&mut batch.quantity, &mut batch.cost, &mut batch.list, &mut batch.fee, &mut batch.stock] {
            if !column.is_empty() {
                column.resize(n, f64::NAN);
            }
        }
        if !batch.second.is_empty() {
            batch.second.resize(n, 0);
        }
        sink(batch);
    }
}
