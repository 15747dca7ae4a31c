//! Pages that say why something does not work, and what does.

use std::time::Duration;

use lambda_http::http::header::RETRY_AFTER;
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::http::{self, ApiRequest};
use shared::{Error, InvitationEnd, Result};

use crate::view::{View, fill};
use crate::words;

/// A page that says why, and where to go on.
pub(crate) struct Notice {
    status: StatusCode,
    words: words::Notice,
    /// The path of a page, and what its link says.
    link: Option<(&'static str, &'static str)>,
}

/// The form came from another site.
pub(crate) const OTHER_SITE: Notice = Notice::new(StatusCode::FORBIDDEN, words::OTHER_SITE, None);
/// Nobody can sign up.
const CLOSED: Notice = Notice::new(StatusCode::FORBIDDEN, words::CLOSED, None);
/// The service sends no mail.
const NO_MAIL: Notice = Notice::new(StatusCode::NOT_IMPLEMENTED, words::NO_MAIL, None);
/// Somebody else has proved the address.
const HELD: Notice = Notice::new(StatusCode::CONFLICT, words::HELD, None);
/// A link that signs up has ended.
const SIGN_UP_ENDED: Notice = Notice::new(
    StatusCode::GONE,
    words::SIGN_UP_ENDED,
    Some(("/account/sign-up", words::ASK_FOR_ANOTHER)),
);
/// A link that sets another password has ended.
const RESET_ENDED: Notice = Notice::new(
    StatusCode::GONE,
    words::RESET_ENDED,
    Some(("/account/reset", words::ASK_FOR_ANOTHER)),
);
/// A link that proves an address has ended.
const PROOF_ENDED: Notice = Notice::new(StatusCode::GONE, words::PROOF_ENDED, None);

/// A link that joins an account is none.
const INVITATION_ENDED: Notice = Notice::new(StatusCode::GONE, words::INVITATION_ENDED, None);
/// The address that was invited is somebody else's.
const OTHER_RECIPIENT: Notice = Notice::new(StatusCode::FORBIDDEN, words::OTHER_RECIPIENT, None);
/// Whoever accepts an invitation is a member.
const ALREADY_MEMBER: Notice = Notice::new(StatusCode::CONFLICT, words::ALREADY_MEMBER, None);
/// There is no room for another member.
const ACCOUNT_IS_FULL: Notice = Notice::new(StatusCode::CONFLICT, words::ACCOUNT_IS_FULL, None);

/// Why nobody joins by an invitation.
const fn ended_invitation(end: InvitationEnd) -> Notice {
    let words = match end {
        InvitationEnd::Used => words::INVITATION_USED,
        InvitationEnd::Declined => words::INVITATION_DECLINED,
        InvitationEnd::Revoked => words::INVITATION_REVOKED,
        InvitationEnd::Expired => words::INVITATION_EXPIRED,
        InvitationEnd::Replaced => words::INVITATION_REPLACED,
    };
    Notice::new(StatusCode::GONE, words, None)
}

impl Notice {
    const fn new(
        status: StatusCode,
        words: words::Notice,
        link: Option<(&'static str, &'static str)>,
    ) -> Self {
        Self { status, words, link }
    }

    /// The response with the page.
    pub(crate) fn show(&self, request: &ApiRequest) -> Response<Body> {
        let link: Markup = html! {
            @if let Some((path, label)) = self.link { p { a href=(path) { (label) } } }
        };
        let content = html! {
            @for text in self.words.text { p { (fill(text, request)) } }
            (link)
        };
        View::text(self.status, self.words.heading, content).show(request)
    }
}

/// The page of an error that these pages have words for; the error, if they have none.
pub(crate) fn explain(
    request: &ApiRequest,
    operation: &str,
    error: Error,
) -> Result<Response<Body>> {
    let notice = match error {
        Error::Forbidden(_) => CLOSED,
        Error::MailNotConfigured => NO_MAIL,
        Error::Conflict(_) => HELD,
        Error::LinkEnded => match operation {
            "pages-show-sign-up-link" | "pages-sign-up" => SIGN_UP_ENDED,
            "pages-show-reset-link" | "pages-reset-password" => RESET_ENDED,
            operation if operation.contains("invitation") => INVITATION_ENDED,
            _ => PROOF_ENDED,
        },
        Error::InvitationEnded(end) => ended_invitation(end),
        Error::OtherRecipient => OTHER_RECIPIENT,
        Error::AlreadyMember => ALREADY_MEMBER,
        Error::LimitReached(_) if operation.contains("invitation") => ACCOUNT_IS_FULL,
        Error::TooManyMails { retry_after } => return Ok(too_many(request, retry_after)),
        error => return Err(error),
    };
    Ok(notice.show(request))
}

fn too_many(request: &ApiRequest, retry_after: Duration) -> Response<Body> {
    let seconds = http::whole_seconds(retry_after);
    let content = html! { p { (words::too_many(seconds.div_ceil(60))) } };
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut response = View::text(status, words::TOO_MANY, content).show(request);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}
