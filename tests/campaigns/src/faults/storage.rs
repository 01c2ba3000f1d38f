//! Storage that fails: the n-th write, a sync, a full disk.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::time::sleep;

use super::power::go_on_after_a_cut;
use super::{Context, Row, campaign, shim};
use crate::database::On;
use crate::stage::{Bustle, Stage};
use crate::world::World;

/// What can fail, and how.
const FAILURES: [(&str, &str); 8] = [
    ("write", "ENOSPC"),
    ("write", "EIO"),
    ("write", "SHORT"),
    ("fsync", "EIO"),
    ("write", "ENOSPC+"),
    ("write", "EIO+"),
    ("fsync", "EIO+"),
    ("any", "EIO"),
];

/// The n-th write, sync or truncation fails, once or from then on. After a failed sync the power goes too: what was
/// not synced may be gone, and nothing of it may have been acknowledged.
///
/// # Errors
/// Where the program does not come up on what is left.
pub async fn failing(context: &Context) -> anyhow::Result<Row> {
    let trials = context.trials(20, 180, 1_800);
    let library = context.shim.clone();
    let plan = context.plan(On::Sqlite, 1);
    campaign(("storage", "failures"), plan, Bustle::default(), &mut Vec::new(), async |stage, notes| {
        let mut ended = 0;
        for n in 0..trials {
            ended += u64::from(one_failure(stage, &library, n).await?);
        }
        notes.push(format!("the program stopped by itself {ended} times"));
        stage.world.start(0).await?;
        Ok(trials)
    })
    .await
}

/// Whether the program stopped by itself.
async fn one_failure(stage: &mut Stage, library: &Path, n: u64) -> anyhow::Result<bool> {
    let place = usize::try_from(n)? % FAILURES.len();
    let Some((op, error)) = FAILURES.get(place).copied() else { return Ok(false) };
    stage.world.kill(0).await?;
    let at = if op == "fsync" { 1 + stage.draw.below(60) } else { 1 + stage.draw.below(300) };
    let failure = format!("{op}#{at}={error}");
    let run = async |world: &mut World, log: &Path| {
        let (data, mut setup) = (world.data(0), world.setup(0)?);
        shim::watch(&mut setup, library, &data, Some(log), Some(&failure));
        // It may not even come up.
        if world.start_with(0, &setup).await.is_ok() {
            sleep(Duration::from_millis(1_500)).await;
        }
        let ended = world.instances.get_mut(0).and_then(Option::as_mut).is_none_or(|instance| instance.ended());
        world.kill(0).await?;
        Ok(ended)
    };
    go_on_after_a_cut(stage, n, run).await
}

/// A small disk that is filled to the brim again and again.
///
/// # Errors
/// Where the program does not come up once there is room.
pub async fn full(context: &Context) -> anyhow::Result<Row> {
    let trials = context.trials(5, 50, 200);
    campaign(
        ("disk", "times full"),
        context.plan(On::Sqlite, 1),
        Bustle::default(),
        &mut Vec::new(),
        async |stage, notes| {
            stage.world.kill(0).await?;
            let Some(disk) = SmallDisk::under(&stage.world.data(0))? else {
                notes.push(
                    "SKIPPED: no tmpfs can be mounted here (not root?); `storage` has the same errors".to_owned(),
                );
                stage.world.start(0).await?;
                return Ok(0);
            };
            stage.world.start(0).await?;
            for _ in 0..trials {
                sleep(stage.draw.millis(300, 1_000)).await;
                disk.fill()?;
                sleep(stage.draw.millis(500, 2_000)).await;
                if stage.draw.per_mille(500) {
                    stage.world.kill(0).await?;
                }
                disk.make_room()?;
                if stage.world.instances.get_mut(0).and_then(Option::as_mut).is_none_or(|instance| instance.ended()) {
                    stage.world.kill(0).await?;
                    stage.world.start(0).await?;
                }
            }
            stage.world.kill(0).await?;
            disk.leave()?;
            stage.world.start(0).await?;
            Ok(trials)
        },
    )
    .await
}

/// A tmpfs in the place of a folder, with the folder's content.
struct SmallDisk {
    place: std::path::PathBuf,
    beside: std::path::PathBuf,
}

impl SmallDisk {
    /// `None` where it cannot be mounted.
    fn under(place: &Path) -> anyhow::Result<Option<Self>> {
        let beside = place.with_extension("beside");
        std::fs::rename(place, &beside)?;
        std::fs::create_dir(place)?;
        let mounted = run("mount", &["-t", "tmpfs", "-o", "size=48m", "tmpfs", &place.to_string_lossy()]);
        if !mounted {
            std::fs::remove_dir(place)?;
            std::fs::rename(&beside, place)?;
            return Ok(None);
        }
        let disk = Self { place: place.to_owned(), beside };
        copy(&disk.beside, &disk.place)?;
        Ok(Some(disk))
    }

    fn filler(&self) -> std::path::PathBuf {
        self.place.join("filler")
    }

    /// Not a byte is left.
    fn fill(&self) -> anyhow::Result<()> {
        use std::io::Write;
        let mut file = std::fs::File::create(self.filler())?;
        for size in [1 << 20, 4_096, 512, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        Ok(())
    }

    fn make_room(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.filler())?)
    }

    /// The folder is an ordinary one again, with what is on the small disk.
    fn leave(&self) -> anyhow::Result<()> {
        std::fs::remove_dir_all(&self.beside)?;
        copy(&self.place, &self.beside)?;
        anyhow::ensure!(run("umount", &[&self.place.to_string_lossy()]), "cannot unmount {}", self.place.display());
        std::fs::remove_dir(&self.place)?;
        Ok(std::fs::rename(&self.beside, &self.place)?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.beside.exists() {
            run("umount", &[&self.place.to_string_lossy()]);
        }
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
