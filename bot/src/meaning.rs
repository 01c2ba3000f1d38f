//! What texts mean, for the search: by an encoder on this machine, or a server's. Without either the search goes by words
//! alone, and so does a question whose meaning cannot be found in time.

mod kept;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use anyhow::{Context, ensure};
use knowledge::{Direction, Encoder, Face, Index, Meanings};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::drafting::{Embeddings, Placeholders};
use crate::store::Store;

/// What says what texts mean.
pub enum Encoding {
    /// An encoder on this machine.
    Here(Local),
    /// A model of a server.
    There(Box<Embeddings>),
}

/// The encoder in a folder: half a second and 100 MB, spent when the first text is handed to it.
pub struct Local {
    folder: PathBuf,
    loaded: OnceCell<Arc<Encoder>>,
}

impl Local {
    /// The encoder, loaded by now.
    async fn encoder(&self) -> anyhow::Result<&Arc<Encoder>> {
        let load = || async {
            let folder = self.folder.clone();
            tokio::task::spawn_blocking(move || load(&folder)).await?
        };
        self.loaded.get_or_try_init(load).await
    }
}

fn load(folder: &Path) -> anyhow::Result<Arc<Encoder>> {
    let read = |file: &str| {
        let path = folder.join(file);
        std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    Ok(Arc::new(Encoder::new(&read(Encoder::MODEL_FILE)?, read(Encoder::WEIGHTS_FILE)?)?))
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

    /// By the encoder in this folder, which is loaded when it is needed.
    ///
    /// # Errors
    /// When a file is missing.
    pub fn here(folder: &Path) -> anyhow::Result<Self> {
        for file in [Encoder::MODEL_FILE, Encoder::WEIGHTS_FILE] {
            let path = folder.join(file);
            ensure!(path.is_file(), "there is no {}; scripts/setup-encoder puts it there", path.display());
        }
        let local = Local { folder: folder.to_owned(), loaded: OnceCell::new() };
        Ok(Self::new(Encoding::Here(local)))
    }

    /// Loads what has to be loaded before the first question.
    ///
    /// # Errors
    /// When a file is not that of the encoder.
    pub async fn load(&self) -> anyhow::Result<()> {
        match &self.encoding {
            Encoding::Here(local) => local.encoder().await.map(drop),
            Encoding::There(_) => Ok(()),
        }
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
    /// What is found out about those is kept.
    ///
    /// # Errors
    /// When the server does not answer as it should, or the database fails.
    pub async fn of_all(
        &self,
        store: &Store,
        questions: Vec<String>,
        index: &Index,
        new: &[Face],
    ) -> anyhow::Result<Meant> {
        let unknown: Vec<String> = new.iter().map(|face| face.text.clone()).filter(|text| !self.knows(text)).collect();
        for texts in unknown.chunks(Self::TOGETHER) {
            self.learn(self.kept_directions(store, texts.to_vec()).await?);
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
            Encoding::Here(local) => {
                let encoder = local.encoder().await?.clone();
                let encode = move || texts.iter().map(|text| encoder.encode(text)).collect();
                Ok(tokio::task::spawn_blocking(encode).await?)
            }
            Encoding::There(model) => Ok(model.numbers(&texts).await?),
        }
    }

    /// The directions of texts, found out anew; at most [`Meaning::TOGETHER`] of them.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_encoder_is_looked_at_when_it_is_needed_and_missed_at_once() {
        let folder = std::env::temp_dir().join(format!("aijia-encoder-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let missed = Meaning::here(&folder).err().unwrap().to_string();
        assert!(missed.contains("sp.model") && missed.contains("setup-encoder"), "{missed}");
        for file in [Encoder::MODEL_FILE, Encoder::WEIGHTS_FILE] {
            std::fs::write(folder.join(file), "no encoder").unwrap();
        }
        let meaning = Meaning::here(&folder).unwrap();
        assert_eq!(meaning.name(), Encoder::NAME, "nothing was loaded for that");
        let damaged = meaning.load().await.unwrap_err().to_string();
        assert!(damaged.contains("setup-encoder"), "{damaged}");
        assert_eq!(meaning.of("包邮吗").await, None, "the words decide");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
