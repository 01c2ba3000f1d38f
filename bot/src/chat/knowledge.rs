//! `/kb`: the knowledge in chat.

use super::Desk;
use crate::case::Say;
use crate::command::KnowledgeCommand;
use crate::desk::Person;
use crate::http;
use crate::knowledge_desk::life::{Keeper, Outcome};
use crate::knowledge_desk::shown::{self, Listed};
use crate::policy::{self, Power};
use crate::store::knowledge::EntryState;
use crate::surface::Surface;
use crate::worker::Job;

/// Lines of a list that are shown in chat; the command line has them all.
const LINES: usize = 20;

pub(super) async fn on(desk: &mut Desk<'_, '_>, command: KnowledgeCommand) -> anyhow::Result<()> {
    if let Err(denied) = policy::may(desk.person, Power::ManageKnowledge, None) {
        return desk.denied(&denied).await;
    }
    match command {
        KnowledgeCommand::Overview => overview(desk).await,
        KnowledgeCommand::Stale => {
            let stale = |listed: &Listed| !listed.stale.is_empty() || listed.vanished;
            list(desk, None, stale, "kb.nothing_stale").await
        }
        KnowledgeCommand::Gaps => gaps(desk).await,
        KnowledgeCommand::Owner { who } => owner(desk, who).await,
        KnowledgeCommand::Show { name } => match shown::show(desk.tx, desk.app, &name).await? {
            Some(text) => desk.text(text).await,
            None => desk.say(Say::new("kb.unknown").with("name", name)).await,
        },
        KnowledgeCommand::Used { name } => used(desk, &name).await,
        KnowledgeCommand::Publish { name, words } => publish(desk, name, words).await,
        KnowledgeCommand::Submit { name } => done(desk, Wanted::Submit, &name).await,
        KnowledgeCommand::Disable { name } => done(desk, Wanted::Disable, &name).await,
        KnowledgeCommand::Rollback { name } => done(desk, Wanted::Rollback, &name).await,
        KnowledgeCommand::Accept { name } => done(desk, Wanted::Accept, &name).await,
        KnowledgeCommand::Dismiss { name } => done(desk, Wanted::Dismiss, &name).await,
        KnowledgeCommand::Import => import(desk).await,
    }
}

/// A page for one file, and the chat itself where it takes files (the app's gives us none); where neither is there, the
/// command that does the same.
async fn import(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let takes_files = desk.from.surface != Surface::WecomApp;
    let page = http::give_upload_link(desk.tx, desk.app, &desk.person.id, desk.from).await?;
    let say = match (page, takes_files) {
        (Some(url), true) => Say::new("kb.import_page_or_file").with("url", url),
        (Some(url), false) => Say::new("kb.import_page").with("url", url),
        (None, true) => Say::new("kb.import_file"),
        (None, false) => Say::new("kb.import_how").with("owner", &desk.person.id),
    };
    desk.say(say).await
}

/// An act that is done at once.
#[derive(Clone, Copy)]
enum Wanted {
    Submit,
    Disable,
    Rollback,
    Accept,
    Dismiss,
}

async fn done(desk: &mut Desk<'_, '_>, wanted: Wanted, name: &str) -> anyhow::Result<()> {
    let mut keeper = Keeper { tx: desk.tx, app: desk.app, desk: desk.desk, person: desk.person };
    let outcome: Outcome = match wanted {
        Wanted::Submit => keeper.submit(name).await,
        Wanted::Disable => keeper.disable(name).await,
        Wanted::Rollback => keeper.roll_back(name).await,
        Wanted::Accept => keeper.accept(name).await,
        Wanted::Dismiss => keeper.dismiss(name).await,
    };
    let say = outcome?.unwrap_or_else(|refused| refused.say());
    desk.say(say).await
}

async fn overview(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let all = shown::list(desk.tx, desk.app, None).await?;
    let count = |state: EntryState| all.iter().filter(|listed| listed.state == state.as_str()).count();
    let stale = all.iter().filter(|listed| !listed.stale.is_empty()).count();
    let vanished = all.iter().filter(|listed| listed.vanished).count();
    let gaps = shown::missing(desk.tx, usize::MAX).await?.len();
    let say = Say::new("kb.overview").with("published", count(EntryState::Published));
    let say = say.with("waiting", count(EntryState::Submitted) + count(EntryState::Draft));
    let say = say.with("proposed", count(EntryState::Proposed)).with("stale", stale).with("vanished", vanished);
    desk.say(say.with("gaps", gaps)).await?;
    let waits = |listed: &Listed| listed.state != EntryState::Published.as_str() || listed.vanished;
    if all.iter().any(waits) { list(desk, None, waits, "kb.nothing_waits").await } else { Ok(()) }
}

/// Lists what is `wanted` of one owner's entries, or of all.
async fn list(
    desk: &mut Desk<'_, '_>,
    owner: Option<&str>,
    wanted: impl Fn(&Listed) -> bool,
    nothing: &str,
) -> anyhow::Result<()> {
    let all = shown::list(desk.tx, desk.app, owner).await?;
    let (words, people) = (desk.desk.words(), &desk.desk.desk);
    let lines: Vec<String> = all.iter().filter(|one| wanted(one)).map(|one| one.line(words, people)).collect();
    lines_or(desk, lines, nothing).await
}

async fn lines_or(desk: &mut Desk<'_, '_>, mut lines: Vec<String>, nothing: &str) -> anyhow::Result<()> {
    if lines.is_empty() {
        return desk.say(Say::new(nothing)).await;
    }
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    if more > 0 {
        lines.push(desk.desk.words().text("kb.more", &[("count", &more.to_string())]));
    }
    desk.text(lines.join("\n")).await
}

async fn gaps(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let missing = shown::missing(desk.tx, usize::MAX).await?;
    let lines = missing.iter().map(|cluster| cluster.line(desk.desk.words())).collect();
    lines_or(desk, lines, "kb.no_gaps").await
}

async fn owner(desk: &mut Desk<'_, '_>, who: Option<String>) -> anyhow::Result<()> {
    let called = |person: &&Person| who.as_deref().is_some_and(|who| person.name == who || person.id == who);
    let id = match &who {
        None => desk.person.id.clone(),
        // Also somebody who is gone: what they answered for is still there.
        Some(who) => desk.desk.desk.people.iter().find(called).map_or_else(|| who.clone(), |person| person.id.clone()),
    };
    list(desk, Some(&id), |_| true, "kb.owns_nothing").await
}

async fn used(desk: &mut Desk<'_, '_>, name: &str) -> anyhow::Result<()> {
    let Some(used) = shown::used(desk.tx, name).await? else {
        return desk.say(Say::new("kb.unknown").with("name", name)).await;
    };
    let lines = used.iter().flat_map(|version| version.lines(desk.desk)).collect();
    lines_or(desk, lines, "kb.never_used").await
}

/// Trying it takes a while: the answer comes when it is known.
async fn publish(desk: &mut Desk<'_, '_>, entry: String, mut words: Vec<String>) -> anyhow::Result<()> {
    let is_channel = |word: &String| desk.desk.desk.channel(word).is_some();
    let code = words.pop_if(|word| cards::is_code(word) && !is_channel(word));
    let (to, person) = (desk.from.clone(), desk.person.id.clone());
    let job = Job::Publish { to, person, entry, only: words, code };
    job.enqueue(desk.tx, desk.app, desk.app.clock.now()).await
}
