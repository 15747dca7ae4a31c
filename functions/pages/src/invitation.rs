//! Invitations to accounts: joining as somebody new or with a profile, and declining.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AuthRequest, Authorized, FullAccess, SessionCookie, signed_in_user};
use shared::http::ApiRequest;
use shared::invitations::{self, InvitationToken};
use shared::model::{User, Username};
use shared::self_service::SignUpDetails;
use shared::table::{LinkedInvitation, OwnerCheck, fetch};
use shared::{App, Error, FieldError, Result};

use crate::entry::{sign_in_again_path, sign_in_next, sign_in_path};
use crate::form::{Form, Target};
use crate::notice;
use crate::sign_up::{Entered, identity_fields};
use crate::view::{View, fill};
use crate::words::invitation as words;

/// `GET /account/invitations/{token}`: shows the invitation, and asks for username, name and
/// password. The link works on.
pub(crate) async fn show(app: &App, request: &ApiRequest, token: &str) -> Result<Response<Body>> {
    let (linked, user) = tokio::join!(invitations::open(app, token), signed_in_user(app, request));
    let (linked, user) = (linked?, user?);
    Ok(match user {
        Some(user) => ask_to_join(request, token, &linked, &user.username),
        None => ask_who(request, token, &linked, &Entered::default(), StatusCode::OK, Vec::new()),
    })
}

/// `POST /account/invitations/{token}`: makes the user who joins.
pub(crate) async fn join(app: &App, request: &ApiRequest, token: &str) -> Result<Response<Body>> {
    let mut fields = request.optional_form()?;
    let typed = Entered::read(&mut fields);
    let details = SignUpDetails::read(fields);
    let (status, errors) = match invitations::join(app, request, token, details).await {
        Ok((linked, user, _)) => return Ok(became_member(request, &linked, &user)),
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

/// `POST /account/invitations/{token}/accept`: whoever is signed in joins.
pub(crate) async fn accept(app: &App, request: &ApiRequest, token: &str) -> Result<Response<Body>> {
    let joined = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(InvitationToken::parse(token))
        .fetch(|link| fetch::acceptance(link.account, link.id, OwnerCheck::BeforeWrite))
        .query(|table, user, _| table.stored_emails(user))
        .respond(async |Authorized { caller, input: link, fetched, queried: emails, .. }| {
            let (actor, user, table) = (caller.actor(), caller.user(), &app.table);
            let accepted =
                table.accept_invitation(&actor, user, emails, &link.token, fetched).await?;
            let (linked, _) = accepted.commit().await?;
            Ok(joined(request, &linked))
        })
        .await;
    joined.or_else(|error| match error {
        Error::LinkEnded
        | Error::InvitationEnded(_)
        | Error::OtherRecipient
        | Error::AlreadyMember
        | Error::LimitReached(_) => notice::explain(request, "pages-accept-invitation", error),
        error => Err(error),
    })
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
            (fill(words::YOU_ARE_INVITED, request)) " " strong { bdi { (account.name.as_str()) } } ", "
            (words::role(invitation.role))
        }
        p { (words::ADDRESS_IS) " " strong { bdi { (invitation.masked_address()) } } "." }
    }
}

/// What becomes of the address of a mailed link. Whoever reads its mail may have passed the link on.
fn becomes_yours(linked: &LinkedInvitation) -> Markup {
    html! { @if linked.invitation.by_mail { p { (words::ONLY_IF_YOURS) } } }
}

fn path(token: &str, page: &str) -> String {
    let separator = if page.is_empty() { "" } else { "/" };
    format!("/account/invitations/{token}{separator}{page}")
}

/// Asks somebody who is signed in.
fn ask_to_join(
    request: &ApiRequest,
    token: &str,
    linked: &LinkedInvitation,
    username: &Username,
) -> Response<Body> {
    let content = html! {
        (invited(request, linked))
        (becomes_yours(linked))
        p {
            (crate::words::entry::SIGNED_IN_AS) " " strong { bdi { (username) } } ". "
            a href=(sign_in_again_path(&path(token, ""))) { (crate::words::entry::NOT_YOU) }
        }
        p { a href=(path(token, "decline")) { (words::DECLINE_IT) } }
    };
    let target = Some(Target::new(request, path(token, "accept")));
    let form = Form { target, button: words::JOIN, ..Form::default() };
    View::form(words::HEADING, content, form).show(request)
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
        p { a href=(sign_in_path(&path(token, ""))) { (fill(words::HAVE_A_PROFILE, request)) } }
        p { a href=(path(token, "decline")) { (words::DECLINE_IT) } }
        p { (fill(words::OR_BECOME_ONE, request)) }
        (becomes_yours(linked))
    };
    let fields = identity_fields(typed);
    let form = Form { fields, button: words::JOIN, errors, has_focus: false, ..Form::default() };
    View { status, ..View::form(words::HEADING, content, form) }.show(request)
}

/// The page of somebody who joined and is not signed in yet.
fn became_member(request: &ApiRequest, linked: &LinkedInvitation, user: &User) -> Response<Body> {
    let account = format!("/account/accounts/{}", linked.account.id);
    let content = html! {
        p { (words::MEMBER_OF) " " strong { bdi { (linked.account.name.as_str()) } } "." }
        p { (words::USERNAME_IS) " " strong { (user.username) } "." }
        (sign_in_next(&account))
    };
    View::text(StatusCode::OK, words::DONE, content).show(request)
}

fn sign_in_instead(request: &ApiRequest, token: &str) -> Response<Body> {
    let content = html! {
        p { (words::ADDRESS_IS_TAKEN) }
        p { a href=(sign_in_path(&path(token, ""))) { (words::SIGN_IN) } }
    };
    View::text(StatusCode::CONFLICT, words::HAS_PROFILE, content).show(request)
}

fn joined(request: &ApiRequest, linked: &LinkedInvitation) -> Response<Body> {
    let account = format!("/account/accounts/{}", linked.account.id);
    let content = html! {
        p { (words::MEMBER_OF) " " strong { bdi { (linked.account.name.as_str()) } } "." }
        p { a href=(account) { (words::SEE_ACCOUNT) } }
    };
    View::text(StatusCode::OK, words::DONE, content).show(request)
}
