//! Secrets and customers' words are where they belong and nowhere else: the real program works through a day with
//! secrets that can be recognised and everything logged, and then all it left behind is searched.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aijia::demo::SECRET;
use anyhow::{Context, ensure};
use simulator::openai::{Behaviour, BrokenKind, FakeModel};
use simulator::{Clock, Settings, Simulator};

use crate::configuration::program;
use crate::world::{DESK, FLAGSHIP, XIAOYU};

const APP_SECRET: &str = "CanaryAppSecret0000000000000000000000000001";
const TOKEN: &str = "CanaryCallbackToken0000002";
const AES_KEY: &str = "CanaryAesKey00000000000000000000000000000A3";
const OPENAI_KEY: &str = "sk-canary-openai-0000000000000000004";
/// What the customer, the reviewer and the model say: in the database, never in a log.
const WORDS: [&str; 4] = ["雪豹暗号甲", "雪豹暗号乙", "雪豹暗号丙", "雪豹暗号丁"];
/// Longest wait for anything the program does.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program, its world and where it writes.
struct Day {
    sim: Simulator,
    model: FakeModel,
    folder: tempfile::TempDir,
    served: Child,
    address: String,
}

impl Drop for Day {
    fn drop(&mut self) {
        let _ = self.served.kill();
        let _ = self.served.wait();
    }
}

fn command(folder: &Path, address: &str, sim: &Simulator, model: &FakeModel) -> anyhow::Result<Command> {
    let settings = sim.settings();
    let mut command = Command::new(program()?);
    command.current_dir(folder).env_clear().env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
    command.env("AIJIA_CONFIG", "aijia.toml").env("AIJIA_DATA_DIR", folder.join("data"));
    command.env("AIJIA_LISTEN", address.trim_start_matches("http://")).env("AIJIA_PUBLIC_URL", address);
    command.env("AIJIA_SECRET_KEY", SECRET).env("WECOM_CORP_ID", settings.corp_id);
    command.env("WECOM_AGENT_ID", settings.agent_id.to_string()).env("WECOM_APP_SECRET", APP_SECRET);
    command.env("WECOM_CALLBACK_TOKEN", TOKEN).env("WECOM_CALLBACK_AES_KEY", AES_KEY);
    command.env("WECOM_API_BASE", sim.api_base()).env("OPENAI_BASE_URL", model.base_url());
    command.env("OPENAI_API_KEY", OPENAI_KEY).env("OPENAI_MODEL", "canary-model");
    Ok(command)
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) -> anyhow::Result<()> {
    let began = Instant::now();
    while !holds() {
        ensure!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

impl Day {
    async fn begin() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("aijia.toml"), DESK)?;
        let csv = format!("question,answer\n羊毛衫会起球吗？,轻微起球属正常现象{}。\n", WORDS[3]);
        std::fs::write(folder.path().join("faq.csv"), csv)?;
        let settings = Settings {
            secret: APP_SECRET.to_owned(),
            callback_token: TOKEN.to_owned(),
            callback_aes_key: AES_KEY.to_owned(),
            ..Settings::from_seed(7, Clock::system())
        };
        let sim = Simulator::start(settings).await?;
        for (member, name) in [("LiHua", "李华"), ("ZhaoLiu", "赵柳"), ("WangWu", "王武"), ("ChenJie", "陈杰")]
        {
            sim.add_member(member, name);
        }
        sim.add_customer(XIAOYU, WORDS[0]);
        sim.add_kf_account(FLAGSHIP, "旗舰店");
        sim.add_kf_account("wkDemoOutlet", "奥莱店");
        let said = serde_json::json!({"answer": format!("轻微起球属正常现象{}。", WORDS[3]), "citations": ["p1"]});
        let model = FakeModel::start(Behaviour::Says(said.to_string())).await?;
        let port = tokio::net::TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let address = format!("http://127.0.0.1:{port}");
        let mut import = command(folder.path(), &address, &sim, &model)?;
        let imported =
            import.args(["knowledge", "import", "faq.csv", "--owner", "sunmei", "--kind", "product"]).output()?;
        std::fs::write(folder.path().join("import.log"), [imported.stdout, imported.stderr].concat())?;
        ensure!(imported.status.success(), "the import failed");
        let log = std::fs::File::create(folder.path().join("serve.log"))?;
        let mut serve = command(folder.path(), &address, &sim, &model)?;
        let served = serve.arg("serve").stdout(log.try_clone()?).stderr(log).stdin(Stdio::null()).spawn()?;
        sim.set_callback_url(&format!("{address}/callback/wecom"));
        let day = Self { sim, model, folder, served, address };
        day.answers().await?;
        Ok(day)
    }

    async fn answers(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        while reqwest::get(format!("{}/healthz", self.address)).await.is_err() {
            ensure!(began.elapsed() < PATIENCE, "the program does not serve");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// The newest card of a member that can be pressed: its task and the key of a button.
    fn button(&self, member: &str, act: &str) -> Option<(String, String)> {
        self.sim.inbox(member).into_iter().rev().filter(|item| !item.disabled()).find_map(|item| {
            let card = item.card?;
            let keys = card["button_list"].as_array()?.iter().filter_map(|b| b["key"].as_str());
            let key = keys.map(str::to_owned).find(|key| key.starts_with(&format!("{act}:")))?;
            Some((item.task_id?, key))
        })
    }

    async fn taps(&self, member: &str, act: &str) -> anyhow::Result<()> {
        until(act, || self.button(member, act).is_some()).await?;
        let (task, key) = self.button(member, act).context("a card")?;
        self.sim.tap(member, &task, &key, &[]).await?;
        Ok(())
    }

    fn phone(&self, member: &str) -> String {
        let shown = self.sim.inbox(member).into_iter().map(|item| item.card.map_or(item.text, |card| card.to_string()));
        shown.collect::<Vec<_>>().join("\n")
    }

    /// What a day brings: questions, an edit, refusals, a page, forgeries, a model that fails, a pause.
    async fn passes(&self) -> anyhow::Result<()> {
        self.sim.customer_says(FLAGSHIP, XIAOYU, &format!("羊毛衫会起球吗？{}", WORDS[1])).await?;
        self.taps("LiHua", "edit").await?;
        until("the prompt", || self.phone("LiHua").contains("下一条消息")).await?;
        self.sim.says("LiHua", &format!("亲，轻微起球正常{}。", WORDS[2])).await?;
        until("the new version", || self.phone("LiHua").contains(WORDS[2])).await?;
        self.looks_at_the_page().await?;
        for command in ["/status", "/queue", "/why 1", "/approve 1 xxxx", "/edit", "/evidence 1"] {
            self.sim.says("ZhaoLiu", command).await?;
        }
        self.sim.says("Nobody", "/approve 1").await.ok();
        self.forgeries().await?;
        self.taps("ZhaoLiu", "send").await?;
        until("the reply", || !self.sim.accepted_kf_sends().is_empty()).await?;
        self.sim.says("WangWu", &format!("/pause kf-flagship {}", WORDS[2])).await?;
        self.sim.faults().revoke_tokens();
        for broken in [BrokenKind::Garbage, BrokenKind::Http500, BrokenKind::Prose] {
            let failed = self.model.chats().len();
            self.model.behave(Behaviour::Broken(broken));
            self.sim.customer_says(FLAGSHIP, XIAOYU, &format!("再问一次，羊毛衫会起球吗？{}", WORDS[1])).await?;
            until("the model is asked", || self.model.chats().len() > failed).await?;
        }
        self.sim.says("WangWu", "/resume kf-flagship").await?;
        until("the answer", || self.phone("WangWu").contains("已恢复")).await
    }

    async fn looks_at_the_page(&self) -> anyhow::Result<()> {
        let texts = self.sim.inbox("LiHua").into_iter().map(|item| item.text);
        let link = texts
            .filter(|text| text.contains("?t="))
            .find_map(|text| text.find("http").and_then(|at| text[at..].split_whitespace().next().map(str::to_owned)));
        let link = link.context("LiHua was given a link")?;
        let page = reqwest::get(&link).await?.text().await?;
        ensure!(page.contains(WORDS[1]), "the page shows the customer's words: {link}");
        self.sim.sign_in_as(Some("LiHua"));
        let page = reqwest::get(format!("{}/review/1", self.address)).await?;
        ensure!(page.status().is_success() || page.status().is_client_error());
        Ok(())
    }

    async fn forgeries(&self) -> anyhow::Result<()> {
        let http = reqwest::Client::new();
        for query in ["", "msg_signature=x", &format!("msg_signature={}&timestamp=1&nonce=1", "0".repeat(40))] {
            let url = format!("{}/callback/wecom?{query}", self.address);
            let body = format!("<xml><Encrypt>{}</Encrypt></xml>", "A".repeat(64));
            ensure!(http.post(&url).body(body).send().await?.status() == 400);
            ensure!(http.get(&url).send().await?.status() == 400);
        }
        let metrics = http.get(format!("{}/metrics", self.address)).send().await?.text().await?;
        std::fs::write(self.folder.path().join("metrics.log"), metrics)?;
        Ok(())
    }

    /// What the commands print about it, and the command line as everybody on the machine sees it.
    fn is_looked_into(&self) -> anyhow::Result<()> {
        let process = PathBuf::from(format!("/proc/{}/cmdline", self.served.id()));
        std::fs::copy(process, self.folder.path().join("cmdline.log"))?;
        let commands: [(&str, &[&str]); 6] = [
            ("check", &["check", "--json"]),
            ("verify", &["evidence", "verify"]),
            ("list", &["case", "list"]),
            ("show", &["case", "show", "1"]),
            ("why", &["why", "1"]),
            ("knowledge", &["knowledge", "list"]),
        ];
        for (name, arguments) in commands {
            let output =
                command(self.folder.path(), &self.address, &self.sim, &self.model)?.args(arguments).output()?;
            std::fs::write(self.folder.path().join(format!("{name}.out")), output.stdout)?;
            std::fs::write(self.folder.path().join(format!("{name}.err.log")), output.stderr)?;
        }
        Ok(())
    }
}

/// Every file under a folder, with its content.
fn files(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, found)?;
        } else {
            found.push((path.clone(), std::fs::read(&path)?));
        }
    }
    Ok(())
}

fn holds(content: &[u8], text: &str) -> bool {
    content.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The spellings a secret could slip out in.
fn spellings(secret: &str) -> Vec<String> {
    use base64::Engine as _;
    vec![secret.to_owned(), hex::encode(secret), base64::engine::general_purpose::STANDARD.encode(secret)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_and_customers_words_do_not_get_out() -> anyhow::Result<()> {
    let mut day = Day::begin().await?;
    day.passes().await?;
    day.is_looked_into()?;
    // With the database's log still beside it.
    let mut left = Vec::new();
    files(day.folder.path(), &mut left)?;
    Command::new("kill").args(["-TERM", &day.served.id().to_string()]).status()?;
    day.served.wait()?;
    files(day.folder.path(), &mut left)?;
    for chat in day.model.chats() {
        left.push((PathBuf::from("a request to the model"), chat.to_string().into_bytes()));
    }
    for row in day.sim.ledger() {
        left.push((PathBuf::from("a call of the platform, its token apart"), row.body.to_string().into_bytes()));
    }
    searched(&left)?;
    // The search finds what is there: the words are in the database.
    let database: Vec<_> = left.iter().filter(|(path, _)| path.to_string_lossy().contains("aijia.db")).collect();
    for word in WORDS {
        ensure!(database.iter().any(|(_, content)| holds(content, word)), "{word} is nowhere");
    }
    Ok(())
}

/// Looks for what must not be there.
fn searched(left: &[(PathBuf, Vec<u8>)]) -> anyhow::Result<()> {
    let (mut logged, mut bytes) = (0, 0);
    for (path, content) in left {
        let name = path.to_string_lossy();
        for secret in [APP_SECRET, TOKEN, AES_KEY, OPENAI_KEY, SECRET].iter().flat_map(|secret| spellings(secret)) {
            ensure!(!holds(content, &secret), "{name} holds a secret: {secret}");
        }
        if name.ends_with(".log") {
            for word in WORDS {
                let text = String::from_utf8_lossy(content);
                let line = text.lines().find(|line| line.contains(word)).unwrap_or_default();
                ensure!(line.is_empty(), "{name} holds somebody's words: {line}");
            }
            for forbidden in ["access_token=", "corpsecret=", "panicked", "?t=", "aijia_review=", "msg_signature="] {
                let text = String::from_utf8_lossy(content);
                let line = text.lines().find(|line| line.contains(forbidden)).unwrap_or_default();
                ensure!(line.is_empty(), "{name} holds {forbidden}: {line}");
            }
            logged += content.len();
        }
        bytes += content.len();
    }
    ensure!(logged > 100_000, "everything was logged: {logged} bytes");
    println!("{} files, {bytes} bytes, of them {logged} of logs: secrets 0, somebody's words in logs 0", left.len());
    Ok(())
}
