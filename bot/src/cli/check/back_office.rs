//! The checklist's lines about the stores' back offices.

use super::Item;
use crate::app::App;
use crate::desk::Desk;

/// A line for each back office: whether its recipes can be used, somebody is signed in, and nothing is stopped.
pub(super) async fn items(app: &App, desk: &Desk, stopped: &[(String, String)]) -> Vec<Item> {
    let mut items = Vec::new();
    for office in &desk.stores {
        let problem = app.offices.problem(office).await;
        let stops: Vec<&str> =
            stopped.iter().filter(|(store, _)| *store == office.id).map(|(_, r)| r.as_str()).collect();
        let found = match (&problem, stops.is_empty()) {
            (Some(problem), _) => problem.to_string(),
            (None, false) => format!("{}: stopped: {}; see /backoffice", office.id, stops.join(", ")),
            (None, true) => {
                format!("{} is signed in; try each recipe: `aijia backoffice test {0} RECIPE --order N`", office.id)
            }
        };
        items.push(Item { name: "back office", passed: problem.is_none() && stops.is_empty(), found });
    }
    items
}
