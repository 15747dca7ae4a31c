//! Entity tags, and the preconditions that clients make of them (RFC 9110, sections 8.8.3 and 13.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambda_http::http::header::{ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH};
use lambda_http::http::{HeaderMap, HeaderValue};
use lambda_http::{Body, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{ApiRequest, ok};
use crate::error::failed;
use crate::{Error, Result};

/// A strong tag: half of the SHA-256 of the representation, which changes when anything that it shows does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityTag(String);

impl EntityTag {
    /// The tag of a representation.
    fn of(body: &[u8]) -> Self {
        Self(format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(body)[..16])))
    }

    /// The tag of what [`resource`] would answer.
    pub(crate) fn of_view(view: &impl Serialize) -> Result<Self> {
        serde_json::to_vec(view).map(|body| Self::of(&body)).map_err(failed("write an answer"))
    }
}

/// Status 200 with a single resource: its tag is in `ETag`.
pub fn ok_with_etag(view: &impl Serialize) -> Result<Response<Body>> {
    let mut answer = ok(view)?;
    let EntityTag(tag) = EntityTag::of(answer.body());
    let tag = HeaderValue::try_from(tag).map_err(failed("write an answer"))?;
    answer.headers_mut().insert(ETAG, tag);
    Ok(answer)
}

/// What a request demands of the resource that it names.
#[derive(Debug, Default)]
pub(crate) struct Preconditions {
    matches: Option<Tags>,
    matches_none: Option<Tags>,
}

/// The tags of a header.
#[derive(Debug, PartialEq, Eq)]
enum Tags {
    /// `*`: whatever there is.
    Any,
    /// These; a weak one with its `W/`. What is malformed and all after it is not among them.
    These(Vec<String>),
}

impl Preconditions {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let tags = |name| Tags::of(headers, name);
        Self { matches: tags(IF_MATCH), matches_none: tags(IF_NONE_MATCH) }
    }

    /// Whether there are any.
    pub(crate) const fn are_given(&self) -> bool {
        self.matches.is_some() || self.matches_none.is_some()
    }

    /// Refuses a write to something that has no tag, if it demands one: it must not be done unconditionally.
    pub(crate) fn check_absent(&self) -> Result<()> {
        if self.matches.is_some() { Err(Error::PreconditionFailed) } else { Ok(()) }
    }

    /// Refuses a write to a resource that has this tag now.
    pub(crate) fn check(&self, tag: &EntityTag) -> Result<()> {
        let is_other = self.matches.as_ref().is_some_and(|tags| !tags.has(&tag.0));
        if is_other || self.none_matches_not(&tag.0) {
            return Err(Error::PreconditionFailed);
        }
        Ok(())
    }

    /// Whether `If-None-Match` is given and does not hold. It compares weakly.
    fn none_matches_not(&self, tag: &str) -> bool {
        self.matches_none
            .as_ref()
            .is_some_and(|tags| tags.has(tag) || tags.has(&format!("W/{tag}")))
    }

    /// What becomes of the answer to a GET: the same, status 304 if the client has it already, or an error if it wants
    /// another one. An answer without a tag stays as it is.
    fn applied_to(&self, answer: Response<Body>) -> Result<Response<Body>> {
        let tag = answer.headers().get(ETAG).cloned();
        let Some((tag, text)) = tag.as_ref().and_then(|tag| Some((tag, tag.to_str().ok()?))) else {
            return Ok(answer);
        };
        if self.matches.as_ref().is_some_and(|tags| !tags.has(text)) {
            return Err(Error::PreconditionFailed);
        }
        if !self.none_matches_not(text) {
            return Ok(answer);
        }
        let known = Response::builder().status(304).header(ETAG, tag).body(Body::Empty);
        known.map_err(failed("write an answer"))
    }
}

impl ApiRequest {
    /// The answer, as the preconditions of a GET make it. Those of a write are looked at before it is done.
    pub(super) fn as_demanded(&self, answer: Response<Body>) -> Result<Response<Body>> {
        if self.method() != "GET" {
            return Ok(answer);
        }
        Preconditions::of(self.headers()).applied_to(answer)
    }
}

impl Tags {
    fn of(headers: &HeaderMap, name: HeaderName) -> Option<Self> {
        let values: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        if values.is_empty() {
            return None;
        }
        let list = values.join(&b',');
        let list = String::from_utf8_lossy(&list);
        Some(if list.trim() == "*" { Self::Any } else { Self::These(listed(&list)) })
    }

    fn has(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|own| own == tag),
        }
    }
}

/// The entity tags of a list, up to the first that is malformed. A comma may be in a tag.
fn listed(mut list: &str) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn preconditions(name: &HeaderName, values: &[&'static str]) -> Preconditions {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        Preconditions::of(&headers)
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
    fn what_has_no_tag_matches_no_demand() {
        assert!(preconditions(&IF_MATCH, &["*"]).check_absent().is_err());
        assert!(preconditions(&IF_NONE_MATCH, &["*"]).check_absent().is_ok());
        assert!(Preconditions::default().check_absent().is_ok());
    }
}
