//! Dates as people write them.

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;

/// Which end of a bare date's day is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// Its first millisecond.
    Start,
    /// Its last millisecond.
    End,
}

/// Unix milliseconds of `text`: `2026-12-31`, `2026/12/31`, `2026年12月31日`, `2026-12-31 18:00[:00]`, RFC 3339.
pub(super) fn parse(text: &str, edge: Edge, timezone: Tz) -> Option<i64> {
    let text = text.trim();
    if let Ok(exact) = DateTime::parse_from_rfc3339(text) {
        return Some(exact.timestamp_millis());
    }
    let plain = text.replace(['/', '.', '年', '月'], "-").replace('日', "");
    if let Ok(day) = NaiveDate::parse_from_str(plain.trim(), "%Y-%m-%d") {
        return bare(day, edge, timezone);
    }
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(plain.trim(), form).ok())
        .and_then(|moment| at(moment, timezone))
}

fn bare(day: NaiveDate, edge: Edge, timezone: Tz) -> Option<i64> {
    match edge {
        Edge::Start => at(day.and_hms_opt(0, 0, 0)?, timezone),
        Edge::End => at(day.checked_add_days(Days::new(1))?.and_hms_opt(0, 0, 0)?, timezone).map(|next| next - 1),
    }
}

/// A local moment; one that the clock skips is moved past the gap, of two equal ones the first is taken.
fn at(moment: NaiveDateTime, timezone: Tz) -> Option<i64> {
    let local = timezone.from_local_datetime(&moment);
    let shifted = || timezone.from_local_datetime(&moment.checked_add_signed(Duration::hours(1))?).earliest();
    local.earliest().or_else(shifted).map(|moment| moment.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::Shanghai;

    fn iso(text: &str, edge: Edge, timezone: Tz) -> Option<String> {
        parse(text, edge, timezone).and_then(DateTime::from_timestamp_millis).map(|at| at.to_rfc3339())
    }

    #[test]
    fn a_bare_date_is_a_day_of_the_shop() {
        for text in ["2026-12-31", "2026/12/31", " 2026年12月31日 ", "2026.12.31"] {
            assert_eq!(iso(text, Edge::Start, Shanghai).unwrap(), "2026-12-30T16:00:00+00:00", "{text}");
            assert_eq!(iso(text, Edge::End, Shanghai).unwrap(), "2026-12-31T15:59:59.999+00:00", "{text}");
        }
        assert_eq!(iso("2026/1/5", Edge::Start, Tz::UTC).unwrap(), "2026-01-05T00:00:00+00:00");
    }

    #[test]
    fn a_time_is_taken_as_it_is() {
        assert_eq!(iso("2026-11-11T20:00:00+08:00", Edge::End, Tz::UTC).unwrap(), "2026-11-11T12:00:00+00:00");
        assert_eq!(iso("2026/11/11 20:00", Edge::End, Shanghai).unwrap(), "2026-11-11T12:00:00+00:00");
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in ["", "双十一", "2026-13-01", "2026-02-30", "31/12/2026", "20261231"] {
            assert_eq!(parse(text, Edge::Start, Shanghai), None, "{text}");
        }
    }

    #[test]
    fn a_skipped_midnight_moves_past_the_gap() {
        let midnight = iso("2018-11-04", Edge::Start, chrono_tz::America::Sao_Paulo);
        assert_eq!(midnight.unwrap(), "2018-11-04T03:00:00+00:00");
    }
}
