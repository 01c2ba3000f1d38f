//! Who works at the desk, on which channels, under which settings: the part of the configuration the
//! running program decides with. Read from `aijia.toml` by [`crate::config`], kept as versions in the store.

mod backoffice;
mod calendar;
mod drafting;
mod hours;
mod taught;
mod weekly;

pub use backoffice::{ANSWER, Action, ApiKind, BackOffice, Kuaidi100, OrderApi};
pub use calendar::CalendarWeek;
pub use drafting::{DailyBudget, DraftingBudgets, micros_of};
pub use hours::{DutyWord, Shift};
pub use taught::Taught;
pub use weekly::Weekly;

use std::collections::{BTreeMap, HashMap, HashSet};

use channels::{Abilities, Replies};
use serde::{Deserialize, Serialize};

use crate::surface::{Address, Surface, TelegramChat};

/// Everything configured about one company's desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desk {
    /// Settings of the desk as a whole.
    #[serde(default)]
    pub desk: Settings,
    /// The people who may do something here.
    #[serde(default)]
    pub people: Vec<Person>,
    /// The channels customers write on.
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// Back offices in which orders are looked up, one for each store that has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stores: Vec<BackOffice>,
    /// What customers say for what they want, beside the built-in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intents: Vec<Taught>,
    /// What decides about risk and review.
    #[serde(default)]
    pub policy: Policy,
    /// What the language model costs, and how much of it a day may cost.
    #[serde(default)]
    pub drafting: DraftingBudgets,
}

/// Settings of the desk as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Interface language: `zh-CN` or `en`.
    pub locale: String,
    /// IANA name of the zone times are shown in.
    pub timezone: String,
    /// Minutes a reviewer has before the next level is asked.
    pub review_minutes: u32,
    /// Cards a reviewer holds at once on channels that deal by turn, over all of them.
    pub open_cards: u32,
    /// Minutes a case waits for a reviewer with room before the next level is asked.
    pub waiting_minutes: u32,
    /// ISO 4217 code amounts are shown in.
    pub currency: String,
    /// Seconds of silence after which a customer's messages are answered together.
    pub quiet_seconds: u32,
    /// Longest time in seconds the bot waits for a customer to stop typing.
    pub quiet_at_most_seconds: u32,
    /// When admins and escalation owners get the report of the week.
    pub weekly_report: Weekly,
    /// The person who gets checkpoints and alarms by chat; the first admin when absent.
    pub alarms_to: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            locale: "zh-CN".into(),
            timezone: "Asia/Shanghai".into(),
            review_minutes: 10,
            open_cards: 3,
            waiting_minutes: 60,
            currency: "CNY".into(),
            quiet_seconds: 3,
            quiet_at_most_seconds: 12,
            weekly_report: Weekly::default(),
            alarms_to: None,
        }
    }
}

/// A person with at least one role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Short id used in the configuration and in the record.
    pub id: String,
    /// Name shown to colleagues.
    pub name: String,
    /// WeCom member id, as configured; compared without case.
    #[serde(default)]
    pub wecom: Option<String>,
    /// Telegram user id.
    #[serde(default)]
    pub telegram: Option<i64>,
    /// Where cards go, the first choice first; the order of [`Surface::ALL`], when empty. On others the person may still
    /// write.
    #[serde(default)]
    pub surfaces: Vec<Surface>,
    /// What the person may do.
    pub roles: Vec<Role>,
    /// When the person works; always, when empty.
    #[serde(default)]
    pub hours: Vec<Shift>,
}

impl Person {
    /// Whether the person has `role`.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the person has a role that decides on drafts.
    pub fn decides(&self) -> bool {
        [Role::Reviewer, Role::Supervisor, Role::Admin].into_iter().any(|role| self.is(role))
    }

    /// Where the person is reached, the first choice first.
    pub fn addresses(&self) -> Vec<Address> {
        let wished: &[Surface] = if self.surfaces.is_empty() { &Surface::ALL } else { &self.surfaces };
        wished.iter().filter_map(|surface| self.on(*surface)).collect()
    }

    /// Who the person is on a surface.
    pub fn on(&self, surface: Surface) -> Option<Address> {
        let id = match surface {
            Surface::WecomAibot | Surface::WecomApp => self.wecom.clone(),
            Surface::Telegram => self.telegram.map(|id| id.to_string()),
        };
        id.map(|id| Address::new(surface, id))
    }
}

/// What a person may do, coarsely; [`crate::policy`] turns roles into powers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Decides on drafts of the channels that permit them.
    Reviewer,
    /// Decides on everything, including high risk.
    Supervisor,
    /// Configures, pauses and resumes everything.
    Admin,
    /// Answers for knowledge entries.
    KnowledgeOwner,
    /// Reads the record, changes nothing.
    Auditor,
}

/// A channel customers write on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Short id used in the configuration, in commands and in the record.
    pub id: String,
    /// Which wire it is on.
    pub kind: ChannelKind,
    /// The account on that wire (`open_kfid` for WeChat customer service).
    pub account: String,
    /// The shop it serves: the scope of knowledge and pauses.
    pub store: String,
    /// The selling platform its customers come from, such as `tmall`: the scope of knowledge. The wire's when absent ([`ChannelKind::platform`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Where its customers are, such as `JP`: the scope of knowledge. When absent, a customer's own words may say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Name shown on cards; the id when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// The person who answers for the channel.
    #[serde(default)]
    pub owner: Option<String>,
    /// People whose decisions count here.
    #[serde(default)]
    pub permitted: Vec<String>,
    /// The person asked when nobody decides or somebody escalates.
    #[serde(default)]
    pub escalation_owner: Option<String>,
    /// Who of the people on duty gets a case.
    #[serde(default)]
    pub dispatch: Dispatch,
    /// The Telegram group whose members review together: one card for all of them who are met on Telegram. Only people who
    /// are permitted decide there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telegram_group: Option<TelegramChat>,
    /// When people work on this channel, by id, where that differs from their own hours.
    #[serde(default)]
    pub hours: BTreeMap<String, Vec<Shift>>,
    /// How far the bot may go.
    #[serde(default)]
    pub mode: Mode,
    /// Actions that exist here; everything else is not allowed.
    #[serde(default)]
    pub allowed_actions: Vec<String>,
    /// Intents or actions that always need a person, on top of what always does.
    #[serde(default)]
    pub review_required: Vec<String>,
    /// Fixed texts the bot may send without a tap; all off by default.
    #[serde(default)]
    pub notices: Notices,
    /// Where replies of a `webhook` channel go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether that address may lead to this machine or into a private network.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}

impl Channel {
    /// What the channel can do.
    pub fn abilities(&self) -> &'static Abilities {
        self.kind.abilities()
    }

    /// Whether a colleague carries the replies over by hand.
    pub fn is_by_hand(&self) -> bool {
        self.abilities().replies == Replies::ByHand
    }

    /// The id of a new customer somebody asks for here: each is one of their own. No person's id has a colon.
    pub fn customer_of(asker: &str, random: &str) -> String {
        format!("{asker}:{random}")
    }

    /// Who asked for a customer, where a colleague carries the words over by hand.
    pub fn asker_of<'a>(&self, customer: &'a str) -> Option<&'a str> {
        customer.split_once(':').map(|(asker, _)| asker).filter(|_| self.is_by_hand())
    }

    /// The name people see.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// The wires a channel can be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// WeChat customer service (微信客服).
    WecomKf,
    /// Any system that signs and sends web requests (Standard Webhooks).
    Webhook,
    /// A Telegram bot.
    Telegram,
    /// A WeChat Official Account (公众号).
    Official,
    /// A place without an API: a colleague carries the words over by hand.
    Manual,
}

impl ChannelKind {
    /// Its name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WecomKf => "wecom_kf",
            Self::Webhook => "webhook",
            Self::Telegram => "telegram",
            Self::Official => "official",
            Self::Manual => "manual",
        }
    }

    /// The platform its customers come from, as knowledge calls it, where the configuration names none.
    pub fn platform(self) -> &'static str {
        match self {
            Self::WecomKf => "wecom",
            Self::Webhook | Self::Telegram | Self::Official | Self::Manual => self.as_str(),
        }
    }

    /// What such a channel can do.
    pub fn abilities(self) -> &'static Abilities {
        match self {
            Self::WecomKf => &channels::wecom::kf::ABILITIES,
            Self::Webhook => &channels::webhook::ABILITIES,
            Self::Telegram => &channels::telegram::ABILITIES,
            Self::Official => &channels::official::ABILITIES,
            Self::Manual => &channels::manual::ABILITIES,
        }
    }
}

/// Who of the people on duty gets a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dispatch {
    /// Everybody gets the card; the first tap wins.
    #[default]
    All,
    /// One person at a time holds it, and nobody holds more than the desk's `open_cards`.
    Turn,
}

/// How far the bot may go on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Reads and records; nothing is drafted or sent.
    #[default]
    ReadOnly,
    /// Drafts replies; a person approves each.
    Draft,
    /// Also prepares actions; a person approves each.
    Reviewed,
    /// Answers low-risk repetition by permit.
    Auto,
}

/// The fixed texts of a channel, each approved by an admin for exactly these bytes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notices {
    /// Sent when a customer enters (spends the welcome code, not the message budget).
    #[serde(default)]
    pub welcome: Option<Notice>,
    /// Sent when a message was received and a person will look.
    #[serde(default)]
    pub received: Option<Notice>,
    /// Sent when a person takes over.
    #[serde(default)]
    pub handover: Option<Notice>,
}

/// The fixed texts sent in the course of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A person will look.
    Received,
    /// A person takes over.
    Handover,
}

impl NoticeKind {
    /// The name in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Handover => "handover",
        }
    }
}

/// One fixed text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The words sent.
    pub text: String,
    /// The admin who approved them.
    pub approved_by: String,
    /// Lower-case hex SHA-256 of `text`: the approval is for exactly these bytes.
    pub sha256: String,
}

/// What decides about risk and review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Confidence below which an item is uncertain, 0 to 1.
    pub confidence: f64,
    /// Orders worth at least this many cents are high value.
    pub high_value_cents: i64,
    /// File with a table of trigger words that replaces the built-in one.
    pub triggers: Option<String>,
    /// What may leave without a person where that is open.
    pub auto: AutoPolicy,
}

/// What may leave without a person where people opened that, and how it is watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AutoPolicy {
    /// Which drafts.
    pub drafts: AutoDrafts,
    /// Longest of them, in characters.
    pub most_characters: u32,
    /// The share of bad drafts that must be disproved before an intent opens, 0 to 1.
    pub bad_rate: f64,
    /// The share of what left that is reviewed afterwards, 0 to 1.
    pub sample: f64,
    /// What stands under each message; the locale's own words when absent.
    pub notice: Option<String>,
}

/// The drafts that may leave without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoDrafts {
    /// Published answers, each whole and word for word.
    #[default]
    Published,
    /// Also what says nothing but what published knowledge says, in nearly its words.
    Documented,
}

impl Default for AutoPolicy {
    fn default() -> Self {
        Self { drafts: AutoDrafts::Published, most_characters: 300, bad_rate: 0.01, sample: 0.10, notice: None }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self { confidence: 0.90, high_value_cents: 50_000, triggers: None, auto: AutoPolicy::default() }
    }
}

impl Notices {
    /// The approved text of this kind, if the channel has one.
    pub fn get(&self, kind: NoticeKind) -> Option<&Notice> {
        match kind {
            NoticeKind::Received => self.received.as_ref(),
            NoticeKind::Handover => self.handover.as_ref(),
        }
    }
}

impl Desk {
    /// The name of a person, or the id of somebody who is not configured (any more).
    pub fn name_of<'a>(&'a self, id: &'a str) -> &'a str {
        self.person(id).map_or(id, |p| p.name.as_str())
    }

    /// The person who gets alarms and checkpoints.
    pub fn watcher(&self) -> Option<&Person> {
        let named = self.desk.alarms_to.as_deref().and_then(|id| self.person(id));
        named.or_else(|| self.people.iter().find(|p| p.is(Role::Admin)))
    }

    /// The person with this id.
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|p| p.id == id)
    }

    /// The person with this WeCom member id, compared without case.
    pub fn person_by_wecom(&self, userid: &str) -> Option<&Person> {
        let same = |p: &&Person| p.wecom.as_deref().is_some_and(|w| w.eq_ignore_ascii_case(userid));
        self.people.iter().find(same)
    }

    /// The person at this address.
    pub fn person_at(&self, address: &Address) -> Option<&Person> {
        self.people.iter().find(|person| person.on(address.surface).is_some_and(|theirs| theirs.is(address)))
    }

    /// Ids of those who review on a channel, without those `off_duty`.
    pub fn reviewers_on_duty(&self, channel: &Channel, off_duty: &HashSet<String>) -> Vec<String> {
        let reviews = |person: &&Person| person.is(Role::Reviewer) || person.is(Role::Supervisor);
        let there =
            self.permitted_on(channel).into_iter().filter(reviews).filter(|person| !off_duty.contains(&person.id));
        there.map(|person| person.id.clone()).collect()
    }

    /// The people permitted on a channel, in the order of its list.
    fn permitted_on(&self, channel: &Channel) -> Vec<&Person> {
        let by_id: HashMap<&str, &Person> = self.people.iter().map(|person| (person.id.as_str(), person)).collect();
        channel.permitted.iter().filter_map(|id| by_id.get(id.as_str()).copied()).collect()
    }

    /// The channel with this id.
    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|c| c.id == id)
    }

    /// The one channel of a kind of which there is one account.
    pub fn channel_of_kind(&self, kind: ChannelKind) -> Option<&Channel> {
        self.channels.iter().find(|c| c.kind == kind)
    }

    /// The channel on this account of a wire.
    pub fn channel_by_account(&self, kind: ChannelKind, account: &str) -> Option<&Channel> {
        self.channels.iter().find(|c| c.kind == kind && c.account == account)
    }
}
