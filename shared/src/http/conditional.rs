//! The preconditions of requests on entity tags (RFC 9110, section 13.1).

use lambda_http::http::header::{
    CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH,
};
use lambda_http::http::{HeaderMap, HeaderValue, StatusCode};
use lambda_http::{Body, Response};

use super::ApiRequest;
use crate::{Error, Result};

/// The preconditions of a request.
#[derive(Debug, Default)]
pub(crate) struct Preconditions {
    pub(super) matches: Option<Tags>,
    pub(super) matches_none: Option<Tags>,
}

/// The tags of a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tags {
    /// `*`: any.
    Any,
    /// These; a weak one with its `W/`. The list ends before the first malformed tag.
    These(Vec<String>),
}

impl Preconditions {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let tags = |name| Tags::from_header(headers, name);
        Self { matches: tags(IF_MATCH), matches_none: tags(IF_NONE_MATCH) }
    }

    /// As `If-Match` with this tag.
    #[cfg(feature = "table")]
    pub(crate) fn if_match(tag: &str) -> Self {
        Self { matches: Some(Tags::These(vec![tag.to_owned()])), matches_none: None }
    }

    /// Whether `If-None-Match` is given and fails. It compares weakly.
    pub(super) fn fails_if_none_match(&self, tag: &str) -> bool {
        self.matches_none
            .as_ref()
            .is_some_and(|tags| tags.contains(tag) || tags.contains(&format!("W/{tag}")))
    }

    /// The response to a GET with preconditions: status 304 if `If-None-Match` fails, an error if
    /// `If-Match` does, else as it is. A response without a tag is not changed.
    ///
    /// A 304 keeps the headers that are not about the body: caches take them over.
    fn apply(&self, mut response: Response<Body>) -> Result<Response<Body>> {
        let tag = response.headers().get(ETAG).cloned();
        let Some(text) = tag.as_ref().and_then(|tag| tag.to_str().ok()) else {
            return Ok(response);
        };
        if self.matches.as_ref().is_some_and(|tags| !tags.contains(text)) {
            return Err(Error::PreconditionFailed);
        }
        if !self.fails_if_none_match(text) {
            return Ok(response);
        }
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::Empty;
        response.headers_mut().remove(CONTENT_TYPE);
        response.headers_mut().remove(CONTENT_ENCODING);
        Ok(response)
    }
}

impl ApiRequest {
    /// Applies the preconditions of a GET. Those of a write are checked before it is done.
    pub(super) fn apply_preconditions(&self, response: Response<Body>) -> Result<Response<Body>> {
        if self.method() != "GET" {
            return Ok(response);
        }
        Preconditions::from_headers(self.headers()).apply(response)
    }
}

impl Tags {
    fn from_header(headers: &HeaderMap, name: HeaderName) -> Option<Self> {
        let values: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        if values.is_empty() {
            return None;
        }
        let list = values.join(&b',');
        let list = String::from_utf8_lossy(&list);
        Some(if list.trim() == "*" { Self::Any } else { Self::These(parse_tags(&list)) })
    }

    pub(super) fn contains(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|own| own == tag),
        }
    }
}

/// The entity tags of a list, up to the first malformed one. A tag may contain a comma.
fn parse_tags(mut list: &str) -> Vec<String> {
    let mut tags = Vec::new();
    loop {
        list = list.trim_start_matches([' ', '\t', ',']);
        let weak = if list.starts_with("W/\"") { 2 } else { 0 };
        let Some(length) = list[weak..].strip_prefix('"').and_then(|opaque| opaque.find('"'))
        else {
            return tags;
        };
        let (tag, rest) = list.split_at(weak + length + 2);
        tags.push(tag.to_owned());
        list = rest;
    }
}
