//! A store's sealed profile beside the data.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Where a store's sealed profile is.
pub(super) struct Profile {
    folder: PathBuf,
    file: PathBuf,
}

impl Profile {
    pub(super) fn of(folder: &Path, store: &str) -> Self {
        Self { folder: folder.to_owned(), file: folder.join(format!("{store}.profile")) }
    }

    /// The sealed profile; nothing where nobody has signed in.
    pub(super) fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(&self.file) {
            Ok(sealed) => Ok(Some(sealed)),
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// Replaces it, at once or not at all.
    pub(super) fn write(&self, sealed: &[u8]) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let half = self.file.with_extension("part");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
        file.write_all(sealed)?;
        file.sync_all()?;
        fs::rename(&half, &self.file)
    }
}
