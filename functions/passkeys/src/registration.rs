//! Adding a passkey.

use lambda_http::{Body, Response};
use serde_json::json;
use shared::auth::{AuthRequest, Authorized, FullAccess, SessionCookie};
use shared::http::{self, ApiRequest};
use shared::limits::PASSKEYS;
use shared::model::{Passkey, PasskeyChallengeId, PasskeyId, PasskeyName, Timestamp};
use shared::table::fetch;
use shared::{App, Error, Result};
use webauthn_rs::prelude::RegisterPublicKeyCredential;

use crate::answer::Answer;
use crate::asked;
use crate::relying_party::RelyingParty;

/// A device's answer, and what the user calls the passkey.
struct NewPasskey {
    challenge: PasskeyChallengeId,
    answer: RegisterPublicKeyCredential,
    name: PasskeyName,
}

impl NewPasskey {
    fn read(request: &ApiRequest) -> Result<Self> {
        let mut fields = request.optional_form()?;
        let challenge = fields.required_non_empty("challenge");
        let answer = fields.required_non_empty("credential");
        let name = fields.required_non_empty("name");
        let read = challenge.zip(answer).zip(name);
        let ((challenge, Answer(answer)), name) = fields.into_result(read)?;
        Ok(Self { challenge, answer, name })
    }
}

/// `POST /account/webauthn/registration/challenge`: what a new passkey has to sign.
pub(crate) async fn ask(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(RelyingParty::of(request))
        .query(|table, user, _| table.passkeys(user))
        .respond(async |Authorized { caller, input: party, queried: passkeys, .. }| {
            Error::check_room(PASSKEYS, passkeys.len())?;
            let (options, state) = party.ask_for_registration(caller.user(), &passkeys)?;
            asked(caller.ask_for_passkey(app, state).await?, &options)
        })
        .await
}

/// `POST /account/webauthn/registration`: adds the passkey that a device made.
pub(crate) async fn register(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let auth = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?;
    let party = RelyingParty::of(request);
    auth.input(party.and_then(|party| Ok((party, NewPasskey::read(request)?))))
        .fetch(|(_, new)| fetch::both(fetch::counts(), fetch::passkey_challenge(new.challenge)))
        .respond(async |Authorized { caller, input: (party, new), fetched, .. }| {
            let (counts, challenge) = fetched;
            let state = caller.passkey_state(app, challenge.as_deref()).await?;
            let made = party.registered(&new.answer, &state)?;
            let credential = serde_json::to_string(&made).map_err(|error| Error::Internal {
                action: "add a passkey",
                source: error.into(),
            })?;
            let passkey = Passkey {
                id: PasskeyId::of_credential(made.cred_id()),
                user: caller.user().id,
                epoch: caller.user().credential_epoch,
                name: new.name,
                credential,
                created_at: Timestamp::now(),
                last_used_at: None,
                rejected_at: Vec::new(),
            };
            let (actor, counts) = (caller.actor(), counts.as_ref());
            let write = app.table.add_passkey(&actor, counts, new.challenge, passkey)?;
            caller.commit(app, write, |_| http::ok(&json!({}))).await
        })
        .await
}
