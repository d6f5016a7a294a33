//! leads.csv and rejects.csv. Text that a spreadsheet would run as a formula gets a leading apostrophe.

use anyhow::{Context as _, Result};

use super::{Results, weekly};
use crate::model::{Lang, Lead};

/// The columns of leads.csv, in order.
pub const LEAD_COLUMNS: [&str; 27] = [
    "lead_id",
    "kind",
    "score",
    "p_value",
    "q_value",
    "region",
    "market",
    "product",
    "sellers",
    "first_date",
    "last_date",
    "reference_price",
    "observed_price",
    "increase_pct",
    "excess_amount",
    "screens",
    "rules",
    "cost_explained",
    "data_quality",
    "summary",
    "jurisdiction",
    "jurisdiction_name",
    "status",
    "since",
    "change",
    "disposition",
    "seller_names",
];

/// Harmless in Excel and WPS; what nobody can see is told by its code.
pub fn safe(text: &str) -> String {
    let plain = super::font::plain(text);
    if plain.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) { format!("'{plain}") } else { plain }
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.filter(|v| v.is_finite()).map_or(String::new(), |v| format!("{v:.digits$}"))
}

/// A p- or q-value: eight decimals, or three digits where these would be lost.
fn chance(value: Option<f64>) -> String {
    match value {
        Some(p) if p > 0.0 && p < 1e-4 => format!("{p:.2e}"),
        p => number(p, 8),
    }
}

/// leads.csv.
pub fn leads(r: &Results<'_>) -> Result<Vec<u8>> {
    some_leads(r, r.leads.iter())
}

/// The same by jurisdiction: code, bytes. Leads without one are under `none`.
pub fn leads_by_jurisdiction(r: &Results<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    let code = |l: &Lead| r.regions.get(&l.region).map_or("none".to_owned(), |c| c.0.clone());
    let codes: std::collections::BTreeSet<String> = r.leads.iter().map(code).collect();
    codes.into_iter().map(|c| Ok((c.clone(), some_leads(r, r.leads.iter().filter(|l| code(l) == c))?))).collect()
}

fn some_leads<'a>(r: &Results<'_>, leads: impl Iterator<Item = &'a Lead>) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(LEAD_COLUMNS)?;
    for l in leads {
        let [status, since, change, disposition] = weekly::cells(r, l);
        out.write_record([
            l.id.clone(),
            l.kind.name().to_owned(),
            number(Some(l.score), 3),
            chance(l.p_value),
            chance(l.q_value),
            safe(&l.region),
            safe(&l.market),
            safe(&l.product),
            safe(&l.sellers.join(";")),
            l.first_day.to_string(),
            l.last_day.to_string(),
            number(l.reference_price, 4),
            number(l.observed_price, 4),
            number(l.increase_pct, 1),
            number(l.excess_amount, 2),
            l.screens.join(";"),
            super::rules::ids(r, l),
            l.cost.name().to_owned(),
            format!("{:?}", l.quality),
            safe(l.summary.get(r.lang)),
            r.regions.get(&l.region).map_or(String::new(), |c| c.0.clone()),
            r.regions.get(&l.region).map_or(String::new(), |c| c.1.clone()),
            status,
            since,
            change,
            disposition,
            safe(&weekly::joined_names(l.names.iter().map(|n| &n.1))),
        ])?;
    }
    out.into_inner().context("leads.csv")
}

/// tenders.csv: every tender with its screens, the oddest first. A rank is no lead: some tender is always the oddest.
pub fn tenders(r: &Results<'_>) -> Result<Vec<u8>> {
    let all = &r.panel.tenders;
    let mut out = csv::Writer::from_writer(Vec::new());
    let named = ["tender_id", "lot", "region", "product", "date", "winner", "winning_bid", "oddness", "model_score"];
    let symbols = r.placed[0].values.iter().map(|v| v.0);
    out.write_record(named.into_iter().chain(symbols).chain(["file", "line"]))?;
    for p in r.placed {
        let (t, chance) = (&all.list[p.tender], all.model_score.as_ref().map(|m| m[p.tender]));
        let winner = all.winner(t);
        let name = all.bidder[winner].map_or(String::new(), |b| safe(&all.bidders[b as usize].1));
        let day = t.day.map_or(String::new(), |d| d.to_string());
        let row = all.row[winner];
        let mut cells = vec![safe(&t.id), safe(&t.lot), safe(&t.region), safe(&t.product), day, name];
        cells.extend([number(Some(all.amount[winner]), 4), number(Some(p.oddness), 4), number(chance, 4)]);
        cells.extend(p.values.iter().map(|v| number(v.1, 6)));
        cells.extend([safe(&r.files[row.file() as usize].path), row.line().to_string()]);
        out.write_record(cells)?;
    }
    out.into_inner().context("tenders.csv")
}

/// rejects.csv.
pub fn rejects(r: &Results<'_>) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["file", "line", "column", "value", "reason"])?;
    for reject in r.rejects {
        let file = &r.files[reject.row.file() as usize].path;
        let reason = match r.lang {
            Lang::Zh => &reject.reason.zh,
            Lang::En => &reject.reason.en,
        };
        out.write_record([&safe(file), &reject.row.line().to_string(), &reject.column, &safe(&reject.value), reason])?;
    }
    out.into_inner().context("rejects.csv")
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn formulas_are_text() {
        assert_eq!(safe("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(safe("@x\u{0}y"), "'@x[U+0000]y");
        assert_eq!(safe("广州康民药房"), "广州康民药房");
    }
}
