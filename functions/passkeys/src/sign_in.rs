//! Signing in with a passkey, by no name and no password.

use lambda_http::{Body, Response};
use shared::auth::{ask_for_sign_in, end_session_of_another, record_rejection};
use shared::http::ApiRequest;
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
    let Signed { claimed, answer } = Signed::read(request).inspect_err(record_rejection)?;
    let sign_in = claimed
        .sign_in(app, request, |passkey, state| party.verify(&answer, passkey, state))
        .await?;
    let session = sign_in.begin_session(app, request).await?;
    end_session_of_another(app, request, session.user()).await;
    in_a_new_session(request, &session)
}
