//! Sign-ins that the console has begun.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::SeededClient;
use crate::random;

/// The sign-ins that are remembered.
const MAX_BEGUN: usize = 32;

/// What one sign-in is told apart by, and what its code is exchanged with.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SignIn {
    state: String,
    /// PKCE's (RFC 7636).
    verifier: String,
}

pub(super) struct SignIns {
    /// That of the link which the service prints. It may be used again and again.
    printed: SignIn,
    begun: Mutex<VecDeque<SignIn>>,
}

impl SignIn {
    fn new() -> Result<Self> {
        // Of a verifier, 43 characters are the least.
        Ok(Self { state: random::text()?, verifier: random::text()? + &random::text()? })
    }

    pub(super) fn verifier(&self) -> &str {
        &self.verifier
    }

    /// The path and query of the authorization request.
    pub(super) fn path(&self, client: &SeededClient, scope: &str) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier));
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.client_id)
            .append_pair("redirect_uri", &client.redirect_uri)
            .append_pair("scope", scope)
            .append_pair("state", &self.state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        format!("/api/v1.1/o/authorize/?{query}")
    }
}

impl SignIns {
    pub(super) fn new() -> Result<Self> {
        Ok(Self { printed: SignIn::new()?, begun: Mutex::default() })
    }

    pub(super) const fn printed(&self) -> &SignIn {
        &self.printed
    }

    /// A new one, in place of the oldest if there are many.
    pub(super) fn begin(&self) -> Result<SignIn> {
        let sign_in = SignIn::new()?;
        let mut begun = self.begun();
        begun.push_front(sign_in.clone());
        begun.truncate(MAX_BEGUN);
        Ok(sign_in)
    }

    /// The one that has this state.
    pub(super) fn find(&self, state: &str) -> Option<SignIn> {
        let begun = self.begun();
        begun.iter().chain([&self.printed]).find(|own| own.state == state).cloned()
    }

    /// Its code is exchanged.
    pub(super) fn end(&self, sign_in: &SignIn) {
        self.begun().retain(|own| own != sign_in);
    }

    fn begun(&self) -> MutexGuard<'_, VecDeque<SignIn>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
