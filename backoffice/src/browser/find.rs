//! Where Chromium is.

use std::path::{Path, PathBuf};

use crate::trouble::Trouble;

const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/// Chromium's program on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chromium(PathBuf);

impl Chromium {
    /// The program that was named, else the first known name on `path` (as in the environment variable `PATH`).
    ///
    /// # Errors
    /// [`Trouble::NoChromium`], whose words name the command that installs it; [`Trouble::NotAProgram`].
    pub fn find(named: Option<&Path>, path: &std::ffi::OsStr) -> Result<Chromium, Trouble> {
        if let Some(named) = named {
            let found = is_program(named).then(|| Chromium(named.to_owned()));
            return found.ok_or_else(|| Trouble::NotAProgram(named.to_owned()));
        }
        let places = std::env::split_paths(path).flat_map(|folder| NAMES.map(|name| folder.join(name)));
        places.filter(|place| is_program(place)).map(Chromium).next().ok_or(Trouble::NoChromium)
    }

    /// The program's path.
    pub fn program(&self) -> &Path {
        &self.0
    }
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_browser_names_the_command_that_installs_it() {
        let words = Chromium::find(None, "/nonexistent".as_ref()).unwrap_err().to_string();
        assert!(words.contains("apt-get install") && !words.contains('\n'), "{words}");
    }

    #[test]
    fn what_is_named_is_used_or_refused() {
        assert_eq!(Chromium::find(Some("/bin/sh".as_ref()), "".as_ref()).unwrap().program(), Path::new("/bin/sh"));
        let words = Chromium::find(Some("/etc/passwd".as_ref()), "/bin".as_ref()).unwrap_err().to_string();
        assert!(words.contains("/etc/passwd"), "{words}");
    }
}
