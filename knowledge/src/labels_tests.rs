use super::*;

const SAID: &[(&str, &str)] = &[
    ("发货", "今天拍明天能到吗"),
    ("发货", "什么时候发货呀"),
    ("发货", "几天能送到北京"),
    ("发货", "走的是哪家快递"),
    ("尺码", "我一米六五穿哪个号合适"),
    ("尺码", "这件会不会偏小"),
    ("尺码", "平时穿 M 的要买大一号吗"),
    ("尺码", "120 斤穿得下吗"),
    ("发票", "能开公司抬头的吗"),
    ("发票", "发票什么时候寄"),
    ("发票", "要电子发票"),
    ("发票", "税号填错了怎么改"),
];

fn examples() -> Vec<Example<'static>> {
    SAID.iter().map(|&(label, text)| Example { text, label, meaning: None }).collect()
}

#[test]
fn a_text_like_the_examples_has_their_label() {
    let labels = Labels::learn(&examples()).unwrap();
    for (text, label) in
        [("拍了几天能到", "发货"), ("一米七穿哪个号", "尺码"), ("抬头写公司可以吗", "发票"), ("電子發票", "发票")]
    {
        let guess = labels.guess(text, None);
        assert_eq!(guess.label, label, "{text}");
        assert!(guess.fit > -0.1, "{text} {guess:?}");
    }
}

#[test]
fn every_example_is_told_rightly_by_itself() {
    let labels = Labels::learn(&examples()).unwrap();
    for (label, text) in SAID {
        assert_eq!(labels.guess(text, None).label, *label, "{text}");
    }
}

#[test]
fn a_text_about_something_else_fits_nowhere() {
    let labels = Labels::learn(&examples()).unwrap();
    for text in ["", "🙂", "hello there", "我想学钢琴", "\u{200b}\u{0}"] {
        assert!(labels.guess(text, None).fit < -0.1, "{text}: {:?}", labels.guess(text, None));
    }
}

#[test]
fn one_label_alone_teaches_nothing() {
    assert!(Labels::learn(&[]).is_none());
    assert!(Labels::learn(&examples()[..4]).is_none());
}

#[test]
fn the_same_examples_teach_the_same() {
    let (one, two) = (Labels::learn(&examples()).unwrap(), Labels::learn(&examples()).unwrap());
    for (_, text) in SAID {
        assert_eq!(one.guess(text, None), two.guess(text, None));
    }
}

/// What a text means tells what its words do not, and numbers of another length, or none, are passed over.
#[test]
fn meaning_tells_what_words_do_not() {
    let (here, there) = ([1.0, 0.0], [0.0, 1.0]);
    let of = |text, label, meaning: &'static [f32; 2]| Example { text, label, meaning: Some(meaning) };
    let labels = Labels::learn(&[
        of("one", "here", &[1.0, 0.0]),
        of("two", "here", &[0.9, 0.1]),
        of("three", "there", &[0.0, 1.0]),
        of("four", "there", &[0.2, 0.9]),
    ])
    .unwrap();
    assert_eq!(labels.guess("five", Some(&here)).label, "here");
    assert_eq!(labels.guess("five", Some(&there)).label, "there");
    assert_eq!(labels.guess("one", Some(&[1.0])).label, "here");
    assert_eq!(labels.guess("three", None).label, "there");
    assert!(labels.guess("five", Some(&[f32::NAN, 0.0])).fit.is_nan() || !labels.guess("five", None).fit.is_nan());
}
