//! Too much of everything: connections that never finish, bodies that never end. Others are served meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Dice, Sealed, runs, text_xml};
use crate::world::{On, Setting, World};

/// What the platform waits for an answer (wecom 90238).
const PLATFORM_WAITS: Duration = Duration::from_secs(5);

async fn connect(world: &World) -> anyhow::Result<TcpStream> {
    let address = world.address.strip_prefix("http://").context("an address")?;
    Ok(TcpStream::connect(address).await?)
}

/// What is answered to a callback that claims `claimed` bytes and sends `sent`.
async fn posts(world: &World, claimed: usize, sent: usize) -> anyhow::Result<String> {
    let mut stream = connect(world).await?;
    let head = format!("POST /callback/wecom?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: {claimed}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let piece = vec![b'A'; 64 * 1024];
    for _ in 0..sent.div_ceil(piece.len()) {
        // The server may close while we still write: that is an answer, too.
        if stream.write_all(&piece).await.is_err() {
            break;
        }
    }
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(PLATFORM_WAITS, stream.read(&mut answer)).await.context("no answer at all")?;
    // A connection that was cut while we wrote has no answer any more.
    Ok(String::from_utf8_lossy(&answer[..read.unwrap_or(0)]).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_of_ten_megabytes_are_not_read() -> anyhow::Result<()> {
    let mut world = World::open(On::Sqlite, Setting::default()).await?.context("SQLite is always there")?;
    for _ in 0..4 {
        let answer = posts(&world, 10 << 20, 10 << 20).await?;
        ensure!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let mut dice = Dice::seeded(3);
    let sealed = Sealed::new(&world, &mut dice, &text_xml("LiHua", 1, "/whoami"))?;
    ensure!(sealed.arrives(&world).await? == 200);
    world.settle().await?;
    ensure!(world.newest_text("LiHua").contains("李华"));
    Ok(())
}

/// A thousand connections send a byte now and then and never finish: WeCom's callbacks are still answered in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_slow_connections_do_not_hold_up_a_callback() -> anyhow::Result<()> {
    let mut world = World::open(On::Sqlite, Setting::default()).await?.context("SQLite is always there")?;
    let (many, mut slow) = (runs(300, 1_000), Vec::new());
    for n in 0..many {
        let mut stream = connect(&world).await?;
        let begun = if n % 2 == 0 {
            "POST /callback/wecom HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n<"
        } else {
            "GET /rev"
        };
        stream.write_all(begun.as_bytes()).await?;
        slow.push(stream);
    }
    let (mut dice, mut slowest) = (Dice::seeded(4), Duration::ZERO);
    for n in 0..20 {
        for stream in slow.iter_mut().skip(n).step_by(20) {
            let _ = stream.write_all(b"A").await;
        }
        let sealed = Sealed::new(&world, &mut dice, &text_xml("LiHua", 100 + n as u64, "/whoami"))?;
        let began = Instant::now();
        ensure!(sealed.arrives(&world).await? == 200, "refused under load");
        slowest = slowest.max(began.elapsed());
    }
    world.settle().await?;
    ensure!(slowest < PLATFORM_WAITS, "a callback took {slowest:?}");
    println!("{many} slow connections: the slowest of 20 callbacks took {slowest:.1?}");
    Ok(())
}
