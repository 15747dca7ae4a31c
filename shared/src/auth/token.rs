//! Tokens as credentials: a user's own, and those that a user granted to an OAuth client.

use super::asked::Presented;
use super::header::{self, Header};
use super::need::Credential;
use crate::http::Call;
use crate::model::{
    GrantCredential, GrantPart, Timestamp, TokenCredential, TokenKind, User, UserId,
};
use crate::table::{Kept, KeptCredential, Stored, Table};
use crate::{App, Error, Result};

/// A token that may be taken. It has no `Debug`: it must not be logged.
pub enum Token {
    /// A user token.
    Own(TokenCredential),
    /// An OAuth access token.
    Granted(GrantCredential),
}

impl Presented for Token {
    type Means = ();

    fn of(call: &Call) -> Result<Self> {
        Self::parse(header::of(call.headers())?)
    }

    fn name(&self) -> String {
        match self {
            Self::Own(token) => format!("token:{}", token.id()),
            Self::Granted(token) => format!("grant:{}", token.grant()),
        }
    }

    async fn locate(&self, _: &App) -> Result<(UserId, Kept)> {
        Ok(self.kept())
    }

    async fn check(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        kept: KeptCredential,
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
                if let Ok(granted) = GrantCredential::parse(GrantPart::Access, text) {
                    return Ok(Self::Granted(granted));
                }
                text
            }
            Header::Bare(text) => text,
            Header::Basic(_) | Header::Other(_) => return Err(Error::BadCredential),
        };
        let token: TokenCredential = text.parse().map_err(|_| Error::BadCredential)?;
        match token.kind() {
            TokenKind::User => Ok(Self::Own(token)),
            TokenKind::Environment => Err(Error::UserTokenOnly),
        }
    }

    /// Whose it is and where it is kept.
    pub(super) const fn kept(&self) -> (UserId, Kept) {
        match self {
            Self::Own(token) => (token.owner(), Kept::Token(token.id())),
            Self::Granted(token) => (token.owner(), Kept::Grant(token.grant())),
        }
    }

    /// The credential, if the token is the kept one and still works.
    pub(super) async fn confirm(
        &self,
        table: &Table,
        user: Option<&Stored<User>>,
        kept: KeptCredential,
    ) -> Result<Credential> {
        let now = Timestamp::now();
        let user = user.filter(|user| !user.disabled).ok_or(Error::BadCredential)?;
        match (self, kept) {
            (Self::Own(presented), KeptCredential::Token(Some(mut token)))
                if token.kind == presented.kind()
                    && presented.matches(&token.secret_hash)
                    && token.is_live(now)
                    && user.honours(&token) =>
            {
                table.mark_token_used(&mut token, now).await;
                Ok(Credential::Token(Box::new(token.into_inner())))
            }
            (Self::Granted(presented), KeptCredential::Grant(Some(grant)))
                if grant.epoch == user.credential_epoch =>
            {
                let access = grant.access_of(presented, now).ok_or(Error::BadCredential)?;
                table.mark_grant_used(&grant, now).await;
                Ok(Credential::Access(access.scopes.clone()))
            }
            _ => Err(Error::BadCredential),
        }
    }
}
