//! One serving process per SQLite file: two would each believe to be the only one.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::config::Database;

/// The right to serve from a database, for as long as it is kept. The operating system takes it back when the process
/// ends, however it ends. Commands that only look, or change something in one transaction, work beside it.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not used: the lock ends with the file")] Option<File>);

impl Lock {
    /// Takes the right to serve, before anything is opened. Several instances may serve from PostgreSQL.
    ///
    /// # Errors
    /// When another process has it, or the file beside the database cannot be written.
    pub fn take(database: &Database) -> anyhow::Result<Self> {
        let Database::Sqlite(path) = database else { return Ok(Self(None)) };
        let beside = beside(path)?;
        let cannot = || format!("cannot write {}", beside.display());
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(&beside).with_context(cannot)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(Some(file))),
            Err(TryLockError::WouldBlock) => bail!(
                "another aijia already serves from {}: stop it first, or use PostgreSQL (DATABASE_URL) for several",
                path.display()
            ),
            Err(TryLockError::Error(problem)) => Err(problem).with_context(cannot),
        }
    }
}

/// The lock's file: the same one by whatever path the database is named.
fn beside(path: &Path) -> anyhow::Result<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let real = std::fs::canonicalize(path).or_else(|_| {
        let folder = std::fs::canonicalize(folder)?;
        Ok::<_, std::io::Error>(folder.join(path.file_name().unwrap_or_default()))
    });
    let mut name = real.with_context(|| format!("cannot use {}", path.display()))?.into_os_string();
    name.push(".lock");
    Ok(name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time_whatever_the_path() -> anyhow::Result<()> {
        let folder = std::env::temp_dir().join(format!("aijia-lock-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let named = |name: &str| Database::Sqlite(folder.join(name));
        std::fs::write(folder.join("aijia.db"), "")?;
        let link = folder.join("other.db");
        std::os::unix::fs::symlink(folder.join("aijia.db"), &link)?;
        let first = Lock::take(&named("aijia.db"))?;
        for name in ["aijia.db", "./aijia.db", "other.db"] {
            let refused = Lock::take(&named(name)).map(drop);
            assert!(refused.is_err_and(|problem| problem.to_string().contains("already serves")), "{name}");
        }
        drop(first);
        assert!(Lock::take(&named("other.db")).is_ok());
        std::fs::remove_dir_all(&folder)?;
        Ok(())
    }
}
