//! A small strict XML reader for callbacks: elements, text and CDATA; no DTD, no entities of anyone's making, bounded
//! depth and node count. Elements may repeat and come in any order, attributes are ignored.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// Deepest nesting accepted; callbacks need five.
const MAX_DEPTH: usize = 8;
/// Most elements accepted in one document; the largest callback has a few dozen.
const MAX_NODES: usize = 200;
/// Most character references accepted in one document.
const MAX_REFERENCES: usize = 20_000;

/// Why a document was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XmlError {
    /// Not UTF-8, or not well formed.
    #[error("not well-formed XML")]
    Malformed,
    /// A DTD, a comment where none is allowed, or an entity that is not one of the five.
    #[error("XML uses a DTD, a comment or an entity")]
    Forbidden,
    /// Too deep, too many elements or too many references.
    #[error("XML is too large")]
    TooLarge,
}

/// One element with everything under it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    /// All text directly inside, CDATA and plain, joined as it stood.
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// All direct children of that name, in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// The first direct child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.name == name)
    }

    /// Text of the first child of that name, without surrounding white space; `None` if absent or blank.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let text = self.child(name)?.text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The first child of that name as a whole number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.child(name)?.text.trim().parse().ok()
    }
}

/// Reads one document of one root element.
pub(crate) fn parse(document: &str) -> Result<Element, XmlError> {
    let mut reader = Reader::from_str(document);
    let mut builder = Builder::default();
    loop {
        match reader.read_event().map_err(|_| XmlError::Malformed)? {
            Event::Start(start) => builder.open(start.name().as_ref())?,
            Event::Empty(start) => {
                builder.open(start.name().as_ref())?;
                builder.close()?;
            }
            Event::End(_) => builder.close()?,
            Event::Text(text) => builder.text(&text)?,
            Event::CData(text) => builder.text_in_element(&text)?,
            Event::GeneralRef(reference) => builder.reference(&reference)?,
            Event::DocType(_) => return Err(XmlError::Forbidden),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return builder.finish(),
        }
    }
}

/// The text of the one `<Encrypt>` element of a callback body that nobody has vouched for yet: on top of [`parse`],
/// `<!` may only begin a CDATA section, and neither processing instructions nor references are accepted.
pub(crate) fn only_encrypt(body: &[u8]) -> Result<String, XmlError> {
    let text = std::str::from_utf8(body).map_err(|_| XmlError::Malformed)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let after_declaration = text.trim_start().strip_prefix("<?xml ").unwrap_or(text);
    if text.contains('&') || has_foreign_mark(after_declaration) {
        return Err(XmlError::Forbidden);
    }
    encrypt_in(parse(text)?)
}

/// The text of the one `<Encrypt>` directly inside, whatever stands beside it.
pub(crate) fn encrypt_in(root: Element) -> Result<String, XmlError> {
    let mut found: Vec<Element> = root.children.into_iter().filter(|child| child.name == "Encrypt").collect();
    match (found.pop(), found.pop()) {
        (Some(one), None) if one.children.is_empty() => Ok(one.text.trim().to_owned()),
        _ => Err(XmlError::Malformed),
    }
}

/// Whether any `<` begins something that is neither an element nor a CDATA section.
fn has_foreign_mark(text: &str) -> bool {
    let marks = text.match_indices('<').map(|(at, _)| &text[at + 1..]);
    marks.into_iter().any(|mark| mark.starts_with('?') || (mark.starts_with('!') && !mark.starts_with("![CDATA[")))
}

#[derive(Default)]
struct Builder {
    open: Vec<Element>,
    root: Option<Element>,
    nodes: usize,
    references: usize,
}

impl Builder {
    fn open(&mut self, name: &str) -> Result<(), XmlError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || self.open.len() >= MAX_DEPTH {
            return Err(XmlError::TooLarge);
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(XmlError::Malformed);
        }
        self.open.push(Element { name: name.to_owned(), ..Element::default() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let done = self.open.pop().ok_or(XmlError::Malformed)?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(done),
            None => self.root = Some(done),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        let between_roots = self.open.is_empty() && text.trim_start_matches('\u{feff}').trim().is_empty();
        if between_roots { Ok(()) } else { self.text_in_element(text) }
    }

    fn text_in_element(&mut self, text: &str) -> Result<(), XmlError> {
        self.open.last_mut().ok_or(XmlError::Malformed)?.text.push_str(text);
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), XmlError> {
        self.references += 1;
        if self.references > MAX_REFERENCES {
            return Err(XmlError::TooLarge);
        }
        let named = match &**reference {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => reference.resolve_char_ref().map_err(|_| XmlError::Malformed)?,
        };
        let mut buffer = [0; 4];
        self.text_in_element(named.ok_or(XmlError::Forbidden)?.encode_utf8(&mut buffer))
    }

    fn finish(self) -> Result<Element, XmlError> {
        if self.open.is_empty() { self.root.ok_or(XmlError::Malformed) } else { Err(XmlError::Malformed) }
    }
}

#[cfg(test)]
#[path = "xml_tests.rs"]
mod tests;
