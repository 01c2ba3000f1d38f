//! simulator

pub mod openai;
