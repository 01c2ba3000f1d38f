use super::super::{Grounds, Intent, Trigger, Triggers, Unfounded, Verdict, claims::ClaimKind, intent_of, judge};
use super::*;
use crate::desk::{AutoPolicy, Channel, Policy};

const REVIEWER: Route = Route::Review(Level::Reviewer);
const SUPERVISOR: Route = Route::Review(Level::Supervisor);

fn channel(mode: Mode, actions: &[&str]) -> Channel {
    let allowed_actions = actions.iter().map(|&action| action.to_owned()).collect();
    Channel { mode, allowed_actions, ..super::super::tests::channel(&["coupon"]) }
}

fn documented() -> Grounds {
    Grounds { class: Grounding::Documented, unfounded: Vec::new() }
}

/// Circumstances under which a routine answer leaves by itself.
fn earned(grounds: &Grounds) -> Circumstances<'_> {
    Circumstances {
        grounds: Some(grounds),
        published: true,
        chance: Some(0.97),
        open: true,
        ..Circumstances::default()
    }
}

/// A routine matter about which everything but these circumstances is fine.
fn routine(circumstances: Circumstances<'_>) -> Matter<'_> {
    Matter {
        customer: &[],
        draft: None,
        confidence: 0.97,
        citations: 1,
        intent: Intent::Shipping,
        turns: 0,
        attachments: 0,
        readings: 0,
        order_cents: None,
        public: false,
        circumstances,
    }
}

struct Asked<'a> {
    customer: &'a str,
    draft: &'a str,
    circumstances: Circumstances<'a>,
    channel: Channel,
}

impl<'a> Asked<'a> {
    fn routine(circumstances: Circumstances<'a>) -> Self {
        let channel = channel(Mode::Auto, &["reply"]);
        Self { customer: "几天能到", draft: "您好，江浙沪皖 1–2 天。", circumstances, channel }
    }

    fn judged(&self) -> Verdict {
        self.judged_as(intent_of(&[self.customer.to_owned()]))
    }

    fn judged_as(&self, intent: Intent) -> Verdict {
        let (customer, draft) = ([self.customer.to_owned()], [self.draft.to_owned()]);
        let matter = Matter { customer: &customer, draft: Some(&draft), intent, ..routine(self.circumstances) };
        judge(&matter, &Rules::new(&Policy::default(), &Triggers::builtin(), Some(&self.channel)))
    }
}

#[test]
fn a_customer_who_says_otherwise_than_the_page_is_looked_at_with_both_shown() {
    let grounds = documented();
    let contradictions = [Contradiction { customer: "没收到".into(), shown: "轨迹 已签收".into() }];
    let verdict = Asked::routine(Circumstances { contradictions: &contradictions, ..earned(&grounds) }).judged();
    assert_eq!((verdict.route, verdict.risk), (REVIEWER, Risk::Medium));
    assert_eq!(verdict.contradictions().collect::<Vec<_>>(), [("没收到", "轨迹 已签收")]);
    assert!(verdict.reason_keys().is_empty(), "its words say it: {:?}", verdict.reason_keys());
    assert!(verdict.reasons.iter().any(|reason| reason.trigger == Trigger::Rt10));
}

#[test]
fn a_routine_answer_leaves_by_itself_where_everything_speaks_for_it() {
    let grounds = documented();
    let verdict = Asked::routine(earned(&grounds)).judged();
    assert_eq!((verdict.route, verdict.risk), (Route::Permit, Risk::Low), "{verdict:?}");
    assert!(verdict.reasons.is_empty() && verdict.holds.is_empty());
}

#[test]
fn each_circumstance_alone_keeps_it_for_a_person() {
    let (grounds, inferred) = (documented(), Grounds { class: Grounding::Inferred, unfounded: Vec::new() });
    let backed = Grounds { class: Grounding::EvidenceBacked, unfounded: Vec::new() };
    let earned = earned(&grounds);
    let cases = [
        (Circumstances { paused: Paused::Everything, ..earned }, Hold::Paused, REVIEWER),
        (Circumstances { abnormal: true, ..earned }, Hold::Abnormal, SUPERVISOR),
        (Circumstances { identity: Identity::Uncertain, ..earned }, Hold::Identity, REVIEWER),
        (Circumstances { grounds: Some(&inferred), ..earned }, Hold::NotDocumented, REVIEWER),
        (Circumstances { grounds: Some(&backed), ..earned }, Hold::NotDocumented, REVIEWER),
        (Circumstances { grounds: None, ..earned }, Hold::NotDocumented, REVIEWER),
        (Circumstances { chance: None, ..earned }, Hold::UnknownChance, REVIEWER),
        (Circumstances { chance: Some(0.89), ..earned }, Hold::Unsure, REVIEWER),
        (Circumstances { chance: Some(f64::NAN), ..earned }, Hold::Unsure, REVIEWER),
        (Circumstances { open: false, ..earned }, Hold::NotOpen, REVIEWER),
        (Circumstances { unsettled: true, ..earned }, Hold::Abnormal, REVIEWER),
        (Circumstances { published: false, ..earned }, Hold::BeyondLimits, REVIEWER),
    ];
    for (circumstances, hold, route) in cases {
        let verdict = Asked::routine(circumstances).judged();
        assert!(verdict.holds.contains(&hold) && verdict.route == route, "{hold:?}: {verdict:?}");
    }
    let confirmed = Circumstances { identity: Identity::Confirmed, ..earned };
    assert_eq!(Asked::routine(confirmed).judged().route, Route::Permit);
}

#[test]
fn what_the_channel_does_not_list_is_not_allowed() {
    let grounds = documented();
    for (mode, actions, hold) in [
        (Mode::Auto, vec![], Hold::NotListed),
        (Mode::Auto, vec!["note", "tag"], Hold::NotListed),
        (Mode::Draft, vec!["reply"], Hold::Mode),
        (Mode::Reviewed, vec!["reply"], Hold::Mode),
        (Mode::ReadOnly, vec!["reply"], Hold::Mode),
    ] {
        let asked = Asked { channel: channel(mode, &actions), ..Asked::routine(earned(&grounds)) };
        assert_eq!(asked.judged().holds, [hold], "{mode:?} {actions:?}");
    }
}

/// Requirements 6.4: what becomes of an answer, by mode and risk.
#[test]
fn every_cell_of_the_routing_matrix() {
    let grounds = documented();
    let open = earned(&grounds);
    let closed = Circumstances { open: false, ..open };
    // Low, medium (its intent), high (its words), abnormal.
    let matters = [
        ("几天能到", Intent::Shipping, false, Risk::Low),
        ("我的快递到哪了", Intent::OrderStatus, false, Risk::Medium),
        ("我要投诉你们", Intent::Complaint, false, Risk::High),
        ("几天能到", Intent::Shipping, true, Risk::Abnormal),
    ];
    let cells = [
        (Mode::ReadOnly, open, [REVIEWER, REVIEWER, SUPERVISOR, SUPERVISOR]),
        (Mode::Draft, closed, [REVIEWER, REVIEWER, SUPERVISOR, SUPERVISOR]),
        (Mode::Reviewed, closed, [REVIEWER, REVIEWER, SUPERVISOR, SUPERVISOR]),
        (Mode::Draft, open, [REVIEWER, REVIEWER, SUPERVISOR, SUPERVISOR]),
        (Mode::Auto, closed, [REVIEWER, REVIEWER, SUPERVISOR, SUPERVISOR]),
        (Mode::Auto, open, [Route::Permit, REVIEWER, SUPERVISOR, SUPERVISOR]),
    ];
    for (mode, circumstances, routes) in cells {
        for ((customer, intent, abnormal, risk), route) in matters.into_iter().zip(routes) {
            let circumstances = Circumstances { abnormal, ..circumstances };
            let asked = Asked { customer, channel: channel(mode, &["reply"]), ..Asked::routine(circumstances) };
            let verdict = asked.judged_as(intent);
            assert_eq!((verdict.risk, verdict.route), (risk, route), "{mode:?} {customer}: {verdict:?}");
        }
    }
}

/// Each always-review trigger alone keeps an answer from leaving by itself, however sure everything else is.
#[test]
fn no_trigger_lets_an_answer_leave_by_itself() {
    let grounds = documented();
    let open = earned(&grounds);
    let unclear = Circumstances { identity: Identity::Uncertain, ..open };
    let doubtful = Grounds { class: Grounding::Inferred, unfounded: vec![claim("500 元")] };
    let cases: [(Trigger, &str, &str, Circumstances); 15] = [
        (Trigger::Rt01, "退款 50 给我退款", "您好。", open),
        (Trigger::Rt01, "几天能到", "给您补发一件。", open),
        (Trigger::Rt02, "我要投诉", "您好。", open),
        (Trigger::Rt03, "帮我改地址", "您好。", open),
        (Trigger::Rt04, "能不能破例一次", "您好。", open),
        (Trigger::Rt05, "再不处理我就曝光你们", "您好。", open),
        (Trigger::Rt06, "几天能到", "送您 500 元。", Circumstances { grounds: Some(&doubtful), ..open }),
        (Trigger::Rt07, "我要找律师起诉", "您好。", open),
        (Trigger::Rt08, "几天能到", "我们保证明天送达。", open),
        (Trigger::Rt08, "几天能到", "您好。", unclear),
        (Trigger::Rt09, "供应商让我转告客户", "您好。", open),
        (Trigger::Rt10, "物流显示签收了但是没收到", "您好。", open),
        (Trigger::Rt11, "平台要求举证", "您好。", open),
        (Trigger::Rt12, "how long does the delivery take", "江浙沪皖 1–2 天。", open),
        (Trigger::Rt14, "有优惠券吗", "首页领取。", open),
    ];
    for (trigger, customer, draft, circumstances) in cases {
        let verdict = Asked { customer, draft, ..Asked::routine(circumstances) }.judged();
        let named = verdict.reasons.iter().any(|reason| reason.trigger == trigger);
        assert!(named && verdict.route > Route::Permit, "{trigger:?} {customer}: {verdict:?}");
    }
}

fn claim(words: &str) -> Unfounded {
    Unfounded { kind: ClaimKind::Quantity, words: words.into() }
}

#[test]
fn a_claim_without_source_and_an_unknown_asker_are_named() {
    let grounds = documented();
    let doubtful = Grounds { class: Grounding::Inferred, unfounded: vec![claim("500 元"), claim("三天")] };
    let verdict = Asked::routine(earned(&doubtful)).judged();
    assert_eq!((verdict.route, verdict.reasons[0].rule.as_str()), (REVIEWER, CLAIM));
    assert_eq!(verdict.reasons[0].words, ["500 元", "三天"]);
    assert_eq!(verdict.reasons[0].key(), "policy.claim");
    let unclear = Asked::routine(Circumstances { identity: Identity::Uncertain, ..earned(&grounds) }).judged();
    assert_eq!(unclear.reasons[0].key(), "hold.identity");
}

#[test]
fn every_hold_has_its_short_word() {
    use cards::words::{Locale, Words};
    for (locale, slot) in [(Locale::ZhCn, 12), (Locale::En, 18)] {
        let words = Words::load(locale);
        let fits = |key: &str| words.has(key) && words.text(key, &[]).chars().count() <= slot;
        assert!(Hold::ALL.iter().all(|hold| fits(hold.key())), "{}", locale.as_str());
        let classes = [Grounding::Documented, Grounding::EvidenceBacked, Grounding::Inferred];
        assert!(classes.iter().all(|class| fits(class.key())), "{}", locale.as_str());
    }
}

/// What is sent without a person is a published answer, short and with nothing left open; the policy may let out more, and
/// never what is longer or has a gap.
#[test]
fn limits_of_what_leaves_are_the_policys() {
    let grounds = documented();
    let judged = |auto: AutoPolicy, published: bool, draft: &str| {
        let circumstances = Circumstances { published, ..earned(&grounds) };
        let (customer, draft) = (["几天能到".to_owned()], [draft.to_owned()]);
        let policy = Policy { auto, ..Policy::default() };
        let (channel, triggers) = (channel(Mode::Auto, &["reply"]), Triggers::builtin());
        let matter = Matter { customer: &customer, draft: Some(&draft), ..routine(circumstances) };
        judge(&matter, &Rules::new(&policy, &triggers, Some(&channel))).holds
    };
    let (usual, held) = (AutoPolicy::default, vec![Hold::BeyondLimits]);
    let documented = || AutoPolicy { drafts: AutoDrafts::Documented, ..usual() };
    assert_eq!(judged(usual(), true, "江浙沪皖 1–2 天。"), []);
    assert_eq!(judged(usual(), false, "江浙沪皖 1–2 天。"), held);
    assert_eq!(judged(documented(), false, "江浙沪皖 1–2 天。"), []);
    for auto in [usual(), documented()] {
        assert_eq!(judged(auto.clone(), true, "您的单号是 {order}。"), held, "nobody fills it in");
        assert_eq!(judged(auto, true, &"好".repeat(301)), held);
    }
}

/// What would leave, were it open and its chance known, is what automation is earned by; nothing else counts.
#[test]
fn only_what_could_have_left_counts() {
    let grounds = documented();
    let closed = Circumstances { open: false, chance: None, ..earned(&grounds) };
    let in_draft = Asked { channel: channel(Mode::Draft, &["reply"]), ..Asked::routine(closed) };
    assert!(in_draft.judged().is_eligible(), "{:?}", in_draft.judged());
    let others = [
        Circumstances { published: false, ..closed },
        Circumstances { identity: Identity::Uncertain, ..closed },
        Circumstances { paused: Paused::Everything, ..closed },
        Circumstances { chance: Some(0.5), ..closed },
    ];
    assert!(others.into_iter().all(|other| !Asked::routine(other).judged().is_eligible()));
    assert!(!Asked::routine(closed).judged_as(Intent::OrderStatus).is_eligible(), "its risk is not low");
}
