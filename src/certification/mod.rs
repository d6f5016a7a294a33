//! Are the papers in order? One file and one page per check; from flagged makers back to the bodies behind them.

mod body;
mod fee;
mod number;
mod shared;
mod standard;
mod trace;
mod validity;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Certificate, Context, CostExplained, Day, Finding, Kind, Party, RowNote, Sheet, Subject, Text};

/// A named number: key, value, unit.
pub type Number = (&'static str, f64, String);

/// What a check says of one certificate: nothing, a fault, or that it cannot tell.
pub enum Says {
    /// Nothing odd.
    Fine,
    /// What is odd, and the number behind it (`key`, value, unit) if there is one.
    Odd(Text, Option<Number>),
    /// Not judged, and why.
    Skip(Text),
}

/// The card of a check.
pub struct Check {
    /// Kebab-case id.
    pub id: &'static str,
    /// Title in Chinese and English.
    pub title: (&'static str, &'static str),
    /// The page (Markdown): Chinese, a line `---`, English.
    pub page: &'static str,
    /// The work, certificate by certificate, in their order.
    pub run: fn(&[Certificate], &Context) -> Vec<Says>,
}

/// Every check on single certificates, and the trace back, which needs their results.
pub const CHECKS: &[&Check] =
    &[&body::CHECK, &fee::CHECK, &number::CHECK, &shared::CHECK, &standard::CHECK, &validity::CHECK, &trace::CHECK];

/// Findings, and per check: certificates or bodies judged, findings, not judged.
#[derive(Default)]
pub struct Checked {
    /// One per maker and check, one per body traced.
    pub findings: Vec<Finding>,
    /// See above.
    pub counts: Vec<(&'static str, usize, usize, usize)>,
}

/// All checks. `flagged` are sellers with a price lead: they count for the trace back.
pub fn examine(all: &[Certificate], flagged: &BTreeSet<String>, context: &Context) -> Checked {
    let mut checked = Checked::default();
    if all.is_empty() {
        return checked;
    }
    let mut odd_makers: BTreeSet<&str> = BTreeSet::new();
    for check in CHECKS {
        let mut by_maker: BTreeMap<&str, Vec<Odd>> = BTreeMap::new();
        let (mut judged, mut skipped) = (0, 0);
        for (i, says) in (check.run)(all, context).into_iter().enumerate() {
            judged += usize::from(!matches!(says, Says::Skip(_)));
            skipped += usize::from(matches!(says, Says::Skip(_)));
            if let Says::Odd(text, number) = says {
                by_maker.entry(&all[i].seller).or_default().push((i, text, number));
            }
        }
        // Who certified a paper is not evidence against the body that is being traced.
        if check.id != body::CHECK.id && check.id != fee::CHECK.id {
            odd_makers.extend(by_maker.keys().copied());
        }
        checked.counts.push((check.id, judged, by_maker.len(), skipped));
        checked.findings.extend(by_maker.into_iter().map(|(maker, odd)| finding(check, all, maker, &odd, context)));
    }
    odd_makers.extend(flagged.iter().map(String::as_str).filter(|f| all.iter().any(|c| c.seller == **f)));
    let traced = trace::trace(all, &odd_makers, context);
    if let Some(count) = checked.counts.iter_mut().find(|c| c.0 == trace::CHECK.id) {
        *count = (trace::CHECK.id, traced.0, traced.1.len(), 0);
    }
    checked.findings.extend(traced.1);
    checked
}

/// What every finding here shares: no prices behind it, facts and rows filled in by the caller.
pub fn blank(check: &'static Check, party: Party, window: (Day, Day), reason: Text) -> Finding {
    Finding {
        screen: check.id,
        kind: Kind::Certification,
        subject: Subject { cell: None, series: Vec::new() },
        window,
        measured: 0.0,
        threshold: 1.0,
        unit: "certificates".into(),
        p_value: None,
        p_floor: None,
        q_value: None,
        tested: 0,
        reference_price: None,
        observed_price: None,
        excess_amount: None,
        cost: CostExplained::Unknown,
        steps: Vec::new(),
        expected: Vec::new(),
        basis: "SAMR certification drive 认证专项整治, 2020-04-05".into(),
        rule: None,
        sheet: None,
        strips: Vec::new(),
        innocent: Vec::new(),
        party: Some(party),
        facts: Vec::new(),
        reason,
        rows: Vec::new(),
        score: 1.0,
    }
}

/// From the first issue of the certificates on: the same in every run, so that a lead keeps its number.
pub fn window<'a>(of: impl Iterator<Item = &'a Certificate>, context: &Context) -> (Day, Day) {
    let first = of.filter_map(|c| c.issued.or(c.expires)).min().unwrap_or(context.as_of);
    (first.min(context.as_of), context.as_of)
}

/// Which certificate, what is odd, and the number behind it.
type Odd = (usize, Text, Option<Number>);

fn finding(check: &'static Check, all: &[Certificate], maker: &str, odd: &[Odd], context: &Context) -> Finding {
    let mine: Vec<&Certificate> = all.iter().filter(|c| c.seller == maker).collect();
    let first = |of: fn(&Certificate) -> &String| mine.iter().map(|c| of(c)).filter(|t| !t.is_empty()).min().cloned();
    let name = first(|c| &c.name).unwrap_or_else(|| maker.to_owned());
    let party = Party {
        sellers: vec![(maker.to_owned(), name)],
        region: first(|c| &c.region).unwrap_or_default(),
        product: first(|c| &c.product).unwrap_or_default(),
        innocent: vec![
            Text::new("录入错误或证书已更换、续期", "a typing error, or the certificate was replaced or renewed"),
            Text::new("集团内部合法共用", "lawful use within one group"),
        ],
        next_steps: vec![
            Text::new(
                "向发证机构核实证书真伪与范围",
                "ask the issuing body whether the certificate is genuine and what it covers",
            ),
            Text::new(
                "调取认证合同、付款凭证和中介联系记录",
                "obtain the contract, the payments and the contacts with go-betweens",
            ),
        ],
    };
    let reasons = |zh: bool| -> String {
        let texts: BTreeSet<&str> = odd.iter().map(|o| if zh { o.1.zh.as_str() } else { o.1.en.as_str() }).collect();
        texts.into_iter().collect::<Vec<_>>().join(if zh { "；" } else { "; " })
    };
    let reason =
        Text::new(format!("{}：{}。", check.title.0, reasons(true)), format!("{}: {}.", check.title.1, reasons(false)));
    let mut found = blank(check, party, window(odd.iter().map(|o| &all[o.0]), context), reason);
    found.measured = odd.len() as f64;
    found.facts = odd.iter().filter_map(|o| o.2.clone()).take(3).collect();
    found.rows = odd.iter().map(|o| RowNote { row: all[o.0].row, role: o.1.clone() }).collect();
    found.tested = mine.len();
    found.score = odd.len() as f64;
    found.sheet = Some(certificates(check, odd.iter().map(|o| &all[o.0])));
    found
}

/// Certificates as a table.
pub fn certificates<'a>(check: &Check, of: impl Iterator<Item = &'a Certificate>) -> Sheet {
    let day = |d: Option<Day>| d.map_or(String::new(), |d| d.to_string());
    let row = |c: &Certificate| {
        let fee = c.fee.map_or(String::new(), |f| format!("{f:.2}"));
        vec![
            c.number.clone(),
            c.product.clone(),
            c.standard.clone(),
            c.body.clone(),
            c.intermediary.clone(),
            day(c.issued),
            day(c.expires),
            fee,
        ]
    };
    let columns = [
        ("证书编号", "number"),
        ("产品", "product"),
        ("标准", "standard"),
        ("机构", "body"),
        ("中介", "go-between"),
        ("发证", "issued"),
        ("到期", "expires"),
        ("费用", "fee"),
    ];
    Sheet {
        title: Text::new(check.title.0, check.title.1),
        columns: columns.map(|(zh, en)| Text::new(zh, en)).to_vec(),
        heads: Vec::new(),
        rows: of.map(row).collect(),
    }
}
