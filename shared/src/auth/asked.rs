//! From a credential in the header to a proof that the caller may: everything a request needs, in one round.

use std::future::Future;
use std::marker::PhantomData;

use super::header;
use crate::http::Call;
use crate::model::{Scope, Timestamp, TokenCredential, TokenKind, User, UserId};
use crate::table::{Credential, Stored, Table, Wanted};
use crate::{App, Error, Result};

/// What a handler needs its caller to be allowed to do.
pub trait Need {
    /// The scope that a token with a list must have.
    const SCOPE: Scope;
}

/// Seeing accounts.
pub struct AccountRead;

/// Creating, changing and deleting accounts.
pub struct AccountWrite;

impl Need for AccountRead {
    const SCOPE: Scope = Scope::AccountRead;
}

impl Need for AccountWrite {
    const SCOPE: Scope = Scope::AccountWrite;
}

/// Somebody asks with a well-formed credential, which the table has not confirmed yet.
///
/// The header names the credential's owner, so that the credential, its user and whatever else the request needs are
/// fetched together. A request that turns out to be malformed fetches the credential alone: without a valid one the
/// answer is 401, whatever else is wrong.
pub struct Asked<'a, N> {
    app: &'a App,
    token: TokenCredential,
    need: PhantomData<N>,
}

impl<'a, N: Need> Asked<'a, N> {
    /// Reads the header; asks the table nothing.
    pub fn of(app: &'a App, call: &Call) -> Result<Self> {
        let token: TokenCredential =
            header::token(call.headers())?.parse().map_err(|_| Error::BadCredential)?;
        match token.kind() {
            TokenKind::User => Ok(Self { app, token, need: PhantomData }),
            TokenKind::Environment => Err(Error::UserTokenOnly),
        }
    }

    /// Confirms the caller and fetches what `wanted` names, in one round.
    pub async fn with<T, W: Wanted>(
        self,
        input: Result<T>,
        wanted: impl FnOnce(&T) -> W,
    ) -> Result<(Caller<N>, T, W::Found)> {
        let input = match input {
            Ok(input) => input,
            Err(error) => return Err(self.refuse(error).await),
        };
        let (caller, found) = self.confirm(wanted(&input)).await?;
        Ok((caller, input, found))
    }

    /// Confirms the caller beside another call that needs nothing but the caller's id, in one round.
    pub async fn beside<T, F, Found>(
        self,
        input: Result<T>,
        other: impl FnOnce(&'a Table, UserId) -> F,
    ) -> Result<(Caller<N>, T, Found)>
    where
        F: Future<Output = Result<Found>>,
    {
        let input = match input {
            Ok(input) => input,
            Err(error) => return Err(self.refuse(error).await),
        };
        let (confirmed, found) =
            tokio::join!(self.confirm(()), other(self.table(), self.token.owner()));
        let (caller, ()) = confirmed?;
        Ok((caller, input, found?))
    }

    /// What a malformed request is answered: what is wrong with the credential, else what is wrong with the request.
    async fn refuse(self, error: Error) -> Error {
        match self.confirm(()).await {
            Ok(_) => error,
            Err(refused) => refused,
        }
    }

    async fn confirm<W: Wanted>(&self, wanted: W) -> Result<(Caller<N>, W::Found)> {
        let (credential, found) =
            self.table().credential_and(self.token.owner(), self.token.id(), wanted).await?;
        Ok((self.admit(credential).await?, found))
    }

    const fn table(&self) -> &'a Table {
        &self.app.table
    }

    /// The proof, if the fetched credential is the one presented, still works and may do what is needed.
    ///
    /// Nobody is told apart by the answer whose token is unknown, revoked or expired, or who is gone or disabled.
    async fn admit(&self, credential: Credential) -> Result<Caller<N>> {
        let now = Timestamp::now();
        let Credential { token: Some(token), user: Some(user) } = credential else {
            return Err(Error::BadCredential);
        };
        if token.kind != self.token.kind()
            || !self.token.matches(&token.secret_hash)
            || !token.is_live(now)
            || user.disabled
        {
            return Err(Error::BadCredential);
        }
        if !token.allows(N::SCOPE) {
            return Err(Error::MissingScope(N::SCOPE.as_str()));
        }
        self.table().mark_used(&token, now).await;
        Ok(Caller { user, need: PhantomData })
    }
}

/// Proof that a valid credential of this user was presented, which may do `N`.
pub struct Caller<N> {
    user: Stored<User>,
    need: PhantomData<N>,
}

impl<N: Need> Caller<N> {
    /// Who asks.
    pub const fn user(&self) -> &Stored<User> {
        &self.user
    }
}
