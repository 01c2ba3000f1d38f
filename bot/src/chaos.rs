//! Named places at which a test build dies as `kill -9` would let it die, to see what the next start makes of it.
//! Without the feature `chaos` a point is nothing.

/// Where the program may be made to die: `AIJIA_KILL_AT=NAME#N` kills it the `N`-th time it reaches `NAME`, counted
/// from 1 (`NAME` alone: the first time). Read by builds with the feature `chaos` only.
#[cfg(not(feature = "chaos"))]
#[inline(always)]
pub fn point(_: &'static str) {}

/// Where the program may be made to die: `AIJIA_KILL_AT=NAME#N` kills it the `N`-th time it reaches `NAME`, counted
/// from 1 (`NAME` alone: the first time). Read by builds with the feature `chaos` only.
#[cfg(feature = "chaos")]
pub fn point(name: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicI64, Ordering};

    static AT: OnceLock<Option<(String, AtomicI64)>> = OnceLock::new();
    let at = AT.get_or_init(|| {
        let given = std::env::var("AIJIA_KILL_AT").ok().filter(|given| !given.is_empty())?;
        let (name, times) = given.split_once('#').unwrap_or((&given, "1"));
        Some((name.to_owned(), AtomicI64::new(times.parse().unwrap_or(1))))
    });
    if let Some((wanted, left)) = at
        && wanted == name
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        // No destructor, no buffer flushed, no connection closed in good order.
        std::process::abort();
    }
}
