//! PDF: the text of its pages, where it has any.
//!
//! The readers of PDFs that there are cannot be held to limits from within: they panic on fonts they do not know,
//! recurse without bound into forms that contain themselves, and unpack streams of any size. Panics are caught here;
//! against the rest, [`pages`] belongs into a process of its own, with limits on memory and time that a system
//! enforces. [`read`] takes what that process found.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::Document;
use unicode_normalization::UnicodeNormalization;

use super::collector::Collector;
use super::faq;
use super::outline::{self, Asking};
use super::place::Spot;
use super::prose;
use super::{Fault, MAX_FILE_BYTES, MAX_PAGES, MAX_UNPACKED_BYTES};

/// Bytes among which the file's mark stands.
const MARK_WITHIN: usize = 1024;
/// Pages on which a line has to stand in the same place to be a header or footer.
const REPEATED: usize = 3;
/// A line is full, and may go on in the next, from this share of the longest, in percent.
const FULL_LINE: usize = 80;

/// The text of every page, in order; a page may have none.
///
/// # Errors
/// What is wrong with the file as a whole, and what to do.
pub fn pages(bytes: &[u8]) -> Result<Vec<String>, Fault> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Fault::FileTooLarge { bytes: bytes.len() as u64, limit: MAX_FILE_BYTES });
    }
    if !bytes.get(..MARK_WITHIN).unwrap_or(bytes).windows(5).any(|window| window == b"%PDF-") {
        return Err(Fault::Pdf { reason: "it is no PDF inside".to_owned() });
    }
    let document = guarded(|| load(bytes)).unwrap_or_else(|| Err(Fault::Pdf { reason: "it is damaged".to_owned() }))?;
    let numbers: Vec<u32> = guarded(|| document.get_pages().into_keys().collect()).unwrap_or_default();
    if numbers.is_empty() {
        return Err(Fault::Pdf { reason: "it has no pages".to_owned() });
    }
    if numbers.len() > MAX_PAGES {
        return Err(Fault::PdfPages { pages: numbers.len() });
    }
    let (mut pages, mut total) = (Vec::with_capacity(numbers.len()), 0_usize);
    for number in numbers {
        let text = page(&document, number);
        total = total.saturating_add(text.len());
        if total > MAX_UNPACKED_BYTES {
            return Err(Fault::Unpacked);
        }
        pages.push(text);
    }
    if pages.iter().all(|page| page.is_empty()) {
        return Err(Fault::Scanned { pages: pages.len() });
    }
    Ok(pages)
}

fn load(bytes: &[u8]) -> Result<Document, Fault> {
    // One that is only protected against printing opens without a password.
    let document = Document::load_mem(bytes).map_err(|error| match error {
        lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_) => Fault::PdfPassword,
        error => Fault::Pdf { reason: error.to_string() },
    })?;
    if document.trailer.get(b"Encrypt").is_ok() { Err(Fault::PdfPassword) } else { Ok(document) }
}

/// The text of a page, by the reader that finds any.
fn page(document: &Document, number: u32) -> String {
    let laid_out = guarded(|| {
        let mut text = String::new();
        let mut output = pdf_extract::PlainTextOutput::new(&mut text);
        pdf_extract::output_doc_page(document, &mut output, number).map(|()| text)
    });
    match laid_out {
        Some(Ok(text)) if is_readable(&text) => text,
        _ => {
            let plain = guarded(|| document.extract_text(&[number])).and_then(Result::ok).unwrap_or_default();
            if is_readable(&plain) { plain } else { String::new() }
        }
    }
}

/// What the call gives, unless it panics.
fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}

/// Whether most of the text are characters that fonts name by what they mean, not by where they are in the font.
fn is_readable(text: &str) -> bool {
    let strange =
        |c: &char| matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fffd}') || (c.is_control() && !c.is_whitespace());
    let (mut letters, mut unknown) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        letters += usize::from(c.is_alphanumeric());
        unknown += usize::from(strange(&c));
    }
    letters > 0 && unknown * 4 < letters
}

/// Reads the pages into `collector`.
pub(super) fn read(pages: &[String], collector: &mut Collector<'_>) {
    let pages: Vec<Vec<String>> = pages.iter().map(|page| lines(page)).collect();
    let repeated = edges(&pages);
    let mut text: Vec<(Spot, String)> = Vec::new();
    for (at, lines) in pages.iter().enumerate() {
        let spot = Spot::Page(at as u64 + 1);
        if lines.iter().all(|line| line.is_empty()) {
            collector.skip_spot(spot, Fault::BlankPage);
        }
        text.extend(joined(content(lines, &repeated)).into_iter().map(|line| (spot, line)));
    }
    let blocks = prose::blocks(text.iter().map(|(spot, line)| (*spot, line.as_str())));
    outline::read(blocks, Asking::Paragraphs, collector);
}

/// The lines of a page. An empty one is kept where it says something: not where the layout has one behind every line.
fn lines(page: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in page.lines() {
        let line = line.trim().chars().flat_map(usual).collect::<String>();
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    let filled = lines.iter().filter(|line| !line.is_empty()).count();
    if lines.len() >= filled * 2 - filled.min(1) {
        lines.retain(|line| !line.is_empty());
    }
    lines
}

/// Fonts often name characters by their radicals (⼯) and compatible forms; the usual character is meant. Full-width
/// signs stay: they are what the shop wrote.
fn usual(c: char) -> impl Iterator<Item = char> {
    let c = RADICALS.iter().find(|(radical, _)| *radical == c).map_or(c, |(_, usual)| *usual);
    let compatible = matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{f900}'..='\u{faff}' | '\u{fb00}'..='\u{fb06}');
    let usual: Vec<char> = if compatible { std::iter::once(c).nfkc().collect() } else { vec![c] };
    usual.into_iter()
}

/// Radicals that are characters of their own, but that NFKC leaves as they are (Unicode's
/// EquivalentUnifiedIdeograph.txt).
const RADICALS: &[(char, char)] = &[
    ('\u{2ea0}', '民'),
    ('\u{2ec1}', '虎'),
    ('\u{2ec4}', '西'),
    ('\u{2ec5}', '见'),
    ('\u{2ec6}', '角'),
    ('\u{2ec9}', '贝'),
    ('\u{2ecb}', '车'),
    ('\u{2ed1}', '長'),
    ('\u{2ed3}', '长'),
    ('\u{2ed4}', '门'),
    ('\u{2ed7}', '雨'),
    ('\u{2ed8}', '青'),
    ('\u{2ed9}', '韦'),
    ('\u{2eda}', '页'),
    ('\u{2edb}', '风'),
    ('\u{2edc}', '飞'),
    ('\u{2edd}', '食'),
    ('\u{2ee2}', '马'),
    ('\u{2ee3}', '骨'),
    ('\u{2ee4}', '鬼'),
    ('\u{2ee5}', '鱼'),
    ('\u{2ee6}', '鸟'),
    ('\u{2ee7}', '卤'),
    ('\u{2ee8}', '麦'),
    ('\u{2ee9}', '黄'),
    ('\u{2eec}', '齐'),
    ('\u{2eee}', '齿'),
    ('\u{2ef0}', '龙'),
];

/// A page without its number, and without what stands first or last on several pages.
fn content<'a>(page: &'a [String], repeated: &HashMap<&str, usize>) -> &'a [String] {
    let is_furniture = |line: &String| {
        line.is_empty() || is_page_number(line) || repeated.get(line.as_str()).is_some_and(|times| *times >= REPEATED)
    };
    let first = usize::from(page.first().is_some_and(is_furniture));
    let page = page.get(first..).unwrap_or_default();
    let kept = page.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    let page = page.get(..kept).unwrap_or_default();
    match page.split_last() {
        Some((last, rest)) if is_furniture(last) => rest,
        _ => page,
    }
}

/// How many pages each line stands on first or last.
fn edges(pages: &[Vec<String>]) -> HashMap<&str, usize> {
    let mut times = HashMap::new();
    for page in pages {
        let filled = || page.iter().filter(|line| !line.is_empty());
        let (first, last) = (filled().next(), filled().next_back());
        for line in first.into_iter().chain(last.filter(|last| Some(*last) != first)) {
            *times.entry(line.as_str()).or_default() += 1;
        }
    }
    times
}

/// `3`, `- 3 -`, `第 3 页`, `第3页 共12页`, `3/12`.
fn is_page_number(line: &str) -> bool {
    let mut digits = 0;
    let only = line.chars().all(|c| {
        digits += usize::from(c.is_ascii_digit());
        c.is_ascii_digit() || c.is_whitespace() || matches!(c, '-' | '—' | '–' | '第' | '页' | '共' | '/' | '|')
    });
    only && (1..=8).contains(&digits)
}

/// Lines that a full line goes on in are put together.
fn joined(lines: &[String]) -> Vec<String> {
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    let mut joined: Vec<String> = Vec::new();
    // Whether the line before was full and unfinished.
    let mut open = false;
    for line in lines {
        let begins = line.is_empty() || faq::mark(line).is_some() || faq::numbered_heading(line).is_some();
        match joined.last_mut().filter(|_| open && !begins) {
            Some(last) => {
                if last.ends_with(|c: char| c.is_ascii_graphic()) && line.starts_with(|c: char| c.is_ascii_graphic()) {
                    last.push(' ');
                }
                last.push_str(line);
            }
            None => joined.push(line.clone()),
        }
        let ended = line.ends_with(['。', '！', '？', '；', '：', '.', '!', '?', ';', ':']);
        open = !ended && line.chars().count() * 100 >= longest * FULL_LINE && longest > 0 && !line.is_empty();
    }
    joined
}
