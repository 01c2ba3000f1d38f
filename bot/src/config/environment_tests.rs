//! Every bad environment has its line, and no line holds a secret.

use secrecy::ExposeSecret;

use super::*;

const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const WECOM: [(&str, &str); 5] = [
    ("WECOM_CORP_ID", "ww5823bf96d3bd56c7"),
    ("WECOM_AGENT_ID", "1000002"),
    ("WECOM_APP_SECRET", "app-secret-value"),
    ("WECOM_CALLBACK_TOKEN", "token-value"),
    ("WECOM_CALLBACK_AES_KEY", AES_KEY),
];
const OPENAI: [(&str, &str); 3] = [
    ("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1/"),
    ("OPENAI_API_KEY", "model-secret-value"),
    ("OPENAI_MODEL", "qwen3"),
];

fn read(vars: &[(&str, &str)]) -> Result<Environment, Vec<String>> {
    // The last value of a name counts, so that a test can overwrite one.
    let find = |name: &str| vars.iter().rev().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    Environment::read(find).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

/// The lines of WeCom's complete settings with one of them replaced.
fn lines_of_wecom_with(name: &str, value: &str) -> Vec<String> {
    read(&[WECOM.as_slice(), &[(name, value)]].concat()).expect_err("accepted")
}

#[test]
fn nothing_set_is_a_program_on_its_own() {
    let environment = read(&[]).unwrap();
    assert_eq!(environment.config, PathBuf::from("aijia.toml"));
    assert_eq!(environment.listen, SocketAddr::from(([127, 0, 0, 1], 8080)));
    assert_eq!(environment.database, Database::Sqlite(PathBuf::from("./data/aijia.db")));
    assert!(environment.public_url.is_none() && environment.secret_key.is_none());
    assert!(environment.wecom.is_none() && environment.openai.is_none());
    assert!(environment.encoder.is_none());
}

#[test]
fn everything_set_is_read() {
    let own = [
        ("AIJIA_CONFIG", "/etc/aijia.toml"),
        ("AIJIA_LISTEN", "[::]:80"),
        ("AIJIA_PUBLIC_URL", " https://aijia.example.com/ "),
        ("AIJIA_DATA_DIR", "/srv/aijia"),
        ("WECOM_API_BASE", "http://127.0.0.1:9000/cgi-bin/"),
        ("WECOM_DUPLICATE_MSGID_CODE", "95013"),
    ];
    let environment = read(&[WECOM.as_slice(), &OPENAI, &own].concat()).unwrap();
    assert_eq!(environment.public_url.as_deref(), Some("https://aijia.example.com"));
    assert_eq!(environment.listen.to_string(), "[::]:80");
    assert_eq!(environment.database, Database::Sqlite(PathBuf::from("/srv/aijia/aijia.db")));
    let wecom = environment.wecom.unwrap();
    assert_eq!((wecom.corp_id.as_str(), wecom.agent_id), ("ww5823bf96d3bd56c7", 1_000_002));
    assert_eq!(wecom.callback.unwrap().aes_key.expose_secret(), AES_KEY);
    assert_eq!(wecom.api_base, "http://127.0.0.1:9000/cgi-bin");
    assert_eq!(wecom.duplicate_msgid_code, Some(95_013));
    let openai = environment.openai.unwrap();
    assert_eq!((openai.base_url.as_str(), openai.model.as_str()), ("http://127.0.0.1:11434/v1", "qwen3"));
}

#[test]
fn wecom_defaults_to_the_official_host() {
    let wecom = read(&WECOM).unwrap().wecom.unwrap();
    assert_eq!(wecom.api_base, "https://qyapi.weixin.qq.com/cgi-bin");
    assert_eq!(wecom.duplicate_msgid_code, None);
}

#[test]
fn half_of_wecom_names_each_missing_variable() {
    let all = "WECOM_CORP_ID, WECOM_AGENT_ID, WECOM_APP_SECRET, WECOM_CALLBACK_TOKEN, WECOM_CALLBACK_AES_KEY, \
               WECOM_API_BASE, WECOM_DUPLICATE_MSGID_CODE";
    for set in WECOM.into_iter().chain([("WECOM_API_BASE", "http://proxy/cgi-bin")]) {
        let missing = WECOM.iter().filter(|(name, _)| *name != set.0).map(|(name, _)| {
            format!("{name}: not set, although {} is; set it, or empty all of WeCom's settings: {all}", set.0)
        });
        assert_eq!(read(&[set]).unwrap_err(), missing.collect::<Vec<_>>());
    }
    let emptied = lines_of_wecom_with("WECOM_APP_SECRET", "  ");
    assert_eq!(emptied.len(), 1);
    assert!(emptied[0].starts_with("WECOM_APP_SECRET: not set, although WECOM_CORP_ID is;"), "{}", emptied[0]);
}

#[test]
fn the_ai_bot_needs_no_callback() {
    let bot = [("WECOM_AIBOT_ID", "aib1"), ("WECOM_AIBOT_SECRET", "aibot-secret-value")];
    let environment = read(&[&WECOM[..3], &bot].concat()).unwrap();
    assert!(environment.wecom.unwrap().callback.is_none());
    assert_eq!(environment.aibot.unwrap().url, aibot::OFFICIAL_URL);
    let both = read(&[WECOM.as_slice(), &bot].concat()).unwrap();
    assert!(both.wecom.unwrap().callback.is_some());
    let half = read(&[&WECOM[..4], &bot].concat()).unwrap_err();
    assert!(half.len() == 1 && half[0].starts_with("WECOM_CALLBACK_AES_KEY: not set"), "{half:?}");
}

#[test]
fn half_of_the_ai_bot_names_what_is_missing() {
    let all = "WECOM_AIBOT_ID, WECOM_AIBOT_SECRET, WECOM_AIBOT_URL";
    let missing = format!(
        "WECOM_AIBOT_SECRET: not set, although WECOM_AIBOT_ID is; set it, or empty all of the AI bot's settings: {all}"
    );
    assert_eq!(read(&[("WECOM_AIBOT_ID", "aib1")]).unwrap_err(), [missing]);
    let bot = [("WECOM_AIBOT_ID", "a"), ("WECOM_AIBOT_SECRET", "s"), ("WECOM_AIBOT_URL", "http://bot.example")];
    let lines = read(&bot).unwrap_err();
    assert!(
        lines.len() == 1 && lines[0].starts_with("WECOM_AIBOT_URL: the AI bot's address must be wss://"),
        "{lines:?}"
    );
}

#[test]
fn half_of_the_model_names_each_missing_variable() {
    let lines = read(&[("OPENAI_API_KEY", "x")]).unwrap_err();
    let todo = "set it, or empty all of the language model's settings: OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL";
    assert_eq!(
        lines,
        ["OPENAI_BASE_URL", "OPENAI_MODEL"].map(|n| format!("{n}: not set, although OPENAI_API_KEY is; {todo}"))
    );
}

#[test]
fn every_bad_value_has_its_line() {
    let web = "is not a web address; write https://HOST or https://HOST/PATH";
    let listen = "AIJIA_LISTEN: is not an address and a port; write it as 127.0.0.1:8080";
    let key = "make one with `openssl rand -hex 32`, or leave it empty";
    for (name, value, line) in [
        ("AIJIA_LISTEN", "8080", listen.to_owned()),
        ("AIJIA_LISTEN", "localhost:8080", listen.to_owned()),
        ("AIJIA_PUBLIC_URL", "aijia.example.com", format!("AIJIA_PUBLIC_URL: {web}")),
        ("AIJIA_PUBLIC_URL", "ftp://aijia.example.com", format!("AIJIA_PUBLIC_URL: {web}")),
        ("AIJIA_PUBLIC_URL", "https://aijia.example.com/?a=b", format!("AIJIA_PUBLIC_URL: {web}")),
        ("AIJIA_SECRET_KEY", "abcd", format!("AIJIA_SECRET_KEY: has 4 characters, must be 64; {key}")),
        (
            "AIJIA_SECRET_KEY",
            "zz00000000000000000000000000000000000000000000000000000000000000",
            format!("AIJIA_SECRET_KEY: has characters other than 0-9 and a-f; {key}"),
        ),
        (
            "DATABASE_URL",
            "mysql://db",
            "DATABASE_URL: names an unknown kind of database; begin it with sqlite:// or postgres://".to_owned(),
        ),
    ] {
        assert_eq!(read(&[(name, value)]).unwrap_err(), [line], "{name}={value}");
    }
}

#[test]
fn every_bad_value_of_wecom_has_its_line() {
    let copy = "copy EncodingAESKey from the app's callback settings";
    for (name, value, line) in [
        ("WECOM_AGENT_ID", "app", "WECOM_AGENT_ID: is not a number; copy the AgentId of the self-built app".to_owned()),
        (
            "WECOM_CALLBACK_AES_KEY",
            &AES_KEY[1..],
            format!("WECOM_CALLBACK_AES_KEY: has 42 characters, must be 43; {copy}"),
        ),
        (
            "WECOM_CALLBACK_AES_KEY",
            "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF=",
            format!("WECOM_CALLBACK_AES_KEY: has characters other than A-Z, a-z and 0-9; {copy}"),
        ),
        (
            "WECOM_API_BASE",
            "qyapi.weixin.qq.com",
            "WECOM_API_BASE: is not a web address; write https://HOST or https://HOST/PATH".to_owned(),
        ),
        (
            "WECOM_DUPLICATE_MSGID_CODE",
            "yes",
            "WECOM_DUPLICATE_MSGID_CODE: is not a number; write the errcode WeCom answered, or leave it empty"
                .to_owned(),
        ),
    ] {
        assert_eq!(lines_of_wecom_with(name, value), [line], "{name}={value}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let vars = [("AIJIA_LISTEN", "x"), ("DATABASE_URL", "x"), ("WECOM_AGENT_ID", "x"), ("WECOM_CALLBACK_AES_KEY", "x")];
    let lines = read(&[WECOM.as_slice(), &vars].concat()).unwrap_err();
    let names: Vec<_> = lines.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(names, ["AIJIA_LISTEN", "DATABASE_URL", "WECOM_AGENT_ID", "WECOM_CALLBACK_AES_KEY"]);
}

#[test]
fn an_encoder_is_here_or_on_a_server() {
    let encoder = |vars: &[(&str, &str)]| read(vars).map(|environment| environment.encoder);
    assert!(encoder(&[]).unwrap().is_none());
    assert!(
        matches!(encoder(&[("AIJIA_ENCODER", "/srv/use")]), Ok(Some(Encoder::Folder(folder))) if folder == std::path::Path::new("/srv/use"))
    );
    let server = [("OPENAI_BASE_URL", "https://a.example/v1"), ("OPENAI_API_KEY", "k"), ("OPENAI_MODEL", "m")];
    let by_server = [&server[..], &[("OPENAI_EMBEDDING_MODEL", "bge-m3")]].concat();
    let Ok(Some(Encoder::Server(openai))) = encoder(&by_server) else { panic!("no server") };
    assert_eq!((openai.base_url.as_str(), openai.model.as_str()), ("https://a.example/v1", "bge-m3"));
    let own = [("OPENAI_EMBEDDING_BASE_URL", "http://127.0.0.1:9000/v1"), ("OPENAI_EMBEDDING_API_KEY", "k")];
    let by_own = [&by_server[..], &own[..]].concat();
    let Ok(Some(Encoder::Server(openai))) = encoder(&by_own) else { panic!("no server") };
    assert_eq!(openai.base_url, "http://127.0.0.1:9000/v1");
    for wrong in [
        &[("OPENAI_EMBEDDING_MODEL", "bge-m3")][..],
        &[("OPENAI_EMBEDDING_API_KEY", "k")],
        &[by_own[3], by_own[4], by_own[5], ("AIJIA_ENCODER", "/srv/use")],
    ] {
        assert_eq!(encoder(wrong).unwrap_err().len(), 1, "{wrong:?}");
    }
}

#[test]
fn no_secret_is_ever_shown() {
    let own = [
        ("AIJIA_SECRET_KEY", "5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2"),
        ("DATABASE_URL", "postgres://aijia:database-secret@db/aijia"),
    ];
    let environment = read(&[WECOM.as_slice(), &OPENAI, &own].concat()).unwrap();
    let shown = format!("{environment:#?}");
    for secret in ["app-secret", "token-value", AES_KEY, "model-secret", "database-secret", "5ec2e7"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("ww5823bf96d3bd56c7"), "what is no secret is shown");
}

#[test]
fn a_secret_in_the_wrong_line_is_not_repeated() {
    for name in ["AIJIA_LISTEN", "AIJIA_PUBLIC_URL", "AIJIA_SECRET_KEY", "DATABASE_URL"] {
        let lines = read(&[(name, "misplaced-secret")]).unwrap_err();
        assert!(!lines.concat().contains("misplaced"), "{lines:?}");
    }
    for name in ["WECOM_AGENT_ID", "WECOM_CALLBACK_AES_KEY", "WECOM_API_BASE", "WECOM_DUPLICATE_MSGID_CODE"] {
        assert!(!lines_of_wecom_with(name, "misplaced-secret").concat().contains("misplaced"));
    }
}

/// Every variable of the program, as the example file must name it.
fn every_variable() -> impl Iterator<Item = &'static str> {
    let own =
        ["AIJIA_CONFIG", "AIJIA_LISTEN", "AIJIA_PUBLIC_URL", "AIJIA_DATA_DIR", "AIJIA_SECRET_KEY", "DATABASE_URL"];
    own.into_iter()
        .chain(["RUST_LOG", "AIJIA_LOG"])
        .chain(WECOM_NEEDED)
        .chain(WECOM_OPTIONAL)
        .chain(AIBOT_NEEDED)
        .chain(AIBOT_OPTIONAL)
        .chain([WEBHOOK_SECRETS, STORE_API_KEYS, STORE_TRACKING_KEYS])
        .chain(TELEGRAM_NEEDED)
        .chain(TELEGRAM_OPTIONAL)
        .chain(OFFICIAL_NEEDED)
        .chain(OFFICIAL_OPTIONAL)
        .chain(OPENAI_NEEDED)
        .chain(["AIJIA_ENCODER", "AIJIA_CHROMIUM", "AIJIA_FONT"])
        .chain(EMBEDDING)
        .chain(VISION)
        .chain(TRANSCRIPTION)
}

#[test]
fn the_example_documents_every_variable_and_no_other() {
    let example = include_str!("../../../.env.example");
    let mut documented = Vec::new();
    let mut comment = false;
    for line in example.lines() {
        if let Some((name, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            documented.push(name);
        } else {
            comment = comment || line.starts_with("# ");
        }
    }
    assert!(comment);
    let (mut expected, mut found): (Vec<_>, Vec<_>) = (every_variable().collect(), documented);
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn the_example_works_as_it_is() {
    let example = include_str!("../../../.env.example");
    let vars: Vec<_> =
        example.lines().filter(|line| !line.starts_with('#')).filter_map(|l| l.split_once('=')).collect();
    read(&vars).unwrap();
}

#[test]
fn instances_that_share_a_database_share_a_secret() {
    let shared = [("DATABASE_URL", "postgres://aijia:secret@db/aijia")];
    let read = |name: &str| shared.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    let errors = Environment::read(read).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().starts_with("AIJIA_SECRET_KEY: not set, although DATABASE_URL"), "{}", errors[0]);
}
