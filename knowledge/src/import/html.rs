//! HTML: headings, paragraphs, lists and tables as they are read, as a stream: no tree, so no nesting is too deep.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::collector::Collector;
use super::outline::{self, Asking};
use page::Page;

mod page;
mod tables;

/// Reads the page into `collector`.
pub(super) fn read(text: &str, collector: &mut Collector<'_>) {
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(text));
    // Our sink never asks for a script to run, so one call reads everything.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    outline::read(tokenizer.sink.page.into_inner().finish(), Asking::Paragraphs, collector);
}

/// Takes the tokens; the tokenizer hands out a shared reference only.
#[derive(Default)]
struct Sink {
    page: RefCell<Page>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let mut page = self.page.borrow_mut();
        match token {
            Token::CharacterTokens(text) => page.text(&text),
            Token::TagToken(tag) => {
                match tag.kind {
                    // Complete in itself, unlike all others that are written so.
                    TagKind::StartTag if tag.self_closing && matches!(&*tag.name, "svg" | "math") => {}
                    TagKind::StartTag => page.open(&tag.name, &|name| attribute(&tag, name), line),
                    TagKind::EndTag => page.close(&tag.name),
                }
                return raw(&tag).map_or(TokenSinkResult::Continue, TokenSinkResult::RawData);
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn attribute(tag: &Tag, name: &str) -> Option<String> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| attribute.value.to_string())
}

/// How the tokenizer goes on behind elements whose content is no markup.
fn raw(tag: &Tag) -> Option<RawKind> {
    if tag.kind == TagKind::EndTag || tag.self_closing {
        return None;
    }
    match &*tag.name {
        "script" => Some(RawKind::ScriptData),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" | "noscript" => Some(RawKind::Rawtext),
        "title" | "textarea" => Some(RawKind::Rcdata),
        _ => None,
    }
}
