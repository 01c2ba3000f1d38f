//! What members attach: fetched on receipt and decrypted (wecom 100719: AES-256-CBC, PKCS#7 to 32 bytes, the IV is the
//! key's first 16 bytes).

use super::incoming::{Attachment, MediaKey};
use super::link::SettingsError;
use crate::http::{Unread, chain, is_loopback, read_capped};
use crate::wecom::api::{Media, header};
use crate::wecom::crypt::{KEY_ENGINE, unpadded_len};
use aes::Aes256;
use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::NoPadding};
use base64::Engine as _;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use std::time::Duration;
use url::Url;

/// Largest file a member can send, in bytes.
pub const MAX_FILE_BYTES: usize = 100 << 20;
/// Most bytes the padding adds.
const PAD_BLOCK: usize = 32;
/// Longest wait for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Longest wait for a file; its address lives five minutes.
const FETCH_LIMIT: Duration = Duration::from_secs(120);

/// Why a file could not be had. No variant ever holds an address or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It has more bytes than the caller takes.
    #[error("a file of more than {0} bytes")]
    TooLarge(usize),
    /// It can never be had: its address is none or over, or it does not decrypt.
    #[error("{0}")]
    Never(String),
    /// It may be had later, while its address lives.
    #[error("{0}")]
    NotYet(String),
}

/// Fetches attachments. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Files {
    http: reqwest::Client,
    local: bool,
}

impl Files {
    /// Opens no connection. Only `https` addresses are fetched; with `local` also `http` from this host, for a stand-in.
    /// A rustls provider must be installed in the process before.
    ///
    /// # Errors
    /// [`SettingsError::Client`].
    pub fn new(local: bool) -> Result<Files, SettingsError> {
        let builder = reqwest::Client::builder().connect_timeout(CONNECT_LIMIT).timeout(FETCH_LIMIT);
        let builder = builder.redirect(reqwest::redirect::Policy::none());
        let built = if local { builder.no_proxy().build() } else { builder.build() };
        let http = built.map_err(|e| SettingsError::Client(e.without_url().to_string()))?;
        Ok(Files { http, local })
    }

    /// The file, of at most `cap_bytes`, with the name the server gives it. Sniff before trusting its type.
    ///
    /// # Errors
    /// [`FetchError`]; nothing changes by fetching.
    pub async fn fetch(&self, attachment: &Attachment, cap_bytes: usize) -> Result<Media, FetchError> {
        let never = |why: &str| FetchError::Never(why.to_owned());
        let key = attachment.key.as_ref().ok_or_else(|| never("there is no key"))?;
        let response = self.begun(&attachment.url).await?;
        let content_type = header(response.headers(), &CONTENT_TYPE).unwrap_or_default();
        let disposition = header(response.headers(), &CONTENT_DISPOSITION);
        let sealed = read_capped(response, cap_bytes.saturating_add(PAD_BLOCK)).await;
        let sealed = sealed.map_err(|unread| match unread {
            Unread::TooLarge(_) => FetchError::TooLarge(cap_bytes),
            Unread::Broken(why) => FetchError::NotYet(why),
        })?;
        let bytes = decrypt(sealed, key).ok_or_else(|| never("the file does not decrypt"))?;
        if bytes.len() > cap_bytes {
            return Err(FetchError::TooLarge(cap_bytes));
        }
        Ok(Media::new(bytes, disposition.as_deref(), content_type))
    }

    /// The head of an answer that has a file.
    async fn begun(&self, address: &str) -> Result<reqwest::Response, FetchError> {
        let url = Url::parse(address).map_err(|_| FetchError::Never("the address is none".to_owned()))?;
        if url.scheme() != "https" && !(self.local && url.scheme() == "http" && is_loopback(&url)) {
            return Err(FetchError::Never("the address is not https".to_owned()));
        }
        let response = self.http.get(url).send().await.map_err(|error| FetchError::NotYet(chain(error)))?;
        let status = response.status();
        let why = format!("HTTP status {}", status.as_u16());
        match status {
            _ if status.is_success() => Ok(response),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Err(FetchError::NotYet(why)),
            _ if status.is_server_error() => Err(FetchError::NotYet(why)),
            _ => Err(FetchError::Never(why)),
        }
    }
}

/// The plain bytes; `None` where length or padding are wrong.
fn decrypt(mut sealed: Vec<u8>, key: &MediaKey) -> Option<Vec<u8>> {
    let iv: [u8; 16] = key.0.first_chunk().copied()?;
    let decryptor = cbc::Decryptor::<Aes256>::new(&key.0.into(), &iv.into());
    decryptor.decrypt_padded::<NoPadding>(&mut sealed).ok()?;
    let kept = unpadded_len(&sealed)?;
    sealed.truncate(kept);
    Some(sealed)
}

/// The 32 bytes of a key's base64.
pub(super) fn key_bytes(text: &str) -> Option<[u8; 32]> {
    KEY_ENGINE.decode(text.trim()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::{IntoResponse, Response};
    use base64::engine::general_purpose::STANDARD;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    /// Made with OpenSSL under that key (`enc -aes-256-cbc -nopad`), padded by hand to 32 bytes.
    const SEALED: [(&[u8], &str); 3] = [
        (b"\x89PNG\r\n\x1a\nhello", "TzX5GksHubXc5r+f7A8ECqbSZNXXPvVK+UWIztmwHOE="),
        (b"", "YaaTbk6PEBwcwfmTtUKg1IaCMVSgl1nj/EsKctpkKDU="),
        (
            "物流截图物流截图物流截图物流截图物流截图".as_bytes(),
            "SKF5tzYfIwNcB3WXARni/NPifHY8T8XLEBkHFUJ0Tw5UQTZw4Mcn5oMHBOfEjw3mjJm1FXpBvUagrB9u0kNG+w==",
        ),
    ];

    fn key() -> MediaKey {
        MediaKey::parse(KEY).unwrap()
    }

    async fn server(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Attachment {
        let app = axum::Router::new().fallback(move || std::future::ready(answer()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/f?sign=S", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Attachment { url, key: Some(key()) }
    }

    fn files() -> Files {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Files::new(true).unwrap()
    }

    fn first() -> Response {
        let named = [("content-disposition", "attachment; filename=\"a/截图.png\"")];
        (named, STANDARD.decode(SEALED[0].1).unwrap()).into_response()
    }

    #[test]
    fn the_vectors_decrypt() {
        for (plain, sealed) in SEALED {
            assert_eq!(decrypt(STANDARD.decode(sealed).unwrap(), &key()).as_deref(), Some(plain));
        }
    }

    #[test]
    fn what_is_cut_or_changed_does_not_decrypt() {
        let whole = STANDARD.decode(SEALED[0].1).unwrap();
        for cut in [&whole[..31], &whole[..16], &whole[..0]] {
            assert_eq!(decrypt(cut.to_vec(), &key()), None);
        }
        assert_eq!(decrypt(whole, &MediaKey([7; 32])), None);
    }

    #[tokio::test]
    async fn a_file_is_fetched_with_its_name() {
        let media = files().fetch(&server(first).await, 13).await.unwrap();
        assert_eq!((media.bytes.as_slice(), media.filename.as_deref()), (SEALED[0].0, Some("截图.png")));
    }

    #[tokio::test]
    async fn too_much_is_not_read() {
        let attachment = server(first).await;
        assert_eq!(files().fetch(&attachment, 12).await, Err(FetchError::TooLarge(12)));
        let endless = server(|| vec![0_u8; 1 << 20].into_response()).await;
        assert_eq!(files().fetch(&endless, 1024).await, Err(FetchError::TooLarge(1024)));
    }

    #[tokio::test]
    async fn an_old_address_an_error_page_and_a_redirect_are_no_file() {
        let gone = server(|| StatusCode::FORBIDDEN.into_response()).await;
        assert!(matches!(files().fetch(&gone, 99).await, Err(FetchError::Never(_))));
        let busy = server(|| StatusCode::BAD_GATEWAY.into_response()).await;
        assert!(matches!(files().fetch(&busy, 99).await, Err(FetchError::NotYet(_))));
        let page = server(|| r#"{"errcode":40007,"errmsg":"x"}"#.into_response()).await;
        assert!(matches!(files().fetch(&page, 99).await, Err(FetchError::Never(_))));
        let elsewhere = server(|| (StatusCode::FOUND, [("location", "http://127.0.0.1:9/")]).into_response()).await;
        assert!(matches!(files().fetch(&elsewhere, 99).await, Err(FetchError::Never(_))));
    }

    #[tokio::test]
    async fn only_https_is_fetched_from_outside() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let attachment = server(first).await;
        let strict = Files::new(false).unwrap();
        assert!(matches!(strict.fetch(&attachment, 99).await, Err(FetchError::Never(_))));
        let far = Attachment { url: "http://example.com/f".into(), ..attachment };
        assert!(matches!(files().fetch(&far, 99).await, Err(FetchError::Never(_))));
    }
}
