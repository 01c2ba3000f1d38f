//! A balancer as shops put in front of several instances: round robin by request, the next one where one refuses.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::link::Link;

const HEAD_BYTES: usize = 64 * 1024;

/// The balancer. It ends when it is dropped.
pub struct Balancer {
    /// The way to each instance.
    pub links: Vec<Link>,
    /// The port, on 127.0.0.1.
    pub port: u16,
    serving: JoinHandle<()>,
}

impl Balancer {
    /// Opens a port in front of so many instances, which are nowhere yet.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn open(instances: usize) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let links: Vec<Link> = (0..instances).map(|_| Link::new()).collect();
        let serving = tokio::spawn(serve(listener, links.clone()));
        Ok(Self { links, port, serving })
    }

    /// Where callbacks go.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, links: Vec<Link>) {
    let turn = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((near, _)) = listener.accept().await else { continue };
        let (links, turn) = (links.clone(), turn.clone());
        tokio::spawn(async move { forward(near, &links, &turn).await });
    }
}

/// One request on one connection: what comes back says that the connection ends, so that the next one is balanced anew.
async fn forward(mut near: TcpStream, links: &[Link], turn: &AtomicUsize) -> Option<()> {
    let _ = near.set_nodelay(true);
    let request = head(&mut near).await?;
    let first = turn.fetch_add(1, Ordering::Relaxed);
    for n in 0..links.len() {
        let link = links.get((first + n) % links.len())?;
        if let Ok(far) = link.connect().await {
            link.relay(near, far, &request).await;
            return Some(());
        }
    }
    None
}

/// The request as far as it was read, its end of connection asked for.
async fn head(near: &mut TcpStream) -> Option<Vec<u8>> {
    let mut read = Vec::with_capacity(4 * 1024);
    while !read.windows(4).any(|end| end == b"\r\n\r\n") {
        let more = near.read_buf(&mut read).await.ok()?;
        if more == 0 || read.len() > HEAD_BYTES {
            return None;
        }
    }
    let line = read.windows(2).position(|end| end == b"\r\n")? + 2;
    read.splice(line..line, *b"connection: close\r\n");
    Some(read)
}
