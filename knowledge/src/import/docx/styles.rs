//! Which styles of a document are headings. Chinese Word calls them `heading 1` or `标题 1` by the name, and `1`, `a3`
//! or anything by the id that paragraphs use.

use std::collections::HashMap;

use crate::import::Fault;
use crate::import::xml::{Node, Xml};

/// Styles that are based on one another, at most.
const MAX_CHAIN: usize = 10;
/// The last level of a heading; 9 is running text.
const LAST_OUTLINE: u8 = 8;

/// What a paragraph is by its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A heading, from level 1.
    Heading(u8),
    /// A line of the table of contents: it repeats a heading.
    Contents,
    Text,
}

#[derive(Default)]
struct Declared {
    name: String,
    based_on: Option<String>,
    outline: Option<u8>,
    /// The list its paragraphs belong to, and the level.
    list: Option<String>,
    level: usize,
}

/// The styles of a document by their ids.
#[derive(Default)]
pub(super) struct Styles(HashMap<String, Declared>);

impl Styles {
    pub(super) fn read(xml: &mut Xml<'_>) -> Result<Styles, Fault> {
        let mut styles = HashMap::new();
        let mut current: Option<(String, Declared)> = None;
        loop {
            match xml.next()? {
                Node::Open(tag) if tag.name() == "style" => {
                    current = tag.attribute("styleId").map(|id| (id, Declared::default()));
                }
                Node::Open(tag) => {
                    let Some((_, style)) = &mut current else { continue };
                    match tag.name() {
                        "name" => style.name = tag.attribute("val").unwrap_or_default().trim().to_lowercase(),
                        "basedOn" => style.based_on = tag.attribute("val"),
                        "outlineLvl" => style.outline = tag.number("val"),
                        "numId" => style.list = tag.attribute("val"),
                        "ilvl" => style.level = tag.number("val").unwrap_or(0),
                        _ => {}
                    }
                }
                Node::Close(tag) if tag.name() == "style" => styles.extend(current.take()),
                Node::End => return Ok(Styles(styles)),
                _ => {}
            }
        }
    }

    /// The list and the level of paragraphs with this style.
    pub(super) fn list(&self, id: Option<&str>) -> Option<(&str, usize)> {
        let mut next = id;
        for _ in 0..MAX_CHAIN {
            let style = self.0.get(next?)?;
            if let Some(list) = &style.list {
                return Some((list, style.level));
            }
            next = style.based_on.as_deref();
        }
        None
    }

    /// What a paragraph with this style and this outline level of its own is.
    pub(super) fn of(&self, id: Option<&str>, own: Option<u8>) -> Style {
        let mut level = own;
        let mut next = id;
        for _ in 0..MAX_CHAIN {
            let Some(id) = next else { break };
            let Some(style) = self.0.get(id) else {
                level = level.or_else(|| named_level(&id.to_lowercase()));
                break;
            };
            if style.name.starts_with("toc ") || style.name.starts_with("目录") {
                return Style::Contents;
            }
            level = level.or_else(|| named_level(&style.name)).or(style.outline);
            next = style.based_on.as_deref();
        }
        match level {
            Some(level) if level <= LAST_OUTLINE => Style::Heading(level + 1),
            _ => Style::Text,
        }
    }
}

/// Level from 0 of a style called `heading 1`, `标题 1` or, without a list of styles, `Heading1`.
fn named_level(name: &str) -> Option<u8> {
    let number = name.strip_prefix("heading").or_else(|| name.strip_prefix("标题"))?;
    number.trim().parse::<u8>().ok()?.checked_sub(1)
}
