use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountRead, Authorized};
use shared::e24::{Success, UserView};
use shared::http::{self, Query};
use shared::model::Role;
use shared::table::require_current_account;
use shared::{App, Error, Result};

use crate::AuthRequest;

/// The maximum number of users in one response.
const MAX: usize = 1000;

/// Which users to list.
struct Page {
    limit: usize,
    offset: usize,
}

impl Page {
    fn parse(query: &Query<'_>) -> Result<Self> {
        let limit = query.whole_number("limit")?.unwrap_or(MAX);
        if !(1..=MAX).contains(&limit) {
            return Err(Error::invalid("limit", "must be a number from 1 to 1000"));
        }
        Ok(Self { limit, offset: query.whole_number("offset")?.unwrap_or_default() })
    }

    /// The number of users up to the end of this page.
    const fn end(&self) -> usize {
        self.offset.saturating_add(self.limit)
    }
}

#[derive(Serialize)]
struct Users {
    users: Vec<UserView>,
}

/// `GET /v2/accounts[?limit=…&offset=…]`: the users of the caller's current account, oldest first.
/// A caller who is not its admin sees only itself. Secrets are not shown.
pub(crate) async fn list(
    app: &App,
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|query| Page::parse(&query)))
        .respond(async |Authorized { caller, input: page, .. }| {
            let id = caller.user().id;
            let current = require_current_account(caller.user())?;
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
            http::ok(&Success::new(Users {
                users: users.iter().map(|user| UserView::new(user, None)).collect(),
            }))
        })
        .await
}
