//! The profile: what somebody says of itself.

use std::fmt::Display;
use std::str::FromStr;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AuthRequest, Authorized, ProfileRead, ProfileWrite, SessionCookie};
use shared::http::{ApiRequest, Fields, entity_tag};
use shared::limits::{MAX_FULL_NAME, MAX_PHONE};
use shared::model::{GravatarEmail, OptionalText, ProfileLine, ProfileUrl, User};
use shared::table::{UserChange, Versioned};
use shared::{App, Error, FieldError, Result};

use crate::entry::see_other;
use crate::form::{Field, Form, Input, Target, VERSION, entered};
use crate::layout::{Screen, Section, day, facts, titled};
use crate::words::{layout, profile as words};

const PATH: &str = "/account";
const SAVED: &str = "/account?done=saved";
/// How many there are.
const COUNT: usize = 6;

/// The fields, in their order.
const FIELDS: [Field<'static>; COUNT] = [
    field("name", words::NAME, Some(words::NAME_HINT), Input::Words, "name"),
    field("location", words::LOCATION, None, Input::Words, "off"),
    field("company", words::COMPANY, None, Input::Words, "organization"),
    field("url", words::URL, Some(words::URL_HINT), Input::Url, "url"),
    field("gravatar_email", words::GRAVATAR, Some(words::GRAVATAR_HINT), Input::Email, "email"),
    field("phone", words::PHONE, None, Input::Phone, "tel"),
];

/// What they hold, in the same order.
type Values = [String; COUNT];

const fn field(
    name: &'static str,
    label: &'static str,
    hint: Option<&'static str>,
    input: Input<'static>,
    autocomplete: &'static str,
) -> Field<'static> {
    Field {
        name,
        label,
        hint,
        input,
        value: "",
        autocomplete,
        is_optional: true,
        is_alternative: false,
    }
}

/// What is stored.
fn stored(user: &User) -> Values {
    let User { full_name, location, company, profile_url, gravatar_email, phone, .. } = user;
    [full_name, location, company, profile_url, gravatar_email, phone].map(String::clone)
}

/// What is to be another text than the stored one.
fn changes(mut fields: Fields, user: &User) -> Result<UserChange> {
    fn changed<T: FromStr<Err: Display> + Into<String>>(
        fields: &mut Fields,
        name: &'static str,
        stored: &str,
    ) -> Option<String> {
        fields.optional::<T>(name).map(Into::into).filter(|text| text != stored)
    }
    let all = &mut fields;
    let change = UserChange {
        full_name: changed::<OptionalText<MAX_FULL_NAME>>(all, "name", &user.full_name),
        location: changed::<ProfileLine>(all, "location", &user.location),
        company: changed::<ProfileLine>(all, "company", &user.company),
        profile_url: changed::<ProfileUrl>(all, "url", &user.profile_url),
        gravatar_email: changed::<GravatarEmail>(all, "gravatar_email", &user.gravatar_email),
        phone: changed::<OptionalText<MAX_PHONE>>(all, "phone", &user.phone),
        ..UserChange::default()
    };
    fields.into_result(Some(change))
}

/// `GET /account`: the profile.
pub(crate) async fn show(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let query = request.query()?;
    let done = query.get("done").filter(|done| *done == "saved").map(|_| words::SAVED);
    AuthRequest::<ProfileRead, SessionCookie>::from_request(app, request)?
        .input(Ok(()))
        .respond(async |Authorized { caller, .. }| {
            let user = caller.user();
            let values = stored(user);
            let form = form(request, &values, entity_tag(&values)?, Vec::new());
            Ok(screen(user, &about(user), &form).done(done).show(request))
        })
        .await
}

/// `POST /account`: changes the profile, unless it was changed since the form was shown.
pub(crate) async fn update(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let auth = AuthRequest::<ProfileWrite, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let typed = FIELDS.map(|field| entered(&mut fields, field.name));
    let version: Option<String> = fields.optional(VERSION);
    auth.input(Ok(()))
        .respond(async |Authorized { caller, .. }| {
            let user = caller.user().clone();
            let change = match changes(fields, &user) {
                Err(Error::Invalid(errors)) => {
                    let form = form(request, &typed, version.unwrap_or_default(), errors);
                    let screen = screen(&user, &about(&user), &form);
                    return Ok(screen.with_status(StatusCode::BAD_REQUEST).show(request));
                }
                change => change?,
            };
            if change.is_empty() {
                return see_other(SAVED);
            }
            let caller = caller.if_match(version.as_deref());
            let caller = match caller.check_if_match(|user| (stored(user), user.versions())) {
                Err(Error::PreconditionFailed) => {
                    let now = stored(&user);
                    let form = form(request, &typed, entity_tag(&now)?, Vec::new());
                    let screen = screen(&user, &differences(&now, &typed), &form);
                    let status = StatusCode::CONFLICT;
                    return Ok(screen.problem(status, layout::CHANGED_MEANWHILE).show(request));
                }
                caller => caller?,
            };
            let write = app.table.change_user(&caller.actor(), caller.user(), &change)?;
            caller.commit(app, write, |_| see_other(SAVED)).await
        })
        .await
}

fn form<'a>(
    request: &ApiRequest,
    values: &'a Values,
    version: String,
    errors: Vec<FieldError>,
) -> Form<'a> {
    let fields = FIELDS.into_iter().zip(values).map(|(field, value)| Field { value, ..field });
    Form {
        target: Some(Target::new(request, PATH)),
        hidden: vec![(VERSION.to_owned(), version)],
        fields: fields.collect(),
        button: words::SAVE,
        errors,
        ..Form::default()
    }
}

fn screen<'a>(user: &'a User, above: &Markup, form: &Form<'_>) -> Screen<'a> {
    let content = html! { (above) (titled(words::CHANGE, form)) };
    Screen::new(user, Section::Profile, layout::PROFILE, content)
}

/// What the service says of the user.
fn about(user: &User) -> Markup {
    facts(&[
        (words::USERNAME, html! { (user.username) }),
        (words::EMAIL, html! { bdi { (user.primary_email) } }),
        (words::SINCE, day(user.created_at)),
        (words::NUMBER, html! { (user.number) }),
        (words::ID, html! { (user.id) }),
    ])
}

/// What is stored where something else was entered.
fn differences(now: &Values, typed: &Values) -> Markup {
    let differs =
        FIELDS.into_iter().zip(now.iter().zip(typed)).filter(|(_, (now, typed))| now != typed);
    let shown = differs.map(|(field, (now, _))| {
        let now = html! {
            @if now.is_empty() { span.quiet { (layout::EMPTY) } } @else { bdi { (now) } }
        };
        (field.label, now)
    });
    html! {
        h2 { (layout::STORED_NOW) }
        (facts(&shown.collect::<Vec<_>>()))
    }
}
