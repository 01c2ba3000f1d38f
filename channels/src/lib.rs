//! The wire: what comes in from WeCom is verified and read here, what goes out is sent from here, and nothing is decided here.
//!
//! * [`wecom::crypt`]: the callback cipher and signature, in both directions.
//! * [`wecom::callback`]: one verified callback as a value.
//! * [`wecom::api`]: one app's authenticated client; the access token lives and dies there.
//! * [`wecom::app`], [`wecom::kf`], [`wecom::oauth`]: members, customers and the sign-in of the review pages.
//!
//! Numbers in docstrings such as "wecom 90236" name the page `https://developer.work.weixin.qq.com/document/path/90236`.

pub mod wecom;
