//! Pages for people, `/account/…`.
//!
//! Links of mails lead to pages that take no session: signing up, setting a lost password anew,
//! confirming an address, answering an invitation. They set no cookie, and nobody is signed in. All
//! others are of somebody who is signed in, and show what the APIs let that person do. No page needs
//! script, but for adding and using a passkey, and a GET changes nothing.

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
mod list;
mod members;
mod notice;
mod passkey;
mod password;
mod profile;
mod proof;
mod registry;
mod reset;
mod script;
mod second_factor;
mod sessions;
mod sign_up;
mod tokens;
mod view;
mod words;

use std::pin::Pin;

use lambda_http::{Body, Response};
use shared::http::{Access, ApiRequest, Operation};
use shared::seal::SealPublicKey;
use shared::{App, Error, Result};

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    operation("GET", "/account/sign-in", "pages-show-sign-in"),
    operation("POST", "/account/sign-in", "pages-sign-in").sends_on(),
    operation("POST", "/account/sign-in/code", "pages-complete-sign-in").sends_on(),
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
    in_session("GET", "/account/second-factor", "pages-show-second-factor"),
    in_session("POST", "/account/second-factor", "pages-turn-on-second-factor"),
    in_session("POST", "/account/second-factor/setup", "pages-set-up-second-factor"),
    in_session("POST", "/account/second-factor/recovery-codes", "pages-renew-recovery-codes"),
    in_session("POST", "/account/second-factor/off", "pages-turn-off-second-factor").sends_on(),
    in_session("GET", "/account/passkeys", "pages-show-passkeys"),
    in_session("POST", "/account/passkeys/{id}/rename", "pages-rename-passkey").sends_on(),
    in_session("POST", "/account/passkeys/{id}/remove", "pages-remove-passkey").sends_on(),
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

/// The future in a box, which is never on the stack of who awaits it.
#[inline(never)]
fn boxed<F>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(make())
}

/// Runs the operation that the request calls.
async fn route(app: &App, sealing: &SealPublicKey, request: &ApiRequest) -> Result<Response<Body>> {
    let (operation, parameters) = request.operation(OPERATIONS)?;
    request.query()?;
    if request.method() == "POST" && request.require_own_site().is_err() {
        return Ok(notice::OTHER_SITE.show(request));
    }
    if OPERATIONS.iter().any(|own| own.name == operation && own.is_in_session()) {
        let result = in_a_session(app, sealing, request, (operation, &parameters)).await;
        return match result.or_else(|error| account_frame::explain(request, error)) {
            Err(error) => boxed(|| entry::explain(app, request, error)).await,
            response => response,
        };
    }
    let result = without_a_session(app, request, (operation, &parameters)).await;
    result.or_else(|error| notice::explain(request, operation, error))
}

/// Runs an operation of somebody who is signed in.
async fn in_a_session(
    app: &App,
    sealing: &SealPublicKey,
    request: &ApiRequest,
    called: (&str, &[&str]),
) -> Result<Response<Body>> {
    match called {
        ("pages-sign-out", []) => boxed(|| entry::sign_out(app, request)).await,
        ("pages-show-confirm", []) => boxed(|| entry::show_confirm(app, request)).await,
        ("pages-confirm", []) => boxed(|| entry::confirm(app, request)).await,
        ("pages-show-profile", []) => boxed(|| profile::show(app, request)).await,
        ("pages-update-profile", []) => boxed(|| profile::update(app, request)).await,
        ("pages-show-emails", []) => boxed(|| emails::show(app, request)).await,
        ("pages-add-email", []) => boxed(|| emails::add(app, request)).await,
        ("pages-set-primary-email", [address]) => {
            boxed(|| emails::make_primary(app, request, address)).await
        }
        ("pages-request-email-proof", [address]) => {
            boxed(|| emails::request_proof(app, request, address)).await
        }
        ("pages-remove-email", [address]) => boxed(|| emails::remove(app, request, address)).await,
        ("pages-show-password", []) => boxed(|| password::show(app, request)).await,
        ("pages-change-password", []) => boxed(|| password::change(app, request)).await,
        ("pages-show-second-factor", []) => boxed(|| second_factor::show(app, request)).await,
        ("pages-turn-on-second-factor", []) => boxed(|| second_factor::turn_on(app, request)).await,
        ("pages-set-up-second-factor", []) => boxed(|| second_factor::set_up(app, request)).await,
        ("pages-renew-recovery-codes", []) => boxed(|| second_factor::renew(app, request)).await,
        ("pages-turn-off-second-factor", []) => {
            boxed(|| second_factor::turn_off(app, request)).await
        }
        ("pages-show-passkeys", []) => boxed(|| passkey::show(app, request)).await,
        ("pages-rename-passkey", [id]) => boxed(|| passkey::rename(app, request, id)).await,
        ("pages-remove-passkey", [id]) => boxed(|| passkey::remove(app, request, id)).await,
        ("pages-show-sessions", []) => boxed(|| sessions::show(app, request)).await,
        ("pages-end-other-sessions", []) => boxed(|| sessions::end_others(app, request)).await,
        ("pages-end-session", [id]) => boxed(|| sessions::end(app, request, id)).await,
        ("pages-show-tokens", []) => boxed(|| tokens::show(app, request)).await,
        ("pages-create-token", []) => boxed(|| tokens::create(app, request)).await,
        ("pages-rotate-token", [id]) => boxed(|| tokens::rotate(app, request, id)).await,
        ("pages-revoke-token", [id]) => boxed(|| tokens::revoke(app, request, id)).await,
        ("pages-show-keys", []) => boxed(|| keys::show(app, request)).await,
        ("pages-create-api-key", []) => boxed(|| keys::create_api_key(app, request)).await,
        ("pages-renew-api-key", [id]) => boxed(|| keys::renew_api_key(app, request, id)).await,
        ("pages-delete-api-key", [id]) => boxed(|| keys::delete_api_key(app, request, id)).await,
        ("pages-add-ssh-key", []) => boxed(|| keys::add_ssh_key(app, request)).await,
        ("pages-delete-ssh-key", [number]) => {
            boxed(|| keys::delete_ssh_key(app, request, number)).await
        }
        ("pages-renew-s3-key", []) => boxed(|| keys::renew_s3_key(app, request)).await,
        ("pages-show-apps", []) => boxed(|| apps::show(app, request)).await,
        ("pages-revoke-app", [id]) => boxed(|| apps::revoke(app, request, id)).await,
        ("pages-show-activity", []) => boxed(|| activity::show(app, request)).await,
        ("pages-show-accounts", []) => boxed(|| accounts::show(app, request)).await,
        ("pages-create-account", []) => boxed(|| accounts::create(app, request)).await,
        ("pages-show-account", [id]) => boxed(|| account::show(app, request, id)).await,
        ("pages-update-account", [id]) => boxed(|| account::update(app, request, id)).await,
        ("pages-set-current-account", [id]) => {
            boxed(|| accounts::set_current(app, request, id)).await
        }
        ("pages-delete-account", [id]) => boxed(|| account::delete(app, request, id)).await,
        ("pages-show-members", [id]) => boxed(|| members::show(app, request, id)).await,
        ("pages-update-member", [id, user]) => {
            boxed(|| members::set_role(app, request, id, user)).await
        }
        ("pages-remove-member", [id, user]) => {
            boxed(|| members::remove(app, request, id, user)).await
        }
        ("pages-set-owner", [id, user]) => {
            boxed(|| members::set_owner(app, request, id, user)).await
        }
        ("pages-show-account-invitations", [id]) => {
            boxed(|| account_invitations::show(app, request, id)).await
        }
        ("pages-send-invitation", [id]) => {
            boxed(|| account_invitations::send(app, request, id)).await
        }
        ("pages-revoke-invitation", [id, invitation]) => {
            boxed(|| account_invitations::revoke(app, request, id, invitation)).await
        }
        ("pages-show-registry", [id]) => boxed(|| registry::show(app, request, id)).await,
        ("pages-set-registry", [id]) => boxed(|| registry::set(app, sealing, request, id)).await,
        ("pages-delete-registry", [id]) => boxed(|| registry::delete(app, request, id)).await,
        ("pages-show-account-activity", [id]) => {
            boxed(|| account_activity::show(app, request, id)).await
        }
        ("pages-accept-invitation", [token]) => {
            boxed(|| invitation::accept(app, request, token)).await
        }
        _ => Err(Error::NotFound("path")),
    }
}

/// Runs an operation of anybody, or of whoever has the link of a mail.
async fn without_a_session(
    app: &App,
    request: &ApiRequest,
    called: (&str, &[&str]),
) -> Result<Response<Body>> {
    match called {
        ("pages-show-sign-in", []) => boxed(|| entry::show_sign_in(app, request)).await,
        ("pages-sign-in", []) => boxed(|| entry::sign_in(app, request)).await,
        ("pages-complete-sign-in", []) => boxed(|| entry::complete_sign_in(app, request)).await,
        ("pages-show-sign-up", []) => sign_up::show(app, request),
        ("pages-request-sign-up", []) => boxed(|| sign_up::request(app, request)).await,
        ("pages-show-sign-up-link", [token]) => {
            boxed(|| sign_up::show_link(app, request, token)).await
        }
        ("pages-sign-up", [token]) => boxed(|| sign_up::complete(app, request, token)).await,
        ("pages-show-reset", []) => reset::show(app, request),
        ("pages-request-reset", []) => boxed(|| reset::request(app, request)).await,
        ("pages-show-reset-link", [token]) => boxed(|| reset::show_link(app, request, token)).await,
        ("pages-reset-password", [token]) => boxed(|| reset::complete(app, request, token)).await,
        ("pages-show-proof", [token]) => boxed(|| proof::show(app, request, token)).await,
        ("pages-prove-email", [token]) => boxed(|| proof::prove(app, request, token)).await,
        ("pages-show-invitation", [token]) => boxed(|| invitation::show(app, request, token)).await,
        ("pages-join-by-invitation", [token]) => {
            boxed(|| invitation::join(app, request, token)).await
        }
        ("pages-show-invitation-decline", [token]) => {
            boxed(|| invitation::show_decline(app, request, token)).await
        }
        ("pages-decline-invitation", [token]) => {
            boxed(|| invitation::decline(app, request, token)).await
        }
        _ => Err(Error::NotFound("path")),
    }
}
