//! The rule for all writes: nobody else writes meanwhile.

use std::fmt;

use serde_json::{Value, json};
use testkit::{ApiResponse, DocumentedOperation, State, TestApp, sign};

use super::rehearsal::Rehearsal;

/// The outcome of a request that met a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Came {
    /// A response as without the fault, and done.
    AsEver,
    /// 503, and nothing is done.
    NothingDone,
    /// 503, and it is done.
    Done,
}

/// A violation in an outcome.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing that a promise allows.
    Violation(String),
    /// A machine with too much to do makes it so: time limits are real.
    OutOfTime(String),
}

impl From<String> for Failure {
    fn from(what: String) -> Self {
        Self::Violation(what)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Violation(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Violation(what) | Self::OutOfTime(what)) = self;
        f.write_str(what)
    }
}

/// Success means that it is done, exactly once. Otherwise it is 503 with all of it done or nothing.
/// Anything else is a lie: without a fault there would have been success.
pub(super) fn first(of: &Rehearsal, response: &ApiResponse, state: &State) -> Result<Came, String> {
    if response.status == of.first.status {
        if !state.is_like(&of.first.state) {
            let difference = state.difference(&of.first.state);
            return Err(format!("status {} and yet not done once:{difference}", response.status));
        }
        return Ok(Came::AsEver);
    }
    busy(&of.write.operation, response)?;
    if state.is_untouched_since(&of.start) {
        return Ok(Came::NothingDone);
    }
    if state.is_like(&of.first.state) {
        return Ok(Came::Done);
    }
    Err(format!("503 and half done:{}", state.difference(&of.first.state)))
}

/// The same request once more responds, and ends, as the first or the second without a fault would.
pub(super) fn second(
    of: &Rehearsal,
    came: Came,
    response: &ApiResponse,
    state: &State,
) -> Result<(), Failure> {
    let expected = if came == Came::NothingDone { &of.first } else { &of.second };
    if response.status != expected.status {
        let expected = expected.status;
        let what = format!("{came:?}; the retry does not get {expected}: {response:?}");
        busy(&of.write.operation, response)?;
        return Err(Failure::OutOfTime(what));
    }
    if !state.is_like(&expected.state) {
        let difference = state.difference(&expected.state);
        return Err(format!("{came:?}; the retry ends elsewhere:{difference}").into());
    }
    Ok(())
}

/// Under a key the retry gets the first response, or the one that would have come if it had not
/// been lost.
pub(super) fn repeated(
    of: &Rehearsal,
    came: Came,
    response: &ApiResponse,
    again: &ApiResponse,
) -> Result<(), String> {
    if of.write.ends_its_credential() && came != Came::NothingDone {
        return Ok(());
    }
    let is_repeated = again.header("idempotency-replayed") == Some("true");
    let mut first = again.clone();
    first.headers.retain(|(name, _)| name != "idempotency-replayed");
    let is_right = match came {
        Came::NothingDone => !is_repeated,
        Came::Done => is_repeated,
        Came::AsEver => is_repeated && first == *response,
    };
    if is_right {
        return Ok(());
    }
    Err(format!("{came:?}; got {response:?}, and then under the same key {again:?}"))
}

/// The only failure: 503 with `Retry-After`, in the dialect's format.
fn busy(operation: &DocumentedOperation, response: &ApiResponse) -> Result<(), String> {
    let text = "the service is busy; try again shortly";
    let is_shaped = response.header("content-type") == Some(operation.error_media_type())
        && operation.is_error(&response.body, 503, "unavailable", text);
    if response.status == 503 && response.header("retry-after") == Some("1") && is_shaped {
        return Ok(());
    }
    Err(format!("neither success nor 503 as it must be: {response:?}"))
}

/// What a success shows exists: ids are in the table, credentials are valid.
pub(super) async fn truth(
    app: &TestApp,
    response: &ApiResponse,
    items: &[Value],
) -> Result<(), Failure> {
    let table = json!(items).to_string();
    let mut texts = Vec::new();
    collect(&response.body, &mut texts);
    for shown in texts {
        if is_id(shown) && !table.contains(shown) {
            return Err(format!("{shown} is shown and not there: {response:?}").into());
        }
        let path = match shown.get(..4) {
            Some("rcu_") => "/rollcall/v1/tokens/self",
            Some("rca_") => "/api/v1.1/users/janedoe/",
            _ => continue,
        };
        let bearer = format!("Bearer {shown}");
        let headers = [("authorization", bearer.as_str())];
        let used = app.send("GET", path, &headers, None).await;
        // A token with a list of scopes may not do everything, but it is known.
        if ![200, 403].contains(&used.status) {
            return Err(unusable(&used));
        }
    }
    key_works(app, response).await
}

/// Only time can keep a credential that is there from working.
fn unusable(used: &ApiResponse) -> Failure {
    let what = format!("a credential that was shown does not work: {used:?}");
    if used.status == 503 { Failure::OutOfTime(what) } else { Failure::Violation(what) }
}

/// Whether a new API key signs with the secret that is shown with it.
async fn key_works(app: &TestApp, response: &ApiResponse) -> Result<(), Failure> {
    let body = &response.body;
    let shown = [
        (&body["api"], "api_key", "secret_key"),
        (&body["user"]["api"][0], "api_key", "secret_key"),
        (body, "apiKey", "secretKey"),
    ];
    let pair = |(view, key, secret): (&Value, _, _)| {
        Some((view[key].as_str()?.to_owned(), view[secret].as_str()?.to_owned()))
    };
    let pair = shown.into_iter().find_map(pair);
    let Some((key, secret)) = pair else { return Ok(()) };
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/v2/account",
        "rawQueryString": "",
        "headers": { "host": "api.example.com" },
        "requestContext": {
            "http": {
                "method": "GET",
                "path": "/v2/account",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "test",
            },
            "stage": "$default",
        },
        "isBase64Encoded": false,
    });
    sign(&mut event, &key, &secret);
    match app.send_event(&event).await {
        used if used.status == 200 => Ok(()),
        used => Err(unusable(&used)),
    }
}

fn collect<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, texts)),
        _ => {}
    }
}

/// Whether it is an account's or a token's id, or a user's.
fn is_id(text: &str) -> bool {
    let is_of_digits =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_of_digits(text)
        && (text.len() == 24 && !text.contains('-')
            || text.len() == 36 && text.matches('-').count() == 4)
        && !text.starts_with("00000000-")
}
