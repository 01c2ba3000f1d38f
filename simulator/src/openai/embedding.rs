//! Deterministic vectors: texts that share characters and pairs of characters lie near each other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::request::{EmbeddingRequest, Encoding};

/// The answer's body. Wordings that are `alike` are read as the other one.
pub(super) fn response(request: &EmbeddingRequest, alike: &[(String, String)]) -> Value {
    let meant = |text: &str| alike.iter().fold(text.to_owned(), |text, (wording, meant)| text.replace(wording, meant));
    let data: Vec<Value> =
        request.inputs.iter().enumerate().map(|(index, text)| item(request, index, &meant(text))).collect();
    let tokens: usize = request.inputs.iter().map(|text| (text.len() / 3).max(1)).sum();
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    json!({"object": "list", "data": data, "model": request.model, "usage": usage})
}

fn item(request: &EmbeddingRequest, index: usize, text: &str) -> Value {
    let vector = vector(text, request.dimensions);
    let embedding = match request.encoding {
        Encoding::Float => json!(vector),
        Encoding::Base64 => {
            json!(STANDARD.encode(vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>()))
        }
    };
    json!({"object": "embedding", "index": index, "embedding": embedding})
}

/// A vector of length 1: each character and each pair of neighbours adds ±1 at a hashed place.
pub(super) fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimensions];
    let letters: Vec<char> = text.to_lowercase().chars().collect();
    for gram in letters.chunks(1).chain(letters.windows(2)) {
        let (place, sign) = hashed(gram, dimensions);
        if let Some(slot) = vector.get_mut(place) {
            *slot += sign;
        }
    }
    normalised(vector)
}

fn hashed(gram: &[char], dimensions: usize) -> (usize, f32) {
    let digest = Sha256::digest(gram.iter().collect::<String>().as_bytes());
    let number = digest.iter().take(4).fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
    let sign = if digest.iter().last().is_some_and(|byte| byte & 1 == 1) { 1.0 } else { -1.0 };
    (number.checked_rem(dimensions).unwrap_or(0), sign)
}

fn normalised(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|number| *number /= length);
    } else if let Some(first) = vector.first_mut() {
        *first = 1.0;
    }
    vector
}
