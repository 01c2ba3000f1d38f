//! An invented shop: two channels, the people who work there, and what customers and colleagues write.

use std::collections::BTreeMap;

use crate::desk::{
    Channel, ChannelKind, Desk, Dispatch, DraftingBudgets, Mode, Notices, Person, Policy, Role, Settings,
};
use crate::luck::Luck;
use crate::policy;

/// What stands under each message that leaves by itself.
pub const NOTICE: &str = "（AI 自动回复）";

/// Everybody who may press a button, the last two without any right to.
pub const PEOPLE: [&str; 9] =
    ["lihua", "zhaoliu", "zhouba", "linbo", "wangwu", "chenjie", "qianwei", "sunqi", "stranger"];

/// 李华, 赵柳 and 林波 review, 周八 supervises, 王五 is asked when nobody decides, 陈洁 and 钱伟 administer, 孙琪 only
/// reads.
pub fn desk() -> Desk {
    let person = |id: &str, role| Person {
        id: id.into(),
        name: id.to_uppercase(),
        wecom: Some(id.into()),
        telegram: None,
        surfaces: Vec::new(),
        roles: vec![role],
        hours: Vec::new(),
    };
    let people = vec![
        person("lihua", Role::Reviewer),
        person("zhaoliu", Role::Reviewer),
        person("zhouba", Role::Supervisor),
        person("linbo", Role::Reviewer),
        person("wangwu", Role::Reviewer),
        person("chenjie", Role::Admin),
        person("qianwei", Role::Admin),
        person("sunqi", Role::Auditor),
    ];
    let channels =
        vec![channel("kf-flagship", &["lihua", "zhaoliu", "zhouba"]), channel("kf-outlet", &["linbo", "zhaoliu"])];
    Desk {
        desk: Settings::default(),
        people,
        channels,
        stores: Vec::new(),
        intents: Vec::new(),
        policy: Policy::default(),
        drafting: DraftingBudgets::default(),
    }
}

fn channel(id: &str, permitted: &[&str]) -> Channel {
    Channel {
        id: id.into(),
        kind: ChannelKind::WecomKf,
        account: id.replace("kf-", "wk"),
        store: id.replace("kf-", ""),
        name: None,
        owner: None,
        permitted: permitted.iter().map(|id| (*id).to_owned()).collect(),
        escalation_owner: Some("wangwu".into()),
        mode: Mode::Auto,
        allowed_actions: vec![policy::REPLY.into()],
        review_required: vec![],
        notices: Notices::default(),
        url: None,
        private: false,
        platform: None,
        region: None,
        dispatch: Dispatch::All,
        telegram_group: None,
        hours: BTreeMap::new(),
    }
}

/// What a customer writes: mostly questions, now and then nothing new, a wish for a person, or something grave.
pub fn words(luck: &mut Luck) -> &'static str {
    const QUESTIONS: [&str; 5] =
        ["这件大衣有 L 码吗", "七天无理由可以退吗", "什么时候发货", "Can I still return this coat?", "优惠券怎么用"];
    const NOTHING: [&str; 3] = ["好的", "在吗", "嗯嗯"];
    const GRAVE: [&str; 3] = ["我要投诉你们", "质量太差了，要求退一赔三", "不处理我就去 12315 举报"];
    match luck.weighed(&[60, 18, 8, 14]) {
        0 => luck.pick::<&str>(&QUESTIONS),
        1 => luck.pick::<&str>(&NOTHING),
        2 => "转人工",
        _ => luck.pick::<&str>(&GRAVE),
    }
}
