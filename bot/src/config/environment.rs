//! The environment: addresses and secrets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use channels::telegram::{self, Secret};
use channels::webhook::sign::{Key, KeyError};
use channels::wecom::aibot;
use secrecy::SecretString;
use url::Url;

use super::{ConfigError, Database};

/// Where WeCom's own API is.
const WECOM_API_BASE: &str = "https://qyapi.weixin.qq.com/cgi-bin";
/// Where the Official Accounts' API is.
const OFFICIAL_API_BASE: &str = "https://api.weixin.qq.com/cgi-bin";
/// Characters of an `EncodingAESKey` (wecom 90968).
const AES_KEY_CHARS: usize = 43;
/// Characters of our own secret: 32 bytes in hexadecimal digits.
const SECRET_KEY_CHARS: usize = 64;

/// Everything the environment says. Secrets are never shown.
#[derive(Debug)]
pub struct Environment {
    /// `AIJIA_CONFIG`: the desk's configuration file.
    pub config: PathBuf,
    /// `AIJIA_LISTEN`: the address HTTP is served on.
    pub listen: SocketAddr,
    /// `AIJIA_PUBLIC_URL`: how people and platforms reach us, without a slash at the end.
    pub public_url: Option<String>,
    /// `AIJIA_DATA_DIR`: what is kept beside the database.
    pub data_dir: PathBuf,
    /// `AIJIA_SECRET_KEY`, 64 hexadecimal digits; when absent, one is made and kept under the data directory. Never
    /// absent with PostgreSQL.
    pub secret_key: Option<SecretString>,
    /// `DATABASE_URL`.
    pub database: Database,
    /// `WECOM_…`, once set.
    pub wecom: Option<Wecom>,
    /// `WEBHOOK_SECRETS`: the keys of each webhook channel, by its id, the newest first.
    pub webhooks: BTreeMap<String, Vec<Key>>,
    /// `STORE_API_KEYS`: what shop systems' APIs are asked with, by store.
    pub store_api_keys: BTreeMap<String, SecretString>,
    /// `STORE_TRACKING_KEYS`: what logistics services are asked with, by store.
    pub store_tracking_keys: BTreeMap<String, SecretString>,
    /// `TELEGRAM_…`, once set.
    pub telegram: Option<Telegram>,
    /// `OFFICIAL_…`, once set.
    pub official: Option<Official>,
    /// `WECOM_AIBOT_…`, once set.
    pub aibot: Option<Aibot>,
    /// `OPENAI_…`, once set; without it the built-in drafter works alone.
    pub openai: Option<OpenAi>,
    /// What says what customers' pictures show, once `OPENAI_VISION_MODEL` is set.
    pub eyes: Option<OpenAi>,
    /// What says what customers' voices say, once `OPENAI_TRANSCRIPTION_MODEL` is set.
    pub ears: Option<OpenAi>,
    /// `AIJIA_CHROMIUM`: the browser's program, where it is not one that is found by itself.
    pub chromium: Option<PathBuf>,
    /// `AIJIA_FONT`: a font with Chinese letters for the report's pictures, where the system's is not found.
    pub font: Option<PathBuf>,
    /// What says what texts mean, once something is configured.
    pub encoder: Option<Encoder>,
}

/// The self-built WeCom app.
#[derive(Debug, Clone)]
pub struct Wecom {
    /// `WECOM_CORP_ID`: the company.
    pub corp_id: String,
    /// `WECOM_AGENT_ID`: the app.
    pub agent_id: i64,
    /// `WECOM_APP_SECRET`: what access tokens are got with.
    pub app_secret: SecretString,
    /// `WECOM_CALLBACK_…`; none where colleagues are on the AI bot and customers' messages are asked for.
    pub callback: Option<WecomCallback>,
    /// `WECOM_API_BASE`: where the API is, without a slash at the end.
    pub api_base: String,
    /// `WECOM_DUPLICATE_MSGID_CODE`: the error code this tenant was seen to answer for a customer message id
    /// that was used before. Undocumented by WeCom; unset until it was seen.
    pub duplicate_msgid_code: Option<i64>,
}

/// What WeCom's callbacks prove themselves by.
#[derive(Debug, Clone)]
pub struct WecomCallback {
    /// `WECOM_CALLBACK_TOKEN`: what they are signed with.
    pub token: SecretString,
    /// `WECOM_CALLBACK_AES_KEY`: what they are encrypted with, 43 characters.
    pub aes_key: SecretString,
}

/// A Telegram bot.
#[derive(Debug, Clone)]
pub struct Telegram {
    /// `TELEGRAM_BOT_TOKEN`: as BotFather gives it.
    pub token: SecretString,
    /// `TELEGRAM_API_BASE`: where the Bot API is, without a slash at the end.
    pub api_base: String,
    /// `TELEGRAM_WEBHOOK_SECRET`: Telegram delivers to us and proves itself by it; without, we ask.
    pub webhook_secret: Option<Secret>,
}

/// A WeChat Official Account (公众号).
#[derive(Debug, Clone)]
pub struct Official {
    /// `OFFICIAL_APP_ID`: the account.
    pub app_id: String,
    /// `OFFICIAL_APP_SECRET`: what access tokens are got with.
    pub app_secret: SecretString,
    /// `OFFICIAL_TOKEN`: what callbacks are signed with.
    pub token: SecretString,
    /// `OFFICIAL_AES_KEY`: what callbacks are encrypted with; none in plain mode (明文模式).
    pub aes_key: Option<SecretString>,
    /// `OFFICIAL_ORIGINAL_ID`: whom callbacks in plain mode are meant for.
    pub original_id: Option<String>,
    /// `OFFICIAL_API_BASE`: where the API is, without a slash at the end.
    pub api_base: String,
}

/// A WeCom AI bot (智能机器人) over its long connection.
#[derive(Debug, Clone)]
pub struct Aibot {
    /// `WECOM_AIBOT_ID`: the bot.
    pub id: String,
    /// `WECOM_AIBOT_SECRET`: the secret of its long connection.
    pub secret: SecretString,
    /// `WECOM_AIBOT_URL`: where it connects to.
    pub url: String,
}

/// A language model behind an OpenAI-compatible API.
#[derive(Debug, Clone)]
pub struct OpenAi {
    /// `OPENAI_BASE_URL`, without a slash at the end.
    pub base_url: String,
    /// `OPENAI_API_KEY`.
    pub api_key: SecretString,
    /// `OPENAI_MODEL`.
    pub model: String,
}

/// What says what texts mean.
#[derive(Debug, Clone)]
pub enum Encoder {
    /// `AIJIA_ENCODER`: the folder of an encoder on this machine.
    Folder(PathBuf),
    /// `OPENAI_EMBEDDING_MODEL`: a model of the language model's server, or of one of its own.
    Server(OpenAi),
}

const WECOM_NEEDED: [&str; 5] =
    ["WECOM_CORP_ID", "WECOM_AGENT_ID", "WECOM_APP_SECRET", "WECOM_CALLBACK_TOKEN", "WECOM_CALLBACK_AES_KEY"];
const WECOM_CALLBACK: [&str; 2] = ["WECOM_CALLBACK_TOKEN", "WECOM_CALLBACK_AES_KEY"];
const WECOM_OPTIONAL: [&str; 2] = ["WECOM_API_BASE", "WECOM_DUPLICATE_MSGID_CODE"];
const WEBHOOK_SECRETS: &str = "WEBHOOK_SECRETS";
const STORE_API_KEYS: &str = "STORE_API_KEYS";
const STORE_TRACKING_KEYS: &str = "STORE_TRACKING_KEYS";
const TELEGRAM_NEEDED: [&str; 1] = ["TELEGRAM_BOT_TOKEN"];
const TELEGRAM_OPTIONAL: [&str; 2] = ["TELEGRAM_API_BASE", "TELEGRAM_WEBHOOK_SECRET"];
const OFFICIAL_NEEDED: [&str; 3] = ["OFFICIAL_APP_ID", "OFFICIAL_APP_SECRET", "OFFICIAL_TOKEN"];
const OFFICIAL_OPTIONAL: [&str; 3] = ["OFFICIAL_AES_KEY", "OFFICIAL_ORIGINAL_ID", "OFFICIAL_API_BASE"];
const OPENAI_NEEDED: [&str; 3] = ["OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"];

const AIBOT_NEEDED: [&str; 2] = ["WECOM_AIBOT_ID", "WECOM_AIBOT_SECRET"];
const AIBOT_OPTIONAL: [&str; 1] = ["WECOM_AIBOT_URL"];

/// Further models: the name, and the address and key of a server of their own.
const EMBEDDING: [&str; 3] = ["OPENAI_EMBEDDING_MODEL", "OPENAI_EMBEDDING_BASE_URL", "OPENAI_EMBEDDING_API_KEY"];
const VISION: [&str; 3] = ["OPENAI_VISION_MODEL", "OPENAI_VISION_BASE_URL", "OPENAI_VISION_API_KEY"];
const TRANSCRIPTION: [&str; 3] =
    ["OPENAI_TRANSCRIPTION_MODEL", "OPENAI_TRANSCRIPTION_BASE_URL", "OPENAI_TRANSCRIPTION_API_KEY"];

impl Environment {
    /// Reads every variable through `vars`; one that is empty counts as not set.
    ///
    /// # Errors
    /// All mistakes at once.
    pub fn read(vars: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<ConfigError>> {
        let mut reader = Reader { vars: &vars, errors: Vec::new() };
        let read = reader.everything();
        match read {
            Some(environment) if reader.errors.is_empty() => Ok(environment),
            _ => Err(reader.errors),
        }
    }
}

struct Reader<'v> {
    vars: &'v dyn Fn(&str) -> Option<String>,
    errors: Vec<ConfigError>,
}

impl Reader<'_> {
    /// Nothing only when there are errors.
    fn everything(&mut self) -> Option<Environment> {
        let data_dir = PathBuf::from(self.value("AIJIA_DATA_DIR").unwrap_or_else(|| "./data".to_owned()));
        let listen = self.value("AIJIA_LISTEN").unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        let listen = self.parsed("AIJIA_LISTEN", &listen, "an address and a port", "write it as 127.0.0.1:8080");
        let public_url = self.address("AIJIA_PUBLIC_URL");
        let secret_key = self.secret_key();
        let database = Database::from_url(self.value("DATABASE_URL").as_deref(), &data_dir);
        let database = database.map_err(|error| self.errors.push(error)).ok();
        if matches!(database, Some(Database::Postgres(_))) && self.value("AIJIA_SECRET_KEY").is_none() {
            self.shared_secret_missing();
        }
        let (wecom, webhooks, openai) = (self.wecom(), self.webhooks(), self.openai());
        let encoder = self.encoder(openai.as_ref());
        let (eyes, ears) =
            (self.other_model(&VISION, openai.as_ref()), self.other_model(&TRANSCRIPTION, openai.as_ref()));
        let (telegram, official, aibot) = (self.telegram(public_url.is_some()), self.official(), self.aibot());
        Some(Environment {
            config: self.value("AIJIA_CONFIG").unwrap_or_else(|| "aijia.toml".to_owned()).into(),
            listen: listen?,
            public_url,
            data_dir,
            secret_key,
            database: database?,
            wecom,
            webhooks,
            store_api_keys: self.keys_by_store(STORE_API_KEYS),
            store_tracking_keys: self.keys_by_store(STORE_TRACKING_KEYS),
            telegram,
            official,
            aibot,
            openai,
            encoder,
            eyes,
            ears,
            chromium: self.value("AIJIA_CHROMIUM").map(PathBuf::from),
            font: self.value("AIJIA_FONT").map(PathBuf::from),
        })
    }

    fn wecom(&mut self) -> Option<Wecom> {
        let all: Vec<_> = WECOM_NEEDED.into_iter().chain(WECOM_OPTIONAL).collect();
        // Without an AI bot nobody could press anything, so the callbacks are needed.
        let has_callback = WECOM_CALLBACK.iter().any(|name| self.value(name).is_some());
        let without = !has_callback && self.value("WECOM_AIBOT_ID").is_some();
        let needed: &[&'static str] = if without { &WECOM_NEEDED[..3] } else { &WECOM_NEEDED };
        self.needed(needed, &all, "WeCom")?;
        let agent_id = self.value("WECOM_AGENT_ID")?;
        let agent_id = self.parsed("WECOM_AGENT_ID", &agent_id, "a number", "copy the AgentId of the self-built app");
        let key = self.aes_key("WECOM_CALLBACK_AES_KEY", "copy EncodingAESKey from the app's callback settings");
        let base = self.address("WECOM_API_BASE");
        let duplicate = self.value("WECOM_DUPLICATE_MSGID_CODE").map(|code| {
            let todo = "write the errcode WeCom answered, or leave it empty";
            self.parsed("WECOM_DUPLICATE_MSGID_CODE", &code, "a number", todo)
        });
        Some(Wecom {
            corp_id: self.value("WECOM_CORP_ID")?,
            agent_id: agent_id?,
            app_secret: self.value("WECOM_APP_SECRET")?.into(),
            callback: if without {
                None
            } else {
                Some(WecomCallback { token: self.value("WECOM_CALLBACK_TOKEN")?.into(), aes_key: key?.into() })
            },
            api_base: base.unwrap_or_else(|| WECOM_API_BASE.to_owned()),
            duplicate_msgid_code: duplicate.flatten(),
        })
    }

    /// `channel=whsec_… whsec_…; other=whsec_…`: several keys of one channel while they are changed.
    fn webhooks(&mut self) -> BTreeMap<String, Vec<Key>> {
        let text = self.value(WEBHOOK_SECRETS).unwrap_or_default();
        let mut all = BTreeMap::new();
        for entry in text.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
            let todo = "write CHANNEL=whsec_…; several channels with a semicolon between them";
            let Some((channel, keys)) = entry.split_once('=') else {
                self.error::<()>(WEBHOOK_SECRETS, "has an entry without a channel", todo);
                continue;
            };
            let read: Result<Vec<Key>, KeyError> = keys.split_whitespace().map(Key::parse).collect();
            match read {
                Ok(keys) if !keys.is_empty() => drop(all.insert(channel.trim().to_owned(), keys)),
                Ok(_) => drop(self.error::<()>(WEBHOOK_SECRETS, format!("has no secret for {channel:?}"), todo)),
                Err(why) => {
                    let todo = "make one with `echo whsec_$(openssl rand -base64 32)`";
                    self.error::<()>(WEBHOOK_SECRETS, format!("the secret of {channel:?} is not usable: {why}"), todo);
                }
            }
        }
        all
    }

    /// `store=key; other=key`.
    fn keys_by_store(&mut self, name: &str) -> BTreeMap<String, SecretString> {
        let text = self.value(name).unwrap_or_default();
        let mut all = BTreeMap::new();
        for entry in text.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
            match entry.split_once('=') {
                Some((store, key)) if !store.trim().is_empty() && !key.trim().is_empty() => {
                    all.insert(store.trim().to_owned(), SecretString::from(key.trim()));
                }
                _ => {
                    let todo = "write STORE=KEY; several stores with a semicolon between them";
                    self.error::<()>(name, "has an entry without a store or a key", todo);
                }
            }
        }
        all
    }

    fn telegram(&mut self, has_public_url: bool) -> Option<Telegram> {
        let all: Vec<_> = TELEGRAM_NEEDED.into_iter().chain(TELEGRAM_OPTIONAL).collect();
        self.needed(&TELEGRAM_NEEDED, &all, "Telegram")?;
        let base = self.address("TELEGRAM_API_BASE").unwrap_or_else(|| telegram::OFFICIAL.to_owned());
        let name = "TELEGRAM_WEBHOOK_SECRET";
        let secret = self.value(name).map(SecretString::from);
        if secret.is_some() && !has_public_url {
            let todo = "set AIJIA_PUBLIC_URL, where Telegram reaches us, or leave it empty: then we ask Telegram";
            self.error::<()>(name, "set, although AIJIA_PUBLIC_URL is not", todo);
        }
        let todo = "write 1 to 256 letters, digits, _ or -";
        let webhook_secret = match secret {
            Some(secret) => {
                Some(Secret::new(&secret).or_else(|| self.error(name, "is not what Telegram takes", todo))?)
            }
            None => None,
        };
        Some(Telegram { token: self.value("TELEGRAM_BOT_TOKEN")?.into(), api_base: base, webhook_secret })
    }

    fn official(&mut self) -> Option<Official> {
        let all: Vec<_> = OFFICIAL_NEEDED.into_iter().chain(OFFICIAL_OPTIONAL).collect();
        self.needed(&OFFICIAL_NEEDED, &all, "the Official Account")?;
        let todo =
            "copy EncodingAESKey from the account's server settings (安全模式), or set OFFICIAL_ORIGINAL_ID instead";
        let name = "OFFICIAL_AES_KEY";
        let aes_key = self.aes_key(name, todo);
        let original_id = self.value("OFFICIAL_ORIGINAL_ID");
        if self.value(name).is_none() && original_id.is_none() {
            return self.error(name, "not set, and OFFICIAL_ORIGINAL_ID neither", todo);
        }
        Some(Official {
            app_id: self.value("OFFICIAL_APP_ID")?,
            app_secret: self.value("OFFICIAL_APP_SECRET")?.into(),
            token: self.value("OFFICIAL_TOKEN")?.into(),
            aes_key: aes_key.map(SecretString::from),
            original_id,
            api_base: self.address("OFFICIAL_API_BASE").unwrap_or_else(|| OFFICIAL_API_BASE.to_owned()),
        })
    }

    fn aibot(&mut self) -> Option<Aibot> {
        let all: Vec<_> = AIBOT_NEEDED.into_iter().chain(AIBOT_OPTIONAL).collect();
        self.needed(&AIBOT_NEEDED, &all, "the AI bot")?;
        let url = self.value("WECOM_AIBOT_URL").unwrap_or_else(|| aibot::OFFICIAL_URL.to_owned());
        if let Err(why) = aibot::check_url(&url) {
            return self.error("WECOM_AIBOT_URL", why.to_string(), "leave it empty for the official address");
        }
        Some(Aibot { id: self.value("WECOM_AIBOT_ID")?, secret: self.value("WECOM_AIBOT_SECRET")?.into(), url })
    }

    fn openai(&mut self) -> Option<OpenAi> {
        self.needed(&OPENAI_NEEDED, &OPENAI_NEEDED, "the language model")?;
        Some(OpenAi {
            base_url: self.address("OPENAI_BASE_URL")?,
            api_key: self.value("OPENAI_API_KEY")?.into(),
            model: self.value("OPENAI_MODEL")?,
        })
    }

    fn encoder(&mut self, openai: Option<&OpenAi>) -> Option<Encoder> {
        let folder = self.value("AIJIA_ENCODER").map(PathBuf::from);
        if folder.is_some() && self.value("OPENAI_EMBEDDING_MODEL").is_some() {
            return self.error("AIJIA_ENCODER", "set, and OPENAI_EMBEDDING_MODEL too", "empty one of them");
        }
        let server = self.other_model(&EMBEDDING, openai).map(Encoder::Server);
        server.or(folder.map(Encoder::Folder))
    }

    /// A further model: on a server of its own where one is named, else on the language model's.
    fn other_model(&mut self, [name, base, key]: &[&'static str; 3], openai: Option<&OpenAi>) -> Option<OpenAi> {
        let Some(model) = self.value(name) else {
            let alone = [*base, *key].into_iter().find(|name| self.value(name).is_some());
            if let Some(alone) = alone {
                self.error::<()>(alone, format!("set, although {name} is not"), "set both, or none");
            }
            return None;
        };
        let base_url = self.address(base).or_else(|| Some(openai?.base_url.clone()));
        let api_key = self.value(key).map(SecretString::from).or_else(|| Some(openai?.api_key.clone()));
        match (base_url, api_key) {
            (Some(base_url), Some(api_key)) => Some(OpenAi { base_url, api_key, model }),
            _ => {
                let todo = format!("set {base} and {key}, or a language model's server");
                self.error(name, "set, but no server has it", todo)
            }
        }
    }

    /// Nothing when none of `all` is set, or, with an error each, when some of `needed` are not.
    fn needed(&mut self, needed: &[&'static str], all: &[&'static str], what: &str) -> Option<()> {
        let set = *all.iter().find(|name| self.value(name).is_some())?;
        let missing: Vec<_> = needed.iter().copied().filter(|name| self.value(name).is_none()).collect();
        for name in &missing {
            let todo = format!("set it, or empty all of {what}'s settings: {}", all.join(", "));
            self.errors.push(ConfigError::new(*name, format!("not set, although {set} is"), todo));
        }
        missing.is_empty().then_some(())
    }

    fn aes_key(&mut self, name: &'static str, todo: &str) -> Option<String> {
        self.of_length(name, AES_KEY_CHARS, ("A-Z, a-z and 0-9", |c| c.is_ascii_alphanumeric()), todo)
    }

    fn secret_key(&mut self) -> Option<SecretString> {
        let todo = "make one with `openssl rand -hex 32`, or leave it empty";
        let digits =
            self.of_length("AIJIA_SECRET_KEY", SECRET_KEY_CHARS, ("0-9 and a-f", |c| c.is_ascii_hexdigit()), todo);
        digits.map(SecretString::from)
    }

    /// Instances that each make their own secret would not believe each other's signatures.
    fn shared_secret_missing(&mut self) {
        let what = "not set, although DATABASE_URL names PostgreSQL, whose instances share one secret";
        let todo = "make one with `openssl rand -hex 32` and give it to every instance";
        self.errors.push(ConfigError::new("AIJIA_SECRET_KEY", what, todo));
    }

    /// A secret of so many characters, all of the kind named and tested by `digits`.
    fn of_length(
        &mut self,
        name: &'static str,
        length: usize,
        (kind, is_digit): (&str, fn(char) -> bool),
        todo: &str,
    ) -> Option<String> {
        let text = self.value(name)?;
        let count = text.chars().count();
        if count != length {
            return self.error(name, format!("has {count} characters, must be {length}"), todo);
        }
        if !text.chars().all(is_digit) {
            return self.error(name, format!("has characters other than {kind}"), todo);
        }
        Some(text)
    }

    /// An `http` or `https` address without a slash at the end.
    fn address(&mut self, name: &'static str) -> Option<String> {
        let text = self.value(name)?;
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.query().is_none();
        match Url::parse(&text) {
            Ok(url) if is_web(&url) && url.fragment().is_none() => Some(text.trim_end_matches('/').to_owned()),
            _ => self.error(name, "is not a web address", "write https://HOST or https://HOST/PATH"),
        }
    }

    /// The text is never repeated in the error: it may be a secret that slipped into the wrong line.
    fn parsed<T: FromStr>(&mut self, name: &'static str, text: &str, wanted: &str, todo: &str) -> Option<T> {
        text.parse().map_or_else(|_| self.error(name, format!("is not {wanted}"), todo), Some)
    }

    fn value(&self, name: &str) -> Option<String> {
        let text = (self.vars)(name)?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn error<T>(&mut self, name: &str, what: impl Into<String>, todo: impl Into<String>) -> Option<T> {
        self.errors.push(ConfigError::new(name, what, todo));
        None
    }
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
