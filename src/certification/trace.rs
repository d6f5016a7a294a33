#![doc = include_str!("trace.md")]

use std::collections::{BTreeMap, BTreeSet};

use statrs::distribution::{DiscreteCDF, Hypergeometric};

use super::{Check, Says, blank, window};
use crate::model::{Certificate, Context, Finding, Party, RowNote, Sheet, Text};
use crate::stats::fdr::benjamini_hochberg;

/// The card.
pub const CHECK: Check = Check {
    id: "certificate-trace",
    title: ("由问题企业倒查机构和中介", "From flagged makers back to the body"),
    page: include_str!("trace.md"),
    run,
};

/// False-discovery rate over all bodies and go-betweens.
const Q: f64 = 0.05;
/// Fewest flagged makers behind one body.
const LEAST: usize = 3;

/// Nothing to say of single certificates.
fn run(_: &[Certificate], _: &Context) -> Vec<Says> {
    Vec::new()
}

/// Bodies and go-betweens with more flagged makers than chance gives: how many were tested, and the findings.
pub fn trace(all: &[Certificate], odd: &BTreeSet<&str>, context: &Context) -> (usize, Vec<Finding>) {
    let makers: BTreeSet<&str> = all.iter().map(|c| c.seller.as_str()).collect();
    let mut clients: BTreeMap<(bool, &str), BTreeSet<&str>> = BTreeMap::new();
    for c in all {
        for (between, name) in [(false, c.body.as_str()), (true, c.intermediary.as_str())] {
            if !name.is_empty() {
                clients.entry((between, name)).or_default().insert(&c.seller);
            }
        }
    }
    let tail = |of: &BTreeSet<&str>| {
        let hits = of.iter().filter(|m| odd.contains(**m)).count();
        let chance = Hypergeometric::new(makers.len() as u64, odd.len() as u64, of.len() as u64);
        (hits, chance.map_or(1.0, |h| if hits == 0 { 1.0 } else { h.sf(hits as u64 - 1) }))
    };
    let tested: Vec<_> = clients.iter().map(|(key, of)| (*key, of, tail(of))).collect();
    let q = benjamini_hochberg(&tested.iter().map(|t| t.2.1).collect::<Vec<_>>(), tested.len());
    let m = tested.len();
    let found = tested.into_iter().zip(q).filter(|(t, q)| *q <= Q && t.2.0 >= LEAST);
    let findings = found.map(|(((between, name), of, (hits, p)), q)| {
        finding(all, (between, name), of, odd, (hits, makers.len(), m), (p, q), context)
    });
    (m, findings.collect())
}

fn finding(
    all: &[Certificate],
    (between, name): (bool, &str),
    of: &BTreeSet<&str>,
    odd: &BTreeSet<&str>,
    (hits, makers, tested): (usize, usize, usize),
    (p, q): (f64, f64),
    context: &Context,
) -> Finding {
    let what = if between { ("中介", "go-between") } else { ("认证机构", "body") };
    let flagged: Vec<&str> = of.iter().copied().filter(|m| odd.contains(m)).collect();
    let label =
        |id: &str| all.iter().find(|c| c.seller == id && !c.name.is_empty()).map_or(id.to_owned(), |c| c.name.clone());
    let party = Party {
        sellers: flagged.iter().map(|m| ((*m).to_owned(), label(m))).collect(),
        region: String::new(),
        product: name.to_owned(),
        innocent: vec![Text::new(
            "专做此类产品或本地企业，客户本来集中",
            "it serves this trade or place, so its clients are alike anyway",
        )],
        next_steps: vec![
            Text::new("核查该机构或中介的资质、收费和全部客户", "check its authority, its fees and all its clients"),
            Text::new("比对证书模板、编号段和检测报告", "compare templates, number ranges and test reports"),
        ],
    };
    let reason = Text::new(
        format!(
            "{}“{name}”的 {} 家客户中 {hits} 家有问题，全体 {makers} 家中 {} 家有问题；随机所致的概率 p = {p:.1e}。",
            what.0,
            of.len(),
            odd.len()
        ),
        format!(
            "{hits} of the {} clients of the {} \"{name}\" are flagged, against {} of all {makers}; by chance p = {p:.1e}.",
            of.len(),
            what.1,
            odd.len()
        ),
    );
    let clients = all.iter().filter(|c| c.body == name || c.intermediary == name);
    let mut f = blank(&CHECK, party, window(clients, context), reason);
    let expected = of.len() as f64 * odd.len() as f64 / makers as f64;
    f.measured = hits as f64 / expected.max(f64::MIN_POSITIVE);
    f.unit = "times".into();
    (f.p_value, f.q_value, f.tested) = (Some(p), Some(q), tested);
    f.facts = vec![
        ("clients", of.len() as f64, String::new()),
        ("flagged_clients", hits as f64, String::new()),
        ("makers", makers as f64, String::new()),
        ("flagged_makers", odd.len() as f64, String::new()),
    ];
    f.rows = all
        .iter()
        .filter(|c| flagged.contains(&c.seller.as_str()) && (c.body == name || c.intermediary == name))
        .map(|c| RowNote { row: c.row, role: Text::new("其客户的证书", "certificate of a client") })
        .collect();
    f.sheet = Some(Sheet {
        title: Text::new("有问题的客户", "flagged clients"),
        columns: vec![Text::new("编号", "id"), Text::new("名称", "name")],
        heads: Vec::new(),
        rows: flagged.iter().map(|m| vec![(*m).to_owned(), label(m)]).collect(),
    });
    f.score = -p.max(1e-300).log10();
    f
}
