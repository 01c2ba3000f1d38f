//! Files with knowledge, handed in for the shop's knowledge owner.

use aijia::knowledge_desk::{self, FileReport, Order, Publish};
use knowledge::import::Defaults;

use super::World;

impl World {
    /// A file of SunMei's comes in: put in use at once, or left for her review.
    pub async fn imports(&self, file: &str, text: &str, publish: bool) -> anyhow::Result<FileReport> {
        let defaults = Defaults {
            owner: Some("sunmei".into()),
            kind: None,
            scope: knowledge::Scope::default(),
            timezone: chrono_tz::Asia::Shanghai,
        };
        let publish = if publish { Publish::Everything } else { Publish::Nothing };
        let order = Order { defaults, publish, by: None, lists_seen: false };
        knowledge_desk::import_bytes(&self.app, file, text.as_bytes().to_vec(), &order).await
    }
}
