//! What colleagues, files, models and whoever touched the record wrote.

use aijia::command::{self, Command, Parsed};
use aijia::config;
use aijia::drafting::{clean, proposal};
use aijia::evidence::{Checkpoint, Row, SigningKey, verify_chain};
use aijia::http::Seal;
use cards::words::{Locale, Words};
use cards::{Act, Card, Key, ReviewCard, Risk, wecom};
use knowledge::{Entry, Found, Index, Query, Scope};
use std::sync::LazyLock;

/// A button's key: only what we write is read.
pub(crate) fn card_key(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(key) = Key::parse(&text) {
        assert_eq!(key.encode(), text);
        assert!(text.len() <= 64 && text.is_ascii());
    }
}

/// Cookies, states and form tokens of the review page: nothing is believed but what was signed, in any spelling.
pub(crate) fn page_token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let seal = Seal::new(&[7; 32]);
    let (now, until) = (1_795_572_000_000, 1_795_572_600_000);
    let good = seal.session("lihua", until);
    if let Some(session) = seal.read_session(&text, now) {
        assert!(session.person == "lihua" && text.eq_ignore_ascii_case(&good), "{text}");
    }
    let (nonce, state) = ("00112233445566778899aabbccddeeff", text.trim_end());
    if let Some(number) = seal.read_state(state, nonce, now) {
        assert!(number == 81 && state.eq_ignore_ascii_case(&seal.state(81, nonce, until)), "{state}");
    }
    let form = seal.form_token("session:x", 81);
    assert_eq!(seal.is_form_token("session:x", 81, &text), text.eq_ignore_ascii_case(&form));
}

/// A colleague's chat text: what is no command comes back byte for byte.
pub(crate) fn command(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match command::parse(&text) {
        Parsed::NotACommand(same) => assert_eq!(same, text),
        Parsed::Command(Command::Approve { code: Some(code), .. }) => {
            assert!(code.bytes().all(|b| b.is_ascii_alphanumeric()));
        }
        Parsed::Command(Command::Edit { text: new, .. }) => assert!(!new.is_empty() && text.contains(&new)),
        Parsed::Command(_) => {}
        Parsed::Bad { command, usage_key } => assert!(command.chars().count() <= 20 && !usage_key.is_empty()),
    }
}

/// `aijia.toml`: read, or refused with what to do; what was read has its versions.
pub(crate) fn configuration(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match config::parse_desk(&text, "aijia.toml") {
        Ok(desk) => assert_eq!(config::people_version(&desk), config::people_version(&desk.clone())),
        Err(problems) => {
            assert!(!problems.is_empty());
            assert!(problems.iter().all(|p| !p.what.is_empty() && !p.todo.is_empty()), "{problems:?}");
        }
    }
}

pub(crate) static SHOP: LazyLock<Index> = LazyLock::new(|| {
    let entry = |id: &str, question: &str, answer: &str| {
        let entry = serde_json::json!({"id": id, "version": 1, "kind": "product", "title": question,
            "questions": [question], "answer": answer, "owner": "sunmei", "scope": {}, "valid_from": null,
            "valid_until": null, "verify_by": null, "source": "fuzz"});
        serde_json::from_value::<Entry>(entry).expect("an entry")
    };
    Index::build([
        entry("pilling", "羊毛衫会起球吗", "轻微起球属正常现象，7 天内可退换，详见 https://shop.example/care 。"),
        entry("wash", "羊毛衫怎么洗", "30 度以下手洗，平铺晾干。"),
    ])
});

static FOUND: LazyLock<Found> = LazyLock::new(|| {
    SHOP.search(&Query { text: "羊毛衫会起球吗", meaning: None, scope: &Scope::default(), now_ms: 0, limit: 4 })
});

/// What a language model answers: a draft a person sees all of, with nothing its passages do not have, or none.
pub(crate) fn model_output(data: &[u8]) {
    assert!(!FOUND.hits.is_empty(), "the passages are there");
    let Ok(draft) = proposal(&String::from_utf8_lossy(data), &FOUND, "fuzz".to_owned()) else { return };
    assert!(!draft.citations.is_empty() && !draft.parts.is_empty());
    for part in &draft.parts {
        assert!(cards::showable(part) && clean(part) == *part && part.len() <= 2048, "{part:?}");
        let link = part.split("://").nth(1);
        assert!(link.is_none_or(|rest| rest.starts_with("shop.example/care")), "{part:?}");
    }
}

/// A chain as somebody left it: a list of rows. Verified or not, never believed without its hashes.
pub(crate) fn evidence(data: &[u8]) {
    let Ok(rows) = serde_json::from_slice::<Vec<Row>>(data) else { return };
    let chain = rows.first().map_or_else(String::new, |row| row.chain.clone());
    if let Ok(head) = verify_chain(&chain, rows.clone()) {
        assert_eq!(usize::try_from(head.seq), Ok(rows.len()));
        let last = rows.last().expect("an empty chain does not verify");
        assert_eq!(hex::encode(head.hash), last.hash);
    }
}

/// A checkpoint as it is kept: read as it is written, and good only as it was signed.
pub(crate) fn checkpoint(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(checkpoint) = Checkpoint::parse(&text) else { return };
    assert_eq!(Checkpoint::parse(&checkpoint.to_string()), Ok(checkpoint.clone()));
    let key = SigningKey::from_seed([7; 32]).expect("a key");
    if checkpoint.verify(&key.verifying_key()).is_ok() {
        assert_eq!(checkpoint.at_ms, 1_795_572_000_000, "nobody signed this: {text}");
    }
}

/// A card around what a customer wrote and somebody drafted: within the platform's limits, nothing hidden, and 发送
/// only where all of the draft is seen.
pub(crate) fn card_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (customer, draft) = text.split_once('\u{0}').unwrap_or((&text, &text));
    let cleaned = clean(draft);
    assert_eq!(clean(&cleaned), cleaned);
    check_posting(&review(customer, cleaned), &CHINESE);
    check_posting(&review(customer, draft.to_owned()), &ENGLISH);
}

fn check_posting(card: &ReviewCard, words: &Words) {
    let posting = wecom::post(&Card::Review(card.clone()), words, "c81-v2-p1-00112233");
    assert_eq!(wecom::check(&posting.template_card), Ok(()));
    let quote = posting.template_card["quote_area"]["quote_text"].as_str().unwrap_or_default();
    assert_eq!(cards::reveal(quote), quote);
    let buttons = posting.template_card["button_list"].as_array().cloned().unwrap_or_default();
    let sends = buttons.iter().any(|b| b["key"].as_str().is_some_and(|key| key.starts_with("send:")));
    let parts = card.body.clone().unwrap_or_default();
    if sends {
        let seen = posting.visible_text();
        assert!(parts.iter().all(|part| seen.contains(part) && cards::reveal(part) == *part), "{parts:?}");
    }
    assert!(posting.above.iter().all(|message| message.len() <= 2048));
}

static CHINESE: LazyLock<Words> = LazyLock::new(|| Words::load(Locale::ZhCn));
static ENGLISH: LazyLock<Words> = LazyLock::new(|| Words::load(Locale::En));

fn review(customer: &str, part: String) -> ReviewCard {
    ReviewCard {
        number: 81,
        version: 2,
        code: "7f3k".to_owned(),
        shop: customer.to_owned(),
        place: Some((3, 7)),
        intent: customer.to_owned(),
        risk: Risk::Low,
        overdue: false,
        seconds_left: Some(160),
        quota_left: Some(4),
        customer: customer.to_owned(),
        attachments: 0,
        body: Some(vec![part]),
        note: None,
        rows: Vec::new(),
        hints: cards::Hint::offered(false).to_vec(),
        acts: vec![Act::Send, Act::Edit, Act::Reject],
        by_hand: false,
        page_url: None,
    }
}
