//! Whatever is done to a real file, it is read or refused, and never breaks a reader.

use knowledge::import::{MAX_ANSWER_BYTES, MAX_QUESTIONS, read, read_pages};
use proptest::prelude::*;

use super::office::package;
use super::{data, defaults};

/// A change of bytes: where, how many go, and what comes.
type Change = (prop::sample::Index, usize, Vec<u8>);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..8),
        prop::sample::select(vec![
            "<",
            ">",
            "</w:p>",
            "<w:tbl>",
            "<row>",
            "&x;",
            "<!DOCTYPE x>",
            "\0",
            "|",
            "问：",
            "\"",
            "-1",
            "99999999999"
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), 0..32_usize, bytes), 1..6)
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for (at, gone, come) in changes {
        let at = at.index(bytes.len() + 1);
        bytes.splice(at..(at + gone).min(bytes.len()), come.iter().copied());
    }
    bytes
}

/// The promises of everything that was read.
fn check(name: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    let found = read(name, bytes, &defaults());
    prop_assert!(!found.items.is_empty() || !found.problems.is_empty());
    for item in &found.items {
        prop_assert!(!item.answer.is_empty() && item.answer.len() <= MAX_ANSWER_BYTES);
        prop_assert!(!item.questions.is_empty() && item.questions.len() <= MAX_QUESTIONS);
        prop_assert!(!item.title.is_empty() && !item.key.is_empty() && item.source.starts_with(name));
    }
    for problem in found.problems.iter().chain(&found.skipped) {
        prop_assert!(problem.place.file == name && !problem.what.is_empty());
    }
    Ok(())
}

/// The parts of a package as text, to be changed inside: changed from outside, most packages only fail their checksum.
fn parts(name: &str) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(data(name))).unwrap();
    let mut parts = Vec::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let mut text = String::new();
        if std::io::Read::read_to_string(&mut file, &mut text).is_ok() {
            parts.push((file.name().unwrap().into_owned(), text));
        }
    }
    parts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changed_files(
        name in prop::sample::select(vec!["客服话术.xlsx", "售后手册.docx", "双十二活动.csv", "帮助中心.html", "常见问题.txt"]),
        changes in changes(),
    ) {
        check(name, &changed(data(name), &changes))?;
    }

    #[test]
    fn changed_parts(
        name in prop::sample::select(vec!["客服话术.xlsx", "售后手册.docx"]),
        part in any::<prop::sample::Index>(),
        changes in changes(),
    ) {
        let mut parts = parts(name);
        let at = part.index(parts.len());
        let text = std::mem::take(&mut parts[at].1);
        parts[at].1 = String::from_utf8_lossy(&changed(text.into_bytes(), &changes)).into_owned();
        let parts: Vec<_> = parts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        check(name, &package(&parts))?;
    }

    #[test]
    fn any_pages(pages in prop::collection::vec("([问答]：|一、|Q1|[ \\n\\-0-9？?。]|第|页|[a-z]|\\PC){0,60}", 0..5)) {
        let found = read_pages("a.pdf", &pages, &defaults());
        prop_assert!(!found.items.is_empty() || !found.problems.is_empty());
    }
}
