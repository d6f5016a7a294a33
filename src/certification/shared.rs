#![doc = include_str!("shared.md")]

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Says};
use crate::model::{Certificate, Context, Text};

/// The card.
pub const CHECK: Check = Check {
    id: "certificate-shared",
    title: ("同一编号多家持有", "One number, several holders"),
    page: include_str!("shared.md"),
    run,
};

fn run(all: &[Certificate], _: &Context) -> Vec<Says> {
    let key = |c: &Certificate| c.number.to_uppercase().chars().filter(|x| x.is_alphanumeric()).collect::<String>();
    let mut holders: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for c in all {
        holders.entry(key(c)).or_default().insert(&c.seller);
    }
    all.iter()
        .map(|c| {
            let n = holders.get(&key(c)).map_or(0, BTreeSet::len);
            if key(c).is_empty() {
                return Says::Skip(Text::new("没有证书编号", "no number"));
            }
            if n < 2 {
                return Says::Fine;
            }
            Says::Odd(
                Text::new(format!("{} 由 {n} 家持有", c.number), format!("{} is held by {n}", c.number)),
                Some(("holders", n as f64, String::new())),
            )
        })
        .collect()
}
