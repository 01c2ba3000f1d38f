//! Copies of a case, by the thousand: rows as the program writes them, with ids of their own. Their hashes are those of
//! the case they were copied from, so that this record does not verify; nothing here asks it to.

use anyhow::Context;
use campaigns::database::Database;
use campaigns::world::World;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

/// Numbers of cases that the program gave itself before.
const OWN: u64 = 1_000;

/// Makes `cases` copies, `open` of them of a case that waits for a person and the others of one that was answered.
pub async fn write(world: &World, cases: u64, open: u64) -> anyhow::Result<()> {
    let mut one = One::connect(world).await?;
    let closed = cases.saturating_sub(open);
    for copies in [Copies { from: 1, to: closed, state: "=" }, Copies { from: closed + 1, to: cases, state: "<>" }] {
        if copies.from <= copies.to {
            for table in TABLES {
                let columns = one.columns(table.name).await?;
                let sql = copies.of(table, &columns, one.digits());
                one.run(sql).await?;
            }
        }
    }
    one.run(format!("UPDATE kv SET value = '{}' WHERE name = 'case_number'", cases + 2 * OWN)).await?;
    one.run("ANALYZE".into()).await?;
    one.close().await
}

/// A table, which of its rows belong to a case `t`, and what differs in a copy.
struct Table {
    name: &'static str,
    belongs: &'static str,
    differs: &'static [(&'static str, &'static str)],
}

/// `{id}` and `{conversation}` are the copy's, `n.i` its number; `{renamed:X}` is X with the copy's ids in it. Cases come
/// last: the others are found through the case they are copied from.
const TABLES: [Table; 6] = [
    Table {
        name: "conversations",
        belongs: "s.id = t.conversation",
        differs: &[("id", "{conversation}"), ("case_id", "{id}"), ("customer", "'wmMillion' || n.i")],
    },
    Table {
        name: "messages",
        belongs: "s.conversation = t.conversation",
        differs: &[("conversation", "{conversation}"), ("case_id", "{id}")],
    },
    Table {
        name: "evidence",
        belongs: "s.chain = 'conversation:' || t.conversation",
        differs: &[
            ("chain", "'conversation:' || {conversation}"),
            ("case_id", "{id}"),
            ("leaf", "1000000000 + n.i * 1000 + s.seq"),
        ],
    },
    Table {
        name: "chains",
        belongs: "s.chain = 'conversation:' || t.conversation",
        differs: &[("chain", "'conversation:' || {conversation}")],
    },
    Table {
        name: "outbox",
        belongs: "s.case_id = t.id",
        differs: &[
            ("id", "{id} || s.id"),
            ("case_id", "{id}"),
            ("lane", "{renamed:s.lane}"),
            ("body", "{renamed:s.body}"),
            ("due_at", "s.due_at + 3600000"),
        ],
    },
    Table {
        name: "cases",
        belongs: "s.id = t.id",
        differs: &[
            ("id", "{id}"),
            ("number", "n.i + 1000"),
            ("conversation", "{conversation}"),
            (
                "body",
                "REPLACE({renamed:s.body}, '\"number\":' || t.number || ',', '\"number\":' || (n.i + 1000) || ',')",
            ),
        ],
    },
];

/// Copies of the newest case that the program made itself and that is, or is not, closed.
struct Copies {
    from: u64,
    to: u64,
    state: &'static str,
}

impl Copies {
    fn of(&self, table: Table, columns: &[String], digits: &str) -> String {
        let Self { from, to, state } = self;
        let (id, conversation) = (format!("'m' || {digits}"), format!("'v' || {digits}"));
        let filled = |text: &str| {
            let mut text = text.to_owned();
            for column in ["s.lane", "s.body"] {
                let renamed = format!("REPLACE(REPLACE({column}, t.id, {id}), t.conversation, {conversation})");
                text = text.replace(&format!("{{renamed:{column}}}"), &renamed);
            }
            text.replace("{id}", &id).replace("{conversation}", &conversation)
        };
        let value = |column: &String| {
            let differs = table.differs.iter().find(|(name, _)| name == column);
            differs.map_or_else(|| format!("s.{column}"), |(_, text)| filled(text))
        };
        let values: Vec<String> = columns.iter().map(value).collect();
        format!(
            "WITH RECURSIVE n(i) AS (SELECT CAST({from} AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {to})
             INSERT INTO {name} ({}) SELECT {}
             FROM (SELECT * FROM cases WHERE state {state} 'closed' AND number < {OWN} ORDER BY number DESC LIMIT 1) t
             CROSS JOIN {name} s CROSS JOIN n WHERE {}",
            columns.join(", "),
            values.join(", "),
            table.belongs,
            name = table.name,
        )
    }
}

/// A connection beside the program's own.
enum One {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl One {
    async fn connect(world: &World) -> anyhow::Result<Self> {
        match &world.database {
            Database::Sqlite => {
                let path = world.data(0).join("aijia.db");
                Ok(Self::Sqlite(SqliteConnectOptions::new().filename(path).connect().await?))
            }
            Database::Postgres(there) => Ok(Self::Postgres(PgConnection::connect(there.url.as_str()).await?)),
        }
    }

    async fn run(&mut self, sql: String) -> anyhow::Result<()> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.clone()));
        match self {
            Self::Sqlite(one) => query.execute(one).await.map(|_| ()),
            Self::Postgres(one) => query.execute(one).await.map(|_| ()),
        }
        .context(sql)
    }

    /// The names of a table's columns.
    async fn columns(&mut self, table: &str) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Sqlite(one) => {
                let sql = "SELECT name FROM PRAGMA_TABLE_INFO($1)";
                Ok(sqlx::query_scalar(sql).bind(table).fetch_all(one).await?)
            }
            Self::Postgres(one) => {
                let sql = "SELECT CAST(column_name AS TEXT) FROM information_schema.columns
                           WHERE table_schema = 'public' AND table_name = $1";
                Ok(sqlx::query_scalar(sql).bind(table).fetch_all(one).await?)
            }
        }
    }

    /// The copy's number in twelve digits, as this database writes it.
    fn digits(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "PRINTF('%012d', n.i)",
            Self::Postgres(_) => "LPAD(CAST(n.i AS TEXT), 12, '0')",
        }
    }

    async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(one) => Ok(one.close().await?),
            Self::Postgres(one) => Ok(one.close().await?),
        }
    }
}
