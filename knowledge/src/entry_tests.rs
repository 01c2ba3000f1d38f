use super::*;

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

#[test]
fn kinds_round_trip_through_words_and_json() {
    for kind in Kind::ALL {
        assert_eq!(kind.as_str().parse::<Kind>().unwrap(), kind);
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
    }
    assert_eq!(" Shipping ".parse::<Kind>().unwrap(), Kind::Shipping);
    assert_eq!("运费".parse::<Kind>(), Err(UnknownKind("运费".into())));
}

#[test]
fn only_three_kinds_are_rules() {
    let rules: Vec<_> = Kind::ALL.into_iter().filter(|kind| kind.is_rule()).collect();
    assert_eq!(rules, [Kind::Forbidden, Kind::Tone, Kind::Escalation]);
}

#[test]
fn a_named_store_shuts_out_another() {
    let flagship = scope("store=flagship");
    assert!(flagship.covers(&scope("store=Flagship,platform=tmall")));
    assert!(!flagship.covers(&scope("store=outlet")));
    assert!(Scope::default().covers(&scope("store=outlet,region=CN")));
    assert!(flagship.covers(&Scope::default()), "an unknown store does not restrict");
}

#[test]
fn a_general_language_covers_its_regional_forms() {
    assert!(scope("language=zh").covers(&scope("language=zh-CN")));
    assert!(scope("language=zh-CN").covers(&scope("language=zh")), "which Chinese is not known");
    assert!(!scope("language=zh-TW").covers(&scope("language=zh-CN")));
    assert!(!scope("language=zh").covers(&scope("language=zha")));
}

#[test]
fn scopes_are_read_and_merged() {
    assert_eq!(scope("store=a").with(scope("store=b,region=CN")), scope("store=b, region = CN"));
    assert_eq!("store".parse::<Scope>(), Err(ScopeError::Form("store".into())));
    assert_eq!("store=".parse::<Scope>(), Err(ScopeError::Form("store=".into())));
    assert_eq!("shop=a".parse::<Scope>(), Err(ScopeError::Key("shop".into())));
    assert_eq!(scope(""), Scope::default());
}

#[test]
fn validity_includes_both_ends() {
    let mut entry: Entry = serde_json::from_str(
        r#"{"id":"e","version":1,"kind":"general","title":"","questions":[],"answer":"","owner":"sunmei","scope":{},"source":""}"#,
    )
    .unwrap();
    assert!(entry.is_valid_at(i64::MIN));
    entry.valid_from = Some(10);
    entry.valid_until = Some(20);
    assert_eq!([9, 10, 20, 21].map(|now| entry.is_valid_at(now)), [false, true, true, false]);
}
