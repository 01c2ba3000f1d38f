//! Files of knowledge, in every format that is imported. What was read can be answered with; what was not says why.

use std::io::{Cursor, Write};

use knowledge::Scope;
use knowledge::import::{self, Defaults, Imported};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The file of this name: read or refused, and no promise broken.
fn check(name: &str, bytes: &[u8]) {
    promised(name, &import::read(name, bytes, &defaults()));
}

fn defaults() -> Defaults {
    let timezone = chrono_tz::Asia::Shanghai;
    Defaults { owner: Some("sunmei".into()), kind: None, scope: Scope::default(), timezone }
}

fn promised(name: &str, found: &Imported) {
    assert!(!found.items.is_empty() || !found.problems.is_empty(), "nothing was said");
    for item in &found.items {
        assert!(!item.answer.is_empty() && item.answer.len() <= import::MAX_ANSWER_BYTES);
        assert!(!item.questions.is_empty() && item.questions.len() <= import::MAX_QUESTIONS);
        assert!(!item.key.is_empty() && item.source.starts_with(name));
    }
    for problem in found.problems.iter().chain(&found.skipped) {
        assert!(problem.place.file == name && !problem.what.is_empty());
    }
}

/// Text formats; the first byte chooses which.
pub(crate) fn text(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    check(["a.csv", "a.md", "a.txt"][usize::from(kind % 3)], bytes);
}

/// A web page.
pub(crate) fn html(data: &[u8]) {
    check("a.html", data);
}

/// A package as it comes; the first byte chooses which it should be.
pub(crate) fn package(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    check(["a.xlsx", "a.docx"][usize::from(kind % 2)], bytes);
}

/// The parts of a workbook, with a zero byte between them: a sheet, the texts, the styles.
pub(crate) fn xlsx(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == 0);
    let [sheet, strings, styles] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let workbook = br#"<workbook><sheets><sheet name="a" r:id="1"/></sheets></workbook>"#;
    let relations = br#"<R><Relationship Id="1" Type="t/worksheet" Target="s.xml"/><Relationship Id="2"
        Type="t/sharedStrings" Target="t.xml"/><Relationship Id="3" Type="t/styles" Target="f.xml"/></R>"#;
    let parts: &[(&str, &[u8])] = &[
        ("xl/workbook.xml", workbook),
        ("xl/_rels/workbook.xml.rels", relations),
        ("xl/s.xml", sheet),
        ("xl/t.xml", strings),
        ("xl/f.xml", styles),
    ];
    check("a.xlsx", &packed(parts));
}

/// The parts of a document, with a zero byte between them: the text, the styles, the numbering.
pub(crate) fn docx(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == 0);
    let [text, styles, numbering] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let relations = br#"<R><Relationship Id="1" Type="t/styles" Target="s.xml"/><Relationship Id="2"
        Type="t/numbering" Target="n.xml"/><Relationship Id="3" Type="t/hyperlink" Target="https://a.example"
        TargetMode="External"/></R>"#;
    let parts: &[(&str, &[u8])] = &[
        ("word/document.xml", text),
        ("word/_rels/document.xml.rels", relations),
        ("word/s.xml", styles),
        ("word/n.xml", numbering),
    ];
    check("a.docx", &packed(parts));
}

/// The pages of a PDF, as the process that reads it gives them, with a form feed between them. What happens in that
/// process is not for us to promise: stories show that it ends, and that nothing comes of it but an answer.
pub(crate) fn pages(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let pages: Vec<String> = text.split('\u{c}').map(str::to_owned).collect();
    promised("a.pdf", &import::read_pages("a.pdf", &pages, &defaults()));
}

fn packed(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in parts {
        writer.start_file(*name, options).expect("a part");
        writer.write_all(bytes).expect("a part's bytes");
    }
    writer.finish().expect("a package").into_inner()
}
