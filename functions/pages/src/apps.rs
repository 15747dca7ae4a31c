//! Apps: OAuth clients that the user allowed something.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AuthRequest, Authorized, FullAccess, SessionCookie, TokensRead};
use shared::http::{self, ApiRequest};
use shared::model::{Grant, GrantId, Timestamp};
use shared::table::{Page, fetch};
use shared::{App, Error, Result, rollcall};

use crate::entry::see_other;
use crate::keys::identified;
use crate::layout::{Screen, Section, confirm, pages, table, time};
use crate::tokens::{moment, scopes};
use crate::words::{apps as words, layout};

const PATH: &str = "/account/apps";
/// Apps on one page, each with a form.
const LIMIT: u8 = 20;

const UNKNOWN: Error = Error::NotFound("grant");

/// `GET /account/apps`: a page of the grants that work, oldest first.
pub(crate) async fn show(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let query = request.query()?;
    let done = query.get("done").filter(|done| *done == "revoked").map(|_| words::REVOKED);
    list(app, request, |screen| screen.done(done)).await
}

async fn list(
    app: &App,
    request: &ApiRequest,
    say: impl FnOnce(Screen<'_>) -> Screen<'_>,
) -> Result<Response<Body>> {
    let query = request.query()?;
    AuthRequest::<TokensRead, SessionCookie>::from_request(app, request)?
        .input(rollcall::Page::<GrantId>::parse(&query))
        .query(|table, user, page| table.grants_after(user, page.after, LIMIT))
        .respond(async |Authorized { caller, queried: read, .. }| {
            let user = caller.user();
            let page = app.table.active_grants(user, read, LIMIT).await?;
            let content = html! {
                p { (words::INTRODUCTION) }
                (grants(request, &page, query.get("cursor")))
            };
            Ok(say(Screen::new(user, Section::Apps, layout::APPS, content)).show(request))
        })
        .await
}

/// `POST /account/apps/{id}/revoke`: the client's code and tokens stop working with the next
/// request.
pub(crate) async fn revoke(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    let outcome = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(http::parse_segment::<GrantId>(id).ok_or(UNKNOWN))
        .fetch(|id| fetch::grant(*id))
        .respond(async |Authorized { caller, input: id, fetched, .. }| {
            let is_active = |grant: &Grant| grant.is_active(caller.user(), Timestamp::now());
            fetched.filter(|grant| is_active(grant)).ok_or(UNKNOWN)?;
            let write = app.table.revoke_grant(&caller.actor(), caller.user().id, id);
            caller.commit(app, write, |()| see_other(&format!("{PATH}?done=revoked"))).await
        })
        .await;
    match outcome {
        Err(Error::NotFound(_)) => {
            let gone = StatusCode::NOT_FOUND;
            list(app, request, |screen| screen.problem(gone, words::GONE)).await
        }
        outcome => outcome,
    }
}

fn grants(request: &ApiRequest, page: &Page<Grant, GrantId>, cursor: Option<&str>) -> Markup {
    let row = |grant: &Grant| {
        let revoke = format!("{PATH}/{}/revoke", grant.id);
        vec![
            identified(&html! { bdi { (grant.client_name) } }, &grant.id),
            scopes(&grant.scopes),
            time(grant.created_at),
            time(grant.expires_at),
            moment(grant.last_used_at),
            confirm(request, revoke, words::REVOKE, words::REVOKE_WHY),
        ]
    };
    let columns = [words::APP, words::MAY, words::SINCE, words::UNTIL, words::LAST_USED, ""];
    let next = page.next.map(|next| next.to_string());
    html! {
        @if page.items.is_empty() { p { (words::EMPTY) } }
        @else { (table(layout::APPS, &columns, page.items.iter().map(row).collect())) }
        (pages(PATH, cursor, next.as_deref()))
    }
}
