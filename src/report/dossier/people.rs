//! Who is it, and with whom does it deal? Identity, papers, notices, linked parties, upstream and downstream.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Background, One};
use crate::model::{Certificate, CreditCode, Day, Lang, Notice, masked};
use crate::report::Results;

/// What the enterprises file says of a seller.
pub fn profile<'a>(b: &Background<'a>, id: &str, name: &str) -> Option<&'a BTreeMap<&'static str, String>> {
    b.profiles.get(id).or_else(|| b.profiles.get(&(b.name_key)(name)))
}

/// Id with its check, and what the enterprises file says; personal ids are masked.
pub fn identity(r: &Results<'_>, b: &Background<'_>, one: &One<'_>) -> Value {
    let check = one.seller.map(|s| r.panel.sellers[s].credit_code);
    let said = profile(b, one.id, &one.name);
    let said: BTreeMap<&str, String> = said.map_or_else(BTreeMap::new, |p| {
        p.iter().filter(|x| !matches!(*x.0, "seller_name" | "region")).map(|x| (*x.0, masked(x.1))).collect()
    });
    json!({"credit_code": check, "credit_note": check.map(|c| credit(c, r.lang)), "profile": said})
}

/// The words for a credit-code check.
fn credit(c: CreditCode, lang: Lang) -> &'static str {
    match (c, lang) {
        (CreditCode::Valid, Lang::Zh) => "校验位正确",
        (CreditCode::Valid, Lang::En) => "check digit right",
        (CreditCode::CheckFailed, Lang::Zh) => "校验位不符（试点码也会如此，请核对）",
        (CreditCode::CheckFailed, Lang::En) => "check digit wrong (true of some issued pilot codes; check)",
        (CreditCode::NotACode, Lang::Zh) => "不是统一社会信用代码",
        (CreditCode::NotACode, Lang::En) => "not a credit code",
    }
}

/// Its certificates, with what is odd about each.
pub fn certificates(r: &Results<'_>, b: &Background<'_>, one: &One<'_>) -> Vec<Value> {
    let odd = |c: &Certificate| -> Vec<&str> {
        // What is odd about a body is no fault of its clients' papers.
        let own = r.findings.iter().filter(|f| f.party.is_some() && f.screen != "certificate-trace");
        let of = own.flat_map(|f| &f.rows);
        of.filter(|n| n.row == c.row).map(|n| n.role.get(r.lang)).collect()
    };
    let mine = b.certificates.iter().filter(|c| c.seller == one.id);
    mine.map(|c| {
        json!({"number": c.number, "product": c.product, "standard": c.standard, "body": c.body, "authorised": c.authorised,
            "intermediary": c.intermediary, "issued": c.issued, "expires": c.expires, "fee": c.fee,
            "remarks": odd(c), "source": r.place(c.row)})
    })
    .collect()
}

/// Whether a notice is about the seller, or a public one of a division that holds it.
pub fn concerns(r: &Results<'_>, one: &One<'_>, n: &Notice) -> bool {
    if !n.seller.is_empty() {
        return n.seller.eq_ignore_ascii_case(one.id) || n.seller == one.name;
    }
    let holds = |code: &String| !code.is_empty() && one.place.0.starts_with(code.trim_end_matches("00"));
    r.regions.get(&n.region).is_some_and(|x| holds(&x.0))
}

/// Cautions, interviews, rectification, penalties, complaints, exemptions, by day.
pub fn notices(r: &Results<'_>, b: &Background<'_>, one: &One<'_>) -> Vec<Value> {
    let mine = b.notices.iter().filter(|n| concerns(r, one, n));
    let mut all: Vec<&Notice> = mine.collect();
    all.sort_by_key(|n| (n.day, n.row));
    all.into_iter()
        .map(|n| json!({"date": n.day, "kind": n.kind, "public": n.seller.is_empty(), "source": r.place(n.row)}))
        .collect()
}

/// Sellers of the same owner, legal representative or address, holders of the same certificate, members of one group.
pub fn linked(r: &Results<'_>, b: &Background<'_>, one: &One<'_>) -> Vec<Value> {
    let mut out: BTreeSet<(String, String, &str, String)> = BTreeSet::new();
    let owner = one.seller.map(|s| r.panel.sellers[s].owner.as_str()).filter(|o| !o.is_empty());
    let own = profile(b, one.id, &one.name);
    for s in r.panel.sellers.iter().filter(|s| s.id != one.id) {
        let mut add = |why, what: &str| out.insert((s.id.clone(), s.name.clone(), why, masked(what)));
        if owner == Some(s.owner.as_str()) {
            add("owner", &s.owner);
        }
        let theirs = profile(b, &s.id, &s.name);
        for (why, column) in [("person", "legal_person"), ("address", "address")] {
            let same = own.and_then(|p| p.get(column)).filter(|v| theirs.and_then(|t| t.get(column)) == Some(*v));
            if let Some(value) = same {
                add(why, value);
            }
        }
    }
    let numbers: BTreeSet<&str> = b
        .certificates
        .iter()
        .filter(|c| c.seller == one.id && !c.number.is_empty())
        .map(|c| c.number.as_str())
        .collect();
    for c in b.certificates.iter().filter(|c| c.seller != one.id && numbers.contains(c.number.as_str())) {
        out.insert((c.seller.clone(), c.name.clone(), "certificate", c.number.clone()));
    }
    for l in one.leads(r).into_iter().filter(|l| l.sellers.len() > 1) {
        out.extend(l.names.iter().filter(|n| n.0 != one.id).map(|n| (n.0.clone(), n.1.clone(), "group", l.id.clone())));
    }
    let mut told: BTreeMap<(String, String, &str), Vec<String>> = BTreeMap::new();
    for (id, name, why, what) in out {
        told.entry((id, name, why)).or_default().push(what);
    }
    let shown = |((id, name, why), what): ((String, String, &str), Vec<String>)| json!({"id": masked(&id), "name": name, "why": why, "what": what.join(", ")});
    told.into_iter().map(shown).collect()
}

/// Days, quantity, lowest and highest price of what two sellers traded in.
type Traded = (BTreeSet<Day>, f64, f64, f64);

/// Upstream and downstream among the sellers of the files.
pub fn partners(r: &Results<'_>, b: &Background<'_>, seller: Option<usize>) -> Vec<Value> {
    let mut sums: BTreeMap<(bool, u32, &str), Traded> = BTreeMap::new();
    for t in b.trades {
        let from = r.panel.series[t.series].seller;
        let product = r.panel.items[r.panel.series[t.series].item as usize].product.as_str();
        let up = t.buyer.is_some_and(|x| Some(x as usize) == seller);
        let other = if up { Some(from) } else { t.buyer.filter(|_| Some(from as usize) == seller) };
        let Some(other) = other else { continue };
        let e = sums.entry((up, other, product)).or_insert((BTreeSet::new(), 0.0, f64::INFINITY, 0.0));
        e.0.insert(t.day);
        e.1 += t.quantity.unwrap_or(0.0);
        e.2 = e.2.min(t.price);
        e.3 = e.3.max(t.price);
    }
    let row = |((up, who, product), (days, quantity, low, high)): ((bool, u32, &str), Traded)| {
        let s = &r.panel.sellers[who as usize];
        json!({"up": up, "id": masked(&s.id), "name": s.name, "product": product, "days": days.len(), "quantity": quantity, "low": low, "high": high})
    };
    sums.into_iter().rev().map(row).collect()
}
