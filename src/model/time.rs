//! Calendar days. Prices are compared by day; a time of day only orders prices within one.

use std::fmt;

use jiff::civil::{Date, date};

/// A calendar day, counted from 1970-01-01 (day 0).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Day(pub i32);

impl Day {
    /// No day is known; shown as nothing.
    pub const UNKNOWN: Day = Day(i32::MIN);

    /// The day of a civil date, `None` where the calendar has no such date.
    pub fn from_ymd(year: i16, month: i8, day: i8) -> Option<Day> {
        Date::new(year, month, day).ok().and_then(Day::from_date)
    }

    /// The day of a jiff date.
    pub fn from_date(value: Date) -> Option<Day> {
        let days = value.since((jiff::Unit::Day, date(1970, 1, 1))).ok()?.get_days();
        Some(Day(days))
    }

    /// The day, or 1970-01-01 where none is known: for papers whose format must bear one and may not bear the clock's.
    pub fn or_first(self) -> Day {
        if self == Day::UNKNOWN { Day(0) } else { self }
    }

    /// The civil date. Days outside years −9999…9999 saturate.
    pub fn date(self) -> Date {
        date(1970, 1, 1).saturating_add(jiff::Span::new().try_days(self.0).unwrap_or_default())
    }

    /// Monday = 0 … Sunday = 6 (1970-01-01 was a Thursday).
    pub fn weekday(self) -> usize {
        (self.0 + 3).rem_euclid(7) as usize
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Day::UNKNOWN {
            return Ok(());
        }
        let d = self.date();
        write!(f, "{:04}-{:02}-{:02}", d.year(), d.month(), d.day())
    }
}

impl<'de> serde::Deserialize<'de> for Day {
    /// `2020-01-21`, as text.
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Day, D::Error> {
        let text = String::deserialize(d)?;
        let date: Date = text.parse().map_err(serde::de::Error::custom)?;
        Day::from_date(date).ok_or_else(|| serde::de::Error::custom(format!("{text}: no such day")))
    }
}

impl serde::Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        assert_eq!(Day::from_ymd(1970, 1, 1), Some(Day(0)));
        let day = Day::from_ymd(2020, 2, 29).unwrap();
        assert_eq!(day.to_string(), "2020-02-29");
        assert_eq!(day.weekday(), 5, "a Saturday");
        assert_eq!(Day::from_ymd(2021, 2, 29), None);
    }
}
