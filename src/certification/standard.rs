#![doc = include_str!("standard.md")]

use super::{Check, Says};
use crate::model::{Certificate, Context, Text};

/// The card.
pub const CHECK: Check = Check {
    id: "certificate-standard",
    title: ("产品与标准不符", "Standard not that of the good"),
    page: include_str!("standard.md"),
    run,
};

fn run(all: &[Certificate], _: &Context) -> Vec<Says> {
    let rows = include_str!("../../datasets/standards.csv").lines().skip(1);
    let table: Vec<(&str, Vec<&str>)> = rows
        .filter_map(|l| {
            let mut cells = l.splitn(3, ',');
            Some((cells.next()?, cells.next()?.split('|').collect()))
        })
        .collect();
    let known: Vec<&str> = table.iter().flat_map(|t| t.1.iter().copied()).collect();
    all.iter()
        .map(|c| {
            let tight = |t: &str| -> String { t.to_lowercase().chars().filter(|x| !x.is_whitespace()).collect() };
            let (standard, product) = (tight(&c.standard), tight(&c.product));
            if standard.is_empty() || product.is_empty() {
                return Says::Skip(Text::new("没有写产品或标准", "no product or no standard"));
            }
            // The longest standard named: GB 19083 is not GB 1908.
            let Some((_, goods)) = table.iter().filter(|t| standard.contains(t.0)).max_by_key(|t| t.0.len()) else {
                return Says::Skip(Text::new("标准不在表中", "the standard is not in the table"));
            };
            let names = |w: &&str| product.contains(tight(w).as_str());
            if goods.iter().any(names) {
                return Says::Fine;
            }
            if !known.iter().any(names) {
                return Says::Skip(Text::new("产品不在表中", "the good is not in the table"));
            }
            Says::Odd(
                Text::new(
                    format!("{} 用了 {}", c.product, c.standard),
                    format!("{} certified to {}", c.product, c.standard),
                ),
                None,
            )
        })
        .collect()
}
