//! Tokens as the table stores them: the hash of the secret, never the secret itself.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::lineage::{Lineage, Maker, MakerId};
use super::named::{by_name, named};
use super::{ParseError, Timestamp, TokenId, UserId, hex};

named! {
    /// The purpose of a token, which its prefix tells.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum TokenKind {
        /// Acts as its user: `rcu_…`.
        User = "user",
        /// Belongs to an environment: `rce_…`. No accounts API accepts it.
        Environment = "environment",
    }
}

impl FromStr for TokenKind {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        by_name(Self::ALL, Self::as_str, text)
            .ok_or_else(|| ParseError::new("must be `user` or `environment`"))
    }
}

named! {
    /// What a token with a list of scopes may do.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    pub enum Scope {
        /// Read accounts.
        AccountRead = "account_read",
        /// Create, change and delete accounts.
        AccountWrite = "account_write",
        /// Read the profile.
        ProfileRead = "profile_read",
        /// Change the profile.
        ProfileWrite = "profile_write",
        /// Read the e-mail addresses.
        EmailRead = "email_read",
        /// Change the e-mail addresses.
        EmailWrite = "email_write",
        /// List tokens.
        TokensRead = "tokens_read",
        /// Create and rotate tokens.
        TokensWrite = "tokens_write",
        /// Read audit logs.
        AuditRead = "audit_read",
        /// List the members of accounts.
        MembersRead = "members_read",
        /// Change and remove members of accounts, and hand accounts over.
        MembersWrite = "members_write",
    }
}

impl Scope {
    /// What it allows, in words for its user: they go on after "It may".
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::ProfileRead => "see your profile and your primary e-mail address",
            Self::ProfileWrite => {
                "change your profile, and see it with your primary e-mail address"
            }
            Self::EmailRead => "see your e-mail addresses",
            Self::EmailWrite => "add, change and delete your e-mail addresses",
            Self::AccountRead => "see your accounts",
            Self::AccountWrite => "create, change and delete your accounts",
            Self::TokensRead => "see your tokens",
            Self::TokensWrite => "make tokens",
            Self::AuditRead => "see what was done to what is yours",
            Self::MembersRead => "see the members of your accounts",
            Self::MembersWrite => {
                "change and remove members of your accounts, and hand accounts over"
            }
        }
    }

    /// Whether it allows changes.
    pub const fn is_write(self) -> bool {
        match self {
            Self::AccountWrite
            | Self::ProfileWrite
            | Self::EmailWrite
            | Self::TokensWrite
            | Self::MembersWrite => true,
            Self::AccountRead
            | Self::ProfileRead
            | Self::EmailRead
            | Self::TokensRead
            | Self::AuditRead
            | Self::MembersRead => false,
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
        by_name(Self::ALL, Self::as_str, text).ok_or_else(|| ParseError::new("is not a scope"))
    }
}

/// A token as the table stores it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserToken {
    /// Which of its user's tokens.
    pub id: TokenId,
    /// Its user, whom the token itself names too.
    pub user: UserId,
    /// What it is for.
    pub kind: TokenKind,
    /// The name that its user gave it.
    pub name: String,
    /// The hash of its secret.
    pub secret_hash: SecretHash,
    /// What it may do; everything if there is no list.
    pub scopes: Option<BTreeSet<Scope>>,
    /// The user's credential epoch when it was created.
    #[serde(default)]
    pub epoch: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires, if ever.
    pub expires_at: Option<Timestamp>,
    /// The hour of its last use.
    pub last_used_at: Option<Timestamp>,
    /// The token that replaces it; both work until this one expires.
    pub rotated_to: Option<TokenId>,
    /// The first token of its rotations; itself if there is none.
    pub root: Option<TokenId>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Lineage::is_empty")]
    pub lineage: Lineage,
}

impl UserToken {
    /// Whether the token has not expired at `now`.
    pub fn is_unexpired(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// The first token of its rotations.
    pub fn root(&self) -> TokenId {
        self.root.unwrap_or(self.id)
    }

    /// The token as the maker of others.
    pub fn as_maker(&self) -> Maker {
        Maker {
            id: MakerId::Token(self.id),
            root: MakerId::Token(self.root()),
            makers: self.lineage.makers.clone(),
        }
    }

    /// Whether it is of the same rotations as `token`, or comes from one of them.
    pub fn comes_from(&self, token: &Self) -> bool {
        self.root() == token.root() || self.lineage.descends_from(&MakerId::Token(token.root()))
    }
}

/// The SHA-256 of a secret of at least 128 random bits, for which no slow hash is needed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(String);

impl SecretHash {
    /// Hashes a secret.
    pub fn new(secret: &[u8]) -> Self {
        Self(hex(&Sha256::digest(secret)))
    }

    /// Whether `secret` was hashed, in constant time.
    pub fn matches(&self, secret: &[u8]) -> bool {
        Self::new(secret).0.as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

impl SecretHash {
    /// The hash as keys name it: 64 hexadecimal digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_stored_and_shown_as_clients_send_it() {
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
    }
}
