use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, MembersRead, MembersWrite};
use shared::http::{self, Fields, Query};
use shared::model::{AccountId, Membership, Role, User, UserId, UtcMillis};
use shared::rollcall::Page;
use shared::table::{AccountMember, fetch};
use shared::{App, Error, Result};

use crate::{AuthRequest, account_id};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberView {
    user_id: UserId,
    username: String,
    /// First and last name; empty if there is none.
    name: String,
    role: Role,
    joined_at: UtcMillis,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    members: Vec<MemberView>,
    /// The cursor of the next page, opaque to clients.
    next_cursor: Option<UserId>,
}

impl MemberView {
    fn new(membership: Membership, user: &User) -> Self {
        let Membership { account: _, user: user_id, role, joined_at } = membership;
        let (username, name) = (user.username.to_string(), user.full_name.clone());
        Self { user_id, username, name, role, joined_at: joined_at.into() }
    }

    fn of(member: &AccountMember) -> Self {
        Self::new(**member.membership(), member.user())
    }
}

/// The account and the user that a path names.
fn ids(account: &str, user: &str) -> Result<(AccountId, UserId)> {
    let user = http::parse_segment(user).ok_or(Error::NotFound("member"));
    Ok((account_id(account)?, user?))
}

fn role(mut fields: Fields) -> Result<Role> {
    let role = fields.required("role");
    fields.into_result(role)
}

/// `GET /rollcall/v1/accounts/{id}/members[?limit=…&cursor=…]`: a member sees all members, oldest
/// user first.
pub(crate) async fn list(
    app: &App,
    auth: AuthRequest<'_, MembersRead>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    let input = query.and_then(|query| Ok((Page::<UserId>::parse(&query)?, account_id(id)?)));
    auth.input(input)
        .fetch(|(_, id)| fetch::account_access(*id))
        .query(|table, _, (page, id)| table.members_after(*id, page.after, page.limit))
        .respond(async |Authorized { fetched: access, queried: page, .. }| {
            access.member()?;
            let members = app.table.with_users(page.items).await?;
            let members = members.iter().map(|(member, user)| MemberView::new(*member, user));
            http::ok(&Members { members: members.collect(), next_cursor: page.next })
        })
        .await
}

/// `GET /rollcall/v1/accounts/{id}/members/{userId}`: a member sees any of them.
pub(crate) async fn get(
    auth: AuthRequest<'_, MembersRead>,
    query: Result<Query<'_>>,
    id: &str,
    user: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|_| ids(id, user)))
        .fetch(|(id, user)| fetch::member_access(*id, *user))
        .respond(async |Authorized { fetched, .. }| {
            http::ok_with_etag(&MemberView::of(&fetched.member()?))
        })
        .await
}

/// `PATCH /rollcall/v1/accounts/{id}/members/{userId}`: an admin gives a member another role.
pub(crate) async fn set_role(
    app: &App,
    auth: AuthRequest<'_, MembersWrite>,
    fields: Result<Fields>,
    id: &str,
    user: &str,
) -> Result<Response<Body>> {
    let body = fields.and_then(role).and_then(|role| Ok((role, ids(id, user)?)));
    auth.input(body)
        .fetch(|(_, (id, user))| fetch::member_access(*id, *user))
        .respond(async |Authorized { caller, input: (role, _), fetched, .. }| {
            let changeable = fetched.member()?.changeable()?;
            let member = changeable.member();
            let caller = caller.check_if_match(|_| (MemberView::of(member), member.versions()))?;
            let user = member.user().clone();
            let write = app.table.change_role(&caller.actor(), changeable, role)?;
            let view = |changed| http::ok_with_etag(&MemberView::new(changed, &user));
            caller.commit(app, write, view).await
        })
        .await
}

/// `DELETE /rollcall/v1/accounts/{id}/members/{userId}`: an admin removes a member, or a member
/// leaves.
pub(crate) async fn remove(
    app: &App,
    auth: AuthRequest<'_, MembersWrite>,
    query: Result<Query<'_>>,
    id: &str,
    user: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|_| ids(id, user)))
        .fetch(|(id, user)| fetch::member_access(*id, *user))
        .respond(async |Authorized { caller, fetched, .. }| {
            let removable = fetched.member()?.removable()?;
            let member = removable.member();
            let caller = caller.check_if_match(|_| (MemberView::of(member), member.versions()))?;
            let write = app.table.end_membership(&caller.actor(), removable)?;
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}
