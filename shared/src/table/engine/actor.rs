//! Who makes a write.

use super::item::Stored;
use crate::model::{
    ApiKeyId, ClientId, Grant, GrantId, Maker, PasskeyId, Session, SessionId, SignatureDigest,
    TokenId, User, UserId, UserToken,
};

/// Proof of who makes a write, and with which credential. Every write of
/// [`Table`](super::table::Table) takes one.
///
/// `auth` alone makes one for a user or a client, from a credential that it has verified; the
/// operator's command has [`Actor::operator`]. The transaction then requires by itself that the
/// credential still exists as it was read (a token's expiry, an API key's secret, a grant's access
/// tokens), and that its user is not disabled.
///
/// Nothing can be written without one:
/// ```compile_fail,E0061
/// # use shared::model::{TokenId, UserId};
/// # use shared::table::Table;
/// fn revoke(table: &Table, user: UserId, token: TokenId) {
///     let _ = table.delete_token(user, token);
/// }
/// ```
/// And nobody else can make one:
/// ```compile_fail,E0451
/// # use shared::table::Actor;
/// fn forge() -> Actor {
///     Actor { identity: todo!(), request_context: todo!() }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Actor {
    pub(super) identity: Identity,
    pub(super) request_context: RequestContext,
}

/// The request that a write belongs to, as the audit log names it; nothing of a command or of the
/// service itself.
#[derive(Debug, Clone, Default)]
pub struct RequestContext {
    /// The id of the request.
    pub request_id: Option<String>,
    /// The dialect that it spoke.
    pub dialect: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub(in crate::table) enum Identity {
    /// A user, with the epoch of its credentials as it was read.
    User {
        id: UserId,
        epoch: u64,
        credential: UserCredential,
        /// The credential as the maker of others; none of a password.
        maker: Option<Maker>,
        /// Whom the users count for that this one makes.
        root_maker: UserId,
    },
    /// An OAuth client.
    Client(ClientId),
    /// Who has the link of a mail: of a user, with the epoch of its credentials as it was read, or
    /// of nobody yet.
    #[cfg_attr(not(feature = "password"), expect(dead_code, reason = "others take no links"))]
    MailToken(Option<(UserId, u64)>),
    /// The operator's command.
    #[cfg(feature = "operator")]
    Operator,
    /// The service itself.
    System,
}

/// The kind of credential a user was authenticated with, and where the table stores it.
#[derive(Debug, Clone)]
pub(crate) enum UserCredential {
    /// The password alone, in the user's item, which must say that no second factor is on.
    Password,
    /// The password and a code of the second factor, which the write that it allows uses up.
    Code,
    /// An API key, in the user's item, with the nonce of the secret that signed, and the signature
    /// that was made with it. The transaction uses the signature up.
    ApiKey { key: ApiKeyId, nonce: String, signature: SignatureDigest },
    /// A user token, with the version that was read: a rotation may have set its end since.
    Token(TokenId, u64),
    /// A session, with the version that was read: it may have another secret since.
    Session(SessionId, u64),
    /// A passkey. The write that it signs for uses it up as it was read.
    Passkey(PasskeyId),
    /// An OAuth access token, in its grant's item, with the versions of the grant and its client
    /// that were read: since then the token may have been revoked alone, or the client's scopes
    /// taken away.
    OAuth { grant: GrantId, version: u64, client_version: u64 },
}

impl UserCredential {
    /// A user token as it was read.
    pub(crate) fn token(token: &Stored<UserToken>) -> Self {
        Self::Token(token.id, token.version)
    }

    /// A session as it was read.
    pub(crate) fn session(session: &Stored<Session>) -> Self {
        Self::Session(session.id, session.version)
    }

    /// An access token of a grant as it was read.
    pub(crate) fn oauth(grant: &Stored<Grant>, client_version: u64) -> Self {
        Self::OAuth { grant: grant.id, version: grant.version, client_version }
    }
}

impl Actor {
    /// A user whose credential was verified.
    pub(crate) fn user(
        user: &User,
        credential: UserCredential,
        maker: Option<Maker>,
        request_context: RequestContext,
    ) -> Self {
        let (id, epoch, root_maker) = (user.id, user.credential_epoch, user.root_maker());
        let identity = Identity::User { id, epoch, credential, maker, root_maker };
        Self { identity, request_context }
    }

    /// An OAuth client that was authenticated.
    pub(crate) const fn client(client: ClientId, request_context: RequestContext) -> Self {
        Self { identity: Identity::Client(client), request_context }
    }

    /// Who has the link of a mail, of this user or of nobody yet.
    #[cfg(feature = "password")]
    pub(crate) fn mail_token(user: Option<&User>, request_context: RequestContext) -> Self {
        let user = user.map(|user| (user.id, user.credential_epoch));
        Self { identity: Identity::MailToken(user), request_context }
    }

    /// Whoever sends a request that takes no credential: the service acts.
    pub(crate) const fn anonymous(request_context: RequestContext) -> Self {
        Self { identity: Identity::System, request_context }
    }

    /// Whether a user makes the write, by a credential or by the link of a mail.
    pub(in crate::table) const fn is_user(&self) -> bool {
        self.has_user_credential() || matches!(self.identity, Identity::MailToken(_))
    }

    /// Whether a credential of a user makes the write.
    pub(in crate::table) const fn has_user_credential(&self) -> bool {
        matches!(self.identity, Identity::User { .. })
    }

    /// The user token that was presented, if it was one.
    pub(in crate::table) const fn token(&self) -> Option<TokenId> {
        match &self.identity {
            Identity::User { credential: UserCredential::Token(token, _), .. } => Some(*token),
            _ => None,
        }
    }

    /// The credential as the maker of others, if it is one of this user's.
    pub(in crate::table) fn maker_for(&self, user: UserId) -> Option<&Maker> {
        match &self.identity {
            Identity::User { id, maker, .. } if *id == user => maker.as_ref(),
            _ => None,
        }
    }

    /// Whom a user counts for that this actor makes; nobody if the operator makes it.
    pub(in crate::table) const fn root_maker(&self) -> Option<UserId> {
        match &self.identity {
            Identity::User { root_maker, .. } => Some(*root_maker),
            _ => None,
        }
    }

    /// The service itself: clean-up, and a password's hash of a higher cost.
    pub(in crate::table) fn system() -> Self {
        Self { identity: Identity::System, request_context: RequestContext::default() }
    }

    /// The service itself, for the request of this actor.
    pub(in crate::table) fn system_for(&self) -> Self {
        Self { identity: Identity::System, request_context: self.request_context.clone() }
    }

    /// The operator, whose rights are those of the AWS credentials in use.
    #[cfg(feature = "operator")]
    pub fn operator() -> Self {
        Self { identity: Identity::Operator, request_context: RequestContext::default() }
    }
}
