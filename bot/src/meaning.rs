//! What texts mean, for the search: by an encoder on this machine, or a server's. Without either the search goes by words
//! alone, and so does a question whose meaning cannot be found in time.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use anyhow::Context;
use knowledge::{Direction, Encoder, Face, Index, Meanings};
use sha2::{Digest, Sha256};

use crate::drafting::{Embeddings, Placeholders};

/// What says what texts mean.
pub enum Encoding {
    /// An encoder on this machine.
    Here(Arc<Encoder>),
    /// A model of a server.
    There(Box<Embeddings>),
}

/// What texts mean, and what is known about it.
pub struct Meaning {
    encoding: Encoding,
    /// Directions of texts, by the texts' hashes.
    known: RwLock<Directions>,
    /// Texts of the newest index of which nothing is known yet.
    waiting: Mutex<Vec<String>>,
}

/// A text's SHA-256.
pub type TextHash = [u8; 32];

/// The numbers of texts, by the text.
pub type Meant = HashMap<String, Vec<f32>>;

/// Directions of texts; a text that says nothing, such as a lone dash, may have none.
pub type Directions = HashMap<TextHash, Option<Arc<Direction>>>;

impl Meaning {
    /// Texts that are given a direction together.
    pub const TOGETHER: usize = crate::drafting::TEXTS_TOGETHER;

    /// By this encoding; nothing is known yet.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, known: RwLock::default(), waiting: Mutex::default() }
    }

    /// By the encoder in this folder.
    ///
    /// # Errors
    /// When a file is missing, or not that of the encoder.
    pub fn here(folder: &Path) -> anyhow::Result<Self> {
        let read = |file: &str| {
            let path = folder.join(file);
            std::fs::read(&path)
                .with_context(|| format!("cannot read {}; scripts/setup-encoder puts it there", path.display()))
        };
        let encoder = Encoder::new(&read(Encoder::MODEL_FILE)?, read(Encoder::WEIGHTS_FILE)?)?;
        Ok(Self::new(Encoding::Here(Arc::new(encoder))))
    }

    /// What directions of this encoding are kept by.
    pub fn name(&self) -> String {
        match &self.encoding {
            Encoding::Here(_) => Encoder::NAME.to_owned(),
            Encoding::There(model) => format!("openai:{}", model.name()),
        }
    }

    /// What a customer's words mean; nothing where that cannot be found in time. Personal numbers stay here.
    pub async fn of(&self, text: &str) -> Option<Vec<f32>> {
        match self.numbers(vec![self.as_asked(text)]).await {
            Ok(mut numbers) => numbers.pop(),
            Err(problem) => {
                tracing::warn!(problem = %format!("{problem:#}"), "a question is looked for by its words alone");
                None
            }
        }
    }

    /// A customer's words as they may be handed to the encoding.
    fn as_asked(&self, text: &str) -> String {
        match self.encoding {
            Encoding::Here(_) => text.to_owned(),
            Encoding::There(_) => Placeholders::default().hide(text),
        }
    }

    /// What questions mean that an index is to be tried on, which is told what its entries mean, `new` ones among them.
    ///
    /// # Errors
    /// When the server does not answer as it should.
    pub async fn of_all(&self, questions: Vec<String>, index: &Index, new: &[Face]) -> anyhow::Result<Meant> {
        let unknown: Vec<String> = new.iter().map(|face| face.text.clone()).filter(|text| !self.knows(text)).collect();
        for texts in unknown.chunks(Self::TOGETHER) {
            self.learn(self.directions(texts.to_vec()).await?);
        }
        index.know(self.meanings(&index.faces()));
        let mut meant = Meant::new();
        for texts in questions.chunks(Self::TOGETHER) {
            let numbers = self.numbers(texts.iter().map(|text| self.as_asked(text)).collect()).await?;
            meant.extend(texts.iter().cloned().zip(numbers));
        }
        Ok(meant)
    }

    fn knows(&self, text: &str) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).contains_key(&hash(text))
    }

    /// What is known about faces.
    fn meanings(&self, faces: &[Face]) -> Meanings {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let of = |text: &str| known.get(&hash(text)).cloned().flatten();
        let unrelated: Vec<Arc<Direction>> = Meanings::unrelated_texts().filter_map(of).collect();
        Meanings::new(faces.iter().filter_map(|face: &Face| Some((face, of(&face.text)?))), &unrelated)
    }

    /// The numbers of each text, in order; at most [`Meaning::TOGETHER`] of them.
    ///
    /// # Errors
    /// When the server does not answer as it should.
    async fn numbers(&self, texts: Vec<String>) -> anyhow::Result<Vec<Vec<f32>>> {
        match &self.encoding {
            Encoding::Here(encoder) => {
                let encoder = encoder.clone();
                let encode = move || texts.iter().map(|text| encoder.encode(text)).collect();
                Ok(tokio::task::spawn_blocking(encode).await?)
            }
            Encoding::There(model) => Ok(model.numbers(&texts).await?),
        }
    }

    /// The directions of texts of the knowledge; at most [`Meaning::TOGETHER`] of them.
    ///
    /// # Errors
    /// When the server does not answer as it should.
    pub async fn directions(&self, texts: Vec<String>) -> anyhow::Result<Directions> {
        let hashes: Vec<TextHash> = texts.iter().map(|text| hash(text)).collect();
        let numbers = self.numbers(texts).await?;
        Ok(hashes.into_iter().zip(numbers.iter().map(|numbers| Direction::of(numbers).map(Arc::new))).collect())
    }

    /// Remembers directions.
    pub fn learn(&self, directions: Directions) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).extend(directions);
    }

    /// Tells an index what is known about its entries, and notes what is not.
    pub fn tell(&self, index: &Index) {
        let faces = index.faces();
        index.know(self.meanings(&faces));
        let unrelated = Meanings::unrelated_texts().map(str::to_owned);
        let texts = unrelated.chain(faces.into_iter().map(|face| face.text));
        *self.waiting() = texts.filter(|text| !self.knows(text)).collect();
    }

    /// The next texts of which nothing is known yet.
    pub fn next(&self) -> Vec<String> {
        let mut waiting = self.waiting();
        let rest = waiting.len().saturating_sub(Self::TOGETHER);
        waiting.split_off(rest)
    }

    /// Puts texts back of which nothing was found out.
    pub fn put_back(&self, texts: Vec<String>) {
        self.waiting().extend(texts);
    }

    /// Whether texts wait.
    pub fn has_more(&self) -> bool {
        !self.waiting().is_empty()
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<String>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a text's direction is remembered by.
pub fn hash(text: &str) -> TextHash {
    Sha256::digest(text).into()
}
