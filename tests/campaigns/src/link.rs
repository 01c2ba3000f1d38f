//! A way between two sides, relayed byte for byte, that can be cut, stopped, slowed, or lose an answer.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const CHUNK: usize = 64 * 1024;

/// What a link does with what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Lets it pass.
    Open,
    /// Closes what is open and refuses what is new.
    Refuse,
    /// Takes everything and passes nothing on; it passes once the link is open again.
    BlackHole,
    /// Passes the question on and closes when the answer comes.
    CutAnswer,
    /// Passes everything on; closes when the answer to a `COMMIT` comes (PostgreSQL's simple query).
    CutCommit,
    /// Passes each piece on after a while.
    Delay(Duration),
}

/// Where a link leads and what it does now. Clones share it.
#[derive(Clone)]
pub struct Link(Arc<State>);

struct State {
    to: Mutex<Option<SocketAddr>>,
    mode: watch::Sender<Mode>,
    /// How often everything open was closed.
    cuts: watch::Sender<u64>,
}

impl Link {
    /// A link that leads nowhere yet.
    pub fn new() -> Self {
        let (mode, cuts) = (watch::Sender::new(Mode::Open), watch::Sender::new(0));
        Self(Arc::new(State { to: Mutex::new(None), mode, cuts }))
    }

    /// Leads to `to` from now on; `None` refuses.
    pub fn lead(&self, to: Option<SocketAddr>) {
        *self.0.to.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }

    /// Does this from now on, to open connections too.
    pub fn set(&self, mode: Mode) {
        self.0.mode.send_replace(mode);
        if mode == Mode::Refuse {
            self.cut();
        }
    }

    /// What it does now.
    pub fn mode(&self) -> Mode {
        *self.0.mode.borrow()
    }

    /// Closes every open connection.
    pub fn cut(&self) {
        self.0.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// A connection to the other side.
    ///
    /// # Errors
    /// Where the link leads nowhere, refuses, or nobody listens there.
    pub async fn connect(&self) -> anyhow::Result<TcpStream> {
        let to = *self.0.to.lock().unwrap_or_else(PoisonError::into_inner);
        anyhow::ensure!(self.mode() != Mode::Refuse, "the link refuses");
        let stream = TcpStream::connect(to.context("the link leads nowhere")?).await?;
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    /// Relays between two connections until one ends or the link cuts them. `first` goes to the far side before.
    pub async fn relay(&self, near: TcpStream, far: TcpStream, first: &[u8]) {
        let mut cuts = self.0.cuts.subscribe();
        let (near_in, near_out) = near.into_split();
        let (far_in, mut far_out) = far.into_split();
        let committing = AtomicBool::new(false);
        let ask = async {
            if pass(&mut self.0.mode.subscribe(), first, &mut far_out).await.is_ok() {
                self.pump(near_in, far_out, Way::Question(&committing)).await;
            }
        };
        // A connection that ends on one side ends on both.
        tokio::select! {
            () = ask => {}
            () = self.pump(far_in, near_out, Way::Answer(&committing)) => {}
            _ = cuts.changed() => {}
        }
    }

    async fn pump(&self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, way: Way<'_>) {
        let mut mode = self.0.mode.subscribe();
        let mut chunk = vec![0; CHUNK];
        while let Ok(read) = from.read(&mut chunk).await {
            let bytes = chunk.get(..read).unwrap_or_default();
            let now = self.mode();
            if read == 0 || way.ends_here(now, bytes) || pass(&mut mode, bytes, &mut to).await.is_err() {
                return;
            }
        }
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

enum Way<'a> {
    Question(&'a AtomicBool),
    Answer(&'a AtomicBool),
}

impl Way<'_> {
    /// Whether the connection ends here instead of passing these bytes.
    fn ends_here(&self, mode: Mode, bytes: &[u8]) -> bool {
        match (self, mode) {
            (Self::Question(committing), Mode::CutCommit) => {
                let commits = bytes.windows(6).any(|word| word.eq_ignore_ascii_case(b"COMMIT"));
                committing.fetch_or(commits, Ordering::SeqCst);
                false
            }
            (Self::Answer(committing), Mode::CutCommit) => committing.load(Ordering::SeqCst),
            (Self::Answer(_), Mode::CutAnswer) => true,
            _ => false,
        }
    }
}

/// Writes bytes as the mode says; waits while it swallows.
async fn pass(
    mode: &mut watch::Receiver<Mode>,
    bytes: &[u8],
    to: &mut (impl AsyncWrite + Unpin),
) -> std::io::Result<()> {
    let _ = mode.wait_for(|mode| *mode != Mode::BlackHole).await;
    let now = *mode.borrow();
    match now {
        Mode::Refuse => return Err(std::io::ErrorKind::ConnectionReset.into()),
        Mode::Delay(wait) => tokio::time::sleep(wait).await,
        _ => {}
    }
    to.write_all(bytes).await
}

/// A link with a port of its own, for anything that speaks TCP.
pub struct Proxy {
    /// What passes through the port.
    pub link: Link,
    /// The port, on 127.0.0.1.
    pub port: u16,
    serving: JoinHandle<()>,
}

impl Proxy {
    /// Opens a port that leads to `to`.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn open(to: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let link = Link::new();
        link.lead(Some(to));
        let serving = tokio::spawn(serve(listener, link.clone()));
        Ok(Self { link, port, serving })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, link: Link) {
    loop {
        let Ok((near, _)) = listener.accept().await else { continue };
        let link = link.clone();
        tokio::spawn(async move {
            let _ = near.set_nodelay(true);
            if let Ok(far) = link.connect().await {
                link.relay(near, far, &[]).await;
            }
        });
    }
}
