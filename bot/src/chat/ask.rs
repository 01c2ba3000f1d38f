//! Asking for customers of places without an API: a colleague types or pastes the customer's words, and they come in like
//! those of any other channel. Each `/ask` is a customer of its own.

use channels::{Arrival, Said, What};
use serde_json::json;

use super::{Along, Desk};
use crate::case::{Refusal, Say};
use crate::clock::{MINUTE, Timestamp};
use crate::command::after_name;
use crate::desk::{Channel, Mode};
use crate::evidence::{Actor, Entry, Kind};
use crate::policy::{self, Power};
use crate::store::people::{self, AskedLast};
use crate::store::{conversations, record};
use crate::surface::Attached;
use crate::view::View;
use crate::worker::store_arrival;

/// Characters asked at once.
const MOST: usize = 4_000;
/// How long pictures are of the customer somebody asked for last.
const PICTURES_FOLLOW: Timestamp = 5 * MINUTE;

/// What a shop's name was taken for.
#[derive(Debug, PartialEq)]
enum Found<'d, 't> {
    /// One channel, and the words behind its name.
    One(&'d Channel, &'t str),
    /// None, or several.
    Unclear,
}

pub(super) async fn ask(desk: &mut Desk<'_, '_>, words: &str, along: Along<'_>) -> anyhow::Result<()> {
    let applied = desk.desk;
    let by_hand: Vec<&Channel> = applied.desk.channels.iter().filter(|channel| channel.is_by_hand()).collect();
    let theirs: Vec<&Channel> = by_hand.iter().copied().filter(|channel| may_ask(desk, channel).is_ok()).collect();
    match find(&theirs, words) {
        Found::One(channel, text) => asked(desk, channel, text, along).await,
        Found::Unclear => match find(&by_hand, words) {
            Found::One(channel, _) if !theirs.contains(&channel) => match may_ask(desk, channel) {
                Err(denied) => desk.denied(&denied).await,
                Ok(()) => which(desk, &theirs).await,
            },
            _ => which(desk, &theirs).await,
        },
    }
}

fn may_ask(desk: &Desk<'_, '_>, channel: &Channel) -> Result<(), policy::Denied> {
    policy::may(desk.person, Power::Decide, Some(channel))
}

/// The channel whose id, name, account or shop the words begin with; of several such, the one named most fully, and by a
/// name of its own rather than by its shop's.
fn find<'d, 't>(channels: &[&'d Channel], words: &'t str) -> Found<'d, 't> {
    let names = |channel: &'d Channel| {
        let own = [Some(&channel.id), channel.name.as_ref(), Some(&channel.account)].into_iter().flatten();
        own.map(|name| (false, name)).chain([(true, &channel.store)])
    };
    let named = channels.iter().filter_map(|channel| {
        let fits = names(channel).filter_map(|(shop, name)| Some((after_name(words, name)?, shop)));
        fits.min_by_key(|(rest, shop)| (rest.len(), *shop)).map(|(rest, shop)| ((rest.len(), shop), *channel, rest))
    });
    let named: Vec<((usize, bool), &Channel, &str)> = named.collect();
    let best = named.iter().map(|(fit, ..)| *fit).min();
    let mut fullest = named.into_iter().filter(|(fit, ..)| Some(*fit) == best);
    match (fullest.next(), fullest.next()) {
        (Some((_, channel, text)), None) => Found::One(channel, text),
        _ => Found::Unclear,
    }
}

/// The channels the person may ask on.
async fn which(desk: &mut Desk<'_, '_>, theirs: &[&Channel]) -> anyhow::Result<()> {
    if theirs.is_empty() {
        return desk.say(Say::new("told.ask_nowhere")).await;
    }
    let lines = theirs.iter().map(|channel| format!("{}（{}）", channel.label(), channel.id));
    let channels = lines.collect::<Vec<_>>().join("\n");
    desk.say(Say::new("told.ask_which").with("channels", channels)).await
}

async fn asked(desk: &mut Desk<'_, '_>, channel: &Channel, text: &str, along: Along<'_>) -> anyhow::Result<()> {
    if channel.mode == Mode::ReadOnly {
        return desk.say(Say::new("told.ask_read_only").with("shop", channel.label())).await;
    }
    let Some(text) = words(desk, text, along).await? else { return Ok(()) };
    let random = hex::encode(&desk.app.ids.random16()?[..8]);
    let customer = Channel::customer_of(&desk.person.id, &random);
    arrive(desk, AskedLast { channel: channel.id.clone(), customer }, text, along.picture).await?;
    desk.say(Say::new("told.asked").with("shop", channel.label())).await
}

/// A picture of the customer somebody asked for last.
pub(super) async fn picture(desk: &mut Desk<'_, '_>, caption: &str, picture: &Attached) -> anyhow::Result<()> {
    let last = people::asked_last(desk.tx, &desk.person.id, desk.app.clock.now()).await?;
    let may = |channel: &&Channel| channel.is_by_hand() && may_ask(desk, channel).is_ok();
    let last = last.filter(|last| desk.desk.desk.channel(&last.channel).filter(may).is_some());
    if let Some(last) = last {
        let along = Along { quoted: None, picture: Some(picture) };
        let Some(text) = words(desk, caption, along).await? else { return Ok(()) };
        arrive(desk, last, text, Some(picture)).await?;
        return desk.say(Say::new("told.ask_picture")).await;
    }
    let asks = desk.desk.desk.channels.iter().any(|channel| may(&channel));
    desk.say(Say::new(if asks { "told.ask_whose_picture" } else { "told.text_only" })).await
}

/// Further words of a customer somebody asked for. Only they have the chat before them.
pub(super) async fn more(desk: &mut Desk<'_, '_>, n: i64, text: &str, along: Along<'_>) -> anyhow::Result<()> {
    let Some(view) = desk.case(n).await? else { return Ok(()) };
    let Some(asker) = view.case.asker.clone() else {
        return desk.say(Say::new("told.ask_not_by_hand").with("number", n)).await;
    };
    let denied = view.channel().and_then(|channel| may_ask(desk, channel).err());
    match denied {
        Some(denied) => return refused(desk, &view, Refusal::NotPermitted(denied)).await,
        None if asker != desk.person.id => return refused(desk, &view, Refusal::CarriedBy { asker }).await,
        None => {}
    }
    let Some(text) = words(desk, text, along).await? else { return Ok(()) };
    let open = conversations::load(desk.tx, &view.case.conversation).await?;
    let Some(customer) = open.map(|open| open.customer) else { return Ok(()) };
    arrive(desk, AskedLast { channel: view.case.channel.clone(), customer }, text, along.picture).await?;
    let key = if view.case.is_closed() { "told.asked_again" } else { "told.asked_more" };
    desk.say(Say::new(key).with("number", n)).await
}

/// Said, and on the case's record.
async fn refused(desk: &mut Desk<'_, '_>, view: &View, refusal: Refusal) -> anyhow::Result<()> {
    let payload = json!({ "refusal": refusal, "what": "ask" });
    let entry = Entry { kind: Kind::Refused, actor: Actor::Person(desk.person.id.clone()), payload };
    record::append(desk.tx, desk.app, &record::chain_of(&view.case.conversation), Some(&view.case.id), &entry).await?;
    desk.say(refusal.say(view.case.number)).await
}

/// The customer's words: those of the command, or the quoted ones; nothing where they cannot be taken, which is said. With a
/// picture there need not be any.
async fn words(desk: &mut Desk<'_, '_>, text: &str, along: Along<'_>) -> anyhow::Result<Option<String>> {
    let text = if text.trim().is_empty() { along.quoted.unwrap_or_default() } else { text }.trim();
    if text.is_empty() && along.picture.is_none() {
        desk.say(Say::new("told.ask_words")).await?;
        return Ok(None);
    }
    if text.chars().count() > MOST {
        desk.say(Say::new("told.ask_too_long").with("most", MOST)).await?;
        return Ok(None);
    }
    Ok(Some(text.to_owned()))
}

/// What the customer wrote and showed comes in like any other channel's; what follows may be theirs too.
async fn arrive(
    desk: &mut Desk<'_, '_>,
    whose: AskedLast,
    text: String,
    picture: Option<&Attached>,
) -> anyhow::Result<()> {
    let said = Some(text).filter(|text| !text.is_empty()).map(Said::text);
    let shown = picture.map(serde_json::to_string).transpose()?.map(|sent| Said::of("image", "", Some(sent)));
    for said in said.into_iter().chain(shown) {
        let arrival = arrival(desk, &whose.customer, said)?;
        store_arrival(desk.tx, desk.app, &whose.channel, arrival).await?;
    }
    let until = desk.app.clock.now() + PICTURES_FOLLOW;
    Ok(people::asked(desk.tx, &desk.person.id, &whose, until).await?)
}

fn arrival(desk: &Desk<'_, '_>, customer: &str, said: Said) -> anyhow::Result<Arrival> {
    let now = desk.app.clock.now();
    Ok(Arrival {
        id: desk.app.ids.next(now)?,
        customer: Some(customer.to_owned()),
        name: Some(desk.desk.words().text("told.asked_by", &[("name", &desk.person.name)])),
        at_ms: now,
        replies_until_ms: None,
        replies_left: None,
        what: What::Said(said),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ChannelKind;

    fn channel(id: &str, name: &str) -> Channel {
        let text = format!(
            "id = \"{id}\"\nkind = \"manual\"\naccount = \"{name}·山茶家\"\nstore = \"flagship\"\nname = \"{name}\""
        );
        toml::from_str(&text).unwrap()
    }

    fn found<'t>(channels: &[Channel], words: &'t str) -> Option<(String, &'t str)> {
        assert!(channels.iter().all(|channel| channel.kind == ChannelKind::Manual));
        match find(&channels.iter().collect::<Vec<_>>(), words) {
            Found::One(channel, text) => Some((channel.id.clone(), text)),
            Found::Unclear => None,
        }
    }

    #[test]
    fn a_shop_is_found_by_any_of_its_names() {
        let channels = [channel("qianniu", "千牛"), channel("pdd", "拼多多")];
        for words in ["qianniu 会起球吗", "QianNiu：会起球吗", "千牛\n会起球吗", "千牛·山茶家 会起球吗"]
        {
            assert_eq!(found(&channels, words), Some(("qianniu".into(), "会起球吗")), "{words}");
        }
        assert_eq!(found(&channels, "拼多多"), Some(("pdd".into(), "")));
        assert_eq!(found(&channels, "千牛号 会起球吗"), None, "another name begins like it");
    }

    #[test]
    fn a_name_that_several_have_is_asked_about() {
        let channels = [channel("qianniu", "千牛"), channel("pdd", "拼多多")];
        for words in ["flagship 会起球吗", "抖店 会起球吗", ""] {
            assert_eq!(found(&channels, words), None, "{words}");
        }
        assert_eq!(found(&channels[..1], "flagship 会起球吗"), Some(("qianniu".into(), "会起球吗")));
    }

    #[test]
    fn the_fullest_name_wins() {
        let channels = [channel("a", "千牛"), channel("b", "千牛 二店")];
        assert_eq!(found(&channels, "千牛 二店 在吗"), Some(("b".into(), "在吗")));
        assert_eq!(found(&channels, "千牛 在吗"), Some(("a".into(), "在吗")));
    }
}
