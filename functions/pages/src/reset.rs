//! A lost password: who lost it, then the link of the mail.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::html;
use shared::http::{ApiRequest, Fields};
use shared::self_service::{self, PasswordResetDetails};
use shared::{App, Error, FieldError, Result};

use crate::entry::{HOME, rejected, sign_in_next};
use crate::form::{Field, Form, Input, entered};
use crate::second_factor::{CODE, code_field};
use crate::view::{View, fill};
use crate::words::{reset as words, second_factor};

/// The field whose checkbox leaves keys as they are.
const KEEP: &str = "keepApiKeys";

/// `GET /account/reset`: asks for the username or an address.
pub(crate) fn show(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    check(app)?;
    Ok(ask(request, "", Vec::new()))
}

/// `POST /account/reset`: sends the link. The page is the same for every name.
pub(crate) async fn request(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    check(app)?;
    let mut fields = request.optional_form()?;
    let typed = entered(&mut fields, "name");
    match self_service::reset_name(fields) {
        Ok(name) => {
            self_service::request_password_reset(app, request, name.as_str()).await?;
            let content = html! {
                p { (fill(words::SENT, request)) }
                p { (words::NO_MAIL_CAME) }
            };
            Ok(View::text(StatusCode::OK, words::CHECK_MAIL, content).show(request))
        }
        Err(Error::Invalid(errors)) => Ok(ask(request, &typed, errors)),
        Err(error) => Err(error),
    }
}

/// `GET /account/reset/{token}`: asks for the password, and for a code if a second factor is on. The
/// link works on.
pub(crate) async fn show_link(
    app: &App,
    request: &ApiRequest,
    token: &str,
) -> Result<Response<Body>> {
    let takes_code = self_service::check_password_reset(app, token).await?;
    Ok(ask_password(request, takes_code, "", StatusCode::OK, Vec::new()))
}

/// `POST /account/reset/{token}`: sets the password.
pub(crate) async fn complete(
    app: &App,
    request: &ApiRequest,
    token: &str,
) -> Result<Response<Body>> {
    let mut fields = request.optional_form()?;
    let (keep, had_code) = (entered(&mut fields, KEEP), fields.has(CODE));
    let error = match self_service::reset_password(app, request, token, details(fields)).await {
        Ok(()) => {
            let content = html! {
                p { (words::SIGNED_OUT) }
                (sign_in_next(HOME))
            };
            return Ok(View::text(StatusCode::OK, words::DONE, content).show(request));
        }
        Err(error) => error,
    };
    let again = |status, errors: Vec<FieldError>| {
        // It may have been turned on since the page was shown.
        let takes_code = had_code || errors.iter().any(|error| error.field() == CODE);
        ask_password(request, takes_code, &keep, status, errors)
    };
    rejected(error, CODE, second_factor::WRONG, again)
}

fn check(app: &App) -> Result<()> {
    if app.settings.sends_mail { Ok(()) } else { Err(Error::MailNotConfigured) }
}

fn ask(request: &ApiRequest, entered: &str, errors: Vec<FieldError>) -> Response<Body> {
    let name = Field {
        name: "name",
        label: words::NAME,
        input: Input::Name,
        value: entered,
        autocomplete: "username",
        ..Field::default()
    };
    let form = Form {
        fields: vec![name],
        button: words::SEND,
        errors,
        has_focus: true,
        ..Form::default()
    };
    let content = html! { p { (fill(words::INTRODUCTION, request)) } };
    View::form(words::HEADING, content, form).show(request)
}

/// The password, whether keys stay, and the code.
fn details(mut fields: Fields) -> Result<PasswordResetDetails> {
    let password = fields.required_non_empty("password");
    let keeps_keys = fields.optional_true(KEEP);
    let code = fields.non_empty(CODE);
    let details = password.map(|password| PasswordResetDetails { password, keeps_keys, code });
    fields.into_result(details)
}

fn ask_password(
    request: &ApiRequest,
    takes_code: bool,
    keep: &str,
    status: StatusCode,
    errors: Vec<FieldError>,
) -> Response<Body> {
    let code = takes_code.then(|| code_field(second_factor::CODE, second_factor::CODE_HINT));
    let keep = Field {
        name: KEEP,
        label: words::KEEP,
        hint: Some(words::KEEP_HINT),
        input: Input::Checkbox,
        value: keep,
        is_optional: true,
        ..Field::default()
    };
    let fields =
        std::iter::once(Field::new_password(words::PASSWORD)).chain(code).chain([keep]).collect();
    let form = Form { fields, button: words::SET, errors, has_focus: true, ..Form::default() };
    let content = html! { p { (words::WHAT_ENDS) } };
    View { status, ..View::form(words::CHOOSE, content, form) }.show(request)
}
