//! Signing in with a passkey, by no name and no password.

use lambda_http::{Body, Response};
use shared::auth::{ask_for_sign_in, browser, end_session_of_another, former_session};
use shared::http::ApiRequest;
use shared::table::{SignInProof, fetch};
use shared::{App, Result};

use crate::answer::Signed;
use crate::relying_party::RelyingParty;
use crate::{asked, in_a_new_session};

/// `POST /account/webauthn/sign-in/challenge`: what a passkey has to sign, whoever has it.
pub(crate) async fn ask(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    // It has no fields, and is a form as all others are.
    request.optional_form()?;
    let (options, state) = RelyingParty::of(request)?.ask_for_signature()?;
    asked(ask_for_sign_in(app, request, state).await?, &options)
}

/// `POST /account/webauthn/sign-in`: begins a session of whoever has the passkey.
pub(crate) async fn sign_in(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let party = RelyingParty::of(request)?;
    let Signed { claimed, answer } = Signed::read(request)?;
    let (caller, signed, counts) = claimed
        .sign_in(app, request, fetch::counts(), |passkey, state| {
            party.verify(&answer, passkey, state)
        })
        .await?;
    let (actor, user, counts) = (caller.actor(), caller.user(), counts.as_ref());
    let (former, proof) = (former_session(request, user.id), SignInProof::Passkey(signed));
    let browser = browser(request);
    let write = app.table.create_session(&actor, user, counts, browser, former, &proof)?;
    let session = write.commit().await?;
    end_session_of_another(app, request, user.id).await;
    in_a_new_session(request, &session)
}
