//! WeCom (企业微信): a self-built app or an AI bot for the people of the desk, 微信客服 for the customers.

pub mod aibot;
pub mod api;
pub mod app;
pub mod callback;
pub mod crypt;
pub mod kf;
pub mod oauth;

mod json;
mod query;
mod xml;

#[cfg(test)]
mod stand_in;
