//! `aijia demo`: the real program against a simulated world, in one command.

mod day;
mod elsewhere;
mod office;
mod stage;

pub use office::sign_in as sign_in_to_office;
pub use stage::{FLAGSHIP, OUTLET, SECRET, Stage, Staging, WEBHOOK_SECRET, XIAOYU};

use anyhow::Context;
use tokio::net::TcpListener;

use crate::app::App;
use crate::cli;
use crate::clock::{Clock, Ids};
use crate::config::Database;
use crate::surface::Surface;

/// Serves the phones' page until interrupted.
///
/// # Errors
/// When the port is taken or the temporary folder cannot be written.
pub async fn play(port: u16) -> anyhow::Result<()> {
    let folder = stage::temporary_folder()?;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .with_context(|| format!("port {port} is taken: choose another with --port"))?;
    let edge = TcpListener::bind("127.0.0.1:0").await?;
    let sim_clock = simulator::Clock::system();
    let elsewhere = elsewhere::begin(&sim_clock).await?;
    let (seller, office) = office::open(sim_clock.clone(), &folder).await?;
    let desk = elsewhere::desk(&office);
    let staging = Staging {
        clock: Clock::System,
        sim_clock,
        ids: Ids::system(),
        seed: 1,
        database: Database::Sqlite(folder.join("aijia.db")),
        folder: folder.clone(),
        public_url: Some(format!("http://{}", edge.local_addr()?)),
        desk: desk.clone(),
        openai_base: None,
        knows_duplicates: false,
        more: elsewhere::environment(&elsewhere),
    };
    let stage = Stage::set(staging).await?;
    elsewhere::move_team(&stage.app, &desk, Surface::WecomApp, 0).await?;
    match stage.app.offices.missing() {
        None => office::sign_in(&stage.app, &seller).await?,
        Some(missing) => println!("没有后台截图 No pictures of the back office: {missing}"),
    }
    let running = cli::launch(stage.app.clone(), edge).await?;
    stage.sim.set_callback_url(&format!("http://{}/callback/wecom", running.address));
    give_menu(&stage.app).await?;
    println!("The phones are at http://{}/  (Ctrl-C ends the demo)", listener.local_addr()?);
    println!("顾客与审核员的手机：http://{}/ （按 Ctrl-C 结束）", listener.local_addr()?);
    println!("查订单，让顾客问 To have an order looked up, let a customer ask: 我的货到哪了？订单号 {}", office::ORDER);
    let phones = simulator::phone::router_with(stage.sim.clone(), elsewhere);
    let phones = phones.merge(elsewhere::switch(stage.app.clone(), desk));
    tokio::select! {
        served = async { axum::serve(listener, phones).await } => served?,
        _ = tokio::signal::ctrl_c() => {}
    }
    running.stop().await;
    std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))
}

/// The reviewers' app has the menu `aijia wecom menu` gives a real one.
async fn give_menu(app: &App) -> anyhow::Result<()> {
    let reader = app.clone();
    let desk = app.store.read(move |tx| Box::pin(async move { reader.desk(tx).await })).await?;
    let wecom = app.wecom.as_ref().context("the demo has WeCom")?;
    Ok(cli::create_menu(wecom, &desk.desk).await?)
}

/// Plays one day, prints what each person saw, and checks that all of it held.
///
/// # Errors
/// When anything did not hold.
pub async fn script() -> anyhow::Result<()> {
    let folder = stage::temporary_folder()?;
    let told = day::tell(folder.clone()).await;
    std::fs::remove_dir_all(&folder)?;
    told
}
