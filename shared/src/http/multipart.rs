//! Forms in `multipart/form-data` (RFC 7578), whose parts must be texts that are the same in UTF-8.

use lambda_http::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName};

use crate::{Error, FieldError, Result};

/// The headers of a part, as often as they were sent.
type Headers = Vec<(HeaderName, String)>;

/// How the charsets begin, beside UTF-8, in which a text of ASCII has the same bytes.
const LIKE_ASCII: [&str; 10] = [
    "ascii",
    "big5",
    "cp125",
    "euc-",
    "gb",
    "iso-8859-",
    "koi8-",
    "latin",
    "shift_jis",
    "windows-",
];

/// The name and the text of every part, in their order.
pub(super) fn parse(content_type: Option<&str>, body: &[u8]) -> Result<Vec<(String, String)>> {
    // A file is said to be one, whatever its bytes are.
    let text = String::from_utf8_lossy(body);
    let parts = boundary(content_type.unwrap_or_default())
        .and_then(|boundary| parts_between(&format!("\r\n--{boundary}"), &text))
        .ok_or_else(|| Error::invalid("body", "is not valid multipart/form-data"))?;
    let mut fields = Vec::new();
    for (headers, value) in parts {
        let name = name(&headers)?;
        if let Some(problem) = problem(&headers) {
            return Err(Error::Invalid(vec![FieldError::new(name, problem)]));
        }
        if charsets(&headers).iter().any(|charset| !is_as_in_utf_8(charset, value)) {
            return Err(Error::Invalid(vec![FieldError::new(name, "must be in UTF-8")]));
        }
        fields.push((name, value.to_owned()));
    }
    std::str::from_utf8(body).map_err(|_| Error::invalid("body", "is not UTF-8"))?;
    Ok(fields)
}

/// The one boundary that the header of the body names.
fn boundary(content_type: &str) -> Option<String> {
    let mut boundaries = parameters(content_type).filter(|(name, _)| name == "boundary");
    let (_, boundary) = boundaries.next().filter(|(_, boundary)| !boundary.is_empty())?;
    boundaries.next().is_none().then_some(boundary)
}

/// What stands between the delimiters, up to the one that ends the form (RFC 2046, section 5.1.1).
fn parts_between<'b>(delimiter: &str, body: &'b str) -> Option<Vec<(Headers, &'b str)>> {
    let mut parts = Vec::new();
    // The first one needs no line before it.
    let mut rest = match body.strip_prefix(&delimiter[2..]) {
        Some(rest) => rest,
        None => body.split_once(delimiter)?.1,
    };
    while !rest.starts_with("--") {
        let (part, next) = rest.split_once(delimiter)?;
        let part = part.trim_start_matches([' ', '\t']).strip_prefix("\r\n")?;
        let (head, text) = part.split_once("\r\n\r\n")?;
        // A line that begins with white space goes on with the header before it (RFC 5322, 2.2.3).
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        parts.push((head.split("\r\n").map(header).collect::<Option<_>>()?, text));
        rest = next;
    }
    Some(parts)
}

fn header(line: &str) -> Option<(HeaderName, String)> {
    let (name, value) = line.split_once(':')?;
    let is_text = value.chars().all(|letter| letter == '\t' || !letter.is_ascii_control());
    Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value.to_owned())).filter(|_| is_text)
}

/// The name of a part's field.
fn name(headers: &Headers) -> Result<String> {
    let parameters = parameters_of(headers, &CONTENT_DISPOSITION);
    let mut names = parameters.filter(|(name, _)| name == "name");
    let mut dispositions = headers.iter().filter(|(own, _)| own == CONTENT_DISPOSITION);
    let is_of_form = dispositions.all(|(_, value)| {
        split(value).next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("form-data"))
    });
    let problem = match (names.next(), names.next()) {
        _ if !is_of_form => "has a part that is not form-data",
        (Some((_, name)), None) => return Ok(name),
        (None, _) => "has a part without a name",
        (Some(_), Some(_)) => "has a part with two names",
    };
    Err(Error::invalid("body", problem))
}

/// What is wrong with the headers of a part.
fn problem(headers: &Headers) -> Option<&'static str> {
    // Whatever its name (RFC 7578, section 4.2).
    let is_file =
        parameters_of(headers, &CONTENT_DISPOSITION).any(|(name, _)| name.starts_with("filename"));
    // No form is encoded in a way of mail's any more (section 4.7).
    let plain = ["7bit", "8bit", "binary"];
    let encodings = headers.iter().filter(|(name, _)| name == "content-transfer-encoding");
    let is_encoded = encodings
        .map(|(_, encoding)| encoding.trim())
        .any(|encoding| !plain.iter().any(|plain| plain.eq_ignore_ascii_case(encoding)));
    match (is_file, is_encoded) {
        (true, _) => Some("must not be a file"),
        (_, true) => Some("must not have a Content-Transfer-Encoding"),
        (false, false) => None,
    }
}

/// The charset that a part declares (RFC 7578, section 4.4), as often as it does.
fn charsets(headers: &Headers) -> Vec<String> {
    let parameters = parameters_of(headers, &CONTENT_TYPE);
    parameters.filter(|(name, _)| name == "charset").map(|(_, charset)| charset).collect()
}

/// Whether a text is sure to have the same bytes in UTF-8. Java's clients declare Latin-1 for plain
/// ASCII.
fn is_as_in_utf_8(charset: &str, text: &str) -> bool {
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" => true,
        charset => text.is_ascii() && LIKE_ASCII.iter().any(|known| charset.starts_with(known)),
    }
}

/// The parameters of all headers of a name.
fn parameters_of(headers: &Headers, name: &HeaderName) -> impl Iterator<Item = (String, String)> {
    headers.iter().filter(move |(own, _)| own == name).flat_map(|(_, value)| parameters(value))
}

/// The parameters of a header: the names in lower case, as their case says nothing (RFC 2045,
/// section 5.1), and the values without quotes. White space around them says nothing either.
fn parameters(header: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = split(header).skip(1).filter_map(|part| part.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_ascii_lowercase(), unquoted(value.trim())))
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
