//! Every connection of a browser leaves through here (SOCKS 5, RFC 1928): only to hosts that a recipe or the account
//! names, only to addresses that are public or configured, and resolved here, so that what was looked at is what is
//! connected to.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
    /// Counts how often all connections were cut.
    cut: watch::Sender<u64>,
    refused: Mutex<Vec<String>>,
}

impl Relay {
    pub(crate) async fn open(doors: BTreeSet<Door>) -> io::Result<Relay> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { doors, cut: watch::channel(0).0, refused: Mutex::default() });
        let serving = tokio::spawn(serve(listener, shared.clone()));
        Ok(Relay { address, shared, serving })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection. A browser sends a request again by itself, a POST included, where it ran over a
    /// connection that served another one before and then broke: after this, none has.
    pub(crate) fn cut(&self) {
        self.shared.cut.send_modify(|count| *count += 1);
    }

    /// Where the browser wanted to go and was not let, oldest first.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.shared.refused().clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.serving.abort();
        self.cut();
    }
}

impl Shared {
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
        let (shared, cut) = (shared.clone(), shared.cut.subscribe());
        tokio::spawn(async move {
            let _ = carry(stream, &shared, cut).await;
        });
    }
}

async fn carry(mut near: TcpStream, shared: &Shared, mut cut: watch::Receiver<u64>) -> io::Result<()> {
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
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
        _ = cut.changed() => {}
    }
    Ok(())
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

    #[tokio::test]
    async fn a_cut_ends_every_connection() {
        let home = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = home.local_addr().unwrap().port();
        let relay = Relay::open([Door { host: "127.0.0.1".into(), port, private: true }].into()).await.unwrap();
        let mut near = TcpStream::connect(relay.address()).await.unwrap();
        near.write_all(&[&[5, 1, 0], by_name("127.0.0.1", port).as_slice()].concat()).await.unwrap();
        let mut answers = [0; 12];
        near.read_exact(&mut answers).await.unwrap();
        let (mut far, _) = home.accept().await.unwrap();
        relay.cut();
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
    }
}
