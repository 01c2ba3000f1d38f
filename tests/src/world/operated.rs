//! The program as operators run it, at a shop with a back office: real processes, a real browser, real time.

use std::path::Path;
use std::process::{Output, Stdio};

use anyhow::{Context, ensure};
use simulator::seller::{self, Seller};
use tokio::io::AsyncWriteExt;

use super::DESK;
use super::program::Operator;

/// A shop's desk and its back office.
pub struct OperatedShop {
    pub operator: Operator,
    pub seller: Seller,
}

impl OperatedShop {
    /// The demo's desk; notes are handed in once they are approved.
    pub async fn begin() -> anyhow::Result<Self> {
        let seller = Seller::start(seller::Settings::default()).await?;
        let mut operator = Operator::begin().await?;
        let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../backoffice/recipes");
        let office = format!(
            "\n[[stores]]\nid = \"flagship\"\nsite = {:?}\nprivate = true\nrecipes = {:?}\n\
             look_ups = {{ order_status = \"logistics\" }}\nmode = \"reviewed\"\n\
             [[stores.actions]]\nname = \"note\"\nlabel = \"备注\"\nrecipe = \"note\"\n\
             inputs = {{ note = \"{{text}}（#{{case}} {{by}}）\" }}\n",
            seller.origin(),
            recipes.to_string_lossy()
        );
        std::fs::write(operator.folder.path().join("aijia.toml"), format!("{DESK}{office}"))?;
        operator.more.push(("PATH", std::env::var("PATH")?));
        operator.runs(&["config", "apply"]).await?;
        Ok(Self { operator, seller })
    }

    /// A person runs a command and types these lines.
    pub async fn types(&self, arguments: &[&str], lines: &str) -> anyhow::Result<Output> {
        let mut command = self.operator.command(arguments)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = command.spawn()?;
        let mut input = running.stdin.take().context("its input is piped")?;
        // It may end before it has read everything, and then says why.
        let _ = input.write_all(lines.as_bytes()).await;
        drop(input);
        Ok(running.wait_with_output().await?)
    }

    /// A person signs in to the back office at the command line, by pictures; false where there is no browser to do so,
    /// which is said. In continuous integration there has to be one.
    pub async fn signs_in(&self) -> anyhow::Result<bool> {
        let settings = self.seller.settings();
        let lines = format!("type {}\ntab\ntype {}\nenter\ndone\n", settings.user, settings.password);
        let ended = self.types(&["backoffice", "login", "flagship"], &lines).await?;
        let wrong = String::from_utf8_lossy(&ended.stderr);
        if wrong.contains("apt-get install") {
            ensure!(std::env::var_os("CI").is_none(), "{wrong}");
            eprintln!("NOT TOLD: {wrong}");
            return Ok(false);
        }
        ensure!(ended.status.success(), "{wrong}");
        Ok(true)
    }
}
