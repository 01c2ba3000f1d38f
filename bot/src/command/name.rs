//! The commands' names.

use super::argument::fold;
use crate::policy::Power;

/// Declares the commands: variant, name, aliases, the power its help line needs, locale keys of help and usage.
/// A command without a help key is not offered.
macro_rules! names {
    ($($variant:ident = $name:literal $(| $alias:literal)*, $power:expr, $help:expr, $usage:literal;)+) => {
        /// A command by its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Name {
            $($variant,)+
        }

        impl Name {
            /// Every command, in the order of the help text.
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The English name without the slash.
            pub(super) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Every way to write it, in lower case.
            pub(super) fn spellings(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$name $(, $alias)*],)+ }
            }

            /// The power without which it is of no use.
            pub(super) fn power(self) -> Option<Power> {
                match self { $(Self::$variant => $power,)+ }
            }

            /// The locale key of its line in the help text.
            pub(super) fn help_key(self) -> Option<&'static str> {
                match self { $(Self::$variant => $help,)+ }
            }

            /// The locale key of how to write it.
            pub(super) fn usage_key(self) -> &'static str {
                match self { $(Self::$variant => $usage,)+ }
            }
        }
    };
}

names! {
    Queue = "queue" | "队列" | "隊列", Some(Power::SeeQueue), Some("command.queue"), "usage.queue";
    Case = "case" | "案件" | "个案", Some(Power::SeeCase), Some("command.case"), "usage.case";
    Ask = "ask" | "问" | "代问", Some(Power::Decide), Some("command.ask"), "usage.ask";
    Why = "why" | "为什么" | "为啥", Some(Power::SeeCase), Some("command.why"), "usage.why";
    Approve = "approve" | "通过" | "发送" | "批准", Some(Power::Decide), Some("command.approve"), "usage.approve";
    Delivered = "delivered" | "送达" | "已送达" | "确认送达", Some(Power::Decide), Some("command.delivered"),
        "usage.delivered";
    Resend = "resend" | "重发", Some(Power::Decide), Some("command.resend"), "usage.resend";
    Drop = "drop" | "放弃", Some(Power::Decide), Some("command.drop"), "usage.drop";
    Edit = "edit" | "改" | "修改", Some(Power::Decide), Some("command.edit"), "usage.edit";
    Reject = "reject" | "拒绝" | "驳回", Some(Power::Decide), Some("command.reject"), "usage.reject";
    Escalate = "escalate" | "上级" | "转上级", Some(Power::Escalate), Some("command.escalate"), "usage.escalate";
    Take = "take" | "接手", Some(Power::TakeOver), Some("command.take"), "usage.take";
    GiveBack = "giveback" | "交还" | "交回", Some(Power::TakeOver), Some("command.give_back"), "usage.give_back";
    Pause = "pause" | "暂停", Some(Power::PauseConversation), Some("command.pause"), "usage.pause";
    Resume = "resume" | "恢复", Some(Power::ResumeConversation), Some("command.resume"), "usage.resume";
    Status = "status" | "状态", Some(Power::SeeQueue), Some("command.status"), "usage.status";
    Evidence = "evidence" | "证据" | "记录", Some(Power::ReadEvidence), Some("command.evidence"), "usage.evidence";
    BackOffice = "backoffice" | "后台", Some(Power::SeeQueue), Some("command.back_office"), "usage.back_office";
    OnDuty = "onduty" | "上班", Some(Power::Decide), Some("command.on_duty"), "usage.on_duty";
    OffDuty = "offduty" | "下班", Some(Power::Decide), Some("command.off_duty"), "usage.off_duty";
    Cancel = "cancel" | "取消", Some(Power::Decide), Some("command.cancel"), "usage.cancel";
    Whoami = "whoami" | "我是谁", None, Some("command.whoami"), "usage.whoami";
    Help = "help" | "帮助" | "start", None, Some("command.help"), "usage.help";
    Mode = "mode" | "模式", Some(Power::SeeQueue), Some("command.mode"), "usage.mode";
    Checklist = "checklist" | "检查", Some(Power::SeeQueue), Some("command.checklist"), "usage.checklist";
    Report = "report" | "报告" | "日报", Some(Power::ReadEvidence), Some("command.report"), "usage.report";
    Kb = "kb" | "知识", Some(Power::ManageKnowledge), Some("command.kb"), "usage.kb";
    Do = "do" | "做" | "办" | "执行", Some(Power::Decide), Some("command.do"), "usage.do";
    Example = "example" | "examples" | "示例" | "样例" | "范例", Some(Power::ReadEvidence), Some("command.example"),
        "usage.example";
    Qa = "qa" | "质检" | "抽检", Some(Power::ReadEvidence), Some("command.qa"), "usage.qa";
    Erase = "erase" | "清除" | "删除资料", Some(Power::Erase), Some("command.erase"), "usage.erase";
    Pack = "pack" | "材料" | "退款材料", Some(Power::Decide), Some("command.pack"), "usage.pack";
    Policy = "policy" | "策略" | "规则", Some(Power::SetMode), Some("command.policy"), "usage.policy";
}

/// The command that `text`, which follows a slash, begins with, and what comes after its name. `word` is the length in
/// bytes of the letters at its beginning. A name in another script than what follows needs no blank: `/暂停全部`,
/// `/pause全部`. What Telegram adds to commands in groups, `@` and the bot's name, is skipped.
pub(super) fn find(text: &str, word: usize) -> Option<(Name, &str)> {
    let (letters, rest) = text.split_at(word);
    let folded: String = letters.chars().filter(|c| !matches!(c, '_' | '-')).map(fold).collect();
    if let Some(name) = Name::ALL.iter().find(|name| name.spellings().contains(&folded.as_str())) {
        return Some((*name, without_bot_name(rest)));
    }
    let known = Name::ALL.iter().flat_map(|name| name.spellings().iter().map(|spelling| (*name, *spelling)));
    let (name, end) =
        known.filter_map(|(name, spelling)| Some((name, stuck_to(text, spelling)?))).max_by_key(|(_, end)| *end)?;
    Some((name, &text[end..]))
}

/// Where `spelling` ends if `text` begins with it and goes on in Chinese.
fn stuck_to(text: &str, spelling: &str) -> Option<usize> {
    let mut ends = text.char_indices();
    let mut wanted = spelling.chars();
    loop {
        let Some((at, c)) = ends.next() else { return wanted.next().is_none().then_some(text.len()) };
        match wanted.next() {
            Some(letter) if letter == fold(c) => {}
            Some(_) => return None,
            None => return (!spelling.is_ascii() || !fold(c).is_ascii()).then_some(at),
        }
    }
}

fn without_bot_name(rest: &str) -> &str {
    let Some(named) = rest.strip_prefix('@') else { return rest };
    named.find(char::is_whitespace).map_or("", |end| &named[end..])
}
