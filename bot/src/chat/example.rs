//! `/example`: which replies the drafter may take as examples of manner.

use serde_json::json;

use super::Desk;
use crate::case::Say;
use crate::command::ExampleCommand;
use crate::desk::Channel;
use crate::evidence::{Actor, Entry, Kind};
use crate::examples::{self, Sketch};
use crate::store::{self, record};
use crate::view::{View, local};
use crate::worker::apply;

/// Characters of a question and an answer in a list.
const SHOWN: usize = 24;

pub(super) async fn on(desk: &mut Desk<'_, '_>, command: ExampleCommand) -> anyhow::Result<()> {
    match command {
        ExampleCommand::List => list(desk).await,
        ExampleCommand::Show { n } => match theirs(desk, n).await? {
            Some(view) => show(desk, &view).await,
            None => Ok(()),
        },
        ExampleCommand::Agree { n, code } => match theirs(desk, n).await? {
            Some(view) => agree(desk, &view, code.as_deref()).await,
            None => Ok(()),
        },
        ExampleCommand::Withdraw { n } => match theirs(desk, n).await? {
            Some(view) => withdraw(desk, &view).await,
            None => Ok(()),
        },
    }
}

/// What is in use on the channels the person answers for, and what could be.
async fn list(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let owns = |channel: &&Channel| examples::may_consent(desk.person, channel);
    let channels: Vec<&Channel> = desk.desk.desk.channels.iter().filter(owns).collect();
    if channels.is_empty() {
        return desk.say(Say::new("example.owns_nothing")).await;
    }
    let mut lines = vec![desk.desk.words().text("example.head", &[])];
    for channel in channels {
        lines.extend(of_channel(desk, channel).await?);
    }
    lines.push(desk.desk.words().text("example.how", &[]));
    desk.text(lines.join("\n")).await
}

async fn of_channel(desk: &mut Desk<'_, '_>, channel: &Channel) -> anyhow::Result<Vec<String>> {
    let (words, zone) = (desk.desk.words(), &desk.desk.desk.desk.timezone);
    let known = store::examples::of_channel(desk.tx, &channel.id).await?;
    let offered = examples::offered(desk.tx, desk.app, channel).await?;
    let (used, possible) = (known.len().to_string(), offered.len().to_string());
    let counted = [("channel", channel.label()), ("used", &used), ("possible", &possible)];
    let mut lines = vec![words.text("example.channel", &counted)];
    lines.extend(known.iter().map(|example| {
        let (by, at) = (desk.desk.desk.name_of(&example.consented_by), local(example.consented_at, zone, "%m-%d"));
        let line = line(example.number, &example.question, &example.answer);
        words.text("example.used", &[("line", &line), ("by", by), ("at", &at)])
    }));
    lines.extend(offered.iter().map(|(number, sketch)| {
        let line = line(*number, &sketch.question, &sketch.answer);
        words.text("example.possible", &[("line", &line)])
    }));
    Ok(lines)
}

fn line(number: i64, question: &str, answer: &str) -> String {
    let short = |text: &str| cards::fit(&cards::one_line(text), SHOWN);
    format!("#{number} {} → {}", short(question), short(answer))
}

/// The case, if its channel is one the person answers for; otherwise they are told, on record.
async fn theirs(desk: &mut Desk<'_, '_>, n: i64) -> anyhow::Result<Option<View>> {
    let Some(view) = desk.case(n).await? else { return Ok(None) };
    if view.channel().is_some_and(|channel| examples::may_consent(desk.person, channel)) {
        return Ok(Some(view));
    }
    let owner = view.channel().and_then(|channel| channel.owner.clone()).unwrap_or_default();
    let payload = json!({ "refusal": "example.not_yours", "number": n });
    let entry = Entry { kind: Kind::Refused, actor: Actor::Person(desk.person.id.clone()), payload };
    record::append(desk.tx, desk.app, record::DESK, None, &entry).await?;
    desk.say(Say::new("example.not_yours").with("number", n).with_person("owner", &owner)).await?;
    Ok(None)
}

/// Exactly what would be kept, or is.
async fn show(desk: &mut Desk<'_, '_>, view: &View) -> anyhow::Result<()> {
    let number = view.case.number;
    let say = |key| Say::new(key).with("number", number);
    if let Some(example) = store::examples::of_case(desk.tx, &view.case.id).await? {
        let shown = say("example.shown_used")
            .with("question", cards::quoted(&example.question))
            .with("answer", &example.answer);
        return desk.say(shown.with_person("by", &example.consented_by)).await;
    }
    match examples::sketch(desk.tx, view).await? {
        Err(unfit) => desk.say(say(unfit.key())).await,
        Ok(sketch) => shown(desk, number, &sketch).await,
    }
}

async fn shown(desk: &mut Desk<'_, '_>, number: i64, sketch: &Sketch) -> anyhow::Result<()> {
    let say = Say::new("example.shown").with("number", number).with("code", sketch.code());
    desk.say(say.with("question", cards::quoted(&sketch.question)).with("answer", &sketch.answer)).await
}

/// Only for the words that were shown: without their code, or where they are others by now, they are shown instead.
async fn agree(desk: &mut Desk<'_, '_>, view: &View, code: Option<&str>) -> anyhow::Result<()> {
    // A customer who takes their words back comes before or after, not between.
    apply::lock(desk.tx, desk.app, &view.case.id).await?;
    let number = view.case.number;
    let sketch = match examples::sketch(desk.tx, view).await? {
        Ok(sketch) => sketch,
        Err(unfit) => return desk.say(Say::new(unfit.key()).with("number", number)).await,
    };
    if code != Some(sketch.code().as_str()) {
        return shown(desk, number, &sketch).await;
    }
    examples::consent(desk.tx, desk.app, desk.person, &view.case, sketch).await?;
    desk.say(Say::new("example.agreed").with("number", number)).await
}

async fn withdraw(desk: &mut Desk<'_, '_>, view: &View) -> anyhow::Result<()> {
    apply::lock(desk.tx, desk.app, &view.case.id).await?;
    let withdrawn = examples::withdraw(desk.tx, desk.app, desk.person, &view.case).await?;
    let key = if withdrawn { "example.withdrawn" } else { "example.none" };
    desk.say(Say::new(key).with("number", view.case.number)).await
}
