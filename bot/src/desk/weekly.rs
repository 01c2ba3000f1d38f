//! When the report of the week comes.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::hours::{DAYS, day_of, instant, minute};
use crate::clock::Timestamp;

/// Days that are looked back for the newest moment: a week, and the day itself.
const LOOKED_BACK: usize = 8;

/// A day and a time that come every week: `mon 09:00`; or never: `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Weekly(Option<(usize, u16)>);

impl Default for Weekly {
    /// Monday at nine.
    fn default() -> Self {
        Self(Some((0, 9 * 60)))
    }
}

impl Weekly {
    /// The newest of its moments up to `now`; none where it never comes.
    pub fn newest(self, now: Timestamp, zone: Tz) -> Option<Timestamp> {
        let (day, at) = self.0?;
        let today = day_of(now, zone) + Days::new(1);
        let days = today.iter_days().rev().take(LOOKED_BACK + 1);
        let ours = days.filter(|date| date.weekday().num_days_from_monday() as usize == day);
        ours.map(|date| instant(date, at, zone)).find(|moment| *moment <= now)
    }
}

impl FromStr for Weekly {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "off" {
            return Ok(Self(None));
        }
        let wrong = || format!("{text:?} is no day of the week with a time: write \"mon 09:00\", or \"off\"");
        let (day, at) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let day = DAYS.iter().position(|known| *known == day).ok_or_else(wrong)?;
        let at = minute(at).filter(|at| *at < 24 * 60).ok_or_else(wrong)?;
        Ok(Self(Some((day, at))))
    }
}

impl TryFrom<String> for Weekly {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Weekly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((day, at)) => write!(f, "{} {:02}:{:02}", DAYS.get(day).unwrap_or(&""), at / 60, at % 60),
            None => f.write_str("off"),
        }
    }
}

impl From<Weekly> for String {
    fn from(weekly: Weekly) -> Self {
        weekly.to_string()
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
    fn the_newest_moment_is_the_last_one_that_came() {
        let weekly = Weekly::default();
        let newest = |now| weekly.newest(now, Shanghai);
        assert_eq!(newest(MONDAY), Some(MONDAY));
        assert_eq!(newest(MONDAY - 1), Some(MONDAY - 7 * 24 * HOUR));
        assert_eq!(newest(MONDAY + 6 * 24 * HOUR), Some(MONDAY));
        assert_eq!(Weekly(None).newest(MONDAY, Shanghai), None);
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        for text in ["mon 09:00", "sun 23:59", "off"] {
            assert_eq!(text.parse::<Weekly>().map(|weekly| weekly.to_string()), Ok(text.to_owned()));
        }
        for text in ["monday 9", "mon", "09:00", "mon 24:00", "", "never"] {
            assert!(text.parse::<Weekly>().is_err(), "{text}");
        }
    }
}
