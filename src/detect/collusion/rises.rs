//! The rises of one market, and which two of them coincide.

use std::collections::BTreeMap;
use std::ops::Range;

use super::events::Rise;
use super::jitter::{INTERVAL, Interval, interval};

/// A rise as the test sees it. Time is counted in the market's periods: days, or weeks where prices are weekly.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Event {
    /// Entity number within the cell, from 0.
    pub who: u32,
    /// First period at the new price.
    pub day: i32,
    /// Periods without a price just before: the rise may be that much older.
    pub unseen: i32,
    /// Number of the good, where several are looked at together: rises of different goods are never alike.
    pub good: u16,
    /// Log size: the middle of the range that cost leaves.
    pub size: f64,
    /// Width of that range.
    pub doubt: f64,
    /// Log price it rises to.
    pub level: f64,
    /// What rounding to a coin may add to the size.
    pub coin: f64,
}

/// The rises of one market.
pub struct Rises {
    /// By entity, then period; a rise is known by its position here.
    pub events: Vec<Event>,
    /// First and last period with a price.
    pub span: (i32, i32),
    /// Number of the interval each rise stays in when drawn.
    pub within: Vec<u16>,
    /// Periods without a price just before each.
    pub unseen: Vec<i32>,
    /// By good and period: whether rises there were kept; empty where all are.
    pub quiet: Vec<Vec<bool>>,
    intervals: usize,
    /// Where each entity's rises of each interval begin, and the end.
    first: Vec<u32>,
}

impl Rises {
    /// Of `n` entities.
    pub fn new(mut events: Vec<Event>, n: usize, span: (i32, i32)) -> Rises {
        events.sort_by(|a, b| (a.who, a.day).cmp(&(b.who, b.day)).then(a.size.total_cmp(&b.size)));
        let within: Vec<u16> = events.iter().map(|e| interval(e.day, span).number as u16).collect();
        let unseen = events.iter().map(|e| e.unseen).collect();
        let intervals = interval(span.1, span).number as usize + 1;
        let mut first = vec![0; n * intervals + 1];
        for (e, within) in events.iter().zip(&within) {
            first[e.who as usize * intervals + usize::from(*within) + 1] += 1;
        }
        (1..first.len()).for_each(|k| first[k] += first[k - 1]);
        Rises { within, unseen, quiet: Vec::new(), events, span, intervals, first }
    }

    /// Of entities in order, numbered from 0; `quiet`: see there.
    pub fn of(rises: &BTreeMap<u32, Vec<Rise>>, span: (i32, i32), quiet: &[Vec<bool>]) -> Rises {
        let events = rises.values().zip(0..).flat_map(|(list, who)| list.iter().map(move |r| r.event(who))).collect();
        Rises { quiet: quiet.to_vec(), ..Rises::new(events, rises.len(), span) }
    }

    /// Entities, with rises or without.
    pub fn entities(&self) -> usize {
        (self.first.len() - 1) / self.intervals
    }

    /// Intervals of the market.
    pub fn intervals(&self) -> usize {
        self.intervals
    }

    /// Periods of each interval, from the first of the market.
    pub fn interval_periods(&self) -> impl Iterator<Item = Range<usize>> {
        (0..self.intervals() as i32).map(|number| {
            let Interval { first, last, .. } = interval(self.span.0 + number * INTERVAL, self.span);
            (first - self.span.0) as usize..(last - self.span.0) as usize + 1
        })
    }

    /// Periods of the market.
    pub fn periods(&self) -> usize {
        (self.span.1 - self.span.0 + 1) as usize
    }

    /// Positions of an entity's rises, by period.
    pub fn own(&self, who: usize) -> Range<usize> {
        self.first[who * self.intervals] as usize..self.first[(who + 1) * self.intervals] as usize
    }

    /// Positions of those of an entity's rises that may fall, in a draw too, between two periods.
    pub fn about(&self, who: usize, from: i32, to: i32) -> Range<usize> {
        let place = |period: i32| who * self.intervals + interval(period, self.span).number as usize;
        self.first[place(from)] as usize..self.first[place(to) + 1] as usize
    }

    /// Whether a rise of this good in this period would have been kept.
    pub fn is_quiet(&self, good: u16, period: i32) -> bool {
        self.quiet.get(usize::from(good)).is_none_or(|quiet| quiet[(period - self.span.0) as usize])
    }

    /// Quiet periods of each interval, by good.
    pub fn quiet_periods(&self) -> Vec<Vec<u32>> {
        let goods = self.events.iter().map(|e| e.good + 1).max().unwrap_or(0);
        let of = |good: u16| {
            let mut of_interval = vec![0; self.intervals()];
            let quiet = (self.span.0..=self.span.1).filter(|period| self.is_quiet(good, *period));
            quiet.for_each(|period| of_interval[interval(period, self.span).number as usize] += 1);
            of_interval
        };
        (0..goods).map(of).collect()
    }

    /// Share of the goods in which a rise of this period would have been kept.
    pub fn open(&self, period: i32) -> f64 {
        let quiet = self.quiet.iter().filter(|quiet| quiet[(period - self.span.0) as usize]).count();
        if self.quiet.is_empty() { 1.0 } else { quiet as f64 / self.quiet.len() as f64 }
    }

    /// The periods as observed, by position.
    pub fn days(&self) -> Vec<i32> {
        self.events.iter().map(|e| e.day).collect()
    }
}

/// In what rises are alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Alike {
    /// In size.
    #[default]
    Size,
    /// In the price they rise to.
    Level,
}

/// Sizes are alike when they differ by at most this share of their mean, plus half a percent, the coins, and what cost
/// leaves open.
const SAME_SIZE: f64 = 0.15;
const SIZE_SLACK: f64 = 0.005;
/// Prices are the same when they differ by no more than this and the coins.
const LEVEL_SLACK: f64 = 0.002;
/// Bands of goods lie so far apart, in logs, that none meet.
const GOODS_APART: f64 = 32.0;

impl Alike {
    /// Lowest and highest size (or price) of a rise; rises whose bands overlap are alike.
    pub fn band(self, e: &Event) -> (f64, f64) {
        let (value, width) = match self {
            Alike::Size => (e.size, SAME_SIZE * e.size + SIZE_SLACK + e.coin + e.doubt),
            Alike::Level => (e.level, LEVEL_SLACK + e.coin),
        };
        let value = value + f64::from(e.good) * GOODS_APART;
        (value - width / 2.0, value + width / 2.0)
    }
}

/// Do two rises coincide: are they alike, and within `same` periods, wherever in its unseen periods each began?
pub fn coincide(a: &Event, b: &Event, same: i32, alike: Alike) -> bool {
    let (x, y) = (alike.band(a), alike.band(b));
    a.day - a.unseen - b.day <= same && b.day - b.unseen - a.day <= same && x.0 <= y.1 && y.0 <= x.1
}
