//! Drafts as the drafter brings them, judged by the real policy.

use std::sync::OnceLock;

use crate::case::{Author, Draft, Drafted};
use crate::luck::Luck;
use crate::policy::{self, Circumstances, Grounding, Grounds, Intent, Matter, Paused, Route, Rules, Triggers, Verdict};
use crate::store::Store;

/// What drafting looked at.
#[derive(Debug, Clone)]
pub struct Look {
    /// The conversation.
    pub conversation: usize,
    /// The drafting it belongs to.
    pub generation: i64,
    /// The policy it will be judged by.
    pub policy: String,
    texts: Vec<String>,
    number: i64,
    /// Whether it might leave by itself, as it was then.
    open: bool,
    paused: bool,
}

fn triggers() -> &'static Triggers {
    static BUILTIN: OnceLock<Triggers> = OnceLock::new();
    BUILTIN.get_or_init(Triggers::builtin)
}

/// Reads what a drafting needs.
pub fn look(store: &Store, case: usize, generation: i64) -> Look {
    let conversation = store.talk_of[case];
    Look {
        conversation,
        generation,
        policy: store.policy.to_string(),
        texts: store.unanswered(conversation).map(|m| m.text.clone()).collect(),
        number: store.cases[case].number,
        open: store.open[store.conversations[conversation].channel].contains(&Intent::Other),
        paused: store.covering(conversation).is_some(),
    }
}

/// How the policy judges what a person wrote for what a conversation's customer wants.
pub fn judge(store: &Store, conversation: usize, texts: &[String], parts: &[String], sure: bool) -> Verdict {
    judge_in(store, conversation, (texts, parts), sure, Circumstances::default())
}

fn judge_in(
    store: &Store,
    conversation: usize,
    (texts, parts): (&[String], &[String]),
    sure: bool,
    circumstances: Circumstances<'_>,
) -> Verdict {
    let channel = &store.desk.channels[store.conversations[conversation].channel];
    let matter = Matter {
        customer: texts,
        draft: (!parts.is_empty()).then_some(parts),
        confidence: if sure { 0.95 } else { 0.4 },
        citations: 1,
        intent: Intent::Other,
        turns: 0,
        attachments: 0,
        readings: 0,
        order_cents: None,
        public: false,
        circumstances,
    };
    policy::judge(&matter, &Rules::new(&store.desk.policy, triggers(), Some(channel)))
}

/// What comes of a drafting.
pub fn draft(store: &Store, look: &Look, luck: &mut Luck) -> Drafted {
    let parts = match luck.weighed(&[60, 20, 8, 4, 4, 4]) {
        0 => 1,
        1 => 2,
        2 => 3,
        3 => 4,
        4 => 0,
        _ => return Drafted::Failed { why: "the model is away".into() },
    };
    let words = |part: usize| format!("回复 {}.{}.{part} [{}]", look.number, look.generation, look.policy);
    let parts: Vec<String> = (0..parts).map(words).collect();
    let (sure, published) = (luck.permille(800), luck.permille(700));
    let grounds = Grounds { class: Grounding::Documented, unfounded: Vec::new() };
    let circumstances = Circumstances {
        paused: if look.paused { Paused::Everything } else { Paused::Nothing },
        grounds: Some(&grounds),
        published,
        chance: Some(if sure { 0.95 } else { 0.4 }),
        open: look.open,
        ..Circumstances::default()
    };
    let verdict = judge_in(store, look.conversation, (&look.texts, &parts), sure, circumstances);
    let (route, empty) = (verdict.route, parts.is_empty());
    let draft = Box::new(Draft {
        version: 0,
        parts,
        digest: String::new(),
        watermark: 0,
        policy: look.policy.clone(),
        author: Author::Bot { drafter: "extractive".into(), no_model: None, examples: Vec::new() },
        citations: Vec::new(),
        verdict,
        confidence: 0.95,
        grounds: Default::default(),
        chance: None,
        intent: Intent::Other,
        action: None,
        look_up: None,
        translation: None,
        supersedes: None,
    });
    match (route, empty) {
        (Route::HumanOnly, _) => Drafted::HumanOnly(draft),
        (_, true) => Drafted::NoAnswer(draft),
        _ => Drafted::Reply(draft),
    }
}
