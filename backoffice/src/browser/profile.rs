//! A browser's profile as one sealed piece: what keeps a person signed in, and nothing else.
//!
//! Format 1: `aijia-profile-1` ‖ nonce (12 bytes) ‖ AES-256-GCM of the files, with the account as additional data. Each
//! file is: length of its path (u32, big-endian), path, length of its bytes (u64), bytes.

use std::path::{Component, Path, PathBuf};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::trouble::Trouble;

const MAGIC: &[u8] = b"aijia-profile-1";
const NONCE: usize = 12;
/// Most bytes of a profile's files.
pub(crate) const MOST_BYTES: usize = 64 * 1024 * 1024;
/// What a site keeps in a browser. Caches, histories, code and measurements are left behind.
const KEPT: [&str; 7] = [
    "Local State",
    "Default/Cookies",
    "Default/Network/Cookies",
    "Default/Local Storage",
    "Default/Session Storage",
    "Default/IndexedDB",
    "Default/Preferences",
];

/// The key of an installation's profiles.
pub struct ProfileKey(LessSafeKey);

impl ProfileKey {
    /// From 32 bytes that nobody else has.
    ///
    /// # Errors
    /// [`Trouble::SealedOtherwise`] where the cipher takes no such key.
    pub fn new(key: [u8; 32]) -> Result<ProfileKey, Trouble> {
        let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| Trouble::SealedOtherwise)?;
        Ok(ProfileKey(LessSafeKey::new(key)))
    }
}

/// Seals what is kept of the profile in `folder`. A nonce must never come twice.
pub(crate) fn seal(folder: &Path, account: &str, key: &ProfileKey, nonce: [u8; NONCE]) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    for kept in KEPT {
        add(folder, Path::new(kept), &mut bytes)?;
    }
    let aad = Aad::from(account.as_bytes());
    let sealed = key.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut bytes);
    sealed.map_err(|_| Trouble::ProfileTooLarge(MOST_BYTES))?;
    Ok([MAGIC, &nonce, &bytes].concat())
}

fn add(folder: &Path, name: &Path, bytes: &mut Vec<u8>) -> Result<(), Trouble> {
    let path = folder.join(name);
    let Ok(found) = std::fs::symlink_metadata(&path) else { return Ok(()) };
    if found.is_dir() {
        let listed = std::fs::read_dir(&path).map_err(Trouble::system("reading the profile"))?;
        for entry in listed.flatten() {
            add(folder, &name.join(entry.file_name()), bytes)?;
        }
        return Ok(());
    }
    if !found.is_file() {
        return Ok(());
    }
    let content = std::fs::read(&path).map_err(Trouble::system("reading the profile"))?;
    let Some(text) = name.to_str() else { return Ok(()) };
    let length = u32::try_from(text.len()).map_err(|_| Trouble::ProfileTooLarge(MOST_BYTES))?;
    if bytes.len() + text.len() + content.len() + 12 > MOST_BYTES {
        return Err(Trouble::ProfileTooLarge(MOST_BYTES));
    }
    bytes.extend(length.to_be_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend((content.len() as u64).to_be_bytes());
    bytes.extend(content);
    Ok(())
}

/// Lays a sealed profile out in `folder`.
pub(crate) fn unseal(folder: &Path, account: &str, key: &ProfileKey, sealed: &[u8]) -> Result<(), Trouble> {
    let rest = sealed.strip_prefix(MAGIC).filter(|rest| rest.len() <= MOST_BYTES + 64);
    let (nonce, rest) = rest.and_then(|rest| rest.split_at_checked(NONCE)).ok_or(Trouble::SealedOtherwise)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Trouble::SealedOtherwise)?;
    let mut rest = rest.to_vec();
    let plain = key.0.open_in_place(nonce, Aad::from(account.as_bytes()), &mut rest);
    let mut plain: &[u8] = plain.map_err(|_| Trouble::SealedOtherwise)?;
    while !plain.is_empty() {
        let (name, content) = next(&mut plain).ok_or(Trouble::SealedOtherwise)?;
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(Trouble::system("laying the profile out"))?;
        std::fs::write(&path, content).map_err(Trouble::system("laying the profile out"))?;
    }
    Ok(())
}

fn next<'a>(bytes: &mut &'a [u8]) -> Option<(PathBuf, &'a [u8])> {
    let length = usize::try_from(u32::from_be_bytes(*bytes.first_chunk()?)).ok()?;
    let (name, rest) = bytes.get(4..)?.split_at_checked(length)?;
    let size = usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?;
    let (content, rest) = rest.get(8..)?.split_at_checked(size)?;
    *bytes = rest;
    let name = PathBuf::from(std::str::from_utf8(name).ok()?);
    let inside = name.components().all(|part| matches!(part, Component::Normal(_)));
    inside.then_some((name, content))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> ProfileKey {
        ProfileKey::new([byte; 32]).unwrap()
    }

    fn profile() -> tempfile::TempDir {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        for (name, text) in
            [("Default/Cookies", "sid=canary"), ("Default/Cache/x", "big"), ("Default/IndexedDB/a/b", "1")]
        {
            std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn what_keeps_a_person_signed_in_comes_back() {
        let (from, to) = (profile(), tempfile::tempdir_in("/dev/shm").unwrap());
        let sealed = seal(from.path(), "flagship", &key(1), [7; 12]).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("canary"));
        unseal(to.path(), "flagship", &key(1), &sealed).unwrap();
        assert_eq!(std::fs::read(to.path().join("Default/Cookies")).unwrap(), b"sid=canary");
        assert_eq!(std::fs::read(to.path().join("Default/IndexedDB/a/b")).unwrap(), b"1");
        assert!(!to.path().join("Default/Cache").exists());
    }

    #[test]
    fn another_key_another_account_and_any_change_are_refused() {
        let (from, to) = (profile(), tempfile::tempdir_in("/dev/shm").unwrap());
        let sealed = seal(from.path(), "flagship", &key(1), [7; 12]).unwrap();
        assert!(unseal(to.path(), "outlet", &key(1), &sealed).is_err());
        assert!(unseal(to.path(), "flagship", &key(2), &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(unseal(to.path(), "flagship", &key(1), &changed).is_err(), "byte {at}");
            assert!(unseal(to.path(), "flagship", &key(1), &sealed[..at]).is_err(), "cut at {at}");
        }
        assert_eq!(std::fs::read_dir(to.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_path_that_leaves_the_folder_is_refused() {
        for name in ["../x", "/x", "a/../../x"] {
            let mut bytes = u32::try_from(name.len()).unwrap().to_be_bytes().to_vec();
            bytes.extend([name.as_bytes(), &1_u64.to_be_bytes(), b"x"].concat());
            assert_eq!(next(&mut bytes.as_slice()), None, "{name}");
        }
    }
}
