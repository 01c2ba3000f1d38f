//! The sockets: a connection reads frames, lets the world answer them under its lock, and writes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::mpsc;

use super::Shared;

const FRAME_BYTES: usize = 2 * 1024 * 1024;

/// What a connection is to do.
#[derive(Clone, Debug)]
pub(crate) enum Out {
    /// Write a frame.
    Text(String),
    /// Write a frame after so many real milliseconds.
    Later(u64, String),
    /// Close properly.
    Close,
    /// Break.
    Cut,
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new().route("/", get(accept)).route("/file/{id}", get(file)).with_state(shared)
}

async fn accept(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    if shared.world().away {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let upgrade = upgrade.max_message_size(FRAME_BYTES).max_frame_size(FRAME_BYTES);
    upgrade.on_upgrade(move |socket| serve(socket, shared))
}

/// An attachment's ciphertext, for five minutes.
async fn file(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match shared.world().file(&id) {
        Some((Some(disposition), sealed)) => ([(header::CONTENT_DISPOSITION, disposition)], sealed).into_response(),
        Some((None, sealed)) => sealed.into_response(),
        None => StatusCode::FORBIDDEN.into_response(),
    }
}

async fn serve(mut socket: WebSocket, shared: Arc<Shared>) {
    let (out, mut outs) = mpsc::unbounded_channel();
    let connection = shared.world().connected(out.clone());
    let mut stopped = shared.stopped.clone();
    loop {
        tokio::select! {
            next = outs.recv() => match next {
                Some(Out::Text(text)) => {
                    if socket.send(Message::text(text)).await.is_err() {
                        break;
                    }
                }
                Some(Out::Later(ms, text)) => later(out.clone(), ms, text),
                Some(Out::Close) => {
                    // The other side may be gone already.
                    let _ = socket.send(Message::Close(None)).await;
                    break;
                }
                Some(Out::Cut) | None => break,
            },
            read = socket.recv() => match read {
                Some(Ok(Message::Text(text))) => shared.world().frame(connection, text.as_str()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
            _ = stopped.changed() => break,
        }
    }
    shared.world().disconnected(connection);
}

fn later(out: mpsc::UnboundedSender<Out>, ms: u64, text: String) {
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        // The connection may be gone by then.
        let _ = out.send(Out::Text(text));
    });
}
