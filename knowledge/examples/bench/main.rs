//! Measures knowledge on a folder of evaluation sets: `cargo run -p knowledge --example bench -- DATA [PART…]`, or
//! `make bench-knowledge DATA=…`. DATA holds one folder a set, each with `docs.jsonl`, `dev.jsonl` and the like; sets
//! that are missing are passed over. Parts: `gate`, `search`, `intents`, `scale`; `train` learns the ranking's weights instead.

mod baseline;
mod gate;
mod intents;
mod meaning;
mod scale;
mod search;
mod set;
mod train;

use std::path::PathBuf;

/// Everything that may go wrong ends the run.
pub(crate) type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let data = arguments.next().or_else(|| std::env::var("AIJIA_EVALUATION").ok());
    let data = PathBuf::from(
        data.ok_or("usage: bench DATA [search] [gate] [intents] [scale], DATA a folder of evaluation sets")?,
    );
    if !data.is_dir() {
        return Err(format!("{} is no folder", data.display()).into());
    }
    let parts: Vec<String> = arguments.collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    knowledge::warm_up();
    if parts.iter().any(|part| part == "train") {
        return train::train(&data, &meaning::Meaning::from_environment()?);
    }
    if wanted("gate") {
        gate::measure(&data)?;
    }
    if wanted("search") {
        search::measure(&data, &meaning::Meaning::from_environment()?)?;
    }
    if wanted("intents") {
        intents::measure(&data, &meaning::Meaning::from_environment()?)?;
    }
    if wanted("scale") {
        scale::measure(&data)?;
    }
    Ok(())
}
