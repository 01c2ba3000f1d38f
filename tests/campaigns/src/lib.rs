//! The rig of the campaigns: the real program as one to three processes, the outside world in this process, and
//! everything between them in our hands.
//!
//! * [`world`]: the simulator, a shop, a database, a balancer and the program's [`instance`]s.
//! * [`link`]: ways between them that can be cut, stopped, slowed, or lose an answer.
//! * [`robots`]: customers who write at a rate, and [`reviewers`] who press what arrives on their phones.
//! * [`stage`]: a world with all of them in it, and [`faults`]: the campaigns that do their worst to it.
//! * [`audit`]: what was lost, done twice or done unasked, by the simulator's ledger and the exported evidence alone.

pub mod audit;
pub mod balancer;
pub mod database;
pub mod drain;
pub mod draw;
pub mod evidence;
pub mod faults;
pub mod instance;
pub mod latency;
pub mod link;
pub mod reviewers;
pub mod robots;
pub mod shop;
pub mod single_winner;
pub mod stage;
pub mod table;
pub mod world;
