//! Accepting connections: bounded in number, in the time a request's head may take, and at the end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections open at the same time; more wait in the system's queue.
const CONNECTIONS: usize = 4_096;
/// How long a request's head may take, and how long a connection may idle between two requests.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// Largest head of a request, in bytes.
const HEAD: usize = 32 << 10;
/// How long connections may take to end.
const END_WITHIN: Duration = Duration::from_secs(2);
/// A pause before the next try where the system gives no more connections.
const NO_MORE: Duration = Duration::from_millis(50);

/// Serves until `stopped`, then lets what is under way finish.
pub async fn serve(listener: TcpListener, router: Router, stopped: impl Future<Output = ()>) {
    let (service, slots) = (TowerToHyperService::new(router), Arc::new(Semaphore::new(CONNECTIONS)));
    let (mut http, ending) = (http1::Builder::new(), GracefulShutdown::new());
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(HEAD);
    tokio::pin!(stopped);
    loop {
        let (stream, slot) = tokio::select! {
            () = &mut stopped => break,
            Some(accepted) = accept(&listener, &slots) => accepted,
        };
        let connection = ending.watch(http.serve_connection(TokioIo::new(stream), service.clone()));
        tokio::spawn(async move {
            // A client that misbehaves or goes away is no news.
            let _ = connection.await;
            drop(slot);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(END_WITHIN, ending.shutdown()).await;
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(tokio::net::TcpStream, OwnedSemaphorePermit)> {
    let slot = slots.clone().acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Some((stream, slot)),
            Err(problem) => {
                tracing::warn!(%problem, "no connection could be accepted");
                tokio::time::sleep(NO_MORE).await;
            }
        }
    }
}
