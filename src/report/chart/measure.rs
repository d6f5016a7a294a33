//! What a rule looks at where it is no price: the fee of an order, or the stock, over what is allowed.

use anyhow::Result;

use super::curves::{Curve, Curves, curves};
use super::frame::{ACCENT, Area, BLUE, footer, headed, pick};
use super::pen::Stroke;
use super::{Picture, Readings};
use crate::model::{Measure, Observed};
use crate::report::Results;

/// What the first rule of a picture measured on its first series, where that is `what` and something is above.
pub fn told<'a>(r: &'a Results<'_>, x: &Picture<'_>, what: Observed) -> Option<&'a Measure> {
    let mine = |j: &&crate::model::Judged| j.series == x.series[0] && x.rules.contains(&r.rules[j.rule].id);
    r.judged.iter().filter(mine).filter_map(|j| j.over()).find(|m| m.observed == what)
}

/// Fee or stock of the picture's rule: what is drawn, and its measure.
pub fn other<'a>(r: &'a Results<'_>, x: &Picture<'_>) -> Option<(Observed, &'a Measure)> {
    [Observed::Fee, Observed::Stock].into_iter().find_map(|what| Some((what, told(r, x, what)?)))
}

/// Draws it.
pub fn draw(area: &Area<'_>, r: &Results<'_>, x: &Picture<'_>, what: Observed, m: &Measure) -> Result<Readings> {
    let p = r.panel.points(&r.panel.series[x.series[0]]);
    let currency = r.panel.currency.get(r.lang);
    let (name, unit, values) = match what {
        Observed::Fee => {
            (pick(r.lang, "每单收费", "fee per order"), pick(r.lang, &format!("{currency}/单"), currency), p.fee)
        }
        _ => {
            let per = r.panel.price_unit(x.cell).get(r.lang).to_owned();
            (pick(r.lang, "库存", "stock"), per.split_once('/').map_or(String::new(), |u| u.1.to_owned()), p.stock)
        }
    };
    headed(area, x, &format!("{unit} · {name}"))?;
    let points = p.day.iter().copied().zip(values.iter().copied()).filter(|v| v.1.is_finite()).collect();
    let line = |label, points, colour, dash| {
        let own = str::is_empty(dash);
        let stroke = Stroke { colour, width: if own { 2 } else { 1 }, dash };
        Curve { label, points, stroke, dotted: own }
    };
    let allowed = m.over.iter().map(|o| (o.day.0, o.allowed)).collect();
    let all = vec![
        line(pick(r.lang, "规则允许", "allowed by the rule"), allowed, BLUE, "8 2 2 2"),
        line(name, points, ACCENT, ""),
    ];
    let (steps, marks) = (Vec::new(), Vec::new());
    let readings =
        curves(area, &Curves { curves: all, market: &[], rows: &[], steps, marks, hold: r.panel.hold_days })?;
    footer(area, r, x)?;
    Ok(readings)
}
