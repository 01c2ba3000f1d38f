//! Directions for what is measured, from the encoder in the folder that `AIJIA_ENCODER` names; without it there are none.
//! They are kept under `target/`, because finding them takes minutes.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use knowledge::{Direction, Encoder, Index, Meanings};

use crate::Failure;

/// The encoder, where there is one.
pub(crate) struct Meaning(Option<Encoder>);

impl Meaning {
    pub(crate) fn from_environment() -> Result<Self, Failure> {
        let Ok(folder) = std::env::var("AIJIA_ENCODER") else { return Ok(Self(None)) };
        let read = |file: &str| {
            let path = Path::new(&folder).join(file);
            std::fs::read(&path).map_err(|problem| format!("{}: {problem}", path.display()))
        };
        Ok(Self(Some(Encoder::new(&read(Encoder::MODEL_FILE)?, read(Encoder::WEIGHTS_FILE)?)?)))
    }

    /// What a question means.
    pub(crate) fn of(&self, text: &str) -> Option<Vec<f32>> {
        self.0.as_ref().map(|encoder| encoder.encode(text))
    }

    /// What texts mean, each with as many numbers; nothing without an encoder.
    pub(crate) fn of_all(&self, texts: &[&str]) -> Result<Option<Vec<Vec<f32>>>, Failure> {
        let Some(encoder) = &self.0 else { return Ok(None) };
        let numbers = kept(encoder, texts)?;
        Ok(Some(numbers.chunks_exact(Encoder::DIMENSIONS).map(<[f32]>::to_vec).collect()))
    }

    /// Lets an index know what its entries mean.
    pub(crate) fn tell(&self, index: &Index) -> Result<(), Failure> {
        let Some(encoder) = &self.0 else { return Ok(()) };
        let faces = index.faces();
        let directions = kept(encoder, &faces.iter().map(|face| face.text.as_str()).collect::<Vec<_>>())?;
        let unrelated = Meanings::unrelated_texts().filter_map(|text| Direction::of(&encoder.encode(text)));
        let unrelated: Vec<Arc<Direction>> = unrelated.map(Arc::new).collect();
        let known = faces.iter().zip(directions.chunks_exact(Encoder::DIMENSIONS));
        let known = known.filter_map(|(face, numbers)| Some((face, Arc::new(Direction::of(numbers)?))));
        index.know(Meanings::new(known, &unrelated));
        Ok(())
    }
}

/// The directions of all texts, one after another, found once.
fn kept(encoder: &Encoder, texts: &[&str]) -> Result<Vec<f32>, Failure> {
    let mut hasher = DefaultHasher::new();
    texts.iter().for_each(|text| text.hash(&mut hasher));
    let folder = PathBuf::from(std::env::var("CARGO_TARGET_DIR").unwrap_or("target".to_owned())).join("directions");
    let file = folder.join(format!("{:016x}", hasher.finish()));
    let number = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    if let Ok(bytes) = std::fs::read(&file) {
        return Ok(bytes.chunks_exact(4).map(number).collect());
    }
    eprintln!("finding {} directions, once", texts.len());
    let directions = found(encoder, texts);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(&file, directions.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())?;
    Ok(directions)
}

/// The directions of all texts, by two threads.
fn found(encoder: &Encoder, texts: &[&str]) -> Vec<f32> {
    let encode = |texts: &[&str]| texts.iter().flat_map(|text| encoder.encode(text)).collect::<Vec<f32>>();
    let (first, second) = texts.split_at(texts.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| encode(second));
        let mut all = encode(first);
        all.extend(other.join().unwrap_or_default());
        all
    })
}
