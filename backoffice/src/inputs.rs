//! What a recipe is given: checked before anything is opened.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::recipe::Recipe;

/// What an input may be.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// ASCII digits, such as an order number.
    Digits,
    /// ASCII letters, digits and `-`, such as a parcel's number.
    Code,
    /// Any text of one or more lines, such as a note.
    Text,
}

/// Inputs of a recipe that were checked against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs(BTreeMap<String, String>);

/// Why inputs are not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongInput {
    /// One is missing.
    #[error("the recipe needs `{0}`")]
    Missing(String),
    /// One is not the recipe's.
    #[error("the recipe takes no `{0}`")]
    Unknown(String),
    /// One is too long, empty, or has other characters than it may have.
    #[error("`{name}` has to be {expected}")]
    Unfit {
        /// Which.
        name: String,
        /// What it has to be.
        expected: String,
    },
}

impl Inputs {
    /// The inputs, if they are what `recipe` asks for: all of them, no others, each within its limits.
    ///
    /// # Errors
    /// The first one that is not.
    pub fn new<N: Into<String>, V: Into<String>>(
        recipe: &Recipe,
        given: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Inputs, WrongInput> {
        let given: BTreeMap<String, String> = given.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        for input in &recipe.inputs {
            let value = given.get(&input.name).ok_or_else(|| WrongInput::Missing(input.name.clone()))?;
            if !input.kind.takes(value) || value.chars().count() > input.longest {
                let expected = format!("{}, at most {} characters", input.kind.words(), input.longest);
                return Err(WrongInput::Unfit { name: input.name.clone(), expected });
            }
        }
        let unknown = given.keys().find(|name| !recipe.inputs.iter().any(|input| input.name == **name));
        unknown.map_or(Ok(Inputs(given.clone())), |name| Err(WrongInput::Unknown(name.clone())))
    }

    /// The value of an input; a checked recipe names no other ones.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl InputKind {
    fn takes(self, value: &str) -> bool {
        let fits = |c: char| match self {
            InputKind::Digits => c.is_ascii_digit(),
            InputKind::Code => c.is_ascii_alphanumeric() || c == '-',
            InputKind::Text => c == '\n' || !c.is_control(),
        };
        !value.trim().is_empty() && value.chars().all(fits)
    }

    fn words(self) -> &'static str {
        match self {
            InputKind::Digits => "digits only",
            InputKind::Code => "letters, digits and hyphens only",
            InputKind::Text => "a text without control characters",
        }
    }
}
