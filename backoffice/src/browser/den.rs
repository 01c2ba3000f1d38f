//! The folder in memory in which a browser lives: its profile, its caches, its temporary files.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::trouble::Trouble;

const PREFIX: &str = "aijia-browser-";

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
        let folder = (0..u16::MAX).map(|n| base.join(format!("{PREFIX}{}-{n}", std::process::id())));
        for path in folder {
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Den::held(path),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Trouble::System { what: "making a folder in memory", error }),
            }
        }
        Err(Trouble::NotInMemory(base.to_owned()))
    }

    fn held(path: PathBuf) -> Result<Den, Trouble> {
        let what = "making a folder in memory";
        let lock = File::create(path.join("lock")).map_err(Trouble::system(what))?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| Trouble::System { what, error: error.into() })?;
        for name in ["profile", "tmp"] {
            DirBuilder::new().mode(0o700).create(path.join(name)).map_err(Trouble::system(what))?;
        }
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

/// Removes what nobody holds any more. A folder is about to be held where it has no lock yet: it is left alone.
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
