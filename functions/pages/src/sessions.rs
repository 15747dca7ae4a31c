//! Sessions: where somebody is signed in.

use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AuthRequest, Authorized, FullAccess, ProfileRead, SessionCookie};
use shared::http::{self, ApiRequest};
use shared::model::{Session, SessionId};
use shared::table::{Page, fetch};
use shared::{App, Error, Result, limits};

use crate::entry::see_other;
use crate::layout::{Screen, Section, act, confirm, table, time};
use crate::words::{layout, sessions as words};

/// As many as there can be are on one page.
const LIMIT: u8 = limits::MAX_PAGE_SIZE;
const PATH: &str = "/account/sessions";

/// What was done, as the page says after it.
fn done(name: &str) -> Option<&'static str> {
    match name {
        "ended" => Some(words::ENDED),
        "others-ended" => Some(words::OTHERS_ENDED),
        _ => None,
    }
}

/// `GET /account/sessions`: all sessions.
pub(crate) async fn show(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let query = request.query()?;
    AuthRequest::<ProfileRead, SessionCookie>::from_request(app, request)?
        .input(Ok(()))
        .query(|table, user, ()| table.sessions_after(user, None, LIMIT))
        .respond(async |Authorized { caller, queried: read, .. }| {
            let user = caller.user();
            let page = app.table.active_sessions(user, read, LIMIT).await?;
            let own = caller.session().map(|session| session.id);
            let content = content(request, &page, own);
            let screen = Screen::new(user, Section::Sessions, layout::SESSIONS, content);
            Ok(screen.done(query.get("done").and_then(done)).show(request))
        })
        .await
}

/// `POST /account/sessions/{id}/end`: ends a session, which may be the own one.
pub(crate) async fn end(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    let id: Option<SessionId> = http::parse_segment(id);
    AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(id.ok_or(Error::NotFound("session")))
        .fetch(|id| fetch::session(*id))
        .respond(async |Authorized { caller, input: id, fetched: session, .. }| {
            if session.is_none() {
                return see_other(&format!("{PATH}?done=ended"));
            }
            let write = app.table.delete_session(&caller.actor(), caller.user().id, id);
            caller.commit(app, write, |()| see_other(&format!("{PATH}?done=ended"))).await
        })
        .await
}

/// `POST /account/sessions/end-others`: ends all sessions but the own one.
pub(crate) async fn end_others(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(Ok(()))
        .fetch(|()| fetch::counts())
        .respond(async |Authorized { caller, fetched: counts, .. }| {
            let (actor, user) = (caller.actor(), caller.user().id);
            let own = caller.session().map(|session| session.id);
            let write = app.table.delete_other_sessions(&actor, user, counts.as_ref(), own)?;
            caller.commit(app, write, |()| see_other(&format!("{PATH}?done=others-ended"))).await
        })
        .await
}

fn content(
    request: &ApiRequest,
    page: &Page<Session, SessionId>,
    own: Option<SessionId>,
) -> Markup {
    let row = |session: &Session| {
        let is_own = Some(session.id) == own;
        let end = format!("{PATH}/{}/end", session.id);
        vec![
            html! { (session.browser) @if is_own { " " strong.badge { (words::THIS_ONE) } } },
            time(session.created_at),
            html! {
                @match session.last_used_at { Some(at) => (time(at)), None => (layout::NEVER) }
            },
            time(session.ends_at()),
            html! { @if !is_own { (act(request, end, words::END)) } },
        ]
    };
    let columns = [words::BROWSER, words::SIGNED_IN, words::LAST_USED, words::ENDS, ""];
    let rows = page.items.iter().rev().map(row).collect();
    html! {
        p { (words::INTRODUCTION) }
        (table(layout::SESSIONS, &columns, rows))
        @if page.items.len() > 1 {
            (confirm(
                request,
                format!("{PATH}/end-others"),
                words::END_OTHERS,
                words::END_OTHERS_WHY,
            ))
        }
    }
}
