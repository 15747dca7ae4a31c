//! Signatures of calls to AWS (version 4), with a key that is derived once a day.
//!
//! The SDK derives it anew for every call: a third of all that a call hashes.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4Signer};
use aws_sdk_dynamodb::config::{ConfigBag, Credentials, Region, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::auth::{
    AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign,
};
use aws_smithy_runtime_api::client::identity::{Identity, SharedIdentityResolver};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::GetIdentityResolver;
use jiff::tz::Offset;
use lambda_http::http::HeaderValue;
use ring::digest::{SHA256, digest};
use ring::hmac::{self, HMAC_SHA256};

use crate::model::{Timestamp, hex};

/// What the SDK leaves out as well: proxies change them.
const EXCLUDED_HEADERS: [&str; 4] =
    ["authorization", "transfer-encoding", "user-agent", "x-amzn-trace-id"];

/// The SDK's scheme, with another signer.
#[derive(Debug)]
pub(crate) struct SigV4(Signer);

impl SigV4 {
    /// For one service, as signatures name it, in a region.
    pub(crate) fn new(service: &'static str, region: &Region) -> Self {
        let (region, key, sdk) = (region.to_string(), Mutex::default(), SigV4Signer::new());
        Self(Signer { service, region, key, sdk })
    }
}

impl AuthScheme for SigV4 {
    fn scheme_id(&self) -> AuthSchemeId {
        SCHEME_ID
    }

    fn identity_resolver(&self, known: &dyn GetIdentityResolver) -> Option<SharedIdentityResolver> {
        known.identity_resolver(SCHEME_ID)
    }

    fn signer(&self) -> &dyn Sign {
        &self.0
    }
}

#[derive(Debug)]
struct Signer {
    service: &'static str,
    region: String,
    /// The last key, and the credential, day and service that it is for.
    key: Mutex<Option<(String, hmac::Key)>>,
    sdk: SigV4Signer,
}

impl Sign for Signer {
    /// A first attempt is signed by the clock as it is: with one that is minutes off every call
    /// takes two attempts. Any other is left to the SDK, which corrects the clock by what the
    /// service has answered; so is what is no request of AWS's JSON protocol.
    fn sign_http_request(
        &self,
        request: &mut HttpRequest,
        identity: &Identity,
        endpoint: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        let is_first = config.load::<RequestAttempts>().is_none_or(|own| own.attempts() <= 1);
        let credentials = identity.data::<Credentials>().filter(|_| is_first);
        let clock = components.time_source().unwrap_or_default();
        let now = Timestamp::try_from(clock.now())?;
        match credentials.and_then(|own| self.signed(request, own, now)) {
            Some(headers) => {
                for (name, value, is_sensitive) in headers {
                    let mut value = HeaderValue::try_from(value)?;
                    value.set_sensitive(is_sensitive);
                    request.headers_mut().insert(name, value);
                }
                Ok(())
            }
            None => self.sdk.sign_http_request(request, identity, endpoint, components, config),
        }
    }
}

impl Signer {
    /// The headers to add, and which of them are secret. None if the request is not a plain one.
    fn signed(
        &self,
        request: &HttpRequest,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Option<Vec<(&'static str, String, bool)>> {
        let (host, body) = (host(request.uri())?, request.body().bytes()?);
        let now = Offset::UTC.to_datetime(now);
        let day = format!("{:04}{:02}{:02}", now.year(), now.month(), now.day());
        let time = format!("{day}T{:02}{:02}{:02}Z", now.hour(), now.minute(), now.second());
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let token = credentials.session_token();

        let own = request.headers().iter().filter(|(name, _)| !EXCLUDED_HEADERS.contains(name));
        let mut headers: Vec<_> = own.collect();
        headers.extend([("host", host), ("x-amz-date", &time)]);
        headers.extend(token.map(|token| ("x-amz-security-token", token)));
        headers.sort_unstable();

        let (mut canonical, mut names) = (String::with_capacity(1024), String::with_capacity(128));
        canonical += request.method();
        canonical += "\n/\n\n";
        for (name, value) in headers {
            names += if names.is_empty() { "" } else { ";" };
            names += name;
            canonical += name;
            let words = value.split(' ').filter(|word| !word.is_empty());
            for (place, word) in words.enumerate() {
                canonical += if place == 0 { ":" } else { " " };
                canonical += word;
            }
            canonical += "\n";
        }
        let hash = |bytes: &[u8]| hex(digest(&SHA256, bytes).as_ref());
        // Writing into a text cannot fail.
        let _ = write!(canonical, "\n{names}\n{}", hash(body));
        let string_to_sign =
            format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hash(canonical.as_bytes()));
        let credential = format!("{}/{scope}", credentials.access_key_id());
        let secret = credentials.secret_access_key();
        let signature = self.signature(&credential, &day, secret, &string_to_sign);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
        );
        let mut added = vec![("x-amz-date", time, false), ("authorization", authorization, true)];
        added.extend(token.map(|token| ("x-amz-security-token", token.to_owned(), true)));
        Some(added)
    }

    fn signature(&self, credential: &str, day: &str, secret: &str, string_to_sign: &str) -> String {
        let mut last = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_some_and(|(own, _)| own != credential) {
            *last = None;
        }
        let new = || (credential.to_owned(), self.signing_key(day, secret));
        let (_, key) = last.get_or_insert_with(new);
        hex(hmac::sign(key, string_to_sign.as_bytes()).as_ref())
    }

    fn signing_key(&self, day: &str, secret: &str) -> hmac::Key {
        let first = hmac::Key::new(HMAC_SHA256, format!("AWS4{secret}").as_bytes());
        [day, &self.region, self.service, "aws4_request"].iter().fold(first, |key, part| {
            hmac::Key::new(HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref())
        })
    }
}

/// The host of a URL that has nothing else after it but a slash, and no port that a client leaves
/// out.
fn host(url: &str) -> Option<&str> {
    let (_, host) = url.strip_suffix('/')?.split_once("://")?;
    let is_plain = !host.contains(['/', '?', '@', '#']);
    (is_plain && !host.ends_with(":80") && !host.ends_with(":443")).then_some(host)
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::{Duration, SystemTime};

    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
    use aws_sigv4::sign::v4;
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

    use super::*;

    const REGION: &str = "eu-central-1";

    fn request(url: &str) -> HttpRequest {
        let mut request = HttpRequest::new("{\"a\":1}".into());
        request.set_method("POST").unwrap();
        request.set_uri(url).unwrap();
        for (name, value) in [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", "DynamoDB_20120810.Query"),
            ("user-agent", "of a test"),
            ("x-amz-user-agent", " of  a test "),
        ] {
            request.headers_mut().insert(name, value);
        }
        request
    }

    /// The headers that the SDK's own crate adds.
    pub(crate) fn expected(
        request: &HttpRequest,
        credentials: &Credentials,
        region: &str,
        second: i64,
    ) -> Vec<(String, String)> {
        let identity = Identity::from(credentials.clone());
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("dynamodb")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(second.cast_unsigned()))
            .settings(SigningSettings::default())
            .build()
            .unwrap();
        let body = SignableBody::Bytes(request.body().bytes().unwrap());
        let headers = request.headers().iter();
        let signable = SignableRequest::new(request.method(), request.uri(), headers, body);
        let (added, _) = sign(signable.unwrap(), &params.into()).unwrap().into_parts();
        let (headers, _) = added.into_parts();
        let added = headers.iter().map(|own| (own.name().to_owned(), own.value().to_owned()));
        sorted(added.collect())
    }

    pub(crate) fn sorted(mut headers: Vec<(String, String)>) -> Vec<(String, String)> {
        headers.sort_unstable();
        headers
    }

    #[test]
    fn a_signature_is_that_of_the_sdk_on_every_day_and_with_every_credential() {
        let SigV4(signer) = SigV4::new("dynamodb", &Region::from_static(REGION));
        for (access_key, token) in [("AKID", None), ("AKID", Some("a/token")), ("OTHER", None)] {
            let token = token.map(str::to_owned);
            let credentials = Credentials::new(access_key, access_key, token, None, "test");
            // The end of a day, the next one's start, the end of that, and its start again.
            for second in [1_795_219_199, 1_795_219_200, 1_795_305_599, 1_795_219_200] {
                for url in
                    ["https://dynamodb.eu-central-1.amazonaws.com/", "http://localhost:8000/"]
                {
                    let request = request(url);
                    let now = Timestamp::from_second(second).unwrap();

                    let added = signer.signed(&request, &credentials, now).unwrap();

                    let added = added.into_iter().map(|(name, value, _)| (name.to_owned(), value));
                    assert_eq!(
                        sorted(added.collect()),
                        expected(&request, &credentials, REGION, second),
                        "{access_key}, {second}, {url}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_more_than_a_host_is_left_to_the_sdk() {
        assert_eq!(host("https://localhost:8443/"), Some("localhost:8443"));
        for other in
            ["https://a/b/", "https://a", "https://a/?b=/", "https://a:443/", "http://a:80/", "/"]
        {
            assert_eq!(host(other), None, "{other}");
        }
    }
}
