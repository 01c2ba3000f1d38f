//! What owners have to look after.

use super::proposals::Proposal;
use crate::app::App;
use crate::store::Tx;
use crate::store::knowledge::StoredEntry;

/// A reviewer corrected what an entry says.
pub(super) async fn corrected(
    _tx: &mut Tx,
    _app: &App,
    _proposed: &StoredEntry,
    _proposal: &Proposal,
) -> anyhow::Result<()> {
    Ok(())
}
