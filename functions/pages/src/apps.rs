//! Apps: OAuth clients that the user allowed something.
//!
//! A client has a grant for each time that it asked, mostly without the user noticing: to the user
//! they are one.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AuthRequest, Authorized, FullAccess, SessionCookie, TokensRead};
use shared::http::{self, ApiRequest};
use shared::model::{ClientId, Grant, GrantId, Timestamp};
use shared::table::{Page, fetch};
use shared::{App, Error, Result, rollcall};

use crate::keys::identified;
use crate::layout::{Screen, Section, confirm, pages, table, time};
use crate::list::{back, none, own_query};
use crate::tokens::{moment, scopes};
use crate::words::{apps as words, layout};

const PATH: &str = "/account/apps";
/// Apps on one page, each with a form.
const LIMIT: usize = 20;

/// `GET /account/apps`: a page of the clients with grants that work, oldest first.
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
        .query(|table, user, _| table.all_grants(user))
        .respond(async |Authorized { caller, input: page, queried: mut read, .. }| {
            let (user, now) = (caller.user(), Timestamp::now());
            read.retain(|grant| grant.is_active(user, now));
            let all = by_client(app.table.accepted_grants(read).await?);
            let own_query = own_query(&page);
            let mut rest = all.into_iter().filter(|first| Some(first.id) > page.after);
            let items: Vec<_> = rest.by_ref().take(LIMIT).collect();
            let next = rest.next().and(items.last().map(|last| last.id));
            let page = Page { items, next };
            let content = html! {
                p { (words::INTRODUCTION) }
                (grants(request, &page, &own_query))
            };
            Ok(say(Screen::new(user, Section::Apps, layout::APPS, content)).show(request))
        })
        .await
}

/// The first grant to each client, with what all of its grants together allow.
fn by_client(grants: Vec<Grant>) -> Vec<Grant> {
    let mut apps: Vec<Grant> = Vec::new();
    for grant in grants {
        match apps.iter_mut().find(|app| app.client == grant.client) {
            Some(app) => {
                app.client_name = grant.client_name;
                app.scopes.extend(grant.scopes);
                app.expires_at = app.expires_at.max(grant.expires_at);
                app.last_used_at = app.last_used_at.max(grant.last_used_at);
            }
            None => apps.push(grant),
        }
    }
    apps
}

/// `POST /account/apps/{id}/revoke`: all codes and tokens of the client stop working with the next
/// request.
pub(crate) async fn revoke(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    let outcome = AuthRequest::<FullAccess, SessionCookie>::from_request(app, request)?
        .input(http::parse_segment::<ClientId>(id).ok_or(Error::NotFound("grant")))
        .fetch(|_| fetch::counts())
        .respond(async |Authorized { caller, input: id, fetched: counts, .. }| {
            let (actor, user) = (caller.actor(), caller.user());
            let write = app.table.revoke_grants_of(&actor, user, counts.as_ref(), id)?;
            caller.commit(app, write, |()| back(request, PATH, "revoked")).await
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

/// The apps of a page of the list, which has this query.
fn grants(request: &ApiRequest, page: &Page<Grant, GrantId>, query: &str) -> Markup {
    let row = |grant: &Grant| {
        let revoke = format!("{PATH}/{}/revoke{query}", grant.client);
        vec![
            identified(&html! { bdi { (grant.client_name) } }, &grant.client),
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
        @if page.items.is_empty() { p { (none(query, words::EMPTY)) } }
        @else { (table(layout::APPS, &columns, page.items.iter().map(row).collect())) }
        (pages(PATH, (!query.is_empty()).then_some(query), next.as_deref()))
    }
}
