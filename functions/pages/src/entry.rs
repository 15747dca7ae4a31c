//! The way in: signing in and out, with a code if a second factor is on, and proving oneself once
//! more.
//!
//! Whoever sends a form and is not signed in any more, or has to enter the password again, loses
//! nothing: what was entered, but for passwords and codes, goes through the page that asks, and is
//! offered to be sent afterwards. Nobody is offered what another user entered.

use lambda_http::http::header::{RETRY_AFTER, SET_COOKIE};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{
    AuthRequest, Authorized, Basic, Caller, FORM_TOKEN, FORM_USER, FullAccess, PasswordSignIn,
    PendingSignIn, ProfileRead, SessionCookie, browser, end_session_of_another, former_session,
    no_session_cookie, presented_session, session_cookie, signed_in_user,
};
use shared::http::{self, ApiRequest, Fields};
use shared::lifetimes::RETURN_TO_TTL;
use shared::model::{Counts, FactorCode, SessionCredential, User, UserId};
use shared::table::{SignInProof, Stored, fetch};
use shared::{App, Error, FieldError, Result, SignUpPolicy};

pub(crate) use shared::http::see_other;

use crate::OPERATIONS;
use crate::form::{Field, Form, Input, Target, entered};
use crate::passkey;
use crate::second_factor::{CODE, code_field};
use crate::view::View;
use crate::words::entry as words;
use crate::words::second_factor;

/// Where everybody lands who was not going anywhere.
pub(crate) const HOME: &str = "/account";
const SIGN_IN: &str = "/account/sign-in";
/// Where the code is sent that a right password leads to.
const SIGN_IN_CODE: &str = "/account/sign-in/code";
/// The hidden field with the sign-in that waits for a code.
const BEGUN: &str = "begun";
/// Says that the browser was given a session: the field of the form that goes on after a passkey,
/// and the parameter of the page that signs in.
const SIGNED_IN: &str = "signed_in";
/// Where the password, or a code, is entered again.
const CONFIRM: &str = "/account/confirm";
/// Where users allow OAuth clients, who may wait on other sites.
const AUTHORIZE: &str = "/api/v1.1/o/authorize";

/// The cookie that remembers where a browser was going.
const RETURN_TO_COOKIE: &str = "return-to";

/// A request that waits until somebody has signed in: its path, and what was entered there.
struct PendingRequest {
    /// A path of ours, with its query.
    return_to: String,
    /// A form as it was sent, with its user, and without its token, passwords and codes; empty if
    /// there was none.
    kept: String,
}

impl PendingRequest {
    /// The way to a page of ours; home, if `return_to` is none.
    fn to(return_to: &str) -> Self {
        let path = return_to.split('?').next().unwrap_or_default();
        let below_home = path.strip_prefix(HOME);
        let is_page = below_home.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        // Nothing is below it: `..` would lead to any path of this host.
        let is_consent = path.strip_suffix('/').unwrap_or(path) == AUTHORIZE;
        let is_path = |c: char| c.is_ascii_graphic() && c != '\\';
        let is_ours = return_to.chars().all(is_path) && (is_page || is_consent);
        let return_to = if is_ours { return_to } else { HOME }.to_owned();
        Self { return_to, kept: String::new() }
    }

    /// The way to what a link names: a page, and never a form, which nobody has sent. Else a link of
    /// others would have somebody who signs in asked to send one. Nor a page on the way, which would
    /// lead to itself.
    fn by_link(return_to: &str) -> Self {
        let pending = Self::to(return_to);
        let page = pending.page();
        let is_on_the_way = [SIGN_IN, CONFIRM].contains(&page.split('?').next().unwrap_or(page));
        Self::to(if is_on_the_way { HOME } else { page })
    }

    /// What the form of a page on the way carries on.
    fn carried(fields: &mut Fields) -> Self {
        let kept = entered(fields, "kept");
        Self { kept, ..Self::to(&entered(fields, "return_to")) }
    }

    /// Whether another site may come next.
    fn leads_away(&self) -> bool {
        self.return_to.starts_with(AUTHORIZE)
    }

    /// What this request was going to do.
    fn of(request: &ApiRequest) -> Self {
        if is_on_the_way(request)
            && let Ok(mut fields) = request.optional_form()
        {
            return Self::carried(&mut fields);
        }
        let pending = Self::to(&request.link(OPERATIONS));
        if request.method() != "POST" {
            return pending;
        }
        let pairs = form_urlencoded::parse(request.raw_body());
        // A private key is pasted where the public one belongs.
        let is_secret = |name: &str, value: &str| {
            name.to_ascii_lowercase().contains("password")
                || name == CODE
                || value.contains("PRIVATE KEY")
        };
        let pairs = pairs.filter(|(name, value)| name != FORM_TOKEN && !is_secret(name, value));
        let kept = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Self { kept, ..pending }
    }

    /// As a form carries it on.
    fn hidden(&self) -> Vec<(String, String)> {
        let named = |name: &str, value: &String| (name.to_owned(), value.clone());
        vec![named("return_to", &self.return_to), named("kept", &self.kept)]
    }

    /// The form that goes on after the script has signed in, or proved the session, by a passkey.
    fn form_after_passkey(&self) -> Form<'static> {
        let mut hidden = self.hidden();
        hidden.push((SIGNED_IN.to_owned(), "true".to_owned()));
        Form { target: Some(Target::without_session(SIGN_IN)), hidden, ..Form::default() }
    }

    /// Who filled in the form that was kept.
    fn user(&self) -> Option<UserId> {
        let mut pairs = form_urlencoded::parse(self.kept.as_bytes());
        pairs.find(|(name, _)| name == FORM_USER).and_then(|(_, user)| user.parse().ok())
    }

    /// The page that the path leads to when no form is sent: the nearest one above it.
    fn page(&self) -> &str {
        let mut path = self.return_to.split('?').next().unwrap_or(HOME);
        let shows = |path: &str| http::offers(OPERATIONS, "GET", path);
        if !path.starts_with(HOME) || shows(path) {
            return &self.return_to;
        }
        while !shows(path) {
            let Some((above, _)) = path.rsplit_once('/') else { return HOME };
            path = above;
        }
        path
    }

    /// What comes next, with a new session: back to the page, or the form that was not sent.
    fn go_on(
        &self,
        request: &ApiRequest,
        session: &SessionCredential,
        user: &User,
    ) -> Result<Response<Body>> {
        let mut response = if !self.kept.is_empty() {
            let target = Target::in_session(session, self.return_to.clone());
            self.offer(request, target, StatusCode::OK, user)
        } else if request.sends_cookies() {
            see_other(self.page())?
        } else {
            // It goes on from there, unless the browser blocks cookies.
            see_other(&format!("{}&{SIGNED_IN}=true", sign_in_path(self.page())))?
        };
        response.headers_mut().insert(SET_COOKIE, session_cookie(request, session)?);
        forget(request, &mut response)?;
        Ok(response)
    }

    /// Offers this user, who is signed in now, to send what was kept, and nobody but the one who
    /// entered it.
    fn offer(
        &self,
        request: &ApiRequest,
        target: Target,
        status: StatusCode,
        user: &User,
    ) -> Response<Body> {
        let is_own = self.user() == Some(user.id);
        let (why, link) = if is_own {
            (words::SEND_AGAIN_WHY, words::DO_NOT_SEND)
        } else {
            (words::NOT_YOURS_WHY, words::OPEN_PAGE)
        };
        let content = html! {
            p { (words::SIGNED_IN_AS) " " strong { bdi { (user.username) } } "." }
            p { (why) }
            @if !request.sends_cookies() { p role="status" { (words::NEEDS_COOKIES) } }
            p { a href=(self.page()) { (link) } }
        };
        if !is_own {
            return View::text(status, words::NOT_YOURS, content).show(request);
        }
        let pairs = form_urlencoded::parse(self.kept.as_bytes());
        let pairs = pairs.filter(|(name, _)| name != FORM_USER);
        let hidden = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let form = Form { target: Some(target), hidden, button: words::SEND, ..Form::default() };
        View { status, ..View::form(words::SEND_AGAIN, content, form) }.show(request)
    }
}

/// Whether a request sends the form of a page on the way, which is nothing to come back to.
fn is_on_the_way(request: &ApiRequest) -> bool {
    matches!(request.operation(OPERATIONS), Ok(("pages-confirm" | "pages-sign-in", _)))
}

/// Has the browser forget where it was going.
fn forget(request: &ApiRequest, response: &mut Response<Body>) -> Result<()> {
    if request.host_cookie(RETURN_TO_COOKIE).is_some() {
        let cookie = request.set_cookie(RETURN_TO_COOKIE, "", 0)?;
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(())
}

/// Where those sign in who go on to this path.
pub(crate) fn sign_in_path(return_to: &str) -> String {
    with_return(SIGN_IN, return_to)
}

/// Where those sign in as somebody else who go on to this path.
pub(crate) fn sign_in_again_path(return_to: &str) -> String {
    format!("{}&again=true", sign_in_path(return_to))
}

/// The link of those who have to sign in next.
pub(crate) fn sign_in_next(return_to: &str) -> Markup {
    html! { p { a.button href=(sign_in_path(return_to)) { (words::SIGN_IN) } } }
}

/// A path with this parameter in its query.
fn with_return(path: &str, return_to: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", return_to)
        .finish();
    format!("{path}?{query}")
}

/// What those get who are not signed in, whose form is not of their session or was sent before, or
/// who have to enter the password again; the error if it is another.
pub(crate) async fn explain(
    app: &App,
    request: &ApiRequest,
    error: Error,
) -> Result<Response<Body>> {
    let pending = PendingRequest::of(request);
    let is_form = request.method() == "POST";
    let is_other_form = matches!(error, Error::OtherForm);
    let user = match error {
        Error::MissingCredential | Error::InvalidCredential => None,
        Error::FullAccessRequired if !is_form => {
            return see_other(&with_return(CONFIRM, &pending.return_to));
        }
        Error::FullAccessRequired | Error::OtherForm => signed_in_user(app, request).await?,
        Error::FormSentBefore => return Ok(sent_before(request, &pending)),
        error => return Err(error),
    };
    let status = StatusCode::FORBIDDEN;
    match user {
        // Another window has asked for the password since, or another click has sent it.
        Some(_) if is_other_form && is_on_the_way(request) && pending.kept.is_empty() => {
            see_other(pending.page())
        }
        Some(user) if is_other_form => {
            let target = Target::new(request, pending.return_to.clone());
            Ok(pending.offer(request, target, status, &user))
        }
        Some(user) => Ok(ask_to_confirm(app, request, &user, &pending, status, Vec::new())),
        None if is_form => {
            let needs_cookies = !request.sends_cookies();
            let notice = Some(words::ENDED);
            let form = SignIn { notice, needs_cookies, ..SignIn::on(&pending) };
            Ok(form.show(app, request, status, Vec::new()))
        }
        None => see_other(&sign_in_path(&pending.return_to)),
    }
}

/// What those get who load the page of a secret again.
fn sent_before(request: &ApiRequest, pending: &PendingRequest) -> Response<Body> {
    let content = html! {
        p { (words::SENT_BEFORE_WHY) }
        p { a href=(pending.page()) { (words::OPEN_PAGE) } }
    };
    View::text(StatusCode::CONFLICT, words::SENT_BEFORE, content).show(request)
}

/// The form that signs in.
struct SignIn<'a> {
    pending: &'a PendingRequest,
    /// What was entered before.
    name: &'a str,
    /// Why it asks once more.
    notice: Option<&'static str>,
    /// Whether the browser seems to block cookies.
    needs_cookies: bool,
}

impl<'a> SignIn<'a> {
    const fn on(pending: &'a PendingRequest) -> Self {
        Self { pending, name: "", notice: None, needs_cookies: false }
    }

    fn show(
        self,
        app: &App,
        request: &ApiRequest,
        status: StatusCode,
        errors: Vec<FieldError>,
    ) -> Response<Body> {
        let fields = vec![
            Field {
                name: "username",
                label: words::NAME,
                input: Input::Name,
                value: self.name,
                autocomplete: "username",
                ..Field::default()
            },
            Field {
                name: "password",
                label: words::PASSWORD,
                input: Input::Password,
                autocomplete: "current-password",
                ..Field::default()
            },
        ];
        let form = Form {
            target: Some(Target::without_session(SIGN_IN)),
            hidden: self.pending.hidden(),
            fields,
            button: words::SIGN_IN,
            errors,
            has_focus: true,
            ..Form::default()
        };
        let content = html! {
            @if let Some(notice) = self.notice { p role="status" { (notice) } }
            @if self.needs_cookies { p role="status" { (words::NEEDS_COOKIES) } }
            (other_ways(app))
        };
        let leads_away = self.pending.leads_away();
        let passkey = passkey::sign_in(request, self.pending.form_after_passkey());
        View { status, leads_away, passkey, ..View::form(words::HEADING, content, form) }
            .show(request)
    }
}

/// Where those go on who cannot sign in.
fn other_ways(app: &App) -> Markup {
    html! {
        @if app.settings.sends_mail {
            p.links {
                a href="/account/reset" { (words::FORGOT) }
                @if app.settings.sign_up == SignUpPolicy::Open {
                    a href="/account/sign-up" { (words::SIGN_UP) }
                }
            }
        }
    }
}

/// `GET /account/sign-in`: asks for name and password, unless the browser is signed in. With
/// `again=true` it asks everybody.
///
/// The browser remembers for a while where it was going: whoever signs up first, or sets another
/// password, comes back by the link of a mail, which does not know. Whoever was given a session, and
/// comes here without any cookie, blocks them.
pub(crate) async fn show_sign_in(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let query = request.query()?;
    let asked = query.get("return_to").map(PendingRequest::by_link);
    let is_new = asked.as_ref().is_some_and(|asked| asked.return_to != HOME);
    let pending = asked.filter(|_| is_new).or_else(|| remembered(request));
    let pending = pending.unwrap_or_else(|| PendingRequest::to(HOME));
    let asks_everybody = query.boolean("again")?.unwrap_or_default();
    if !asks_everybody && signed_in_user(app, request).await?.is_some() {
        let mut response = see_other(&pending.return_to)?;
        forget(request, &mut response)?;
        return Ok(response);
    }
    let has_signed_in = query.boolean(SIGNED_IN)?.unwrap_or_default();
    let has_cookies = request.sends_cookies();
    let form = SignIn { needs_cookies: has_signed_in && !has_cookies, ..SignIn::on(&pending) };
    let mut response = form.show(app, request, StatusCode::OK, Vec::new());
    if is_new || !has_cookies {
        let path: String = form_urlencoded::byte_serialize(pending.return_to.as_bytes()).collect();
        let cookie = request.set_cookie(RETURN_TO_COOKIE, &path, RETURN_TO_TTL)?;
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Where the browser was going before it signed up.
fn remembered(request: &ApiRequest) -> Option<PendingRequest> {
    let path = request.host_cookie(RETURN_TO_COOKIE)?;
    let (path, _) = form_urlencoded::parse(path.as_bytes()).next()?;
    Some(PendingRequest::by_link(&path))
}

/// `POST /account/sign-in`: begins a session, or goes on in one that was begun by a passkey.
pub(crate) async fn sign_in(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let mut fields = request.optional_form()?;
    let typed = entered(&mut fields, "username");
    let pending = PendingRequest::carried(&mut fields);
    if fields.has(SIGNED_IN)
        && let Some(session) = presented_session(request)
        && let Some(user) = signed_in_user(app, request).await?
    {
        return pending.go_on(request, &session, &user);
    }
    if fields.has(SIGNED_IN) && !request.sends_cookies() {
        let form = SignIn { needs_cookies: true, ..SignIn::on(&pending) };
        return Ok(form.show(app, request, StatusCode::FORBIDDEN, Vec::new()));
    }
    let name = fields.required_non_empty::<String>("username");
    let password = fields.required_non_empty::<String>("password");
    let again = |status, errors| {
        let form = SignIn { name: &typed, ..SignIn::on(&pending) };
        form.show(app, request, status, errors)
    };
    let (name, password) = match fields.into_result(name.zip(password)) {
        Ok(entered) => entered,
        Err(error) => return rejected(error, "password", words::WRONG, again),
    };
    let basic = Basic::new(request, name, password);
    // Boxed: the SDK's futures are large.
    Box::pin(sign_in_by(app, request, &pending, &basic, again)).await
}

/// Begins the session of somebody whose password is right, or asks for a code.
async fn sign_in_by(
    app: &App,
    request: &ApiRequest,
    pending: &PendingRequest,
    basic: &Basic,
    again: impl FnOnce(StatusCode, Vec<FieldError>) -> Response<Body>,
) -> Result<Response<Body>> {
    let claimed = basic.resolve(app).await?;
    match basic.sign_in_on_page(app, claimed, fetch::counts()).await {
        Ok(PasswordSignIn::Complete(caller, counts)) => {
            begin_session(app, request, pending, &caller, counts, &SignInProof::Password).await
        }
        Ok(PasswordSignIn::CodeRequired(begun)) => {
            let begun = begun.reveal(app).await?;
            Ok(ask_for_code(request, pending, &begun, StatusCode::OK, Vec::new()))
        }
        Err(error) => rejected(error, "password", words::WRONG, again),
    }
}

/// `POST /account/sign-in/code`: begins the session of somebody whose password was right. A second
/// click goes on in the session that the first one has begun.
pub(crate) async fn complete_sign_in(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let mut fields = request.optional_form()?;
    let pending = PendingRequest::carried(&mut fields);
    let sealed = entered(&mut fields, BEGUN);
    let code = fields.required_non_empty::<FactorCode>(CODE);
    let code = fields.into_result(code);
    let begun = Box::pin(PendingSignIn::open(app, &sealed)).await;
    if let Ok(begun) = &begun
        && let Some((session, user)) = Box::pin(begun.completed(app, request)).await?
    {
        return pending.go_on(request, &session, &user);
    }
    let outcome = async { begun?.sign_in(app, request, &code?, fetch::counts()).await };
    // Boxed: the SDK's futures are large.
    match Box::pin(outcome).await {
        Ok((caller, used, counts)) => {
            let proof = SignInProof::Code(used);
            begin_session(app, request, &pending, &caller, counts, &proof).await
        }
        Err(Error::MissingCredential) => {
            let form = SignIn { notice: Some(words::CODE_ENDED), ..SignIn::on(&pending) };
            Ok(form.show(app, request, StatusCode::FORBIDDEN, Vec::new()))
        }
        Err(error) => {
            let again = |status, errors| ask_for_code(request, &pending, &sealed, status, errors);
            rejected(error, CODE, second_factor::WRONG, again)
        }
    }
}

/// Begins the session of somebody who has proved to be the user, and goes on.
async fn begin_session(
    app: &App,
    request: &ApiRequest,
    pending: &PendingRequest,
    caller: &Caller<FullAccess>,
    counts: Option<Stored<Counts>>,
    proof: &SignInProof,
) -> Result<Response<Body>> {
    let (actor, user) = (caller.actor(), caller.user());
    let (counts, former) = (counts.as_ref(), former_session(request, user.id));
    let write = app.table.create_session(&actor, user, counts, browser(request), former, proof)?;
    let session = write.commit().await?;
    end_session_of_another(app, request, user.id).await;
    pending.go_on(request, &session, user)
}

/// Asks somebody whose password was right for a code.
fn ask_for_code(
    request: &ApiRequest,
    pending: &PendingRequest,
    begun: &str,
    status: StatusCode,
    errors: Vec<FieldError>,
) -> Response<Body> {
    let mut hidden = pending.hidden();
    hidden.push((BEGUN.to_owned(), begun.to_owned()));
    let form = Form {
        target: Some(Target::without_session(SIGN_IN_CODE)),
        hidden,
        fields: vec![code_field(second_factor::CODE, second_factor::CODE_HINT)],
        button: words::SIGN_IN,
        errors,
        has_focus: true,
        ..Form::default()
    };
    let content = html! {
        p { (words::ENTER_CODE_WHY) }
        p { (words::LOST_APP) }
    };
    let leads_away = pending.leads_away();
    View { status, leads_away, ..View::form(words::ENTER_CODE, content, form) }.show(request)
}

/// What a page says of a password or a code, entered in this field, that was not accepted.
pub(crate) fn rejected(
    error: Error,
    field: &'static str,
    wrong: &str,
    again: impl FnOnce(StatusCode, Vec<FieldError>) -> Response<Body>,
) -> Result<Response<Body>> {
    let (text, seconds) = match error {
        Error::Invalid(errors) => return Ok(again(StatusCode::BAD_REQUEST, errors)),
        Error::InvalidCredential | Error::Forbidden(_) | Error::NotFound("second factor") => {
            return Ok(again(StatusCode::FORBIDDEN, vec![FieldError::new(field, wrong)]));
        }
        Error::AttemptsInProgress => (words::BUSY.to_owned(), 1),
        Error::TooManyAttempts { retry_after } => {
            let seconds = http::whole_seconds(retry_after);
            (words::locked(seconds.div_ceil(60)), seconds)
        }
        error => return Err(error),
    };
    let mut response = again(StatusCode::TOO_MANY_REQUESTS, vec![FieldError::new("", text)]);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    Ok(response)
}

/// `POST /account/sign-out`: ends the session.
pub(crate) async fn sign_out(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let ended = AuthRequest::<ProfileRead, SessionCookie>::from_request(app, request)?
        .input(Ok(()))
        .respond(async |Authorized { caller, .. }| {
            let session = caller.session().ok_or(Error::MissingCredential)?.id;
            let write = app.table.delete_session(&caller.actor(), caller.user().id, session);
            caller.commit(app, write, |()| Ok(signed_out(request))).await
        })
        .await;
    let mut response = match ended {
        // It has ended already.
        Err(Error::InvalidCredential | Error::NotFound(_)) => signed_out(request),
        outcome => outcome?,
    };
    response.headers_mut().insert(SET_COOKIE, no_session_cookie(request)?);
    Ok(response)
}

fn signed_out(request: &ApiRequest) -> Response<Body> {
    let content = html! { p { a href=(SIGN_IN) { (words::SIGN_IN_AGAIN) } } };
    View::text(StatusCode::OK, words::SIGNED_OUT, content).show(request)
}

/// What proves once more who is signed in.
enum Proof {
    Password(String),
    Code(FactorCode),
}

/// `GET /account/confirm`: asks for the password once more, or a code if a second factor is on.
pub(crate) async fn show_confirm(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let query = request.query()?;
    let pending = PendingRequest::by_link(query.get("return_to").unwrap_or(HOME));
    AuthRequest::<ProfileRead, SessionCookie>::from_request(app, request)?
        .input(Ok(()))
        .respond(async |Authorized { caller, .. }| {
            let (user, status) = (caller.user(), StatusCode::OK);
            Ok(ask_to_confirm(app, request, user, &pending, status, Vec::new()))
        })
        .await
}

/// `POST /account/confirm`: the session has full access for a while.
///
/// Of two clicks the second one sends the cookie that the first one replaced, and the browser never
/// sees what the first one got. Such a cookie allows nothing, but the password that comes with it
/// signs in as on the page that does.
pub(crate) async fn confirm(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let auth = AuthRequest::<ProfileRead, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let pending = PendingRequest::carried(&mut fields);
    // A browser may fill the password in unasked; nobody enters a code by mistake.
    let (field, proof) = if entered(&mut fields, CODE).is_empty() {
        ("password", fields.required_non_empty("password").map(Proof::Password))
    } else {
        (CODE, fields.required_non_empty(CODE).map(Proof::Code))
    };
    let proof = fields.into_result(proof);
    let password = match &proof {
        Ok(Proof::Password(password)) => Some(password.clone()),
        _ => None,
    };
    let confirmed = auth
        .input(Ok(()))
        .respond(async |Authorized { caller, .. }| {
            let user = caller.user();
            let again =
                |status, errors| ask_to_confirm(app, request, user, &pending, status, errors);
            let verify = async {
                Ok::<_, Error>(match proof? {
                    Proof::Password(password) => {
                        caller.verify_current_password(app, &password).await?;
                        None
                    }
                    Proof::Code(code) => Some(caller.verify_code(app, &code).await?),
                })
            };
            // Boxed: the SDK's futures are large.
            let factor = match Box::pin(verify).await {
                Ok(factor) => factor,
                Err(error) => return rejected(error, field, words::PASSWORD_WRONG, again),
            };
            let session = caller.session().ok_or(Error::MissingCredential)?;
            let write = app.table.prove_session(&caller.actor(), session, factor.as_ref())?;
            let session = write.commit().await?;
            pending.go_on(request, &session, user)
        })
        .await;
    match (confirmed, password, presented_session(request)) {
        (Err(Error::InvalidCredential), Some(password), Some(outdated)) => {
            let basic = Basic::of_user(request, outdated.user(), password);
            let again = |status, errors| {
                let form = SignIn { notice: Some(words::ENDED), ..SignIn::on(&pending) };
                form.show(app, request, status, errors)
            };
            Box::pin(sign_in_by(app, request, &pending, &basic, again)).await
        }
        (confirmed, ..) => confirmed,
    }
}

fn ask_to_confirm(
    app: &App,
    request: &ApiRequest,
    user: &User,
    pending: &PendingRequest,
    status: StatusCode,
    errors: Vec<FieldError>,
) -> Response<Body> {
    let takes_code = user.second_factor_since.is_some();
    let password = Field {
        name: "password",
        label: words::PASSWORD,
        input: Input::Password,
        autocomplete: "current-password",
        is_alternative: takes_code,
        ..Field::default()
    };
    let code = Field { is_alternative: true, ..code_field(second_factor::CODE, words::OR_CODE) };
    let form = Form {
        target: Some(Target::new(request, CONFIRM)),
        hidden: pending.hidden(),
        fields: std::iter::once(password).chain(takes_code.then_some(code)).collect(),
        button: words::SEND,
        errors,
        has_focus: true,
        ..Form::default()
    };
    let heading = if takes_code { words::ENTER_EITHER } else { words::ENTER_PASSWORD };
    let content = html! {
        p {
            (words::SIGNED_IN_AS) " " strong { bdi { (user.username) } } ". "
            a href=(sign_in_again_path(pending.page())) { (words::NOT_YOU) }
        }
        p { (words::ENTER_PASSWORD_WHY) }
        @if app.settings.sends_mail { p.links { a href="/account/reset" { (words::FORGOT) } } }
    };
    let leads_away = pending.leads_away();
    let passkey = passkey::confirmation(request, pending.form_after_passkey());
    View { status, leads_away, passkey, ..View::form(heading, content, form) }.show(request)
}
