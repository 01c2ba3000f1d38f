//! What a process costs, as the kernel counts it.

use std::time::Duration;

/// The kernel's clock tick for process times on Linux: fixed at 100 a second for user space.
const TICKS: u64 = 100;

/// Processor time a process has used, its kernel time included.
pub fn cpu(pid: u32) -> Duration {
    used(&format!("/proc/{pid}/stat"))
}

/// Processor time this thread has used.
pub fn thread_cpu() -> Duration {
    used("/proc/thread-self/stat")
}

fn used(stat: &str) -> Duration {
    let stat = std::fs::read_to_string(stat).unwrap_or_default();
    // The name in parentheses may hold anything; the 14th and 15th fields count from behind it.
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<u64> = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Duration::from_millis(fields.iter().sum::<u64>() * 1_000 / TICKS)
}

/// Resident memory now and at its highest, in MiB.
pub fn memory(pid: u32) -> (f64, f64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"));
        line.and_then(|kib| kib.trim().parse::<f64>().ok()).unwrap_or(0.0) / 1_024.0
    };
    (of("VmRSS:"), of("VmHWM:"))
}
