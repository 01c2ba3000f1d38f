//! Whether what was configured fits together: the desk and its people.

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;

use chrono_tz::{TZ_VARIANTS, Tz};

use super::ConfigError;
use super::backoffice::check_back_offices;
use super::channels::check_channels;
use super::names::{hint, nearest};
use crate::desk::{AutoPolicy, Desk, DraftingBudgets, Person, Policy, Role, Settings};
use crate::policy::Intent;

/// Longest id of a person, channel or store, in bytes.
const ID_MAX: usize = 32;
/// Longest member id of WeCom, in bytes (wecom 90195).
const WECOM_ID_MAX: usize = 64;
/// Longest wait for a customer to stop typing, in seconds.
const QUIET_MAX: u32 = 60;
/// Longest time a reviewer can be given, or a case can wait for one, in minutes: a day.
const REVIEW_MINUTES_MAX: u32 = 1_440;
/// Most cards one person can be asked to hold at once.
const OPEN_CARDS_MAX: u32 = 20;
/// Longest reply that may leave without a person, in characters.
const LONGEST_AUTO: u32 = 600;
/// The highest share of bad drafts an intent may be opened with.
const WORST_RATE: f64 = 0.05;
/// The least share of what left that is reviewed afterwards.
const LEAST_SAMPLE: f64 = 0.02;
/// Longest notice under a message, in characters.
const LONGEST_NOTICE: usize = 60;
/// Sentences a shop teaches at most, and the longest of them in characters.
const MOST_SENTENCES: usize = 5_000;
const LONGEST_SENTENCE: usize = 200;
/// The languages there are words in.
const LOCALES: [&str; 2] = ["zh-CN", "en"];
/// The rule for ids, as told to people.
pub(super) const ID_RULE: &str = "use 1 to 32 of a-z, 0-9, - and _, beginning with a letter or a digit";

/// The mistakes found so far.
#[derive(Default)]
pub(super) struct Findings(Vec<ConfigError>);

impl Findings {
    /// Adds a mistake.
    pub(super) fn add(&mut self, place: &str, what: impl Into<String>, todo: impl Into<String>) {
        self.0.push(ConfigError::new(place, what, todo));
    }

    /// All of them.
    pub(super) fn into_errors(self) -> Vec<ConfigError> {
        self.0
    }

    /// Adds a mistake unless `ok`.
    pub(super) fn expect(&mut self, ok: bool, place: &str, what: impl Into<String>, todo: impl Into<String>) {
        if !ok {
            self.add(place, what, todo);
        }
    }
}

/// Everything that does not fit together, in the order of the file's tables.
pub(crate) fn check(desk: &Desk) -> Vec<ConfigError> {
    let mut found = Findings::default();
    check_settings(desk, &mut found);
    check_people(desk, &mut found);
    check_channels(desk, &mut found);
    check_back_offices(desk, &mut found);
    check_intents(desk, &mut found);
    check_policy(&desk.policy, &mut found);
    check_drafting(&desk.drafting, &mut found);
    found.into_errors()
}

/// Whether `id` can be the id of a person, a channel or a store.
pub(super) fn is_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    id.len() <= ID_MAX && id.bytes().next().is_some_and(plain) && id.bytes().all(|b| plain(b) || b"-_".contains(&b))
}

/// The ids of all people, for hints.
pub(super) fn people_ids(desk: &Desk) -> Vec<&str> {
    desk.people.iter().map(|person| person.id.as_str()).collect()
}

fn check_settings(desk: &Desk, found: &mut Findings) {
    let Settings { locale, timezone, review_minutes, open_cards, waiting_minutes, currency, .. } = &desk.desk;
    let locale_ok = LOCALES.contains(&locale.as_str());
    found.expect(locale_ok, "desk", format!("locale {locale:?} is not available"), hint(locale, &LOCALES));
    if Tz::from_str(timezone).is_err() {
        found.add("desk", format!("timezone {timezone:?} is not an IANA name"), zone_hint(timezone));
    }
    let minutes_ok = (1..=REVIEW_MINUTES_MAX).contains(review_minutes);
    let minutes_todo = format!("use 1 to {REVIEW_MINUTES_MAX}");
    found.expect(minutes_ok, "desk", format!("review_minutes is {review_minutes}"), minutes_todo.as_str());
    let waiting_ok = (1..=REVIEW_MINUTES_MAX).contains(waiting_minutes);
    found.expect(waiting_ok, "desk", format!("waiting_minutes is {waiting_minutes}"), minutes_todo);
    let cards_ok = (1..=OPEN_CARDS_MAX).contains(open_cards);
    found.expect(cards_ok, "desk", format!("open_cards is {open_cards}"), format!("use 1 to {OPEN_CARDS_MAX}"));
    let currency_ok = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
    let currency_todo = r#"use three capital letters, such as "CNY""#;
    found.expect(currency_ok, "desk", format!("currency {currency:?} is not an ISO 4217 code"), currency_todo);
    let Settings { quiet_seconds, quiet_at_most_seconds, .. } = &desk.desk;
    let quiet = format!("quiet_seconds is {quiet_seconds} and quiet_at_most_seconds is {quiet_at_most_seconds}");
    let quiet_ok = quiet_seconds <= quiet_at_most_seconds && *quiet_at_most_seconds <= QUIET_MAX;
    let quiet_todo = format!("let quiet_seconds be at most quiet_at_most_seconds, and that at most {QUIET_MAX}");
    found.expect(quiet_ok, "desk", quiet, quiet_todo);
    check_watcher(desk, found);
}

fn zone_hint(timezone: &str) -> String {
    let names: Vec<&str> = TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
    let near = nearest(timezone, &names).map(|name| format!("did you mean {name:?}?"));
    near.unwrap_or_else(|| r#"use a name such as "Asia/Shanghai""#.to_owned())
}

fn check_watcher(desk: &Desk, found: &mut Findings) {
    let Some(id) = &desk.desk.alarms_to else { return };
    match desk.person(id) {
        None => found.add("desk", unknown_person("alarms_to", id), hint(id, &people_ids(desk))),
        Some(person) if person.addresses().is_empty() => {
            found.add(
                "desk",
                format!("alarms_to names {id:?}, who has no WeCom id and no Telegram id"),
                format!("give {id:?} a wecom id, or a telegram id"),
            );
        }
        Some(_) => {}
    }
}

/// What is wrong when a setting names somebody who is not there.
pub(super) fn unknown_person(key: &str, id: &str) -> String {
    format!("{key} names {id:?}, who is not in [[people]]")
}

fn check_people(desk: &Desk, found: &mut Findings) {
    for (index, person) in desk.people.iter().enumerate() {
        check_person(person, &desk.people[..index], found);
    }
    let somebody = desk.people.iter().any(|person| person.is(Role::Admin));
    found.expect(somebody, "people", "nobody is admin", r#"give one person roles = ["admin"]"#);
}

fn check_person(person: &Person, before: &[Person], found: &mut Findings) {
    let Person { id, name, wecom, telegram, surfaces, roles, hours: _ } = person;
    let place = &format!("people {id:?}");
    found.expect(is_id(id), place, "the id is not usable", ID_RULE);
    let same_id = before.iter().any(|other| other.id == *id);
    found.expect(!same_id, place, "the id is used twice", "give one of them another id");
    found.expect(!name.trim().is_empty(), place, "the name is empty", "write the name colleagues know");
    found.expect(!roles.is_empty(), place, "has no role", r#"add roles = ["reviewer"], or take the person out"#);
    if let Some(wecom) = wecom {
        check_wecom_id(place, wecom, before, found);
    }
    match surfaces.iter().find(|surface| person.on(**surface).is_none()) {
        Some(surface) => found.add(
            place,
            format!("surfaces names {:?}, where the person has no id", surface.as_str()),
            "give the person an id there, or take it out of surfaces",
        ),
        None if person.decides() && person.addresses().is_empty() => {
            let todo = r#"add wecom = "<member id>", or telegram = <user id>"#;
            found.add(place, "has no WeCom id and no Telegram id to get cards on", todo);
        }
        None => {}
    }
    let twice = (1..surfaces.len()).any(|at| surfaces[..at].contains(&surfaces[at]));
    found.expect(!twice, place, "surfaces names one twice", "name each once");
    let same_telegram = telegram.is_some() && before.iter().any(|other| other.telegram == *telegram);
    found.expect(!same_telegram, place, "the telegram id is somebody else's too", "correct one of them");
}

fn check_wecom_id(place: &str, wecom: &str, before: &[Person], found: &mut Findings) {
    let usable = !wecom.is_empty() && wecom.trim() == wecom && wecom.len() <= WECOM_ID_MAX && !wecom.contains(':');
    found.expect(usable, place, format!("the WeCom id {wecom:?} is not usable"), "copy the member's account (帐号)");
    let same = |other: &&Person| other.wecom.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(wecom));
    if let Some(other) = before.iter().find(same) {
        found.add(place, format!("has the WeCom id {wecom:?} of {:?}", other.id), "correct one of them");
    }
}

fn check_intents(desk: &Desk, found: &mut Findings) {
    let mut known: BTreeMap<&str, Intent> = BTreeMap::new();
    for taught in &desk.intents {
        let place = format!("intents {:?}", taught.name.as_str());
        found.expect(!taught.said.is_empty(), &place, "has no sentences", "add said = [\"…\"], or take it out");
        for said in &taught.said {
            let fits = !said.trim().is_empty() && said.chars().count() <= LONGEST_SENTENCE;
            found.expect(
                fits,
                &place,
                format!("cannot learn from {said:?}"),
                "write a sentence of 1 to 200 characters",
            );
            if let Some(other) = known.insert(said, taught.name).filter(|other| *other != taught.name) {
                let what = format!("{said:?} is said for {:?} too", other.as_str());
                found.add(&place, what, "leave it with one of the two");
            }
        }
    }
    let names: HashSet<Intent> = desk.intents.iter().map(|taught| taught.name).collect();
    found.expect(
        names.len() != 1,
        "intents",
        "teach one intent alone",
        "add sentences of another: one is told from the other",
    );
    let all: usize = desk.intents.iter().map(|taught| taught.said.len()).sum();
    found.expect(all <= MOST_SENTENCES, "intents", format!("has {all} sentences"), "keep the most telling 5,000");
}

fn check_drafting(drafting: &DraftingBudgets, found: &mut Findings) {
    let DraftingBudgets { price_in, price_out, customer, desk } = drafting;
    let amount = |amount: &f64| amount.is_finite() && *amount >= 0.0;
    let prices_ok = amount(price_in) && amount(price_out);
    found.expect(prices_ok, "drafting", "a price is no amount", "use 0 or more for a million tokens");
    for (place, budget) in [("drafting.customer", customer), ("drafting.desk", desk)] {
        let money_ok = budget.money.as_ref().is_none_or(amount);
        found.expect(money_ok, place, "money is no amount", "use 0 or more, in the desk's currency");
        let priced = budget.money.is_none() || *price_in > 0.0 || *price_out > 0.0;
        let todo = "set price_in and price_out of [drafting], or limit tokens instead";
        found.expect(priced, place, "limits money, and the model costs nothing", todo);
    }
}

fn check_policy(policy: &Policy, found: &mut Findings) {
    let Policy { confidence, high_value_cents, triggers, auto } = policy;
    let sure = (0.0..=1.0).contains(confidence);
    found.expect(sure, "policy", format!("confidence is {confidence}"), "use 0 to 1, such as 0.90");
    let worth = *high_value_cents >= 0;
    found.expect(worth, "policy", format!("high_value_cents is {high_value_cents}"), "use 0 or more");
    let named = triggers.as_deref().is_none_or(|file| !file.trim().is_empty());
    found.expect(named, "policy", "triggers is empty", "name a file, or take the line out");
    check_auto(auto, found);
}

/// What leaves without a person is watched and marked, always: neither can be switched off.
fn check_auto(auto: &AutoPolicy, found: &mut Findings) {
    let AutoPolicy { drafts: _, most_characters, bad_rate, sample, notice } = auto;
    let place = "policy.auto";
    let short = (1..=LONGEST_AUTO).contains(most_characters);
    let todo = format!("use 1 to {LONGEST_AUTO}");
    found.expect(short, place, format!("most_characters is {most_characters}"), todo);
    let proved = *bad_rate > 0.0 && *bad_rate <= WORST_RATE;
    found.expect(proved, place, format!("bad_rate is {bad_rate}"), "use more than 0 and at most 0.05, such as 0.01");
    let watched = (LEAST_SAMPLE..=1.0).contains(sample);
    found.expect(watched, place, format!("sample is {sample}"), "use 0.02 to 1, such as 0.10");
    let marked = notice.as_ref().is_none_or(|text| {
        !text.trim().is_empty() && text.lines().count() == 1 && text.chars().count() <= LONGEST_NOTICE
    });
    let todo = "write one line of at most 60 characters, or take it out for the usual words";
    found.expect(marked, place, "the notice is empty or too long", todo);
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
