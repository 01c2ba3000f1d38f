//! Failures that say nothing about the work that met them.

/// The database could not be reached, or could not be written just now. The same unit may well succeed in a moment: it
/// is found in the chain of an error by `downcast_ref`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the database is not available")]
pub struct Unavailable;

/// The error, marked where it is of this kind.
pub(super) fn marked(problem: anyhow::Error) -> anyhow::Error {
    let of_this_kind = problem.chain().filter_map(|cause| cause.downcast_ref::<sqlx::Error>()).any(is_unavailable);
    if of_this_kind { problem.context(Unavailable) } else { problem }
}

fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| says_so(&code)),
        _ => false,
    }
}

/// PostgreSQL: connection lost (class 08), out of something (53), told to stop or starting up (57P), a lock that took too
/// long (55P03). SQLite's primary codes: busy 5, locked 6, I/O 10, full 13, cannot open 14.
fn says_so(code: &str) -> bool {
    let postgres = ["08", "53", "57P", "55P03"].iter().any(|start| code.len() == 5 && code.starts_with(start));
    let sqlite = code.parse().is_ok_and(|code: i64| code < 10_000 && [5, 6, 10, 13, 14].contains(&(code & 0xFF)));
    postgres || sqlite
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn codes_of_both_databases_are_told_apart() {
        for code in ["08006", "53300", "57P01", "55P03", "5", "517", "13", "10", "778", "14"] {
            assert!(says_so(code), "{code}");
        }
        // A broken rule, a mistake in a statement, a row that stands in the way, a victim.
        for code in ["23505", "42601", "40001", "57014", "19", "1", "787", "2067", ""] {
            assert!(!says_so(code), "{code}");
        }
    }

    #[test]
    fn the_mark_is_found_whatever_was_said_about_it() {
        let lost = Err::<(), _>(sqlx::Error::PoolTimedOut).context("reading the desk").map_err(marked).unwrap_err();
        assert!(lost.context("more").downcast_ref::<Unavailable>().is_some());
        assert!(marked(sqlx::Error::RowNotFound.into()).downcast_ref::<Unavailable>().is_none());
    }
}
