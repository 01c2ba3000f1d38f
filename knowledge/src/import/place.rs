//! Where something stands in a file, for the people who have to mend it.

use std::fmt;

use serde::Serialize;

use super::Format;

/// A place in a file, as exact as its format allows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file as it was named to [`super::read`].
    pub file: String,
    /// The sheet of a workbook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The headings above it in a document, outermost first, joined by ` > `.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    /// How far down; none for the file as a whole.
    #[serde(flatten)]
    pub spot: Option<Spot>,
    /// The column of a table by its header, where one cell is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The same cell as a spreadsheet calls it, e.g. `C12`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
}

/// How far down in a file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Spot {
    /// A line of a text file.
    Line(u64),
    /// A row of a sheet.
    Row(u64),
    /// A paragraph of a document; each row of a table counts as one.
    Paragraph(u64),
    /// A page.
    Page(u64),
}

/// The file that a written [`Place`] names: what stands before everything else, up to its format's ending.
pub(crate) fn file_of(written: &str) -> &str {
    let mut names = written.match_indices(' ').filter_map(|(end, _)| written.get(..end));
    names.find(|name| Format::of(name).is_ok()).unwrap_or(written)
}

impl fmt::Display for Place {
    /// `退换.xlsx sheet 运费 cell C12`, `faq.csv line 5 column 失效日期`, `help.docx paragraph 9`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(sheet) = &self.sheet {
            write!(f, " sheet {sheet}")?;
        }
        match (&self.cell, self.spot) {
            (Some(cell), _) => return write!(f, " cell {cell}"),
            (None, Some(Spot::Line(line))) => write!(f, " line {line}")?,
            (None, Some(Spot::Row(row))) => write!(f, " row {row}")?,
            (None, Some(Spot::Paragraph(paragraph))) => write!(f, " paragraph {paragraph}")?,
            (None, Some(Spot::Page(page))) => write!(f, " page {page}")?,
            (None, None) => {}
        }
        match &self.column {
            Some(column) => write!(f, " column {column}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_back_from_what_was_written() {
        let place = |file: &str, sheet: Option<&str>, spot| Place {
            file: file.to_owned(),
            sheet: sheet.map(str::to_owned),
            spot,
            ..Place::default()
        };
        for (file, sheet) in [("售后/退换 2026 line 3.xlsx", Some("运费 说明")), ("faq.csv", None), ("a b.md", None)]
        {
            for spot in [None, Some(Spot::Line(7)), Some(Spot::Row(2)), Some(Spot::Page(1))] {
                assert_eq!(file_of(&place(file, sheet, spot).to_string()), file);
            }
        }
        assert_eq!((file_of("#12"), file_of("")), ("#12", ""));
    }
}
