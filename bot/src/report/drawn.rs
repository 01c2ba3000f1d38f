//! The pictures of a week: what they show out of the store, and drawing them where nobody waits.

use super::{Report, WEEK, pictures};
use crate::app::App;
use crate::chart::Bars;
use crate::clock::Timestamp;
use crate::store::desks::Applied;
use crate::store::{Tx, outcomes};

/// What the pictures of the week that ends at `until` show; none where nobody decided anything.
///
/// # Errors
/// When the database fails.
pub async fn week_in_bars(tx: &mut Tx, desk: &Applied, until: Timestamp) -> anyhow::Result<Vec<Bars>> {
    let rows = outcomes::between(tx, until - WEEK, until).await?;
    let place = (until, desk.desk.desk.timezone.as_str());
    Ok(pictures(&Report::of(&rows, &[], None), &rows, desk.words(), place))
}

/// Pictures as PNG, drawn off the threads that answer.
///
/// # Errors
/// When there is no font, or the program is about to end.
pub async fn draw(app: &App, bars: Vec<Bars>) -> anyhow::Result<Vec<Vec<u8>>> {
    let charts = app.charts.clone();
    let drawn =
        tokio::task::spawn_blocking(move || bars.iter().map(|bars| charts.draw(bars)).collect::<Result<_, _>>());
    Ok(drawn.await??)
}
