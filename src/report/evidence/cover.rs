//! The cover sheet: what the folder is, how it was made, and the hashes of everything that went in and came out.

use super::{Files, say};
use crate::model::{Lead, masked};
use crate::report::paper::Part;
use crate::report::{Results, manifest, rules};

/// The document.
pub fn parts(r: &Results<'_>, lead: &Lead, files: &Files) -> Vec<Part> {
    let names: Vec<String> = lead.names.iter().map(|(id, name)| format!("{name} ({})", masked(id))).collect();
    let clauses = rules::clauses(r, lead);
    let item = |what: String, value: String| format!("{what}: {value}");
    let program = format!("pricewatch {}, {} {}", env!("CARGO_PKG_VERSION"), say(r, "种子", "seed"), r.context.seed);
    let about = vec![
        item(say(r, "经营者", "sellers"), names.join(", ")),
        item(say(r, "地区与商品", "region and good"), format!("{} {}", lead.region, lead.product)),
        item(say(r, "日期", "dates"), format!("{} – {}", lead.first_day, lead.last_day)),
        item(say(r, "分析日期", "analysis date"), r.context.as_of.to_string()),
        item(say(r, "程序", "program"), program),
        item(say(r, "规则", "rules"), if clauses.is_empty() { "–".into() } else { clauses.join("; ") }),
        item(say(r, "规则包", "rule packs"), manifest::packs(r).join(", ")),
        item(say(r, "命令", "command"), r.command.line()),
    ];
    let head = |first: String| vec![first, "SHA-256".to_owned(), "SM3".to_owned()];
    let inputs = r.inputs.iter().map(|i| vec![i.path.clone(), i.sha256.clone(), i.sm3.clone()]);
    let settings = r.command.hashes.iter().map(|(name, sha, sm3)| vec![name.clone(), sha.clone(), sm3.clone()]);
    let outputs = files.iter().map(|(name, bytes)| vec![name.clone(), manifest::sha256(bytes), manifest::sm3(bytes)]);
    vec![
        Part::Title(format!("{} {}", say(r, "证据清单：线索", "Evidence: lead"), lead.id)),
        Part::List(about),
        Part::Text(say(
            r,
            "本清单列出疑似线索的材料，供核查之用，不是结论。",
            "This folder holds the material of a lead to be checked; it is no conclusion.",
        )),
        Part::Section(say(r, "输入文件、设置与规则文件", "Input files, settings and rule files")),
        Part::Table(head(say(r, "文件", "file")), inputs.chain(settings).collect(), None),
        Part::Section(say(r, "本文件夹", "This folder")),
        Part::Table(head(say(r, "文件", "file")), outputs.collect(), None),
        Part::Text(say(
            r,
            "SHA256SUMS 可用 sha256sum -c 核对。rows.csv 的 original_text 逐字照录来源行（看不见的字符以代码示出，会被表格软件当作公式的前加撇号）。图表 PNG 宽 1920 像素，即 162 毫米、300 dpi。",
            "Check with sha256sum -c SHA256SUMS. In rows.csv, original_text is the source row word for word (unseen characters by their codes, an apostrophe before what a spreadsheet would run). The PNG charts are 1,920 pixels wide: 162 mm at 300 dpi.",
        )),
    ]
}
