//! report.html: one self-contained page that opens offline, can be searched, and prints.

use std::fmt::Write as _;

use anyhow::Result;
use minijinja::{AutoEscape, Environment};
use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};
use serde_json::{Value, json};

use super::chart::{Chart, Readings, spark};
use super::{Results, font, rules, view, weekly};
use crate::model::{Basis, Lang};

/// The page. `charts` holds those of each lead.
pub fn page(r: &Results<'_>, charts: &[Vec<Chart>]) -> Result<String> {
    let mut readings = serde_json::Map::new();
    let mut leads = Vec::new();
    for (l, of) in r.leads.iter().zip(charts) {
        let mut lead = view::lead(r, l)?;
        lead["excess_amount"] = json!(view::number(l.excess_amount, 2));
        lead["charts"] = of.iter().map(|c| shown(c, &mut readings)).collect();
        leads.push(lead);
    }
    let mut data = view::head(r);
    data["style"] = json!(include_str!("page.css"));
    data["script"] = json!(include_str!("report.js"));
    data["weekly"] = json!(weekly::section(r));
    data["w"] = view::words(r.lang)?;
    data["has_status"] = json!(leads.iter().any(|l| l["status"].is_string()));
    data["leads"] = json!(leads);
    data["has_excess"] = json!(r.leads.iter().any(|l| l.excess_amount.is_some()));
    data["kinds"] = json!(view::by_kind(r));
    data["events"] = json!(view::events(r));
    data["places"] = places(r);
    data["screens"] = json!(view::screens(r)?);
    data["rules"] = json!(rules::summary(r));
    data["readings"] = json!(inert(&Value::Object(readings))?);
    render(include_str!("report.html.jinja"), data)
}

/// A template filled in, everything escaped, with the characters it uses as embedded fonts.
pub fn render(template: &str, data: Value) -> Result<String> {
    let mut env = Environment::new();
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.add_filter("markdown", |text: &str| minijinja::Value::from_safe_string(markdown(text)));
    env.add_template("weekly", include_str!("weekly.html.jinja"))?;
    env.add_template("course", include_str!("course.html.jinja"))?;
    env.add_template("page", template)?;
    let body = env.get_template("page")?.render(minijinja::Value::from(minijinja::value::Serde(data)))?;
    let mut faces = String::new();
    for (i, base64) in font::subsets_base64(&body)?.into_iter().enumerate() {
        let name = ["pw", "pw2"][i.min(1)];
        let _ = writeln!(
            faces,
            r#"@font-face {{ font-family: "{name}"; src: url(data:font/otf;base64,{base64}) format("opentype"); }}"#
        );
    }
    // A slash needs no escape, and a thousand leads have many.
    Ok(body.replace("&#x2f;", "/").replacen("@@FONTS@@", &faces, 1))
}

/// A page of a screen as HTML: under the heading it stands below, line by line as it is written.
fn markdown(text: &str) -> String {
    let body = text.split_once("\n## ").map_or(text.to_owned(), |(_, body)| format!("## {body}"));
    let events = Parser::new(&body).map(|event| match event {
        Event::Start(Tag::Heading { id, classes, attrs, .. }) => {
            Event::Start(Tag::Heading { level: HeadingLevel::H4, id, classes, attrs })
        }
        Event::End(TagEnd::Heading(_)) => Event::End(TagEnd::Heading(HeadingLevel::H4)),
        Event::SoftBreak => Event::HardBreak,
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        other => other,
    });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    html
}

/// JSON that cannot end the script it stands in.
fn inert(value: &Value) -> Result<String> {
    let text = serde_json::to_string(value)?;
    Ok(text.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"))
}

fn shown(chart: &Chart, readings: &mut serde_json::Map<String, Value>) -> Value {
    let key = chart.readings.as_ref().map(|values| {
        let key = chart.name.rsplit('/').next().unwrap_or(&chart.name).to_owned();
        readings.insert(key.clone(), packed(values));
        key
    });
    json!({"svg": chart.in_page(), "key": key})
}

/// Values day by day: nothing = as before, `-` = unknown; gaps between days likewise.
fn packed(r: &Readings) -> Value {
    let days: std::collections::BTreeSet<i32> = r.columns.iter().flat_map(|c| c.points.iter().map(|p| p.0)).collect();
    let days: Vec<i32> = days.into_iter().collect();
    let gaps = days.windows(2).map(|w| (w[1] - w[0]).to_string());
    let column = |points: &[(i32, f64)]| {
        let mut next = points.iter().peekable();
        let at = |day: &i32| {
            while next.next_if(|p| p.0 < *day).is_some() {}
            next.next_if(|p| p.0 == *day).map_or("-".to_owned(), |p| figure(p.1))
        };
        sparse(days.iter().map(at).collect::<Vec<_>>())
    };
    json!({"f": r.frame, "lo": r.days.0, "hi": r.days.1, "d0": days.first(), "s": sparse(gaps.collect()),
        "n": r.columns.iter().map(|c| &c.label).collect::<Vec<_>>(),
        "v": r.columns.iter().map(|c| column(&c.points)).collect::<Vec<_>>()})
}

fn sparse(values: Vec<String>) -> String {
    let mut last = String::new();
    let each = values.into_iter().map(|v| {
        if v == last {
            String::new()
        } else {
            v.clone_into(&mut last);
            v
        }
    });
    each.collect::<Vec<_>>().join(",")
}

/// Two decimals, more where the price is below one.
fn figure(v: f64) -> String {
    let text = if v.abs() < 1.0 { format!("{v:.4}") } else { format!("{v:.2}") };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Places with their leads and how the market of their widest good moved.
fn places(r: &Results<'_>) -> Value {
    let mut places = view::by_place(r);
    let name = |region: &str| view::place(r, region);
    let widest = |place: &str| {
        let of = r.panel.cells.iter().filter(|c| c.comparable && name(&c.region) == place && c.market.len() > 1);
        of.max_by_key(|c| (c.series.len(), std::cmp::Reverse(&c.product)))
    };
    for p in &mut places {
        let Some(cell) = widest(p["name"].as_str().unwrap_or("")) else {
            p["spark"] = json!("");
            p["change"] = Value::Null;
            continue;
        };
        let points: Vec<(i32, f64)> = cell.market.iter().map(|d| (d.day.0, d.index.exp())).collect();
        let change = (points.last().map_or(1.0, |l| l.1) / points[0].1 - 1.0) * 100.0;
        let basis = match (cell.basis, r.lang) {
            (Basis::Net, Lang::Zh) => "成交价",
            (Basis::Net, Lang::En) => "charged",
            (Basis::Posted, Lang::Zh) => "标价",
            (Basis::Posted, Lang::En) => "posted",
        };
        p["good"] = json!(format!("{} {basis}", view::shown(cell.label.get(r.lang))));
        p["change"] = json!(format!("{change:+.0}%"));
        p["spark"] = json!(spark(&points));
    }
    json!(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_every_word_and_every_word_is_used() {
        let words: toml::Table = toml::from_str(include_str!("words.toml")).unwrap();
        let keys = |lang: &str| words[lang].as_table().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys("zh"), keys("en"));
        let templates = [
            include_str!("report.html.jinja"),
            include_str!("bulletin.typ"),
            include_str!("dossier/page.html.jinja"),
            include_str!("dossier/index.html.jinja"),
        ];
        let lists =
            ["m_", "s_", "f_", "u_", "pu_", "pn_", "do_", "c_", "b_", "l_", "p_", "r_", "n_", "d_", "k_", "st_"];
        for key in keys("zh") {
            let used = templates.iter().any(|t| t.contains(&format!("w.{key}")));
            assert!(used || lists.iter().any(|list| key.starts_with(list)), "{key} is not used");
        }
    }

    /// A parameter, a unit or a fact without words would be English on a Chinese page.
    #[test]
    fn every_parameter_has_words() {
        let words: toml::Table = toml::from_str(include_str!("words.toml")).unwrap();
        for screen in crate::detect::SCREENS {
            for p in screen.params {
                for key in [format!("pn_{}", p.name), format!("pu_{}", p.unit)] {
                    assert!(words["zh"].get(&key).is_some() && words["en"].get(&key).is_some(), "{}: {key}", screen.id);
                }
            }
        }
    }

    #[test]
    fn pages_are_set_not_quoted() {
        let html = markdown("# Title (id)\n\n## Flags\nOne `a_b` < 2\ntwo <b>\n");
        assert_eq!(html, "<h4>Flags</h4>\n<p>One <code>a_b</code> &lt; 2<br />\ntwo &lt;b&gt;</p>\n");
    }

    #[test]
    fn values_are_told_once() {
        assert_eq!(sparse(["4.5", "4.5", "-", "5"].map(str::to_owned).to_vec()), "4.5,,-,5");
        assert_eq!(figure(0.125), "0.125");
        assert_eq!(figure(12.0), "12");
    }

    #[test]
    fn data_cannot_end_their_script() {
        assert_eq!(inert(&json!({"a": "</script>"})).unwrap(), "{\"a\":\"\\u003c/script>\"}");
    }
}
