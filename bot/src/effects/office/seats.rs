//! Which of the programs that share a database has a store's browser. An account that is worked in two browsers at once is
//! signed out by many shops, and each would keep another profile.

use super::NoOffice;
use crate::store::{Store, back_office};

/// The seats of this program.
pub struct Seats {
    store: Store,
    instance: String,
}

impl Seats {
    /// The seats as an instance takes them.
    pub fn new(store: Store, instance: String) -> Self {
        Self { store, instance }
    }

    /// Takes a store's seat, or makes sure that it still is ours.
    ///
    /// # Errors
    /// [`NoOffice::Elsewhere`] where another program has it, and when the database fails.
    pub(super) async fn take(&self, office: &str) -> Result<(), NoOffice> {
        let (store, me) = (office.to_owned(), self.instance.clone());
        let taken = self.store.commit(move |tx| {
            let (store, me) = (store.clone(), me.clone());
            Box::pin(async move { Ok(back_office::take_seat(tx, &store, &me).await?) })
        });
        match taken.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(NoOffice::Elsewhere(office.to_owned())),
            Err(problem) => Err(NoOffice::Unusable(format!("{problem:#}"))),
        }
    }

    /// Leaves a store's seat to the others.
    pub(super) async fn leave(&self, office: &str) -> Result<(), NoOffice> {
        let (store, me) = (office.to_owned(), self.instance.clone());
        let left = self.store.commit(move |tx| {
            let (store, me) = (store.clone(), me.clone());
            Box::pin(async move { Ok(back_office::leave_seat(tx, &store, &me).await?) })
        });
        left.await.map_err(|problem| NoOffice::Unusable(format!("{problem:#}")))
    }
}
