//! Sessions of browsers: the cookie, and the tokens of forms.

use lambda_http::http::HeaderValue;
use lambda_http::http::header::USER_AGENT;

use super::permission::{Caller, Credential, ProfileRead};
use super::scheme::{AuthScheme, Verified};
use super::source::request_context;
use crate::http::ApiRequest;
use crate::lifetimes::SESSION_TTL;
use crate::limits::MAX_BROWSER;
use crate::model::{Session, SessionCredential, SessionId, Timestamp, User, UserId};
use crate::table::{Actor, CredentialKey, Stored, StoredCredential, UserCredential};
use crate::telemetry::SecurityEvent;
use crate::{App, Error, Result};

/// The name of the cookie, but for its prefix.
const SESSION: &str = "session";

/// The field of a form that has its token.
pub const FORM_TOKEN: &str = "form_token";

/// The field of a form that says whose it is, for when its session has ended. It proves nothing.
pub const FORM_USER: &str = "form_user";

/// The session in a request's cookie. A form that is sent with it must have been made in it, for the
/// URL that it is sent to: no other site can make one.
pub struct SessionCookie(SessionCredential);

impl SessionCookie {
    /// The session that the browser sends, if its form is its own or none is sent.
    fn parse(request: &ApiRequest) -> Result<SessionCredential> {
        let text = request.host_cookie(SESSION).ok_or(Error::MissingCredential)?;
        text.parse().map_err(|_| Error::InvalidCredential)
    }

    /// The session as it is stored, if it works.
    async fn check(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        stored: StoredCredential,
    ) -> Option<Stored<Session>> {
        let now = Timestamp::now();
        let user = user.filter(|user| !user.disabled)?;
        match stored {
            StoredCredential::Session(Some(session))
                if self.0.matches(&session.secret_hash) && session.is_active(user, now) =>
            {
                app.table.touch_session(&session, now).await;
                Some(session)
            }
            _ => None,
        }
    }
}

/// The session that the browser has, working or not.
pub fn presented_session(request: &ApiRequest) -> Option<SessionCredential> {
    SessionCookie::parse(request).ok()
}

/// Who is signed in in the browser, with the session, whatever form is sent.
pub(super) async fn working_session(
    app: &App,
    request: &ApiRequest,
) -> Result<Option<(Stored<User>, Stored<Session>)>> {
    let Some(session) = presented_session(request) else { return Ok(None) };
    let (owner, key) = (session.user(), CredentialKey::Session(session.id()));
    // Boxed, as everything that calls the table: the SDK's futures are large.
    let read = Box::pin(app.table.fetch_with_credential(owner, key, ()));
    let (stored, user, ()) = read.await?;
    let session = SessionCookie(session).check(app, user.as_ref(), stored).await;
    Ok(user.zip(session))
}

/// Who is signed in in the browser, if somebody is. A form that is sent counts for nothing, so that
/// this allows nobody to do anything.
pub async fn signed_in_user(app: &App, request: &ApiRequest) -> Result<Option<Stored<User>>> {
    let Some((user, session)) = working_session(app, request).await? else { return Ok(None) };
    let credential = Credential::Session(Box::new(session));
    let caller = Caller::<ProfileRead>::new(user, credential, request_context(request))?;
    Ok(Some(caller.user))
}

/// Ends the session that the browser had until this user signed in, if it is somebody else's: no
/// browser has it any more. The sign-in does not depend on it: a session that stays is in the list
/// of its user, and has an end.
pub async fn end_session_of_another(app: &App, request: &ApiRequest, user: UserId) {
    if presented_session(request).is_none_or(|session| session.user() == user) {
        return;
    }
    let end = async {
        if let Some((former, session)) = working_session(app, request).await? {
            // No `Caller`: in the log the request is that of the user who signed in.
            let (credential, context) =
                (UserCredential::session(&session), request_context(request));
            let actor = Actor::user(&former, credential, None, context);
            app.table.delete_session(&actor, former.id, session.id).commit().await?;
        }
        Ok::<_, Error>(())
    };
    let outcome = Box::pin(end).await;
    tracing::debug!(ended = outcome.is_ok(), "the session of the user before");
}

/// The token of a form that is sent to `target`, a path with its query, in the session of this
/// request; `None` without a session.
pub fn form_token(request: &ApiRequest, target: &str) -> Option<String> {
    presented_session(request).map(|session| session.form_token(target))
}

/// The session of this user that the browser has, working or not: whoever signs in may end it.
pub fn former_session(request: &ApiRequest, user: UserId) -> Option<SessionId> {
    let session = presented_session(request).filter(|session| session.user() == user);
    session.map(|session| session.id())
}

/// The path of a request as links have it, without a slash at its end, and its query: what a form's
/// token is for.
pub fn form_target(request: &ApiRequest) -> String {
    request.link(&[])
}

/// The `Set-Cookie` header that signs the browser in.
pub fn session_cookie(request: &ApiRequest, session: &SessionCredential) -> Result<HeaderValue> {
    request.set_cookie(SESSION, &session.reveal(), SESSION_TTL)
}

/// The `Set-Cookie` header that signs the browser out.
pub fn no_session_cookie(request: &ApiRequest) -> Result<HeaderValue> {
    request.set_cookie(SESSION, "", 0)
}

/// What user agents name, and the browser: the first counts, since most also name those further down.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// What user agents name, and the system; the first counts.
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// The kind of browser that sends a request, as its user knows it: its name and its system.
pub fn browser(request: &ApiRequest) -> String {
    let agent = request.single_header(USER_AGENT.as_str()).unwrap_or_default();
    let find = |known: &[(&str, &'static str)]| {
        known.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => {
            let product = agent.split(['/', ' ']).next().unwrap_or_default();
            let is_shown = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let product: String = product.chars().filter(is_shown).take(MAX_BROWSER).collect();
            if product.is_empty() { "Unknown browser".to_owned() } else { product }
        }
    }
}

impl AuthScheme for SessionCookie {
    fn from_request(request: &ApiRequest) -> Result<Self> {
        let session = Self::parse(request)?;
        if request.method() == "POST" {
            let token: Option<String> = request.optional_form()?.optional(FORM_TOKEN);
            let token = token.unwrap_or_default();
            if !session.has_form_token(&form_target(request), &token) {
                SecurityEvent::FormRejected.record();
                return Err(Error::OtherForm);
            }
        }
        Ok(Self(session))
    }

    fn principal_id(&self) -> String {
        self.0.id().to_string()
    }

    async fn credential_key(&self, _: &App) -> Result<(UserId, CredentialKey)> {
        Ok((self.0.user(), CredentialKey::Session(self.0.id())))
    }

    async fn verify(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        stored: StoredCredential,
    ) -> Result<Verified> {
        let session = self.check(app, user, stored).await.ok_or(Error::InvalidCredential)?;
        Ok(Credential::Session(Box::new(session)).into())
    }
}
