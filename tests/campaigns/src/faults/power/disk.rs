//! A disk that remembers what was not synced yet, and the log it is made of (see `shim/shim.c`).
//!
//! Names are taken as durable at once, as journals of file systems keep them in order; what was written is not.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};

use crate::draw::Draw;

/// Bytes that a disk writes whole or not at all.
const SECTOR: usize = 512;
/// Bytes of a record before its path.
const HEAD: usize = 27;

/// One change, as the program made it.
#[derive(Clone, Debug)]
pub struct Record {
    op: u8,
    /// When, in nanoseconds since 1970.
    pub at_ns: u64,
    offset: u64,
    path: String,
    data: Vec<u8>,
}

impl Record {
    /// Whether something was synced here.
    pub fn is_barrier(&self) -> bool {
        self.op == b'S'
    }
}

/// Reads a log; a record that was cut off at its end is left out.
///
/// # Errors
/// Where the file cannot be read or is none.
pub fn read_log(path: &Path) -> anyhow::Result<Vec<Record>> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (mut rest, mut records) = (bytes.as_slice(), Vec::new());
    while let Some((record, more)) = record(rest)? {
        records.push(record);
        rest = more;
    }
    Ok(records)
}

fn record(bytes: &[u8]) -> anyhow::Result<Option<(Record, &[u8])>> {
    let Some((head, rest)) = bytes.split_at_checked(HEAD) else { return Ok(None) };
    let number = |at: usize| -> anyhow::Result<u64> {
        let field = head.get(at..at + 8).context("a record's head")?;
        Ok(u64::from_le_bytes(field.try_into()?))
    };
    let op = *head.first().context("a record's head")?;
    ensure!(b"WTSURC".contains(&op), "no record begins with {op}");
    let path_len = u16::from_le_bytes(head.get(25..27).context("a record's head")?.try_into()?);
    let data_len = if matches!(op, b'W' | b'R') { usize::try_from(number(17)?)? } else { 0 };
    let Some((path, rest)) = rest.split_at_checked(path_len.into()) else { return Ok(None) };
    let Some((data, rest)) = rest.split_at_checked(data_len) else { return Ok(None) };
    let path = String::from_utf8(path.to_vec())?;
    Ok(Some((Record { op, at_ns: number(1)?, offset: number(9)?, path, data: data.to_vec() }, rest)))
}

/// A folder on a disk.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: BTreeMap<String, File>,
}

#[derive(Clone, Debug, Default)]
struct File {
    synced: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

impl Disk {
    /// What lies in a folder, all of it synced.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut disk = Self::default();
        disk.read_in(folder, "")?;
        Ok(disk)
    }

    fn read_in(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                self.read_in(&entry.path(), &format!("{name}/"))?;
            } else if !name.ends_with("-shm") {
                let synced = std::fs::read(entry.path())?;
                self.files.insert(name, File { synced, pending: Vec::new() });
            }
        }
        Ok(())
    }

    /// The disk after these changes.
    pub fn after(mut self, records: &[Record]) -> Self {
        for record in records {
            self.change(record);
        }
        self
    }

    fn change(&mut self, record: &Record) {
        let offset = usize::try_from(record.offset).unwrap_or(usize::MAX);
        match record.op {
            b'W' => self.pending(record, Change::Write(offset, record.data.clone())),
            b'T' => self.pending(record, Change::Truncate(offset)),
            b'S' => {
                if let Some(file) = self.files.get_mut(&record.path) {
                    file.sync();
                }
            }
            b'U' => drop(self.files.remove(&record.path)),
            b'R' => {
                let to = String::from_utf8_lossy(&record.data).into_owned();
                if let Some(file) = self.files.remove(&record.path) {
                    self.files.insert(to, file);
                }
            }
            _ => drop(self.files.insert(record.path.clone(), File::default())),
        }
    }

    fn pending(&mut self, record: &Record, change: Change) {
        self.files.entry(record.path.clone()).or_default().pending.push(change);
    }

    /// How many changes are not synced.
    pub fn unsynced(&self) -> usize {
        self.files.values().map(|file| file.pending.len()).sum()
    }

    /// Writes what a cut could leave of it into a new folder.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write_image(&self, folder: &Path, draw: &mut Draw) -> anyhow::Result<()> {
        for (name, file) in &self.files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().context("a folder")?)?;
            std::fs::write(path, file.after_a_cut(draw))?;
        }
        Ok(())
    }
}

impl File {
    fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::Write(offset, data) => put(&mut self.synced, offset, &data),
                Change::Truncate(size) => self.synced.resize(size, 0),
            }
        }
    }

    /// The synced bytes, and of the rest: all, nothing, or any sectors of it.
    fn after_a_cut(&self, draw: &mut Draw) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        let share = [0, 250, 500, 750, 1_000][draw.index(5)];
        for change in &self.pending {
            match change {
                Change::Truncate(size) if draw.per_mille(share) => bytes.resize(*size, 0),
                Change::Truncate(_) => {}
                Change::Write(offset, data) => {
                    for (at, sector) in sectors(*offset, data) {
                        if draw.per_mille(share) {
                            put(&mut bytes, at, sector);
                        }
                    }
                }
            }
        }
        bytes
    }
}

/// The pieces of a write that lie in one sector each.
fn sectors(offset: usize, data: &[u8]) -> Vec<(usize, &[u8])> {
    let (mut at, mut rest, mut pieces) = (offset, data, Vec::new());
    while !rest.is_empty() {
        let (piece, more) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
        pieces.push((at, piece));
        (at, rest) = (at + piece.len(), more);
    }
    pieces
}

fn put(bytes: &mut Vec<u8>, at: usize, data: &[u8]) {
    if bytes.len() < at + data.len() {
        bytes.resize(at + data.len(), 0);
    }
    if let Some(place) = bytes.get_mut(at..at + data.len()) {
        place.copy_from_slice(data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(op: u8, offset: u64, data: &[u8]) -> Record {
        Record { op, at_ns: 0, offset, path: "db".to_owned(), data: data.to_vec() }
    }

    #[test]
    fn what_was_synced_stays_and_the_rest_may_go() {
        let log = [change(b'W', 0, b"kept"), change(b'S', 0, b""), change(b'W', 4, &[7; 1_500])];
        let disk = Disk::default().after(&log);
        assert_eq!(disk.unsynced(), 1);
        let file = disk.files.get("db").cloned().unwrap_or_default();
        let images: Vec<Vec<u8>> = (0..200).map(|seed| file.after_a_cut(&mut Draw::new(seed))).collect();
        assert!(images.iter().all(|image| image.starts_with(b"kept")));
        assert!(images.iter().any(|image| image.len() == 4), "nothing of the rest");
        assert!(
            images.iter().any(|image| image.len() == 1_504 && image[4..].iter().all(|byte| *byte == 7)),
            "all of it"
        );
        let torn = |image: &Vec<u8>| image[4..].contains(&7) && image[4..].contains(&0);
        assert!(images.iter().any(torn), "a torn write");
    }

    #[test]
    fn a_log_reads_back() {
        let mut bytes = vec![b'W'];
        for number in [5_u64, 9, 3] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(2_u16.to_le_bytes());
        bytes.extend(b"dbabc");
        bytes.extend(b"W\x01");
        let folder = std::env::temp_dir().join(format!("aijia-log-{}", std::process::id()));
        std::fs::write(&folder, &bytes).expect("a temporary file");
        let read = read_log(&folder).expect("a log");
        std::fs::remove_file(&folder).expect("a temporary file");
        assert_eq!((read.len(), read[0].at_ns, read[0].offset), (1, 5, 9));
        assert_eq!((read[0].path.as_str(), read[0].data.as_slice()), ("db", b"abc".as_slice()));
    }
}
