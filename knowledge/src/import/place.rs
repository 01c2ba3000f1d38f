//! Where something stands in a file, for the people who have to mend it.

use std::fmt;

use serde::Serialize;

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
