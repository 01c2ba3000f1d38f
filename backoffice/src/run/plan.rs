//! What a write recipe would hand in.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::evidence::{Finding, Stopped};
use super::steps::Run;
use crate::recipe::{Act, RecipeId, Value};

/// A field that was filled in.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Field {
    /// Where.
    pub selector: String,
    /// With what; the field was read back and holds it.
    pub value: String,
}

/// A form that is filled in and not handed in: the before-state, and what would be done.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// What was seen on the way, with the picture of the filled form.
    pub before: Finding,
    /// What was filled in, in order.
    pub fields: Vec<Field>,
    /// SHA-256 in hex over the recipe's hash, account, inputs, fields, pages with fingerprints, and facts: what an
    /// approval binds. Times and pictures are not part of it.
    pub hash: String,
}

/// What the hash is over, in this order, as JSON without white space.
#[derive(Serialize)]
struct Bound<'a> {
    format: u32,
    recipe: &'a RecipeId,
    account: &'a str,
    inputs: &'a BTreeMap<String, String>,
    fields: &'a [Field],
    pages: Vec<(&'a str, &'a str)>,
    facts: BTreeMap<&'a str, &'a Value>,
}

impl Run<'_> {
    /// What would be handed in, as the page holds it now.
    pub(super) async fn plan(&mut self) -> Result<Plan, Stopped> {
        let fields = self.fields();
        Ok(Plan::new(self.finding().await?, fields))
    }

    /// What was filled in so far.
    pub(super) fn fields(&self) -> Vec<Field> {
        let inputs = self.job.inputs;
        let field = |act: &Act| match act {
            Act::Fill { selector, value } => Some(Field { selector: selector.clone(), value: value.fill(inputs) }),
            Act::Choose { selector, option } => Some(Field { selector: selector.clone(), value: option.fill(inputs) }),
            _ => None,
        };
        let before = self.job.recipe.submit_at().unwrap_or_default();
        self.job.recipe.steps.iter().take(before).filter_map(|step| field(&step.act)).collect()
    }
}

impl Plan {
    fn new(before: Finding, fields: Vec<Field>) -> Plan {
        let bound = Bound {
            format: 1,
            recipe: &before.recipe,
            account: &before.account,
            inputs: &before.inputs,
            fields: &fields,
            pages: before.pages.iter().map(|seen| (seen.page.as_str(), seen.fingerprint.as_str())).collect(),
            facts: before.facts.iter().map(|(name, fact)| (name.as_str(), &fact.value)).collect(),
        };
        // Strings, numbers, lists and maps with string keys: there is nothing in it that has no JSON.
        let bytes = serde_json::to_vec(&bound).unwrap_or_default();
        Plan { hash: hex::encode(Sha256::digest(&bytes)), before, fields }
    }
}
