//! `aijia serve`: the edge and the worker, until told to stop.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Failure, Verdict, apply_file, environment};
use crate::app::App;
use crate::clock::{Clock, Ids};
use crate::start::{self, Applying, BadConfig};
use crate::{http, worker};

pub(super) async fn serve() -> Result<Verdict, Failure> {
    let environment = environment()?;
    let app = start::assemble(&environment, Clock::System, Ids::system()).await?;
    let _lock = lock(&app)?;
    app.store.take_back_leases().await?;
    say_applied(apply_file(&app, &environment.config).await?);
    start::wecom_of(&app).map_err(|BadConfig(problems)| Failure::Config(problems))?;
    let cannot = || format!("cannot listen on AIJIA_LISTEN {}", environment.listen);
    let listener = TcpListener::bind(environment.listen).await.with_context(cannot)?;
    let running = launch(app, listener).await?;
    println!("aijia serves on http://{}", running.address);
    stopped().await;
    running.stop().await;
    Ok(Verdict::Good)
}

fn say_applied(applying: Applying) {
    match applying {
        Applying::Applied => println!("the configuration file is in force"),
        Applying::InForce => {}
        Applying::Superseded => {
            println!("the configuration file was applied before and superseded since; the store is followed");
        }
    }
}

/// Puts the configuration file in force on all instances, without serving.
pub(super) async fn apply() -> Result<Verdict, Failure> {
    let environment = environment()?;
    let app = start::assemble(&environment, Clock::System, Ids::system()).await?;
    say_applied(apply_file(&app, &environment.config).await?);
    Ok(Verdict::Good)
}

/// One process per SQLite database: two writers would each believe to be the only one.
fn lock(app: &App) -> anyhow::Result<Option<std::fs::File>> {
    if app.store.is_shared() {
        return Ok(None);
    }
    let path = app.data_dir.join("serving.lock");
    let file = std::fs::File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    if file.try_lock().is_err() {
        bail!("another aijia already serves {}: stop it first, or use PostgreSQL for several", app.data_dir.display());
    }
    Ok(Some(file))
}

/// A serving program.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Lets what is under way finish, and stops.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// Starts the edge on `listener`, and the worker.
///
/// # Errors
/// When the listener has no address.
pub async fn launch(app: App, listener: TcpListener) -> anyhow::Result<Running> {
    let address = listener.local_addr()?;
    let (stop, stopping) = watch::channel(false);
    let edge = tokio::spawn(serve_http(app.clone(), listener, stopping.clone()));
    let worker = tokio::spawn(worker::run(app.clone(), stopping.clone()));
    let follower = tokio::spawn(follow(app, stopping));
    Ok(Running { address, stop, tasks: vec![edge, worker, follower] })
}

async fn serve_http(app: App, listener: TcpListener, mut stopping: watch::Receiver<bool>) {
    let shutdown = async move { told_to_stop(&mut stopping).await };
    if let Err(problem) = axum::serve(listener, http::router(app)).with_graceful_shutdown(shutdown).await {
        tracing::error!(%problem, "the HTTP edge stopped");
    }
}

async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Hears what other instances commit; polling is the net while the connection is lost.
async fn follow(app: App, mut stopping: watch::Receiver<bool>) {
    if !app.store.is_shared() {
        return;
    }
    loop {
        tokio::select! {
            () = told_to_stop(&mut stopping) => return,
            heard = app.store.follow_other_instances() => {
                if let Err(problem) = heard {
                    tracing::warn!(problem = %format!("{problem:#}"), "other instances are not heard for a moment");
                }
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
    }
}

async fn stopped() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(_) => return drop(tokio::signal::ctrl_c().await),
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
