//! The text form of tokens.
//!
//! A token is a prefix and 48 bytes in URL-safe base64: the owner's id (16), the token's id (12), the secret (16 random
//! bytes) and a CRC-32 over all before it (4). The ids say where the token is kept, so that nothing has to be looked up
//! first; the checksum turns away what was mistyped or made up without asking the table.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Malformed, SecretHash, TokenId, TokenKind, UserId};
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
        SecretHash::of(&self.secret)
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
        let sum = checksum(self.kind, &bytes[..SECRET]);
        bytes[SECRET..].copy_from_slice(&sum);
        format!("{}{}", prefix(self.kind), URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for TokenCredential {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed::new("is not a token");
        let (kind, rest) = [TokenKind::User, TokenKind::Environment]
            .into_iter()
            .find_map(|kind| Some((kind, text.strip_prefix(prefix(kind))?)))
            .ok_or_else(malformed)?;
        let mut bytes = [0; LENGTH];
        if URL_SAFE_NO_PAD.decode_slice(rest, &mut bytes) != Ok(LENGTH)
            || checksum(kind, &bytes[..SECRET]) != bytes[SECRET..]
        {
            return Err(malformed());
        }
        Ok(Self {
            kind,
            owner: UserId::from_bytes(part(&bytes, 0)),
            id: TokenId::from_bytes(part(&bytes, OWNER)),
            secret: part(&bytes, ID),
        })
    }
}

/// The `N` bytes of a token from `start` on.
fn part<const N: usize>(bytes: &[u8; LENGTH], start: usize) -> [u8; N] {
    std::array::from_fn(|place| bytes[start + place])
}

const fn prefix(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::User => "rcu_",
        TokenKind::Environment => "rce_",
    }
}

fn checksum(kind: TokenKind, bytes: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(prefix(kind).as_bytes());
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
