//! A unit of work without the type of its answer: what carries it to the database is compiled once, not once for
//! every unit there is.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use futures::future::BoxFuture;

use super::tx::Tx;

/// A unit of work. It may be run again; what it answered last counts.
pub(super) type Unit = Box<dyn for<'t> FnMut(&'t mut Tx) -> BoxFuture<'t, anyhow::Result<()>> + Send>;

/// What a unit answered, once it has been run.
pub(super) struct Answer<T>(Arc<Mutex<Option<T>>>);

impl<T> Answer<T> {
    /// # Errors
    /// When the unit was not run to its end.
    pub(super) fn take(self) -> anyhow::Result<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().context("a unit of work was not run")
    }
}

pub(super) fn without_type<T, F>(unit: F) -> (Unit, Answer<T>)
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, anyhow::Result<T>> + Clone + Send + 'static,
{
    let answer = Arc::new(Mutex::new(None));
    let place = Arc::clone(&answer);
    let run: Unit = Box::new(move |tx| {
        let (unit, place) = (unit.clone(), Arc::clone(&place));
        Box::pin(async move {
            tx.begin_unit();
            let said = unit(tx).await?;
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
            Ok(())
        })
    });
    (run, Answer(answer))
}
