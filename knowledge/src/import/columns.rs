//! What the columns of a table are called, and which of them make an entry.

use super::Fault;
use super::draft::{Draft, Field};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Question,
    Answer,
    Title,
    Field(Field),
    /// Running numbers: they change with every inserted row and name nothing.
    Number,
    Unknown,
}

impl Column {
    /// The column of a header, without regard to case, to a running number (`答案2`) and to remarks (`问题（必填）`).
    pub(super) fn named(name: &str) -> Column {
        let name = bare(name);
        match name.as_str() {
            "question" | "questions" | "q" | "问" | "问题" | "問題" | "问法" | "提问" | "标准问" | "标准问题"
            | "常见问题" | "客户问题" | "顾客问题" | "买家问题" | "用户问题" | "相似问" | "相似问法" | "相似问题" => {
                Column::Question
            }
            "answer" | "answers" | "a" | "答" | "答案" | "回答" | "答复" | "回复" | "回复内容" | "回覆"
            | "标准答案" | "标准回复" | "客服回复" | "话术" | "回复话术" | "标准话术" => {
                Column::Answer
            }
            "title" | "标题" | "標題" | "主题" | "商品" | "商品名称" => Column::Title,
            "序号" | "no" | "no." | "#" => Column::Number,
            other => Field::named(other).map_or(Column::Unknown, Column::Field),
        }
    }

    /// The column that has to be mended for `fault`, if one cell is to blame.
    fn blamed(fault: &Fault) -> Option<Column> {
        Some(match fault {
            Fault::NoQuestion
            | Fault::QuestionTooLong { .. }
            | Fault::TooManyQuestions { .. }
            | Fault::DuplicateQuestion { .. } => Column::Question,
            Fault::NoAnswer | Fault::AnswerTooLong { .. } => Column::Answer,
            Fault::NoOwner | Fault::UnknownOwner { .. } => Column::Field(Field::Owner),
            Fault::Kind(_) => Column::Field(Field::Kind),
            Fault::Caution { .. } => Column::Field(Field::Cautions),
            Fault::Severity { .. } => Column::Field(Field::Severity),
            Fault::Date { field, .. } => Column::Field(Field::named(field)?),
            Fault::DateOrder | Fault::CampaignEnd => Column::Field(Field::ValidUntil),
            Fault::DuplicateId { .. } => Column::Field(Field::Id),
            _ => return None,
        })
    }
}

/// A header's own name: lower case, without what stands in brackets, marks of duty and a number at its end.
fn bare(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let name = name.split(['(', '（', '[', '【', '\n']).next().unwrap_or_default();
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '*' | ':' | '：'))
        .trim_start_matches(['*', ' '])
        .to_owned()
}

/// The columns of one table, in its order.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns(Vec<(Column, String)>);

impl Columns {
    /// The columns a header row names, or `None` if no entry could be made of them.
    pub(super) fn of<'a>(header: impl Iterator<Item = &'a str>) -> Option<Columns> {
        let columns = Columns(header.map(|name| (Column::named(name), name.trim().to_owned())).collect());
        let has = |wanted| columns.0.iter().any(|(column, _)| *column == wanted);
        let asks = has(Column::Question) || has(Column::Title);
        (has(Column::Answer) && asks || has(Column::Field(Field::Words))).then_some(columns)
    }

    /// Takes the names of a second header row for columns that the first left open.
    pub(super) fn refine<'a>(&mut self, header: impl Iterator<Item = &'a str>) {
        for (at, name) in header.enumerate() {
            match self.0.get_mut(at) {
                Some((column, known)) if *column == Column::Unknown && !name.trim().is_empty() => {
                    (*column, *known) = (Column::named(name), name.trim().to_owned());
                }
                _ => {}
            }
        }
    }

    /// Whether a row says nothing but these names.
    pub(super) fn are<'a>(&self, row: impl Iterator<Item = &'a str>) -> bool {
        let mut filled = row.enumerate().filter(|(_, text)| !text.trim().is_empty());
        filled.all(|(at, text)| self.0.get(at).is_some_and(|(_, name)| name == text.trim()))
    }

    /// Whether there is a table at all.
    pub(super) fn is_table(&self) -> bool {
        !self.0.is_empty()
    }

    /// The names nobody knows.
    pub(super) fn unknown(&self) -> impl Iterator<Item = (usize, &str)> {
        let named =
            self.0.iter().enumerate().filter(|(_, (column, name))| *column == Column::Unknown && !name.is_empty());
        named.map(|(at, (_, name))| (at, name.as_str()))
    }

    /// What the column at `at` holds.
    fn get(&self, at: usize) -> Column {
        self.0.get(at).map_or(Column::Unknown, |(column, _)| *column)
    }

    /// Whether the column at `at` holds questions or answers.
    pub(super) fn says(&self, at: usize) -> bool {
        matches!(self.get(at), Column::Question | Column::Answer)
    }

    /// Where the cell to blame for `fault` is, and its header.
    pub(super) fn blamed(&self, fault: &Fault) -> Option<(usize, &str)> {
        let wanted = Column::blamed(fault)?;
        let at = self.0.iter().position(|(column, _)| *column == wanted)?;
        self.0.get(at).map(|(_, name)| (at, name.as_str()))
    }

    /// Puts one cell where it belongs.
    pub(super) fn fill(&self, draft: &mut Draft, at: usize, text: &str) {
        match self.get(at) {
            Column::Question => draft.ask(text),
            Column::Answer => draft.answer(text),
            Column::Title => draft.name(text),
            Column::Field(field) => draft.set(field, text),
            Column::Number | Column::Unknown => {}
        }
    }
}

/// A column's letters in a spreadsheet, from 0: `A`, `Z`, `AA`.
pub(super) fn letters(mut at: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(b'A' + u8::try_from(at % 26).unwrap_or_default());
        if at < 26 {
            break;
        }
        at = at / 26 - 1;
    }
    letters.reverse();
    String::from_utf8(letters).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_shops_write_them() {
        for name in ["Question", " 问题 ", "问题*", "问题（必填）", "常见问题：", "相似问法3", "questions"]
        {
            assert_eq!(Column::named(name), Column::Question, "{name}");
        }
        assert_eq!(Column::named("答案2"), Column::Answer);
        assert_eq!(Column::named("失效日期(含)"), Column::Field(Field::ValidUntil));
        assert_eq!(Column::named("序号"), Column::Number);
        assert_eq!(Column::named("备注"), Column::Unknown);
    }

    #[test]
    fn letters_count_like_a_spreadsheet() {
        assert_eq!([0, 25, 26, 27, 701, 702, 16_383].map(letters), ["A", "Z", "AA", "AB", "ZZ", "AAA", "XFD"]);
    }
}
