//! Entity tags of resources (RFC 9110, section 8.8.3), and the preconditions of writes on them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambda_http::http::HeaderValue;
use lambda_http::http::header::ETAG;
use lambda_http::{Body, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::conditional::Preconditions;
use super::ok;
use crate::error::failed;
use crate::{Error, Result};

/// A strong tag: half of the SHA-256 of the representation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityTag(String);

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

/// The tag of what a page shows in a form, which the form carries in place of `If-Match`.
pub fn entity_tag(view: &impl Serialize) -> Result<String> {
    EntityTag::from_view(view).map(|EntityTag(tag)| tag)
}

/// Status 200 with a single resource, and its tag in `ETag`.
pub fn ok_with_etag(view: &impl Serialize) -> Result<Response<Body>> {
    let mut response = ok(view)?;
    let EntityTag(tag) = EntityTag::new(response.body());
    let tag = HeaderValue::try_from(tag).map_err(failed("write a response"))?;
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}

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

#[cfg(test)]
mod tests {
    use lambda_http::http::HeaderMap;
    use lambda_http::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};

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
