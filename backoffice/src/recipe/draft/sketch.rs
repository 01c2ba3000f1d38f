//! What was shown, put together: inputs, pages and steps.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::{Entered, Shown, Spot};
use crate::inputs::InputKind;
use crate::reach::Resource;

/// Something that will be given.
pub(super) struct Given {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) kind: InputKind,
    pub(super) value: String,
}

/// A page, with inputs in its address.
pub(super) struct Place {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) root: String,
}

/// A step.
pub(super) enum Step {
    Open(String),
    Fill(Spot, String),
    Click(Spot, Option<String>),
    Choose(Spot, String),
    Picture(&'static str, String),
    Submit(Spot),
}

/// A request by method, path and body.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Option<String>,
    pub(super) left: bool,
}

/// A draft on its way.
pub(super) struct Sketch {
    pub(super) title: String,
    pub(super) inputs: Vec<Given>,
    pub(super) pages: Vec<Place>,
    pub(super) steps: Vec<Step>,
    pub(super) loaded: BTreeMap<String, BTreeSet<&'static str>>,
    pub(super) asked: Vec<Sent>,
    pub(super) write: Option<Sent>,
    pub(super) secrets: usize,
}

impl Sketch {
    pub(super) fn new(order: &str) -> Self {
        let mut sketch = Self {
            title: String::new(),
            inputs: Vec::new(),
            pages: Vec::new(),
            steps: Vec::new(),
            loaded: BTreeMap::new(),
            asked: Vec::new(),
            write: None,
            secrets: 0,
        };
        sketch.given("order", "", order);
        sketch
    }

    pub(super) fn take(&mut self, shown: &Shown) {
        match shown {
            Shown::Page { url, title, root } => self.arrive(url, title, root),
            Shown::Click(spot) => self.steps.push(Step::Click(spot.clone(), None)),
            Shown::Fill(entered) => self.fill(entered),
            Shown::Choose(Entered { spot, value, .. }) => self.steps.push(Step::Choose(spot.clone(), value.clone())),
            Shown::Secret => self.secrets += 1,
            Shown::Loaded { resource, path } => self.load(*resource, path),
            Shown::Asked { method, path, body, left } => {
                let sent = Sent { method: method.clone(), path: self.filled(path), body: body.clone(), left: *left };
                if !self.asked.iter().any(|known| (&known.method, &known.path) == (&sent.method, &sent.path)) {
                    self.asked.push(sent);
                }
            }
            Shown::HandedIn { method, path, body } => self.hand_in(method, path, body.as_deref()),
        }
    }

    /// The last page is what proves it.
    pub(super) fn finish(&mut self) {
        let root = self.pages.last().map_or("body", |page| &page.root).to_owned();
        if !self.pages.is_empty() {
            self.steps.push(Step::Picture("page", root));
        }
    }

    /// A page came: of the last click, or by its address.
    fn arrive(&mut self, url: &str, title: &str, root: &str) {
        let Ok(url) = Url::parse(url) else { return };
        let name = self.page(&url, root);
        title.clone_into(&mut self.title);
        match self.steps.last_mut() {
            Some(Step::Click(_, then @ None)) => *then = Some(name),
            Some(Step::Open(page) | Step::Click(_, Some(page))) if *page == name => {}
            _ => self.steps.push(Step::Open(name)),
        }
    }

    /// The name of the page at an address.
    fn page(&mut self, url: &Url, root: &str) -> String {
        let path = self.filled(url.path());
        let named =
            |value: &str| self.named(value).map_or_else(|| "*".to_owned(), |input| format!("{{{}}}", input.name));
        let parameters = url.query_pairs().map(|(name, value)| (name.into_owned(), named(&value))).collect();
        let same = |page: &&Place| page.path == path && page.parameters == parameters;
        if let Some(known) = self.pages.iter().find(same) {
            return known.name.clone();
        }
        let name = self.free_name(&path);
        self.pages.push(Place { name: name.clone(), path, parameters, root: root.to_owned() });
        name
    }

    /// A name for a page: the last word of its path.
    fn free_name(&self, path: &str) -> String {
        let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        let word = path.rsplit('/').find(is_word).unwrap_or("page");
        let taken = |name: &str| self.pages.iter().any(|page| page.name == name);
        let mut names = std::iter::once(word.to_owned()).chain((2..).map(|n| format!("{word}-{n}")));
        names.find(|name| !taken(name)).unwrap_or_default()
    }

    /// A path with inputs where their values stand. What is free text is no part of a path.
    fn filled(&self, path: &str) -> String {
        let part = |part: &str| match self.named(part) {
            Some(input) if input.kind != InputKind::Text => format!("{{{}}}", input.name),
            _ if part.contains(['{', '}']) => "*".to_owned(),
            _ => part.to_owned(),
        };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    /// The input with this value.
    pub(super) fn named(&self, value: &str) -> Option<&Given> {
        self.inputs.iter().find(|input| !value.is_empty() && input.value == value)
    }

    fn fill(&mut self, entered: &Entered) {
        let name = self.given(&entered.name, &entered.label, &entered.value);
        // Who corrects a field means the last of it.
        drop(self.steps.pop_if(|step| matches!(step, Step::Fill(spot, _) if *spot == entered.spot)));
        self.steps.push(Step::Fill(entered.spot.clone(), name));
    }

    /// The name of the input with this value: a new one where there is none.
    fn given(&mut self, called: &str, label: &str, value: &str) -> String {
        if let Some(known) = self.named(value) {
            return known.name.clone();
        }
        let letters = |c: char| if c.is_ascii_alphabetic() { c.to_ascii_lowercase() } else { '_' };
        let mut name = called.chars().map(letters).collect::<String>().trim_matches('_').to_owned();
        if name.is_empty() {
            "typed".clone_into(&mut name);
        }
        while self.inputs.iter().any(|input| input.name == name) {
            name.push_str("_too");
        }
        let (label, value) = (label.to_owned(), value.to_owned());
        self.inputs.push(Given { name: name.clone(), label, kind: kind_of(&value), value });
        name
    }

    fn load(&mut self, resource: Resource, path: &str) {
        let Some((folder, _)) = path.rsplit_once('/') else { return };
        self.loaded.entry(format!("{folder}/*")).or_default().insert(resource.as_str());
    }

    /// A form was handed in: by the last click, of which it is the submit.
    fn hand_in(&mut self, method: &str, path: &str, body: Option<&str>) {
        if self.write.is_some() {
            return;
        }
        let Some(Step::Click(spot, None)) = self.steps.pop_if(|step| matches!(step, Step::Click(_, None))) else {
            return;
        };
        let root = self.pages.last().map_or("body", |page| &page.root).to_owned();
        self.steps.extend([Step::Picture("filled", root), Step::Submit(spot)]);
        let (method, path) = (method.to_owned(), self.filled(path));
        self.write = Some(Sent { method, path, body: body.map(str::to_owned), left: false });
    }
}

fn kind_of(value: &str) -> InputKind {
    if value.bytes().all(|b| b.is_ascii_digit()) {
        InputKind::Digits
    } else if value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        InputKind::Code
    } else {
        InputKind::Text
    }
}
