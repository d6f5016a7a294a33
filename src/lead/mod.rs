//! What to look at first? Findings of screens that lead alone become leads, ranked within their kind.

mod innocent;
mod supply;

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use crate::model::{
    Check, CostExplained, Finding, Grade, Kind, Lead, Panel, Party, PriceUnit, Screen, State, Subject, Text, Trade,
};

/// Ranked leads (see [`sort`]). Findings on one subject are one lead, told by
/// the strongest. `trades`: sales between sellers of the files, where any were read.
pub fn rank(panel: &Panel, screens: &[&Screen], findings: &[Finding], trades: &[Trade]) -> Vec<Lead> {
    let alone = |f: &Finding| {
        f.rule.is_some()
            || f.party.is_some() && f.kind != Kind::Tender
            || screens.iter().any(|s| s.id == f.screen && s.leads_alone)
    };
    let mut subjects: BTreeMap<(Kind, &Subject, Option<&Party>), Vec<usize>> = BTreeMap::new();
    for (i, f) in findings.iter().enumerate() {
        subjects.entry((f.kind, subject(panel, findings, f), f.party.as_ref())).or_default().push(i);
    }
    subjects.retain(|_, of| of.iter().any(|i| alone(&findings[*i])));
    let mut leads: Vec<Lead> = subjects.into_values().map(|of| merged(panel, screens, findings, trades, of)).collect();
    sort(&mut leads);
    leads
}

/// In the order of the list: by kind, what the data explain last, then score, higher first; ties by id.
pub fn sort(leads: &mut [Lead]) {
    let order = |l: &Lead| (l.kind, l.innocent.iter().any(|c| c.state == State::Yes));
    leads.sort_by(|a, b| order(a).cmp(&order(b)).then(b.score.total_cmp(&a.score)).then(a.id.cmp(&b.id)));
}

/// The screen of groups that move together in several goods.
const ACROSS_GOODS: &str = "rises-across-goods";

/// About whom a finding is. What one of the goods shows of a group that moves together in several (two thirds of its
/// sellers or more) is about that group.
fn subject<'a>(panel: &Panel, findings: &'a [Finding], f: &'a Finding) -> &'a Subject {
    if f.kind != Kind::Collusion || f.screen == ACROSS_GOODS {
        return &f.subject;
    }
    let sellers =
        |of: &Subject| -> BTreeSet<u32> { of.series.iter().map(|s| panel.entity(&panel.series[*s])).collect() };
    let cell = |s: &usize| panel.series[*s].cell as usize;
    let own = sellers(&f.subject);
    let same = |group: &&Subject| {
        let one_of_its = group.series.iter().any(|s| Some(cell(s)) == f.subject.cell);
        one_of_its && own.intersection(&sellers(group)).count() * 3 >= own.len() * 2
    };
    let groups = findings.iter().filter(|g| g.screen == ACROSS_GOODS).map(|g| &g.subject);
    groups.into_iter().find(same).unwrap_or(&f.subject)
}

/// Takes in the series of a further finding, those of the good it is told by first.
fn extend(panel: &Panel, lead: &mut Lead, f: &Finding) {
    let more: Vec<usize> = f.subject.series.iter().copied().filter(|s| !lead.series.contains(s)).collect();
    if lead.kind != Kind::Collusion || more.is_empty() {
        return;
    }
    lead.series.extend(more);
    let told = lead.cell;
    let cell = |s: &usize| panel.series[*s].cell as usize;
    lead.series.sort_by_key(|s| (Some(cell(s)) != told, cell(s), *s));
    let seller = |s: &usize| &panel.sellers[panel.series[*s].seller as usize];
    let names: BTreeSet<(String, String)> =
        lead.series.iter().map(seller).map(|s| (s.id.clone(), s.name.clone())).collect();
    lead.names = names.into_iter().collect();
    lead.sellers = lead.names.iter().map(|n| n.0.clone()).collect();
}

fn merged(panel: &Panel, screens: &[&Screen], findings: &[Finding], trades: &[Trade], mut of: Vec<usize>) -> Lead {
    // What was measured against the market comes first (over several goods before one), then what a rule says.
    let order = |i: usize| ((findings[i].rule.is_some(), findings[i].screen != ACROSS_GOODS), -findings[i].score);
    of.sort_by(|a, b| order(*a).0.cmp(&order(*b).0).then(order(*a).1.total_cmp(&order(*b).1)).then(a.cmp(b)));
    let mut lead = lead(panel, of[0], &findings[of[0]], trades);
    add_exemptions(&mut lead, &findings[of[0]]);
    for &i in &of[1..] {
        let f = &findings[i];
        lead.screens.push(f.screen);
        lead.rules.extend(f.rule.clone());
        add_exemptions(&mut lead, f);
        extend(panel, &mut lead, f);
        lead.score = lead.score.max(f.score);
        if lead.cost == CostExplained::Unknown {
            lead.cost = f.cost;
        }
        let more = also(panel, screens, &findings[of[0]], f);
        lead.summary.zh += &more.zh;
        lead.summary.en += &format!(" {}", more.en);
        lead.p_value = lead.p_value.or(f.p_value);
        lead.q_value = lead.q_value.or(f.q_value);
        lead.excess_amount = lead.excess_amount.or(f.excess_amount);
    }
    lead.screens.sort_unstable();
    lead.screens.dedup();
    lead.rules.sort();
    lead.rules.dedup();
    lead.findings = of;
    lead
}

/// Screens that measure one thing: how far a price stands above its market.
const ABOVE_MARKET: [&str; 2] = ["dated-step", "sustained-excess"];

/// What a further finding adds. Where it measures the same rise once more, only when it began: prices and cost have
/// been told.
fn also(panel: &Panel, screens: &[&Screen], first: &Finding, f: &Finding) -> Text {
    let title = screens.iter().find(|s| s.id == f.screen).map_or((f.screen, f.screen), |s| s.title);
    if let Some(cell) = f.subject.cell.filter(|_| first.screen == ACROSS_GOODS) {
        let good = &panel.cells[cell].label;
        return Text::new(
            format!("其中{}单独检验也成立（计算见证据包）。", good.zh),
            format!("{} by itself passes the test too (the evidence folder has its calculation).", good.en),
        );
    }
    if ![first, f].iter().all(|f| ABOVE_MARKET.contains(&f.screen)) {
        return f.reason.clone();
    }
    let (zh, en) = match f.steps.first().filter(|_| f.screen == ABOVE_MARKET[0]) {
        Some(step) => (
            format!("与所比的基准相比，最大的一步在 {} 之后、不迟于 {}", step.last_old, step.first_new),
            format!(
                "against what it is compared with the largest step came after {} and not later than {}",
                step.last_old, step.first_new
            ),
        ),
        None => (format!("自 {} 起高于市场", f.window.0), format!("it stands above the market from {} on", f.window.0)),
    };
    Text::new(format!("“{}”筛查也有发现：{zh}。", title.0), format!("\"{}\" finds it too: {en}.", title.1))
}

/// A rule's exemptions are explanations to rule out, once each.
fn add_exemptions(lead: &mut Lead, f: &Finding) {
    for text in &f.innocent {
        if lead.innocent.iter().all(|c| c.text != *text) {
            lead.innocent.push(Check { text: text.clone(), state: State::Unknown });
        }
    }
}

fn lead(panel: &Panel, index: usize, f: &Finding, trades: &[Trade]) -> Lead {
    let place = Place::new(panel, f);
    let Place { region, market, product, names, basis } = place;
    let sellers: Vec<String> = names.iter().map(|n| n.0.clone()).collect();
    let key = format!("{}|{}|{region}|{product}|{}|{basis}", f.kind.name(), sellers.join(";"), f.window.0);
    let (quality, quality_notes) = grade(panel, f);
    let explanations = innocent::explanations(panel, f, trades);
    let increase = f.reference_price.zip(f.observed_price).map(|(old, new)| (new / old - 1.0) * 100.0);
    Lead {
        id: format!("{}{:010x}", letter(f.kind), xxh3_64(key.as_bytes()) >> 24),
        kind: f.kind,
        score: f.score,
        p_value: f.p_value,
        q_value: f.q_value,
        cell: f.subject.cell,
        series: f.subject.series.clone(),
        region,
        market,
        product,
        sellers,
        names,
        first_day: f.window.0,
        last_day: f.window.1,
        reference_price: f.reference_price,
        observed_price: f.observed_price,
        increase_pct: increase,
        excess_amount: f.excess_amount,
        screens: vec![f.screen],
        rules: f.rule.iter().cloned().collect(),
        cost: f.cost,
        quality,
        quality_notes,
        summary: f.reason.clone(),
        findings: vec![index],
        next_steps: innocent::next_steps(f, &explanations),
        innocent: explanations.into_iter().map(|e| e.check).collect(),
        course: None,
    }
}

/// Where and about whom a finding is.
struct Place {
    region: String,
    market: String,
    product: String,
    names: Vec<(String, String)>,
    basis: String,
}

impl Place {
    fn new(panel: &Panel, f: &Finding) -> Place {
        let Some(cell) = f.subject.cell.map(|c| &panel.cells[c]) else {
            let party = f.party.as_ref();
            let text = |of: fn(&Party) -> &String| party.map_or(String::new(), |p| of(p).clone());
            let names = party.map_or(Vec::new(), |p| p.sellers.clone());
            let (region, product) = (text(|p| &p.region), text(|p| &p.product));
            return Place { region, market: String::new(), product, names, basis: f.screen.to_owned() };
        };
        let one = |mut values: Vec<&String>| -> String {
            values.sort();
            values.dedup();
            if values.len() == 1 { values[0].clone() } else { String::new() }
        };
        let all = || f.subject.series.iter().map(|&s| &panel.series[s]);
        let product = one(all().map(|s| &panel.items[s.item as usize].product).collect());
        let product = if product.is_empty() { cell.product.clone() } else { product };
        let market = one(all().map(|s| &s.market).collect());
        let seller = |s: u32| (panel.sellers[s as usize].id.clone(), panel.sellers[s as usize].name.clone());
        let mut names: Vec<(String, String)> = all().map(|s| seller(s.seller)).collect();
        names.sort();
        names.dedup();
        Place { region: cell.region.clone(), market, product, names, basis: format!("{:?}", cell.basis) }
    }
}

/// First letter of a lead id.
fn letter(kind: Kind) -> &'static str {
    match kind {
        Kind::Collusion => "C",
        Kind::PriceFraud => "F",
        Kind::Certification => "Z",
        Kind::Tender => "T",
        Kind::Gouging | Kind::MarketEvent => "G",
    }
}

fn grade(panel: &Panel, f: &Finding) -> (Grade, Vec<Text>) {
    let Some(cell) = f.subject.cell.map(|c| &panel.cells[c]) else { return (Grade::B, Vec::new()) };
    let mut notes = Vec::new();
    let peers = cell.market.iter().map(|d| d.n).max().unwrap_or(0);
    if peers < 10 {
        notes.push(Text::new(format!("同类序列最多 {peers} 个"), format!("at most {peers} comparable series")));
    }
    if cell.unit == PriceUnit::Unstated {
        notes.push(Text::new("计量单位未注明", "no unit stated"));
    }
    let points: usize = f.subject.series.iter().map(|&s| panel.series[s].points.len()).sum();
    let mean = points / f.subject.series.len().max(1);
    if mean < 20 {
        notes.push(Text::new(
            format!("平均每个序列 {mean} 天有价格"),
            format!("{mean} days with a price per series on average"),
        ));
    }
    let grade = [Grade::A, Grade::B][notes.len().min(1)];
    (if notes.len() > 1 { Grade::C } else { grade }, notes)
}
