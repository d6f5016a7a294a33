//! Abnormal rises of one seller (疑似哄抬价格), and the market-wide rises that are nobody's.

pub mod dated_step;
mod excess;
pub mod margin_widening;
pub mod market_rise;
pub mod sustained_excess;
mod window;
