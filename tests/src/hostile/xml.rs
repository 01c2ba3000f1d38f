//! XML from nobody we know: refused, whatever it is, in bounded time and memory.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use axum::body::Body;
use axum::http::Request;

use super::{Dice, ask, is_full, runs};
use crate::world::{On, Setting, World};

/// Longest time for one document, on a busy machine and a build without optimisation; the whole campaign's mean is
/// far below.
const LONGEST: Duration = Duration::from_secs(1);
/// Memory the process may grow by during the whole campaign, in kilobytes.
const GROWTH_KB: u64 = 8 * 1024;

const DECLARATIONS: [&str; 14] = [
    "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>",
    "<!DOCTYPE x SYSTEM \"http://127.0.0.1:9/x.dtd\">",
    "<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://127.0.0.1:9/p\"> %p;]>",
    "<!DOCTYPE x PUBLIC \"-//X//EN\" \"http://127.0.0.1:9/\">",
    "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;\">]>",
    "<!doctype x>",
    "<!ENTITY e \"x\">",
    "<!ELEMENT x ANY>",
    "<!ATTLIST x a CDATA #IMPLIED>",
    "<?xml-stylesheet href=\"http://127.0.0.1:9/\"?>",
    "<?xml version=\"1.0\" encoding=\"UTF-7\"?>+ADw-x+AD4-",
    "<?xml version=\"1.1\"?><?php x?>",
    "<![INCLUDE[<!ENTITY e \"x\">]]>",
    "<!-- <Encrypt>A</Encrypt> -->",
];
const PIECES: [&str; 20] = [
    "<Encrypt>",
    "</Encrypt>",
    "<![CDATA[",
    "]]>",
    "&e;",
    "&#x41;",
    "&#0;",
    "&#1114112;",
    "&lt;",
    "<a",
    " b='",
    "'>",
    "<a xmlns:x='y' x:z='w'/>",
    "</xml>",
    "<xml>",
    "\0",
    "\u{feff}",
    "<!",
    "<?",
    "&",
];

/// A document that no honest sender writes.
fn hostile(dice: &mut Dice) -> Vec<u8> {
    let declaration = *dice.of(&DECLARATIONS);
    let times = 1 + dice.below(4000);
    let text = match dice.below(12) {
        0 => format!("{declaration}<xml><Encrypt>&e;</Encrypt></xml>"),
        1 => format!("<xml>{declaration}<Encrypt>A</Encrypt></xml>"),
        2 => format!("<xml><Encrypt>{declaration}</Encrypt></xml>"),
        3 => "<a>".repeat(times) + "<Encrypt>A</Encrypt>",
        4 => format!("<xml>{}</xml>", "<a/>".repeat(times)),
        5 => format!("<xml><Encrypt>{}</Encrypt></xml>", "&#65;".repeat(times)),
        6 => format!("<xml {}><Encrypt>A</Encrypt></xml>", "a='b' ".repeat(times)),
        7 => format!("<xml><{}/><Encrypt>A</Encrypt></xml>", "n".repeat(times * 8)),
        8 => format!("<xml><Encrypt>{}</Encrypt></xml>", "<![CDATA[A]]>".repeat(times)),
        9 => format!("<xml><Encrypt>{}", "A".repeat(times * 8)),
        _ => (0..1 + dice.below(60)).map(|_| *dice.of(&PIECES)).collect(),
    };
    match dice.below(8) {
        0 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        1 => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        2 => text.bytes().chain([0xff, 0xfe]).collect(),
        _ => text.into_bytes(),
    }
}

/// Resident memory of this process now, in kilobytes.
fn resident_kb() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a line VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_xml_is_refused_in_bounded_time_and_memory() -> anyhow::Result<()> {
    let world = World::open(On::Sqlite, Setting::default()).await?.context("SQLite is always there")?;
    let router = aijia::http::router(world.app.clone());
    let query = format!("msg_signature={}&timestamp={}&nonce=1", "0".repeat(40), world.clock.now() / 1000);
    let mut dice = Dice::seeded(2);
    let (total, mut slowest, mut before) = (runs(4_000, 50_000), Duration::ZERO, 0);
    let began = Instant::now();
    for n in 0..total {
        if n == total / 10 {
            before = resident_kb()?;
        }
        let document = hostile(&mut dice);
        let shown = String::from_utf8_lossy(&document[..document.len().min(200)]).into_owned();
        let (size, at) = (document.len(), Instant::now());
        let answer =
            ask(&router, Request::post(format!("/callback/wecom?{query}")).body(Body::from(document))?).await?;
        slowest = slowest.max(at.elapsed());
        ensure!(answer.status == 400 && answer.body == b"bad request", "{size} bytes, {shown}: {answer:?}");
    }
    let grown = resident_kb()?.saturating_sub(before);
    ensure!(slowest < LONGEST, "one document took {slowest:?}");
    // Other tests of this process have memory of their own; alone, it is the parser's.
    ensure!(!is_full() || grown <= GROWTH_KB, "memory grew by {grown} KB");
    println!(
        "{total} hostile documents: refused all, {:.1?} each, slowest {slowest:.1?}, memory grew by {grown} KB",
        began.elapsed() / u32::try_from(total)?
    );
    Ok(())
}
