//! Every connection of a browser leaves through here (SOCKS 5, RFC 1928): only to hosts that a recipe or the account
//! names, only to addresses that are public or configured, and resolved here, so that what was looked at is what is
//! connected to.
//!
//! A write that was let out must reach the shop once. Chromium repeats a request by itself, a POST included, where it ran
//! over a connection that was opened in advance or served another one before, and then broke. So from the moment a write
//! is let out until it is settled, the relay is *narrow*: what was open is cut, exactly one new connection carries bytes
//! to the shop, the others wait, and once that one has ended none carries any.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::address::is_public;

/// Longest wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most refusals that are remembered.
const MOST_REFUSALS: usize = 200;

/// A host and port that may be reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Door {
    /// As a browser writes it: small letters, IPv6 without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whether its address may be a private one.
    pub(crate) private: bool,
}

/// The running relay; it ends when dropped, with all its connections.
pub(crate) struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    doors: BTreeSet<Door>,
    passage: watch::Sender<Passage>,
    refused: Mutex<Vec<String>>,
}

/// What may pass to the shop.
#[derive(Clone, Copy, Debug, Default)]
struct Passage {
    /// Counts how often all connections were cut: one of an earlier age ends.
    age: u64,
    /// Counts connections, so that each has a number of its own.
    connections: u64,
    width: Width,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Width {
    /// Every connection.
    #[default]
    Wide,
    /// The first one that has something to carry.
    First,
    /// This one alone; the others wait.
    Only(u64),
    /// None any more.
    Closed,
}

/// One connection's place in the passage.
#[derive(Clone, Copy)]
struct Ticket {
    number: u64,
    age: u64,
}

impl Relay {
    pub(crate) async fn open(doors: BTreeSet<Door>) -> io::Result<Relay> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared =
            Arc::new(Shared { doors, passage: watch::channel(Passage::default()).0, refused: Mutex::default() });
        let serving = tokio::spawn(serve(listener, shared.clone()));
        Ok(Relay { address, shared, serving })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection, and lets a single new one carry anything until [`Relay::widen`].
    pub(crate) fn narrow(&self) {
        self.shared.cut(Width::First);
    }

    /// The write is settled: the browser does not repeat it any more, and every connection may carry again.
    pub(crate) fn widen(&self) {
        self.shared.passage.send_modify(|passage| passage.width = Width::Wide);
    }

    /// Gives a write up: every connection ends, and none carries anything until [`Relay::widen`].
    pub(crate) fn shut(&self) {
        self.shared.cut(Width::Closed);
    }

    /// Whether a write was given up that the browser may still try to repeat.
    pub(crate) fn is_shut(&self) -> bool {
        self.shared.passage.borrow().width == Width::Closed
    }

    /// Where the browser wanted to go and was not let, oldest first.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.shared.refused().clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.serving.abort();
        self.shut();
    }
}

impl Shared {
    fn cut(&self, width: Width) {
        self.passage.send_modify(|passage| {
            passage.age += 1;
            passage.width = width;
        });
    }

    fn ticket(&self) -> Ticket {
        let mut ticket = Ticket { number: 0, age: 0 };
        self.passage.send_if_modified(|passage| {
            passage.connections += 1;
            ticket = Ticket { number: passage.connections, age: passage.age };
            false
        });
        ticket
    }

    /// Waits until the connection may carry bytes to the shop. Gives `false` where it never may.
    async fn may_carry(&self, ticket: Ticket) -> bool {
        let mut passage = self.passage.subscribe();
        loop {
            match self.claim(ticket) {
                Some(may) => return may,
                None if passage.changed().await.is_err() => return false,
                None => {}
            }
        }
    }

    /// Whether the connection may carry now; nothing where another one does, and it has to wait.
    fn claim(&self, ticket: Ticket) -> Option<bool> {
        let mut may = Some(false);
        self.passage.send_if_modified(|passage| {
            if passage.age != ticket.age {
                return false;
            }
            let first = passage.width == Width::First;
            if first {
                passage.width = Width::Only(ticket.number);
            }
            may = match passage.width {
                Width::Only(number) if number != ticket.number => None,
                Width::Closed => Some(false),
                _ => Some(true),
            };
            first
        });
        may
    }

    /// A connection ended: where it was the only one that could carry, none can any more.
    fn ended(&self, ticket: Ticket) {
        self.passage.send_if_modified(|passage| {
            let only = passage.age == ticket.age && passage.width == Width::Only(ticket.number);
            if only {
                passage.width = Width::Closed;
            }
            only
        });
    }

    fn refuse(&self, place: String) {
        let mut refused = self.refused();
        if refused.len() < MOST_REFUSALS {
            refused.push(place);
        }
    }

    fn refused(&self) -> MutexGuard<'_, Vec<String>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (shared, ticket) = (shared.clone(), shared.ticket());
        tokio::spawn(async move {
            let _ = carry(stream, &shared, ticket).await;
            shared.ended(ticket);
        });
    }
}

async fn carry(mut near: TcpStream, shared: &Shared, ticket: Ticket) -> io::Result<()> {
    let Some((host, port)) = tokio::time::timeout(PATIENCE, wanted(&mut near)).await?? else { return Ok(()) };
    let far = match shared.doors.iter().find(|door| door.host == host && door.port == port) {
        Some(door) => reached(door).await,
        None => None,
    };
    let Some(mut far) = far else {
        shared.refuse(format!("{host}:{port}"));
        // 2: not allowed by ruleset.
        return near.write_all(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]).await;
    };
    near.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    let (mut from_browser, mut to_browser) = near.split();
    let (mut from_shop, mut to_shop) = far.split();
    let there = ask(&mut from_browser, &mut to_shop, shared, ticket);
    let back = async {
        tokio::io::copy(&mut from_shop, &mut to_browser).await?;
        to_browser.shutdown().await
    };
    let mut passage = shared.passage.subscribe();
    tokio::select! {
        done = async { tokio::try_join!(there, back) } => done.map(drop),
        // What waits for its turn ends as well where nothing may pass any more.
        _ = passage.wait_for(|passage| passage.age != ticket.age || passage.width == Width::Closed) => Ok(()),
    }
}

/// Carries what the browser says to the shop, as far as it may.
async fn ask(
    browser: &mut (impl AsyncRead + Unpin),
    shop: &mut (impl AsyncWrite + Unpin),
    shared: &Shared,
    ticket: Ticket,
) -> io::Result<()> {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let length = browser.read(&mut piece).await?;
        let said = piece.get(..length).unwrap_or_default();
        if said.is_empty() {
            return shop.shutdown().await;
        }
        if !shared.may_carry(ticket).await {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        shop.write_all(said).await?;
    }
}

/// The host and port that are asked for; nothing where it is no SOCKS 5 request to connect.
async fn wanted(near: &mut TcpStream) -> io::Result<Option<(String, u16)>> {
    let [version, methods] = bytes(near).await?;
    let mut offered = vec![0; usize::from(methods)];
    near.read_exact(&mut offered).await?;
    if version != 5 || !offered.contains(&0) {
        return Ok(None);
    }
    near.write_all(&[5, 0]).await?;
    let [version, command, _, kind] = bytes(near).await?;
    if (version, command) != (5, 1) {
        return Ok(None);
    }
    let host = match kind {
        1 => Ipv4Addr::from(bytes::<4>(near).await?).to_string(),
        4 => Ipv6Addr::from(bytes::<16>(near).await?).to_string(),
        3 => {
            let [length] = bytes(near).await?;
            let mut name = vec![0; usize::from(length)];
            near.read_exact(&mut name).await?;
            String::from_utf8_lossy(&name).to_ascii_lowercase()
        }
        _ => return Ok(None),
    };
    Ok(Some((host, u16::from_be_bytes(bytes(near).await?))))
}

async fn bytes<const N: usize>(near: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    near.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn reached(door: &Door) -> Option<TcpStream> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host((door.host.as_str(), door.port)).await.ok()?.collect();
    let allowed = found.into_iter().filter(|address| door.private || is_public(IpAddr::to_canonical(&address.ip())));
    for address in allowed {
        if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
            return Some(stream);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(relay: &Relay, request: &[u8]) -> Option<u8> {
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        stream.write_all(&[5, 1, 0]).await.unwrap();
        let mut hello = [0; 2];
        stream.read_exact(&mut hello).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = [0; 10];
        stream.read_exact(&mut answer).await.ok().map(|_| answer[1])
    }

    fn by_name(host: &str, port: u16) -> Vec<u8> {
        let mut request = vec![5, 1, 0, 3, u8::try_from(host.len()).unwrap()];
        request.extend(host.as_bytes());
        request.extend(port.to_be_bytes());
        request
    }

    #[tokio::test]
    async fn only_doors_are_opened_and_a_name_that_leads_home_is_none() {
        let home = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = home.local_addr().unwrap().port();
        let door = |host: &str, private| Door { host: host.to_owned(), port, private };
        let relay = Relay::open([door("127.0.0.1", true), door("localhost", false)].into()).await.unwrap();
        let numeric = [&[5, 1, 0, 1, 127, 0, 0, 1], port.to_be_bytes().as_slice()].concat();
        assert_eq!(asked(&relay, &numeric).await, Some(0));
        assert_eq!(asked(&relay, &by_name("127.0.0.1", port)).await, Some(0));
        // Allowed by name as a public host; what it resolves to is not public.
        assert_eq!(asked(&relay, &by_name("localhost", port)).await, Some(2));
        assert_eq!(asked(&relay, &by_name("127.0.0.1", port ^ 1)).await, Some(2));
        assert_eq!(asked(&relay, &by_name("2130706433", port)).await, Some(2));
        assert_eq!(asked(&relay, &[5, 2, 0, 1, 127, 0, 0, 1, 0, 80]).await, None);
        assert_eq!(relay.refused().len(), 3);
    }

    /// A shop, a relay to it, and what a browser says over a connection of its own.
    async fn shop() -> (TcpListener, Relay) {
        let home = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = home.local_addr().unwrap().port();
        let relay = Relay::open([Door { host: "127.0.0.1".into(), port, private: true }].into()).await.unwrap();
        (home, relay)
    }

    async fn connected(home: &TcpListener, relay: &Relay) -> (TcpStream, TcpStream) {
        let mut near = TcpStream::connect(relay.address()).await.unwrap();
        let port = home.local_addr().unwrap().port();
        near.write_all(&[&[5, 1, 0], by_name("127.0.0.1", port).as_slice()].concat()).await.unwrap();
        near.read_exact(&mut [0; 12]).await.unwrap();
        (near, home.accept().await.unwrap().0)
    }

    async fn heard(far: &mut TcpStream) -> Vec<u8> {
        let mut piece = [0; 8];
        let length = far.read(&mut piece).await.unwrap_or(0);
        piece[..length].to_vec()
    }

    #[tokio::test]
    async fn what_was_open_is_cut_and_one_connection_alone_carries() {
        let (home, relay) = shop().await;
        let (_old, mut old) = connected(&home, &relay).await;
        relay.narrow();
        assert_eq!(heard(&mut old).await, b"");
        let (mut first, mut carried) = connected(&home, &relay).await;
        let (mut second, mut waiting) = connected(&home, &relay).await;
        first.write_all(b"write").await.unwrap();
        assert_eq!(heard(&mut carried).await, b"write");
        second.write_all(b"again").await.unwrap();
        // The one that carries breaks: whoever waited ends without a word to the shop, and so does whoever comes.
        drop(first);
        assert_eq!(heard(&mut carried).await, b"");
        drop(carried);
        assert_eq!(heard(&mut waiting).await, b"");
        let (mut third, mut late) = connected(&home, &relay).await;
        let _ = third.write_all(b"again").await;
        assert_eq!(heard(&mut late).await, b"");
        assert!(relay.is_shut());
        relay.widen();
        let (mut fourth, mut usual) = connected(&home, &relay).await;
        fourth.write_all(b"read").await.unwrap();
        assert_eq!(heard(&mut usual).await, b"read");
    }

    #[tokio::test]
    async fn whoever_waited_may_carry_once_the_write_is_settled() {
        let (home, relay) = shop().await;
        relay.narrow();
        let (mut first, mut carried) = connected(&home, &relay).await;
        let (mut second, mut waiting) = connected(&home, &relay).await;
        first.write_all(b"write").await.unwrap();
        assert_eq!(heard(&mut carried).await, b"write");
        second.write_all(b"read").await.unwrap();
        carried.write_all(b"done").await.unwrap();
        assert_eq!(heard(&mut first).await, b"done");
        relay.widen();
        assert_eq!(heard(&mut waiting).await, b"read");
    }
}
