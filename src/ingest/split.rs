//! Cuts a stream into chunks of whole records. An unclosed quote costs its own line only.

use memchr::{memchr, memchr_iter, memrchr};

/// A quoted field may span this many lines …
const MAX_LINES: usize = 100;
/// … and this many bytes; beyond, its first line is broken.
const MAX_BYTES: usize = 65_536;

/// What the splitter hands on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cut {
    /// Whole records; the first starts on `line`.
    Records {
        /// Line of the first byte, from 1.
        line: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A line whose quote never closes.
    Unclosed {
        /// Its line, from 1.
        line: u64,
        /// Its text.
        bytes: Vec<u8>,
    },
}

/// Line on which a record read from `bytes` begins (counted from 1 at their start): the csv crate gives
/// the position before it skips blank lines.
pub fn start_line(bytes: &[u8], record_start: Option<&csv::Position>) -> u64 {
    let Some(position) = record_start else { return 1 };
    let from = (position.byte() as usize).min(bytes.len());
    let blank = bytes[from..].iter().take_while(|b| matches!(b, b'\n' | b'\r')).filter(|b| **b == b'\n').count();
    position.line() + blank as u64
}

/// Where the record at the start of `bytes` ends.
enum End {
    /// After this many bytes.
    At(usize),
    /// Needs more bytes.
    More,
    /// Its quote does not close within bounds, or closes where no field ends.
    Broken,
}

/// Cuts `buffer` (which starts on line `*line`) into `out`; returns the bytes of an unfinished record.
/// `columns` is the header's field count; `last` says that nothing follows.
pub fn split(
    mut buffer: Vec<u8>,
    delimiter: u8,
    columns: usize,
    last: bool,
    line: &mut u64,
    out: &mut Vec<Cut>,
) -> Vec<u8> {
    let whole = if last { buffer.len() } else { memrchr(b'\n', &buffer).map_or(0, |i| i + 1) };
    if memchr(b'"', &buffer[..whole]).is_none() {
        let rest = buffer.split_off(whole);
        emit(buffer, line, out);
        return rest;
    }
    let mut start = 0; // of the records not yet handed on
    let mut at = 0;
    while let Some(quote) = memchr(b'"', &buffer[at..whole]).map(|i| i + at) {
        let from = memrchr(b'\n', &buffer[at..quote]).map_or(at, |i| at + i + 1);
        match record_end(&buffer[from..], delimiter, columns, last) {
            End::At(n) => at = from + n,
            End::More => {
                let rest = buffer.split_off(from);
                emit(buffer.split_off(start), line, out);
                return rest;
            }
            End::Broken => {
                emit(buffer[start..from].to_vec(), line, out);
                let end = memchr(b'\n', &buffer[from..]).map_or(buffer.len(), |i| from + i + 1);
                out.push(Cut::Unclosed { line: *line, bytes: buffer[from..end].to_vec() });
                *line += 1;
                (start, at) = (end, end);
            }
        }
        if at > whole {
            break;
        }
    }
    let end = at.max(whole);
    let rest = buffer.split_off(end);
    emit(buffer.split_off(start), line, out);
    rest
}

fn emit(bytes: Vec<u8>, line: &mut u64, out: &mut Vec<Cut>) {
    if !bytes.is_empty() {
        let next = *line + memchr_iter(b'\n', &bytes).count() as u64;
        out.push(Cut::Records { line: *line, bytes });
        *line = next;
    }
}

fn record_end(bytes: &[u8], delimiter: u8, columns: usize, last: bool) -> End {
    let (mut fields, mut lines, mut i) = (1, 1, 0);
    let mut field_start = true;
    while i < bytes.len() {
        let b = bytes[i];
        if b == b'"' && field_start {
            let Some(close) = closing_quote(bytes, i + 1, &mut lines) else {
                return if last || bytes.len() > MAX_BYTES || lines > MAX_LINES { End::Broken } else { End::More };
            };
            let after = bytes.get(close + 1).copied().unwrap_or(b'\n');
            let ends_field = after == delimiter || matches!(after, b'\n' | b'\r');
            if lines > 1 && (!ends_field || lines > MAX_LINES || close > MAX_BYTES) {
                return End::Broken;
            }
            i = close + 1;
            field_start = false;
            continue;
        }
        if b == b'\n' {
            return if lines > 1 && fields != columns { End::Broken } else { End::At(i + 1) };
        }
        field_start = b == delimiter;
        fields += usize::from(field_start);
        i += 1;
    }
    match last {
        true if lines > 1 && fields != columns => End::Broken,
        true => End::At(bytes.len()),
        false => End::More,
    }
}

fn closing_quote(bytes: &[u8], mut i: usize, lines: &mut usize) -> Option<usize> {
    loop {
        let quote = memchr(b'"', &bytes[i..]).map(|q| q + i);
        let upto = quote.unwrap_or(bytes.len());
        *lines += memchr_iter(b'\n', &bytes[i..upto]).count();
        let quote = quote?;
        if bytes.get(quote + 1) != Some(&b'"') {
            return Some(quote);
        }
        i = quote + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_by(text: &str, size: usize) -> Vec<Cut> {
        let (mut line, mut out, mut rest) = (1, Vec::new(), Vec::new());
        let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
        for (i, chunk) in chunks.iter().enumerate() {
            rest.extend_from_slice(chunk);
            rest = split(rest, b',', 3, i + 1 == chunks.len(), &mut line, &mut out);
        }
        assert!(rest.is_empty());
        out
    }

    fn lines_of_broken(cuts: &[Cut]) -> Vec<u64> {
        cuts.iter().filter_map(|c| if let Cut::Unclosed { line, .. } = c { Some(*line) } else { None }).collect()
    }

    #[test]
    fn an_unclosed_quote_costs_its_line_only() {
        let text = "a,b,c\n1,\"open,2\n3,\"fine, with \"\"quotes\"\"\",4\n5,\"two\nlines\",6\n7,5\" mask,8\n9,10,11\n";
        for size in [1, 2, 7, 20, 1000] {
            let cuts = cut_by(text, size);
            assert_eq!(lines_of_broken(&cuts), vec![2], "chunks of {size}");
            let mut kept: Vec<u8> = Vec::new();
            for cut in &cuts {
                match cut {
                    Cut::Records { line, bytes } => {
                        assert_eq!(*line, 1 + memchr_iter(b'\n', &kept).count() as u64);
                        kept.extend_from_slice(bytes);
                    }
                    Cut::Unclosed { bytes, .. } => kept.extend_from_slice(bytes),
                }
            }
            assert_eq!(kept, text.as_bytes(), "nothing lost in chunks of {size}");
        }
    }

    #[test]
    fn a_quote_open_at_the_end_of_the_file() {
        assert_eq!(lines_of_broken(&cut_by("a,b,c\n1,2,3\n4,\"x,y\n5,6,7\n", 9)), vec![3]);
    }
}
