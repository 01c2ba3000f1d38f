//! Directions for what is measured, from the encoder in the folder that `AIJIA_ENCODER` names, or from the OpenAI-compatible
//! server at `AIJIA_EMBEDDINGS` (such as `http://127.0.0.1:8000/v1`); without either there are none. They are kept under
//! `target/`, because finding them takes minutes.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use knowledge::{Direction, Encoder, Index, Meanings};
use serde_json::{Value, json};

use crate::Failure;

/// Texts that a server is asked about together.
const TOGETHER: usize = 32;

/// What gives directions, where anything does.
pub(crate) struct Meaning(Option<Encoding>);

enum Encoding {
    Here(Box<Encoder>),
    There(Server),
}

/// A server of embeddings. Some models are called otherwise for questions than for what answers them.
struct Server {
    url: String,
    passages: String,
    questions: String,
}

impl Meaning {
    pub(crate) fn from_environment() -> Result<Self, Failure> {
        let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if let Some(base) = named("AIJIA_EMBEDDINGS") {
            let passages = named("AIJIA_EMBEDDING_MODEL").ok_or("AIJIA_EMBEDDINGS needs AIJIA_EMBEDDING_MODEL")?;
            let questions = named("AIJIA_EMBEDDING_QUESTION_MODEL").unwrap_or(passages.clone());
            let url = format!("{}/embeddings", base.trim_end_matches('/'));
            return Ok(Self(Some(Encoding::There(Server { url, passages, questions }))));
        }
        let Some(folder) = named("AIJIA_ENCODER") else { return Ok(Self(None)) };
        let read = |file: &str| {
            let path = Path::new(&folder).join(file);
            std::fs::read(&path).map_err(|problem| format!("{}: {problem}", path.display()))
        };
        let encoder = Encoder::new(&read(Encoder::MODEL_FILE)?, read(Encoder::WEIGHTS_FILE)?)?;
        Ok(Self(Some(Encoding::Here(Box::new(encoder)))))
    }

    /// What a question means.
    pub(crate) fn of(&self, text: &str) -> Result<Option<Vec<f32>>, Failure> {
        Ok(match &self.0 {
            None => None,
            Some(Encoding::Here(encoder)) => Some(encoder.encode(text)),
            Some(Encoding::There(server)) => server.ask(&server.questions, &[text])?.pop(),
        })
    }

    /// What texts mean, each with as many numbers; nothing without an encoder.
    pub(crate) fn of_all(&self, texts: &[&str]) -> Result<Option<Vec<Vec<f32>>>, Failure> {
        self.0.as_ref().map(|encoding| kept(encoding, texts)).transpose()
    }

    /// Lets an index know what its entries mean.
    pub(crate) fn tell(&self, index: &Index) -> Result<(), Failure> {
        let faces = index.faces();
        let texts: Vec<&str> = faces.iter().map(|face| face.text.as_str()).collect();
        let unrelated: Vec<&str> = Meanings::unrelated_texts().collect();
        let (Some(known), Some(unrelated)) = (self.of_all(&texts)?, self.of_all(&unrelated)?) else { return Ok(()) };
        let unrelated: Vec<Arc<Direction>> =
            unrelated.iter().filter_map(|numbers| Direction::of(numbers)).map(Arc::new).collect();
        let known = faces.iter().zip(&known);
        let known = known.filter_map(|(face, numbers)| Some((face, Arc::new(Direction::of(numbers)?))));
        index.know(Meanings::new(known, &unrelated));
        Ok(())
    }
}

impl Encoding {
    fn name(&self) -> &str {
        match self {
            Self::Here(_) => Encoder::NAME,
            Self::There(server) => &server.passages,
        }
    }

    /// The directions of texts that answer.
    fn found(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Failure> {
        match self {
            Self::Here(encoder) => Ok(encoded(encoder, texts)),
            Self::There(server) => {
                let asked = texts.chunks(TOGETHER).map(|texts| server.ask(&server.passages, texts));
                Ok(asked.collect::<Result<Vec<_>, _>>()?.concat())
            }
        }
    }
}

impl Server {
    /// The numbers of each text, asked for with `curl`.
    fn ask(&self, model: &str, texts: &[&str]) -> Result<Vec<Vec<f32>>, Failure> {
        let body = json!({ "model": model, "input": texts, "encoding_format": "float" }).to_string();
        let arguments = ["--silent", "--fail", "--json", "@-", &self.url];
        let mut curl = Command::new("curl").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        curl.stdin.take().ok_or("curl takes nothing")?.write_all(body.as_bytes())?;
        let answer: Value = serde_json::from_slice(&curl.wait_with_output()?.stdout)?;
        let data = answer["data"].as_array().ok_or("the server gave no data")?;
        Ok(data.iter().map(|one| serde_json::from_value(one["embedding"].clone())).collect::<Result<_, _>>()?)
    }
}

/// The directions of all texts, found once.
fn kept(encoding: &Encoding, texts: &[&str]) -> Result<Vec<Vec<f32>>, Failure> {
    let mut hasher = DefaultHasher::new();
    (encoding.name(), texts).hash(&mut hasher);
    let folder = PathBuf::from(std::env::var("CARGO_TARGET_DIR").unwrap_or("target".to_owned())).join("directions");
    let file = folder.join(format!("{:016x}", hasher.finish()));
    let number = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    if let Ok(bytes) = std::fs::read(&file) {
        let numbers: Vec<f32> = bytes.chunks_exact(4).map(number).collect();
        return Ok(numbers.chunks_exact(numbers.len() / texts.len().max(1)).map(<[f32]>::to_vec).collect());
    }
    eprintln!("finding {} directions, once", texts.len());
    let directions = encoding.found(texts)?;
    std::fs::create_dir_all(&folder)?;
    std::fs::write(&file, directions.iter().flatten().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())?;
    Ok(directions)
}

/// The directions of all texts, by two threads.
fn encoded(encoder: &Encoder, texts: &[&str]) -> Vec<Vec<f32>> {
    let encode = |texts: &[&str]| texts.iter().map(|text| encoder.encode(text)).collect::<Vec<_>>();
    let (first, second) = texts.split_at(texts.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| encode(second));
        let mut all = encode(first);
        all.extend(other.join().unwrap_or_default());
        all
    })
}
