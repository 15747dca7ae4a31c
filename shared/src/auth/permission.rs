//! What a caller may do, and the proof of it.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use crate::http::Preconditions;
use crate::idempotency::IdempotentRequest;
use crate::model::{ApiKeyId, GrantId, Scope, Timestamp, User, UserToken};
use crate::table::{Actor, ReadVersions, Stored, UserCredential};
use crate::telemetry::request::observe;
use crate::{Error, Result};

/// A credential that was presented and is good.
#[derive(Debug)]
pub enum Credential {
    /// A name and a password.
    Password,
    /// A signature with this key.
    ApiKey(ApiKeyId),
    /// A user token.
    Token(Box<UserToken>),
    /// An OAuth access token.
    OAuth {
        /// The grant it was issued for.
        grant: GrantId,
        /// What it lets the client do.
        scopes: BTreeSet<Scope>,
    },
}

impl Credential {
    /// What the log calls it.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::ApiKey(_) => "signature",
            Self::Token(_) => "token",
            Self::OAuth { .. } => "oauth",
        }
    }

    /// Where the table keeps it.
    const fn stored_at(&self) -> UserCredential {
        match self {
            Self::Password => UserCredential::Password,
            Self::ApiKey(key) => UserCredential::ApiKey(*key),
            Self::Token(token) => UserCredential::Token(token.id),
            Self::OAuth { grant, .. } => UserCredential::OAuth(*grant),
        }
    }

    /// What it lets its user do; without a list, everything.
    pub fn scopes(&self) -> Option<&BTreeSet<Scope>> {
        match self {
            Self::Password | Self::ApiKey(_) => None,
            Self::Token(token) => token.scopes.as_ref(),
            Self::OAuth { scopes, .. } => Some(scopes),
        }
    }
}

/// What a handler needs its caller to be allowed to do.
pub trait Permission: Send {
    /// Refuses a credential that is not enough.
    fn demand(credential: &Credential) -> Result<()>;
}

/// Changing passwords and keys: no token with a list of scopes can, so that no credential makes itself stronger.
pub struct FullAccess;

impl Permission for FullAccess {
    fn demand(credential: &Credential) -> Result<()> {
        match credential.scopes() {
            None => Ok(()),
            Some(_) => Err(Error::FullAccessRequired),
        }
    }
}

/// One scope each, which a token with a list must have.
macro_rules! scopes {
    ($($(#[$doc:meta])* $need:ident;)*) => {$(
        $(#[$doc])*
        pub struct $need;

        impl Permission for $need {
            fn demand(credential: &Credential) -> Result<()> {
                has(credential, Scope::$need)
            }
        }
    )*};
}

fn has(credential: &Credential, scope: Scope) -> Result<()> {
    match credential.scopes() {
        Some(scopes) if !scopes.contains(&scope) => Err(Error::MissingScope(scope.as_str())),
        _ => Ok(()),
    }
}

scopes! {
    /// Seeing accounts.
    AccountRead;
    /// Creating, changing and deleting accounts.
    AccountWrite;
    /// Seeing one's profile.
    ProfileRead;
    /// Changing one's profile.
    ProfileWrite;
    /// Seeing one's addresses.
    EmailRead;
    /// Changing one's addresses.
    EmailWrite;
    /// Seeing one's tokens.
    TokensRead;
    /// Making and revoking tokens.
    TokensWrite;
}

/// Proof that a valid credential of this user was presented, which may do `N`.
pub struct Caller<N> {
    pub(super) user: Stored<User>,
    credential: Credential,
    /// What makes the request known when it is sent again, if it may be.
    pub(super) repeatable: Option<IdempotentRequest>,
    /// What it demands of the resource that it names; nothing once that was looked at.
    pub(super) preconditions: Preconditions,
    /// What that rests on.
    pub(super) versions: ReadVersions,
    need: PhantomData<N>,
}

impl<N: Permission> Caller<N> {
    /// The proof, if the credential is enough.
    pub(super) fn admit(user: Stored<User>, credential: Credential) -> Result<Self> {
        observe(|observed| {
            observed.credential = Some(credential.kind());
            observed.user = Some(user.id.to_string());
        });
        N::demand(&credential)?;
        Ok(Self {
            user,
            credential,
            repeatable: None,
            preconditions: Preconditions::default(),
            versions: ReadVersions::default(),
            need: PhantomData,
        })
    }

    /// Who asks.
    pub const fn user(&self) -> &Stored<User> {
        &self.user
    }

    /// With what.
    pub const fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The token that was presented, if it was one.
    pub fn token(&self) -> Option<&UserToken> {
        match &self.credential {
            Credential::Token(token) => Some(token),
            Credential::Password | Credential::ApiKey(_) | Credential::OAuth { .. } => None,
        }
    }

    /// The caller as the one who makes a write.
    pub fn actor(&self) -> Actor {
        Actor::user(&self.user, self.credential.stored_at())
    }

    /// Refuses what takes more than this proof says, for a request whose body decides what it takes.
    pub fn require<More: Permission>(&self) -> Result<()> {
        More::demand(&self.credential)
    }

    /// Refuses to make a token that could do more, or for longer, than the credential it is made with.
    pub fn check_delegation(
        &self,
        scopes: Option<&BTreeSet<Scope>>,
        expires_at: Option<Timestamp>,
    ) -> Result<()> {
        match (self.credential.scopes(), scopes) {
            (None, _) => {}
            (Some(_), None) => return Err(Error::FullAccessRequired),
            (Some(own), Some(wished)) => {
                if let Some(missing) = wished.difference(own).next() {
                    return Err(Error::MissingScope(missing.as_str()));
                }
            }
        }
        let end = self.token().and_then(|token| token.expires_at);
        if end.is_some_and(|end| expires_at.is_none_or(|wished| wished > end)) {
            return Err(Error::Forbidden("a token cannot make one that outlives it"));
        }
        Ok(())
    }
}
