//! The core's decisions, one by one, and the small world its properties are tried in.

mod binding;
mod budget;
mod doubt;
mod erased;
mod in_turn;
mod invariants;
mod matrix;
mod permits;
mod races;
mod rights;
mod sentences;
pub(in crate::case) mod shapes;
mod stale;
mod table;
pub(in crate::case) mod world;
