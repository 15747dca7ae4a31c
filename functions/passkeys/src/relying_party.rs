//! The service, as WebAuthn sees it.

use std::error::Error as StdError;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::http::ApiRequest;
use shared::model::{Passkey, User};
use shared::{Error, Result};
use webauthn_rs::prelude::{
    self, DiscoverableAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder,
};

use crate::answer::owner;

/// The service at one domain. A passkey works at the domain for which it was made, and only there.
pub(crate) struct RelyingParty(Webauthn);

impl RelyingParty {
    /// The service as the request reached it. No header decides it.
    pub(crate) fn of(request: &ApiRequest) -> Result<Self> {
        let origin = Url::parse(&request.base_url().to_string()).map_err(failed)?;
        let domain = origin
            .domain()
            .ok_or(Error::Forbidden("passkeys work only where the service has a domain name"))?;
        let party = WebauthnBuilder::new(domain, &origin).map_err(failed)?;
        party.rp_name(request.service_name()).build().map(Self).map_err(failed)
    }

    /// What a new passkey of the user is asked for, and the state with which its answer is judged.
    /// It is none of those that the user has. A device verifies who uses it, and knows whose passkey
    /// it is, so that nobody has to enter a name.
    pub(crate) fn ask_for_registration(
        &self,
        user: &User,
        passkeys: &[Passkey],
    ) -> Result<(Value, Vec<u8>)> {
        let known = |own: &Passkey| {
            let known: prelude::Passkey = parse(own.credential.as_bytes())?;
            Ok(known.cred_id().clone())
        };
        let known = passkeys.iter().map(known).collect::<Result<Vec<_>>>()?;
        let id = Uuid::parse_str(&user.id.to_string()).map_err(failed)?;
        let (name, display_name) = (user.username.to_string(), user.display_name());
        let (asked, state) = self
            .0
            .start_passkey_registration(id, &name, display_name, Some(known))
            .map_err(failed)?;
        let mut options = serde_json::to_value(&asked.public_key).map_err(failed)?;
        // The library leaves it to the device.
        options["authenticatorSelection"]["residentKey"] = json!("required");
        options["authenticatorSelection"]["requireResidentKey"] = json!(true);
        Ok((options, text(&state)?))
    }

    /// The passkey that a device made, if its answer is right.
    pub(crate) fn registered(
        &self,
        answer: &RegisterPublicKeyCredential,
        state: &[u8],
    ) -> Result<prelude::Passkey> {
        let state: PasskeyRegistration = parse(state)?;
        self.0
            .finish_passkey_registration(answer, &state)
            .map_err(|_| Error::invalid("credential", "is not accepted"))
    }

    /// What any passkey is asked for that is of this service, and the state with which its answer is
    /// judged.
    pub(crate) fn ask_for_signature(&self) -> Result<(Value, Vec<u8>)> {
        let (asked, state) = self.0.start_discoverable_authentication().map_err(failed)?;
        Ok((serde_json::to_value(&asked.public_key).map_err(failed)?, text(&state)?))
    }

    /// The passkey as it is stored from now on, if the signature is right and the device is not
    /// behind what is stored.
    pub(crate) fn verify(
        &self,
        answer: &PublicKeyCredential,
        passkey: &Passkey,
        state: &[u8],
    ) -> Option<String> {
        if owner(answer) != Some(passkey.user) {
            return None;
        }
        let state: DiscoverableAuthentication = parse(state).ok()?;
        let mut own: prelude::Passkey = parse(passkey.credential.as_bytes()).ok()?;
        let result = self.0.finish_discoverable_authentication_v2(answer, state, &own).ok()?;
        own.update_credential(&result)?;
        serde_json::to_string(&own).ok()
    }
}

fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    serde_json::from_slice(text).map_err(failed)
}

fn text(state: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(state).map_err(failed)
}

fn failed(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    Error::Internal { action: "ask for a passkey", source: error.into() }
}
