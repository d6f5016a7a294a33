#![doc = include_str!("body.md")]

use super::{Check, Says};
use crate::model::{Certificate, Context, Text};

/// The card.
pub const CHECK: Check = Check {
    id: "certificate-body",
    title: ("认证机构未获批准", "Body not authorised"),
    page: include_str!("body.md"),
    run,
};

fn run(all: &[Certificate], _: &Context) -> Vec<Says> {
    all.iter()
        .map(|c| match c.authorised {
            Some(true) => Says::Fine,
            None => {
                Says::Skip(Text::new("没有写明机构是否获批", "the file does not say whether the body is authorised"))
            }
            Some(false) => Says::Odd(
                Text::new(format!("{} 记录为未获批准", c.body), format!("{} is recorded as not authorised", c.body)),
                None,
            ),
        })
        .collect()
}
