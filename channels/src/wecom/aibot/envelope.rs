//! The bot by encrypted callbacks, without a long connection: the JSON envelope around the callback cipher (wecom 101033).

use crate::wecom::crypt::{Crypt, CryptError, CryptFault, Signed};
use serde_json::{Value, json};

/// Largest body read, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;

/// The decrypted JSON of a callback: an [`Incoming`](super::Incoming). `crypt` is made with an empty receive id.
///
/// # Errors
/// [`CryptError`], the same for every fault; a body that is no envelope counts as a wrong signature.
pub fn open(crypt: &Crypt, signed: &Signed<'_>, body: &[u8]) -> Result<Vec<u8>, CryptError> {
    let encrypt = sealed_in(body).ok_or(CryptFault::Signature)?;
    crypt.open(signed, &encrypt)
}

/// The answer to a callback. `nonce` must be the one of the callback's address; `at_secs` is Unix time; `random` must be
/// fresh for every answer.
pub fn seal(crypt: &Crypt, plain: &[u8], random: [u8; 16], at_secs: i64, nonce: &str) -> String {
    let sealed = crypt.seal(plain, random, &at_secs.to_string(), nonce);
    json!({ "encrypt": sealed.encrypt, "msgsignature": sealed.msg_signature, "timestamp": at_secs, "nonce": nonce })
        .to_string()
}

/// The one ciphertext; libraries disagree about the case of its name.
fn sealed_in(body: &[u8]) -> Option<String> {
    if body.len() > MAX_BODY {
        return None;
    }
    let Value::Object(fields) = serde_json::from_slice(body).ok()? else { return None };
    let mut found = fields.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case("encrypt"));
    match (found.next(), found.next()) {
        (Some((_, Value::String(encrypt))), None) => Some(encrypt),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(id: &str) -> Value {
        let lines = include_str!("../crypt_vectors.jsonl").lines();
        let mut vectors = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
        vectors.find(|vector| vector["id"] == id).unwrap()
    }

    fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
        vector[name].as_str().unwrap()
    }

    fn crypt(vector: &Value) -> Crypt {
        Crypt::new(text(vector, "token"), text(vector, "aes_key"), text(vector, "receiveid")).unwrap()
    }

    fn signed(vector: &Value) -> Signed<'_> {
        let (timestamp, nonce) = (text(vector, "timestamp"), text(vector, "nonce"));
        Signed { msg_signature: text(vector, "msg_signature"), timestamp, nonce }
    }

    #[test]
    fn the_json_vectors_open() {
        for id in ["V8", "V15", "V16", "S1"] {
            let v = vector(id);
            for name in ["encrypt", "Encrypt"] {
                let mut body = json!({"tousername": "", "agentid": "218"});
                body[name] = v["encrypt"].clone();
                let opened = open(&crypt(&v), &signed(&v), body.to_string().as_bytes());
                assert_eq!(opened.unwrap(), text(&v, "plain").as_bytes(), "{id}");
            }
        }
    }

    #[test]
    fn the_reply_vectors_seal_to_the_same_envelope() {
        for id in ["V16", "S1"] {
            let v = vector(id);
            let random = hex::decode(text(&v, "random_hex")).unwrap().try_into().unwrap();
            let at = text(&v, "timestamp").parse().unwrap();
            let sealed = seal(&crypt(&v), text(&v, "plain").as_bytes(), random, at, text(&v, "nonce"));
            let sealed: Value = serde_json::from_str(&sealed).unwrap();
            let expected = json!({"encrypt": v["encrypt"], "msgsignature": v["msg_signature"], "timestamp": at,
                "nonce": v["nonce"]});
            assert_eq!(sealed, expected, "{id}");
        }
    }

    #[test]
    fn what_is_no_envelope_or_was_changed_is_refused() {
        let v = vector("S1");
        let encrypt = text(&v, "encrypt");
        let doubled = format!(r#"{{"encrypt":"{encrypt}","Encrypt":"{encrypt}"}}"#);
        let cut = json!({"encrypt": encrypt.get(4..)}).to_string();
        let large = format!("{}{}", json!({"encrypt": encrypt}), " ".repeat(MAX_BODY));
        for body in ["", "[]", "{}", r#"{"encrypt":1}"#, &doubled, &cut, &large] {
            assert_eq!(open(&crypt(&v), &signed(&v), body.as_bytes()).unwrap_err().fault(), CryptFault::Signature);
        }
    }
}
