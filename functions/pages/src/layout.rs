//! The pages of somebody who is signed in: all have the same frame, and the same parts.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, Render, html};
use shared::http::{self, ApiRequest};
use shared::model::{AccountId, Timestamp, User};

use crate::form::{Form, Target};
use crate::script::{self, SECRET, Script};
use crate::words::layout as words;

/// What a person sees of the own profile.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Profile,
    Emails,
    Password,
    SecondFactor,
    Passkeys,
    Sessions,
    Tokens,
    Keys,
    Apps,
    Activity,
    Accounts,
}

impl Section {
    const ALL: [Self; 11] = [
        Self::Profile,
        Self::Emails,
        Self::Password,
        Self::SecondFactor,
        Self::Passkeys,
        Self::Sessions,
        Self::Accounts,
        Self::Tokens,
        Self::Keys,
        Self::Apps,
        Self::Activity,
    ];

    const fn link(self) -> (&'static str, &'static str) {
        match self {
            Self::Profile => ("/account", words::PROFILE),
            Self::Emails => ("/account/emails", words::EMAILS),
            Self::Password => ("/account/password", words::PASSWORD),
            Self::SecondFactor => ("/account/second-factor", words::SECOND_FACTOR),
            Self::Passkeys => ("/account/passkeys", words::PASSKEYS),
            Self::Sessions => ("/account/sessions", words::SESSIONS),
            Self::Tokens => ("/account/tokens", words::TOKENS),
            Self::Keys => ("/account/keys", words::KEYS),
            Self::Apps => ("/account/apps", words::APPS),
            Self::Activity => ("/account/activity", words::ACTIVITY),
            Self::Accounts => ("/account/accounts", words::ACCOUNTS),
        }
    }
}

/// What a member sees of an account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountSection {
    Overview,
    Members,
    Invitations,
    Registry,
    Activity,
}

impl AccountSection {
    const ALL: [Self; 5] =
        [Self::Overview, Self::Members, Self::Invitations, Self::Registry, Self::Activity];

    const fn link(self) -> (&'static str, &'static str) {
        match self {
            Self::Overview => ("", words::OVERVIEW),
            Self::Members => ("/members", words::MEMBERS),
            Self::Invitations => ("/invitations", words::INVITATIONS),
            Self::Registry => ("/registry", words::REGISTRY),
            Self::Activity => ("/activity", words::ACTIVITY),
        }
    }

    /// For whom it is: what is an admin's alone is no link for others.
    const fn is_for(self, is_admin: bool) -> bool {
        is_admin || matches!(self, Self::Overview | Self::Members)
    }
}

/// The account that a page is of.
pub(crate) struct OfAccount<'a> {
    pub(crate) id: AccountId,
    pub(crate) name: &'a str,
    pub(crate) section: AccountSection,
    pub(crate) is_admin: bool,
}

/// A page of somebody who is signed in.
pub(crate) struct Screen<'a> {
    pub(crate) user: &'a User,
    pub(crate) section: Section,
    pub(crate) account: Option<OfAccount<'a>>,
    pub(crate) heading: &'a str,
    pub(crate) status: StatusCode,
    /// What was done, or what was not and why.
    pub(crate) message: Option<Message>,
    pub(crate) content: Markup,
    /// Its script, if it has one.
    pub(crate) script: Option<&'static Script>,
}

/// What a page says first.
pub(crate) enum Message {
    Done(&'static str),
    Problem(String),
}

impl<'a> Screen<'a> {
    /// A page without a message, with status 200.
    pub(crate) const fn new(
        user: &'a User,
        section: Section,
        heading: &'a str,
        content: Markup,
    ) -> Self {
        Self {
            user,
            section,
            account: None,
            heading,
            status: StatusCode::OK,
            message: None,
            content,
            script: None,
        }
    }

    /// The same page of an account.
    pub(crate) fn of_account(self, account: OfAccount<'a>) -> Self {
        Self { account: Some(account), ..self }
    }

    /// The same page, which says first what was done; nothing, if the text is `None`.
    pub(crate) fn done(self, text: Option<&'static str>) -> Self {
        Self { message: text.map(Message::Done), ..self }
    }

    /// The same page, which says first why something was not done.
    pub(crate) fn problem(self, status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, message: Some(Message::Problem(text.into())), ..self }
    }

    /// The same page with this status, for a form that says what is wrong.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same page with a secret.
    pub(crate) fn with_secret(self) -> Self {
        self.with_script(&SECRET)
    }

    /// The same page with this script.
    pub(crate) fn with_script(self, script: &'static Script) -> Self {
        Self { script: Some(script), ..self }
    }

    /// The response with the page.
    pub(crate) fn show(self, request: &ApiRequest) -> Response<Body> {
        let heading = self.heading;
        let prefix = if self.status.is_success() { "" } else { crate::words::ERROR_PREFIX };
        let title = format!("{prefix}{heading}");
        let page = request.document(&title, Some("wide"), &self.body(request));
        let scripts = script::directives(self.script.as_slice());
        let directives = format!("{scripts} form-action 'self';");
        http::page_with_form(request, self.status, page, &directives)
    }

    fn body(&self, request: &ApiRequest) -> Markup {
        let sign_out = Form {
            target: Some(Target::new(request, "/account/sign-out")),
            button: words::SIGN_OUT,
            ..Form::default()
        };
        html! {
            a.skip href="#content" { (words::SKIP) }
            header {
                a.service href="/account" { (request.service_mark()) }
                div.who { span { bdi { (self.user.username) } } (sign_out) }
            }
            div.columns {
                nav aria-label=(words::NAVIGATION) {
                    ul {
                        @for section in Section::ALL {
                            li { (link(section.link(), "", section == self.section)) }
                        }
                    }
                }
                main #content tabindex="-1" {
                    @if let Some(account) = &self.account { (account.navigation()) }
                    h1 { (self.heading) }
                    @match &self.message {
                        Some(Message::Done(text)) => p.done role="status" { (text) },
                        Some(Message::Problem(text)) => p role="alert" { (text) },
                        None => {}
                    }
                    (self.content)
                }
            }
            @if let Some(script) = self.script { (script) }
        }
    }
}

impl OfAccount<'_> {
    fn navigation(&self) -> Markup {
        let base = format!("/account/accounts/{}", self.id);
        html! {
            p.quiet { bdi { (self.name) } }
            nav.account aria-label=(words::ACCOUNT_NAVIGATION) {
                ul {
                    @for section in AccountSection::ALL {
                        @if section.is_for(self.is_admin) {
                            li { (link(section.link(), &base, section == self.section)) }
                        }
                    }
                }
            }
        }
    }
}

fn link((path, label): (&str, &str), base: &str, is_current: bool) -> Markup {
    html! {
        a href={ (base) (path) } aria-current=[is_current.then_some("page")] { (label) }
    }
}

/// A table, which becomes cards where it is narrow: each cell names its column. The last column may
/// have no name, and then has what can be done with a row.
pub(crate) fn table(caption: &str, columns: &[&str], rows: Vec<Vec<Markup>>) -> Markup {
    html! {
        table role="table" aria-label=(caption) {
            thead role="rowgroup" {
                tr role="row" {
                    @for column in columns {
                        @if column.is_empty() { td role="cell" {} }
                        @else { th role="columnheader" scope="col" { (column) } }
                    }
                }
            }
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" {
                        @for (column, cell) in columns.iter().zip(row) {
                            td role="cell" data-label=[(!column.is_empty()).then_some(column)] {
                                (cell)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What each of these is.
pub(crate) fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! { dl { @for (label, fact) in facts { dt { (label) } dd { (fact) } } } }
}

/// A button that does something at once.
pub(crate) fn act(request: &ApiRequest, path: impl Into<String>, label: &str) -> Markup {
    button(request, path, label).render()
}

/// The form of a button among other things.
pub(crate) fn button<'a>(
    request: &ApiRequest,
    path: impl Into<String>,
    label: &'a str,
) -> Form<'a> {
    let target = Some(Target::new(request, path));
    Form { target, button: label, is_inline: true, ..Form::default() }
}

/// A button that says what comes of it before it does something that cannot be undone.
pub(crate) fn confirm(
    request: &ApiRequest,
    path: impl Into<String>,
    label: &str,
    consequence: &str,
) -> Markup {
    confirm_form(consequence, &button(request, path, label))
}

/// The same with the form of the button.
pub(crate) fn confirm_form(consequence: &str, form: &Form<'_>) -> Markup {
    html! {
        details open[form.has_errors()] {
            summary { (form.button) }
            p { (consequence) }
            (form)
        }
    }
}

/// A form below a heading of its own.
pub(crate) fn titled(heading: &str, form: &Form<'_>) -> Markup {
    html! {
        section {
            h2 { (heading) }
            (form.summary())
            (form)
        }
    }
}

/// A secret that is shown this once, with a name for the file that it is downloaded as.
pub(crate) fn secret(label: &str, file: &str, text: &str) -> Markup {
    shown_once(label, file, text, &html! {})
}

/// Codes that are shown this once, one on a line. They can be printed, too.
pub(crate) fn codes(label: &str, file: &str, text: &str) -> Markup {
    let print = html! { button type="button" data-do="print" { (words::PRINT) } };
    shown_once(label, file, text, &print)
}

fn shown_once(label: &str, file: &str, text: &str, more: &Markup) -> Markup {
    html! {
        div.secret {
            p { strong { (label) } }
            p { code { (text) } }
            p.hint { (words::SHOWN_ONCE) }
            div.buttons hidden data-file=(file) {
                button type="button" data-do="copy" data-done=(words::COPIED) { (words::COPY) }
                button type="button" data-do="download" { (words::DOWNLOAD) }
                (more)
                // Seen on the button: this is for those who hear it.
                span.skip role="status" {}
            }
        }
    }
}

/// A moment, to the minute.
pub(crate) fn time(moment: Timestamp) -> Markup {
    html! {
        time datetime=(moment.strftime("%Y-%m-%dT%H:%MZ")) {
            (moment.strftime("%-d %B %Y, %H:%M UTC"))
        }
    }
}

/// A day.
pub(crate) fn day(moment: Timestamp) -> Markup {
    html! { time datetime=(moment.strftime("%Y-%m-%d")) { (moment.strftime("%-d %B %Y")) } }
}

/// The links to the other pages of a list: `cursor` is where this one begins, `next` the following.
pub(crate) fn pages(path: &str, cursor: Option<&str>, next: Option<&str>) -> Markup {
    html! {
        @if cursor.is_some() || next.is_some() {
            p.links {
                @if cursor.is_some() { a href=(path) { (words::FIRST_PAGE) } }
                @if let Some(next) = next {
                    a href={ (path) "?cursor=" (next) } rel="next" { (words::NEXT_PAGE) }
                }
            }
        }
    }
}
