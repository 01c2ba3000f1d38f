//! Forged callbacks: nothing is accepted but what was sealed with the company's keys, and every refusal looks the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use aes::Aes256;
use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use anyhow::{Context, ensure};
use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use channels::wecom::crypt::Crypt;
use sha1::{Digest, Sha1};

use super::{Answer, Dice, Sealed, ask, runs, text_xml};
use crate::world::{On, Setting, World};

/// A request that may or may not be one of WeCom's.
struct Forged {
    how: &'static str,
    method: Method,
    query: Vec<(String, String)>,
    body: String,
}

impl Forged {
    fn of(genuine: &Sealed, how: &'static str) -> Self {
        let pairs =
            [("msg_signature", &genuine.signature), ("timestamp", &genuine.timestamp), ("nonce", &genuine.nonce)];
        let query = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        Self { how, method: Method::POST, query, body: genuine.body() }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        if let Some(pair) = self.query.iter_mut().find(|(known, _)| known == name) {
            pair.1 = value.into();
        }
        self
    }

    fn encrypt(mut self, encrypt: &str) -> Self {
        self.body = format!("<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>");
        self
    }

    fn request(&self) -> anyhow::Result<Request<Body>> {
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        let uri = format!("/callback/wecom?{}", query.join("&"));
        Ok(Request::builder().method(self.method.clone()).uri(uri).body(Body::from(self.body.clone()))?)
    }
}

fn percent(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// What the forger has in hand: callbacks that were delivered, and keys that are not the company's.
struct Workshop<'a> {
    dice: Dice,
    genuine: &'a [Sealed],
    strangers: Vec<Crypt>,
    token: String,
    key: [u8; 32],
    corp: String,
}

/// Every way to make one, by the property it attacks.
fn ways<'g>() -> [fn(&mut Workshop<'g>) -> Forged; 16] {
    [
        Workshop::flips_a_bit,
        Workshop::spoils_the_signature,
        Workshop::spoils_the_time,
        Workshop::spoils_the_nonce,
        Workshop::splits_anew,
        Workshop::moves_blocks_into_the_nonce,
        Workshop::moves_the_nonce_into_the_text,
        Workshop::swaps,
        Workshop::signs_with_other_keys,
        Workshop::doubles_a_parameter,
        Workshop::leaves_one_out,
        Workshop::breaks_the_layout,
        Workshop::spells_base64_otherwise,
        Workshop::cuts,
        Workshop::wraps_otherwise,
        Workshop::asks_for_an_echo,
    ]
}

impl<'g> Workshop<'g> {
    fn one(&mut self) -> &'g Sealed {
        &self.genuine[self.dice.below(self.genuine.len())]
    }

    fn flips_a_bit(&mut self) -> Forged {
        let at = self.dice.next();
        let genuine = self.one();
        let mut bytes = STANDARD.decode(&genuine.encrypt).unwrap_or_default();
        let bit = usize::try_from(at >> 8).unwrap_or(0) % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        Forged::of(genuine, "a bit of the ciphertext").encrypt(&STANDARD.encode(bytes))
    }

    fn spoils_the_signature(&mut self) -> Forged {
        let (at, digit, shape) = (self.dice.below(40), *self.dice.of(b"0123456789abcdef"), self.dice.below(5));
        let genuine = self.one();
        let mut spoilt = genuine.signature.clone().into_bytes();
        spoilt[at] = if spoilt[at] == digit { b'g' } else { digit };
        let spoilt = String::from_utf8_lossy(&spoilt).into_owned();
        let spoilt = match shape {
            0 => genuine.signature.to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"),
            1 => genuine.signature[..at].to_owned(),
            2 => format!("{}0", genuine.signature),
            _ => spoilt,
        };
        Forged::of(genuine, "the signature").with("msg_signature", spoilt)
    }

    fn spoils_the_time(&mut self) -> Forged {
        let (shift, shape) = (1 + self.dice.below(100_000), self.dice.below(7));
        let genuine = self.one();
        let time: i64 = genuine.timestamp.parse().unwrap_or_default();
        let shift = i64::try_from(shift).unwrap_or(1);
        let spoilt = match shape {
            0 => (time + shift).to_string(),
            1 => (time - shift).to_string(),
            2 => format!("0{time}"),
            3 => format!("+{time}"),
            4 => format!("{time} "),
            5 => genuine.timestamp.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c)).collect(),
            _ => format!("{time}\0"),
        };
        Forged::of(genuine, "the timestamp").with("timestamp", spoilt)
    }

    fn spoils_the_nonce(&mut self) -> Forged {
        let (draw, shape) = (self.dice.next(), self.dice.below(6));
        let genuine = self.one();
        let nonce = &genuine.nonce;
        let spoilt = match shape {
            0 => draw.to_string(),
            1 => String::new(),
            2 => format!("{nonce}{}", "0".repeat(33)),
            3 => format!("{nonce} "),
            4 => format!("{nonce}\u{0}"),
            _ => nonce.chars().rev().chain(['x']).collect(),
        };
        Forged::of(genuine, "the nonce").with("nonce", spoilt)
    }

    /// The signature is over a plain concatenation: the border between time and nonce can lie anywhere.
    fn splits_anew(&mut self) -> Forged {
        let (draw, swapped) = (self.dice.next(), self.dice.below(2) == 0);
        let genuine = self.one();
        let both = if swapped {
            format!("{}{}", genuine.nonce, genuine.timestamp)
        } else {
            format!("{}{}", genuine.timestamp, genuine.nonce)
        };
        let at = usize::try_from(draw >> 8).unwrap_or(0) % (both.len() + 1);
        let (first, second) = both.split_at(at);
        let (time, nonce) = if swapped { (second, first) } else { (first, second) };
        let known = time == genuine.timestamp && nonce == genuine.nonce;
        // The same split again is no forgery.
        let nonce = if known { format!("{nonce}0") } else { nonce.to_owned() };
        Forged::of(genuine, "the border between time and nonce").with("timestamp", time).with("nonce", nonce)
    }

    fn moves_blocks_into_the_nonce(&mut self) -> Forged {
        let moved = [1, 4, 16, 20, 22, 24, 64, 128][self.dice.below(8)];
        let genuine = self.one();
        let (front, rest) = genuine.encrypt.split_at(moved.min(genuine.encrypt.len()));
        let nonce = format!("{}{front}", genuine.nonce);
        Forged::of(genuine, "blocks into the nonce").with("nonce", nonce).encrypt(rest)
    }

    fn moves_the_nonce_into_the_text(&mut self) -> Forged {
        let moved = 1 + self.dice.below(9);
        let genuine = self.one();
        let (kept, moved) = genuine.nonce.split_at(genuine.nonce.len() - moved);
        Forged::of(genuine, "the nonce into the ciphertext")
            .with("nonce", kept)
            .encrypt(&format!("{moved}{}", genuine.encrypt))
    }

    fn swaps(&mut self) -> Forged {
        let (first, step) = (self.dice.below(self.genuine.len()), 1 + self.dice.below(self.genuine.len() - 1));
        let other = &self.genuine[(first + step) % self.genuine.len()];
        let (a, field) = (&self.genuine[first], self.dice.below(2));
        let forged = Forged::of(a, "one callback's signature on another's text");
        if field == 0 { forged.encrypt(&other.encrypt) } else { forged.with("msg_signature", other.signature.clone()) }
    }

    fn signs_with_other_keys(&mut self) -> Forged {
        let (which, random, id) = (self.dice.below(self.strangers.len()), self.dice.bytes16(), self.dice.next());
        let xml = text_xml("WangWu", id, "/resume all");
        let genuine = &self.genuine[which % self.genuine.len()];
        let sealed = self.strangers[which].seal(xml.as_bytes(), random, &genuine.timestamp, &genuine.nonce);
        Forged::of(genuine, "somebody else's keys").with("msg_signature", sealed.msg_signature).encrypt(&sealed.encrypt)
    }

    fn doubles_a_parameter(&mut self) -> Forged {
        let names = ["msg_signature", "timestamp", "nonce", "%6Eonce", "timestam%70"];
        let (name, same, front) = (*self.dice.of(&names), self.dice.below(2) == 0, self.dice.below(2) == 0);
        let genuine = self.one();
        let mut forged = Forged::of(genuine, "a parameter twice");
        let value = if same { forged.query[2].1.clone() } else { "0".to_owned() };
        let at = if front { 0 } else { forged.query.len() };
        forged.query.insert(at, (name.to_owned(), value));
        forged
    }

    fn leaves_one_out(&mut self) -> Forged {
        let at = self.dice.below(3);
        let (rename, genuine) = (self.dice.below(2) == 0, self.dice.below(self.genuine.len()));
        let mut forged = Forged::of(&self.genuine[genuine], "a parameter missing");
        if rename {
            forged.query[at].0 = forged.query[at].0.to_uppercase();
        } else {
            forged.query.remove(at);
        }
        forged
    }

    /// Somebody who learnt both keys and writes the layout wrongly: even then, only the layout is accepted.
    fn breaks_the_layout(&mut self) -> Forged {
        let shape = self.dice.below(9);
        let mut plain = self.dice.bytes16().to_vec();
        let message = b"<xml><MsgType>text</MsgType></xml>";
        let length = message.len() as u32;
        plain
            .extend([length, length, length + 1, length - 1, u32::MAX, length, length, length, 0][shape].to_be_bytes());
        plain.extend(message);
        plain.extend(if shape == 5 { b"ww0other0corp0id00" } else { self.corp.as_bytes() });
        plain.extend(if shape == 6 { &b"\0"[..] } else { b"" });
        let pad = 32 - plain.len() % 32;
        let last = match shape {
            0 => 0,
            1 => 33,
            7 => pad as u8 ^ 0x80,
            _ => pad as u8,
        };
        plain.resize(plain.len() + pad, last);
        // A receiver that fits by chance of the shape would be genuine: shape 8 says that the message is empty.
        let encrypt = self.encrypted(&plain);
        let genuine = &self.genuine[shape];
        let signature = self.signed(&genuine.timestamp, &genuine.nonce, &encrypt);
        Forged::of(genuine, "the layout inside, with the right keys").with("msg_signature", signature).encrypt(&encrypt)
    }

    fn encrypted(&self, plain: &[u8]) -> String {
        let mut iv = [0; 16];
        iv.copy_from_slice(&self.key[..16]);
        let encryptor = cbc::Encryptor::<Aes256>::new(&self.key.into(), &iv.into());
        STANDARD.encode(encryptor.encrypt_padded_vec::<NoPadding>(plain))
    }

    fn signed(&self, timestamp: &str, nonce: &str, encrypt: &str) -> String {
        let mut parts = [self.token.as_str(), timestamp, nonce, encrypt];
        parts.sort_unstable();
        hex::encode(Sha1::digest(parts.concat()))
    }

    /// Other spellings of the same bytes would get around the list of callbacks seen; signed properly, to get there.
    fn spells_base64_otherwise(&mut self) -> Forged {
        let (shape, genuine) = (self.dice.below(5), self.dice.below(self.genuine.len()));
        let genuine = &self.genuine[genuine];
        let text = &genuine.encrypt;
        let spelled = match shape {
            0 if text.ends_with('=') => text.trim_end_matches('=').to_owned(),
            0 | 1 => format!("{text}="),
            2 => format!("{} {}", &text[..4], &text[4..]),
            3 => format!("{text}AAAA"),
            _ => format!("{}\n{}", &text[..64], &text[64..]),
        };
        let signature = self.signed(&genuine.timestamp, &genuine.nonce, &spelled);
        let forged = Forged::of(genuine, "base64 spelt otherwise, with the right signature");
        forged.with("msg_signature", signature).encrypt(&spelled)
    }

    fn cuts(&mut self) -> Forged {
        let draw = self.dice.next();
        let genuine = self.one();
        let at = usize::try_from(draw >> 8).unwrap_or(0) % genuine.encrypt.len();
        Forged::of(genuine, "a piece of the ciphertext").encrypt(&genuine.encrypt[..at])
    }

    fn wraps_otherwise(&mut self) -> Forged {
        let shape = self.dice.below(7);
        let genuine = self.one();
        let one = format!("<Encrypt>{}</Encrypt>", genuine.encrypt);
        let mut forged = Forged::of(genuine, "the envelope");
        forged.body = match shape {
            0 => format!("<xml>{one}{one}</xml>"),
            1 => format!("<xml><a>{one}</a></xml>"),
            2 => format!("<!DOCTYPE x><xml>{one}</xml>"),
            3 => format!("<xml><!-- -->{one}</xml>"),
            4 => format!("<xml>{one}</xml><xml>{one}</xml>"),
            5 => format!("<xml>{}", one),
            _ => String::new(),
        };
        forged
    }

    /// A callback's ciphertext as the `echostr` of a URL check: it would be read out to whoever asks.
    fn asks_for_an_echo(&mut self) -> Forged {
        let genuine = self.one();
        let mut forged = Forged::of(genuine, "a callback as a URL check");
        forged.method = Method::GET;
        forged.query.push(("echostr".to_owned(), genuine.encrypt.clone()));
        forged
    }
}

/// What was stored and said so far: what no forgery may change.
async fn effects(world: &World) -> anyhow::Result<(i64, Vec<usize>)> {
    let counted = world
        .app
        .store
        .read(|tx| Box::pin(async move { Ok(tx.one::<(i64,)>("SELECT COUNT(*) FROM inbox", aijia::args![]).await?) }));
    let stored = counted.await?.context("a count")?.0;
    let phones = ["LiHua", "ZhaoLiu", "WangWu", "ChenJie", "SunMei"].map(|member| world.sim.inbox(member).len());
    Ok((stored, phones.to_vec()))
}

async fn delivered(world: &mut World, dice: &mut Dice) -> anyhow::Result<Vec<Sealed>> {
    let mut genuine = Vec::new();
    for n in 0..40 {
        let member = ["LiHua", "WangWu"][n % 2];
        let text = ["/whoami", "/status", &"长".repeat(n * 10)][n % 3].to_owned();
        let sealed = Sealed::new(world, dice, &text_xml(member, 900_000 + n as u64, &text))?;
        ensure!(sealed.arrives(world).await? == 200, "a genuine callback was refused");
        genuine.push(sealed);
    }
    world.settle().await?;
    Ok(genuine)
}

fn strangers(token: &str, key: &str, corp: &str) -> anyhow::Result<Vec<Crypt>> {
    let other_key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
    let all = [
        Crypt::new("AnotherToken", other_key, "ww0another0corp"),
        Crypt::new(token, other_key, corp),
        Crypt::new("AnotherToken", key, corp),
        Crypt::new(token, key, "ww0another0corp"),
        Crypt::new(token, key, ""),
    ];
    Ok(all.into_iter().collect::<Result<_, _>>()?)
}

/// Accepted: none. Refused: all in the same way. Effects: none, also of callbacks repeated in another wrapping.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_callbacks_are_refused_all_alike() -> anyhow::Result<()> {
    let mut world = World::open(On::Sqlite, Setting::default()).await?.context("SQLite is always there")?;
    let mut dice = Dice::seeded(1);
    let genuine = delivered(&mut world, &mut dice).await?;
    let before = effects(&world).await?;
    let settings = world.sim.settings();
    let (token, key, corp) = (settings.callback_token, settings.callback_aes_key, settings.corp_id);
    let bytes = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    )
    .decode(format!("{key}="))?;
    let bytes = bytes.try_into().map_err(|_| anyhow::anyhow!("32 bytes"))?;
    let strangers = strangers(&token, &key, &corp)?;
    let mut workshop = Workshop { dice, genuine: &genuine, strangers, token, key: bytes, corp };
    let router = aijia::http::router(world.app.clone());
    let mut refusals: BTreeSet<Answer> = BTreeSet::new();
    let mut made: BTreeMap<&str, usize> = BTreeMap::new();
    let (total, began) = (runs(50_000, 1_000_000), Instant::now());
    let ways = ways();
    for n in 0..total {
        let forged = ways[n % ways.len()](&mut workshop);
        let answer = ask(&router, forged.request()?).await?;
        ensure!(answer.status != 200, "accepted: {} {:?} {}", forged.how, forged.query, forged.body);
        refusals.insert(answer);
        *made.entry(forged.how).or_default() += 1;
    }
    let took = began.elapsed();
    replayed(&world, &genuine).await?;
    world.settle().await?;
    ensure!(effects(&world).await? == before, "something happened");
    ensure!(refusals.len() == 1, "refusals differ: {refusals:?}");
    println!(
        "{total} forged callbacks in {took:.1?}: accepted 0, one kind of refusal, effects 0; made by attacking: {made:?}"
    );
    Ok(())
}

/// What nobody signs (the wrapping) can be changed: it stays the same callback, and happens once.
async fn replayed(world: &World, genuine: &[Sealed]) -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    for sealed in genuine {
        let url = format!("{}/callback/wecom?{}", world.address, sealed.query());
        let body = format!("<xml>\n<AgentID>1</AgentID><Encrypt a='b'>{}</Encrypt>\n</xml>\n\n", sealed.encrypt);
        ensure!(http.post(url).body(body).send().await?.status() == 200, "a repeated callback is acknowledged");
    }
    Ok(())
}
