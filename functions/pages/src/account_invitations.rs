//! The invitations of an account: sending them, what became of them, and revoking them.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AuthRequest, Authorized, FullAccess, MembersRead, MembersWrite, SessionCookie};
use shared::http::{self, ApiRequest, Fields, entity_tag};
use shared::invitations::{self, InvitationLink};
use shared::lifetimes::INVITATION_HOURS;
use shared::limits::MAX_INVITATION_HOURS;
use shared::model::{
    AccountId, EmailAddress, Invitation, InvitationId, InvitationState, Role, Timestamp,
};
use shared::rollcall::Place;
use shared::table::{NewInvitation, Versioned, fetch};
use shared::{App, Error, Result};

use crate::account_frame::{Failure, Frame, account_id, path};
use crate::entry::see_other;
use crate::form::{Field, Form, Input, Target, VERSION, entered, once, sent_version};
use crate::layout::{AccountSection, button, pages, secret, table, time, titled};
use crate::list::{back, list_page, none, own_query};
use crate::words::{account_invitations as words, accounts, layout, members};

const PAGE: (AccountSection, &str) = (AccountSection::Invitations, layout::INVITATIONS);
/// The file that a link is downloaded as.
const FILE: &str = "invitation.txt";

/// What was done, as the page says after it.
fn done(name: &str) -> Option<&'static str> {
    match name {
        "sent" => Some(words::SENT),
        "revoked" => Some(words::REVOKED),
        _ => None,
    }
}

fn list(account: AccountId) -> String {
    path(account, "/invitations")
}

/// A time that is the earlier the later this one is: lists in pages begin with the earliest.
fn newest_first(time: Timestamp) -> Timestamp {
    let rest = Timestamp::MAX.as_microsecond() - time.as_microsecond();
    Timestamp::from_microsecond(rest).unwrap_or(time)
}

/// What was entered.
struct Entered {
    email: String,
    role: String,
    hours: String,
    is_link: bool,
}

impl Default for Entered {
    fn default() -> Self {
        let (email, role) = (String::new(), Role::Member.as_str().to_owned());
        Self { email, role, hours: INVITATION_HOURS.to_string(), is_link: false }
    }
}

impl Entered {
    fn read(fields: &mut Fields) -> Self {
        Self {
            email: entered(fields, "email"),
            role: entered(fields, "role"),
            hours: entered(fields, "hours"),
            is_link: fields.optional_true("link"),
        }
    }

    /// Whom to invite, as what, and for how many hours.
    fn parse(&self, mut fields: Fields) -> Result<(EmailAddress, Role, u64)> {
        let (address, role) = (fields.required_non_empty("email"), fields.required("role"));
        let hours = self.hours.parse().ok();
        let hours = hours.filter(|hours| (1..=MAX_INVITATION_HOURS).contains(hours));
        if hours.is_none() {
            fields.add_error("hours", words::NO_HOURS);
        }
        let all = address.zip(role).zip(hours);
        fields.into_result(all.map(|((address, role), hours)| (address, role, hours)))
    }
}

/// `GET /account/accounts/{id}/invitations`: an admin sees who was invited, newest first, and what
/// has become of it.
pub(crate) async fn show(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    show_with(app, request, id, Entered::default(), Failure::default()).await
}

async fn show_with(
    app: &App,
    request: &ApiRequest,
    id: &str,
    typed: Entered,
    mut failure: Failure,
) -> Result<Response<Body>> {
    let query = request.query()?;
    let input = account_id(id).and_then(|id| Ok((id, list_page::<Place>(request)?)));
    AuthRequest::<MembersRead, SessionCookie>::from_request(app, request)?
        .input(input)
        .fetch(|(id, _)| fetch::account_access(*id))
        .query(|table, _, (id, _)| table.invitations(*id))
        .respond(async |Authorized { caller, input, fetched: access, queried: all }| {
            let ((id, page), user) = (input, caller.user());
            let (account, own) = access.membership()?;
            let frame = Frame { user, account: &account, role: own.role };
            if own.role != Role::Admin {
                return Ok(frame.admins_only(request, PAGE));
            }
            let place = |(own, _): &(Invitation, _)| {
                Place::new(user.id, newest_first(own.created_at), &own.id())
            };
            let all = app.table.invitations_with_states(all).await?;
            let (listed, next) = page.of(all, place);
            let next = next.map(|next| next.to_string());
            let own_query = own_query(&page);
            let row = |(own, state): &(Invitation, _)| row(request, own, *state, &own_query);
            let rows = listed.iter().map(row).collect::<Result<Vec<_>>>()?;
            let form = form(request, id, &typed, app.settings.sends_mail, &mut failure)?;
            let content = html! {
                (titled(words::INVITE, &form))
                section {
                    h2 { (words::INVITED) }
                    @if rows.is_empty() { p { (none(&own_query, words::EMPTY)) } }
                    @else {
                        (table(
                            layout::INVITATIONS,
                            &[words::EMAIL, members::ROLE, words::STATE, words::SENT_AT, words::ENDS, ""],
                            rows,
                        ))
                    }
                    (pages(&list(id), query.get("cursor"), next.as_deref()))
                }
            };
            let screen = frame.screen(PAGE, content);
            Ok(failure.show(screen.done(query.get("done").and_then(done)), request))
        })
        .await
}

/// What is revoked: the invitation as it was sent last.
const fn as_sent(invitation: &Invitation) -> (Role, Timestamp) {
    (invitation.role, invitation.sent_at)
}

fn row(
    request: &ApiRequest,
    invitation: &Invitation,
    state: InvitationState,
    query: &str,
) -> Result<Vec<Markup>> {
    let hidden = vec![(VERSION.to_owned(), entity_tag(&as_sent(invitation))?)];
    let revoke = format!("{}/{}/revoke{query}", list(invitation.account), invitation.id());
    let revoke = Form { hidden, ..button(request, revoke, words::REVOKE) };
    let waits = state == InvitationState::Pending;
    Ok(vec![
        html! { bdi { (invitation.address) } },
        html! { (accounts::role(invitation.role)) },
        html! { (words::state(state)) },
        html! {
            (time(invitation.sent_at))
            @if invitation.send_count > 1 {
                " " span.quiet { (words::times(invitation.send_count)) }
            }
        },
        time(invitation.expires_at),
        html! { @if waits { (revoke) } },
    ])
}

fn form<'a>(
    request: &ApiRequest,
    id: AccountId,
    typed: &'a Entered,
    sends_mail: bool,
    failure: &mut Failure,
) -> Result<Form<'a>> {
    let email = Field {
        name: "email",
        label: words::EMAIL,
        hint: Some(words::EMAIL_HINT),
        input: Input::Email,
        value: &typed.email,
        autocomplete: "off",
        ..Field::default()
    };
    let role = Field {
        name: "role",
        label: members::ROLE,
        hint: Some(words::ROLE_HINT),
        input: Input::Choice(&words::ROLES),
        value: &typed.role,
        ..Field::default()
    };
    let hours = Field {
        name: "hours",
        label: words::HOURS,
        input: Input::Choice(&words::LIFETIMES),
        value: &typed.hours,
        ..Field::default()
    };
    let link = Field {
        name: "link",
        label: words::LINK,
        hint: Some(words::LINK_HINT),
        input: Input::Checkbox,
        value: if typed.is_link { "true" } else { "" },
        ..Field::default()
    };
    let mut fields = vec![email, role, hours];
    if sends_mail {
        fields.push(link);
    }
    Ok(Form {
        target: Some(Target::new(request, list(id))),
        hidden: vec![once()?],
        fields,
        button: if sends_mail { words::SEND } else { words::MAKE_LINK },
        errors: std::mem::take(&mut failure.errors),
        ..Form::default()
    })
}

/// `POST /account/accounts/{id}/invitations`: an admin invites somebody, or once more. The link of an
/// invitation without a mail is shown this once.
pub(crate) async fn send(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    let auth = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let typed = Entered::read(&mut fields);
    let by_mail = app.settings.sends_mail && !typed.is_link;
    let new = typed.parse(fields);
    let sent = auth
        .input(account_id(id).and_then(|id| Ok((id, new?))))
        .fetch(|(id, (address, ..))| fetch::invitation_request(*id, address.clone()))
        .query(|table, user, _| table.emails(user))
        .respond(async |Authorized { caller, input, fetched, queried: emails }| {
            let (id, (address, role, hours)) = input;
            address.check_invitable(by_mail)?;
            let (subject, base_url) = ((id, (&address).into()), request.base_url().to_string());
            let link = invitations::new_link(app, &base_url, subject, by_mail).await?;
            let InvitationLink { secret_hash, mail, url } = link;
            let new = NewInvitation { address, role, hours, secret_hash, mail };
            let (actor, user, account) = (caller.actor(), caller.user().clone(), fetched.account());
            let write = app.table.invite(&actor, &user, &emails, new, fetched).await?;
            caller
                .commit(app, write, |_| match url.zip(account) {
                    Some((url, account)) => {
                        let frame = Frame { user: &user, account: &account, role: Role::Admin };
                        Ok(show_link(request, frame, &url))
                    }
                    None => see_other(&format!("{}?done=sent", list(id))),
                })
                .await
        })
        .await;
    match sent {
        Err(error) => show_with(app, request, id, typed, Failure::from_error(error)?).await,
        sent => sent,
    }
}

/// The only page with the link.
fn show_link(request: &ApiRequest, frame: Frame<'_>, url: &str) -> Response<Body> {
    let content = html! {
        (secret(words::YOUR_LINK, FILE, url))
        p { (words::PASS_IT_ON) }
        p { a href=(list(frame.account.id)) { (words::BACK) } }
    };
    frame.screen(PAGE, content).done(Some(words::MADE)).with_secret().show(request)
}

/// `POST /account/accounts/{id}/invitations/{invitation}/revoke`: nobody joins by it any more, unless
/// it was sent again since the page was shown.
pub(crate) async fn revoke(
    app: &App,
    request: &ApiRequest,
    id: &str,
    invitation: &str,
) -> Result<Response<Body>> {
    const UNKNOWN: Error = Error::NotFound("invitation");
    let auth = AuthRequest::<MembersWrite, SessionCookie>::from_request(app, request)?;
    let invitation: Option<InvitationId> = http::parse_segment(invitation);
    let version = sent_version(request)?;
    let revoked = auth
        .input(account_id(id).and_then(|id| Ok((id, invitation.ok_or(UNKNOWN)?))))
        .fetch(|(id, invitation)| fetch::invitation(*id, *invitation))
        .respond(async |Authorized { caller, input: (id, _), fetched, .. }| {
            let (access, invitation) = fetched;
            let admin = access.admin()?;
            let invitation = invitation.ok_or(UNKNOWN)?;
            let caller = caller
                .if_match(version.as_deref())
                .check_if_match(|_| (as_sent(&invitation), invitation.versions()))?;
            let write = app.table.revoke_invitation(&caller.actor(), &admin, &invitation)?;
            caller.commit(app, write, |()| back(request, &list(id), "revoked")).await
        })
        .await;
    let failure = match revoked {
        Err(Error::Conflict(_)) => Failure::new(StatusCode::CONFLICT, words::ANSWERED),
        Err(Error::PreconditionFailed) => Failure::new(StatusCode::CONFLICT, words::SENT_AGAIN),
        Err(error) => Failure::from_error(error)?,
        revoked => return revoked,
    };
    show_with(app, request, id, Entered::default(), failure).await
}
