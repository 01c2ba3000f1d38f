use chrono_tz::Asia::Shanghai;
use chrono_tz::Europe::Berlin;

use super::*;

fn hours(texts: &[&str]) -> Vec<Shift> {
    texts.iter().map(|text| text.parse().expect("good hours")).collect()
}

/// A moment of 2026 by the wall clock of `zone`; 25 November is a Wednesday.
fn at(zone: Tz, month: u32, day: u32, time: &str) -> Timestamp {
    instant(NaiveDate::from_ymd_opt(2026, month, day).expect("a day"), minute(time).expect("a time"), zone)
}

fn on(shifts: &[Shift], word: Option<(bool, Timestamp)>, now: Timestamp) -> bool {
    on_duty(shifts, word.map(|(on, at)| DutyWord { on, at }), Shanghai, now)
}

#[test]
fn hours_are_read_and_written() {
    for (text, written) in [
        ("09:00-18:00", "09:00-18:00"),
        ("mon-fri 9:00-18:00", "mon,tue,wed,thu,fri 09:00-18:00"),
        ("Sat,Sun 22:00-06:00", "sat,sun 22:00-06:00"),
        ("sat-mon 00:00-24:00", "mon,sat,sun 00:00-24:00"),
    ] {
        let shift: Shift = text.parse().expect(text);
        assert_eq!(shift.to_string(), written);
        assert_eq!(written.parse(), Ok(shift));
    }
    for text in ["", "9-18", "09:00", "09:00-25:00", "09:60-10:00", "someday 09:00-18:00", "09:00-09:00", "24:00-06:00"]
    {
        assert!(text.parse::<Shift>().is_err(), "{text}");
    }
}

#[test]
fn hours_begin_and_end_to_the_minute() {
    let week = hours(&["mon-fri 09:00-18:00"]);
    for (day, time, works) in [
        (25, "08:59", false),
        (25, "09:00", true),
        (25, "17:59", true),
        (25, "18:00", false),
        (28, "10:00", false),
        (30, "10:00", true),
    ] {
        assert_eq!(on(&week, None, at(Shanghai, 11, day, time)), works, "{day} {time}");
    }
    assert!(on(&[], None, 0), "without hours always");
}

#[test]
fn a_night_shift_belongs_to_the_day_it_begins_on() {
    let night = hours(&["fri 22:00-06:00"]);
    for (day, time, works) in
        [(27, "21:59", false), (27, "22:00", true), (28, "05:59", true), (28, "06:00", false), (28, "23:00", false)]
    {
        assert_eq!(on(&night, None, at(Shanghai, 11, day, time)), works, "{day} {time}");
    }
}

#[test]
fn a_word_counts_until_the_hours_next_change() {
    let week = hours(&["mon-fri 09:00-18:00"]);
    let (late, evening) = (at(Shanghai, 11, 25, "09:05"), at(Shanghai, 11, 25, "19:00"));
    assert!(!on(&week, Some((false, late)), at(Shanghai, 11, 25, "17:59")));
    assert!(on(&week, Some((false, late)), at(Shanghai, 11, 26, "09:00")), "the next morning is another day");
    assert!(on(&week, Some((true, evening)), at(Shanghai, 11, 26, "03:00")));
    assert!(!on(&week, Some((true, evening)), at(Shanghai, 11, 26, "18:00")));
    assert!(!on(&[], Some((false, late)), at(Shanghai, 12, 25, "09:00")), "without hours it counts for good");
    let always = hours(&["00:00-12:00", "12:00-24:00"]);
    assert!(!on(&always, Some((false, late)), at(Shanghai, 11, 25, "12:00")), "hours that go on do not change");
}

#[test]
fn a_clock_that_is_put_forward_or_back_moves_with_the_wall() {
    let day = hours(&["02:30-10:00"]);
    let on = |now| on_duty(&day, None, Berlin, now);
    // On 29 March 2026 there is no 02:30 in Berlin; on 25 October there are two.
    assert!(!on(at(Berlin, 3, 29, "01:59")) && on(at(Berlin, 3, 29, "03:30")) && !on(at(Berlin, 3, 29, "10:00")));
    assert!(on(at(Berlin, 10, 25, "02:30")) && on(at(Berlin, 10, 25, "09:59")));
}
