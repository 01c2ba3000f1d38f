//! The program and the locale files agree: every word the program asks for exists in every language, every word
//! there is is asked for, and what a sentence leaves open is filled where it is said.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cards::words::{Locale, Words};
use cards::{Hint, RejectReason};

use crate::policy::{Intent, Language};

/// Tables of the locale files the program uses, besides all those there are. A literal `table.name` is a key.
const TABLES: &[&str] =
    &["denied", "done", "help", "intent", "kb", "menu", "page", "policy", "refused", "review", "told", "usage", "why"];
/// What a literal ends in that names a file.
const FILES: &[&str] = &["css", "csv", "db", "html", "js", "json", "key", "lock", "md", "rs", "toml", "txt"];

/// Why an authority ended.
const VOIDED: [&str; 22] = [
    "paused",
    "right_lost",
    "policy_changed",
    "knowledge_changed",
    "customer_wrote_again",
    "asked_for_person",
    "customer_recalled",
    "case_closed",
    "window_closed",
    "budget_spent",
    "servicer_answers",
    "taken_over",
    "part_not_arrived",
    "part_unknown",
    "arrived_after_all",
    "not_delivered",
    "mode_changed",
    "automation_closed",
    "plan_changed",
    "answer_withdrawn",
    "recipe_stopped",
    "too_late",
];

/// Keys that are put together while the program runs: everything the open end can be.
fn ends(open: &str) -> Option<Vec<&'static str>> {
    Some(match open {
        "author." => vec!["customer", "shop", "servicer"],
        "intent." => Intent::ALL.iter().map(|intent| intent.as_str()).collect(),
        "hint." => Hint::ALL.iter().map(|hint| hint.as_str()).collect(),
        "reason." => RejectReason::ALL.iter().map(|reason| reason.as_str()).collect(),
        "result." => vec!["accepted", "failed", "put_off", "unknown"],
        "proof." => {
            vec!["question", "suggestion", "grounds", "verification", "verdict", "authority", "ending"]
        }
        "language." => Language::ALL.iter().map(|language| language.as_str()).collect(),
        "weekday." => vec!["1", "2", "3", "4", "5", "6", "7"],
        "resolved." => vec!["delivered", "not_delivered", "dropped"],
        "hand_out." => {
            vec!["handed_out", "failed", "put_off", "unknown", "for_sending", "sent", "again", "dropped"]
        }
        "voided." => VOIDED.to_vec(),
        "work." => vec![
            "from_member",
            "from_customer",
            "draft",
            "post_card",
            "settle_card",
            "ask",
            "say",
            "text",
            "story",
            "review_deadline",
            "window_deadline",
            "send",
            "transfer",
            "end_session",
            "notice",
            "welcome",
            "fetch_media",
            "learn_name",
            "deal",
            "policy_changed",
            "knowledge_changed",
            "publish",
            "post_care",
            "settle_care",
            "ask_review",
            "show",
            "draw",
            "collect_pack",
            "prepare_action",
            "submit_action",
            "fetch_upload",
            "read_upload",
            "publish_upload",
            "prompt",
            "inform",
            "answer_press",
            "test_recipe",
            "evidence_stale",
            "corrections",
            "erase",
        ],
        "state." => {
            let open =
                ["drafting", "awaiting_review", "needs_person", "sending", "unknown", "handed_out", "handed_over"];
            open.into_iter().chain(["closed"]).collect()
        }
        _ => return None,
    })
}

/// A literal of the sources, and where it stands.
struct Literal {
    text: String,
    place: String,
}

/// The program's sources without its tests, and without the configuration, whose dotted names are the file's.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 20, "the sources are not where they were: {}", found.len());
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).expect("the sources are here") {
        let path = entry.expect("a readable folder").path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() && !name.ends_with("/config") {
            collect(&path, found);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") && !name.ends_with("properties.rs") {
            let text = std::fs::read_to_string(&path).expect("a readable source");
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
            found.push((path, code));
        }
    }
}

/// What stands between a quotation mark and the next one, where it could be a key or its beginning.
fn literals(path: &Path, source: &str) -> Vec<Literal> {
    let part = |c: char| c.is_ascii_lowercase() || matches!(c, '_' | '.' | '{' | '}');
    let mut found = Vec::new();
    // Comments, and the places at which a test lets the program die.
    let silent = |line: &str| line.trim_start().starts_with("//") || line.contains("chaos::point");
    for (at, line) in source.lines().enumerate().filter(|(_, line)| !silent(line)) {
        for (start, _) in line.match_indices('"') {
            let rest = &line[start + 1..];
            let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
            if rest[end..].starts_with('"') && rest[..end].contains('.') {
                let place = format!("{}:{}", path.display(), at + 1);
                found.push(Literal { text: rest[..end].to_owned(), place });
            }
        }
    }
    found
}

fn table_of(key: &str) -> Option<&str> {
    key.split_once('.').map(|(table, _)| table)
}

fn is_key(literal: &str) -> bool {
    static KNOWN: OnceLock<BTreeSet<String>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let words = Words::load(Locale::ZhCn);
        TABLES.iter().copied().chain(words.keys().filter_map(table_of)).map(str::to_owned).collect()
    });
    let file = literal.rsplit('.').next().is_some_and(|end| FILES.contains(&end));
    !file && table_of(literal).is_some_and(|table| known.contains(table))
}

/// The keys of the program, each with a place that asks for it; complains about open ends nobody declared.
fn keys_used(sources: &[(PathBuf, String)]) -> BTreeMap<String, String> {
    let (mut used, mut begun) = (BTreeMap::new(), Vec::new());
    for literal in sources.iter().flat_map(|(path, source)| literals(path, source)) {
        match literal.text.split_once('{') {
            // A beginning that is put together with something else: one word with it must exist.
            None if literal.text.ends_with(['.', '_']) && is_key(&literal.text) => begun.push(literal),
            None if is_key(&literal.text) => {
                used.insert(literal.text, literal.place);
            }
            None => {}
            Some((open, _)) if open.ends_with('.') => {
                let ends = ends(open).unwrap_or_else(|| panic!("{}: add {open:?} to `ends`", literal.place));
                used.extend(ends.iter().map(|end| (format!("{open}{end}"), literal.place.clone())));
            }
            Some(_) => {}
        }
    }
    let words = Words::load(Locale::ZhCn);
    for Literal { text, place } in begun {
        used.extend(words.keys().filter(|key| key.starts_with(&text)).map(|key| (key.to_owned(), place.clone())));
        let any = used.keys().any(|key| key.starts_with(&text));
        assert!(any, "{place}: no word begins with {text}");
    }
    used
}

/// The words of the files that hold nothing but what the program says itself.
fn chat_words(locale: Locale) -> BTreeMap<String, String> {
    let mut words = words_of(locale, "chat");
    words.extend(words_of(locale, "kb"));
    words
}

fn words_of(locale: Locale, file: &str) -> BTreeMap<String, String> {
    let path = format!("{}/../cards/locales/{}/{file}.toml", env!("CARGO_MANIFEST_DIR"), locale.as_str());
    let file: toml::Table = std::fs::read_to_string(&path).expect("the locale file").parse().expect("TOML");
    let mut words = BTreeMap::new();
    for (table, texts) in &file {
        let texts = texts.as_table().expect("a table of texts");
        words.extend(
            texts.iter().map(|(name, text)| (format!("{table}.{name}"), text.as_str().expect("a text").to_owned())),
        );
    }
    words
}

fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|after| after.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn every_word_the_program_asks_for_exists_in_every_language() {
    let used = keys_used(&sources());
    assert!(used.len() > 100, "the search for keys found only {}", used.len());
    for locale in Locale::ALL {
        let words = Words::load(*locale);
        let missing: Vec<String> = used
            .iter()
            .filter(|(key, _)| !words.has(key))
            .map(|(key, place)| format!("{place} asks for {key}, which {} does not have", locale.as_str()))
            .collect();
        assert!(missing.is_empty(), "{}", missing.join("\n"));
    }
}

#[test]
fn no_word_of_the_chat_file_is_left_over() {
    let used = keys_used(&sources());
    let idle: Vec<String> = chat_words(Locale::ZhCn).into_keys().filter(|key| !used.contains_key(key)).collect();
    assert!(idle.is_empty(), "nobody says these words: remove them, or say them: {idle:?}");
}

/// What a source says, taken from what stands between its quotation marks.
struct Said<'a> {
    quoted: HashSet<&'a str>,
    /// Tables whose key is put together while the program runs.
    open: HashSet<&'a str>,
    /// Tables whose keys are passed on to where this says them.
    passed: Vec<&'static str>,
}

impl<'a> Said<'a> {
    fn of(source: &'a str) -> Said<'a> {
        let quoted: HashSet<&str> = source.split('"').skip(1).collect();
        let open = quoted.iter().filter_map(|quoted| quoted.split_once(".{")).map(|(table, _)| table).collect();
        let mut passed = Vec::new();
        if source.contains("fn refused_in_words") {
            passed.push("refused");
        }
        if source.contains("impl Action {") && source.contains("fn say(&self") {
            passed.push("action");
        }
        Said { quoted, open, passed }
    }

    fn says(&self, key: &str) -> bool {
        let table = table_of(key).unwrap_or_default();
        self.quoted.contains(key) || self.open.contains(table) || self.passed.contains(&table)
    }
}

#[test]
fn what_a_sentence_leaves_open_is_filled_where_it_is_said() {
    let sources = sources();
    let said: Vec<Said> = sources.iter().map(|(_, source)| Said::of(source)).collect();
    for (key, text) in chat_words(Locale::ZhCn) {
        let saying: Vec<&Said> = said.iter().filter(|source| source.says(&key)).collect();
        for place in places(&text) {
            let filled = saying.iter().any(|source| source.quoted.contains(place));
            assert!(filled, "{key} leaves {{{place}}} open and nobody who says it fills that in");
        }
    }
}

#[test]
fn a_settled_card_and_its_rows_fit_their_slots() {
    const SLOT: usize = 26;
    let filled = |words: &Words, key: &str| {
        let acts = ["send", "edit", "escalate", "take_over", "reject", "pause", "copy", "copy_again", "said_sent"]
            .map(|a| words.text(&format!("done.{a}"), &[]));
        let longest = acts.into_iter().max_by_key(|act| act.chars().count()).unwrap_or_default();
        let numbers = [("number", "12345"), ("times", "12"), ("answers", "12"), ("time", "14:03")];
        let mut args = numbers.to_vec();
        args.extend([("act", longest.as_str()), ("by", "欧阳小花"), ("to", "欧阳小花")]);
        words.text(key, &args)
    };
    for locale in Locale::ALL {
        let words = Words::load(*locale);
        for key in chat_words(*locale).keys().filter(|k| k.starts_with("settled.") || *k == "card.history") {
            let text = filled(&words, key);
            assert!(text.chars().count() <= SLOT, "{} {key}: {text}", locale.as_str());
        }
    }
}

#[test]
fn what_the_card_of_a_doubt_says_first_is_shown_whole() {
    const NOTE: usize = 36;
    for locale in Locale::ALL {
        let words = Words::load(*locale);
        for key in chat_words(*locale).keys().filter(|key| key.starts_with("doubt.") || key.starts_with("in_hand.")) {
            let text = words.text(key, &[("name", "欧阳小花")]);
            assert!(text.chars().count() <= NOTE, "{} {key}: {text}", locale.as_str());
        }
    }
}

#[test]
fn a_refusal_fills_its_sentence() {
    use crate::case::{Decided, Refusal};
    let decided = || Decided { version: 2, act: cards::Act::Send, by: "lihua".into(), at: 0, by_hand: true };
    let refusals = [
        Refusal::UnknownPerson,
        Refusal::AlreadyDecided(decided()),
        Refusal::AlreadyDone(decided()),
        Refusal::Outdated { current: 3 },
        Refusal::WrongCode,
        Refusal::NotTheHolder,
        Refusal::NothingToSend,
        Refusal::Paused { by: "wangwu".into() },
        Refusal::QuotaGone,
        Refusal::Closed,
        Refusal::HandedOver { to: "wangwu".into() },
        Refusal::OnItsWay,
        Refusal::StillDrafting,
        Refusal::NobodyAbove,
        Refusal::BadText,
        Refusal::InDoubt,
        Refusal::StaleEvidence,
        Refusal::NothingInDoubt,
        Refusal::CarriedBy { asker: "lihua".into() },
        Refusal::InHand,
        Refusal::Overtaken,
    ];
    let desk = crate::desk::Desk {
        desk: crate::desk::Settings::default(),
        people: Vec::new(),
        channels: Vec::new(),
        stores: Vec::new(),
        intents: Vec::new(),
        drafting: Default::default(),
        policy: crate::desk::Policy::default(),
    };
    for locale in Locale::ALL {
        let words = Words::load(*locale);
        for refusal in &refusals {
            let told = refusal.say(81).in_words(&words, &desk);
            assert!(!told.contains('{') && told != refusal.key(), "{} {refusal:?}: {told}", locale.as_str());
        }
    }
}

#[test]
fn the_search_for_keys_finds_what_it_should() {
    let source =
        "say(\"told.done\")\n// \"told.not_this\"\nformat!(\"state.{state}\") \"case.rs\" 'x' \"\\\"\" \"why.head\"";
    let used = keys_used(&[(PathBuf::from("x.rs"), source.to_owned())]);
    let keys: Vec<&str> = used.keys().map(String::as_str).filter(|k| !k.starts_with("state.")).collect();
    assert_eq!(keys, ["told.done", "why.head"]);
    assert!(used.contains_key("state.handed_over") && used["told.done"].ends_with("x.rs:1"));
}
