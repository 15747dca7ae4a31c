//! Forms in `multipart/form-data` (RFC 7578), whose parts must be texts that are the same in UTF-8.

use lambda_http::http::HeaderMap;
use lambda_http::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName};

use crate::{Error, FieldError, Result};

/// The name and the text of every part, in their order.
pub(super) async fn parse(
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Vec<(String, String)>> {
    let malformed = |_| Error::invalid("body", "is not valid multipart/form-data");
    let boundary = multer::parse_boundary(content_type.unwrap_or_default());
    let body = futures_util::future::ready(std::io::Result::Ok(body.to_vec()));
    let body = futures_util::stream::once(body);
    let mut parts = multer::Multipart::new(body, boundary.map_err(malformed)?);
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(malformed)? {
        let name = name(part.headers())?;
        if let Some(problem) = problem(part.headers()) {
            return Err(Error::Invalid(vec![FieldError::new(name, problem)]));
        }
        let charsets = charsets(part.headers());
        let value = part.bytes().await.map_err(malformed)?;
        if charsets.iter().any(|charset| !is_as_in_utf_8(charset, &value)) {
            return Err(Error::Invalid(vec![FieldError::new(name, "must be in UTF-8")]));
        }
        let value = String::from_utf8(value.into());
        fields.push((name, value.map_err(|_| Error::invalid("body", "is not UTF-8"))?));
    }
    Ok(fields)
}

/// The name of a part's field.
fn name(headers: &HeaderMap) -> Result<String> {
    let parameters = parameters(headers, &CONTENT_DISPOSITION);
    let mut names = parameters.into_iter().filter(|(name, _)| name == "name");
    let problem = match (names.next(), names.next()) {
        (Some((_, name)), None) => return Ok(name),
        (None, _) => "has a part without a name",
        (Some(_), Some(_)) => "has a part with two names",
    };
    Err(Error::invalid("body", problem))
}

/// What is wrong with the headers of a part.
fn problem(headers: &HeaderMap) -> Option<&'static str> {
    // Whatever its name (RFC 7578, section 4.2).
    let is_file = parameters(headers, &CONTENT_DISPOSITION)
        .iter()
        .any(|(name, _)| name.starts_with("filename"));
    // No form is encoded in a way of mail's any more (section 4.7).
    let plain = ["7bit", "8bit", "binary"];
    let mut encodings = headers.get_all("content-transfer-encoding").iter();
    let is_encoded = encodings.any(|value| {
        let encoding = value.to_str().unwrap_or_default().trim();
        !plain.iter().any(|plain| plain.eq_ignore_ascii_case(encoding))
    });
    match (is_file, is_encoded) {
        (true, _) => Some("must not be a file"),
        (_, true) => Some("must not have a Content-Transfer-Encoding"),
        (false, false) => None,
    }
}

/// The charset that a part declares (RFC 7578, section 4.4), as often as it does.
fn charsets(headers: &HeaderMap) -> Vec<String> {
    let parameters = parameters(headers, &CONTENT_TYPE).into_iter();
    parameters.filter(|(name, _)| name == "charset").map(|(_, charset)| charset).collect()
}

/// Whether a text has the same bytes in UTF-8. Java's clients declare Latin-1 for plain ASCII.
fn is_as_in_utf_8(charset: &str, text: &[u8]) -> bool {
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" => true,
        // The other encodings of Unicode have other bytes even for ASCII.
        charset => text.is_ascii() && !charset.starts_with("utf"),
    }
}

/// The parameters of a header: the names in lower case, as their case says nothing (RFC 2045,
/// section 5.1), and the values without quotes.
fn parameters(headers: &HeaderMap, name: &HeaderName) -> Vec<(String, String)> {
    let values = headers.get_all(name).iter();
    let texts = values.filter_map(|value| std::str::from_utf8(value.as_bytes()).ok());
    let pairs = texts.flat_map(|text| split(text).skip(1)).filter_map(|part| part.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_ascii_lowercase(), unquoted(value.trim()))).collect()
}

/// What stands between semicolons that are not in quotes.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |letter| {
        is_quoted ^= letter == '"' && !is_escaped;
        is_escaped = letter == '\\' && is_quoted && !is_escaped;
        letter == ';' && !is_quoted
    })
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut is_escaped = false;
    let plain = inner.chars().filter(|letter| {
        is_escaped = *letter == '\\' && !is_escaped;
        !is_escaped
    });
    plain.collect()
}
