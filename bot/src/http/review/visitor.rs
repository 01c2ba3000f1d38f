//! Who is looking, and by what right.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use url::form_urlencoded;

use super::seal::{Seal, Session};
use super::token_hash;
use super::trouble::Trouble;
use crate::app::App;
use crate::mistake::{self, Mistake};
use crate::policy::{self, Power};
use crate::store::people::{self, Link};
use crate::store::{Tx, cases};
use crate::view::View;

/// The cookie of somebody who signed in.
pub(super) const SESSION_COOKIE: &str = "aijia_review";
/// Digits of a link's token.
const TOKEN_DIGITS: usize = 64;

/// A request for a case's page, as far as it can be read without the database.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    /// The case's number; 0, which no case has, where it is none.
    pub(super) number: i64,
    /// The token of the link that was opened.
    token: Option<String>,
    /// Who signed in.
    session: Option<Session>,
}

/// Somebody we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Visitor {
    /// The person's id.
    pub(super) person: String,
    /// By what right they are here.
    pub(super) right: Right,
}

/// By what right somebody is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Right {
    /// A link from a chat, for one version of one case.
    Link {
        /// The link's token.
        token: String,
        /// The draft version it was given for.
        version: i64,
    },
    /// They signed in.
    Session {
        /// Their cookie.
        cookie: String,
    },
}

impl Asking {
    /// Reads a request for a page.
    pub(super) fn read(app: &App, number: &str, query: Option<&str>, headers: &HeaderMap) -> Self {
        Self::with_token(app, number, param(query, "t").as_deref(), headers)
    }

    /// Reads a request that gives its link's token separately; an empty one is none.
    pub(super) fn with_token(app: &App, number: &str, token: Option<&str>, headers: &HeaderMap) -> Self {
        let seal = Seal::new(&app.cookie_key);
        let now = app.clock.now();
        Self {
            number: number.parse().unwrap_or_default(),
            token: token.filter(|t| !t.is_empty()).map(str::to_owned),
            session: cookies(headers, SESSION_COOKIE).find_map(|cookie| seal.read_session(cookie, now)),
        }
    }

    /// Who may look: whoever a good link was given to, else whoever signed in.
    pub(super) async fn visitor(&self, tx: &mut Tx, app: &App) -> Result<Visitor, Trouble> {
        let by_link = match &self.token {
            Some(token) => self.by_link(tx, app, token).await,
            None => Err(Trouble::Stranger),
        };
        match (by_link, &self.session) {
            (Err(Trouble::Broken(problem)), _) => Err(Trouble::Broken(problem)),
            (Err(_), Some(session)) => Ok(session.into()),
            (by_link, _) => by_link,
        }
    }

    /// Whether the browser is known to be somebody else's: a link that was passed on is no right of theirs.
    fn is_passed_on(&self, link: &Link) -> bool {
        self.session.as_ref().is_some_and(|session| session.person != link.person)
    }

    /// Who hands something in: a form that came by a link counts by that link only.
    pub(super) async fn author(&self, tx: &mut Tx, app: &App) -> Result<Visitor, Trouble> {
        match (&self.token, &self.session) {
            (Some(token), _) => self.by_link(tx, app, token).await,
            (None, Some(session)) => Ok(session.into()),
            (None, None) => Err(Trouble::Stranger),
        }
    }

    async fn by_link(&self, tx: &mut Tx, app: &App, token: &str) -> Result<Visitor, Trouble> {
        if token.len() != TOKEN_DIGITS {
            return Err(Trouble::LinkOver);
        }
        let found = people::link(tx, &token_hash(token), app.clock.now()).await?;
        let case = cases::by_number(tx, self.number).await?;
        match (found, case) {
            (Some(link), Some(case)) if link.case_id == case.id && !self.is_passed_on(&link) => match link.used_at {
                Some(_) if !mistake::made(Mistake::ReusablePageToken) => Err(Trouble::LinkUsed),
                _ => {
                    let right = Right::Link { token: token.to_owned(), version: link.version };
                    Ok(Visitor { person: link.person, right })
                }
            },
            _ => Err(Trouble::LinkOver),
        }
    }

    /// The case, if this person may see it now. Nobody learns more than that about cases of other channels.
    pub(super) async fn view(&self, tx: &mut Tx, app: &App, visitor: &Visitor) -> Result<View, Trouble> {
        let desk = app.desk(tx).await?;
        let person = desk.desk.person(&visitor.person).ok_or(Trouble::NotOnList)?;
        let case = cases::by_number(tx, self.number).await?.ok_or(Trouble::NoSuchCase)?;
        let channel = desk.desk.channel(&case.channel);
        policy::may(person, Power::SeeCase, channel).map_err(|denied| Trouble::NotPermitted(denied.key()))?;
        Ok(View::load(tx, app, &case.id).await?)
    }
}

impl Visitor {
    /// What their form tokens are bound to.
    pub(super) fn binding(&self) -> String {
        match &self.right {
            Right::Link { token, .. } => format!("link:{token}"),
            Right::Session { cookie } => format!("session:{cookie}"),
        }
    }

    /// The token of their link.
    pub(super) fn token(&self) -> Option<&str> {
        match &self.right {
            Right::Link { token, .. } => Some(token),
            Right::Session { .. } => None,
        }
    }

    /// Whether they signed in; a link never approves.
    pub(super) fn signed_in(&self) -> bool {
        matches!(self.right, Right::Session { .. })
    }

    /// Whether their right covers this version of the draft.
    pub(super) fn covers(&self, version: i64) -> bool {
        match &self.right {
            Right::Link { version: given, .. } => *given == version,
            Right::Session { .. } => true,
        }
    }
}

impl From<&Session> for Visitor {
    fn from(session: &Session) -> Self {
        Self { person: session.person.clone(), right: Right::Session { cookie: session.cookie.clone() } }
    }
}

/// The first parameter of this name in a query.
pub(in crate::http) fn param(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The cookies of this name.
pub(super) fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let all = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn cookies_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; aijia_review=x.y.z;b=2"));
        headers.append(COOKIE, HeaderValue::from_static("aijia_review=second; xaijia_review=no"));
        assert_eq!(cookies(&headers, SESSION_COOKIE).collect::<Vec<_>>(), ["x.y.z", "second"]);
        assert_eq!(cookies(&headers, "none").next(), None);
    }

    #[test]
    fn a_parameter_is_found_and_decoded() {
        assert_eq!(param(Some("x=1&t=a%20b&t=c"), "t").as_deref(), Some("a b"));
        assert_eq!(param(None, "t"), None);
    }

    #[test]
    fn a_link_covers_its_version_and_does_not_sign_in() {
        let link = Visitor { person: "lihua".into(), right: Right::Link { token: "aa".into(), version: 2 } };
        assert!(link.covers(2) && !link.covers(3) && !link.signed_in());
        let session = Visitor { person: "lihua".into(), right: Right::Session { cookie: "aa".into() } };
        assert!(session.covers(3) && session.signed_in() && session.token().is_none());
        assert_ne!(link.binding(), session.binding());
    }
}
