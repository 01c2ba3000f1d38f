use super::*;
use crate::config;

fn desk() -> Desk {
    config::parse_desk(include_str!("../../../../aijia.example.toml"), "aijia.example.toml").unwrap()
}

fn channel() -> String {
    desk().channels[0].id.clone()
}

fn read_all(text: &str) -> Read {
    read(text.as_bytes(), &desk(), Some(&channel())).unwrap()
}

#[test]
fn both_forms_of_the_same_messages_are_the_same() {
    let objects = r#"{"conversation":"c1","at":"2026-11-02 09:30","from":"customer","text":"包邮吗"}
{"conversation":"c1","at":1793583060,"from":"shop","text":"满 99 元包邮"}"#;
    let table = "会话,发送时间,发送方,内容\nc1,2026/11/02 09:30:00,买家,包邮吗\nc1,1793583060000,客服,满 99 元包邮\n";
    let (objects, table) = (read_all(objects), read_all(table));
    assert_eq!(objects.refused, []);
    let words = |read: &Read| {
        let all = read.conversations.iter().flat_map(|past| past.said.iter().cloned());
        all.map(|said| Said { line: 0, ..said }).collect::<Vec<_>>()
    };
    assert_eq!(words(&objects), words(&table));
    assert_eq!(words(&objects).len(), 2);
}

/// The table of the next test as Chinese Excel writes it.
const GBK: &[u8] = b"\xbb\xe1\xbb\xb0\t\xca\xb1\xbc\xe4\t\xbd\xc7\xc9\xab\t\xcf\xfb\xcf\xa2\xc4\xda\xc8\xdd\n\
    c1\t2026-11-02 09:30\t\xb9\xcb\xbf\xcd\t\xd3\xd0\xc3\xbb\xd3\xd0\xcf\xd6\xbb\xf5\n";

#[test]
fn gbk_a_mark_and_tabs_are_read() {
    let text = "会话\t时间\t角色\t消息内容\nc1\t2026-11-02 09:30\t顾客\t有没有现货\n";
    let marked = format!("\u{feff}{text}");
    for bytes in [text.as_bytes(), GBK, marked.as_bytes()] {
        let read = read(bytes, &desk(), Some(&channel())).unwrap();
        assert_eq!(read.conversations[0].said[0].text, "有没有现货");
    }
}

#[test]
fn bad_lines_are_named_and_the_rest_goes_on() {
    let text = r#"{"conversation":"c1","at":"2026-11-02 09:30","from":"customer","text":"包邮吗"}
nonsense
{"at":"2026-11-02 09:30","from":"customer","text":"包邮吗"}
{"conversation":"c1","at":"yesterday","from":"customer","text":"包邮吗"}
{"conversation":"c1","at":"2026-11-02 09:31","from":"robot","text":"包邮吗"}
{"conversation":"c1","at":"2026-11-02 09:31","from":"customer","text":"  "}
{"conversation":"c1","at":"2026-11-02 09:31","from":"customer","text":"包邮吗","channel":"nowhere"}
{"conversation":"c1","at":"2026-11-02 09:32","from":"shop","text":"满 99 元包邮"}"#;
    let read = read_all(text);
    let why: Vec<(u64, Flaw)> = read.refused.into_iter().map(|refused| (refused.line, refused.why)).collect();
    assert_eq!(
        why,
        [
            (2, Flaw::NotJson),
            (3, Flaw::NoConversation),
            (4, Flaw::NoTime("yesterday".into())),
            (5, Flaw::NoSpeaker("robot".into())),
            (6, Flaw::NoText),
            (7, Flaw::UnknownChannel("nowhere".into())),
        ]
    );
    assert_eq!(read.conversations.iter().map(|past| past.said.len()).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_table_without_a_needed_column_says_which() {
    let missing = read("会话,时间,内容\nc1,2026-11-02,好\n".as_bytes(), &desk(), None);
    assert_eq!(missing, Err(Unreadable::Header("from")));
    assert_eq!(read(&[0xff, 0xfe, 0x00], &desk(), None), Err(Unreadable::Encoding));
}

#[test]
fn messages_stand_in_the_order_of_their_times() {
    let read = read_all(
        "conversation,at,from,text\nb,2026-11-02 09:31,shop,第二\na,2026-11-02 09:00,customer,甲\nb,2026-11-02 09:30,customer,第一\n",
    );
    let told: Vec<_> =
        read.conversations.iter().map(|past| past.said.iter().map(|s| s.text.as_str()).collect::<Vec<_>>()).collect();
    assert_eq!(told, [vec!["第一", "第二"], vec!["甲"]]);
}
