//! Tokens as the table keeps them: never the secret, only its hash.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{ParseError, Timestamp, TokenId, UserId, hex};

/// What a token is for; its prefix says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// Acts as its user: `rcu_…`.
    User,
    /// Belongs to an environment: `rce_…`; no accounts API takes it.
    Environment,
}

impl FromStr for TokenKind {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.trim() {
            "user" => Ok(Self::User),
            "environment" => Ok(Self::Environment),
            _ => Err(ParseError::new("must be `user` or `environment`")),
        }
    }
}

/// What a token with a list of scopes may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See accounts.
    AccountRead,
    /// Create, change and delete accounts.
    AccountWrite,
    /// See the profile.
    ProfileRead,
    /// Change the profile.
    ProfileWrite,
    /// See the addresses.
    EmailRead,
    /// Change the addresses.
    EmailWrite,
    /// See tokens.
    TokensRead,
    /// Make and revoke tokens.
    TokensWrite,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 8] = [
        Self::AccountRead,
        Self::AccountWrite,
        Self::ProfileRead,
        Self::ProfileWrite,
        Self::EmailRead,
        Self::EmailWrite,
        Self::TokensRead,
        Self::TokensWrite,
    ];

    /// The scope as clients write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountRead => "account_read",
            Self::AccountWrite => "account_write",
            Self::ProfileRead => "profile_read",
            Self::ProfileWrite => "profile_write",
            Self::EmailRead => "email_read",
            Self::EmailWrite => "email_write",
            Self::TokensRead => "tokens_read",
            Self::TokensWrite => "tokens_write",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let scope = Self::ALL.into_iter().find(|scope| scope.as_str() == text.trim());
        scope.ok_or_else(|| ParseError::new("is not a scope"))
    }
}

/// A token of a user, by which it is recognised again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserToken {
    /// Which of its user's tokens.
    pub id: TokenId,
    /// Whose token; the token itself names its user too.
    pub user: UserId,
    /// What it is for.
    pub kind: TokenKind,
    /// What its user calls it.
    pub name: String,
    /// The hash of its secret part.
    pub secret_hash: SecretHash,
    /// What it may do; without a list, everything.
    pub scopes: Option<BTreeSet<Scope>>,
    /// The user's epoch of credentials when it was made.
    #[serde(default)]
    pub epoch: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
    /// The hour of its last use.
    pub last_used_at: Option<Timestamp>,
    /// The token that takes its place; this one lives on for a while.
    pub rotated_to: Option<TokenId>,
}

impl UserToken {
    /// Whether the token still works at `now`.
    pub fn is_unexpired(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// The SHA-256 of a secret of at least 128 random bits, for which no slow hash is needed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(String);

impl SecretHash {
    /// The hash of a secret.
    pub fn new(secret: &[u8]) -> Self {
        Self(hex(&Sha256::digest(secret)))
    }

    /// Whether `secret` is the one that was hashed; takes the same time either way.
    pub fn matches(&self, secret: &[u8]) -> bool {
        Self::new(secret).0.as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}
