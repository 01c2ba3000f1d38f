//! The stage of the demo and of the stories: an invented shop, its people, its customers, and the program.

use std::path::PathBuf;

use anyhow::ensure;
use knowledge::{Scope, import};
use sha2::{Digest, Sha256};
use simulator::{Settings, Simulator};

use crate::app::App;
use crate::clock::{Clock, Ids};
use crate::config::{self, Database, Environment};
use crate::{knowledge_desk, start};

/// The flagship shop's account.
pub const FLAGSHIP: &str = "wkDemoFlagship";
/// The outlet's account.
pub const OUTLET: &str = "wkDemoOutlet";
/// The customer most stories are about.
pub const XIAOYU: &str = "wmXiaoyu";
/// The secret of a stage whose database several instances may share.
pub const SECRET: &str = "5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2";
/// The secret that a stage shares with the system behind its channel `mini`; invented for this.
pub const WEBHOOK_SECRET: &str = "whsec_YWlqaWEgc3RhZ2Ugd2ViaG9vayBzZWNyZXQgMDAwMQ==";
/// The demo's configuration file.
pub(super) const DESK: &str = include_str!("../../demo/aijia.toml");

const SHOP: [(&str, &str); 5] = [
    ("products.csv", include_str!("../../demo/knowledge/products.csv")),
    ("campaign.csv", include_str!("../../demo/knowledge/campaign.csv")),
    ("shipping.md", include_str!("../../demo/knowledge/shipping.md")),
    ("returns.md", include_str!("../../demo/knowledge/returns.md")),
    ("rules.md", include_str!("../../demo/knowledge/rules.md")),
];
const MEMBERS: [(&str, &str, &str); 6] = [
    ("LiHua", "李华", "reviewer"),
    ("ZhaoLiu", "赵柳", "reviewer"),
    ("WangWu", "王武", "supervisor"),
    ("ChenJie", "陈杰", "admin"),
    ("SunMei", "孙梅", "knowledge_owner"),
    ("Stranger", "路人", ""),
];
const CUSTOMERS: [(&str, &str); 3] = [(XIAOYU, "小雨"), ("wmAqiang", "阿强"), ("wmLinlin", "琳琳")];

/// How a stage is set.
#[derive(Debug, Clone)]
pub struct Staging {
    /// The program's clock.
    pub clock: Clock,
    /// The world's clock; both are moved together.
    pub sim_clock: simulator::Clock,
    /// Ids and salts.
    pub ids: Ids,
    /// What the world does where the platform's documentation is silent.
    pub seed: u64,
    /// The database.
    pub database: Database,
    /// Where the program keeps its files.
    pub folder: PathBuf,
    /// Where people reach the review page.
    pub public_url: Option<String>,
    /// The configuration file's text.
    pub desk: String,
    /// A model to draft with, by its base URL.
    pub openai_base: Option<String>,
    /// Whether the code the platform answers to a message id used twice was learned.
    pub knows_duplicates: bool,
    /// More of the environment, for platforms that not every world has.
    pub more: Vec<(&'static str, String)>,
}

/// A set stage: the program is assembled, nothing runs yet.
pub struct Stage {
    /// The program.
    pub app: App,
    /// The world.
    pub sim: Simulator,
}

impl Stage {
    /// Sets a stage: configuration in force, knowledge published, people and accounts known to the platform.
    ///
    /// # Errors
    /// When the database or the configuration is unusable.
    pub async fn set(staging: Staging) -> anyhow::Result<Self> {
        let sim = Simulator::start(Settings::from_seed(staging.seed, staging.sim_clock.clone())).await?;
        populate(&sim).await?;
        let app = Self::reopen(&sim, &staging).await?;
        publish_shop(&app).await?;
        Ok(Self { app, sim })
    }

    /// Puts the program together on what is already there: what a restart is, in the same world.
    ///
    /// # Errors
    /// When the database or the configuration is unusable.
    pub async fn reopen(sim: &Simulator, staging: &Staging) -> anyhow::Result<App> {
        let environment = environment(sim, staging)?;
        let app = start::assemble(&environment, staging.clock.clone(), staging.ids.clone()).await?;
        let desk = config::parse_desk(&staging.desk, "aijia.toml").map_err(start::BadConfig)?;
        start::apply_desk(&app, desk, hex::encode(Sha256::digest(&staging.desk))).await?;
        Ok(app)
    }
}

async fn populate(sim: &Simulator) -> anyhow::Result<()> {
    MEMBERS.iter().for_each(|(id, name, role)| sim.add_member_as(id, name, role));
    CUSTOMERS.iter().for_each(|(id, name)| sim.add_customer(id, name));
    for (account, name) in [(FLAGSHIP, "山茶家旗舰店"), (OUTLET, "山茶家奥莱店")] {
        sim.add_kf_account(account, name);
        for servicer in ["LiHua", "ZhaoLiu", "WangWu"] {
            sim.add_servicer(account, servicer, true).await?;
        }
    }
    Ok(())
}

fn environment(sim: &Simulator, staging: &Staging) -> anyhow::Result<Environment> {
    let settings = sim.settings();
    let model = staging.openai_base.clone();
    let duplicate = settings.switches.duplicate_msgid.0.to_string();
    let shared = matches!(staging.database, Database::Postgres(_));
    let vars = [
        ("AIJIA_SECRET_KEY", shared.then(|| SECRET.to_owned())),
        ("AIJIA_DATA_DIR", Some(staging.folder.to_string_lossy().into_owned())),
        ("AIJIA_PUBLIC_URL", staging.public_url.clone()),
        ("WECOM_CORP_ID", Some(settings.corp_id.clone())),
        ("WECOM_AGENT_ID", Some(settings.agent_id.to_string())),
        ("WECOM_APP_SECRET", Some(settings.secret.clone())),
        ("WECOM_CALLBACK_TOKEN", Some(settings.callback_token.clone())),
        ("WECOM_CALLBACK_AES_KEY", Some(settings.callback_aes_key.clone())),
        ("WECOM_API_BASE", Some(sim.api_base())),
        ("WECOM_DUPLICATE_MSGID_CODE", staging.knows_duplicates.then_some(duplicate)),
        ("WEBHOOK_SECRETS", Some(format!("mini={WEBHOOK_SECRET}"))),
        ("OPENAI_BASE_URL", model.clone()),
        ("OPENAI_API_KEY", model.as_ref().map(|_| "stage".to_owned())),
        ("OPENAI_MODEL", model.map(|_| "stage-model".to_owned())),
    ];
    let more = |name: &str| staging.more.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    let usual = |name: &str| vars.iter().find(|(key, _)| *key == name).and_then(|(_, value)| value.clone());
    let read = |name: &str| more(name).or_else(|| usual(name));
    let mut environment = Environment::read(read).map_err(start::BadConfig)?;
    environment.database = staging.database.clone();
    Ok(environment)
}

async fn publish_shop(app: &App) -> anyhow::Result<()> {
    let defaults = import::Defaults {
        owner: Some("sunmei".into()),
        kind: None,
        scope: Scope::default(),
        timezone: chrono_tz::Asia::Shanghai,
    };
    let order =
        knowledge_desk::Order { defaults, publish: knowledge_desk::Publish::Everything, by: None, lists_seen: false };
    for (name, text) in SHOP {
        let report = knowledge_desk::import_bytes(app, name, text.as_bytes().to_vec(), &order).await?;
        ensure!(report.problems.is_empty(), "the demo shop has problems: {:?}", report.problems);
    }
    Ok(())
}

/// The shop's members on WeCom.
pub(super) fn members() -> impl Iterator<Item = &'static str> {
    MEMBERS.iter().map(|(id, _, _)| *id)
}

/// A folder of this process's own.
pub(super) fn temporary_folder() -> anyhow::Result<PathBuf> {
    let random = hex::encode(&Ids::system().random16()?[..6]);
    let folder = std::env::temp_dir().join(format!("aijia-demo-{random}"));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
