//! Callbacks to the bot in the three modes ("push/encryption"), tried three times.

use channels::wecom::crypt::Sealed;
use serde_json::{Map, Value};

use crate::callbacks::{Answer, answer_of, with_query};
use crate::clock::SECOND_MS;
use crate::impossible::Impossible;
use crate::settings::Nonce;
use crate::xml::{self, Content, Style};

use super::{Delivery, Mode, Notation, Official, Shared};

/// How often a callback is tried in all.
const ATTEMPTS: u32 = 3;

/// One request to the bot, as it went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knock {
    /// By name; written percent-encoded.
    pub query: Vec<(&'static str, String)>,
    /// XML or JSON.
    pub body: String,
}

impl Shared {
    /// Delivers what happened, `elements` in their order, until the bot answers 200.
    pub(super) async fn deliver(&self, elements: &[(&'static str, Content)]) -> Result<Delivery, Impossible> {
        let mut knock = self.knock(elements);
        let mut attempt = 1;
        loop {
            let answer = self.post(&knock).await?;
            self.note(&knock, &answer);
            if answer.status == Some(200) || attempt >= ATTEMPTS {
                return Ok(Delivery { status: answer.status, body: answer.raw, attempts: attempt });
            }
            attempt += 1;
            if self.settings.retry_nonce == Nonce::Changed {
                knock = self.knock(elements);
            }
        }
    }

    /// Empty and `success` are no reply; anything else would have to be a reply of its own form.
    fn note(&self, knock: &Knock, answer: &Answer) {
        let mut kept = self.kept();
        kept.knocks.push(knock.clone());
        if answer.status == Some(200) && !matches!(answer.raw.as_str(), "" | "success") {
            kept.bubbles.push(answer.raw.clone());
        }
    }

    async fn post(&self, knock: &Knock) -> Result<Answer, Impossible> {
        let door = self.kept().door.clone().ok_or(Impossible::NoCallback)?;
        let pairs: Vec<(&str, &str)> = knock.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = self.http.post(with_query(&door, &pairs)).header("content-type", "text/xml");
        Ok(answer_of(request.timeout(self.settings.callback_timeout).body(knock.body.clone())).await)
    }

    fn knock(&self, elements: &[(&'static str, Content)]) -> Knock {
        let (timestamp, nonce, random) = self.envelope();
        let signature = self.crypt.token().sign(&timestamp, &nonce);
        let from = elements.iter().find_map(|(name, content)| match content {
            Content::Text(openid) if *name == "FromUserName" => Some(openid.clone()),
            _ => None,
        });
        let mut query = vec![
            ("signature", signature),
            ("timestamp", timestamp.clone()),
            ("nonce", nonce.clone()),
            ("openid", from.unwrap_or_default()),
        ];
        let clear = self.written(elements.to_vec());
        if self.settings.mode == Mode::Clear {
            return Knock { query, body: clear };
        }
        let Sealed { encrypt, msg_signature } = self.crypt.seal(clear.as_bytes(), random, &timestamp, &nonce);
        query.extend([("encrypt_type", "aes".to_owned()), ("msg_signature", msg_signature)]);
        let beside = match self.settings.mode {
            Mode::Compatible => elements.to_vec(),
            Mode::Clear | Mode::Safe => vec![("ToUserName", Content::Text(self.settings.original_id.clone()))],
        };
        let body = self.written([beside, vec![("Encrypt", Content::Text(encrypt))]].concat());
        Knock { query, body }
    }

    fn envelope(&self) -> (String, String, [u8; 16]) {
        let now = self.now();
        let rng = &mut self.kept().rng;
        ((now / SECOND_MS).to_string(), rng.below(10_000_000_000).to_string(), rng.bytes16())
    }

    fn written(&self, elements: Vec<(&'static str, Content)>) -> String {
        match self.settings.notation {
            Notation::Xml => xml::document(elements, Style { cdata: true, shuffle: None }),
            Notation::Json => object(elements).to_string(),
        }
    }
}

fn object(elements: Vec<(&'static str, Content)>) -> Value {
    let value = |content| match content {
        Content::Text(text) => Value::from(text),
        Content::Number(number) => Value::from(number),
        Content::Elements(inner) => object(inner),
    };
    Value::Object(elements.into_iter().map(|(name, content)| (name.to_owned(), value(content))).collect::<Map<_, _>>())
}

impl Official {
    /// Every request that went to the bot, in order.
    pub fn knocks(&self) -> Vec<Knock> {
        self.shared.kept().knocks.clone()
    }

    /// Sends one request to the bot, as it is and once: what was sent before, or what no platform sends. Gives the status.
    ///
    /// # Errors
    /// [`Impossible::NoCallback`].
    pub async fn knock(&self, knock: &Knock) -> Result<Option<u16>, Impossible> {
        Ok(self.shared.post(knock).await?.status)
    }

    /// The console's check of the callback address: the bot has to answer the `echostr` as it is, nothing else.
    ///
    /// # Errors
    /// [`Impossible::Verification`] with what was answered.
    pub async fn verify_callback_url(&self) -> Result<(), Impossible> {
        let shared = &self.shared;
        let door = shared.kept().door.clone().ok_or(Impossible::NoCallback)?;
        let (timestamp, nonce, _) = shared.envelope();
        let signature = shared.crypt.token().sign(&timestamp, &nonce);
        let echo = shared.kept().rng.next().to_string();
        let query = [("signature", &*signature), ("echostr", &*echo), ("timestamp", &*timestamp), ("nonce", &*nonce)];
        let request = shared.http.get(with_query(&door, &query)).timeout(shared.settings.callback_timeout);
        let answer = answer_of(request).await;
        if answer.status == Some(200) && answer.raw == echo {
            return Ok(());
        }
        Err(Impossible::Verification(format!("status {:?}, {} bytes", answer.status, answer.raw.len())))
    }
}
