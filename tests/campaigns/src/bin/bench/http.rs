//! A client that costs as little as possible: requests are bytes made beforehand, answers are read to their end.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is kept.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Where nobody listens.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: vec![0; 16 << 10] })
    }

    /// Sends a request and gives the answer's status.
    ///
    /// # Errors
    /// Where the connection ends or the answer is none.
    pub async fn ask(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.stream.write_all(request).await?;
        let mut held = 0;
        loop {
            let got = self.stream.read(&mut self.read[held..]).await?;
            ensure!(got > 0, "the connection ended");
            held += got;
            if let Some(whole) = whole(&self.read[..held]) {
                return status(&self.read[..whole]);
            }
        }
    }
}

/// How long the answer is, once all of it is there.
fn whole(read: &[u8]) -> Option<usize> {
    let head = read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&read[..head]).ok()?;
    let length = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
    };
    let end = head + text.lines().find_map(length).unwrap_or(0);
    (read.len() >= end).then_some(end)
}

fn status(answer: &[u8]) -> anyhow::Result<u16> {
    let code = answer.get(9..12).and_then(|code| std::str::from_utf8(code).ok());
    code.and_then(|code| code.parse().ok()).context("the answer is not HTTP")
}

/// A POST to the callback address.
pub fn post(query: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST /callback/wecom?{query} HTTP/1.1\r\nhost: bench\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_with_its_body() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(whole(answer), Some(answer.len()));
        assert_eq!(whole(&answer[..answer.len() - 1]), None);
        assert_eq!(status(answer).ok(), Some(200));
        assert_eq!(whole(b"HTTP/1.1 503 x\r\n\r\n"), Some(18));
    }
}
