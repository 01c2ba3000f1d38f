//! PDFs are read in a process of their own. What reads them cannot be held to limits from within: it recurses without
//! bound and unpacks streams of any size. The child has little memory and time, no secrets, no network and no files of
//! its own to write; whatever becomes of it is an answer about the file.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use knowledge::import::{Fault, MAX_FILE_BYTES, pdf_pages};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// What the program is called with to be the child.
const ASKED: &str = "read-pdf";
/// Seconds the child may take, of the clock and of the processor.
const SECONDS: u64 = 60;
/// Memory the child may have, bytes.
const MEMORY: u64 = 1024 * 1024 * 1024;
/// Longest answer of the child, bytes: the text of a PDF as JSON.
const LONGEST_ANSWER: u64 = 256 * 1024 * 1024;

/// What the child found.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Pages(Vec<String>),
    Scanned { pages: usize },
    Password,
    TooManyPages { pages: usize },
    Unpacked,
    Unreadable { reason: String },
}

/// Whether this process was started to read a PDF.
pub fn is_asked() -> bool {
    std::env::args_os().nth(1).is_some_and(|word| word == ASKED)
}

/// Reads a PDF from the standard input and says what it holds.
pub fn serve() -> ExitCode {
    let limits = [(Resource::As, MEMORY), (Resource::Cpu, SECONDS), (Resource::Fsize, 0), (Resource::Core, 0)];
    for (resource, limit) in limits {
        if setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) }).is_err() {
            return ExitCode::FAILURE;
        }
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes);
    let written = read.and_then(|_| {
        let answer = serde_json::to_vec(&answer(pdf_pages(&bytes)))?;
        std::io::stdout().lock().write_all(&answer)
    });
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn answer(pages: Result<Vec<String>, Fault>) -> Answer {
    match pages {
        Ok(pages) => Answer::Pages(pages),
        Err(Fault::Scanned { pages }) => Answer::Scanned { pages },
        Err(Fault::PdfPassword) => Answer::Password,
        Err(Fault::PdfPages { pages }) => Answer::TooManyPages { pages },
        Err(Fault::Unpacked) => Answer::Unpacked,
        Err(Fault::Pdf { reason }) => Answer::Unreadable { reason },
        Err(other) => Answer::Unreadable { reason: other.to_string() },
    }
}

/// The text of the pages, read by a child of `program`, which is this program.
pub(super) async fn pages(program: &Path, bytes: &[u8]) -> Result<Vec<String>, Fault> {
    let answer = tokio::time::timeout(Duration::from_secs(SECONDS), ask(program, bytes)).await;
    match answer {
        Ok(Ok(Some(Answer::Pages(pages)))) => Ok(pages),
        Ok(Ok(Some(Answer::Scanned { pages }))) => Err(Fault::Scanned { pages }),
        Ok(Ok(Some(Answer::Password))) => Err(Fault::PdfPassword),
        Ok(Ok(Some(Answer::TooManyPages { pages }))) => Err(Fault::PdfPages { pages }),
        Ok(Ok(Some(Answer::Unpacked))) => Err(Fault::Unpacked),
        Ok(Ok(Some(Answer::Unreadable { reason }))) => Err(Fault::Pdf { reason }),
        Ok(Ok(None)) | Err(_) => Err(Fault::Pdf {
            reason: format!(
                "reading it broke off: it needs more than {SECONDS} s or {} MB, or is damaged",
                MEMORY >> 20
            ),
        }),
        Ok(Err(problem)) => Err(Fault::Pdf { reason: format!("the reader does not start: {problem}") }),
    }
}

/// Nothing where the child ended without an answer. It is killed when nobody waits any longer.
async fn ask(program: &Path, bytes: &[u8]) -> std::io::Result<Option<Answer>> {
    let mut command = Command::new(program);
    command
        .arg(ASKED)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { return Ok(None) };
    let give = async move {
        // A child that ends early closes its end: what it said by then counts.
        let _ = input.write_all(bytes).await;
        drop(input);
    };
    let (mut said, mut output) = (Vec::new(), output.take(LONGEST_ANSWER));
    let (_, read) = tokio::join!(give, output.read_to_end(&mut said));
    read?;
    let ended = child.wait().await?;
    Ok(if ended.success() { serde_json::from_slice(&said).ok() } else { None })
}
