//! Arrays in a `.npz` file: a ZIP archive of `.npy` files.

use std::io::{Cursor, Read};

use zip::ZipArchive;

/// An open archive.
pub(super) struct Npz(ZipArchive<Cursor<Vec<u8>>>);

/// Where an array's header says how long it is, and the header begins (format 1).
const HEADER: usize = 10;

impl Npz {
    pub(super) fn open(bytes: Vec<u8>) -> Result<Npz, String> {
        ZipArchive::new(Cursor::new(bytes)).map(Npz).map_err(|problem| problem.to_string())
    }

    /// The `N` bytes an array is made of, with this element type (`<f4`, `|u1`).
    fn data(&mut self, name: &str, kind: &str, bytes: usize) -> Result<Vec<u8>, String> {
        let file = self.0.by_name(&format!("{name}.npy")).map_err(|problem| format!("{name}: {problem}"))?;
        let mut whole = Vec::new();
        // The header is one line; an array that is longer than it should be is noticed.
        file.take((bytes + (1 << 16)) as u64)
            .read_to_end(&mut whole)
            .map_err(|problem| format!("{name}: {problem}"))?;
        let length = whole.get(8..HEADER).map_or(0, |size| usize::from(u16::from_le_bytes([size[0], size[1]])));
        let header = String::from_utf8_lossy(whole.get(HEADER..HEADER + length).unwrap_or_default()).into_owned();
        let data = whole.get(HEADER + length..).unwrap_or_default();
        let plain = whole.starts_with(b"\x93NUMPY\x01") && header.contains("'fortran_order': False");
        if !plain || !header.contains(&format!("'descr': '{kind}'")) || data.len() != bytes {
            return Err(format!("{name} is no array of {bytes} bytes of {kind}"));
        }
        Ok(data.to_vec())
    }

    /// An array of `count` single-precision numbers.
    pub(super) fn floats(&mut self, name: &str, count: usize) -> Result<Vec<f32>, String> {
        let data = self.data(name, "<f4", count * 4)?;
        Ok(data.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect())
    }

    /// One double-precision number.
    pub(super) fn number(&mut self, name: &str) -> Result<f32, String> {
        let data = self.data(name, "<f8", 8)?;
        let bytes: [u8; 8] = data.try_into().map_err(|_| format!("{name} is no number"))?;
        Ok(f64::from_le_bytes(bytes) as f32)
    }

    /// An array of `count` bytes.
    pub(super) fn bytes(&mut self, name: &str, count: usize) -> Result<Vec<u8>, String> {
        self.data(name, "|u1", count)
    }
}
