use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, TokensRead};
use shared::http::{self, Query};
use shared::model::TokenId;
use shared::rollcall::Page;
use shared::{App, Result};

use crate::AuthRequest;
use crate::view::TokenView;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    tokens: Vec<TokenView>,
    /// The cursor of the next page, opaque to clients.
    next_cursor: Option<TokenId>,
}

/// `GET /rollcall/v1/tokens[?limit=…&cursor=…]`: the caller's active tokens, oldest first.
pub(crate) async fn list(
    app: &App,
    auth: AuthRequest<'_, TokensRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let page = query.and_then(|query| Page::parse(&query));
    auth.input(page)
        .query(|table, user, page| table.tokens_after(user, page.after, page.limit))
        .respond(async |Authorized { caller, input: page, queried: tokens, .. }| {
            let page = app.table.active_tokens(caller.user(), tokens, page.limit).await?;
            let tokens = page.items.into_iter().map(TokenView::from).collect();
            http::ok(&Tokens { tokens, next_cursor: page.next })
        })
        .await
}
