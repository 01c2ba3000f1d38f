//! Which language a text is in, as far as its letters and its commonest words say: enough to keep languages apart, for what
//! is compared or counted by language.

use serde::{Deserialize, Serialize};

/// A language; several where only the letters tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Chinese.
    Chinese,
    /// Japanese.
    Japanese,
    /// Korean.
    Korean,
    /// Thai.
    Thai,
    /// Whatever is written in Arabic letters.
    Arabic,
    /// Whatever is written in Cyrillic letters.
    Cyrillic,
    /// English.
    English,
    /// Spanish.
    Spanish,
    /// Portuguese.
    Portuguese,
    /// French.
    French,
    /// German.
    German,
    /// Another language in Latin letters, or too few words to tell.
    Latin,
    /// No letters.
    #[default]
    Unknown,
}

impl Language {
    /// Every language.
    pub const ALL: &'static [Self] = &[
        Self::Chinese,
        Self::Japanese,
        Self::Korean,
        Self::Thai,
        Self::Arabic,
        Self::Cyrillic,
        Self::English,
        Self::Spanish,
        Self::Portuguese,
        Self::French,
        Self::German,
        Self::Latin,
        Self::Unknown,
    ];

    /// The tag of texts in it; none where nobody can tell which of several it is.
    pub fn tag(self) -> Option<&'static str> {
        match self {
            Self::Chinese => Some("zh"),
            Self::Japanese => Some("ja"),
            Self::Korean => Some("ko"),
            Self::Thai => Some("th"),
            Self::English => Some("en"),
            Self::Spanish => Some("es"),
            Self::Portuguese => Some("pt"),
            Self::French => Some("fr"),
            Self::German => Some("de"),
            Self::Arabic | Self::Cyrillic | Self::Latin | Self::Unknown => None,
        }
    }

    /// The name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chinese => "chinese",
            Self::Japanese => "japanese",
            Self::Korean => "korean",
            Self::Thai => "thai",
            Self::Arabic => "arabic",
            Self::Cyrillic => "cyrillic",
            Self::English => "english",
            Self::Spanish => "spanish",
            Self::Portuguese => "portuguese",
            Self::French => "french",
            Self::German => "german",
            Self::Latin => "latin",
            Self::Unknown => "unknown",
        }
    }
}

/// Words that hardly a sentence of a language does without, and that the others do not have.
const COMMON: [(Language, &[&str]); 5] = [
    (
        Language::English,
        &[
            "the", "is", "are", "you", "my", "how", "what", "when", "does", "do", "can", "it", "this", "for", "and",
            "have",
        ],
    ),
    (
        Language::Spanish,
        &[
            "el", "los", "las", "cuándo", "cuando", "cómo", "mi", "pedido", "está", "tiene", "hola", "y", "para",
            "puedo", "cuánto", "del",
        ],
    ),
    (
        Language::Portuguese,
        &[
            "o", "os", "quando", "meu", "minha", "pedido", "você", "não", "tem", "olá", "para", "posso", "quanto",
            "uma", "do",
        ],
    ),
    (
        Language::French,
        &[
            "le", "les", "est", "mon", "ma", "quand", "comment", "bonjour", "je", "vous", "pour", "combien", "une",
            "et", "pas",
        ],
    ),
    (
        Language::German,
        &[
            "der", "die", "das", "ist", "mein", "meine", "wann", "wie", "hallo", "ich", "sie", "für", "und", "nicht",
            "kann",
        ],
    ),
];

/// The language of texts taken together.
pub fn language_of(texts: &[String]) -> Language {
    let letters = || texts.iter().flat_map(|text| text.chars()).filter(|c| c.is_alphabetic());
    // Kana and Hangul come first: Japanese and Korean have Chinese characters too.
    let by_letters =
        [Language::Japanese, Language::Korean, Language::Chinese, Language::Thai, Language::Arabic, Language::Cyrillic];
    let written = by_letters.into_iter().find(|language| letters().any(|c| writes(*language, c)));
    written.unwrap_or_else(|| if letters().next().is_some() { by_words(texts) } else { Language::Unknown })
}

fn writes(language: Language, c: char) -> bool {
    match language {
        Language::Japanese => ('\u{3041}'..='\u{30fa}').contains(&c),
        Language::Korean => ('\u{ac00}'..='\u{d7a3}').contains(&c),
        Language::Chinese => ('\u{3400}'..='\u{9fff}').contains(&c),
        Language::Thai => ('\u{0e00}'..='\u{0e7f}').contains(&c),
        Language::Arabic => ('\u{0600}'..='\u{06ff}').contains(&c),
        Language::Cyrillic => ('\u{0400}'..='\u{04ff}').contains(&c),
        _ => false,
    }
}

/// The language of Latin letters most of whose common words occur; none of them where two have as many.
fn by_words(texts: &[String]) -> Language {
    let text = texts.join(" ").to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphabetic()).collect();
    let counted =
        COMMON.map(|(language, common)| (words.iter().filter(|word| common.contains(word)).count(), language));
    let most = counted.iter().map(|(count, _)| *count).max().unwrap_or(0);
    let mut first = counted.into_iter().filter(|(count, _)| *count == most && most > 0);
    match (first.next(), first.next()) {
        (Some((_, language)), None) => language,
        _ => Language::Latin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_by_letters_and_common_words() {
        for (text, language) in [
            ("羊毛衫会起球吗？", Language::Chinese),
            ("このセーターは洗えますか", Language::Japanese),
            ("배송은 언제 되나요", Language::Korean),
            ("When does my parcel arrive?", Language::English),
            ("¿Cuándo llega mi pedido?", Language::Spanish),
            ("Quando chega o meu pedido?", Language::Portuguese),
            ("Quand est-ce que mon colis arrive ?", Language::French),
            ("Wann kommt mein Paket?", Language::German),
            ("Когда придёт посылка", Language::Cyrillic),
            ("Milloin pakettini saapuu", Language::Latin),
            ("ok", Language::Latin),
            ("12345 ？", Language::Unknown),
            ("", Language::Unknown),
        ] {
            assert_eq!(language_of(&[text.to_owned()]), language, "{text}");
        }
    }

    #[test]
    fn a_code_in_a_chinese_sentence_is_chinese() {
        assert_eq!(language_of(&["hello".into(), "我的 XL 码".into()]), Language::Chinese);
    }
}
