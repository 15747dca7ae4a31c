use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, TokensRead};
use shared::http::{self, Query};
use shared::limits::{DEFAULT_TOKENS_PER_PAGE, MAX_TOKENS_PER_PAGE};
use shared::model::TokenId;
use shared::{App, Error, Result};

use crate::AuthRequest;
use crate::view::TokenView;

/// Which tokens to list.
struct Page {
    limit: u8,
    after: Option<TokenId>,
}

impl Page {
    fn parse(query: &Query<'_>) -> Result<Self> {
        let out_of_range =
            || Error::invalid("limit", format!("must be a number from 1 to {MAX_TOKENS_PER_PAGE}"));
        let limit = query.whole_number("limit").map_err(|_| out_of_range())?;
        let limit = limit.unwrap_or(DEFAULT_TOKENS_PER_PAGE);
        if !(1..=MAX_TOKENS_PER_PAGE).contains(&limit) {
            return Err(out_of_range());
        }
        let after = query.get("cursor").map(str::parse).transpose();
        let after =
            after.map_err(|_| Error::invalid("cursor", "is not one of a list of tokens"))?;
        Ok(Self { limit, after })
    }
}

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
            let tokens = page.tokens.into_iter().map(TokenView::from).collect();
            http::ok(&Tokens { tokens, next_cursor: page.next })
        })
        .await
}
