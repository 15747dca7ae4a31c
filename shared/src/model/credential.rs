//! The text form of tokens.
//!
//! A token is a prefix and 48 bytes in URL-safe base64: the owner's id (16), the token's id (12), the secret (16 random
//! bytes) and a CRC-32 over all before it (4). The ids say where the token is kept, so that nothing has to be looked up
//! first; the checksum turns away what was mistyped or made up without asking the table. What OAuth hands out has the
//! same form with a secret of 32 bytes, and the grant's id in place of the token's.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{GrantId, ParseError, SecretHash, TokenId, TokenKind, UserId};
use crate::{Result, random};

const OWNER: usize = 16;
const ID: usize = OWNER + 12;
const SECRET: usize = ID + 16;
const LENGTH: usize = SECRET + 4;

/// A token as its holder has it. It has no `Debug`: it must not be logged.
pub struct TokenCredential {
    kind: TokenKind,
    owner: UserId,
    id: TokenId,
    secret: [u8; 16],
}

impl TokenCredential {
    /// A new token of `owner`.
    pub fn generate(kind: TokenKind, owner: UserId) -> Result<Self> {
        Ok(Self { kind, owner, id: TokenId::generate()?, secret: random::bytes()? })
    }

    /// What the token is for.
    pub const fn kind(&self) -> TokenKind {
        self.kind
    }

    /// Whose token it says it is.
    pub const fn owner(&self) -> UserId {
        self.owner
    }

    /// Which of its owner's tokens.
    pub const fn id(&self) -> TokenId {
        self.id
    }

    /// The same ids and secret under another prefix, as a forger would write it.
    #[must_use]
    pub fn as_kind(self, kind: TokenKind) -> Self {
        Self { kind, ..self }
    }

    /// What the table keeps of the secret.
    pub fn secret_hash(&self) -> SecretHash {
        SecretHash::new(&self.secret)
    }

    /// Whether this is the token whose hash was kept.
    pub fn matches(&self, kept: &SecretHash) -> bool {
        kept.matches(&self.secret)
    }

    /// The token, for the one answer that shows it.
    pub fn reveal(&self) -> String {
        let mut bytes = [0; LENGTH];
        bytes[..OWNER].copy_from_slice(&self.owner.to_bytes());
        bytes[OWNER..ID].copy_from_slice(&self.id.to_bytes());
        bytes[ID..SECRET].copy_from_slice(&self.secret);
        written(prefix(self.kind), bytes)
    }
}

impl FromStr for TokenCredential {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (kind, bytes) = [TokenKind::User, TokenKind::Environment]
            .into_iter()
            .find_map(|kind| Some((kind, read::<LENGTH>(prefix(kind), text)?)))
            .ok_or_else(|| ParseError::new("is not a token"))?;
        Ok(Self {
            kind,
            owner: UserId::from_bytes(part(&bytes, 0)),
            id: TokenId::from_bytes(part(&bytes, OWNER)),
            secret: part(&bytes, ID),
        })
    }
}

const fn prefix(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::User => "rcu_",
        TokenKind::Environment => "rce_",
    }
}

/// What OAuth hands out in the name of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantTokenKind {
    /// `rco_…`: an authorization code.
    Code,
    /// `rca_…`: an access token.
    Access,
    /// `rcr_…`: a refresh token. Half of its secret is the grant's for ever, the other half this token's alone, so that
    /// one that was spent long ago is still recognised as the grant's.
    Refresh,
}

impl GrantTokenKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Code => "rco_",
            Self::Access => "rca_",
            Self::Refresh => "rcr_",
        }
    }
}

const GRANT_SECRET: usize = ID + 32;
const GRANT_LENGTH: usize = GRANT_SECRET + 4;

/// A code or token of a grant as the client has it. It has no `Debug`: it must not be logged.
pub struct GrantCredential {
    part: GrantTokenKind,
    owner: UserId,
    grant: GrantId,
    secret: [u8; 32],
}

impl GrantCredential {
    /// A new one.
    pub fn generate(part: GrantTokenKind, owner: UserId, grant: GrantId) -> Result<Self> {
        Ok(Self { part, owner, grant, secret: random::bytes()? })
    }

    /// The refresh token that follows this one.
    pub fn next(&self) -> Result<Self> {
        let mut secret = self.secret;
        secret[16..].copy_from_slice(&random::bytes::<16>()?);
        Ok(Self { secret, ..*self })
    }

    /// Reads one that must be this part of a grant.
    pub fn parse(part: GrantTokenKind, text: &str) -> Result<Self, ParseError> {
        let bytes = read::<GRANT_LENGTH>(part.prefix(), text)
            .ok_or_else(|| ParseError::new("is not such a token"))?;
        Ok(Self {
            part,
            owner: UserId::from_bytes(self::part(&bytes, 0)),
            grant: GrantId::from_bytes(self::part(&bytes, OWNER)),
            secret: self::part(&bytes, ID),
        })
    }

    /// Who granted it.
    pub const fn owner(&self) -> UserId {
        self.owner
    }

    /// Which of its owner's grants.
    pub const fn grant(&self) -> GrantId {
        self.grant
    }

    /// What the table keeps of the secret.
    pub fn secret_hash(&self) -> SecretHash {
        SecretHash::new(&self.secret)
    }

    /// What the table keeps of the half that all refresh tokens of a grant share.
    pub fn family_hash(&self) -> SecretHash {
        SecretHash::new(&self.secret[..16])
    }

    /// Whether this is the one whose hash was kept.
    pub fn matches(&self, kept: &SecretHash) -> bool {
        kept.matches(&self.secret)
    }

    /// Whether this refresh token is or was one of the grant with this hash.
    pub fn is_in_family(&self, kept: &SecretHash) -> bool {
        kept.matches(&self.secret[..16])
    }

    /// The code or token, for the one answer that shows it.
    pub fn reveal(&self) -> String {
        let mut bytes = [0; GRANT_LENGTH];
        bytes[..OWNER].copy_from_slice(&self.owner.to_bytes());
        bytes[OWNER..ID].copy_from_slice(&self.grant.to_bytes());
        bytes[ID..GRANT_SECRET].copy_from_slice(&self.secret);
        written(self.part.prefix(), bytes)
    }
}

/// The `N` bytes of a credential from `start` on.
fn part<const N: usize, const LENGTH: usize>(bytes: &[u8; LENGTH], start: usize) -> [u8; N] {
    std::array::from_fn(|place| bytes[start + place])
}

/// The text of a credential; the last four bytes become the checksum.
fn written<const LENGTH: usize>(prefix: &str, mut bytes: [u8; LENGTH]) -> String {
    let sum = checksum(prefix, &bytes[..LENGTH - 4]);
    bytes[LENGTH - 4..].copy_from_slice(&sum);
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The bytes of a credential, if it has the prefix, the length and the right checksum.
fn read<const LENGTH: usize>(prefix: &str, text: &str) -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    let decoded = URL_SAFE_NO_PAD.decode_slice(text.strip_prefix(prefix)?, &mut bytes);
    let is_whole =
        decoded == Ok(LENGTH) && checksum(prefix, &bytes[..LENGTH - 4]) == bytes[LENGTH - 4..];
    is_whole.then_some(bytes)
}

fn checksum(prefix: &str, bytes: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(prefix.as_bytes());
    hasher.update(bytes);
    hasher.finalize().to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_as_it_was_made() {
        for kind in [TokenKind::User, TokenKind::Environment] {
            let made = TokenCredential::generate(kind, UserId::generate()).unwrap();
            let read: TokenCredential = made.reveal().parse().unwrap();

            assert_eq!(
                (read.kind, read.owner, read.id, read.secret),
                (made.kind, made.owner, made.id, made.secret)
            );
        }
    }

    #[test]
    fn a_token_with_any_one_character_changed_is_refused() {
        let token =
            TokenCredential::generate(TokenKind::User, UserId::generate()).unwrap().reveal();

        for place in 0..token.len() {
            let mut wrong = token.clone().into_bytes();
            wrong[place] = if wrong[place] == b'A' { b'B' } else { b'A' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert!(wrong.parse::<TokenCredential>().is_err(), "{place}");
        }
    }

    #[test]
    fn a_token_of_any_other_length_or_kind_is_refused() {
        let token =
            TokenCredential::generate(TokenKind::User, UserId::generate()).unwrap().reveal();
        let other_kind = token.replacen("rcu_", "rce_", 1);
        let long = format!("{token}{}", "A".repeat(100_000));

        for wrong in [
            "",
            "rcu_",
            "rcu",
            "é",
            &token[..token.len() - 1],
            &token[4..],
            &other_kind,
            &long,
            &format!("{token}="),
        ] {
            assert!(wrong.parse::<TokenCredential>().is_err());
        }
    }
}
