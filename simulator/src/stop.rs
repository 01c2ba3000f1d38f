//! How a server of the simulator ends: with its last handle.

use tokio::sync::watch;

/// Tells a server to end when it is dropped.
pub(crate) struct StopOnDrop(pub(crate) watch::Sender<bool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}
