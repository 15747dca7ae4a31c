//! HTML pages.

use lambda_http::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS};
use lambda_http::http::{HeaderMap, HeaderValue, StatusCode};
use lambda_http::{Body, Response};

use crate::Result;
use crate::error::failed;

/// The content security policy of a page with neither style nor form.
pub(super) const NO_CONTENT_POLICY: &str =
    "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// A page that cannot be framed and has this `Content-Security-Policy`.
pub fn html(status: StatusCode, html: String, policy: &str) -> Result<Response<Body>> {
    let mut page = Response::new(Body::Text(html));
    *page.status_mut() = status;
    let policy = HeaderValue::from_str(policy).map_err(failed("write a page"))?;
    page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    page_headers(page.headers_mut(), policy);
    Ok(page)
}

/// The headers that only pages have. `X-Frame-Options` is for browsers that do not know
/// `frame-ancestors`.
pub(super) fn page_headers(headers: &mut HeaderMap, policy: HeaderValue) {
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
}
