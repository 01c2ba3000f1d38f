//! `aijia wecom …`: setting a tenant up, and looking at it step by step.

use anyhow::Context;
use channels::wecom::api::ApiError;
use channels::wecom::kf::KfAccount;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{Failure, Verdict, assemble};
use crate::app::{App, Wecom};
use crate::clock::SECOND;
use crate::desk::{Channel, ChannelKind, Desk};
use crate::start;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Check a tenant step by step, and say what to do about what is not right
    Doctor,
    /// Create the app's menu with the common commands
    Menu,
}

pub(super) async fn run(command: Command) -> Result<Verdict, Failure> {
    let app = assemble().await?;
    let wecom = start::wecom_of(&app).map_err(|start::BadConfig(problems)| Failure::Config(problems))?;
    let reader = app.clone();
    let desk = app.store.read(move |tx| Box::pin(async move { reader.desk(tx).await })).await?;
    match command {
        Command::Menu => {
            create_menu(wecom, &desk.desk).await?;
            println!("the menu is there; colleagues may have to open the app again to see it");
            Ok(Verdict::Good)
        }
        Command::Doctor => Ok(doctor(&app, wecom, &desk.desk).await),
    }
}

/// Gives the app its menu.
///
/// # Errors
/// When the platform refuses.
pub(crate) async fn create_menu(wecom: &Wecom, desk: &Desk) -> Result<(), ApiError> {
    wecom.app.create_menu(&menu(desk)).await
}

/// The app's menu: three columns at most (wecom 90231); the keys are commands.
fn menu(desk: &Desk) -> Value {
    let words = crate::app::words(desk.desk.locale.parse().unwrap_or_default());
    let click = |key: &str, command: &str| json!({ "type": "click", "name": words.text(key, &[]), "key": command });
    json!({ "button": [
        { "name": words.text("menu.work", &[]), "sub_button": [
            click("menu.queue", "/queue"), click("menu.status", "/status"), click("menu.help", "/help"),
        ] },
        { "name": words.text("menu.duty", &[]), "sub_button": [
            click("menu.on_duty", "/上班"), click("menu.off_duty", "/下班"), click("menu.whoami", "/whoami"),
        ] },
        click("menu.pause", "/pause"),
    ] })
}

/// What a step of the doctor found.
struct Finding {
    step: String,
    problem: Option<String>,
}

async fn doctor(app: &App, wecom: &Wecom, desk: &Desk) -> Verdict {
    let mut findings = vec![token(wecom).await, visible(wecom).await];
    findings.extend(accounts(wecom, desk).await);
    for person in &desk.people {
        let Some(member) = &person.wecom else { continue };
        findings.push(known_member(wecom, member, &person.name).await);
    }
    findings.push(callback(app, wecom).await);
    for finding in &findings {
        match &finding.problem {
            None => println!("ok    {}", finding.step),
            Some(problem) => println!("FAIL  {}: {problem}", finding.step),
        }
    }
    if findings.iter().all(|f| f.problem.is_none()) { Verdict::Good } else { Verdict::Bad }
}

fn finding(step: String, answer: Result<(), ApiError>) -> Finding {
    Finding { step, problem: answer.err().map(|error| advice(&error)) }
}

async fn token(wecom: &Wecom) -> Finding {
    finding("access token".into(), wecom.api.check().await)
}

async fn visible(wecom: &Wecom) -> Finding {
    finding("app and its visible range".into(), wecom.app.agent().await.map(drop))
}

async fn known_member(wecom: &Wecom, member: &str, name: &str) -> Finding {
    let step = format!("member {member} ({name})");
    match wecom.app.user(member).await {
        Ok(Some(found)) if found.active == Some(false) => {
            Finding { step, problem: Some("has not activated WeCom yet; ask them to sign in once".into()) }
        }
        Ok(Some(_)) => Finding { step, problem: None },
        Ok(None) => {
            let problem = "the platform does not know this member: compare the id in [[people]] with 管理后台 → 通讯录";
            Finding { step, problem: Some(problem.into()) }
        }
        Err(error) => finding(step, Err(error)),
    }
}

/// Accounts the platform lets this app see, a hundred at most.
const ACCOUNTS: u32 = 100;

async fn accounts(wecom: &Wecom, desk: &Desk) -> Vec<Finding> {
    let step = "customer-service accounts".to_owned();
    let listed = match wecom.kf.accounts(0, ACCOUNTS).await {
        Ok(listed) => listed,
        Err(error) => return vec![finding(step, Err(error))],
    };
    listed.iter().for_each(|account| println!("      account = \"{}\"  {}", account.open_kfid, account.name));
    let channels = desk.channels.iter().filter(|c| c.kind == ChannelKind::WecomKf);
    channels.map(|channel| account(channel, &listed)).collect()
}

fn account(channel: &Channel, listed: &[KfAccount]) -> Finding {
    let step = format!("customer-service account {} ({})", channel.id, channel.account);
    let found = listed.iter().find(|account| account.open_kfid == channel.account);
    let problem = match found {
        Some(account) if account.managed == Some(false) => Some(
            "this app may not speak for it (48007): 微信客服 → API → 可调用接口的应用, then put the account under API 管理",
        ),
        Some(_) => None,
        None => Some("no such account: copy one of the ids above into [[channels]] account"),
    };
    Finding { step, problem: problem.map(str::to_owned) }
}

/// Asks our own callback URL what WeCom asks it when it is saved in the console.
async fn callback(app: &App, wecom: &Wecom) -> Finding {
    let step = "callback URL".to_owned();
    if wecom.crypt.is_none() {
        return Finding { step: format!("{step}: none is needed, colleagues are on the AI bot"), problem: None };
    }
    let Some(url) = &app.public_url else {
        let todo =
            "set AIJIA_PUBLIC_URL to the address WeCom can reach, and enter it with /callback/wecom as 接收消息 URL";
        return Finding { step, problem: Some(todo.into()) };
    };
    let base = url.trim_end_matches('/');
    let answered = match url_check(app, wecom, base).await {
        Ok(true) => None,
        Ok(false) => {
            Some(format!("{base}/callback/wecom answers something else: is it this aijia, with this token and key?"))
        }
        Err(problem) => Some(format!(
            "{base}/callback/wecom does not answer ({problem}): start `aijia serve`, then look at proxy and firewall"
        )),
    };
    Finding { step, problem: answered }
}

/// Whether the URL check is answered (wecom 90238).
async fn url_check(app: &App, wecom: &Wecom, base: &str) -> anyhow::Result<bool> {
    const PLAIN: &str = "aijia wecom doctor";
    let (timestamp, nonce) = ((app.clock.now() / SECOND).to_string(), "doctor");
    let crypt = wecom.crypt.as_ref().context("WECOM_CALLBACK_TOKEN is not set")?;
    let sealed = crypt.seal(PLAIN.as_bytes(), app.ids.random16()?, &timestamp, nonce);
    let mut url = url::Url::parse(&format!("{base}/callback/wecom"))?;
    url.query_pairs_mut()
        .append_pair("msg_signature", &sealed.msg_signature)
        .append_pair("timestamp", &timestamp)
        .append_pair("nonce", nonce)
        .append_pair("echostr", &sealed.encrypt);
    let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(5)).build()?;
    let answer = client.get(url).send().await.map_err(reqwest::Error::without_url)?;
    Ok(answer.text().await.map_err(reqwest::Error::without_url)? == PLAIN)
}

/// What to do about a code (wecom 90313).
fn advice(error: &ApiError) -> String {
    let ApiError::Refused { code, .. } = error else { return format!("{error}; check WECOM_API_BASE and the network") };
    let todo = match code {
        40001 | 40013 => "check WECOM_CORP_ID and WECOM_APP_SECRET (管理后台 → 应用管理 → the app → Secret)",
        60020 => "add this server's public address to the app's 企业可信IP",
        48002 | 48007 | 95011 | 95012 => {
            "put the account under API 管理 for this app: 微信客服 → API → 可调用接口的应用"
        }
        95000 | 95004 => "the channel's account is not an open_kfid of this company: compare [[channels]] account",
        81013 | 60011 | 60111 | 50002 | 301002 => {
            "put the member into the app's 可见范围, and compare the id in [[people]]"
        }
        _ => "look the code up at developer.work.weixin.qq.com/document/path/90313",
    };
    format!("{error}: {todo}")
}
