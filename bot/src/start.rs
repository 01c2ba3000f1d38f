//! Putting the program together from its environment and its configuration file.

mod platforms;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::Context;
use backoffice::Chromium;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::{App, Settings, Wecom};
use crate::automation;
use crate::case::State;
use crate::chaos;
use crate::chart::Charts;
use crate::clock::{Clock, Ids};
use crate::config::{self, ConfigError, Encoder, Environment, OpenAi};
use crate::desk::{ChannelKind, Desk};
use crate::drafting::{Embeddings, Model, Reads, Sense};
use crate::effects::{OfficeSettings, Offices, Seats};
use crate::evidence::{Actor, Entry, Kind, SigningKey};
use crate::meaning::{Encoding, Meaning};
use crate::store::desks::{self, Applied};
use crate::store::{Store, Tx, accounts, cases, pauses, queue, record};
use crate::tenant::Tenant;
use crate::webhooks::Webhooks;
use crate::worker::{Instance, Job, gone};

/// The installation's secret in the data folder, where the environment gives none.
pub const SECRET_FILE: &str = "secret.key";

/// Puts the program together. Nothing runs yet.
///
/// # Errors
/// When the database, the data folder or a setting is unusable; the message says which and what to do.
pub async fn assemble(environment: &Environment, clock: Clock, ids: Ids) -> anyhow::Result<App> {
    let (secret, store) = open(environment, &ids).await?;
    let bare = without_wires(environment, &secret, store.clone(), clock.clone(), ids.clone())?;
    let me = bare.instance.id().to_owned();
    let key = derived(&secret, "access token");
    let tenant = |name| Tenant::new(store.clone(), clock.clone(), ids.clone(), key, name, me.clone());
    Ok(App::new(Settings {
        wecom: environment.wecom.as_ref().map(|wecom| platforms::wecom(wecom, &clock, &tenant)).transpose()?,
        telegram: environment
            .telegram
            .as_ref()
            .map(|own| platforms::telegram(own, derived(&secret, "telegram buttons")))
            .transpose()?,
        aibot: environment.aibot.as_ref().map(platforms::aibot).transpose()?,
        official: environment.official.as_ref().map(|own| platforms::official(own, &clock, &tenant)).transpose()?,
        webhooks: Webhooks::new(environment.webhooks.clone()),
        eyes: sense(Reads::Pictures, environment.eyes.as_ref())?,
        ears: sense(Reads::Voices, environment.ears.as_ref())?,
        offices: {
            let seats = Seats::new(store.clone(), me.clone());
            offices(environment, derived(&secret, "back office profiles"), seats)
        },
        ..bare
    }))
}

/// The program as a replay has it, at a standing clock: it reads this database and writes nothing, and it has no wire to
/// anybody, no phone, no back office. What is left to ask is the language model and the encoder.
///
/// # Errors
/// Those of [`assemble`].
pub async fn assemble_to_replay(environment: &Environment) -> anyhow::Result<App> {
    let (clock, ids) = (Clock::manual(Clock::System.now()), Ids::system());
    let (secret, store) = open(environment, &ids).await?;
    Ok(App::new(without_wires(environment, &secret, store.to_read(), clock, ids)?))
}

/// The installation's secret, and its database.
async fn open(environment: &Environment, ids: &Ids) -> anyhow::Result<([u8; 32], Store)> {
    fs::create_dir_all(&environment.data_dir)
        .with_context(|| format!("cannot create AIJIA_DATA_DIR {}", environment.data_dir.display()))?;
    chaos::point("start.folder");
    let secret = secret(environment, ids)?;
    chaos::point("start.before_open");
    let store = Store::open(&environment.database).await?;
    chaos::point("start.opened");
    Ok((secret, store))
}

/// Everything but what reaches customers, colleagues and shops.
fn without_wires(
    environment: &Environment,
    secret: &[u8; 32],
    store: Store,
    clock: Clock,
    ids: Ids,
) -> anyhow::Result<Settings> {
    let instance = Instance::new(ids.next(clock.now())?);
    Ok(Settings {
        wecom: None,
        telegram: None,
        aibot: None,
        official: None,
        webhooks: Webhooks::new(BTreeMap::new()),
        model: model(environment)?,
        eyes: None,
        ears: None,
        meaning: meaning(environment)?,
        offices: Offices::closed(Seats::new(store.clone(), instance.id().to_owned())),
        charts: Charts::new(environment.font.clone()),
        signing: SigningKey::from_seed(derived(secret, "checkpoints"))?,
        cookie_key: derived(secret, "review page"),
        data_dir: environment.data_dir.clone(),
        instance,
        public_url: environment.public_url.clone(),
        store,
        clock,
        ids,
    })
}

fn derived(secret: &[u8; 32], purpose: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"aijia key 1\0");
    hash.update(purpose.as_bytes());
    hash.update(b"\0");
    hash.update(secret);
    hash.finalize().into()
}

/// The installation's secret: from the environment, else a file made once beside the data.
fn secret(environment: &Environment, ids: &Ids) -> anyhow::Result<[u8; 32]> {
    if let Some(secret) = &environment.secret_key {
        return bytes32(secret.expose_secret()).context("AIJIA_SECRET_KEY must be 64 hexadecimal digits");
    }
    let path = environment.data_dir.join(SECRET_FILE);
    if !path.exists() {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(hex::encode(ids.random32()?).as_bytes())?;
        file.sync_all()?;
    }
    if fs::metadata(&path)?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(file = %path.display(), "others could read the secret key; now only its owner can");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    bytes32(text.trim()).with_context(|| format!("{} must hold 64 hexadecimal digits", path.display()))
}

fn bytes32(text: &str) -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes)?;
    Ok(bytes)
}

fn offices(environment: &Environment, key: [u8; 32], seats: Seats) -> Offices {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let chromium = Chromium::find(environment.chromium.as_deref(), &path).map_err(|missing| missing.to_string());
    let base = environment.config.parent().unwrap_or(Path::new("")).to_owned();
    let (api_keys, tracking_keys) = (environment.store_api_keys.clone(), environment.store_tracking_keys.clone());
    Offices::new(OfficeSettings {
        chromium,
        key,
        profiles: environment.data_dir.join("backoffice"),
        base,
        seats,
        api_keys,
        tracking_keys,
    })
}

fn model(environment: &Environment) -> anyhow::Result<Option<Model>> {
    let Some(settings) = &environment.openai else { return Ok(None) };
    Ok(Some(Model::new(&settings.base_url, settings.api_key.clone(), &settings.model)?))
}

/// What reads customers' attachments of a kind.
fn sense(reads: Reads, settings: Option<&OpenAi>) -> anyhow::Result<Option<Sense>> {
    let Some(OpenAi { base_url, api_key, model }) = settings else { return Ok(None) };
    Ok(Some(Sense::new(reads, base_url, api_key.clone(), model)?))
}

fn meaning(environment: &Environment) -> anyhow::Result<Option<Meaning>> {
    Ok(match &environment.encoder {
        Some(Encoder::Folder(folder)) => Some(Meaning::here(folder).context("AIJIA_ENCODER")?),
        Some(Encoder::Server(openai)) => {
            let model = Embeddings::new(&openai.base_url, &openai.api_key, &openai.model)?;
            Some(Meaning::new(Encoding::There(Box::new(model))))
        }
        None => None,
    })
}

/// What became of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applying {
    /// It is in force now.
    Applied,
    /// It was in force already.
    InForce,
    /// It was applied before and the store has moved on; the store is the truth.
    Superseded,
}

/// Applies the configuration file, unless this content was applied before.
///
/// # Errors
/// When the file cannot be read, says something unusable, takes a channel away that has open cases, or the
/// database fails.
pub async fn apply_file(app: &App, path: &Path) -> anyhow::Result<Applying> {
    let File { desk, triggers, content_sha256 } = read_file(path)?;
    apply(app, desk, triggers, content_sha256).await
}

/// Whether the configuration file says what is in force; none where nothing was ever in force.
///
/// # Errors
/// When the file cannot be read or says something unusable, or the database fails.
pub async fn is_in_force(app: &App, path: &Path) -> anyhow::Result<Option<bool>> {
    let current = app.store.read(|tx| Box::pin(async move { desks::current(tx).await })).await?;
    let Some(current) = current else { return Ok(None) };
    Ok(Some(read_file(path)?.content_sha256 == current.content_sha256))
}

/// The configuration of a file as it would be in force, without putting it in force.
///
/// # Errors
/// [`BadConfig`] with every problem in the file, or that it cannot be read.
pub fn as_if_in_force(path: &Path) -> anyhow::Result<Applied> {
    read_file(path)?.into_applied(String::new())
}

/// A configuration file, read.
struct File {
    desk: Desk,
    triggers: Option<String>,
    content_sha256: String,
}

impl File {
    fn into_applied(self, id: String) -> anyhow::Result<Applied> {
        let triggers =
            desks::read_triggers(self.triggers.as_deref()).context("the table of trigger words cannot be used")?;
        let policy = config::policy_version(&self.desk, triggers.version());
        Ok(Applied { id, content_sha256: self.content_sha256, desk: self.desk, triggers, policy })
    }
}

fn read_file(path: &Path) -> anyhow::Result<File> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read AIJIA_CONFIG {}: copy aijia.example.toml and edit it", path.display()))?;
    let desk = read_desk(&text, &path.display().to_string())?;
    let base = path.parent().unwrap_or(Path::new(""));
    let recipes = desk.stores.iter().map(|office| config::read_recipes(office, base)).filter_map(Result::err);
    let wrong: Vec<ConfigError> = recipes.flatten().collect();
    if !wrong.is_empty() {
        return Err(BadConfig(wrong).into());
    }
    let triggers = desk.policy.triggers.as_ref().map(|name| beside(path, name)).transpose()?;
    let content_sha256 = hex::encode(Sha256::digest(format!("{text}\0{}", triggers.as_deref().unwrap_or_default())));
    Ok(File { desk, triggers, content_sha256 })
}

/// The text of a file named in the configuration, relative to it.
fn beside(config: &Path, name: &str) -> anyhow::Result<String> {
    let path = config.parent().unwrap_or(Path::new("")).join(name);
    fs::read_to_string(&path).with_context(|| format!("policy.triggers: cannot read {}", path.display()))
}

/// A configuration that cannot be used, with everything that is wrong in it.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct BadConfig(pub Vec<ConfigError>);

fn read_desk(text: &str, name: &str) -> anyhow::Result<Desk> {
    Ok(config::parse_desk(text, name).map_err(BadConfig)?)
}

/// Puts a configuration with the built-in trigger words in force, unless this content was applied before.
///
/// # Errors
/// When the database fails.
pub async fn apply_desk(app: &App, desk: Desk, content_sha256: String) -> anyhow::Result<Applying> {
    apply(app, desk, None, content_sha256).await
}

async fn apply(app: &App, desk: Desk, triggers: Option<String>, content_sha256: String) -> anyhow::Result<Applying> {
    desks::read_triggers(triggers.as_deref()).context("the table of trigger words cannot be used")?;
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                // What is under way decides by the older configuration to its end; what follows by the new one.
                pauses::hold_alone_at_last(tx).await?;
                let current = desks::current(tx).await?;
                if current.as_ref().is_some_and(|c| c.content_sha256 == content_sha256) {
                    return Ok(Applying::InForce);
                }
                if desks::was_applied(tx, &content_sha256).await? {
                    return Ok(Applying::Superseded);
                }
                keeps_busy_channels(tx, &desk).await?;
                let new = File { desk, triggers, content_sha256 };
                put_in_force(tx, &app, new, current).await?;
                Ok(Applying::Applied)
            })
        })
        .await
}

/// A channel with open cases stays: without it nobody could decide about them any more.
async fn keeps_busy_channels(tx: &mut Tx, desk: &Desk) -> anyhow::Result<()> {
    let busy = desks::busy_channels(tx).await?;
    let gone = busy.into_iter().filter(|(channel, _)| desk.channel(channel).is_none());
    let problems: Vec<ConfigError> = gone
        .map(|(channel, cases)| ConfigError {
            place: format!("channel {channel}"),
            what: format!("is not in the file any more (renamed?), but has {cases} open cases; nothing was applied"),
            todo: "put it back until they are closed: `aijia case list` shows them".into(),
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(BadConfig(problems).into()) }
}

/// Puts a configuration in force that no file has: it was put together from one in force, `before`, and an earlier one.
///
/// # Errors
/// When the database fails.
pub(crate) async fn put_together(
    tx: &mut Tx,
    app: &App,
    desk: Desk,
    triggers: Option<String>,
    before: Applied,
) -> anyhow::Result<()> {
    let content = serde_json::to_string(&(&before.id, &desk, &triggers))?;
    let new = File { desk, triggers, content_sha256: hex::encode(Sha256::digest(content)) };
    put_in_force(tx, app, new, Some(before)).await
}

async fn put_in_force(tx: &mut Tx, app: &App, new: File, before: Option<Applied>) -> anyhow::Result<()> {
    let now = app.clock.now();
    let people = config::people_version(&new.desk);
    let text = new.triggers.clone();
    let new = new.into_applied(app.ids.next(now)?)?;
    desks::apply(tx, &new, text.as_deref(), &people, now).await?;
    for channel in new.desk.channels.iter().filter(|channel| channel.kind == ChannelKind::WecomKf) {
        accounts::know(tx, &channel.account).await?;
    }
    chaos::point("config.applied");
    let (people_before, people_after) = (rights_of(before.as_ref().map(|b| &b.desk)), rights_of(Some(&new.desk)));
    let payload = json!({ "policy": new.policy, "people": people, "file_sha256": new.content_sha256,
        "rights": changes(&people_before, &people_after) });
    queue::configuration_changed(tx, now).await?;
    Job::Deal { because: "configuration".into() }.enqueue(tx, app, now).await?;
    let entry = Entry { kind: Kind::ConfigApplied, actor: Actor::System, payload };
    record::append(tx, app, record::DESK, None, &entry).await?;
    chaos::point("config.recorded");
    automation::close_unset(tx, app, &new).await?;
    let Some(before) = before else { return Ok(()) };
    gone::mended(tx, app, &before.desk, &new.desk).await?;
    if before.policy != new.policy {
        draft_open_cases_again(tx, app).await?;
    }
    Ok(())
}

/// What everybody may do, by `person` or `channel:place`: roles, and whose decisions count where.
fn rights_of(desk: Option<&Desk>) -> BTreeMap<String, Value> {
    let Some(desk) = desk else { return BTreeMap::new() };
    let people = desk.people.iter().map(|p| (p.id.clone(), json!(p.roles)));
    let channels = desk.channels.iter().flat_map(|c| {
        let named = |place: &str, who: Value| (format!("{}:{place}", c.id), who);
        [
            named("permitted", json!(c.permitted)),
            named("owner", json!(c.owner)),
            named("escalation_owner", json!(c.escalation_owner)),
        ]
    });
    people.chain(channels).collect()
}

/// What is not as before, each with before and after; null where there was or is nothing.
fn changes(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<Value> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    changed.map(|name| json!({ "of": name, "before": before.get(name), "after": after.get(name) })).collect()
}

/// What people were shown was judged under the older policy.
async fn draft_open_cases_again(tx: &mut Tx, app: &App) -> anyhow::Result<()> {
    for case in cases::open(tx, i64::MAX).await? {
        if matches!(case.state, State::AwaitingReview(_) | State::Sending(_)) {
            Job::PolicyChanged { case: case.id }.enqueue(tx, app, app.clock.now()).await?;
        }
    }
    Ok(())
}

/// WeCom, where serving needs it.
///
/// # Errors
/// Names the variables to set.
pub fn wecom_of(app: &App) -> Result<&Wecom, BadConfig> {
    app.wecom.as_ref().ok_or_else(|| {
        BadConfig(vec![ConfigError {
            place: "WECOM_CORP_ID".into(),
            what: "WeCom is not configured".into(),
            todo: "set WECOM_CORP_ID, WECOM_AGENT_ID, WECOM_APP_SECRET, WECOM_CALLBACK_TOKEN and \
                   WECOM_CALLBACK_AES_KEY, or try `aijia demo`"
                .into(),
        }])
    })
}
