//! `/policy`: which policy was in force when, and taking the one in force back.

use super::{Desk, phase};
use crate::case::Say;
use crate::command::PolicyCommand;
use crate::config::short_version;
use crate::policy::{self, Power};
use crate::policy_desk::{self, Earlier, Period, Stays};
use crate::view::local;

/// Policies of a list.
const LISTED: usize = 8;
/// Differences that are shown; more are counted.
const SHOWN: usize = 12;

pub(super) async fn on(desk: &mut Desk<'_, '_>, command: PolicyCommand) -> anyhow::Result<()> {
    if let Err(denied) = policy::may(desk.person, Power::SetMode, None) {
        return desk.denied(&denied).await;
    }
    match command {
        PolicyCommand::List => list(desk).await,
        PolicyCommand::TakeBack { code } => take_back(desk, code.as_deref()).await,
    }
}

async fn list(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let (words, zone) = (desk.desk.words(), &desk.desk.desk.desk.timezone);
    let periods = policy_desk::periods(desk.tx).await?;
    let line = |period: &Period| {
        let at = |time| local(time, zone, "%m-%d %H:%M");
        let (from, until) = (at(period.from), period.until.map(at));
        let key = match (&until, period.taken_back) {
            (None, _) => "policies.current",
            (Some(_), false) => "policies.past",
            (Some(_), true) => "policies.taken_back",
        };
        let until = until.unwrap_or_default();
        words.text(key, &[("policy", short_version(&period.policy)), ("from", &from), ("until", &until)])
    };
    let lines = periods.iter().take(LISTED).map(line);
    let lines = std::iter::once(words.text("policies.head", &[])).chain(lines);
    let lines: Vec<String> = lines.chain([words.text("policies.how", &[])]).collect();
    desk.text(lines.join("\n")).await
}

/// Only what was shown: without its code it is shown instead.
async fn take_back(desk: &mut Desk<'_, '_>, code: Option<&str>) -> anyhow::Result<()> {
    let earlier = match Earlier::find(desk.tx).await? {
        Ok(earlier) => earlier,
        Err(Stays::NothingEarlier) => return desk.say(Say::new("policies.nothing_earlier")).await,
        Err(Stays::DoesNotFit(problem)) => {
            return desk.say(Say::new("policies.does_not_fit").with("problem", problem)).await;
        }
    };
    if code != Some(earlier.code().as_str()) {
        return show(desk, &earlier).await;
    }
    let say = |key| {
        Say::new(key).with("before", short_version(earlier.current())).with("now", short_version(&earlier.policy))
    };
    let (done, told) = (say("policies.done"), say("policies.done_by").with_person("by", &desk.person.id));
    earlier.put_in_force(desk.tx, desk.app, desk.person).await?;
    desk.say(done).await?;
    phase::tell_others(desk, told).await
}

async fn show(desk: &mut Desk<'_, '_>, earlier: &Earlier) -> anyhow::Result<()> {
    let shown = earlier.changes.iter().take(SHOWN).cloned();
    let more = earlier.changes.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| desk.desk.words().text("policies.more", &[("count", &more.to_string())]));
    let changes: Vec<String> = shown.chain(more).collect();
    let since = local(earlier.since, &desk.desk.desk.desk.timezone, "%m-%d %H:%M");
    let say = Say::new("policies.shown").with("current", short_version(earlier.current())).with("since", since);
    let say = say.with("earlier", short_version(&earlier.policy)).with("changes", changes.join("\n"));
    desk.say(say.with("code", earlier.code())).await
}
