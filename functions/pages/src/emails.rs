//! E-mail addresses.

use lambda_http::http::header::RETRY_AFTER;
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AuthRequest, Authorized, EmailRead, EmailWrite, FullAccess, SessionCookie};
use shared::http::{self, ApiRequest};
use shared::model::{Email, EmailAddress, MailTokenSubject, User, UserId};
use shared::rollcall::{Page, Place};
use shared::table::{Table, fetch};
use shared::{App, Error, FieldError, Result, self_service};

use crate::entry::see_other;
use crate::form::{Field, Form, Input, Target, entered};
use crate::layout::{Screen, Section, act, confirm, day, pages, table, titled};
use crate::list::{back, list_page, own_query};
use crate::words::{emails as words, layout};

const PATH: &str = "/account/emails";

/// What was done, as the page says after it.
fn done(name: &str) -> Option<&'static str> {
    match name {
        "added" => Some(words::ADDED),
        "primary" => Some(words::IS_PRIMARY),
        "sent" => Some(words::SENT),
        "removed" => Some(words::REMOVED),
        _ => None,
    }
}

/// What is done to an address, as a path says it. A question mark is encoded once more: API Gateway
/// decodes the path, which then ends at one.
fn path(address: &EmailAddress, verb: &str) -> String {
    let address = address.as_entered().replace('%', "%25").replace('?', "%3F");
    format!("{PATH}/{}/{verb}", http::encode_segment(&address))
}

/// The address in a path; a malformed one is nobody's.
fn address_in_path(text: &str) -> Result<EmailAddress> {
    let address = text.replace("%3F", "?").replace("%25", "%");
    http::parse_segment(&address).ok_or(Error::NotFound("e-mail address"))
}

/// What the page says beside the addresses.
#[derive(Default)]
struct Notes {
    done: Option<&'static str>,
    /// What was not done, and why.
    problem: Option<(StatusCode, String)>,
    /// What was entered to be added, if something was, and what is wrong with it.
    typed: Option<String>,
    errors: Vec<FieldError>,
    /// The address that was entered, if somebody has it.
    taken: Option<EmailAddress>,
}

impl Notes {
    fn problem(self, status: StatusCode, text: impl Into<String>) -> Self {
        Self { problem: Some((status, text.into())), taken: None, ..self }
    }

    /// Why an address does not allow what is done to it.
    fn conflict(why: &str) -> Self {
        Self::default().problem(StatusCode::CONFLICT, why)
    }
}

/// `GET /account/emails`: a page of the addresses, oldest first.
pub(crate) async fn show(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let done = request.query()?.get("done").and_then(done);
    list(app, request, Notes { done, ..Notes::default() }).await
}

/// `POST /account/emails`: adds an address, which is not confirmed.
pub(crate) async fn add(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let auth = AuthRequest::<EmailWrite, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let typed = entered(&mut fields, "email");
    let address = fields.required_non_empty::<EmailAddress>("email");
    let added = auth
        .input(fields.into_result(address.clone()))
        .respond(async |Authorized { caller, input: address, .. }| {
            let write = app.table.add_email(&caller.actor(), caller.user(), address)?;
            caller.commit(app, write, |_| see_other(&format!("{PATH}?done=added"))).await
        })
        .await;
    let conflict = Notes { typed: Some(typed), taken: address, ..Notes::default() };
    or_explain(app, request, added, conflict).await
}

/// `POST /account/emails/{address}/primary`: makes a confirmed address the primary one.
pub(crate) async fn make_primary(
    app: &App,
    request: &ApiRequest,
    address: &str,
) -> Result<Response<Body>> {
    let outcome = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(address_in_path(address))
        .fetch(|address| fetch::email(address.clone()))
        .respond(async |Authorized { caller, fetched: email, .. }| {
            let email = email.ok_or(Error::NotFound("e-mail address"))?;
            let write =
                app.table.change_email(&caller.actor(), caller.user(), email, false, true)?;
            caller.commit(app, write, |_| back(request, PATH, "primary")).await
        })
        .await;
    or_explain(app, request, outcome, Notes::conflict(words::CONFIRM_FIRST)).await
}

/// `POST /account/emails/{address}/proof`: sends the link that confirms an address. It may be one
/// that somebody else has not confirmed: whoever does has it.
pub(crate) async fn request_proof(
    app: &App,
    request: &ApiRequest,
    address: &str,
) -> Result<Response<Body>> {
    let outcome = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(address_in_path(address))
        .fetch(|address| fetch::email_proof_request(address.clone()))
        .respond(async |Authorized { caller, input: address, fetched, .. }| {
            let user = caller.user();
            let subject = MailTokenSubject::Proof(user.id, address.digest());
            let new = self_service::new_link(app, request.base_url(), subject).await?;
            let actor = caller.actor();
            let write = app.table.request_email_proof(&actor, user, address, fetched, new).await?;
            caller.commit(app, write, |()| back(request, PATH, "sent")).await
        })
        .await;
    or_explain(app, request, outcome, Notes::conflict(words::IS_CONFIRMED)).await
}

/// `POST /account/emails/{address}/remove`: takes an address away, but never the primary one.
pub(crate) async fn remove(
    app: &App,
    request: &ApiRequest,
    address: &str,
) -> Result<Response<Body>> {
    let outcome = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(address_in_path(address))
        .fetch(|address| fetch::email(address.clone()))
        .respond(async |Authorized { caller, fetched: email, .. }| {
            let removed = || back(request, PATH, "removed");
            let Some(email) = email else { return removed() };
            let write = app.table.remove_email(&caller.actor(), caller.user(), &email)?;
            caller.commit(app, write, |()| removed()).await
        })
        .await;
    or_explain(app, request, outcome, Notes::conflict(words::STAYS)).await
}

/// The page again with why something was not done; with `conflict` if the address does not allow it.
async fn or_explain(
    app: &App,
    request: &ApiRequest,
    outcome: Result<Response<Body>>,
    conflict: Notes,
) -> Result<Response<Body>> {
    let mut retry_after = None;
    let notes = match outcome {
        Err(Error::Conflict(_)) => conflict,
        Err(Error::Invalid(errors)) if conflict.typed.is_some() => {
            Notes { errors, taken: None, ..conflict }
        }
        Err(Error::Invalid(errors)) => {
            let error = errors.first().map(FieldError::text).unwrap_or_default();
            conflict.problem(StatusCode::BAD_REQUEST, format!("{} {error}.", words::EMAIL))
        }
        Err(Error::NotFound(_)) => conflict.problem(StatusCode::NOT_FOUND, words::UNKNOWN),
        Err(Error::LimitReached(cap)) => {
            conflict.problem(StatusCode::CONFLICT, words::full(cap.max))
        }
        Err(Error::TooManyMails { retry_after: time }) => {
            let seconds = http::whole_seconds(time);
            retry_after = Some(HeaderValue::from(seconds));
            conflict.problem(StatusCode::TOO_MANY_REQUESTS, words::wait(seconds.div_ceil(60)))
        }
        outcome => return outcome,
    };
    let mut response = list(app, request, notes).await?;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    Ok(response)
}

/// The page with the addresses as they are now.
async fn list(app: &App, request: &ApiRequest, notes: Notes) -> Result<Response<Body>> {
    AuthRequest::<EmailRead, SessionCookie>::from_request(app, request)?
        .input(list_page::<Place>(request))
        .query(|table, user, _| addresses(table, user))
        .respond(async |Authorized { caller, input: page, queried: emails, .. }| {
            let user = caller.user();
            // The user and the addresses are read separately, as for the API.
            if !emails.iter().any(|(own, _)| user.primary_email.same_as(&own.address)) {
                return Err(Error::WriteConflict);
            }
            Ok(screen(app, request, user, emails, &page, notes).show(request))
        })
        .await
}

/// The addresses of a user, and whether mail to them came back.
async fn addresses(table: &Table, user: UserId) -> Result<Vec<(Email, bool)>> {
    table.with_marks(table.emails(user).await?).await
}

fn screen<'a>(
    app: &App,
    request: &ApiRequest,
    user: &'a User,
    emails: Vec<(Email, bool)>,
    page: &Page<Place>,
    notes: Notes,
) -> Screen<'a> {
    let Notes { done, problem, typed, mut errors, taken } = notes;
    let is_own = |address: &EmailAddress| emails.iter().any(|own| own.0.address.same_as(address));
    let elsewhere = taken.as_ref().filter(|address| !is_own(address)).cloned();
    if taken.is_some() {
        let why = if elsewhere.is_some() { words::TAKEN } else { words::OWN };
        errors.push(FieldError::new("email", why));
    }
    let status = match &taken {
        Some(_) => StatusCode::CONFLICT,
        None if errors.is_empty() => StatusCode::OK,
        None => StatusCode::BAD_REQUEST,
    };
    let sends_mail = app.settings.sends_mail;
    let place = |(own, _): &(Email, bool)| Place::new(user.id, own.added_at, &own.address.normal());
    let (listed, next) = page.of(emails, place);
    let (next, query) = (next.map(|next| next.to_string()), own_query(page));
    let cursor = page.after.as_ref().map(ToString::to_string);
    let columns = [words::EMAIL, words::STATE, ""];
    let rows: Vec<_> =
        listed.iter().map(|own| row(request, user, own, &query, sends_mail)).collect();
    let email = Field {
        name: "email",
        label: words::EMAIL,
        input: Input::Email,
        value: typed.as_deref().unwrap_or_default(),
        autocomplete: "email",
        ..Field::default()
    };
    let form = Form {
        target: Some(Target::new(request, PATH)),
        fields: vec![email],
        button: words::ADD_BUTTON,
        errors,
        ..Form::default()
    };
    let content = html! {
        p { (words::INTRODUCTION) }
        @if rows.is_empty() { p { (layout::NO_MORE) } }
        @else { (table(layout::EMAILS, &columns, rows)) }
        (pages(PATH, cursor.as_deref(), next.as_deref()))
        (titled(words::ADD, &form))
        @if let Some(address) = elsewhere.filter(|_| sends_mail) {
            p { (words::TAKEN_BUT_YOURS) }
            (act(request, path(&address, "proof"), words::SEND_LINK))
        }
    };
    let screen = Screen::new(user, Section::Emails, layout::EMAILS, content);
    match problem {
        Some((status, why)) => screen.problem(status, why),
        None => screen.with_status(status).done(done),
    }
}

/// The row of an address, to which mail came back or did not, on this page of the list.
fn row(
    request: &ApiRequest,
    user: &User,
    (email, came_back): &(Email, bool),
    query: &str,
    sends_mail: bool,
) -> Vec<Markup> {
    let address = &email.address;
    let path = |verb| format!("{}{query}", path(address, verb));
    let is_primary = user.primary_email.same_as(address);
    let proved_at = user.proved_at(email);
    let can_prove = sends_mail && !address.is_placeholder() && (proved_at.is_none() || *came_back);
    vec![
        html! { bdi { (address) } @if is_primary { " " strong.badge { (words::PRIMARY) } } },
        html! {
            @if address.is_placeholder() { (words::PLACEHOLDER) }
            @else if let Some(at) = proved_at { (words::CONFIRMED) " " (day(at)) }
            @else if email.verified { (words::REPORTED) }
            @else { (words::NOT_CONFIRMED) }
            @if *came_back { p.hint { (words::CAME_BACK) } }
        },
        html! {
            @if !is_primary && user.may_have_as_primary(email) {
                (act(request, path("primary"), words::MAKE_PRIMARY))
            }
            @if can_prove { (act(request, path("proof"), words::SEND_LINK)) }
            @if !is_primary {
                (confirm(request, path("remove"), words::REMOVE, words::REMOVE_WHY))
            }
        },
    ]
}
