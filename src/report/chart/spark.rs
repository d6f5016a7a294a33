//! A small line without axes: how a market moved. One scale for all, so that places can be compared.

use std::fmt::Write as _;

/// Pixels of the picture, and the share of the first value at its lower and upper edge.
const SIZE: (f64, f64) = (140.0, 34.0);
const SCALE: (f64, f64) = (0.5, 2.5);

/// SVG of values whose first is 1; what leaves the scale stays at its edge.
pub fn spark(points: &[(i32, f64)]) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    let days = f64::from((last.0 - first.0).max(1));
    let y = |v: f64| {
        let share = (v.ln() - SCALE.0.ln()) / (SCALE.1.ln() - SCALE.0.ln());
        SIZE.1 - 2.0 - share.clamp(0.0, 1.0) * (SIZE.1 - 4.0)
    };
    let mut d = String::new();
    for (i, (day, value)) in points.iter().enumerate() {
        let x = f64::from(day - first.0) / days * SIZE.0;
        let _ = write!(d, "{}{x:.0},{:.1}", if i == 0 { "M" } else { "L" }, y(value / first.1));
    }
    format!(
        r##"<svg viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true"><path d="M0,{base:.1}H{}" stroke="#c3cad1" fill="none"/><path d="{d}" stroke="#1b2631" stroke-width="1.5" fill="none" vector-effect="non-scaling-stroke"/></svg>"##,
        SIZE.0,
        SIZE.1,
        SIZE.0,
        base = y(1.0)
    )
}
