//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), and what stands in for it in forms
//! of pages: a request that is sent again is not done again.
//!
//! The response to a success is stored in the same transaction as its effect, so that neither
//! exists without the other. The response, which may contain a secret, is encrypted with the
//! service key. The hash that identifies the request, from which a password in it could be guessed,
//! is keyed with it. So the table alone reveals neither.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::HeaderValue;
use lambda_http::{Body, Response};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::failed;
use crate::http::{ApiRequest, REPLAYED};
use crate::model::digest::update_length_prefixed;
use crate::model::{IdempotencyKey, StoredResponseId, UserId};
use crate::service_key::{ServiceKey, ServiceKeys};
use crate::table::StoredResponse;
use crate::{Error, Result, lifetimes};

const HEADER: &str = "idempotency-key";

/// What a response is encrypted for.
const RESPONSE: &str = "response under an Idempotency-Key";

/// The field of a page's form that is done once, however often it is sent. Its value is random, so
/// that a page that is opened again has another form.
pub const FORM_ONCE: &str = "once";

impl ApiRequest {
    /// The `Idempotency-Key`, except for `GET`, which changes nothing. Browsers send none with a form
    /// of a page: one that is done once is its own.
    pub(crate) fn idempotency_key(&self) -> Result<Option<IdempotencyKey>> {
        if self.method() == "GET" {
            return Ok(None);
        }
        if self.dialect().is_of_pages() {
            return self.form_key();
        }
        if !self.headers().contains_key(HEADER) {
            return Ok(None);
        }
        let value = self.single_header(HEADER).ok_or_else(|| {
            Error::invalid("Idempotency-Key", "must be given once, in visible ASCII characters")
        })?;
        value.parse().map(Some).map_err(|error| Error::invalid("Idempotency-Key", error))
    }

    /// The key of a form that is done once: all that is in it, with the token that only its session
    /// knows. Whoever goes back and enters something else sends another form.
    fn form_key(&self) -> Result<Option<IdempotencyKey>> {
        let is_done_once = self.optional_form()?.has(FORM_ONCE);
        Ok(is_done_once.then(|| IdempotencyKey::from_form(self.raw_body())))
    }
}

/// A request with an `Idempotency-Key`. It has no `Debug`: a body can be guessed from its hash.
#[derive(Clone)]
pub(crate) struct IdempotentRequest {
    id: StoredResponseId,
    /// A hash of what distinguishes the request from others.
    digest: [u8; 32],
    /// Whether it is the form of a page.
    is_form: bool,
}

/// A response as it was sent. It has no `Debug`: it may contain a secret.
#[derive(Serialize, Deserialize)]
struct RecordedResponse {
    status: u16,
    /// The headers that the operation itself set.
    headers: Vec<(String, String)>,
    /// The body, if there was one.
    body: Option<String>,
}

impl IdempotentRequest {
    /// The request, made with the credential of this id.
    pub(crate) fn new(request: &ApiRequest, principal_id: &str, key: &IdempotencyKey) -> Self {
        Self {
            id: StoredResponseId::new(principal_id, key),
            digest: digest(request),
            is_form: request.dialect().is_of_pages(),
        }
    }

    /// Where its response is stored.
    pub(crate) const fn id(&self) -> &StoredResponseId {
        &self.id
    }

    /// The response that is stored under the id, marked as replayed.
    ///
    /// [`Error::IdempotencyKeyReused`] if it is the response to another request. A page that is
    /// loaded again shows no secret again: [`Error::FormSentBefore`].
    pub(crate) async fn replay(
        &self,
        keys: &ServiceKeys,
        stored: &StoredResponse,
    ) -> Result<Response<Body>> {
        let key = keys.version(&stored.key_version).await?;
        let decode = |text: &str| STANDARD.decode(text).map_err(failed("read a stored response"));
        let fingerprint = decode(&stored.fingerprint)?;
        if !bool::from(self.fingerprint(&key, stored.user)?.ct_eq(&fingerprint)) {
            return Err(Error::IdempotencyKeyReused);
        }
        if self.is_form && stored.age() > lifetimes::FORM_REPLAY_TTL {
            return Err(Error::FormSentBefore);
        }
        let plain = self.open(&key, stored.user, &decode(&stored.sealed)?)?;
        let recorded: RecordedResponse =
            serde_json::from_slice(&plain).map_err(failed("read a stored response"))?;
        recorded.into_response()
    }

    /// The response, to be stored in the transaction of the write that it reports.
    pub(crate) async fn record(
        &self,
        keys: &ServiceKeys,
        user: UserId,
        response: &Response<Body>,
    ) -> Result<StoredResponse> {
        let key = keys.current().await?;
        let recorded = RecordedResponse::from_response(response)?;
        let plain = serde_json::to_vec(&recorded).map_err(failed("store a response"))?;
        Ok(StoredResponse {
            user,
            id: self.id.clone(),
            fingerprint: STANDARD.encode(self.fingerprint(&key, user)?),
            sealed: STANDARD.encode(self.seal(&key, user, plain)?),
            key_version: key.version.clone(),
            expires_at: StoredResponse::expiry(),
        })
    }

    fn fingerprint(&self, key: &ServiceKey, user: UserId) -> Result<[u8; 32]> {
        let (user, id) = (user.to_string(), self.id.to_string());
        let parts = [user.as_bytes(), id.as_bytes(), &self.digest];
        key.derive("request under an Idempotency-Key", &parts)
    }

    fn seal(&self, key: &ServiceKey, user: UserId, text: Vec<u8>) -> Result<Vec<u8>> {
        let (user, id) = (user.to_string(), self.id.to_string());
        key.encrypt(RESPONSE, &[user.as_bytes(), id.as_bytes(), b""], text)
    }

    fn open(&self, key: &ServiceKey, user: UserId, sealed: &[u8]) -> Result<Vec<u8>> {
        let (user, id) = (user.to_string(), self.id.to_string());
        key.decrypt(RESPONSE, &[user.as_bytes(), id.as_bytes(), b""], sealed)
    }
}

/// A hash of what distinguishes requests: method, path without a trailing slash, query, media type
/// and body.
fn digest(request: &ApiRequest) -> [u8; 32] {
    let path = request.path_segments().join("/");
    let texts = [request.method(), &path, request.raw_query(), request.media_type().as_str()];
    let parts = texts.map(str::as_bytes).into_iter().chain([request.raw_body()]);
    let mut hash = Sha256::new();
    update_length_prefixed(&mut hash, parts);
    hash.finalize().into()
}

impl RecordedResponse {
    /// Records a response before the headers are added that every response has.
    fn from_response(response: &Response<Body>) -> Result<Self> {
        let text = |value: &HeaderValue| value.to_str().map(str::to_owned);
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| Ok((name.to_string(), text(value)?)))
            .collect::<Result<_, lambda_http::http::header::ToStrError>>();
        let body = match response.body() {
            Body::Text(text) => Some(text.clone()),
            Body::Empty => None,
            _ => return Err(Error::internal("store a response", "its body is not text")),
        };
        let headers = headers.map_err(failed("store a response"))?;
        Ok(Self { status: response.status().as_u16(), headers, body })
    }

    /// The response, marked as replayed.
    fn into_response(self) -> Result<Response<Body>> {
        let mut response = Response::builder().status(self.status).header(REPLAYED, "true");
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let body = self.body.map_or(Body::Empty, Body::Text);
        response.body(body).map_err(failed("replay a response"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(key: &str) -> IdempotentRequest {
        let key = key.parse().unwrap();
        let id = StoredResponseId::new("password", &key);
        IdempotentRequest { id, digest: [7; 32], is_form: false }
    }

    #[test]
    fn a_response_opens_only_with_its_own_service_key_user_and_idempotency_key() {
        let (user, other) = (UserId::generate(), UserId::generate());
        let (key, other_key) = (ServiceKey::for_test("one"), ServiceKey::for_test("other"));
        let request_a = request("a");

        let sealed = request_a.seal(&key, user, b"secret".to_vec()).unwrap();

        assert_eq!(request_a.open(&key, user, &sealed).unwrap(), b"secret");
        assert!(request_a.open(&other_key, user, &sealed).is_err());
        assert!(request_a.open(&key, other, &sealed).is_err());
        assert!(request("b").open(&key, user, &sealed).is_err());
        assert!(request_a.open(&key, user, &sealed[..20]).is_err());
    }

    #[test]
    fn a_request_is_identified_only_with_its_own_service_key() {
        let user = UserId::generate();
        let (key, other_key) = (ServiceKey::for_test("one"), ServiceKey::for_test("other"));
        let request = request("a");

        let fingerprint = request.fingerprint(&key, user).unwrap();

        assert_eq!(request.fingerprint(&key, user).unwrap(), fingerprint);
        assert_ne!(request.fingerprint(&other_key, user).unwrap(), fingerprint);
        assert_ne!(request.digest, fingerprint);
    }
}
