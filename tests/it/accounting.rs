//! rows read = used + rejected + duplicates, whatever the file.

use proptest::prelude::*;

use crate::{file, read};
use pricewatch::model::TableKind;

/// One line of a dirty file, and what must become of it.
#[derive(Clone, Debug)]
enum Line {
    Good(u8, u8, u16),
    QuotedNewline(u8, u16),
    BadDate(u8),
    BadPrice(u8),
    Short,
    Long,
    OpenQuote,
    NoSeller,
    Blank,
    BadUtf8,
}

impl Line {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Line::Good(day, seller, price) => {
                format!("2020-02-{:02},s{seller},口罩,{}.5", day % 28 + 1, price % 7 + 20).into()
            }
            Line::QuotedNewline(seller, price) => {
                format!("2020-02-01,\"s{seller}\nbranch\",口罩,{}.5", price % 7 + 20).into()
            }
            Line::BadDate(d) => format!("2020-02-{},s1,口罩,2.5", 30 + d % 60).into(),
            Line::BadPrice(k) => {
                format!("2020-02-01,s1,口罩,{}", ["面议", "-", "3-5元", "abc", "0", "-2"][*k as usize % 6]).into()
            }
            Line::Short => b"2020-02-01,s1".to_vec(),
            Line::Long => "2020-02-01,s1,口罩,2.5,extra".into(),
            Line::OpenQuote => "2020-02-01,\"s1,口罩,2.5".into(),
            Line::NoSeller => "2020-02-01,,口罩,2.5".into(),
            Line::Blank => b",,,".to_vec(),
            Line::BadUtf8 => b"2020-02-01,\xff\xfe,x,2.5".to_vec(),
        }
    }

    fn rejected(&self) -> bool {
        !matches!(self, Line::Good(..) | Line::QuotedNewline(..) | Line::Blank)
    }
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        8 => (any::<u8>(), 0u8..6, any::<u16>()).prop_map(|(d, s, p)| Line::Good(d, s, p)),
        2 => (0u8..4, any::<u16>()).prop_map(|(s, p)| Line::QuotedNewline(s, p)),
        1 => any::<u8>().prop_map(Line::BadDate),
        1 => any::<u8>().prop_map(Line::BadPrice),
        1 => Just(Line::Short),
        1 => Just(Line::Long),
        1 => Just(Line::OpenQuote),
        1 => Just(Line::NoSeller),
        1 => Just(Line::Blank),
        1 => Just(Line::BadUtf8),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_row_is_used_rejected_or_a_duplicate(lines in prop::collection::vec(line(), 1..80)) {
        let mut bytes = "date,seller_id,product,price\n".as_bytes().to_vec();
        // One good row first, in UTF-8, so that the file is a price file and not a binary.
        bytes.extend("2020-01-01,s0,口罩,21.5\n".as_bytes());
        let mut at = 3u64;
        let mut broken = Vec::new();
        let mut rows = 1u64;
        for line in &lines {
            let text = line.bytes();
            if line.rejected() { broken.push(at); }
            rows += u64::from(!matches!(line, Line::Blank));
            at += 1 + text.iter().filter(|b| **b == b'\n').count() as u64;
            bytes.extend(text);
            bytes.push(b'\n');
        }
        let (_guard, path) = file("dirty.csv", &bytes);
        let read = read(TableKind::Prices, &path).unwrap();
        let total = read.total();
        prop_assert!(total.closes());
        prop_assert_eq!(total.rows_read, rows);
        let named: Vec<u64> = read.rejects.iter().map(|r| r.row.line()).collect();
        prop_assert_eq!(named, broken);
    }
}
