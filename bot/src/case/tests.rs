//! The core's decisions, one by one.

pub(in crate::case) mod shapes;
mod table;
