//! `aijia`: a customer-service bot that lives inside WeCom. It drafts replies from a shop's own knowledge and
//! puts them on a card on a reviewer's phone; nothing reaches a customer without a recorded authority.
//!
//! One message's way down: [`http`] verifies and stores a callback, [`worker`] claims what was stored and asks
//! [`case::step`] what it means, [`store`] keeps the answer together with its [`evidence`], and [`effects`]
//! carries out what has to be done.

mod action_desk;
pub mod aibot;
pub mod app;
pub mod automation;
pub mod blobs;
pub mod case;
pub mod chances;
pub mod chaos;
pub mod chart;
pub mod chat;
pub mod checklist;
pub mod cli;
pub mod clock;
pub mod command;
pub mod confidence;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod desk;
pub mod drafting;
pub mod drill;
pub mod effects;
pub mod erasure;
pub mod evidence;
pub mod examples;
pub mod graduation;
pub mod http;
pub mod knowledge_desk;
pub mod meaning;
pub mod metrics;
pub mod mistake;
pub mod policy;
pub mod policy_desk;
pub mod qa;
pub mod replay;
pub mod report;
pub mod start;
pub mod store;
pub mod surface;
pub mod tenant;
pub mod understanding;
pub mod view;
pub mod webhooks;
pub mod why;
pub mod worker;

#[cfg(test)]
mod words_tests;
