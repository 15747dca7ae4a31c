//! Doing what a caller asks for: with the answer kept, if the request may be sent again, and only while the resource is as
//! it demands.

use lambda_http::{Body, Response};
use serde::Serialize;

use super::permission::{Caller, Permission};
use crate::http::{EntityTag, Preconditions};
use crate::idempotency::IdempotentRequest;
use crate::model::User;
use crate::table::{ReadVersions, Stored, Write};
use crate::{App, Result};

impl<N: Permission> Caller<N> {
    /// The caller's request, which is more than its credential.
    pub(super) fn asking(
        mut self,
        request: Option<IdempotentRequest>,
        preconditions: Preconditions,
    ) -> Self {
        (self.repeatable, self.preconditions) = (request, preconditions);
        self
    }

    /// Whether the request demands something of the resource that it names.
    pub const fn is_conditional(&self) -> bool {
        self.preconditions.are_given()
    }

    /// Refuses the request unless the resource is as `If-Match` and `If-None-Match` demand. `shown` is asked only if they
    /// demand something: for the view that `GET` has of the resource, to this user, and for what that rests on, which the
    /// write then demands to be as it was read.
    ///
    /// [`Error::PreconditionFailed`](crate::Error::PreconditionFailed) otherwise.
    pub fn check_if_match<V: Serialize>(
        mut self,
        shown: impl FnOnce(&Stored<User>) -> (V, ReadVersions),
    ) -> Result<Self> {
        if self.is_conditional() {
            let (view, versions) = shown(&self.user);
            self.preconditions.check(&EntityTag::of_view(&view)?)?;
            (self.preconditions, self.versions) = (Preconditions::default(), versions);
        }
        Ok(self)
    }

    /// The same for a resource that is not there, which rests on something too: `If-Match` refuses it.
    pub fn check_if_match_absent(mut self, versions: ReadVersions) -> Result<Self> {
        self.preconditions.check_absent()?;
        (self.preconditions, self.versions) = (Preconditions::default(), versions);
        Ok(self)
    }

    /// Does what is asked, and answers it with what `view` makes of the outcome. If the request has an
    /// `Idempotency-Key`, the answer is kept in the same transaction.
    ///
    /// An `If-Match` that nobody looked at refuses it: here is nothing that it could match.
    pub async fn commit<Means, T>(
        self,
        app: &App<Means>,
        write: Write<'_, T>,
        view: impl FnOnce(T) -> Result<Response<Body>>,
    ) -> Result<Response<Body>> {
        self.preconditions.check_absent()?;
        let Self { user, repeatable, versions, .. } = self;
        let (outcome, write) = write.split();
        let answer = view(outcome)?;
        let mut write = write.if_unchanged(versions);
        if let Some(request) = repeatable {
            write = write
                .with_stored_response(&request.kept(&app.service_keys, user.id, &answer).await?)?;
        }
        write.commit().await?;
        Ok(answer)
    }
}
