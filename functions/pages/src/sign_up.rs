//! Signing up: the address, then the link of the mail.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::html;
use shared::http::{ApiRequest, Fields};
use shared::model::EmailAddress;
use shared::self_service::{self, SignUpDetails};
use shared::{App, Error, FieldError, Result};

use crate::entry::{HOME, sign_in_next};
use crate::form::{Field, Form, Input, entered};
use crate::view::{View, fill};
use crate::words::sign_up as words;

/// `GET /account/sign-up`: asks for the address.
pub(crate) fn show(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    check(app)?;
    Ok(ask(request, "", Vec::new()))
}

/// `POST /account/sign-up`: sends the link. The page is the same for every address.
pub(crate) async fn request(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    check(app)?;
    let mut fields = request.optional_form()?;
    let typed = entered(&mut fields, "email");
    let email = fields.required_non_empty("email");
    match fields.into_result::<EmailAddress>(email) {
        Ok(address) => {
            self_service::request_sign_up(app, request, address).await?;
            let content = html! {
                p { (words::SENT) " " strong { bdi { (typed) } } "." }
                p { (words::NO_MAIL_CAME) }
            };
            Ok(View::text(StatusCode::OK, words::CHECK_MAIL, content).show(request))
        }
        Err(Error::Invalid(errors)) => Ok(ask(request, &typed, errors)),
        Err(error) => Err(error),
    }
}

/// `GET /account/sign-up/{token}`: asks for username, name and password. The link works on.
pub(crate) async fn show_link(
    app: &App,
    request: &ApiRequest,
    token: &str,
) -> Result<Response<Body>> {
    let address = self_service::address_to_sign_up(app, token).await?;
    Ok(ask_who(request, &address, &Entered::default(), StatusCode::OK, Vec::new()))
}

/// `POST /account/sign-up/{token}`: makes the user.
pub(crate) async fn complete(
    app: &App,
    request: &ApiRequest,
    token: &str,
) -> Result<Response<Body>> {
    let mut fields = request.optional_form()?;
    let typed = Entered::read(&mut fields);
    let details = SignUpDetails::read(fields);
    let (status, errors) = match self_service::sign_up(app, request, token, details).await {
        Ok(user) => {
            let content = html! {
                p { (words::USERNAME_IS) " " strong { (user.username) } "." }
                (sign_in_next(HOME))
            };
            return Ok(View::text(StatusCode::OK, words::DONE, content).show(request));
        }
        Err(Error::Invalid(errors)) => (StatusCode::BAD_REQUEST, errors),
        Err(Error::Conflict(_)) => {
            (StatusCode::CONFLICT, vec![FieldError::new("username", words::TAKEN)])
        }
        Err(error) => return Err(error),
    };
    let address = self_service::address_to_sign_up(app, token).await?;
    Ok(ask_who(request, &address, &typed, status, errors))
}

/// The errors of a service where nobody can sign up.
fn check(app: &App) -> Result<()> {
    self_service::check_sign_up(app)?;
    if app.settings.sends_mail { Ok(()) } else { Err(Error::MailNotConfigured) }
}

fn ask(request: &ApiRequest, entered: &str, errors: Vec<FieldError>) -> Response<Body> {
    let email = Field {
        name: "email",
        label: words::EMAIL,
        input: Input::Email,
        value: entered,
        autocomplete: "email",
        ..Field::default()
    };
    let form = Form {
        fields: vec![email],
        button: words::SEND,
        errors,
        has_focus: true,
        ..Form::default()
    };
    let content = html! { p { (fill(words::INTRODUCTION, request)) } };
    View::form(words::HEADING, content, form).show(request)
}

/// What was entered last, without the password.
#[derive(Default)]
pub(crate) struct Entered {
    username: String,
    name: String,
}

impl Entered {
    pub(crate) fn read(fields: &mut Fields) -> Self {
        Self { username: entered(fields, "username"), name: entered(fields, "name") }
    }
}

/// What whoever becomes a user enters.
pub(crate) fn identity_fields(entered: &Entered) -> Vec<Field<'_>> {
    vec![
        Field {
            name: "username",
            label: words::USERNAME,
            hint: Some(words::USERNAME_HINT),
            input: Input::Name,
            value: &entered.username,
            autocomplete: "username",
            ..Field::default()
        },
        Field {
            name: "name",
            label: words::NAME,
            hint: Some(words::NAME_HINT),
            value: &entered.name,
            autocomplete: "name",
            is_optional: true,
            ..Field::default()
        },
        Field::new_password(words::PASSWORD),
    ]
}

fn ask_who(
    request: &ApiRequest,
    address: &EmailAddress,
    entered: &Entered,
    status: StatusCode,
    errors: Vec<FieldError>,
) -> Response<Body> {
    let fields = identity_fields(entered);
    let form = Form { fields, button: words::SIGN_UP, errors, has_focus: true, ..Form::default() };
    let content = html! {
        p { (fill(words::YOU_SIGN_UP_WITH, request)) " " strong { bdi { (address) } } "." }
    };
    View { status, ..View::form(words::FINISH, content, form) }.show(request)
}
