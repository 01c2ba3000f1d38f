//! How far a parcel is, asked of a logistics service once its order is known to be the customer's. The service locks a
//! number that is asked for too often: whoever asks takes the number first, in the database that all programs share.

use sha2::{Digest, Sha256};

use super::client;
use super::kuaidi100::{self, Account};
use crate::app::App;
use crate::clock::{MINUTE, Timestamp};
use crate::desk::{BackOffice, Kuaidi100};
use crate::effects::office::look::Parcel;
use crate::store::parcels::{self, Turn};

/// How often a number may be asked for, and how long what was said counts.
pub(super) const APART: Timestamp = 30 * MINUTE;

/// The newest that is known of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Track {
    /// How far it is.
    pub(super) stage: Stage,
    /// When something last happened to it.
    pub(super) at: Timestamp,
    /// What that was, in the carrier's words.
    pub(super) what: String,
}

/// How far a parcel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    PickedUp,
    InTransit,
    OutForDelivery,
    Delivered,
    Trouble,
    Returning,
    Forwarded,
    Customs,
    Refused,
}

impl Stage {
    /// The locale key of its name.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::PickedUp => "parcel_stage.picked_up",
            Self::InTransit => "parcel_stage.in_transit",
            Self::OutForDelivery => "parcel_stage.out_for_delivery",
            Self::Delivered => "parcel_stage.delivered",
            Self::Trouble => "parcel_stage.trouble",
            Self::Returning => "parcel_stage.returning",
            Self::Forwarded => "parcel_stage.forwarded",
            Self::Customs => "parcel_stage.customs",
            Self::Refused => "parcel_stage.refused",
        }
    }
}

/// Why nothing is known of a parcel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoTrack {
    /// The service knows nothing of it, or nothing yet.
    #[error("nothing is known of the parcel")]
    NotFound,
    /// The key is not taken, or no more queries are paid for.
    #[error("the key is not taken: {0}")]
    Denied(String),
    /// The carrier wants the sender's phone.
    #[error("the carrier wants a phone: set sender_phone in [stores.kuaidi100]")]
    PhoneNeeded,
    /// Nobody knows the carrier.
    #[error("the carrier is not known")]
    UnknownCarrier,
    /// The service does not take the question as it is: something is missing in it, or the account may not ask.
    #[error("the query is not accepted: data is missing, or the account may not ask")]
    NotAccepted,
    /// The number is locked because it was asked for too often, here or elsewhere.
    #[error("the number is locked for half an hour")]
    Locked,
    /// It was asked for less than half an hour ago, and no answer came.
    #[error("the parcel was asked for just now")]
    TooSoon,
    /// The service does not answer, or not as it should.
    #[error("{0}")]
    Unavailable(String),
}

impl NoTrack {
    /// The locale key of what people are told.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::NotFound => "no_track.not_found",
            Self::Denied(_) => "no_track.denied",
            Self::PhoneNeeded => "no_track.phone_needed",
            Self::UnknownCarrier => "no_track.unknown_carrier",
            Self::NotAccepted => "no_track.not_accepted",
            Self::Locked => "no_track.locked",
            Self::TooSoon => "no_track.too_soon",
            Self::Unavailable(_) => "no_track.unavailable",
        }
    }
}

/// A parcel's way, or why it is not known; when it was asked for, and what the answer is kept as.
pub(super) struct Asked {
    pub(super) track: Result<Track, NoTrack>,
    pub(super) at: Timestamp,
    pub(super) answer: Option<String>,
}

/// Asks where a parcel is, unless that was asked less than half an hour ago: then what was said counts on.
///
/// # Errors
/// When the database or the disk fails.
pub(super) async fn track(app: &App, office: &BackOffice, parcel: &Parcel) -> anyhow::Result<Option<Asked>> {
    let Some(config) = &office.kuaidi100 else { return Ok(None) };
    let (hash, now) = (hex::encode(Sha256::digest(&parcel.number)), app.clock.now());
    let taken = hash.clone();
    let turn = app.store.commit(move |tx| {
        let hash = taken.clone();
        Box::pin(async move { Ok(parcels::take(tx, &hash, now, APART).await?) })
    });
    let (at, answer) = match turn.await? {
        Turn::Known { asked_at, answer } => (asked_at, answer),
        Turn::Ours => match ask(app, office, config, parcel).await {
            Ok(raw) => (now, Some(keep(app, &hash, now, &raw).await?)),
            Err((problem, asked)) => {
                tracing::warn!(store = office.id, %problem, "a parcel could not be asked for");
                if !asked {
                    give_back(app, hash, now).await?;
                }
                return Ok(Some(Asked { track: Err(problem), at: now, answer: None }));
            }
        },
    };
    // What was erased meanwhile is as if no answer had come.
    let kept = match &answer {
        Some(name) => app.blobs.get(name).await.ok(),
        None => None,
    };
    let track = kept.map_or(Err(NoTrack::TooSoon), |raw| kuaidi100::read(&raw, &parcel.number));
    Ok(Some(Asked { track, at, answer }))
}

/// The answer; or why there is none, and whether the number was asked for.
async fn ask(app: &App, office: &BackOffice, config: &Kuaidi100, parcel: &Parcel) -> Result<Vec<u8>, (NoTrack, bool)> {
    let before = async {
        let missing = || NoTrack::Denied(format!("STORE_TRACKING_KEYS has none for {}", office.id));
        let account = Account::read(app.offices.tracking_key(&office.id).ok_or_else(missing)?)?;
        let client = client(&config.base)?;
        let carrier = kuaidi100::carrier_of(&client, config, &account, parcel).await?;
        Ok((client, account, carrier))
    };
    let (client, account, carrier) = before.await.map_err(|problem| (problem, false))?;
    let asked = kuaidi100::query(&client, config, &account, (&carrier, &parcel.number)).await;
    asked.map_err(|problem| (problem, true))
}

async fn keep(app: &App, hash: &str, asked_at: Timestamp, raw: &[u8]) -> anyhow::Result<String> {
    let (hash, answer) = (hash.to_owned(), app.blobs.put(raw).await?);
    let kept = answer.clone();
    let stored = app.store.commit(move |tx| {
        let (hash, answer) = (hash.clone(), answer.clone());
        Box::pin(async move { Ok(parcels::answered(tx, &hash, asked_at, &answer).await?) })
    });
    stored.await?;
    Ok(kept)
}

/// The number was not asked for after all.
async fn give_back(app: &App, hash: String, asked_at: Timestamp) -> anyhow::Result<()> {
    app.store
        .commit(move |tx| {
            let hash = hash.clone();
            Box::pin(async move { Ok(parcels::give_back(tx, &hash, asked_at).await?) })
        })
        .await
}
