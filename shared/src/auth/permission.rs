//! What a caller may do, and the proof of it.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use crate::http::Preconditions;
use crate::idempotency::IdempotentRequest;
use crate::model::{
    ApiKey, ApiKeyId, ClientId, Grant, GrantAccess, Maker, Network, PasskeyId, Scope, Session,
    SignatureDigest, Timestamp, User, UserToken,
};
use crate::table::{Actor, ReadVersions, RequestContext, Stored, UserCredential};
use crate::telemetry::SecurityEvent;
use crate::telemetry::request::observe;
use crate::{Error, Result};

/// A credential that was verified.
#[derive(Debug)]
pub enum Credential {
    /// A username or e-mail address, and a password.
    Password,
    /// The same, and a code of the second factor.
    Code,
    /// A signature with an API key.
    ApiKey(VerifiedSignature),
    /// A user token.
    Token(Box<Stored<UserToken>>),
    /// The session of a browser.
    Session(Box<Stored<Session>>),
    /// A passkey, which signs in in a browser.
    Passkey(PasskeyId),
    /// An OAuth access token.
    OAuth {
        /// The grant it was issued for.
        grant: Box<Stored<Grant>>,
        /// The version of its client.
        client_version: u64,
        /// The token, with what it lets the client do.
        access: GrantAccess,
    },
}

/// A signature that was verified.
#[derive(Debug)]
pub struct VerifiedSignature {
    /// The key that it was made with.
    pub key: ApiKeyId,
    /// The nonce of the secret.
    pub(super) nonce: String,
    pub(super) digest: SignatureDigest,
    /// Whether a write was made with it before.
    pub(super) is_used: bool,
}

impl Credential {
    /// Its name in the log.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
            Self::ApiKey(_) => "signature",
            Self::Token(_) => "token",
            Self::Session(_) => "session",
            Self::Passkey(_) => "passkey",
            Self::OAuth { .. } => "oauth",
        }
    }

    /// The OAuth client that has it.
    fn client(&self) -> Option<ClientId> {
        match self {
            Self::OAuth { grant, .. } => Some(grant.client),
            Self::Password
            | Self::Code
            | Self::ApiKey(_)
            | Self::Token(_)
            | Self::Session(_)
            | Self::Passkey(_) => None,
        }
    }

    /// Where the table stores it.
    fn stored_at(&self) -> UserCredential {
        match self {
            Self::Password => UserCredential::Password,
            Self::Code => UserCredential::Code,
            Self::ApiKey(VerifiedSignature { key, nonce, digest, .. }) => {
                UserCredential::ApiKey { key: *key, nonce: nonce.clone(), signature: *digest }
            }
            Self::Token(token) => UserCredential::token(token),
            Self::Session(session) => UserCredential::session(session),
            Self::Passkey(passkey) => UserCredential::Passkey(*passkey),
            Self::OAuth { grant, client_version, .. } => {
                UserCredential::oauth(grant, *client_version)
            }
        }
    }

    /// Whether it allows everything, for as long as its user wants. The old token of a rotation has
    /// an end; a session does while its user has entered the password a moment ago.
    fn has_full_access(&self) -> bool {
        match self {
            Self::Password | Self::Code | Self::ApiKey(_) | Self::Passkey(_) => true,
            Self::Token(token) => token.scopes.is_none() && token.expires_at.is_none(),
            Self::Session(session) => session.is_proved(Timestamp::now()),
            Self::OAuth { .. } => false,
        }
    }

    /// The credential as the maker of others. Clients make none by an access token.
    fn as_maker(&self, user: &User) -> Option<Maker> {
        match self {
            Self::Token(token) => Some(token.as_maker()),
            Self::ApiKey(signature) => {
                user.api_keys.get(&signature.key.to_string()).map(ApiKey::as_maker)
            }
            Self::Password
            | Self::Code
            | Self::Session(_)
            | Self::Passkey(_)
            | Self::OAuth { .. } => None,
        }
    }

    /// What it allows; everything if there is no list.
    pub fn scopes(&self) -> Option<&BTreeSet<Scope>> {
        match self {
            Self::Password | Self::Code | Self::ApiKey(_) | Self::Session(_) | Self::Passkey(_) => {
                None
            }
            Self::Token(token) => token.scopes.as_ref(),
            Self::OAuth { access, .. } => Some(&access.scopes),
        }
    }
}

/// What an operation requires of its caller.
pub trait Permission: Send {
    /// Rejects a credential without this permission.
    fn require(credential: &Credential) -> Result<()>;
}

/// Setting passwords; making, renewing and removing keys, secrets and tokens. No token with a list
/// of scopes or with an expiry can, so that no credential makes itself, or what outlives it,
/// stronger.
pub struct FullAccess;

impl Permission for FullAccess {
    fn require(credential: &Credential) -> Result<()> {
        if credential.has_full_access() { Ok(()) } else { Err(Error::FullAccessRequired) }
    }
}

/// One scope each, which a token with a list of scopes must have.
macro_rules! scopes {
    ($($(#[$doc:meta])* $permission:ident;)*) => {$(
        $(#[$doc])*
        pub struct $permission;

        impl Permission for $permission {
            fn require(credential: &Credential) -> Result<()> {
                require_scope(credential, Scope::$permission)
            }
        }
    )*};
}

fn require_scope(credential: &Credential, scope: Scope) -> Result<()> {
    match credential.scopes() {
        Some(scopes) if !scopes.contains(&scope) => Err(Error::MissingScope(scope.as_str())),
        _ => Ok(()),
    }
}

scopes! {
    /// Reading accounts.
    AccountRead;
    /// Creating, changing and deleting accounts.
    AccountWrite;
    /// Reading one's profile.
    ProfileRead;
    /// Changing one's profile.
    ProfileWrite;
    /// Reading one's addresses.
    EmailRead;
    /// Changing one's addresses.
    EmailWrite;
    /// Listing one's tokens.
    TokensRead;
    /// Creating and rotating tokens.
    TokensWrite;
    /// Reading audit logs.
    AuditRead;
    /// Listing the members of accounts.
    MembersRead;
    /// Changing and removing members of accounts, and handing accounts over.
    MembersWrite;
}

/// Proof that the request has a valid credential of this user with the permission `N`.
pub struct Caller<N> {
    pub(super) user: Stored<User>,
    credential: Credential,
    /// Where the request comes from.
    pub(super) source: Network,
    /// Which request it is.
    pub(super) request_context: RequestContext,
    /// Identifies repetitions of the request, if it has an `Idempotency-Key`.
    pub(super) idempotent: Option<IdempotentRequest>,
    /// Its preconditions; none once they were checked.
    pub(super) preconditions: Preconditions,
    /// The versions that they were checked against.
    pub(super) read_versions: ReadVersions,
    permission: PhantomData<N>,
}

impl<N: Permission> Caller<N> {
    /// The proof, if the credential has the permission.
    pub(super) fn new(
        user: Stored<User>,
        credential: Credential,
        request_context: RequestContext,
    ) -> Result<Self> {
        observe(|observed| {
            observed.credential = Some(credential.kind());
            observed.user = Some(user.id.to_string());
            if let Some(client) = credential.client() {
                observed.client = Some(client.to_string());
            }
        });
        N::require(&credential)?;
        Ok(Self {
            user,
            credential,
            source: Network::Unknown,
            request_context,
            idempotent: None,
            preconditions: Preconditions::default(),
            read_versions: ReadVersions::default(),
            permission: PhantomData,
        })
    }

    /// The user.
    pub const fn user(&self) -> &Stored<User> {
        &self.user
    }

    /// The credential.
    pub const fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The token that was presented, if it was one.
    pub fn token(&self) -> Option<&UserToken> {
        match &self.credential {
            Credential::Token(token) => Some(token),
            _ => None,
        }
    }

    /// The session that the user is signed in with, if it is one.
    pub fn session(&self) -> Option<&Stored<Session>> {
        match &self.credential {
            Credential::Session(session) => Some(session),
            _ => None,
        }
    }

    /// The caller as the one who makes a write.
    pub fn actor(&self) -> Actor {
        let (credential, user) = (&self.credential, &self.user);
        Actor::user(
            user,
            credential.stored_at(),
            credential.as_maker(user),
            self.request_context.clone(),
        )
    }

    /// Rejects a signature that a write was made with.
    pub(super) fn check_signature(&self) -> Result<()> {
        match &self.credential {
            Credential::ApiKey(signature) if signature.is_used => {
                SecurityEvent::SignatureReplayed.record();
                Err(Error::used_signature())
            }
            _ => Ok(()),
        }
    }

    /// Requires another permission, where the body decides which one the request needs.
    pub fn require<More: Permission>(&self) -> Result<()> {
        More::require(&self.credential)
    }

    /// Rejects a token with more scopes, or a later expiry, than the credential that creates it.
    pub fn check_delegation(
        &self,
        scopes: Option<&BTreeSet<Scope>>,
        expires_at: Option<Timestamp>,
    ) -> Result<()> {
        match (self.credential.scopes(), scopes) {
            (None, _) => {}
            (Some(_), None) => return Err(Error::FullAccessRequired),
            (Some(held), Some(requested)) => {
                if let Some(missing) = requested.difference(held).next() {
                    return Err(Error::MissingScope(missing.as_str()));
                }
            }
        }
        let end = self.token().and_then(|token| token.expires_at);
        if end.is_some_and(|end| expires_at.is_none_or(|requested| requested > end)) {
            return Err(Error::Forbidden("a token cannot make one that outlives it"));
        }
        Ok(())
    }
}
