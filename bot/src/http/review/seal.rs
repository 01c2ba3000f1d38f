//! What the page signs: the cookie of somebody who signed in, the state that travels through WeCom's sign-in, and
//! the token that shows that a form came from our own page. Pure; the time is passed in.

use ring::hmac;

use crate::clock::Timestamp;

/// Digits of a number in a signed state: hexadecimal, so that the state is letters and digits only (wecom 91022).
const DIGITS: usize = 16;

/// The key of the page's signatures.
pub struct Seal(hmac::Key);

/// Somebody who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The person's id.
    pub person: String,
    /// The cookie it was read from.
    pub cookie: String,
}

/// What a signature is for; one for another purpose never fits.
#[derive(Clone, Copy)]
enum Purpose {
    Session,
    SignIn,
    Form,
    Report,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::Session => "review session 1",
            Self::SignIn => "review sign-in 1",
            Self::Form => "review form 1",
            Self::Report => "report page 1",
        }
    }
}

impl Seal {
    /// Signs with HMAC-SHA256 under `key`.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The cookie of a person who signed in, good until `until`: hexadecimal id, time, signature.
    pub fn session(&self, person: &str, until: Timestamp) -> String {
        let tag = self.tag(Purpose::Session, &[person, &until.to_string()]);
        format!("{}.{until}.{tag}", hex::encode(person))
    }

    /// Who a cookie stands for, if we signed it and it has not ended.
    pub fn read_session(&self, cookie: &str, now: Timestamp) -> Option<Session> {
        let mut fields = cookie.splitn(3, '.');
        let (person, until, tag) = (fields.next()?, fields.next()?, fields.next()?);
        let person = String::from_utf8(hex::decode(person).ok()?).ok()?;
        let ends: Timestamp = until.parse().ok()?;
        let good = self.fits(Purpose::Session, &[&person, until], tag) && now < ends;
        good.then(|| Session { person, cookie: cookie.to_owned() })
    }

    /// The state of a sign-in that leads to a case's page: bound to the browser by its `nonce`, good until `until`.
    /// At most 128 letters and digits (wecom 91022).
    pub fn state(&self, number: i64, nonce: &str, until: Timestamp) -> String {
        let tag = self.tag(Purpose::SignIn, &[&number.to_string(), &until.to_string(), nonce]);
        format!("{number:016x}{until:016x}{tag}")
    }

    /// The case a state leads to, if we gave it to this browser and it has not ended.
    pub fn read_state(&self, state: &str, nonce: &str, now: Timestamp) -> Option<i64> {
        let (number, rest) = state.split_at_checked(DIGITS)?;
        let (until, tag) = rest.split_at_checked(DIGITS)?;
        let number = i64::from_str_radix(number, 16).ok()?;
        let until = i64::from_str_radix(until, 16).ok()?;
        let fits = self.fits(Purpose::SignIn, &[&number.to_string(), &until.to_string(), nonce], tag);
        (fits && now < until).then_some(number)
    }

    /// The token of a link to the report of the week that ends at `week`, for one person, good until `until`.
    pub fn report(&self, person: &str, week: Timestamp, until: Timestamp) -> String {
        let tag = self.tag(Purpose::Report, &[person, &week.to_string(), &until.to_string()]);
        format!("{}.{week}.{until}.{tag}", hex::encode(person))
    }

    /// For whom a link's token is, and the end of the week it is about, if we signed it and it has not ended.
    pub fn read_report(&self, token: &str, now: Timestamp) -> Option<(String, Timestamp)> {
        let mut fields = token.splitn(4, '.');
        let (person, week, until, tag) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let person = String::from_utf8(hex::decode(person).ok()?).ok()?;
        let fits = self.fits(Purpose::Report, &[&person, week, until], tag);
        let good = fits && until.parse().is_ok_and(|until: Timestamp| now < until);
        Some((person, week.parse().ok()?)).filter(|_| good)
    }

    /// The token of the forms on a case's page, for whoever holds `right`.
    pub fn form_token(&self, right: &str, number: i64) -> String {
        self.tag(Purpose::Form, &[right, &number.to_string()])
    }

    /// Whether a form came from the page we gave to whoever holds `right`.
    pub fn is_form_token(&self, right: &str, number: i64, token: &str) -> bool {
        self.fits(Purpose::Form, &[right, &number.to_string()], token)
    }

    fn tag(&self, purpose: Purpose, fields: &[&str]) -> String {
        hex::encode(hmac::sign(&self.0, &message(purpose, fields)))
    }

    fn fits(&self, purpose: Purpose, fields: &[&str], tag: &str) -> bool {
        // Compared in constant time.
        hex::decode(tag).is_ok_and(|tag| hmac::verify(&self.0, &message(purpose, fields), &tag).is_ok())
    }
}

/// The bytes signed: each field with its length in front, so that no two lists of fields read the same.
fn message(purpose: Purpose, fields: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in [purpose.label()].iter().chain(fields) {
        bytes.extend((field.len() as u64).to_be_bytes());
        bytes.extend(field.as_bytes());
    }
    bytes
}

#[cfg(test)]
#[path = "seal_tests.rs"]
mod tests;
