//! The wires to the platforms, from what the environment says of them.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use channels::official::{Account, AccountSettings, Door};
use channels::telegram::{self, Bot, ButtonKey};
use channels::wecom::api::{Api, ApiSettings};
use channels::wecom::crypt::{CallbackToken, Crypt};
use channels::wecom::{app as members, kf};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::{Digest, Sha256};

use crate::aibot::{self, Aibot};
use crate::app::{Official, Telegram, Wecom};
use crate::clock::{Clock, SECOND};
use crate::config;
use crate::tenant::Tenant;

/// Makes the share of this instance in one access token, by the token's name.
type Tenants<'a> = &'a dyn Fn(String) -> anyhow::Result<Tenant>;

pub(super) fn wecom(settings: &config::Wecom, clock: &Clock, tenant: Tenants<'_>) -> anyhow::Result<Wecom> {
    let tenant = tenant(token_name(&format!("{}:{}", settings.corp_id, settings.agent_id), &settings.app_secret))?;
    let api = ApiSettings {
        base: settings.api_base.clone(),
        corp_id: settings.corp_id.clone(),
        secret: settings.app_secret.clone(),
    };
    let api = Arc::new(Api::new(api, seconds(clock))?.sharing(Arc::new(tenant)));
    let crypt = settings.callback.as_ref().map(|callback| {
        let crypt = Crypt::new(callback.token.expose_secret(), callback.aes_key.expose_secret(), &settings.corp_id);
        crypt.context("WECOM_CALLBACK_AES_KEY is not usable")
    });
    Ok(Wecom {
        app: members::App::new(api.clone(), settings.agent_id),
        kf: kf::Kf::new(api.clone()),
        crypt: crypt.transpose()?,
        api,
        api_base: settings.api_base.clone(),
        corp_id: settings.corp_id.clone(),
        agent_id: settings.agent_id,
        duplicate_code: settings.duplicate_msgid_code,
    })
}

/// `button_key`: signs the buttons of colleagues' cards.
pub(super) fn telegram(settings: &config::Telegram, button_key: [u8; 32]) -> anyhow::Result<Telegram> {
    let bot = telegram::Settings { base: settings.api_base.clone(), token: settings.token.clone() };
    let bot = Bot::new(bot).context("TELEGRAM_BOT_TOKEN or TELEGRAM_API_BASE is not usable")?;
    let buttons = ButtonKey::new(&SecretSlice::from(button_key.to_vec()))?;
    Ok(Telegram {
        bot,
        webhook_secret: settings.webhook_secret.clone(),
        buttons,
        username: OnceLock::new(),
        arranged: AtomicBool::new(false),
        troubled: AtomicBool::new(false),
    })
}

pub(super) fn aibot(settings: &config::Aibot) -> anyhow::Result<Aibot> {
    let config::Aibot { id, secret, url } = settings.clone();
    Ok(Aibot::new(aibot::Settings { url, id, secret })?)
}

pub(super) fn official(settings: &config::Official, clock: &Clock, tenant: Tenants<'_>) -> anyhow::Result<Official> {
    let tenant = tenant(token_name(&settings.app_id, &settings.app_secret))?;
    let account = AccountSettings {
        base: settings.api_base.clone(),
        app_id: settings.app_id.clone(),
        secret: settings.app_secret.clone(),
    };
    let account = Account::new(account, seconds(clock), Some(Arc::new(tenant)))?;
    Ok(Official { account, door: door(settings)?, app_id: settings.app_id.clone() })
}

fn door(settings: &config::Official) -> anyhow::Result<Door> {
    let token = settings.token.expose_secret();
    match (&settings.aes_key, &settings.original_id) {
        (Some(key), _) => {
            let crypt = Crypt::new(token, key.expose_secret(), &settings.app_id);
            Ok(Door::Sealed(crypt.context("OFFICIAL_AES_KEY is not usable")?))
        }
        (None, Some(original_id)) => {
            let token = CallbackToken::new(token).context("OFFICIAL_TOKEN is not usable")?;
            Ok(Door::Clear { token, original_id: original_id.clone() })
        }
        (None, None) => anyhow::bail!("OFFICIAL_AES_KEY or OFFICIAL_ORIGINAL_ID must be set"),
    }
}

/// A name under which the token of an account is kept, new with every secret.
fn token_name(account: &str, secret: &SecretString) -> String {
    format!("{account}:{}", hex::encode(&Sha256::digest(secret.expose_secret())[..8]))
}

fn seconds(clock: &Clock) -> channels::wecom::api::Clock {
    let clock = clock.clone();
    Arc::new(move || clock.now() / SECOND)
}
