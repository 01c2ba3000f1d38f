//! One row or section on its way to an item: shared by all formats, so that all are checked alike.

use std::collections::BTreeSet;
use std::rc::Rc;

use chrono_tz::Tz;

use super::columns::Columns;
use super::dates::{self, Edge};
use super::{Defaults, Fault, Item, MAX_ANSWER_BYTES, MAX_QUESTION_BYTES, MAX_QUESTIONS, Place};
use crate::{Caution, Forbids, HitTests, Kind, Scope, Severity, UnknownKind};

/// Separates the parts of a title.
pub(super) const PATH: &str = " > ";

/// A field that a file can set beside question and answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Kind,
    Owner,
    Store,
    Platform,
    Region,
    Language,
    ValidFrom,
    ValidUntil,
    VerifyBy,
    Channel,
    MustFind,
    MustMiss,
    Words,
    Severity,
    Reason,
    Instead,
    Cautions,
}

impl Field {
    /// The field of a column or attribute name, without regard to case.
    pub(super) fn named(name: &str) -> Option<Field> {
        Some(match name.trim().to_lowercase().as_str() {
            "id" | "编号" => Field::Id,
            "kind" | "类型" => Field::Kind,
            "owner" | "负责人" => Field::Owner,
            "store" | "店铺" => Field::Store,
            "platform" | "平台" => Field::Platform,
            "region" | "地区" => Field::Region,
            "language" | "语言" => Field::Language,
            "valid_from" | "生效日期" => Field::ValidFrom,
            "valid_until" | "失效日期" => Field::ValidUntil,
            "verify_by" | "复核日期" => Field::VerifyBy,
            "channel" | "渠道" => Field::Channel,
            "must_find" | "应命中" | "测试问法" => Field::MustFind,
            "must_miss" | "不应命中" | "反例" => Field::MustMiss,
            "words" | "word" | "敏感词" | "禁用词" | "违禁词" | "禁词" => Field::Words,
            "severity" | "级别" | "严重程度" => Field::Severity,
            "reason" | "原因" | "禁用原因" => Field::Reason,
            "caution" | "使用限制" => Field::Cautions,
            "instead" | "建议用语" | "替代说法" | "替换为" => Field::Instead,
            _ => return None,
        })
    }
}

/// A row or section as written.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// The table it is a row of.
    pub(super) columns: Rc<Columns>,
    title: String,
    questions: Vec<String>,
    /// Questions beyond [`MAX_QUESTIONS`] that are not kept.
    surplus: usize,
    answer: String,
    id: Option<String>,
    kind: Option<String>,
    owner: Option<String>,
    scope: Scope,
    valid_from: Option<String>,
    valid_until: Option<String>,
    verify_by: Option<String>,
    must_find: Option<String>,
    must_miss: Option<String>,
    words: Option<String>,
    severity: Option<String>,
    reason: Option<String>,
    instead: Option<String>,
    cautions: Option<String>,
}

impl Draft {
    /// Sets `field`; blank text sets nothing, so that defaults hold.
    pub(super) fn set(&mut self, field: Field, value: &str) {
        let value = clean(value);
        if value.is_empty() {
            return;
        }
        let slot = match field {
            Field::Id => &mut self.id,
            Field::Kind => &mut self.kind,
            Field::Owner => &mut self.owner,
            Field::Store => &mut self.scope.store,
            Field::Platform => &mut self.scope.platform,
            Field::Region => &mut self.scope.region,
            Field::Language => &mut self.scope.language,
            Field::ValidFrom => &mut self.valid_from,
            Field::ValidUntil => &mut self.valid_until,
            Field::VerifyBy => &mut self.verify_by,
            Field::Channel => &mut self.scope.channel,
            Field::MustFind => &mut self.must_find,
            Field::MustMiss => &mut self.must_miss,
            Field::Words => &mut self.words,
            Field::Severity => &mut self.severity,
            Field::Reason => &mut self.reason,
            Field::Instead => &mut self.instead,
            Field::Cautions => &mut self.cautions,
        };
        *slot = Some(value);
    }

    /// Several questions in one text, separated by line breaks or `|`.
    pub(super) fn ask(&mut self, questions: &str) {
        for question in several(questions) {
            // Beyond the limit the draft is refused anyway: they are only counted.
            if self.questions.len() > MAX_QUESTIONS {
                self.surplus += 1;
            } else if !self.questions.contains(&question) {
                self.questions.push(question);
            }
        }
    }

    /// One answer, or one more: each is a paragraph, said once.
    pub(super) fn answer(&mut self, answer: &str) {
        let answer = clean(answer);
        // Beyond the limit the draft is refused anyway: no need to gather more, nor to look for repeats.
        let over = self.answer.len() > MAX_ANSWER_BYTES;
        if answer.is_empty() || over || self.answer.split("\n\n").any(|said| said == answer) {
            return;
        }
        if !self.answer.is_empty() {
            self.answer.push_str("\n\n");
        }
        self.answer.push_str(&answer);
    }

    /// A short name.
    pub(super) fn name(&mut self, title: &str) {
        let title = clean(title);
        if !title.is_empty() {
            self.title = title;
        }
    }

    /// Puts the names of what it stands below in front of its title.
    pub(super) fn below(&mut self, path: &str) {
        let own = if self.title.is_empty() { self.questions.first() } else { Some(&self.title) };
        match own {
            Some(own) if !path.is_empty() => self.title = [path, own].join(PATH),
            _ => {}
        }
    }

    /// The first wording of its question.
    pub(super) fn question(&self) -> Option<&str> {
        self.questions.first().map(String::as_str)
    }

    /// Whether it answers anything yet.
    pub(super) fn is_answered(&self) -> bool {
        !self.answer.is_empty() || self.words.is_some()
    }

    /// What tells it apart in its file: its id, else its question.
    pub(super) fn own_key(&self) -> Option<String> {
        let title = Some(&self.title).filter(|title| !title.is_empty());
        self.id.as_ref().or_else(|| self.questions.first()).or(title).or(self.words.as_ref()).cloned()
    }

    /// What this draft hands down to nested ones: everything but its id and its own words.
    pub(super) fn inherited(&self) -> Draft {
        Draft {
            columns: Rc::default(),
            title: String::new(),
            questions: Vec::new(),
            surplus: 0,
            answer: String::new(),
            id: None,
            must_find: None,
            must_miss: None,
            words: None,
            ..self.clone()
        }
    }
}

impl Draft {
    /// The item at `place`, or why it cannot be one.
    pub(super) fn into_item(mut self, place: &Place, defaults: &Defaults) -> Result<Item, Fault> {
        let kind = self.kind(defaults)?;
        let forbids = (kind == Kind::Forbidden).then(|| self.forbids()).transpose()?.flatten();
        self.speak_for_words(forbids.as_ref());
        let (title, questions, answer) = words(&self)?;
        let owner = self.owner.or_else(|| defaults.owner.clone()).ok_or(Fault::NoOwner)?;
        let timezone = defaults.timezone;
        let valid_from = date("valid_from", self.valid_from, Edge::Start, timezone)?;
        let valid_until = date("valid_until", self.valid_until, Edge::End, timezone)?;
        match (valid_from, valid_until) {
            (Some(from), Some(until)) if until < from => return Err(Fault::DateOrder),
            (_, None) if kind == Kind::Campaign => return Err(Fault::CampaignEnd),
            _ => {}
        }
        Ok(Item {
            key: String::new(),
            place: place.clone(),
            file_id: self.id,
            kind,
            title,
            questions,
            answer,
            owner,
            scope: defaults.scope.clone().with(self.scope),
            valid_from,
            valid_until,
            verify_by: date("verify_by", self.verify_by, Edge::End, timezone)?,
            source: place.to_string(),
            tests: HitTests { find: listed(self.must_find), miss: listed(self.must_miss) },
            forbids,
            cautions: cautions(self.cautions.as_deref().unwrap_or_default())?,
        })
    }

    /// What is said of it; a list of words is a list of what must not be said.
    fn kind(&self, defaults: &Defaults) -> Result<Kind, UnknownKind> {
        match &self.kind {
            Some(word) => kind_named(word),
            None if self.words.is_some() => Ok(Kind::Forbidden),
            None => Ok(defaults.kind.unwrap_or(Kind::General)),
        }
    }

    /// The words a rule forbids: those of its own column, else, in a table, what stands where questions do. Rules in prose
    /// name none: what they quote may be what should be said.
    fn forbids(&self) -> Result<Option<Forbids>, Fault> {
        let words = match &self.words {
            Some(words) => several(words).collect(),
            None if self.columns.is_table() => self.questions.clone(),
            None => Vec::new(),
        };
        if words.is_empty() {
            return Ok(None);
        }
        let severity = self.severity.as_deref().map_or(Ok(Severity::Block), severity_named)?;
        Ok(Some(Forbids { words, severity, instead: self.instead.clone() }))
    }

    /// A row of a word list says enough without a question and an answer.
    fn speak_for_words(&mut self, forbids: Option<&Forbids>) {
        let Some(Forbids { words, instead, .. }) = forbids else { return };
        if self.questions.is_empty() && self.title.is_empty() {
            self.questions.extend(words.first().cloned());
        }
        if self.answer.is_empty() {
            let said = self.reason.clone().or_else(|| instead.clone());
            self.answer = said.unwrap_or_else(|| words.join(LIST));
        }
    }
}

/// Between words that are listed in one text.
const LIST: &str = "、";

/// Several things said in one text, separated by line breaks or `|`.
fn several(text: &str) -> impl Iterator<Item = String> {
    text.split(['\n', '|', '｜']).map(clean).filter(|one| !one.is_empty())
}

fn listed(text: Option<String>) -> Vec<String> {
    text.as_deref().map(|text| several(text).take(MAX_QUESTIONS).collect()).unwrap_or_default()
}

fn severity_named(word: &str) -> Result<Severity, Fault> {
    match word.trim().to_lowercase().as_str() {
        "block" | "禁止" | "阻断" | "高" => Ok(Severity::Block),
        "review" | "复核" | "审核" | "中" => Ok(Severity::Review),
        "suspicion" | "可疑" | "低" => Ok(Severity::Suspicion),
        _ => Err(Fault::Severity { value: word.to_owned() }),
    }
}

/// Cautions by their words, each once.
fn cautions(words: &str) -> Result<Vec<Caution>, Fault> {
    let caution = |word: String| match word.to_lowercase().as_str() {
        "verify_first" | "先核实" => Ok(Caution::VerifyFirst),
        "review_needed" | "须复核" | "需复核" => Ok(Caution::ReviewNeeded),
        _ => Err(Fault::Caution { value: word }),
    };
    let cautions: BTreeSet<Caution> = several(words).map(caution).collect::<Result<_, _>>()?;
    Ok(cautions.into_iter().collect())
}

/// A kind by its word, or by its name in Chinese as the review page shows it.
fn kind_named(word: &str) -> Result<Kind, UnknownKind> {
    Ok(match word {
        "商品" => Kind::Product,
        "尺码" => Kind::Sizing,
        "物流" => Kind::Shipping,
        "退换货" => Kind::Returns,
        "保修售后" => Kind::Warranty,
        "活动" => Kind::Campaign,
        "禁止承诺" => Kind::Forbidden,
        "语气" => Kind::Tone,
        "升级" => Kind::Escalation,
        "通用" => Kind::General,
        other => other.parse()?,
    })
}

/// Text without control characters and outer blanks; line breaks and tabs stay.
pub(super) fn clean(text: &str) -> String {
    let kept: String = text.chars().filter(|&c| matches!(c, '\n' | '\t') || !c.is_control()).collect();
    kept.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}')).to_owned()
}

/// Title, questions and answer, complete and within their limits.
fn words(draft: &Draft) -> Result<(String, Vec<String>, String), Fault> {
    let mut questions = draft.questions.clone();
    let mut title = draft.title.clone();
    if questions.is_empty() && !title.is_empty() {
        questions.push(title.clone());
    }
    let first = questions.first().ok_or(Fault::NoQuestion)?;
    if title.is_empty() {
        title.clone_from(first);
    }
    if questions.len() > MAX_QUESTIONS {
        return Err(Fault::TooManyQuestions { count: questions.len() + draft.surplus });
    }
    let longest = questions.iter().chain([&title]).map(String::len).max().unwrap_or_default();
    if longest > MAX_QUESTION_BYTES {
        return Err(Fault::QuestionTooLong { bytes: longest });
    }
    match draft.answer.len() {
        0 => Err(Fault::NoAnswer),
        bytes if bytes > MAX_ANSWER_BYTES => Err(Fault::AnswerTooLong { bytes }),
        _ => Ok((title, questions, draft.answer.clone())),
    }
}

fn date(field: &'static str, value: Option<String>, edge: Edge, timezone: Tz) -> Result<Option<i64>, Fault> {
    let Some(value) = value else { return Ok(None) };
    dates::parse(&value, edge, timezone).map(Some).ok_or(Fault::Date { field, value })
}
