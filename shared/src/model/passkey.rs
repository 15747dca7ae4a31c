//! Passkeys: keys on devices of a user, each a way in of its own. What WebAuthn knows of one is a
//! text here that only the function `passkeys` reads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::hex::{Hex, hex_text};
use super::{ServiceKey, SessionId, Text, Timestamp, UserId, seconds_after};
use crate::error::failed;
use crate::lifetimes::{LOCKOUT, PASSKEY_CHALLENGE_TTL};
use crate::limits::{MAX_LOGIN_ATTEMPTS, MAX_PASSKEY_NAME};
use crate::{Result, random};

/// What a user calls a passkey.
pub type PasskeyName = Text<MAX_PASSKEY_NAME>;

/// A passkey, among those of its user: the first 16 bytes of the SHA-256 of the id that its device
/// gave it, written as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PasskeyId(Hex<16>);

impl PasskeyId {
    /// The passkey with this id of WebAuthn.
    pub fn of_credential(id: &[u8]) -> Self {
        let hash: [u8; 32] = Sha256::digest(id).into();
        Self(Hex(std::array::from_fn(|place| hash[place])))
    }
}

/// What a passkey is asked to sign: 16 random bytes, written as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PasskeyChallengeId(Hex<16>);

hex_text!(PasskeyId, PasskeyChallengeId);

/// A passkey as the table stores it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Passkey {
    /// Which of its user's passkeys.
    pub id: PasskeyId,
    /// Its user, whom the device names too.
    pub user: UserId,
    /// The epoch of the user's credentials that it was added in.
    pub epoch: u64,
    /// What the user calls it.
    pub name: PasskeyName,
    /// Its id, its public key, how often its device used it and what else WebAuthn's implementation
    /// knows of it. No secret.
    pub credential: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When somebody last signed in with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// When answers in its name were wrong, as far as the log of its user has them; oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected_at: Vec<Timestamp>,
}

impl Passkey {
    /// The times of wrong answers with one at `now`; none if as many count already as wrong
    /// passwords can.
    pub fn with_rejection(&self, now: Timestamp) -> Option<Vec<Timestamp>> {
        let counts = |time: &Timestamp| *time + LOCKOUT > now;
        let mut times: Vec<_> = self.rejected_at.iter().copied().filter(counts).collect();
        times.push(now);
        (times.len() <= MAX_LOGIN_ATTEMPTS).then_some(times)
    }
}

/// What the signature of a passkey is for. It counts for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum PasskeyPurpose {
    /// Signing in, as whoever has the passkey.
    SignIn,
    /// Adding a passkey in this session.
    Registration {
        /// Whose it will be.
        user: UserId,
        /// The session.
        session: SessionId,
    },
    /// Proving this session once more.
    Confirmation {
        /// Whose it is.
        user: UserId,
        /// The session.
        session: SessionId,
    },
}

/// What a passkey was asked to sign, for once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyChallenge {
    /// Which one.
    pub id: PasskeyChallengeId,
    /// What for.
    pub purpose: PasskeyPurpose,
    /// What WebAuthn's implementation has to know of it, encrypted, in base64.
    state: String,
    /// The version of the service key that it is encrypted with.
    pub key_version: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What each state is encrypted for.
const STATE: &str = "passkey challenge";

impl PasskeyChallenge {
    /// One that begins now.
    pub fn begin(purpose: PasskeyPurpose, state: Vec<u8>, key: &ServiceKey) -> Result<Self> {
        let id = PasskeyChallengeId(Hex(random::bytes()?));
        let state = STANDARD.encode(key.encrypt(STATE, &[&id.0.0], state)?);
        let expires_at = seconds_after(Timestamp::now(), PASSKEY_CHALLENGE_TTL)?;
        Ok(Self { id, purpose, state, key_version: key.version.clone(), expires_at })
    }

    /// The state, by the key of this version.
    pub fn open(&self, key: &ServiceKey) -> Result<Vec<u8>> {
        let state = STANDARD.decode(&self.state).map_err(failed("read a challenge"))?;
        key.decrypt(STATE, &[&self.id.0.0], &state)
    }

    /// Whether it was made for this, and has not ended at `now`.
    pub fn is_for(&self, purpose: PasskeyPurpose, now: Timestamp) -> bool {
        self.purpose == purpose && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_for_one_purpose_and_ends_after_five_minutes() {
        let key = ServiceKey::for_test("a service key of 32 characters..");
        let (user, session) = (UserId::generate(), SessionId::generate().unwrap());
        let purpose = PasskeyPurpose::Registration { user, session };
        let challenge = PasskeyChallenge::begin(purpose, b"state".to_vec(), &key).unwrap();
        let now = Timestamp::now();

        assert_eq!(challenge.open(&key).unwrap(), b"state");
        assert!(challenge.is_for(purpose, now));
        assert!(!challenge.is_for(PasskeyPurpose::SignIn, now));
        assert!(!challenge.is_for(PasskeyPurpose::Confirmation { user, session }, now));
        assert!(!challenge.is_for(purpose, seconds_after(now, 301).unwrap()));
        let other = SessionId::generate().unwrap();
        assert!(!challenge.is_for(PasskeyPurpose::Registration { user, session: other }, now));
    }
}
