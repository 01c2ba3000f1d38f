//! Chromium's DevTools protocol over its pipe (`--remote-debugging-pipe`): JSON messages, each ended by a zero byte.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, oneshot, watch};

use crate::trouble::Trouble;

/// Longest message taken from the browser: a picture is the longest.
const LONGEST: usize = 48 * 1024 * 1024;

/// Something that happened unasked.
#[derive(Debug)]
pub(crate) struct Event {
    /// The session it happened in; empty for the browser as a whole.
    pub(crate) session: String,
    pub(crate) method: String,
    pub(crate) params: Value,
}

type Answer = Result<Value, String>;

/// Those who wait for an answer; nothing once the browser has ended.
type Waiting = Arc<Mutex<Option<HashMap<u64, oneshot::Sender<Answer>>>>>;

/// The way to the browser. Dropping the last one closes it, and with it the browser.
pub(crate) struct Pipe {
    to: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Waiting,
    next: AtomicU64,
    ended: watch::Receiver<bool>,
}

impl Pipe {
    /// Starts reading and writing.
    pub(crate) fn open(
        to: impl AsyncWrite + Unpin + Send + 'static,
        from: impl AsyncRead + Unpin + Send + 'static,
    ) -> (Arc<Pipe>, mpsc::UnboundedReceiver<Event>) {
        let (tell, told) = mpsc::unbounded_channel();
        let (happen, happened) = mpsc::unbounded_channel();
        let waiting: Waiting = Arc::new(Mutex::new(Some(HashMap::new())));
        let (end, ended) = watch::channel(false);
        tokio::spawn(write(to, told));
        let reading = read(BufReader::new(from), waiting.clone(), happen);
        tokio::spawn(async move {
            reading.await;
            end.send_replace(true);
        });
        (Arc::new(Pipe { to: tell, waiting, next: AtomicU64::new(1), ended }), happened)
    }

    /// Sends a command and waits for nothing. Commands arrive in the order in which they are sent.
    pub(crate) fn tell(&self, session: &str, method: &str, params: Value) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.send(id, session, method, params);
    }

    /// Sends a command and waits for its answer.
    pub(crate) async fn ask(
        &self,
        session: &str,
        method: &'static str,
        params: Value,
        patience: Duration,
    ) -> Result<Value, Trouble> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        held(&self.waiting).as_mut().ok_or(Trouble::Gone)?.insert(id, answer);
        self.send(id, session, method, params);
        let answered = tokio::time::timeout(patience, answered).await;
        if let Some(waiting) = held(&self.waiting).as_mut() {
            waiting.remove(&id);
        }
        let answer = answered.map_err(|_| Trouble::Silent(method))?.map_err(|_| Trouble::Gone)?;
        answer.map_err(|why| Trouble::Refused { method, why })
    }

    /// Waits until the browser has ended.
    pub(crate) async fn until_ended(&self) {
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    fn send(&self, id: u64, session: &str, method: &str, params: Value) {
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !session.is_empty() {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        // Where nobody takes it any more, the browser has ended, and whoever waits is told so.
        let _ = self.to.send(bytes);
    }
}

fn held(waiting: &Waiting) -> MutexGuard<'_, Option<HashMap<u64, oneshot::Sender<Answer>>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn write(mut to: impl AsyncWrite + Unpin, mut told: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(message) = told.recv().await {
        if to.write_all(&message).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
}

async fn read(mut from: impl AsyncBufRead + Unpin, waiting: Waiting, happen: mpsc::UnboundedSender<Event>) {
    while let Some(message) = next(&mut from).await {
        let Ok(mut message) = serde_json::from_slice::<Value>(&message) else { continue };
        if let Some(id) = message["id"].as_u64() {
            let waits = held(&waiting).as_mut().and_then(|waiting| waiting.remove(&id));
            if let Some(waits) = waits {
                let _ = waits.send(answer(&mut message));
            }
        } else if let Some(method) = message["method"].as_str() {
            let session = message["sessionId"].as_str().unwrap_or_default().to_owned();
            let event = Event { session, method: method.to_owned(), params: message["params"].take() };
            let _ = happen.send(event);
        }
    }
    held(&waiting).take();
}

fn answer(message: &mut Value) -> Answer {
    match message["error"]["message"].as_str() {
        Some(why) => Err(why.to_owned()),
        None => Ok(message["result"].take()),
    }
}

/// The next message; nothing where the pipe ended, or a message is longer than any that makes sense.
async fn next(from: &mut (impl AsyncBufRead + Unpin)) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let bytes = from.fill_buf().await.ok().filter(|bytes| !bytes.is_empty())?;
        let end = bytes.iter().position(|byte| *byte == 0);
        let taken = end.unwrap_or(bytes.len());
        message.extend_from_slice(bytes.get(..taken)?);
        from.consume(taken + usize::from(end.is_some()));
        match end {
            Some(_) => return Some(message),
            None if message.len() > LONGEST => return None,
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    const PATIENCE: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn answers_find_who_asked_and_events_come_in_order() {
        let (ours, mut to) = tokio::io::duplex(4096);
        let (mut from, theirs) = tokio::io::duplex(4096);
        let (pipe, mut events) = Pipe::open(ours, theirs);
        let asked = tokio::spawn(async move { pipe.ask("s", "Page.enable", json!({}), PATIENCE).await });
        let mut heard = vec![0; 64];
        let length = to.read(&mut heard).await.unwrap();
        assert_eq!(heard[length - 1], 0);
        let said: Value = serde_json::from_slice(&heard[..length - 1]).unwrap();
        assert_eq!(said, json!({ "id": 1, "method": "Page.enable", "params": {}, "sessionId": "s" }));
        from.write_all(b"{\"method\":\"A\",\"params\":{\"n\":1}}\0nonsense\0{\"id\":1,\"result\":{\"ok\":true}}\0")
            .await
            .unwrap();
        assert_eq!(asked.await.unwrap().unwrap(), json!({ "ok": true }));
        assert_eq!(events.recv().await.unwrap().params["n"], 1);
    }

    #[tokio::test]
    async fn who_waits_is_told_when_the_browser_ends() {
        let (ours, _to) = tokio::io::duplex(64);
        let (from, theirs) = tokio::io::duplex(64);
        let (pipe, _events) = Pipe::open(ours, theirs);
        let asked = tokio::spawn(async move {
            let first = pipe.ask("", "A", json!({}), PATIENCE).await;
            (first, pipe.ask("", "B", json!({}), PATIENCE).await)
        });
        drop(from);
        assert!(matches!(asked.await.unwrap(), (Err(Trouble::Gone), Err(Trouble::Gone))));
    }
}
