use std::str::FromStr;

use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, FullAccess, MembersRead, MembersWrite};
use shared::http::{self, Fields, Query};
use shared::invitations::{self, InvitationLink};
use shared::lifetimes::INVITATION_HOURS;
use shared::limits::MAX_INVITATION_HOURS;
use shared::model::{
    AccountId, EmailAddress, Invitation, InvitationId, InvitationState, ParseError, Role, UserId,
    UtcMillis,
};
use shared::rollcall::{Page, Place};
use shared::table::{NewInvitation, SentInvitation, fetch};
use shared::{App, Error, PublicUrl, Result};

use crate::{AuthRequest, account_id};

const UNKNOWN: Error = Error::NotFound("invitation");

/// An invitation, as admins see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvitationView {
    id: String,
    email: String,
    role: Role,
    state: InvitationState,
    invited_by: UserId,
    created_at: UtcMillis,
    expires_at: UtcMillis,
    last_sent_at: UtcMillis,
    send_count: u32,
}

/// An invitation that was sent; with its link this once, if nobody else gets it.
#[derive(Serialize)]
struct SentInvitationView {
    #[serde(flatten)]
    invitation: InvitationView,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invitations {
    invitations: Vec<InvitationView>,
    /// The cursor of the next page, opaque to clients.
    next_cursor: Option<Place>,
}

/// How the link gets to whom it is for.
enum Delivery {
    Mail,
    Link,
}

impl FromStr for Delivery {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.trim() {
            "mail" => Ok(Self::Mail),
            "link" => Ok(Self::Link),
            _ => Err(ParseError::new("must be `mail` or `link`")),
        }
    }
}

/// The body of `POST /rollcall/v1/accounts/{id}/invitations`.
struct SendInvitation {
    address: EmailAddress,
    role: Role,
    hours: u64,
    delivery: Delivery,
}

impl SendInvitation {
    fn parse(mut fields: Fields) -> Result<Self> {
        let (address, role) = (fields.required("email"), fields.required("role"));
        let hours = fields.optional_number("expiresInHours", 1..=MAX_INVITATION_HOURS);
        let hours = hours.unwrap_or(INVITATION_HOURS);
        let delivery = fields.optional("deliver").unwrap_or(Delivery::Mail);
        let both = address.zip(role);
        let new = both.map(|(address, role)| Self { address, role, hours, delivery });
        fields.into_result(new)
    }
}

impl InvitationView {
    fn new(invitation: &Invitation, state: InvitationState) -> Self {
        Self {
            id: invitation.id().to_string(),
            email: invitation.address.to_string(),
            role: invitation.role,
            state,
            invited_by: invitation.inviter.user,
            created_at: invitation.created_at.into(),
            expires_at: invitation.expires_at.into(),
            last_sent_at: invitation.sent_at.into(),
            send_count: invitation.send_count,
        }
    }
}

fn sent(
    SentInvitation { invitation, is_new }: SentInvitation,
    link: Option<String>,
) -> Result<Response<Body>> {
    let account = invitation.account;
    let invitation = InvitationView::new(&invitation, invitation.state);
    let location = format!("/rollcall/v1/accounts/{account}/invitations/{}", invitation.id);
    let view = SentInvitationView { invitation, link };
    if is_new { http::created(&view, Some(&location)) } else { http::ok(&view) }
}

/// `POST /rollcall/v1/accounts/{id}/invitations`: an admin invites somebody, or once more. The link
/// outlives a token with an end, and makes who has it an admin, so that no less than full access
/// sends it.
pub(crate) async fn send(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    fields: Result<Fields>,
    base_url: &PublicUrl,
    id: &str,
) -> Result<Response<Body>> {
    let input = fields.and_then(SendInvitation::parse);
    auth.input(input.and_then(|new| Ok((new, account_id(id)?))))
        .fetch(|(new, id)| fetch::invitation_request(*id, new.address.clone()))
        .query(|table, user, _| table.emails(user))
        .respond(async |Authorized { caller, input: (new, id), fetched, queried: emails }| {
            let SendInvitation { address, role, hours, delivery } = new;
            let (subject, by_mail) = ((id, (&address).into()), matches!(delivery, Delivery::Mail));
            address.check_invitable(by_mail)?;
            let link = invitations::new_link(app, &base_url.to_string(), subject, by_mail).await?;
            let InvitationLink { secret_hash, mail, url } = link;
            let new = NewInvitation { address, role, hours, secret_hash, mail };
            let (actor, user) = (caller.actor(), caller.user().clone());
            let write = app.table.invite(&actor, &user, &emails, new, fetched).await?;
            caller.commit(app, write, |invitation| sent(invitation, url)).await
        })
        .await
}

/// The account, the page, and the state of what is listed.
type ListRequest = (AccountId, Page<Place>, Option<InvitationState>);

fn list_request(query: &Query<'_>, id: &str) -> Result<ListRequest> {
    let state = query.get("state").map(str::parse).transpose();
    let state = state.map_err(|error: ParseError| Error::invalid("state", error))?;
    Ok((account_id(id)?, Page::parse(query)?, state))
}

/// `GET /rollcall/v1/accounts/{id}/invitations[?state=…&limit=…&cursor=…]`: an admin sees who was
/// invited, oldest first, and what has become of it.
pub(crate) async fn list(
    app: &App,
    auth: AuthRequest<'_, MembersRead>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|query| list_request(&query, id)))
        .fetch(|(id, ..)| fetch::account_access(*id))
        .query(|table, _, (id, ..)| table.invitations(*id))
        .respond(async |Authorized { caller, input, fetched: access, queried: all }| {
            access.admin()?;
            let ((_, page, wanted), user) = (input, caller.user().id);
            let all = app.table.invitations_with_states(all).await?.into_iter();
            let all = all.filter(|(_, state)| wanted.is_none_or(|wanted| wanted == *state));
            let place = |(own, _): &(Invitation, _)| Place::new(user, own.created_at, &own.id());
            let (listed, next_cursor) = page.of(all, place);
            let view = |(own, state): &(Invitation, _)| InvitationView::new(own, *state);
            let invitations = listed.iter().map(view).collect();
            http::ok(&Invitations { invitations, next_cursor })
        })
        .await
}

/// `DELETE /rollcall/v1/accounts/{id}/invitations/{invitation}`: nobody joins by it any more.
pub(crate) async fn revoke(
    app: &App,
    auth: AuthRequest<'_, MembersWrite>,
    query: Result<Query<'_>>,
    id: &str,
    invitation: &str,
) -> Result<Response<Body>> {
    let id = |invitation: InvitationId| Ok((account_id(id)?, invitation));
    let invitation = http::parse_segment(invitation).ok_or(UNKNOWN);
    auth.input(query.and_then(|_| invitation.and_then(id)))
        .fetch(|(account, invitation)| fetch::invitation(*account, *invitation))
        .respond(async |Authorized { caller, fetched: (access, invitation), .. }| {
            let admin = access.admin()?;
            let invitation = invitation.ok_or(UNKNOWN)?;
            let write = app.table.revoke_invitation(&caller.actor(), &admin, &invitation)?;
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}
