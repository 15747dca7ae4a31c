//! What a device answers, as the script sends it.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use shared::auth::ClaimedPasskey;
use shared::http::{ApiRequest, Fields};
use shared::model::{ParseError, PasskeyChallengeId, PasskeyId, UserId};
use shared::{Error, Result};
use webauthn_rs::prelude::{PublicKeyCredential, Uuid};

/// An answer in JSON.
pub(crate) struct Answer<T>(pub(crate) T);

impl<T: DeserializeOwned> FromStr for Answer<T> {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parsed = serde_json::from_str(text).map(Self);
        // The parser's message may quote the text.
        parsed.map_err(|_| ParseError::new("is not the answer of a passkey"))
    }
}

/// A signature, and what it claims.
pub(crate) struct Signed {
    pub(crate) claimed: ClaimedPasskey,
    pub(crate) answer: PublicKeyCredential,
}

impl Signed {
    /// Reads the fields `challenge` and `credential`.
    pub(crate) fn read(request: &ApiRequest) -> Result<Self> {
        let mut fields: Fields = request.optional_form()?;
        let challenge = fields.required_non_empty::<PasskeyChallengeId>("challenge");
        let credential = fields.required_non_empty::<Answer<PublicKeyCredential>>("credential");
        let (challenge, Answer(answer)) = fields.into_result(challenge.zip(credential))?;
        let user = owner(&answer).ok_or(Error::InvalidCredential)?;
        let id = PasskeyId::of_credential(answer.get_credential_id());
        Ok(Self { claimed: ClaimedPasskey { user, id, challenge }, answer })
    }
}

/// Whose passkey the device says that it is.
pub(crate) fn owner(answer: &PublicKeyCredential) -> Option<UserId> {
    let id = Uuid::from_slice(answer.get_user_unique_id()?).ok()?;
    id.to_string().parse().ok()
}
