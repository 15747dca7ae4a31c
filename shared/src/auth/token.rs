//! Tokens as credentials.

use super::asked::Presented;
use super::header::{self, Header};
use super::need::Powers;
use crate::http::Call;
use crate::model::{Timestamp, TokenCredential, TokenKind, User, UserId};
use crate::table::{Kept, KeptCredential, Stored, Table};
use crate::{App, Error, Result};

impl Presented for TokenCredential {
    type Means = ();

    fn of(call: &Call) -> Result<Self> {
        match header::of(call.headers())? {
            Header::Token(text) => parse(text),
            Header::Basic(_) | Header::Other(_) => Err(Error::BadCredential),
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
    ) -> Result<Powers> {
        self.confirm(&app.table, user, kept).await
    }
}

/// A token that is no environment token, which is recognised without asking the table.
pub(super) fn parse(text: &str) -> Result<TokenCredential> {
    let token: TokenCredential = text.parse().map_err(|_| Error::BadCredential)?;
    match token.kind() {
        TokenKind::User => Ok(token),
        TokenKind::Environment => Err(Error::UserTokenOnly),
    }
}

impl TokenCredential {
    /// Whose it is and where it is kept.
    pub(super) const fn kept(&self) -> (UserId, Kept) {
        (self.owner(), Kept::Token(self.id()))
    }

    /// What the token lets its user do, if it is the kept one and still works.
    pub(super) async fn confirm(
        &self,
        table: &Table,
        user: Option<&Stored<User>>,
        kept: KeptCredential,
    ) -> Result<Powers> {
        let now = Timestamp::now();
        let KeptCredential::Token(Some(token)) = kept else { return Err(Error::BadCredential) };
        let is_good =
            token.kind == self.kind() && self.matches(&token.secret_hash) && token.is_live(now);
        if !is_good || user.is_none_or(|user| user.disabled) {
            return Err(Error::BadCredential);
        }
        table.mark_used(&token, now).await;
        Ok(token.scopes.clone().map_or(Powers::All, Powers::Scopes))
    }
}
