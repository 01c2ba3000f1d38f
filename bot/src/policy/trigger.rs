//! The fourteen always-review triggers (requirements 6.3); each alone suffices.

use serde::{Deserialize, Serialize};

/// Declares the triggers: variant, name in tables and in the record, locale key of the short label.
macro_rules! triggers {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $key:literal;)+) => {
        /// One of the always-review triggers.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Trigger {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)+
        }

        impl Trigger {
            /// Every trigger, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in tables and in the record, `RT-01`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The locale key of its short label.
            pub fn key(self) -> &'static str {
                match self { $(Self::$variant => $key,)+ }
            }
        }
    };
}

triggers! {
    /// Refund, compensation, credit, gift, coupon promise, price protection, reshipment.
    Rt01 = "RT-01", "policy.money";
    /// Complaint, dispute, negative review, platform penalty.
    Rt02 = "RT-02", "policy.complaint";
    /// Address, account, privacy, identity, payment.
    Rt03 = "RT-03", "policy.account";
    /// After-sales outside standard policy.
    Rt04 = "RT-04", "policy.exception";
    /// Strong emotion or threat.
    Rt05 = "RT-05", "policy.emotion";
    /// Uncertain knowledge, order state or applicability.
    Rt06 = "RT-06", "policy.uncertain";
    /// Regulated advice, legal claim, high-value order.
    Rt07 = "RT-07", "policy.regulated";
    /// Public reply, service promise, many customers, uncertain identity.
    Rt08 = "RT-08", "policy.promise";
    /// A partner's request, or a partner's wording.
    Rt09 = "RT-09", "policy.partner";
    /// The customer's words contradict the verified state.
    Rt10 = "RT-10", "policy.contradiction";
    /// The platform demands evidence, or its rules are in the way.
    Rt11 = "RT-11", "policy.platform";
    /// Uncertain translation.
    Rt12 = "RT-12", "policy.translation";
    /// Restricted claim, sensitive word, or an attempt to instruct the bot.
    Rt13 = "RT-13", "policy.sensitive";
    /// The channel says so.
    Rt14 = "RT-14", "policy.channel";
}
