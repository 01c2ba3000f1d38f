//! The shop's back office on a stage: the simulated seller centre, and somebody who has signed in there.

use std::path::Path;

use anyhow::Context;
use simulator::seller::{Seller, Settings};

use crate::app::App;

/// An order of the simulated shop that is on its way.
pub const ORDER: &str = "202611280000010417";

const RECIPES: [(&str, &str); 3] = [
    ("aftersale.toml", include_str!("../../../backoffice/recipes/aftersale.toml")),
    ("logistics.toml", include_str!("../../../backoffice/recipes/logistics.toml")),
    ("order.toml", include_str!("../../../backoffice/recipes/order.toml")),
];

/// Opens the flagship's back office. Gives what the desk's configuration says about it, besides everything else; its
/// recipes are laid out in `folder`.
///
/// # Errors
/// When no socket can be had, or the folder cannot be written.
pub async fn open(clock: simulator::Clock, folder: &Path) -> anyhow::Result<(Seller, String)> {
    let seller = Seller::start(Settings { clock, ..Settings::default() }).await?;
    let recipes = folder.join("recipes");
    std::fs::create_dir_all(&recipes)?;
    for (name, text) in RECIPES {
        std::fs::write(recipes.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    let configured = format!(
        "\n[[stores]]\nid = \"flagship\"\nsite = {:?}\nprivate = true\nrecipes = {:?}\n\
         look_ups = {{ order_status = \"logistics\", refund = \"aftersale\", returns = \"order\" }}\n",
        seller.origin(),
        recipes.to_string_lossy()
    );
    Ok((seller, configured))
}

/// A person signs in to the flagship's back office.
///
/// # Errors
/// Where there is no browser, or it cannot be done.
pub async fn sign_in(app: &App, seller: &Seller) -> anyhow::Result<()> {
    let reader = app.clone();
    let desk = app.store.read(move |tx| Box::pin(async move { reader.desk(tx).await })).await?;
    let office = desk.desk.back_office("flagship").context("no back office is configured")?;
    let person = app.offices.sign_in(office, false).await?;
    person.type_in(&seller.settings().user).await?;
    person.tab_key().await?;
    person.type_in(&seller.settings().password).await?;
    person.enter().await?;
    app.offices.signed_in(office, person, &app.ids).await.context("the seller centre did not take the password")
}
