//! Files made to harm: a clear refusal that names the limit, in little memory and time.

use std::time::{Duration, Instant};

use knowledge::import::{Fault, Imported, pdf_pages, read};

use super::office::{document, package, workbook};
use super::{defaults, said, told};

/// Longest a hostile file may take here: a build for tests, on a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

fn quickly(name: &str, bytes: &[u8]) -> Imported {
    let began = Instant::now();
    let found = read(name, bytes, &defaults());
    assert!(began.elapsed() < LONGEST, "{name} took {:?}", began.elapsed());
    found
}

fn row(cells: &str) -> String {
    format!("<row>{cells}</row>")
}

fn inline(text: &str) -> String {
    format!(r#"<c t="inlineStr"><is><t>{text}</t></is></c>"#)
}

#[test]
fn a_part_that_unpacks_without_end_is_refused() {
    let blanks = " ".repeat(70 * 1024 * 1024);
    let bomb = workbook("", &format!("<worksheet><sheetData>{blanks}</sheetData></worksheet>"));
    assert!(bomb.len() < 1024 * 1024, "{}", bomb.len());
    let found = quickly("bomb.xlsx", &bomb);
    assert_eq!(told(&found.problems), ["bomb.xlsx sheet 话术: unpacked"]);
    assert!(found.problems[0].what.contains("67108864"), "{}", found.problems[0].what);
    assert_eq!(told(&quickly("bomb.docx", &document(&blanks)).problems), ["bomb.docx: unpacked"]);
}

#[test]
fn declared_sizes_cost_nothing() {
    let cells = [("A1", "问题"), ("B1", "答案"), ("A1048576", "包邮吗"), ("B1048576", "满99")];
    let cells = cells.map(|(at, text)| {
        format!(r#"<row r="{}"><c r="{at}" t="inlineStr"><is><t>{text}</t></is></c></row>"#, &at[1..])
    });
    let sheet = format!(
        r#"<worksheet><dimension ref="A1:XFD1000000000"/><sheetData>{}<row r="1000000000"/></sheetData>
        <mergeCells><mergeCell ref="A2:XFD1048576"/><mergeCell ref="A1:ZZZZZZZZZZ99999999999"/></mergeCells></worksheet>"#,
        cells.concat()
    );
    assert_eq!(said(&quickly("wide.xlsx", &workbook("", &sheet))), [("包邮吗", "满99")]);
}

#[test]
fn cells_beyond_the_limits_are_named() {
    let far = r#"<worksheet><sheetData><row r="1"><c r="XFD1" t="n"><v>1</v></c></row></sheetData></worksheet>"#;
    let found = quickly("far.xlsx", &workbook("", far));
    assert_eq!(told(&found.problems), ["far.xlsx sheet 话术: too_many_columns"]);
    assert!(found.problems[0].what.contains("XFD1"), "{}", found.problems[0].what);
    let many = format!("<worksheet><sheetData>{}</sheetData></worksheet>", row(r#"<c><v>1</v></c>"#).repeat(500_001));
    assert_eq!(told(&quickly("many.xlsx", &workbook("", &many)).problems), ["many.xlsx sheet 话术: too_many_cells"]);
}

#[test]
fn one_long_text_used_everywhere_is_not_multiplied() {
    let strings = format!("<sst><si><t>{}</t></si></sst>", "很长".repeat(50_000));
    let cells = row(&r#"<c t="s"><v>0</v></c>"#.repeat(250)).repeat(200);
    let sheet = format!("<worksheet><sheetData>{cells}</sheetData></worksheet>");
    assert_eq!(
        told(&quickly("echo.xlsx", &workbook(&strings, &sheet)).problems),
        ["echo.xlsx sheet 话术: too_many_cells"]
    );
    let head = row(&(inline("问题") + &inline("答案") + &inline("店铺")));
    let rows = row(&(inline("q") + &inline("a"))).repeat(2_000);
    let sheet = format!(
        r#"<worksheet><sheetData>{head}{}{rows}</sheetData><mergeCells><mergeCell ref="C2:IV1048576"/></mergeCells></worksheet>"#,
        row(&(inline("q") + &inline("a") + &inline(&"很长".repeat(50_000)))),
    );
    assert_eq!(
        told(&quickly("merged.xlsx", &workbook("", &sheet)).problems).last().unwrap(),
        "merged.xlsx sheet 话术: too_many_cells"
    );
}

#[test]
fn entities_are_not_expanded() {
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "很长很长"><!ENTITY b "&a;&a;&a;&a;">]><w:document><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:document>"#;
    let found = quickly("entities.docx", &package(&[("word/document.xml", bomb)]));
    assert_eq!(told(&found.problems), ["entities.docx: doctype"]);
    let found = quickly("unknown.docx", &document("<w:p><w:r><w:t>&b;</w:t></w:r></w:p>"));
    assert_eq!(told(&found.problems), ["unknown.docx: damaged"]);
}

#[test]
fn nesting_has_no_depth_that_breaks_a_reader() {
    let deep =
        |open: &str, close: &str, inside: &str| format!("{}{inside}{}", open.repeat(200_000), close.repeat(200_000));
    let paragraph = "<w:p><w:r><w:t>怎么退？</w:t></w:r></w:p><w:p><w:r><w:t>点售后。</w:t></w:r></w:p>";
    quickly("deep.docx", &document(&deep("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", paragraph)));
    quickly("deep2.docx", &document(&deep("<w:p><w:r>", "</w:r></w:p>", "<w:t>怎么退？</w:t>")));
    let found = quickly("deep.html", deep("<div><span>", "</span></div>", "<h1>怎么退</h1><p>点售后").as_bytes());
    assert_eq!(said(&found), [("怎么退", "点售后")]);
    quickly("open.html", "<table><tr><td><ul><li><a href=x><pre><nav>".repeat(100_000).as_bytes());
    quickly("rows.md", format!("# a\n\n| 问题 | 答案 |\n|---|---|\n{}", "| a | b |\n".repeat(400_000)).as_bytes());
    quickly("deep.md", format!("# a\n\n{}x\n", "> - ".repeat(50_000)).as_bytes());
    quickly("deep2.md", format!("# a\n\n{}\n", "*[".repeat(50_000)).as_bytes());
}

#[test]
fn spans_do_not_multiply_cells() {
    let cell = r#"<td colspan="1000000000" rowspan="1000000000">问题</td>"#;
    let found = quickly(
        "span.html",
        format!("<h1>表</h1><table>{}</table>", format!("<tr>{cell}</tr>").repeat(20_000)).as_bytes(),
    );
    assert!(found.items.iter().all(|item| item.answer.len() < 100_000));
    let cell =
        r#"<w:tc><w:tcPr><w:gridSpan w:val="99999999"/><w:vMerge/></w:tcPr><w:p><w:r><w:t>长</w:t></w:r></w:p></w:tc>"#;
    quickly("span.docx", &document(&format!("<w:tbl>{}</w:tbl>", format!("<w:tr>{cell}</w:tr>").repeat(20_000))));
}

#[test]
fn truncated_and_mislabelled_packages_say_so() {
    let good = workbook("", "<worksheet/>");
    let cut = &good[..good.len() / 2];
    assert_eq!(told(&quickly("cut.xlsx", cut).problems), ["cut.xlsx: damaged"]);
    assert_eq!(told(&quickly("a.docx", &good).problems), ["a.docx: nothing"]);
    assert_eq!(told(&quickly("a.xlsx", &package(&[("a.txt", "x")])).problems), ["a.xlsx: not_package"]);
}

/// A PDF whose font names no embedded file and an encoding that only some readers know, as invoices have.
fn pdf_with(font: &str, content: &str, trailer: &str) -> Vec<u8> {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>".to_owned(),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
        font.to_owned(),
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>/DW 1000>>".to_owned(),
    ];
    let (mut bytes, mut places) = (b"%PDF-1.4\n".to_vec(), Vec::new());
    for (at, object) in objects.iter().enumerate() {
        places.push(bytes.len());
        bytes.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", at + 1).as_bytes());
    }
    let table = bytes.len();
    let entries: String = places.iter().map(|place| format!("{place:010} 00000 n \n")).collect();
    let end = format!(
        "xref\n0 7\n0000000000 65535 f \n{entries}trailer\n<</Size 7/Root 1 0 R{trailer}>>\nstartxref\n{table}\n%%EOF\n"
    );
    bytes.extend_from_slice(end.as_bytes());
    bytes
}

#[test]
fn a_font_that_breaks_one_reader_is_read_by_the_other() {
    let words: String = "问：怎么退？".encode_utf16().map(|unit| format!("{unit:04X}")).collect();
    let font = "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[6 0 R]>>";
    let pdf = pdf_with(font, &format!("BT /F1 12 Tf 20 200 Td <{words}> Tj ET"), "");
    let pages = pdf_pages(&pdf).unwrap();
    assert_eq!(pages.len(), 1);
    assert!(pages[0].contains("问：怎么退？"), "{pages:?}");
}

#[test]
fn what_is_no_pdf_or_has_a_password_is_refused() {
    assert!(matches!(pdf_pages(b"<html>"), Err(Fault::Pdf { .. })));
    assert!(matches!(pdf_pages(b"%PDF-1.7 and nothing else"), Err(Fault::Pdf { .. })));
    let zeros = "00".repeat(32);
    let locked = format!("/Encrypt<</Filter/Standard/V 1/R 2/O<{zeros}>/U<{zeros}>/P -4>>/ID[<00><00>]");
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>";
    assert_eq!(pdf_pages(&pdf_with(font, "BT /F1 12 Tf (secret) Tj ET", &locked)), Err(Fault::PdfPassword));
}
