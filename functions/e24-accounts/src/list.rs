use lambda_http::{Body, Response};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use shared::auth::{AccountRead, Authorized};
use shared::e24::{Success, UserView};
use shared::http::{self, Query};
use shared::limits::{MAX_USER_PAGE_BYTES, MAX_USERS_PER_PAGE};
use shared::model::{Role, User, UserId};
use shared::table::require_current_account;
use shared::{App, Error, Result};

use crate::AuthRequest;

/// Which users to list.
struct Page {
    limit: usize,
    offset: usize,
}

impl Page {
    fn parse(query: &Query<'_>) -> Result<Self> {
        let limit = query.whole_number("limit")?.unwrap_or(MAX_USERS_PER_PAGE);
        if !(1..=MAX_USERS_PER_PAGE).contains(&limit) {
            let problem = format!("must be a number from 1 to {MAX_USERS_PER_PAGE}");
            return Err(Error::invalid("limit", problem));
        }
        Ok(Self { limit, offset: query.whole_number("offset")?.unwrap_or_default() })
    }

    /// The number of users up to the end of this page.
    const fn end(&self) -> usize {
        self.offset.saturating_add(self.limit)
    }
}

#[derive(Default, Serialize)]
struct UserList {
    users: Vec<Box<RawValue>>,
    /// The `offset` of the next page, if more users follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    #[serde(skip)]
    bytes: usize,
}

impl UserList {
    /// Adds a user, unless the page would become too large; returns whether it did.
    fn add(&mut self, user: &User) -> Result<bool> {
        let view = to_raw_value(&UserView::new(user, None)).map_err(unreadable)?;
        self.bytes += http::bytes_in_response(view.get()) + 1;
        let fits = self.bytes <= MAX_USER_PAGE_BYTES;
        if fits {
            self.users.push(view);
        }
        Ok(fits)
    }
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::Internal { action: "show a user", source: error.into() }
}

/// `GET /v2/accounts[?limit=…&offset=…]`: the users of the caller's current account, oldest first.
/// A caller who is not its admin sees only itself. Secrets are not shown. A page ends before it is
/// too large for Lambda; where users remain, it says at which offset.
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
                app.table.oldest_members(current, page.end().saturating_add(1))
            );
            let listed: Vec<UserId> = match access?.role()? {
                Role::Admin => members?.into_iter().map(|member| member.user).collect(),
                Role::Member => vec![id],
            };
            let follow = listed.len() > page.end();
            let ids = listed.into_iter().skip(page.offset).take(page.limit).collect::<Vec<_>>();
            let mut users = UserList::default();
            let shown = app.table.users_until(&ids, |user| users.add(user)).await?;
            let more = follow || shown < ids.len();
            users.next_offset = more.then(|| page.offset + shown);
            http::ok(&Success::new(users))
        })
        .await
}
