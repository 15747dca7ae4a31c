//! Passwords: argon2id, stored as PHC strings. Only functions that check or set a password have
//! this feature.

mod patterns;
mod rules;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use argon2::password_hash;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::lifetimes;
use crate::model::UserId;
use crate::model::digest::update_length_prefixed;
use crate::{Error, Result, random};

pub use rules::{AcceptedPassword, NewPassword};

/// Memory in KiB, passes and lanes: the minimum in OWASP's password storage cheat sheet for
/// argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// The memory that hashes are worked out in, one after the other. An allocation for each would be
/// aligned, and glibc does not use the hole that one leaves for the next: with requests between
/// them, a process grew by 19 MiB with every few hashes.
static MEMORY: Mutex<Vec<Block>> = Mutex::new(Vec::new());

/// The hash of a password: a PHC string with its parameters and a salt of 16 random bytes.
pub fn hash(password: &str) -> Result<String> {
    let salt = random::bytes::<16>()?;
    let hash = salted_hash(password, &salt);
    Ok(hash.map_err(|error| Error::internal("hash a password", error.to_string()))?.to_string())
}

fn salted_hash(password: &str, salt: &[u8]) -> password_hash::Result<PasswordHash> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None)?;
    let (salt, written) = (Salt::new(salt)?, ParamsString::try_from(&params)?);
    let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
    Ok(PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: written,
        salt: Some(salt),
        hash: Some(digest(password, &salt, &Argon2::new(algorithm, version, params))?),
    })
}

fn digest(password: &str, salt: &[u8], argon2: &Argon2<'_>) -> password_hash::Result<Output> {
    let (length, blocks) = (argon2.params().output_len(), argon2.params().block_count());
    let mut digest = vec![0; length.unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    let memory = &mut memory[..blocks];
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut digest, memory)?;
    Ok(Output::new(&digest)?)
}

/// Whether a hash was made at a lower cost than new ones are.
pub fn is_outdated(hash: &str) -> bool {
    let (memory, passes, lanes) = COST;
    let params = PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok());
    params.is_none_or(|params| {
        params.m_cost() < memory || params.t_cost() < passes || params.p_cost() < lanes
    })
}

/// Whether the password is the one that was hashed.
fn matches(password: &str, hash: &str) -> Result<bool> {
    let hash = PasswordHash::new(hash)
        .map_err(|error| Error::internal("read a password hash", error.to_string()))?;
    let again = hashed_again(password, &hash)
        .map_err(|error| Error::internal("check a password", error.to_string()))?;
    // In constant time: so the type compares.
    Ok(hash.hash.is_some() && hash.hash == again)
}

/// What the password's hash is with the salt and parameters of another one.
fn hashed_again(password: &str, hash: &PasswordHash) -> password_hash::Result<Option<Output>> {
    let Some(salt) = &hash.salt else { return Ok(None) };
    let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
    let version = hash.version.map(Version::try_from).transpose()?.unwrap_or_default();
    let argon2 = Argon2::new(algorithm, version, Params::try_from(hash)?);
    Ok(Some(digest(password, salt, &argon2)?))
}

/// Stands in for the hash of a user that does not exist, or has no password: checking it takes as
/// long, by the same steps.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Passwords that were verified within the last minute, by a keyed hash of user and password. One
/// counts from the source that it was verified from, and for the stored hash of that time.
pub struct PasswordCache {
    key: [u8; 64],
    seen: Mutex<HashMap<[u8; 32], Seen>>,
}

struct Seen {
    /// The keyed hash of the source and the stored hash.
    context: [u8; 32],
    at: Instant,
}

impl PasswordCache {
    /// Nothing yet, under a key of this process alone.
    pub fn new() -> Result<Self> {
        Ok(Self { key: random::bytes()?, seen: Mutex::default() })
    }

    /// Whether this very password was right within the last minute, from this source.
    pub fn contains(&self, user: UserId, source: &str, hash: &str, password: &str) -> bool {
        let (entry, context) = (self.entry(user, password), self.mac(&[source, hash]));
        self.seen().get(&entry).is_some_and(|seen| seen.is_fresh() && seen.context == context)
    }

    /// Whether the password was right within the last minute: it may not be any more.
    pub fn expects(&self, user: UserId, password: &str) -> bool {
        self.seen().get(&self.entry(user, password)).is_some_and(Seen::is_fresh)
    }

    /// Checks a password the slow way, and remembers it if it is right.
    pub fn verify(
        &self,
        user: UserId,
        source: &str,
        hash: Option<&str>,
        password: &str,
    ) -> Result<bool> {
        let stored = hash.unwrap_or(DUMMY);
        let is_right = matches(password, stored)? && hash.is_some();
        if is_right {
            let (entry, context) = (self.entry(user, password), self.mac(&[source, stored]));
            let mut seen = self.seen();
            seen.retain(|_, seen| seen.is_fresh());
            seen.insert(entry, Seen { context, at: Instant::now() });
        } else if is_outdated(stored) {
            // As slow as for an unknown name, whatever the old hash cost.
            matches(password, DUMMY)?;
        }
        Ok(is_right)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, user: UserId, password: &str) -> [u8; 32] {
        self.mac(&[&user.to_string(), password])
    }

    fn mac(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new(&self.key.into());
        update_length_prefixed(&mut mac, parts.iter().map(|part| part.as_bytes()));
        mac.finalize().into_bytes().into()
    }
}

impl Seen {
    fn is_fresh(&self) -> bool {
        self.at.elapsed() < lifetimes::PASSWORD_CACHE_TTL
    }
}

#[cfg(test)]
mod tests {
    use argon2::{PasswordHasher as _, PasswordVerifier as _};

    use super::*;

    #[test]
    fn a_right_password_is_known_for_a_while_and_not_after_a_change() {
        let (verified, user) = (PasswordCache::new().unwrap(), UserId::generate());
        let (hash, changed) = (hash("correct horse").unwrap(), hash("another horse").unwrap());

        assert!(!verified.contains(user, "here", &hash, "correct horse"));
        assert!(!verified.verify(user, "here", Some(&hash), "wrong horse").unwrap());
        assert!(!verified.verify(user, "here", None, "correct horse").unwrap());
        assert!(!verified.expects(user, "correct horse"));
        assert!(verified.verify(user, "here", Some(&hash), "correct horse").unwrap());
        assert!(verified.contains(user, "here", &hash, "correct horse"));
        assert!(!verified.contains(user, "elsewhere", &hash, "correct horse"));
        assert!(!verified.contains(user, "here", &changed, "correct horse"));
        assert!(!verified.contains(UserId::generate(), "here", &hash, "correct horse"));
        assert!(verified.expects(user, "correct horse"));
        assert!(!verified.expects(user, "wrong horse"));
    }

    #[test]
    fn the_hash_that_stands_in_for_a_missing_one_costs_as_much_and_matches_nothing() {
        assert!(!is_outdated(DUMMY));
        assert!(!matches("", DUMMY).unwrap());
    }

    #[test]
    fn hashes_share_one_memory_whatever_was_in_it_and_whatever_they_cost() {
        let larger = Params::new(20 * 1024, 1, 2, None).unwrap();
        let larger = Argon2::new(Algorithm::Argon2id, Version::V0x13, larger);
        let larger = larger.hash_password_with_salt(b"x", &[1; 16]).unwrap().to_string();
        let memory = || MEMORY.lock().unwrap().as_ptr();

        assert!(matches("x", &larger).unwrap());
        let first = memory();
        for password in ["x", "another", "x"] {
            let own = hash(password).unwrap();
            let theirs = Argon2::default().verify_password(password.as_bytes(), own.as_str());
            assert_eq!(theirs, Ok(()));
            assert!(matches(password, &own).unwrap() && !matches("other", &own).unwrap());
            assert!(matches("x", &larger).unwrap() && !matches("other", &larger).unwrap());
        }

        assert_eq!(memory(), first);
    }

    #[test]
    fn a_hash_of_a_lower_cost_is_outdated() {
        let weak = Params::new(8 * 1024, 1, 1, None).unwrap();
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, weak);
        let weak = weak.hash_password_with_salt(b"x", &[1; 16]).unwrap().to_string();

        assert!(is_outdated(&weak));
        assert!(!is_outdated(&hash("x").unwrap()));
    }
}
