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

    /// The same with what may be done there, as far as `mode` goes.
    pub async fn with_actions(mode: &str) -> anyhow::Result<Self> {
        let setting = Self::with_back_office().await?;
        let actions = format!(
            "mode = {mode:?}\n\
             [[stores.actions]]\nname = \"note\"\nlabel = \"备注\"\nrecipe = \"note\"\n\
             inputs = {{ note = \"{{text}}（#{{case}} {{by}}）\" }}\n\
             [[stores.actions]]\nname = \"tag\"\nlabel = \"标签\"\nrecipe = \"tag\"\nintents = [\"order_status\"]\n\
             inputs = {{ tag = \"物流异常\" }}\n\
             [[stores.actions]]\nname = \"pack\"\nlabel = \"退款材料\"\nrecipe = \"note\"\nhigh_risk = true\n\
             inputs = {{ note = \"退款审核：客户说「{{customer}}」；后台：{{fact}}；见 #{{case}}\" }}\n"
        );
        Ok(Self { desk: format!("{}{actions}", setting.desk), ..setting })
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
