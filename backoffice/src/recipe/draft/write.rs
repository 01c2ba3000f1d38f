//! A sketch as the text of a recipe's file, with what is left to a person.

use std::fmt::Write as _;

use serde_json::Value;

use super::Draft;
use super::sketch::{Given, Place, Sent, Sketch, Step};
use crate::inputs::InputKind;

const HEAD: &str = "# A draft, made of a path that somebody showed. It is no recipe yet: say what it finds out, put in the\n\
                    # fingerprints that a first run names, and look at every selector and place. Then name it *.toml.\n";

/// The whole file.
pub(super) fn file(draft: &Draft<'_>, sketch: &Sketch) -> String {
    let mut text = HEAD.to_owned();
    if sketch.secrets > 0 {
        text.push_str(
            "# A password or a code was typed, and is not kept: a person signs in by `aijia backoffice login`.\n",
        );
    }
    let kind = if sketch.write.is_some() { "write" } else { "read" };
    let title = sketch.title.chars().take(40).collect::<String>();
    let _ = write!(
        text,
        "name = {}\nversion = 1\ntitle = {}\nkind = {kind:?}\naccounts = [{}]\nseconds = 30\n\
         # Selectors of what is covered in pictures: personal data, other orders.\nblur = []\n",
        quoted(draft.name),
        quoted(&title),
        quoted(draft.account)
    );
    sketch.inputs.iter().for_each(|given| input(&mut text, given));
    if sketch.write.is_none() {
        text.push_str(
            "\n# Name what it finds out, and read it in a step: read = { output = \"…\", selector = \"…\" }.\n\
             [[output]]\nname = \"\"\nis = { text = 80 }\nmax_age_minutes = 30\n",
        );
    }
    sketch.pages.iter().for_each(|place| page(&mut text, place));
    requests(&mut text, sketch);
    let _ = write!(
        text,
        "\n# How to see that something is in the way; other recipes of this account have it.\n[signs]\n\
         signed_out_paths = [{}]\nsigned_out = []\nno_permission = []\nverification = []\n",
        quoted(draft.sign_in)
    );
    sketch.steps.iter().for_each(|each| step(&mut text, each));
    text
}

fn input(text: &mut String, given: &Given) {
    let (kind, longest) = match given.kind {
        InputKind::Digits => ("digits", given.value.len().max(24)),
        InputKind::Code => ("code", given.value.len().max(40)),
        InputKind::Text => ("text", given.value.chars().count().clamp(200, 2_000)),
    };
    let _ = write!(text, "\n[[input]]\nname = {:?}\n", given.name);
    if !given.label.is_empty() {
        let _ = writeln!(text, "label = {}", quoted(&given.label));
    }
    let _ = write!(text, "kind = {kind:?}\nlongest = {longest}\n");
}

fn page(text: &mut String, place: &Place) {
    let _ = write!(text, "\n[[page]]\nname = {:?}\nat = {{ path = {}", place.name, quoted(&place.path));
    if !place.parameters.is_empty() {
        let each = place.parameters.iter().map(|(name, value)| format!("{} = {}", quoted(name), quoted(value)));
        let _ = write!(text, ", parameters = {{ {} }}", each.collect::<Vec<_>>().join(", "));
    }
    let _ = write!(text, " }}\nroot = {}\nfingerprints = []\n", quoted(&place.root));
}

/// What pages load, what they ask, and what is handed in.
fn requests(text: &mut String, sketch: &Sketch) {
    for (path, kinds) in &sketch.loaded {
        let kinds: Vec<String> = kinds.iter().map(|kind| format!("{kind:?}")).collect();
        let _ = write!(text, "\n[[resource]]\nat = {{ path = {} }}\nkinds = [{}]\n", quoted(path), kinds.join(", "));
    }
    for sent in &sketch.asked {
        query(text, sketch, sent);
    }
    if let Some(sent) = &sketch.write {
        let _ = write!(text, "\n[write]\n{}", request(sketch, sent));
    }
}

/// A request of a page's script. What nobody vouched for is left to a person.
fn query(text: &mut String, sketch: &Sketch, sent: &Sent) {
    let vouched = sent.left && sent.method == "POST";
    let lines = format!("[[query]]\n{}", request(sketch, sent));
    if vouched {
        let _ = write!(text, "\n{lines}");
        return;
    }
    text.push_str("\n# A script of a page asks this. Where it changes nothing and is needed, take it up.\n");
    lines.lines().for_each(|line| {
        let _ = writeln!(text, "# {line}");
    });
}

fn request(sketch: &Sketch, sent: &Sent) -> String {
    let mut lines = format!("method = {:?}\nat = {{ path = {} }}\n", sent.method, quoted(&sent.path));
    match sent.body.as_deref().filter(|body| !body.is_empty()).map(|body| body_of(sketch, body)) {
        Some(Some(body)) => {
            let _ = writeln!(lines, "body = {body}");
        }
        // What stands in it may be what somebody typed.
        Some(None) => lines.push_str("# Its body is neither JSON nor a form.\n"),
        None => {}
    }
    lines
}

/// A body with inputs where their values stand, and anything for what else it says; none where it is neither JSON nor a
/// form.
fn body_of(sketch: &Sketch, body: &str) -> Option<String> {
    if let Ok(json @ Value::Object(_)) = serde_json::from_str(body) {
        return Some(format!("{{ json = {} }}", json_of(sketch, &json)));
    }
    if !body.split('&').all(is_a_field) {
        return None;
    }
    let pairs = url::form_urlencoded::parse(body.as_bytes());
    let each = pairs.map(|(name, value)| format!("{} = {}", quoted(&name), expected(sketch, &value)));
    Some(format!("{{ form = {{ {} }} }}", each.collect::<Vec<_>>().join(", ")))
}

/// Whether a part of a body has a name as forms have.
fn is_a_field(part: &str) -> bool {
    let fits =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.[]%".contains(&b));
    part.split_once('=').is_some_and(|(name, _)| fits(name))
}

fn json_of(sketch: &Sketch, value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let each = fields.iter().map(|(name, value)| format!("{} = {}", quoted(name), json_of(sketch, value)));
            format!("{{ {} }}", each.collect::<Vec<_>>().join(", "))
        }
        Value::Array(values) => {
            format!("[{}]", values.iter().map(|value| json_of(sketch, value)).collect::<Vec<_>>().join(", "))
        }
        Value::String(said) => expected(sketch, said),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Null => quoted("*"),
    }
}

fn expected(sketch: &Sketch, value: &str) -> String {
    quoted(&sketch.named(value).map_or_else(|| "*".to_owned(), |input| format!("{{{}}}", input.name)))
}

fn step(text: &mut String, step: &Step) {
    let (spot, line) = match step {
        Step::Open(page) => (None, format!("open = {{ page = {page:?} }}")),
        Step::Picture(name, root) => (None, format!("screenshot = {{ name = {name:?}, selector = {} }}", quoted(root))),
        Step::Fill(spot, name) => (Some(spot), format!("fill = {{ selector = {}, value = \"{{{name}}}\" }}", of(spot))),
        Step::Choose(spot, option) => {
            (Some(spot), format!("choose = {{ selector = {}, option = {} }}", of(spot), quoted(option)))
        }
        Step::Click(spot, None) => (Some(spot), format!("click = {{ selector = {} }}", of(spot))),
        Step::Click(spot, Some(page)) => {
            (Some(spot), format!("click = {{ selector = {}, then = {page:?} }}", of(spot)))
        }
        Step::Submit(spot) => (Some(spot), format!("submit = {{ selector = {} }}", of(spot))),
    };
    text.push_str("\n[[step]]\n");
    if spot.is_some_and(|spot| spot.positional) {
        text.push_str("# Nothing steadier than its place was there: it breaks as soon as something moves.\n");
    }
    let _ = writeln!(text, "{line}");
}

fn of(spot: &super::Spot) -> String {
    quoted(&spot.selector)
}

/// A string as TOML writes it: as JSON does, which leaves one sign raw that TOML does not take.
fn quoted(text: &str) -> String {
    Value::from(text.replace('\u{7f}', "")).to_string()
}
