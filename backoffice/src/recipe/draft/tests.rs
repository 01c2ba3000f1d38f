use super::*;
use crate::recipe::Recipe;

const DRAFT: Draft<'_> = Draft { name: "parcel", account: "flagship", sign_in: "/login", order: "20261104170" };

fn page(path: &str) -> Shown {
    Shown::Page { url: format!("https://shop.example{path}"), title: "物流信息".into(), root: "#logistics".into() }
}

fn spot(selector: &str) -> Spot {
    Spot { selector: selector.into(), positional: false }
}

fn entered(selector: &str, name: &str, value: &str) -> Entered {
    Entered { spot: spot(selector), name: name.into(), label: "订单编号".into(), value: value.into() }
}

/// A search, and from there to the parcel.
fn a_path() -> Vec<Shown> {
    vec![
        page("/orders"),
        Shown::Loaded { resource: Resource::Stylesheet, path: "/static/app.css".into() },
        Shown::Fill(entered("#keyword", "keyword", "2026110417")),
        Shown::Fill(entered("#keyword", "keyword", "20261104170")),
        Shown::Click(spot("#search")),
        page("/orders?keyword=20261104170&page=1"),
        Shown::Click(Spot { selector: "main > a:nth-of-type(1)".into(), positional: true }),
        page("/orders/20261104170/logistics"),
        Shown::Asked {
            method: "POST".into(),
            path: "/api/logistics/query".into(),
            body: Some("{\"order\":\"20261104170\",\"page\":1}".into()),
            left: false,
        },
    ]
}

#[test]
fn what_was_shown_becomes_steps_pages_and_inputs() {
    let text = DRAFT.of(&a_path());
    for line in [
        "open = { page = \"orders\" }",
        "fill = { selector = \"#keyword\", value = \"{order}\" }",
        "click = { selector = \"#search\", then = \"orders-2\" }",
        "at = { path = \"/orders\", parameters = { \"keyword\" = \"{order}\", \"page\" = \"*\" } }",
        "at = { path = \"/orders/{order}/logistics\" }",
        "click = { selector = \"main > a:nth-of-type(1)\", then = \"logistics\" }",
        "at = { path = \"/static/*\" }",
        "# body = { json = { \"order\" = \"{order}\", \"page\" = 1 } }",
        "screenshot = { name = \"page\", selector = \"#logistics\" }",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
    }
    assert!(text.matches("fill = ").count() == 1, "a corrected field is filled once:\n{text}");
    assert!(text.contains("# Nothing steadier"), "{text}");
}

#[test]
fn a_draft_is_no_recipe_and_says_what_is_missing() {
    let text = DRAFT.of(&a_path());
    let faults = Recipe::parse(&text).unwrap_err();
    for field in ["output.name", "page.fingerprints", "signs.signed_out", "input.name"] {
        let fault = faults.iter().find(|fault| fault.field == field);
        assert!(fault.is_some_and(|fault| fault.line > 1), "{field} is not among {faults:?}");
    }
}

#[test]
fn a_form_that_was_handed_in_becomes_the_write() {
    let text = DRAFT.of(&[
        page("/orders/20261104170/note"),
        Shown::Fill(Entered { label: "备注内容".into(), ..entered("#note-text", "text", "已 \"催\" 仓库") }),
        Shown::Choose(entered("#note-visible", "visible", "仅客服可见")),
        Shown::Click(spot("#note-save")),
        Shown::HandedIn {
            method: "POST".into(),
            path: "/orders/20261104170/notes".into(),
            body: Some("csrf=7&visible=internal&text=%E5%B7%B2+%22%E5%82%AC%22+%E4%BB%93%E5%BA%93".into()),
        },
        page("/orders/20261104170"),
    ]);
    for line in [
        "kind = \"write\"",
        "at = { path = \"/orders/{order}/notes\" }",
        "body = { form = { \"csrf\" = \"*\", \"visible\" = \"*\", \"text\" = \"{text}\" } }",
        "choose = { selector = \"#note-visible\", option = \"仅客服可见\" }",
        "submit = { selector = \"#note-save\" }",
        "label = \"备注内容\"",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("催"), "what was typed is given, and not kept:\n{text}");
    assert!(text.find("\"filled\"") < text.find("submit = "), "a picture before it:\n{text}");
}

#[test]
fn a_body_that_is_no_form_is_not_kept() {
    let saved = |body: &str| {
        let (method, path, body) = ("POST".into(), "/api/drafts".into(), Some(body.to_owned()));
        DRAFT.of(&[page("/orders"), Shown::Asked { method, path, body, left: false }])
    };
    for body in ["已催仓库", "已催 a=b&仓库", "[\"已催仓库\"]"] {
        let text = saved(body);
        assert!(!text.contains("催") && text.contains("neither JSON nor a form"), "{text}");
    }
    assert!(saved("{\"text\":\"已催仓库\"}").contains("{ json = { \"text\" = \"*\" } }"));
}

#[test]
fn what_happens_at_the_sign_in_page_is_left_out() {
    let text = DRAFT.of(&[
        page("/login"),
        Shown::Fill(entered("#user", "user", "qijian-kefu")),
        Shown::Secret,
        Shown::Click(spot("button")),
        page("/orders"),
        Shown::Secret,
    ]);
    assert!(!text.contains("qijian") && !text.contains("#user") && text.contains("is not kept"), "{text}");
    assert!(text.contains("open = { page = \"orders\" }"), "{text}");
}
