//! From the credential in the header to the proof that the caller may do what it asks for: all that
//! a request needs, in one round trip.

use std::future::{Future, Ready, ready};
use std::marker::PhantomData;

use lambda_http::{Body, Response};

use super::permission::{Caller, Credential, Permission};
use super::scheme::AuthScheme;
use super::source::{request_context, source};
use super::token::Token;
use crate::http::{ApiRequest, Preconditions, is_client_error};
use crate::idempotency::IdempotentRequest;
use crate::model::UserId;
use crate::random::back_off;
use crate::table::{CredentialKey, Fetch, Table, fetch};
use crate::{App, Error, Result};

/// A request with a well-formed credential that is not verified yet. The operation needs the
/// permission `N`.
///
/// Most credentials name their owner, so that the credential, its user and whatever else the
/// request needs are fetched together.
pub struct AuthRequest<'a, N, P: AuthScheme = Token> {
    app: &'a App,
    request: &'a ApiRequest,
    scheme: P,
    permission: PhantomData<N>,
}

/// A request whose input is parsed, with what to read beside its credential.
pub struct PreparedRequest<'a, N, P: AuthScheme, T, W, Q> {
    auth: AuthRequest<'a, N, P>,
    input: Result<(T, W)>,
    query: Q,
}

/// What an operation works with once its caller is authorized.
pub struct Authorized<N, T, Fetched, Queried> {
    /// The proof that the caller may do this.
    pub caller: Caller<N>,
    /// The parsed input.
    pub input: T,
    /// The items that [`PreparedRequest::fetch`] named.
    pub fetched: Fetched,
    /// The outcome of [`PreparedRequest::query`].
    pub queried: Queried,
}

/// No call beside the credential's.
type NoQuery<T> = fn(&Table, UserId, &T) -> Ready<Result<()>>;

impl<'a, N: Permission, P: AuthScheme> AuthRequest<'a, N, P> {
    /// Parses the credential; 401 without a well-formed one, before the body is parsed.
    pub fn from_request(app: &'a App, request: &'a ApiRequest) -> Result<Self> {
        let scheme = P::from_request(request)?;
        Ok(Self { app, request, scheme, permission: PhantomData })
    }

    /// Takes the parsed body or query. If it is invalid, only the credential is fetched: without a
    /// valid one the response is 401, whatever else is wrong.
    pub fn input<T>(self, input: Result<T>) -> PreparedRequest<'a, N, P, T, (), NoQuery<T>> {
        let query: NoQuery<T> = |_, _, _| ready(Ok(()));
        PreparedRequest { auth: self, input: input.map(|input| (input, ())), query }
    }

    /// Identifies repetitions of the request, if it has an `Idempotency-Key`.
    fn idempotent_request(&self) -> Result<Option<IdempotentRequest>> {
        let key = self.request.idempotency_key()?;
        let principal = self.scheme.principal_id();
        Ok(key.map(|key| IdempotentRequest::new(self.request, &principal, &key)))
    }

    /// The caller, and what `fetch` names, in one round trip.
    async fn authenticate<W: Fetch>(
        &self,
        user: UserId,
        key: CredentialKey,
        fetch: W,
    ) -> Result<(Caller<N>, W::Output)> {
        self.authenticate_and(user, key, fetch, ready(()))
            .await
            .map(|(caller, found, ())| (caller, found))
    }

    /// The same, and the outcome of `query` at the same time. For a password that may be wrong the
    /// query begins when it is verified, while the attempt is given back.
    async fn authenticate_and<W: Fetch, Q>(
        &self,
        user: UserId,
        key: CredentialKey,
        fetch: W,
        query: impl Future<Output = Q>,
    ) -> Result<(Caller<N>, W::Output, Q)> {
        let is_guess = self.scheme.is_guess(self.app, user);
        // Boxed, as everything that calls the table: the SDK's futures are large.
        let verify = Box::pin(async {
            let (stored, user, fetched) =
                self.app.table.fetch_with_credential(user, key, fetch).await?;
            let verified = self.scheme.verify(self.app, user.as_ref(), stored).await?;
            let user = user.filter(|user| !user.disabled).ok_or(Error::InvalidCredential)?;
            Ok::<_, Error>((verified, user, fetched))
        });
        let (verified, user, fetched, credential, queried);
        if is_guess {
            (verified, user, fetched) = verify.await?;
            (credential, queried) = tokio::join!(verified.settle(&self.app.table), query);
        } else {
            let (outcome, found) = tokio::join!(verify, query);
            ((verified, user, fetched), queried) = (outcome?, found);
            credential = verified.settle(&self.app.table).await;
        }
        let is_oauth = matches!(credential, Credential::OAuth { .. });
        let caller = Caller::new(user, credential, request_context(self.request));
        // Before a scope that it lacks: it can never have one of another dialect.
        if is_oauth && !self.request.dialect().accepts_oauth_tokens() {
            return Err(Error::OAuthTokenElsewhere);
        }
        Ok((caller?, fetched, queried))
    }

    /// Reads again whether a response is recorded for a rejected request: it may have collided with
    /// its own first attempt. The recorded response if there is one, else the rejection.
    async fn replay_or_reject(
        &self,
        user: UserId,
        key: CredentialKey,
        request: &IdempotentRequest,
        rejection: Error,
    ) -> Result<Response<Body>> {
        back_off(0).await?;
        let stored = fetch::stored_response(Some(request.id().clone()));
        match self.authenticate(user, key, stored).await?.1 {
            Some(stored) => request.replay(&self.app.service_keys, &stored).await,
            None => Err(rejection),
        }
    }
}

impl<'a, N: Permission, P: AuthScheme, T, W: Fetch, Q> PreparedRequest<'a, N, P, T, W, Q> {
    /// Names the items to fetch together with the credential.
    pub fn fetch<V: Fetch>(
        self,
        fetch: impl FnOnce(&T) -> V,
    ) -> PreparedRequest<'a, N, P, T, V, Q> {
        let Self { auth, input, query } = self;
        let input = input.map(|(input, _)| {
            let fetch = fetch(&input);
            (input, fetch)
        });
        PreparedRequest { auth, input, query }
    }

    /// Makes another call at the same time, one that needs only the user's id and the input.
    pub fn query<F, Queried>(
        self,
        query: impl FnOnce(&'a Table, UserId, &T) -> F,
    ) -> PreparedRequest<'a, N, P, T, W, impl FnOnce(&'a Table, UserId, &T) -> F>
    where
        F: Future<Output = Result<Queried>>,
    {
        PreparedRequest { auth: self.auth, input: self.input, query }
    }

    /// Authorizes the caller and runs the operation.
    ///
    /// A request that was done before under the same `Idempotency-Key` is not run: its recorded
    /// response is replayed. Nor is one whose signature was used before. And a rejection is not the
    /// last word on one that was new when it was read, see `replay_or_reject`.
    pub async fn respond<F, Queried>(
        self,
        operation: impl AsyncFnOnce(Authorized<N, T, W::Output, Queried>) -> Result<Response<Body>>,
    ) -> Result<Response<Body>>
    where
        Q: FnOnce(&'a Table, UserId, &T) -> F,
        F: Future<Output = Result<Queried>>,
    {
        let Self { auth, input, query } = self;
        let (user, key) = auth.scheme.credential_key(auth.app).await?;
        let valid = input.and_then(|(input, items)| Ok((input, items, auth.idempotent_request()?)));
        let (input, items, idempotent) = match valid {
            Ok(valid) => valid,
            Err(error) => {
                let rejected = Box::pin(auth.authenticate(user, key, ())).await.err();
                return Err(rejected.unwrap_or(error));
            }
        };
        let stored = fetch::stored_response(idempotent.as_ref().map(|own| own.id().clone()));
        // Boxed, as the operation below: the SDK's futures are large.
        let query = Box::pin(query(&auth.app.table, user, &input));
        let (caller, (fetched, stored), queried) =
            auth.authenticate_and(user, key.clone(), fetch::both(items, stored), query).await?;
        if let (Some(request), Some(stored)) = (&idempotent, stored) {
            return request.replay(&auth.app.service_keys, &stored).await;
        }
        let preconditions = Preconditions::from_headers(auth.request.headers());
        let source = source(auth.request);
        let caller = caller.with_request(idempotent.clone(), preconditions, source);
        // Each write requires it too, among its conditions; here it comes before its other errors.
        let response = match caller.check_signature().and(queried) {
            Ok(queried) => {
                Box::pin(operation(Authorized { caller, input, fetched, queried })).await
            }
            Err(error) => Err(error),
        };
        match (response, idempotent) {
            (Err(error), Some(request)) if is_client_error(&error) => {
                Box::pin(auth.replay_or_reject(user, key, &request, error)).await
            }
            (response, _) => response,
        }
    }
}
