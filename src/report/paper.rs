//! A short document of headings, lists and tables, as Markdown and as a page: texts from files are never markup.

use anyhow::Result;
use serde_json::{Value, json};

use super::{font, html, view};
use crate::model::Lang;

/// A part of a document.
pub enum Part {
    /// The title.
    Title(String),
    /// A heading.
    Section(String),
    /// A paragraph.
    Text(String),
    /// A list.
    List(Vec<String>),
    /// A table: headings, rows, and what stands below it.
    Table(Vec<String>, Vec<Vec<String>>, Option<String>),
}

/// The parts as Markdown.
pub fn markdown(parts: &[Part]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.iter().map(|c| literal(c)).collect::<Vec<_>>().join(" | "));
    let one = |part: &Part| match part {
        Part::Title(t) => format!("# {}\n", literal(t)),
        Part::Section(t) => format!("\n## {}\n\n", literal(t)),
        Part::Text(t) => format!("\n{}\n", literal(t)),
        Part::List(items) => items.iter().map(|i| format!("- {}\n", literal(i))).collect(),
        Part::Table(head, rows, below) => {
            let rule = format!("|{}\n", "---|".repeat(head.len()));
            let rows: String = rows.iter().map(|r| line(r)).collect();
            let below = below.as_ref().map_or(String::new(), |b| format!("\n**{}**\n", literal(b)));
            format!("\n{}{rule}{rows}{below}", line(head))
        }
    };
    parts.iter().map(one).collect()
}

/// Text that Markdown shows as it is.
fn literal(text: &str) -> String {
    let mut out = String::new();
    for c in font::plain(text).chars() {
        match c {
            '\\' | '|' | '`' | '*' | '#' | '~' => out.extend(['\\', c]),
            '(' if out.ends_with(']') => out.extend(['\\', c]),
            '<' => out += "&lt;",
            '&' => out += "&amp;",
            _ => out.push(c),
        }
    }
    out
}

/// The parts as a page that prints on A4.
pub fn page(parts: &[Part], lang: Lang) -> Result<String> {
    let one = |part: &Part| -> Value {
        match part {
            Part::Title(t) => json!({"h1": font::plain(t)}),
            Part::Section(t) => json!({"h2": font::plain(t)}),
            Part::Text(t) => json!({"p": font::plain(t)}),
            Part::List(items) => json!({"ul": items.iter().map(|i| font::plain(i)).collect::<Vec<_>>()}),
            Part::Table(head, rows, below) => {
                let rows: Vec<Vec<String>> = rows.iter().map(|r| r.iter().map(|c| font::plain(c)).collect()).collect();
                json!({"head": head, "rows": rows, "below": below})
            }
        }
    };
    let title = parts.iter().find_map(|p| if let Part::Title(t) = p { Some(font::plain(t)) } else { None });
    let data = json!({"style": include_str!("page.css"), "lang": if lang == Lang::Zh { "zh-CN" } else { "en" },
        "title": title, "parts": parts.iter().map(one).collect::<Vec<_>>(), "w": view::words(lang)?});
    html::render(include_str!("paper.html.jinja"), data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_not_markup() {
        assert_eq!(literal("a|b <script> [x](y)"), "a\\|b &lt;script> [x]\\(y)");
    }
}
