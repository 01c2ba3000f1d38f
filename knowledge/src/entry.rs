//! What one piece of knowledge is: its kind, where it applies and until when.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Severity;

/// What sort of knowledge an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Facts about a product: material, care, stock, compatibility.
    Product,
    /// Which size fits whom.
    Sizing,
    /// When, how and where goods are shipped, and what it costs.
    Shipping,
    /// Return, exchange and refund.
    Returns,
    /// Warranty and after-sales service.
    Warranty,
    /// Campaigns, coupons, price protection: usually with an end date.
    Campaign,
    /// A rule: what must never be said or promised.
    Forbidden,
    /// A rule: how the shop speaks.
    Tone,
    /// A rule: what goes to whom.
    Escalation,
    /// Everything else a customer may ask.
    General,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Kind; 10] = [
        Kind::Product,
        Kind::Sizing,
        Kind::Shipping,
        Kind::Returns,
        Kind::Warranty,
        Kind::Campaign,
        Kind::Forbidden,
        Kind::Tone,
        Kind::Escalation,
        Kind::General,
    ];

    /// The word used in files, on the command line and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Product => "product",
            Kind::Sizing => "sizing",
            Kind::Shipping => "shipping",
            Kind::Returns => "returns",
            Kind::Warranty => "warranty",
            Kind::Campaign => "campaign",
            Kind::Forbidden => "forbidden",
            Kind::Tone => "tone",
            Kind::Escalation => "escalation",
            Kind::General => "general",
        }
    }

    /// Whether entries of this kind are rules for the shop's staff and drafts, never an answer to a customer.
    pub fn is_rule(self) -> bool {
        matches!(self, Kind::Forbidden | Kind::Tone | Kind::Escalation)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is not one of [`Kind::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown kind '{0}': use product, sizing, shipping, returns, warranty, campaign, forbidden, tone, escalation or general"
)]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    /// Reads the word of [`Kind::as_str`], without regard to case or surrounding space.
    fn from_str(word: &str) -> Result<Kind, UnknownKind> {
        let wanted = word.trim();
        Kind::ALL
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(wanted))
            .ok_or_else(|| UnknownKind(wanted.to_owned()))
    }
}

/// Where an entry applies, or where a question was asked. A field that is `None` does not restrict.
///
/// What came later is left out where it says nothing, so that what was stored before still reads and hashes the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// The shop, as in the configuration's `store`.
    pub store: Option<String>,
    /// The selling platform, e.g. `tmall`.
    pub platform: Option<String>,
    /// The customer's region, e.g. `CN` or `新疆`.
    pub region: Option<String>,
    /// A language tag; `zh` covers `zh-CN`.
    pub language: Option<String>,
    /// The channel, by its id in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

impl Scope {
    /// Whether an entry with this scope may answer a question asked in `asked`.
    ///
    /// `None` on either side means any, so whoever answers customers fills in all it knows of `asked`: only a store
    /// that is named can shut out another store's entries.
    pub fn covers(&self, asked: &Scope) -> bool {
        let same = |mine: &Option<String>, theirs: &Option<String>| match (mine, theirs) {
            (Some(mine), Some(theirs)) => mine.eq_ignore_ascii_case(theirs),
            _ => true,
        };
        same(&self.store, &asked.store)
            && same(&self.platform, &asked.platform)
            && same(&self.region, &asked.region)
            && same(&self.channel, &asked.channel)
            && speaks(self.language.as_deref(), asked.language.as_deref())
    }

    /// This scope with every field that `other` names taken from `other`.
    #[must_use]
    pub fn with(self, other: Scope) -> Scope {
        Scope {
            store: other.store.or(self.store),
            platform: other.platform.or(self.platform),
            region: other.region.or(self.region),
            language: other.language.or(self.language),
            channel: other.channel.or(self.channel),
        }
    }

    /// How many fields this scope names that `asked` names too, minus those only this scope names.
    ///
    /// Positive when the entry was written for just this case, negative when it may be for another.
    pub(crate) fn closeness(&self, asked: &Scope) -> i32 {
        let field = |mine: &Option<String>, theirs: &Option<String>| match (mine, theirs) {
            (Some(_), Some(_)) => 1,
            (Some(_), None) => -1,
            (None, _) => 0,
        };
        field(&self.store, &asked.store)
            + field(&self.platform, &asked.platform)
            + field(&self.region, &asked.region)
            + field(&self.language, &asked.language)
            + field(&self.channel, &asked.channel)
    }
}

/// Language tags match when equal or when one is the general form of the other (`zh` of `zh-CN`): of a customer's words it
/// may be known that they are Chinese, and not which.
fn speaks(mine: Option<&str>, asked: Option<&str>) -> bool {
    let (Some(mine), Some(asked)) = (mine, asked) else { return true };
    let (mine, asked) = (mine.to_ascii_lowercase(), asked.to_ascii_lowercase());
    let is_form_of = |tag: &str, general: &str| {
        tag.strip_prefix(general).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
    };
    is_form_of(&asked, &mine) || is_form_of(&mine, &asked)
}

/// A scope could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Not of the form `key=value`.
    #[error("'{0}' is not of the form key=value")]
    Form(String),
    /// The key is none of those there are.
    #[error("unknown scope key '{0}': use store, platform, region, language or channel")]
    Key(String),
}

impl FromStr for Scope {
    type Err = ScopeError;

    /// Reads `store=flagship`, or several pairs separated by commas.
    fn from_str(text: &str) -> Result<Scope, ScopeError> {
        let mut scope = Scope::default();
        for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| ScopeError::Form(pair.trim().to_owned()))?;
            let value = value.trim();
            if value.is_empty() {
                return Err(ScopeError::Form(pair.trim().to_owned()));
            }
            let field = match key.trim() {
                "store" => &mut scope.store,
                "platform" => &mut scope.platform,
                "region" => &mut scope.region,
                "language" => &mut scope.language,
                "channel" => &mut scope.channel,
                other => return Err(ScopeError::Key(other.to_owned())),
            };
            *field = Some(value.to_owned());
        }
        Ok(scope)
    }
}

/// One published piece of knowledge. All times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Our id.
    pub id: String,
    /// Version of the entry, from 1.
    pub version: i64,
    /// The id the imported file gave it, if any.
    pub file_id: Option<String>,
    /// What sort of knowledge it is.
    pub kind: Kind,
    /// Short name; for Markdown the path of headings.
    pub title: String,
    /// The ways customers ask for it; may be empty.
    pub questions: Vec<String>,
    /// The answer, word for word.
    pub answer: String,
    /// Person id of the knowledge owner.
    pub owner: String,
    /// Where it applies.
    pub scope: Scope,
    /// First moment at which it may be used.
    pub valid_from: Option<i64>,
    /// Last moment at which it may be used.
    pub valid_until: Option<i64>,
    /// The owner should have confirmed it by then; it is still used afterwards, and shown as unconfirmed.
    pub verify_by: Option<i64>,
    /// Where it came from, e.g. `faq.csv line 12`.
    pub source: String,
    /// Questions that must, and must not, be answered with it.
    #[serde(default, skip_serializing_if = "HitTests::is_empty")]
    pub tests: HitTests,
    /// What must not be said, for entries of kind [`Kind::Forbidden`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forbids: Option<Forbids>,
    /// What stands between it and a promise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<Caution>,
    /// On which channels it was released. Not part of what it says: a release may widen.
    #[serde(skip)]
    pub release: Release,
}

impl Entry {
    /// Whether it may answer a question asked in `asked`: by what it says of itself, and by where it was released.
    pub fn covers(&self, asked: &Scope) -> bool {
        self.scope.covers(asked) && self.release.reaches(asked.channel.as_deref())
    }

    /// Whether `now_ms` lies within the validity (both ends included).
    pub fn is_valid_at(&self, now_ms: i64) -> bool {
        is_within(self.valid_from, self.valid_until, now_ms)
    }
}

/// Whether `now_ms` lies between two moments, both included; a missing one is never.
pub(crate) fn is_within(from: Option<i64>, until: Option<i64>, now_ms: i64) -> bool {
    from.is_none_or(|from| from <= now_ms) && until.is_none_or(|until| now_ms <= until)
}

/// What stands between an entry and a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caution {
    /// Nothing of it is promised before somebody has checked the single case.
    VerifyFirst,
    /// Whatever rests on it is looked at by a person.
    ReviewNeeded,
}

/// On which channels a version is in use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Release {
    /// Ids of the channels; empty means every channel.
    pub only: Vec<String>,
    /// Channels on which a newer version is used instead.
    pub except: Vec<String>,
}

impl Release {
    /// Whether it is in use on `channel`; where none is named, wherever it is in use at all.
    pub fn reaches(&self, channel: Option<&str>) -> bool {
        let Some(channel) = channel else { return true };
        let names = |channels: &[String]| channels.iter().any(|name| name == channel);
        (self.only.is_empty() || names(&self.only)) && !names(&self.except)
    }
}

/// Questions that show whether an entry is found when it should be, and only then.
///
/// What stands in 【brackets】 before a question says what it is about (【多意图】, 【边界】 …), and is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HitTests {
    /// It has to be the answer to these.
    pub find: Vec<String>,
    /// It must not be the answer to these.
    pub miss: Vec<String>,
}

impl HitTests {
    /// Whether there is nothing to test.
    pub fn is_empty(&self) -> bool {
        self.find.is_empty() && self.miss.is_empty()
    }
}

/// Words that must not be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forbids {
    /// The words, as people write them.
    pub words: Vec<String>,
    /// How bad it is to say one.
    pub severity: Severity,
    /// What to say instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
