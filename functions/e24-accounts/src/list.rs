use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountRead, Authorized};
use shared::e24::{Success, UserView};
use shared::http::{self, Query};
use shared::model::Role;
use shared::{App, Error, Result};

use crate::AuthRequest;

/// The most users that one answer lists.
const MAX: usize = 1000;

/// Which users to list.
struct Page {
    limit: usize,
    offset: usize,
}

impl Page {
    fn parse(query: &Query<'_>) -> Result<Self> {
        let limit = number(query, "limit")?.unwrap_or(MAX);
        if !(1..=MAX).contains(&limit) {
            return Err(Error::invalid("limit", "must be a number from 1 to 1000"));
        }
        Ok(Self { limit, offset: number(query, "offset")?.unwrap_or_default() })
    }

    /// How many there must be for this one to be full.
    const fn end(&self) -> usize {
        self.offset.saturating_add(self.limit)
    }
}

/// A parameter of digits alone.
fn number(query: &Query<'_>, name: &'static str) -> Result<Option<usize>> {
    let Some(text) = query.get(name).map(str::trim) else { return Ok(None) };
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(number) => Ok(Some(number)),
        None => Err(Error::invalid(name, "must be a whole number, not negative")),
    }
}

#[derive(Serialize)]
struct Users {
    users: Vec<UserView>,
}

/// `GET /v2/accounts[?limit=…&offset=…]`: the users of the caller's current account, oldest first; for a caller that is
/// not its admin, the caller alone. Secrets are not shown.
pub(crate) async fn list(
    app: &App,
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|query| Page::parse(&query)))
        .respond(async |Authorized { caller, input: page, .. }| {
            let id = caller.user().id;
            let current = caller
                .user()
                .current_account
                .ok_or(Error::Forbidden("you have no usable current account"))?;
            let (access, members) = tokio::join!(
                app.table.access(id, current),
                app.table.oldest_members(current, page.end())
            );
            let listed = match access?.role()? {
                Role::Admin => members?.into_iter().map(|member| member.user).collect(),
                Role::Member => vec![id],
            };
            let page = listed.into_iter().skip(page.offset).take(page.limit);
            let users = app.table.users(page).await?;
            http::ok(&Success::of(Users {
                users: users.iter().map(|user| UserView::of(user, None)).collect(),
            }))
        })
        .await
}
