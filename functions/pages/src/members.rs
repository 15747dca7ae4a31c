//! The members of an account: their roles, who leaves, and who owns it.

use lambda_http::{Body, Response};
use maud::{Markup, Render, html};
use shared::auth::{AuthRequest, Authorized, FullAccess, MembersRead, MembersWrite, SessionCookie};
use shared::http::{self, ApiRequest, Fields};
use shared::model::{Account, AccountId, Membership, Role, User, UserId};
use shared::table::fetch;
use shared::{App, Error, Result};

use crate::account_frame::{ACCOUNTS, Failure, Frame, account_id, path, person};
use crate::entry::see_other;
use crate::form::{Form, Target};
use crate::layout::{AccountSection, confirm, day, pages, table};
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
    let input = account_id(id).and_then(|id| Ok((id, list_page::<UserId>(request)?)));
    AuthRequest::<MembersRead, SessionCookie>::from_request(app, request)?
        .input(input)
        .fetch(|(id, _)| fetch::account_access(*id))
        .query(|table, _, (id, page)| table.members_after(*id, page.after, page.limit))
        .respond(async |Authorized { caller, input, fetched: access, queried: read }| {
            let (id, page) = input;
            let (account, own) = access.membership()?;
            let next = read.next.map(|next| next.to_string());
            let members = app.table.with_users(read.items).await?;
            let rows = Rows { request, account: &account, own: &own, query: own_query(&page) };
            let content = html! {
                p { (words::count(account.member_count)) }
                @if members.is_empty() { p { (words::EMPTY) } }
                @else {
                    (table(
                        layout::MEMBERS,
                        &[accounts::NAME, words::ROLE, accounts::JOINED, ""],
                        members.iter().map(|(member, user)| rows.row(member, user)).collect(),
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
    fn row(&self, member: &Membership, user: &User) -> Vec<Markup> {
        let is_own = member.user == self.own.user;
        let is_owner = member.user == self.account.owner;
        vec![
            html! {
                (person(user))
                @if is_own { " " strong.badge { (words::YOU) } }
                @if is_owner { " " strong.badge { (account::OWNER) } }
            },
            html! { (accounts::role(member.role)) },
            day(member.joined_at),
            html! { @if !is_owner { (self.acts(member, is_own)) } },
        ]
    }

    /// What may be done with a member who is not the owner.
    fn acts(&self, member: &Membership, is_own: bool) -> Markup {
        let confirm = |verb, label, consequence| {
            confirm(self.request, self.path(member, verb), label, consequence)
        };
        let is_admin = self.own.role == Role::Admin;
        html! {
            @match member.role {
                Role::Member if is_admin => {
                    (self.set_role(member, Role::Admin, words::MAKE_ADMIN))
                }
                Role::Admin if is_own => {
                    details {
                        summary { (words::STEP_DOWN) }
                        p { (words::STEP_DOWN_WHY) }
                        (self.set_role(member, Role::Member, words::STEP_DOWN))
                    }
                }
                Role::Admin if is_admin => {
                    (self.set_role(member, Role::Member, words::MAKE_MEMBER))
                }
                _ => {}
            }
            @if self.own.user == self.account.owner && member.role == Role::Admin {
                (confirm("owner", words::HAND_OVER, words::HAND_OVER_WHY))
            }
            @if is_own { (confirm("remove", words::LEAVE, words::LEAVE_WHY)) }
            @else if is_admin { (confirm("remove", words::REMOVE, words::REMOVE_WHY)) }
        }
    }

    fn set_role(&self, member: &Membership, role: Role, label: &str) -> Markup {
        let form = Form {
            target: Some(Target::new(self.request, self.path(member, "role"))),
            hidden: vec![("role".to_owned(), role.as_str().to_owned())],
            button: label,
            is_inline: true,
            ..Form::default()
        };
        form.render()
    }

    fn path(&self, member: &Membership, verb: &str) -> String {
        format!("{}/{}/{verb}{}", list(self.account.id), member.user, self.query)
    }
}

/// The list again with why something was not done.
async fn or_list(
    app: &App,
    request: &ApiRequest,
    id: &str,
    outcome: Result<Response<Body>>,
) -> Result<Response<Body>> {
    match outcome {
        Err(error) => show_with(app, request, id, Failure::from_error(error)?).await,
        outcome => outcome,
    }
}

fn role(mut fields: Fields) -> Result<Role> {
    let role = fields.required("role");
    fields.into_result(role)
}

/// `POST /account/accounts/{id}/members/{user}/role`: an admin gives a member another role.
pub(crate) async fn set_role(
    app: &App,
    request: &ApiRequest,
    id: &str,
    user: &str,
) -> Result<Response<Body>> {
    let auth = AuthRequest::<MembersWrite, SessionCookie>::from_request(app, request)?;
    let input = ids(id, user).and_then(|ids| Ok((ids, role(request.optional_form()?)?)));
    let changed = auth
        .input(input)
        .fetch(|((id, user), _)| fetch::member_access(*id, *user))
        .respond(async |Authorized { caller, input: ((id, _), role), fetched, .. }| {
            let member = fetched.member()?.changeable()?;
            let write = app.table.change_role(&caller.actor(), member, role)?;
            caller.commit(app, write, |_| back(request, &list(id), "role")).await
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
    let removed = AuthRequest::<MembersWrite, SessionCookie>::from_request(app, request)?
        .input(ids(id, user))
        .fetch(|(id, user)| fetch::member_access(*id, *user))
        .respond(async |Authorized { caller, input: (id, user), fetched, .. }| {
            let is_own = user == caller.user().id;
            let member = fetched.member()?.removable()?;
            let write = app.table.end_membership(&caller.actor(), member)?;
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
    let handed_over = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(ids(id, user))
        .fetch(|(id, user)| fetch::member_access(*id, *user))
        .respond(async |Authorized { caller, input: (id, _), fetched, .. }| {
            let write = app.table.hand_over(&caller.actor(), fetched.handover()?)?;
            caller.commit(app, write, |_| back(request, &list(id), "owner")).await
        })
        .await;
    or_list(app, request, id, handed_over).await
}
