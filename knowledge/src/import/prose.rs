//! Plain text: every line stands for itself, an empty line separates paragraphs, Chinese numbers make headings.

use super::block::{Block, Placed};
use super::collector::Collector;
use super::faq;
use super::outline::{self, Asking};
use super::place::Spot;

/// Reads a text file into `collector`.
pub(super) fn read(text: &str, collector: &mut Collector<'_>) {
    let lines = (1..).map(Spot::Line).zip(text.lines());
    outline::read(blocks(lines), Asking::Paragraphs, collector);
}

/// The blocks of lines without any mark-up.
pub(super) fn blocks<'a>(lines: impl Iterator<Item = (Spot, &'a str)>) -> Vec<Placed> {
    let (mut blocks, mut tight) = (Vec::new(), false);
    for (spot, line) in lines {
        if line.trim().is_empty() {
            tight = false;
            continue;
        }
        let text = line.trim_end().to_owned();
        let block = match faq::numbered_heading(line) {
            Some(level) if faq::question(line).is_none() => {
                tight = false;
                Block::Heading { level, text: faq::unnumbered(line.trim()).to_owned(), fields: Vec::new() }
            }
            _ => Block::Text { text, tight: std::mem::replace(&mut tight, true) },
        };
        blocks.push(Placed { spot, block });
    }
    blocks
}
