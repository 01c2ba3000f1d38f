use super::*;

const ORIGIN: &str = "https://seller.example.com";

fn reach(recipe: &str, inputs: &[(&str, &str)]) -> Reach {
    let recipe = Recipe::parse(recipe).unwrap();
    let inputs = Inputs::new(&recipe, inputs.iter().copied()).unwrap();
    Reach::new(&recipe, &inputs, ORIGIN)
}

fn judged(reach: &Reach, method: &str, address: &str, used: Use, body: Option<&str>, submitting: bool) -> Verdict {
    let url = Url::parse(address).unwrap();
    let body = body.map(str::as_bytes);
    reach.judge(&Request { method, url: &url, used, body, upgrade: false }, submitting)
}

#[test]
fn only_the_pages_of_this_very_order_are_opened() {
    let reach = reach(include_str!("../../recipes/order.toml"), &[("order", "417")]);
    let opened = |address: &str| judged(&reach, "GET", address, Use::Document, None, false) == Verdict::Allowed;
    assert!(opened("https://seller.example.com/orders/417") && opened("https://seller.example.com/login"));
    for address in [
        "https://seller.example.com/orders/418",
        "https://seller.example.com/orders/4170",
        "https://seller.example.com/orders/417/",
        "https://seller.example.com/orders/417?action=ship",
        "https://seller.example.com/orders/417/../418",
        "https://seller.example.com/orders/417%2fship",
        "https://seller.example.com/orders//417",
        "https://seller.example.com/orders/417;ship",
        "https://seller.example.com:8443/orders/417",
        "http://seller.example.com/orders/417",
        "https://seller.example.com.evil.example/orders/417",
        "https://u:p@seller.example.com/orders/417",
        "https://evil.example/orders/417",
    ] {
        assert!(!opened(address), "{address}");
    }
    for (method, used) in [("POST", Use::Document), ("PUT", Use::Ask), ("GET", Use::Other), ("GET", Use::Ask)] {
        let verdict = judged(&reach, method, "https://seller.example.com/orders/417", used, None, true);
        assert!(matches!(verdict, Verdict::Barred(_)), "{method} {used:?}");
    }
}

#[test]
fn resources_come_by_kind() {
    let reach = reach(include_str!("../../recipes/order.toml"), &[("order", "417")]);
    let loaded =
        |kind, address: &str| judged(&reach, "GET", address, Use::Resource(kind), None, false) == Verdict::Allowed;
    assert!(loaded(Resource::Script, "https://seller.example.com/static/app.js"));
    assert!(!loaded(Resource::Image, "https://seller.example.com/static/app.js"));
    assert!(!loaded(Resource::Frame, "https://seller.example.com/static/app.js"));
    assert!(!loaded(Resource::Script, "https://seller.example.com/static/x/app.js"));
    assert!(!loaded(Resource::Script, "https://seller.example.com/static/app.js?v=2"));
    assert!(!loaded(Resource::Script, "https://seller.example.com/static/"));
}

#[test]
fn a_query_is_known_by_method_place_and_every_part_of_its_body() {
    let reach = reach(include_str!("../../recipes/logistics.toml"), &[("order", "417")]);
    let asked = |body: Option<&str>| {
        let address = "https://seller.example.com/api/logistics/query";
        judged(&reach, "POST", address, Use::Ask, body, false) == Verdict::Allowed
    };
    assert!(asked(Some("{\"order\":\"417\"}")) && asked(Some(" { \"order\" : \"417\" } ")));
    for body in [
        "{\"order\":\"418\"}",
        "{\"order\":\"417\",\"action\":\"sign\"}",
        "{\"order\":417}",
        "[\"417\"]",
        "order=417",
        "",
        "{\"order\":\"417\"}{}",
    ] {
        assert!(!asked(Some(body)), "{body}");
    }
    assert!(!asked(None), "a body that cannot be seen");
    let form = judged(
        &reach,
        "POST",
        "https://seller.example.com/api/logistics/query",
        Use::Document,
        Some("{\"order\":\"417\"}"),
        false,
    );
    assert_eq!(form, Verdict::Barred(Barred::Method));
}

#[test]
fn the_write_leaves_only_while_it_is_submitted_and_as_approved() {
    let reach = reach(include_str!("../../recipes/note.toml"), &[("order", "417"), ("note", "一\n二 & 三")]);
    let body = "csrf=0f&visible=internal&text=%E4%B8%80%0D%0A%E4%BA%8C+%26+%E4%B8%89";
    let sent = |method: &str, address: &str, body: &str, submitting| {
        judged(&reach, method, address, Use::Document, Some(body), submitting)
    };
    let address = "https://seller.example.com/orders/417/notes";
    assert_eq!(sent("POST", address, body, true), Verdict::TheWrite);
    assert_eq!(sent("POST", address, body, false), Verdict::Barred(Barred::Method));
    for changed in [
        body.replace("internal", "buyer"),
        body.replace("%E4%B8%89", "%E5%9B%9B"),
        format!("{body}&notify=1"),
        format!("{body}&text=x"),
        body.replace("csrf=0f&", ""),
        String::new(),
    ] {
        assert_eq!(sent("POST", address, &changed, true), Verdict::Barred(Barred::Method), "{changed}");
    }
    for (method, address) in [
        ("PUT", address),
        ("POST", "https://seller.example.com/orders/418/notes"),
        ("POST", "https://evil.example/orders/417/notes"),
        ("POST", "https://seller.example.com/orders/417/notes?notify=1"),
    ] {
        assert!(matches!(sent(method, address, body, true), Verdict::Barred(_)), "{method} {address}");
    }
}

#[test]
fn sockets_and_private_hosts_are_barred_as_such() {
    let reach = reach(include_str!("../../recipes/order.toml"), &[("order", "417")]);
    let barred = |address: &str, used| judged(&reach, "GET", address, used, None, false);
    assert_eq!(barred("wss://seller.example.com/socket", Use::Other), Verdict::Barred(Barred::Connection));
    assert_eq!(
        barred("http://169.254.169.254/latest", Use::Resource(Resource::Image)),
        Verdict::Barred(Barred::Private)
    );
    assert_eq!(barred("https://2130706433/x", Use::Resource(Resource::Script)), Verdict::Barred(Barred::Private));
    assert_eq!(barred("file:///etc/passwd", Use::Document), Verdict::Barred(Barred::Scheme));
    let url = Url::parse("https://seller.example.com/orders/417").unwrap();
    let upgrade = Request { method: "GET", url: &url, used: Use::Ask, body: None, upgrade: true };
    assert_eq!(reach.judge(&upgrade, false), Verdict::Barred(Barred::Connection));
}
