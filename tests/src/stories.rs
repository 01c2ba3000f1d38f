//! The stories: what happens at the desk, told in the trade's words, against the real server and the
//! simulated world, on SQLite and on PostgreSQL.

mod architecture;
mod world;

mod budget;
mod by_hand;
mod commands;
mod configuration;
mod crowd;
mod deliveries;
mod doors;
mod doubts;
mod erasure;
mod everywhere;
mod first_start;
mod followers;
mod handover;
mod hard_cases;
mod hostile;
mod instances;
mod knowledge_care;
mod knowledge_import;
mod knowledge_life;
mod lexicon;
mod main_loop;
mod model;
mod notices;
mod official;
mod operations;
mod orphans;
mod pacing;
mod pauses;
mod phones;
mod pressure;
mod races;
mod record;
mod recovery;
mod review_page;
mod shown;
mod storage_faults;
mod surfaces;
mod turns;
mod under_load;
mod webhook;
mod wire;
