//! Packages written part by part: what office programs write and our files of data do not show.

use std::io::{Cursor, Write};

use knowledge::import::{Imported, read};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{defaults, item, said, told};

/// A package of these parts.
pub(crate) fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, text) in parts {
        writer.start_file(*name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A workbook of one sheet, with these shared strings.
pub(crate) fn workbook(strings: &str, sheet: &str) -> Vec<u8> {
    package(&[
        ("_rels/.rels", &relations("officeDocument", "xl/workbook.xml")),
        ("xl/workbook.xml", r#"<workbook><sheets><sheet name="话术" sheetId="1" r:id="r1"/></sheets></workbook>"#),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships><Relationship Id="r1" Type="http://x/worksheet" Target="worksheets/a.xml"/>
            <Relationship Id="r2" Type="http://x/sharedStrings" Target="/xl/strings.xml"/></Relationships>"#,
        ),
        ("xl/strings.xml", strings),
        ("xl/worksheets/a.xml", sheet),
    ])
}

/// A document with this body.
pub(crate) fn document(body: &str) -> Vec<u8> {
    package(&[
        ("_rels/.rels", &relations("officeDocument", "word/document.xml")),
        ("word/document.xml", &format!("<w:document><w:body>{body}</w:body></w:document>")),
        (
            "word/_rels/document.xml.rels",
            r#"<Relationships><Relationship Id="s" Type="http://x/styles" Target="styles.xml"/>
            <Relationship Id="l" Type="http://x/hyperlink" Target="https://shop.example/r" TargetMode="External"/>
            </Relationships>"#,
        ),
        (
            "word/styles.xml",
            r#"<w:styles><w:style w:styleId="1"><w:name w:val="heading 1"/></w:style>
            <w:style w:styleId="a9"><w:name w:val="店内标题"/><w:basedOn w:val="1"/></w:style>
            <w:style w:styleId="11"><w:name w:val="toc 1"/><w:basedOn w:val="1"/></w:style></w:styles>"#,
        ),
    ])
}

fn relations(kind: &str, target: &str) -> String {
    format!(r#"<Relationships><Relationship Id="r" Type="http://x/{kind}" Target="{target}"/></Relationships>"#)
}

fn xlsx(strings: &str, sheet: &str) -> Imported {
    read("a.xlsx", &workbook(strings, sheet), &defaults())
}

fn docx(body: &str) -> Imported {
    read("a.docx", &document(body), &defaults())
}

#[test]
fn cells_are_read_however_they_are_written() {
    let strings = "<sst><si><t>问题</t></si><si><r><t>答</t></r><r><t>案</t></r><rPh><t>daan</t></rPh></si></sst>";
    let sheet = r#"<x:worksheet><x:dimension ref="A1:XFD1048576"/><x:sheetData>
        <x:row><x:c t="s"><x:v>0</x:v></x:c><x:c t="s"><x:v>1</x:v></x:c></x:row>
        <x:row r="3"><x:c r="B3" t="str"><x:f>A1</x:f><x:v>满99元 &amp; 包邮&#x3002;</x:v></x:c>
            <x:c r="A3" t="inlineStr"><x:is><x:t>包邮吗</x:t></x:is></x:c></x:row>
        <x:row r="1048576"><x:c r="A1048576" t="inlineStr"><x:is><x:t>怎么洗</x:t></x:is></x:c>
            <x:c r="B1048576" t="e"><x:v>#REF!</x:v></x:c></x:row></x:sheetData></x:worksheet>"#;
    let found = xlsx(strings, sheet);
    assert_eq!(said(&found), [("包邮吗", "满99元 & 包邮。")]);
    assert_eq!(told(&found.problems), ["a.xlsx sheet 话术 cell B1048576: no_answer"]);
}

#[test]
fn a_header_of_two_rows_is_read_as_one() {
    let cell = |at: &str, text: &str| format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#);
    let sheet = format!(
        r#"<worksheet><sheetData><row r="1">{}{}{}</row><row r="2">{}{}</row><row r="3">{}{}{}{}</row></sheetData>
        <mergeCells><mergeCell ref="A1:A2"/><mergeCell ref="B1:B2"/><mergeCell ref="C1:D1"/></mergeCells></worksheet>"#,
        cell("A1", "问题"),
        cell("B1", "答案"),
        cell("C1", "适用范围"),
        cell("C2", "店铺"),
        cell("D2", "地区"),
        cell("A3", "包邮吗"),
        cell("B3", "满99"),
        cell("C3", "outlet"),
        cell("D3", "新疆"),
    );
    let found = xlsx("", &sheet);
    assert_eq!((told(&found.problems), told(&found.skipped)), (vec![], vec![]));
    assert_eq!(item(&found, "包邮吗").scope, "store=outlet,region=新疆".parse().unwrap());
}

#[test]
fn headings_go_by_the_names_of_their_styles() {
    let found = docx(
        r#"<w:p><w:pPr><w:pStyle w:val="11"/></w:pPr><w:r><w:t>怎么退 1</w:t></w:r></w:p>
        <w:p><w:pPr><w:pStyle w:val="a9"/></w:pPr><w:r><w:t>怎么退</w:t></w:r></w:p>
        <w:p><w:r><w:t xml:space="preserve">点售后，</w:t></w:r><w:del><w:r><w:delText>或电话</w:delText></w:r></w:del>
        <w:ins><w:r><w:t>选原因</w:t></w:r></w:ins><w:r><w:br/><w:t>看</w:t></w:r>
        <w:hyperlink r:id="l"><w:r><w:t>说明</w:t></w:r></w:hyperlink></w:p>
        <w:p><w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:r><w:t>运费谁出</w:t></w:r></w:p>
        <w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>质量问题我们出</w:t></w:r></w:p>
        </w:txbxContent></mc:Choice><mc:Fallback><w:p><w:r><w:t>质量问题我们出</w:t></w:r></w:p></mc:Fallback>
        </mc:AlternateContent></w:r></w:p>"#,
    );
    assert_eq!(
        said(&found),
        [("怎么退", "点售后，选原因\n看说明 (https://shop.example/r)"), ("怎么退 > 运费谁出", "质量问题我们出")]
    );
}

#[test]
fn a_document_without_headings_may_ask_in_paragraphs() {
    let found = docx(
        "<w:p><w:r><w:t>客服常见问题</w:t></w:r></w:p><w:p><w:r><w:t>1、怎么退货？</w:t></w:r></w:p>
        <w:p><w:r><w:t>点售后。</w:t></w:r></w:p><w:p><w:r><w:t>2、几天到账？</w:t></w:r></w:p><w:p><w:r><w:t>3 天。</w:t></w:r></w:p>",
    );
    assert_eq!(said(&found), [("怎么退货？", "点售后。"), ("几天到账？", "3 天。")]);
    let found = docx("<w:p><w:r><w:t>本店 11 月放假安排如下。</w:t></w:r></w:p>");
    assert_eq!(told(&found.problems), ["a.docx: no_structure"]);
}
