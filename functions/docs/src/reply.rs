//! Responses that can be cached, compressed for clients that take it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};

use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use lambda_http::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    VARY, X_FRAME_OPTIONS,
};
use lambda_http::http::{HeaderMap, HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use maud::Markup;
use shared::http::ApiRequest;
use shared::{Error, Result};

use crate::content::File;

/// Of files that pages load, at the URL of this content. While a deployment shifts traffic, a page
/// may ask another version for its files.
pub(crate) const FOR_A_DAY: &str = "public, max-age=86400";
/// Of documents, which programs fetch again and again.
pub(crate) const FOR_MINUTES: &str = "public, max-age=300";
/// Of pages: caches ask each time whether they have changed.
pub(crate) const WHEN_UNCHANGED: &str = "no-cache";

/// A file of the list.
pub(crate) fn file(
    request: &ApiRequest,
    files: &[File],
    name: &str,
    cached: &'static str,
) -> Result<Response<Body>> {
    let file = files.iter().find(|file| file.name == name).ok_or(Error::NotFound("file"))?;
    let (body, tag) = if takes_gzip(request.headers()) {
        (Body::Binary(file.gzip.to_vec()), format!("\"{}-gzip\"", file.tag))
    } else {
        let mut text = String::new();
        GzDecoder::new(file.gzip).read_to_string(&mut text).map_err(failed)?;
        (Body::Text(text), format!("\"{}\"", file.tag))
    };
    cacheable(body, file.media_type, &tag, cached)
}

/// A page.
pub(crate) fn page(
    request: &ApiRequest,
    status: StatusCode,
    page: Markup,
) -> Result<Response<Body>> {
    let text = page.into_string();
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let tag = format!("{:016x}", hasher.finish());
    let (body, tag) = if takes_gzip(request.headers()) {
        let mut gzip = Vec::new();
        let mut encoder = GzEncoder::new(text.as_bytes(), Compression::fast());
        encoder.read_to_end(&mut gzip).map_err(failed)?;
        (Body::Binary(gzip), format!("\"{tag}-gzip\""))
    } else {
        (Body::Text(text), format!("\"{tag}\""))
    };
    let mut response = cacheable(body, "text/html; charset=utf-8", &tag, WHEN_UNCHANGED)?;
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, header(&policy(request.look().source()))?);
    // For browsers that do not know `frame-ancestors`.
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if status != StatusCode::OK {
        headers.remove(ETAG);
    }
    Ok(response)
}

/// Pages load files of this origin, and send requests to it alone. No form is sent anywhere.
fn policy(own_style: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'{own_style}; img-src 'self'; \
         connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    )
}

fn cacheable(
    body: Body,
    media_type: &'static str,
    tag: &str,
    cached: &'static str,
) -> Result<Response<Body>> {
    let is_compressed = matches!(body, Body::Binary(_));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cached));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(ETAG, header(tag)?);
    if is_compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

fn header(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(io::Error::other).map_err(failed)
}

/// Whether gzip is among the encodings that the client takes, with a weight that is not 0.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut encodings = values.flat_map(|value| value.split(','));
    encodings.any(|encoding| {
        let mut parts = encoding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight =
            |part: &'_ str| part.strip_prefix(['q', 'Q'])?.strip_prefix('=').map(str::to_owned);
        let weight = parts.find_map(weight).unwrap_or_else(|| "1".to_owned());
        is_gzip && weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)
    })
}

fn failed(source: io::Error) -> Error {
    Error::Internal { action: "write a response", source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_only_to_those_who_take_it() {
        for (accepted, is_taken) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("deflate, gzip;q=1.0, *;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip;Q=0", false),
            ("gzip; q=0.000", false),
            ("gzip;q=x", false),
            ("br, deflate", false),
            ("*", false),
            ("", false),
        ] {
            let headers =
                HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            assert_eq!(takes_gzip(&headers), is_taken, "{accepted}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
