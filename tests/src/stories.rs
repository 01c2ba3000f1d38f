//! The stories: what happens at the desk, told in the trade's words, against the real server and the
//! simulated world, on SQLite and on PostgreSQL.

mod architecture;
mod world;

mod budget;
mod commands;
mod configuration;
mod doubts;
mod erasure;
mod first_start;
mod handover;
mod hard_cases;
mod hostile;
mod main_loop;
mod model;
mod notices;
mod operations;
mod pacing;
mod pauses;
mod phones;
mod races;
mod record;
mod review_page;
mod shown;
mod under_load;
mod wire;
