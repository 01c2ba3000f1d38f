use super::*;
use serde::Deserialize;

/// One line of `crypt_vectors.jsonl`: published vectors of the official libraries and of widely used SDKs.
#[derive(Deserialize)]
struct Vector {
    id: String,
    kind: String,
    aes_key: String,
    #[serde(default = "any_token")]
    token: String,
    receiveid: String,
    #[serde(default)]
    msg_signature: Option<String>,
    #[serde(default)]
    timestamp: String,
    #[serde(default)]
    nonce: String,
    encrypt: String,
    plain: String,
    random_hex: String,
    pad: usize,
}

fn any_token() -> String {
    "AnyToken".to_owned()
}

fn vectors() -> Vec<Vector> {
    include_str!("crypt_vectors.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

impl Vector {
    fn crypt(&self) -> Crypt {
        Crypt::new(&self.token, &self.aes_key, &self.receiveid).unwrap()
    }

    fn signed<'a>(&'a self, signature: &'a str) -> Signed<'a> {
        Signed { msg_signature: signature, timestamp: &self.timestamp, nonce: &self.nonce }
    }

    fn random(&self) -> [u8; 16] {
        hex::decode(&self.random_hex).unwrap().try_into().unwrap()
    }
}

fn first() -> Vector {
    vectors().remove(0)
}

/// V1 with its signature made anew, so that what is behind the signature can be tested.
fn open_resigned(crypt: &Crypt, encrypt: &str) -> Result<Vec<u8>, CryptFault> {
    let signature = crypt.sign("1409659589", "263014780", encrypt);
    let signed = Signed { msg_signature: &signature, timestamp: "1409659589", nonce: "263014780" };
    crypt.open(&signed, encrypt).map_err(|e| e.fault())
}

#[test]
fn every_published_vector_seals_to_the_same_bytes() {
    let all = vectors();
    assert_eq!(all.len(), 11);
    for v in all {
        let sealed = v.crypt().seal(v.plain.as_bytes(), v.random(), &v.timestamp, &v.nonce);
        assert_eq!(sealed.encrypt, v.encrypt, "{}", v.id);
        if let Some(signature) = &v.msg_signature {
            assert_eq!(&sealed.msg_signature, signature, "{}", v.id);
        }
        let total = HEAD + v.plain.len() + v.receiveid.len();
        assert_eq!(v.pad, PAD_BLOCK - total % PAD_BLOCK, "{}", v.id);
    }
}

#[test]
fn every_published_vector_opens() {
    for v in vectors() {
        assert!(v.kind == "dec" || v.kind == "enc", "{}", v.id);
        let crypt = v.crypt();
        let signature = v.msg_signature.clone().unwrap_or_else(|| crypt.sign(&v.timestamp, &v.nonce, &v.encrypt));
        assert_eq!(crypt.open(&v.signed(&signature), &v.encrypt).unwrap(), v.plain.as_bytes(), "{}", v.id);
    }
}

#[test]
fn the_four_published_keys_decode() {
    let keys = [
        (
            "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
            "8d69989bbaabe67328014c194631ad0719b3dca035b64023df292447aab60760",
        ),
        (
            "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt",
            "eaa91d32babaf274ca76ece72583b5037ed6da8120a64314be4b6d453a2a854b",
        ),
        (
            "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR",
            "916c4f115d94103cb15a998f74a0b71787603c398ebdf297d471a71140d2d5a4",
        ),
        (
            "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
            "69b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3d0010831051",
        ),
    ];
    for (text, hex_key) in keys {
        assert_eq!(hex::encode(decode_key(text).unwrap()), hex_key);
    }
}

#[test]
fn a_wrong_key_says_what_is_wrong_without_quoting_it() {
    let key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
    let message = |k: &str| Crypt::new("QDG6eK", k, "ww0").unwrap_err().to_string();
    assert_eq!(message(&key[..42]), "EncodingAESKey has 42 characters, must be 43");
    assert_eq!(message(&format!("{key}=")), "EncodingAESKey has 44 characters, must be 43");
    assert_eq!(message(&key.replace("5n", "5-")), "EncodingAESKey: character 10 is not a letter or a digit");
    assert_eq!(message(""), "EncodingAESKey has 0 characters, must be 43");
}

#[test]
fn a_wrong_token_is_refused() {
    let key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
    for token in ["", "has space", "abcdefghijklmnopqrstuvwxyz0123456"] {
        assert_eq!(Crypt::new(token, key, "ww0").unwrap_err(), KeyError::Token);
    }
}

#[test]
fn every_flipped_digit_of_the_signature_is_refused() {
    let v = first();
    let (crypt, good) = (v.crypt(), v.msg_signature.clone().unwrap());
    for at in 0..good.len() {
        let flipped = if good.as_bytes()[at] == b'0' { "1" } else { "0" };
        let mut bad = good.clone();
        bad.replace_range(at..=at, flipped);
        assert_eq!(crypt.open(&v.signed(&bad), &v.encrypt).unwrap_err().fault(), CryptFault::Signature);
    }
    for bad in ["", &good[..39], &good.to_uppercase(), &format!("{good}0")] {
        assert_eq!(crypt.open(&v.signed(bad), &v.encrypt).unwrap_err().fault(), CryptFault::Signature);
    }
}

#[test]
fn swapped_nonce_and_timestamp_are_refused() {
    let v = first();
    let signature = v.msg_signature.clone().unwrap();
    for (timestamp, nonce) in [("1409659589", "263014781"), ("1409659590", "263014780"), ("1409659589", "")] {
        let signed = Signed { msg_signature: &signature, timestamp, nonce };
        assert_eq!(v.crypt().open(&signed, &v.encrypt).unwrap_err().fault(), CryptFault::Signature);
    }
}

#[test]
fn a_truncated_ciphertext_is_refused_even_when_signed() {
    let v = first();
    let crypt = v.crypt();
    let bytes = STANDARD.decode(&v.encrypt).unwrap();
    for cut in [1, 16, 32, bytes.len()] {
        let short = STANDARD.encode(&bytes[..bytes.len() - cut]);
        let signed = v.signed(v.msg_signature.as_deref().unwrap());
        assert_eq!(crypt.open(&signed, &short).unwrap_err().fault(), CryptFault::Signature);
        assert!(open_resigned(&crypt, &short).is_err(), "cut {cut}");
    }
    assert_eq!(open_resigned(&crypt, ""), Err(CryptFault::Length));
    assert_eq!(open_resigned(&crypt, "AAAA"), Err(CryptFault::Length));
    assert_eq!(open_resigned(&crypt, "not base64!"), Err(CryptFault::Base64));
}

#[test]
fn another_receiver_is_refused() {
    let v = first();
    for other in ["wx0", "", "wx5823bf96d3bd56c", "wx5823bf96d3bd56c78"] {
        let crypt = Crypt::new(&v.token, &v.aes_key, other).unwrap();
        let signed = v.signed(v.msg_signature.as_deref().unwrap());
        assert_eq!(crypt.open(&signed, &v.encrypt).unwrap_err().fault(), CryptFault::Receiver, "{other}");
    }
}

/// Encrypts bytes as they are: to build what no honest sender sends.
fn encrypt_raw(crypt: &Crypt, bytes: &[u8]) -> String {
    let encryptor = cbc::Encryptor::<Aes256>::new(&crypt.key.into(), &crypt.iv().into());
    STANDARD.encode(encryptor.encrypt_padded_vec::<NoPadding>(bytes))
}

fn layout(len_field: u32, rest: &[u8], pad: &[u8]) -> Vec<u8> {
    [&[7u8; 16][..], &len_field.to_be_bytes(), rest, pad].concat()
}

#[test]
fn wrong_paddings_and_lengths_are_refused() {
    let crypt = Crypt::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "ww0").unwrap();
    let open = |bytes: &[u8]| open_resigned(&crypt, &encrypt_raw(&crypt, bytes));
    assert_eq!(open(&layout(2, b"hiww0", &[7; 7])).unwrap(), b"hi");
    assert_eq!(open(&layout(2, b"hiww0", &[6, 7, 7, 7, 7, 7, 7])), Err(CryptFault::Padding), "unequal");
    assert_eq!(open(&layout(2, b"hiww01234567", &[])), Err(CryptFault::Padding), "pad 55");
    assert_eq!(open(&layout(2, b"hiww0abcdef", &[0])), Err(CryptFault::Padding), "pad 0");
    assert_eq!(open(&[33; 48]), Err(CryptFault::Padding), "pad 33");
    assert_eq!(open(&[32; 32]), Err(CryptFault::Layout), "nothing but padding");
    assert_eq!(open(&layout(6, b"hiww0", &[7; 7])), Err(CryptFault::Layout), "length past the end");
    assert_eq!(open(&layout(u32::MAX, b"hiww0", &[7; 7])), Err(CryptFault::Layout), "length far past the end");
    assert_eq!(open(&layout(1, b"hiww0", &[7; 7])), Err(CryptFault::Receiver), "something left over");
}

#[test]
fn every_message_length_survives_a_round_trip() {
    let crypt = Crypt::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wwcorp").unwrap();
    for len in 0..=130u8 {
        let plain: Vec<u8> = (0..len).collect();
        let sealed = crypt.seal(&plain, [len; 16], "1700000000", "n");
        let signed = Signed { msg_signature: &sealed.msg_signature, timestamp: "1700000000", nonce: "n" };
        assert_eq!(crypt.open(&signed, &sealed.encrypt).unwrap(), plain);
    }
}

#[test]
fn every_fault_prints_the_same_and_nothing_prints_the_key() {
    let faults = [CryptFault::Signature, CryptFault::Padding, CryptFault::Layout, CryptFault::Receiver];
    assert!(faults.iter().all(|&f| CryptError::from(f).to_string() == "callback refused"));
    assert_eq!(format!("{:?}", first().crypt()), r#"Crypt { receive_id: "wx5823bf96d3bd56c7", .. }"#);
}

#[test]
fn the_passive_reply_is_the_documented_xml() {
    let sealed = Sealed { encrypt: "QUJD".into(), msg_signature: "ab".into() };
    assert_eq!(
        sealed.to_xml("1700000000", "n1"),
        "<xml><Encrypt><![CDATA[QUJD]]></Encrypt><MsgSignature><![CDATA[ab]]></MsgSignature>\
         <TimeStamp>1700000000</TimeStamp><Nonce><![CDATA[n1]]></Nonce></xml>"
    );
}

/// One line of `padding_vectors.jsonl`, encrypted by OpenSSL under the first published key: what opens, and what only
/// looks like it.
#[derive(Deserialize)]
struct PaddingVector {
    tc: usize,
    comment: String,
    encrypt: String,
    valid: bool,
    #[serde(default)]
    message: String,
}

#[test]
fn two_hundred_paddings_and_layouts_open_or_not() {
    let crypt = Crypt::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7").unwrap();
    let lines: Vec<&str> = include_str!("padding_vectors.jsonl").lines().collect();
    assert_eq!(lines.len(), 200);
    for line in lines {
        let v: PaddingVector = serde_json::from_str(line).unwrap();
        let opened = open_resigned(&crypt, &v.encrypt);
        assert_eq!(opened.is_ok(), v.valid, "{} {}: {opened:?}", v.tc, v.comment);
        assert!(!v.valid || opened == Ok(hex::decode(&v.message).unwrap()), "{} {}", v.tc, v.comment);
    }
}

/// Welch's t over the middle of both samples: how far apart two means are, in standard errors.
fn welch(mut samples: [Vec<f64>; 2]) -> f64 {
    let [(n1, m1, v1), (n2, m2, v2)] = samples.each_mut().map(|all| {
        all.sort_by(f64::total_cmp);
        let kept = &all[all.len() / 20..all.len() * 9 / 10];
        let n = kept.len() as f64;
        let mean = kept.iter().sum::<f64>() / n;
        (n, mean, kept.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0))
    });
    (m1 - m2) / (v1 / n1 + v2 / n2).sqrt()
}

/// Whether a signature that is right in its first half takes another time to refuse than one that is wrong at once.
/// A figure of the machine it runs on, so only `make hostile` (HOSTILE=full) measures and judges it.
#[test]
fn refusing_takes_the_same_time_wherever_a_signature_is_wrong() {
    if std::env::var("HOSTILE").as_deref() != Ok("full") {
        return;
    }
    let v = first();
    let (crypt, right) = (v.crypt(), v.crypt().sign(&v.timestamp, &v.nonce, &v.encrypt));
    let flipped = |at: usize| {
        let mut wrong = right.clone().into_bytes();
        wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
        String::from_utf8(wrong).unwrap()
    };
    let wrong = [flipped(39), flipped(0)];
    let mut samples = [Vec::new(), Vec::new()];
    for round in 0..200_000 {
        let which = ((round * 2_654_435_761_usize) >> 7) % 2;
        let began = std::time::Instant::now();
        assert!(crypt.open(&v.signed(&wrong[which]), &v.encrypt).is_err());
        samples[which].push(began.elapsed().as_nanos() as f64);
    }
    let t = welch(samples);
    println!("200,000 refusals, wrong at the first or at the last digit: t = {t:.2}");
    assert!(t.abs() < 4.5, "a signature can be guessed by the clock: t = {t}");
}

/// The official examples of what a 公众号 signs without a ciphertext; the third is the other signature of V15.
#[test]
fn clear_text_is_signed_by_the_token_alone() {
    let token = CallbackToken::new("AAAAA").unwrap();
    for (timestamp, nonce, signature) in [
        ("1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        ("1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        ("1714112445", "415670741", "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
    ] {
        assert_eq!(token.sign(timestamp, nonce), signature);
        assert_eq!(token.check(signature, timestamp, nonce), Ok(()));
        for (signature, timestamp, nonce) in [
            (signature.replacen(&signature[..1], "0", 1).as_str(), timestamp, nonce),
            (&signature.to_uppercase(), timestamp, nonce),
            (&signature[..39], timestamp, nonce),
            ("", timestamp, nonce),
            (signature, "1714036505", nonce),
            (signature, timestamp, "1"),
        ] {
            let refused = token.check(signature, timestamp, nonce).unwrap_err();
            assert_eq!(refused.fault(), CryptFault::Signature, "{signature} {timestamp} {nonce}");
        }
    }
    for bad in ["", "AAA-A", &"A".repeat(33)] {
        assert!(CallbackToken::new(bad).is_err(), "{bad}");
    }
    assert!(!format!("{token:?}").contains("AAAAA"));
}
