//! A desk with one case, for tests: hostile wherever outsiders write.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::to_bytes;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use cards::Risk;
use knowledge::{Entry, HitTests, Kind, Release, Scope};

use super::seal::Seal;
use super::visitor::SESSION_COOKIE;
use crate::app::{App, Settings};
use crate::case::{Author, Case, Citation, Draft, Level, Review, State, Window, digest};
use crate::clock::{Clock, DAY, HOUR, Ids, MINUTE, Timestamp};
use crate::config::Database;
use crate::desk::{self, Channel, ChannelKind, Desk, Mode, Notices, Person, Policy, Role};
use crate::effects::{OfficeSettings, Offices, Seats};
use crate::evidence::SigningKey;
use crate::policy::{self, Intent, Reason, Route, Trigger, Triggers, Verdict};
use crate::store::conversations::{self, Conversation, Message};
use crate::store::desks::{self, Applied};
use crate::store::knowledge::{self as entries, EntryState, StoredEntry};
use crate::store::{Store, Tx, cases};
use crate::webhooks::Webhooks;
use crate::worker::Instance;

/// When the sample stands.
pub(super) const NOW: Timestamp = 1_764_000_000_000;
/// What outsiders write.
pub(super) const HOSTILE: &str = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>{{ 7*7 }}";
/// The picture of the case's own conversation.
pub(super) const PICTURE: &[u8] = b"\x89PNG not really";

/// A desk with one case.
pub(super) struct Sample {
    pub(super) app: App,
    pub(super) case: Case,
    pub(super) picture: String,
    folder: PathBuf,
}

impl Drop for Sample {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Sample {
    /// Case 81 waits for Li Hua; the customer wrote and sent a picture.
    pub(super) async fn new(locale: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("aijia-review-{}-{count}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let app = app(&folder).await;
        let picture = app.blobs.put(PICTURE).await.unwrap();
        let case = case();
        let (inside, stored, sha256) = (app.clone(), case.clone(), picture.clone());
        let desk = desk_of(locale);
        app.store
            .commit(move |tx| Box::pin(async move { fill(tx, &inside, desk, &stored, &sha256).await }))
            .await
            .unwrap();
        Self { app, case, picture, folder }
    }

    /// A fresh link's token for a person.
    pub(super) async fn link(&self, person: &'static str) -> String {
        let (app, case) = (self.app.clone(), self.stored().await);
        let link =
            self.app.store.commit(move |tx| Box::pin(async move { super::give_link(tx, &app, person, &case).await }));
        let link = link.await.unwrap().expect("a public address is configured");
        let (page, token) = link.split_once("?t=").expect("a link has a token");
        assert_eq!(page, "https://desk.example/aijia/review/81");
        token.to_owned()
    }

    /// The case as it is stored now.
    pub(super) async fn stored(&self) -> Case {
        let id = self.case.id.clone();
        let found = self.app.store.read(move |tx| Box::pin(async move { Ok(cases::load(tx, &id).await?) })).await;
        found.unwrap().expect("the case is there")
    }

    /// The headers of somebody who signed in.
    pub(super) fn signed_in(&self, person: &str) -> HeaderMap {
        let session = Seal::new(&self.app.cookie_key).session(person, self.app.clock.now() + HOUR);
        let mut headers = HeaderMap::new();
        let cookie = format!("{SESSION_COOKIE}={session}");
        headers.insert(COOKIE, HeaderValue::from_str(&cookie).unwrap());
        headers
    }

    /// Takes a person off the list.
    pub(super) async fn remove(&self, person: &'static str) {
        let mut desk = desk_of("zh-CN");
        desk.people.retain(|p| p.id != person);
        let new = Applied {
            id: "2".into(),
            content_sha256: "2".into(),
            desk,
            triggers: Triggers::builtin(),
            policy: "p1".into(),
        };
        let put =
            self.app.store.commit(move |tx| Box::pin(async move { desks::apply(tx, &new, None, "2", NOW).await }));
        put.await.unwrap();
    }
}

/// A response's status and text.
pub(super) async fn read(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

/// The value of a hidden field of a page's form for `action`.
pub(super) fn hidden(page: &str, action: &str, name: &str) -> String {
    let form = page.split("<form").find(|form| form.contains(&format!("81/{action}\""))).expect("a form");
    let form = form.split("</form>").next().unwrap_or_default();
    let field = form.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a field");
    field.split('"').next().unwrap_or_default().to_owned()
}

async fn app(folder: &std::path::Path) -> App {
    std::fs::create_dir_all(folder).unwrap();
    let store = Store::open(&Database::Sqlite(folder.join("desk.db"))).await.unwrap();
    App::new(Settings {
        instance: Instance::new("sample".into()),
        store: store.clone(),
        clock: Clock::manual(NOW),
        ids: Ids::seeded(7),
        wecom: None,
        webhooks: Webhooks::default(),
        telegram: None,
        official: None,
        aibot: None,
        model: None,
        eyes: None,
        ears: None,
        meaning: None,
        offices: Offices::new(OfficeSettings {
            chromium: Err("none here".into()),
            key: [3; 32],
            profiles: folder.join("backoffice"),
            base: folder.to_owned(),
            api_keys: Default::default(),
            tracking_keys: Default::default(),
            seats: Seats::new(store, "sample".into()),
        }),
        charts: Default::default(),
        signing: SigningKey::from_seed([1; 32]).unwrap(),
        cookie_key: [2; 32],
        data_dir: folder.to_owned(),
        public_url: Some("https://desk.example/aijia/".into()),
    })
}

fn desk_of(locale: &str) -> Desk {
    let person = |id: &str, name: &str, roles: Vec<Role>| Person {
        id: id.into(),
        name: name.into(),
        wecom: Some(id.into()),
        telegram: None,
        surfaces: Vec::new(),
        roles,
        hours: vec![],
    };
    let channel = |id: &str, permitted: Vec<String>| Channel {
        id: id.into(),
        kind: ChannelKind::WecomKf,
        account: format!("wk-{id}"),
        store: "flagship".into(),
        name: Some(format!("旗舰店 {HOSTILE}")),
        owner: Some("wangwu".into()),
        permitted,
        escalation_owner: Some("wangwu".into()),
        dispatch: desk::Dispatch::All,
        telegram_group: None,
        hours: Default::default(),
        mode: Mode::Draft,
        allowed_actions: vec!["reply".into(), "odd<b>".into()],
        review_required: vec!["returns".into()],
        notices: Notices::default(),
        url: None,
        private: false,
        platform: None,
        region: None,
    };
    Desk {
        desk: desk::Settings { locale: locale.into(), ..desk::Settings::default() },
        people: vec![
            person("lihua", "李华", vec![Role::Reviewer]),
            person("wangwu", "王五", vec![Role::Supervisor]),
            person("zhaoliu", "赵六", vec![Role::Reviewer]),
        ],
        channels: vec![channel("kf", vec!["lihua".into()]), channel("other", vec!["zhaoliu".into()])],
        stores: Vec::new(),
        intents: Vec::new(),
        drafting: Default::default(),
        policy: Policy::default(),
    }
}

fn case() -> Case {
    let parts = vec!["七天内可退。".to_owned(), format!("运费我们出。{HOSTILE}")];
    let draft = Draft {
        version: 1,
        digest: digest("conv", 1, 2, "p1", &parts),
        parts,
        watermark: 2,
        policy: "p1".into(),
        author: Author::Bot { drafter: "extractive".into(), no_model: None, examples: Vec::new() },
        citations: vec![Citation {
            entry: "faq:1".into(),
            version: 3,
            title: format!("退货 {HOSTILE}"),
            span: (0, 24),
            owner: "wangwu".into(),
            verify_by: Some(NOW - DAY),
            valid_until: None,
            marked: Vec::new(),
        }],
        verdict: Verdict {
            route: Route::Review(policy::Level::Reviewer),
            risk: Risk::Medium,
            reasons: vec![Reason { trigger: Trigger::Rt01, rule: "refund".into(), words: vec!["退<款>".into()] }],
            holds: Vec::new(),
            words: Vec::new(),
        },
        confidence: 0.87,
        grounds: Default::default(),
        chance: None,
        intent: Intent::Returns,
        action: None,
        look_up: None,
        translation: None,
        supersedes: None,
    };
    Case {
        id: "case-81".into(),
        number: 81,
        conversation: "conv".into(),
        channel: "kf".into(),
        opened_at: NOW,
        follows: None,
        state: State::AwaitingReview(Review { draft, level: Level::Reviewers, due: NOW + 10 * MINUTE, overdue: false }),
        version: 1,
        generation: 1,
        watermark: 2,
        window: Window::opened(NOW, ChannelKind::WecomKf.abilities().window),
        last_decision: None,
        least: crate::case::Level::Reviewers,
        asker: None,
        in_turn: crate::case::InTurn::default(),
        asked: None,
        doubtful: false,
    }
}

async fn fill(tx: &mut Tx, app: &App, desk: Desk, case: &Case, picture: &str) -> anyhow::Result<()> {
    let applied = Applied {
        id: "1".into(),
        content_sha256: "1".into(),
        desk,
        triggers: Triggers::builtin(),
        policy: "p1".into(),
    };
    desks::apply(tx, &applied, None, "1", NOW).await?;
    for (id, customer) in [("conv", "wm-1"), ("elsewhere", "wm-2")] {
        converse(tx, id, customer, picture).await?;
    }
    cases::save(tx, case, NOW).await?;
    for kind in [Kind::Returns, Kind::Forbidden] {
        publish(tx, kind).await?;
    }
    let entry = crate::evidence::Entry {
        kind: crate::evidence::Kind::CustomerSaid,
        actor: crate::evidence::Actor::Customer,
        payload: serde_json::json!({ "text": HOSTILE }),
    };
    crate::store::record::append(tx, app, "conversation:conv", Some("case-81"), &entry).await
}

async fn converse(tx: &mut Tx, id: &str, customer: &str, picture: &str) -> anyhow::Result<()> {
    let mut new = Conversation::begun(id.into(), &desk_of("zh-CN").channels[0], "wk-kf", customer);
    new.set_window(Window::opened(NOW, ChannelKind::WecomKf.abilities().window));
    new.name = Some(format!("小红 {HOSTILE}"));
    new.last_seq = 2;
    new.case_id = Some("case-81".into());
    conversations::open(tx, &new, NOW).await?;
    conversations::save(tx, &new).await?;
    conversations::set_name(tx, id, new.name.as_deref().unwrap_or_default()).await?;
    for (seq, kind, body) in [(1, "text", HOSTILE), (2, "image", "")] {
        let message = message(id, seq, kind, body);
        conversations::add_message(tx, &message, conversations::Author::Customer).await?;
    }
    if id == "conv" {
        conversations::media_stored(tx, id, 2, picture, "image/png").await?;
    }
    Ok(())
}

fn message(conversation: &str, seq: i64, kind: &str, body: &str) -> Message {
    Message {
        conversation: conversation.into(),
        seq,
        case_id: Some("case-81".into()),
        author: String::new(),
        kind: kind.into(),
        body: body.into(),
        wire_id: format!("{conversation}-{seq}"),
        media_id: (kind != "text").then(|| "media-1".into()),
        media_sha256: None,
        media_type: None,
        reading: None,
        at: NOW,
        recalled: false,
        failed: false,
        answered: false,
    }
}

async fn publish(tx: &mut Tx, kind: Kind) -> anyhow::Result<()> {
    let entry = Entry {
        id: if kind == Kind::Returns { "faq:1".into() } else { "rules:1".into() },
        version: 3,
        file_id: None,
        kind,
        title: format!("{kind} {HOSTILE}"),
        questions: vec!["怎么退货".into()],
        answer: format!("签收七天内可退。{HOSTILE}"),
        owner: "wangwu".into(),
        scope: Scope { store: Some("flagship".into()), ..Scope::default() },
        valid_from: None,
        valid_until: Some(NOW + 30 * DAY),
        verify_by: Some(NOW - DAY),
        source: format!("faq.csv line 2 {HOSTILE}"),
        tests: HitTests::default(),
        forbids: None,
        cautions: Vec::new(),
        release: Release::default(),
    };
    let stored = StoredEntry {
        id: entry.id.clone(),
        version: entry.version,
        state: EntryState::Published,
        owner: entry.owner.clone(),
        title: entry.title.clone(),
        body: serde_json::to_string(&entry)?,
        content_sha256: entry.id.clone(),
        channels: None,
        created_at: NOW,
        verify_by: None,
    };
    Ok(entries::add(tx, &stored, NOW).await?)
}
