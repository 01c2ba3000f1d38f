//! Files with knowledge, handed in for the shop's knowledge owner.

use aijia::knowledge_desk::{self, FileReport, Order, Publish, Report};
use knowledge::import::Defaults;

use super::World;

impl World {
    /// A file of SunMei's comes in: put in use at once, or left for her review.
    pub async fn imports(&self, file: &str, text: &str, publish: bool) -> anyhow::Result<FileReport> {
        knowledge_desk::import_bytes(&self.app, file, text.as_bytes().to_vec(), &order(publish)).await
    }

    /// A folder of these files comes in, as one import.
    pub async fn imports_folder(&self, files: &[(&str, &str)], publish: bool) -> anyhow::Result<Report> {
        let folder = tempfile::tempdir()?;
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text)?;
        }
        knowledge_desk::import_paths(&self.app, &[folder.path().to_owned()], &order(publish), |_, _, _| {}).await
    }
}

fn order(publish: bool) -> Order {
    let defaults = Defaults {
        owner: Some("sunmei".into()),
        kind: None,
        scope: knowledge::Scope::default(),
        timezone: chrono_tz::Asia::Shanghai,
    };
    let publish = if publish { Publish::Everything } else { Publish::Nothing };
    Order { defaults, publish, by: None, lists_seen: false }
}
