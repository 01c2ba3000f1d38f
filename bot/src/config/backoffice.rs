//! Whether the back offices fit together with the channels and with their recipes.

use std::collections::BTreeSet;
use std::path::Path;

use backoffice::{Account, Recipe, Recipes};

use super::ConfigError;
use super::check::{Findings, ID_RULE, is_id};
use super::names::hint;
use crate::desk::{ANSWER, Action, BackOffice, Desk, Mode};
use crate::policy::{PLACES, unknown_places};

/// The input by which a look-up is told the order.
pub const ORDER: &str = "order";
/// Most digits an order number may have.
const DIGITS_MAX: u32 = 40;
/// Fewest digits: what is shorter may be anything.
const DIGITS_MIN: u32 = 4;
/// Fewest digits of a phone that carriers take.
const PHONE_MIN: usize = 4;

/// Adds everything that is wrong with the back offices by themselves.
pub(super) fn check_back_offices(desk: &Desk, found: &mut Findings) {
    for (index, office) in desk.stores.iter().enumerate() {
        let place = &place_of(office);
        let BackOffice { id, site, private, sign_in, order_digits: (least, most), .. } = office;
        found.expect(is_id(id), place, "the id is not usable", ID_RULE);
        let twice = desk.stores.iter().take(index).any(|other| other.id == *id);
        found.expect(!twice, place, "the id is used twice", "a store has one back office: keep one of them");
        let stores: Vec<&str> = desk.channels.iter().map(|channel| channel.store.as_str()).collect();
        found.expect(stores.contains(&id.as_str()), place, "no channel serves this store", hint(id, &stores));
        found.expect(is_id(office.account()), place, "the account is not usable", ID_RULE);
        if let Err(wrong) = Account::new(office.account(), site, *private) {
            found.add(place, "the site is not usable", wrong.to_string());
        }
        found.expect(
            sign_in.starts_with('/'),
            place,
            format!("sign_in is {sign_in:?}"),
            r#"use a path, such as "/login""#,
        );
        let digits_ok = (DIGITS_MIN..=*most).contains(least) && *most <= DIGITS_MAX;
        let digits_todo = format!("use [least, most] within {DIGITS_MIN} and {DIGITS_MAX}, such as [16, 20]");
        found.expect(digits_ok, place, format!("order_digits is [{least}, {most}]"), digits_todo);
        check_actions(place, office, found);
        check_api(place, office, found);
        check_tracking(place, office, found);
    }
}

fn check_api(place: &str, office: &BackOffice, found: &mut Findings) {
    let Some(api) = &office.api else { return };
    check_address(place, office, ("the base of the API", &api.base), found);
}

fn check_tracking(place: &str, office: &BackOffice, found: &mut Findings) {
    let Some(config) = &office.kuaidi100 else { return };
    check_address(place, office, ("the base of kuaidi100", &config.base), found);
    check_address(place, office, ("the recognition of kuaidi100", &config.recognition), found);
    let todo = "add [stores.api]: parcels are asked for as the order names them";
    found.expect(office.api.is_some(), place, "kuaidi100 has no orders to go by", todo);
    let digits = |phone: &String| phone.len() >= PHONE_MIN && phone.chars().all(|c| c.is_ascii_digit());
    let phone_ok = config.sender_phone.as_ref().is_none_or(digits);
    found.expect(phone_ok, place, "sender_phone is no phone", "write its digits, at least the last four");
}

fn check_address(place: &str, office: &BackOffice, (what, address): (&str, &str), found: &mut Findings) {
    let url = url::Url::parse(address).ok().filter(|url| url.has_host() && url.query().is_none());
    let safe = url.is_some_and(|url| url.scheme() == "https" || (office.private && url.scheme() == "http"));
    found.expect(safe, place, format!("{what} is {address:?}"), "use https://host; http only with private = true");
}

fn check_actions(place: &str, office: &BackOffice, found: &mut Findings) {
    let auto = office.mode == Mode::Auto;
    found.expect(
        !auto,
        place,
        r#"mode is "auto""#,
        r#"use "read_only", "draft" or "reviewed": people approve actions"#,
    );
    for (index, action) in office.actions.iter().enumerate() {
        let place = &format!("{place}, action {:?}", action.name);
        found.expect(is_id(&action.name), place, "the name is not usable", ID_RULE);
        let twice = office.actions.iter().take(index).any(|other| other.is_called(&action.name));
        found.expect(!twice, place, "the name is used twice", "give each action its own name and label");
        for name in action.inputs.values().flat_map(|words| unknown_places(words)) {
            let todo = format!("use one of {{{}}}", PLACES.join("}, {"));
            found.add(place, format!("nothing fills {{{name}}}"), todo);
        }
    }
}

/// The recipes of a back office, if every one that is named is there and can be used as it is meant.
///
/// # Errors
/// All mistakes at once. `base` is the folder of the configuration file.
pub fn read_recipes(office: &BackOffice, base: &Path) -> Result<Recipes, Vec<ConfigError>> {
    let place = place_of(office);
    let folder = base.join(&office.recipes);
    let recipes = Recipes::read(&folder).map_err(|wrong| {
        wrong.to_string().lines().map(|line| ConfigError::new(&place, line, "correct the recipe")).collect::<Vec<_>>()
    })?;
    let mut found = Findings::default();
    let names: Vec<&str> = recipes.iter().map(|recipe| recipe.id.name.as_str()).collect();
    for (intent, name) in &office.look_ups {
        let intent = intent.as_str();
        match recipes.get(name) {
            None => {
                found.add(&place, format!("look_ups.{intent} names {name:?}, which is no recipe"), hint(name, &names))
            }
            Some(recipe) => check_look_up(&place, office, intent, recipe, &mut found),
        }
    }
    for action in &office.actions {
        match recipes.get(&action.recipe) {
            None => found.add(
                &place,
                format!("action {:?} names {:?}, which is no recipe", action.name, action.recipe),
                hint(&action.recipe, &names),
            ),
            Some(recipe) => check_action(&place, office, action, recipe, &mut found),
        }
    }
    let errors = found.into_errors();
    if errors.is_empty() { Ok(recipes) } else { Err(errors) }
}

fn check_look_up(place: &str, office: &BackOffice, intent: &str, recipe: &Recipe, found: &mut Findings) {
    let name = &recipe.id.name;
    let what = |wrong: &str| format!("look_ups.{intent} names {name:?}, {wrong}");
    found.expect(recipe.reads(), place, what("which writes"), "name a recipe of kind \"read\"");
    let account = office.account();
    let todo = format!("add {account:?} to `accounts` in the recipe, or correct `account` here");
    found.expect(recipe.is_for(account), place, what(&format!("which is not for the account {account:?}")), todo);
    let order_only = matches!(recipe.inputs.as_slice(), [input] if input.name == ORDER);
    let todo = format!("a look-up takes one input, {ORDER:?}");
    found.expect(order_only, place, what("which needs something else than an order's number"), todo);
}

fn check_action(place: &str, office: &BackOffice, action: &Action, recipe: &Recipe, found: &mut Findings) {
    let name = &recipe.id.name;
    let what = |wrong: &str| format!("action {:?} names {name:?}, {wrong}", action.name);
    found.expect(!recipe.reads(), place, what("which only reads"), "name a recipe of kind \"write\"");
    let account = office.account();
    let todo = format!("add {account:?} to `accounts` in the recipe, or correct `account` here");
    found.expect(recipe.is_for(account), place, what(&format!("which is not for the account {account:?}")), todo);
    let needed: BTreeSet<&str> = recipe.inputs.iter().map(|input| input.name.as_str()).collect();
    let given: BTreeSet<&str> = action.inputs.keys().map(String::as_str).chain([ORDER]).collect();
    let list = |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join(", ");
    let wrong = what(&format!("which takes {}, and is given {}", list(&needed), list(&given)));
    found.expect(needed == given, place, wrong, format!("give `inputs` for all of them but {ORDER:?}, and no others"));
    check_answers(place, action, recipe, found);
}

/// What reaches a buyer is a published answer and nothing else; and a published answer is no part of anything else.
fn check_answers(place: &str, action: &Action, recipe: &Recipe, found: &mut Findings) {
    for input in &recipe.inputs {
        let Some(words) = action.inputs.get(&input.name) else { continue };
        let what = format!("action {:?} gives {:?} the words {words:?}", action.name, input.name);
        if input.published {
            let todo = format!("write {ANSWER:?}: {:?} takes only a published answer there", recipe.id.name);
            found.expect(words == ANSWER, place, what, todo);
        } else {
            let todo = "use {text}; or say `published = true` at this input of the recipe";
            found.expect(!words.contains(ANSWER), place, what, todo);
        }
    }
}

fn place_of(office: &BackOffice) -> String {
    format!("stores {:?}", office.id)
}

#[cfg(test)]
#[path = "backoffice_tests.rs"]
mod tests;
