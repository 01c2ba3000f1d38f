//! The guarded browser against the simulated shop, with real Chromium over the real wire. What counts is what the shop's
//! own ledger says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong and stops")]

#[path = "chromium/abnormal.rs"]
mod abnormal;
#[path = "chromium/leaks.rs"]
mod leaks;
#[path = "chromium/profile.rs"]
mod profile;
#[path = "chromium/reading.rs"]
mod reading;
#[path = "chromium/showing.rs"]
mod showing;
#[path = "chromium/world.rs"]
mod world;
#[path = "chromium/writing.rs"]
mod writing;
