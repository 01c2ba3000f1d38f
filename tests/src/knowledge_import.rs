//! Importing the shop's knowledge: again and again, from real files, and from files made to harm.

use std::path::Path;
use std::time::{Duration, Instant};

use aijia::knowledge_desk::{self, FileReport, Outcome, Removals};
use aijia::store::knowledge::{self as entries, EntryState};
use anyhow::{Context, ensure};
use knowledge::import::MAX_FILE_BYTES;
use serde_json::Value;

use crate::story;
use crate::world::World;
use crate::world::program::Operator;

/// The files that the reader's own tests use.
const REAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../knowledge/tests/data");

/// Imports a list of questions and answers under one name.
async fn imports(world: &World, rows: &str) -> anyhow::Result<FileReport> {
    let text = format!("question,answer,valid_until\n{rows}\n");
    world.imports("耳机.csv", &text, true).await
}

/// How many entries of the file are new, changed, unchanged, and gone.
fn counts(report: &FileReport) -> [usize; 4] {
    [Outcome::Taken, Outcome::Changed, Outcome::Unchanged, Outcome::Gone].map(|outcome| report.count(outcome))
}

/// Titles of what is proposed for removal, from the store.
async fn proposed(world: &World) -> anyhow::Result<Vec<String>> {
    let gone = world.app.store.read(|tx| Box::pin(async move { Ok(entries::vanished(tx).await?) })).await?;
    Ok(gone.into_iter().map(|entry| entry.title).collect())
}

/// Titles and versions of what is in use from the file.
async fn in_use(world: &World) -> anyhow::Result<Vec<(String, i64)>> {
    let read =
        world.app.store.read(|tx| Box::pin(async move { Ok(entries::in_state(tx, EntryState::Published).await?) }));
    let mut found: Vec<_> =
        read.await?.into_iter().filter(|e| e.id.starts_with("耳机.csv:")).map(|e| (e.title, e.version)).collect();
    found.sort();
    Ok(found)
}

story!(
    /// A file that is imported again makes versions only of what says something new, and what it no longer holds is
    /// proposed for removal, in use until somebody removes it.
    importing_again_changes_what_changed,
    |world| {
        let first = imports(world, "耳机续航多久,6 小时,\n耳机防水吗,防汗不防水,\n耳机保修多久,一年,").await?;
        ensure!(counts(&first) == [3, 0, 0, 0] && first.problems.is_empty(), "{first:?}");
        let again = imports(world, "耳机续航多久,6 小时,\n耳机防水吗,防汗不防水,\n耳机保修多久,一年,").await?;
        ensure!(counts(&again) == [0, 0, 3, 0], "{again:?}");
        let moved = imports(world, "\n耳机保修多久,两年,\n耳机续航多久,6 小时,").await?;
        ensure!(counts(&moved) == [0, 1, 1, 1], "{moved:?}");
        ensure!(proposed(world).await? == ["耳机防水吗"]);
        let kept: Vec<_> = [("耳机保修多久", 2), ("耳机续航多久", 1), ("耳机防水吗", 1)].map(|(t, v)| (t.to_owned(), v)).into();
        ensure!(in_use(world).await? == kept, "{:?}", in_use(world).await?);
        ensure!(moved.lines().iter().any(|line| line.contains("耳机防水吗") && line.contains("still in use")));
        let back = imports(world, "耳机保修多久,两年,\n耳机续航多久,6 小时,\n耳机防水吗,防汗不防水,").await?;
        ensure!(counts(&back) == [0, 0, 3, 0] && proposed(world).await?.is_empty(), "it is there again: {back:?}");
        let (found, _) = knowledge_desk::search(&world.app, "耳机保修多久", 1).await?;
        ensure!(found.hits.first().is_some_and(|hit| hit.text.contains("两年") && hit.version == 2), "{found:?}");
    }
);

story!(
    /// A row that was refused is not a row that is gone.
    what_was_refused_is_not_taken_for_gone,
    |world| {
        imports(world, "耳机续航多久,6 小时,\n耳机防水吗,防汗不防水,").await?;
        let broken = imports(world, "耳机续航多久,6 小时,不知道\n耳机防水吗,防汗不防水,").await?;
        ensure!(broken.problems.len() == 1 && counts(&broken) == [0, 0, 1, 0], "{broken:?}");
        ensure!(proposed(world).await?.is_empty() && in_use(world).await?.len() == 2);
        let nameless = imports(world, "耳机续航多久,6 小时,\n,防汗不防水,").await?;
        ensure!(matches!(nameless.removals, Removals::Unknown), "it may be the one that is missed: {nameless:?}");
        ensure!(proposed(world).await?.is_empty());
    }
);

/// The report of `aijia knowledge import FOLDER --json` and what it told on the way, with its exit code.
async fn reports(operator: &Operator, folder: &Path) -> anyhow::Result<(Value, String, Option<i32>)> {
    let folder = folder.to_str().context("a path in Unicode")?;
    let arguments = ["knowledge", "import", folder, "--owner", "sunmei", "--kind", "general", "--json"];
    let output = operator.command(&arguments)?.output().await?;
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).with_context(|| format!("no report: {wrong}"))?;
    Ok((report, wrong, output.status.code()))
}

fn of_file<'a>(report: &'a Value, file: &str) -> anyhow::Result<&'a Value> {
    let files = report["files"].as_array().context("the report has files")?;
    files.iter().find(|one| one["file"] == file).with_context(|| format!("{file} is not in {report}"))
}

/// Codes of what was refused in a file.
fn refused(report: &Value, file: &str) -> anyhow::Result<Vec<String>> {
    let problems = of_file(report, file)?["problems"].as_array().context("a file has problems")?;
    Ok(problems.iter().filter_map(|problem| problem["fault"]["code"].as_str().map(str::to_owned)).collect())
}

/// A folder as shops keep it is imported by the program, every file is told of, and the next time nothing is new.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_imported_with_a_report() -> anyhow::Result<()> {
    let operator = Operator::begin().await?;
    let folder = operator.folder.path().join("知识库");
    std::fs::create_dir_all(folder.join("售后"))?;
    for file in std::fs::read_dir(REAL)? {
        let file = file?;
        std::fs::copy(file.path(), folder.join("售后").join(file.file_name()))?;
    }
    for leftover in [".DS_Store", "~$客服话术.xlsx", "照片.jpg"] {
        std::fs::write(folder.join(leftover), "x")?;
    }
    std::fs::write(folder.join("旧话术.xls"), [0xD0, 0xCF, 0x11, 0xE0])?;
    // A file of 200 MB that takes no room on the disk.
    std::fs::File::create(folder.join("导出.csv"))?.set_len(200 * 1024 * 1024)?;
    let (report, told, code) = reports(&operator, &folder).await?;
    ensure!(code == Some(1), "something was refused: {code:?} {told}");
    ensure!(told.contains("[1/9]") && told.contains("[9/9]"), "progress: {told}");
    let aside = report["left_aside"].as_array().context("what was left aside")?;
    ensure!(aside.len() == 3, "{aside:?}");
    ensure!(
        refused(&report, "导出.csv")? == ["file_too_large"] && told.contains(&MAX_FILE_BYTES.to_string()),
        "{told}"
    );
    ensure!(refused(&report, "旧话术.xls")? == ["old_office"]);
    ensure!(refused(&report, "售后/尺码表扫描件.pdf")? == ["scanned"]);
    ensure!(refused(&report, "售后/洗护说明.pdf")?.is_empty(), "{report}");
    let place = &of_file(&report, "售后/客服话术.xlsx")?["problems"][1];
    ensure!(
        place["place"]["sheet"] == "退换货" && place["place"]["cell"] == "G14" && place["about"].is_string(),
        "{place}"
    );
    let taken = |report: &Value, outcome: &str| {
        let files = report["files"].as_array().cloned().unwrap_or_default();
        let entries = files.iter().flat_map(|file| file["entries"].as_array().cloned().unwrap_or_default());
        entries.filter(|entry| entry["outcome"] == outcome).count()
    };
    ensure!(taken(&report, "taken") == 32, "{}", taken(&report, "taken"));
    let (again, told, _) = reports(&operator, &folder).await?;
    ensure!(taken(&again, "taken") + taken(&again, "changed") == 0 && taken(&again, "unchanged") == 32, "{told}");
    let found = operator.runs(&["knowledge", "search", "衬衫发黄怎么办", "--json"]).await?;
    let found: Value = serde_json::from_str(&found)?;
    ensure!(found["results"][0]["source"] == "售后/洗护说明.pdf page 2", "{found}");
    Ok(())
}

/// A PDF of these objects.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let (mut bytes, mut places) = (b"%PDF-1.4\n".to_vec(), Vec::new());
    for (at, object) in objects.iter().enumerate() {
        places.push(bytes.len());
        bytes.extend_from_slice(format!("{} 0 obj\n", at + 1).as_bytes());
        bytes.extend_from_slice(object);
        bytes.extend_from_slice(b"\nendobj\n");
    }
    let table = bytes.len();
    let entries: String = places.iter().map(|place| format!("{place:010} 00000 n \n")).collect();
    let size = objects.len() + 1;
    let end = format!(
        "xref\n0 {size}\n0000000000 65535 f \n{entries}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n"
    );
    bytes.extend_from_slice(end.as_bytes());
    bytes
}

fn page(resources: &str, content: &[u8], filter: &str) -> Vec<Vec<u8>> {
    let page = format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<<{resources}>>>>");
    let mut stream = format!("<</Length {}{filter}>>stream\n", content.len()).into_bytes();
    stream.extend_from_slice(content);
    stream.extend_from_slice(b"\nendstream");
    let tree: [&[u8]; 2] = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"];
    let mut objects: Vec<Vec<u8>> = tree.map(<[u8]>::to_vec).into();
    objects.extend([page.into_bytes(), stream]);
    objects
}

/// A zlib stream of blanks, 13 bits for every 258 of them (RFC 1951: fixed codes, the last byte repeated).
fn bomb(bytes: usize) -> Vec<u8> {
    let (mut packed, mut bits, mut held) = (vec![0x78, 0x01], 0_u32, 0_u32);
    let mut put = |code: &str| {
        for bit in code.bytes() {
            bits |= u32::from(bit == b'1') << held;
            held += 1;
            if held == 8 {
                packed.push(bits.to_le_bytes()[0]);
                (bits, held) = (0, 0);
            }
        }
    };
    // The last block, with fixed codes; one blank.
    put("110");
    put("01010000");
    for _ in 0..bytes / 258 {
        // Length 258, distance 1.
        put("11000101");
        put("00000");
    }
    // The end of the block, and bits to fill the byte.
    put("00000000000000");
    packed
}

/// PDFs that break their readers: forms that contain themselves, streams that unpack without end, pages that are
/// their own parents, and real ones with changed bytes. Each is an answer about the file, and the import goes on.
#[tokio::test(flavor = "multi_thread")]
async fn pdfs_made_to_harm_are_refused_and_the_rest_is_imported() -> anyhow::Result<()> {
    let operator = Operator::begin().await?;
    let folder = operator.folder.path().join("pdf");
    std::fs::create_dir(&folder)?;
    let mut itself = page("/XObject<</X 5 0 R>>", b"/X Do", "");
    itself.push(
        b"<</Type/XObject/Subtype/Form/Resources<</XObject<</X 5 0 R>>>>/Length 5>>stream\n/X Do\nendstream".to_vec(),
    );
    std::fs::write(folder.join("a-itself.pdf"), pdf(&itself))?;
    std::fs::write(folder.join("b-bomb.pdf"), pdf(&page("", &bomb(2_000_000_000), "/Filter/FlateDecode")))?;
    let mut parents = page("", b"BT ET", "");
    parents[1] = b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R 3 0 R]/Count 2>>".to_vec();
    std::fs::write(folder.join("c-parents.pdf"), pdf(&parents))?;
    let real = std::fs::read(Path::new(REAL).join("洗护说明.pdf"))?;
    for seed in 0..12_usize {
        let mut changed = real.clone();
        for nth in 1..40 {
            let at = (seed * 7_919 + nth * nth * 104_729) % changed.len();
            changed[at] = changed[at].wrapping_add(u8::try_from(seed + nth)?);
        }
        std::fs::write(folder.join(format!("d-changed-{seed:02}.pdf")), changed)?;
    }
    std::fs::write(folder.join("e-good.md"), "# 毛衣怎么晾\n\n平铺晾干。\n")?;
    let began = Instant::now();
    let (report, told, _) = reports(&operator, &folder).await?;
    ensure!(began.elapsed() < Duration::from_secs(240), "{:?}", began.elapsed());
    for file in ["a-itself.pdf", "b-bomb.pdf", "c-parents.pdf"] {
        ensure!(refused(&report, file)?.len() == 1, "{file}: {told}");
    }
    ensure!(of_file(&report, "e-good.md")?["entries"][0]["outcome"] == "taken", "{told}");
    Ok(())
}

story!(
    /// What somebody made of an entry in chat, and nobody looked at yet, is not put in use because its file comes again.
    a_file_does_not_publish_what_was_written_since,
    |world| {
        let dated = "question,answer,verify_by\n耳机保修多久,保修一年。,2026-11-30\n";
        world.imports("耳机.csv", dated, true).await?;
        world.wait(Duration::from_secs(2 * 24 * 3600)).await?;
        world.decides_on_knowledge("SunMei", cards::CareAct::Edit).await?;
        world.writes("SunMei", "保修三年。").await?;
        let again = world.imports("耳机.csv", dated, true).await?;
        ensure!(counts(&again) == [0, 0, 1, 0], "{again:?}");
        let (found, _) = knowledge_desk::search(&world.app, "耳机保修多久", 1).await?;
        ensure!(found.hits.first().is_some_and(|hit| hit.text == "保修一年。"), "{found:?}");
    }
);

story!(
    /// However many files an import has, each owner hears once what waits for them, and nobody of what is not theirs.
    owners_hear_of_an_import_once,
    |world| {
        let row = |question: &str, owner: &str| format!("question,answer,owner\n{question},看说明书。,{owner}\n");
        let files = [
            ("a.csv", row("耳机怎么配对", "sunmei")),
            ("b.csv", row("音箱怎么配对", "sunmei")),
            ("c.csv", row("手表怎么配对", "chenjie")),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let report = world.imports_folder(&files, false).await?;
        ensure!(report.files.len() == 3 && report.is_clean(), "{report:?}");
        world.settle().await?;
        let told = |member: &str| -> Vec<String> {
            let inbox = world.sim.inbox(member).into_iter().map(|item| item.text);
            inbox.filter(|text| text.contains("等您审核")).collect()
        };
        ensure!(told("SunMei") == ["a.csv等 2 个文件导入了 2 条，等您审核。发 /kb 查看。"], "{:?}", told("SunMei"));
        ensure!(told("ChenJie") == ["c.csv 导入了 1 条，等您审核。发 /kb 查看。"], "{:?}", told("ChenJie"));
        ensure!(told("LiHua").is_empty(), "nothing waits for her");
    }
);
