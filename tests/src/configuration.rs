//! Bad configuration: one clear line each, exit 2, by the real program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, ensure};

const EXAMPLE: &str = include_str!("../../aijia.example.toml");

/// The built program, beside this test's own binary.
pub(crate) fn program() -> anyhow::Result<PathBuf> {
    let mut folder = std::env::current_exe()?;
    folder.pop();
    folder.pop();
    let program = folder.join("aijia");
    if !program.exists() {
        let built = Command::new(env!("CARGO")).args(["build", "-q", "-p", "aijia"]).status()?;
        ensure!(built.success(), "the program does not build");
    }
    Ok(program)
}

fn run(folder: &Path, desk: &str, vars: &[(&str, &str)], arguments: &[&str]) -> anyhow::Result<Output> {
    std::fs::write(folder.join("aijia.toml"), desk)?;
    let mut command = Command::new(program()?);
    command.current_dir(folder).args(arguments).env_clear();
    command.env("AIJIA_CONFIG", "aijia.toml").env("AIJIA_DATA_DIR", folder.join("data"));
    command.envs(vars.iter().copied());
    command.output().context("the program does not start")
}

const COMPLETE: [(&str, &str); 5] = [
    ("WECOM_CORP_ID", "ww0123456789abcdef"),
    ("WECOM_AGENT_ID", "1000002"),
    ("WECOM_APP_SECRET", "secretsecretsecret"),
    ("WECOM_CALLBACK_TOKEN", "TokenToken12"),
    ("WECOM_CALLBACK_AES_KEY", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"),
];

fn refused(desk: &str, vars: &[(&str, &str)], says: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let output = run(folder.path(), desk, vars, &["check"])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(2), "exit {:?}: {said}", output.status.code());
    ensure!(said.contains(says), "expected {says:?} in: {said}");
    ensure!(!said.contains("panicked"), "{said}");
    Ok(())
}

#[test]
fn each_missing_variable_is_named() -> anyhow::Result<()> {
    for (missing, _) in COMPLETE {
        let rest: Vec<_> = COMPLETE.into_iter().filter(|(name, _)| *name != missing).collect();
        refused(EXAMPLE, &rest, missing)?;
    }
    Ok(())
}

#[test]
fn a_short_aes_key_is_named_with_its_length() -> anyhow::Result<()> {
    let mut vars = COMPLETE;
    vars[4].1 = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF";
    refused(EXAMPLE, &vars, "42")
}

#[test]
fn an_unknown_key_is_named() -> anyhow::Result<()> {
    refused(&EXAMPLE.replace("review_minutes", "review_minuets"), &[], "review_minuets")
}

#[test]
fn a_reviewer_without_a_wecom_id_is_named() -> anyhow::Result<()> {
    let lines = EXAMPLE.lines().filter(|line| !line.trim_start().starts_with("wecom = \"LiHua\""));
    refused(&lines.collect::<Vec<_>>().join("\n"), &[], "lihua")
}

/// Scenario 1: draft mode without an escalation owner is refused and names the missing field.
#[test]
fn a_channel_without_an_escalation_owner_is_refused() -> anyhow::Result<()> {
    let lines = EXAMPLE.lines().filter(|line| !line.trim_start().starts_with("escalation_owner"));
    refused(&lines.collect::<Vec<_>>().join("\n"), &[], "escalation_owner")
}

#[test]
fn a_mode_that_does_not_fit_a_channel_is_refused() -> anyhow::Result<()> {
    refused(&EXAMPLE.replace("mode = \"draft\"", "mode = \"reviewed\""), &[], "not available yet")?;
    refused(&EXAMPLE.replace("mode = \"draft\"", "mode = \"auto\""), &[], "nothing leaves by itself")
}

/// Scenario 2: a knowledge item without an owner is rejected and never found.
#[test]
fn knowledge_without_an_owner_is_rejected() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("faq.csv"), "question,answer,owner\n会缩水吗,不会,nobody-here\n")?;
    let import = ["knowledge", "import", "faq.csv", "--owner", "somebody", "--kind", "product"];
    let output = run(folder.path(), EXAMPLE, &[], &import)?;
    ensure!(output.status.code() == Some(1), "{output:?}");
    let output = run(folder.path(), EXAMPLE, &[], &["knowledge", "search", "会缩水吗", "--json"])?;
    let found: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    ensure!(found["results"].as_array().is_some_and(Vec::is_empty), "{found}");
    Ok(())
}
