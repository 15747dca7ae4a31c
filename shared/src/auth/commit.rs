//! Committing what a caller asks for: with the response recorded if the request has an
//! `Idempotency-Key`, and only while the resource matches its preconditions.

use lambda_http::{Body, Response};
use serde::Serialize;

use super::permission::{Caller, Permission};
use crate::http::{EntityTag, Preconditions};
use crate::idempotency::IdempotentRequest;
use crate::model::{Network, User};
use crate::table::{ReadVersions, Stored, Write};
use crate::{App, Result};

impl<N: Permission> Caller<N> {
    /// The caller with what else its request says beside the credential.
    pub(super) fn with_request(
        mut self,
        idempotent: Option<IdempotentRequest>,
        preconditions: Preconditions,
        source: Network,
    ) -> Self {
        (self.idempotent, self.preconditions, self.source) = (idempotent, preconditions, source);
        self
    }

    /// Whether the request has preconditions.
    pub const fn is_conditional(&self) -> bool {
        self.preconditions.are_given()
    }

    /// Takes the tag that a form carries as `If-Match`, in place of the request's headers: browsers
    /// set none. See [`entity_tag`](crate::http::entity_tag).
    #[must_use]
    pub fn if_match(mut self, tag: Option<&str>) -> Self {
        self.preconditions = tag.map(Preconditions::if_match).unwrap_or_default();
        self
    }

    /// Rejects the request unless the resource matches `If-Match` and `If-None-Match`. Only if one
    /// of them is given, `current` is called for the view that `GET` would show this user, and for
    /// the versions of the items that it was made of, which the write then requires unchanged.
    ///
    /// [`Error::PreconditionFailed`](crate::Error::PreconditionFailed) otherwise.
    pub fn check_if_match<V: Serialize>(
        mut self,
        current: impl FnOnce(&Stored<User>) -> (V, ReadVersions),
    ) -> Result<Self> {
        if self.is_conditional() {
            let (view, read) = current(&self.user);
            self.preconditions.check(&EntityTag::from_view(&view)?)?;
            (self.preconditions, self.read_versions) = (Preconditions::default(), read);
        }
        Ok(self)
    }

    /// The same for a resource that does not exist: `If-Match` rejects it.
    pub fn check_if_match_absent(mut self, read: ReadVersions) -> Result<Self> {
        self.preconditions.check_absent()?;
        (self.preconditions, self.read_versions) = (Preconditions::default(), read);
        Ok(self)
    }

    /// Commits the write and responds with what `view` makes of the outcome. If the request has an
    /// `Idempotency-Key`, the response is recorded in the same transaction.
    ///
    /// An `If-Match` that was not checked rejects the request: the operation has nothing to match.
    pub async fn commit<T>(
        self,
        app: &App,
        write: Write<'_, T>,
        view: impl FnOnce(T) -> Result<Response<Body>>,
    ) -> Result<Response<Body>> {
        self.preconditions.check_absent()?;
        let Self { user, idempotent, read_versions, .. } = self;
        let (outcome, write) = write.split();
        let response = view(outcome)?;
        let mut write = write.if_unchanged(read_versions);
        if let Some(request) = idempotent {
            write = write.with_stored_response(
                &request.record(&app.service_keys, user.id, &response).await?,
            )?;
        }
        write.commit().await?;
        Ok(response)
    }
}
