//! The exported record, as an auditor gets it: JSON Lines of `aijia evidence export`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use aijia::evidence::{Kind, Row, verify_chain};
use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

/// One entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its chain.
    pub chain: String,
    /// Its place there, from 1.
    pub seq: i64,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Its case, where it has one.
    pub case: Option<String>,
    /// What.
    pub kind: Kind,
    /// Who, e.g. `person:lihua`.
    pub actor: String,
    /// The particulars; null where they were erased.
    pub payload: Value,
}

impl Entry {
    /// The person who did it, where it was one.
    pub fn person(&self) -> Option<&str> {
        self.actor.strip_prefix("person:")
    }
}

/// A line of the export. What is only for the tree is not read here.
#[derive(Deserialize)]
struct Line {
    #[serde(flatten)]
    row: Row,
    #[allow(dead_code, reason = "read so that the row, which knows no other fields, does not meet it")]
    leaf: Option<i64>,
}

/// The whole record.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// All entries: chain by chain, each in order.
    pub entries: Vec<Entry>,
    /// What is wrong with a chain, one line each.
    pub broken: Vec<String>,
}

impl Evidence {
    /// Reads an export and checks every chain.
    ///
    /// # Errors
    /// Where the file cannot be read, or a line is none of an export.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut chains: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for line in BufReader::new(file).lines() {
            let Line { row, .. } = serde_json::from_str(&line?).context("a line of the export")?;
            chains.entry(row.chain.clone()).or_default().push(row);
        }
        let mut evidence = Self::default();
        for (chain, rows) in chains {
            for row in &rows {
                evidence.entries.push(entry(row)?);
            }
            if let Err(bad) = verify_chain(&chain, rows) {
                evidence.broken.push(bad.to_string());
            }
        }
        Ok(evidence)
    }

    /// The entries of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.kind == kind)
    }
}

fn entry(row: &Row) -> anyhow::Result<Entry> {
    let payload = row.payload.as_deref().map(serde_json::from_str).transpose()?;
    Ok(Entry {
        chain: row.chain.clone(),
        seq: row.seq,
        at_ms: row.at_ms,
        case: row.case.clone(),
        kind: row.kind.parse()?,
        actor: row.actor.clone(),
        payload: payload.unwrap_or_default(),
    })
}
