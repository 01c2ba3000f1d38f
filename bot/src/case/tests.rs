//! The core's decisions, one by one.

mod matrix;
pub(in crate::case) mod shapes;
mod table;
