//! Is it valid? The settings file, typed and then checked; unknown keys fail.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::detect::SCREENS;
use crate::ingest::Options;
use crate::model::{Format, Knobs, TableKind, Text};

/// Days a posted price holds unless set (at most four weeks).
const HOLD_DAYS: i32 = 28;

/// The file as typed.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Typed {
    encoding: Option<String>,
    hold_days: Option<i32>,
    currency: Option<String>,
    columns: BTreeMap<String, BTreeMap<String, String>>,
    screens: BTreeMap<String, BTreeMap<String, f64>>,
    law: Law,
    tender_model: Option<PathBuf>,
    tender_format: Option<Format>,
}

/// `[law]`: which rules.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Law {
    /// Rule files of the user, beside the settings file or as given.
    pub files: Vec<PathBuf>,
    /// Ids (or their beginnings) that are to run; none = all.
    pub rules: Vec<String>,
    /// Region code of rows whose region is empty or unknown, e.g. `440100`.
    pub region: String,
}

/// Checked settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How files are read.
    pub options: Options,
    /// Days a posted price holds.
    pub hold_days: i32,
    /// Currency of every price, as shown.
    pub currency: Text,
    /// Parameter values per screen id.
    pub knobs: BTreeMap<&'static str, Knobs>,
    /// Which rules, and where rows without a region are.
    pub law: Law,
    /// A model of `train-tenders` that scores tenders beside the default.
    pub tender_model: Option<PathBuf>,
    /// `lowest` or `average_bid`, where winners do not tell how they are found.
    pub tender_format: Option<Format>,
    /// The file they come from.
    pub source: Option<PathBuf>,
}

/// Reads and checks a settings file; without one, the defaults.
pub fn load(path: Option<&Path>) -> Result<Settings> {
    let Some(path) = path else { return check(Typed::default()) };
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{shown}: 打不开 / cannot open"))?;
    let typed = toml::from_str(&text).with_context(|| format!("{shown}: 设置有误 / not valid settings"))?;
    let mut settings = check(typed).with_context(|| shown.to_string())?;
    settings.source = Some(path.to_owned());
    let folder = path.parent().unwrap_or(Path::new(""));
    for file in settings.law.files.iter_mut().chain(&mut settings.tender_model) {
        *file = folder.join(&*file);
    }
    Ok(settings)
}

fn check(typed: Typed) -> Result<Settings> {
    let mut columns = BTreeMap::new();
    for (name, mapping) in typed.columns {
        let tables = [
            TableKind::Prices,
            TableKind::Transactions,
            TableKind::Costs,
            TableKind::Enterprises,
            TableKind::Certificates,
            TableKind::Notices,
            TableKind::Caps,
            TableKind::Tenders,
        ];
        let Some(table) = tables.into_iter().find(|t| t.name() == name) else {
            bail!(
                "[columns.{name}]: 没有这种表 / no such table (prices, transactions, costs, enterprises, certificates, notices, caps, tenders)"
            );
        };
        columns.insert(table, mapping);
    }
    let hold_days = typed.hold_days.unwrap_or(HOLD_DAYS);
    if !(1..=366).contains(&hold_days) {
        bail!("hold_days = {hold_days}: 应在 1 到 366 之间 / must lie between 1 and 366");
    }
    let options = Options { encoding: typed.encoding, columns, ..Options::default() };
    let currency = typed.currency.map_or_else(|| Text::new("元", "yuan"), |c| Text::new(c.as_str(), c.as_str()));
    Ok(Settings {
        options,
        hold_days,
        currency,
        knobs: knobs(&typed.screens)?,
        law: typed.law,
        tender_model: typed.tender_model,
        tender_format: typed.tender_format,
        source: None,
    })
}

fn knobs(typed: &BTreeMap<String, BTreeMap<String, f64>>) -> Result<BTreeMap<&'static str, Knobs>> {
    let mut all: BTreeMap<&'static str, Knobs> = SCREENS.iter().map(|s| (s.id, Knobs::default())).collect();
    for (id, values) in typed {
        let Some(screen) = SCREENS.iter().find(|s| s.id == id) else {
            bail!("[screens.{id}]: 没有这个筛查 / no such screen; pricewatch explain 列出全部 / lists them");
        };
        for (name, &value) in values {
            let Some(param) = screen.params.iter().find(|p| p.name == name) else {
                bail!("[screens.{id}] {name}: 没有这个参数 / no such parameter");
            };
            let (low, high) = param.range;
            if !(low..=high).contains(&value) {
                bail!(
                    "[screens.{id}] {name} = {value}: 应在 {low} 到 {high} 之间 / must lie between {low} and {high} ({})",
                    param.unit
                );
            }
            all.entry(screen.id).or_default().0.insert(param.name, value);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        toml::from_str::<Typed>(text)
            .map_err(|e| e.to_string())
            .and_then(|t| check(t).map_err(|e| e.to_string()))
            .unwrap_err()
    }

    #[test]
    fn unknown_keys_and_wild_values_fail() {
        assert!(fault("colour = 1").contains("unknown field"));
        assert!(fault("[screens.nope]\nx = 1").contains("no such screen"));
        assert!(fault("[screens.sustained-excess]\nmin_exces = 1").contains("no such parameter"));
        assert!(fault("[screens.sustained-excess]\nmin_excess = 9").contains("between"));
        assert!(fault("[columns.price]\ndate = \"d\"").contains("no such table"));
        let typed: Typed = toml::from_str("[screens.sustained-excess]\nmin_excess = 0.3").unwrap();
        assert_eq!(check(typed).unwrap().knobs["sustained-excess"].0["min_excess"], 0.3);
    }
}
