//! What the pages of accounts have in common.

use std::fmt::Display;

use lambda_http::http::header::RETRY_AFTER;
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::http::{self, ApiRequest};
use shared::model::{Account, AccountId, Role, User};
use shared::{Error, FieldError, Result};

use crate::layout::{AccountSection, OfAccount, Screen, Section};
use crate::view::View;
use crate::words::{account_frame as words, layout};

/// The list of accounts.
pub(crate) const ACCOUNTS: &str = "/account/accounts";

/// The account that a path names; a malformed id is one that no account has.
pub(crate) fn account_id(segment: &str) -> Result<AccountId> {
    http::parse_segment(segment).ok_or(Error::NotFound("account"))
}

/// The path of a page of an account, or of what is done there; `below` begins with a slash, or is
/// empty.
pub(crate) fn path(id: impl Display, below: &str) -> String {
    format!("{ACCOUNTS}/{id}{below}")
}

/// A user, as others see them: by the name, if there is one, and the username.
pub(crate) fn person(user: &User) -> Markup {
    html! {
        bdi { (user.display_name()) }
        @if !user.full_name.is_empty() { " " span.quiet { (user.username) } }
    }
}

/// An account, and who looks at it.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) user: &'a User,
    pub(crate) account: &'a Account,
    pub(crate) role: Role,
}

impl<'a> Frame<'a> {
    /// One of its pages.
    pub(crate) fn screen(
        self,
        (section, heading): (AccountSection, &'a str),
        content: Markup,
    ) -> Screen<'a> {
        let Self { user, account, role } = self;
        Screen::new(user, Section::Accounts, heading, content).of_account(OfAccount {
            id: account.id,
            name: account.name.as_str(),
            section,
            is_admin: role == Role::Admin,
        })
    }

    /// What other members get in place of a page that only admins see.
    pub(crate) fn admins_only(
        self,
        request: &ApiRequest,
        page: (AccountSection, &'a str),
    ) -> Response<Body> {
        self.screen(page, html! {}).problem(StatusCode::FORBIDDEN, words::ADMINS_ONLY).show(request)
    }
}

/// Why something was not done, as the page says that is shown again.
#[derive(Default)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    /// What is wrong with no field.
    pub(crate) problem: Option<String>,
    /// What is wrong with what was entered.
    pub(crate) errors: Vec<FieldError>,
    retry_after: Option<u64>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, problem: impl Into<String>) -> Self {
        Self { status, problem: Some(problem.into()), ..Self::default() }
    }

    /// What a page says of an error; the error, if it has no words for it.
    pub(crate) fn from_error(error: Error) -> Result<Self> {
        let field = |status, name, text: &str| Self {
            status,
            errors: vec![FieldError::new(name, text)],
            ..Self::default()
        };
        let (status, problem) = match error {
            Error::Invalid(errors) => {
                return Ok(Self { status: StatusCode::BAD_REQUEST, errors, ..Self::default() });
            }
            Error::Conflict(_) => return Ok(field(StatusCode::CONFLICT, "email", words::TAKEN)),
            Error::AlreadyMember => {
                return Ok(field(StatusCode::CONFLICT, "email", words::ALREADY_MEMBER));
            }
            Error::TooManyMails { retry_after } => {
                let seconds = http::whole_seconds(retry_after);
                let problem = words::too_many(seconds.div_ceil(60));
                let failure = Self::new(StatusCode::TOO_MANY_REQUESTS, problem);
                return Ok(Self { retry_after: Some(seconds), ..failure });
            }
            Error::LimitReached(cap) => {
                return Ok(Self::new(StatusCode::CONFLICT, words::limit(cap)));
            }
            Error::Forbidden(_) => (StatusCode::FORBIDDEN, words::NOT_ALLOWED),
            Error::AddressNotProved => (StatusCode::FORBIDDEN, words::ADDRESS_NOT_CONFIRMED),
            Error::NotFound("member") => (StatusCode::NOT_FOUND, words::NO_MEMBER),
            Error::NotFound("invitation") => (StatusCode::NOT_FOUND, words::NO_INVITATION),
            Error::PreconditionFailed => (StatusCode::CONFLICT, layout::CHANGED_MEANWHILE),
            Error::OwnerMustTransfer => (StatusCode::CONFLICT, words::OWNER_STAYS),
            Error::LastAdmin => (StatusCode::CONFLICT, words::LAST_ADMIN),
            Error::NotAdmin => (StatusCode::CONFLICT, words::OWNER_IS_ADMIN),
            error => return Err(error),
        };
        Ok(Self::new(status, problem))
    }

    /// The response with the page, which says what is wrong with no field. What is wrong with one
    /// stands at its form.
    pub(crate) fn show(self, screen: Screen<'_>, request: &ApiRequest) -> Response<Body> {
        let screen = match self.problem {
            Some(text) => screen.problem(self.status, text),
            None => screen.with_status(self.status),
        };
        let mut response = screen.show(request);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What those get who are no members of the account that the path names; the error, if it is
/// another.
pub(crate) fn explain(request: &ApiRequest, error: Error) -> Result<Response<Body>> {
    let is_of_account = request.raw_path().starts_with(ACCOUNTS);
    let status = match error {
        Error::NotFound("account") if is_of_account => StatusCode::NOT_FOUND,
        Error::Forbidden(_) if is_of_account => StatusCode::FORBIDDEN,
        error => return Err(error),
    };
    let content = html! {
        p { (words::NO_ACCOUNT_WHY) }
        p { a href=(ACCOUNTS) { (words::YOUR_ACCOUNTS) } }
    };
    Ok(View::text(status, words::NO_ACCOUNT, content).show(request))
}
