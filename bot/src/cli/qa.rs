//! `aijia qa`: the sample of a week.

use serde_json::json;

use super::{Failure, Verdict, assemble};
use crate::desk::CalendarWeek;
use crate::qa::{self, Standing};
use crate::store::qa::Item;

/// Prints the sample of a week that is over, the newest where none is named: as it was drawn, or as it would be now.
pub(super) async fn qa(week: Option<CalendarWeek>, as_json: bool) -> Result<Verdict, Failure> {
    let app = assemble().await?;
    let reader = app.clone();
    let (week, items) = app
        .store
        .read(move |tx| {
            Box::pin(async move {
                let (desk, now) = (reader.desk(tx).await?, reader.clock.now());
                let newest = CalendarWeek::last_over(now, desk.desk.zone());
                let week = week.unwrap_or(newest);
                anyhow::ensure!(week <= newest, "the week {week} is not over; the newest that is: {newest}");
                Ok((week, qa::look(tx, &desk, week, now).await?))
            })
        })
        .await?;
    let standing = Standing::of(&week.to_string(), &items);
    if as_json {
        let sample: Vec<_> = items.iter().map(listed).collect();
        println!("{}", json!({ "standing": standing, "sample": sample }));
    } else {
        println!("{}: {} drawn, {} scored", standing.week, standing.drawn, standing.scored);
        items.iter().for_each(|item| println!("{}", line(item)));
    }
    Ok(Verdict::Good)
}

fn listed(item: &Item) -> serde_json::Value {
    json!({
        "case": item.number, "channel": item.channel, "language": item.language, "kinds": item.kinds(),
        "decided_by": item.decided_by, "scores": item.scores(), "note": item.note, "scored_by": item.scored_by,
    })
}

fn line(item: &Item) -> String {
    let kinds = item.kinds().into_iter().map(qa::Kind::as_str).collect::<Vec<_>>().join(",");
    let mean = item.scores().map(|scores| format!(" {:.1}", scores.mean())).unwrap_or_default();
    format!("#{} {} {} {kinds}{mean}", item.number, item.channel, item.language)
}
