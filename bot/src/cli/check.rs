//! `aijia check`: the launch checklist against the real configuration.

mod back_office;

use std::collections::BTreeSet;
use std::sync::Arc;

use cards::words::Words;
use channels::{Abilities, Over, Repeats, Replies, ReplyWindow, TextLimit};
use serde_json::json;

use super::{Failure, Verdict, assemble};
use crate::app::App;
use crate::checklist;
use crate::clock::HOUR;
use crate::desk::{Channel, ChannelKind, Desk, Mode, Person, Role};
use crate::store::desks::Applied;
use crate::store::knowledge::{self, EntryState, StoredEntry};
use crate::store::{self, conversations, desks};
use crate::surface::Surface;
use crate::worker;

/// One line of the checklist.
struct Item {
    name: &'static str,
    passed: bool,
    found: String,
}

pub(super) async fn check(as_json: bool) -> Result<Verdict, Failure> {
    let app = assemble().await?;
    let (points, items, words) = checklist(&app).await?;
    for (place, point) in points.iter().enumerate() {
        launch(place + 1, point, words, as_json);
    }
    for item in &items {
        if as_json {
            println!("{}", json!({ "item": item.name, "passed": item.passed, "found": item.found }));
        } else {
            println!("{} {}: {}", if item.passed { "ok  " } else { "FAIL" }, item.name, item.found);
        }
    }
    let all = items.iter().all(|item| item.passed);
    Ok(if all { Verdict::Good } else { Verdict::Bad })
}

/// One of the eight points of the launch checklist. They open modes above draft; a desk with drafts works without.
fn launch(place: usize, point: &checklist::Point, words: &Words, as_json: bool) {
    if as_json {
        println!("{}", json!({ "launch": point.item, "passed": point.passed, "found": point.found }));
    } else {
        println!("{place}. {}", point.told(words));
    }
}

/// What the store says.
struct Found {
    desk: Arc<Applied>,
    published: Vec<StoredEntry>,
    checkpoint: Option<(String, i64)>,
    counts: Vec<(String, i64)>,
    media: Vec<String>,
    gone: Vec<String>,
    points: Vec<checklist::Point>,
    /// Recipes that are stopped, with their stores.
    stopped: Vec<(String, String)>,
}

async fn checklist(app: &App) -> anyhow::Result<(Vec<checklist::Point>, Vec<Item>, &'static Words)> {
    let reader = app.clone();
    let Found { desk, published, checkpoint, counts, media, gone: paused, stopped, points } = app
        .store
        .read(move |tx| {
            Box::pin(async move {
                let desk = reader.desk(tx).await?;
                let published = knowledge::in_state(tx, EntryState::Published).await?;
                let checkpoint = crate::store::record::newest_checkpoint(tx).await?;
                let media = conversations::newest_media(tx, ATTACHMENTS).await?;
                let mut gone = Vec::new();
                for channel in &desk.desk.channels {
                    if !worker::gone::paused_by_itself(tx, &channel.id).await?.is_empty() {
                        gone.push(channel.id.clone());
                    }
                }
                let points = checklist::points(tx, &reader).await?;
                let stopped = store::back_office::stopped(tx).await?;
                let counts = desks::counts(tx).await?;
                Ok(Found { desk, published, checkpoint, counts, media, gone, stopped, points })
            })
        })
        .await?;
    let words = desk.words();
    let desk = &desk.desk;
    let unowned = published.iter().filter(|e| desk.person(&e.owner).is_none()).count();
    let mut items = vec![channels(desk)];
    items.extend(abilities(desk));
    items.extend(back_office::items(app, desk, &stopped).await);
    items.extend([
        platforms(app, desk),
        webhooks(app, desk),
        gone(&paused),
        owners(desk),
        Item {
            name: "knowledge has owners",
            passed: !published.is_empty() && unowned == 0,
            found: format!("{} published, {unowned} whose owner is not configured", published.len()),
        },
        reviewers(app, desk),
        modes(desk),
        people_who_can_pause(app, desk),
        surfaces(app, desk),
        old_messages(&counts),
        attachments(app, &media),
        strangers(desk, &counts),
        Item {
            name: "evidence is sealed",
            passed: checkpoint.is_some(),
            found: checkpoint.map_or("no checkpoint yet: serve once".into(), |(text, _)| text),
        },
        Item {
            name: "WeCom is configured",
            passed: app.wecom.is_some(),
            found: "run `aijia wecom doctor` to check the tenant itself".into(),
        },
    ]);
    Ok((points, items, words))
}

/// Attachments looked for, the newest ones.
const ATTACHMENTS: i64 = 100;

/// Attachments the database names are here. Where they are not, another instance has them in a folder of its own.
fn attachments(app: &App, media: &[String]) -> Item {
    let missing = media.iter().filter(|name| !app.blobs.has(name)).count();
    let folder = if app.store.is_shared() {
        "; with several instances AIJIA_DATA_DIR/blobs must be one folder they share"
    } else {
        ""
    };
    let found = format!("{} of the newest {} are missing here{folder}", missing, media.len());
    Item { name: "attachments are here", passed: missing == 0, found }
}

/// Messages from before the start are counted for people to look at; they fail nothing.
fn old_messages(counts: &[(String, i64)]) -> Item {
    let old: i64 = counts.iter().filter(|(what, _)| what.starts_with("backlog:")).map(|(_, times)| times).sum();
    let found = format!("{old} messages from before the start were recorded and not drafted for");
    Item { name: "old messages are known", passed: true, found }
}

/// Accounts customers write to and no channel has.
fn strangers(desk: &Desk, counts: &[(String, i64)]) -> Item {
    let accounts = counts.iter().filter_map(|(what, _)| what.strip_prefix("unknown_account:"));
    let known = |account: &&str| desk.channel_by_account(ChannelKind::WecomKf, account).is_some();
    let missing: Vec<&str> = accounts.filter(|account| !known(account)).collect();
    let found = if missing.is_empty() { "all".into() } else { format!("no channel for {}", missing.join(", ")) };
    Item { name: "accounts customers write to have a channel", passed: missing.is_empty(), found }
}

fn channels(desk: &Desk) -> Item {
    let names: Vec<&str> = desk.channels.iter().map(|c| c.id.as_str()).collect();
    Item { name: "channels are listed", passed: !names.is_empty(), found: names.join(", ") }
}

/// What each channel does by itself, what a person does there by hand, what it cannot do, and within which limits.
fn abilities(desk: &Desk) -> impl Iterator<Item = Item> {
    desk.channels.iter().map(|channel| Item {
        name: "what the channel can do",
        passed: true,
        found: format!("{}: {}", channel.id, abilities_of(channel.abilities())),
    })
}

fn abilities_of(can: &Abilities) -> String {
    let sent = can.replies == Replies::Sent;
    let by_key = can.repeats == Repeats::OneMessage;
    // By itself, by a person's hand, or not at all.
    let abilities = [
        ("replies", sent, "a person carries them over"),
        ("lost answers", by_key, "a person says what became of them"),
        ("take-over", can.session, "the person answers through 改"),
        ("customers' names", can.names, ""),
        ("attachments", can.attachments, ""),
        ("customers' edits", can.edits, ""),
        ("customers' recalls", can.recalls, ""),
        ("delivery reports", can.delivery, ""),
        ("public comments", can.comments, ""),
    ];
    let named = |wanted: fn(bool, &str) -> Option<String>| {
        let found = abilities.iter().filter_map(|(name, has, how)| {
            wanted(*has, how).map(|how| if how.is_empty() { (*name).to_owned() } else { format!("{name} ({how})") })
        });
        found.collect::<Vec<_>>().join(", ")
    };
    let automatic = named(|has, _| has.then(String::new));
    let assisted = named(|has, how| (!has && !how.is_empty()).then(|| how.to_owned()));
    let absent = named(|has, how| (!has && how.is_empty()).then(String::new));
    let parts = [("automatic", automatic), ("assisted", assisted), ("absent", absent), ("limits", limits_of(can))];
    let said = parts.iter().filter(|(_, what)| !what.is_empty()).map(|(part, what)| format!("{part}: {what}"));
    said.collect::<Vec<_>>().join(" · ")
}

fn limits_of(can: &Abilities) -> String {
    let window = match can.window {
        Some(ReplyWindow { lasts_ms, messages }) => {
            format!("{messages} messages within {} h of the customer's last", lasts_ms / HOUR)
        }
        None => "no reply window but what the channel names itself".to_owned(),
    };
    let text = match can.text {
        TextLimit::Bytes(most) => format!("texts of {most} bytes"),
        TextLimit::Utf16(most) => format!("texts of {most} UTF-16 units"),
    };
    let rates = can.rates.iter().map(|rate| match rate.over {
        Over::Channel => format!("{} a second in all", rate.per_second),
        Over::Customer => format!("{} a second to one customer", rate.per_second),
    });
    let twice = format!("what comes twice is known by {}", can.known_by);
    [window, text].into_iter().chain(rates).chain([twice]).collect::<Vec<_>>().join(", ")
}

/// Webhook channels whose address answered 410: the program paused them by itself.
fn gone(channels: &[String]) -> Item {
    let found = if channels.is_empty() {
        "all".into()
    } else {
        format!(
            "{} answered 410 and is paused: change its url, or mend it and send /resume {}",
            channels.join(", "),
            channels.join(" ")
        )
    };
    Item { name: "webhook addresses take replies", passed: channels.is_empty(), found }
}

/// Channels whose platform the environment says nothing of.
fn platforms(app: &App, desk: &Desk) -> Item {
    let missing = |channel: &&Channel| match channel.kind {
        ChannelKind::WecomKf => app.wecom.is_none(),
        ChannelKind::Telegram => app.telegram.is_none(),
        ChannelKind::Official => app.official.as_ref().is_none_or(|official| official.app_id != channel.account),
        ChannelKind::Webhook | ChannelKind::Manual => false,
    };
    let missing: Vec<&str> = desk.channels.iter().filter(missing).map(|channel| channel.id.as_str()).collect();
    let found = if missing.is_empty() {
        "all".into()
    } else {
        format!(
            "not for {}: see .env.example (an Official Account's channel has its AppID as account)",
            missing.join(", ")
        )
    };
    Item { name: "the platforms of all channels are configured", passed: missing.is_empty(), found }
}

/// Webhook channels that cannot verify what comes in, or have nowhere to send to.
fn webhooks(app: &App, desk: &Desk) -> Item {
    let ours = desk.channels.iter().filter(|c| c.kind == ChannelKind::Webhook && c.mode != Mode::ReadOnly);
    let bad: Vec<String> = ours
        .filter_map(|channel| app.webhooks.endpoint(channel).err().map(|why| format!("{}: {why}", channel.id)))
        .collect();
    let found = if bad.is_empty() { "all".into() } else { format!("{}: see WEBHOOK_SECRETS and url", bad.join(", ")) };
    Item { name: "webhook channels have a secret and an address", passed: bad.is_empty(), found }
}

fn owners(desk: &Desk) -> Item {
    let missing = desk.channels.iter().filter(|c| c.owner.is_none() || c.escalation_owner.is_none());
    let missing: Vec<&str> = missing.map(|c| c.id.as_str()).collect();
    let found = if missing.is_empty() { "all".into() } else { format!("missing on {}", missing.join(", ")) };
    Item { name: "channels have an owner and an escalation owner", passed: missing.is_empty(), found }
}

fn reviewers(app: &App, desk: &Desk) -> Item {
    let reachable = |id: &String| desk.person(id).is_some_and(|person| app.address(person).is_some());
    let empty = desk.channels.iter().filter(|c| !c.permitted.iter().any(reachable));
    let empty: Vec<&str> = empty.map(|c| c.id.as_str()).collect();
    let found = if empty.is_empty() { "all".into() } else { format!("nobody on {}", empty.join(", ")) };
    Item { name: "somebody reviews every channel", passed: empty.is_empty(), found }
}

fn modes(desk: &Desk) -> Item {
    let bold = desk.channels.iter().filter(|c| matches!(c.mode, Mode::Reviewed | Mode::Auto)).count();
    Item { name: "modes start small", passed: bold == 0, found: format!("{bold} channels above draft") }
}

/// Where each colleague gets cards, the first choice first, and what a card can do there.
fn surfaces(app: &App, desk: &Desk) -> Item {
    let nowhere = desk.people.iter().filter(|p| p.decides() && app.addresses(p).is_empty());
    let nowhere: Vec<&str> = nowhere.map(|person| person.id.as_str()).collect();
    let name = "everybody who decides has a surface that this program serves";
    if !nowhere.is_empty() {
        let found =
            format!("not {}: give them an id where WECOM_… , WECOM_AIBOT_… or TELEGRAM_… is set", nowhere.join(", "));
        return Item { name, passed: false, found };
    }
    let used: BTreeSet<Surface> = desk.people.iter().flat_map(|p| app.address(p)).map(|to| to.surface).collect();
    let told: Vec<String> = used.into_iter().map(told_of_surface).collect();
    Item { name, passed: true, found: told.join("; ") }
}

fn told_of_surface(surface: Surface) -> String {
    let can = surface.abilities();
    let changes = if can.unasked_update { "cards change at any time" } else { "cards change only when tapped" };
    let window = can.tap_window_ms.map_or_else(String::new, |ms| format!(" within {} s", ms / 1_000));
    let pages = if can.url_buttons { "links as buttons" } else { "links as text" };
    format!("{}: {changes}{window}, {pages}", surface.as_str())
}

fn people_who_can_pause(app: &App, desk: &Desk) -> Item {
    let able = |p: &&Person| (p.is(Role::Supervisor) || p.is(Role::Admin)) && app.address(p).is_some();
    let count = desk.people.iter().filter(able).count();
    Item {
        name: "two people can lift a pause of the whole desk",
        passed: count >= 2,
        found: format!("{count} supervisors or admins who can be reached"),
    }
}
