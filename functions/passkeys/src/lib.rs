//! Passkeys, for the script of the pages: `/account/webauthn/…`. Each of three things is first asked
//! for, which makes a challenge for a device to sign, and then done with the device's answer. What
//! needs no device, as the list of passkeys, is among the pages.
//!
//! The script sends forms, so that they carry the tokens that all forms of a session do; the
//! responses are JSON.

mod answer;
mod confirmation;
mod registration;
mod relying_party;
mod sign_in;

use lambda_http::http::header::SET_COOKIE;
use lambda_http::{Body, Response};
use serde_json::{Value, json};
use shared::auth::session_cookie;
use shared::http::{self, Access, ApiRequest, Operation};
use shared::model::{PasskeyChallengeId, SessionCredential};
use shared::{App, Error, Result};

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    in_session("/account/webauthn/confirmation", "passkeys-confirm"),
    in_session("/account/webauthn/confirmation/challenge", "passkeys-ask-for-confirmation"),
    in_session("/account/webauthn/registration", "passkeys-register"),
    in_session("/account/webauthn/registration/challenge", "passkeys-ask-for-registration"),
    operation("/account/webauthn/sign-in", "passkeys-sign-in", Access::Public),
    operation("/account/webauthn/sign-in/challenge", "passkeys-ask-for-sign-in", Access::Public),
];

const fn operation(path: &'static str, name: &'static str, access: Access) -> Operation {
    Operation { method: "POST", path, name, access, status: 200 }
}

const fn in_session(path: &'static str, name: &'static str) -> Operation {
    operation(path, name, Access::Session)
}

/// The response to one request.
pub async fn handle(app: &App, request: ApiRequest) -> Response<Body> {
    request.respond(OPERATIONS, || route(app, &request)).await
}

/// Runs the operation that the request calls.
async fn route(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let (operation, _) = request.operation(OPERATIONS)?;
    request.query()?;
    request.require_own_site()?;
    match operation {
        "passkeys-ask-for-confirmation" => confirmation::ask(app, request).await,
        "passkeys-ask-for-registration" => registration::ask(app, request).await,
        "passkeys-ask-for-sign-in" => sign_in::ask(app, request).await,
        "passkeys-confirm" => confirmation::confirm(app, request).await,
        "passkeys-register" => registration::register(app, request).await,
        "passkeys-sign-in" => sign_in::sign_in(app, request).await,
        _ => Err(Error::NotFound("path")),
    }
}

/// What the browser passes on to a device, and by which name the answer is recognized.
fn asked(challenge: PasskeyChallengeId, options: &Value) -> Result<Response<Body>> {
    http::ok(&json!({ "challenge": challenge, "publicKey": options }))
}

/// Nothing but the session that the browser has from now on.
fn in_a_new_session(request: &ApiRequest, session: &SessionCredential) -> Result<Response<Body>> {
    let mut response = http::ok(&json!({}))?;
    response.headers_mut().insert(SET_COOKIE, session_cookie(request, session)?);
    Ok(response)
}
