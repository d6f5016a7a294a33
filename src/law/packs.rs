//! Rule files: shipped packs and the user's own. A bad one says which line and why.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{Divisions, TESTS, test_of};
use crate::model::{Rule, Sellers};

/// Shipped packs, one per jurisdiction: file name, text.
const SHIPPED: &[(&str, &str)] = &[
    ("ar.toml", include_str!("../../datasets/statutes/ar.toml")),
    ("cn-3707.toml", include_str!("../../datasets/statutes/cn-3707.toml")),
    ("cn-42.toml", include_str!("../../datasets/statutes/cn-42.toml")),
    ("cn-4205.toml", include_str!("../../datasets/statutes/cn-4205.toml")),
    ("cn-46.toml", include_str!("../../datasets/statutes/cn-46.toml")),
    ("cn.toml", include_str!("../../datasets/statutes/cn.toml")),
    ("es.toml", include_str!("../../datasets/statutes/es.toml")),
    ("fr.toml", include_str!("../../datasets/statutes/fr.toml")),
    ("it.toml", include_str!("../../datasets/statutes/it.toml")),
    ("jp.toml", include_str!("../../datasets/statutes/jp.toml")),
    ("kr.toml", include_str!("../../datasets/statutes/kr.toml")),
    ("tw.toml", include_str!("../../datasets/statutes/tw.toml")),
    ("us-al.toml", include_str!("../../datasets/statutes/us-al.toml")),
    ("us-ca.toml", include_str!("../../datasets/statutes/us-ca.toml")),
    ("us-fl.toml", include_str!("../../datasets/statutes/us-fl.toml")),
    ("us-nj.toml", include_str!("../../datasets/statutes/us-nj.toml")),
    ("us-ny.toml", include_str!("../../datasets/statutes/us-ny.toml")),
];

/// Keys of a rule that mean the same in every kind of test; the others are named by the test's card.
const EVERY_TEST: [&str; 20] = [
    "id",
    "test",
    "title",
    "says",
    "clause",
    "status",
    "conduct",
    "regions",
    "goods",
    "except_goods",
    "prices",
    "from",
    "until",
    "base",
    "number",
    "tolerance",
    "notice_required",
    "lead_pct",
    "exemptions",
    "note",
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
    let divisions = Divisions::shipped();
    let mut rules: Vec<Rule> = Vec::new();
    for (name, text) in SHIPPED {
        rules.extend(checked(name, text, &divisions)?);
    }
    for path in files {
        let shown = path.as_ref().display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("{shown}: 打不开 / cannot open"))?;
        let own = checked(&shown, &text, &divisions)?;
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
    checked(name, text, &Divisions::shipped())
}

fn checked(name: &str, text: &str, divisions: &Divisions) -> Result<Vec<Rule>> {
    let wrong = || format!("{name}: 规则文件有误 / not a valid rule file");
    let pack: Pack = toml::from_str(text).with_context(wrong)?;
    let raw: toml::Table = toml::from_str(text).with_context(wrong)?;
    let keys = |n: usize| raw.get("rule").and_then(|r| r.get(n)).and_then(toml::Value::as_table);
    let mut rules = pack.rule;
    for (n, rule) in rules.iter_mut().enumerate() {
        rule.version.clone_from(&pack.version);
        rule.source = name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned(); // no paths of the machine
        let unread = keys(n).and_then(|k| unread(rule, k));
        if let Some((key, why)) = unread.or_else(|| fault(rule, divisions)) {
            bail!("{name}:{}: {}: {key}: {why}", line_of(text, n, key), rule.id);
        }
    }
    for (i, rule) in rules.iter().enumerate() {
        if rules[..i].iter().any(|r| r.id == rule.id) {
            bail!("{name}:{}: {}: 编号重复 / the id is used twice", line_of(text, i, "id"), rule.id);
        }
    }
    Ok(rules)
}

/// The line of a key of the n-th rule; that of its heading where the key is not written.
fn line_of(text: &str, n: usize, key: &str) -> usize {
    let heading = |l: &(usize, &str)| l.1.trim_start().starts_with("[[rule]]");
    let Some((start, _)) = text.lines().enumerate().filter(heading).nth(n) else { return 1 };
    let rest = text.lines().enumerate().skip(start + 1).take_while(|l| !heading(l));
    let is_key = |l: &(usize, &str)| l.1.split('=').next().is_some_and(|k| k.trim() == key);
    rest.into_iter().find(is_key).map_or(start + 1, |l| l.0 + 1)
}

/// A key and what is wrong with it.
type Fault<'a> = (&'a str, String);

/// A key that the kind of test does not read would be taken for a limit that nobody checks.
fn unread<'a>(rule: &Rule, keys: &'a toml::Table) -> Option<Fault<'a>> {
    let test = test_of(rule)?;
    let known = |k: &str| EVERY_TEST.contains(&k) || test.reads.contains(&k);
    let key = keys.keys().find(|k| !known(k.as_str()))?;
    let why = format!("{} 不用这一项 / is not read by this test; {}", test.id, test.reads.join(", "));
    Some((key.as_str(), why))
}

/// What is wrong with a rule, if anything.
fn fault(rule: &Rule, divisions: &Divisions) -> Option<Fault<'static>> {
    let say = |key, wrong: bool, why: &str| wrong.then(|| (key, why.to_owned()));
    let Some(test) = test_of(rule) else {
        let known: Vec<&str> = TESTS.iter().map(|t| t.id).collect();
        return Some(("test", format!("没有“{}”这种检验 / no such kind of test; {}", rule.test, known.join(", "))));
    };
    let empty = |t: &crate::model::Text| t.zh.trim().is_empty() || t.en.trim().is_empty();
    let share = |p: f64| (0.0..=10_000.0).contains(&p);
    let based = matches!(test.id, "own-reference" | "stock-ratio") || rule.sellers == Sellers::WithoutHistory;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    say(
        "id",
        rule.id.is_empty() || !rule.id.chars().all(plain),
        "小写字母、数字和连字符 / lower-case letters, digits, hyphens",
    )
    .or_else(|| say("title", empty(&rule.title), "中英文都不能为空 / neither language may be empty"))
    .or_else(|| say("says", empty(&rule.says), "中英文都不能为空 / neither language may be empty"))
    .or_else(|| say("clause", empty(&rule.clause), "中英文都不能为空 / neither language may be empty"))
    .or_else(|| say("regions", rule.regions.is_empty(), "至少一个地区 / at least one region"))
    .or_else(|| {
        let unknown = rule.regions.iter().find(|r| !divisions.knows(r))?;
        Some(("regions", format!("没有“{unknown}”这个代码 / no such code; GB/T 2260 (44, 4401, 440106), CN, US-CA …")))
    })
    .or_else(|| say("until", rule.until.is_some_and(|u| u < rule.from), "早于 from / lies before from"))
    .or_else(|| say("base", based && rule.base.is_none(), "这种检验需要基准日 / this test needs a base date"))
    .or_else(|| {
        say(
            "base",
            rule.base.zip(rule.until).is_some_and(|(b, u)| b >= u),
            "不早于 until，规则永不适用 / not before until: the rule never binds",
        )
    })
    .or_else(|| {
        say(
            "allowed_pct",
            rule.allowed_pct.is_some_and(|p| !share(p)),
            "应在 0 到 10000 之间 / must lie between 0 and 10000",
        )
    })
    .or_else(|| say("lead_pct", !share(rule.lead_pct), "应在 0 到 10000 之间 / must lie between 0 and 10000"))
    .or_else(|| say("defence_pct", !share(rule.defence_pct), "应在 0 到 10000 之间 / must lie between 0 and 10000"))
    .or_else(|| {
        say("tolerance", !(0.0..=0.1).contains(&rule.tolerance), "应在 0 到 0.1 之间 / must lie between 0 and 0.1")
    })
    .or_else(|| {
        say(
            "days",
            rule.days.is_some_and(|d| !(1..=3660).contains(&d)),
            "应在 1 到 3660 之间 / must lie between 1 and 3660",
        )
    })
    .or_else(|| say("cap", rule.cap.is_some_and(|c| !(c > 0.0 && c.is_finite())), "应为正数 / must be positive"))
    .or_else(|| say("per", rule.cap.is_some() && rule.per.is_none(), "限价须写明计量单位 / a cap needs its unit"))
    .or_else(|| {
        say("currency", rule.cap.is_some() && rule.currency.is_empty(), "限价须写明货币 / a cap needs its currency")
    })
    .or_else(|| say("words", test.id == "wording" && rule.words.is_empty(), "至少一个用语 / at least one word"))
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
        assert!(fault(&ONE.replace("over-cost", "overcost")).contains("local.toml:4: x: test"));
        assert!(fault(&ONE.replace("2020-01-21", "2020-13-21")).contains("line 10"));
        assert!(fault(&ONE.replace("status = \"unverified\"", "status = \"maybe\"")).contains("line 8"));
        assert!(fault(&format!("{ONE}colour = 1\n")).contains("unknown field"));
        assert!(fault(&format!("{ONE}allowed_pct = -5\n")).contains("local.toml:11: x: allowed_pct"));
        assert!(fault(&format!("{ONE}words = [\"涨价\"]\n")).contains("local.toml:11: x: words: over-cost"));
        assert!(fault(&format!("{ONE}sellers = \"without_history\"\n")).contains("local.toml:2: x: base"));
        assert!(fault(&ONE.replace("[\"CN\"]", "[\"44010\"]")).contains("local.toml:9: x: regions"));
        assert!(
            fault(&ONE.replace("over-cost", "price-cap").replace("from", "cap = 5.0\nper = \"只\"\nfrom"))
                .contains("currency")
        );
        assert!(fault(&format!("{ONE}{}", &ONE[14..])).contains("local.toml:12: x: 编号重复"));
    }
}
