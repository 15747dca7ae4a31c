use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, FullAccess, TokensRead};
use shared::http::{self, Query};
use shared::model::{Session, SessionId, Timestamp, UtcMillis};
use shared::rollcall::Page;
use shared::table::fetch;
use shared::{App, Error, Result};

use crate::AuthRequest;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sessions {
    sessions: Vec<SessionView>,
    /// The cursor of the next page, opaque to clients.
    next_cursor: Option<SessionId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionView {
    id: SessionId,
    browser: String,
    created_at: UtcMillis,
    last_used_at: Option<UtcMillis>,
    expires_at: UtcMillis,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        let expires_at = session.ends_at().into();
        let Session { id, browser, created_at, last_used_at, .. } = session;
        let last_used_at = last_used_at.map(UtcMillis::from);
        Self { id, browser, created_at: created_at.into(), last_used_at, expires_at }
    }
}

/// `GET /rollcall/v1/users/self/sessions[?limit=…&cursor=…]`: where the caller is signed in in a
/// browser, oldest first.
pub(crate) async fn list(
    app: &App,
    auth: AuthRequest<'_, TokensRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let page = query.and_then(|query| Page::parse(&query));
    auth.input(page)
        .query(|table, user, page| table.sessions_after(user, page.after, page.limit))
        .respond(async |Authorized { caller, input: page, queried: sessions, .. }| {
            let page = app.table.active_sessions(caller.user(), sessions, page.limit).await?;
            let sessions = page.items.into_iter().map(SessionView::from).collect();
            http::ok(&Sessions { sessions, next_cursor: page.next })
        })
        .await
}

/// `DELETE /rollcall/v1/users/self/sessions/{id}`: the browser is signed out with its next request.
///
/// Another user's session is indistinguishable from one that never existed.
pub(crate) async fn end(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    let unknown = || Error::NotFound("session");
    auth.input(query.and_then(|_| http::parse_segment(id).ok_or_else(unknown)))
        .fetch(|id| fetch::session(*id))
        .respond(async |Authorized { caller, input: id, fetched, .. }| {
            let is_active = |own: &Session| own.is_active(caller.user(), Timestamp::now());
            fetched.filter(|session| is_active(session)).ok_or_else(unknown)?;
            let write = app.table.delete_session(&caller.actor(), caller.user().id, id);
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}

/// `DELETE /rollcall/v1/users/self/sessions`: all browsers are signed out with their next request.
pub(crate) async fn end_all(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query.map(drop))
        .fetch(|()| fetch::counts())
        .respond(async |Authorized { caller, fetched: counts, .. }| {
            let (actor, user) = (caller.actor(), caller.user().id);
            let write = app.table.delete_other_sessions(&actor, user, counts.as_ref(), None)?;
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}
