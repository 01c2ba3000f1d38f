//! What keeps a person signed in is in memory and in the sealed piece, and nowhere else.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use backoffice::{Browser, Stopped};

use crate::world::Shop;

const PATIENCE: Duration = Duration::from_secs(30);
/// Largest file that is searched.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Every process whose command line names this den.
fn processes(den: &str) -> Vec<u32> {
    let numbers = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|e| e.file_name().to_str()?.parse().ok());
    let of_den = |id: &u32| {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(den)
    };
    numbers.filter(of_den).collect()
}

/// Files that a process holds open for writing, outside of memory and of pseudo file systems.
fn written(id: u32) -> Vec<PathBuf> {
    let Ok(open) = std::fs::read_dir(format!("/proc/{id}/fd")) else { return Vec::new() };
    let writable = |fd: &std::ffi::OsStr| {
        let info = std::fs::read_to_string(format!("/proc/{id}/fdinfo/{}", fd.to_string_lossy())).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap_or("0").trim().to_owned();
        u32::from_str_radix(&flags, 8).unwrap_or_default() & 3 != 0
    };
    let files =
        open.flatten().filter(|fd| writable(&fd.file_name())).filter_map(|fd| std::fs::read_link(fd.path()).ok());
    let in_memory = |path: &PathBuf| ["/dev/", "/proc/", "/memfd:"].iter().any(|root| path.starts_with(root));
    files
        .filter(|path| path.is_absolute() && !in_memory(path) && !path.to_string_lossy().starts_with("/memfd:"))
        .collect()
}

/// Files below `folder` that were changed since `since` and contain `canary`.
fn holding(folder: &Path, since: SystemTime, canary: &[u8], found: &mut Vec<PathBuf>) {
    let Ok(listed) = std::fs::read_dir(folder) else { return };
    for entry in listed.flatten() {
        let Ok(about) = entry.metadata() else { continue };
        let path = entry.path();
        if about.is_dir() {
            holding(&path, since, canary, found);
        } else if about.is_file() && about.len() <= LARGEST && about.modified().is_ok_and(|at| at >= since) {
            let bytes = std::fs::read(&path).unwrap_or_default();
            if bytes.windows(canary.len()).any(|window| window == canary) {
                found.push(path);
            }
        }
    }
}

fn everywhere(since: SystemTime, canary: &str) -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let places =
        [std::env::temp_dir(), "/var/tmp".into(), "/dev/shm".into(), home.join(".config"), home.join(".cache")];
    let mut found = Vec::new();
    places.iter().for_each(|place| holding(place, since, canary.as_bytes(), &mut found));
    found
}

fn dens_of(process: u32) -> Vec<PathBuf> {
    let begins = format!("aijia-browser-{process}-");
    let listed = std::fs::read_dir("/dev/shm").unwrap().flatten();
    listed.filter(|e| e.file_name().to_string_lossy().starts_with(&begins)).map(|e| e.path()).collect()
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_profile_that_was_sealed_is_still_signed_in_and_only_with_its_key() {
    let Some(shop) = Shop::open().await else { return };
    let order = shop.seller.orders()[0].no.clone();
    let browser = shop.browser().await;
    shop.look_up(&browser, "order", &order).await.unwrap();
    let sealed = browser.close(shop.key(), [2; 12]).await.unwrap();
    let sid = shop.seller.sessions()[0].clone();
    assert!(!sealed.windows(sid.len()).any(|window| window == sid.as_bytes()));
    let browser = Browser::open(backoffice::Opening { profile: Some(&sealed), ..shop.opening() }).await.unwrap();
    shop.look_up(&browser, "order", &order).await.unwrap();
    drop(browser);
    let other = backoffice::ProfileKey::new([8; 32]).unwrap();
    assert!(Browser::open(backoffice::Opening { key: &other, ..shop.opening() }).await.is_err());
    let stranger = Browser::open(backoffice::Opening { profile: None, ..shop.opening() }).await.unwrap();
    let stopped = shop.look_up(&stranger, "order", &order).await.unwrap_err();
    assert!(matches!(stopped, Stopped::Abnormal(backoffice::Oddity::SignedOut, _)), "{stopped:?}");
}

/// The program that is killed below: this very test, started again with this variable set.
const HELD: &str = "BACKOFFICE_TEST_HELD";

#[tokio::test]
async fn nothing_is_left_after_kill_9() {
    if std::env::var_os(HELD).is_some() {
        return hold_a_browser().await;
    }
    // Asked of the file system, which writes the times that are compared.
    let since = tempfile::NamedTempFile::new().unwrap().as_file().metadata().unwrap().modified().unwrap();
    let mut held = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "profile::nothing_is_left_after_kill_9", "--nocapture"])
        .env(HELD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(held.stdout.take().unwrap()).lines().map_while(Result::ok);
    let canary = lines.filter_map(|line| line.strip_prefix("canary ").map(str::to_owned)).next().unwrap();
    let den = format!("aijia-browser-{}-", held.id());
    let running = processes(&den);
    assert!(running.len() >= 3 && !dens_of(held.id()).is_empty(), "{running:?}");
    let on_disk: Vec<PathBuf> = running.iter().flat_map(|id| written(*id)).collect();
    assert_eq!(on_disk, Vec::<PathBuf>::new(), "files of the browser outside of memory");
    let listening = running.iter().map(|id| std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default());
    assert!(listening.into_iter().all(|line| !String::from_utf8_lossy(&line).contains("--remote-debugging-port")));
    held.kill().unwrap();
    assert_eq!(held.wait().unwrap().signal(), Some(9));
    until("the browser ends", || processes(&den).is_empty()).await;
    until("its folder goes", || dens_of(held.id()).is_empty()).await;
    assert_eq!(everywhere(since, &canary), Vec::<PathBuf>::new());
}

async fn hold_a_browser() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let order = shop.seller.orders()[0].no.clone();
    shop.look_up(&browser, "order", &order).await.unwrap();
    println!("canary {}", shop.seller.sessions()[0]);
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_dropped_browser_is_gone_with_its_children() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let group = browser.process_group().unwrap();
    let of_group = move || {
        let numbers =
            std::fs::read_dir("/proc").unwrap().flatten().filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
        let stat = |id: &u32| std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let alive = |stat: &String| {
            let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
            let fields: Vec<&str> = after.split_whitespace().collect();
            fields.get(2) == Some(&group.to_string().as_str()) && fields.first() != Some(&"Z")
        };
        numbers.filter(|id| alive(&stat(id))).count()
    };
    assert!(of_group() >= 3);
    drop(browser);
    until("the browser and its children end", || of_group() == 0).await;
}
