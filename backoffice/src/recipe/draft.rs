//! The draft of a recipe: what a person showed, as steps with steady selectors, with what they typed as inputs. It is no
//! recipe before somebody has said what it finds out and how its pages look: until then [`super::Recipe::parse`] names
//! each line that is missing.

mod sketch;
mod write;

use serde::Deserialize;

use crate::reach::Resource;
use sketch::Sketch;

/// Something that a person showed, or that a page did meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Shown {
    /// A document came.
    Page {
        /// Its address.
        url: String,
        /// What it calls itself.
        title: String,
        /// The selector of its main part.
        root: String,
    },
    /// They clicked.
    Click(Spot),
    /// They typed into a field.
    Fill(Entered),
    /// They chose from a list.
    Choose(Entered),
    /// They typed a password or a code; what it was is not known.
    Secret,
    /// A document loaded something.
    #[serde(skip)]
    Loaded {
        /// What.
        resource: Resource,
        /// Its path.
        path: String,
    },
    /// A script asked for something.
    #[serde(skip)]
    Asked {
        /// `GET`, …
        method: String,
        /// Where.
        path: String,
        /// With which body.
        body: Option<String>,
        /// Whether it left.
        left: bool,
    },
    /// A form was handed in, and stopped.
    #[serde(skip)]
    HandedIn {
        /// `POST`, …
        method: String,
        /// Where.
        path: String,
        /// With which body.
        body: Option<String>,
    },
}

/// An element.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Spot {
    /// What finds it.
    pub selector: String,
    /// Whether that only counts its place among others.
    pub positional: bool,
}

/// Something entered into an element.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Entered {
    /// The element.
    #[serde(flatten)]
    pub spot: Spot,
    /// What the element is called in the form.
    pub name: String,
    /// What people read beside it.
    pub label: String,
    /// What was entered.
    pub value: String,
}

/// What a draft is made for.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// The recipe's name.
    pub name: &'a str,
    /// The account that may run it.
    pub account: &'a str,
    /// The path of the page where a person signs in: what happens there is nobody's business.
    pub sign_in: &'a str,
    /// The number of the order it was shown on: wherever it stands, `{order}` will.
    pub order: &'a str,
}

impl Draft<'_> {
    /// The draft of what was shown, as the text of a file.
    pub fn of(&self, shown: &[Shown]) -> String {
        let mut sketch = Sketch::new(self.order);
        let mut signing_in = false;
        for shown in shown {
            if let Shown::Page { url, .. } = shown {
                signing_in = path_of(url) == Some(self.sign_in.to_owned());
            }
            if !signing_in {
                sketch.take(shown);
            }
        }
        sketch.finish();
        write::file(self, &sketch)
    }
}

fn path_of(url: &str) -> Option<String> {
    Some(url::Url::parse(url).ok()?.path().to_owned())
}

#[cfg(test)]
mod tests;
