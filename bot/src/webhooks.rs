//! The webhook channels of the desk: the keys of each, and its endpoint while its configuration stands.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock};

use channels::webhook::send::{Endpoint, EndpointError, Reach};
use channels::webhook::sign::Key;

use crate::desk::Channel;

/// Keys by channel id, and what was made of them.
#[derive(Default)]
pub struct Webhooks {
    keys: BTreeMap<String, Vec<Key>>,
    made: RwLock<HashMap<(String, String, bool), Endpoint>>,
}

/// Why a webhook channel cannot send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEndpoint {
    /// It has no address.
    #[error("the channel has no url to send replies to")]
    NoUrl,
    /// Its address or its keys cannot be used.
    #[error(transparent)]
    Unusable(#[from] EndpointError),
}

impl Webhooks {
    /// With the keys of each channel, the newest first.
    pub fn new(keys: BTreeMap<String, Vec<Key>>) -> Self {
        Self { keys, made: RwLock::default() }
    }

    /// The keys of a channel; none where it has no secret here.
    pub fn keys(&self, channel: &str) -> &[Key] {
        self.keys.get(channel).map_or(&[], Vec::as_slice)
    }

    /// Where a channel's replies go.
    ///
    /// # Errors
    /// [`NoEndpoint`] says what its configuration lacks.
    pub fn endpoint(&self, channel: &Channel) -> Result<Endpoint, NoEndpoint> {
        let url = channel.url.clone().ok_or(NoEndpoint::NoUrl)?;
        let made = (channel.id.clone(), url, channel.private);
        if let Some(endpoint) = self.made.read().unwrap_or_else(PoisonError::into_inner).get(&made) {
            return Ok(endpoint.clone());
        }
        let reach = if channel.private { Reach::Private } else { Reach::Public };
        let endpoint = Endpoint::new(&made.1, self.keys(&channel.id).to_vec(), reach)?;
        self.made.write().unwrap_or_else(PoisonError::into_inner).insert(made, endpoint.clone());
        Ok(endpoint)
    }
}
