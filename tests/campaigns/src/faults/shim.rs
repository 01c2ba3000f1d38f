//! What stands between the program and its disk and clock: a small library in C, preloaded into it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::instance::Setup;

/// Builds the library with `cc` into `folder`.
///
/// # Errors
/// Where there is no C compiler, or it refuses.
pub fn build(folder: &Path) -> anyhow::Result<PathBuf> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/shim/shim.c");
    let library = folder.join("shim.so");
    let built = Command::new("cc")
        .args(["-O1", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .args([source, "-ldl", "-lpthread"])
        .status()
        .context("no C compiler: `cc` cannot be run")?;
    ensure!(built.success(), "cc cannot build {source}");
    Ok(library)
}

/// Preloads the library: changes in `data` are watched, written down in `log`, and fail as `failure` says.
pub fn watch(setup: &mut Setup, library: &Path, data: &Path, log: Option<&Path>, failure: Option<&str>) {
    let mut set = |name: &str, value: String| setup.env.insert(name.to_owned(), value);
    set("LD_PRELOAD", library.display().to_string());
    set("SHIM_FOLDER", data.display().to_string());
    if let Some(log) = log {
        set("SHIM_LOG", log.display().to_string());
    }
    if let Some(failure) = failure {
        set("SHIM_FAIL", failure.to_owned());
    }
}
