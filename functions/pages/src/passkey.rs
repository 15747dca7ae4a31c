//! Passkeys. They are listed, renamed and removed as everything else is; adding one and signing in
//! with one takes a script, and the function `passkeys`, which knows WebAuthn.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AuthRequest, Authorized, FullAccess, SessionCookie, TokensRead, form_token};
use shared::http::{self, ApiRequest};
use shared::model::{Passkey, PasskeyId, PasskeyName};
use shared::table::fetch;
use shared::{App, Error, Result};

use crate::entry::see_other;
use crate::form::{Field, Form, Target};
use crate::layout::{Screen, Section, button, confirm, confirm_form, table, time};
use crate::script::PASSKEY;
use crate::second_factor::sessions_stay;
use crate::tokens::moment;
use crate::words::{layout, passkeys as words};

const PATH: &str = "/account/passkeys";

/// What was done, as the page says after it.
fn done(name: &str) -> Option<&'static str> {
    match name {
        "added" => Some(words::ADDED),
        "renamed" => Some(words::RENAMED),
        "removed" => Some(words::REMOVED),
        _ => None,
    }
}

/// `GET /account/passkeys`: all passkeys, oldest first.
pub(crate) async fn show(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let query = request.query()?;
    let done = query.get("done").and_then(done);
    list(app, request, |screen| screen.done(done)).await
}

async fn list(
    app: &App,
    request: &ApiRequest,
    say: impl FnOnce(Screen<'_>) -> Screen<'_>,
) -> Result<Response<Body>> {
    let is_removed = request.query()?.get("done") == Some("removed");
    AuthRequest::<TokensRead, SessionCookie>::from_request(app, request)?
        .input(Ok(()))
        .query(|table, user, ()| table.passkeys(user))
        .respond(async |Authorized { caller, queried: passkeys, .. }| {
            let content = html! {
                @if is_removed { (sessions_stay()) }
                p { (words::INTRODUCTION) }
                (own(request, &passkeys))
                (addition(request))
            };
            let screen = Screen::new(caller.user(), Section::Passkeys, layout::PASSKEYS, content);
            Ok(say(screen.with_script(&PASSKEY)).show(request))
        })
        .await
}

/// The list again, if it has words for what went wrong.
async fn or_list(
    app: &App,
    request: &ApiRequest,
    outcome: Result<Response<Body>>,
) -> Result<Response<Body>> {
    let (status, problem) = match outcome {
        Err(Error::Invalid(errors)) => {
            let texts: Vec<_> = errors.iter().map(|error| error.text().to_owned()).collect();
            let problem = format!("{} {}.", words::NOT_RENAMED, texts.join(", "));
            (StatusCode::BAD_REQUEST, problem)
        }
        Err(Error::NotFound(_)) => (StatusCode::NOT_FOUND, words::GONE.to_owned()),
        Err(Error::LastWayIn) => (StatusCode::CONFLICT, words::LAST_WAY_IN.to_owned()),
        outcome => return outcome,
    };
    list(app, request, |screen| screen.problem(status, problem)).await
}

/// `POST /account/passkeys/{id}/rename`.
pub(crate) async fn rename(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    let auth = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let name = fields.required_non_empty::<PasskeyName>("name");
    let name = fields.into_result(name);
    let outcome = auth
        .input(passkey_id(id).and_then(|id| Ok((id, name?))))
        .fetch(|(id, _)| fetch::passkey(*id))
        .respond(async |Authorized { caller, input: (_, name), fetched: passkey, .. }| {
            let passkey = passkey.ok_or(Error::NotFound("passkey"))?;
            let write = app.table.rename_passkey(&caller.actor(), &passkey, &name)?;
            caller.commit(app, write, |()| see_other(&format!("{PATH}?done=renamed"))).await
        })
        .await;
    or_list(app, request, outcome).await
}

/// `POST /account/passkeys/{id}/remove`: it does not sign in with the next request any more.
pub(crate) async fn remove(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    let outcome = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(passkey_id(id))
        .respond(async |Authorized { caller, input: id, .. }| {
            let write = app.table.remove_passkey(&caller.actor(), caller.user(), id);
            caller.commit(app, write, |()| see_other(&format!("{PATH}?done=removed"))).await
        })
        .await;
    or_list(app, request, outcome).await
}

/// The id in a path; a malformed one belongs to no passkey.
fn passkey_id(segment: &str) -> Result<PasskeyId> {
    http::parse_segment(segment).ok_or(Error::NotFound("passkey"))
}

fn own(request: &ApiRequest, passkeys: &[Passkey]) -> Markup {
    let row = |passkey: &Passkey| {
        let (path, id) = (format!("{PATH}/{}", passkey.id), passkey.id.to_string());
        let rename = Form {
            id: &id,
            fields: vec![name(passkey.name.as_str())],
            ..button(request, format!("{path}/rename"), words::RENAME)
        };
        let remove = format!("{path}/remove");
        vec![
            html! { bdi { (passkey.name) } },
            time(passkey.created_at),
            moment(passkey.last_used_at),
            html! {
                (confirm_form(words::RENAME_WHY, &rename))
                (confirm(request, remove, words::REMOVE, words::REMOVE_WHY))
            },
        ]
    };
    let columns = [words::NAME, words::ADDED_AT, words::LAST_USED, ""];
    html! {
        @if passkeys.is_empty() { p { (words::EMPTY) } }
        @else { (table(layout::PASSKEYS, &columns, passkeys.iter().map(row).collect())) }
    }
}

fn name(value: &str) -> Field<'_> {
    Field { name: "name", label: words::NAME, value, autocomplete: "off", ..Field::default() }
}

/// What a device is asked, and what follows when it has answered.
struct Ask<'a> {
    /// The function of the script: `create` or `get`.
    act: &'static str,
    /// Where the answer goes; the challenge comes from below it.
    path: &'static str,
    /// The page that asks to enter the password again, if the answer may take that.
    confirm: Option<&'static str>,
    /// Where to go then, if not where the form is sent.
    next: Option<&'static str>,
    form: Form<'a>,
    failed: &'static str,
}

impl Ask<'_> {
    /// Hidden until the script runs, which reads the attributes.
    fn show(&self, request: &ApiRequest) -> Markup {
        let token = |path: &str| form_token(request, path).unwrap_or_default();
        html! {
            div hidden data-passkey=(self.act) data-path=(self.path)
                data-asking=(token(&format!("{}/challenge", self.path)))
                data-answering=(token(self.path))
                data-confirm=[self.confirm] data-next=[self.next] {
                p role="alert" hidden { (self.failed) }
                (self.form)
            }
        }
    }
}

fn addition(request: &ApiRequest) -> Markup {
    if !request.base_url().has_domain_name() {
        return html! { p.hint { (words::NEEDS_DOMAIN) } };
    }
    let form = Form {
        id: "new",
        target: Some(Target::without_session(PATH)),
        fields: vec![Field { hint: Some(words::NAME_HINT), ..name("") }],
        button: words::ADD,
        ..Form::default()
    };
    let ask = Ask {
        act: "create",
        path: "/account/webauthn/registration",
        confirm: Some("/account/confirm?return_to=/account/passkeys"),
        next: Some("/account/passkeys?done=added"),
        form,
        failed: words::NOT_ADDED,
    };
    html! {
        section {
            h2 { (words::ADD) }
            noscript { p { (words::NEEDS_SCRIPT) } }
            (ask.show(request))
        }
    }
}

/// The button that signs in with a passkey. Then `form` is sent, which goes on to where the person
/// was going; nothing without a domain name.
pub(crate) fn sign_in(request: &ApiRequest, form: Form<'_>) -> Option<Markup> {
    let form = Form { id: "passkey", button: words::SIGN_IN, ..form };
    used(request, "/account/webauthn/sign-in", form)
}

/// The same for who is signed in, and has to prove it once more.
pub(crate) fn confirmation(request: &ApiRequest, form: Form<'_>) -> Option<Markup> {
    let form = Form { id: "passkey", button: words::CONFIRM, ..form };
    used(request, "/account/webauthn/confirmation", form)
}

fn used(request: &ApiRequest, path: &'static str, form: Form<'_>) -> Option<Markup> {
    let (failed, form) = (words::NOT_USED, Form { is_secondary: true, ..form });
    let ask = Ask { act: "get", path, confirm: None, next: None, form, failed };
    request.base_url().has_domain_name().then(|| ask.show(request))
}
