//! Files and memory stay with whoever runs the program.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// From now on whatever is created is for this user only, and no crash writes the memory, keys and all, to a file.
pub(super) fn from_now_on() {
    umask(Mode::RWXG | Mode::RWXO);
    let nothing = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(problem) = setrlimit(Resource::Core, nothing) {
        eprintln!("core dumps cannot be switched off: {problem}");
    }
}
