//! The callback cipher of WeCom and of 公众号: AES-256-CBC with a 32-byte padding block, and a SHA-1 signature
//! (wecom 90968).
//!
//! Plaintext layout: `random[16] ‖ u32_be(len(message)) ‖ message ‖ receive id`. The signature is the lower-case hex of
//! `sha1(concat(sort_bytewise([token, timestamp, nonce, encrypt])))`, over the texts exactly as they travelled.

use aes::Aes256;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest, Sha1};
use std::fmt;
use subtle::ConstantTimeEq;

/// Characters of an `EncodingAESKey`.
const KEY_CHARS: usize = 43;
/// Longest callback token the console accepts.
const TOKEN_MAX_CHARS: usize = 32;
/// The padding block; twice the cipher's own, which is why the padding is stripped by hand.
const PAD_BLOCK: usize = 32;
/// Block of the cipher.
const CIPHER_BLOCK: usize = 16;
/// Hexadecimal digits of a SHA-1.
const SIGNATURE_DIGITS: usize = 40;
/// `random[16]` and the length field.
const HEAD: usize = 20;

/// 43 characters carry 258 bits and most real keys set the last two, which a strict decoder refuses. Only for the key.
pub(super) const KEY_ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why the three callback settings cannot be used. The message never quotes the key or the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The key is too short or too long: usually a copy that lost its end.
    #[error("EncodingAESKey has {found} characters, must be {KEY_CHARS}")]
    Length {
        /// Characters found.
        found: usize,
    },
    /// The key holds something other than a letter or a digit.
    #[error("EncodingAESKey: character {position} is not a letter or a digit")]
    Character {
        /// Position of the first wrong character, from 1.
        position: usize,
    },
    /// The key is not base64 of 32 bytes.
    #[error("EncodingAESKey is not the base64 of 32 bytes")]
    Encoding,
    /// The token is empty, longer than 32 characters, or not alphanumeric.
    #[error("the callback token must be 1 to {TOKEN_MAX_CHARS} letters and digits")]
    Token,
}

/// What a callback did wrong. For the operator's log only: see [`CryptError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CryptFault {
    /// The signature is not ours (-40001 in the official libraries). Nothing was decrypted.
    Signature,
    /// The ciphertext is not base64 (-40010).
    Base64,
    /// The ciphertext is empty or no multiple of the cipher block (-40008).
    Length,
    /// The padding is not 1..=32 equal bytes (-40007).
    Padding,
    /// The length field points past the end (-40008).
    Layout,
    /// Sealed for another receiver (-40005): usually the wrong corp id in the settings.
    Receiver,
}

/// A callback that was not accepted. It prints the same words whatever the fault was, so that it can be shown to the
/// outside without becoming an oracle; [`CryptError::fault`] is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("callback refused")]
pub struct CryptError {
    fault: CryptFault,
}

impl CryptError {
    /// What was wrong, for the operator's log; never for the answer.
    pub fn fault(&self) -> CryptFault {
        self.fault
    }
}

impl From<CryptFault> for CryptError {
    fn from(fault: CryptFault) -> Self {
        CryptError { fault }
    }
}

/// The three query parameters that sign a callback: the literal texts of the URL, percent-decoded and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// 40 lower-case hex digits.
    pub msg_signature: &'a str,
    /// Unix seconds as text; never reformatted.
    pub timestamp: &'a str,
    /// Chosen by the sender.
    pub nonce: &'a str,
}

/// A sealed message with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Base64 of the ciphertext.
    pub encrypt: String,
    /// Signature over token, timestamp, nonce and `encrypt`.
    pub msg_signature: String,
}

impl Sealed {
    /// The passive reply of an app callback (wecom 90968). `timestamp` and `nonce` must be the ones it was sealed with.
    pub fn to_xml(&self, timestamp: &str, nonce: &str) -> String {
        format!(
            "<xml><Encrypt><![CDATA[{}]]></Encrypt><MsgSignature><![CDATA[{}]]></MsgSignature>\
             <TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>",
            self.encrypt, self.msg_signature
        )
    }
}

/// The token of a callback address. By itself it signs what a 公众号 sends in clear text, and the check of its URL: that
/// signature says who asked and when, and nothing about the body.
#[derive(Clone)]
pub struct CallbackToken(String);

impl fmt::Debug for CallbackToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackToken").finish_non_exhaustive()
    }
}

impl CallbackToken {
    /// Takes the setting of the console.
    ///
    /// # Errors
    /// [`KeyError::Token`].
    pub fn new(token: &str) -> Result<CallbackToken, KeyError> {
        let fits = (1..=TOKEN_MAX_CHARS).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_alphanumeric());
        if fits { Ok(CallbackToken(token.to_owned())) } else { Err(KeyError::Token) }
    }

    /// Checks the parameter `signature`: the lower-case hex of `sha1(concat(sort_bytewise([token, timestamp, nonce])))`.
    ///
    /// # Errors
    /// [`CryptFault::Signature`].
    pub fn check(&self, signature: &str, timestamp: &str, nonce: &str) -> Result<(), CryptError> {
        let expected = signature_over(&mut [&self.0, timestamp, nonce]);
        let same = bool::from(expected.ct_eq(signature.as_bytes()));
        if same { Ok(()) } else { Err(CryptFault::Signature.into()) }
    }

    /// The parameter `signature`.
    pub fn sign(&self, timestamp: &str, nonce: &str) -> String {
        String::from_utf8_lossy(&signature_over(&mut [&self.0, timestamp, nonce])).into_owned()
    }
}

/// The key material of one callback address.
#[derive(Clone)]
pub struct Crypt {
    token: CallbackToken,
    key: [u8; 32],
    receive_id: String,
}

impl fmt::Debug for Crypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crypt").field("receive_id", &self.receive_id).finish_non_exhaustive()
    }
}

impl Crypt {
    /// Takes the settings of the console. `encoding_aes_key` is the 43-character text; `receive_id` is the corp id for a
    /// self-built app, empty for an AI bot, and the app id for a 公众号.
    ///
    /// # Errors
    /// [`KeyError`] says which setting is wrong and how.
    pub fn new(token: &str, encoding_aes_key: &str, receive_id: &str) -> Result<Crypt, KeyError> {
        let token = CallbackToken::new(token)?;
        Ok(Crypt { token, key: decode_key(encoding_aes_key)?, receive_id: receive_id.to_owned() })
    }

    /// The token, which signs some things alone.
    pub fn token(&self) -> &CallbackToken {
        &self.token
    }

    /// Checks the signature, then decrypts: the message bytes.
    ///
    /// # Errors
    /// [`CryptError`], the same for every fault.
    pub fn open(&self, signed: &Signed<'_>, encrypt: &str) -> Result<Vec<u8>, CryptError> {
        let expected = self.signature(signed.timestamp, signed.nonce, encrypt);
        if !bool::from(expected.ct_eq(signed.msg_signature.as_bytes())) {
            return Err(CryptFault::Signature.into());
        }
        let mut plain = self.decrypt(encrypt)?;
        let message = self.message_in(&plain)?;
        plain.truncate(message.end);
        plain.drain(..message.start);
        Ok(plain)
    }

    /// Encrypts and signs `plain`. `random` must be fresh for every message.
    pub fn seal(&self, plain: &[u8], random: [u8; 16], timestamp: &str, nonce: &str) -> Sealed {
        let mut buffer = Vec::with_capacity(HEAD + plain.len() + self.receive_id.len() + PAD_BLOCK);
        buffer.extend_from_slice(&random);
        // Callers seal replies of a few kilobytes; a length beyond u32 cannot be held in memory as one message here.
        buffer.extend_from_slice(&u32::try_from(plain.len()).unwrap_or(u32::MAX).to_be_bytes());
        buffer.extend_from_slice(plain);
        buffer.extend_from_slice(self.receive_id.as_bytes());
        let pad = PAD_BLOCK - buffer.len() % PAD_BLOCK;
        buffer.resize(buffer.len() + pad, pad as u8);
        let encryptor = cbc::Encryptor::<Aes256>::new(&self.key.into(), &self.iv().into());
        let encrypt = STANDARD.encode(encryptor.encrypt_padded_vec::<NoPadding>(&buffer));
        let msg_signature = self.sign(timestamp, nonce, &encrypt);
        Sealed { encrypt, msg_signature }
    }

    fn sign(&self, timestamp: &str, nonce: &str, encrypt: &str) -> String {
        String::from_utf8_lossy(&self.signature(timestamp, nonce, encrypt)).into_owned()
    }

    /// The digits of the signature.
    fn signature(&self, timestamp: &str, nonce: &str, encrypt: &str) -> [u8; SIGNATURE_DIGITS] {
        signature_over(&mut [&self.token.0, timestamp, nonce, encrypt])
    }

    /// The whole padded-off plaintext: random, length, message, receive id.
    fn decrypt(&self, encrypt: &str) -> Result<Vec<u8>, CryptFault> {
        let mut buffer = STANDARD.decode(encrypt).map_err(|_| CryptFault::Base64)?;
        if buffer.is_empty() || !buffer.len().is_multiple_of(CIPHER_BLOCK) {
            return Err(CryptFault::Length);
        }
        let decryptor = cbc::Decryptor::<Aes256>::new(&self.key.into(), &self.iv().into());
        decryptor.decrypt_padded::<NoPadding>(&mut buffer).map_err(|_| CryptFault::Length)?;
        let kept = unpadded_len(&buffer).ok_or(CryptFault::Padding)?;
        buffer.truncate(kept);
        Ok(buffer)
    }

    /// Where the message lies; everything after it must be our receive id, to the last byte.
    fn message_in(&self, plain: &[u8]) -> Result<std::ops::Range<usize>, CryptFault> {
        let field: [u8; 4] = plain.get(16..HEAD).and_then(|b| b.try_into().ok()).ok_or(CryptFault::Layout)?;
        let len = usize::try_from(u32::from_be_bytes(field)).map_err(|_| CryptFault::Layout)?;
        let end = HEAD.checked_add(len).ok_or(CryptFault::Layout)?;
        let receiver = plain.get(end..).ok_or(CryptFault::Layout)?;
        if bool::from(receiver.ct_eq(self.receive_id.as_bytes())) { Ok(HEAD..end) } else { Err(CryptFault::Receiver) }
    }

    fn iv(&self) -> [u8; CIPHER_BLOCK] {
        let mut iv = [0; CIPHER_BLOCK];
        iv.copy_from_slice(&self.key[..CIPHER_BLOCK]);
        iv
    }
}

/// The digits of the SHA-1 over the parts, sorted and joined.
fn signature_over(parts: &mut [&str]) -> [u8; SIGNATURE_DIGITS] {
    parts.sort_unstable();
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    let mut digits = [0; SIGNATURE_DIGITS];
    // As many digits as a digest has: this cannot fail. `hex::encode` builds its text a character at a time.
    let _ = hex::encode_to_slice(hash.finalize(), &mut digits);
    digits
}

fn decode_key(text: &str) -> Result<[u8; 32], KeyError> {
    let found = text.chars().count();
    if found != KEY_CHARS {
        return Err(KeyError::Length { found });
    }
    if let Some(at) = text.chars().position(|c| !c.is_ascii_alphanumeric()) {
        return Err(KeyError::Character { position: at + 1 });
    }
    let bytes = KEY_ENGINE.decode(text).map_err(|_| KeyError::Encoding)?;
    bytes.try_into().map_err(|_| KeyError::Encoding)
}

/// Length without the padding, if the padding is 1..=32 equal bytes. It is behind the signature, so nobody without the
/// token can ask this question.
pub(super) fn unpadded_len(buffer: &[u8]) -> Option<usize> {
    let pad = usize::from(*buffer.last()?);
    let kept = buffer.len().checked_sub(pad)?;
    let equal = buffer[kept..].iter().all(|&b| usize::from(b) == pad);
    ((1..=PAD_BLOCK).contains(&pad) && equal).then_some(kept)
}

#[cfg(test)]
#[path = "crypt_tests.rs"]
mod tests;
