//! How right is a run? Leads against known truth.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::model::Lead;

/// Counts and scores of one kind; `None` where undefined (no leads, or nothing planted).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Score {
    /// Planted cases.
    pub planted: usize,
    /// Leads.
    pub leads: usize,
    /// Leads that match a planted case, one to one.
    pub right: usize,
    /// Average precision in the order of the list.
    pub average_precision: Option<f64>,
}

impl Score {
    /// Share of leads that are right.
    pub fn precision(&self) -> Option<f64> {
        (self.leads > 0).then(|| self.right as f64 / self.leads as f64)
    }

    /// Share of planted cases found.
    pub fn recall(&self) -> Option<f64> {
        (self.planted > 0).then(|| self.right as f64 / self.planted as f64)
    }

    /// Takes in the score of another market: counts add up, average precision is weighted by what was planted.
    pub fn add(&mut self, other: &Score) {
        let weigh = |s: &Score| s.average_precision.map(|a| a * s.planted as f64);
        let sum = [weigh(self), weigh(other)].into_iter().flatten().reduce(|a, b| a + b);
        self.planted += other.planted;
        self.leads += other.leads;
        self.right += other.right;
        self.average_precision = sum.map(|s| s / self.planted as f64);
    }

    /// Harmonic mean of the two.
    pub fn f1(&self) -> Option<f64> {
        (self.leads + self.planted > 0).then(|| 2.0 * self.right as f64 / (self.leads + self.planted) as f64)
    }
}

/// Both kinds.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scores {
    /// Single sellers: seller, region and product must agree. Leads on members of a planted group in its own
    /// market count neither way.
    pub gouging: Score,
    /// Groups: same region and a product of the group, Jaccard of sellers ≥ 0.5.
    pub collusion: Score,
    /// Pairs of sellers of one region and product: planted in a group, and led in a group.
    pub pairs: Score,
    /// Planted groups with three or more joint rises, and how many of them are found.
    pub repeated: (usize, usize),
    /// Other planted conducts, seller by seller: name and score, where the truth has any.
    pub conducts: Vec<(&'static str, Score)>,
}

/// Conduct in truth.json → beginnings of the screens and tests that are to find it.
const CONDUCTS: [(&str, &[&str]); 7] = [
    ("hoarding", &["stock-ratio"]),
    ("tie_in", &["bundle"]),
    ("fee_shift", &["fee-shift"]),
    ("false_discount", &["list-price", "raised-first"]),
    ("marked_low", &["marked-charged"]),
    (
        "certification",
        &["certificate-body", "certificate-fee", "certificate-number", "certificate-s", "certificate-validity"],
    ),
    ("certification_body", &["certificate-trace"]),
];

/// One score per conduct the truth knows: who should be found against who is.
fn conducts(truth: &Value, leads: &[Row]) -> Vec<(&'static str, Score)> {
    let cases: Vec<&Value> = truth["conducts"].as_array().into_iter().flatten().collect();
    let score = |(name, screens): &(&'static str, &[&str])| {
        let key = if *name == "certification_body" { "product" } else { "seller_id" };
        let planted: BTreeSet<&str> =
            cases.iter().filter(|c| c["conduct"] == *name).filter_map(|c| c[key].as_str()).collect();
        let by = |l: &&Row| l.screens.iter().any(|s| screens.iter().any(|b| s.starts_with(b)));
        let who =
            |l: &Row| if key == "product" { vec![l.product.clone()] } else { l.sellers.iter().cloned().collect() };
        let found: BTreeSet<String> = leads.iter().filter(by).flat_map(who).collect();
        let right = found.iter().filter(|f| planted.contains(f.as_str())).count();
        (*name, Score { planted: planted.len(), leads: found.len(), right, average_precision: None })
    };
    if cases.is_empty() { Vec::new() } else { CONDUCTS.iter().map(score).collect() }
}

#[derive(Clone)]
struct Row {
    kind: String,
    screens: BTreeSet<String>,
    region: String,
    product: String,
    /// Of a planted group that acts in several goods: any of them names it.
    products: BTreeSet<String>,
    sellers: BTreeSet<String>,
}

impl Row {
    /// Does a lead name the market of this case?
    fn is_about(&self, lead: &Row) -> bool {
        self.region == lead.region && (self.product == lead.product || self.products.contains(&lead.product))
    }
}

/// Scores the text of leads.csv against the text of truth.json.
pub fn evaluate(truth: &str, leads: &str) -> Result<Scores> {
    scores(truth, &rows(leads)?)
}

/// Scores leads in memory.
pub fn leads(truth: &str, leads: &[Lead]) -> Result<Scores> {
    let row = |l: &Lead| Row {
        kind: l.kind.name().to_owned(),
        screens: l.screens.iter().map(|s| (*s).to_owned()).collect(),
        region: l.region.clone(),
        product: l.product.clone(),
        products: BTreeSet::new(),
        sellers: l.sellers.iter().cloned().collect(),
    };
    scores(truth, &leads.iter().map(row).collect::<Vec<_>>())
}

fn scores(truth: &str, leads: &[Row]) -> Result<Scores> {
    let truth: Value = serde_json::from_str(truth).context("truth.json")?;
    let single = planted(&truth, "gouging", |case| case["seller_id"].as_str().into_iter().map(str::to_owned).collect());
    let groups = planted(&truth, "collusion", |case| {
        case["sellers"].as_array().into_iter().flatten().filter_map(|s| s.as_str().map(str::to_owned)).collect()
    });
    let in_group = |l: &Row| groups.iter().any(|g| g.is_about(l) && l.sellers.is_subset(&g.sellers));
    let gouging: Vec<&Row> = leads.iter().filter(|l| l.kind == "gouging" && !in_group(l)).collect();
    let collusion: Vec<&Row> = leads.iter().filter(|l| l.kind == "collusion").collect();
    let (taken, of_groups) = score(&collusion, &groups, 0.5);
    let rises = truth["collusion"].as_array().into_iter().flatten().map(|c| c["dates"].as_array().map_or(0, Vec::len));
    let repeated: Vec<bool> = rises.zip(taken).filter(|(rises, _)| *rises >= 3).map(|(_, taken)| taken).collect();
    Ok(Scores {
        gouging: score(&gouging, &single, 1.0).1,
        collusion: of_groups,
        pairs: of_pairs(&collusion, &groups),
        repeated: (repeated.len(), repeated.iter().filter(|found| **found).count()),
        conducts: conducts(&truth, leads),
    })
}

fn planted(truth: &Value, kind: &str, sellers: impl Fn(&Value) -> BTreeSet<String>) -> Vec<Row> {
    let text = |case: &Value, key: &str| case[key].as_str().unwrap_or("").to_owned();
    let cases = truth[kind].as_array().into_iter().flatten();
    cases
        .map(|c| Row {
            kind: kind.to_owned(),
            screens: BTreeSet::new(),
            region: text(c, "region"),
            product: text(c, "product"),
            products: c["products"].as_array().into_iter().flatten().filter_map(|p| Some(p.as_str()?.into())).collect(),
            sellers: sellers(c),
        })
        .collect()
}

fn rows(leads: &str) -> Result<Vec<Row>> {
    let mut reader = csv::Reader::from_reader(leads.as_bytes());
    let header = reader.headers()?.clone();
    let at = |name: &str| header.iter().position(|h| h == name).with_context(|| format!("leads.csv: {name}"));
    let (kind, region, product, sellers) = (at("kind")?, at("region")?, at("product")?, at("sellers")?);
    let screens = at("screens").unwrap_or(usize::MAX);
    let mut out = Vec::new();
    for r in reader.records() {
        let r = r?;
        let cell = |i: usize| r.get(i).unwrap_or("").to_owned();
        out.push(Row {
            kind: cell(kind),
            screens: cell(screens).split(';').map(str::to_owned).collect(),
            region: cell(region),
            product: cell(product),
            products: BTreeSet::new(),
            sellers: cell(sellers).split(';').map(str::to_owned).collect(),
        });
    }
    Ok(out)
}

fn jaccard(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
    let both = a.intersection(b).count() as f64;
    both / (a.len() as f64 + b.len() as f64 - both)
}

/// Every two sellers of a group, once.
fn of_pairs(leads: &[&Row], planted: &[Row]) -> Score {
    fn pairs<'a>(groups: impl Iterator<Item = &'a Row>) -> BTreeSet<[&'a str; 4]> {
        let of_group = |g: &'a Row| {
            let two = move |a: &'a String| {
                let after = g.sellers.range::<String, _>((std::ops::Bound::Excluded(a), std::ops::Bound::Unbounded));
                after.map(move |b| [g.region.as_str(), &g.product, a, b])
            };
            g.sellers.iter().flat_map(two)
        };
        groups.flat_map(of_group).collect()
    }
    // A group in several goods is told by any of them.
    let as_planted = |lead: &Row| {
        let group = planted.iter().find(|g| g.is_about(lead) && jaccard(&g.sellers, &lead.sellers) > 0.0);
        group.map_or(lead.product.clone(), |g| g.product.clone())
    };
    let named: Vec<Row> = leads.iter().map(|l| Row { product: as_planted(l), ..(*l).clone() }).collect();
    let (led, planted) = (pairs(named.iter()), pairs(planted.iter()));
    let right = led.intersection(&planted).count();
    Score { planted: planted.len(), leads: led.len(), right, average_precision: None }
}

/// Which of the planted are found, one to one, and the score.
fn score(leads: &[&Row], planted: &[Row], least: f64) -> (Vec<bool>, Score) {
    let mut taken = vec![false; planted.len()];
    let (mut right, mut sum) = (0, 0.0);
    for (rank, lead) in leads.iter().enumerate() {
        let hit = planted
            .iter()
            .enumerate()
            .find(|(i, p)| !taken[*i] && p.is_about(lead) && jaccard(&p.sellers, &lead.sellers) >= least);
        if let Some((i, _)) = hit {
            taken[i] = true;
            right += 1;
            sum += right as f64 / (rank + 1) as f64;
        }
    }
    let average_precision = (!planted.is_empty()).then(|| sum / planted.len() as f64);
    let score = Score { planted: planted.len(), leads: leads.len(), right, average_precision };
    (taken, score)
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v:.3}"));
        write!(f, "kind               planted leads right precision recall f1    average_precision")?;
        let both = [("gouging", &self.gouging), ("collusion", &self.collusion), ("collusion pairs", &self.pairs)];
        for (name, s) in both.into_iter().chain(self.conducts.iter().map(|(n, s)| (*n, s))) {
            write!(
                f,
                "\n{name:<18} {:<7} {:<5} {:<5} {:<9} {:<6} {:<5} {}",
                s.planted,
                s.leads,
                s.right,
                show(s.precision()),
                show(s.recall()),
                show(s.f1()),
                show(s.average_precision)
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_by_hand() {
        let truth = r#"{"gouging":[{"region":"r","product":"p","seller_id":"a"},{"region":"r","product":"p","seller_id":"b"}],
            "collusion":[{"region":"r","product":"p","sellers":["x","y","z"]}]}"#;
        let leads = "kind,region,product,sellers\ngouging,r,p,c\ngouging,r,p,a\ngouging,r,p,x\ncollusion,r,p,x;y\ncollusion,r,q,x;y;z\n";
        let s = evaluate(truth, leads).unwrap();
        assert_eq!((s.gouging.leads, s.gouging.right), (2, 1), "x belongs to a planted group");
        assert_eq!(s.gouging.average_precision, Some(0.25));
        assert_eq!((s.collusion.precision(), s.collusion.recall()), (Some(0.5), Some(1.0)));
        assert_eq!(
            (s.pairs.planted, s.pairs.leads, s.pairs.right),
            (3, 4, 1),
            "xy of xy, xz, yz; the three of q are wrong"
        );
        let none = evaluate(truth, "kind,region,product,sellers\n").unwrap();
        assert_eq!((none.gouging.precision(), none.gouging.recall()), (None, Some(0.0)));
    }
}
