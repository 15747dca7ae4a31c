//! Requests that may be sent again without being done again: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).
//!
//! What a success was answered with is kept in the same transaction as its effect, so that there is never one without
//! the other. Both the answer, which may show a secret, and the hash by which a request is known again, which could be
//! used to guess a password in it, are made with the service key: the table alone tells neither.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::HeaderValue;
use lambda_http::{Body, Response};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::failed;
use crate::http::ApiRequest;
use crate::model::digest::update_length_prefixed;
use crate::model::{IdempotencyKey, IdempotencySlot, UserId};
use crate::random;
use crate::service_key::{ServiceKey, ServiceKeys};
use crate::table::StoredResponse;
use crate::{Error, RecordedResponse, Result};

const HEADER: &str = "idempotency-key";

impl ApiRequest {
    /// The key under which the request may be sent again: of those that change something alone.
    pub(crate) fn idempotency_key(&self) -> Result<Option<IdempotencyKey>> {
        if self.method() == "GET" || !self.headers().contains_key(HEADER) {
            return Ok(None);
        }
        let value = self.single_header(HEADER).ok_or_else(|| {
            Error::invalid("Idempotency-Key", "must be given once, in visible ASCII characters")
        })?;
        value.parse().map(Some).map_err(|problem| Error::invalid("Idempotency-Key", problem))
    }
}

/// A request under a key. It has no `Debug`: a body can be guessed from its hash.
pub(crate) struct IdempotentRequest {
    slot: IdempotencySlot,
    /// Of all that makes it another request.
    digest: [u8; 32],
}

impl IdempotentRequest {
    /// The request, with the credential of this name.
    pub(crate) fn new(call: &ApiRequest, credential: &str, key: &IdempotencyKey) -> Self {
        Self { slot: IdempotencySlot::new(credential, key), digest: digest(call) }
    }

    /// Where its answer is kept.
    pub(crate) const fn slot(&self) -> &IdempotencySlot {
        &self.slot
    }

    /// How the request ends if this answer was kept under its key: with the same answer, or with
    /// [`Error::IdempotencyKeyReused`] if the answer is another request's.
    pub(crate) async fn end(&self, keys: &ServiceKeys, kept: &StoredResponse) -> Error {
        match self.opened(keys, kept).await {
            Ok(answer) => Error::Answered(Box::new(answer)),
            Err(error) => error,
        }
    }

    async fn opened(&self, keys: &ServiceKeys, kept: &StoredResponse) -> Result<RecordedResponse> {
        let key = keys.version(&kept.key_version).await?;
        let decoded = |text: &str| STANDARD.decode(text).map_err(failed("read a kept answer"));
        let fingerprint = decoded(&kept.fingerprint)?;
        if !bool::from(self.fingerprint(&key, kept.user)?.ct_eq(&fingerprint)) {
            return Err(Error::IdempotencyKeyReused);
        }
        let plain = self.open(&key, kept.user, &decoded(&kept.sealed)?)?;
        serde_json::from_slice(&plain).map_err(failed("read a kept answer"))
    }

    /// The answer, to be kept with the write that it tells of.
    pub(crate) async fn kept(
        &self,
        keys: &ServiceKeys,
        user: UserId,
        answer: &Response<Body>,
    ) -> Result<StoredResponse> {
        let key = keys.current().await?;
        let plain = serde_json::to_vec(&plain(answer)?).map_err(failed("keep an answer"))?;
        Ok(StoredResponse {
            user,
            slot: self.slot.clone(),
            fingerprint: STANDARD.encode(self.fingerprint(&key, user)?),
            sealed: STANDARD.encode(self.seal(&key, user, plain)?),
            key_version: key.version.clone(),
            expires_at: StoredResponse::expiry(),
        })
    }

    fn fingerprint(&self, key: &ServiceKey, user: UserId) -> Result<[u8; 32]> {
        self.derive(key, "request under an Idempotency-Key", user, &self.digest)
    }

    fn derive(
        &self,
        key: &ServiceKey,
        purpose: &str,
        user: UserId,
        what: &[u8],
    ) -> Result<[u8; 32]> {
        key.derive(purpose, &[user.to_string().as_bytes(), self.slot.to_string().as_bytes(), what])
    }

    fn seal(&self, key: &ServiceKey, user: UserId, mut text: Vec<u8>) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = random::bytes()?;
        self.cipher(key, user)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text)
            .map_err(|_| failed("keep an answer")("it cannot be encrypted"))?;
        Ok([&nonce[..], &text].concat())
    }

    fn open(&self, key: &ServiceKey, user: UserId, sealed: &[u8]) -> Result<Vec<u8>> {
        let broken = || failed("read a kept answer")("it cannot be decrypted");
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(broken)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let cipher = self.cipher(key, user)?;
        let plain = cipher.open_in_place(nonce, Aad::empty(), &mut text).map_err(|_| broken())?;
        Ok(plain.to_vec())
    }

    /// Each place has a key of its own, so that random nonces do not repeat under one.
    fn cipher(&self, key: &ServiceKey, user: UserId) -> Result<LessSafeKey> {
        let key = self.derive(key, "answer under an Idempotency-Key", user, b"")?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key)
            .map_err(|_| failed("use the service key")("it has the wrong length"))?;
        Ok(LessSafeKey::new(key))
    }
}

/// A hash of method, path, query, media type and body: of what makes two requests different ones. A trailing slash does
/// not.
fn digest(call: &ApiRequest) -> [u8; 32] {
    let path = call.path_segments().join("/");
    let texts = [call.method(), &path, call.raw_query(), call.media_type().as_str()];
    let parts = texts.map(str::as_bytes).into_iter().chain([call.raw_body()]);
    let mut hash = Sha256::new();
    update_length_prefixed(&mut hash, parts);
    hash.finalize().into()
}

/// An answer before the headers are added that every answer has.
fn plain(answer: &Response<Body>) -> Result<RecordedResponse> {
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned);
    let headers = answer
        .headers()
        .iter()
        .map(|(name, value)| Ok((name.to_string(), text(value)?)))
        .collect::<Result<_, lambda_http::http::header::ToStrError>>();
    let body = match answer.body() {
        Body::Text(text) => Some(text.clone()),
        Body::Empty => None,
        _ => return Err(failed("keep an answer")("its body is no text")),
    };
    let headers = headers.map_err(failed("keep an answer"))?;
    Ok(RecordedResponse { status: answer.status().as_u16(), headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(key: &str) -> IdempotentRequest {
        let key = key.parse().unwrap();
        IdempotentRequest { slot: IdempotencySlot::new("password", &key), digest: [7; 32] }
    }

    #[test]
    fn a_kept_answer_opens_with_the_same_service_key_for_the_same_user_and_key_alone() {
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
    fn a_request_is_known_again_with_the_same_service_key_alone() {
        let user = UserId::generate();
        let (key, other_key) = (ServiceKey::for_test("one"), ServiceKey::for_test("other"));
        let request = request("a");

        let fingerprint = request.fingerprint(&key, user).unwrap();

        assert_eq!(request.fingerprint(&key, user).unwrap(), fingerprint);
        assert_ne!(request.fingerprint(&other_key, user).unwrap(), fingerprint);
        assert_ne!(request.digest, fingerprint);
    }
}
