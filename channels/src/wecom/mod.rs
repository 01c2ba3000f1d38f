//! WeCom (企业微信): a self-built app or an AI bot for the people of the desk, 微信客服 for the customers.

pub mod aibot;
pub mod api;
pub mod app;
pub mod callback;
pub mod crypt;
pub mod kf;
pub mod oauth;

// What a 公众号 has in common with it: see `crate::official`.
pub(crate) mod json;
pub(crate) mod query;
pub(crate) mod xml;

#[cfg(test)]
pub(crate) mod stand_in;
