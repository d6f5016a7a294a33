//! The same rows in every format and encoding; clear errors for what is none.

use std::io::Write;

use polars::prelude::*;

use crate::{file, read, root};
use pricewatch::model::TableKind;

const TEXT: &str = "口罩价格监测汇总表\n填报单位：市场监测点\n采价日期,经营者名称,地区,品名,计量单位,单价(元)\n2020-02-05,广州康民药房,广州市,KN95口罩,只,4.50\n2020年2月6日,广州康民药房,广州市,KN95口罩,只,\"￥4.80\"\n2020-02-07,广州康民药房,广州市,KN95口罩,只,面议\n";

fn prices(name: &str, bytes: &[u8]) -> (Vec<f64>, String, Vec<u64>) {
    let (_guard, path) = file(name, bytes);
    let read = read(TableKind::Prices, &path).unwrap_or_else(|e| panic!("{name}: {e:#}"));
    let rejects = read.rejects.iter().map(|r| r.row.line()).collect();
    (read.panel.points.price.clone(), read.files[0].encoding.clone(), rejects)
}

#[test]
fn encodings_and_compression_change_nothing() {
    let gb = encoding_rs::GB18030.encode(TEXT).0.into_owned();
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(TEXT.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&gb).unwrap();
    let zst = zstd::encode_all(TEXT.as_bytes(), 1).unwrap();
    let bom = [b"\xef\xbb\xbf", TEXT.as_bytes()].concat();
    for (name, bytes, encoding) in [
        ("utf8.csv", TEXT.as_bytes().to_vec(), "UTF-8"),
        ("bom.csv", bom, "UTF-8"),
        ("gb.csv", gb, "GB18030"),
        ("gb.csv.gz", gz.finish().unwrap(), "GB18030"),
        ("wide.csv", wide, "UTF-16LE"),
        ("zst.csv.zst", zst, "UTF-8"),
        ("tabs.tsv", TEXT.replace(',', "\t").into_bytes(), "UTF-8"),
        ("semicolon.csv", TEXT.replace(',', ";").into_bytes(), "UTF-8"),
        ("crlf.csv", TEXT.replace('\n', "\r\n").into_bytes(), "UTF-8"),
    ] {
        assert_eq!(prices(name, &bytes), (vec![4.5, 4.8], encoding.to_owned(), vec![6]), "{name}");
    }
}

#[test]
fn a_workbook_with_a_banner_and_two_sheets() {
    let read = read(TableKind::Prices, &root().join("tests/fixtures/formats/prices.xlsx")).unwrap();
    let total = read.total();
    assert_eq!((total.rows_read, total.rows_used, total.rows_rejected), (7, 6, 1));
    assert_eq!(read.rejects[0].row.line(), 9);
    assert_eq!(read.panel.points.day.iter().min(), Some(&18293), "2020-02-01");
}

#[test]
fn parquet() {
    let mut frame = df!("date" => ["2020-02-05", "2020-02-06"], "seller_id" => ["a", "a"], "product" => ["口罩", "口罩"], "price" => [4.5, 4.8]).unwrap();
    let (_guard, path) = file("p.parquet", b"");
    ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(&mut frame).unwrap();
    assert_eq!(read(TableKind::Prices, &path).unwrap().panel.points.price, vec![4.5, 4.8]);
}

#[test]
fn units_and_packs_meet() {
    let text = "date,seller_id,product,unit,pack_size,price\n2020-02-05,a,KN95口罩,盒,50,225\n2020-02-06,a,KN95口罩,只,,4.5\n2020-02-05,b,KN95口罩,盒,,200\n";
    let (_guard, path) = file("units.csv", text.as_bytes());
    let read = read(TableKind::Prices, &path).unwrap();
    assert_eq!(read.panel.series.len(), 2, "a's box and piece are one series");
    assert_eq!(read.total().unknown_pack, 1);
    assert!(read.panel.cells.iter().any(|c| !c.comparable));
}

#[test]
fn errors_say_where_and_what_to_do() {
    let header = "date,seller_id,product,price\n";
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let rows: String = (0..5000).map(|i| format!("2020-02-05,s{i},口罩,{}.25\n", i * 7919 % 1000)).collect();
    gz.write_all((header.to_owned() + &rows).as_bytes()).unwrap();
    let whole = gz.finish().unwrap();
    for (name, bytes, part) in [
        ("column.csv", b"date,seller_id,product\n2020-02-05,a,b\n".to_vec(), "lacks price"),
        ("empty.csv", Vec::new(), "empty"),
        ("header.csv", header.as_bytes().to_vec(), "no data rows"),
        ("binary.csv", b"\x00\x01\x02\x00binary\x00\x00".to_vec(), "NUL"),
        ("cut.csv.gz", whole[..whole.len() / 2].to_vec(), "breaks off"),
        ("book.xlsx", b"not a workbook".to_vec(), "XLSX"),
        ("prose.csv", b"once upon a time\nthere was a shop\n".to_vec(), "no header"),
    ] {
        let (_guard, path) = file(name, &bytes);
        let error = format!("{:#}", read(TableKind::Prices, &path).err().unwrap_or_else(|| panic!("{name} was read")));
        assert!(error.contains(part) && error.contains(name), "{name}: {error}");
    }
}

#[test]
fn a_lone_tenfold_price_is_rejected_and_a_lasting_one_is_not() {
    let rows = |prices: &[f64]| -> String {
        prices.iter().enumerate().map(|(i, p)| format!("2020-02-{:02},a,口罩,{p}\n", i + 1)).collect()
    };
    let header = "date,seller_id,product,price\n".to_owned();
    let (_g, lone) = file("lone.csv", (header.clone() + &rows(&[2.5, 2.5, 25.0, 2.6, 2.6])).as_bytes());
    let read_lone = read(TableKind::Prices, &lone).unwrap();
    assert_eq!((read_lone.total().tenfold_typos, read_lone.rejects[0].row.line()), (1, 4));
    let (_g, lasting) = file("lasting.csv", (header + &rows(&[2.5, 2.5, 25.0, 25.0, 25.0])).as_bytes());
    assert_eq!(read(TableKind::Prices, &lasting).unwrap().total().tenfold_typos, 0);
}

/// Several blocks of rows with full-width commas: characters cut by block ends stay whole.
#[test]
fn full_width_commas_in_a_long_file() {
    let mut text = "日期，经营者，品名，单价\n".to_owned();
    for i in 0..150_000 {
        text += &format!("2020-02-{:02}，药房{i}号，口罩，{}.5\n", i % 28 + 1, i % 5 + 20);
    }
    let (_guard, path) = file("wide.csv", text.as_bytes());
    let total = read(TableKind::Prices, &path).unwrap().total();
    assert_eq!((total.rows_read, total.rows_used), (150_000, 150_000));
}

/// Nothing but ASCII for the first megabyte, GB18030 after it.
#[test]
fn the_encoding_is_found_wherever_it_shows() {
    let mut text = "date,seller_id,product,price\n".to_owned();
    for i in 0..60_000 {
        text += &format!("2020-02-{:02},s{},KN95,{}.5\n", i % 28 + 1, i / 28, i % 7 + 2);
    }
    assert!(text.len() > 1 << 20);
    text += "2020-02-05,康民药房,医用口罩,4.5\n";
    let bytes = encoding_rs::GB18030.encode(&text).0.into_owned();
    let (_guard, path) = file("late.csv", &bytes);
    let read = read(TableKind::Prices, &path).unwrap();
    assert_eq!((read.files[0].encoding.as_str(), read.rejects.len()), ("GB18030", 0));
    assert!(read.panel.sellers.iter().any(|s| s.id == "康民药房"));
}

/// A box of twenty garments meets single garments, not single masks.
#[test]
fn a_carton_of_clothing_counts_garments() {
    let text = "日期,经营者,商品名称,计量单位,包装数量,单价\n2020-02-05,甲,医用防护服,件,,46\n2020-02-05,乙,医用防护服,箱,20,920\n";
    let (_guard, path) = file("clothing.csv", text.as_bytes());
    let panel = read(TableKind::Prices, &path).unwrap().panel;
    assert_eq!((panel.cells.len(), panel.points.price.clone()), (1, vec![46.0, 46.0]));
}
