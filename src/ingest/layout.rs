//! Encoding, delimiter and header row, told from the first megabytes of a file.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::header::{HeaderMatch, match_header, required_missing, score};
use super::split::start_line;
use crate::model::TableKind;

/// Rows searched for the header (banners stand above it).
const HEADER_ROWS: usize = 30;
/// Delimiters tried.
const DELIMITERS: [u8; 5] = [b',', b'\t', b';', b'|', WIDE_COMMA];
/// Private character that stands for a full-width comma used as a delimiter.
pub const WIDE_COMMA: u8 = 0x1f;

/// Text with this many valid multi-byte characters for each broken place is UTF-8 (none broken: always).
const VALID_PER_BROKEN: usize = 8;
/// A character of three bytes or more is worth this many broken places: of GB18030 hanzi a few in a hundred pass
/// for such by chance, while most bytes are broken as UTF-8.
const LONG_WORTH: usize = 4;

/// How a delimited file is to be read.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Encoding of the bytes.
    pub encoding: &'static Encoding,
    /// Field delimiter.
    pub delimiter: u8,
    /// Line of the header, from 1.
    pub header_line: u64,
    /// The header's cells.
    pub header: Vec<String>,
    /// Which column is which.
    pub columns: HeaderMatch,
}

/// Encoding by byte-order mark, UTF-8 validity, NUL pattern, then chardetng without a region hint
/// (a hint turns Big5 into GBK). Fails on binary files.
pub fn detect_encoding(sample: &[u8], forced: Option<&str>) -> Result<&'static Encoding> {
    if let Some(label) = forced {
        let found = Encoding::for_label(if label.eq_ignore_ascii_case("cp949") { b"euc-kr" } else { label.as_bytes() });
        return found.ok_or_else(|| anyhow::anyhow!("不认识的编码“{label}” / unknown encoding \"{label}\""));
    }
    if let Some((encoding, _)) = Encoding::for_bom(sample) {
        return Ok(encoding);
    }
    let nul = |odd: usize| sample.iter().skip(odd).step_by(2).take(2000).filter(|b| **b == 0).count();
    let (even, odd) = (nul(0), nul(1));
    if odd > 4 * even.max(1) && odd * 8 > sample.len().min(4000) {
        return Ok(UTF_16LE);
    }
    if even > 4 * odd.max(1) && even * 8 > sample.len().min(4000) {
        return Ok(UTF_16BE);
    }
    if even + odd > 0 {
        bail!(
            "含有 NUL 字节，不是文本文件；请导出为 CSV 或 XLSX / contains NUL bytes, not a text file; export it as CSV or XLSX"
        );
    }
    if looks_like_utf8(sample) {
        return Ok(UTF_8);
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    let guess = detector.guess(None, chardetng::Utf8Detection::Allow);
    let eastern =
        [encoding_rs::BIG5, encoding_rs::EUC_KR, encoding_rs::EUC_JP, encoding_rs::SHIFT_JIS].contains(&guess);
    let chinese = guess == encoding_rs::GBK || !eastern && in_pairs(sample);
    Ok(if chinese { GB18030 } else { guess })
}

/// Whether bytes beyond ASCII mostly come in runs of even length, as two-byte characters do. A few Chinese cells
/// among many numbers are too little for chardetng, which then takes them for Western letters; those stand alone.
fn in_pairs(sample: &[u8]) -> bool {
    let runs = sample.split(u8::is_ascii).map(<[u8]>::len).filter(|n| *n > 0);
    let (paired, all) = runs.fold((0, 0), |(paired, all), n| (paired + if n % 2 == 0 { n } else { 0 }, all + n));
    all > 0 && 4 * paired >= 3 * all
}

/// Valid UTF-8, or so nearly that a few broken lines explain the rest. GB18030 pairs can pass for UTF-8 by
/// chance (同, 联通), so some valid characters are no proof: broken places must be rare beside them.
fn looks_like_utf8(sample: &[u8]) -> bool {
    let (mut valid, mut long, mut broken) = (0, 0, 0);
    let mut chunks = sample.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        long += chunk.valid().chars().filter(|c| c.len_utf8() > 2).count();
        let cut_by_sample = chunks.peek().is_none()
            && chunk.invalid().len() < 4
            && std::str::from_utf8(chunk.invalid()).is_err_and(|e| e.error_len().is_none());
        broken += usize::from(!chunk.invalid().is_empty() && !cut_by_sample);
    }
    valid >= VALID_PER_BROKEN * broken || LONG_WORTH * long >= broken && long > 0
}

/// The first rows of decoded text, by the delimiter that gives most rows of one width.
pub fn decoded_rows(text: &str, rows: usize) -> Vec<Vec<String>> {
    let read = |delimiter: u8| -> Vec<Vec<String>> {
        let text = if delimiter == WIDE_COMMA { text.replace('，', "\u{1f}") } else { text.to_owned() };
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
        reader.records().flatten().take(rows).map(|r| r.iter().map(str::to_owned).collect()).collect()
    };
    let even = |rows: &Vec<Vec<String>>| {
        let width = rows.last().map_or(0, Vec::len);
        if width < 2 { 0 } else { rows.iter().filter(|r| r.len() == width).count() }
    };
    DELIMITERS
        .into_iter()
        .map(read)
        .max_by_key(|rows| (even(rows), rows.last().map_or(0, Vec::len)))
        .unwrap_or_default()
}

/// Finds delimiter and header in decoded text.
pub fn detect_layout(
    text: &str,
    encoding: &'static Encoding,
    table: TableKind,
    mapping: &BTreeMap<String, String>,
) -> Result<Layout> {
    if text.trim().is_empty() {
        bail!("文件是空的 / the file is empty");
    }
    let mut best: Option<(usize, u8, u64, Vec<String>)> = None;
    for delimiter in DELIMITERS {
        let text = if delimiter == WIDE_COMMA { text.replace('，', "\u{1f}") } else { text.to_owned() };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        for record in reader.records().take(HEADER_ROWS).flatten() {
            let fields: Vec<&str> = record.iter().collect();
            let mapped = mapping
                .values()
                .filter(|h| fields.iter().any(|f| h.split('|').any(|h| f.trim().trim_matches('\u{feff}') == h.trim())))
                .count();
            let hits = score(table, &fields) + 2 * mapped;
            if hits > best.as_ref().map_or(0, |b| b.0) {
                let line = start_line(text.as_bytes(), record.position());
                best = Some((hits, delimiter, line, fields.iter().map(|f| (*f).to_owned()).collect()));
            }
        }
    }
    let Some((_, delimiter, header_line, header)) = best else {
        bail!(
            "前 {HEADER_ROWS} 行里找不到表头；请在设置文件 [columns.{t}] 里写明列名（pricewatch init 可起草） / no header found in the first {HEADER_ROWS} rows; name the columns under [columns.{t}] in the settings (pricewatch init drafts them)",
            t = table.name()
        );
    };
    let columns = match_columns(table, &header, header_line, mapping)?;
    Ok(Layout { encoding, delimiter, header_line, header, columns })
}

/// Matches a header row and insists on the required columns.
pub fn match_columns(
    table: TableKind,
    header: &[String],
    line: u64,
    mapping: &BTreeMap<String, String>,
) -> Result<HeaderMatch> {
    let fields: Vec<&str> = header.iter().map(String::as_str).collect();
    let columns = match_header(table, &fields, mapping)
        .map_err(|fault| anyhow::anyhow!("第 {line} 行表头：{} / header line {line}: {}", fault.zh, fault.en))?;
    let missing = required_missing(table, &columns);
    if !missing.is_empty() {
        let (missing, found, t) = (missing.join(", "), fields.join(" | "), table.name());
        bail!(
            "第 {line} 行表头缺少必需的列：{missing}；表头是：{found}；请在设置文件 [columns.{t}] 里对应 / header line {line} lacks {missing}; found: {found}; map them under [columns.{t}] in the settings"
        );
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        let text = "日期,经营者名称,商品名称,价格\n2020-02-05,广州康民药房,口罩,2.5\n";
        assert_eq!(detect_encoding(text.as_bytes(), None).unwrap(), UTF_8);
        assert_eq!(detect_encoding(&GB18030.encode(text).0, None).unwrap(), GB18030);
        let english_header = format!(
            "date,seller_name,product,price,remarks,more,columns,that,are,ascii\n{}",
            "2020-02-05,同德药房,联通口罩,2.5,,,,,,\n".repeat(5)
        );
        assert_eq!(
            detect_encoding(&GB18030.encode(&english_header).0, None).unwrap(),
            GB18030,
            "同 alone passes for UTF-8"
        );
        let sales = "交易日期,统一社会信用代码,经营者名称,商品名称,计量单位,成交单价(元)\n2019-12-20,91440100MA0030001H,广州康民药房,医用防护服,件,49.45\n".repeat(40);
        assert_eq!(detect_encoding(&GB18030.encode(&sales).0, None).unwrap(), GB18030);
        let spanish = "Fecha;Artículo;Categoría;Precio\n2020-02-05;Mascarilla quirúrgica;Protección;2,55\n".repeat(40);
        let western = detect_encoding(&encoding_rs::WINDOWS_1252.encode(&spanish).0, None).unwrap();
        assert_eq!(western, encoding_rs::WINDOWS_1252);
        let cut = &text.as_bytes()[..4];
        assert_eq!(detect_encoding(cut, None).unwrap(), UTF_8, "a character cut by the end of the sample");
        let korean = "날짜,상점,상품명,가격\n2020-02-05,퍼니맘,황사 마스크 미세먼지 방역,3900\n".repeat(5);
        assert_eq!(detect_encoding(&encoding_rs::EUC_KR.encode(&korean).0, None).unwrap(), encoding_rs::EUC_KR);
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(detect_encoding(&wide, None).unwrap(), UTF_16LE);
        assert!(detect_encoding(b"PK\x03\x04\x00\x00\x00\x08binary\x00\x00", None).is_err());
    }

    #[test]
    fn header_below_a_banner_with_any_delimiter() {
        for delimiter in [",", "\t", ";", "|", "，"] {
            let text = format!(
                "价格监测表\n\n{}\n{}\n",
                ["日期", "经营者", "品名", "单价(元)"].join(delimiter),
                ["2020-02-05", "甲", "口罩", "2.5"].join(delimiter)
            );
            let layout = detect_layout(&text, UTF_8, TableKind::Prices, &BTreeMap::new()).unwrap();
            assert_eq!((layout.header_line, layout.columns.position("price")), (3, Some(3)), "{delimiter}");
        }
        let fault = detect_layout("日期,经营者,品名\n1,2,3\n", UTF_8, TableKind::Prices, &BTreeMap::new()).unwrap_err();
        assert!(fault.to_string().contains("price"));
        assert!(
            detect_layout("  \n", UTF_8, TableKind::Prices, &BTreeMap::new())
                .unwrap_err()
                .to_string()
                .contains("empty")
        );
    }
}
