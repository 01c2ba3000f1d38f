//! Hours of work: shifts as configured, a person's own word, and what both say about a moment.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Duration, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Channel, Desk, Person};
use crate::clock::{DAY, Timestamp};

/// Days of the week as written, Monday first.
pub(super) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;
/// A week, with a day for clocks that are put forward or back.
const WEEK: Timestamp = 8 * DAY;

/// A stretch of work that repeats: `09:00-18:00`, `mon-fri 09:00-18:00` or `sat,sun 22:00-06:00`. One that ends
/// before it begins runs past midnight and belongs to the day it begins on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shift {
    /// One bit a day, Monday lowest.
    days: u8,
    /// Minutes after midnight.
    from: u16,
    /// Minutes after midnight.
    until: u16,
}

impl FromStr for Shift {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} are no hours: write \"09:00-18:00\" or \"mon-fri 09:00-18:00\"");
        let (days, span) = text.trim().rsplit_once(' ').unwrap_or(("", text.trim()));
        let (from, until) = span.split_once('-').ok_or_else(wrong)?;
        let (from, until) = (minute(from).ok_or_else(wrong)?, minute(until).ok_or_else(wrong)?);
        let days = if days.trim().is_empty() { Some(0x7F) } else { day_bits(days) }.ok_or_else(wrong)?;
        if from == until || from == DAY_MINUTES {
            return Err(format!("{text:?} never begins or never ends: for always, leave hours out"));
        }
        Ok(Self { days, from, until })
    }
}

pub(super) fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |part: &str| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || minute.len() != 2 || !digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60 && hour * 60 + minute <= DAY_MINUTES).then_some(hour * 60 + minute)
}

fn day_bits(text: &str) -> Option<u8> {
    let day = |name: &str| DAYS.iter().position(|day| name.trim().eq_ignore_ascii_case(day));
    text.split(',').try_fold(0_u8, |bits, part| {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (day(first)?, day(last)?),
            None => (day(part)?, day(part)?),
        };
        // "sat-mon" goes round the week's end.
        let length = (last + 7 - first) % 7;
        Some((0..=length).fold(bits, |bits, step| bits | 1 << ((first + step) % 7)))
    })
}

impl TryFrom<String> for Shift {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Shift> for String {
    fn from(shift: Shift) -> Self {
        shift.to_string()
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != 0x7F {
            let days = DAYS.iter().enumerate().filter(|(n, _)| self.days & (1 << n) != 0).map(|(_, day)| *day);
            write!(f, "{} ", days.collect::<Vec<_>>().join(","))?;
        }
        let (from, until) = (self.from, self.until);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

impl Shift {
    /// When the shift that begins on `day` begins and ends, if there is one.
    fn on(&self, day: NaiveDate, zone: Tz) -> Option<(Timestamp, Timestamp)> {
        if self.days & (1 << day.weekday().num_days_from_monday()) == 0 {
            return None;
        }
        let until = if self.until <= self.from { self.until + DAY_MINUTES } else { self.until };
        Some((instant(day, self.from, zone), instant(day, until, zone)))
    }
}

/// The moment so many minutes after a day's midnight by the wall clock; one that is skipped in spring is an hour later.
pub(super) fn instant(day: NaiveDate, minutes: u16, zone: Tz) -> Timestamp {
    let wall = day.and_time(NaiveTime::MIN) + Duration::minutes(i64::from(minutes));
    let at = |wall| zone.from_local_datetime(&wall).earliest();
    at(wall)
        .or_else(|| at(wall + Duration::hours(1)))
        .map_or_else(|| wall.and_utc().timestamp_millis(), |at| at.timestamp_millis())
}

pub(super) fn day_of(at: Timestamp, zone: Tz) -> NaiveDate {
    chrono::DateTime::from_timestamp_millis(at).unwrap_or_default().with_timezone(&zone).date_naive()
}

/// The shifts that may touch the time between two moments.
fn between(shifts: &[Shift], zone: Tz, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let (first, last) = (day_of(from, zone) - Days::new(1), day_of(to, zone));
    let days = first.iter_days().take_while(|day| *day <= last);
    days.flat_map(|day| shifts.iter().filter_map(move |shift| shift.on(day, zone))).collect()
}

fn covered(spans: &[(Timestamp, Timestamp)], at: Timestamp) -> bool {
    spans.iter().any(|(from, until)| (*from..*until).contains(&at))
}

/// Whether work began or ended after `from`, up to `to`. A plan that does not change within a week never does.
fn changed(shifts: &[Shift], zone: Tz, from: Timestamp, to: Timestamp) -> bool {
    let to = to.min(from + WEEK);
    let spans = between(shifts, zone, from, to);
    let mut edges = spans.iter().flat_map(|(begins, ends)| [*begins, *ends]).filter(|at| (from + 1..=to).contains(at));
    edges.any(|at| covered(&spans, at - 1) != covered(&spans, at))
}

/// What a person last said about being on duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DutyWord {
    /// On duty, or off.
    pub on: bool,
    /// When they said it.
    pub at: Timestamp,
}

/// Whether somebody with these hours is on duty at `now`. Without hours everybody always is; a person's word counts
/// until their hours next begin or end.
fn on_duty(shifts: &[Shift], word: Option<DutyWord>, zone: Tz, now: Timestamp) -> bool {
    match word {
        Some(word) if !changed(shifts, zone, word.at, now) => word.on,
        _ => shifts.is_empty() || covered(&between(shifts, zone, now, now), now),
    }
}

impl Desk {
    /// The zone times are meant in.
    pub fn zone(&self) -> Tz {
        self.desk.timezone.parse().unwrap_or(chrono_tz::Asia::Shanghai)
    }

    /// Ids of those permitted on `channel` who are off duty there at `now`, with everybody's last `words`.
    pub fn off_duty(&self, channel: &Channel, words: &HashMap<String, DutyWord>, now: Timestamp) -> HashSet<String> {
        let zone = self.zone();
        let off = |person: &&Person| {
            let hours = channel.hours.get(&person.id).unwrap_or(&person.hours);
            !on_duty(hours, words.get(&person.id).copied(), zone, now)
        };
        self.permitted_on(channel).into_iter().filter(off).map(|person| person.id.clone()).collect()
    }
}

#[cfg(test)]
#[path = "hours_tests.rs"]
mod tests;
