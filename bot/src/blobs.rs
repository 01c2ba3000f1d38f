//! Attachments, kept by what they are: the file's name is the SHA-256 of its content.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};

/// A folder of attachments.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    /// Attachments in `folder`, which is created with the first of them.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Keeps `bytes` and gives their name: hexadecimal SHA-256.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn put(&self, bytes: &[u8]) -> anyhow::Result<String> {
        let name = hex::encode(Sha256::digest(bytes));
        let path = self.path(&name)?;
        if tokio::fs::try_exists(&path).await? {
            return Ok(name);
        }
        let folder = path.parent().context("a blob has a folder")?;
        tokio::fs::create_dir_all(folder).await.with_context(|| format!("cannot create {}", folder.display()))?;
        // Written beside and renamed: nobody ever reads half a file.
        let half = path.with_extension("part");
        tokio::fs::write(&half, bytes).await.with_context(|| format!("cannot write {}", half.display()))?;
        tokio::fs::rename(&half, &path).await.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(name)
    }

    /// The bytes with this name.
    ///
    /// # Errors
    /// When there are none, or they are no longer what their name says.
    pub async fn get(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        let path = self.path(name)?;
        let bytes = tokio::fs::read(&path).await.with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(hex::encode(Sha256::digest(&bytes)) == name, "{} was changed on disk", path.display());
        Ok(bytes)
    }

    /// Whether there are bytes with this name.
    pub fn has(&self, name: &str) -> bool {
        self.path(name).is_ok_and(|path| path.exists())
    }

    /// Removes the bytes with this name, if they are here.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn remove(&self, name: &str) -> anyhow::Result<()> {
        let path = self.path(name)?;
        match tokio::fs::remove_file(&path).await {
            Err(problem) if problem.kind() != std::io::ErrorKind::NotFound => {
                Err(problem).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    fn path(&self, name: &str) -> anyhow::Result<PathBuf> {
        let hexadecimal = name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
        ensure!(hexadecimal, "not the name of an attachment");
        Ok(self.folder.join(&name[..2]).join(name))
    }
}
