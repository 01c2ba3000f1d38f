//! The XML of office files, read as a stream: no tree, no recursion, no entities but XML's own.

use std::borrow::Cow;

use quick_xml::events::{BytesEnd, BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::Fault;

/// A part being read.
pub(super) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    part: &'a str,
}

/// What comes next. Elements go by their local names.
pub(super) enum Node<'a> {
    Open(Tag<'a>),
    Close(EndTag<'a>),
    Text(Cow<'a, str>),
    End,
}

/// The start of an element.
pub(super) struct Tag<'a>(BytesStart<'a>);

/// The end of an element.
pub(super) struct EndTag<'a>(BytesEnd<'a>);

impl EndTag<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }
}

impl Tag<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The value of the attribute with this local name.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let found = attributes.with_checks(false).flatten().find(|a| a.key.local_name().into_inner() == name)?;
        found.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned)
    }

    /// The value as a number.
    pub(super) fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.attribute(name)?.trim().parse().ok()
    }
}

impl<'a> Xml<'a> {
    pub(super) fn new(part: &'a str, text: &'a str) -> Xml<'a> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Xml { reader, part }
    }

    /// The next thing that matters.
    pub(super) fn next(&mut self) -> Result<Node<'a>, Fault> {
        loop {
            return Ok(match self.reader.read_event().map_err(|error| self.damaged(&error))? {
                Event::Start(start) => Node::Open(Tag(start)),
                Event::End(end) => Node::Close(EndTag(end)),
                Event::Text(text) => Node::Text(Cow::Owned(text.xml10_content().into_owned())),
                Event::CData(text) => Node::Text(text.into_inner()),
                Event::GeneralRef(name) => Node::Text(self.referred(&name)?),
                Event::DocType(_) => return Err(Fault::Doctype { part: self.part.to_owned() }),
                Event::Eof => Node::End,
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            });
        }
    }

    /// The next element of this name, wherever it stands.
    pub(super) fn next_open(&mut self, name: &str) -> Result<Option<Tag<'a>>, Fault> {
        loop {
            match self.next()? {
                Node::Open(tag) if tag.name() == name => return Ok(Some(tag)),
                Node::End => return Ok(None),
                _ => {}
            }
        }
    }

    /// Passes over the rest of the element that was just opened.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next()? {
                Node::Open(_) => depth += 1,
                Node::Close(_) => depth -= 1,
                Node::End => break,
                Node::Text(_) => {}
            }
        }
        Ok(())
    }

    fn referred(&self, name: &BytesRef<'_>) -> Result<Cow<'a, str>, Fault> {
        if let Some(c) = name.resolve_char_ref().map_err(|error| self.damaged(&error))? {
            return Ok(Cow::Owned(c.to_string()));
        }
        let known = quick_xml::escape::resolve_predefined_entity(name);
        known.map(Cow::Borrowed).ok_or_else(|| self.damaged(&"an unknown entity"))
    }

    fn damaged(&self, what: &dyn std::fmt::Display) -> Fault {
        Fault::Damaged { reason: format!("{}: {what}", self.part) }
    }
}
