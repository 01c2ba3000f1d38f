//! What is known of texts, kept in the store: found out once, for all instances.

use std::sync::Arc;

use knowledge::Direction;

use super::{Directions, Meaning, TextHash, hash};
use crate::store::Store;
use crate::store::knowledge::directions;

impl Meaning {
    /// The directions of texts: those that are kept already, else found out and kept; at most [`Meaning::TOGETHER`] of
    /// them.
    ///
    /// # Errors
    /// When the server does not answer as it should, or the database fails.
    pub async fn kept_directions(&self, store: &Store, texts: Vec<String>) -> anyhow::Result<Directions> {
        let mut found = self.kept(store, texts.iter().map(|text| hash(text)).collect()).await?;
        let missing: Vec<String> = texts.into_iter().filter(|text| !found.contains_key(&hash(text))).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let new = self.directions(missing).await?;
        self.keep(store, new.clone()).await?;
        found.extend(new);
        Ok(found)
    }

    /// The directions that are kept, by the texts' hashes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn kept(&self, store: &Store, hashes: Vec<TextHash>) -> anyhow::Result<Directions> {
        let name = self.name();
        let read = store.read(move |tx| {
            Box::pin(async move {
                let mut found = Directions::new();
                for hash in hashes {
                    let bytes = directions::load(tx, &name, &hash).await?;
                    found.extend(bytes.map(|bytes| (hash, Direction::from_bytes(&bytes).map(Arc::new))));
                }
                Ok(found)
            })
        });
        read.await
    }

    async fn keep(&self, store: &Store, new: Directions) -> anyhow::Result<()> {
        let name = self.name();
        store
            .commit(move |tx| {
                let (name, new) = (name.clone(), new.clone());
                Box::pin(async move {
                    for (hash, direction) in &new {
                        let bytes = direction.as_ref().map(|direction| direction.bytes()).unwrap_or_default();
                        directions::keep(tx, &name, hash, &bytes).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}
