//! A world with the shop's back office in it.

use std::path::Path;

use anyhow::Context;
use simulator::seller::{self, Seller};

use super::{DESK, Setting, World};

impl Setting {
    /// The usual setting, with the flagship's back office.
    pub async fn with_back_office() -> anyhow::Result<Self> {
        let seller = Seller::start(seller::Settings::default()).await?;
        let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../backoffice/recipes");
        let office = format!(
            "\n[[stores]]\nid = \"flagship\"\nsite = {:?}\nprivate = true\nrecipes = {:?}\n\
             look_ups = {{ order_status = \"logistics\", refund = \"aftersale\", returns = \"order\" }}\n",
            seller.origin(),
            recipes.to_string_lossy()
        );
        Ok(Self { seller: Some(seller), ..Self::desk(format!("{DESK}{office}")) })
    }

    /// The same on a machine without Chromium.
    pub async fn without_chromium() -> anyhow::Result<Self> {
        let nowhere = ("AIJIA_CHROMIUM", "/nonexistent/chromium".to_owned());
        Ok(Self { more: vec![nowhere], ..Self::with_back_office().await? })
    }
}

impl World {
    /// The simulated back office.
    pub fn seller(&self) -> anyhow::Result<&Seller> {
        self.seller.as_ref().context("this setting has no back office")
    }

    /// A person signs in to the back office; false where there is no browser to do so, which is said. In continuous
    /// integration there has to be one.
    pub async fn signs_in_to_office(&self) -> anyhow::Result<bool> {
        if let Some(missing) = self.app.offices.missing() {
            anyhow::ensure!(std::env::var_os("CI").is_none(), "{missing}");
            eprintln!("NOT TOLD: {missing}");
            return Ok(false);
        }
        aijia::demo::sign_in_to_office(&self.app, self.seller()?).await?;
        Ok(true)
    }
}
