use lambda_http::{Body, Response};
use shared::auth::{Authorized, EmailRead, EmailWrite};
use shared::http::{self, Fields, Query};
use shared::model::EmailAddress;
use shared::table::fetch;
use shared::{App, Error, Result};

use crate::view::EmailView;
use crate::{AuthRequest, require_self, user_by_name};

/// The one field of a body that names an address.
pub(crate) fn address(mut fields: Fields) -> Result<EmailAddress> {
    let email = fields.required("email");
    fields.into_result(email)
}

/// `GET /api/v1.1/users/{username}/emails/`: the caller's addresses, the primary one first, then
/// oldest first.
pub(crate) async fn list(
    auth: AuthRequest<'_, EmailRead>,
    query: Result<Query<'_>>,
    name: &str,
) -> Result<Response<Body>> {
    auth.input(query)
        .fetch(|_| user_by_name(name))
        .query(|table, user, _| table.emails(user))
        .respond(async |Authorized { caller, fetched: owner, queried: mut emails, .. }| {
            require_self(&caller, owner)?;
            emails.sort_by_key(|email| email.added_at);
            let user = caller.user();
            // The user and the addresses are read separately. Between the reads another address may
            // have become primary, and the old one may have been deleted or the new one added.
            if !emails.iter().any(|email| user.primary_email.same_as(&email.address)) {
                return Err(Error::WriteConflict);
            }
            let mut views: Vec<_> =
                emails.iter().map(|email| EmailView::new(email, user)).collect();
            views.sort_by_key(|view| !view.primary);
            http::ok(&views)
        })
        .await
}

/// `POST /api/v1.1/users/{username}/emails/`: adds an address, not verified.
pub(crate) async fn add(
    app: &App,
    auth: AuthRequest<'_, EmailWrite>,
    fields: Result<Fields>,
    name: &str,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(address))
        .fetch(|_| user_by_name(name))
        .respond(async |Authorized { caller, input: address, fetched: owner, .. }| {
            require_self(&caller, owner)?;
            let user = caller.user().clone();
            let view = |email| http::created(&EmailView::new(&email, &user), None);
            let added = match app.table.add_email(&caller.actor(), &user, address) {
                Ok(write) => caller.commit(app, write, view).await,
                Err(error) => Err(error),
            };
            added.map_err(|error| conflict_of("email", error))
        })
        .await
}

/// Docker Hub has no 409: what conflicts is an invalid field.
pub(crate) fn conflict_of(field: &'static str, error: Error) -> Error {
    match error {
        Error::Conflict(problem) => Error::invalid(field, problem),
        Error::LimitReached(cap) => Error::invalid(field, cap),
        other => other,
    }
}

/// `DELETE /api/v1.1/users/{username}/emails/`: takes an address away, but never the primary one.
pub(crate) async fn delete(
    app: &App,
    auth: AuthRequest<'_, EmailWrite>,
    fields: Result<Fields>,
    name: &str,
) -> Result<Response<Body>> {
    let body = fields.and_then(address);
    auth.input(body)
        .fetch(|address| fetch::both(user_by_name(name), fetch::email(address.clone())))
        .respond(async |Authorized { caller, fetched: (owner, email), .. }| {
            require_self(&caller, owner)?;
            let email = email.ok_or(Error::NotFound("e-mail address"))?;
            let write = app.table.remove_email(&caller.actor(), caller.user(), &email);
            let write = write.map_err(|error| conflict_of("email", error))?;
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}
