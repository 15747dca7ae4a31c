use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::TokensRead;
use shared::http::{self, Query};
use shared::model::TokenId;
use shared::{Error, Result};

use crate::view::TokenView;
use crate::{App, AuthRequest};

/// Which tokens to list.
struct Page {
    limit: u8,
    after: Option<TokenId>,
}

impl Page {
    fn read(query: &Query<'_>) -> Result<Self> {
        let limit = match query.get("limit").map(|text| {
            digits(text).filter(|n| (1..=shared::limits::MAX_TOKENS_PER_PAGE).contains(n))
        }) {
            None => shared::limits::DEFAULT_TOKENS_PER_PAGE,
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
    let page = query.and_then(|query| Page::read(&query));
    let (caller, page, (), read) = auth
        .with_beside(
            page,
            |_| (),
            |table, user, page| table.tokens_after(user, page.after, page.limit),
        )
        .await?;
    let page = app.table.active_tokens(caller.user(), read, page.limit).await?;
    let tokens = page.tokens.into_iter().map(TokenView::from).collect();
    http::ok(&Tokens { tokens, next_cursor: page.next })
}
