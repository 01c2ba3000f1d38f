//! The record: "why" answered from it (scenario 69), tampering found and located in it (scenario 71), checkpoints
//! outside the database.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use aijia::args;
use aijia::evidence::{BadPlace, Kind};
use aijia::store::record;
use anyhow::{Context, ensure};
use cards::Act;
use sqlx::sqlite::SqlitePool;

use crate::configuration::program;
use crate::story;
use crate::world::{self, On, Setting, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

/// One finished case: a draft, an edit, an approval, a reply.
async fn one_case(world: &mut World) -> anyhow::Result<()> {
    world.customer_says(FACT).await?;
    world.taps("LiHua", Act::Edit).await?;
    world.member_says("LiHua", "亲，轻微起球正常，用小刷子轻轻一扫就好。").await?;
    world.taps("ZhaoLiu", Act::Send).await?;
    ensure!(world.case(1).await?.is_closed());
    Ok(())
}

/// What the app says to a member from now on.
async fn asks(world: &mut World, member: &str, question: &str) -> anyhow::Result<String> {
    let before = world.sim.inbox(member).len();
    world.member_says(member, question).await?;
    let answer = world.sim.inbox(member).into_iter().skip(before + 1).map(|item| item.text);
    Ok(answer.collect::<Vec<_>>().join("\n"))
}

story!(
    /// Scenario 69: suggestion, grounds, action and approver, from stored records only.
    why_is_answered_from_the_record,
    |world| {
        one_case(world).await?;
        let why = asks(world, "LiHua", "/why 1").await?;
        let suggested = "腋下、袖口";
        ensure!(why.contains(FACT) && why.contains(suggested), "asked and suggested: {why}");
        ensure!(why.contains("《羊毛针织衫 M101 起球》v1"), "on what grounds: {why}");
        ensure!(why.contains("李华") && why.contains("小刷子"), "changed by whom, into what: {why}");
        ensure!(why.contains("赵柳"), "approved by whom: {why}");
        ensure!(why.contains("平台已接受") || why.contains("已送达") || why.contains("接受"), "what was done: {why}");
        // Neither the knowledge nor the case's own state is asked: only the record.
        world.app.store.commit(|tx| Box::pin(async move { Ok(tx.run("DELETE FROM entries", args![]).await?) })).await?;
        world.restart().await?;
        let again = asks(world, "LiHua", "/为什么 1").await?;
        ensure!(again == why, "another answer after a restart:\n{again}\n{why}");
        ensure!(asks(world, "Stranger", "/why 1").await?.contains("不在客服台"), "not for strangers");
    }
);

/// The first place of the record that does not verify.
async fn first_bad_place(world: &World) -> anyhow::Result<Option<BadPlace>> {
    let found = world.app.store.read(|tx| {
        Box::pin(async move {
            for chain in record::chains(tx).await? {
                if let Err(bad) = record::verify(tx, &chain).await? {
                    return Ok(Some(bad));
                }
            }
            Ok(None)
        })
    });
    found.await
}

/// Somebody changes the database directly.
async fn alters(world: &World, statements: &'static [&'static str], chain: &str) -> anyhow::Result<()> {
    let chain = chain.to_owned();
    world
        .app
        .store
        .commit(move |tx| {
            Box::pin(async move {
                for statement in statements {
                    let args = if statement.contains("$1") { args![&chain] } else { args![] };
                    tx.run(statement, args).await?;
                }
                Ok(())
            })
        })
        .await
}

/// A change of the database, the place it must be found at, and a word of what is said about it.
type Tampering = (&'static [&'static str], i64, &'static str);

const TAMPERINGS: [Tampering; 9] = [
    (&["UPDATE evidence SET payload = '{}' WHERE chain = $1 AND seq = 3"], 3, "payload was altered"),
    (&["UPDATE evidence SET actor = 'person:wangwu' WHERE chain = $1 AND seq = 6"], 6, "altered"),
    (&["UPDATE evidence SET at_ms = at_ms + 1 WHERE chain = $1 AND seq = 5"], 5, "altered"),
    (&["UPDATE evidence SET kind = 'decided' WHERE chain = $1 AND seq = 4"], 4, "altered"),
    (&["DELETE FROM evidence WHERE chain = $1 AND seq = 3"], 3, "missing"),
    (
        &[
            "UPDATE evidence SET seq = -1 WHERE chain = $1 AND seq = 3",
            "UPDATE evidence SET seq = 3 WHERE chain = $1 AND seq = 4",
            "UPDATE evidence SET seq = 4 WHERE chain = $1 AND seq = -1",
        ],
        3,
        "",
    ),
    (&["UPDATE evidence SET payload = NULL, salt = NULL WHERE chain = $1 AND seq = 3"], 3, "never erased"),
    (&["DELETE FROM evidence WHERE chain = $1 AND seq >= 5"], 5, "missing"),
    (&["DELETE FROM evidence WHERE chain = $1"], 1, "empty"),
];

const KEEP: &[&str] = &[
    "CREATE TABLE kept_evidence AS SELECT * FROM evidence",
    "CREATE TABLE kept_chains AS SELECT * FROM chains",
    "CREATE TABLE kept_checkpoints AS SELECT * FROM checkpoints",
];
const RESTORE: &[&str] = &[
    "DELETE FROM evidence",
    "INSERT INTO evidence SELECT * FROM kept_evidence",
    "DELETE FROM chains",
    "INSERT INTO chains SELECT * FROM kept_chains",
    "DELETE FROM checkpoints",
    "INSERT INTO checkpoints SELECT * FROM kept_checkpoints",
];

story!(
    /// Scenario 71: whatever is changed on disk, verification finds it and names the first bad place.
    tampering_is_found_and_located,
    |world| {
        one_case(world).await?;
        let chain = record::chain_of(&world.case(1).await?.conversation);
        alters(world, KEEP, &chain).await?;
        for (statements, seq, what) in TAMPERINGS {
            alters(world, statements, &chain).await?;
            let bad = first_bad_place(world).await?.with_context(|| format!("unseen: {statements:?}"))?;
            ensure!(bad.chain == chain && bad.seq == seq, "{statements:?} was found at {bad}");
            ensure!(bad.to_string().contains(what), "{statements:?}: {bad}");
            let program = verifies(world, world.folder.path(), &world.database_url())?;
            let program = program.err().with_context(|| format!("the program did not see {statements:?}"))?;
            ensure!(program.contains(&format!("#{seq}")), "{statements:?}: {program}");
            alters(world, RESTORE, &chain).await?;
        }
        let good = verifies(world, world.folder.path(), &world.database_url())?;
        ensure!(good.is_ok(), "restored, and yet: {good:?}");
    }
);

/// Runs `aijia evidence verify` on a folder and a database: what it printed, well or ill.
fn verifies(world: &World, folder: &Path, database: &str) -> anyhow::Result<Result<String, String>> {
    std::fs::write(folder.join("aijia.toml"), world.desk_text())?;
    let mut command = Command::new(program()?);
    command.current_dir(folder).args(["evidence", "verify"]).env_clear();
    command.env("AIJIA_CONFIG", "aijia.toml").env("AIJIA_DATA_DIR", folder).env("DATABASE_URL", database);
    if database.starts_with("postgres") {
        command.env("AIJIA_SECRET_KEY", aijia::demo::SECRET);
    }
    let output = command.output()?;
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match output.status.code() {
        Some(0) => Ok(Ok(said.into_owned())),
        Some(1) => Ok(Err(complained.into_owned())),
        other => anyhow::bail!("exit {other:?}: {complained}"),
    }
}

story!(
    /// Checkpoints leave the database: a file beside it, and a message to the admin.
    checkpoints_are_kept_outside_the_database,
    |world| {
        one_case(world).await?;
        world.wait(Duration::from_secs(61)).await?;
        let file = std::fs::read_to_string(world.folder.path().join("checkpoints.txt"))?;
        ensure!(!file.trim().is_empty());
        let stored = world.app.store.read(|tx| Box::pin(async move { Ok(record::checkpoints(tx).await?) })).await?;
        ensure!(file.lines().eq(stored.iter().map(String::as_str)), "{file} is not {stored:?}");
        let posted = world.phone("WangWu");
        ensure!(posted.contains("记录已封存"), "{posted}");
        ensure!(file.lines().any(|line| posted.contains(line)), "the message has one of the file's: {posted}");
        ensure!(!world.phone("LiHua").contains("记录已封存"), "for the admin only");
        world.customer_says("羊毛衫怎么洗？").await?;
        world.wait(Duration::from_secs(61)).await?;
        let grown = std::fs::read_to_string(world.folder.path().join("checkpoints.txt"))?;
        ensure!(grown.starts_with(&file) && grown.len() > file.len(), "the file only grows");
    }
);

story!(
    /// Somebody who knows how chains work cuts one off, corrects its head and the checkpoints in the database: the file
    /// beside it still tells.
    a_clever_cut_is_found_by_the_file,
    |world| {
        one_case(world).await?;
        world.wait(Duration::from_secs(61)).await?;
        let chain = record::chain_of(&world.case(1).await?.conversation);
        alters(world, KEEP, &chain).await?;
        alters(world, &[
            "DELETE FROM evidence WHERE chain = $1 AND seq >= 5",
            "UPDATE chains SET seq = 4, hash = (SELECT hash FROM evidence WHERE chain = $1 AND seq = 4) WHERE chain = $1",
            "DELETE FROM checkpoints",
        ], &chain).await?;
        ensure!(first_bad_place(world).await?.is_none(), "the chains alone cannot tell");
        let program = verifies(world, world.folder.path(), &world.database_url())?;
        ensure!(program.is_err(), "{program:?}");
        alters(world, RESTORE, &chain).await?;
    }
);

/// An older copy of the database is put back: it verifies by itself, and not beside the newer checkpoints.
async fn an_older_copy(world: &mut World) -> anyhow::Result<()> {
    one_case(world).await?;
    world.wait(Duration::from_secs(61)).await?;
    let backup = tempfile::tempdir()?;
    let copy = backup.path().join("aijia.db");
    let pool = SqlitePool::connect(&world.database_url()).await?;
    sqlx::query("VACUUM INTO $1").bind(copy.to_string_lossy()).execute(&pool).await?;
    pool.close().await;
    for file in ["secret.key", "checkpoints.txt"] {
        std::fs::copy(world.folder.path().join(file), backup.path().join(file))?;
    }
    let database = format!("sqlite://{}", copy.display());
    let alone = verifies(world, backup.path(), &database)?;
    ensure!(alone.is_ok(), "the copy is good by itself: {alone:?}");
    world.customer_says("羊毛衫怎么洗？").await?;
    world.taps("LiHua", Act::Send).await?;
    world.wait(Duration::from_secs(61)).await?;
    std::fs::copy(world.folder.path().join("checkpoints.txt"), backup.path().join("checkpoints.txt"))?;
    let beside = verifies(world, backup.path(), &database)?;
    ensure!(beside.is_err(), "a roll-back was not seen: {beside:?}");
    ensure!(verifies(world, world.folder.path(), &world.database_url())?.is_ok());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_of_the_database_is_detected() -> anyhow::Result<()> {
    world::run(On::Sqlite, Setting::default(), |w| Box::pin(an_older_copy(w))).await
}

story!(
    /// Who, when, what before and what after, for every edit; every decision with its outcome.
    every_decision_is_on_record,
    |world| {
        one_case(world).await?;
        let told = world.record(1).await?;
        let find = |kind: Kind| told.iter().find(|told| told.kind == kind).with_context(|| format!("no {kind}"));
        let edited = find(Kind::Edited)?;
        let payload = edited.payload.clone().unwrap_or_default();
        ensure!(edited.actor.to_string().contains("lihua") && edited.at_ms > 0);
        ensure!(payload["before"][0].as_str().is_some_and(|text| text.contains("腋下")), "{payload}");
        ensure!(payload["after"][0].as_str().is_some_and(|text| text.contains("小刷子")), "{payload}");
        let decided = find(Kind::Decided)?;
        ensure!(decided.actor.to_string().contains("zhaoliu"));
        let place = |kind: Kind| told.iter().position(|told| told.kind == kind).unwrap_or_default();
        ensure!(place(Kind::Decided) < place(Kind::SendClaimed), "authority first");
        ensure!(place(Kind::SendClaimed) < place(Kind::SendSettled));
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);
