//! What else may explain a lead, what the data say of it, and how to settle what they leave open.

use std::collections::BTreeSet;

use super::supply;
use crate::model::{Check, CostExplained, Finding, Kind, Panel, State, Text, Trade};

/// An innocent explanation, and the step that settles it; `None` where the first steps of every lead do.
pub struct Explanation {
    /// What it is, and what the data say.
    pub check: Check,
    step: Option<Text>,
}

/// All of a finding's kind.
pub fn explanations(panel: &Panel, f: &Finding, trades: &[Trade]) -> Vec<Explanation> {
    let plain = |check| Explanation { check, step: None };
    let open = |text, step| Explanation { check: Check { text, state: State::Unknown }, step: Some(step) };
    if let Some(party) = &f.party {
        return party.innocent.iter().map(|t| plain(Check { text: t.clone(), state: State::Unknown })).collect();
    }
    match f.kind {
        Kind::Collusion => vec![
            plain(cost(f)),
            Explanation {
                check: chain(panel, f),
                step: Some(Text::new(
                    "查市场主体登记，看各家的股东和实际控制人有无关联",
                    "look up who owns and controls each seller",
                )),
            },
            Explanation {
                check: sales(f),
                step: Some(Text::new(
                    "查各家降价期间的促销公告，确认涨价不是恢复原价",
                    "look up the sales announced before the rises: were they ends of sales?",
                )),
            },
            Explanation {
                check: supply::check(panel, trades, &f.subject.series, &f.steps),
                step: Some(Text::new(
                    "从进货票据看各家是否同一供货商，其调价是否在前",
                    "see from the invoices whether one supplier serves them and changed its price before",
                )),
            },
            open(
                Text::new("加盟价目表或厂家建议零售价", "a franchise price list or a suggested retail price"),
                Text::new(
                    "向各家和厂家调取加盟价目表、建议零售价文件",
                    "obtain franchise price lists and suggested retail prices from the sellers and the maker",
                ),
            ),
            open(
                Text::new("政府公布价格或税率变化", "a government price or tax change"),
                Text::new(
                    "查涨价日前后的政府定价、调价和税率文件",
                    "look up government prices and taxes about the days of the rises",
                ),
            ),
            open(
                Text::new("公开价格的独立跟随", "independent following of public prices"),
                Text::new(
                    "了解各家调价的决定过程与信息来源，核查有无联络",
                    "ask how each seller set its price and learned of the others'; check for contact",
                ),
            ),
        ],
        Kind::PriceFraud => vec![
            open(
                Text::new("另有公示的优惠条件（会员价、满减、优惠券）", "other terms on display (members, coupons)"),
                Text::new(
                    "查同期公示的会员价、满减和优惠券规则",
                    "look up the terms for members and coupons on display then",
                ),
            ),
            open(
                Text::new(
                    "划线价已注明是别的价格（如厂家指导价）",
                    "the compared price is said to be another, such as the maker's list price",
                ),
                Text::new("看划线价旁对其含义的说明", "read what was said beside the compared price"),
            ),
            plain(typing_error()),
        ],
        _ => vec![
            plain(cost(f)),
            open(
                Text::new("换了规格、包装或版本", "another size, pack or version"),
                Text::new(
                    "对照条码、照片或包装，看前后是否同一规格",
                    "compare barcodes, photographs or packs: the same size before and after?",
                ),
            ),
            open(
                Text::new("从长期促销恢复原价", "the end of a long sale"),
                Text::new(
                    "查涨价前的标价签和促销公告，看旧价是否促销价",
                    "look up price tags and sales announced before the rise: was the old price a sale's?",
                ),
            ),
            plain(typing_error()),
        ],
    }
}

fn cost(f: &Finding) -> Check {
    let state = match f.cost {
        CostExplained::Explained => State::Yes,
        CostExplained::Unexplained => State::No,
        CostExplained::Unknown => State::Unknown,
    };
    Check { text: Text::new("成本上涨可以解释", "a rise of cost explains it"), state }
}

fn typing_error() -> Check {
    Check { text: Text::new("录入错误", "a typing error"), state: State::Unknown }
}

/// One owner? Entities differ by construction; that only rules a chain out where every owner is on record.
fn chain(panel: &Panel, f: &Finding) -> Check {
    let seller = |s: &usize| panel.series[*s].seller as usize;
    let unnamed = |s: &usize| panel.sellers[*s].owner.is_empty();
    let unnamed: BTreeSet<usize> = f.subject.series.iter().map(seller).filter(unnamed).collect();
    let (zh, en) = ("属于同一所有人（连锁）", "one owner (a chain)");
    match unnamed.len() {
        0 => Check { text: Text::new(zh, en), state: State::No },
        n if panel.sellers.iter().any(|s| !s.owner.is_empty()) => {
            let text =
                Text::new(format!("{zh}：名单中 {n} 家未填所有人"), format!("{en}: {n} without an owner on record"));
            Check { text, state: State::Unknown }
        }
        _ => Check { text: Text::new(zh, en), state: State::Unknown },
    }
}

/// May joint rises be ends of sales?
fn sales(f: &Finding) -> Check {
    let after = f.facts.iter().find(|fact| fact.0 == "rises_after_a_sale").map_or(0.0, |fact| fact.1);
    let (zh, en) = ("促销结束恢复原价", "the end of a sale");
    if after == 0.0 {
        return Check { text: Text::new(zh, en), state: State::No };
    }
    let n = f.steps.len();
    let text = Text::new(
        format!("{zh}（{n} 次涨价中 {after} 次之前十天内降过价，只有超出降价前价格的部分算涨价）"),
        format!(
            "{en} ({after} of {n} rises follow a cut within ten days; only what goes beyond the price before it counts)"
        ),
    );
    Check { text, state: State::Unknown }
}

/// The steps of its kind, then those that settle what is still open.
pub fn next_steps(f: &Finding, explanations: &[Explanation]) -> Vec<Text> {
    if let Some(party) = &f.party {
        return party.next_steps.clone();
    }
    let mut steps = match f.kind {
        Kind::PriceFraud => vec![
            Text::new(
                "以价签、网页或广告的留存核对来源行",
                "check the source rows against tags, pages and advertisements kept",
            ),
            Text::new("调取此前七日的成交记录和收银票据", "obtain the sales and receipts of the seven days before"),
        ],
        _ => vec![
            Text::new("核对窗口内的原始票据与来源行", "check the receipts behind the source rows of the window"),
            Text::new(
                "调取同期进货票据，计算进销差价率",
                "obtain purchase invoices of the period and compute the margin rate",
            ),
        ],
    };
    steps.extend(explanations.iter().filter(|e| e.check.state == State::Unknown).filter_map(|e| e.step.clone()));
    steps
}
