//! `aijia case erase|hold|release`, as whoever runs the program types it.

use anyhow::{Context, ensure};

use super::CANARY;
use crate::world::program::{Operator, Serving, until};
use crate::world::{FLAGSHIP, XIAOYU};

const ERASE: [&str; 5] = ["case", "erase", "1", "--by", "chenjie"];

/// A desk that serves, and a customer whose question is before a reviewer.
async fn asked() -> anyhow::Result<(Operator, Serving)> {
    let desk = Operator::begin().await?;
    let serving = desk.serves().await?;
    desk.sim.customer_says(FLAGSHIP, XIAOYU, &format!("电话{CANARY}，羊毛衫会起球吗？")).await?;
    desk.card("LiHua").await?;
    Ok((desk, serving))
}

/// The code that confirms what would be erased now.
async fn code(desk: &Operator) -> anyhow::Result<String> {
    let shown = desk.runs(&ERASE).await?;
    let code = shown.split("确认 ").nth(1).and_then(|rest| rest.split_whitespace().next());
    code.map(str::to_uppercase).with_context(|| format!("no code in {shown}"))
}

async fn confirmed_with(desk: &Operator, code: &str) -> anyhow::Result<(Option<i32>, String)> {
    desk.tries(&[&ERASE[..], &["--confirm", code]].concat()).await
}

async fn is_kept(desk: &Operator) -> anyhow::Result<bool> {
    Ok(desk.runs(&["case", "show", "1"]).await?.contains(CANARY))
}

/// Until the admin who wanted it has heard that it is done.
async fn is_done(desk: &Operator) -> anyhow::Result<()> {
    until(|| desk.sim.inbox("ChenJie").iter().any(|item| item.text.contains("资料清除了"))).await
}

/// First it is shown what would go; only the code of exactly that erases it, and a script can tell by the exit code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_shown_confirmed_and_erased() -> anyhow::Result<()> {
    let (desk, serving) = asked().await?;
    let shown = desk.runs(&ERASE).await?;
    for told in ["1 个编号", "1 条消息", "不能恢复", "aijia case erase 1 --by chenjie --confirm CODE"] {
        ensure!(shown.contains(told), "{told}: {shown}");
    }
    let other = confirmed_with(&desk, "zzzz").await?;
    ensure!(other.0 == Some(1) && other.1.contains("1 个编号") && is_kept(&desk).await?, "{other:?}");
    let granted = confirmed_with(&desk, &code(&desk).await?).await?;
    ensure!(granted.0 == Some(0), "{granted:?}");
    is_done(&desk).await?;
    ensure!(!is_kept(&desk).await?);
    desk.runs(&["evidence", "verify"]).await?;
    let again = confirmed_with(&desk, "zzzz").await?;
    ensure!(again.0 == Some(0) && again.1.contains("已经清除"), "it is as it was wanted: {again:?}");
    let nothing = desk.tries(&ERASE).await?;
    ensure!(nothing.0 == Some(1) && nothing.1.contains("已经清除") && !nothing.1.contains("CODE"), "{nothing:?}");
    ensure!(serving.stops().await? == Some(0));
    Ok(())
}

/// A legal hold stands in the way, with its reason and who placed it, until it is released.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_refuses_until_it_is_released() -> anyhow::Result<()> {
    let (desk, serving) = asked().await?;
    let code = code(&desk).await?;
    let held = desk.runs(&["case", "hold", "1", "--by", "wangwu", "--why", "仲裁 2026-118"]).await?;
    ensure!(held.contains("仲裁 2026-118"), "{held}");
    for refused in [desk.tries(&ERASE).await?, confirmed_with(&desk, &code).await?] {
        ensure!(refused.0 == Some(1), "{refused:?}");
        ensure!(refused.1.contains("仲裁 2026-118") && refused.1.contains("王武"), "{refused:?}");
    }
    let release = ["case", "release", "1", "--by", "chenjie"];
    ensure!(is_kept(&desk).await? && desk.runs(&release).await?.contains("不再保留"));
    let nothing = desk.tries(&release).await?;
    ensure!(nothing.0 == Some(1) && nothing.1.contains("没有保留要求"), "{nothing:?}");
    // A hold and its end are on the desk's record, not on the customer's: what was shown is still what there is.
    ensure!(confirmed_with(&desk, &code).await?.0 == Some(0));
    is_done(&desk).await?;
    ensure!(!is_kept(&desk).await? && serving.stops().await? == Some(0));
    Ok(())
}

/// Whoever asks without a case, a name or the right is told what is wrong, and nothing happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_wish_is_named() -> anyhow::Result<()> {
    let (desk, serving) = asked().await?;
    let cases: [(&[&str], i32, &str); 6] = [
        (&["case", "erase", "99", "--by", "chenjie"], 1, "there is no case 99"),
        (&["case", "erase", "1", "--by", "nobody"], 1, "nobody in aijia.toml"),
        (&["case", "erase", "1", "--by", "lihua", "--confirm", "zzzz"], 1, "lihua may not erase"),
        (&["case", "hold", "1", "--by", "zhouyi", "--why", "仲裁"], 1, "zhouyi may not erase"),
        (&["case", "erase", "1"], 2, "--by"),
        (&["case", "hold", "1", "--by", "chenjie", "--why", ""], 2, "--why"),
    ];
    for (arguments, code, told) in cases {
        let refused = desk.tries(arguments).await?;
        ensure!(refused.0 == Some(code) && refused.1.contains(told), "{arguments:?}: {refused:?}");
    }
    ensure!(is_kept(&desk).await? && serving.stops().await? == Some(0));
    Ok(())
}

/// Killed while it erases, as soon as the first file is gone: the next start ends it, and nothing is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_erases_it_goes_on_at_the_next_start() -> anyhow::Result<()> {
    let (desk, serving) = asked().await?;
    for picture in 0..20_u8 {
        let bytes = [&b"\x89PNG\r\n\x1a\n of "[..], CANARY.as_bytes(), &[picture]].concat();
        desk.sim.customer_sends_image(FLAGSHIP, XIAOYU, bytes).await?;
    }
    until(|| pictures(&desk) == 20).await?;
    serving.killed().await?;
    ensure!(confirmed_with(&desk, &code(&desk).await?).await?.0 == Some(0));
    let serving = desk.serves().await?;
    until(|| pictures(&desk) < 20).await?;
    serving.killed().await?;
    let serving = desk.serves().await?;
    is_done(&desk).await?;
    ensure!(pictures(&desk) == 0 && !is_kept(&desk).await?, "{} pictures are left", pictures(&desk));
    desk.runs(&["evidence", "verify"]).await?;
    ensure!(serving.stops().await? == Some(0));
    Ok(())
}

/// How many pictures are kept beside the database.
fn pictures(desk: &Operator) -> usize {
    let folders = std::fs::read_dir(desk.folder.path().join("data/blobs")).into_iter().flatten().flatten();
    folders.filter_map(|folder| std::fs::read_dir(folder.path()).ok()).flatten().count()
}
