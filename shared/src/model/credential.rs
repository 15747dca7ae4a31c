//! Tokens and codes as their holders have them.
//!
//! A token is a prefix and 48 bytes: its owner's id (16), its own id (12), a random secret (16) and
//! a checksum (4). The ids say where the table stores it, so that nothing has to be looked up
//! first. Codes and tokens of OAuth have the same form, with a secret of 32 bytes and the grant's
//! id (24), which names the client, in place of the token's.

use std::str::FromStr;

use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};

use super::format::{CredentialFormat, part};
use super::{GrantId, ParseError, SecretHash, TokenId, TokenKind, UserId};
use crate::{Result, random};

const OWNER: usize = 16;
const ID: usize = OWNER + 12;
const TOKEN: usize = ID + 16;
const GRANT: usize = OWNER + 24;
const GRANT_TOKEN: usize = GRANT + 32;

/// A token as its holder has it.
#[derive(Debug)]
pub struct TokenCredential {
    kind: TokenKind,
    owner: UserId,
    id: TokenId,
    secret: SecretBox<[u8; 16]>,
}

impl TokenCredential {
    /// Creates a token of `owner`.
    pub fn generate(kind: TokenKind, owner: UserId) -> Result<Self> {
        Ok(Self { kind, owner, id: TokenId::generate()?, secret: secret(random::bytes()?) })
    }

    /// What the token is for.
    pub const fn kind(&self) -> TokenKind {
        self.kind
    }

    /// Whose token it claims to be.
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

    /// What the table stores of the secret.
    pub fn secret_hash(&self) -> SecretHash {
        SecretHash::new(self.secret.expose_secret())
    }

    /// Whether this token has the secret that was hashed.
    pub fn matches(&self, stored: &SecretHash) -> bool {
        stored.matches(self.secret.expose_secret())
    }

    /// The token's text, for the one response that shows it.
    pub fn reveal(&self) -> String {
        format(self.kind).encode(&[
            &self.owner.to_bytes(),
            &self.id.to_bytes(),
            self.secret.expose_secret(),
        ])
    }
}

impl FromStr for TokenCredential {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (kind, mut bytes) = TokenKind::ALL
            .into_iter()
            .find_map(|kind| Some((kind, format(kind).decode::<TOKEN>(text)?)))
            .ok_or_else(|| ParseError::new("is not a token"))?;
        let token = Self {
            kind,
            owner: UserId::from_bytes(part(&bytes, 0)),
            id: TokenId::from_bytes(part(&bytes, OWNER)),
            secret: secret(part(&bytes, ID)),
        };
        bytes.zeroize();
        Ok(token)
    }
}

const fn format(kind: TokenKind) -> CredentialFormat {
    match kind {
        TokenKind::User => CredentialFormat::new("rcu_"),
        TokenKind::Environment => CredentialFormat::new("rce_"),
    }
}

/// A secret that is erased from memory when it is dropped, as is the copy passed here.
fn secret<const N: usize>(mut bytes: [u8; N]) -> SecretBox<[u8; N]>
where
    [u8; N]: Zeroize,
{
    let secret = SecretBox::new(Box::new(bytes));
    bytes.zeroize();
    secret
}

/// What OAuth hands out for a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantTokenKind {
    /// `rco_…`: an authorization code.
    Code,
    /// `rca_…`: an access token.
    Access,
    /// `rcr_…`: a refresh token. The first half of its secret is the same in all refresh tokens of
    /// a grant, the other half is its own: one that was spent long ago is still recognized as the
    /// grant's.
    Refresh,
}

impl GrantTokenKind {
    const fn format(self) -> CredentialFormat {
        CredentialFormat::new(match self {
            Self::Code => "rco_",
            Self::Access => "rca_",
            Self::Refresh => "rcr_",
        })
    }
}

/// The part of a refresh token's secret that all of its family share.
const FAMILY: usize = 16;

/// A code or token of a grant as the client has it.
#[derive(Debug)]
pub struct GrantCredential {
    kind: GrantTokenKind,
    owner: UserId,
    grant: GrantId,
    secret: SecretBox<[u8; 32]>,
}

impl GrantCredential {
    /// Creates a code or a token.
    pub fn generate(kind: GrantTokenKind, owner: UserId, grant: GrantId) -> Result<Self> {
        Ok(Self { kind, owner, grant, secret: secret(random::bytes()?) })
    }

    /// Creates the refresh token that follows this one.
    pub fn rotate(&self) -> Result<Self> {
        let mut secret = secret(*self.secret.expose_secret());
        secret.expose_secret_mut()[FAMILY..].copy_from_slice(&random::bytes::<16>()?);
        Ok(Self { kind: self.kind, owner: self.owner, grant: self.grant, secret })
    }

    /// Parses a credential of this kind.
    pub fn parse(kind: GrantTokenKind, text: &str) -> Result<Self, ParseError> {
        let mut bytes = kind
            .format()
            .decode::<GRANT_TOKEN>(text)
            .ok_or_else(|| ParseError::new("is not such a token"))?;
        let credential = Self {
            kind,
            owner: UserId::from_bytes(part(&bytes, 0)),
            grant: GrantId::from_bytes(part(&bytes, OWNER)),
            secret: secret(part(&bytes, GRANT)),
        };
        bytes.zeroize();
        Ok(credential)
    }

    /// A code, an access token or a refresh token.
    pub const fn kind(&self) -> GrantTokenKind {
        self.kind
    }

    /// Who granted it.
    pub const fn owner(&self) -> UserId {
        self.owner
    }

    /// Which of its owner's grants.
    pub const fn grant(&self) -> GrantId {
        self.grant
    }

    /// What the table stores of the secret.
    pub fn secret_hash(&self) -> SecretHash {
        SecretHash::new(self.secret.expose_secret())
    }

    /// What the table stores of the half that all refresh tokens of a grant share.
    pub fn family_hash(&self) -> SecretHash {
        SecretHash::new(&self.secret.expose_secret()[..FAMILY])
    }

    /// Whether this credential has the secret that was hashed.
    pub fn matches(&self, stored: &SecretHash) -> bool {
        stored.matches(self.secret.expose_secret())
    }

    /// Whether this refresh token is or was one of the grant with this family hash.
    pub fn is_in_family(&self, stored: &SecretHash) -> bool {
        stored.matches(&self.secret.expose_secret()[..FAMILY])
    }

    /// The credential's text, for the one response that shows it.
    pub fn reveal(&self) -> String {
        self.kind.format().encode(&[
            &self.owner.to_bytes(),
            &self.grant.to_bytes(),
            self.secret.expose_secret(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ClientId;

    fn grant_id() -> GrantId {
        GrantId::generate(ClientId::generate().unwrap()).unwrap()
    }

    #[test]
    fn a_token_parses_back_to_itself() {
        for kind in TokenKind::ALL {
            let token = TokenCredential::generate(kind, UserId::generate()).unwrap();
            let parsed: TokenCredential = token.reveal().parse().unwrap();

            assert_eq!(
                (parsed.kind, parsed.owner, parsed.id, parsed.secret.expose_secret()),
                (token.kind, token.owner, token.id, token.secret.expose_secret())
            );
        }
    }

    #[test]
    fn a_token_under_another_prefix_or_with_padding_is_rejected() {
        let token =
            TokenCredential::generate(TokenKind::User, UserId::generate()).unwrap().reveal();

        for wrong in [&token[4..], &token.replacen("rcu_", "rce_", 1), &format!("{token}=")] {
            assert!(wrong.parse::<TokenCredential>().is_err());
        }
    }

    #[test]
    fn a_refresh_token_and_its_successor_share_a_family_and_nothing_else() {
        let (owner, grant) = (UserId::generate(), grant_id());
        let first = GrantCredential::generate(GrantTokenKind::Refresh, owner, grant).unwrap();
        let second = first.rotate().unwrap();
        let other = GrantCredential::generate(GrantTokenKind::Refresh, owner, grant).unwrap();

        assert!(second.is_in_family(&first.family_hash()));
        assert!(!second.matches(&first.secret_hash()));
        assert!(!other.is_in_family(&first.family_hash()));
    }

    #[test]
    fn a_credential_that_is_printed_does_not_show_its_secret() {
        let owner = UserId::generate();
        let token = TokenCredential::generate(TokenKind::User, owner).unwrap();
        let code = GrantCredential::generate(GrantTokenKind::Code, owner, grant_id());

        assert!(format!("{token:?}").contains("secret: SecretBox<[u8; 16]>([REDACTED])"));
        assert!(format!("{:?}", code.unwrap()).contains("secret: SecretBox<[u8; 32]>([REDACTED])"));
    }
}
