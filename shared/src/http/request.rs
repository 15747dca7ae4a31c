//! A request, as operations see it.

use std::collections::{BTreeSet, HashMap};

use lambda_http::http::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE, ORIGIN};
use lambda_http::http::{HeaderMap, HeaderValue};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};
use maud::Markup;
use percent_encoding::percent_decode_str;

use super::fields::{GIVEN_TWICE, parse_bool};
use super::json::MAX_REPORTED;
use super::{Dialect, Fields};
use crate::limits;
use crate::look::Look;
use crate::settings::ServiceName;
use crate::telemetry::SecurityEvent;
use crate::{Error, FieldError, PublicUrl, Result, Settings};

/// One request.
pub struct ApiRequest {
    request: Request,
    pub(super) path: String,
    base_url: PublicUrl,
    service_name: ServiceName,
    look: Look,
}

/// The query of a request, as it was sent.
#[derive(Clone)]
pub(super) struct RawQuery(pub(super) String);

/// The domain of the API that was called, as API Gateway names it.
#[derive(Clone)]
pub(super) struct DomainName(pub(super) String);

impl ApiRequest {
    /// A request of API Gateway. A trailing slash of the path is ignored.
    pub fn new(request: Request, settings: &Settings) -> Self {
        let path = request.raw_http_path();
        let path = path.strip_suffix('/').unwrap_or(path).to_owned();
        let base_url = settings.public_url.clone().unwrap_or_else(|| {
            let domain = request.extensions().get::<DomainName>();
            PublicUrl::from_domain(domain.map(|DomainName(domain)| domain.as_str()))
        });
        let service_name = settings.service_name.clone();
        let look = settings.look.clone();
        Self { request, path, base_url, service_name, look }
    }

    /// The method, in capitals.
    pub fn method(&self) -> &str {
        self.request.method().as_str()
    }

    /// The segments of the path, which API Gateway has decoded.
    pub fn path_segments(&self) -> Vec<&str> {
        self.path.split('/').skip(1).collect()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// A header that occurs once, as text.
    pub fn single_header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers().get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }

    /// The value of a cookie. Those beside it may have any characters.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.headers().get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        let pairs = lines.flat_map(|line| line.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
        let named = pairs.filter_map(|pair| pair.strip_prefix(name.as_bytes()));
        let mut values = named.filter_map(|rest| rest.strip_prefix(b"="));
        values.find_map(|value| std::str::from_utf8(value).ok())
    }

    /// Whether the browser sent any cookie.
    pub fn sends_cookies(&self) -> bool {
        self.headers().contains_key(COOKIE)
    }

    /// The value of a cookie that [`ApiRequest::set_cookie`] set.
    pub fn host_cookie(&self, name: &str) -> Option<&str> {
        self.cookie(&self.host_cookie_name(name))
    }

    /// A `Set-Cookie` header for all paths, with a life in seconds; 0 removes it. Over https the
    /// name has a prefix, which keeps other hosts of the domain from setting it. `Lax`: a browser
    /// that follows a link here sends it, and with a form of another site it does not.
    pub fn set_cookie(&self, name: &str, value: &str, max_age: i64) -> Result<HeaderValue> {
        let secure = if self.base_url.is_https() { "; Secure" } else { "" };
        let name = self.host_cookie_name(name);
        let text =
            format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(text).map_err(|error| Error::internal("set a cookie", error))
    }

    fn host_cookie_name(&self, name: &str) -> String {
        let prefix = if self.base_url.is_https() { "__Host-" } else { "" };
        format!("{prefix}{name}")
    }

    /// Rejects a form of another site. Browsers say where it comes from; those that do not are old.
    pub fn require_own_site(&self) -> Result<()> {
        let base_url = self.base_url.to_string();
        let has_only = |name: &str, is_own: &dyn Fn(&[u8]) -> bool| {
            self.headers().get_all(name).iter().all(|value| is_own(value.as_bytes()))
        };
        // `none`: the person did it, as when a page is loaded again.
        if has_only("sec-fetch-site", &|site| matches!(site, b"same-origin" | b"none"))
            && has_only(ORIGIN.as_str(), &|own| own.eq_ignore_ascii_case(base_url.as_bytes()))
        {
            return Ok(());
        }
        SecurityEvent::FormRejected.record();
        Err(Error::Forbidden("another site sent this"))
    }

    /// The path as API Gateway passes it on: decoded.
    pub fn raw_path(&self) -> &str {
        self.request.raw_http_path()
    }

    /// The query string, not decoded, without its question mark.
    pub fn raw_query(&self) -> &str {
        self.request.extensions().get::<RawQuery>().map_or("", |query| &query.0)
    }

    /// The body.
    pub fn raw_body(&self) -> &[u8] {
        match self.request.body() {
            Body::Text(text) => text.as_bytes(),
            Body::Binary(bytes) => bytes,
            _ => &[],
        }
    }

    /// The dialect that owns the path.
    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::from_path(&self.path)
    }

    /// The request id in the response and in the log: Lambda's, so that it also finds the lines of
    /// the platform.
    pub(crate) fn id(&self) -> &str {
        self.request.lambda_context_ref().map_or("none", |context| &context.request_id)
    }

    /// The address that the gateway saw the request come from. What a header says does not count:
    /// any client can send one.
    pub fn source_address(&self) -> Option<&str> {
        match self.request.request_context_ref()? {
            RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref(),
            _ => None,
        }
    }

    /// The query parameters. A repeated one is an error, so is one that is not UTF-8, and a body that
    /// is too large, even if the operation does not read it.
    pub fn query(&self) -> Result<Query<'_>> {
        self.body()?;
        // A parser would put another character in its place.
        if percent_decode_str(self.raw_query()).decode_utf8().is_err() {
            return Err(Error::invalid("query", "is not UTF-8"));
        }
        let (mut parameters, mut repeated) = (HashMap::new(), BTreeSet::new());
        for (name, value) in form_urlencoded::parse(self.raw_query().as_bytes()) {
            if parameters.insert(name.clone(), value).is_some() {
                repeated.insert(name.into_owned());
            }
        }
        if repeated.is_empty() {
            return Ok(Query(parameters));
        }
        let repeated = repeated.into_iter().take(MAX_REPORTED);
        Err(Error::Invalid(repeated.map(|name| FieldError::new(name, GIVEN_TWICE)).collect()))
    }

    /// The fields of a JSON body.
    pub fn json(&self) -> Result<Fields> {
        let body = self.required_body("a JSON object")?;
        match self.media_type() {
            MediaType::Json => Fields::from_json(body),
            MediaType::Form | MediaType::Multipart | MediaType::Other => {
                Err(Error::UnsupportedMediaType("application/json"))
            }
        }
    }

    /// The fields of an optional JSON body; none if there is no body.
    pub fn optional_json(&self) -> Result<Fields> {
        if self.raw_body().is_empty() || self.is_null() {
            self.query()?;
            return Fields::from_json(b"{}");
        }
        self.json()
    }

    /// Whether the body is `null` in JSON, which generated clients write for one that is left out.
    fn is_null(&self) -> bool {
        matches!(self.media_type(), MediaType::Json) && self.raw_body().trim_ascii() == b"null"
    }

    /// The fields of a JSON body or of a form.
    pub fn fields(&self) -> Result<Fields> {
        let body = self.required_body("a JSON object or a form")?;
        match self.media_type() {
            MediaType::Json => Fields::from_json(body),
            MediaType::Form => Fields::from_form(body),
            MediaType::Multipart | MediaType::Other => Err(Error::UnsupportedMediaType(
                "application/json or application/x-www-form-urlencoded",
            )),
        }
    }

    /// The fields of a JSON body or of a form in either encoding.
    pub fn fields_or_multipart(&self) -> Result<Fields> {
        if !matches!(self.media_type(), MediaType::Multipart) {
            return self.fields().map_err(|error| match error {
                Error::UnsupportedMediaType(_) => Error::UnsupportedMediaType(
                    "application/json, application/x-www-form-urlencoded or multipart/form-data",
                ),
                error => error,
            });
        }
        let body = self.required_body("a JSON object or a form")?;
        Fields::from_multipart(self.single_header(CONTENT_TYPE.as_str()), body)
    }

    /// The fields of a body that must be a form.
    pub fn form(&self) -> Result<Fields> {
        let body = self.required_body("a form")?;
        match self.media_type() {
            MediaType::Form => Fields::from_form(body),
            MediaType::Json | MediaType::Multipart | MediaType::Other => {
                Err(Error::UnsupportedMediaType("application/x-www-form-urlencoded"))
            }
        }
    }

    /// The fields of a body that must be a form; none if there is no body.
    pub fn optional_form(&self) -> Result<Fields> {
        if self.raw_body().is_empty() {
            self.query()?;
            return Fields::from_form(b"");
        }
        self.form()
    }

    /// The body of an operation that needs one. An empty one is missing, whatever its type.
    fn required_body(&self, expected: &str) -> Result<&[u8]> {
        self.query()?;
        let body = self.body()?;
        if body.is_empty() {
            return Err(Error::invalid("body", format_args!("is required: {expected}")));
        }
        let mut encodings = self.headers().get_all(CONTENT_ENCODING).iter();
        let is_plain = |value: &HeaderValue| {
            let codings = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            // An empty entry of a list counts as none (RFC 9110, section 5.6.1).
            let mut codings = codings.filter(|coding| !coding.is_empty());
            codings.all(|coding| coding.eq_ignore_ascii_case(b"identity"))
        };
        if encodings.all(is_plain) { Ok(body) } else { Err(Error::UnsupportedEncoding) }
    }

    /// The URL that absolute URLs in the response are below: `PUBLIC_URL`, else that of the domain
    /// in the event. No header decides it.
    pub const fn base_url(&self) -> &PublicUrl {
        &self.base_url
    }

    /// What people know the service as.
    pub fn service_name(&self) -> &str {
        self.service_name.as_str()
    }

    /// How pages look.
    pub const fn look(&self) -> &Look {
        &self.look
    }

    /// What stands for the service at the head of a page: its logo, or else its name.
    pub fn service_mark(&self) -> Markup {
        self.look.logo(self.service_name())
    }

    fn body(&self) -> Result<&[u8]> {
        let body = self.raw_body();
        if body.len() > limits::MAX_BODY_BYTES { Err(Error::PayloadTooLarge) } else { Ok(body) }
    }

    /// Whether the body is declared to be JSON.
    #[cfg(feature = "password")]
    pub(crate) fn declares_json(&self) -> bool {
        self.headers().contains_key(CONTENT_TYPE) && matches!(self.media_type(), MediaType::Json)
    }

    /// The declared media type of the body, without parameters; JSON if none is declared. Two types
    /// are none that is known: which of them counts is not to be guessed.
    pub(crate) fn media_type(&self) -> MediaType {
        if !self.headers().contains_key(CONTENT_TYPE) {
            return MediaType::Json;
        }
        let declared = self.single_header(CONTENT_TYPE.as_str()).unwrap_or_default();
        // API Gateway makes one header of two, with a comma between them.
        if declared.split('"').step_by(2).any(|unquoted| unquoted.contains(',')) {
            return MediaType::Other;
        }
        let essence = declared.split(';').next().unwrap_or_default();
        match essence.trim().to_ascii_lowercase().as_str() {
            "application/json" => MediaType::Json,
            "application/x-www-form-urlencoded" => MediaType::Form,
            "multipart/form-data" => MediaType::Multipart,
            _ => MediaType::Other,
        }
    }
}

/// The media types of bodies.
#[derive(Clone, Copy)]
pub(crate) enum MediaType {
    Json,
    Form,
    Multipart,
    Other,
}

impl MediaType {
    /// Its name; one name for all that no operation accepts.
    #[cfg(feature = "table")]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
            Self::Multipart => "multipart/form-data",
            Self::Other => "*/*",
        }
    }
}

/// The query parameters of a request, each given once.
pub struct Query<'a>(HashMap<std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>>);

impl Query<'_> {
    /// The value of a parameter, decoded.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(AsRef::as_ref)
    }

    /// The value of a parameter; an empty one counts as absent (RFC 6749, section 3.1).
    pub fn non_empty(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A truth value, in the texts that a form takes, too.
    pub fn boolean(&self, name: &'static str) -> Result<Option<bool>> {
        let Some(text) = self.get(name).map(str::trim) else { return Ok(None) };
        let value = parse_bool(text).ok_or_else(|| Error::invalid(name, "must be true or false"));
        value.map(Some)
    }

    /// A parameter of digits alone. Nothing has as many as the largest number, which also stands for
    /// those beyond it.
    pub fn whole_number(&self, name: &'static str) -> Result<Option<usize>> {
        let Some(text) = self.get(name).map(str::trim) else { return Ok(None) };
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::invalid(name, "must be a whole number, not negative"));
        }
        Ok(Some(text.parse().unwrap_or(usize::MAX)))
    }

    /// The value of a required parameter, parsed.
    pub fn required<T: std::str::FromStr>(&self, name: &'static str) -> Result<T>
    where
        T::Err: std::fmt::Display,
    {
        let value = self.get(name).ok_or_else(|| Error::invalid(name, "is required"))?;
        value.parse().map_err(|error| Error::invalid(name, error))
    }
}
