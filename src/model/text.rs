//! Two languages, Chinese first.

use serde::{Deserialize, Serialize};

/// The language of what people read. Column names and ids stay English.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lang {
    /// 中文
    #[default]
    Zh,
    /// English
    En,
}

/// One statement in both languages.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// 中文
    pub zh: String,
    /// English
    pub en: String,
}

impl Text {
    /// Both languages at once.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Text {
        Text { zh: zh.into(), en: en.into() }
    }

    /// The wording in one language.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// A personal id (18 digits, the last may be X, with a plausible birth date) shown with its middle hidden; anything
/// else as it is.
pub fn masked(id: &str) -> String {
    let b = id.as_bytes();
    let personal = b.len() == 18
        && b[..17].iter().all(u8::is_ascii_digit)
        && (b[17].is_ascii_digit() || matches!(b[17], b'X' | b'x'))
        && (id.get(6..8) == Some("19") || id.get(6..8) == Some("20"));
    if personal { format!("{}********{}", &id[..6], &id[14..]) } else { id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_ids_are_hidden_and_enterprises_are_not() {
        assert_eq!(masked("110105199001011234"), "110105********1234");
        assert_eq!(masked("91440101MA5CJQ4N59"), "91440101MA5CJQ4N59");
    }
}
