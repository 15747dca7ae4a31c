//! Passwords: argon2id, stored as PHC strings. Only functions that check or set a password have
//! this feature.

mod rules;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
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

/// The hash of a password: a PHC string with its parameters and a salt of 16 random bytes.
pub fn hash(password: &str) -> Result<String> {
    let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &random::bytes::<16>()?);
    Ok(hash.map_err(|error| Error::internal("hash a password", error.to_string()))?.to_string())
}

fn argon2() -> Result<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None)
        .map_err(|error| Error::internal("hash a password", error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Whether a hash was made at a lower cost than new ones are.
pub fn is_outdated(hash: &str) -> bool {
    let (memory, passes, lanes) = COST;
    let params = PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok());
    params.is_none_or(|params| {
        params.m_cost() < memory || params.t_cost() < passes || params.p_cost() < lanes
    })
}

/// Whether the password is the one that was hashed. Without a hash it takes as long and is not.
fn verify(password: &str, hash: Option<&str>) -> Result<bool> {
    let Some(hash) = hash else {
        argon2()?
            .hash_password_with_salt(password.as_bytes(), &[0; 16])
            .map_err(|error| Error::internal("hash a password", error.to_string()))?;
        return Ok(false);
    };
    let hash = PasswordHash::new(hash)
        .map_err(|error| Error::internal("read a password hash", error.to_string()))?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Passwords that were verified within the last minute, by a keyed hash of user, stored hash and
/// password: a changed password is another entry.
pub struct PasswordCache {
    key: [u8; 64],
    seen: Mutex<HashMap<[u8; 32], Instant>>,
}

impl PasswordCache {
    /// Nothing yet, under a key of this process alone.
    pub fn new() -> Result<Self> {
        Ok(Self { key: random::bytes()?, seen: Mutex::default() })
    }

    /// Whether this very password was right within the last minute.
    pub fn contains(&self, user: UserId, hash: &str, password: &str) -> bool {
        let entry = self.entry(user, hash, password);
        self.seen().get(&entry).is_some_and(|seen| seen.elapsed() < lifetimes::PASSWORD_CACHE_TTL)
    }

    /// Checks a password the slow way, and remembers it if it is right.
    pub fn verify(&self, user: UserId, hash: Option<&str>, password: &str) -> Result<bool> {
        let is_right = verify(password, hash)?;
        if !is_right && hash.is_some_and(is_outdated) {
            // As slow as for an unknown name, whatever the old hash cost.
            verify(password, None)?;
        }
        if let Some(hash) = hash.filter(|_| is_right) {
            let entry = self.entry(user, hash, password);
            let mut seen = self.seen();
            seen.retain(|_, seen| seen.elapsed() < lifetimes::PASSWORD_CACHE_TTL);
            seen.insert(entry, Instant::now());
        }
        Ok(is_right)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Instant>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, user: UserId, hash: &str, password: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new(&self.key.into());
        let user = user.to_string();
        let parts = [user.as_bytes(), hash.as_bytes(), password.as_bytes()];
        update_length_prefixed(&mut mac, parts);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_password_is_known_for_a_while_and_not_after_a_change() {
        let (verified, user) = (PasswordCache::new().unwrap(), UserId::generate());
        let (hash, changed) = (hash("correct horse").unwrap(), hash("another horse").unwrap());

        assert!(!verified.contains(user, &hash, "correct horse"));
        assert!(!verified.verify(user, Some(&hash), "wrong horse").unwrap());
        assert!(!verified.verify(user, None, "correct horse").unwrap());
        assert!(verified.verify(user, Some(&hash), "correct horse").unwrap());
        assert!(verified.contains(user, &hash, "correct horse"));
        assert!(!verified.contains(user, &changed, "correct horse"));
        assert!(!verified.contains(UserId::generate(), &hash, "correct horse"));
    }

    #[test]
    fn a_hash_of_a_lower_cost_is_outdated() {
        let weak = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8 * 1024, 1, 1, None).unwrap(),
        );
        let weak = weak.hash_password_with_salt(b"x", &[1; 16]).unwrap().to_string();

        assert!(is_outdated(&weak));
        assert!(!is_outdated(&hash("x").unwrap()));
    }
}
