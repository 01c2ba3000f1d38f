//! Carries steps out. Before each one it is made sure that the page is still one of the recipe's, and nothing in the way.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Job;
use super::evidence::{Fact, Finding, Oddity, PageSeen, Picture, Sight, Stopped};
use crate::browser::{Area, Disturbance, Halt, Tab};
use crate::reach::Reach;
use crate::recipe::{Act, Kind, MOST_ROWS, Output, Page, Step, Value};

/// What is covered in the picture of a page that is not as it should be, besides what the recipe names: nobody knows
/// where it shows what.
const COVERED: [&str; 6] = ["td", "dd", "input", "textarea", "select", "img"];
const MINUTE_MS: i64 = 60_000;

/// A recipe that runs.
pub(super) struct Run<'a> {
    pub(super) job: Job<'a>,
    pub(super) tab: Tab,
    reach: Reach,
    began: Instant,
    read_at_ms: i64,
    pub(super) facts: BTreeMap<String, Fact>,
    pub(super) pages: Vec<PageSeen>,
    pub(super) pictures: Vec<Picture>,
}

/// Why a step was not carried out.
pub(super) enum Obstacle {
    NotFound,
    Odd(Oddity),
    Halt(Halt),
}

impl From<Halt> for Obstacle {
    fn from(halt: Halt) -> Obstacle {
        Obstacle::Halt(halt)
    }
}

/// What `look.js` says of the page as a whole.
#[derive(Deserialize)]
pub(crate) struct State {
    pub(crate) url: String,
    sign: Option<String>,
}

#[derive(Deserialize)]
struct Read {
    count: usize,
    said: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Point {
    count: usize,
    #[serde(default)]
    pub(super) x: f64,
    #[serde(default)]
    pub(super) y: f64,
    #[serde(default)]
    free: bool,
}

fn unusable<T>(selector: &str) -> Result<T, Obstacle> {
    Err(Obstacle::Odd(Oddity::Unusable { selector: selector.to_owned() }))
}

impl<'a> Run<'a> {
    pub(super) fn new(job: Job<'a>, tab: Tab, reach: Reach, began: Instant) -> Run<'a> {
        let (facts, pages, pictures) = (BTreeMap::new(), Vec::new(), Vec::new());
        Run { job, tab, reach, began, read_at_ms: job.now_ms, facts, pages, pictures }
    }

    /// Carries steps out, in order.
    pub(super) async fn all(&mut self, steps: &[Step]) -> Result<(), Stopped> {
        for step in steps {
            if let Err(obstacle) = self.one(&step.act).await {
                let obstacle = self.reason(obstacle).await;
                return Err(self.stopped(step.line, obstacle).await);
            }
        }
        Ok(())
    }

    /// What stood in a step's way: where the page changed under it, that is the reason.
    async fn reason(&self, obstacle: Obstacle) -> Obstacle {
        use Oddity::{Contradiction, Misread, Unusable};
        match &obstacle {
            Obstacle::Odd(Unusable { .. } | Misread { .. } | Contradiction { .. }) => {
                self.glance().await.err().unwrap_or(obstacle)
            }
            _ => obstacle,
        }
    }

    async fn one(&mut self, act: &Act) -> Result<(), Obstacle> {
        if !matches!(act, Act::Open { .. }) {
            self.glance().await?;
        }
        match act {
            Act::Open { page } => self.open(page).await,
            Act::WaitFor { selector } => self.wait_for(selector).await,
            Act::Fill { selector, value } => self.fill(selector, &value.fill(self.job.inputs)).await,
            Act::Choose { selector, option } => self.choose(selector, &option.fill(self.job.inputs)).await,
            Act::Click { selector, then } => self.click(selector, then.as_deref()).await,
            Act::Read { output, selector, attribute } => self.read(output, selector, attribute.as_deref()).await,
            Act::ReadTable { output, rows, columns } => self.read_table(output, rows, columns).await,
            Act::Screenshot { name, selector } => self.screenshot(name, selector.as_deref()).await,
            Act::Assert { selector, text } => self.assert(selector, &text.fill(self.job.inputs)).await,
            // Handing in is not carried out like a step: see `submit`.
            Act::Submit { selector } => unusable(selector),
        }
    }

    /// The time now, as far as whoever started the run knows it.
    fn now_ms(&self) -> i64 {
        let passed = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.job.now_ms.saturating_add(passed)
    }

    /// Makes sure that nothing is in the way, and that this is a page of the recipe.
    pub(super) async fn glance(&self) -> Result<State, Obstacle> {
        let signs = &self.job.recipe.signs;
        let groups = json!([[
            ["verification", signs.verification],
            ["signed_out", signs.signed_out],
            ["no_permission", signs.no_permission],
            ["dialog", signs.dialog],
            ["not_found", signs.not_found],
        ]]);
        let state: State = self.tab.look("state", &groups).await?;
        match state.sign.as_deref() {
            Some("verification") => return Err(Obstacle::Odd(Oddity::Verification)),
            Some("signed_out") => return Err(Obstacle::Odd(Oddity::SignedOut)),
            Some("no_permission") => return Err(Obstacle::Odd(Oddity::NoPermission)),
            Some("dialog") => return Err(Obstacle::Odd(Oddity::Dialog { kind: "page".to_owned() })),
            Some(_) => return Err(Obstacle::NotFound),
            None => {}
        }
        self.place(&state.url)?;
        Ok(state)
    }

    fn place(&self, address: &str) -> Result<(), Obstacle> {
        let url = url::Url::parse(address).ok();
        if url.as_ref().is_some_and(|url| self.reach.is_sign_in(url)) {
            return Err(Obstacle::Odd(Oddity::SignedOut));
        }
        if let Some(status) = self.tab.watch().status().filter(|status| *status >= 400) {
            return Err(Obstacle::Odd(refused(status)));
        }
        if url.as_ref().is_some_and(|url| self.reach.is_page(url)) {
            return Ok(());
        }
        Err(Obstacle::Odd(Oddity::Elsewhere { url: self.tab.watch().strayed().unwrap_or_else(|| address.to_owned()) }))
    }

    async fn open(&mut self, name: &str) -> Result<(), Obstacle> {
        let Some(page) = self.job.recipe.page(name) else { return unusable(name) };
        let address = self.reach.address(&page.at);
        match self.tab.go(&address).await {
            Err(Halt::Unreachable(why)) => return Err(self.unreachable(why)),
            other => other?,
        }
        self.recognise(page).await
    }

    /// Why an address did not come: what the guard or the shop said counts for more than the browser's own word.
    fn unreachable(&self, why: String) -> Obstacle {
        let (strayed, status) = (self.tab.watch().strayed(), self.tab.watch().status());
        match (strayed, status) {
            (Some(url), _) if why == "net::ERR_BLOCKED_BY_CLIENT" => Obstacle::Odd(Oddity::Elsewhere { url }),
            (_, Some(status)) if status >= 400 => Obstacle::Odd(refused(status)),
            _ => Obstacle::Halt(Halt::Unreachable(why)),
        }
    }

    /// Compares the page that is shown with what the recipe knows of it.
    async fn recognise(&mut self, page: &Page) -> Result<(), Obstacle> {
        let state = self.glance().await?;
        if !url::Url::parse(&state.url).is_ok_and(|url| self.reach.is_at(&page.at, &url)) {
            return Err(Obstacle::Odd(Oddity::Elsewhere { url: state.url }));
        }
        let skeleton: Option<Vec<String>> = self.tab.look("skeleton", &json!([page.root])).await?;
        let fingerprint = skeleton.map(|paths| crate::fingerprint(&paths)).unwrap_or_default();
        if !page.fingerprints.contains(&fingerprint) {
            return Err(Obstacle::Odd(Oddity::Changed { page: page.name.clone(), fingerprint }));
        }
        self.pages.push(PageSeen { page: page.name.clone(), url: state.url, fingerprint });
        Ok(())
    }

    async fn wait_for(&self, selector: &str) -> Result<(), Obstacle> {
        let found = |read: Read| (read.count > 0).then_some(());
        Ok(self.tab.wait("read", &json!([selector, null]), found).await?)
    }

    async fn fill(&self, selector: &str, value: &str) -> Result<(), Obstacle> {
        if !self.tab.look::<bool>("focus", &json!([selector])).await? {
            return unusable(selector);
        }
        self.tab.type_in(value).await?;
        self.holds(selector, value).await
    }

    async fn choose(&self, selector: &str, option: &str) -> Result<(), Obstacle> {
        if !self.tab.look::<bool>("choose", &json!([selector, option])).await? {
            return unusable(selector);
        }
        self.holds(selector, option).await
    }

    /// Whether a field has taken what was put into it.
    async fn holds(&self, selector: &str, value: &str) -> Result<(), Obstacle> {
        let read: Read = self.tab.look("read", &json!([selector, null])).await?;
        if read.said.as_deref().map(str::trim) == Some(value.trim()) { Ok(()) } else { unusable(selector) }
    }

    pub(super) async fn point(&self, selector: &str) -> Result<Point, Obstacle> {
        let point: Point = self.tab.look("point", &json!([selector])).await?;
        if point.count == 1 && point.free { Ok(point) } else { unusable(selector) }
    }

    async fn click(&mut self, selector: &str, then: Option<&str>) -> Result<(), Obstacle> {
        let point = self.point(selector).await?;
        let before = self.tab.watch().document();
        self.tab.click(point.x, point.y).await?;
        let Some(page) = then.and_then(|name| self.job.recipe.page(name)) else { return Ok(()) };
        self.tab.arrive(before.as_deref()).await?;
        self.recognise(page).await
    }

    async fn read(&mut self, output: &str, selector: &str, attribute: Option<&str>) -> Result<(), Obstacle> {
        let Some(output) = self.output(output) else { return unusable(selector) };
        let read: Read = self.tab.look("read", &json!([selector, attribute])).await?;
        match (read.count, read.said) {
            (0, _) if output.optional => Ok(()),
            (1, Some(said)) => {
                let value = output.is.read(&said).map_err(|misread| misread_as(output, misread.expected))?;
                self.keep(output, value);
                Ok(())
            }
            _ => unusable(selector),
        }
    }

    async fn read_table(
        &mut self,
        output: &str,
        rows: &str,
        columns: &BTreeMap<String, String>,
    ) -> Result<(), Obstacle> {
        let Some(output) = self.output(output) else { return unusable(rows) };
        let Kind::Table(kinds) = &output.is else { return unusable(rows) };
        let selectors: Vec<&String> = columns.values().collect();
        let read: Vec<Vec<Option<String>>> = self.tab.look("table", &json!([rows, selectors])).await?;
        if read.is_empty() && output.optional {
            return Ok(());
        }
        if read.is_empty() || read.len() > MOST_ROWS {
            return unusable(rows);
        }
        let rows: Result<Vec<BTreeMap<String, Value>>, Obstacle> =
            read.iter().map(|row| typed(output, kinds, row)).collect();
        self.keep(output, Value::Table(rows?));
        Ok(())
    }

    fn output(&self, name: &str) -> Option<&'a Output> {
        self.job.recipe.outputs.iter().find(|output| output.name == name)
    }

    fn keep(&mut self, output: &Output, value: Value) {
        self.read_at_ms = self.now_ms();
        let stale_at_ms = self.read_at_ms.saturating_add(i64::from(output.max_age_minutes) * MINUTE_MS);
        self.facts.insert(output.name.clone(), Fact { value, stale_at_ms });
    }

    async fn screenshot(&mut self, name: &str, selector: Option<&str>) -> Result<(), Obstacle> {
        self.tab.look::<()>("cover", &json!([self.job.recipe.blur])).await?;
        let area = match selector {
            None => None,
            Some(selector) => match self.tab.look::<Option<Area>>("box", &json!([selector])).await? {
                None => return unusable(selector),
                found => found,
            },
        };
        let shot = self.tab.picture(area).await?;
        self.pictures.push(Picture::new(name, shot.width, shot.height, shot.png));
        Ok(())
    }

    async fn assert(&self, selector: &str, text: &str) -> Result<(), Obstacle> {
        let read: Read = self.tab.look("read", &json!([selector, null])).await?;
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        match read.said {
            Some(said) if read.count == 1 && words(&said) == words(text) => Ok(()),
            Some(_) if read.count == 1 => Err(Obstacle::Odd(Oddity::Contradiction { selector: selector.to_owned() })),
            _ => unusable(selector),
        }
    }

    /// SHA-256 of the words on the page.
    async fn text_sha256(&self) -> Result<String, Halt> {
        let text: String = self.tab.look("text", &json!([])).await?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(hex::encode(Sha256::digest(text.as_bytes())))
    }

    /// What was found, after a last look: a page that changed meanwhile proves nothing.
    pub(super) async fn finding(&mut self) -> Result<Finding, Stopped> {
        let line = self.job.recipe.steps.last().map_or(0, |step| step.line);
        let text = match self.glance().await {
            Ok(_) => self.text_sha256().await.map_err(Obstacle::from),
            Err(obstacle) => Err(obstacle),
        };
        let text_sha256 = match text {
            Ok(text) => text,
            Err(obstacle) => return Err(self.stopped(line, obstacle).await),
        };
        let (asked, asked_more) = self.tab.watch().asked();
        let inputs = self.job.inputs.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Finding {
            recipe: self.job.recipe.id.clone(),
            account: self.job.browser.account().id().to_owned(),
            inputs,
            at_ms: self.read_at_ms,
            took_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            pages: std::mem::take(&mut self.pages),
            facts: std::mem::take(&mut self.facts),
            pictures: std::mem::take(&mut self.pictures),
            text_sha256,
            asked,
            asked_more,
        })
    }

    /// Where the run stopped, and why.
    pub(super) async fn stopped(&self, line: usize, obstacle: Obstacle) -> Stopped {
        let oddity = match obstacle {
            Obstacle::NotFound => return Stopped::NotFound(Box::new(self.sight(line, true).await)),
            Obstacle::Odd(oddity) => oddity,
            Obstacle::Halt(Halt::Trouble(trouble)) => return Stopped::Trouble(trouble),
            Obstacle::Halt(Halt::Slow) => Oddity::Slow,
            Obstacle::Halt(Halt::Unreachable(why)) => Oddity::Broken { why },
            Obstacle::Halt(Halt::Disturbed(Disturbance::Dialog(kind))) => Oddity::Dialog { kind },
            Obstacle::Halt(Halt::Disturbed(Disturbance::Tainted(url))) => Oddity::Tainted { url },
            Obstacle::Halt(Halt::Disturbed(Disturbance::Ended)) => {
                return Stopped::Trouble(crate::trouble::Trouble::Gone);
            }
        };
        let seen = !matches!(oddity, Oddity::Tainted { .. });
        Stopped::Abnormal(oddity, Box::new(self.sight(line, seen).await))
    }

    /// The page as it is, covered, if it can still be looked at.
    pub(super) async fn sight(&self, line: usize, look: bool) -> Sight {
        let (asked, asked_more) = self.tab.watch().asked();
        let covered: Vec<&str> = self.job.recipe.blur.iter().map(String::as_str).chain(COVERED).collect();
        let (url, picture) = if look { self.tab.last_look(&covered).await } else { (String::new(), None) };
        Sight {
            recipe: self.job.recipe.id.clone(),
            account: self.job.browser.account().id().to_owned(),
            line,
            at_ms: self.now_ms(),
            url,
            picture: picture.map(|shot| Picture::new("stopped", shot.width, shot.height, shot.png)),
            asked,
            asked_more,
        }
    }
}

/// What an HTTP status from 400 means.
fn refused(status: u16) -> Oddity {
    match status {
        401 => Oddity::SignedOut,
        403 => Oddity::NoPermission,
        status => Oddity::Broken { why: format!("HTTP {status}") },
    }
}

fn misread_as(output: &Output, expected: String) -> Obstacle {
    Obstacle::Odd(Oddity::Misread { output: output.name.clone(), expected })
}

/// A row of a table; its cells come in the order of the columns' names.
fn typed(
    output: &Output,
    kinds: &BTreeMap<String, Kind>,
    row: &[Option<String>],
) -> Result<BTreeMap<String, Value>, Obstacle> {
    let cell = |((name, kind), said): ((&String, &Kind), &Option<String>)| {
        let said = said.as_deref().ok_or_else(|| misread_as(output, format!("a row with one {name}")))?;
        let value = kind.read(said).map_err(|misread| misread_as(output, misread.expected))?;
        Ok((name.clone(), value))
    };
    kinds.iter().zip(row).map(cell).collect()
}
