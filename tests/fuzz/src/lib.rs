//! Everything that reads what others wrote, as targets for a fuzzer: a function takes bytes and panics where a promise
//! does not hold. The short form below runs them on plain builds over the committed corpus and seeded mutations of it;
//! `scripts/fuzz` runs them guided by coverage.

mod desk;
mod files;
mod others;
mod shop;
mod wire;

#[cfg(test)]
mod mutation;

/// What reads the bytes it is given, and panics where they break a promise.
type Target = fn(&[u8]);

/// The targets by name.
const TARGETS: &[(&str, Target)] = &[
    ("envelope", wire::envelope),
    ("decrypt", wire::decrypt),
    ("event", wire::event),
    ("url_check", wire::url_check),
    ("sync_msg", wire::sync_msg),
    ("webhook_event", others::webhook_event),
    ("telegram_update", others::telegram_update),
    ("official", others::official),
    ("aibot_frame", others::aibot_frame),
    ("card_key", desk::card_key),
    ("page_token", desk::page_token),
    ("command", desk::command),
    ("configuration", desk::configuration),
    ("model_output", desk::model_output),
    ("evidence", desk::evidence),
    ("checkpoint", desk::checkpoint),
    ("card_text", desk::card_text),
    ("import", files::text),
    ("import_html", files::html),
    ("import_package", files::package),
    ("import_xlsx", files::xlsx),
    ("import_docx", files::docx),
    ("import_pages", files::pages),
    ("query", shop::query),
    ("gate", shop::gate),
];

/// The target of this name.
pub fn target(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, run)| *run)
}

/// The names of all targets.
pub fn names() -> impl Iterator<Item = &'static str> {
    TARGETS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::mutation::Mutator;

    /// Time all targets have together; `FUZZ_RUNS` asks for a number of runs a target instead.
    const SHORT: Duration = Duration::from_secs(10);
    /// Longest time one input may take, generous for a busy machine and a build without optimisation.
    const HANG: Duration = Duration::from_secs(5);

    fn corpus(name: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        files.iter().map(|file| std::fs::read(file).unwrap()).collect()
    }

    /// Runs a target on its corpus and on mutations of it; gives the number of runs.
    fn campaign(name: &str, run: fn(&[u8])) -> usize {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name} has no corpus");
        let wanted = std::env::var("FUZZ_RUNS").ok().and_then(|runs| runs.parse::<usize>().ok());
        let until = Instant::now() + SHORT / u32::try_from(TARGETS.len()).unwrap();
        let mut mutator = Mutator::seeded(7);
        let mut runs = 0;
        while wanted.map_or_else(|| runs < corpus.len() || Instant::now() < until, |wanted| runs < wanted) {
            let input = corpus.get(runs).cloned().unwrap_or_else(|| mutator.mutation(&corpus));
            let began = Instant::now();
            if let Err(panic) = std::panic::catch_unwind(|| run(&input)) {
                println!("target {name}, run {runs}, input (hex): {}", hex::encode(&input));
                std::panic::resume_unwind(panic);
            }
            assert!(began.elapsed() < HANG, "{name} took {:?} for {}", began.elapsed(), hex::encode(&input));
            runs += 1;
        }
        runs
    }

    #[test]
    fn every_target_keeps_its_promises() {
        for (name, run) in TARGETS {
            println!("{name}: {} runs", campaign(name, *run));
        }
    }
}
