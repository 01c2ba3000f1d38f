//! Twelve ways to pass for somebody, tried on a person of each role: nothing is decided in their name.

use std::collections::BTreeMap;
use std::time::Duration;

use aijia::evidence::Kind;
use aijia::{config, http, start};
use anyhow::{Context, ensure};
use cards::{Act, Key};
use channels::wecom::crypt::Crypt;

use super::{Dice, Sealed, tap_xml};
use crate::world::{Browser, FLAGSHIP, OUTLET, On, Page, Setting, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";
/// The members attacked, each with the id in the configuration and what they are.
const VICTIMS: [(&str, &str, &str); 7] = [
    ("LiHua", "lihua", "reviewer"),
    ("ZhaoLiu", "zhaoliu", "owner of the channel"),
    ("WangWu", "wangwu", "escalation owner"),
    ("ZhuGuan", "zhuguan", "supervisor"),
    ("ChenJie", "chenjie", "admin"),
    ("SunMei", "sunmei", "knowledge owner"),
    ("ZhouYi", "zhouyi", "auditor"),
];
/// The attacker: a colleague with a browser and an account, who reviews another channel.
const ATTACKER: &str = "Mallory";

/// The configuration, without the person of this id.
fn desk(without: &str) -> String {
    let people = [
        ("lihua", "LiHua", "reviewer"),
        ("zhaoliu", "ZhaoLiu", "reviewer"),
        ("wangwu", "WangWu", "supervisor"),
        ("zhuguan", "ZhuGuan", "supervisor"),
        ("chenjie", "ChenJie", "admin"),
        ("sunmei", "SunMei", "knowledge_owner"),
        ("zhouyi", "ZhouYi", "auditor"),
        ("mallory", "Mallory", "reviewer"),
        ("root", "Root", "admin"),
    ];
    let person = |(id, wecom, role): &(&str, &str, &str)| {
        format!("[[people]]\nid = \"{id}\"\nname = \"{id}\"\nwecom = \"{wecom}\"\nroles = [\"{role}\"]\n")
    };
    let people: String = people.iter().filter(|(id, ..)| *id != without).map(person).collect();
    let or_root = |id: &'static str| if id == without { "root" } else { id };
    let channel = |id: &str, account: &str, store: &str, [owner, permitted, above]: [&str; 3]| {
        format!(
            "[[channels]]\nid = \"{id}\"\nkind = \"wecom_kf\"\naccount = \"{account}\"\nstore = \"{store}\"\n\
             owner = \"{owner}\"\npermitted = [\"{permitted}\"]\nescalation_owner = \"{above}\"\nmode = \"draft\"\n\
             allowed_actions = [\"reply\"]\n"
        )
    };
    let flagship = [or_root("zhaoliu"), or_root("lihua"), or_root("wangwu")];
    let flagship = channel("kf-flagship", FLAGSHIP, "flagship", flagship);
    let outlet = channel("kf-outlet", OUTLET, "outlet", ["mallory", "mallory", "root"]);
    format!("{people}{flagship}{outlet}")
}

/// Who is attacked, and the browsers both had before.
struct Scene<'a> {
    world: &'a mut World,
    member: &'static str,
    person: &'static str,
}

impl Scene<'_> {
    async fn signs_in(&mut self, member: &str, number: i64) -> anyhow::Result<(Browser, Page)> {
        self.world.sim.sign_in_as(Some(member));
        let mut browser = self.world.browser(member)?;
        let page = browser.get(&format!("{}/review/{number}", self.world.address)).await?;
        self.world.sim.sign_in_as(None);
        Ok((browser, page))
    }

    /// A link as 改 gives it to the victim, for the version that is `ahead` of the case's.
    async fn link(&self, ahead: i64) -> anyhow::Result<String> {
        let mut case = self.world.case(1).await?;
        case.version += ahead;
        let (app, person) = (self.world.app.clone(), self.person);
        let given = self
            .world
            .app
            .store
            .commit(move |tx| Box::pin(async move { http::give_link(tx, &app, person, &case).await }));
        given.await?.context("there is a public address")
    }

    /// A form filled in by hand, with what anybody who saw the card knows.
    async fn fields(&self, csrf: &str, token: &str) -> anyhow::Result<BTreeMap<String, String>> {
        let case = self.world.case(1).await?;
        let pairs = [
            ("part1", "全额退款，已打到您账上。"),
            ("version", &case.version.to_string()),
            ("code", &case.code()),
            ("csrf", csrf),
            ("t", token),
        ];
        Ok(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Hands a form in to both addresses.
    async fn hands_in(&self, browser: &mut Browser, csrf: &str, token: &str) -> anyhow::Result<Vec<Page>> {
        let fields = self.fields(csrf, token).await?;
        let mut answers = Vec::new();
        for form in ["send", "edit"] {
            answers.push(browser.post(&format!("{}/review/1/{form}", self.world.address), &fields).await?);
        }
        Ok(answers)
    }

    async fn sends_only(&self, browser: &mut Browser, csrf: &str, token: &str) -> anyhow::Result<Vec<Page>> {
        let fields = self.fields(csrf, token).await?;
        Ok(vec![browser.post(&format!("{}/review/1/send", self.world.address), &fields).await?])
    }

    /// A form's token on a page, or one that is none.
    fn csrf(page: &Page) -> String {
        page.form("/edit").ok().and_then(|(_, fields)| fields.get("csrf").cloned()).unwrap_or_else(|| "0".repeat(64))
    }

    /// The card of a case on the phone of whoever has one, and the key of its 发送.
    fn card(&self, number: i64, member: &str) -> anyhow::Result<(String, String)> {
        let card = self.world.card_of(member, number)?;
        Ok((card.task_id.clone(), card.key(Act::Send)?))
    }

    async fn forged_tap(&self, crypt: &Crypt, from: &str, task: &str, key: &str) -> anyhow::Result<u16> {
        let (time, xml) = ((self.world.clock.now() / 1000).to_string(), tap_xml(from, task, key));
        let sealed = crypt.seal(xml.as_bytes(), Dice::seeded(9).bytes16(), &time, "4711");
        let query = format!("msg_signature={}&timestamp={time}&nonce=4711", sealed.msg_signature);
        let body = format!("<xml><Encrypt>{}</Encrypt></xml>", sealed.encrypt);
        let url = format!("{}/callback/wecom?{query}", self.world.address);
        Ok(reqwest::Client::new().post(url).body(body).send().await?.status().as_u16())
    }
}

/// The victim passes a link on; the attacker, signed in as themself, opens and uses it.
async fn forwarded_link(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let url = scene.link(0).await?;
    let token = url.split("?t=").nth(1).unwrap_or_default().to_owned();
    let (mut attacker, _) = scene.signs_in(ATTACKER, 2).await?;
    let page = attacker.get(&url).await?;
    ensure!(page.status == 403 && !page.html.contains("起球"), "{}", page.html);
    scene.hands_in(&mut attacker, &Scene::csrf(&page), &token).await.map(drop)
}

/// The attacker reads a link over a shoulder: it may open, it never approves.
async fn stolen_link(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let url = scene.link(0).await?;
    let mut attacker = scene.world.browser("")?;
    let page = attacker.get(&url).await?;
    let token = url.split("?t=").nth(1).unwrap_or_default().to_owned();
    ensure!(!page.has_form("/send"), "a link never approves");
    for answer in scene.sends_only(&mut attacker, &Scene::csrf(&page), &token).await? {
        ensure!(answer.status == 401, "{}: {}", answer.status, answer.html);
    }
    Ok(())
}

/// A sign-in code of the victim that was used once, in a browser that began a sign-in of its own.
async fn replayed_code(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let code = scene.world.sim.oauth_code(scene.member);
    let wecom = scene.world.app.wecom.as_ref().context("WeCom")?;
    channels::wecom::oauth::userid(&wecom.api, &code).await?;
    let mut attacker = scene.world.browser("")?;
    let away = attacker.location(&format!("{}/review/1", scene.world.address)).await?;
    let state =
        url::Url::parse(&away)?.query_pairs().find(|(name, _)| name == "state").context("a state")?.1.into_owned();
    let page =
        attacker.get(&format!("{}/review/oauth/callback?code={code}&state={state}", scene.world.address)).await?;
    ensure!(page.status == 401 && !page.html.contains("起球"), "{}: {}", page.status, page.html);
    Ok(())
}

/// A fresh code of the victim, with a state that was given to another browser.
async fn swapped_state(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let (mut victim, mut attacker) = (scene.world.browser("")?, scene.world.browser("")?);
    let address = format!("{}/review/1", scene.world.address);
    let (theirs, _) = (victim.location(&address).await?, attacker.location(&address).await?);
    let state =
        url::Url::parse(&theirs)?.query_pairs().find(|(name, _)| name == "state").context("a state")?.1.into_owned();
    let code = scene.world.sim.oauth_code(scene.member);
    let page =
        attacker.get(&format!("{}/review/oauth/callback?code={code}&state={state}", scene.world.address)).await?;
    ensure!(page.status == 401 && !page.html.contains("起球"), "{}: {}", page.status, page.html);
    Ok(())
}

/// The victim left the company; a browser of theirs is still signed in, a link is still fresh.
async fn left_the_company(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let (mut browser, page) = scene.signs_in(scene.member, 1).await?;
    let url = scene.link(0).await?;
    scene.becomes(scene.person).await?;
    for answer in [browser.get(&page.url).await?, browser.get(&url).await?] {
        ensure!(answer.status == 403 && !answer.html.contains("起球"), "{}: {}", answer.status, answer.html);
    }
    scene.hands_in(&mut browser, &Scene::csrf(&page), "").await?;
    scene.world.member_says(scene.member, &format!("/approve 1 {}", scene.world.case(1).await?.code())).await?;
    scene.becomes("nobody").await
}

impl Scene<'_> {
    /// Puts the configuration without one person in force.
    async fn becomes(&mut self, without: &str) -> anyhow::Result<()> {
        let desk = config::parse_desk(&desk(without), "aijia.toml").map_err(|e| anyhow::anyhow!("{e:?}"))?;
        let label = format!("without {without}, {}", self.member);
        start::apply_desk(&self.world.app, desk, label).await?;
        self.world.settle().await
    }
}

/// The form of one device with the cookie of another.
async fn two_devices(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let (_, first) = scene.signs_in(scene.member, 1).await?;
    scene.world.wait(Duration::from_secs(1)).await?;
    let (mut second, _) = scene.signs_in(scene.member, 1).await?;
    for answer in scene.hands_in(&mut second, &Scene::csrf(&first), "").await? {
        ensure!(answer.status == 403, "{}: {}", answer.status, answer.html);
    }
    Ok(())
}

/// The attacker's own session, with the victim's form.
async fn another_persons_session(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let (_, theirs) = scene.signs_in(scene.member, 1).await?;
    let (mut attacker, _) = scene.signs_in(ATTACKER, 2).await?;
    for answer in scene.hands_in(&mut attacker, &Scene::csrf(&theirs), "").await? {
        ensure!(answer.status == 403, "{}: {}", answer.status, answer.html);
    }
    Ok(())
}

/// Taps in the victim's name under keys that are not the company's, and a guessed code from the attacker's own phone.
async fn forged_key(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let (task, key) = scene.card(1, "LiHua")?;
    let settings = scene.world.sim.settings();
    let other = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
    for (token, aes, corp) in [
        ("AnotherToken", other, settings.corp_id.as_str()),
        (settings.callback_token.as_str(), other, settings.corp_id.as_str()),
        (settings.callback_token.as_str(), settings.callback_aes_key.as_str(), "ww0another0corp"),
    ] {
        let status = scene.forged_tap(&Crypt::new(token, aes, corp)?, scene.member, &task, &key).await?;
        ensure!(status == 400, "{status}");
    }
    let mut guessed = Key::parse(&key)?;
    guessed.code = if guessed.code == "2222" { "3333".into() } else { "2222".into() };
    let app = scene.world.app.clone();
    let crypt = app.wecom.as_ref().and_then(|wecom| wecom.crypt.as_ref()).context("WeCom")?;
    for (from, key) in [(ATTACKER, key), (scene.member, guessed.encode())] {
        ensure!(scene.forged_tap(crypt, from, &task, &key).await? == 200);
    }
    scene.world.settle().await
}

/// The victim's card of one case, with the key of another.
async fn key_of_another_case(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let ((_, key), (task, _)) = (scene.card(1, "LiHua")?, scene.card(2, ATTACKER)?);
    let xml = tap_xml(scene.member, &task, &key);
    let mut dice = Dice::seeded(u64::try_from(scene.world.clock.now())?);
    ensure!(Sealed::new(scene.world, &mut dice, &xml)?.arrives(scene.world).await? == 200);
    scene.world.settle().await
}

/// A link for another version than the one that waits.
async fn link_for_another_version(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    for ahead in [-1, 1] {
        let url = scene.link(ahead).await?;
        let token = url.split("?t=").nth(1).unwrap_or_default().to_owned();
        let mut browser = scene.world.browser("")?;
        let page = browser.get(&url).await?;
        scene.hands_in(&mut browser, &Scene::csrf(&page), &token).await?;
    }
    Ok(())
}

/// A page of the attacker's makes the victim's browser hand a form in.
async fn without_the_form_token(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let (mut browser, page) = scene.signs_in(scene.member, 1).await?;
    for csrf in ["", "0", &"0".repeat(64), &page.url] {
        for answer in scene.hands_in(&mut browser, csrf, "").await? {
            ensure!(answer.status == 403, "{}: {}", answer.status, answer.html);
        }
    }
    let mut fields = scene.fields("", "").await?;
    fields.remove("csrf");
    let answer = browser.post(&format!("{}/review/1/send", scene.world.address), &fields).await?;
    ensure!(answer.status == 400, "{}", answer.status);
    Ok(())
}

/// Nothing was decided in anybody's name, and the customer heard nothing.
async fn nothing_was_decided(world: &mut World) -> anyhow::Result<()> {
    world.settle().await?;
    for kind in [Kind::Decided, Kind::Edited, Kind::Rejected, Kind::Escalated, Kind::TakenOver, Kind::Resumed] {
        ensure!(!world.recorded_anywhere(kind).await?, "{kind} is on record");
    }
    ensure!(world.customer_heard(XIAOYU).is_empty() && world.sim.accepted_kf_sends().is_empty());
    Ok(())
}

/// Runs one attack on everybody.
macro_rules! tried_on_all {
    ($world:ident, $tried:ident, $($attack:ident),*) => {$(
        for (member, person, role) in VICTIMS {
            let mut scene = Scene { world: &mut $world, member, person };
            let attack = concat!(stringify!($attack), " on the ");
            $attack(&mut scene).await.with_context(|| format!("{attack}{role}"))?;
            nothing_was_decided(&mut $world).await.with_context(|| format!("{attack}{role}"))?;
            $tried += 1;
        }
    )*};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_passes_for_somebody() -> anyhow::Result<()> {
    let mut world = World::open(On::Sqlite, Setting::desk(desk("nobody"))).await?.context("SQLite is always there")?;
    ["ZhuGuan", "ZhouYi", ATTACKER, "Root"].iter().for_each(|member| world.sim.add_member(member, member));
    world.customer_says(FACT).await?;
    world.says(OUTLET, "wmAqiang", FACT).await?;
    let mut tried = 0;
    tried_on_all!(
        world,
        tried,
        forwarded_link,
        stolen_link,
        replayed_code,
        swapped_state,
        two_devices,
        another_persons_session,
        forged_key,
        key_of_another_case,
        link_for_another_version,
        without_the_form_token,
        left_the_company
    );
    tried += expired(&mut world).await?;
    println!("{tried} attempts to pass for somebody (12 ways, 7 roles): succeeded 0");
    ensure!(tried == 84);
    Ok(())
}

/// Sign-ins of eight hours ago, links of ten minutes ago.
async fn expired(world: &mut World) -> anyhow::Result<usize> {
    let mut kept = Vec::new();
    for (member, person, _) in VICTIMS {
        let mut scene = Scene { world, member, person };
        let (browser, page) = scene.signs_in(member, 1).await?;
        kept.push((member, person, browser, page, scene.link(0).await?));
    }
    world.wait(Duration::from_secs(8 * 3600)).await?;
    let tried = kept.len();
    for (member, person, mut browser, page, url) in kept {
        let scene = Scene { world, member, person };
        let token = url.split("?t=").nth(1).unwrap_or_default().to_owned();
        for (csrf, token) in [(Scene::csrf(&page), ""), ("0".repeat(64), token.as_str())] {
            for answer in scene.hands_in(&mut browser, &csrf, token).await? {
                ensure!(matches!(answer.status, 401 | 403 | 410), "{member}: {} {}", answer.status, answer.html);
            }
        }
        nothing_was_decided(world).await.with_context(|| format!("an old sign-in of {member}"))?;
    }
    Ok(tried)
}

/// What every page and cookie carries.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_cookies_are_locked_down() -> anyhow::Result<()> {
    let mut world = World::open(On::Sqlite, Setting::desk(desk("nobody"))).await?.context("SQLite is always there")?;
    world.customer_says(FACT).await?;
    let url = Scene { world: &mut world, member: "LiHua", person: "lihua" }.link(0).await?;
    let (base, token) = url.split_once("?t=").context("a link with a token")?;
    ensure!(token.len() * 4 >= 128, "a link cannot be guessed");
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    for address in
        [url.as_str(), base, &format!("{}/review/page.css", world.address), &format!("{}/healthz", world.address)]
    {
        let answer = http.get(address).send().await?;
        let header =
            |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        ensure!(
            header("referrer-policy") == "no-referrer" && header("x-content-type-options") == "nosniff",
            "{address}"
        );
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str()?;
            ensure!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"), "{cookie}");
        }
        if header("content-type").starts_with("text/html") {
            let policy = header("content-security-policy");
            for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
                ensure!(policy.contains(part), "{part} is not in {policy}");
            }
            ensure!(!policy.contains("script-src") && !policy.contains("unsafe"), "no script at all: {policy}");
        }
    }
    Ok(())
}
