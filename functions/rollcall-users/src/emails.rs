use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, EmailRead, EmailWrite, FullAccess};
use shared::http::{self, Fields, Query};
use shared::model::{Email, EmailAddress, MailTokenSubject};
use shared::rollcall::{Page, Place};
use shared::table::fetch;
use shared::{App, Error, PublicUrl, Result, self_service};

use crate::AuthRequest;
use crate::view::EmailView;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Emails {
    emails: Vec<EmailView>,
    /// The cursor of the next page, opaque to clients.
    next_cursor: Option<Place>,
}

const UNKNOWN: Error = Error::NotFound("e-mail address");

/// The address in a path; a malformed one is nobody's.
fn address_in_path(segment: &str) -> Result<EmailAddress> {
    http::parse_segment(segment).ok_or(UNKNOWN)
}

/// The address in a path that need not be anybody's yet.
fn new_address_in_path(segment: &str) -> Result<EmailAddress> {
    if segment.trim() != segment {
        return Err(Error::invalid("email", "must not begin or end with white space"));
    }
    segment.parse().map_err(|problem| Error::invalid("email", problem))
}

/// The body of `POST /rollcall/v1/users/self/emails`.
fn new_address(mut fields: Fields) -> Result<EmailAddress> {
    let email = fields.required("email");
    fields.into_result(email)
}

/// The body of `PATCH /rollcall/v1/users/self/emails/{address}`: whether the address is to be the
/// primary one.
fn is_primary(mut fields: Fields) -> Result<bool> {
    if !fields.has("primary") {
        fields.add_error("primary", "is required");
    }
    let primary = fields.optional_bool("primary");
    fields.into_result(primary)
}

/// `GET /rollcall/v1/users/self/emails[?limit=…&cursor=…]`: the caller's addresses, oldest first.
pub(crate) async fn list(
    auth: AuthRequest<'_, EmailRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|query| Page::<Place>::parse(&query)))
        .query(|table, user, _| table.emails(user))
        .respond(async |Authorized { caller, input: page, queried: emails, .. }| {
            let user = caller.user();
            // The user and the addresses are read separately. Between the reads another address may
            // have become primary, and the old one may have been deleted or the new one added.
            if !emails.iter().any(|email| user.primary_email.same_as(&email.address)) {
                return Err(Error::WriteConflict);
            }
            let place =
                |email: &Email| Place::new(user.id, email.added_at, &email.address.normal());
            let (emails, next_cursor) = page.of(emails, place);
            let emails = emails.iter().map(|email| EmailView::new(email, user)).collect();
            http::ok(&Emails { emails, next_cursor })
        })
        .await
}

/// `POST /rollcall/v1/users/self/emails`: adds an address, not verified and not proved.
pub(crate) async fn add(
    app: &App,
    auth: AuthRequest<'_, EmailWrite>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(new_address))
        .respond(async |Authorized { caller, input: address, .. }| {
            let user = caller.user().clone();
            let segment = http::encode_segment(address.as_entered());
            let location = format!("/rollcall/v1/users/self/emails/{segment}");
            let write = app.table.add_email(&caller.actor(), &user, address)?;
            let view = |email| http::created(&EmailView::new(&email, &user), Some(&location));
            caller.commit(app, write, view).await
        })
        .await
}

/// `POST /rollcall/v1/users/self/emails/{address}/verification`: sends a link to the address, which
/// proves it. The caller need not have it: proving adds it. It takes full access, since a proved
/// address sets another password.
pub(crate) async fn request_proof(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
    base_url: &PublicUrl,
    address: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|_| new_address_in_path(address)))
        .fetch(|address| fetch::email_proof_request(address.clone()))
        .respond(async |Authorized { caller, input: address, fetched, .. }| {
            let user = caller.user();
            let subject = MailTokenSubject::Proof(user.id, address.digest());
            let new = self_service::new_link(app, base_url, subject).await?;
            let actor = caller.actor();
            let write = app.table.request_email_proof(&actor, user, address, fetched, new).await?;
            caller.commit(app, write, |()| http::accepted()).await
        })
        .await
}

/// `PATCH /rollcall/v1/users/self/emails/{address}`: makes a verified or proved address the primary
/// one.
pub(crate) async fn update(
    app: &App,
    auth: AuthRequest<'_, EmailWrite>,
    fields: Result<Fields>,
    address: &str,
) -> Result<Response<Body>> {
    let input = fields.and_then(is_primary);
    auth.input(input.and_then(|primary| Ok((primary, address_in_path(address)?))))
        .fetch(|(_, address)| fetch::email(address.clone()))
        .respond(async |Authorized { caller, input: (primary, _), fetched, .. }| {
            let (email, user) = (fetched.ok_or(UNKNOWN)?, caller.user());
            if !primary && user.primary_email.same_as(&email.address) {
                return Err(Error::Conflict("make another address the primary one instead"));
            }
            let mut after = (**user).clone();
            if primary {
                after.primary_email = email.address.clone();
            }
            let write = app.table.change_email(&caller.actor(), user, email, false, primary)?;
            let view = |email| http::ok(&EmailView::new(&email, &after));
            caller.commit(app, write, view).await
        })
        .await
}

/// `DELETE /rollcall/v1/users/self/emails/{address}`: takes an address away, but never the primary
/// one.
pub(crate) async fn delete(
    app: &App,
    auth: AuthRequest<'_, EmailWrite>,
    query: Result<Query<'_>>,
    address: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|_| address_in_path(address)))
        .fetch(|address| fetch::email(address.clone()))
        .respond(async |Authorized { caller, fetched, .. }| {
            let email = fetched.ok_or(UNKNOWN)?;
            let write = app.table.remove_email(&caller.actor(), caller.user(), &email)?;
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}
