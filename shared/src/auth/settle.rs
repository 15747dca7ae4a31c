//! Doing what a caller asks for: with the answer kept, if the request may be sent again, and only while the resource is as
//! it demands.

use lambda_http::{Body, Response};
use serde::Serialize;

use super::need::{Caller, Need};
use crate::http::{EntityTag, Preconditions};
use crate::idempotency::Repeatable;
use crate::model::User;
use crate::table::{Basis, Stored, Write};
use crate::{App, Result};

impl<N: Need> Caller<N> {
    /// The caller's request, which is more than its credential.
    pub(super) fn asking(
        mut self,
        request: Option<Repeatable>,
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
    pub fn demanding<V: Serialize>(
        mut self,
        shown: impl FnOnce(&Stored<User>) -> (V, Basis),
    ) -> Result<Self> {
        if self.is_conditional() {
            let (view, basis) = shown(&self.user);
            self.preconditions.hold_of(&EntityTag::of_view(&view)?)?;
            (self.preconditions, self.basis) = (Preconditions::default(), basis);
        }
        Ok(self)
    }

    /// The same for a resource that is not there, which rests on something too: `If-Match` refuses it.
    pub fn demanding_nothing(mut self, basis: Basis) -> Result<Self> {
        self.preconditions.hold_of_nothing()?;
        (self.preconditions, self.basis) = (Preconditions::default(), basis);
        Ok(self)
    }

    /// Does what is asked, and answers it with what `view` makes of the outcome. If the request has an
    /// `Idempotency-Key`, the answer is kept in the same transaction.
    ///
    /// An `If-Match` that nobody looked at refuses it: here is nothing that it could match.
    pub async fn settle<Means, T>(
        self,
        app: &App<Means>,
        write: Write<'_, T>,
        view: impl FnOnce(T) -> Result<Response<Body>>,
    ) -> Result<Response<Body>> {
        self.preconditions.hold_of_nothing()?;
        let Self { user, repeatable, basis, .. } = self;
        let (outcome, write) = write.split();
        let answer = view(outcome)?;
        let mut write = write.resting_on(basis);
        if let Some(request) = repeatable {
            write = write.keeping(&request.kept(&app.service_keys, user.id, &answer).await?)?;
        }
        write.commit().await?;
        Ok(answer)
    }
}
