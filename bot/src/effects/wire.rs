//! The way out to the customers of a channel.

use std::time::Instant;

use anyhow::Context;
use channels::webhook::send::{Endpoint, GONE, Message};
use channels::wecom::api::ApiError;
use channels::{Fate, Over, Repeats};

use super::fetched::Fetched;
use super::hand::Hand;
use super::reply::mistaken;
use crate::app::{App, Official, Telegram, Wecom};
use crate::clock::{HOUR, MINUTE, SECOND, Timestamp};
use crate::desk::{Channel, ChannelKind};
use crate::store::conversations;
use crate::store::sends::Send;
use crate::store::tokens;

/// Waits between the tries of a request that may be repeated: a day in all (Standard Webhooks, "Deliverability and
/// reliability").
const PLAN: [Timestamp; 8] = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 3 * HOUR, 5 * HOUR, 6 * HOUR, 7 * HOUR];

/// Times a send is claimed that a platform puts off.
const MOST_TRIES: i64 = 6;
/// The same for what a colleague is handed: about an hour in which their phone is out of reach.
const MOST_HAND_OUTS: i64 = 60;

/// The way out to the customers of one channel.
pub(super) struct Wire<'a> {
    app: &'a App,
    channel: Channel,
    customer: String,
    way: Way<'a>,
}

enum Way<'a> {
    Kf(&'a Wecom),
    Telegram(&'a Telegram),
    Official(&'a Official),
    Webhook(Endpoint),
    /// A colleague carries it over.
    Hand(Hand),
    /// Nothing can leave.
    Shut,
}

impl<'a> Wire<'a> {
    /// Of a conversation's channel; `None` where the channel is no longer configured, or nothing is
    /// known of the customer any more.
    pub(super) async fn of(app: &'a App, conversation: &str) -> anyhow::Result<Option<Wire<'a>>> {
        let (reader, conversation) = (app.clone(), conversation.to_owned());
        let channel = app
            .store
            .read(move |tx| {
                Box::pin(async move {
                    let open = conversations::load(tx, &conversation).await?.context("no such conversation")?;
                    let desk = reader.desk(tx).await?;
                    let known = open.erased_at.is_none();
                    let channel = desk.desk.channel(&open.channel).filter(|_| known).cloned();
                    let hand = channel.as_ref().and_then(|channel| Hand::of(&reader, &desk, channel, &open.customer));
                    Ok(channel.map(|channel| (channel, open.customer, hand)))
                })
            })
            .await?;
        Ok(channel.map(|(channel, customer, hand)| Self { app, way: way(app, &channel, hand), channel, customer }))
    }

    /// Takes room under the platform's limits; else when to ask again. Asked before a claim, which does not last.
    pub(super) async fn admit(&self) -> anyhow::Result<Result<(), Timestamp>> {
        Ok(match &self.way {
            Way::Kf(wecom) => wecom.api.admit("kf/send_msg").await,
            Way::Official(official) => official.account.admit().await,
            Way::Telegram(_) | Way::Webhook(_) => self.admit_within_rates().await?,
            Way::Hand(hand) => hand.admit(self.app).await?,
            Way::Shut => Ok(()),
        })
    }

    /// By what the channel's platform counts, shared by all instances.
    async fn admit_within_rates(&self) -> anyhow::Result<Result<(), Timestamp>> {
        let rates = self.channel.abilities().rates;
        if rates.is_empty() {
            return Ok(Ok(()));
        }
        let (now, kind) = (self.app.clock.now(), self.channel.kind.as_str());
        let counts: Vec<(String, i64)> = rates
            .iter()
            .map(|rate| match rate.over {
                Over::Channel => (kind.to_owned(), i64::from(rate.per_second) * 60),
                Over::Customer => (format!("{kind}:{}", self.customer), i64::from(rate.per_second) * 60),
            })
            .collect();
        self.app
            .store
            .commit(move |tx| {
                Box::pin(async move {
                    let counts: Vec<(&str, i64)> = counts.iter().map(|(name, most)| (name.as_str(), *most)).collect();
                    let room = tokens::admit_one(tx, &counts, now).await?;
                    Ok(if room { Ok(()) } else { Err(now + SECOND) })
                })
            })
            .await
    }

    /// Whether a request could leave at once. Asked before the claim, which is too short to wait for a token.
    pub(super) async fn ready(&self) -> bool {
        let checked = match &self.way {
            Way::Kf(wecom) => wecom.api.check().await,
            Way::Official(official) => official.account.check().await,
            Way::Webhook(_) | Way::Telegram(_) => return true,
            Way::Hand(hand) => return hand.is_reachable(),
            Way::Shut => return false,
        };
        if let Err(problem) = &checked {
            tracing::warn!(%problem, "there is no access token to send with");
        }
        checked.is_ok()
    }

    /// One request, in answer to an event where there is a `code`, which is not begun after `until`.
    pub(super) async fn send(&self, send: &Send, code: Option<&str>, until: Instant) -> Fate {
        let id = &mistaken::id_of_attempt(send);
        match &self.way {
            Way::Kf(wecom) => match code {
                Some(code) => Fate::of(&wecom.kf.send_on_event(code, Some(id), &send.body, until).await),
                None => Fate::of(&wecom.kf.send_text(&send.customer, &send.account, id, &send.body, until).await),
            },
            Way::Webhook(endpoint) => {
                let (kind, account) = (send.kind.as_str(), send.account.as_str());
                let message = Message { id, kind, account, conversation: &send.customer, text: &send.body };
                endpoint.send(message, self.app.clock.now() / SECOND, until).await
            }
            Way::Telegram(telegram) => Fate::from(&telegram.bot.send_text(&send.customer, &send.body, until).await),
            Way::Official(official) => {
                Fate::of_official(&official.account.send_text(&send.customer, &send.body, until).await)
            }
            Way::Hand(hand) => hand.give(self.app, send, until).await,
            Way::Shut => Fate::NotSent,
        }
    }

    /// Whether a colleague carries it over by hand.
    pub(super) fn is_by_hand(&self) -> bool {
        self.channel.is_by_hand()
    }

    /// Whether a request of which nobody knows what became of it may be sent again under its id, to learn that.
    pub(super) fn may_ask(&self) -> bool {
        match (self.channel.abilities().repeats, &self.way) {
            // What is handed to a colleague twice harms nobody.
            (_, Way::Hand(_)) | (Repeats::OneMessage, _) => true,
            (Repeats::RefusedOnceLearned, Way::Kf(wecom)) => wecom.duplicate_code.is_some(),
            (Repeats::RefusedOnceLearned | Repeats::TwoMessages, _) => false,
        }
    }

    /// Sends again under the same id to learn what became of it. Only two answers say it: taken now, and taken before.
    /// Anything else, even a refusal, is about this request and not about the first one.
    pub(super) async fn ask(&self, send: &Send, until: Instant) -> Asked {
        if !self.may_ask() {
            return Asked::NotKnown(0);
        }
        if let Way::Kf(wecom) = &self.way {
            let id = &mistaken::id_of_attempt(send);
            let answer = wecom.kf.send_text(&send.customer, &send.account, id, &send.body, until).await;
            return match answer {
                Ok(_) => Asked::Taken(0),
                Err(ApiError::Refused { code, .. }) if Some(code) == wecom.duplicate_code => Asked::Taken(code),
                Err(_) => Asked::NotKnown(0),
            };
        }
        match self.send(send, None, until).await {
            Fate::Accepted => Asked::Taken(0),
            Fate::Refused { code, .. } => Asked::NotKnown(code),
            Fate::HandedOut | Fate::PutOff { .. } | Fate::NotSent | Fate::Unknown => Asked::NotKnown(0),
        }
    }

    /// Whether an answer with this code means that nothing is taken there any more, whatever it is.
    pub(super) fn is_gone(&self, code: i64) -> bool {
        matches!(self.way, Way::Webhook(_)) && code == GONE
    }

    /// The channel's id.
    pub(super) fn channel_id(&self) -> &str {
        &self.channel.id
    }

    /// An attachment the customer sent, of at most `cap` bytes.
    pub(super) async fn fetch(&self, app: &App, media_id: &str, cap: usize) -> Fetched {
        match &self.way {
            Way::Kf(wecom) => Fetched::of(wecom.kf.media(media_id, cap).await),
            Way::Official(official) => Fetched::of(official.account.media(media_id, cap).await),
            Way::Telegram(telegram) => Fetched::from_telegram(telegram, media_id, cap).await,
            // A picture a colleague sent along with a customer's words.
            Way::Hand(_) => match serde_json::from_str(media_id) {
                Ok(attached) => Fetched::from_colleague(app, &attached, cap).await,
                Err(_) => Fetched::Never("it is no attachment of a colleague's".to_owned()),
            },
            Way::Webhook(_) | Way::Shut => Fetched::Never("nothing can be fetched on this channel".to_owned()),
        }
    }

    /// How often what is put off is tried; none where that is not counted.
    pub(super) fn most_tries(&self) -> Option<i64> {
        match (self.channel.abilities().repeats, &self.way) {
            (_, Way::Hand(_)) => Some(MOST_HAND_OUTS),
            (Repeats::OneMessage, _) => None,
            (Repeats::RefusedOnceLearned | Repeats::TwoMessages, _) => Some(MOST_TRIES),
        }
    }

    /// When to try again after so many tries; none when it was tried for a day, or where tries are not repeated.
    pub(super) fn next_try(&self, send: &Send, tries: i64) -> Option<Timestamp> {
        if self.channel.abilities().repeats != Repeats::OneMessage {
            return None;
        }
        let wait = *PLAN.get(usize::try_from(tries).ok()?)?;
        // A tenth more or less, the same for every try of this one: many that failed together do not come back together.
        let spread = i64::from(send.id.bytes().fold(0_u8, u8::wrapping_add)) - 128;
        Some(wait + wait * spread / 1_280)
    }
}

/// What came of asking what became of a send.
pub(super) enum Asked {
    /// It was taken, with this code.
    Taken(i64),
    /// Still nobody knows; with the code of a refusal, which is about the question only, else 0.
    NotKnown(i64),
}

fn way<'a>(app: &'a App, channel: &Channel, hand: Option<Hand>) -> Way<'a> {
    match channel.kind {
        ChannelKind::WecomKf => app.wecom.as_ref().map_or(Way::Shut, Way::Kf),
        ChannelKind::Telegram => app.telegram.as_ref().map_or(Way::Shut, Way::Telegram),
        ChannelKind::Official => app.official.as_ref().map_or(Way::Shut, Way::Official),
        ChannelKind::Manual => hand.map_or(Way::Shut, Way::Hand),
        ChannelKind::Webhook => match app.webhooks.endpoint(channel) {
            Ok(endpoint) => Way::Webhook(endpoint),
            Err(problem) => {
                tracing::warn!(channel = %channel.id, %problem, "nothing can be sent");
                Way::Shut
            }
        },
    }
}
