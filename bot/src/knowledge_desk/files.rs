//! The files of an import: which ones, and their bytes within the limit.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use knowledge::import::{Fault, Format, MAX_FILE_BYTES};

/// Files of one import at most.
const MAX_FILES: usize = 5_000;
/// Folders inside one another at most.
const MAX_DEPTH: usize = 16;
/// What office programs and systems leave beside people's files.
const LEFTOVERS: &[&str] = &["thumbs.db", "desktop.ini", "__macosx"];

/// A file to import.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// How its entries name it: its own name, or its path within the folder that was asked for.
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// What an import is about.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) found: Vec<Found>,
    /// What folders hold beside, and why it is left aside.
    pub(super) left_aside: Vec<String>,
}

/// All files of the paths, in order; folders with everything in them.
///
/// # Errors
/// When a path cannot be read, is too much, or two files would go by one name.
pub(super) fn all(paths: &[PathBuf]) -> anyhow::Result<Files> {
    let mut files = Files::default();
    for path in paths {
        let about = path.metadata().with_context(|| format!("cannot read {}", path.display()))?;
        if about.is_dir() {
            files.folder(path, "", 0)?;
        } else {
            ensure!(about.is_file(), "{} is no file", path.display());
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.add(name, path.clone())?;
        }
    }
    let mut names = HashSet::new();
    for file in &files.found {
        // Their entries could not be told apart, and each would take the other's for gone.
        if !names.insert(&file.name) {
            bail!("two files are called {}: rename one, or import the folder above both", file.name);
        }
    }
    Ok(files)
}

impl Files {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> anyhow::Result<()> {
        let cannot = || format!("cannot read {}", folder.display());
        ensure!(depth <= MAX_DEPTH, "{} lies more than {MAX_DEPTH} folders deep, the limit", folder.display());
        let entries = std::fs::read_dir(folder).with_context(cannot)?;
        let mut paths =
            entries.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>().with_context(cannot)?;
        paths.sort();
        for path in paths {
            let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let name = format!("{prefix}{own}");
            let about = path.symlink_metadata().with_context(|| format!("cannot read {}", path.display()))?;
            match why_left_aside(&own, &about) {
                Some(why) => self.left_aside.push(format!("{name}: {why}")),
                None if about.is_dir() => self.folder(&path, &format!("{name}/"), depth + 1)?,
                None => self.add(name, path)?,
            }
        }
        Ok(())
    }

    fn add(&mut self, name: String, path: PathBuf) -> anyhow::Result<()> {
        ensure!(self.found.len() < MAX_FILES, "more than {MAX_FILES} files, the limit: import them folder by folder");
        self.found.push(Found { name, path });
        Ok(())
    }
}

/// Why something in a folder is not imported.
fn why_left_aside(name: &str, about: &std::fs::Metadata) -> Option<&'static str> {
    let lower = name.to_lowercase();
    if name.starts_with("~$") || lower.starts_with(".~lock.") {
        return Some("a program has the file of this name open; close it there if changes are missing");
    }
    if name.starts_with('.') {
        return Some("hidden");
    }
    if LEFTOVERS.contains(&lower.as_str()) || lower.ends_with(".tmp") {
        return Some("left by a program");
    }
    if about.is_symlink() {
        return Some("a link; name what it leads to if it is meant");
    }
    if about.is_dir() {
        return None;
    }
    if !about.is_file() {
        return Some("no file");
    }
    // An old Office file is knowledge that has to be saved anew: it is refused with what to do.
    matches!(Format::of(name), Err(Fault::Format { .. })).then_some("not a format that is imported")
}

/// The bytes of a file; never more than the limit is read.
///
/// # Errors
/// When it cannot be read; a file that is too large is the inner answer.
pub(super) fn read(path: &Path) -> anyhow::Result<Result<Vec<u8>, Fault>> {
    let cannot = || format!("cannot read {}", path.display());
    let file = std::fs::File::open(path).with_context(cannot)?;
    let size = file.metadata().with_context(cannot)?.len();
    if size > MAX_FILE_BYTES as u64 {
        return Ok(Err(Fault::FileTooLarge { bytes: size, limit: MAX_FILE_BYTES }));
    }
    let mut bytes = Vec::new();
    // One byte more shows that it has grown meanwhile; the reader refuses it.
    file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).with_context(cannot)?;
    Ok(Ok(bytes))
}
