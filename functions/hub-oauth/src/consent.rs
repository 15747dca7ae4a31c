//! The CSRF token of the consent form: no other site can submit one.
//!
//! The browser has a random cookie; the token is a MAC over the cookie, the time and the client's
//! request, under the service key. Nothing is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::http::ApiRequest;
use shared::lifetimes::CONSENT_FORM_TTL;
use shared::model::Timestamp;
use shared::service_key::ServiceKey;
use shared::{Result, random};

/// What the token's key is derived for.
const PURPOSE: &str = "consent form";

/// The cookie of one browser.
pub(crate) struct Browser {
    nonce: String,
    /// Whether the browser sent it.
    is_known: bool,
    is_https: bool,
}

impl Browser {
    /// The browser's cookie, or a new one.
    pub(crate) fn from_request(request: &ApiRequest) -> Result<Self> {
        let is_https = request.base_url().is_https();
        let known = request.cookie(cookie_name(is_https)).filter(|nonce| is_nonce(nonce));
        let is_known = known.is_some();
        let nonce = match known {
            Some(nonce) => nonce.to_owned(),
            None => URL_SAFE_NO_PAD.encode(random::bytes::<16>()?),
        };
        Ok(Self { nonce, is_known, is_https })
    }

    /// Whether the browser sent its cookie.
    pub(crate) const fn is_known(&self) -> bool {
        self.is_known
    }

    /// The `Set-Cookie` header. Over https the name's prefix keeps other hosts of the domain from
    /// setting it. `Lax`: a browser that comes from the client's site does not send a `Strict`
    /// cookie even for the page, so each page would set another one. Another site's form sends
    /// neither.
    pub(crate) fn cookie(&self) -> String {
        let secure = if self.is_https { "; Secure" } else { "" };
        let (name, nonce) = (cookie_name(self.is_https), &self.nonce);
        format!(
            "{name}={nonce}; Path=/; Max-Age={CONSENT_FORM_TTL}; HttpOnly; SameSite=Lax{secure}"
        )
    }

    /// The CSRF token of the form for this request: `<time>.<MAC>`.
    pub(crate) fn csrf_token(&self, key: &ServiceKey, request: &ApiRequest) -> Result<String> {
        let time = Timestamp::now().as_second();
        let mac = key.derive(PURPOSE, &self.authenticated(&time.to_be_bytes(), request))?;
        Ok(format!("{time}.{}", URL_SAFE_NO_PAD.encode(mac)))
    }

    /// Whether the form with this token was shown in this browser for this request, at most
    /// [`CONSENT_FORM_TTL`] seconds ago.
    pub(crate) fn verify(
        &self,
        key: &ServiceKey,
        request: &ApiRequest,
        csrf_token: &str,
    ) -> Result<bool> {
        let Some((time, mac)) = csrf_token.split_once('.') else { return Ok(false) };
        let (Ok(time), Ok(mac)) = (time.parse::<i64>(), URL_SAFE_NO_PAD.decode(mac)) else {
            return Ok(false);
        };
        let age = Timestamp::now().as_second().checked_sub(time);
        let is_fresh = age.is_some_and(|age| (0..=CONSENT_FORM_TTL).contains(&age));
        Ok(is_fresh
            && key.derives(PURPOSE, &self.authenticated(&time.to_be_bytes(), request), &mac)?)
    }

    fn authenticated<'a>(&'a self, time: &'a [u8], request: &'a ApiRequest) -> [&'a [u8]; 3] {
        [self.nonce.as_bytes(), time, request.raw_query().as_bytes()]
    }
}

const fn cookie_name(is_https: bool) -> &'static str {
    if is_https { "__Host-rollcall-consent" } else { "rollcall-consent" }
}

fn is_nonce(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 16)
}
