//! The members of an account: their roles, who leaves, and who owns it.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{
    AuthRequest, Authorized, Caller, FullAccess, MembersRead, MembersWrite, Permission,
    SessionCookie,
};
use shared::http::{self, ApiRequest, Fields, entity_tag};
use shared::model::{Account, AccountId, Membership, Role, Timestamp, User, UserId};
use shared::table::{Stored, Versioned, fetch};
use shared::{App, Error, Result};

use crate::account_frame::{ACCOUNTS, Failure, Frame, account_id, path, person};
use crate::entry::see_other;
use crate::form::{Form, VERSION, sent_version};
use crate::layout::{AccountSection, button, confirm_form, day, pages, table};
use crate::list::{back, list_page, own_query};
use crate::words::{account, accounts, layout, members as words};

/// What was done, as the page says after it.
fn done(name: &str) -> Option<&'static str> {
    match name {
        "role" => Some(words::ROLE_IS_SET),
        "removed" => Some(words::REMOVED),
        "owner" => Some(words::HANDED_OVER),
        _ => None,
    }
}

fn list(account: AccountId) -> String {
    path(account, "/members")
}

/// The account and the user that a path names.
fn ids(account: &str, user: &str) -> Result<(AccountId, UserId)> {
    let user = http::parse_segment(user).ok_or(Error::NotFound("member"));
    Ok((account_id(account)?, user?))
}

/// What one decides upon: since when somebody is a member, and what that member may do.
const fn as_shown(member: &Membership) -> (Timestamp, Role) {
    (member.joined_at, member.role)
}

/// Rejects what was decided about a member who left, came back or got another role since the page
/// was shown with this tag.
fn check_unchanged<N: Permission>(
    caller: Caller<N>,
    version: Option<&str>,
    member: &Stored<Membership>,
) -> Result<Caller<N>> {
    caller.if_match(version).check_if_match(|_| (as_shown(member), member.versions()))
}

/// `GET /account/accounts/{id}/members`: a member sees all members, oldest user first.
pub(crate) async fn show(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    show_with(app, request, id, Failure::default()).await
}

async fn show_with(
    app: &App,
    request: &ApiRequest,
    id: &str,
    failure: Failure,
) -> Result<Response<Body>> {
    let query = request.query()?;
    let page = list_page::<UserId>(request);
    let input = account_id(id).and_then(|id| Ok((id, page?)));
    AuthRequest::<MembersRead, SessionCookie>::from_request(app, request)?
        .input(input)
        .fetch(|(id, _)| fetch::account_access(*id))
        .query(|table, _, (id, page)| table.members_after(*id, page.after, page.limit))
        .respond(async |Authorized { caller, input, fetched: access, queried: read }| {
            let (id, page) = input;
            let (account, own) = access.membership()?;
            let next = read.next.map(|next| next.to_string());
            let members = app.table.with_users(read.items).await?;
            let seen = Rows { request, account: &account, own: &own, query: own_query(&page) };
            let rows = members.iter().map(|(member, user)| seen.row(member, user));
            let rows = rows.collect::<Result<Vec<_>>>()?;
            let content = html! {
                p { (words::count(account.member_count)) }
                @if rows.is_empty() { p { (layout::NO_MORE) } }
                @else {
                    (table(
                        layout::MEMBERS,
                        &[accounts::NAME, words::ROLE, accounts::JOINED, ""],
                        rows,
                    ))
                }
                (pages(&list(id), query.get("cursor"), next.as_deref()))
            };
            let frame = Frame { user: caller.user(), account: &account, role: own.role };
            let screen = frame.screen((AccountSection::Members, layout::MEMBERS), content);
            Ok(failure.show(screen.done(query.get("done").and_then(done)), request))
        })
        .await
}

/// The members, as one of them sees them.
struct Rows<'a> {
    request: &'a ApiRequest,
    account: &'a Account,
    own: &'a Membership,
    /// That of the page.
    query: String,
}

impl Rows<'_> {
    fn row(&self, member: &Membership, user: &User) -> Result<Vec<Markup>> {
        let is_own = member.user == self.own.user;
        let is_owner = member.user == self.account.owner;
        let acts = if is_owner { Markup::default() } else { self.acts(member, is_own)? };
        Ok(vec![
            html! {
                (person(user))
                @if is_own { " " strong.badge { (words::YOU) } }
                @if is_owner { " " strong.badge { (account::OWNER) } }
            },
            html! { (accounts::role(member.role)) },
            day(member.joined_at),
            acts,
        ])
    }

    /// What may be done with a member who is not the owner.
    fn acts(&self, member: &Membership, is_own: bool) -> Result<Markup> {
        let version = (VERSION.to_owned(), entity_tag(&as_shown(member))?);
        let act = |verb: &str, label: &'static str| {
            let path = format!("{}/{}/{verb}{}", list(self.account.id), member.user, self.query);
            Form { hidden: vec![version.clone()], ..button(self.request, path, label) }
        };
        let set_role = |role: Role, label: &'static str| {
            let mut form = act("role", label);
            form.hidden.push(("role".to_owned(), role.as_str().to_owned()));
            form
        };
        let is_admin = self.own.role == Role::Admin;
        Ok(html! {
            @match member.role {
                Role::Member if is_admin => { (set_role(Role::Admin, words::MAKE_ADMIN)) }
                Role::Admin if is_own => {
                    (confirm_form(words::STEP_DOWN_WHY, &set_role(Role::Member, words::STEP_DOWN)))
                }
                Role::Admin if is_admin => { (set_role(Role::Member, words::MAKE_MEMBER)) }
                _ => {}
            }
            @if self.own.user == self.account.owner && member.role == Role::Admin {
                (confirm_form(words::HAND_OVER_WHY, &act("owner", words::HAND_OVER)))
            }
            @if is_own { (confirm_form(words::LEAVE_WHY, &act("remove", words::LEAVE))) }
            @else if is_admin {
                (confirm_form(words::REMOVE_WHY, &act("remove", words::REMOVE)))
            }
        })
    }
}

/// The list again with why something was not done.
async fn or_list(
    app: &App,
    request: &ApiRequest,
    id: &str,
    outcome: Result<Response<Body>>,
) -> Result<Response<Body>> {
    let failure = match outcome {
        Err(Error::PreconditionFailed) => {
            Failure::new(StatusCode::CONFLICT, words::CHANGED_MEANWHILE)
        }
        Err(error) => Failure::from_error(error)?,
        outcome => return outcome,
    };
    show_with(app, request, id, failure).await
}

fn role(mut fields: Fields) -> Result<Role> {
    let role = fields.required("role");
    fields.into_result(role)
}

/// `POST /account/accounts/{id}/members/{user}/role`: an admin gives a member another role. Making
/// an admin takes full access.
pub(crate) async fn set_role(
    app: &App,
    request: &ApiRequest,
    id: &str,
    user: &str,
) -> Result<Response<Body>> {
    let auth = AuthRequest::<MembersWrite, SessionCookie>::from_request(app, request)?;
    let mut fields = request.optional_form()?;
    let version: Option<String> = fields.optional(VERSION);
    let input = ids(id, user).and_then(|ids| Ok((ids, role(fields)?)));
    let changed = auth
        .input(input)
        .fetch(|((id, user), _)| fetch::member_access(*id, *user))
        .respond(async |Authorized { caller, input: ((id, _), role), fetched, .. }| {
            let done = || back(request, &list(id), "role");
            let changeable = fetched.member()?.changeable()?;
            let membership = changeable.member().membership();
            if membership.role == role {
                return done();
            }
            let caller = check_unchanged(caller, version.as_deref(), membership)?;
            // As an invitation does, it outlives the session.
            if role == Role::Admin {
                caller.require::<FullAccess>()?;
            }
            let write = app.table.change_role(&caller.actor(), changeable, role)?;
            caller.commit(app, write, |_| done()).await
        })
        .await;
    or_list(app, request, id, changed).await
}

/// `POST /account/accounts/{id}/members/{user}/remove`: an admin removes a member, or a member
/// leaves.
pub(crate) async fn remove(
    app: &App,
    request: &ApiRequest,
    id: &str,
    user: &str,
) -> Result<Response<Body>> {
    let auth = AuthRequest::<MembersWrite, SessionCookie>::from_request(app, request)?;
    let version = sent_version(request)?;
    let removed = auth
        .input(ids(id, user))
        .fetch(|(id, user)| fetch::member_access(*id, *user))
        .respond(async |Authorized { caller, input: (id, user), fetched, .. }| {
            let is_own = user == caller.user().id;
            let removable = fetched.member()?.removable()?;
            let membership = removable.member().membership();
            let caller = check_unchanged(caller, version.as_deref(), membership)?;
            let write = app.table.end_membership(&caller.actor(), removable)?;
            let done = |()| {
                if is_own {
                    see_other(&format!("{ACCOUNTS}?done=left"))
                } else {
                    back(request, &list(id), "removed")
                }
            };
            caller.commit(app, write, done).await
        })
        .await;
    or_list(app, request, id, removed).await
}

/// `POST /account/accounts/{id}/members/{user}/owner`: the owner hands the account over to another
/// admin, and stays an admin.
pub(crate) async fn set_owner(
    app: &App,
    request: &ApiRequest,
    id: &str,
    user: &str,
) -> Result<Response<Body>> {
    let auth = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?;
    let version = sent_version(request)?;
    let handed_over = auth
        .input(ids(id, user))
        .fetch(|(id, user)| fetch::member_access(*id, *user))
        .respond(async |Authorized { caller, input: (id, _), fetched, .. }| {
            let handover = fetched.handover()?;
            let caller = check_unchanged(caller, version.as_deref(), handover.membership())?;
            let write = app.table.hand_over(&caller.actor(), handover)?;
            caller.commit(app, write, |_| back(request, &list(id), "owner")).await
        })
        .await;
    or_list(app, request, id, handed_over).await
}
