//! e24's request signatures, beside tokens: `KEY:base64(hmac_sha256(secret, S))` with
//! `S = METHOD\nHOST\nX-Date\nPATH[?QUERY]\nBODY`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::fmt::rfc2822::DateTimeParser;
use sha2::Sha256;

use super::header::{self, Header};
use super::permission::{Credential, VerifiedSignature};
use super::scheme::{AuthScheme, Verified};
use super::token::Token;
use crate::error::failed;
use crate::http::ApiRequest;
use crate::lifetimes;
use crate::model::{ApiKeyId, SignatureDigest, Timestamp, User, UserId};
use crate::table::{CredentialKey, Stored, StoredCredential};
use crate::telemetry::SecurityEvent;
use crate::telemetry::request::observe;
use crate::{App, Error, Result, SignedQuery};

/// A token, or a signature.
pub enum TokenOrSignature {
    /// A token.
    Token(Token),
    /// A signature over the request.
    Signature(Signature),
}

/// A signature, and every text that it may have been computed over.
pub struct Signature {
    user: UserId,
    key: ApiKeyId,
    mac: Vec<u8>,
    candidates: Vec<Candidate>,
    is_get: bool,
}

/// A text that a client may have signed.
struct Candidate {
    text: Vec<u8>,
    /// Whether the query is in it, if the request has one.
    covers_query: bool,
}

impl Signature {
    fn parse(request: &ApiRequest, credential: &str) -> Result<Self> {
        let (key, mac) = credential.split_once(':').ok_or_else(|| rejected("key"))?;
        let (user, key) = ApiKeyId::parse_key(key).map_err(|_| rejected("key"))?;
        observe(|observed| observed.user = Some(user.to_string()));
        let mac = STANDARD.decode(mac).map_err(|_| rejected("mac"))?;
        let date = request.single_header("x-date").ok_or_else(|| rejected("date"))?;
        let date_sent = parse_date(date).ok_or_else(|| rejected("date"))?;
        let age = Timestamp::now().as_second() - date_sent.as_second();
        if age.abs() > lifetimes::SIGNATURE_TOLERANCE {
            return Err(rejected("clock"));
        }
        let candidates = candidates(request, date);
        Ok(Self { user, key, mac, candidates, is_get: request.method() == "GET" })
    }

    /// Where it is stored whether a write was made with it; a GET may be repeated.
    fn credential_key(&self) -> CredentialKey {
        if self.is_get { CredentialKey::InUser } else { CredentialKey::Signature(self.digest()) }
    }

    fn digest(&self) -> SignatureDigest {
        SignatureDigest::new(&self.mac)
    }

    async fn verify(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        stored: &StoredCredential,
    ) -> Result<Credential> {
        let user = user.filter(|user| !user.disabled).ok_or_else(|| rejected("user"))?;
        let key = user.api_keys.get(&self.key.to_string()).ok_or_else(|| rejected("key"))?;
        let secret = key.secret(user.id, &*app.service_keys.version(&key.key_version).await?)?;
        let signed = self.signed_text(&secret)?.ok_or_else(|| rejected("mac"))?;
        let may_omit_query = self.is_get && app.settings.signed_query == SignedQuery::Lenient;
        if !signed.covers_query && !may_omit_query {
            return Err(rejected("query"));
        }
        app.table.touch_api_key(user, key, Timestamp::now()).await;
        let is_used = matches!(stored, StoredCredential::Signature { is_used: true });
        let (nonce, digest) = (key.nonce.clone(), self.digest());
        Ok(Credential::ApiKey(VerifiedSignature { key: self.key, nonce, digest, is_used }))
    }

    /// The text that was signed with this secret, if one of them was.
    fn signed_text(&self, secret: &str) -> Result<Option<&Candidate>> {
        for candidate in &self.candidates {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
                .map_err(failed("check a signature"))?;
            mac.update(&candidate.text);
            if mac.verify_slice(&self.mac).is_ok() {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }
}

/// The rejection of a signature. Which check it failed is for the log alone: the response is the
/// same for all.
fn rejected(check: &'static str) -> Error {
    observe(|observed| observed.rejected_signature = Some(check));
    SecurityEvent::SignatureRejected.record();
    Error::InvalidCredential
}

/// Every text that known clients sign: the host with or without its port, and the path with or
/// without the query.
fn candidates(request: &ApiRequest, date: &str) -> Vec<Candidate> {
    let host = request.single_header("host").unwrap_or_default();
    let bare = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(host, |(bare, _)| bare);
    let port = request
        .single_header("x-forwarded-port")
        .filter(|_| host == bare)
        .map(|port| format!("{bare}:{port}"));
    let mut hosts = vec![host];
    hosts.extend((bare != host).then_some(bare));
    hosts.extend(port.as_deref());
    let (path, query) = (request.raw_path(), request.raw_query());
    let mut targets = vec![(path.to_owned(), query.is_empty())];
    targets.extend((!query.is_empty()).then(|| (format!("{path}?{query}"), true)));
    let candidate = |host: &str, (target, covers_query): &(String, bool)| {
        let mut text = format!("{}\n{host}\n{date}\n{target}\n", request.method()).into_bytes();
        text.extend_from_slice(request.raw_body());
        Candidate { text, covers_query: *covers_query }
    };
    hosts
        .iter()
        .flat_map(|host| targets.iter().map(move |target| (host, target)))
        .map(|(host, target)| candidate(host, target))
        .collect()
}

/// An RFC 1123 date in one of the zones that known clients use, each at its fixed offset.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    let (local, zone) = text.trim().rsplit_once(' ')?;
    let of_hours;
    let offset = match zone {
        "GMT" | "UTC" | "UT" | "Z" | "WET" => "+0000",
        "WEST" | "CET" => "+0100",
        "CEST" | "EET" => "+0200",
        "EEST" => "+0300",
        "EDT" => "-0400",
        "EST" | "CDT" => "-0500",
        "CST" | "MDT" => "-0600",
        "MST" | "PDT" => "-0700",
        "PST" => "-0800",
        numeric if is_offset(numeric, 4) => numeric,
        // What Go's RFC 1123 has where a zone has no name, as in Istanbul.
        hours if is_offset(hours, 2) && hours[1..] <= *"14" => {
            of_hours = format!("{hours}00");
            &of_hours
        }
        _ => return None,
    };
    DateTimeParser::new().parse_timestamp(format!("{local} {offset}")).ok()
}

/// Whether a zone is a sign and so many digits.
fn is_offset(zone: &str, digits: usize) -> bool {
    let own = zone.strip_prefix(['+', '-']).map(str::as_bytes);
    own.is_some_and(|own| own.len() == digits && own.iter().all(u8::is_ascii_digit))
}

impl AuthScheme for TokenOrSignature {
    fn from_request(request: &ApiRequest) -> Result<Self> {
        match header::parse(request.headers())? {
            Header::Signature(text) => Signature::parse(request, text).map(Self::Signature),
            header => Token::parse(header).map(Self::Token),
        }
    }

    fn principal_id(&self) -> String {
        match self {
            Self::Token(token) => token.principal_id(),
            Self::Signature(signature) => format!("key:{}", signature.key),
        }
    }

    async fn credential_key(&self, _: &App) -> Result<(UserId, CredentialKey)> {
        match self {
            Self::Token(token) => Ok(token.key()),
            Self::Signature(signature) => Ok((signature.user, signature.credential_key())),
        }
    }

    async fn verify(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        stored: StoredCredential,
    ) -> Result<Verified> {
        let credential = match self {
            Self::Token(token) => token.authenticate(app, user, stored).await,
            Self::Signature(signature) => signature.verify(app, user, &stored).await,
        };
        credential.map(Verified::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_parsed_in_the_zones_that_clients_use() {
        let noon = Timestamp::from_second(1_795_262_400).unwrap();
        for text in [
            "Sat, 21 Nov 2026 12:00:00 GMT",
            "Sat, 21 Nov 2026 12:00:00 UTC",
            "Sat, 21 Nov 2026 12:00:00 UT",
            "Sat, 21 Nov 2026 12:00:00 Z",
            "Sat, 21 Nov 2026 12:00:00 WET",
            "Sat, 21 Nov 2026 13:00:00 WEST",
            "Sat, 21 Nov 2026 13:00:00 CET",
            "Sat, 21 Nov 2026 14:00:00 CEST",
            "Sat, 21 Nov 2026 14:00:00 EET",
            "Sat, 21 Nov 2026 15:00:00 EEST",
            "Sat, 21 Nov 2026 07:00:00 EST",
            "Sat, 21 Nov 2026 08:00:00 EDT",
            "Sat, 21 Nov 2026 06:00:00 CST",
            "Sat, 21 Nov 2026 07:00:00 CDT",
            "Sat, 21 Nov 2026 05:00:00 MST",
            "Sat, 21 Nov 2026 06:00:00 MDT",
            "Sat, 21 Nov 2026 04:00:00 PST",
            "Sat, 21 Nov 2026 05:00:00 PDT",
            "Sat, 21 Nov 2026 07:00:00 -0500",
            "Sat, 21 Nov 2026 17:30:00 +0530",
            "Sat, 21 Nov 2026 09:00:00 -03",
            "Sat, 21 Nov 2026 15:00:00 +03",
            "Sat, 21 Nov 2026 20:00:00 +08",
            "Sun, 22 Nov 2026 02:00:00 +14",
            "Sat, 21 Nov 2026 12:00:00 -00",
            "21 Nov 2026 12:00:00 GMT",
        ] {
            assert_eq!(parse_date(text), Some(noon), "{text}");
        }
    }

    #[test]
    fn a_date_in_another_zone_or_format_is_rejected() {
        for text in [
            "",
            "GMT",
            "Sat, 21 Nov 2026 12:00:00 JST",
            "Sat, 21 Nov 2026 12:00:00 A",
            "Sat, 21 Nov 2026 12:00:00 gmt",
            "Sat, 21 Nov 2026 12:00:00",
            "2026-11-21T12:00:00Z",
            "Sat, 21 Nov 2026 12:00:00 +1",
            "Sat, 21 Nov 2026 12:00:00 +15",
            "Sat, 21 Nov 2026 12:00:00 -15",
            "Sat, 21 Nov 2026 12:00:00 +003",
            "Sat, 21 Nov 2026 12:00:00 03",
            "Sat, 21 Nov 2026 12:00:00 +3x",
            "Sat, 21 Nov 2026 12:00:00 +é",
            "Mon, 21 Nov 2026 12:00:00 GMT",
            "Sat, 99 Nov 2026 12:00:00 GMT",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
