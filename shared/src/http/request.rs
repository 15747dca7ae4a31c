//! One request, as handlers see it.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use lambda_http::http::HeaderMap;
use lambda_http::http::header::{CONTENT_TYPE, COOKIE};
use lambda_http::{Body, Request, RequestExt};

use super::{Dialect, Fields};
use crate::limits;
use crate::{Error, FieldError, Result};

/// One request.
pub struct ApiRequest {
    request: Request,
    path: String,
    /// Whether an `Idempotency-Key` was looked up and nothing was found.
    is_new: AtomicBool,
    /// Whether nothing is to be done any more but to look again.
    looks_again: AtomicBool,
}

/// The query of a request, as it was sent.
#[derive(Clone)]
pub(super) struct RawQuery(pub(super) String);

impl ApiRequest {
    /// Takes an API Gateway request. One trailing slash more or less changes nothing.
    pub fn new(request: Request) -> Self {
        let path = request.raw_http_path();
        let path = path.strip_suffix('/').unwrap_or(path).to_owned();
        Self { request, path, is_new: AtomicBool::new(false), looks_again: AtomicBool::new(false) }
    }

    /// The method, in capitals.
    pub fn method(&self) -> &str {
        self.request.method().as_str()
    }

    /// The path's segments, as they were sent.
    pub fn path_segments(&self) -> Vec<&str> {
        self.path.split('/').skip(1).collect()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// A header that is there once and holds text.
    pub fn single_header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers().get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.headers().get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        pairs
            .flat_map(|pairs| pairs.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(own, value)| (own == name).then_some(value))
    }

    /// Says that no answer was found under the request's key: another request with it may be under way.
    #[cfg(feature = "table")]
    pub(crate) fn note_new(&self) {
        self.is_new.store(true, Relaxed);
    }

    /// Whether no answer was found under the request's key, if it has one.
    pub(super) fn is_new(&self) -> bool {
        self.is_new.load(Relaxed)
    }

    /// Has the next run of the route look for an answer under the key and do nothing else.
    pub(super) fn find_response(&self) {
        self.looks_again.store(true, Relaxed);
    }

    /// Whether this run of the route only looks for an answer under the key.
    #[cfg(feature = "table")]
    pub(crate) fn looks_again(&self) -> bool {
        self.looks_again.load(Relaxed)
    }

    /// The path as it was sent.
    pub fn raw_path(&self) -> &str {
        self.request.raw_http_path()
    }

    /// The query as it was sent, without its question mark.
    pub fn raw_query(&self) -> &str {
        self.request.extensions().get::<RawQuery>().map_or("", |query| &query.0)
    }

    /// The body as it was sent.
    pub fn raw_body(&self) -> &[u8] {
        match self.request.body() {
            Body::Text(text) => text.as_bytes(),
            Body::Binary(bytes) => bytes,
            _ => &[],
        }
    }

    /// Whose errors the path's clients understand.
    pub(super) fn dialect(&self) -> Dialect {
        Dialect::of_path(&self.path)
    }

    /// The id of this request, in the answer and in every log line about it: Lambda's, so that it also leads to the
    /// platform's own lines.
    pub(super) fn id(&self) -> &str {
        self.request.lambda_context_ref().map_or("none", |context| &context.request_id)
    }

    /// The query parameters. None may be given twice; nor may the body be too large, whether it is read or not.
    pub fn query(&self) -> Result<Query<'_>> {
        self.body()?;
        let mut parameters = HashMap::new();
        let sent = self.raw_query();
        for (name, value) in form_urlencoded::parse(sent.as_bytes()) {
            if parameters.contains_key(&name) {
                return Err(Error::Invalid(vec![FieldError::new(
                    name.into_owned(),
                    "is given more than once",
                )]));
            }
            parameters.insert(name, value);
        }
        Ok(Query(parameters))
    }

    /// The fields of a JSON body.
    pub fn json(&self) -> Result<Fields> {
        self.query()?;
        let body = self.body()?;
        match self.media_type() {
            MediaType::Json => Fields::of_json(body),
            MediaType::Form | MediaType::Other => {
                Err(Error::UnsupportedMediaType("application/json"))
            }
        }
    }

    /// The fields of a JSON body that may be left out, which is as good as an empty object.
    pub fn optional_json(&self) -> Result<Fields> {
        if self.raw_body().is_empty() {
            self.query()?;
            return Fields::of_json(b"{}");
        }
        self.json()
    }

    /// The fields of a JSON body or of a form.
    pub fn fields(&self) -> Result<Fields> {
        self.query()?;
        let body = self.body()?;
        match self.media_type() {
            MediaType::Json => Fields::of_json(body),
            MediaType::Form => Fields::of_form(body),
            MediaType::Other => Err(Error::UnsupportedMediaType(
                "application/json or application/x-www-form-urlencoded",
            )),
        }
    }

    /// The fields of a body that must be a form.
    pub fn form(&self) -> Result<Fields> {
        self.query()?;
        let body = self.body()?;
        match self.media_type() {
            MediaType::Form => Fields::of_form(body),
            MediaType::Json | MediaType::Other => {
                Err(Error::UnsupportedMediaType("application/x-www-form-urlencoded"))
            }
        }
    }

    /// Where the client sees this service: scheme and host, as it asked.
    pub fn origin(&self) -> String {
        let is_https = self.single_header("x-forwarded-proto").is_some_and(|scheme| {
            scheme.split(',').next().unwrap_or_default().trim().eq_ignore_ascii_case("https")
        });
        let scheme = if is_https { "https" } else { "http" };
        format!("{scheme}://{}", self.single_header("host").unwrap_or_default())
    }

    fn body(&self) -> Result<&[u8]> {
        let body = self.raw_body();
        if body.len() > limits::MAX_BODY_BYTES { Err(Error::PayloadTooLarge) } else { Ok(body) }
    }

    /// What the body is declared to be; JSON if nothing is declared. Parameters of the media type do not matter.
    pub(crate) fn media_type(&self) -> MediaType {
        let Some(value) = self.headers().get(CONTENT_TYPE) else { return MediaType::Json };
        let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
        match essence.trim().to_ascii_lowercase().as_str() {
            "application/json" => MediaType::Json,
            "application/x-www-form-urlencoded" => MediaType::Form,
            _ => MediaType::Other,
        }
    }
}

/// What a body is declared to be.
#[derive(Clone, Copy)]
pub(crate) enum MediaType {
    Json,
    Form,
    Other,
}

impl MediaType {
    /// Its name, but for all those that no operation takes.
    #[cfg(feature = "table")]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
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

    /// The value of a parameter that is not empty, which is as good as none (RFC 6749, section 3.1).
    pub fn given(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The value of a parameter that must be given, parsed.
    pub fn required<T: std::str::FromStr>(&self, name: &'static str) -> Result<T>
    where
        T::Err: std::fmt::Display,
    {
        let value = self.get(name).ok_or_else(|| Error::invalid(name, "is required"))?;
        value.parse().map_err(|problem| Error::invalid(name, problem))
    }
}
