use serde_json::{Value, json};

use super::*;

fn button_card() -> Value {
    json!({"card_type": "button_interaction", "task_id": "case-81-r1",
        "source": {"desc": "旗舰店", "desc_color": 2}, "main_title": {"title": "退款进度", "desc": "剩 2:40"},
        "quote_area": {"type": 0, "quote_text": "怎么还没退"}, "sub_title_text": "您好〔7f3k〕",
        "horizontal_content_list": [{"keyname": "依据", "value": "v12", "type": 1, "url": "https://desk.example.com/1"},
            {"keyname": "截图", "value": "a.png", "type": 2, "media_id": "M"}, {"keyname": "负责", "type": 3, "userid": "li"}],
        "button_selection": {"question_key": "hint", "title": "怎么改", "selected_id": "a",
            "option_list": [{"id": "a", "text": "更短"}, {"id": "b", "text": "更软"}]},
        "button_list": [{"text": "发送", "style": 1, "key": "ok"}, {"text": "改", "style": 2, "key": "edit"}]})
}

fn text_notice() -> Value {
    json!({"card_type": "text_notice", "main_title": {"title": "日报"},
        "card_action": {"type": 1, "url": "https://desk.example.com"}})
}

fn news_notice() -> Value {
    json!({"card_type": "news_notice", "main_title": {"title": "截图"}, "card_image": {"url": "https://a.example/x.png"},
        "card_action": {"type": 1, "url": "https://desk.example.com"}})
}

fn vote() -> Value {
    json!({"card_type": "vote_interaction", "task_id": "v1", "main_title": {"title": "原因"},
        "checkbox": {"question_key": "q", "mode": 0, "option_list": [{"id": "1", "text": "甲", "is_checked": true}]},
        "submit_button": {"text": "确认", "key": "s"}})
}

fn multiple() -> Value {
    json!({"card_type": "multiple_interaction", "task_id": "m1", "main_title": {"title": "范围"},
        "select_list": [{"question_key": "q", "option_list": [{"id": "1", "text": "甲"}]}],
        "submit_button": {"key": "s"}})
}

fn sent(card: &Value) -> Result<(), Errcode> {
    validate(card, Purpose::Send)
}

/// The errcode of `card` with the value at `pointer` (its parent has to exist) replaced.
fn with(mut card: Value, pointer: &str, value: Value) -> i64 {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = card.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        other => other[key] = value,
    }
    sent(&card).err().map_or(0, |code| code.0)
}

#[test]
fn whole_cards_of_all_types_are_taken() {
    for card in [button_card(), text_notice(), news_notice(), vote(), multiple()] {
        assert_eq!(sent(&card), Ok(()), "{card}");
    }
}

#[test]
fn unknown_fields_and_types_are_refused() {
    assert_eq!(with(button_card(), "/extra", json!(1)), 40058);
    assert_eq!(with(button_card(), "/card_image", json!({"url": "https://a.example"})), 40058);
    assert_eq!(with(button_card(), "/main_title/colour", json!("red")), 40058);
    assert_eq!(with(button_card(), "/replace_text", json!("已处理")), 40058);
    assert_eq!(with(vote(), "/sub_title_text", json!("x")), 40058);
    assert_eq!(with(button_card(), "/card_type", json!("buttons")), 42031);
    assert_eq!(with(button_card(), "/sub_title_text", json!(5)), 40058);
    assert_eq!(sent(&json!("card")), Err(Errcode::CARD_TYPE));
}

#[test]
fn task_ids() {
    assert_eq!(with(button_card(), "/task_id", Value::Null), 42014);
    for wrong in ["", "case 81", "编号", &"x".repeat(129)] {
        assert_eq!(with(button_card(), "/task_id", json!(wrong)), 42014, "{wrong}");
    }
    assert_eq!(with(button_card(), "/task_id", json!("x".repeat(128))), 0);
    let menu = json!({"action_list": [{"text": "甲", "key": "a"}]});
    assert_eq!(with(text_notice(), "/action_menu", menu), 42014);
}

#[test]
fn lists_have_their_lengths() {
    let row = json!({"keyname": "k", "value": "v"});
    assert_eq!(with(button_card(), "/horizontal_content_list", json!(vec![row.clone(); 6])), 0);
    assert_eq!(with(button_card(), "/horizontal_content_list", json!(vec![row; 7])), 42035);
    assert_eq!(with(button_card(), "/jump_list", json!(vec![json!({"title": "t"}); 4])), 42042);
    assert_eq!(with(news_notice(), "/vertical_content_list", json!(vec![json!({"title": "t"}); 5])), 42036);
    let buttons = |n: usize| json!((0..n).map(|i| json!({"text": "t", "key": i.to_string()})).collect::<Vec<_>>());
    assert_eq!([0, 1, 6, 7].map(|n| with(button_card(), "/button_list", buttons(n))), [40058, 0, 0, 40058]);
    let options = |n: usize| json!((0..n).map(|i| json!({"text": "t", "id": i.to_string()})).collect::<Vec<_>>());
    let selection = |n| json!({"question_key": "q", "option_list": options(n)});
    assert_eq!([0, 10, 11].map(|n| with(button_card(), "/button_selection", selection(n))), [42037, 0, 42037]);
    assert_eq!([20, 21].map(|n| with(vote(), "/checkbox/option_list", options(n))), [0, 42037]);
    let lists = |n: usize| (0..n).map(|i| json!({"question_key": i.to_string(), "option_list": options(1)})).collect();
    assert_eq!([0, 3, 4].map(|n| with(multiple(), "/select_list", Value::Array(lists(n)))), [42047, 0, 42047]);
}

#[test]
fn rows_need_what_their_type_needs() {
    let row = |row: Value| with(button_card(), "/horizontal_content_list/0", row);
    assert_eq!(row(json!({"value": "v"})), 42027);
    assert_eq!(row(json!({"keyname": "k", "type": 1})), 42028);
    assert_eq!(row(json!({"keyname": "k", "type": 1, "url": "desk.example.com"})), 45034);
    assert_eq!(row(json!({"keyname": "k", "type": 2, "value": "a.png"})), 42029);
    assert_eq!(row(json!({"keyname": "k", "type": 2, "value": "a", "media_id": "M"})), 40058);
    assert_eq!(row(json!({"keyname": "k", "type": 3})), 42050);
    assert_eq!(row(json!({"keyname": "k", "type": 4})), 40058);
}

#[test]
fn buttons_and_options() {
    assert_eq!(with(button_card(), "/button_list/0/text", json!("")), 42038);
    assert_eq!(with(button_card(), "/button_list/0/key", json!("")), 42039);
    assert_eq!(with(button_card(), "/button_list/0/key", json!("edit")), 42039);
    assert_eq!(with(button_card(), "/button_list/0/key", json!("k".repeat(1025))), 42039);
    assert_eq!(with(button_card(), "/button_list/0/style", json!(5)), 40058);
    assert_eq!(with(button_card(), "/button_list/0", json!({"text": "看", "type": 1})), 42028);
    assert_eq!(with(button_card(), "/button_selection/question_key", json!("")), 42043);
    assert_eq!(with(button_card(), "/button_selection/selected_id", json!("z")), 42040);
    assert_eq!(with(button_card(), "/button_selection/option_list/1/id", json!("a")), 42040);
    assert_eq!(with(button_card(), "/button_selection/option_list/1/text", json!("")), 42041);
    assert_eq!(with(vote(), "/submit_button/key", json!("")), 42046);
    assert_eq!(with(vote(), "/submit_button/text", json!(1)), 42049);
}

#[test]
fn notices_need_a_title_an_image_and_an_action() {
    assert_eq!(with(text_notice(), "/main_title", json!({"desc": "d"})), 42033);
    assert_eq!(with(text_notice(), "/card_action", Value::Null), 42045);
    assert_eq!(with(text_notice(), "/card_action", json!({"type": 2})), 42030);
    assert_eq!(with(news_notice(), "/card_image", Value::Null), 42044);
    assert_eq!(with(news_notice(), "/card_image", json!({"url": "https://a.example", "aspect_ratio": 3})), 40058);
    let menu = json!({"action_list": [{"text": "甲", "key": "a"}, {"text": "乙", "key": "a"}]});
    assert_eq!(with(button_card(), "/action_menu", menu), 42051);
}

#[test]
fn updates_may_disable_and_need_no_task_id() {
    let mut card = button_card();
    card["replace_text"] = json!("已发送");
    card["button_selection"]["disable"] = json!(true);
    card.as_object_mut().unwrap().remove("task_id");
    assert_eq!(validate(&card, Purpose::Update), Ok(()));
    assert_eq!(validate(&card, Purpose::Send), Err(Errcode::PARAMETER));
}

#[test]
fn who_calls_back() {
    assert!(calls_back(&button_card()) && calls_back(&vote()) && !calls_back(&text_notice()));
    let mut menu = text_notice();
    menu["action_menu"] = json!({"action_list": [{"text": "甲", "key": "a"}]});
    assert!(calls_back(&menu));
}
