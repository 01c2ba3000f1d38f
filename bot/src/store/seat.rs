//! Whose place a program takes on a database that several share: that of the programs that served before it from the same
//! data folder. The operating system says that none of them is left, so what they held need not wait until their silence
//! is noticed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context;

/// The data folder's place among the programs on a database, for as long as it is kept.
#[derive(Debug)]
pub struct Seat {
    /// None where another program has the folder too: then nothing is known of anybody.
    file: Option<File>,
    before: Vec<String>,
}

impl Seat {
    /// Takes the place, and notes `id` in it.
    ///
    /// # Errors
    /// When the file in the data folder cannot be read or written.
    pub fn take(data_dir: &Path, id: &str) -> anyhow::Result<Self> {
        let path = data_dir.join("instance");
        let cannot = || format!("cannot use {}", path.display());
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path).with_context(cannot)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Self { file: None, before: Vec::new() }),
            Err(TryLockError::Error(problem)) => return Err(problem).with_context(cannot),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(cannot)?;
        writeln!(file, "{id}").with_context(cannot)?;
        Ok(Self { file: Some(file), before: text.lines().map(str::to_owned).collect() })
    }

    /// The programs that served from this folder and are gone.
    pub fn before(&self) -> &[String] {
        &self.before
    }

    /// Those before are off the list: only `id` is noted from now on.
    ///
    /// # Errors
    /// When the file cannot be written; then they are taken for gone once more, which changes nothing.
    pub fn settled(&mut self, id: &str) -> anyhow::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.set_len(0)?;
        writeln!(file, "{id}")?;
        self.before.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_next_knows_who_was_here() -> anyhow::Result<()> {
        let folder = std::env::temp_dir().join(format!("aijia-seat-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let first = Seat::take(&folder, "one")?;
        assert!(first.before().is_empty());
        let beside = Seat::take(&folder, "two")?;
        assert!(beside.before().is_empty(), "the first one lives");
        drop(first);
        // Killed before it could settle anything.
        drop(Seat::take(&folder, "three")?);
        let mut fourth = Seat::take(&folder, "four")?;
        assert_eq!(fourth.before(), ["one", "three"]);
        fourth.settled("four")?;
        drop(fourth);
        assert_eq!(Seat::take(&folder, "five")?.before(), ["four"]);
        std::fs::remove_dir_all(&folder)?;
        Ok(())
    }
}
