//! The folder in memory in which a browser lives: its profile, its caches, its temporary files.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::FlockOperation;

use crate::trouble::Trouble;

const PREFIX: &str = "aijia-browser-";
const NEW: &str = "aijia-new-browser-";

/// Counts this process's folders.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A folder of one running browser; removed when dropped. While it is held, its lock is held.
pub(crate) struct Den {
    path: PathBuf,
    _lock: File,
}

impl Den {
    /// A new folder under `base`, which must be in memory. What dead processes left there goes first.
    pub(crate) fn dig(base: &Path) -> Result<Den, Trouble> {
        if !is_in_memory(base) {
            return Err(Trouble::NotInMemory(base.to_owned()));
        }
        sweep(base);
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Den::held(base, &name).map_err(Trouble::system("making a folder in memory"))
    }

    /// The folder gets its name once it is locked: what has the name and no lock belongs to the dead.
    fn held(base: &Path, name: &str) -> std::io::Result<Den> {
        let (new, path) = (base.join(format!("{NEW}{name}")), base.join(format!("{PREFIX}{name}")));
        // Of a process of this number that died between these lines.
        let _ = std::fs::remove_dir_all(&new);
        let folder = |path: &Path| DirBuilder::new().mode(0o700).create(path);
        folder(&new)?;
        let lock = File::create(new.join("lock"))?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        folder(&new.join("profile"))?;
        folder(&new.join("tmp"))?;
        std::fs::rename(&new, &path)?;
        Ok(Den { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the browser keeps cookies and everything else.
    pub(crate) fn profile(&self) -> PathBuf {
        self.path.join("profile")
    }

    /// Where it puts temporary files.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.path.join("tmp")
    }
}

impl Drop for Den {
    fn drop(&mut self) {
        // A dying browser may still be writing: what it adds while this runs is gone with the next look.
        for _ in 0..3 {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Removes what nobody holds any more.
fn sweep(base: &Path) {
    let Ok(found) = std::fs::read_dir(base) else { return };
    for folder in found.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let Ok(lock) = File::open(folder.path().join("lock")) else { continue };
        if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = std::fs::remove_dir_all(folder.path());
        }
    }
}

#[cfg(target_os = "linux")]
fn is_in_memory(path: &Path) -> bool {
    // statfs(2): TMPFS_MAGIC, RAMFS_MAGIC.
    rustix::fs::statfs(path).is_ok_and(|found| matches!(u64::try_from(found.f_type), Ok(0x0102_1994 | 0x8584_58f6)))
}

#[cfg(not(target_os = "linux"))]
fn is_in_memory(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_den_is_gone_when_dropped_and_what_the_dead_left_is_swept() {
        let base = tempfile::tempdir_in("/dev/shm").unwrap();
        let left = base.path().join("aijia-browser-1-0");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("lock"), "").unwrap();
        let den = Den::dig(base.path()).unwrap();
        assert!(!left.exists() && den.profile().is_dir());
        let second = Den::dig(base.path()).unwrap();
        let path = den.path().to_owned();
        assert!(path.is_dir() && second.path() != path, "a held den is not swept");
        drop(den);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_on_a_disk_is_no_place_for_a_profile() {
        let refused = Den::dig("/proc".as_ref()).err().map(|trouble| trouble.to_string());
        assert!(refused.is_some_and(|words| words.contains("tmpfs")));
    }
}
