//! What the platform does with a call, and what it refuses.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Value, json};

use crate::api::Upload;
use crate::body::Fields;
use crate::clock::{DAY_MS, SECOND_MS};
use crate::errcode::Errcode;

use super::{Kept, Settings, Shared};

/// Longest text, in bytes.
const TEXT_BYTES: usize = 2_048;
const MEDIA_LIFE_MS: i64 = 3 * DAY_MS;
const IMAGE_BYTES: usize = 10 * 1024 * 1024;

pub(super) const TOKEN_MISSING: Errcode = Errcode(41001);
pub(super) const TOKEN_INVALID: Errcode = Errcode(40001);
pub(super) const TOKEN_EXPIRED: Errcode = Errcode(42001);
pub(super) const OUT_OF_TIME: Errcode = Errcode(45015);
pub(super) const OUT_OF_COUNT: Errcode = Errcode(45047);
pub(super) const TYPING_LATE: Errcode = Errcode(45080);
pub(super) const TYPING_ALREADY: Errcode = Errcode(45081);
const TYPING_COMMAND: Errcode = Errcode(45072);
const GRANT_TYPE: Errcode = Errcode(40002);
const OPENID: Errcode = Errcode(40003);
const MEDIA_KIND: Errcode = Errcode(40004);
const FILE_KIND: Errcode = Errcode(40005);
const MEDIA_ID: Errcode = Errcode(40007);
const MESSAGE_KIND: Errcode = Errcode(40008);
const APP_ID: Errcode = Errcode(40013);
const SECRET: Errcode = Errcode(40125);
const MEDIA_MISSING: Errcode = Errcode(41005);
const NEEDS_GET: Errcode = Errcode(43001);
const NEEDS_POST: Errcode = Errcode(43002);
const TEXT_EMPTY: Errcode = Errcode(44004);
const MEDIA_BIG: Errcode = Errcode(45001);
const TEXT_LONG: Errcode = Errcode(45002);
const NOT_JSON: Errcode = Errcode(47001);

/// One API, under `/cgi-bin/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// `GET token`
    Token,
    /// `POST stable_token`
    StableToken,
    /// `POST message/custom/send`
    Send,
    /// `POST message/custom/typing`
    Typing,
    /// `POST media/upload`
    Upload,
    /// `GET media/get`
    Download,
    /// `GET user/info`
    UserInfo,
}

impl Call {
    /// The path below `/cgi-bin/`.
    pub fn path(self) -> &'static str {
        match self {
            Call::Token => "token",
            Call::StableToken => "stable_token",
            Call::Send => "message/custom/send",
            Call::Typing => "message/custom/typing",
            Call::Upload => "media/upload",
            Call::Download => "media/get",
            Call::UserInfo => "user/info",
        }
    }

    /// The API at that path.
    pub(super) fn at(path: &str) -> Option<Call> {
        let all =
            [Call::Token, Call::StableToken, Call::Send, Call::Typing, Call::Upload, Call::Download, Call::UserInfo];
        all.into_iter().find(|call| call.path() == path)
    }

    fn takes(self, method: &Method) -> Result<(), Errcode> {
        let reads = matches!(self, Call::Token | Call::Download | Call::UserInfo);
        match (reads, method == Method::GET, method == Method::POST) {
            (true, true, _) | (false, _, true) => Ok(()),
            (true, ..) => Err(NEEDS_GET),
            (false, ..) => Err(NEEDS_POST),
        }
    }
}

/// A stored picture, voice or video.
pub(super) struct Medium {
    pub(super) bytes: Vec<u8>,
    pub(super) filename: String,
    pub(super) created_ms: i64,
}

/// What arrived.
pub(super) struct Request {
    pub(super) call: Call,
    pub(super) method: Method,
    pub(super) query: BTreeMap<String, String>,
    /// `None` where it is no JSON.
    pub(super) body: Option<Value>,
    pub(super) upload: Option<Upload>,
}

/// What is answered.
#[derive(Clone)]
pub(super) enum Answer {
    /// These fields and nothing else: data comes without errcode.
    Data(Value),
    /// `errcode` 0.
    Done,
    /// A file.
    File { filename: String, bytes: Vec<u8> },
}

type Answered = Result<Answer, Errcode>;

/// Does what is asked, if everything about it is right.
pub(super) fn perform(shared: &Shared, kept: &mut Kept, request: &Request) -> Answered {
    let now = shared.now();
    request.call.takes(&request.method)?;
    if !matches!(request.call, Call::Token | Call::StableToken) {
        kept.tokens.check(request.query.get("access_token").map(String::as_str), now)?;
    }
    match request.call {
        Call::Token => plain_token(&shared.settings, kept, request, now),
        Call::StableToken => stable_token(&shared.settings, kept, request, now),
        Call::Send => send(&shared.settings, kept, request, now),
        Call::Typing => typing(kept, request, now),
        Call::Upload => upload(kept, request, now),
        Call::Download => download(kept, request, now),
        Call::UserInfo => user_info(kept, request),
    }
}

fn fields<'a>(request: &'a Request, known: &[&str]) -> Result<Fields<'a>, Errcode> {
    Fields::new(request.body.as_ref().ok_or(NOT_JSON)?, known).map_err(|_| NOT_JSON)
}

fn right(settings: &Settings, grant: Option<&str>, app_id: Option<&str>, secret: Option<&str>) -> Result<(), Errcode> {
    if grant != Some("client_credential") {
        return Err(GRANT_TYPE);
    }
    if app_id != Some(&settings.app_id) {
        return Err(APP_ID);
    }
    if secret == Some(&settings.secret) { Ok(()) } else { Err(SECRET) }
}

fn plain_token(settings: &Settings, kept: &mut Kept, request: &Request, now: i64) -> Answered {
    let query = |name: &str| request.query.get(name).map(String::as_str);
    right(settings, query("grant_type"), query("appid"), query("secret"))?;
    let (name, life) = kept.tokens.plain(&mut kept.rng, now);
    Ok(Answer::Data(json!({ "access_token": name, "expires_in": life })))
}

fn stable_token(settings: &Settings, kept: &mut Kept, request: &Request, now: i64) -> Answered {
    let asked = fields(request, &["grant_type", "appid", "secret", "force_refresh"])?;
    right(settings, asked.text("grant_type")?, asked.text("appid")?, asked.text("secret")?)?;
    let force = asked.flag("force_refresh")?.unwrap_or(false);
    let (name, life) = kept.tokens.stable(&mut kept.rng, now, force);
    Ok(Answer::Data(json!({ "access_token": name, "expires_in": life })))
}

fn send(settings: &Settings, kept: &mut Kept, request: &Request, now: i64) -> Answered {
    let message = fields(request, &["touser", "msgtype", "text", "image"])?;
    let openid = message.required("touser", OPENID)?;
    let customer = kept.people.get_mut(openid).ok_or(OPENID)?;
    match message.required("msgtype", MESSAGE_KIND)? {
        "text" => {
            let text = message.object("text", &["content"])?.ok_or(TEXT_EMPTY)?;
            let words = text.required("content", TEXT_EMPTY)?;
            if words.len() > TEXT_BYTES {
                return Err(TEXT_LONG);
            }
        }
        "image" => {
            let image = message.object("image", &["media_id"])?.ok_or(MEDIA_ID)?;
            let medium = kept.media.get(image.required("media_id", MEDIA_ID)?).ok_or(MEDIA_ID)?;
            alive(medium, now)?;
        }
        _ => return Err(MESSAGE_KIND),
    }
    if customer.unfollowed {
        return Err(settings.unfollowed);
    }
    customer.spend(now)?;
    Ok(Answer::Done)
}

fn typing(kept: &mut Kept, request: &Request, now: i64) -> Answered {
    let asked = fields(request, &["touser", "command"])?;
    let customer = kept.people.get_mut(asked.required("touser", OPENID)?).ok_or(OPENID)?;
    match asked.text("command")? {
        Some("Typing") => customer.typing(now)?,
        Some("CancelTyping") => customer.stop_typing(),
        _ => return Err(TYPING_COMMAND),
    }
    Ok(Answer::Done)
}

fn alive(medium: &Medium, now: i64) -> Result<(), Errcode> {
    if medium.created_ms + MEDIA_LIFE_MS > now { Ok(()) } else { Err(MEDIA_ID) }
}

fn upload(kept: &mut Kept, request: &Request, now: i64) -> Answered {
    if request.query.get("type").map(String::as_str) != Some("image") {
        return Err(MEDIA_KIND);
    }
    let Upload { filename, bytes } = request.upload.as_ref().ok_or(MEDIA_MISSING)?;
    if bytes.len() > IMAGE_BYTES {
        return Err(MEDIA_BIG);
    }
    let forms: [&[u8]; 3] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8"];
    if !forms.iter().any(|form| bytes.starts_with(form)) {
        return Err(FILE_KIND);
    }
    let filename = filename.clone().ok_or(MEDIA_MISSING)?;
    let id = kept.store(filename, bytes.clone(), now);
    Ok(Answer::Data(json!({ "type": "image", "media_id": id, "created_at": now / SECOND_MS })))
}

impl Kept {
    /// Keeps a file and gives its id.
    pub(super) fn store(&mut self, filename: String, bytes: Vec<u8>, now: i64) -> String {
        let id = format!("media_{}", self.rng.hex());
        self.media.insert(id.clone(), Medium { bytes, filename, created_ms: now });
        id
    }
}

fn download(kept: &Kept, request: &Request, now: i64) -> Answered {
    let medium = request.query.get("media_id").and_then(|id| kept.media.get(id)).ok_or(MEDIA_ID)?;
    alive(medium, now)?;
    Ok(Answer::File { filename: medium.filename.clone(), bytes: medium.bytes.clone() })
}

/// No name and no picture: since 2021-12-27 they come empty.
fn user_info(kept: &Kept, request: &Request) -> Answered {
    let openid = request.query.get("openid").ok_or(OPENID)?;
    let customer = kept.people.get(openid).ok_or(OPENID)?;
    if !customer.follows {
        return Ok(Answer::Data(json!({ "subscribe": 0, "openid": openid })));
    }
    Ok(Answer::Data(json!({
        "subscribe": 1, "openid": openid, "nickname": "", "sex": 0, "language": "zh_CN", "city": "", "province": "",
        "country": "", "headimgurl": "", "subscribe_time": customer.followed_ms / SECOND_MS, "remark": "", "groupid": 0,
        "tagid_list": [], "subscribe_scene": "ADD_SCENE_SEARCH", "qr_scene": 0, "qr_scene_str": "",
    })))
}
