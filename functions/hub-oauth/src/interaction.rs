//! How a client wants its user to be asked (`OpenID` Connect Core 1.0, section 3.1.2.1).

use lambda_http::{Body, Response};
use shared::http::{self, ApiRequest, Query};
use shared::model::{Session, Timestamp};
use shared::{OAuthCode, Result};

use crate::authorization::{FieldError, RedirectTarget};

/// The values of `prompt`.
pub(crate) const PROMPTS: [&str; 4] = ["none", "login", "consent", "select_account"];

/// The parameter by which the pages lead back to a request: when its user was asked for the
/// password, in milliseconds since 1970. Only a proof since then counts. It is no secret: whoever is at
/// the browser could take `prompt` and `max_age` out of the URL as well.
const ASKED_AT: &str = "asked_at";

/// A path that leads to a page: API Gateway accepts 10,240 bytes of request line and headers, and
/// the browser sends cookies.
const MAX_PATH: usize = 8_000;

pub(crate) struct Interaction {
    /// Nothing is to be shown: `prompt=none`.
    pub(crate) is_silent: bool,
    /// The page is to be shown whatever was allowed before: `prompt=consent`, or `select_account`,
    /// since it says who is signed in and leads to the form that signs in somebody else.
    pub(crate) shows_page: bool,
    /// The user is to sign in again: `prompt=login`, or `max_age=0`.
    signs_in: bool,
    /// How many seconds ago the user may have entered the password.
    max_age: Option<u64>,
    asked_at: Option<i64>,
}

/// What a user has to do before anything is allowed.
#[derive(Clone, Copy)]
pub(crate) enum Proof {
    SignIn,
    /// Sign in, though somebody is signed in.
    SignInAgain,
    /// Enter the password.
    Confirm,
}

impl Interaction {
    pub(crate) fn parse(query: &Query<'_>) -> Result<Self, FieldError> {
        let invalid = |text: &'static str| (OAuthCode::InvalidRequest, text.into());
        let text = query.non_empty("prompt").unwrap_or_default();
        let prompts: Vec<_> = text.split(' ').filter(|prompt| !prompt.is_empty()).collect();
        if !prompts.iter().all(|prompt| PROMPTS.contains(prompt)) {
            return Err(invalid("prompt is none, or of login, consent and select_account"));
        }
        let is_silent = prompts.contains(&"none");
        if is_silent && prompts.len() > 1 {
            return Err(invalid("prompt=none goes with no other"));
        }
        let max_age = query.non_empty("max_age").map(|text| {
            let is_number = text.bytes().all(|letter| letter.is_ascii_digit());
            let seconds = text.parse().ok().filter(|_| is_number);
            seconds.ok_or_else(|| invalid("max_age is a number of seconds"))
        });
        let max_age = max_age.transpose()?;
        Ok(Self {
            is_silent,
            shows_page: prompts.iter().any(|own| matches!(*own, "consent" | "select_account")),
            signs_in: prompts.contains(&"login") || max_age == Some(0),
            max_age,
            asked_at: query.get(ASKED_AT).and_then(|text| text.parse().ok()),
        })
    }

    /// What the user of this session has to do first, if anything.
    pub(crate) fn required_proof(&self, session: &Session, now: Timestamp) -> Option<Proof> {
        let proved_at = session.proved_at;
        let was_asked = self.asked_at.is_some_and(|asked| proved_at.as_millisecond() >= asked);
        if was_asked && session.is_proved(now) {
            return None;
        }
        let age = now.as_second().saturating_sub(proved_at.as_second()).unsigned_abs();
        if self.signs_in {
            Some(Proof::SignInAgain)
        } else {
            self.max_age.is_some_and(|max_age| age > max_age).then_some(Proof::Confirm)
        }
    }

    /// Leads to the page where the user does so, and back to the request; without a page, the client
    /// is told.
    pub(crate) fn ask(
        &self,
        request: &ApiRequest,
        target: &RedirectTarget,
        proof: Proof,
    ) -> Result<Response<Body>> {
        if self.is_silent {
            return target.with_error(OAuthCode::LoginRequired, "the user would have to sign in");
        }
        let path = self.path(request, proof);
        if path.len() > MAX_PATH {
            return target.with_error(OAuthCode::InvalidRequest, "the request is too long");
        }
        http::see_other(&path)
    }

    /// The path of the page where the user does so.
    pub(crate) fn path(&self, request: &ApiRequest, proof: Proof) -> String {
        let (page, again) = match proof {
            // The page that signs in says so if it gets no cookie either.
            Proof::SignIn if request.method() == "POST" && !request.sends_cookies() => {
                ("sign-in", "&signed_in=true")
            }
            Proof::SignIn => ("sign-in", ""),
            Proof::SignInAgain => ("sign-in", "&again=true"),
            Proof::Confirm => ("confirm", ""),
        };
        let pairs = form_urlencoded::parse(request.raw_query().as_bytes());
        let pairs = pairs.filter(|(name, _)| name != ASKED_AT);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs);
        if self.signs_in || self.max_age.is_some() {
            query.append_pair(ASKED_AT, &Timestamp::now().as_millisecond().to_string());
        }
        let return_to = format!("/api/v1.1/o/authorize?{}", query.finish());
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("return_to", &return_to)
            .finish();
        format!("/account/{page}?{query}{again}")
    }
}
