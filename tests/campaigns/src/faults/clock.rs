//! Clocks that jump.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::sleep;

use super::{Context, Row, campaign};
use crate::database::On;
use crate::instance::Setup;
use crate::stage::Bustle;
use crate::world::World;

/// The hands of the clock that instances look at.
pub struct Hands {
    library: PathBuf,
    file: PathBuf,
    nanos: i64,
}

impl Hands {
    /// A clock that shows the time.
    ///
    /// # Errors
    /// Where its file cannot be written.
    pub fn new(context: &Context) -> anyhow::Result<Self> {
        let folder = context.shim.parent().map_or_else(std::env::temp_dir, std::path::Path::to_owned);
        let process = std::process::id();
        let free = (0..).map(|n| folder.join(format!("clock-{process}-{n}"))).find(|path| !path.exists());
        let hands = Self { library: context.shim.clone(), file: free.unwrap_or_default(), nanos: 0 };
        hands.write()?;
        Ok(hands)
    }

    fn write(&self) -> anyhow::Result<()> {
        use std::os::unix::fs::FileExt;
        // In place: the file is mapped by whoever looks at it.
        let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(&self.file)?;
        Ok(file.write_all_at(&self.nanos.to_le_bytes(), 0)?)
    }

    /// Shows the time plus this many milliseconds from now on, to running instances too.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn show(&mut self, offset_ms: i64) -> anyhow::Result<()> {
        self.nanos = offset_ms.saturating_mul(1_000_000);
        self.write()
    }

    /// Goes forward, and the platform's clock with it.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn forward(&mut self, world: &World, by: Duration) -> anyhow::Result<()> {
        let ms = i64::try_from(by.as_millis())?;
        world.sim.clock().advance(ms);
        self.show(self.nanos / 1_000_000 + ms)
    }

    /// An instance that looks at this clock.
    ///
    /// # Errors
    /// Where there is no such instance.
    pub fn setup(&self, world: &World, n: usize) -> anyhow::Result<Setup> {
        let mut setup = world.setup(n)?;
        setup.env.insert("LD_PRELOAD".to_owned(), self.library.display().to_string());
        setup.env.insert("SHIM_CLOCK".to_owned(), self.file.display().to_string());
        Ok(setup)
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Jumps by up to an hour, forwards and backwards. In the end the clock is ahead of all it ever showed: what was put
/// off until a time that never was is not waited for.
///
/// # Errors
/// Where the program does not come up.
pub async fn run(context: &Context) -> anyhow::Result<Row> {
    let trials = context.trials(10, 100, 1_000);
    let mut clock = Hands::new(context)?;
    let bustle = Bustle { pauses: false, ..Bustle::default() };
    campaign(("clock", "jumps"), context.plan(On::Sqlite, 1), bustle, &mut Vec::new(), async |stage, notes| {
        stage.world.kill(0).await?;
        stage.world.start_with(0, &clock.setup(&stage.world, 0)?).await?;
        let mut furthest = 0;
        for _ in 0..trials {
            let jump = match stage.draw.below(5) {
                0 => 3_600_000,
                1 => -3_600_000,
                2 => -600_000,
                3 => 300_000,
                _ => stage.draw.below(120_000) as i64 - 60_000,
            };
            clock.show(jump)?;
            furthest = furthest.max(jump);
            sleep(stage.draw.millis(300, 2_000)).await;
        }
        clock.show(furthest + 60_000)?;
        notes.push(format!("between -60 and +{} minutes", furthest / 60_000));
        sleep(Duration::from_secs(1)).await;
        // The platform's clock follows: what the program says from now on is not from the future.
        stage.world.sim.clock().advance(furthest + 60_000);
        Ok(trials)
    })
    .await
}
