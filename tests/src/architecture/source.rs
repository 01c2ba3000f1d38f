//! The workspace as the rules read it: files, the paths they name, their functions.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A Rust source of the workspace.
pub(super) struct Source {
    /// Path from the root of the repository, with `/`.
    pub(super) path: String,
    /// The text.
    pub(super) text: String,
}

/// Something a rule does not allow: where, and what to do.
pub(super) fn fault(source: &Source, line: usize, what: &str) -> String {
    format!("{}:{line}: {what}", source.path)
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust source of the workspace's members.
pub(super) fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for member in members() {
        collect(&root().join(&member), &member, &mut found);
    }
    assert!(found.len() > 50, "the sources are not where they were: {}", found.len());
    found
}

/// The folders of the workspace's members.
pub(super) fn members() -> Vec<String> {
    let manifest = manifest("");
    let members = manifest["workspace"]["members"].as_array().expect("a list of members");
    members.iter().filter_map(|m| m.as_str()).map(str::to_owned).collect()
}

/// The manifest of a member, or of the workspace.
pub(super) fn manifest(member: &str) -> toml::Table {
    let path = root().join(member).join("Cargo.toml");
    std::fs::read_to_string(path).expect("a manifest").parse().expect("a manifest in TOML")
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let full = format!("{prefix}/{name}");
        let other_member = path.join("Cargo.toml").exists();
        if path.is_dir() && name != "target" && !name.starts_with('.') && !other_member {
            collect(&path, &full, found);
        } else if name.ends_with(".rs") {
            found.push(Source { path: full, text: std::fs::read_to_string(&path).expect("a readable source") });
        }
    }
}

impl Source {
    /// A source that exists only in a test.
    pub(super) fn invented(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// The member the source belongs to.
    pub(super) fn member(&self) -> &str {
        let nested =
            ["tests/campaigns", "tests/fuzz", "tests/simulation"].into_iter().find(|member| self.is_in(member));
        nested.unwrap_or_else(|| self.path.split('/').next().unwrap_or_default())
    }

    /// Whether the source holds nothing but tests, or things only tests and measurements use.
    pub(super) fn is_test(&self) -> bool {
        let named = ["tests.rs", "properties.rs"].iter().any(|end| self.path.ends_with(end));
        named || self.path.starts_with("tests/") || ["/tests/", "/examples/"].iter().any(|d| self.path.contains(d))
    }

    /// Whether the source is `module` of a crate (`bot/src/store`), or inside it.
    pub(super) fn is_in(&self, module: &str) -> bool {
        let rest = self.path.strip_prefix(module);
        rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }

    pub(super) fn tokens(&self) -> TokenStream {
        self.text.parse().unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }

    pub(super) fn syntax(&self) -> syn::File {
        syn::parse_file(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }

    /// Every path of at least two segments the source names, in code, imports and macros, resolved as far as
    /// `crate`, `self` and `super` go: those become `crate::…`.
    pub(super) fn paths(&self) -> Vec<Named> {
        let mut found = Vec::new();
        read_paths(self.tokens(), &mut found);
        let here = self.module();
        found.iter_mut().for_each(|named| named.resolve(&here));
        found
    }

    /// The module path of the source inside its crate.
    fn module(&self) -> Vec<String> {
        let inside = self.path.split_once("/src/").map_or("", |(_, inside)| inside);
        let inside = inside.trim_end_matches(".rs").trim_end_matches("/mod");
        inside.split('/').filter(|part| !matches!(*part, "" | "lib" | "main")).map(str::to_owned).collect()
    }

    /// The source's functions that have a body.
    pub(super) fn functions(&self) -> Vec<Function> {
        let mut functions = Functions(Vec::new());
        functions.visit_file(&self.syntax());
        functions.0
    }
}

/// A path as it stands in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

impl Named {
    /// Whether the path begins with these segments.
    pub(super) fn starts(&self, segments: &[&str]) -> bool {
        self.segments.len() >= segments.len() && self.segments.iter().zip(segments).all(|(a, b)| a == b)
    }

    /// Whether these segments stand next to each other in the path.
    pub(super) fn has(&self, segments: &[&str]) -> bool {
        self.segments.windows(segments.len()).any(|window| window.iter().zip(segments).all(|(a, b)| a == b))
    }

    pub(super) fn text(&self) -> String {
        self.segments.join("::")
    }

    fn resolve(&mut self, here: &[String]) {
        let supers = self.segments.iter().take_while(|segment| *segment == "super").count();
        let own = usize::from(self.segments.first().is_some_and(|first| first == "self"));
        if supers + own == 0 {
            return;
        }
        let kept = here.len().saturating_sub(supers);
        let base = std::iter::once("crate".to_owned()).chain(here[..kept].iter().cloned());
        self.segments = base.chain(self.segments.drain(supers + own..)).collect();
    }
}

/// Reads paths from tokens: `a::b`, and `a::{b, c::d}` as `a::b` and `a::c::d`.
fn read_paths(tokens: TokenStream, found: &mut Vec<Named>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(_) if !after_dot(&tokens, at) => at = read_path(&tokens, at, &[], found),
            TokenTree::Group(group) => {
                read_paths(group.stream(), found);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

fn after_dot(tokens: &[TokenTree], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| is_punct(tokens.get(before), '.'))
}

/// Reads one path that starts at `at`, and says where the next token after it is.
fn read_path(tokens: &[TokenTree], mut at: usize, prefix: &[String], found: &mut Vec<Named>) -> usize {
    let line = tokens[at].span().start().line;
    let mut segments = prefix.to_vec();
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => segments.push(ident.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                read_group(group.stream(), &segments, found);
                return at + 1;
            }
            _ => break,
        }
        at += 1;
        if !(is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')) {
            break;
        }
        at += 2;
    }
    if segments.len() > 1 {
        found.push(Named { segments, line });
    }
    at
}

/// The branches of `a::{…}`.
fn read_group(tokens: TokenStream, prefix: &[String], found: &mut Vec<Named>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        let begins = at == 0 || is_punct(tokens.get(at - 1), ',');
        match &tokens[at] {
            TokenTree::Ident(_) if begins => at = read_path(&tokens, at, prefix, found),
            _ => at += 1,
        }
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// A function with a body.
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    /// Lines from `fn` to the closing brace.
    pub(super) lines: usize,
    pub(super) test: bool,
}

struct Functions(Vec<Function>);

impl Functions {
    fn add(&mut self, signature: &syn::Signature, body: &syn::Block, attributes: &[syn::Attribute]) {
        let line = signature.fn_token.span().start().line;
        let lines = body.span().end().line + 1 - line;
        let test = attributes.iter().any(|a| a.path().segments.last().is_some_and(|s| s.ident == "test"));
        self.0.push(Function { name: signature.ident.to_string(), line, lines, test });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, &item.block, &item.attrs);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, &item.block, &item.attrs);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.add(&item.sig, body, &item.attrs);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

/// A word, mark or literal of the code, outside attributes and comments.
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
}

impl Source {
    /// The code's tokens in order, without attributes.
    pub(super) fn words(&self) -> Vec<Token> {
        let mut words = Vec::new();
        flatten(self.tokens(), &mut words);
        words
    }
}

fn flatten(tokens: TokenStream, words: &mut Vec<Token>) {
    let mut after_hash = false;
    for token in tokens {
        let line = token.span().start().line;
        match token {
            TokenTree::Group(group) if after_hash && group.delimiter() == Delimiter::Bracket => {
                let first = group.stream().into_iter().next().map_or_else(String::new, |first| first.to_string());
                words.push(Token { text: format!("#[{first}]"), line });
            }
            TokenTree::Group(group) => flatten(group.stream(), words),
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                after_hash = true;
                continue;
            }
            // The `!` of an inner attribute keeps what the `#` before it means.
            TokenTree::Punct(punct) if punct.as_char() == '!' && after_hash => continue,
            other => words.push(Token { text: other.to_string(), line }),
        }
        after_hash = false;
    }
}
