//! What is written for people to read: links lead somewhere, and the guide is there in both languages.

#![allow(clippy::expect_used, reason = "a test that cannot read the pages says so and stops")]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Markdown files of a folder, without those below it.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).expect("a readable folder").map(|entry| entry.expect("a readable folder").path());
    let mut pages: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    pages.sort();
    pages
}

/// Where the links of a text lead to within this repository.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let files = targets.map(|target| target.split('#').next().unwrap_or_default());
    files.filter(|target| !target.is_empty() && !target.contains("://"))
}

fn broken(page: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(page).expect("a readable page");
    let beside = page.parent().expect("a folder");
    let nowhere = links(&text).filter(|target| !beside.join(target).exists());
    nowhere.map(|target| format!("{}: nothing is at {target}", page.display())).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let folders = ["", "docs", "docs/guide", "docs/guide/zh-CN", "backoffice/recipes"];
    let pages: Vec<PathBuf> = folders.iter().flat_map(|folder| pages(&root().join(folder))).collect();
    assert!(pages.len() > 20, "the pages are not where they were: {pages:?}");
    let broken: Vec<String> = pages.iter().flat_map(|page| broken(page)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_guide_is_there_in_both_languages() {
    let names = |folder: &str| -> Vec<_> {
        pages(&root().join(folder)).iter().map(|page| page.file_name().unwrap().to_owned()).collect()
    };
    assert_eq!(names("docs/guide"), names("docs/guide/zh-CN"));
}

#[test]
fn a_link_is_found() {
    let text = "[a](docs/a.md) and [b](https://b.example) ![c](c.png#top) [d](#e)";
    assert_eq!(links(text).collect::<Vec<_>>(), ["docs/a.md", "c.png"]);
}
