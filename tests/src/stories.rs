//! The stories: what happens at the desk, told in the trade's words, against the real server and the
//! simulated world, on SQLite and on PostgreSQL.

mod architecture;
mod world;

mod commands;
mod configuration;
mod first_start;
mod handover;
mod main_loop;
mod notices;
mod pauses;
mod races;
mod shown;
mod wire;
