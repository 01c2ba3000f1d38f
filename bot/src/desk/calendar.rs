//! Weeks of the calendar, as they are named.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use chrono_tz::Tz;

use super::hours::{day_of, instant};
use crate::clock::Timestamp;

/// A week from Monday to Sunday by its number in the year (ISO 8601): `2026-W48`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarWeek {
    monday: NaiveDate,
}

impl CalendarWeek {
    /// The week that a moment lies in.
    pub fn of(at: Timestamp, zone: Tz) -> Self {
        let day = day_of(at, zone);
        Self { monday: day - Days::new(day.weekday().num_days_from_monday().into()) }
    }

    /// The newest week that is over.
    pub fn last_over(now: Timestamp, zone: Tz) -> Self {
        Self::of(now, zone).before()
    }

    /// The week before it.
    pub fn before(self) -> Self {
        Self { monday: self.monday - Days::new(7) }
    }

    /// Its first moment, and the first one behind it.
    pub fn span(self, zone: Tz) -> (Timestamp, Timestamp) {
        (instant(self.monday, 0, zone), instant(self.monday + Days::new(7), 0, zone))
    }
}

impl fmt::Display for CalendarWeek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let week = self.monday.iso_week();
        write!(f, "{}-W{:02}", week.year(), week.week())
    }
}

impl FromStr for CalendarWeek {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} names no week: write one as 2026-W48");
        let (year, week) = text.trim().split_once(['-', ' ']).ok_or_else(wrong)?;
        let week = week.trim_start_matches(['W', 'w']);
        let monday = year.parse().ok().zip(week.parse().ok());
        let monday = monday.and_then(|(year, week)| NaiveDate::from_isoywd_opt(year, week, Weekday::Mon));
        monday.filter(|day| (1970..3000).contains(&day.year())).map(|monday| Self { monday }).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::Shanghai;

    /// 2026-11-30 09:00 in Shanghai, a Monday.
    const MONDAY: Timestamp = 1_796_000_400_000;
    const HOUR: Timestamp = 3_600_000;

    #[test]
    fn a_week_is_over_when_the_next_one_begins() {
        let over = |now| CalendarWeek::last_over(now, Shanghai).to_string();
        assert_eq!(over(MONDAY), "2026-W48");
        assert_eq!(over(MONDAY - 9 * HOUR), "2026-W48");
        assert_eq!(over(MONDAY - 9 * HOUR - 1), "2026-W47");
        let (from, until) = CalendarWeek::of(MONDAY, Shanghai).span(Shanghai);
        assert_eq!((from, until), (MONDAY - 9 * HOUR, MONDAY - 9 * HOUR + 7 * 24 * HOUR));
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        for text in ["2026-W48", "2026-W01", "2020-W53"] {
            assert_eq!(text.parse::<CalendarWeek>().map(|week| week.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("2026-w5".parse::<CalendarWeek>().map(|week| week.to_string()), Ok("2026-W05".to_owned()));
        for text in ["", "2026", "2026-W54", "2026-W0", "48", "999999-W01", "2026-11-30"] {
            assert!(text.parse::<CalendarWeek>().is_err(), "{text}");
        }
    }
}
