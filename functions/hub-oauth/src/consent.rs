//! The CSRF token of the consent form: no other site can submit one.
//!
//! The browser has a random cookie; the token has the time and the scopes that the page shows, and a
//! MAC over these, the cookie and the client's request, under the service key. Nothing is stored.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::http::ApiRequest;
use shared::lifetimes::CONSENT_FORM_TTL;
use shared::model::{Scope, Timestamp};
use shared::service_key::ServiceKey;
use shared::{Result, random};

use crate::authorization::format_scopes;
use crate::page::SignInError;

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

    /// The `Set-Cookie` header. Over https the name's prefix keeps other hosts of the domain from
    /// setting it. `Lax`: a browser that comes from the client's site does not send a `Strict`
    /// cookie even for the page, so each page would set another one. Another site's form sends
    /// neither. It lasts until the browser ends, longer than any form: one that comes without it is
    /// from a browser that keeps no cookies.
    pub(crate) fn cookie(&self) -> String {
        let secure = if self.is_https { "; Secure" } else { "" };
        let (name, nonce) = (cookie_name(self.is_https), &self.nonce);
        format!("{name}={nonce}; Path=/; HttpOnly; SameSite=Lax{secure}")
    }

    /// The CSRF token of the form for this request, which shows these scopes:
    /// `<time>.<scopes>.<MAC>`.
    pub(crate) fn csrf_token(
        &self,
        key: &ServiceKey,
        request: &ApiRequest,
        scopes: &BTreeSet<Scope>,
    ) -> Result<String> {
        let (time, scopes) = (Timestamp::now().as_second(), format_scopes(scopes));
        let mac =
            key.derive(PURPOSE, &self.authenticated(&time.to_be_bytes(), request, &scopes))?;
        Ok(format!("{time}.{scopes}.{}", URL_SAFE_NO_PAD.encode(mac)))
    }

    /// What the form with this token showed, if that was in this browser, for this request, and at
    /// most [`CONSENT_FORM_TTL`] seconds ago; else what the page says.
    pub(crate) fn verify<'t>(
        &self,
        key: &ServiceKey,
        request: &ApiRequest,
        csrf_token: &'t str,
    ) -> Result<Result<Shown<'t>, SignInError>> {
        if !self.is_known {
            return Ok(Err(SignInError::NoCookie));
        }
        let Some((time, scopes, mac)) = parse(csrf_token) else {
            return Ok(Err(SignInError::OtherForm));
        };
        let now = Timestamp::now().as_second();
        if time < now - CONSENT_FORM_TTL {
            return Ok(Err(SignInError::Stale));
        }
        let is_ours = time <= now
            && key.derives(
                PURPOSE,
                &self.authenticated(&time.to_be_bytes(), request, scopes),
                &mac,
            )?;
        Ok(if is_ours { Ok(Shown { scopes }) } else { Err(SignInError::OtherForm) })
    }

    fn authenticated<'a>(
        &'a self,
        time: &'a [u8],
        request: &'a ApiRequest,
        scopes: &'a str,
    ) -> [&'a [u8]; 4] {
        [self.nonce.as_bytes(), time, scopes.as_bytes(), request.raw_query().as_bytes()]
    }
}

/// The time, the scopes and the MAC of a CSRF token.
fn parse(csrf_token: &str) -> Option<(i64, &str, Vec<u8>)> {
    let (time, rest) = csrf_token.split_once('.')?;
    let (scopes, mac) = rest.split_once('.')?;
    Some((time.parse().ok()?, scopes, URL_SAFE_NO_PAD.decode(mac).ok()?))
}

/// What a form showed.
pub(crate) struct Shown<'t> {
    scopes: &'t str,
}

impl Shown<'_> {
    /// Whether it showed these scopes: what a request without `scope` is for may change.
    pub(crate) fn is_of(&self, scopes: &BTreeSet<Scope>) -> bool {
        self.scopes == format_scopes(scopes)
    }
}

const fn cookie_name(is_https: bool) -> &'static str {
    if is_https { "__Host-rollcall-consent" } else { "rollcall-consent" }
}

fn is_nonce(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 16)
}
