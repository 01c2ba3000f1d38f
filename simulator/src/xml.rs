//! The XML of callbacks: writing them as varied as they come, reading the passive replies.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use crate::rng::Rng;

/// Deepest nesting that a passive reply may have.
const MAX_DEPTH: usize = 8;

/// What stands inside an element that is written.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Text(String),
    Number(i64),
    Elements(Vec<(&'static str, Content)>),
}

/// How a document is written.
pub(crate) struct Style<'a> {
    /// Texts in CDATA sections, as the documents show them, or escaped.
    pub(crate) cdata: bool,
    /// Where set, the top elements are put into any order.
    pub(crate) shuffle: Option<&'a mut Rng>,
}

/// Writes `<xml>` with these elements.
pub(crate) fn document(mut elements: Vec<(&'static str, Content)>, style: Style<'_>) -> String {
    if let Some(rng) = style.shuffle {
        rng.shuffle(&mut elements);
    }
    let mut out = String::from("<xml>");
    write_all(&mut out, &elements, style.cdata);
    out.push_str("</xml>");
    out
}

fn write_all(out: &mut String, elements: &[(&'static str, Content)], cdata: bool) {
    for (name, content) in elements {
        out.push_str(&format!("<{name}>"));
        match content {
            Content::Number(number) => out.push_str(&number.to_string()),
            Content::Text(text) if cdata => out.push_str(&cdata_section(text)),
            Content::Text(text) => out.push_str(&escaped(text)),
            Content::Elements(inner) => write_all(out, inner, cdata),
        }
        out.push_str(&format!("</{name}>"));
    }
}

/// `]]>` cannot stand inside a CDATA section: it is spread over two.
fn cdata_section(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An element that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The trimmed text of the first child of that name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }
}

/// Reads a document of one root; `None` where it is not well formed.
pub(crate) fn parse(document: &str) -> Option<Element> {
    let mut reader = Reader::from_str(document);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => open.push(named(start.name().as_ref())),
            Event::Empty(start) => open.last_mut()?.children.push(named(start.name().as_ref())),
            Event::End(_) => {
                let done = open.pop()?;
                open.last_mut()?.children.push(done);
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text),
            Event::CData(text) => open.last_mut()?.text.push_str(&text),
            Event::GeneralRef(reference) => open.last_mut()?.text.push(referred(&reference)?),
            Event::DocType(_) => return None,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
        if open.len() > MAX_DEPTH {
            return None;
        }
    }
    let mut root = open.pop()?;
    (open.is_empty() && root.children.len() == 1).then(|| root.children.remove(0))
}

fn named(name: &str) -> Element {
    Element { name: name.to_owned(), ..Element::default() }
}

fn referred(reference: &BytesRef<'_>) -> Option<char> {
    match &**reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = "a]]>b<c>&d \"退款\"";

    fn elements() -> Vec<(&'static str, Content)> {
        let ids = vec![("Id", Content::Text("x".to_owned())), ("Id", Content::Text(NASTY.to_owned()))];
        vec![
            ("Content", Content::Text(NASTY.to_owned())),
            ("Time", Content::Number(17)),
            ("Ids", Content::Elements(ids)),
        ]
    }

    #[test]
    fn what_is_written_is_read_back() {
        for cdata in [true, false] {
            let root = parse(&document(elements(), Style { cdata, shuffle: None })).unwrap();
            assert_eq!((root.field("Content"), root.field("Time")), (Some(NASTY), Some("17")));
            assert_eq!(root.child("Ids").unwrap().children[1].text, NASTY);
        }
    }

    #[test]
    fn shuffling_keeps_every_element() {
        let mut rng = Rng::new(3);
        let text = document(elements(), Style { cdata: true, shuffle: Some(&mut rng) });
        assert_eq!(parse(&text).unwrap().children.len(), 3);
    }

    #[test]
    fn broken_documents_are_not_read() {
        let deep = "<a>".repeat(9) + &"</a>".repeat(9);
        for text in ["", "success", "<xml><a></xml>", "<a/><b/>", "<!DOCTYPE a><a/>", "<a>&x;</a>", &deep] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
