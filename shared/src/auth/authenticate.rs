//! From a credential in the header to a proof that the caller may: everything a request needs, in one round.

use std::future::Future;
use std::marker::PhantomData;

use super::permission::{Caller, Permission};
use super::scheme::AuthScheme;
use super::token::Token;
use crate::http::{ApiRequest, Preconditions};
use crate::idempotency::IdempotentRequest;
use crate::model::UserId;
use crate::table::{CredentialKey, Fetch, Table};
use crate::{App, Error, Result};

/// Somebody asks with a well-formed credential, which the table has not confirmed yet.
///
/// Most credentials name their owner, so that the credential, its user and whatever else the request needs are fetched
/// together. A request that turns out to be malformed fetches the credential alone: without a valid one the answer is
/// 401, whatever else is wrong.
pub struct AuthRequest<'a, N, P: AuthScheme = Token> {
    app: &'a App<P::Means>,
    call: &'a ApiRequest,
    presented: P,
    need: PhantomData<N>,
}

impl<'a, N: Permission, P: AuthScheme> AuthRequest<'a, N, P> {
    /// Reads the header; asks nobody.
    pub fn of(app: &'a App<P::Means>, call: &'a ApiRequest) -> Result<Self> {
        Ok(Self { app, call, presented: P::of(call)?, need: PhantomData })
    }

    /// Confirms the caller and fetches what `wanted` names, in one round.
    pub async fn with<T, W: Fetch>(
        self,
        input: Result<T>,
        wanted: impl FnOnce(&T) -> W,
    ) -> Result<(Caller<N>, T, W::Output)> {
        let (caller, input, found, ()) =
            self.with_beside(input, wanted, |_, _, _| std::future::ready(Ok(()))).await?;
        Ok((caller, input, found))
    }

    /// Confirms the caller beside another call that needs nothing but the caller's id, in one round.
    pub async fn beside<T, F, Output>(
        self,
        input: Result<T>,
        other: impl FnOnce(&'a Table, UserId) -> F,
    ) -> Result<(Caller<N>, T, Output)>
    where
        F: Future<Output = Result<Output>>,
    {
        let (caller, input, (), found) =
            self.with_beside(input, |_| (), |table, user, _| other(table, user)).await?;
        Ok((caller, input, found))
    }

    /// Both at once, and the other call may also need what the request says.
    pub async fn with_beside<T, W: Fetch, F, Output>(
        self,
        input: Result<T>,
        wanted: impl FnOnce(&T) -> W,
        other: impl FnOnce(&'a Table, UserId, &T) -> F,
    ) -> Result<(Caller<N>, T, W::Output, Output)>
    where
        F: Future<Output = Result<Output>>,
    {
        let (user, kept) = self.presented.locate(self.app).await?;
        let read = input.and_then(|input| Ok((input, self.repeatable()?)));
        let (input, repeatable) = match read {
            Ok(read) => read,
            Err(error) => return Err(self.confirm(user, kept, ()).await.err().unwrap_or(error)),
        };
        if let (true, Some(request)) = (self.call.looks_again(), &repeatable) {
            return Err(self.find_response(user, kept, request).await);
        }
        let slot = repeatable.as_ref().map(|request| request.slot().clone());
        let (confirmed, other) = tokio::join!(
            self.confirm(user, kept, (wanted(&input), slot)),
            other(&self.app.table, user, &input)
        );
        let (caller, (found, answer)) = confirmed?;
        if let (Some(request), Some(answer)) = (&repeatable, answer) {
            return Err(request.end(&self.app.service_keys, &answer).await);
        }
        if repeatable.is_some() {
            self.call.note_new();
        }
        let caller = caller.asking(repeatable, Preconditions::of(self.call.headers()));
        Ok((caller, input, found, other?))
    }

    /// How a request ends that only looks for its answer: with it, if it is there now.
    async fn find_response(
        &self,
        user: UserId,
        kept: CredentialKey,
        request: &IdempotentRequest,
    ) -> Error {
        match self.confirm(user, kept, Some(request.slot().clone())).await {
            Ok((_, Some(answer))) => request.end(&self.app.service_keys, &answer).await,
            Ok((_, None)) => Error::IdempotencyKeyInUse,
            Err(error) => error,
        }
    }

    /// What makes the request known when it is sent again.
    fn repeatable(&self) -> Result<Option<IdempotentRequest>> {
        let key = self.call.idempotency_key()?;
        Ok(key.map(|key| IdempotentRequest::new(self.call, &self.presented.name(), &key)))
    }

    async fn confirm<W: Fetch>(
        &self,
        user: UserId,
        kept: CredentialKey,
        wanted: W,
    ) -> Result<(Caller<N>, W::Output)> {
        let (kept, user, found) = self.app.table.fetch_with_credential(user, kept, wanted).await?;
        let credential = self.presented.check(self.app, user.as_ref(), kept).await?;
        let user = user.filter(|user| !user.disabled).ok_or(Error::InvalidCredential)?;
        Ok((Caller::admit(user, credential)?, found))
    }
}
