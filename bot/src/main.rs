//! The `aijia` command.

use std::process::ExitCode;

use aijia::cli;

#[tokio::main]
async fn main() -> ExitCode {
    cli::run().await
}
