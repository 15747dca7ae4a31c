use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, TokensRead};
use shared::http::{self, Query};
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
        let limit = match query
            .get("limit")
            .map(|text| digits(text).filter(|n| (1..=100).contains(n)))
        {
            None => 50,
            Some(Some(limit)) => limit,
            Some(None) => return Err(Error::invalid("limit", "must be a number from 1 to 100")),
        };
        let after = query.get("cursor").map(str::parse).transpose();
        let after =
            after.map_err(|_| Error::invalid("cursor", "is not one of a list of tokens"))?;
        Ok(Self { limit, after })
    }
}

/// A number of digits alone.
fn digits(text: &str) -> Option<u8> {
    let text = text.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    tokens: Vec<TokenView>,
    /// What to ask for the next page with; clients see no more in it.
    next_cursor: Option<TokenId>,
}

/// `GET /rollcall/v1/tokens[?limit=…&cursor=…]`: the caller's tokens that work, oldest first.
pub(crate) async fn list(
    app: &App,
    auth: AuthRequest<'_, TokensRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let page = query.and_then(|query| Page::parse(&query));
    auth.input(page)
        .query(|table, user, page| table.tokens_after(user, page.after, page.limit))
        .respond(async |Authorized { caller, input: page, queried: tokens, .. }| {
            let page = app.table.working_tokens(caller.user(), tokens, page.limit).await?;
            let tokens = page.tokens.into_iter().map(TokenView::from).collect();
            http::ok(&Tokens { tokens, next_cursor: page.next })
        })
        .await
}
