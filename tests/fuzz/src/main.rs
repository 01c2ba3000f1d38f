//! The coverage-guided form of the targets: `scripts/fuzz` builds and runs it. Which target is in `AIJIA_FUZZ_TARGET`.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("AIJIA_FUZZ_TARGET").unwrap_or_default();
    fuzz::target(&name)
        .unwrap_or_else(|| panic!("AIJIA_FUZZ_TARGET is none of {:?}", fuzz::names().collect::<Vec<_>>()))
});

fuzz_target!(|data: &[u8]| TARGET(data));
