//! What goes wrong with the browser itself, apart from anything that a page shows.

use std::path::PathBuf;

/// Why a browser does not do what it is told.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There is none on this machine.
    #[error(
        "no Chromium found: run `sudo apt-get install -y --no-install-recommends chromium fonts-noto-cjk`, or name its \
         program in AIJIA_CHROMIUM"
    )]
    NoChromium,
    /// The program that was named is none.
    #[error("{} cannot be run: name Chromium's program in AIJIA_CHROMIUM, or leave it out", .0.display())]
    NotAProgram(PathBuf),
    /// There is no folder in memory for the profile.
    #[error("{} is not in memory: mount a tmpfs there, the profile of a shop must not touch a disk", .0.display())]
    NotInMemory(PathBuf),
    /// Something of the operating system.
    #[error("{what}: {error}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What came of it.
        error: std::io::Error,
    },
    /// The sealed profile was not sealed with this key for this account, or was changed.
    #[error("the stored profile cannot be opened: sign in again")]
    SealedOtherwise,
    /// The profile is too large to keep.
    #[error("the profile has more than {0} bytes: sign in again")]
    ProfileTooLarge(usize),
    /// The browser ended.
    #[error("the browser ended")]
    Gone,
    /// The browser does not answer.
    #[error("the browser does not answer: {0}")]
    Silent(&'static str),
    /// The browser refuses a command.
    #[error("the browser refuses {method}: {why}")]
    Refused {
        /// Which command.
        method: &'static str,
        /// What it says.
        why: String,
    },
    /// What a person types would be lost.
    #[error("nothing on the page takes what is typed: click on a field first")]
    NothingFocused,
    /// The account is not one of those that the recipe names.
    #[error("the recipe {recipe} is not for the account {account}")]
    NotForAccount {
        /// Which recipe.
        recipe: String,
        /// Which account.
        account: String,
    },
}

impl Trouble {
    pub(crate) fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> Trouble {
        move |error| Trouble::System { what, error }
    }
}
