//! The database of a campaign: a file, or a database of its own on the PostgreSQL of `TEST_POSTGRES_URL`.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;
use url::Url;

use crate::link::{Link, Proxy};

/// Which database a campaign runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// One file, one process.
    Sqlite,
    /// One server, several processes.
    Postgres,
}

/// A database that is there.
pub enum Database {
    /// The file, made by the program itself.
    Sqlite,
    /// A database of the campaign's own.
    Postgres(Postgres),
}

/// A database on a PostgreSQL server.
pub struct Postgres {
    /// Its address without anything in between.
    pub url: Url,
    server: Url,
    name: String,
}

impl Database {
    /// Makes a database. `name` has to be new.
    ///
    /// # Errors
    /// Where PostgreSQL is wanted and `TEST_POSTGRES_URL` is not set or does not answer.
    pub async fn make(on: On, name: &str) -> anyhow::Result<Self> {
        match on {
            On::Sqlite => Ok(Self::Sqlite),
            On::Postgres => Ok(Self::Postgres(Postgres::make(name).await?)),
        }
    }

    /// What an instance gets as `DATABASE_URL`, straight or through a proxy.
    pub fn url(&self, data: &Path, proxy: Option<&Proxy>) -> String {
        match (self, proxy) {
            (Self::Sqlite, _) => format!("sqlite://{}", data.join("aijia.db").display()),
            (Self::Postgres(there), None) => there.url.to_string(),
            (Self::Postgres(there), Some(proxy)) => {
                let mut url = there.url.clone();
                let _ = url.set_host(Some("127.0.0.1"));
                let _ = url.set_port(Some(proxy.port));
                url.to_string()
            }
        }
    }

    /// A proxy in front of the database, where it is a server.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn proxy(&self) -> anyhow::Result<Option<Proxy>> {
        let Self::Postgres(there) = self else { return Ok(None) };
        let port = there.url.port().unwrap_or(5432);
        Ok(Some(Proxy::open(SocketAddr::from(([127, 0, 0, 1], port))).await?))
    }

    /// Removes it.
    pub async fn remove(&self) {
        let Self::Postgres(there) = self else { return };
        if let Ok(pool) = PgPool::connect(there.server.as_str()).await {
            let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", there.name);
            let _ = sqlx::query(AssertSqlSafe(sql)).execute(&pool).await;
            pool.close().await;
        }
    }
}

impl Postgres {
    async fn make(name: &str) -> anyhow::Result<Self> {
        let server = std::env::var("TEST_POSTGRES_URL")
            .context("TEST_POSTGRES_URL is not set: run this through scripts/with-postgres")?;
        let pool = PgPool::connect(&server).await?;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&pool).await?;
        pool.close().await;
        let server = Url::parse(&server)?;
        let mut url = server.clone();
        url.set_path(name);
        Ok(Self { url, server, name: name.to_owned() })
    }

    /// Ends every connection to the database, as an administrator or a fail-over does. Gives their number.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub async fn terminate_connections(&self) -> anyhow::Result<usize> {
        let pool = PgPool::connect(self.server.as_str()).await?;
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
        let ended = sqlx::query(sql).bind(&self.name).fetch_all(&pool).await?.len();
        pool.close().await;
        Ok(ended)
    }
}

/// The links on the ways of one instance; none where it goes there straight.
#[derive(Default)]
pub struct Ways {
    /// To the database, where that is a server.
    pub database: Option<Proxy>,
    /// To the platform.
    pub platform: Option<Proxy>,
}

impl Ways {
    /// The links, for whoever disturbs all of them.
    pub fn links(&self) -> Vec<Link> {
        [&self.database, &self.platform].into_iter().flatten().map(|proxy| proxy.link.clone()).collect()
    }
}
