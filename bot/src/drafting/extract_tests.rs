use super::super::{confidence_of, is_published};
use super::*;
use cards::words::Locale;
use knowledge::Kind;

fn hit(entry: &str, text: &str) -> Hit {
    Hit {
        entry: entry.into(),
        version: 3,
        file_id: None,
        kind: Kind::Returns,
        title: format!("题 {entry}"),
        question: "问".into(),
        text: text.into(),
        span: (0, text.len()),
        score: 1.0,
        owner: "wangwu".into(),
        source: "returns.md".into(),
        verify_by: Some(9),
        valid_until: None,
        cautions: Vec::new(),
        completes: false,
    }
}

fn found(confidence: f64, texts: &[&str]) -> Found {
    let hits = texts.iter().enumerate().map(|(place, text)| hit(&format!("e{place}"), text)).collect();
    Found { hits, confidence }
}

fn draft(found: &Found, hint: Option<Hint>) -> Option<Proposal> {
    extractive(found, Intent::Returns, hint, &Words::load(Locale::ZhCn))
}

fn parts(found: &Found, hint: Option<Hint>) -> Vec<String> {
    draft(found, hint).expect("a proposal").parts
}

const SEVEN: &str = "支持 7 天无理由退换：吊牌完好、没有穿着即可申请。贴身内搭拆封后不支持。";

#[test]
fn the_entry_speaks_in_its_own_words() {
    let proposal = draft(&found(0.8, &[SEVEN, "第二条"]), None).expect("a proposal");
    assert_eq!(proposal.parts, [format!("您好，{SEVEN}")]);
    assert_eq!(proposal.citations.len(), 1);
    let cited = &proposal.citations[0];
    assert_eq!((cited.entry.as_str(), cited.version, cited.span), ("e0", 3, (0, SEVEN.len())));
    assert_eq!((cited.owner.as_str(), cited.verify_by, cited.title.as_str()), ("wangwu", Some(9), "题 e0"));
    assert_eq!((proposal.confidence, proposal.drafter.as_str()), (0.8, "extractive"));
    assert_eq!(proposal.action.as_deref(), Some("action.check_after_sales"));
}

#[test]
fn the_knowledge_has_a_gap_below_the_least_confidence() {
    assert_eq!(draft(&found(LEAST_CONFIDENCE - 0.01, &[SEVEN]), None), None);
    assert!(draft(&found(LEAST_CONFIDENCE, &[SEVEN]), None).is_some());
    assert_eq!(draft(&Found::default(), None), None);
    assert_eq!(draft(&found(0.9, &[" "]), None), None, "nothing to say is not said politely");
}

#[test]
fn a_long_answer_is_quoted_where_it_answers() {
    let long = format!("{}运费由我们承担。{}", "前言。".repeat(60), "后记。".repeat(60));
    let start = long.find("运费").expect("there");
    let mut first = hit("e0", &long);
    first.span = (start, start + "运费由我们承担。".len());
    let found = Found { hits: vec![first.clone()], confidence: 0.9 };
    assert_eq!(parts(&found, None), ["您好，运费由我们承担。"]);
    let broken = Found { hits: vec![Hit { span: (1, 5), ..first }], confidence: 0.9 };
    assert!(parts(&broken, None)[0].starts_with("您好，前言"), "a span inside a character is not used");
}

#[test]
fn hints_change_what_is_said() {
    let found = found(0.8, &[SEVEN, "带运费险的订单由保险公司赔付首重。"]);
    let hinted = |hint| parts(&found, Some(hint));
    assert_eq!(hinted(Hint::Shorter), ["支持 7 天无理由退换：吊牌完好、没有穿着即可申请。贴身内搭拆封后不支持。"]);
    assert_eq!(hinted(Hint::Softer), [format!("您好，让您费心了。{SEVEN}")]);
    assert_eq!(hinted(Hint::AddFacts), [format!("您好，{SEVEN}"), "带运费险的订单由保险公司赔付首重。".into()]);
    for hint in [Hint::ChangeRule, Hint::NotCompliant, Hint::FactsWrong] {
        let next = draft(&found, Some(hint)).expect("a proposal");
        assert_eq!(next.parts, ["您好，带运费险的订单由保险公司赔付首重。"]);
        assert!((next.confidence - 0.2).abs() < 1e-9, "what is left when the first is not it");
    }
}

#[test]
fn another_passage_is_wanted_and_there_is_none() {
    assert_eq!(draft(&found(0.8, &[SEVEN]), Some(Hint::ChangeRule)), None);
    assert_eq!(parts(&found(0.8, &[SEVEN]), Some(Hint::AddFacts)).len(), 1);
}

#[test]
fn shorter_keeps_whole_sentences() {
    let text = "满 99 元包邮。新疆、西藏、青海、内蒙古满 299 元包邮，不满收 20 元；港澳台和海外请使用平台的集运服务，运费由集运方收取。";
    assert_eq!(
        parts(&found(0.9, &[text]), Some(Hint::Shorter)),
        ["满 99 元包邮。新疆、西藏、青海、内蒙古满 299 元包邮，不满收 20 元；"]
    );
    assert_eq!(parts(&found(0.9, &["没有句号的一句话"]), Some(Hint::Shorter)), ["没有句号的一句话"]);
}

#[test]
fn one_greeting_is_enough_and_in_the_right_language() {
    for text in ["很抱歉给您添麻烦。请发照片。", "亲，可以的。", "We ship within China only.", "您好，可以。"]
    {
        assert_eq!(parts(&found(0.9, &[text]), None), [text]);
    }
    let english = extractive(&found(0.9, &["We ship."]), Intent::Shipping, None, &Words::load(Locale::En));
    assert_eq!(english.map(|p| p.parts), Some(vec!["Hello, We ship.".to_owned()]));
}

#[test]
fn a_complaint_is_softened_with_an_apology() {
    let words = Words::load(Locale::ZhCn);
    let proposal = extractive(&found(0.9, &[SEVEN]), Intent::Complaint, Some(Hint::Softer), &words);
    assert!(proposal.is_some_and(|p| p.parts[0].starts_with("非常抱歉给您添麻烦了。")));
}

#[test]
fn two_questions_get_a_part_each_and_the_weaker_confidence() {
    let words = Words::load(Locale::ZhCn);
    let (first, mut second) = (found(0.9, &["满 99 元包邮。"]), found(0.6, &["华北 2–3 天。"]));
    second.hits[0].entry = "days".into();
    let both = |found: &[Found]| extractive_each(found, Intent::Shipping, None, &words).expect("a proposal");
    let proposal = both(&[first.clone(), second.clone()]);
    assert_eq!(proposal.parts, ["您好，满 99 元包邮。", "华北 2–3 天。"]);
    assert_eq!((proposal.citations.len(), proposal.confidence), (2, 0.6));
    assert_eq!(both(&[first.clone(), first.clone()]).parts.len(), 1, "one entry is said once");
    let half = both(&[first, Found::default()]);
    assert_eq!((half.parts.len(), half.confidence), (1, 0.0), "a question without an answer shows as doubt");
    assert_eq!(extractive_each(&[], Intent::Other, None, &words), None);
}

#[test]
fn a_passage_too_long_for_a_reply_is_no_proposal() {
    let endless = "没有句号".repeat(2_000);
    assert_eq!(draft(&found(0.9, &[&endless]), None), None);
    let three = "没有句号".repeat(400);
    assert!(parts(&found(0.9, &[&three]), None).iter().all(|part| part.len() <= MAX_PART_BYTES));
}

#[test]
fn every_word_of_ours_is_there() {
    for locale in Locale::ALL {
        let words = Words::load(*locale);
        for key in ["opener.plain", "opener.softer", "opener.sorry"] {
            assert!(words.has(key), "{} {key}", locale.as_str());
        }
        for key in Intent::ALL.iter().filter_map(|intent| action(*intent)) {
            let text = words.text(key, &[]);
            assert!(words.has(key) && text.chars().count() <= 16, "{} {key}: {text}", locale.as_str());
        }
    }
}

#[test]
fn an_answer_in_two_sections_is_told_from_both() {
    let mut both = found(0.8, &[SEVEN, "退款 3 天到账。", "带运费险的订单由保险公司赔付首重。"]);
    both.hits[2].completes = true;
    let proposal = draft(&both, None).expect("a proposal");
    assert_eq!(proposal.parts, [format!("您好，{SEVEN}"), "带运费险的订单由保险公司赔付首重。".into()]);
    let cited: Vec<_> = proposal.citations.iter().map(|citation| citation.entry.as_str()).collect();
    assert_eq!((cited, proposal.confidence), (vec!["e0", "e2"], 0.8));
    assert!(!is_published(&proposal, std::slice::from_ref(&both), "您好，"), "nobody published the two as one");
    let one = draft(&found(0.8, &[SEVEN]), None).expect("a proposal");
    assert!(is_published(&one, &[found(0.8, &[SEVEN])], "您好，"));
    assert_eq!(parts(&both, Some(Hint::Shorter)).len(), 1, "the conclusion only");
    assert_eq!(parts(&both, Some(Hint::ChangeRule)), ["您好，退款 3 天到账。"], "the reviewer wants the next one");
    both.confidence = LEAST_CONFIDENCE - 0.01;
    assert_eq!(draft(&both, None), None);
    let words = Words::load(Locale::ZhCn);
    both.confidence = 0.8;
    let two = extractive_each(&[both.clone(), found(0.9, &["九点上班。"])], Intent::Returns, None, &words);
    assert_eq!(two.map(|two| two.citations.len()), Some(1), "two questions have an answer each, here the same entry");
}

#[test]
fn what_is_too_long_together_is_said_by_the_first() {
    let three = "没有句号".repeat(400);
    let mut both = found(0.8, &[&three, "退款 3 天到账。"]);
    both.hits[1].completes = true;
    let proposal = draft(&both, None).expect("a proposal");
    assert_eq!(proposal.citations.len(), 1);
}

#[test]
fn a_reply_is_as_sure_as_of_the_question_it_answers_worst() {
    let mut second = found(0.6, &["退款 3 天到账。", "九点上班。"]);
    second.hits[0].entry = "refund".into();
    second.hits[1].entry = "hours".into();
    let both = [found(0.9, &[SEVEN]), second];
    let cites = |entries: &[&str]| {
        let hits = both.iter().flat_map(|found| &found.hits).filter(|hit| entries.contains(&hit.entry.as_str()));
        confidence_of(&hits.map(|hit| citation_of(hit, hit.span)).collect::<Vec<_>>(), &both)
    };
    assert_eq!(cites(&["e0", "refund"]), 0.6);
    assert_eq!(cites(&["e0", "hours"]), 0.4, "what is left when the first is not it");
    assert_eq!((cites(&["e0"]), cites(&[])), (0.0, 0.0), "a question without an answer");
    assert_eq!(confidence_of(&[], &[]), 0.0);
}
