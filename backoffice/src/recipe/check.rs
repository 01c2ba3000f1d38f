//! Reads a recipe's file and refuses what cannot be meant, everything at once, by line and field.

mod steps;

use std::collections::BTreeSet;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::{
    Act, Allowed, Endpoint, Fault, Input, LONGEST_FILE, Output, Page, Path, Place, Purpose, Recipe, RecipeId, Sentence,
    Signs, Step, Write,
};
use crate::address::is_private_literal;
use crate::inputs::InputKind;

/// Most characters of a name.
const LONGEST_NAME: usize = 40;
/// Longest run of a recipe, in seconds.
const MOST_SECONDS: u32 = 120;
/// Longest time a fact may count, in minutes.
const MOST_MINUTES: u32 = 24 * 60;

/// A recipe as its file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    version: Spanned<u32>,
    title: Spanned<String>,
    card: Option<Spanned<Sentence>>,
    reply: Option<Spanned<Sentence>>,
    kind: Spanned<Word>,
    accounts: Spanned<Vec<String>>,
    seconds: Spanned<u32>,
    #[serde(default)]
    blur: Vec<Spanned<String>>,
    #[serde(default)]
    input: Vec<Spanned<Input>>,
    #[serde(default)]
    output: Vec<Spanned<Output>>,
    page: Vec<Spanned<Page>>,
    #[serde(default)]
    resource: Vec<Spanned<Allowed>>,
    #[serde(default)]
    query: Vec<Spanned<Endpoint>>,
    write: Option<Spanned<Write>>,
    signs: Spanned<Signs>,
    step: Vec<Spanned<Act>>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Word {
    Read,
    Write,
}

/// The faults found so far.
struct Checker<'a> {
    text: &'a str,
    faults: Vec<Fault>,
}

pub(super) fn recipe(text: &str) -> Result<Recipe, Vec<Fault>> {
    if text.len() > LONGEST_FILE {
        let what = format!("the file has {} bytes, at most {LONGEST_FILE}: split the recipe", text.len());
        return Err(vec![Fault { line: 1, field: String::new(), what }]);
    }
    let file: File = toml::from_str(text).map_err(|error| vec![unreadable(text, &error)])?;
    let mut checker = Checker { text, faults: Vec::new() };
    checker.head(&file);
    checker.inputs(&file);
    checker.outputs(&file);
    checker.sentences(&file);
    checker.places(&file);
    checker.write(&file);
    checker.signs(&file);
    steps::check(&mut checker, &file);
    if checker.faults.is_empty() {
        return Ok(built(file, text));
    }
    checker.faults.sort_by_key(|fault| fault.line);
    Err(checker.faults)
}

fn unreadable(text: &str, error: &toml::de::Error) -> Fault {
    let at = error.span().map_or(0, |span| span.start);
    Fault { line: line(text, at), field: String::new(), what: error.message().replace('\n', ", ") }
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn built(file: File, text: &str) -> Recipe {
    let hash = hex::encode(Sha256::digest(text.as_bytes()));
    let inner = |spanned: Spanned<String>| spanned.into_inner();
    let step = |act: Spanned<Act>| Step { line: line(text, act.span().start), act: act.into_inner() };
    Recipe {
        id: RecipeId { name: inner(file.name), version: file.version.into_inner(), hash },
        title: inner(file.title),
        card: file.card.map(Spanned::into_inner),
        reply: file.reply.map(Spanned::into_inner),
        purpose: file.write.map_or(Purpose::Read, |write| Purpose::Write(write.into_inner())),
        accounts: file.accounts.into_inner(),
        inputs: file.input.into_iter().map(Spanned::into_inner).collect(),
        outputs: file.output.into_iter().map(Spanned::into_inner).collect(),
        pages: file.page.into_iter().map(Spanned::into_inner).collect(),
        resources: file.resource.into_iter().map(Spanned::into_inner).collect(),
        queries: file.query.into_iter().map(Spanned::into_inner).collect(),
        signs: file.signs.into_inner(),
        blur: file.blur.into_iter().map(inner).collect(),
        seconds: file.seconds.into_inner(),
        steps: file.step.into_iter().map(step).collect(),
    }
}

impl Checker<'_> {
    fn fault<T>(&mut self, at: &Spanned<T>, field: &str, what: impl Into<String>) {
        let line = line(self.text, at.span().start);
        self.faults.push(Fault { line, field: field.to_owned(), what: what.into() });
    }

    fn unless<T>(&mut self, holds: bool, at: &Spanned<T>, field: &str, what: &str) {
        if !holds {
            self.fault(at, field, what);
        }
    }

    fn head(&mut self, file: &File) {
        self.unless(is_name(file.name.get_ref(), '-'), &file.name, "name", "small letters, digits and `-`, at most 40");
        self.unless(*file.version.get_ref() > 0, &file.version, "version", "count from 1");
        let title = file.title.get_ref();
        let fits = !title.trim().is_empty() && title.chars().count() <= LONGEST_NAME;
        self.unless(fits, &file.title, "title", "say in 1 to 40 characters what people call it");
        let accounts = file.accounts.get_ref();
        let named = !accounts.is_empty() && accounts.iter().all(|id| is_name(id, '-'));
        self.unless(named, &file.accounts, "accounts", "name each account that may run it by its id; there is no `*`");
        let seconds = *file.seconds.get_ref();
        let fits = (1..=MOST_SECONDS).contains(&seconds);
        self.unless(fits, &file.seconds, "seconds", "a run takes 1 to 120 seconds as a whole");
        for selector in &file.blur {
            self.selector(selector, "blur", selector.get_ref());
        }
    }

    fn inputs(&mut self, file: &File) {
        let mut seen = BTreeSet::new();
        for input in &file.input {
            let Input { name, longest, .. } = input.get_ref();
            self.unless(is_name(name, '_'), input, "input.name", "small letters and `_`, at most 40");
            self.unless(seen.insert(name.as_str()), input, "input.name", "there is one of this name already");
            self.unless((1..=2_000).contains(longest), input, "input.longest", "1 to 2000 characters");
        }
    }

    fn outputs(&mut self, file: &File) {
        let mut seen = BTreeSet::new();
        for output in &file.output {
            let Output { name, is, max_age_minutes, .. } = output.get_ref();
            self.unless(is_name(name, '_'), output, "output.name", "small letters and `_`, at most 40");
            self.unless(seen.insert(name.as_str()), output, "output.name", "there is one of this name already");
            let fits = (1..=MOST_MINUTES).contains(max_age_minutes);
            self.unless(fits, output, "output.max_age_minutes", "a fact counts for 1 to 1440 minutes");
            if let Some(what) = is.fault(false) {
                self.fault(output, "output.is", what);
            }
        }
    }

    fn sentences(&mut self, file: &File) {
        let outputs: Vec<&Output> = file.output.iter().map(Spanned::get_ref).collect();
        for (field, sentence) in [("card", &file.card), ("reply", &file.reply)] {
            let Some(sentence) = sentence else { continue };
            if let Some(place) = sentence.get_ref().unfilled(&outputs) {
                let what =
                    format!("{place} is no output: write {{name}}, or {{name.column}} for the first row of a table");
                self.fault(sentence, field, what);
            }
        }
    }

    fn places(&mut self, file: &File) {
        self.unless(!file.page.is_empty(), &file.name, "page", "name at least one page");
        let mut seen = BTreeSet::new();
        for page in &file.page {
            let Page { name, at, root, fingerprints } = page.get_ref();
            self.unless(is_name(name, '-'), page, "page.name", "small letters, digits and `-`, at most 40");
            self.unless(seen.insert(name.as_str()), page, "page.name", "there is one of this name already");
            self.place(file, page, "page.at", at);
            self.selector(page, "page.root", root);
            let hex =
                |print: &String| print.len() == 16 && print.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            let fits = !fingerprints.is_empty() && fingerprints.iter().all(hex);
            self.unless(
                fits,
                page,
                "page.fingerprints",
                "each has 16 hex digits: take it from the error of a first run",
            );
        }
        for resource in &file.resource {
            self.place(file, resource, "resource.at", &resource.get_ref().at);
            self.unless(!resource.get_ref().kinds.is_empty(), resource, "resource.kinds", "say what may be loaded");
        }
        for query in &file.query {
            let Endpoint { method, at, body } = query.get_ref();
            self.place(file, query, "query.at", at);
            let known = ["GET", "POST"].contains(&method.as_str());
            self.unless(known, query, "query.method", "a query is a GET or a POST; anything else writes");
            let stated = (method == "POST") == body.is_some();
            self.unless(stated, query, "query.body", "a POST states its body, a GET has none");
            self.named(file, query, "query.body", body.iter().flat_map(|body| body.names()));
        }
    }

    fn place<T>(&mut self, file: &File, at: &Spanned<T>, field: &str, place: &Place) {
        if let Some(origin) = &place.origin {
            let url = url::Url::parse(origin).ok().filter(|url| url.scheme() == "https");
            let url = url.filter(|url| !is_private_literal(url));
            let same = url.is_some_and(|url| url.origin().ascii_serialization() == *origin);
            self.unless(same, at, field, "write a foreign origin as https://host: a public one, without path or slash");
        }
        self.path(file, at, field, &place.path);
        self.named(file, at, field, place.parameters.values().flat_map(|value| value.names()));
    }

    fn path<T>(&mut self, file: &File, at: &Spanned<T>, field: &str, path: &Path) {
        self.named(file, at, field, path.names());
        let text =
            |name: &str| file.input.iter().any(|i| i.get_ref().name == name && i.get_ref().kind == InputKind::Text);
        let free = path.names().any(text);
        self.unless(!free, at, field, "a path takes inputs of kind digits or code only");
    }

    fn write(&mut self, file: &File) {
        match (file.kind.get_ref(), &file.write) {
            (Word::Read, Some(write)) => self.fault(write, "write", "a recipe of kind read has no [write]"),
            (Word::Write, None) => {
                self.fault(&file.kind, "kind", "a recipe of kind write names its request in [write]")
            }
            (Word::Read, None) => {}
            (Word::Write, Some(write)) => {
                let Write { method, at, body, undo } = write.get_ref();
                let known = ["POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str());
                self.unless(known, write, "write.method", "POST, PUT, PATCH or DELETE");
                self.unless(at.origin.is_none(), write, "write.at", "a write goes to the account's own origin");
                self.place(file, write, "write.at", at);
                self.named(file, write, "write.body", body.names());
                let named = undo.as_ref().is_none_or(|name| is_name(name, '-'));
                self.unless(named, write, "write.undo", "the name of the recipe that takes it back");
            }
        }
    }

    fn signs(&mut self, file: &File) {
        let signs = file.signs.get_ref();
        for (field, selectors, needed) in [
            ("signs.signed_out", &signs.signed_out, true),
            ("signs.no_permission", &signs.no_permission, true),
            ("signs.verification", &signs.verification, true),
            ("signs.not_found", &signs.not_found, false),
            ("signs.dialog", &signs.dialog, false),
        ] {
            self.unless(!needed || !selectors.is_empty(), &file.signs, field, "name at least one selector");
            for selector in selectors {
                self.selector(&file.signs, field, selector);
            }
        }
        for path in &signs.signed_out_paths {
            self.path(file, &file.signs, "signs.signed_out_paths", path);
        }
    }

    fn selector<T>(&mut self, at: &Spanned<T>, field: &str, selector: &str) {
        let fits = !selector.trim().is_empty() && selector.len() <= 300 && is_balanced(selector);
        self.unless(fits, at, field, "a CSS selector of at most 300 characters, with every bracket and quote closed");
    }

    fn named<'a, T>(&mut self, file: &File, at: &Spanned<T>, field: &str, names: impl IntoIterator<Item = &'a str>) {
        for name in names {
            if !file.input.iter().any(|input| input.get_ref().name == name) {
                self.fault(at, field, format!("{{{name}}} is no input: add [[input]] with this name, or correct it"));
            }
        }
    }
}

fn is_name(name: &str, mark: char) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c == mark || (mark == '-' && c.is_ascii_digit());
    !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(fits)
}

fn is_balanced(selector: &str) -> bool {
    let mut open = Vec::new();
    for c in selector.chars() {
        match (c, open.last()) {
            ('"' | '\'', Some(quote)) if c == *quote => drop(open.pop()),
            (_, Some('"' | '\'')) => {}
            ('"' | '\'' | '[' | '(', _) => open.push(c),
            (']', Some('[')) | (')', Some('(')) => drop(open.pop()),
            (']' | ')' | '{' | '}' | ';' | '\0', _) => return false,
            _ => {}
        }
    }
    open.is_empty()
}
