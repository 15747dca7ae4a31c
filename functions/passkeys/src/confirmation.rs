//! Proving a session once more, with a passkey in place of the password.

use lambda_http::{Body, Response};
use shared::auth::{AuthRequest, Authorized, ProfileRead, SessionCookie};
use shared::http::ApiRequest;
use shared::table::fetch;
use shared::{App, Result};

use crate::answer::Signed;
use crate::relying_party::RelyingParty;
use crate::{asked, in_a_new_session};

/// `POST /account/webauthn/confirmation/challenge`: what a passkey of the user has to sign.
pub(crate) async fn ask(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    AuthRequest::<ProfileRead, SessionCookie>::from_request(app, request)?
        .input(RelyingParty::of(request))
        .respond(async |Authorized { caller, input: party, .. }| {
            let (options, state) = party.ask_for_signature()?;
            asked(caller.ask_for_confirmation(app, state).await?, &options)
        })
        .await
}

/// `POST /account/webauthn/confirmation`: the session has full access for a while.
pub(crate) async fn confirm(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let auth = AuthRequest::<ProfileRead, SessionCookie>::from_request(app, request)?;
    let party = RelyingParty::of(request);
    auth.input(party.and_then(|party| Ok((party, Signed::read(request)?))))
        .fetch(|(_, Signed { claimed, .. })| {
            fetch::both(fetch::passkey(claimed.id), fetch::passkey_challenge(claimed.challenge))
        })
        .respond(async |Authorized { caller, input: (party, signed), fetched: found, .. }| {
            let used = caller
                .verify_passkey(app, found, |passkey, state| {
                    party.verify(&signed.answer, passkey, state)
                })
                .await?;
            in_a_new_session(request, &caller.prove_by_passkey(app, &used).await?)
        })
        .await
}
