//! Sessions: what a browser is signed in with. The cookie has the credential, the table the rest.

use std::str::FromStr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::format::{CredentialFormat, part};
use super::{ParseError, SecretHash, SessionId, Timestamp, User, UserId, seconds_after};
use crate::lifetimes::{LAST_USED_PRECISION, SESSION_IDLE, SESSION_PROOF, SESSION_TTL};
use crate::{Result, random};

const OWNER: usize = 16;
const ID: usize = OWNER + 12;
const SESSION: usize = ID + 16;
const FORMAT: CredentialFormat = CredentialFormat::new("rcx_");

/// A session as its browser has it: `rcx_…`, with its user's id, its own id and a random secret.
#[derive(Debug)]
pub struct SessionCredential {
    user: UserId,
    id: SessionId,
    secret: SecretBox<[u8; 16]>,
}

impl SessionCredential {
    /// Creates a session of `user`.
    pub fn generate(user: UserId) -> Result<Self> {
        Ok(Self { user, id: SessionId::generate()?, secret: new_secret()? })
    }

    /// The same session with another secret: whoever has the old one is not signed in any more.
    pub fn renewed(session: &Session) -> Result<Self> {
        Ok(Self { user: session.user, id: session.id, secret: new_secret()? })
    }

    /// Whose session it claims to be.
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Which of its user's sessions.
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// What the table stores of the secret.
    pub fn secret_hash(&self) -> SecretHash {
        SecretHash::new(self.secret.expose_secret())
    }

    /// Whether this session has the secret that was hashed.
    pub fn matches(&self, stored: &SecretHash) -> bool {
        stored.matches(self.secret.expose_secret())
    }

    /// The credential's text, for the cookie.
    pub fn reveal(&self) -> String {
        FORMAT.encode(&[&self.user.to_bytes(), &self.id.to_bytes(), self.secret.expose_secret()])
    }

    /// The token of the form that is sent to this path, which may have a query. Nobody makes one who
    /// does not know the session, and it does not tell the session. It does not depend on how a link
    /// encodes the path.
    pub fn form_token(&self, path: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(path).finalize().into_bytes())
    }

    /// Whether this is the token of the form that is sent to this path, in constant time.
    pub fn has_form_token(&self, path: &str, token: &str) -> bool {
        let token = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        self.mac(path).verify_slice(&token).is_ok()
    }

    fn mac(&self, link: &str) -> Hmac<Sha256> {
        let (path, query) = link.split_once('?').unwrap_or((link, ""));
        let path: Vec<u8> = percent_decode_str(path).collect();
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mac = Hmac::<Sha256>::new_from_slice(self.secret.expose_secret()).expect("a key");
        // The query first: no query has the byte that ends it here, and a path may have any.
        mac.chain_update(b"form\0").chain_update(query).chain_update(b"\0").chain_update(path)
    }
}

fn new_secret() -> Result<SecretBox<[u8; 16]>> {
    let mut bytes = random::bytes()?;
    let secret = SecretBox::new(Box::new(bytes));
    bytes.zeroize();
    Ok(secret)
}

impl FromStr for SessionCredential {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut bytes =
            FORMAT.decode::<SESSION>(text).ok_or_else(|| ParseError::new("is not a session"))?;
        let session = Self {
            user: UserId::from_bytes(part(&bytes, 0)),
            id: SessionId::from_bytes(part(&bytes, OWNER)),
            secret: SecretBox::new(Box::new(part(&bytes, ID))),
        };
        bytes.zeroize();
        Ok(session)
    }
}

/// A session as the table stores it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Which of its user's sessions.
    pub id: SessionId,
    /// Its user, whom the session itself names too.
    pub user: UserId,
    /// The hash of its secret.
    pub secret_hash: SecretHash,
    /// The user's credential epoch when it began.
    pub epoch: u64,
    /// The kind of browser, in words.
    pub browser: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When its user last entered the password.
    pub proved_at: Timestamp,
    /// The hour of its last use.
    pub last_used_at: Option<Timestamp>,
    /// When it ends, however much it is used.
    pub expires_at: Timestamp,
}

impl Session {
    /// A session of a user that begins now.
    pub fn begin(user: &User, credential: &SessionCredential, browser: String) -> Result<Self> {
        let now = Timestamp::now();
        Ok(Self {
            id: credential.id(),
            user: user.id,
            secret_hash: credential.secret_hash(),
            epoch: user.credential_epoch,
            browser,
            created_at: now,
            proved_at: now,
            last_used_at: None,
            expires_at: seconds_after(now, SESSION_TTL)?,
        })
    }

    /// When it ends if it is not used any more.
    pub fn ends_at(&self) -> Timestamp {
        // Of the last use the hour is known, and its end counts.
        let used = self
            .last_used_at
            .map(|hour| hour + Duration::from_secs(LAST_USED_PRECISION.unsigned_abs()));
        let seen = used.map_or(self.created_at, |used| used.max(self.created_at));
        self.expires_at.min(seen + SESSION_IDLE)
    }

    /// Whether it works at `now`: it was used lately, and its user's password is still the same.
    pub fn is_active(&self, user: &User, now: Timestamp) -> bool {
        self.epoch == user.credential_epoch && now < self.ends_at()
    }

    /// Whether its user entered the password a moment ago: then it has full access.
    pub fn is_proved(&self, now: Timestamp) -> bool {
        now.as_second() < self.proved_at.as_second() + SESSION_PROOF
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_parses_back_to_itself() {
        let session = SessionCredential::generate(UserId::generate()).unwrap();
        let again: SessionCredential = session.reveal().parse().unwrap();

        assert_eq!((again.user, again.id), (session.user, session.id));
        assert!(again.matches(&session.secret_hash()));
    }

    #[test]
    fn a_forms_token_counts_for_its_session_and_its_path_alone() {
        let session = SessionCredential::generate(UserId::generate()).unwrap();
        let other = SessionCredential::generate(session.user).unwrap();
        let token = session.form_token("/account/emails");

        assert!(session.has_form_token("/account/emails", &token));
        assert!(session.has_form_token("/account%2Femails", &token));
        assert!(!session.has_form_token("/account/tokens", &token));
        assert!(!session.has_form_token("/account/emails?a=b", &token));
        let encoded = session.form_token("/account/emails%3Fa=b");
        assert!(!session.has_form_token("/account/emails?a=b", &encoded));
        assert!(!other.has_form_token("/account/emails", &token));
        assert!(!session.has_form_token("/account/emails", ""));
    }

    #[test]
    fn a_session_that_is_printed_does_not_show_its_secret() {
        let session = SessionCredential::generate(UserId::generate()).unwrap();

        assert!(format!("{session:?}").contains("[REDACTED]"));
    }
}
