//! Tokens as credentials: user tokens, and access tokens that a user granted to an OAuth client.

use super::header::{self, Header};
use super::permission::Credential;
use super::scheme::{AuthScheme, Verified};
use crate::http::ApiRequest;
use crate::model::{
    GrantCredential, GrantTokenKind, Timestamp, TokenCredential, TokenKind, User, UserId,
};
use crate::table::{AcceptedGrant, CredentialKey, Stored, StoredCredential, Table};
use crate::telemetry::SecurityEvent;
use crate::telemetry::request::observe;
use crate::{App, Error, Result};

/// A token of a kind that is accepted. It has no `Debug`: it must not be logged.
pub enum Token {
    /// A user token. [`Token::from_text`] makes one of an environment token as well.
    User(TokenCredential),
    /// An OAuth access token.
    OAuth(GrantCredential),
}

impl AuthScheme for Token {
    fn from_request(request: &ApiRequest) -> Result<Self> {
        Self::parse(header::parse(request.headers())?)
    }

    fn principal_id(&self) -> String {
        match self {
            Self::User(token) => format!("token:{}", token.id()),
            Self::OAuth(token) => format!("grant:{}", token.grant()),
        }
    }

    async fn credential_key(&self, _: &App) -> Result<(UserId, CredentialKey)> {
        Ok(self.key())
    }

    async fn verify(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        stored: StoredCredential,
    ) -> Result<Verified> {
        self.authenticate(app, user, stored).await.map(Verified::from)
    }
}

impl Token {
    /// Parses a token. An environment token is recognised without a call and rejected; an access
    /// token is accepted only after `Bearer`.
    pub(super) fn parse(header: Header<'_>) -> Result<Self> {
        let text = match header {
            Header::Bearer(text) => {
                if let Ok(granted) = GrantCredential::parse(GrantTokenKind::Access, text) {
                    return Ok(Self::OAuth(granted));
                }
                text
            }
            Header::Bare(text) => text,
            Header::Basic(_) | Header::Signature(_) => return Err(Error::InvalidCredential),
        };
        let token: TokenCredential = text.parse().map_err(|_| Error::InvalidCredential)?;
        match token.kind() {
            TokenKind::User => Ok(Self::User(token)),
            TokenKind::Environment => Err(Error::UserTokenOnly),
        }
    }

    /// A token of any kind, an environment token too, as its holder has it. `None` for what is no
    /// token, or has a wrong checksum.
    pub fn from_text(text: &str) -> Option<Self> {
        match GrantCredential::parse(GrantTokenKind::Access, text) {
            Ok(granted) => Some(Self::OAuth(granted)),
            Err(_) => text.parse().ok().map(Self::User),
        }
    }

    /// Its owner, and where it is stored.
    pub(super) const fn key(&self) -> (UserId, CredentialKey) {
        match self {
            Self::User(token) => (token.owner(), CredentialKey::Token(token.id())),
            Self::OAuth(token) => (token.owner(), CredentialKey::Grant(token.grant())),
        }
    }

    /// The credential of the caller, as [`Self::verify_stored`] has it. A rejection is an event.
    pub(super) async fn authenticate(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        stored: StoredCredential,
    ) -> Result<Credential> {
        let verified = self.verify_stored(&app.table, user, stored).await;
        if verified.is_err() {
            observe(|observed| observed.user = Some(self.key().0.to_string()));
            SecurityEvent::TokenRejected.record();
        }
        verified
    }

    /// The credential, if the token matches the stored one and is still valid.
    pub(super) async fn verify_stored(
        &self,
        table: &Table,
        user: Option<&Stored<User>>,
        stored: StoredCredential,
    ) -> Result<Credential> {
        let now = Timestamp::now();
        let user = user.filter(|user| !user.disabled).ok_or(Error::InvalidCredential)?;
        match (self, stored) {
            (Self::User(presented), StoredCredential::Token(Some(mut token)))
                if token.kind == presented.kind()
                    && presented.matches(&token.secret_hash)
                    && user.is_active(&token, now) =>
            {
                table.touch_token(&mut token, now).await;
                Ok(Credential::Token(Box::new(token)))
            }
            (Self::OAuth(presented), StoredCredential::Grant(Some(accepted)))
                if accepted.grant.stands(user) =>
            {
                let AcceptedGrant { grant, client_version } = accepted;
                let access = grant.active_access(presented, now).ok_or(Error::InvalidCredential)?;
                table.touch_grant(&grant, now).await;
                let access = access.clone();
                Ok(Credential::OAuth { grant: Box::new(grant), client_version, access })
            }
            _ => Err(Error::InvalidCredential),
        }
    }
}
