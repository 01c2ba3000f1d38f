//! Where the database is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::ConfigError;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// A file of this process alone.
    Sqlite(PathBuf),
    /// A server several instances can share; the address may hold a password.
    Postgres(String),
}

impl Database {
    /// Reads `DATABASE_URL`; without one, the database is a file under `data_dir`.
    ///
    /// # Errors
    /// For another kind of database, and an address without a path. The address is never repeated: it may hold
    /// a password.
    pub fn from_url(url: Option<&str>, data_dir: &Path) -> Result<Self, ConfigError> {
        let bad = |what: &str, todo: &str| Err(ConfigError::new("DATABASE_URL", what, todo));
        let Some(url) = url else { return Ok(Self::Sqlite(data_dir.join("aijia.db"))) };
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return match url::Url::parse(url) {
                Ok(_) => Ok(Self::Postgres(url.to_owned())),
                Err(_) => bad("is not a valid address", "write postgres://USER:PASSWORD@HOST/NAME"),
            };
        }
        match url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest)) {
            None => bad("names an unknown kind of database", "begin it with sqlite:// or postgres://"),
            Some("" | ":memory:") => bad("names no file", "write sqlite://PATH: the record has to survive a restart"),
            Some(path) if path.contains('?') => bad("has options after the path", "write sqlite://PATH without them"),
            Some(path) => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "Sqlite({})", path.display()),
            Self::Postgres(_) => f.write_str("Postgres([REDACTED])"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Database, String> {
        Database::from_url(Some(url), Path::new("data")).map_err(|e| e.to_string())
    }

    #[test]
    fn addresses_are_understood() {
        assert_eq!(Database::from_url(None, Path::new("d")), Ok(Database::Sqlite("d/aijia.db".into())));
        assert_eq!(read("sqlite://data/x.db"), Ok(Database::Sqlite("data/x.db".into())));
        assert_eq!(read("sqlite:///srv/x.db"), Ok(Database::Sqlite("/srv/x.db".into())));
        assert_eq!(read("sqlite:x.db"), Ok(Database::Sqlite("x.db".into())));
        let postgres = "postgres://aijia:secret@db/aijia?sslmode=require";
        assert_eq!(read(postgres), Ok(Database::Postgres(postgres.into())));
        assert!(matches!(read("postgresql://db/aijia"), Ok(Database::Postgres(_))));
    }

    #[test]
    fn bad_addresses_are_named_without_repeating_them() {
        for (url, line) in [
            (
                "mysql://aijia:secret@db/aijia",
                "DATABASE_URL: names an unknown kind of database; begin it with sqlite:// or postgres://",
            ),
            ("secret.db", "DATABASE_URL: names an unknown kind of database; begin it with sqlite:// or postgres://"),
            (
                "postgres://aijia:secret@db:port/aijia",
                "DATABASE_URL: is not a valid address; write postgres://USER:PASSWORD@HOST/NAME",
            ),
            ("sqlite://", "DATABASE_URL: names no file; write sqlite://PATH: the record has to survive a restart"),
            (
                "sqlite::memory:",
                "DATABASE_URL: names no file; write sqlite://PATH: the record has to survive a restart",
            ),
            ("sqlite://x.db?mode=ro", "DATABASE_URL: has options after the path; write sqlite://PATH without them"),
        ] {
            assert_eq!(read(url), Err(line.to_owned()));
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let database = read("postgres://aijia:secret@db/aijia").unwrap();
        assert!(!format!("{database:?}").contains("secret"));
    }
}
