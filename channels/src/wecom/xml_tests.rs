use super::*;
use proptest::prelude::*;

fn envelope(inner: &str) -> Result<String, XmlError> {
    only_encrypt(format!("<xml>{inner}</xml>").as_bytes())
}

#[test]
fn the_documented_envelopes_are_read() {
    let full = "<ToUserName><![CDATA[ww0]]></ToUserName><AgentID><![CDATA[7]]></AgentID><Encrypt><![CDATA[QUJD+/=]]></Encrypt>";
    assert_eq!(envelope(full).unwrap(), "QUJD+/=");
    assert_eq!(envelope("\n<Encrypt>QUJD</Encrypt>\n<AgentID/>\n").unwrap(), "QUJD");
    assert_eq!(envelope("<Encrypt a='1'>\n<![CDATA[QU]]><![CDATA[JD]]>\n</Encrypt>").unwrap(), "QUJD");
    let declared = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml><Encrypt>A</Encrypt></xml>\n";
    assert_eq!(only_encrypt(declared.as_bytes()).unwrap(), "A");
}

#[test]
fn two_none_or_nested_encrypts_are_refused() {
    for inner in [
        "",
        "<Encrypt>A</Encrypt><Encrypt>B</Encrypt>",
        "<a><Encrypt>A</Encrypt></a>",
        "<Encrypt><b/>A</Encrypt>",
        "<encrypt>A</encrypt>",
    ] {
        assert_eq!(envelope(inner), Err(XmlError::Malformed), "{inner}");
    }
}

#[test]
fn every_bang_but_cdata_is_forbidden_in_an_envelope() {
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><xml><Encrypt>&b;</Encrypt></xml>";
    let outside = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><xml><Encrypt>A</Encrypt></xml>";
    let lower = "<!doctype x><xml><Encrypt>A</Encrypt></xml>";
    let comment = "<xml><!-- x --><Encrypt>A</Encrypt></xml>";
    let in_cdata = "<xml><Encrypt><![CDATA[<!ENTITY]]></Encrypt></xml>";
    let pi = "<xml><?x y?><Encrypt>A</Encrypt></xml>";
    let stylesheet = "<?xml-stylesheet href=\"http://x\"?><xml><Encrypt>A</Encrypt></xml>";
    let reference = "<xml><Encrypt>&#65;</Encrypt></xml>";
    for text in [laughs, outside, lower, comment, in_cdata, pi, stylesheet, reference] {
        assert_eq!(only_encrypt(text.as_bytes()), Err(XmlError::Forbidden), "{text}");
    }
}

#[test]
fn other_encodings_are_refused() {
    let utf16: Vec<u8> = "<xml><Encrypt>A</Encrypt></xml>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(only_encrypt(&utf16).is_err());
    assert_eq!(only_encrypt(b"<xml><Encrypt>\xff</Encrypt></xml>"), Err(XmlError::Malformed));
    let utf7 = "<?xml version=\"1.0\" encoding=\"UTF-7\"?>+ADwAIQ-DOCTYPE x+AD4-<xml><Encrypt>A</Encrypt></xml>";
    assert_eq!(only_encrypt(utf7.as_bytes()), Err(XmlError::Malformed));
}

#[test]
fn depth_nodes_and_references_are_bounded() {
    let nested = |n: usize| parse(&("<a>".repeat(n) + &"</a>".repeat(n))).map(drop);
    assert_eq!((nested(MAX_DEPTH), nested(MAX_DEPTH + 1)), (Ok(()), Err(XmlError::TooLarge)));
    let many = |n: usize| parse(&format!("<x>{}</x>", "<a/>".repeat(n))).map(drop);
    assert_eq!((many(MAX_NODES - 1), many(MAX_NODES)), (Ok(()), Err(XmlError::TooLarge)));
    let refs = |n: usize| parse(&format!("<x>{}</x>", "&#65;".repeat(n))).map(drop);
    assert_eq!((refs(MAX_REFERENCES), refs(MAX_REFERENCES + 1)), (Ok(()), Err(XmlError::TooLarge)));
    assert_eq!(nested(100_000), Err(XmlError::TooLarge));
}

#[test]
fn decrypted_content_may_hold_what_a_member_typed() {
    let root =
        parse("<xml><Content><![CDATA[ <!-- 5 < 6 & <!DOCTYPE> ]]></Content><A>a&lt;b&#x4f60;&amp;</A></xml>").unwrap();
    assert_eq!(root.child("Content").unwrap().text, " <!-- 5 < 6 & <!DOCTYPE> ");
    assert_eq!(root.field("A").as_deref(), Some("a<b你&"));
    assert_eq!(root.field("Content").as_deref(), Some("<!-- 5 < 6 & <!DOCTYPE>"));
}

#[test]
fn decrypted_content_has_no_dtd_and_no_foreign_entities() {
    for text in ["<!DOCTYPE x><xml/>", "<xml>&xxe;</xml>", "<xml>&nbsp;</xml>"] {
        assert_eq!(parse(text), Err(XmlError::Forbidden), "{text}");
    }
    for text in
        ["", "x", "<xml>", "<xml></a>", "<a/><b/>", "<a/>x", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&</a>", "</a>"]
    {
        assert_eq!(parse(text), Err(XmlError::Malformed), "{text}");
    }
}

#[test]
fn repeated_elements_are_lists_and_blank_fields_are_none() {
    let root = parse("<x><i>1</i><j/><i>2</i><n> 42 </n></x>").unwrap();
    assert_eq!(root.all("i").map(|e| e.text.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!((root.field("j"), root.field("k"), root.number("n"), root.number("j")), (None, None, Some(42), None));
}

fn tags() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<xml>",
        "</xml>",
        "<Encrypt>",
        "</Encrypt>",
        "<![CDATA[",
        "]]>",
        "<!DOCTYPE",
        "<!--",
        "-->",
        "&lt;",
        "&",
        "<",
        ">",
        "A",
        "<?xml ",
        "?>",
        "\"",
        " ",
        "你",
        "<a/>",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|all| all.concat())
}

proptest! {
    #[test]
    fn nothing_panics_and_only_plain_text_comes_out(text in tags()) {
        let _ = parse(&text);
        if let Ok(found) = only_encrypt(text.as_bytes()) {
            prop_assert!(!found.contains("<!"));
            prop_assert_eq!(text.matches("<Encrypt>").count(), 1);
        }
    }
}
