//! Invitations to accounts: joining as somebody new or with a profile, and declining.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::Basic;
use shared::http::ApiRequest;
use shared::invitations::{self, InvitationToken};
use shared::self_service::SignUpDetails;
use shared::table::{LinkedInvitation, OwnerCheck, fetch};
use shared::{App, Error, FieldError, Result};

use crate::form::{Field, Form, Input, entered};
use crate::sign_up::{Entered, identity_fields};
use crate::view::{View, fill};
use crate::words::invitation as words;

/// `GET /account/invitations/{token}`: shows the invitation, and asks for username, name and
/// password. The link works on.
pub(crate) async fn show(app: &App, request: &ApiRequest, token: &str) -> Result<Response<Body>> {
    let linked = invitations::open(app, token).await?;
    Ok(ask_who(request, token, &linked, &Entered::default(), StatusCode::OK, Vec::new()))
}

/// `POST /account/invitations/{token}`: makes the user who joins.
pub(crate) async fn join(app: &App, request: &ApiRequest, token: &str) -> Result<Response<Body>> {
    let mut fields = request.optional_form()?;
    let typed = Entered::read(&mut fields);
    let details = SignUpDetails::read(fields);
    let (status, errors) = match invitations::join(app, request, token, details).await {
        Ok((linked, user, _)) => {
            let username = html! { p { (words::USERNAME_IS) " " strong { (user.username) } "." } };
            return Ok(joined(request, &linked, &username));
        }
        Err(Error::Invalid(errors)) => (StatusCode::BAD_REQUEST, errors),
        Err(Error::Conflict(_)) => {
            (StatusCode::CONFLICT, vec![FieldError::new("username", crate::words::sign_up::TAKEN)])
        }
        // A profile has the address: whoever has it signs in.
        Err(Error::MissingCredential) => return Ok(sign_in_instead(request, token)),
        Err(error) => return Err(error),
    };
    let linked = invitations::open(app, token).await?;
    Ok(ask_who(request, token, &linked, &typed, status, errors))
}

/// `GET /account/invitations/{token}/sign-in`: asks for name and password. The link works on.
pub(crate) async fn show_sign_in(
    app: &App,
    request: &ApiRequest,
    token: &str,
) -> Result<Response<Body>> {
    let linked = invitations::open(app, token).await?;
    Ok(ask_to_sign_in(request, &linked, "", StatusCode::OK, Vec::new()))
}

/// `POST /account/invitations/{token}/sign-in`: whoever has the name and the password joins. It
/// signs nobody in beyond that.
pub(crate) async fn accept(app: &App, request: &ApiRequest, token: &str) -> Result<Response<Body>> {
    let mut fields = request.optional_form()?;
    let typed = entered(&mut fields, "username");
    let name = fields.required_non_empty::<String>("username");
    let password = fields.required_non_empty::<String>("password");
    let (status, errors) = match fields.into_result(name.zip(password)) {
        Ok((name, password)) => match sign_in(app, request, token, (name, password)).await {
            Ok(linked) => return Ok(joined(request, &linked, &html! {})),
            Err(Error::InvalidCredential) => {
                (StatusCode::BAD_REQUEST, vec![FieldError::new("password", words::WRONG)])
            }
            Err(error) => return Err(error),
        },
        Err(Error::Invalid(errors)) => (StatusCode::BAD_REQUEST, errors),
        Err(error) => return Err(error),
    };
    let linked = invitations::open(app, token).await?;
    Ok(ask_to_sign_in(request, &linked, &typed, status, errors))
}

async fn sign_in(
    app: &App,
    request: &ApiRequest,
    token: &str,
    (name, password): (String, String),
) -> Result<LinkedInvitation> {
    let link = InvitationToken::parse(token)?;
    let basic = Basic::new(request, name, password);
    let named = basic.resolve(app).await?;
    let fetch = fetch::acceptance(link.account, link.id, OwnerCheck::BeforeWrite);
    let (caller, fetched) = basic.sign_in(app, named, fetch).await?;
    let (actor, user) = (caller.actor(), caller.user());
    let emails = app.table.stored_emails(user.id).await?;
    let accepted = app.table.accept_invitation(&actor, user, emails, &link.token, fetched).await?;
    Ok(accepted.commit().await?.0)
}

/// `GET /account/invitations/{token}/decline`: asks whether to decline. The link works on.
pub(crate) async fn show_decline(
    app: &App,
    request: &ApiRequest,
    token: &str,
) -> Result<Response<Body>> {
    let linked = invitations::open(app, token).await?;
    let content = html! { (invited(request, &linked)) p { (words::IF_YOU_DECLINE) } };
    let form = Form { button: words::DECLINE, ..Form::default() };
    Ok(View::form(words::DECLINE_IT, content, form).show(request))
}

/// `POST /account/invitations/{token}/decline`: nobody joins by the link any more.
pub(crate) async fn decline(
    app: &App,
    request: &ApiRequest,
    token: &str,
) -> Result<Response<Body>> {
    invitations::decline(app, request, token).await?;
    let content = html! { p { (words::NOTHING_ELSE) } };
    Ok(View::text(StatusCode::OK, words::DECLINED, content).show(request))
}

/// To which account, as what, and with which address.
fn invited(request: &ApiRequest, linked: &LinkedInvitation) -> Markup {
    let LinkedInvitation { invitation, account } = linked;
    html! {
        p {
            (fill(words::YOU_ARE_INVITED, request)) " " strong { (account.name.as_str()) } ", "
            (words::role(invitation.role))
        }
        p { (words::ADDRESS_IS) " " strong { (invitation.masked_address()) } "." }
    }
}

/// What becomes of the address of a mailed link. Whoever reads its mail may have passed the link on.
fn becomes_yours(linked: &LinkedInvitation) -> Markup {
    html! { @if linked.invitation.by_mail { p { (words::ONLY_IF_YOURS) } } }
}

fn path(token: &str, page: &str) -> String {
    format!("/account/invitations/{token}/{page}")
}

fn ask_who(
    request: &ApiRequest,
    token: &str,
    linked: &LinkedInvitation,
    typed: &Entered,
    status: StatusCode,
    errors: Vec<FieldError>,
) -> Response<Body> {
    let content = html! {
        (invited(request, linked))
        p { a href=(path(token, "sign-in")) { (fill(words::HAVE_A_PROFILE, request)) } }
        p { a href=(path(token, "decline")) { (words::DECLINE_IT) } }
        p { (fill(words::OR_BECOME_ONE, request)) }
        (becomes_yours(linked))
    };
    let fields = identity_fields(typed);
    let form = Form { fields, button: words::JOIN, errors, has_focus: false, ..Form::default() };
    View { status, ..View::form(words::HEADING, content, form) }.show(request)
}

fn ask_to_sign_in(
    request: &ApiRequest,
    linked: &LinkedInvitation,
    typed: &str,
    status: StatusCode,
    errors: Vec<FieldError>,
) -> Response<Body> {
    let fields = vec![
        Field {
            name: "username",
            label: words::NAME,
            input: Input::Name,
            value: typed,
            autocomplete: "username",
            ..Field::default()
        },
        Field {
            name: "password",
            label: words::PASSWORD,
            input: Input::Password,
            autocomplete: "current-password",
            ..Field::default()
        },
    ];
    let content = html! { (invited(request, linked)) (becomes_yours(linked)) };
    let form = Form { fields, button: words::JOIN, errors, has_focus: true, ..Form::default() };
    View { status, ..View::form(words::SIGN_IN, content, form) }.show(request)
}

fn sign_in_instead(request: &ApiRequest, token: &str) -> Response<Body> {
    let content = html! {
        p { (words::ADDRESS_IS_TAKEN) }
        p { a href=(path(token, "sign-in")) { (words::SIGN_IN) } }
    };
    View::text(StatusCode::CONFLICT, words::HAS_PROFILE, content).show(request)
}

fn joined(request: &ApiRequest, linked: &LinkedInvitation, more: &Markup) -> Response<Body> {
    let content = html! {
        p { (words::MEMBER_OF) " " strong { (linked.account.name.as_str()) } "." }
        (more)
        p { (fill(words::NOT_SIGNED_IN, request)) }
    };
    View::text(StatusCode::OK, words::DONE, content).show(request)
}
