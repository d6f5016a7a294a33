//! Rule files: shipped packs and the user's own. A bad one says which line and why.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{TESTS, test_of};
use crate::model::Rule;

/// Shipped packs: file name, text.
const SHIPPED: &[(&str, &str)] = &[
    ("cn.toml", include_str!("../../datasets/statutes/cn.toml")),
    ("cn-local.toml", include_str!("../../datasets/statutes/cn-local.toml")),
    ("us.toml", include_str!("../../datasets/statutes/us.toml")),
    ("caps.toml", include_str!("../../datasets/statutes/caps.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pack {
    version: String,
    rule: Vec<Rule>,
}

/// Shipped rules and those of `files`, sorted by id; a rule of the user's files replaces a shipped one of the same id.
/// `only` narrows them: ids, or beginnings of ids.
pub fn load(files: &[impl AsRef<Path>], only: &[String]) -> Result<Vec<Rule>> {
    let mut rules: Vec<Rule> = Vec::new();
    for (name, text) in SHIPPED {
        rules.extend(parse(name, text)?);
    }
    for path in files {
        let shown = path.as_ref().display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("{shown}: 打不开 / cannot open"))?;
        let name = path.as_ref().file_name().map_or(shown.clone(), |n| n.to_string_lossy().into_owned());
        let own = parse(&name, &text).with_context(|| shown)?;
        rules.retain(|r| own.iter().all(|o| o.id != r.id));
        rules.extend(own);
    }
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    for pattern in only {
        if !rules.iter().any(|r| r.id.starts_with(pattern.as_str())) {
            bail!(
                "--rules {pattern}: 没有这条规则；pricewatch explain 列出全部 / no such rule; pricewatch explain lists them"
            );
        }
    }
    rules.retain(|r| only.is_empty() || only.iter().any(|p| r.id.starts_with(p.as_str())));
    Ok(rules)
}

/// The rules of one file, checked.
pub fn parse(name: &str, text: &str) -> Result<Vec<Rule>> {
    let pack: Pack = toml::from_str(text).with_context(|| format!("{name}: 规则文件有误 / not a valid rule file"))?;
    let mut rules = pack.rule;
    for (n, rule) in rules.iter_mut().enumerate() {
        rule.version.clone_from(&pack.version);
        rule.source = name.to_owned();
        let line = line_of(text, &rule.id);
        check(rule).with_context(|| format!("{name}:{line}: rule {} ({})", n + 1, rule.id))?;
    }
    for (i, rule) in rules.iter().enumerate() {
        if rules[..i].iter().any(|r| r.id == rule.id) {
            bail!("{name}: {}: 编号重复 / the id is used twice", rule.id);
        }
    }
    Ok(rules)
}

fn line_of(text: &str, id: &str) -> usize {
    let wanted = format!("id = \"{id}\"");
    text.lines().position(|l| l.trim() == wanted).map_or(1, |i| i + 1)
}

fn check(rule: &Rule) -> Result<()> {
    if test_of(rule).is_none() {
        let known: Vec<&str> = TESTS.iter().map(|t| t.id).collect();
        bail!("test = \"{}\": 没有这种检验 / no such kind of test; {}", rule.test, known.join(", "));
    }
    if rule.regions.is_empty() {
        bail!("regions: 至少一个地区 / at least one region");
    }
    if rule.until.is_some_and(|u| u < rule.from) {
        bail!("until 早于 from / until lies before from");
    }
    if rule.allowed_pct.is_some_and(|p| !(0.0..=10_000.0).contains(&p)) {
        bail!("allowed_pct: 应在 0 到 10000 之间 / must lie between 0 and 10000");
    }
    if !(0.0..=0.1).contains(&rule.tolerance) {
        bail!("tolerance: 应在 0 到 0.1 之间 / must lie between 0 and 0.1");
    }
    if rule.test == "wording" && rule.words.is_empty() {
        bail!("words: 至少一个用语 / at least one word");
    }
    if rule.says.zh.is_empty() || rule.clause.zh.is_empty() {
        bail!("says, clause: 不能为空 / must not be empty");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "version = \"1\"\n[[rule]]\nid = \"x\"\ntest = \"over-cost\"\ntitle = {zh=\"甲\",en=\"a\"}\nsays = {zh=\"甲\",en=\"a\"}\nclause = {zh=\"甲\",en=\"a\"}\nstatus = \"unverified\"\nregions = [\"CN\"]\nfrom = \"2020-01-21\"\n";

    #[test]
    fn shipped_packs_are_sound() {
        let rules = load(&[] as &[&Path], &[]).unwrap();
        assert!(rules.len() > 30, "{}", rules.len());
        assert!(rules.windows(2).all(|w| w[0].id < w[1].id));
        assert!(load(&[] as &[&Path], &["nope".to_owned()]).is_err());
    }

    #[test]
    fn a_bad_file_says_which_line_and_why() {
        let fault = |text: &str| format!("{:#}", parse("local.toml", text).unwrap_err());
        assert!(parse("local.toml", ONE).is_ok());
        assert!(fault(&ONE.replace("over-cost", "overcost")).contains("local.toml:3"));
        assert!(fault(&ONE.replace("2020-01-21", "2020-13-21")).contains("line 10"));
        assert!(fault(&ONE.replace("status = \"unverified\"", "status = \"maybe\"")).contains("line 8"));
        assert!(fault(&format!("{ONE}colour = 1\n")).contains("unknown field"));
        assert!(fault(&format!("{ONE}allowed_pct = -5\n")).contains("allowed_pct"));
        assert!(fault(&format!("{ONE}{}", &ONE[14..])).contains("twice"));
    }
}
