//! The numbers and bullets of lists.

use std::collections::HashMap;

use crate::import::Fault;
use crate::import::xml::{Node, Xml};

/// Deepest level a list has.
const LEVELS: usize = 9;

/// The lists of a document, and how far each has counted.
#[derive(Default)]
pub(super) struct Lists {
    /// Kinds of numbers by level, by the definition's id.
    definitions: HashMap<String, HashMap<usize, String>>,
    /// The definition a list uses.
    uses: HashMap<String, String>,
    counted: HashMap<String, [u64; LEVELS]>,
}

impl Lists {
    pub(super) fn read(xml: &mut Xml<'_>) -> Result<Lists, Fault> {
        let mut lists = Lists::default();
        let (mut definition, mut level, mut list) = (String::new(), 0, String::new());
        loop {
            match xml.next()? {
                Node::Open(tag) => match tag.name() {
                    "abstractNum" => definition = tag.attribute("abstractNumId").unwrap_or_default(),
                    "lvl" => level = tag.number("ilvl").unwrap_or(0),
                    "numFmt" => {
                        let kind = tag.attribute("val").unwrap_or_default();
                        lists.definitions.entry(definition.clone()).or_default().insert(level, kind);
                    }
                    "num" => list = tag.attribute("numId").unwrap_or_default(),
                    "abstractNumId" => {
                        lists.uses.insert(list.clone(), tag.attribute("val").unwrap_or_default());
                    }
                    _ => {}
                },
                Node::End => return Ok(lists),
                _ => {}
            }
        }
    }

    /// What stands in front of the next line of `list` on `level`; nothing where the list was taken off.
    pub(super) fn mark(&mut self, list: &str, level: usize) -> Option<String> {
        if list == "0" {
            return None;
        }
        let level = level.min(LEVELS - 1);
        let kind = self.uses.get(list).and_then(|id| self.definitions.get(id)).and_then(|levels| levels.get(&level));
        if kind.is_none_or(|kind| kind == "bullet" || kind == "none") {
            return Some("-".to_owned());
        }
        let counted = self.counted.entry(list.to_owned()).or_default();
        counted.iter_mut().skip(level + 1).for_each(|deeper| *deeper = 0);
        let number = counted.get_mut(level)?;
        *number += 1;
        Some(format!("{number}."))
    }
}
