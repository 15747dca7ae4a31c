use std::collections::BTreeSet;

use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, FullAccess, TokensRead};
use shared::http::{self, Query};
use shared::model::{ClientId, Grant, GrantId, Scope, Timestamp, UtcMillis};
use shared::rollcall::Page;
use shared::table::fetch;
use shared::{App, Error, Result};

use crate::AuthRequest;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Grants {
    grants: Vec<GrantView>,
    /// The cursor of the next page, opaque to clients.
    next_cursor: Option<GrantId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GrantView {
    id: GrantId,
    client: ClientView,
    scopes: BTreeSet<Scope>,
    created_at: UtcMillis,
    expires_at: UtcMillis,
    last_used_at: Option<UtcMillis>,
}

/// A client, with the name that the user saw.
#[derive(Serialize)]
struct ClientView {
    id: ClientId,
    name: String,
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        let Grant {
            id,
            client,
            client_name,
            client_epoch: _,
            client_scope_epoch: _,
            scopes,
            created_at,
            expires_at,
            last_used_at,
            user: _,
            is_remembered: _,
            epoch: _,
            code: _,
            refresh: _,
            access: _,
        } = grant;
        Self {
            id,
            client: ClientView { id: client, name: client_name },
            scopes,
            created_at: created_at.into(),
            expires_at: expires_at.into(),
            last_used_at: last_used_at.map(UtcMillis::from),
        }
    }
}

/// `GET /rollcall/v1/grants[?limit=…&cursor=…]`: what the caller granted to OAuth clients and has
/// not ended, oldest first.
pub(crate) async fn list(
    app: &App,
    auth: AuthRequest<'_, TokensRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let page = query.and_then(|query| Page::parse(&query));
    auth.input(page)
        .query(|table, user, page| table.grants_after(user, page.after, page.limit))
        .respond(async |Authorized { caller, input: page, queried: grants, .. }| {
            let page = app.table.active_grants(caller.user(), grants, page.limit).await?;
            let grants = page.items.into_iter().map(GrantView::from).collect();
            http::ok(&Grants { grants, next_cursor: page.next })
        })
        .await
}

/// `DELETE /rollcall/v1/grants/{id}`: the client's code and tokens stop working with the next
/// request.
///
/// Another user's grant is indistinguishable from one that never existed.
pub(crate) async fn revoke(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    let unknown = || Error::NotFound("grant");
    auth.input(query.and_then(|_| http::parse_segment(id).ok_or_else(unknown)))
        .fetch(|id| fetch::grant(*id))
        .respond(async |Authorized { caller, input: id, fetched, .. }| {
            let is_active = |grant: &Grant| grant.is_active(caller.user(), Timestamp::now());
            fetched.filter(|grant| is_active(grant)).ok_or_else(unknown)?;
            let write = app.table.revoke_grant(&caller.actor(), caller.user().id, id);
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}
