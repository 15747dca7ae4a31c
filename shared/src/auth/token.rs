//! Tokens as credentials: a user's own, and those that a user granted to an OAuth client.

use super::header::{self, Header};
use super::permission::Credential;
use super::scheme::AuthScheme;
use crate::http::ApiRequest;
use crate::model::{
    GrantCredential, GrantTokenKind, Timestamp, TokenCredential, TokenKind, User, UserId,
};
use crate::table::{CredentialKey, Stored, StoredCredential, Table};
use crate::{App, Error, Result};

/// A token that may be taken. It has no `Debug`: it must not be logged.
pub enum Token {
    /// A user token.
    User(TokenCredential),
    /// An OAuth access token.
    OAuth(GrantCredential),
}

impl AuthScheme for Token {
    type Means = ();

    fn of(call: &ApiRequest) -> Result<Self> {
        Self::parse(header::of(call.headers())?)
    }

    fn name(&self) -> String {
        match self {
            Self::User(token) => format!("token:{}", token.id()),
            Self::OAuth(token) => format!("grant:{}", token.grant()),
        }
    }

    async fn locate(&self, _: &App) -> Result<(UserId, CredentialKey)> {
        Ok(self.kept())
    }

    async fn check(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        kept: StoredCredential,
    ) -> Result<Credential> {
        self.confirm(&app.table, user, kept).await
    }
}

impl Token {
    /// Reads a token that is no environment token, which is recognised without asking the table. An access token stands
    /// after `Bearer` alone.
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

    /// Whose it is and where it is kept.
    pub(super) const fn kept(&self) -> (UserId, CredentialKey) {
        match self {
            Self::User(token) => (token.owner(), CredentialKey::Token(token.id())),
            Self::OAuth(token) => (token.owner(), CredentialKey::Grant(token.grant())),
        }
    }

    /// The credential, if the token is the kept one and still works.
    pub(super) async fn confirm(
        &self,
        table: &Table,
        user: Option<&Stored<User>>,
        kept: StoredCredential,
    ) -> Result<Credential> {
        let now = Timestamp::now();
        let user = user.filter(|user| !user.disabled).ok_or(Error::InvalidCredential)?;
        match (self, kept) {
            (Self::User(presented), StoredCredential::Token(Some(mut token)))
                if token.kind == presented.kind()
                    && presented.matches(&token.secret_hash)
                    && token.is_unexpired(now)
                    && user.accepts_epoch(&token) =>
            {
                table.touch_token(&mut token, now).await;
                Ok(Credential::Token(Box::new(token.into_inner())))
            }
            (Self::OAuth(presented), StoredCredential::Grant(Some(grant)))
                if grant.epoch == user.credential_epoch =>
            {
                let access = grant.active_access(presented, now).ok_or(Error::InvalidCredential)?;
                table.touch_grant(&grant, now).await;
                Ok(Credential::OAuth { grant: grant.id, scopes: access.scopes.clone() })
            }
            _ => Err(Error::InvalidCredential),
        }
    }
}
