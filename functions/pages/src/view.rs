//! What all pages have in common.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::http::{self, ApiRequest};

use crate::form::Form;
use crate::script::{self, PASSKEY, SEND_ONCE, SHOW_PASSWORD};

/// The page of a form, or of what came of it: a heading, what it says, and a form if it has one.
pub(crate) struct View<'a> {
    pub(crate) status: StatusCode,
    pub(crate) heading: &'a str,
    pub(crate) content: Markup,
    pub(crate) form: Option<Form<'a>>,
    /// Whether what follows on its form may be on another site. Browsers apply `form-action` to every
    /// redirect that follows, so that no policy could say where the form goes.
    pub(crate) leads_away: bool,
    /// What does the same by a passkey, below the form: it takes a script.
    pub(crate) passkey: Option<Markup>,
}

impl View<'_> {
    /// A page with a form: 400 if something was wrong with what was entered.
    pub(crate) const fn form<'a>(heading: &'a str, content: Markup, form: Form<'a>) -> View<'a> {
        let status = if form.has_errors() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        View { status, heading, content, form: Some(form), leads_away: false, passkey: None }
    }

    /// A page of text.
    pub(crate) const fn text(status: StatusCode, heading: &str, content: Markup) -> View<'_> {
        View { status, heading, content, form: None, leads_away: false, passkey: None }
    }

    /// The response with the page.
    pub(crate) fn show(self, request: &ApiRequest) -> Response<Body> {
        let has_errors = self.form.as_ref().is_some_and(Form::has_errors);
        let title = if has_errors {
            format!("{}{}", crate::words::ERROR_PREFIX, self.heading)
        } else {
            self.heading.to_owned()
        };
        let once = self.form.as_ref().map(|_| &SEND_ONCE);
        let password = self.form.as_ref().filter(|form| form.takes_password());
        let password = password.map(|_| &SHOW_PASSWORD);
        let passkey = self.passkey.as_ref().map(|_| &PASSKEY);
        let scripts: Vec<_> = once.into_iter().chain(password).chain(passkey).collect();
        let card = html! {
            h1 { (self.heading) }
            @if let Some(form) = &self.form { (form.summary()) }
            (self.content)
            @if let Some(form) = &self.form { (form) }
            @if let Some(passkey) = &self.passkey { (passkey) }
            @for script in &scripts { (script) }
        };
        let page = request.page(&title, &card);
        if self.form.is_none() {
            return http::page(request, self.status, page, "form-action 'none';");
        }
        let scripts = script::directives(&scripts);
        let action = if self.leads_away { "" } else { "form-action 'self';" };
        http::page_with_form(request, self.status, page, &format!("{scripts} {action}"))
    }
}

/// The text, with the name of the service in its place.
pub(crate) fn fill(text: &str, request: &ApiRequest) -> String {
    text.replace("{service}", request.service_name())
}
