use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, FullAccess};
use shared::http::{self, ApiRequest, Fields};
use shared::invitations::{self, InvitationToken};
use shared::model::{AccountId, AccountName, Membership, Role, User, UserId, Username, UtcMillis};
use shared::self_service::SignUpDetails;
use shared::table::{LinkedInvitation, OwnerCheck, fetch};
use shared::{App, Error, Result};

use crate::AuthRequest;

/// The account, as who is invited to it sees it.
#[derive(Serialize)]
struct InvitingAccount {
    id: AccountId,
    name: AccountName,
}

/// An invitation, as who has its link sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LinkedInvitationView {
    account: InvitingAccount,
    role: Role,
    /// Masked.
    email: String,
    expires_at: UtcMillis,
}

/// The membership of whoever joined.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JoinedView {
    account: InvitingAccount,
    user_id: UserId,
    username: Username,
    role: Role,
    joined_at: UtcMillis,
}

impl From<&LinkedInvitation> for InvitingAccount {
    fn from(LinkedInvitation { account, .. }: &LinkedInvitation) -> Self {
        Self { id: account.id, name: account.name.clone() }
    }
}

impl JoinedView {
    fn new(linked: &LinkedInvitation, user: &User, membership: &Membership) -> Self {
        Self {
            account: linked.into(),
            user_id: user.id,
            username: user.username.clone(),
            role: membership.role,
            joined_at: membership.joined_at.into(),
        }
    }
}

/// `GET /rollcall/v1/invitations/{token}`: what the link invites to. It works on.
pub(crate) async fn get(app: &App, request: &ApiRequest, token: &str) -> Result<Response<Body>> {
    request.query()?;
    let linked = invitations::open(app, token).await?;
    let invitation = &linked.invitation;
    http::ok(&LinkedInvitationView {
        account: (&linked).into(),
        role: invitation.role,
        email: invitation.masked_address(),
        expires_at: invitation.expires_at.into(),
    })
}

/// `POST /rollcall/v1/invitations/{token}/accept`: the caller joins the account, and has proved the
/// address that the link was mailed to. It takes full access, since a proved address sets another
/// password.
pub(crate) async fn accept(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    request: &ApiRequest,
    token: &str,
) -> Result<Response<Body>> {
    // Mostly the caller has the address, or nobody has: who else does is read only once the write has
    // found somebody.
    let accepted = accept_as(app, auth, request.optional_json(), token, OwnerCheck::InWrite);
    match Box::pin(accepted).await {
        Err(Error::WriteConflict) => {
            let auth = AuthRequest::from_request(app, request)?;
            let body = request.optional_json();
            let accepted = accept_as(app, auth, body, token, OwnerCheck::BeforeWrite);
            Box::pin(accepted).await
        }
        response => response,
    }
}

async fn accept_as(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    body: Result<Fields>,
    token: &str,
    owner_check: OwnerCheck,
) -> Result<Response<Body>> {
    // No field of it counts: the caller is somebody already.
    let body = body.and_then(|fields| fields.into_result(Some(())));
    auth.input(body.and_then(|()| InvitationToken::parse(token)))
        .fetch(|link| fetch::acceptance(link.account, link.id, owner_check))
        .query(|table, user, _| table.stored_emails(user))
        .respond(async |Authorized { caller, input: link, fetched, queried: emails }| {
            let (actor, user) = (caller.actor(), caller.user().clone());
            let accepted = app.table.accept_invitation(&actor, &user, emails, &link.token, fetched);
            let view = |(linked, membership): (LinkedInvitation, Membership)| {
                http::ok(&JoinedView::new(&linked, &user, &membership))
            };
            caller.commit(app, accepted.await?, view).await
        })
        .await
}

/// Whether a request without a credential is for somebody new. Else it is for a user, whose client
/// may wait for the challenge, and send `null` or an empty object for no body.
pub(crate) fn names_new_user(request: &ApiRequest) -> bool {
    let names_none = |fields: Fields| !fields.has("username") && !fields.has("password");
    !request.raw_body().is_empty() && !request.optional_json().is_ok_and(names_none)
}

/// The same without a credential: makes the user who joins.
pub(crate) async fn join(app: &App, request: &ApiRequest, token: &str) -> Result<Response<Body>> {
    let details = request.json().and_then(SignUpDetails::read);
    let (linked, user, membership) = invitations::join(app, request, token, details).await?;
    let view = JoinedView::new(&linked, &user, &membership);
    http::created(&view, Some("/rollcall/v1/users/self"))
}

/// `POST /rollcall/v1/invitations/{token}/decline`: nobody joins by the link any more.
pub(crate) async fn decline(
    app: &App,
    request: &ApiRequest,
    token: &str,
) -> Result<Response<Body>> {
    request.query()?;
    invitations::decline(app, request, token).await?;
    http::no_content()
}
