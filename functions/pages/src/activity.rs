//! Audit logs: what was done to the own profile, and how entries look in every log.

use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{AuditRead, AuthRequest, Authorized, SessionCookie};
use shared::http::ApiRequest;
use shared::model::{AuditActor, AuditEntry, AuditLog, User};
use shared::rollcall::AuditRequest;
use shared::table::Page;
use shared::{App, Result};

use crate::layout::{Screen, Section, pages, table, time};
use crate::words::{actions, activity as words, layout};

const PATH: &str = "/account/activity";

/// `GET /account/activity`: the own log, newest entry first.
pub(crate) async fn show(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let query = request.query()?;
    AuthRequest::<AuditRead, SessionCookie>::from_request(app, request)?
        .input(AuditRequest::unfiltered(&query))
        .query(|table, user, page| page.clone().read_page(table, AuditLog::User(user)))
        .respond(async |Authorized { caller, queried: page, .. }| {
            let user = caller.user();
            let content = html! {
                p { (words::INTRODUCTION) }
                (entries(user, &page, PATH, query.get("cursor")))
            };
            Ok(Screen::new(user, Section::Activity, layout::ACTIVITY, content).show(request))
        })
        .await
}

/// A page of the log that `path` shows, as this user sees it; `cursor` is where it begins.
pub(crate) fn entries(
    user: &User,
    page: &Page<AuditEntry, String>,
    path: &str,
    cursor: Option<&str>,
) -> Markup {
    let own = user.id.to_string();
    let row = |entry: &AuditEntry| vec![time(entry.at), what(entry, &own), by(&entry.actor, &own)];
    html! {
        @if page.items.is_empty() { p { (actions::EMPTY) } }
        @else {
            (table(
                layout::ACTIVITY,
                &[actions::WHEN, actions::WHAT, actions::BY],
                page.items.iter().map(row).collect(),
            ))
        }
        (pages(path, cursor, page.next.as_deref()))
    }
}

/// What was done, to what, and what else the entry says.
fn what(entry: &AuditEntry, own: &str) -> Markup {
    let changed: Vec<String> = entry.changed.iter().map(|name| actions::term(name)).collect();
    html! {
        (actions::action(&entry.action))
        @if entry.target.id != own {
            p.hint { (actions::term(&entry.target.kind)) " " code { (entry.target.id) } }
        }
        @for (name, detail) in &entry.details {
            p.hint { (actions::term(name)) ": " (detail.texts().join(", ")) }
        }
        @if !changed.is_empty() { p.hint { (actions::CHANGED) ": " (changed.join(", ")) } }
    }
}

fn by(actor: &AuditActor, own: &str) -> Markup {
    let other = actor.id.as_deref().filter(|id| *id != own);
    let is_own = actor.kind == "user" && other.is_none();
    html! {
        @if is_own { (actions::YOU) } @else { (actions::actor(&actor.kind)) }
        @if let Some(id) = other { p.hint { code { (id) } } }
        @if let Some(credential) = &actor.credential_id {
            p.hint { (actions::WITH) " " code { (credential) } }
        }
    }
}
