//! Owners hear what an import leaves for their review.

use std::collections::BTreeMap;

use crate::app::App;
use crate::case::Say;
use crate::knowledge_desk::report::FileReport;
use crate::worker::Job;

/// What waits for one owner.
#[derive(Clone)]
struct Waiting {
    entries: usize,
    /// The first file that holds any of it, and how many do.
    file: String,
    files: usize,
}

impl Waiting {
    fn say(&self) -> Say {
        let key = if self.files == 1 { "kb.imported_for_review" } else { "kb.imported_many_for_review" };
        Say::new(key).with("file", &self.file).with("files", self.files).with("count", self.entries)
    }
}

/// Owners hear what waits for them, once for all the files of an import.
pub(super) async fn tell_owners(app: &App, files: &[FileReport]) -> anyhow::Result<()> {
    let (app, waiting) = (app.clone(), waiting(files));
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let desk = app.desk(tx).await?;
                for (owner, waiting) in &waiting {
                    let Some(to) = app.address_of(&desk.desk, owner) else { continue };
                    Job::Inform { to, say: waiting.say() }.enqueue(tx, &app, app.clock.now()).await?;
                }
                Ok(())
            })
        })
        .await
}

/// What waits, by the owners' ids.
fn waiting(files: &[FileReport]) -> BTreeMap<String, Waiting> {
    let mut waiting: BTreeMap<String, Waiting> = BTreeMap::new();
    for report in files {
        let mut here: BTreeMap<&str, usize> = BTreeMap::new();
        for told in report.entries.iter().filter(|told| told.waits) {
            *here.entry(&told.owner).or_default() += 1;
        }
        for (owner, entries) in here {
            let file = || Waiting { entries: 0, file: report.file.clone(), files: 0 };
            let all = waiting.entry(owner.to_owned()).or_insert_with(file);
            (all.entries, all.files) = (all.entries + entries, all.files + 1);
        }
    }
    waiting
}
