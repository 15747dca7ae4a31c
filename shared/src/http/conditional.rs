//! Entity tags and the preconditions on them (RFC 9110, sections 8.8.3 and 13.1).

#[cfg(feature = "table")]
use base64::Engine;
#[cfg(feature = "table")]
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambda_http::http::header::{
    CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH,
};
use lambda_http::http::{HeaderMap, HeaderValue, StatusCode};
use lambda_http::{Body, Response};
#[cfg(feature = "table")]
use serde::Serialize;
#[cfg(feature = "table")]
use sha2::{Digest, Sha256};

use super::ApiRequest;
#[cfg(feature = "table")]
use super::ok;
#[cfg(feature = "table")]
use crate::error::failed;
use crate::{Error, Result};

/// A strong tag: half of the SHA-256 of the representation.
#[cfg(feature = "table")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityTag(String);

#[cfg(feature = "table")]
impl EntityTag {
    /// The tag of a representation.
    fn new(body: &[u8]) -> Self {
        Self(format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(body)[..16])))
    }

    /// The tag that [`ok_with_etag`] sets for this view.
    pub(crate) fn from_view(view: &impl Serialize) -> Result<Self> {
        serde_json::to_vec(view).map(|body| Self::new(&body)).map_err(failed("write a response"))
    }
}

/// Status 200 with a single resource, and its tag in `ETag`.
#[cfg(feature = "table")]
pub fn ok_with_etag(view: &impl Serialize) -> Result<Response<Body>> {
    let mut response = ok(view)?;
    let EntityTag(tag) = EntityTag::new(response.body());
    let tag = HeaderValue::try_from(tag).map_err(failed("write a response"))?;
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}

/// The preconditions of a request.
#[derive(Debug, Default)]
pub(crate) struct Preconditions {
    matches: Option<Tags>,
    matches_none: Option<Tags>,
}

/// The tags of a header.
#[derive(Debug, PartialEq, Eq)]
enum Tags {
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

    /// Whether `If-None-Match` is given and fails. It compares weakly.
    fn fails_if_none_match(&self, tag: &str) -> bool {
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

#[cfg(feature = "table")]
impl Preconditions {
    /// Whether there are any.
    pub(crate) const fn are_given(&self) -> bool {
        self.matches.is_some() || self.matches_none.is_some()
    }

    /// Rejects a write to something without a tag if `If-Match` is given: it must not be done
    /// unconditionally.
    pub(crate) fn check_absent(&self) -> Result<()> {
        if self.matches.is_some() { Err(Error::PreconditionFailed) } else { Ok(()) }
    }

    /// Rejects a write to a resource whose tag is this one, unless the preconditions hold.
    pub(crate) fn check(&self, tag: &EntityTag) -> Result<()> {
        let is_other = self.matches.as_ref().is_some_and(|tags| !tags.contains(&tag.0));
        if is_other || self.fails_if_none_match(&tag.0) {
            return Err(Error::PreconditionFailed);
        }
        Ok(())
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

    fn contains(&self, tag: &str) -> bool {
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

#[cfg(all(test, feature = "table"))]
mod tests {
    use super::*;

    fn preconditions(name: &HeaderName, values: &[&'static str]) -> Preconditions {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        Preconditions::from_headers(&headers)
    }

    fn tag() -> EntityTag {
        EntityTag("\"a,b\"".to_owned())
    }

    #[test]
    fn if_match_compares_strongly_with_each_tag_of_the_list() {
        for holding in
            [&["*"][..], &[r#""a,b""#], &[r#" "x" , W/"y","a,b" "#], &[r#""x""#, r#""a,b""#]]
        {
            assert!(preconditions(&IF_MATCH, holding).check(&tag()).is_ok(), "{holding:?}");
        }
        for failing in
            [&[""][..], &[r#""x""#], &[r#"W/"a,b""#], &["a,b"], &[r#""a,b"#], &[r#"x, "a,b""#]]
        {
            assert!(preconditions(&IF_MATCH, failing).check(&tag()).is_err(), "{failing:?}");
        }
    }

    #[test]
    fn if_none_match_compares_weakly() {
        for failing in [&["*"][..], &[r#""a,b""#], &[r#"W/"a,b""#]] {
            assert!(preconditions(&IF_NONE_MATCH, failing).check(&tag()).is_err(), "{failing:?}");
        }
        for holding in [&[r#""x""#][..], &[r#""a""#]] {
            assert!(preconditions(&IF_NONE_MATCH, holding).check(&tag()).is_ok(), "{holding:?}");
        }
    }

    #[test]
    fn if_match_fails_without_a_tag() {
        assert!(preconditions(&IF_MATCH, &["*"]).check_absent().is_err());
        assert!(preconditions(&IF_NONE_MATCH, &["*"]).check_absent().is_ok());
        assert!(Preconditions::default().check_absent().is_ok());
    }
}
