//! The outside world as strict servers with ledgers of their own, and the demo's phones.
//!
//! * [`Simulator`]: WeCom (企业微信): one corporation with one self-built app and customer service (微信客服). It refuses
//!   what WeCom refuses, with WeCom's errcodes, drops and cuts silently what WeCom drops and cuts, and calls back with
//!   encrypted HTTP requests. What the documents leave open is a [`Switches`] value that a seed decides.
//! * Its ledger ([`LedgerRow`]) is append-only: tests read it as the oracle of what left the bot.
//! * [`Faults`] loses answers, refuses calls and kills tokens.
//! * [`aibot`]: WeCom's AI bots (智能机器人) over their long connection.
//! * [`kuaidi100`]: a logistics service, asked for parcels.
//! * [`official`]: a 公众号 (WeChat Official Account).
//! * [`integrator`]: another system that speaks Standard Webhooks.
//! * [`openai`]: a language-model server.
//! * [`phone`]: the demo's phone page.
//! * [`seller`]: a shop's back office.
//! * [`telegram`]: Telegram's Bot API, its people and groups.
//!
//! Time is a [`Clock`] that tests move; every draw derives from one seed. Numbers in docstrings such as "wecom 90236"
//! name the page `https://developer.work.weixin.qq.com/document/path/90236`.

mod api;
mod app;
mod body;
mod callbacks;
mod card;
mod clock;
mod customers;
mod errcode;
mod faults;
mod impossible;
mod kf;
mod ledger;
mod media;
mod members;
mod oauth;
mod rng;
mod server;
mod settings;
mod simulator;
mod stop;
mod tokens;
mod view;
mod wire;
mod world;
mod xml;

pub mod aibot;
pub mod integrator;
pub mod kuaidi100;
pub mod official;
pub mod openai;
pub mod phone;
pub mod seller;
pub mod shop_api;
pub mod telegram;

pub use api::Api;
pub use app::reply::Reply;
pub use app::{Item, ItemKind};
pub use callbacks::Delivery;
pub use clock::Clock;
pub use errcode::Errcode;
pub use faults::{Fault, Faults, Lost};
pub use impossible::Impossible;
pub use kf::{ChatLine, QUOTA, SessionState, Speaker};
pub use ledger::{AppMessage, Call, CallbackKind, KfSend, LedgerRow};
pub use media::{MediaKind, Medium};
pub use settings::{DuplicateAnswer, LongText, Nonce, Settings, Switches};
pub use simulator::Simulator;

pub(crate) use simulator::Shared;

#[cfg(test)]
mod http_tests;
