//! One operation of one client: what it sends, and what the response says about which object.

use fastrand::Rng;
use serde_json::Value;
use shared::limits::CAPS;

use super::rules::{Condition, Event, has, is, not};
use super::shared_state::{Done, Known, KnownToken, Object, Projection, SharedState};
use crate::{ApiResponse, OAuthClient, basic, date, signature};

/// A way to the service.
pub trait Transport {
    /// Sends a request; none if the connection was lost or no response came in time.
    fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> impl Future<Output = Option<ApiResponse>>;

    /// The host that it calls.
    fn host(&self) -> &str;

    /// The origin of the pages, as the service knows it.
    fn origin(&self) -> String;

    /// The tokens of mails that came, at least of those since the last call.
    fn mailed_tokens(&self) -> impl Future<Output = Vec<String>>;
}

/// The credential of a request.
#[derive(Debug, Clone)]
pub(crate) enum SentCredential {
    None,
    Token(String, KnownToken),
    /// A token in place of the password.
    TokenInBasic(String, KnownToken),
    Basic {
        user: String,
        name: String,
        password: String,
    },
    Key {
        user: String,
        id: String,
        secret: String,
    },
    Access {
        user: String,
        code: String,
        token: String,
    },
    Client,
}

/// A client that runs one operation.
pub(crate) struct ClientStep<'a, W> {
    pub(crate) client: usize,
    /// Unique in the run: letters and digits.
    pub(crate) label: String,
    pub(crate) rng: Rng,
    pub(crate) transport: &'a W,
    pub(crate) shared: &'a SharedState,
    pub(crate) oauth: &'a OAuthClient,
    /// Whether nothing is disturbed, so that a failure is a violation by itself.
    pub(crate) is_undisturbed: bool,
}

/// A request and what came back.
pub(crate) struct Seen {
    operation: &'static str,
    what: String,
    pub(crate) invoked: u64,
    pub(crate) returned: u64,
    response: Option<ApiResponse>,
    projections: Vec<Projection>,
}

/// How a request ended.
pub(crate) enum Ended {
    /// With this status, which is not one of the below.
    With(u16),
    /// Its effect is unknown.
    Unknown,
    /// The credential was rejected, its signature was used before, too many passwords are being
    /// checked, or there is as much of something as is allowed: nothing was done.
    Rejected,
}

impl SentCredential {
    /// The header that carries it.
    fn header(&self, oauth: &OAuthClient, bearer: bool) -> Option<String> {
        match self {
            Self::None | Self::Key { .. } => None,
            Self::Token(_, token) if bearer => Some(format!("Bearer {}", token.secret)),
            Self::Token(_, token) => Some(token.secret.clone()),
            Self::TokenInBasic(user, token) => Some(basic(user, &token.secret)),
            Self::Basic { name, password, .. } => Some(basic(name, password)),
            Self::Access { token, .. } => Some(format!("Bearer {token}")),
            Self::Client => Some(oauth.basic()),
        }
    }

    /// What its being taken says, and of what.
    fn taken(&self) -> Option<(Object, Condition)> {
        let enabled = || not(has("disabled"));
        let all = |one| Condition::All(vec![one, enabled()]);
        match self {
            Self::None | Self::Client => None,
            Self::Token(user, token) | Self::TokenInBasic(user, token) => {
                Some((Object::Token(user.clone(), token.id.clone()), all(has("works"))))
            }
            Self::Basic { user, password, .. } => {
                let right = [is("password", password), not(has("factor")), enabled()];
                Some((Object::Password(user.clone()), Condition::All(right.into())))
            }
            Self::Key { user, id, secret } => {
                Some((Object::Key(user.clone(), id.clone()), all(is("secret", secret))))
            }
            Self::Access { user, code, token } => {
                let works = [has("alive"), has(format!("access:{token}")), enabled()];
                Some((Object::Grant(user.clone(), code.clone()), Condition::All(works.into())))
            }
        }
    }

    /// What a rejection says; none if it may have another reason.
    fn rejected(&self) -> Option<(Object, Condition)> {
        match self {
            // An address may be somebody else's by now.
            Self::Basic { name, .. } if name.contains('@') => None,
            _ => self.taken().map(|(object, taken)| (object, not(taken))),
        }
    }

    /// What it says that it is right, and not enough.
    fn asked_for_more(&self) -> Option<(Object, Condition)> {
        let Self::Basic { user, password, .. } = self else { return None };
        let right = [is("password", password), has("factor"), not(has("disabled"))];
        Some((Object::Password(user.clone()), Condition::All(right.into())))
    }

    /// The user.
    pub(crate) fn user(&self) -> &str {
        match self {
            Self::Token(user, _)
            | Self::TokenInBasic(user, _)
            | Self::Basic { user, .. }
            | Self::Key { user, .. }
            | Self::Access { user, .. } => user,
            Self::None | Self::Client => "",
        }
    }

    /// The id of the token; empty if it is none.
    pub(crate) fn token_id(&self) -> String {
        match self {
            Self::Token(_, token) => token.id.clone(),
            _ => String::new(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::None => "nobody",
            Self::Token(..) => "token",
            Self::TokenInBasic(..) => "token in basic",
            Self::Basic { .. } => "basic",
            Self::Key { .. } => "key",
            Self::Access { .. } => "access",
            Self::Client => "client",
        }
    }
}

impl<W: Transport> ClientStep<'_, W> {
    /// Sends a request with a JSON body, or none.
    pub(crate) async fn send_json(
        &mut self,
        operation: &'static str,
        credential: &SentCredential,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Seen {
        let body = body.map(Value::to_string);
        self.send(
            operation,
            credential,
            (method, path),
            &[("content-type", "application/json")],
            body,
        )
        .await
    }

    /// Sends a request with these headers beside the credential.
    pub(crate) async fn send(
        &mut self,
        operation: &'static str,
        credential: &SentCredential,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Seen {
        let bearer = self.rng.bool();
        let authorization = credential.header(self.oauth, bearer);
        let body_text = body.as_deref().unwrap_or_default();
        let date = date(0, "GMT", 0);
        let signed = match credential {
            SentCredential::Key { id, secret, .. } => {
                let text =
                    format!("{method}\n{}\n{date}\n{path}\n{body_text}", self.transport.host());
                Some(format!("{id}:{}", signature(secret, &text)))
            }
            _ => None,
        };
        let mut all: Vec<(&str, &str)> = headers
            .iter()
            .filter(|(name, _)| body.is_some() || *name != "content-type")
            .copied()
            .collect();
        if let Some(value) = &authorization {
            all.push(("authorization", value));
        }
        if let Some(value) = &signed {
            all.extend([
                ("authorization", value.as_str()),
                ("x-date", date.as_str()),
                ("host", self.transport.host()),
            ]);
        }
        let invoked = self.shared.tick();
        let response = self.transport.send(method, path, &all, body.as_deref()).await;
        let returned = self.shared.tick();
        let status =
            response.as_ref().map_or("lost".to_owned(), |response| response.status.to_string());
        let (user, kind) = (credential.user(), credential.kind());
        let shown = body.as_deref().filter(|body| !body.contains("assword")).unwrap_or_default();
        let what = format!(
            "client {} {operation} {method} {path} {shown} as {user} by {kind}: {status}",
            self.client
        );
        let mut seen =
            Seen { operation, what, invoked, returned, response, projections: Vec::new() };
        seen.judge(credential);
        seen
    }

    /// How it ended. A failure is a fault by itself if nothing disturbed it, and one of our own at
    /// any time.
    pub(crate) fn ended(&self, seen: &Seen) -> Ended {
        match seen.response.as_ref().map(|response| response.status) {
            None | Some(503) if self.is_undisturbed => {
                self.wrong(seen, "failed with nothing in its way");
                Ended::Unknown
            }
            None | Some(503) => Ended::Unknown,
            Some(401 | 429) => Ended::Rejected,
            // Two requests of one second that are alike have one signature.
            Some(409) if seen.text("/error").ends_with("sign it anew") => Ended::Rejected,
            // The old token of a rotation has an end, and so no full access.
            Some(403)
                if ["/error", "/detail"].iter().any(|text| is_for_full_access(seen, text)) =>
            {
                Ended::Rejected
            }
            Some(400 | 409) if names_a_limit(seen.body()) => Ended::Rejected,
            Some(status) => Ended::With(status),
        }
    }

    /// Notes what the response says.
    pub(crate) fn note(&self, mut seen: Seen, projections: Vec<Projection>) {
        seen.projections.extend(projections);
        self.keep(seen, true);
    }

    /// Notes what may have happened.
    pub(crate) fn note_unknown(&self, mut seen: Seen, projections: Vec<Projection>) {
        seen.projections.extend(projections);
        self.keep(seen, false);
    }

    /// Notes an outcome that reports nothing more of any object.
    pub(crate) fn note_end(&self, seen: Seen, end: &Ended) {
        match end {
            Ended::With(_) => self.note_wrong(seen),
            Ended::Unknown => self.note_unknown(seen, vec![]),
            Ended::Rejected => self.note(seen, vec![]),
        }
    }

    /// Notes a response that cannot be right.
    pub(crate) fn note_wrong(&self, seen: Seen) {
        self.wrong(&seen, "is no response to this");
        self.keep(seen, true);
    }

    /// Notes something wrong with a response.
    pub(crate) fn wrong(&self, seen: &Seen, problem: &str) {
        let body =
            seen.response.as_ref().map(|response| response.body.to_string()).unwrap_or_default();
        self.shared.wrong().push(format!("{}: {problem}: {body}", seen.what));
    }

    fn keep(&self, seen: Seen, is_known: bool) {
        let Seen { operation, what, invoked, returned, response, projections } = seen;
        let is_good = response.is_some_and(|response| response.status < 400);
        let mut tally = self.shared.tally();
        let [requested, good, unknown] = tally.entry(operation.to_owned()).or_default();
        *requested += 1;
        *good += usize::from(is_good);
        *unknown += usize::from(!is_known);
        let returned = is_known.then_some(returned);
        self.shared.log().push(Done { what, invoked, returned, projections });
    }

    /// One of these, if there is any.
    pub(crate) fn one_of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[self.rng.usize(..all.len())].clone())
    }
}

impl Seen {
    fn judge(&mut self, credential: &SentCredential) {
        let reported = match self.status() {
            0 | 429 | 500.. => None,
            // Where no password is taken, its rejection says nothing of it.
            401 if self.takes_no_password() && credential.kind() == "basic" => None,
            401 if asks_for_a_factor(self.body()) => credential.asked_for_more(),
            401 => credential.rejected(),
            _ => credential.taken(),
        };
        self.projections
            .extend(reported.map(|(object, reported)| on(object, Event::seen(reported))));
    }

    fn takes_no_password(&self) -> bool {
        !["hub-", "rollcall-"].iter().any(|dialect| self.operation.starts_with(dialect))
    }

    /// Also says this.
    pub(crate) fn with(mut self, projections: impl IntoIterator<Item = Projection>) -> Self {
        self.projections.extend(projections);
        self
    }

    /// The status; 0 if there is none.
    pub(crate) fn status(&self) -> u16 {
        self.response.as_ref().map_or(0, |response| response.status)
    }

    /// The body.
    pub(crate) fn body(&self) -> &Value {
        self.response.as_ref().map_or(&Value::Null, |response| &response.body)
    }

    /// A header of the response.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.as_ref().and_then(|response| response.header(name))
    }

    /// A text in the body; empty if there is none.
    pub(crate) fn text(&self, pointer: &str) -> String {
        text(self.body(), pointer)
    }
}

/// Whether an error says that the password is right, and that a second factor is on.
fn asks_for_a_factor(body: &Value) -> bool {
    text(body, "/detail").starts_with("a second factor is on")
}

/// Whether an error says that there is as much of something as is allowed.
fn names_a_limit(body: &Value) -> bool {
    let body = body.to_string();
    CAPS.iter().any(|cap| body.contains(&cap.to_string()))
}

/// A text in a value; empty if there is none. A number as its digits.
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// What is reported about one object.
pub(crate) fn on(object: Object, event: Event) -> Projection {
    Projection::On(object, event)
}

/// What is reported about every object that is concerned.
pub(crate) fn each(say: impl Fn(&Object, &Known) -> Option<Event> + Send + 'static) -> Projection {
    Projection::Each(Box::new(say))
}

/// The fact has this value. Which address is primary is not known after the primary one was lost.
pub(crate) fn shows(fact: &str, value: impl Into<String>) -> Condition {
    match fact {
        "primary" => Condition::Any(vec![is(fact, value), not(has(fact))]),
        _ => is(fact, value),
    }
}

/// Whether the response says that the operation needs full access.
fn is_for_full_access(seen: &Seen, field: &str) -> bool {
    seen.text(field).ends_with("a list of scopes or an expiry cannot do this")
}
