//! What texts mean, by a server with an OpenAI-compatible API.

use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::model::{DraftError, connection, exchange, settings, without_words};

/// Time for one answer, all of it: a customer's question waits no longer for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// Texts of one request at most.
pub(crate) const TEXTS: usize = 64;
/// Bytes of an answer that are read: as many vectors of 4,096 numbers.
const MOST_BYTES: usize = 8 << 20;

/// A model that says what texts mean.
#[derive(Debug)]
pub struct Embeddings {
    client: Client<OpenAIConfig>,
    name: String,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'static str,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    data: Vec<Embedding>,
}

#[derive(Serialize, Deserialize)]
struct Embedding {
    index: usize,
    embedding: Vec<f32>,
}

impl Embeddings {
    /// A model at a server's base address, such as `https://api.example.com/v1`.
    ///
    /// # Errors
    /// When the address is none, the key cannot be sent, or no client can be built.
    pub fn new(base: &str, key: &SecretString, name: &str) -> Result<Self, DraftError> {
        let base = base.trim_end_matches('/');
        let url =
            Url::parse(base).map_err(|error| DraftError::Unavailable(format!("bad base address: {error}").into()))?;
        let http = connection(&url, PATIENCE)?;
        let through = http.clone();
        let client = Client::build(http, settings(base, key)?).with_http_service(tower::service_fn(move |request| {
            exchange::<Answer>(through.clone(), request, MOST_BYTES)
        }));
        Ok(Self { client, name: name.to_owned() })
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The numbers of each text, in order; at most [`TEXTS`] of them.
    ///
    /// # Errors
    /// [`DraftError::Unavailable`] when the server does not answer in time, or not with numbers for every text.
    pub async fn numbers(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, DraftError> {
        let request = Request { model: &self.name, input: texts, encoding_format: "float" };
        let answer: Answer = self.client.embeddings().create_byot(request).await.map_err(without_words)?;
        let mut numbers = vec![Vec::new(); texts.len()];
        for Embedding { index, embedding } in answer.data {
            if let Some(place) = numbers.get_mut(index) {
                *place = embedding;
            }
        }
        let whole = !numbers.iter().any(Vec::is_empty);
        whole.then_some(numbers).ok_or_else(|| DraftError::Unavailable("numbers are missing in the answer".into()))
    }
}

#[cfg(test)]
#[path = "embeddings_tests.rs"]
mod tests;
