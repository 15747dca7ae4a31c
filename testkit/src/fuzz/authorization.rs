//! The `Authorization` header, in all its forms.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::header::AUTHORIZATION;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue};
use shared::auth::{
    AuthScheme, Token, TokenOrBasic, TokenOrSignature, basic_credentials, parse_date,
};
use shared::model::{
    ApiKeyId, GrantCredential, GrantTokenKind, Timestamp, TokenCredential, TokenKind,
};
use shared::{Error, Result};

use super::{request, samples};

/// How far `X-Date` may be from now, in seconds.
const TOLERANCE: i64 = 15 * 60;

const DATE: HeaderName = HeaderName::from_static("x-date");

/// What the documentation says of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// There is nothing in it.
    Nothing,
    /// A token that may be taken everywhere, by what the readers call it.
    Token(String),
    /// A token that is recognized and rejected.
    Environment,
    /// A name and a password.
    Basic(String, String),
    /// A signature, by what its reader calls it.
    Signature(String),
    /// None of these.
    Bad,
}

/// The first line is `X-Date`, each other one a value of `Authorization`. Whatever they are, the
/// parsers of all groups agree on the documented kind of credential, and a rejection reveals
/// nothing of it.
pub fn authorization(input: &[u8]) {
    let text = samples::replaced(&String::from_utf8_lossy(input));
    let Some(headers) = headers(&text) else { return };
    let form = form(&headers);
    let call = request::post("/", headers, b"");
    assert_eq!(read(Token::from_request(&call), &text), form.among(false, false), "{text:?}");
    assert_eq!(read(TokenOrBasic::from_request(&call), &text), form.among(true, false), "{text:?}");
    assert_eq!(
        read(TokenOrSignature::from_request(&call), &text),
        form.among(false, true),
        "{text:?}"
    );
    let pair = match basic_credentials(&call) {
        Ok(Some((name, password))) => Form::Basic(name, password),
        Ok(None) => Form::Nothing,
        Err(error) => rejected(&error, &text),
    };
    let expected = match &form {
        Form::Nothing | Form::Basic(..) => form,
        _ => Form::Bad,
    };
    assert_eq!(pair, expected, "{text:?}");
}

/// The headers, if HTTP can have them.
fn headers(text: &str) -> Option<HeaderMap> {
    let (date, values) = text.split_once('\n').unwrap_or((text, ""));
    let mut headers = HeaderMap::new();
    headers.insert(DATE, HeaderValue::from_str(date).ok()?);
    for value in values.lines() {
        headers.append(AUTHORIZATION, HeaderValue::from_str(value).ok()?);
    }
    Some(headers)
}

/// What the documentation says of the headers.
fn form(headers: &HeaderMap) -> Form {
    let values: Vec<_> = headers.get_all(AUTHORIZATION).iter().map(HeaderValue::to_str).collect();
    let [Ok(value)] = values.as_slice() else {
        return if values.is_empty() { Form::Nothing } else { Form::Bad };
    };
    let value = value.trim();
    let Some((scheme, rest)) = value.split_once(' ') else {
        return match value.split_once(':') {
            _ if value.is_empty() => Form::Nothing,
            Some((key, mac)) => signature(key, mac, &headers[DATE]).unwrap_or(Form::Bad),
            None => token(value).unwrap_or(Form::Bad),
        };
    };
    let rest = rest.trim_start();
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => granted(rest).or_else(|| token(rest)).unwrap_or(Form::Bad),
        "basic" => basic(rest).unwrap_or(Form::Bad),
        _ => Form::Bad,
    }
}

fn token(text: &str) -> Option<Form> {
    let token: TokenCredential = text.parse().ok()?;
    Some(match token.kind() {
        TokenKind::User => Form::Token(format!("token:{}", token.id())),
        TokenKind::Environment => Form::Environment,
    })
}

fn granted(text: &str) -> Option<Form> {
    let token = GrantCredential::parse(GrantTokenKind::Access, text).ok()?;
    Some(Form::Token(format!("grant:{}", token.grant())))
}

fn basic(text: &str) -> Option<Form> {
    let pair = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    assert_eq!(STANDARD.encode(&pair), text);
    let (name, password) = pair.split_once(':')?;
    Some(Form::Basic(name.to_owned(), password.to_owned()))
}

fn signature(key: &str, mac: &str, date: &HeaderValue) -> Option<Form> {
    let (_, id) = ApiKeyId::parse_key(key).ok()?;
    STANDARD.decode(mac).ok()?;
    let away = parse_date(date.to_str().ok()?)?.as_second() - Timestamp::now().as_second();
    (away.abs() <= TOLERANCE).then(|| Form::Signature(format!("key:{id}")))
}

/// What a reader made of the request.
fn read<P: AuthScheme>(outcome: Result<P>, text: &str) -> Form {
    match outcome {
        Ok(credential) => match credential.principal_id() {
            name if name == "password" => Form::Basic(String::new(), String::new()),
            name if name.starts_with("key:") => Form::Signature(name),
            name => Form::Token(name),
        },
        Err(error) => rejected(&error, text),
    }
}

/// The form of a rejection: one of three messages, none of which can contain a part of the header.
fn rejected(error: &Error, text: &str) -> Form {
    match error {
        Error::MissingCredential => Form::Nothing,
        Error::UserTokenOnly => Form::Environment,
        Error::InvalidCredential => Form::Bad,
        other => panic!("{text:?} is rejected with {other}"),
    }
}

impl Form {
    /// The same for a reader that takes tokens and, perhaps, one of the others.
    fn among(&self, takes_basic: bool, takes_signatures: bool) -> Self {
        match self {
            Self::Basic(_, password) if takes_basic => {
                token(password).unwrap_or_else(|| Self::Basic(String::new(), String::new()))
            }
            Self::Signature(_) if !takes_signatures => Self::Bad,
            Self::Basic(..) => Self::Bad,
            form => form.clone(),
        }
    }
}
