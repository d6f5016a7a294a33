//! Abnormal rises of one seller (疑似哄抬价格), and the market-wide rises that are nobody's.

pub mod dated_step;
mod excess;
pub mod margin_widening;
pub mod market_rise;
pub mod sustained_excess;
mod window;

#[cfg(test)]
mod tests {
    //! One small market per idea, seen by all screens of this room together.

    use std::collections::BTreeSet;

    use super::{dated_step, margin_widening, market_rise, sustained_excess};
    use crate::detect::run;
    use crate::model::*;
    use crate::panel::{Quote, from_quotes};

    struct Seen {
        /// Sellers with a finding that leads.
        sellers: BTreeSet<String>,
        findings: Vec<Finding>,
        /// Market events.
        events: Vec<Finding>,
        skips: Vec<Skip>,
    }

    /// Prices of some sellers every `every` days; `None` = not seen that day.
    fn see(sellers: usize, days: i32, every: usize, price: impl Fn(usize, i32) -> Option<f64>) -> Seen {
        let mut quotes = Vec::new();
        for s in 0..sellers {
            for d in (0..days).step_by(every) {
                let level = 2.0 + 0.05 * s as f64;
                quotes.extend(
                    price(s, d)
                        .map(|p| Quote::posted("广州市", "口罩", &format!("s{s:02}"), Day(18262 + d), level * p)),
                );
            }
        }
        let panel = from_quotes(&quotes, &[]);
        let (context, knobs) = (Context { as_of: Day(20000), seed: 1 }, Knobs::default());
        let mut seen = Seen { sellers: BTreeSet::new(), findings: Vec::new(), events: Vec::new(), skips: Vec::new() };
        for screen in [&dated_step::SCREEN, &margin_widening::SCREEN, &sustained_excess::SCREEN] {
            let outcome = run(screen, &panel, &context, &knobs);
            seen.skips.extend(outcome.skips);
            seen.findings.extend(outcome.findings);
        }
        let of = seen.findings.iter().flat_map(|f| &f.subject.series);
        seen.sellers = of.map(|&s| panel.sellers[panel.series[s].seller as usize].id.clone()).collect();
        seen.events = run(&market_rise::SCREEN, &panel, &context, &knobs).findings;
        seen
    }

    fn only(seller: &str) -> BTreeSet<String> {
        BTreeSet::from([seller.to_owned()])
    }

    /// Prices that never move have no spread of their own: the floor stands in, and small changes are no rises.
    #[test]
    fn sticky_prices() {
        let flag = see(12, 60, 1, |s, d| Some(if s == 4 && d >= 35 { 1.4 } else { 1.0 }));
        assert_eq!(flag.sellers, only("s04"));
        let each_once = see(12, 60, 1, |s, d| Some(if d >= 10 + 4 * s as i32 { 1.05 } else { 1.0 }));
        assert!(each_once.sellers.is_empty(), "{:?}", each_once.sellers);
    }

    /// Dear from its first day: there is no rise to measure, and the skip says so.
    #[test]
    fn an_entrant_has_no_history() {
        let seen = see(12, 60, 1, |s, d| (s != 4 || d >= 53).then_some(if s == 4 { 2.0 } else { 1.0 }));
        assert!(seen.sellers.is_empty());
        assert!(seen.skips.iter().any(|k| k.subject.series == [4] && k.reason.en.contains("too few observations")));
        let longer = see(12, 60, 1, |s, d| (s != 4 || d >= 30).then_some(if s == 4 { 2.0 } else { 1.0 }));
        assert!(longer.sellers.is_empty(), "always dear is no rise");
    }

    /// Nobody was there between the 24th and the 31st day: the step lies between, and both ends are named.
    #[test]
    fn a_step_is_dated_to_an_interval() {
        let unseen = |s: usize, d: i32| s == 4 && (25..31).contains(&d);
        let seen = see(12, 60, 1, |s, d| (!unseen(s, d)).then_some(if s == 4 && d >= 28 { 1.5 } else { 1.0 }));
        assert_eq!(seen.sellers, only("s04"));
        for f in &seen.findings {
            assert_eq!((f.steps[0].last_old, f.steps[0].first_new), (Day(18262 + 24), Day(18262 + 31)), "{}", f.screen);
        }
    }

    /// Seven to thirteen weekly points are enough for a rise of three weeks, and not for one price.
    #[test]
    fn short_weekly_series() {
        for points in 7..=13 {
            let last = 7 * points;
            let high = |d: i32| d >= last - 21;
            let flag = see(12, last, 7, |s, d| Some(if s == 4 && high(d) { 1.5 } else { 1.0 }));
            assert_eq!(flag.sellers, only("s04"), "{points} points");
            let tenth = see(12, last, 7, |s, d| Some(if s == 4 && high(d) { 1.1 } else { 1.0 }));
            assert!(tenth.sellers.is_empty(), "a tenth, {points} points");
            let once = see(12, last, 7, |s, d| Some(if s == 4 && d == last - 14 { 2.0 } else { 1.0 }));
            assert!(once.sellers.is_empty(), "one price, {points} points");
        }
        let five = see(12, 35, 7, |s, d| Some(if s == 4 && d >= 14 { 1.5 } else { 1.0 }));
        assert!(five.sellers.is_empty() && five.skips.iter().any(|k| k.reason.en.contains("too few observations")));
    }

    /// A slip of the pen, once or on two days, is never a lead.
    #[test]
    fn lone_typos() {
        for (sellers, times) in [(1, 10.0), (1, 2.0), (3, 10.0), (12, 10.0), (12, 2.0)] {
            for days in 1..=2 {
                let slip = |s: usize, d: i32| s == 0 && (30..30 + days).contains(&d);
                let seen = see(sellers, 60, 1, |s, d| Some(if slip(s, d) { times } else { 1.0 }));
                assert!(seen.sellers.is_empty(), "{sellers} sellers, {times} times, {days} days");
            }
        }
    }

    /// All rise together: one event with its date and size, and nobody's lead.
    #[test]
    fn a_market_wide_rise_is_one_event() {
        let seen = see(12, 90, 1, |_, d| Some(if d >= 40 { 1.4 } else { 1.0 }));
        assert!(seen.sellers.is_empty(), "{:?}", seen.sellers);
        assert_eq!(seen.events.len(), 1);
        let event = &seen.events[0];
        assert!((event.measured - 40.0).abs() < 1.0, "{event:?}");
        // From the last day of the old level to the first of the new.
        assert_eq!(event.window, (Day(18262 + 39), Day(18262 + 40)));
    }

    /// Five days cheap, then for good at the price of every other day: the sale came first by chance.
    #[test]
    fn the_end_of_a_sale_is_no_rise() {
        let seen = see(12, 60, 1, |s, d| Some(if s == 4 && d < 6 { 0.6 } else { 1.0 }));
        assert!(seen.sellers.is_empty(), "{:?}", seen.sellers);
        assert!(seen.skips.iter().any(|k| k.reason.en.contains("end of a sale")));
    }

    /// Twelve days at a price, twelve days of sale, and back: what it came back to is what it opened at.
    #[test]
    fn a_return_to_the_opening_price_is_no_rise() {
        let seen = see(12, 60, 1, |s, d| Some(if s == 4 && (12..24).contains(&d) { 0.7 } else { 1.0 }));
        assert!(seen.sellers.is_empty(), "{:?}", seen.sellers);
        let alone = see(1, 60, 1, |_, d| Some(if (12..34).contains(&d) { 0.7 } else { 1.0 }));
        assert!(alone.sellers.is_empty(), "{:?}", alone.sellers);
        assert!(alone.skips.iter().any(|k| k.reason.en.contains("opened at")));
    }

    /// Rises pass on at once, falls never: whoever keeps its price has not raised it.
    #[test]
    fn feathers_are_no_rises() {
        let seen = see(12, 90, 1, |s, d| {
            Some(if d < 30 {
                1.0
            } else if d < 60 || s == 4 {
                1.5
            } else {
                1.1
            })
        });
        assert!(seen.sellers.is_empty(), "{:?}", seen.sellers);
    }

    /// Two sellers are no market: own past, and the lead says so.
    #[test]
    fn few_peers() {
        let seen = see(2, 60, 1, |s, d| Some(if s == 0 && d >= 30 { 1.5 } else { 1.0 }));
        assert_eq!(seen.sellers, only("s00"));
        assert!(seen.findings.iter().all(|f| f.reason.en.contains("own past only") && f.p_value.is_none()));
    }
}
