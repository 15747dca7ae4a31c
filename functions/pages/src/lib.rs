//! Pages for people, `/account/…`.
//!
//! Links of mails lead to pages that take no session: signing up, setting a lost password anew,
//! confirming an address, answering an invitation. They set no cookie, and nobody is signed in. All
//! others are of somebody who is signed in, and show what the APIs let that person do. No page needs
//! script, and a GET changes nothing.

mod account;
mod account_activity;
mod account_frame;
mod account_invitations;
mod accounts;
mod activity;
mod apps;
mod emails;
mod entry;
mod form;
mod invitation;
mod keys;
mod layout;
mod members;
mod notice;
mod password;
mod profile;
mod proof;
mod registry;
mod reset;
mod sessions;
mod sign_up;
mod tokens;
mod view;
mod words;

use std::future::{Future, ready};
use std::pin::Pin;

use lambda_http::{Body, Response};
use shared::http::{Access, ApiRequest, Operation};
use shared::seal::SealPublicKey;
use shared::{App, Error, Result};

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    operation("GET", "/account/sign-in", "pages-show-sign-in"),
    operation("POST", "/account/sign-in", "pages-sign-in").sends_on(),
    in_session("POST", "/account/sign-out", "pages-sign-out"),
    in_session("GET", "/account/confirm", "pages-show-confirm"),
    in_session("POST", "/account/confirm", "pages-confirm").sends_on(),
    in_session("GET", "/account", "pages-show-profile"),
    in_session("POST", "/account", "pages-update-profile").sends_on(),
    in_session("GET", "/account/emails", "pages-show-emails"),
    in_session("POST", "/account/emails", "pages-add-email").sends_on(),
    in_session("POST", "/account/emails/{address+}/primary", "pages-set-primary-email").sends_on(),
    in_session("POST", "/account/emails/{address+}/proof", "pages-request-email-proof").sends_on(),
    in_session("POST", "/account/emails/{address+}/remove", "pages-remove-email").sends_on(),
    in_session("GET", "/account/password", "pages-show-password"),
    in_session("POST", "/account/password", "pages-change-password").sends_on(),
    in_session("GET", "/account/sessions", "pages-show-sessions"),
    in_session("POST", "/account/sessions/end-others", "pages-end-other-sessions").sends_on(),
    in_session("POST", "/account/sessions/{id}/end", "pages-end-session").sends_on(),
    in_session("GET", "/account/tokens", "pages-show-tokens"),
    in_session("POST", "/account/tokens", "pages-create-token"),
    in_session("POST", "/account/tokens/{id}/rotate", "pages-rotate-token"),
    in_session("POST", "/account/tokens/{id}/revoke", "pages-revoke-token").sends_on(),
    in_session("GET", "/account/keys", "pages-show-keys"),
    in_session("POST", "/account/keys/api", "pages-create-api-key"),
    in_session("POST", "/account/keys/api/{id}/renew", "pages-renew-api-key"),
    in_session("POST", "/account/keys/api/{id}/delete", "pages-delete-api-key").sends_on(),
    in_session("POST", "/account/keys/ssh", "pages-add-ssh-key").sends_on(),
    in_session("POST", "/account/keys/ssh/{number}/delete", "pages-delete-ssh-key").sends_on(),
    in_session("POST", "/account/keys/s3", "pages-renew-s3-key"),
    in_session("GET", "/account/apps", "pages-show-apps"),
    in_session("POST", "/account/apps/{id}/revoke", "pages-revoke-app").sends_on(),
    in_session("GET", "/account/activity", "pages-show-activity"),
    in_session("GET", "/account/accounts", "pages-show-accounts"),
    in_session("POST", "/account/accounts", "pages-create-account").sends_on(),
    in_session("GET", "/account/accounts/{id}", "pages-show-account"),
    in_session("POST", "/account/accounts/{id}", "pages-update-account").sends_on(),
    in_session("POST", "/account/accounts/{id}/current", "pages-set-current-account").sends_on(),
    in_session("POST", "/account/accounts/{id}/delete", "pages-delete-account").sends_on(),
    in_session("GET", "/account/accounts/{id}/members", "pages-show-members"),
    in_session("POST", "/account/accounts/{id}/members/{user}/role", "pages-update-member")
        .sends_on(),
    in_session("POST", "/account/accounts/{id}/members/{user}/remove", "pages-remove-member")
        .sends_on(),
    in_session("POST", "/account/accounts/{id}/members/{user}/owner", "pages-set-owner").sends_on(),
    in_session("GET", "/account/accounts/{id}/invitations", "pages-show-account-invitations"),
    in_session("POST", "/account/accounts/{id}/invitations", "pages-send-invitation").sends_on(),
    in_session(
        "POST",
        "/account/accounts/{id}/invitations/{invitation}/revoke",
        "pages-revoke-invitation",
    )
    .sends_on(),
    in_session("GET", "/account/accounts/{id}/registry", "pages-show-registry"),
    in_session("POST", "/account/accounts/{id}/registry", "pages-set-registry").sends_on(),
    in_session("POST", "/account/accounts/{id}/registry/delete", "pages-delete-registry")
        .sends_on(),
    in_session("GET", "/account/accounts/{id}/activity", "pages-show-account-activity"),
    operation("GET", "/account/sign-up", "pages-show-sign-up"),
    operation("POST", "/account/sign-up", "pages-request-sign-up"),
    operation("GET", "/account/sign-up/{token}", "pages-show-sign-up-link"),
    operation("POST", "/account/sign-up/{token}", "pages-sign-up"),
    operation("GET", "/account/reset", "pages-show-reset"),
    operation("POST", "/account/reset", "pages-request-reset"),
    operation("GET", "/account/reset/{token}", "pages-show-reset-link"),
    operation("POST", "/account/reset/{token}", "pages-reset-password"),
    operation("GET", "/account/emails/verify/{token}", "pages-show-proof"),
    operation("POST", "/account/emails/verify/{token}", "pages-prove-email"),
    operation("GET", "/account/invitations/{token}", "pages-show-invitation"),
    operation("POST", "/account/invitations/{token}", "pages-join-by-invitation"),
    in_session("POST", "/account/invitations/{token}/accept", "pages-accept-invitation"),
    operation("GET", "/account/invitations/{token}/decline", "pages-show-invitation-decline"),
    operation("POST", "/account/invitations/{token}/decline", "pages-decline-invitation"),
];

const fn operation(method: &'static str, path: &'static str, name: &'static str) -> Operation {
    Operation { method, path, name, access: Access::Public, status: 200 }
}

const fn in_session(method: &'static str, path: &'static str, name: &'static str) -> Operation {
    Operation { access: Access::Session, ..operation(method, path, name) }
}

/// The response to one request; errors are pages as well.
pub async fn handle(app: &App, sealing: &SealPublicKey, request: ApiRequest) -> Response<Body> {
    request.respond(OPERATIONS, || route(app, sealing, &request)).await
}

/// An operation that runs.
type Handled<'a> = Pin<Box<dyn Future<Output = Result<Response<Body>>> + Send + 'a>>;

/// Runs the operation that the request calls.
async fn route(app: &App, sealing: &SealPublicKey, request: &ApiRequest) -> Result<Response<Body>> {
    let (operation, parameters) = request.operation(OPERATIONS)?;
    request.query()?;
    if request.method() == "POST" && !request.is_from_own_site() {
        return Ok(notice::OTHER_SITE.show(request));
    }
    // Each in a box of its own: together they would be as large as all that any of them holds.
    let handled: Handled<'_> = match (operation, parameters.as_slice()) {
        ("pages-show-sign-in", []) => Box::pin(entry::show_sign_in(app, request)),
        ("pages-sign-in", []) => Box::pin(entry::sign_in(app, request)),
        ("pages-sign-out", []) => Box::pin(entry::sign_out(app, request)),
        ("pages-show-confirm", []) => Box::pin(entry::show_confirm(app, request)),
        ("pages-confirm", []) => Box::pin(entry::confirm(app, request)),
        ("pages-show-profile", []) => Box::pin(profile::show(app, request)),
        ("pages-update-profile", []) => Box::pin(profile::update(app, request)),
        ("pages-show-emails", []) => Box::pin(emails::show(app, request)),
        ("pages-add-email", []) => Box::pin(emails::add(app, request)),
        ("pages-set-primary-email", [address]) => {
            Box::pin(emails::make_primary(app, request, address))
        }
        ("pages-request-email-proof", [address]) => {
            Box::pin(emails::request_proof(app, request, address))
        }
        ("pages-remove-email", [address]) => Box::pin(emails::remove(app, request, address)),
        ("pages-show-password", []) => Box::pin(password::show(app, request)),
        ("pages-change-password", []) => Box::pin(password::change(app, request)),
        ("pages-show-sessions", []) => Box::pin(sessions::show(app, request)),
        ("pages-end-other-sessions", []) => Box::pin(sessions::end_others(app, request)),
        ("pages-end-session", [id]) => Box::pin(sessions::end(app, request, id)),
        ("pages-show-tokens", []) => Box::pin(tokens::show(app, request)),
        ("pages-create-token", []) => Box::pin(tokens::create(app, request)),
        ("pages-rotate-token", [id]) => Box::pin(tokens::rotate(app, request, id)),
        ("pages-revoke-token", [id]) => Box::pin(tokens::revoke(app, request, id)),
        ("pages-show-keys", []) => Box::pin(keys::show(app, request)),
        ("pages-create-api-key", []) => Box::pin(keys::create_api_key(app, request)),
        ("pages-renew-api-key", [id]) => Box::pin(keys::renew_api_key(app, request, id)),
        ("pages-delete-api-key", [id]) => Box::pin(keys::delete_api_key(app, request, id)),
        ("pages-add-ssh-key", []) => Box::pin(keys::add_ssh_key(app, request)),
        ("pages-delete-ssh-key", [number]) => Box::pin(keys::delete_ssh_key(app, request, number)),
        ("pages-renew-s3-key", []) => Box::pin(keys::renew_s3_key(app, request)),
        ("pages-show-apps", []) => Box::pin(apps::show(app, request)),
        ("pages-revoke-app", [id]) => Box::pin(apps::revoke(app, request, id)),
        ("pages-show-activity", []) => Box::pin(activity::show(app, request)),
        ("pages-show-accounts", []) => Box::pin(accounts::show(app, request)),
        ("pages-create-account", []) => Box::pin(accounts::create(app, request)),
        ("pages-show-account", [id]) => Box::pin(account::show(app, request, id)),
        ("pages-update-account", [id]) => Box::pin(account::update(app, request, id)),
        ("pages-set-current-account", [id]) => Box::pin(accounts::set_current(app, request, id)),
        ("pages-delete-account", [id]) => Box::pin(account::delete(app, request, id)),
        ("pages-show-members", [id]) => Box::pin(members::show(app, request, id)),
        ("pages-update-member", [id, user]) => Box::pin(members::set_role(app, request, id, user)),
        ("pages-remove-member", [id, user]) => Box::pin(members::remove(app, request, id, user)),
        ("pages-set-owner", [id, user]) => Box::pin(members::set_owner(app, request, id, user)),
        ("pages-show-account-invitations", [id]) => {
            Box::pin(account_invitations::show(app, request, id))
        }
        ("pages-send-invitation", [id]) => Box::pin(account_invitations::send(app, request, id)),
        ("pages-revoke-invitation", [id, invitation]) => {
            Box::pin(account_invitations::revoke(app, request, id, invitation))
        }
        ("pages-show-registry", [id]) => Box::pin(registry::show(app, request, id)),
        ("pages-set-registry", [id]) => Box::pin(registry::set(app, sealing, request, id)),
        ("pages-delete-registry", [id]) => Box::pin(registry::delete(app, request, id)),
        ("pages-show-account-activity", [id]) => Box::pin(account_activity::show(app, request, id)),
        ("pages-show-sign-up", []) => Box::pin(ready(sign_up::show(app, request))),
        ("pages-request-sign-up", []) => Box::pin(sign_up::request(app, request)),
        ("pages-show-sign-up-link", [token]) => Box::pin(sign_up::show_link(app, request, token)),
        ("pages-sign-up", [token]) => Box::pin(sign_up::complete(app, request, token)),
        ("pages-show-reset", []) => Box::pin(ready(reset::show(app, request))),
        ("pages-request-reset", []) => Box::pin(reset::request(app, request)),
        ("pages-show-reset-link", [token]) => Box::pin(reset::show_link(app, request, token)),
        ("pages-reset-password", [token]) => Box::pin(reset::complete(app, request, token)),
        ("pages-show-proof", [token]) => Box::pin(proof::show(app, request, token)),
        ("pages-prove-email", [token]) => Box::pin(proof::prove(app, request, token)),
        ("pages-show-invitation", [token]) => Box::pin(invitation::show(app, request, token)),
        ("pages-join-by-invitation", [token]) => Box::pin(invitation::join(app, request, token)),
        ("pages-accept-invitation", [token]) => Box::pin(invitation::accept(app, request, token)),
        ("pages-show-invitation-decline", [token]) => {
            Box::pin(invitation::show_decline(app, request, token))
        }
        ("pages-decline-invitation", [token]) => Box::pin(invitation::decline(app, request, token)),
        _ => Box::pin(ready(Err(Error::NotFound("path")))),
    };
    let is_in_session = OPERATIONS.iter().any(|own| own.name == operation && own.is_in_session());
    handled.await.or_else(|error| {
        if is_in_session {
            let error = account_frame::explain(request, error);
            error.or_else(|error| entry::explain(app, request, error))
        } else {
            notice::explain(request, operation, error)
        }
    })
}
