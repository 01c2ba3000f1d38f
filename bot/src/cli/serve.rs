//! `aijia serve`: the edge and the worker, until told to stop.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Failure, Verdict, apply_file, environment};
use crate::app::App;
use crate::chaos;
use crate::clock::{Clock, Ids};
use crate::start::{self, Applying, BadConfig};
use crate::store::{Lock, Seat};
use crate::{http, worker};

pub(super) async fn serve() -> Result<Verdict, Failure> {
    // Listened to before anything else: a stop that comes while the program starts is a clean exit too.
    let mut stop = Stop::listen()?;
    let started = tokio::select! {
        started = begin() => started?,
        () = stop.asked() => return Ok(Verdict::Good),
    };
    let store = started.running.app.store.clone();
    tokio::select! {
        () = stop.asked() => {}
        () = store.broken() => return Err(Failure::Other(anyhow::anyhow!(
            "the disk did not keep what it was given; nothing was acknowledged since. Check the disk, then start again"
        ))),
    }
    chaos::point("shutdown.asked");
    started.running.stop().await;
    chaos::point("shutdown.done");
    Ok(Verdict::Good)
}

/// A program that serves, with what it holds of the machine until it ends.
struct Started {
    running: Running,
    _lock: Lock,
    _seat: Option<Seat>,
}

async fn begin() -> Result<Started, Failure> {
    let environment = environment()?;
    let lock = Lock::take(&environment.database)?;
    let app = start::assemble(&environment, Clock::System, Ids::system()).await?;
    chaos::point("serve.locked");
    if let Some(meaning) = &app.meaning {
        meaning.load().await.context("AIJIA_ENCODER")?;
    }
    let seat = take_place(&app, &environment.data_dir).await?;
    say_applied(apply_file(&app, &environment.config).await?);
    if worker::recovery::look(&app).await? {
        eprintln!(
            "the database is older than the record beside it (a restored backup?): everything is paused; the \
                   people who may resume are told in chat what to do"
        );
    }
    start::wecom_of(&app).map_err(|BadConfig(problems)| Failure::Config(problems))?;
    let cannot = || format!("cannot listen on AIJIA_LISTEN {}", environment.listen);
    chaos::point("serve.applied");
    let listener = TcpListener::bind(environment.listen).await.with_context(cannot)?;
    let running = launch(app, listener).await?;
    chaos::point("serve.launched");
    println!("aijia serves on http://{}", running.address);
    Ok(Started { running, _lock: lock, _seat: seat })
}

/// What the programs before this one held in its place is taken over.
async fn take_place(app: &App, data_dir: &Path) -> anyhow::Result<Option<Seat>> {
    if !app.store.is_shared() {
        return worker::begin(app, Vec::new()).await.map(|()| None);
    }
    let mut seat = Seat::take(data_dir, app.instance.id())?;
    worker::begin(app, seat.before().to_vec()).await?;
    seat.settled(app.instance.id())?;
    Ok(Some(seat))
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

/// A serving program.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    app: App,
    /// Tells the worker to stop, then the edge.
    stop: [watch::Sender<bool>; 2],
    tasks: [JoinHandle<()>; 3],
}

/// How long work that is under way may take to finish when the program ends.
const FINISH_WITHIN: Duration = Duration::from_secs(7);

impl Running {
    /// Ends within ten seconds: balancers hear that nothing new is wanted, what is under way finishes, what is not
    /// finished by then is free for others, and the edge closes last, because storing a callback is always safe.
    pub async fn stop(self) {
        self.app.ending.store(true, Ordering::SeqCst);
        let [mut edge, mut worker, follower] = self.tasks;
        let _ = self.stop[0].send(true);
        finish(&mut worker, FINISH_WITHIN).await;
        follower.abort();
        chaos::point("shutdown.work_done");
        if let Err(problem) = worker::end(&self.app).await {
            tracing::warn!(problem = %format!("{problem:#}"), "the others will notice by our silence that we ended");
        }
        let _ = self.stop[1].send(true);
        // A browser that does not end in time is ended, and keeps the profile it began with.
        let browsers = self.app.offices.tidy(&self.app.ids, self.app.clock.now(), true);
        let _ = tokio::join!(finish(&mut edge, END_WITHIN), tokio::time::timeout(END_WITHIN, browsers));
    }
}

/// How long the edge may take to close.
const END_WITHIN: Duration = Duration::from_secs(3);

async fn finish(task: &mut JoinHandle<()>, within: Duration) {
    if tokio::time::timeout(within, &mut *task).await.is_err() {
        task.abort();
        let _ = task.await;
    }
}

/// Starts the edge on `listener`, and the worker.
///
/// # Errors
/// When the listener has no address.
pub async fn launch(app: App, listener: TcpListener) -> anyhow::Result<Running> {
    let address = listener.local_addr()?;
    let (stop_work, no_more_work) = watch::channel(false);
    let (stop_edge, no_more_calls) = watch::channel(false);
    let edge = tokio::spawn(serve_http(app.clone(), listener, no_more_calls));
    let worker = tokio::spawn(worker::run(app.clone(), no_more_work));
    let follower = tokio::spawn(follow(app.clone()));
    let charts = app.charts.clone();
    // Before somebody waits for a picture.
    tokio::task::spawn_blocking(move || {
        charts.missing().inspect(|why| tracing::warn!(%why, "reports have no pictures"))
    });
    Ok(Running { address, app, stop: [stop_work, stop_edge], tasks: [edge, worker, follower] })
}

async fn serve_http(app: App, listener: TcpListener, mut stopping: watch::Receiver<bool>) {
    http::serve(listener, http::router(app), told_to_stop(&mut stopping)).await;
}

async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Hears what other instances commit; polling is the net while the connection is lost.
async fn follow(app: App) {
    while app.store.is_shared() {
        if let Err(problem) = app.store.follow_other_instances(app.instance.id()).await {
            tracing::warn!(problem = %format!("{problem:#}"), "other instances are not heard for a moment");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// What asks a program to end: a service manager, or the keys of whoever started it.
struct Stop([Signal; 2]);

impl Stop {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be listened to");
        Ok(Self([listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?]))
    }

    async fn asked(&mut self) {
        let [terminate, interrupt] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}
