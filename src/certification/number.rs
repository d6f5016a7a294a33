#![doc = include_str!("number.md")]

use regex_lite::Regex;

use super::{Check, Says};
use crate::model::{Certificate, Context, Text};

/// The card.
pub const CHECK: Check = Check {
    id: "certificate-number",
    title: ("证书编号格式不符", "Number of the wrong form"),
    page: include_str!("number.md"),
    run,
};

/// One form of number: what tells it (any of these in the number), how it must look, its name.
struct Form {
    tells: Vec<String>,
    pattern: Regex,
    name: Text,
}

impl Form {
    /// Letters tell a kind only in front (NB-ICET-7 is no CE number), Chinese words anywhere.
    fn told_by(&self, number: &str) -> bool {
        let tells = |t: &String| if t.is_ascii() { number.starts_with(t) } else { number.contains(t) };
        self.tells.iter().any(tells)
    }
}

fn run(all: &[Certificate], _: &Context) -> Vec<Says> {
    let forms = forms();
    all.iter()
        .map(|c| {
            let number: String = c.number.to_uppercase().chars().filter(|x| !x.is_whitespace()).collect();
            if number.is_empty() {
                return Says::Odd(Text::new("没有证书编号", "no number"), None);
            }
            let Some(form) = forms.iter().find(|f| f.told_by(&number)) else {
                return Says::Skip(Text::new("不认识的编号种类", "a kind of number that is not known"));
            };
            if form.pattern.is_match(&number) {
                return Says::Fine;
            }
            Says::Odd(
                Text::new(
                    format!("“{}”不合{}的格式", c.number, form.name.zh),
                    format!("\"{}\" has not the form of a {}", c.number, form.name.en),
                ),
                None,
            )
        })
        .collect()
}

fn forms() -> Vec<Form> {
    let rows =
        csv::Reader::from_reader(include_bytes!("../../datasets/certificate_formats.csv").as_slice()).into_records();
    rows.flatten()
        .filter_map(|r| {
            let tells = r.get(1)?.split('|').map(str::to_owned).collect();
            Some(Form { tells, pattern: Regex::new(r.get(2)?).ok()?, name: Text::new(r.get(3)?, r.get(4)?) })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_and_tell_right_from_wrong() {
        let forms = forms();
        assert_eq!(forms.len(), 4, "a pattern that does not compile is lost");
        let fits = |n: &str| forms.iter().find(|f| f.told_by(n)).map(|f| f.pattern.is_match(n));
        assert_eq!(fits("NB-ICET-7"), None);
        assert_eq!(fits("粤械注准20202140123"), Some(true));
        assert_eq!(fits("粤械注准2020214012"), Some(false));
        assert_eq!(fits("粤穗械备20200012号"), Some(true));
        assert_eq!(fits("CE0194-ABC123"), Some(true));
        assert_eq!(fits("CE-MASK"), Some(false));
        assert_eq!(fits("XYZ-1"), None);
    }
}
