//! API keys, SSH keys and the S3 key.

use std::fmt;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AuthRequest, Authorized, FullAccess, SessionCookie, TokensRead};
use shared::http::{self, ApiRequest, Fields};
use shared::model::{ApiKey, ApiKeyId, MakerId, S3Key, SshKey, User};
use shared::openssh::{KeyName, PublicKey};
use shared::table::fetch;
use shared::{App, Error, FieldError, Result};

use crate::entry::see_other;
use crate::form::{Field, Form, Hidden, Input, Target, entered, once};
use crate::layout::{
    Screen, Section, button, confirm, confirm_form, facts, secret, table, time, titled,
};
use crate::tokens::moment;
use crate::words::{keys as words, layout};

const PATH: &str = "/account/keys";

/// The form of a new SSH key.
#[derive(Default)]
struct NewSshKey {
    name: String,
    public_key: String,
    errors: Vec<FieldError>,
}

impl NewSshKey {
    fn entered(fields: &mut Fields) -> Self {
        let public_key = entered(fields, "publicKey");
        // A private key that was pasted by mistake is not shown again.
        let is_private = public_key.contains("PRIVATE KEY");
        let public_key = if is_private { String::new() } else { public_key };
        Self { name: entered(fields, "name"), public_key, errors: Vec::new() }
    }

    fn show(&self, request: &ApiRequest) -> Markup {
        let fields = vec![
            Field {
                name: "name",
                label: words::NAME,
                value: &self.name,
                autocomplete: "off",
                ..Field::default()
            },
            Field {
                name: "publicKey",
                label: words::PUBLIC_KEY,
                hint: Some(words::PUBLIC_KEY_HINT),
                input: Input::Lines,
                value: &self.public_key,
                ..Field::default()
            },
        ];
        let form = Form {
            target: Some(Target::new(request, format!("{PATH}/ssh"))),
            fields,
            button: words::ADD_SSH_KEY,
            errors: self.errors.clone(),
            ..Form::default()
        };
        titled(words::ADD_SSH_KEY, &form)
    }
}

/// What was done, as the page says after it.
fn done(name: &str) -> Option<&'static str> {
    match name {
        "api-key-deleted" => Some(words::API_KEY_DELETED),
        "ssh-key-added" => Some(words::SSH_KEY_ADDED),
        "ssh-key-deleted" => Some(words::SSH_KEY_DELETED),
        _ => None,
    }
}

/// `GET /account/keys`: all keys.
pub(crate) async fn show(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let query = request.query()?;
    let done = query.get("done").and_then(done);
    list(app, request, &NewSshKey::default(), |screen| screen.done(done)).await
}

async fn list(
    app: &App,
    request: &ApiRequest,
    new: &NewSshKey,
    say: impl FnOnce(Screen<'_>) -> Screen<'_>,
) -> Result<Response<Body>> {
    AuthRequest::<TokensRead, SessionCookie>::from_request(app, request)?
        .input(Ok(()))
        .respond(async |Authorized { caller, .. }| {
            let (user, once) = (caller.user(), once()?);
            let content = html! {
                (api_keys(request, user, &once))
                (ssh_keys(request, user))
                (new.show(request))
                (s3_key(request, user, &once))
            };
            Ok(say(Screen::new(user, Section::Keys, layout::KEYS, content)).show(request))
        })
        .await
}

/// The list again, if it has words for what went wrong.
async fn or_list(
    app: &App,
    request: &ApiRequest,
    mut new: NewSshKey,
    outcome: Result<Response<Body>>,
) -> Result<Response<Body>> {
    let (status, problem) = match outcome {
        Err(Error::Invalid(errors)) => {
            new.errors = errors;
            (StatusCode::BAD_REQUEST, words::NOT_ADDED.to_owned())
        }
        Err(Error::Conflict(_)) => {
            new.errors = vec![FieldError::new("publicKey", words::HAVE_IT)];
            (StatusCode::CONFLICT, words::NOT_ADDED.to_owned())
        }
        Err(Error::LimitReached(cap)) => (StatusCode::CONFLICT, words::too_many(cap)),
        Err(Error::NotFound(_)) => (StatusCode::NOT_FOUND, words::GONE.to_owned()),
        outcome => return outcome,
    };
    list(app, request, &new, |screen| screen.problem(status, problem)).await
}

/// `POST /account/keys/api`: makes an API key.
pub(crate) async fn create_api_key(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let outcome = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(Ok(()))
        .fetch(|()| fetch::counts())
        .respond(async |Authorized { caller, fetched: counts, .. }| {
            let user = caller.user().clone();
            let service_key = app.service_keys.current().await?;
            let key = ApiKey::generate(&service_key)?;
            let secret = key.secret(user.id, &service_key)?;
            let write = app.table.create_api_key(&caller.actor(), &user, counts.as_ref(), key)?;
            caller.commit(app, write, |key| Ok(show_api(request, &user, &key, &secret))).await
        })
        .await;
    or_list(app, request, NewSshKey::default(), outcome).await
}

/// `POST /account/keys/api/{id}/renew`: gives an API key another secret.
pub(crate) async fn renew_api_key(
    app: &App,
    request: &ApiRequest,
    id: &str,
) -> Result<Response<Body>> {
    let outcome = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(api_key_id(id))
        .fetch(|_| fetch::counts())
        .respond(async |Authorized { caller, input: id, fetched: counts, .. }| {
            let user = caller.user().clone();
            let service_key = app.service_keys.current().await?;
            let key = own_api_key(&user, id)?.renewed(&service_key)?;
            let secret = key.secret(user.id, &service_key)?;
            let write = app.table.renew_api_key(&caller.actor(), &user, counts.as_ref(), key)?;
            caller.commit(app, write, |key| Ok(show_api(request, &user, &key, &secret))).await
        })
        .await;
    or_list(app, request, NewSshKey::default(), outcome).await
}

/// `POST /account/keys/api/{id}/delete`: the key stops working with the next request.
pub(crate) async fn delete_api_key(
    app: &App,
    request: &ApiRequest,
    id: &str,
) -> Result<Response<Body>> {
    let outcome = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(api_key_id(id))
        .respond(async |Authorized { caller, input: id, .. }| {
            own_api_key(caller.user(), id)?;
            let write = app.table.delete_api_key(&caller.actor(), caller.user(), id);
            caller.commit(app, write, |()| to_list("api-key-deleted")).await
        })
        .await;
    or_list(app, request, NewSshKey::default(), outcome).await
}

/// `POST /account/keys/ssh`: adds a public key.
pub(crate) async fn add_ssh_key(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let auth = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let form = NewSshKey::entered(&mut fields);
    let name = fields.required_non_empty::<KeyName>("name");
    let public = fields.required_non_empty::<PublicKey>("publicKey");
    let outcome = auth
        .input(fields.into_result(name.zip(public)))
        .respond(async |Authorized { caller, input: (name, public), .. }| {
            let key = public.to_stored(name, caller.user())?;
            let write = app.table.add_ssh_key(&caller.actor(), caller.user(), key)?;
            caller.commit(app, write, |_| to_list("ssh-key-added")).await
        })
        .await;
    or_list(app, request, form, outcome).await
}

/// `POST /account/keys/ssh/{number}/delete`. A malformed number is an unknown one.
pub(crate) async fn delete_ssh_key(
    app: &App,
    request: &ApiRequest,
    number: &str,
) -> Result<Response<Body>> {
    let outcome = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(Ok(()))
        .respond(async |Authorized { caller, .. }| {
            let write = app.table.delete_ssh_key(&caller.actor(), caller.user(), number)?;
            caller.commit(app, write, |()| to_list("ssh-key-deleted")).await
        })
        .await;
    or_list(app, request, NewSshKey::default(), outcome).await
}

/// `POST /account/keys/s3`: gives the S3 key another secret.
pub(crate) async fn renew_s3_key(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(Ok(()))
        .respond(async |Authorized { caller, .. }| {
            let user = caller.user().clone();
            let service_key = app.service_keys.current().await?;
            let key = S3Key::with_new_secret(user.id, user.s3_key.as_ref(), &service_key)?;
            let (id, secret) = (key.id.clone(), key.secret(user.id, &service_key)?);
            let write = app.table.replace_s3_key(&caller.actor(), &user, key)?;
            let (heading, file) = (words::NEW_S3_SECRET, "s3-secret.txt");
            let view = |_| Ok(show_secret(request, &user, heading, &id, file, &secret));
            caller.commit(app, write, view).await
        })
        .await
}

/// The id in a path; a malformed one belongs to no key.
fn api_key_id(segment: &str) -> Result<ApiKeyId> {
    http::parse_segment(segment).ok_or(Error::NotFound("API key"))
}

fn own_api_key(user: &User, id: ApiKeyId) -> Result<&ApiKey> {
    user.api_keys.get(&id.to_string()).ok_or(Error::NotFound("API key"))
}

fn to_list(done: &str) -> Result<Response<Body>> {
    see_other(&format!("{PATH}?done={done}"))
}

fn show_api(request: &ApiRequest, user: &User, key: &ApiKey, secret: &str) -> Response<Body> {
    let id = key.id.to_api_key(user.id);
    show_secret(request, user, words::NEW_API_SECRET, &id, "api-secret.txt", secret)
}

/// The one page that shows the secret of a key.
fn show_secret(
    request: &ApiRequest,
    user: &User,
    heading: &str,
    key: &str,
    file: &str,
    text: &str,
) -> Response<Body> {
    let content = html! {
        p { (words::KEY) ": " code { (key) } }
        (secret(words::SECRET, file, text))
        p { a href=(PATH) { (words::BACK) } }
    };
    Screen::new(user, Section::Keys, heading, content).with_secret().show(request)
}

/// The form that makes a secret, once.
fn making<'a>(request: &ApiRequest, path: String, label: &'a str, once: &Hidden) -> Form<'a> {
    Form { hidden: vec![once.clone()], ..button(request, path, label) }
}

fn api_keys(request: &ApiRequest, user: &User, once: &Hidden) -> Markup {
    let row = |key: &&ApiKey| {
        let path = format!("{PATH}/api/{}", key.id);
        let (renew, delete) = (format!("{path}/renew"), format!("{path}/delete"));
        let renew = making(request, renew, words::RENEW, once);
        vec![
            identified(&html! { code { (key.id.to_api_key(user.id)) } }, &key.id),
            html! { (time(key.created_at)) (made_by(key.lineage.made_by)) },
            moment(key.last_used_at),
            html! {
                (confirm_form(words::RENEW_API_KEY_WHY, &renew))
                (confirm(request, delete, words::DELETE, words::DELETE_API_KEY_WHY))
            },
        ]
    };
    let mut keys: Vec<_> = user.api_keys.values().collect();
    keys.sort_by_key(|key| key.created_at);
    let columns = [words::KEY, words::MADE, words::LAST_USED, ""];
    html! {
        h2 { (words::API_KEYS) }
        p { (words::API_KEYS_WHY) }
        @if keys.is_empty() { p { (words::NO_API_KEYS) } }
        @else { (table(words::API_KEYS, &columns, keys.iter().map(row).collect())) }
        (making(request, format!("{PATH}/api"), words::MAKE_API_KEY, once))
    }
}

/// Where an SSH key is used, the service is not asked: no last use is known.
fn ssh_keys(request: &ApiRequest, user: &User) -> Markup {
    let row = |key: &SshKey| {
        let delete = format!("{PATH}/ssh/{}/delete", key.id);
        vec![
            identified(&html! { bdi { (key.name) } }, &key.id),
            html! { code { (key.fingerprint) } },
            html! { (time(key.created_at)) (made_by(key.lineage.made_by)) },
            confirm(request, delete, words::DELETE, words::DELETE_SSH_KEY_WHY),
        ]
    };
    let columns = [words::NAME, words::FINGERPRINT, words::MADE, ""];
    html! {
        h2 { (words::SSH_KEYS) }
        @if user.ssh_keys.is_empty() { p { (words::NO_SSH_KEYS) } }
        @else { (table(words::SSH_KEYS, &columns, user.ssh_keys.iter().map(row).collect())) }
    }
}

fn s3_key(request: &ApiRequest, user: &User, once: &Hidden) -> Markup {
    let stored = user.s3_key.as_ref();
    let key = html! { code { (S3Key::id_of(user.id, stored)) } };
    let renew = making(request, format!("{PATH}/s3"), words::RENEW, once);
    let since = html! {
        (moment(stored.and_then(|key| key.created_at)))
        (made_by(stored.and_then(|key| key.lineage.made_by)))
    };
    html! {
        section {
            h2 { (words::S3_KEY) }
            p { (words::S3_KEY_WHY) }
            (facts(&[(words::KEY, key), (words::SECRET_SINCE, since)]))
            (confirm_form(words::RENEW_S3_WHY, &renew))
        }
    }
}

/// What something is called, with the id that it has in the log.
pub(crate) fn identified(name: &Markup, id: &impl fmt::Display) -> Markup {
    html! { (name) p.hint { code { (id.to_string()) } } }
}

/// The credential that made another one; nothing if the user did.
pub(crate) fn made_by(maker: Option<MakerId>) -> Markup {
    let kind = match maker {
        Some(MakerId::Token(_)) => words::TOKEN,
        Some(MakerId::ApiKey(_)) => words::API_KEY,
        None => return Markup::default(),
    };
    html! {
        @if let Some(maker) = maker {
            p.hint { (words::BY) " " (kind) " " code { (maker.to_string()) } }
        }
    }
}
