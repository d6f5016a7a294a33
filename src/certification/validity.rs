#![doc = include_str!("validity.md")]

use super::{Check, Says};
use crate::model::{Certificate, Context, Text};

/// The card.
pub const CHECK: Check = Check {
    id: "certificate-validity",
    title: ("证书过期或日期矛盾", "Expired, or dates that clash"),
    page: include_str!("validity.md"),
    run,
};

fn run(all: &[Certificate], context: &Context) -> Vec<Says> {
    all.iter().map(|c| judge(c, context)).collect()
}

fn judge(c: &Certificate, context: &Context) -> Says {
    if let (Some(issued), Some(expires)) = (c.issued, c.expires)
        && expires <= issued
    {
        return Says::Odd(
            Text::new(
                format!("到期 {expires} 不晚于发证 {issued}"),
                format!("expires {expires}, not after issue {issued}"),
            ),
            None,
        );
    }
    match (c.issued, c.expires) {
        (Some(issued), _) if issued > context.as_of => Says::Odd(
            Text::new(format!("发证日 {issued} 晚于分析日期"), format!("issued on {issued}, after the analysis date")),
            None,
        ),
        (_, Some(expires)) if expires < context.as_of => {
            let days = f64::from(context.as_of.0 - expires.0);
            Says::Odd(
                Text::new(format!("{expires} 已到期"), format!("expired on {expires}")),
                Some(("days_expired", days, "day".into())),
            )
        }
        (None, None) => Says::Skip(Text::new("没有日期", "no dates")),
        _ => Says::Fine,
    }
}
